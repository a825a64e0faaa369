/* cli_verify.h - what `gate25 verify` was asked and what came of it, and how that is shown. */
#ifndef GATE25_PROXY_CLI_CLI_VERIFY_H
#define GATE25_PROXY_CLI_CLI_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include "policy/verdict/verdict.h"
#include "proxy/tls/judgement.h"
#include "proxy/tls/tls_pem.h"

struct verify_record {
	struct tlsa tlsa;
	const char *unusable; /* a clause; NULL: it can be used */
	bool outdone;
	int certificate; /* the first one of the chain that has these data; -1: none */
};

struct verify {
	enum level level;
	time_t at;
	struct tls_pem chain;
	struct verify_record records[TLSA_MAX];
	size_t records_count;
	struct judgement judgement;
};

struct verify_request {
	const char *chain_path;
	const char *ca_path; /* NULL: CONF_CA_FILE */
	bool json;
	bool help;
	char names[VERDICT_NAMES_MAX][VERDICT_NAME_MAX]; /* --name */
	size_t names_count;
	const char *match[VERDICT_NAMES_MAX];
	size_t match_count;
	uint8_t fingerprints[VERDICT_FINGERPRINTS_MAX][32];
	size_t fingerprints_count;
	struct verify verify;
};

/* verify_parse fills |out|, which is zeroed but for the time. Else: the exit status; what is wrong was said. */
MUST_CHECK int verify_parse(struct verify_request *out, int argc, char **argv);
int verify_usage(FILE *out, int status); /* returns |status| */

/* verify_verdict: "pass", "refuse", "unauthenticated". */
const char *verify_verdict(const struct judgement *judgement);
void verify_print(const struct verify *verify);
/* False: out of memory. */
bool verify_print_json(const struct verify *verify);

#endif

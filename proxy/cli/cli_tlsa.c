/* cli_tlsa.c - gate25 tlsa: the TLSA records to publish for a server's certificates. Each is held against them by the
 * code that judges servers, so that what is printed is what would be accepted. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "proxy/base/conf.h"
#include "proxy/cli/cli.h"
#include "proxy/cli/cli_args.h"
#include "proxy/tls/tls_pem.h"
#include "proxy/tls/tls_show.h"
#include "proxy/tls/tls_tlsa.h"
#include "proxy/tls/tls_verify.h"

#define ROWS_MAX (2 * TLS_CHAIN_CERTS_MAX)

struct row {
	struct tlsa tlsa;
	size_t cert;
	struct judgement judgement; /* of this record alone */
};

struct request {
	const char *path;
	bool json;
	bool help;
	uint16_t port;
	time_t now;
	char host[CONF_NAME_MAX];
	struct tls_pem chain;
	struct tls_peer *peer;
	struct row rows[ROWS_MAX];
	size_t rows_count;
};

static int usage(FILE *out, int status)
{
	(void)fprintf(
		out,
		"usage: gate25 tlsa FILE [--name HOST] [--port PORT] [--json]\n\n"
		"Prints the TLSA records to publish for the certificates of FILE (PEM, the server's own first): 3 1 1 "
		"of\n"
		"the server's key, then 2 1 1 and 2 0 1 of each CA above it that is in the file.\n"
		"  --name HOST   the MX host; default: the first name of the certificate\n"
		"  --port PORT   default 25\n"
		"  --json        for programs\n\n"
		"Exit status: 0 printed, 1 one of the records would be refused as it stands, 2 usage, or a file that\n"
		"cannot be read, 3 out of memory.\n");
	return status;
}

/* --- options ------------------------------------------------------------------------------------------------------ */

static int take_port(struct request *r, const char *text)
{
	return cli_port(&r->port, text) ? CLI_OK : cli_wrong("--port: not a port");
}

static int take_host(struct request *r, const char *text)
{
	return cli_host(r->host, text) ? CLI_OK : cli_wrong("--name: not a host name");
}

static int take(struct request *r, int option, const char *value)
{
	switch (option) {
	case 'n': return take_host(r, value);
	case 'p': return take_port(r, value);
	case 'j': r->json = true; return CLI_OK;
	case 'h': r->help = true; return CLI_OK;
	default: return usage(stderr, CLI_USAGE);
	}
}

static int parse(struct request *r, int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "name", required_argument, NULL, 'n' },
		{ "port", required_argument, NULL, 'p' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		int status = take(r, option, optarg);
		if (status != CLI_OK || r->help)
			return status;
	}
	if (optind + 1 != argc)
		return usage(stderr, CLI_USAGE);
	r->path = argv[optind];
	return CLI_OK;
}

/* --- the chain ---------------------------------------------------------------------------------------------------- */

static int read_chain(struct request *r)
{
	static const struct tls_session_facts facts = { .version = CONF_TLS13 };
	char error[TLS_ERROR_MAX];
	char *text = cli_read_file(r->path);
	bool ok;

	if (text == NULL)
		return CLI_USAGE;
	ok = tls_pem_read(&r->chain, r->path, text, error);
	free(text);
	if (!ok)
		return cli_wrong("%s", error);
	r->peer = tls_peer_new(r->chain.certs, r->chain.count, &facts);
	if (r->peer == NULL)
		return cli_wrong("%s: more than %d certificates or %d octets of them; no server should send so many",
				 r->path, TLS_CHAIN_CERTS_MAX, TLS_CHAIN_BYTES_MAX);
	for (size_t i = 1; i < r->chain.count; i++)
		if (tls_show_issued(r->chain.certs[0], r->chain.certs[i]))
			return cli_wrong(
				"%s: the first certificate is the issuer of another one; the server's own comes first",
				r->path);
	return CLI_OK;
}

/* find_host takes the first name of the certificate that is not a wildcard. */
static int find_host(struct request *r)
{
	struct tls_shown shown;
	char *rest = NULL;

	if (!tls_show_cert(&shown, r->chain.certs[0], r->now))
		return cli_wrong("%s: the first block is no certificate", r->path);
	for (char *name = strtok_r(shown.names, " ", &rest); r->host[0] == '\0' && name != NULL;
	     name = strtok_r(NULL, " ", &rest))
		if (*name == '*' || !cli_host(r->host, name))
			r->host[0] = '\0';
	return r->host[0] != '\0' ? CLI_OK : cli_wrong("%s: the certificate names no host; give --name", r->path);
}

/* find_issuers marks the certificates above the first one, however they are sorted. */
static void find_issuers(const struct tls_pem *chain, bool above[TLS_CHAIN_CERTS_MAX])
{
	bool grown = true;

	while (grown) {
		grown = false;
		for (size_t i = 1; i < chain->count; i++)
			for (size_t k = 0; k < chain->count && !above[i]; k++)
				if (k != i && (k == 0 || above[k]) && tls_show_issued(chain->certs[i], chain->certs[k]))
					grown = above[i] = true;
	}
}

/* --- the records -------------------------------------------------------------------------------------------------- */

static struct judgement judge(const struct request *r, struct tlsa *record)
{
	struct verdict_mx mx = { .dane = VERDICT_DANE_USABLE, .tlsa = record, .tlsa_count = 1 };
	struct verdict verdict = { .refs = 1,
				   .status = VERDICT_OK,
				   .level = LEVEL_DANE_ONLY,
				   .source = VERDICT_SOURCE_DOMAIN,
				   .enforce = true,
				   .mx_lookup = VERDICT_LOOKUP_FOUND,
				   .mx_secure = true,
				   .mx = &mx,
				   .mx_count = 1 };

	(void)snprintf(mx.name, sizeof(mx.name), "%s", r->host);
	(void)snprintf(mx.tlsa_base, sizeof(mx.tlsa_base), "%s", r->host);
	return tls_judge(r->peer, &verdict, NULL, r->now, NULL);
}

static bool add_row(struct request *r, enum tlsa_usage usage, enum tlsa_selector selector, size_t cert)
{
	struct row *row = &r->rows[r->rows_count];

	if (r->rows_count == ROWS_MAX || !tls_tlsa_make(&row->tlsa, usage, selector, TLSA_SHA256, r->chain.certs[cert]))
		return false;
	row->cert = cert;
	row->judgement = judge(r, &row->tlsa);
	r->rows_count++;
	return true;
}

static bool make_rows(struct request *r)
{
	bool above[TLS_CHAIN_CERTS_MAX] = { false };
	bool ok = add_row(r, TLSA_DANE_EE, TLSA_SPKI, 0);

	find_issuers(&r->chain, above);
	for (size_t i = 1; ok && i < r->chain.count; i++)
		if (above[i])
			ok = add_row(r, TLSA_DANE_TA, TLSA_SPKI, i) && add_row(r, TLSA_DANE_TA, TLSA_CERT, i);
	return ok;
}

/* --- output ------------------------------------------------------------------------------------------------------- */

static const char *subject_of(const struct request *r, size_t cert, struct tls_shown *shown)
{
	return tls_show_cert(shown, r->chain.certs[cert], r->now) && shown->subject[0] != '\0' ? shown->subject : "-";
}

static void print(const struct request *r)
{
	struct tls_shown shown;
	char text[TLSA_TEXT_MAX];

	(void)printf(
		"; Before the key changes, publish the record of the next key beside this one and wait until the old "
		"answer has expired (its TTL).\n");
	for (size_t i = 0; i < r->rows_count; i++) {
		const struct row *row = &r->rows[i];
		if (i == 0 || row->cert != r->rows[i - 1].cert)
			(void)printf("; %s%s\n", subject_of(r, row->cert, &shown),
				     row->cert > 0 ? " (the server must send it)" : "");
		if (!row->judgement.satisfied)
			(void)printf("; refused as it stands: %s\n; ", row->judgement.reason);
		(void)printf("_%u._tcp.%s. IN TLSA %s\n", (unsigned)r->port, r->host, tlsa_format(&row->tlsa, text));
	}
}

static json_t *of_row(const struct request *r, const struct row *row)
{
	struct tls_shown shown;
	char text[TLSA_TEXT_MAX];
	const char *hex = strrchr(tlsa_format(&row->tlsa, text), ' ') + 1;

	return json_pack("{s:i, s:i, s:i, s:s, s:I, s:s, s:b, s:o}", "usage", row->tlsa.usage, "selector",
			 row->tlsa.selector, "mtype", row->tlsa.mtype, "data", hex, "certificate",
			 (json_int_t)row->cert, "subject", subject_of(r, row->cert, &shown), "accepted",
			 row->judgement.satisfied, "reason",
			 row->judgement.satisfied ? json_null() : json_string(row->judgement.reason));
}

static bool print_json(const struct request *r)
{
	char owner[CONF_NAME_MAX + 16];
	json_t *rows = json_array();
	json_t *root;
	bool ok = rows != NULL;

	(void)snprintf(owner, sizeof(owner), "_%u._tcp.%s.", (unsigned)r->port, r->host);
	for (size_t i = 0; ok && i < r->rows_count; i++)
		ok = json_array_append_new(rows, of_row(r, &r->rows[i])) == 0;
	root = json_pack("{s:s, s:o}", "name", owner, "records", rows);
	ok = ok && root != NULL && json_dumpf(root, stdout, JSON_INDENT(2)) == 0 && putchar('\n') != EOF;
	json_decref(root);
	return ok;
}

/* --- the command -------------------------------------------------------------------------------------------------- */

static int show(const struct request *r)
{
	if (!r->json)
		print(r);
	else if (!print_json(r))
		return CLI_UNDECIDED;
	for (size_t i = 0; i < r->rows_count; i++)
		if (!r->rows[i].judgement.satisfied)
			return CLI_FAILED;
	return CLI_OK;
}

int cli_tlsa(int argc, char **argv)
{
	struct request r = { .port = 25, .now = time(NULL) };
	int status = parse(&r, argc, argv);

	if (status == CLI_OK && r.help)
		return usage(stdout, CLI_OK);
	if (status == CLI_OK && (status = read_chain(&r)) == CLI_OK && (status = find_host(&r)) == CLI_OK)
		status = make_rows(&r) ? show(&r) : CLI_UNDECIDED;
	for (size_t i = 0; i < r.rows_count; i++)
		free(r.rows[i].tlsa.data);
	tls_peer_free(r.peer);
	tls_pem_cleanup(&r.chain);
	return status;
}

/* cli_probe.h - what the files of gate25 probe share. */
#ifndef GATE25_PROXY_CLI_CLI_PROBE_H
#define GATE25_PROXY_CLI_CLI_PROBE_H

#include "proxy/probe/probe.h"

struct probe_options {
	const char *asked;
	char recipient[VERDICT_NAME_MAX + 2]; /* what policyd is asked about */
	struct endpoint destination;          /* no address: all of the domain's */
	const char *config;                   /* NULL: the default */
	uint16_t port;
	bool json;
};

/* cli_probe_load makes of the configuration's files what a worker gets from the parent. NULL: it was told why. */
struct settings *cli_probe_load(const char *path);

/* cli_probe_decide asks for the verdicts, and so for whom to speak to. False: it was told why; |*out_status| is the
 * exit status. */
MUST_CHECK bool cli_probe_decide(struct probe *probe, const struct probe_options *options, int *out_status);

/* cli_probe_confine leaves this process the sockets of |probe| and what it may print to. False with a sentence. */
MUST_CHECK bool cli_probe_confine(struct probe *probe, uint16_t port, char *err, size_t err_len);

#endif

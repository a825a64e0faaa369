/* cli_ask.h - the very verdict that a worker would get: gate25-policyd is run and asked. */
#ifndef GATE25_PROXY_CLI_CLI_ASK_H
#define GATE25_PROXY_CLI_CLI_ASK_H

#include "policy/verdict/verdict.h"
#include "proxy/base/addr.h"

struct cli_question {
	const char *program; /* gate25-policyd */
	const char *config;  /* NULL: the default */
	const char *recipient;
	struct endpoint destination; /* no address: any that has no rule of its own */
};

/* cli_ask waits for the answer, which may be a failed verdict. NULL: there is none; it was told on standard error why,
 * and |*out_status| is what to exit with. */
struct verdict *cli_ask(const struct cli_question *question, int *out_status);

#endif

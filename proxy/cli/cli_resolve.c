/* cli_resolve.c - gate25 resolve: one lookup, and what is proved of it. */
#include <stdio.h>
#include <string.h>

#include "proxy/cli/cli.h"
#include "proxy/cli/cli_policyd.h"

static int usage(void)
{
	(void)printf("usage: gate25 resolve NAME TYPE [--resolver IP[:PORT]] [--trust-anchor FILE]\n"
		     "                      [--dnssec auto|trust-ad|validate|off] [--config FILE] [--json]\n\n"
		     "Looks NAME up as the gate would and says what is proved of the answer: secure, insecure, "
		     "absent-secure,\nabsent-insecure or failed. Resolvers, mode and anchors are the configuration's "
		     "unless given.\n"
		     "Exit status: 0 found or absent, 2 usage or configuration, 3 the lookup failed.\n");
	return CLI_OK;
}

int cli_resolve(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return usage();
	return cli_policyd("--resolve", argc, argv);
}

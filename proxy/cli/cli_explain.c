/* cli_explain.c - gate25 explain: what is demanded for a recipient, and why. Policy lives in gate25-policyd, so that is
 * what answers, with the very code that decides for the running gate. */
#include <stdio.h>
#include <string.h>

#include "proxy/cli/cli.h"
#include "proxy/cli/cli_policyd.h"

static int usage(void)
{
	(void)printf("usage: gate25 explain ADDRESS|DOMAIN [--destination IP] [--config FILE] [--json]\n\n"
		     "Says what is demanded of the server of a recipient, and why. --destination: as if the client "
		     "dialled IP.\n"
		     "Exit status: 0 decided, 1 no server can be right for it, 2 usage or configuration, 3 cannot be "
		     "decided now.\n");
	return CLI_OK;
}

int cli_explain(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return usage();
	return cli_policyd("--ask", argc, argv);
}

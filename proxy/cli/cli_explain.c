/* cli_explain.c - gate25 explain: what is demanded for a recipient, and why. Policy lives in gate25-policyd, so that is
 * what answers, with the very code that decides for the running gate. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/cli/cli.h"
#include "proxy/parent/programs.h"

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
	struct programs programs;
	char err[512];
	char **args;

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return usage();
	args = calloc((size_t)argc + 2, sizeof(*args));
	if (args == NULL || !programs_find(&programs, err, sizeof(err))) {
		(void)fprintf(stderr, "gate25: %s\n", args == NULL ? "out of memory" : err);
		free(args);
		return CLI_UNDECIDED;
	}
	args[0] = programs.policy;
	args[1] = (char[]){ "--ask" };
	for (int i = 1; i < argc; i++)
		args[i + 1] = argv[i];
	(void)execv(programs.policy, args);
	(void)fprintf(stderr, "gate25: cannot run %s: %s\n", programs.policy, strerror(errno));
	free(args);
	return CLI_UNDECIDED;
}

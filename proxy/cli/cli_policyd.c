/* cli_policyd.c - see cli_policyd.h. */
#include "proxy/cli/cli_policyd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/base/exit_status.h"
#include "proxy/host/programs.h"

int cli_policyd(const char *flag, int argc, char **argv)
{
	struct programs programs;
	char err[512];
	char **args = calloc((size_t)argc + 2, sizeof(*args));
	char *copy = strdup(flag);

	if (args == NULL || copy == NULL || !programs_find(&programs, err, sizeof(err))) {
		(void)fprintf(stderr, "gate25: %s\n", args == NULL || copy == NULL ? "out of memory" : err);
		free(args);
		free(copy);
		return CLI_UNDECIDED;
	}
	args[0] = programs.policy;
	args[1] = copy;
	for (int i = 1; i < argc; i++)
		args[i + 1] = argv[i];
	(void)execv(programs.policy, args);
	(void)fprintf(stderr, "gate25: cannot run %s: %s\n", programs.policy, strerror(errno));
	free(args);
	free(copy);
	return CLI_UNDECIDED;
}

/* cli_list.c - gate25 list: a STARTTLS-Everywhere list, looked at before it is put in place. */
#include <stdio.h>
#include <string.h>

#include "proxy/cli/cli.h"
#include "proxy/cli/cli_policyd.h"

static int usage(FILE *out, int status)
{
	(void)fprintf(
		out,
		"usage: gate25 list check [FILE] [--config FILE]\n"
		"       gate25 list show DOMAIN [FILE] [--config FILE]\n\n"
		"check: whether the list has a defect, of when it is and until when it holds. show: the entry of "
		"DOMAIN.\nFILE is the configuration's list-file unless given.\n\n"
		"Exit status: 0 good, or there is an entry; 1 a defect, or expired, or no entry; 2 usage, or a file "
		"that\ncannot be read.\n");
	return status;
}

int cli_list(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0)
			return usage(stdout, CLI_OK);
	}
	if (argc < 2 || (strcmp(argv[1], "check") != 0 && strcmp(argv[1], "show") != 0))
		return usage(stderr, CLI_USAGE);
	return cli_policyd("--list", argc, argv);
}

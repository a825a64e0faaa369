/* cli_import.c - gate25 import-postfix: a Postfix TLS policy table as rules. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/printable.h"
#include "proxy/cli/cli.h"
#include "proxy/cli/cli_args.h"
#include "proxy/import/postfix_map.h"

static int usage(FILE *out, int status)
{
	(void)fprintf(
		out,
		"usage: gate25 import-postfix FILE\n\n"
		"Prints the rules that FILE makes, the source text of a table of smtp_tls_policy_maps, to be put into\n"
		"the configuration; and on standard error, by line, what could not be carried over and what to do.\n"
		"gate25 check says whether the rules are sound on this host.\n\n"
		"Exit status: 0 all was carried over, 1 something was not, 2 usage, or a file that cannot be read, 3\n"
		"the rules could not be written.\n");
	return status;
}

static void tell(void *arg, enum postfix_told kind, unsigned line, const char *message)
{
	printable_print(stderr, arg);
	(void)fprintf(stderr, ":%u: %s%s\n", line, kind == POSTFIX_NOTE ? "note: " : "", message);
}

int cli_import_postfix(int argc, char **argv)
{
	char *text;
	bool whole;

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return usage(stdout, CLI_OK);
	if (argc != 2 || argv[1][0] == '-')
		return usage(stderr, CLI_USAGE);
	text = cli_read_file(argv[1]);
	if (text == NULL)
		return CLI_USAGE;
	whole = postfix_map_import(stdout, argv[1], text, tell, argv[1]);
	free(text);
	if (fflush(stdout) != 0 || ferror(stdout) != 0)
		return CLI_UNDECIDED;
	return whole ? CLI_OK : CLI_FAILED;
}

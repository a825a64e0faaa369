/* main.c - gate25-policyd: the policy role, started by gate25, or --ask, --resolve and --list by a person. */
#include <stdio.h>
#include <string.h>

#include "policy/daemon/policyd.h"
#include "policy/tools/ask.h"
#include "policy/tools/lists.h"
#include "policy/tools/resolve.h"
#include "policy/tools/selftest.h"
#include "proxy/base/exit_status.h"
#include "proxy/base/privdrop.h"

static int usage(FILE *out, int status)
{
	(void)fprintf(out,
		      "usage: gate25-policyd %s\n       gate25-policyd %s\n       gate25-policyd %s\n"
		      "       gate25-policyd %s\n       gate25-policyd --version\n\n"
		      "The policy service itself is started by gate25; gate25 explain, resolve, list and check ask in "
		      "the same way.\n",
		      ASK_SYNOPSIS, RESOLVE_SYNOPSIS, LISTS_SYNOPSIS, SELFTEST_SYNOPSIS);
	return status;
}

int main(int argc, char **argv)
{
	if (argc >= 2 && strcmp(argv[1], "--ask") == 0)
		return ask_main(argc - 2, argv + 2);
	if (argc >= 2 && strcmp(argv[1], "--resolve") == 0)
		return resolve_main(argc - 2, argv + 2);
	if (argc >= 2 && strcmp(argv[1], "--list") == 0)
		return lists_main(argc - 2, argv + 2);
	if (argc == 2 && strcmp(argv[1], "--check-list") == 0)
		return lists_check_main();
	if (argc >= 2 && strcmp(argv[1], "--self-test") == 0)
		return selftest_main(argc - 2, argv + 2);
	if (argc == 2 && strcmp(argv[1], "--check-anchors") == 0)
		return selftest_anchors_main();
	if (argc == 3 && strcmp(argv[1], "--role") == 0 && strcmp(argv[2], "policy") == 0) {
		privdrop_no_dumps();
		return policyd_main();
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		(void)printf("gate25-policyd %s\n", GATE25_VERSION);
		return CLI_OK;
	}
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return usage(stdout, CLI_OK);
	return usage(stderr, CLI_USAGE);
}

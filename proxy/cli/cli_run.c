/* cli_run.c - gate25 run: the service. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "proxy/base/conf.h"
#include "proxy/cli/cli.h"
#include "proxy/parent/parent.h"
#include "proxy/host/pidfile.h"

static int usage(FILE *out, int status)
{
	(void)fprintf(
		out,
		"usage: gate25 run [--config FILE] [--run-dir DIR] [--no-rules]\n\n"
		"Runs the gate in the foreground; log lines go to standard error.\n"
		"  --config FILE   default %s; an empty file is a valid one\n"
		"  --run-dir DIR   pid file and control socket; default %s\n"
		"  --no-rules      leave nftables alone: the rules were loaded by `gate25 rules --install`\n\n"
		"Signals: TERM finishes the sessions and leaves port 25 closed, HUP reads the configuration again,\n"
		"USR2 puts the program that lies at its path now in its place (gate25 upgrade).\n",
		CONF_DEFAULT_PATH, PIDFILE_RUN_DIR);
	return status;
}

int cli_run(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "run-dir", required_argument, NULL, 'r' },
		{ "no-rules", no_argument, NULL, 'n' },
		{ "upgrade-state", required_argument, NULL, 's' }, /* a parent's own */
		{ "upgrade-back", no_argument, NULL, 'b' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct parent_options options = { .conf_path = CONF_DEFAULT_PATH, .run_dir = PIDFILE_RUN_DIR, .state_fd = -1 };
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (option) {
		case 'c': options.conf_path = optarg; break;
		case 'r': options.run_dir = optarg; break;
		case 'n': options.no_rules = true; break;
		case 's': options.state_fd = (int)strtol(optarg, NULL, 10); break;
		case 'b': options.back = true; break;
		case 'h': return usage(stdout, CLI_OK);
		default: return usage(stderr, CLI_USAGE);
		}
	}
	if (optind != argc)
		return usage(stderr, CLI_USAGE);
	return parent_run(&options);
}

/* main.c - the gate25 program: its commands, and its roles when the parent runs it again. */
#include <stdio.h>
#include <string.h>

#include "proxy/base/attrib.h"
#include "proxy/base/log.h"
#include "proxy/base/privdrop.h"
#include "proxy/cli/cli.h"
#include "proxy/monitor/monitor.h"
#include "proxy/tls/tls.h"
#include "proxy/worker/worker.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "run", cli_run, "run the gate in the foreground (what the service does)" },
	{ "check", cli_check, "read the configuration and say everything that is wrong or doubtful" },
	{ "rules", cli_rules, "show the nftables rules; --install loads them, --install --guard only the guard" },
	{ "explain", cli_explain, "explain ADDRESS|DOMAIN: what is demanded for it, and why" },
	{ "probe", cli_probe, "probe DOMAIN|HOST: speak to each of its servers and judge it as the gate would" },
	{ "verify", cli_verify, "judge a chain of certificates offline, against names or TLSA records" },
	{ "tlsa", cli_tlsa, "tlsa FILE: the TLSA records to publish for a server's certificates" },
	{ "resolve", cli_resolve, "resolve NAME TYPE: one DNS lookup, and what is proved of its answer" },
	{ "list", cli_list, "list check|show: what a STARTTLS-Everywhere list holds, and its defect" },
	{ "import-postfix", cli_import_postfix,
	  "import-postfix FILE: the rules that a Postfix TLS policy table makes" },
	{ "report", cli_report, "what became of mail, and what would be refused if enforcement were switched on" },
	{ "status", cli_status, "what the running gate does: sessions, refusals, probable relays" },
	{ "upgrade", cli_upgrade,
	  "put the program that lies at the gate's path now in the place of the one that runs" },
	{ "stop", cli_stop, "stop the gate; port 25 stays closed. --open opens it" },
};

static int usage(FILE *out, int status)
{
	(void)fprintf(out, "usage: gate25 COMMAND [OPTION...]\n\n");
	for (size_t i = 0; i < COUNT(commands); i++)
		(void)fprintf(out, "  %-14s %s\n", commands[i].name, commands[i].help);
	(void)fprintf(out, "\n  gate25 --version\n\nEvery command knows --help. Configuration: %s, gate25.conf(5).\n",
		      CONF_DEFAULT_PATH);
	return status;
}

static int version(void)
{
	bool old;
	const char *library = tls_library(&old);

	(void)printf("gate25 %s\nTLS: %s%s\n", GATE25_VERSION, library, old ? TLS_OLD_NOTE : "");
	return CLI_OK;
}

/* run_role is what the parent's children are. The names are for their log lines. */
static int run_role(const char *role)
{
	privdrop_no_dumps();
	if (strcmp(role, "worker") == 0) {
		log_init("gate25 worker", LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
		return worker_main();
	}
	if (strcmp(role, "monitor") == 0) {
		log_init("gate25 monitor", LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
		return monitor_main();
	}
	return usage(stderr, CLI_USAGE);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--role") == 0)
		return run_role(argv[2]);
	if (argc == 2 && strcmp(argv[1], "--upgrade-check") == 0) {
		log_init("gate25", LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
		return cli_upgrade_check();
	}
	if (argc < 2)
		return usage(stderr, CLI_USAGE);
	if (strcmp(argv[1], "--version") == 0)
		return version();
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
		return usage(stdout, CLI_OK);
	for (size_t i = 0; i < COUNT(commands); i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	}
	(void)fprintf(stderr, "gate25: unknown command %s\n", argv[1]);
	return usage(stderr, CLI_USAGE);
}

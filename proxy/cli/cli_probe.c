/* cli_probe.c - gate25 probe: what the servers of a domain are like, and what the gate would make of them. In this
 * order: the configuration and gate25-policyd's verdicts, as who started us; then privileges go; then servers are
 * heard. */
#include <event2/event.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proxy/cli/cli.h"
#include "proxy/cli/cli_args.h"
#include "proxy/cli/cli_probe.h"
#include "proxy/probe/probe_print.h"
#include "proxy/smtp/smtp_address.h"

#define PROGRESS_MAX 79

static int usage(FILE *out, int status)
{
	(void)fprintf(
		out,
		"usage: gate25 probe DOMAIN|HOST [--destination IP] [--port N] [--config FILE] [--json]\n\n"
		"Speaks to every address of the domain's MX hosts, up to STARTTLS, TLS and EHLO over it, and says "
		"what\n"
		"the gate would make of each. No envelope and no message is ever sent.\n"
		"  --destination IP  that address alone, with its destination rule if it has one\n"
		"  --port N          instead of 25; TLSA records are those of that port\n"
		"  --json            one JSON object\n"
		"As root its connections pass this host's own gate; otherwise the gate may answer in the server's "
		"place.\n"
		"An address has %d s, everything %d s.\n"
		"Exit status: 0 all that answer pass, 1 some would be refused, 2 usage or configuration, 3 undecided:\n"
		"a lookup failed, or no server answers.\n",
		PROBE_ADDRESS_S, PROBE_ALL_S);
	return status;
}

/* --- options ------------------------------------------------------------------------------------------------------ */

static bool complain(const char *what, const char *text)
{
	(void)cli_wrong("\"%s\" %s", text, what);
	return false;
}

/* take_asked: an address, with or without brackets, stands for itself as recipient domain and as destination. What is
 * no domain (someone@domain, say) is left to policyd. */
static bool take_asked(struct probe_options *out)
{
	size_t len = strlen(out->asked);
	char bare[ADDR_TEXT_MAX] = "";
	char domain[CONF_NAME_MAX];
	bool brackets = len > 2 && out->asked[0] == '[' && out->asked[len - 1] == ']';
	struct addr address;

	if (len >= VERDICT_NAME_MAX)
		return complain("is too long", out->asked);
	(void)snprintf(out->recipient, sizeof(out->recipient), "%s", out->asked);
	if (len - (brackets ? 2 : 0) < sizeof(bare))
		(void)snprintf(bare, sizeof(bare), "%.*s", (int)(len - (brackets ? 2 : 0)), out->asked + brackets);
	if (!addr_parse(&address, bare)) {
		if (cli_host(domain, out->asked))
			(void)snprintf(out->recipient, sizeof(out->recipient), "%s", domain);
		return true;
	}
	(void)snprintf(out->recipient, sizeof(out->recipient), "[%s]", bare);
	if (addr_len(&out->destination.addr) == 0)
		out->destination.addr = address;
	return true;
}

static bool parse_options(struct probe_options *out, int argc, char **argv, int *out_status)
{
	static const struct option long_options[] = {
		{ "destination", required_argument, NULL, 'd' },
		{ "config", required_argument, NULL, 'c' },
		{ "port", required_argument, NULL, 'p' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	*out_status = CLI_USAGE;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (option) {
		case 'd':
			if (!addr_parse(&out->destination.addr, optarg))
				return complain("is no IP address", optarg);
			break;
		case 'c': out->config = optarg; break;
		case 'p':
			if (!cli_port(&out->port, optarg))
				return complain("is no port", optarg);
			break;
		case 'j': out->json = true; break;
		case 'h': *out_status = usage(stdout, CLI_OK); return false;
		default: (void)usage(stderr, CLI_USAGE); return false;
		}
	}
	if (optind + 1 != argc || argv[optind][0] == '\0') {
		(void)usage(stderr, CLI_USAGE);
		return false;
	}
	out->asked = argv[optind];
	out->destination.port = out->port;
	return take_asked(out);
}

/* --- the progress line -------------------------------------------------------------------------------------------- */

static void erase(void)
{
	(void)fputs("\r\033[K", stderr);
}

static void on_progress(void *arg, size_t done, const struct probe_target *moved)
{
	const struct probe *probe = arg;
	char address[ADDR_TEXT_MAX];
	char line[PROGRESS_MAX];

	(void)snprintf(line, sizeof(line), "%zu of %zu done; %s %s", done, probe->count,
		       addr_format(&moved->at.addr, address),
		       moved->talk.stage == PROBE_OVER ? probe_outcome_name(moved->talk.outcome)
						       : probe_stage_name(moved->talk.stage));
	erase();
	(void)fputs(line, stderr);
	(void)fflush(stderr);
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

/* take_hello: this host's name, where it is a full one. */
static void take_hello(struct probe *probe)
{
	char name[SMTP_DOMAIN_MAX];
	char host[VERDICT_NAME_MAX] = "";

	if (gethostname(host, sizeof(host) - 1) == 0 && strchr(host, '.') != NULL &&
	    smtp_domain_parse(name, host, strlen(host)))
		(void)snprintf(probe->hello, sizeof(probe->hello), "%.*s", VERDICT_NAME_MAX - 1, name);
}

static int tell(const struct probe *probe, bool json)
{
	bool ok = true;

	if (json)
		ok = probe_json(stdout, probe, time(NULL));
	else
		probe_print(stdout, probe, time(NULL));
	return ok && fflush(stdout) == 0 ? probe_status(probe) : CLI_UNDECIDED;
}

static int run(struct probe *probe, const struct probe_options *options)
{
	struct event_base *base = event_base_new(); /* the sandbox lets none be made */
	bool terminal = isatty(STDERR_FILENO) == 1;
	char err[256] = "out of memory";
	int status = CLI_UNDECIDED;
	bool ok = base != NULL && cli_probe_confine(probe, options->port, err, sizeof(err));

	if (ok) {
		ok = probe_run(probe, base, terminal ? on_progress : NULL, probe);
		if (terminal)
			erase();
	}
	if (ok)
		status = tell(probe, options->json);
	else
		(void)fprintf(stderr, "gate25: %s\n", err);
	if (base != NULL)
		event_base_free(base);
	return status;
}

int cli_probe(int argc, char **argv)
{
	struct probe_options options = { .port = 25 };
	struct probe probe = { .count = 0 };
	bool interrupted;
	int status;

	if (!parse_options(&options, argc, argv, &status))
		return status;
	(void)signal(SIGPIPE, SIG_IGN);
	probe.asked = options.asked;
	probe.settings = cli_probe_load(options.config);
	if (probe.settings == NULL)
		return CLI_USAGE;
	take_hello(&probe);
	if (cli_probe_decide(&probe, &options, &status))
		status = run(&probe, &options);
	interrupted = probe.interrupted;
	probe_cleanup(&probe);
	if (interrupted) { /* the shell is to know */
		(void)signal(SIGINT, SIG_DFL);
		(void)raise(SIGINT);
	}
	return status;
}

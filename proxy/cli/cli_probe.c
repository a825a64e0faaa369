/* cli_probe.c - gate25 probe: what the servers of a domain are like, and what the gate would make of them.
 *
 * In this order: the configuration is read and gate25-policyd is asked, as who started us; then, if that is root, this
 * process becomes the gate's worker user with NET_RAW alone, makes its marked sockets (the guards know gate25's own by
 * uid and mark together), gives up NET_RAW, enters the worker's sandbox, and only then hears a server. */
#include <event2/event.h>
#include <getopt.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proxy/base/privdrop.h"
#include "proxy/base/sandbox.h"
#include "proxy/base/sealed.h"
#include "proxy/cli/cli.h"
#include "proxy/cli/cli_ask.h"
#include "proxy/parent/inputs.h"
#include "proxy/parent/programs.h"
#include "proxy/parent/users.h"
#include "proxy/probe/probe.h"
#include "proxy/probe/probe_print.h"
#include "proxy/smtp/smtp_address.h"

#define UID_NOBODY   65534
#define PROGRESS_MAX 79

struct options {
	const char *asked;
	char recipient[VERDICT_NAME_MAX + 2]; /* what policyd is asked about */
	struct endpoint destination;          /* no address: all of the domain's */
	const char *config;                   /* NULL: the default */
	uint16_t port;
	bool json;
};

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
		"An address has %u s, everything %u s.\n"
		"Exit status: 0 all that answer pass, 1 some would be refused, 2 usage or configuration, 3 undecided:\n"
		"a lookup failed, or no server answers.\n",
		PROBE_ADDRESS_S, PROBE_ALL_S);
	return status;
}

/* --- options --------------------------------------------------------------------------------------------------------
 */

static bool parse_port(uint16_t *out, const char *text)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	*out = (uint16_t)port;
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && port > 0 && port <= 65535;
}

static bool complain(const char *format, const char *what)
{
	(void)fprintf(stderr, "gate25: \"%s\" %s\n", what, format);
	return false;
}

/* take_asked: an address, with or without brackets, stands for itself as recipient domain and as destination. */
static bool take_asked(struct options *out)
{
	size_t len = strlen(out->asked);
	char bare[ADDR_TEXT_MAX] = "";
	bool brackets = len > 2 && out->asked[0] == '[' && out->asked[len - 1] == ']';
	struct addr address;

	if (len >= VERDICT_NAME_MAX)
		return complain("is too long", out->asked);
	(void)snprintf(out->recipient, sizeof(out->recipient), "%s", out->asked);
	if (len - (brackets ? 2 : 0) < sizeof(bare))
		(void)snprintf(bare, sizeof(bare), "%.*s", (int)(len - (brackets ? 2 : 0)), out->asked + brackets);
	if (!addr_parse(&address, bare))
		return true;
	(void)snprintf(out->recipient, sizeof(out->recipient), "[%s]", bare);
	if (addr_len(&out->destination.addr) == 0)
		out->destination.addr = address;
	return true;
}

static bool parse_options(struct options *out, int argc, char **argv, int *out_status)
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
			if (!parse_port(&out->port, optarg))
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

/* --- the configuration
 * ------------------------------------------------------------------------------------------------ */

static void on_conf_error(void *arg, const char *file, unsigned line, const char *message)
{
	(void)arg;
	if (line > 0)
		(void)fprintf(stderr, "%s:%u: %s\n", file, line, message);
	else
		(void)fprintf(stderr, "%s: %s\n", file, message);
}

/* load makes of the files what a worker gets from the parent. */
static struct settings *load(const char *path)
{
	struct inputs inputs;
	struct settings *settings = NULL;
	char *ca[ROLE_CA_MAX] = { NULL };
	char error[TLS_ERROR_MAX] = "out of memory";
	size_t len;
	char *text;

	if (!inputs_load(&inputs, path != NULL ? path : CONF_DEFAULT_PATH, 0, on_conf_error, NULL))
		return NULL;
	text = sealed_read(inputs.conf_fd, &len);
	for (unsigned i = 0; i < inputs.ca_count; i++)
		ca[i] = sealed_read(inputs.ca_fds[i], &len);
	if (text != NULL)
		settings = settings_new(text, ca, inputs.ca_count, 0, error);
	if (settings == NULL)
		(void)fprintf(stderr, "gate25: %s\n", error);
	for (unsigned i = 0; i < inputs.ca_count; i++)
		free(ca[i]);
	free(text);
	inputs_cleanup(&inputs);
	return settings;
}

/* --- the verdicts
 * ----------------------------------------------------------------------------------------------------- */

static bool has_rule(const struct conf *conf, const struct addr *address)
{
	for (size_t i = 0; i < conf->destinations_count; i++) {
		if (prefix_contains(&conf->destinations[i].prefix, address))
			return true;
	}
	return false;
}

/* refine asks again where the verdict may be another: at addresses that a destination rule covers, and, because of the
 * TLSA records, on another port. */
static bool refine(struct probe *probe, struct cli_question *question, uint16_t port, int *out_status)
{
	struct verdict *plain = NULL; /* of that port, where no rule holds */
	bool ok = true;

	for (size_t i = 0; ok && i < probe->count; i++) {
		bool ruled = has_rule(&probe->settings->conf, &probe->targets[i].at.addr);
		struct verdict *verdict = NULL;
		if (!ruled && port == 25)
			continue;
		question->destination = probe->targets[i].at;
		if (ruled || plain == NULL)
			verdict = cli_ask(question, out_status);
		if (!ruled && plain == NULL)
			plain = verdict;
		if (!ruled && plain != NULL)
			verdict = plain;
		ok = verdict != NULL;
		if (ok)
			probe_set_verdict(probe, i, ruled ? verdict : verdict_ref(verdict));
	}
	verdict_unref(plain);
	return ok;
}

static bool decide(struct probe *probe, const struct options *options, int *out_status)
{
	struct programs programs;
	struct cli_question question = { .program = programs.policy,
					 .config = options->config,
					 .recipient = options->recipient,
					 .destination = options->destination };
	char err[256];

	*out_status = CLI_UNDECIDED;
	if (!programs_find(&programs, err, sizeof(err))) {
		(void)fprintf(stderr, "gate25: %s\n", err);
		return false;
	}
	probe->verdict = cli_ask(&question, out_status);
	if (probe->verdict == NULL)
		return false;
	if (!probe_add_targets(probe, &options->destination.addr, options->port)) {
		(void)fprintf(stderr, "gate25: out of memory\n");
		return false;
	}
	return addr_len(&options->destination.addr) > 0 || refine(probe, &question, options->port, out_status);
}

/* --- rights
 * ----------------------------------------------------------------------------------------------------------- */

#define MAY_ANSWER "; where this host's own port 25 is gated, the gate answers in the server's place"

static bool can_mark(void)
{
	uint64_t needed = privdrop_worker_caps();

	return (privdrop_have() & needed) == needed;
}

/* become_worker gives up root. |*out_mark|: whether sockets may be marked. */
static bool become_worker(const struct conf *conf, bool *out_mark, char *err, size_t err_len)
{
	struct role_user users[ROLE_COUNT];
	struct role_user nobody = { .uid = UID_NOBODY, .gid = UID_NOBODY };

	*out_mark = false;
	if (geteuid() != 0) {
		*out_mark = can_mark();
		if (!*out_mark)
			(void)fprintf(stderr, "gate25: not root, so without the gate's mark" MAY_ANSWER "\n");
		return true;
	}
	if (!users_find(users, conf, err, err_len)) {
		(void)fprintf(stderr, "gate25: %s; so without the gate's mark" MAY_ANSWER "\n", err);
		return privdrop_become(nobody.uid, nobody.gid, 0, err, err_len);
	}
	*out_mark = can_mark();
	if (!*out_mark)
		(void)fprintf(stderr, "gate25: root without NET_RAW, so without the gate's mark" MAY_ANSWER "\n");
	return privdrop_become(users[ROLE_WORKER].uid, users[ROLE_WORKER].gid, *out_mark ? privdrop_worker_caps() : 0,
			       err, err_len);
}

/* confine leaves this process its sockets and what it may print to. */
static bool confine(struct probe *probe, uint16_t port, char *err, size_t err_len)
{
	const struct conf *conf = &probe->settings->conf;
	const struct sandbox_limits limits = { .connect_ports = &port, .connect_ports_count = 1 };
	bool mark;
	bool landlock;

	return become_worker(conf, &mark, err, err_len) &&
	       probe_open_sockets(probe, mark ? conf->mark_own : 0, err, err_len) && privdrop_none(err, err_len) &&
	       sandbox_enter(SANDBOX_WORKER, &limits, &landlock, err, err_len);
}

/* --- the progress line
 * ------------------------------------------------------------------------------------------------ */

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

/* --- all of it
 * -------------------------------------------------------------------------------------------------------- */

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

static int run(struct probe *probe, const struct options *options)
{
	struct event_base *base = event_base_new(); /* the sandbox lets none be made */
	bool terminal = isatty(STDERR_FILENO) == 1;
	char err[256] = "out of memory";
	int status = CLI_UNDECIDED;
	bool ok = base != NULL && confine(probe, options->port, err, sizeof(err));

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
	struct options options = { .port = 25 };
	struct probe probe = { .count = 0 };
	bool interrupted;
	int status;

	if (!parse_options(&options, argc, argv, &status))
		return status;
	(void)signal(SIGPIPE, SIG_IGN);
	probe.asked = options.asked;
	probe.settings = load(options.config);
	if (probe.settings == NULL)
		return CLI_USAGE;
	take_hello(&probe);
	if (decide(&probe, &options, &status))
		status = run(&probe, &options);
	interrupted = probe.interrupted;
	probe_cleanup(&probe);
	if (interrupted) { /* the shell is to know */
		(void)signal(SIGINT, SIG_DFL);
		(void)raise(SIGINT);
	}
	return status;
}

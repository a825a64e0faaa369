/* gate_tool.c - netfilter/ by hand, for the lab: gate_tool OPTION=VALUE... ACTION. Ends with 0, or with 1 and a
 * sentence on standard error. It knows no configuration file: each option is a field of struct gate_spec. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "netfilter/conntrack.h"
#include "netfilter/down.h"
#include "netfilter/fence.h"
#include "netfilter/gate.h"
#include "netfilter/route.h"
#include "netfilter/rules_text.h"
#include "netfilter/ruleset.h"
#include "netfilter/selftest.h"
#include "netfilter/watchdog.h"

#define LIST_MAX 20000

static struct prefix sources[LIST_MAX], exempt[LIST_MAX], exempt_source[LIST_MAX];
static char *interfaces[16];
static uid_t uids[16];
static uint16_t ports[16];
static struct down_host down; /* down=HOST, down-client=CLIENT, seconds=N */

static void die(const char *what, const char *why)
{
	(void)fprintf(stderr, "gate_tool: %s: %s\n", what, why);
	exit(1);
}

static void add_prefix(struct prefix_list *list, const char *text)
{
	if (list->count == LIST_MAX || !prefix_parse(&list->items[list->count++], text))
		die(text, "not a prefix");
}

/* A prefix, or @FILE with one a line. */
static void add_prefixes(struct prefix_list *list, const char *text)
{
	char line[128];
	FILE *in;

	if (text[0] != '@') {
		add_prefix(list, text);
		return;
	}
	in = fopen(text + 1, "r");
	if (in == NULL)
		die(text + 1, strerror(errno));
	while (fgets(line, sizeof(line), in) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		add_prefix(list, line);
	}
	(void)fclose(in);
}

static bool flag(struct gate_spec *spec, const char *word)
{
	if (strcmp(word, "local") == 0)
		spec->scope_local = true;
	else if (strcmp(word, "forward") == 0)
		spec->scope_forward = true;
	else if (strcmp(word, "gateway") == 0)
		spec->source = CONF_SOURCE_GATEWAY;
	else if (strcmp(word, "by-uid-alone") == 0)
		spec->by_uid_alone = true;
	else if (strcmp(word, "fence") == 0)
		spec->fence = true;
	else if (strcmp(word, "selftest-in") == 0)
		spec->selftest = true;
	else
		return false;
	return true;
}

static void option(struct gate_spec *spec, const char *name, char *value)
{
	unsigned long number = strtoul(value, NULL, 0);

	if (strcmp(name, "if") == 0)
		interfaces[spec->interfaces.count++] = value;
	else if (strcmp(name, "source") == 0)
		add_prefixes(&spec->sources, value);
	else if (strcmp(name, "exempt") == 0)
		add_prefixes(&spec->exempt, value);
	else if (strcmp(name, "exempt-source") == 0)
		add_prefixes(&spec->exempt_source, value);
	else if (strcmp(name, "exempt-uid") == 0)
		uids[spec->exempt_uids_count++] = (uid_t)number;
	else if (strcmp(name, "uid") == 0)
		spec->own_uid = (uid_t)number;
	else if (strcmp(name, "port") == 0)
		ports[spec->ports_count++] = (uint16_t)number;
	else if (strcmp(name, "down") == 0)
		down.host.port = endpoint_parse(&down.host, value, 25) ? down.host.port : 0;
	else if (strcmp(name, "down-client") == 0)
		down.client.family = addr_parse(&down.client, value) ? down.client.family : 0;
	else if (strcmp(name, "seconds") == 0)
		down.seconds = (uint32_t)number;
	else if (strcmp(name, "listen") == 0)
		spec->listen_port = (uint16_t)number;
	else
		die(name, "no such option");
}

static int report(bool ok, const char *err)
{
	if (!ok)
		(void)fprintf(stderr, "gate_tool: %s\n", err);
	return ok ? 0 : 1;
}

static int forget(const struct gate_spec *spec, char *err, size_t err_len)
{
	size_t deleted = 0;
	bool ok = conntrack_forget(spec, &deleted, err, err_len);

	(void)printf("%zu\n", deleted);
	return report(ok, err);
}

static int text(const struct gate_spec *spec, bool guard_only, char *err, size_t err_len)
{
	char *rules = rules_text(spec, guard_only, err, err_len);

	if (rules != NULL)
		(void)fputs(rules, stdout);
	free(rules);
	return report(rules != NULL, err);
}

/* Installs, says "ready", then puts back whatever is changed, one line "restored" each, until standard input ends. */
static int watch(struct ruleset *rs, const struct gate_spec *spec, char *err, size_t err_len)
{
	struct watchdog *w = watchdog_open(ruleset_portid(rs), err, err_len);

	if (w == NULL || !ruleset_install(rs, spec, err, err_len))
		return report(false, err);
	(void)puts("ready");
	(void)fflush(stdout);
	for (;;) {
		struct pollfd fds[2] = { { .fd = watchdog_fd(w), .events = POLLIN }, { .fd = 0, .events = POLLIN } };

		if (poll(fds, 2, -1) < 0 || fds[1].revents != 0)
			break;
		if (watchdog_read(w) == WATCHDOG_NOTHING)
			continue;
		if (ruleset_verify(rs, spec, err, err_len)) {
			(void)puts("unharmed");
		} else {
			if (!ruleset_install(rs, spec, err, err_len))
				return report(false, err);
			(void)puts("restored");
		}
		(void)fflush(stdout);
	}
	watchdog_close(w);
	return 0;
}

static int selftest(const struct gate_spec *spec, char *err, size_t err_len)
{
	int fd = -1;
	pid_t pid = selftest_start(spec, &fd, err, err_len);
	enum selftest_result result;

	if (pid < 0)
		return report(false, err);
	result = selftest_read(fd, err, err_len);
	(void)waitpid(pid, NULL, 0);
	(void)printf("%s: %s\n",
		     result == SELFTEST_REACHED   ? "reached"
		     : result == SELFTEST_SKIPPED ? "skipped"
						  : "failed",
		     err);
	return result == SELFTEST_FAILED;
}

static int act(const char *action, const struct gate_spec *spec)
{
	char err[GATE_ERR_MAX] = "";
	struct ruleset *rs;

	if (strcmp(action, "text") == 0 || strcmp(action, "text-guard") == 0)
		return text(spec, strcmp(action, "text-guard") == 0, err, sizeof(err));
	if (strcmp(action, "routes") == 0)
		return report(route_install(spec, err, sizeof(err)), err);
	if (strcmp(action, "no-routes") == 0)
		return report(route_remove(spec, err, sizeof(err)), err);
	if (strcmp(action, "fences") == 0)
		return report(fence_apply(spec, err, sizeof(err)), err);
	if (strcmp(action, "no-fences") == 0)
		return report(fence_remove(err, sizeof(err)), err);
	if (strcmp(action, "forget") == 0)
		return forget(spec, err, sizeof(err));
	if (strcmp(action, "selftest") == 0)
		return selftest(spec, err, sizeof(err));
	rs = ruleset_open(err, sizeof(err));
	if (rs == NULL)
		return report(false, err);
	if (strcmp(action, "install") == 0)
		return report(ruleset_install(rs, spec, err, sizeof(err)), err);
	if (strcmp(action, "guard") == 0)
		return report(ruleset_install_guard(rs, spec, err, sizeof(err)), err);
	if (strcmp(action, "verify") == 0)
		return report(ruleset_verify(rs, spec, err, sizeof(err)), err);
	if (strcmp(action, "close") == 0)
		return report(ruleset_remove_interception(rs, err, sizeof(err)), err);
	if (strcmp(action, "open") == 0)
		return report(ruleset_remove(rs, err, sizeof(err)), err);
	if (strcmp(action, "down") == 0)
		return report(ruleset_down(rs, &down, 1, err, sizeof(err)), err);
	if (strcmp(action, "watch") == 0)
		return watch(rs, spec, err, sizeof(err));
	die(action, "no such action");
	return 1;
}

int main(int argc, char **argv)
{
	struct gate_spec spec = {
		.interfaces = { .items = interfaces },
		.sources = { .items = sources },
		.exempt = { .items = exempt },
		.exempt_source = { .items = exempt_source },
		.exempt_uids = uids,
		.ports = ports,
		.listen_port = 825,
		.own_uid = 825,
		.mark_own = 0x08000000,
		.mark_tproxy = 0x10000000,
		.ctmark_approved = 0x20000000,
		.ctmark_local = 0x40000000,
		.route_table = 825,
		.mark_seen = 0x04000000,
	};

	for (int i = 1; i < argc - 1; i++) {
		char *value = strchr(argv[i], '=');

		if (value == NULL) {
			if (!flag(&spec, argv[i]))
				die(argv[i], "no such option");
			continue;
		}
		*value = '\0';
		option(&spec, argv[i], value + 1);
	}
	if (spec.ports_count == 0)
		ports[spec.ports_count++] = 25;
	if (argc < 2)
		die("usage", "gate_tool OPTION[=VALUE]... ACTION");
	return act(argv[argc - 1], &spec);
}

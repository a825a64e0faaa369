/* cli_check.c - gate25 check: the configuration, everything that is wrong or doubtful in it and about this host. */
#include <dirent.h>
#include <getopt.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netfilter/fence.h"
#include "netfilter/mark_clash.h"
#include "netfilter/origdst.h"
#include "proxy/base/log.h"
#include "proxy/cli/cli.h"
#include "proxy/inputs/client_certificate.h"
#include "proxy/inputs/inputs.h"
#include "proxy/inputs/policy_errand.h"
#include "proxy/host/state_dir.h"
#include "proxy/host/tlsrpt_socket.h"
#include "proxy/host/users.h"

struct findings {
	unsigned errors;
	unsigned warnings;
	bool quiet; /* no word where all is well */
};

static int usage(FILE *out, int status)
{
	(void)fprintf(
		out,
		"usage: gate25 check [--config FILE] [--quiet]\n\n"
		"Reads the configuration and says everything that is wrong or doubtful in it and about this host.\n"
		"  --config FILE   default %s\n"
		"  --quiet         no word where all is well\n\n"
		"Exit status: 0 good, warnings or not, 2 an error.\n",
		CONF_DEFAULT_PATH);
	return status;
}

static void on_error(void *arg, const char *file, unsigned line, const char *message)
{
	struct findings *findings = arg;

	findings->errors++;
	conf_print("error", file, line, message);
}

static void on_warning(void *arg, const char *file, unsigned line, const char *message)
{
	struct findings *findings = arg;

	findings->warnings++;
	conf_print("warning", file, line, message);
}

static bool forwarding(void)
{
	char *four = conf_read_file("/proc/sys/net/ipv4/ip_forward");
	char *six = conf_read_file("/proc/sys/net/ipv6/conf/all/forwarding");
	bool on = (four != NULL && four[0] == '1') || (six != NULL && six[0] == '1');

	free(four);
	free(six);
	return on;
}

static bool listed(const struct string_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i], name) == 0)
			return true;
	}
	return false;
}

/* warn_of_bridge: packets of a bridge's members or a VRF's may never meet the interface named in the rules. */
static void warn_of_kind(const struct conf *conf, const char *file, struct findings *findings)
{
	for (size_t i = 0; i < conf->interfaces.count; i++) {
		const char *name = conf->interfaces.items[i];
		char path[128];
		char text[256];
		if (if_nametoindex(name) == 0) {
			(void)snprintf(text, sizeof(text), "interface %s does not exist (now)", name);
			on_warning(findings, file, 0, text);
			continue;
		}
		(void)snprintf(path, sizeof(path), "/sys/class/net/%s/brport", name);
		if (access(path, F_OK) == 0) {
			(void)snprintf(
				text, sizeof(text),
				"interface %s is a port of a bridge: name the bridge, that is where its packets enter",
				name);
			on_warning(findings, file, 0, text);
		}
		(void)snprintf(path, sizeof(path), "/sys/class/net/%s/master", name);
		if (access(path, F_OK) == 0) {
			(void)snprintf(text, sizeof(text),
				       "interface %s has a master (bridge or VRF): see that its packets meet the rules",
				       name);
			on_warning(findings, file, 0, text);
		}
	}
}

/* warn_of_others: a forwarding host whose other interfaces can carry mail past the gate. */
static void warn_of_others(const struct conf *conf, const char *file, struct findings *findings)
{
	struct if_nameindex *all = if_nameindex();
	char text[512];
	size_t len = 0;

	text[0] = '\0';
	for (struct if_nameindex *i = all; i != NULL && i->if_name != NULL; i++) {
		bool bridge_like = strncmp(i->if_name, "docker", 6) == 0 || strncmp(i->if_name, "br", 2) == 0 ||
				   strncmp(i->if_name, "virbr", 5) == 0 || strncmp(i->if_name, "cni", 3) == 0 ||
				   strncmp(i->if_name, "podman", 6) == 0;
		if (bridge_like && !listed(&conf->interfaces, i->if_name) && len + IF_NAMESIZE + 2 < sizeof(text))
			len += (size_t)snprintf(text + len, sizeof(text) - len, " %s", i->if_name);
	}
	if_freenameindex(all);
	if (len > 0) {
		char message[700];
		(void)snprintf(
			message, sizeof(message),
			"this host forwards, and what enters on these interfaces does not pass the gate:%s (scope = "
			"{local, forward} and interfaces)",
			text);
		on_warning(findings, file, 0, message);
	}
}

static bool is_global(const struct addr *addr)
{
	static const char *const special[] = { "10.0.0.0/8",  "172.16.0.0/12",  "192.168.0.0/16", "100.64.0.0/10",
					       "127.0.0.0/8", "169.254.0.0/16", "fc00::/7",       "fe80::/10" };

	for (size_t i = 0; i < COUNT(special); i++) {
		struct prefix prefix;
		if (prefix_parse(&prefix, special[i]) && prefix_contains(&prefix, addr))
			return false;
	}
	return true;
}

static void warn_of_rewriting(const struct conf *conf, const char *file, struct findings *findings)
{
	char text[ADDR_TEXT_MAX];
	char message[256];

	if (!conf->scope_forward || conf->source == CONF_SOURCE_CLIENT)
		return;
	for (size_t i = 0; i < conf->sources.count; i++) {
		if (!is_global(&conf->sources.items[i].addr))
			continue;
		(void)snprintf(
			message, sizeof(message),
			"source rewrites the globally routable clients %s/%u: servers see another address (SPF, PTR, "
			"allow-lists); source = client keeps theirs",
			addr_format(&conf->sources.items[i].addr, text), conf->sources.items[i].bits);
		on_warning(findings, file, 0, message);
	}
}

static void warn_of_marks(const struct conf *conf, const char *file, struct findings *findings)
{
	const struct {
		const char *key;
		uint32_t bit;
	} marks[] = { { "mark-own", conf->mark_own },
		      { "mark-tproxy", conf->mark_tproxy },
		      { "mark-seen", conf->fence ? conf->mark_seen : 0 } };
	char rule[128];
	char message[300];

	for (size_t i = 0; i < COUNT(marks); i++) {
		if (!mark_clash_find(marks[i].bit, rule, sizeof(rule)))
			continue;
		(void)snprintf(message, sizeof(message),
			       "%s 0x%x is in use here (%s): choose a bit that nobody else has", marks[i].key,
			       marks[i].bit, rule);
		on_warning(findings, file, 0, message);
	}
}

static void warn_of_fence(const struct conf *conf, const char *file, struct findings *findings)
{
	char text[300];
	char message[500];

	if (!conf->fence)
		return;
	if (fence_doubt(text, sizeof(text)))
		on_warning(findings, file, 0, text);
	if (!mark_clash_hides(conf->mark_seen, text, sizeof(text)))
		return;
	(void)snprintf(message, sizeof(message),
		       "fence = yes marks what it lets pass with mark-seen 0x%x, and a rule here goes by a mark "
		       "without it (%s): "
		       "what is exempt is no longer routed by that rule; give that rule a mask",
		       conf->mark_seen, text);
	on_warning(findings, file, 0, message);
}

/* What a state-dir complaint is made in. */
struct complaint {
	struct findings *findings;
	const char *file;
};

static void on_state_dir(void *arg, const char *message)
{
	const struct complaint *complaint = arg;

	on_warning(complaint->findings, complaint->file, 0, message);
}

/* warn_of_files: the daemon raises the soft limit to the hard one. Of a service manager that gives it another than this
 * shell has, nothing is known here. */
static void warn_of_files(const struct conf *conf, const char *file, struct findings *findings)
{
	char message[300];
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_max >= conf_files_wanted(conf->max_sessions))
		return;
	(void)snprintf(message, sizeof(message),
		       "max-sessions = %u wants %u open files, and the limit here is %llu: started from here, the gate "
		       "refuses clients past it (LimitNOFILE, ulimit -n)",
		       conf->max_sessions, conf_files_wanted(conf->max_sessions), (unsigned long long)files.rlim_max);
	on_warning(findings, file, 0, message);
}

static void check_collector(const struct conf *conf, const char *file, const struct role_user *sender,
			    struct findings *findings)
{
	char text[TLSRPT_SOCKET_TEXT_MAX];

	if (conf->tlsrpt_socket != NULL && tlsrpt_socket_check(conf->tlsrpt_socket, sender, text) != NULL)
		on_warning(findings, file, 0, text);
}

static void check_host(const struct conf *conf, const char *file, struct findings *findings)
{
	struct complaint complaint = { findings, file };
	struct role_user users[ROLE_COUNT];
	char err[512] = "";
	uid_t uid;

	if (!users_find(users, conf, err, sizeof(err)))
		on_error(findings, file, 0, err);
	else
		state_dir_check(conf, users, on_state_dir, &complaint);
	check_collector(conf, file, geteuid() == 0 && err[0] == '\0' ? &users[ROLE_POLICY] : NULL, findings);
	for (size_t i = 0; i < conf->exempt_user.count; i++) {
		if (!users_find_uid(&uid, conf->exempt_user.items[i], err, sizeof(err)))
			on_error(findings, file, 0, err);
	}
	if (conf->scope_forward)
		warn_of_kind(conf, file, findings);
	if (conf->scope_forward && !forwarding())
		on_warning(findings, file, 0,
			   "scope has forward, but this host does not forward (net.ipv4.ip_forward)");
	if (!origdst_host_check())
		on_warning(findings, file, 0,
			   "ip_nonlocal_bind is 1 here: that no session leads back to this host is left to the "
			   "nftables rules alone");
	if (forwarding())
		warn_of_others(conf, file, findings);
	warn_of_rewriting(conf, file, findings);
	warn_of_files(conf, file, findings);
	warn_of_marks(conf, file, findings);
	warn_of_fence(conf, file, findings);
}

/* check_dnssec: only where something wants DANE; it takes a moment. That nobody answers may be for a network that is
 * not there yet. */
static void check_dnssec(const struct inputs *inputs, const char *file, struct findings *findings)
{
	char said[POLICY_ERRAND_MAX];

	if (!conf_wants_dane(&inputs->conf) || inputs->conf.dnssec == CONF_DNSSEC_OFF)
		return;
	switch (policy_errand_selftest(&inputs->conf, inputs->conf_fd, inputs->anchors_fd, said)) {
	case CLI_OK:
		if (!findings->quiet)
			(void)printf("%s: %s\n", file, said);
		break;
	case CLI_UNDECIDED: on_warning(findings, file, 0, said); break;
	case CLI_FAILED:
	case CLI_USAGE: on_error(findings, file, 0, said); break;
	}
}

int cli_check(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct findings findings = { 0 };
	struct inputs inputs;
	const char *path = CONF_DEFAULT_PATH;
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (option) {
		case 'c': path = optarg; break;
		case 'q': findings.quiet = true; break;
		case 'h': return usage(stdout, CLI_OK);
		default: return usage(stderr, CLI_USAGE);
		}
	}
	if (optind != argc)
		return usage(stderr, CLI_USAGE);
	if (!inputs_load_for_run(&inputs, path, NULL, on_error, &findings))
		return CLI_USAGE;
	conf_warnings(&inputs.conf, path, on_warning, &findings);
	client_certificate_warnings(&inputs.conf, path, on_warning, &findings);
	list_input_warn(&inputs.list, &inputs.conf, path, on_warning, &findings);
	check_host(&inputs.conf, path, &findings);
	check_dnssec(&inputs, path, &findings);
	inputs_cleanup(&inputs);
	if (!findings.quiet && findings.errors == 0)
		(void)printf("%s: good, %u warning%s\n", path, findings.warnings, findings.warnings == 1 ? "" : "s");
	return findings.errors == 0 ? CLI_OK : CLI_USAGE;
}

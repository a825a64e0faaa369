/* cli_rules.c - gate25 rules: what the nftables rules are, or put them in place without a daemon (boot, init
 * container). */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "netfilter/conntrack.h"
#include "netfilter/fence.h"
#include "netfilter/route.h"
#include "netfilter/rules_text.h"
#include "netfilter/ruleset.h"
#include "proxy/cli/cli.h"
#include "proxy/gate/gatekeeper.h"
#include "proxy/inputs/inputs.h"
#include "proxy/inputs/last_conf.h"
#include "proxy/host/users.h"

struct wanted {
	const char *conf_path;
	bool install;
	bool guard;
	bool sidecar;
};

static int usage(FILE *out, int status)
{
	(void)fprintf(
		out, "usage: gate25 rules [--config FILE] [--guard] [--sidecar] [--install]\n\n"
		     "Shows the nftables rules of the configuration, as nft prints them.\n"
		     "  --guard     the guard alone: port 25 is closed until the gate is up\n"
		     "  --sidecar   for a gate25 that runs without root (run --no-rules): its sockets are known by its "
		     "uid alone\n"
		     "  --install   load them (needs CAP_NET_ADMIN); with --guard at boot, before the network is up\n");
	return status;
}

static bool install(const struct gate_spec *spec, bool guard_only, char *err, size_t err_len)
{
	struct ruleset *ruleset = ruleset_open(err, err_len);
	size_t cut;
	bool ok = false;

	if (ruleset == NULL)
		return false;
	if (guard_only)
		ok = ruleset_install_guard(ruleset, spec, err, err_len);
	else
		ok = route_install(spec, err, err_len) && ruleset_install(ruleset, spec, err, err_len) &&
		     conntrack_forget(spec, &cut, err, err_len);
	ok = ok && fence_apply(spec, err, err_len);
	ruleset_close(ruleset);
	return ok;
}

static bool show(const struct gate_spec *spec, bool guard_only, char *err, size_t err_len)
{
	char *text = rules_text(spec, guard_only, err, err_len);

	char *fence = fence_text(spec);

	if (text != NULL && fence != NULL) {
		(void)fputs(text, stdout);
		(void)fputs(fence, stdout);
	} else if (fence == NULL) {
		(void)snprintf(err, err_len, "out of memory");
	}
	free(fence);
	free(text);
	return text != NULL && fence != NULL;
}

static int rules(const struct wanted *wanted, const struct conf *conf)
{
	struct gate_wish wish = { 0 };
	uid_t uid;
	char err[GATE_ERR_MAX];
	bool ok = users_find_uid(&uid, conf->user, err, sizeof(err)) &&
		  gate_wish_init(&wish, conf, uid, wanted->sidecar, err, sizeof(err));

	if (ok && wanted->install)
		ok = install(&wish.spec, wanted->guard, err, sizeof(err));
	else if (ok)
		ok = show(&wish.spec, wanted->guard, err, sizeof(err));
	gate_wish_cleanup(&wish);
	if (!ok)
		(void)fprintf(stderr, "gate25: %s\n", err);
	return ok ? CLI_OK : CLI_FAILED;
}

/* close_all_the_same: at boot a configuration with errors must not leave port 25 open. It is still an error. */
static int close_all_the_same(const struct wanted *wanted)
{
	struct conf conf;
	bool kept;

	if (!last_conf_find(&conf, wanted->conf_path, &kept)) {
		(void)fprintf(stderr, "gate25: no guard is loaded: out of memory\n");
		return CLI_USAGE;
	}
	if (rules(wanted, &conf) != CLI_OK)
		(void)fprintf(stderr, "gate25: no guard is loaded\n");
	else if (kept)
		(void)fprintf(stderr,
			      "gate25: the guard of the last sound configuration is loaded: port 25 is closed. "
			      "Mend %s and start gate25\n",
			      wanted->conf_path);
	else
		(void)fprintf(stderr,
			      "gate25: no sound configuration is known from before: port 25 is closed to this host's "
			      "own programs, and not to what it forwards. Mend %s and start gate25\n",
			      wanted->conf_path);
	conf_cleanup(&conf);
	return CLI_USAGE;
}

int cli_rules(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "config", required_argument, NULL, 'c' }, { "install", no_argument, NULL, 'i' },
		{ "guard", no_argument, NULL, 'g' },        { "sidecar", no_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },         { NULL, 0, NULL, 0 },
	};
	struct wanted wanted = { .conf_path = CONF_DEFAULT_PATH };
	struct conf conf;
	int option;
	int status;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (option) {
		case 'c': wanted.conf_path = optarg; break;
		case 'i': wanted.install = true; break;
		case 'g': wanted.guard = true; break;
		case 's': wanted.sidecar = true; break;
		case 'h': return usage(stdout, CLI_OK);
		default: return usage(stderr, CLI_USAGE);
		}
	}
	if (optind != argc)
		return usage(stderr, CLI_USAGE);
	if (!inputs_load_conf(&conf, wanted.conf_path, conf_print_error, NULL))
		return wanted.guard && wanted.install ? close_all_the_same(&wanted) : CLI_USAGE;
	status = rules(&wanted, &conf);
	conf_cleanup(&conf);
	return status;
}

/* parent.c - see parent.h. */
#include "proxy/parent/parent.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "proxy/base/exit_status.h"
#include "proxy/base/log.h"
#include "proxy/base/privdrop.h"
#include "proxy/inputs/client_certificate.h"
#include "proxy/inputs/client_renewal.h"
#include "proxy/gate/host_ledger.h"
#include "proxy/parent/parent_private.h"
#include "proxy/host/pidfile.h"

static void on_repaired(void *arg)
{
	const struct parent *parent = arg;

	if (parent->children != NULL) /* not yet: the first READY tells it */
		parent_tell_status(arg);
}

/* --- start ---------------------------------------------------------------------------------------------------------
 */

static void on_child(evutil_socket_t signal_number, short what, void *arg)
{
	struct parent *parent = arg;

	(void)signal_number;
	(void)what;
	if (parent->children != NULL)
		children_reaped(parent->children);
}

bool parent_catch_signals(struct parent *parent, char *err, size_t err_len)
{
	static const struct {
		int number;
		event_callback_fn fn;
	} wanted[COUNT(((struct parent *)0)->signals)] = { { SIGTERM, parent_on_terminate },
							   { SIGINT, parent_on_terminate },
							   { SIGHUP, parent_on_reload },
							   { SIGUSR2, parent_on_upgrade },
							   { SIGCHLD, on_child } };

	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < COUNT(wanted); i++) {
		parent->signals[i] = evsignal_new(parent->base, wanted[i].number, wanted[i].fn, parent);
		if (parent->signals[i] == NULL || evsignal_add(parent->signals[i], NULL) != 0) {
			(void)snprintf(err, err_len, "cannot catch signals");
			return false;
		}
	}
	parent->drain_limit = evtimer_new(parent->base, parent_on_drain_limit, parent);
	if (parent->drain_limit != NULL && parent_upgrade_init(parent))
		return true;
	(void)snprintf(err, err_len, "out of memory");
	return false;
}

static void say_state_dir(void *arg, const char *message)
{
	(void)arg;
	log_say(LOG_LEVEL_WARNING, "state-dir", "%s", message);
}

static bool privileges_suffice(const struct parent *parent, char *err, size_t err_len)
{
	if (parent->root || parent->options->no_rules)
		return true;
	(void)snprintf(err, err_len,
		       "gate25 must be started as root to manage nftables; in a sidecar load the rules beforehand "
		       "(gate25 rules "
		       "--install) and use run --no-rules");
	return false;
}

bool parent_close_gate(struct parent *parent, char *err, size_t err_len)
{
	if (parent->options->no_rules)
		return true;
	parent->keeper = gatekeeper_new(parent->base, &parent->inputs.conf, parent->users[ROLE_WORKER].uid,
					parent->inherited != NULL, on_repaired, parent, err, err_len);
	return parent->keeper != NULL;
}

/* start brings up everything in the order in which it must be closed: the guard before the first listener. */
static bool start(struct parent *parent, char *err, size_t err_len)
{
	if (!privileges_suffice(parent, err, err_len) || !programs_find(&parent->programs, err, err_len) ||
	    !programs_open(&parent->programs, err, err_len))
		return false;
	parent_raise_limits(&parent->inputs.conf);
	if (parent->root && !users_find(parent->users, &parent->inputs.conf, err, err_len))
		return false;
	parent->pid_fd = pidfile_take(parent->options->run_dir, err, err_len);
	if (parent->pid_fd < 0)
		return false;
	upgrade_result_forget(parent->options->run_dir);
	if (!parent_catch_signals(parent, err, err_len) || !parent_close_gate(parent, err, err_len))
		return false;
	state_dir_open(&parent->state_dir, &parent->inputs.conf, parent->root ? parent->users : NULL, say_state_dir,
		       NULL);
	if (!parent_listen(parent, err, err_len) || !parent_limit(parent, err, err_len) ||
	    (parent->keeper != NULL && !gatekeeper_begin(parent->keeper, err, err_len)) ||
	    !parent_start_roles(parent, err, err_len))
		return false;
	parent_keep_conf(parent);
	return true;
}

static void cleanup(struct parent *parent)
{
	parent_upgrade_cleanup(parent);
	client_renewal_free(parent->client_renewal);
	if (parent->children != NULL)
		children_kill(parent->children);
	children_free(parent->children);
	children_free(parent->older);
	gatekeeper_free(parent->keeper);
	for (size_t i = 0; i < COUNT(parent->signals); i++) {
		if (parent->signals[i] != NULL)
			event_free(parent->signals[i]);
	}
	if (parent->drain_limit != NULL)
		event_free(parent->drain_limit);
	free(parent->smtp_fds);
	free(parent->inherited);
	programs_close(&parent->programs);
	state_dir_close(&parent->state_dir);
	list_watch_free(parent->list_watch);
	host_ledger_free(parent->hosts);
	inputs_cleanup(&parent->inputs);
	event_base_free(parent->base);
}

/* load: a program that runs again goes on with what it ran with: the file may be for the one that did not do. */
static bool load(struct parent *parent)
{
	const char *path = parent->options->conf_path;

	if (parent->inherited != NULL && parent->options->back)
		return inputs_load_kept(&parent->inputs, path, parent->inherited->conf_fd, conf_log_error, NULL);
	return inputs_load_for_run(&parent->inputs, path, NULL, conf_log_error, NULL);
}

int parent_run(const struct parent_options *options)
{
	struct parent parent = { .options = options,
				 .http_fd = -1,
				 .control_fd = -1,
				 .state_dir = STATE_DIR_NONE,
				 .pid_fd = -1,
				 .root = geteuid() == 0,
				 .started = time(NULL),
				 .programs = { .gate25_fd = -1, .policy_fd = -1 } };
	char err[512];
	bool guarded;

	privdrop_no_dumps();
	if (options->state_fd >= 0 && !parent_inherit(&parent, err, sizeof(err)))
		log_die("upgrade", "%s: port 25 is closed from here on", err);
	if (!load(&parent)) {
		parent_upgrade_back(&parent, "the configuration is refused");
		return CLI_USAGE;
	}
	parent_log_apply(&parent.inputs.conf);
	client_certificate_warnings(&parent.inputs.conf, options->conf_path, parent_log_warning, NULL);
	parent.workers = parent_worker_count(&parent.inputs.conf);
	parent.base = event_base_new();
	parent.list_watch = parent.base != NULL ? list_watch_new(parent.base) : NULL;
	if (parent.list_watch == NULL || !parent_hosts_begin(&parent))
		log_die("start", "cannot make an event loop");
	if (!(parent.inherited != NULL ? parent_resume : start)(&parent, err, sizeof(err))) {
		parent_upgrade_back(&parent, err);
		log_say(LOG_LEVEL_ERROR, "start", "%s", err);
		parent.status = CLI_FAILED;
	} else {
		parent_unblock_signals();
		if (parent.inherited != NULL)
			children_reaped(parent.children); /* who ended while nobody listened */
		list_watch_use(parent.list_watch, &parent.inputs.list, &parent.inputs.conf);
		(void)event_base_dispatch(parent.base);
	}
	guarded = parent.keeper != NULL;
	cleanup(&parent);
	log_say(LOG_LEVEL_INFO, "stopped", "%s",
		guarded ? "the guard stays: port 25 is closed; gate25 stop --open opens it"
			: "nftables was left as it was");
	return parent.status;
}

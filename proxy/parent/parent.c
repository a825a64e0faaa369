/* parent.c - see parent.h. */
#include "proxy/parent/parent.h"

#include <errno.h>
#include <event2/event.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "proxy/base/exit_status.h"
#include "proxy/base/log.h"
#include "proxy/base/privdrop.h"
#include "proxy/parent/children.h"
#include "proxy/parent/client_certificate.h"
#include "proxy/parent/client_renewal.h"
#include "proxy/parent/gatekeeper.h"
#include "proxy/parent/inputs.h"
#include "proxy/parent/list_watch.h"
#include "proxy/parent/listeners.h"
#include "proxy/monitor/monitor_gate.h"
#include "proxy/parent/notify.h"
#include "proxy/parent/pidfile.h"
#include "proxy/parent/programs.h"
#include "proxy/parent/readiness.h"
#include "proxy/parent/state_dir.h"
#include "proxy/tls/tls.h"

struct parent {
	const struct parent_options *options;
	struct event_base *base;
	struct inputs inputs;
	struct gatekeeper *keeper; /* NULL with no_rules */
	struct children *children;
	struct event *signals[4];
	struct event *drain_limit;
	struct role_user users[ROLE_COUNT];
	int *smtp_fds;
	unsigned workers;
	int http_fd;
	int control_fd;
	struct state_dir state_dir;
	struct list_watch *list_watch;
	struct client_renewal *client_renewal;
	int pid_fd;
	bool root;
	struct readiness readiness;
	struct dnssec_report dnssec;
	time_t started;
	int status;
	struct programs programs;
};

/* --- log -----------------------------------------------------------------------------------------------------------
 */

static void to_syslog(enum log_level level, const char *line, size_t len)
{
	static const int priorities[] = { LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

	syslog(priorities[level], "%.*s", (int)len, line);
}

static void apply_log(const struct conf *conf)
{
	log_init("gate25", conf->log_level, conf->log_format);
	if (conf->log_syslog)
		openlog("gate25", LOG_PID | LOG_NDELAY, LOG_MAIL);
	log_set_sink(conf->log_syslog ? to_syslog : NULL);
}

static void on_role_log(void *arg, enum log_level level, const char *line, size_t len)
{
	(void)arg;
	to_syslog(level, line, len);
}

/* --- state that others are told of ---------------------------------------------------------------------------------
 */

static unsigned roles_of(const struct parent *parent)
{
	return parent->workers + 1 + (parent->inputs.conf.monitor ? 1 : 0);
}

/* take_facts brings the readiness up to date. */
static void take_facts(struct parent *parent)
{
	struct readiness *r = &parent->readiness;

	r->roles_up = children_ready(parent->children) >= roles_of(parent);
	r->intercepts = parent->keeper != NULL;
	r->wants_dane = conf_wants_dane(&parent->inputs.conf);
	r->dnssec = parent->dnssec.state;
}

static void tell_status(struct parent *parent)
{
	struct monitor_gate gate = {
		.started = parent->started,
		.roles = roles_of(parent),
		.roles_up = children_ready(parent->children),
		.generation = parent->inputs.generation,
		.enforce = parent->inputs.conf.enforce,
		.rules = parent->keeper != NULL,
		.repairs = parent->keeper != NULL ? gatekeeper_repairs(parent->keeper) : 0,
		.dnssec = &parent->dnssec,
	};
	const struct list_input *in_force = &parent->inputs.list;
	const struct monitor_list list = { .entries = in_force->entries,
					   .timestamp = in_force->timestamp,
					   .expires = in_force->expires,
					   .is_copy = in_force->is_copy };
	char sentence[DNSSEC_SENTENCE_MAX];
	char *json;

	gate.list = in_force->fd >= 0 ? &list : NULL;
	take_facts(parent);
	dnssec_sentence(sentence, &parent->inputs.conf, parent->dnssec.state, parent->dnssec.reason);
	switch (readiness_lacks(&parent->readiness)) {
	case READINESS_NOTHING: break;
	case READINESS_ROLES: gate.not_ready = "not every process is up"; break;
	case READINESS_PATHS:
		gate.not_ready = "the self-test failed: mail does not reach gate25 on every path (see the log)";
		break;
	case READINESS_DNSSEC: gate.not_ready = sentence; break;
	}
	json = monitor_gate_json(&gate);
	if (json != NULL)
		children_status_send(parent->children, json);
	free(json);
}

static void say_ready(const struct parent *parent)
{
	struct log_line line;

	log_open(&line, LOG_LEVEL_INFO, "ready");
	log_add(&line, "version", "%s", GATE25_VERSION);
	log_add(&line, "tls", "%s", tls_library(NULL));
	log_add(&line, "workers", "%u", parent->workers);
	log_add(&line, "port", "%u", (unsigned)parent->inputs.conf.listen_port);
	log_add(&line, "enforce", "%s", parent->inputs.conf.enforce ? "yes" : "no");
	log_close(&line);
}

/* say_unproved: a start fails, or the gate is ready no more. */
static void say_unproved(const struct parent *parent, const char *event)
{
	char sentence[DNSSEC_SENTENCE_MAX];

	dnssec_sentence(sentence, &parent->inputs.conf, parent->dnssec.state, parent->dnssec.reason);
	log_say(LOG_LEVEL_ERROR, event, "%s", sentence);
}

static void announce(void)
{
	bool old;

	(void)tls_library(&old);
	if (old)
		log_say(LOG_LEVEL_WARNING, "tls-library", "%s%s", tls_library(NULL), TLS_OLD_NOTE);
	notify_service("READY=1");
}

static void end_loop(struct parent *parent)
{
	(void)event_base_loopexit(parent->base, NULL);
}

static void on_tested(void *arg, bool ok);

/* go_on does what follows from what is known now. */
static void go_on(struct parent *parent)
{
	enum readiness_step step;

	take_facts(parent);
	while ((step = readiness_next(&parent->readiness)) != READINESS_WAIT) {
		switch (step) {
		case READINESS_WAIT: break;
		case READINESS_TEST: gatekeeper_selftest(parent->keeper, on_tested, parent); break;
		case READINESS_FAIL:
			say_unproved(parent, "start");
			parent->status = CLI_FAILED;
			end_loop(parent);
			return;
		case READINESS_ANNOUNCE: announce(); break;
		case READINESS_READY: say_ready(parent); break;
		case READINESS_NOT_READY: say_unproved(parent, "not-ready"); break;
		}
	}
	tell_status(parent);
}

static void on_tested(void *arg, bool ok)
{
	struct parent *parent = arg;

	parent->readiness.test_over = true;
	parent->readiness.test_failed = !ok;
	if (!ok)
		log_say(LOG_LEVEL_ERROR, "self-test", "mail does not reach gate25 on every path: see the line above");
	go_on(parent);
}

static void on_ready(void *arg)
{
	go_on(arg);
}

static void on_dnssec(void *arg, const struct dnssec_report *report)
{
	struct parent *parent = arg;

	parent->dnssec = *report;
	go_on(parent);
}

static void on_lost(void *arg)
{
	tell_status(arg);
}

static void on_repaired(void *arg)
{
	const struct parent *parent = arg;

	if (parent->children != NULL) /* not yet: the first READY tells it */
		tell_status(arg);
}

/* --- end -----------------------------------------------------------------------------------------------------------
 */

static void on_failed(void *arg, enum role role)
{
	struct parent *parent = arg;

	log_say(LOG_LEVEL_ERROR, "start",
		"the %s ended before it was ready: gate25 does not start; port 25 stays closed", role_name(role));
	parent->status = CLI_FAILED;
	end_loop(parent);
}

static void on_drained(void *arg)
{
	end_loop(arg);
}

static void on_drain_limit(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	log_say(LOG_LEVEL_WARNING, "stop", "sessions still run after %d s: cut", ROLE_DRAIN_S);
	end_loop(arg);
}

/* As long as the parent held them too, the kernel would go on to take connections that nobody accepts. */
static void close_listeners(struct parent *parent)
{
	for (unsigned i = 0; i < parent->workers; i++) {
		(void)close(parent->smtp_fds[i]);
		parent->smtp_fds[i] = -1;
	}
}

static void on_terminate(evutil_socket_t signal_number, short what, void *arg)
{
	struct parent *parent = arg;
	const struct timeval limit = { .tv_sec = ROLE_DRAIN_S };

	(void)what;
	if (evtimer_pending(parent->drain_limit, NULL)) {
		log_say(LOG_LEVEL_WARNING, "stop", "second signal: running sessions are cut");
		end_loop(parent);
		return;
	}
	log_say(LOG_LEVEL_INFO, "stop", "signal %d: sessions finish, then port 25 stays closed", (int)signal_number);
	notify_service("STOPPING=1");
	(void)evtimer_add(parent->drain_limit, &limit);
	close_listeners(parent);
	children_drain(parent->children);
}

/* --- other signals -------------------------------------------------------------------------------------------------
 */

/* What a running gate cannot change. */
static bool changed_too_much(const struct conf *old, const struct conf *new, const char **out_key)
{
	const bool same_user = strcmp(old->user, new->user) == 0 && strcmp(old->policy_user, new->policy_user) == 0 &&
			       strcmp(old->monitor_user, new->monitor_user) == 0;

	const bool same_ports =
		old->ports_count ==
		new->ports_count &&memcmp(old->ports, new->ports, old->ports_count * sizeof(*old->ports)) == 0;

	*out_key = !same_ports                                          ? "ports"
		   : old->listen_port != new->listen_port               ? "listen-port"
		   : old->workers != new->workers                       ? "workers"
		   : !same_user                                         ? "user"
		   : old->monitor != new->monitor                       ? "monitor"
		   : strcmp(old->state_dir, new->state_dir) != 0        ? "state-dir"
		   : (old->history_mib == 0) != (new->history_mib == 0) ? "history-size to or from 0"
		   : old->mark_own != new->mark_own                     ? "mark-own"
		   : old->mark_tproxy != new->mark_tproxy               ? "mark-tproxy"
		   : old->route_table != new->route_table               ? "route-table"
		   : old->ctmark_local != new->ctmark_local             ? "ctmark-local"
		   : old->ctmark_approved != new->ctmark_approved       ? "ctmark-approved"
									: NULL;
	return *out_key != NULL;
}

static void log_warning(void *arg, const char *file, unsigned line, const char *message)
{
	(void)arg;
	(void)file;
	(void)line;
	log_say(LOG_LEVEL_WARNING, "client-tls", "%s", message);
}

static void on_reload(evutil_socket_t signal_number, short what, void *arg)
{
	struct parent *parent = arg;
	struct inputs inputs;
	const char *key;
	char err[512];

	(void)signal_number;
	(void)what;
	notify_service("RELOADING=1");
	if (!inputs_load_for_run(&inputs, parent->options->conf_path, &parent->inputs, conf_log_error, NULL)) {
		log_say(LOG_LEVEL_ERROR, "reload", "refused: the old configuration stays in force");
	} else if (changed_too_much(&parent->inputs.conf, &inputs.conf, &key)) {
		log_say(LOG_LEVEL_ERROR, "reload",
			"refused: %s can change only by a restart; the old configuration stays in force", key);
		inputs_cleanup(&inputs);
	} else if (parent->keeper != NULL && !gatekeeper_reload(parent->keeper, &inputs.conf, err, sizeof(err))) {
		log_say(LOG_LEVEL_ERROR, "reload", "refused: %s; the old configuration stays in force", err);
		inputs_cleanup(&inputs);
	} else {
		inputs_cleanup(&parent->inputs);
		parent->inputs = inputs;
		children_reload(parent->children, &parent->inputs);
		list_watch_use(parent->list_watch, &parent->inputs.list, &parent->inputs.conf);
		apply_log(&parent->inputs.conf);
		log_say(LOG_LEVEL_INFO, "reload", "configuration %u is in force", inputs.generation);
		client_certificate_warnings(&inputs.conf, parent->options->conf_path, log_warning, NULL);
		go_on(parent);
	}
	notify_service("READY=1");
}

static void on_renewed(void *arg)
{
	children_reload_workers(((struct parent *)arg)->children);
}

static bool start_renewal(struct parent *parent, char *err, size_t err_len)
{
	const struct timeval every = { .tv_sec = CLIENT_RENEWAL_EVERY_S };

	parent->client_renewal = client_renewal_new(parent->base, &every, &parent->inputs, on_renewed, parent);
	if (parent->client_renewal == NULL)
		(void)snprintf(err, err_len, "out of memory");
	return parent->client_renewal != NULL;
}

static void on_child(evutil_socket_t signal_number, short what, void *arg)
{
	struct parent *parent = arg;

	(void)signal_number;
	(void)what;
	if (parent->children != NULL)
		children_reaped(parent->children);
}

static bool catch_signals(struct parent *parent)
{
	static const struct {
		int number;
		event_callback_fn fn;
	} wanted[COUNT(((struct parent *)0)->signals)] = {
		{ SIGTERM, on_terminate }, { SIGINT, on_terminate }, { SIGHUP, on_reload }, { SIGCHLD, on_child }
	};

	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < COUNT(wanted); i++) {
		parent->signals[i] = evsignal_new(parent->base, wanted[i].number, wanted[i].fn, parent);
		if (parent->signals[i] == NULL || evsignal_add(parent->signals[i], NULL) != 0)
			return false;
	}
	parent->drain_limit = evtimer_new(parent->base, on_drain_limit, parent);
	return parent->drain_limit != NULL;
}

/* --- start ---------------------------------------------------------------------------------------------------------
 */

static unsigned worker_count(const struct conf *conf)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (conf->workers > 0)
		return conf->workers;
	return cores <= 2 ? 1 : cores > 64 ? 64 : (unsigned)cores;
}

static bool open_listeners(struct parent *parent, char *err, size_t err_len)
{
	const struct conf *conf = &parent->inputs.conf;
	char path[512];

	parent->smtp_fds = calloc(parent->workers, sizeof(*parent->smtp_fds));
	for (unsigned i = 0; parent->smtp_fds != NULL && i < parent->workers; i++) {
		parent->smtp_fds[i] = listener_smtp(conf->listen_port, parent->root, conf->mark_own, err, err_len);
		if (parent->smtp_fds[i] < 0)
			return false;
	}
	if (!conf->monitor)
		return parent->smtp_fds != NULL;
	parent->http_fd = listener_http(&conf->monitor_listen, err, err_len);
	if (parent->http_fd < 0)
		return false;
	(void)snprintf(path, sizeof(path), "%s/control", parent->options->run_dir);
	parent->control_fd = listener_control(path, parent->users[ROLE_WORKER].gid, err, err_len);
	return parent->control_fd >= 0 && parent->smtp_fds != NULL;
}

static bool start_children(struct parent *parent, char *err, size_t err_len)
{
	static const struct children_events events = { .ready = on_ready,
						       .lost = on_lost,
						       .failed = on_failed,
						       .drained = on_drained,
						       .dnssec = on_dnssec,
						       .log = on_role_log };
	struct children_plan plan = {
		.workers = parent->workers,
		.monitor = parent->inputs.conf.monitor,
		.root = parent->root,
		.flags = (uint8_t)((parent->options->no_rules ? ROLE_FLAG_NO_RULES : 0) |
				   (parent->root ? 0 : ROLE_FLAG_NO_ROOT)),
		.smtp_fds = parent->smtp_fds,
		.http_fd = parent->http_fd,
		.control_fd = parent->control_fd,
		.folder_fds = parent->state_dir.fds,
		.program = parent->programs.gate25,
		.policy_program = parent->programs.policy,
	};

	memcpy(plan.users, parent->users, sizeof(plan.users));
	parent->children = children_new(parent->base, &plan, &parent->inputs, &events, parent);
	if (parent->children != NULL && children_start(parent->children))
		return true;
	(void)snprintf(err, err_len, "the roles cannot be started");
	return false;
}

static void say_state_dir(void *arg, const char *message)
{
	(void)arg;
	log_say(LOG_LEVEL_WARNING, "state-dir", "%s", message);
}

/* limit gives up what the parent does not need once its files and sockets are open. */
static bool limit(const struct parent *parent, char *err, size_t err_len)
{
	static const int keep[] = { CAP_NET_ADMIN, CAP_NET_RAW, CAP_NET_BIND_SERVICE, CAP_SETUID, CAP_SETGID,
				    CAP_SETPCAP,   CAP_KILL };
	uint64_t caps = 0;

	for (size_t i = 0; i < COUNT(keep); i++)
		caps |= PRIVDROP_CAP(keep[i]);
	if (parent->root)
		return privdrop_limit(caps, err, err_len);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		return true;
	(void)snprintf(err, err_len, "cannot set no-new-privs: %s", strerror(errno));
	return false;
}

/* raise_limits: each session holds two sockets. */
static void raise_limits(const struct conf *conf)
{
	const rlim_t wanted = (rlim_t)conf->max_sessions * 2 + 128;
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return;
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_max < wanted)
		log_say(LOG_LEVEL_WARNING, "limits",
			"max-sessions = %u wants %llu open files and the limit is %llu: past it clients wait "
			"(LimitNOFILE, ulimit -n)",
			conf->max_sessions, (unsigned long long)wanted, (unsigned long long)files.rlim_max);
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

/* start brings up everything in the order in which it must be closed: the guard before the first listener. */
static bool start(struct parent *parent, char *err, size_t err_len)
{
	if (!privileges_suffice(parent, err, err_len) || !programs_find(&parent->programs, err, err_len))
		return false;
	if (parent->root && !users_find(parent->users, &parent->inputs.conf, err, err_len))
		return false;
	parent->pid_fd = pidfile_take(parent->options->run_dir, err, err_len);
	if (parent->pid_fd < 0)
		return false;
	if (!catch_signals(parent)) {
		(void)snprintf(err, err_len, "cannot catch signals");
		return false;
	}
	if (!parent->options->no_rules) {
		parent->keeper = gatekeeper_new(parent->base, &parent->inputs.conf, parent->users[ROLE_WORKER].uid,
						on_repaired, parent, err, err_len);
		if (parent->keeper == NULL)
			return false;
	}
	state_dir_open(&parent->state_dir, &parent->inputs.conf, parent->root ? parent->users : NULL, say_state_dir,
		       NULL);
	return open_listeners(parent, err, err_len) && limit(parent, err, err_len) &&
	       (parent->keeper == NULL || gatekeeper_begin(parent->keeper, err, err_len)) &&
	       start_children(parent, err, err_len) && start_renewal(parent, err, err_len);
}

static void cleanup(struct parent *parent)
{
	client_renewal_free(parent->client_renewal);
	if (parent->children != NULL)
		children_kill(parent->children);
	children_free(parent->children);
	gatekeeper_free(parent->keeper);
	for (size_t i = 0; i < COUNT(parent->signals); i++) {
		if (parent->signals[i] != NULL)
			event_free(parent->signals[i]);
	}
	if (parent->drain_limit != NULL)
		event_free(parent->drain_limit);
	free(parent->smtp_fds);
	state_dir_close(&parent->state_dir);
	list_watch_free(parent->list_watch);
	inputs_cleanup(&parent->inputs);
	event_base_free(parent->base);
}

int parent_run(const struct parent_options *options)
{
	struct parent parent = { .options = options,
				 .http_fd = -1,
				 .control_fd = -1,
				 .state_dir = STATE_DIR_NONE,
				 .pid_fd = -1,
				 .root = geteuid() == 0,
				 .started = time(NULL) };
	char err[512];
	bool guarded;

	privdrop_no_dumps();
	if (!inputs_load_for_run(&parent.inputs, options->conf_path, NULL, conf_log_error, NULL))
		return CLI_USAGE;
	apply_log(&parent.inputs.conf);
	client_certificate_warnings(&parent.inputs.conf, options->conf_path, log_warning, NULL);
	parent.workers = worker_count(&parent.inputs.conf);
	raise_limits(&parent.inputs.conf);
	parent.base = event_base_new();
	parent.list_watch = parent.base != NULL ? list_watch_new(parent.base) : NULL;
	if (parent.list_watch == NULL)
		log_die("start", "cannot make an event loop");
	if (!start(&parent, err, sizeof(err))) {
		log_say(LOG_LEVEL_ERROR, "start", "%s", err);
		parent.status = CLI_FAILED;
	} else {
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

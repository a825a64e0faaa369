/* children.c - see children.h. */
#include "proxy/parent/children.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proxy/base/log.h"
#include "proxy/base/privdrop.h"
#include "proxy/base/wire.h"

#define BACKOFF_MAX_S 30
#define IMAGE_FD      (ROLE_FD + 1) /* of the program, until it runs */
#define LAST_MS       900           /* the monitor may take to end */
#define LAST_LOOKS    90            /* at it meanwhile */
#define STABLE_S      60            /* alive for so long: its next death starts the back-off anew */

struct child {
	struct children *owner;
	enum role role;
	unsigned slot;
	pid_t pid; /* 0: not running */
	struct ipc *ipc;
	bool ready;
	bool was_ready;
	int64_t started_s;
	int64_t heard_s;
	unsigned deaths; /* in a row */
	int64_t rewired_s;
	int counters_fd;
	struct event *restart;
};

struct children {
	struct event_base *base;
	struct children_plan plan;
	struct children_events events;
	void *arg;
	const struct inputs *inputs;
	struct event *watch; /* for hung roles */
	bool draining;
	size_t count;
	struct child *items; /* policy, monitor if any, workers */
};

static int64_t now_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static struct child *find(struct children *children, enum role role, unsigned slot)
{
	for (size_t i = 0; i < children->count; i++) {
		if (children->items[i].role == role && children->items[i].slot == slot)
			return &children->items[i];
	}
	return NULL;
}

/* --- starting one --------------------------------------------------------------------------------------------------
 */

/* become is the child between fork and exec. It ends in the role's program or not at all. */
static NO_RETURN void become(const struct child *child, int fd)
{
	const struct children_plan *plan = &child->owner->plan;
	const struct role_user *user = &plan->users[child->role];
	const char *program = child->role == ROLE_POLICY ? plan->policy_program : plan->program;
	int image = open(program, O_PATH | O_CLOEXEC);
	char role_option[] = "--role";
	char role_text[16];
	char name[512];
	char *argv[] = { name, role_option, role_text, NULL };
	char err[256];
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	for (int i = 1; i < NSIG; i++)
		(void)signal(i, SIG_DFL);
	(void)setsid();
	(void)snprintf(name, sizeof(name), "%s", program);
	(void)snprintf(role_text, sizeof(role_text), "%s", role_name(child->role));
	/* Above both numbers first, so that neither overwrites the other. */
	fd = fcntl(fd, F_DUPFD_CLOEXEC, IMAGE_FD + 1);
	image = fcntl(image, F_DUPFD_CLOEXEC, IMAGE_FD + 1);
	if (dup2(fd, ROLE_FD) < 0 || dup3(image, IMAGE_FD, O_CLOEXEC) < 0 ||
	    syscall(SYS_close_range, IMAGE_FD + 1, ~0U, 0) != 0)
		log_die("start", "cannot hand over the channel: %s", strerror(errno));
	if (plan->root) {
		uint64_t caps = child->role == ROLE_WORKER ? privdrop_worker_caps() : 0;
		if (!privdrop_become(user->uid, user->gid, caps, err, sizeof(err)))
			log_die("start", "%s", err);
	} else if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
		log_die("start", "cannot set no-new-privs: %s", strerror(errno));
	}
	/* By descriptor: the role's user may have no way to the folder that the program lies in. */
	(void)syscall(SYS_execveat, IMAGE_FD, "", argv, environ, AT_EMPTY_PATH);
	log_die("start", "cannot run %s: %s", program, strerror(errno));
}

/* wire_up makes a channel between two running roles and hands each its end. */
static bool wire_up(struct child *a, struct child *b)
{
	int fds[2];
	bool ok;

	if (a == NULL || b == NULL || a->ipc == NULL || b->ipc == NULL)
		return true;
	if (!ipc_pair(fds))
		return false;
	ok = role_peer_send(a->ipc, b->role, b->slot, fds[0]) && role_peer_send(b->ipc, a->role, a->slot, fds[1]);
	(void)close(fds[0]);
	(void)close(fds[1]);
	return ok;
}

/* wire_all connects |child| with those it talks to: worker with policy and monitor, monitor with policy. */
static bool wire_all(struct child *child)
{
	struct children *all = child->owner;
	bool ok = true;

	for (size_t i = 0; i < all->count; i++) {
		struct child *other = &all->items[i];
		if (other != child && other->role != child->role)
			ok = wire_up(child, other) && ok;
	}
	return ok;
}

static bool send_client_tls(struct child *worker)
{
	const struct inputs *inputs = worker->owner->inputs;

	if (!conf_may_terminate(&inputs->conf))
		return true;
	for (unsigned i = 0; i < ROLE_CLIENT_TLS_COUNT; i++) {
		if (!role_client_tls_send(worker->ipc, (enum role_client_tls)i, inputs->client_tls_fds[i]))
			return false;
	}
	return true;
}

/* takes_ca: workers judge mail servers, policyd the hosts of MTA-STS, by the gate's bundle alone. */
static bool takes_ca(const struct child *child, unsigned index)
{
	return child->role == ROLE_WORKER || (child->role == ROLE_POLICY && index == 0);
}

static bool send_inputs(struct child *child)
{
	const struct inputs *inputs = child->owner->inputs;

	if (!role_conf_send(child->ipc, inputs->generation, child->owner->plan.flags, inputs->conf_fd))
		return false;
	if (child->role == ROLE_POLICY && inputs->anchors_fd >= 0 &&
	    !ipc_send(child->ipc, ROLE_MSG_ANCHORS, NULL, 0, inputs->anchors_fd))
		return false;
	if (child->role == ROLE_POLICY && inputs->list.fd >= 0 &&
	    !ipc_send(child->ipc, ROLE_MSG_LIST, NULL, 0, inputs->list.fd))
		return false;
	for (unsigned i = 0; i < inputs->ca_count; i++) {
		if (takes_ca(child, i) && !role_ca_send(child->ipc, i, inputs->ca_fds[i]))
			return false;
	}
	return child->role != ROLE_WORKER || send_client_tls(child);
}

static bool send_folder(struct child *child)
{
	const int *fds = child->owner->plan.folder_fds;

	return fds == NULL || fds[child->role] < 0 || ipc_send(child->ipc, ROLE_MSG_FOLDER, NULL, 0, fds[child->role]);
}

static bool send_listeners(struct child *child)
{
	const struct children_plan *plan = &child->owner->plan;

	switch (child->role) {
	case ROLE_WORKER: return role_listener_send(child->ipc, ROLE_LISTENER_SMTP, plan->smtp_fds[child->slot]);
	case ROLE_MONITOR:
		return (plan->http_fd < 0 || role_listener_send(child->ipc, ROLE_LISTENER_HTTP, plan->http_fd)) &&
		       (plan->control_fd < 0 ||
			role_listener_send(child->ipc, ROLE_LISTENER_CONTROL, plan->control_fd));
	default: return true;
	}
}

static bool send_counters(struct child *monitor)
{
	bool ok = true;

	for (size_t i = 0; i < monitor->owner->count && monitor->role == ROLE_MONITOR; i++) {
		const struct child *other = &monitor->owner->items[i];
		if (other->counters_fd >= 0)
			ok = role_slot_send(monitor->ipc, ROLE_MSG_COUNTERS, other->slot, other->counters_fd) && ok;
	}
	return ok;
}

static bool on_message(void *arg, uint16_t type, const uint8_t *body, size_t len, int fd);
static void on_closed(void *arg);

static bool start(struct child *child)
{
	struct children *all = child->owner;
	int fds[2];
	pid_t pid;

	if (!ipc_pair(fds))
		return false;
	pid = fork();
	if (pid == 0)
		become(child, fds[1]);
	(void)close(fds[1]);
	if (pid < 0) {
		(void)close(fds[0]);
		return false;
	}
	child->pid = pid;
	child->ready = false;
	child->started_s = child->heard_s = now_s();
	child->ipc = ipc_new(all->base, fds[0], on_message, on_closed, child);
	return child->ipc != NULL && send_inputs(child) && send_folder(child) && send_listeners(child) &&
	       send_counters(child) && wire_all(child) && role_slot_send(child->ipc, ROLE_MSG_START, child->slot, -1);
}

/* --- what they say -------------------------------------------------------------------------------------------------
 */

unsigned children_ready(const struct children *children)
{
	unsigned ready = 0;

	for (size_t i = 0; i < children->count; i++)
		ready += children->items[i].ready;
	return ready;
}

static bool take_counters(struct child *child, int fd)
{
	struct child *monitor = find(child->owner, ROLE_MONITOR, 0);

	if (fd < 0 || child->role != ROLE_WORKER)
		return false;
	if (child->counters_fd >= 0)
		(void)close(child->counters_fd);
	child->counters_fd = fd;
	if (monitor != NULL && monitor->ipc != NULL)
		(void)!role_slot_send(monitor->ipc, ROLE_MSG_COUNTERS, child->slot, fd);
	return true;
}

static bool take_log(struct child *child, const uint8_t *body, size_t len)
{
	struct wire_reader r;
	enum log_level level;
	size_t line_len;
	const uint8_t *line;

	wire_reader_init(&r, body, len);
	level = (enum log_level)wire_get_enum(&r, LOG_LEVEL_DEBUG + 1);
	line = wire_get_bytes(&r, &line_len);
	if (!wire_done(&r))
		return false;
	child->owner->events.log(child->owner->arg, level, (const char *)line, line_len);
	return true;
}

static bool take_dnssec(const struct child *child, const uint8_t *body, size_t len)
{
	struct wire_reader r;
	struct dnssec_report report;

	wire_reader_init(&r, body, len);
	if (child->role != ROLE_POLICY || !dnssec_report_get(&r, &report))
		return false;
	child->owner->events.dnssec(child->owner->arg, &report);
	return true;
}

static bool take_ready(struct child *child)
{
	struct children *all = child->owner;

	child->ready = child->was_ready = true;
	if (children_ready(all) == all->count)
		all->events.ready(all->arg);
	return true;
}

/* rewire: a channel may break while both its ends live, for a message that one of them refused. Who lost one asks until
 * it has another; once a second is enough. */
static bool rewire(struct child *child, const uint8_t *body, size_t len)
{
	enum role role;
	unsigned slot;
	struct child *other;

	if (!role_peer_get(body, len, &role, &slot) || role == child->role)
		return false;
	other = find(child->owner, role, slot);
	if (other == NULL || child->rewired_s == now_s())
		return true;
	child->rewired_s = now_s();
	if (!wire_up(child, other))
		log_say(LOG_LEVEL_ERROR, "role-rewire", "%s and %s cannot be connected", role_name(child->role),
			role_name(role));
	return true;
}

static bool on_message(void *arg, uint16_t type, const uint8_t *body, size_t len, int fd)
{
	struct child *child = arg;

	child->heard_s = now_s();
	if (type == ROLE_MSG_COUNTERS)
		return take_counters(child, fd);
	if (fd >= 0) {
		(void)close(fd);
		return false;
	}
	switch (type) {
	case ROLE_MSG_READY: return take_ready(child);
	case ROLE_MSG_ALIVE:
	case ROLE_MSG_DRAINED: return true; /* its exit follows and is what counts */
	case ROLE_MSG_LOG: return take_log(child, body, len);
	case ROLE_MSG_DNSSEC: return take_dnssec(child, body, len);
	case ROLE_MSG_PEER: return rewire(child, body, len);
	default: return false;
	}
}

/* A role whose channel broke can be neither trusted nor told anything: it ends, and is started anew when it is reaped.
 */
static void on_closed(void *arg)
{
	struct child *child = arg;

	ipc_free(child->ipc);
	child->ipc = NULL;
	child->ready = false;
	if (child->pid > 0 && !child->owner->draining)
		(void)kill(child->pid, SIGKILL);
}

/* --- death and restart ---------------------------------------------------------------------------------------------
 */

static void schedule(struct child *child)
{
	unsigned wait_ms = 100;
	struct timeval delay;

	for (unsigned i = 1; i < child->deaths && wait_ms < BACKOFF_MAX_S * 1000; i++)
		wait_ms *= 2;
	if (wait_ms > BACKOFF_MAX_S * 1000)
		wait_ms = BACKOFF_MAX_S * 1000;
	delay = (struct timeval){ .tv_sec = wait_ms / 1000, .tv_usec = (wait_ms % 1000) * 1000 };
	(void)event_add(child->restart, &delay);
}

static void on_restart(evutil_socket_t fd, short what, void *arg)
{
	struct child *child = arg;

	(void)fd;
	(void)what;
	if (child->owner->draining)
		return;
	if (!start(child)) {
		log_errno(LOG_LEVEL_ERROR, "role-start", "%s cannot be started", role_name(child->role));
		if (child->pid > 0) {
			(void)kill(child->pid, SIGKILL); /* reaped and tried again */
		} else {
			child->deaths++;
			schedule(child);
		}
	}
}

static void log_death(const struct child *child, int status)
{
	struct log_line line;

	log_open(&line, child->owner->draining ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "role-ended");
	log_add(&line, "role", "%s", role_name(child->role));
	log_add(&line, "slot", "%u", child->slot);
	log_add(&line, "pid", "%d", (int)child->pid);
	if (WIFSIGNALED(status))
		log_add(&line, "signal", "%d", WTERMSIG(status));
	else
		log_add(&line, "status", "%d", WEXITSTATUS(status));
	log_close(&line);
}

static unsigned workers_left(const struct children *children)
{
	unsigned left = 0;

	for (size_t i = 0; i < children->count; i++)
		left += children->items[i].role == ROLE_WORKER && children->items[i].pid > 0;
	return left;
}

static void died(struct child *child, int status)
{
	struct children *all = child->owner;

	log_death(child, status);
	child->pid = 0;
	child->ready = false;
	ipc_free(child->ipc);
	child->ipc = NULL;
	if (child->counters_fd >= 0)
		(void)close(child->counters_fd);
	child->counters_fd = -1;
	if (all->draining) {
		if (child->role == ROLE_WORKER && workers_left(all) == 0)
			all->events.drained(all->arg);
		return;
	}
	if (!child->was_ready) {
		all->events.failed(all->arg, child->role);
		return;
	}
	if (now_s() - child->started_s >= STABLE_S)
		child->deaths = 0;
	child->deaths++;
	schedule(child);
	all->events.lost(all->arg);
}

void children_reaped(struct children *children)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (size_t i = 0; i < children->count; i++) {
			if (children->items[i].pid == pid) {
				died(&children->items[i], status);
				break;
			}
		}
	}
}

static void on_watch(evutil_socket_t fd, short what, void *arg)
{
	struct children *children = arg;
	int64_t now = now_s();

	(void)fd;
	(void)what;
	for (size_t i = 0; i < children->count; i++) {
		struct child *child = &children->items[i];
		if (child->pid <= 0 || now - child->heard_s < ROLE_SILENT_S)
			continue;
		log_say(LOG_LEVEL_ERROR, "role-hung", "%s (pid %d) has been silent for %d s: killed",
			role_name(child->role), (int)child->pid, ROLE_SILENT_S);
		child->heard_s = now;
		(void)kill(child->pid, SIGKILL);
	}
}

/* --- all of them ---------------------------------------------------------------------------------------------------
 */

static bool add(struct children *children, enum role role, unsigned slot)
{
	struct child *child = &children->items[children->count++];

	*child = (struct child){ .owner = children, .role = role, .slot = slot, .counters_fd = -1 };
	child->restart = evtimer_new(children->base, on_restart, child);
	return child->restart != NULL;
}

struct children *children_new(struct event_base *base, const struct children_plan *plan, const struct inputs *inputs,
			      const struct children_events *events, void *arg)
{
	struct children *children = calloc(1, sizeof(*children));
	bool ok;

	if (children == NULL)
		return NULL;
	*children = (struct children){ .base = base, .plan = *plan, .events = *events, .arg = arg, .inputs = inputs };
	children->items = calloc(plan->workers + 2, sizeof(*children->items));
	children->watch = event_new(base, -1, EV_PERSIST, on_watch, children);
	ok = children->items != NULL && children->watch != NULL && add(children, ROLE_POLICY, 0) &&
	     (!plan->monitor || add(children, ROLE_MONITOR, 0));
	for (unsigned i = 0; ok && i < plan->workers; i++)
		ok = add(children, ROLE_WORKER, i);
	if (ok)
		return children;
	children_free(children);
	return NULL;
}

bool children_start(struct children *children)
{
	const struct timeval every = { .tv_sec = ROLE_ALIVE_S };

	for (size_t i = 0; i < children->count; i++) {
		if (!start(&children->items[i])) {
			log_errno(LOG_LEVEL_ERROR, "role-start", "%s cannot be started",
				  role_name(children->items[i].role));
			return false;
		}
	}
	return event_add(children->watch, &every) == 0;
}

static void reload_one(struct child *child)
{
	if (child->ipc == NULL || (send_inputs(child) && ipc_send(child->ipc, ROLE_MSG_RELOAD, NULL, 0, -1)))
		return;
	/* A role that cannot be told would go on with the old rules: it is replaced instead. */
	log_say(LOG_LEVEL_ERROR, "reload", "%s takes no messages: killed", role_name(child->role));
	(void)kill(child->pid, SIGKILL);
}

void children_reload(struct children *children, const struct inputs *inputs)
{
	children->inputs = inputs;
	for (size_t i = 0; i < children->count; i++)
		reload_one(&children->items[i]);
}

void children_reload_workers(struct children *children)
{
	for (size_t i = 0; i < children->count; i++) {
		if (children->items[i].role == ROLE_WORKER)
			reload_one(&children->items[i]);
	}
}

void children_drain(struct children *children)
{
	children->draining = true;
	for (size_t i = 0; i < children->count; i++) {
		struct child *child = &children->items[i];
		(void)event_del(child->restart);
		if (child->role != ROLE_WORKER || child->pid <= 0)
			continue;
		if (child->ipc == NULL || !ipc_send(child->ipc, ROLE_MSG_DRAIN, NULL, 0, -1))
			(void)kill(child->pid, SIGKILL);
	}
	if (workers_left(children) == 0)
		children->events.drained(children->arg);
}

void children_status_send(struct children *children, const char *json)
{
	struct child *monitor = find(children, ROLE_MONITOR, 0);

	if (monitor != NULL && monitor->ipc != NULL)
		(void)!ipc_send(monitor->ipc, ROLE_MSG_STATUS, json, strlen(json), -1);
}

static void end(struct child *child)
{
	if (child->pid <= 0)
		return;
	(void)kill(child->pid, SIGKILL);
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
	child->pid = 0;
}

/* ends_by_itself lets the monitor write the last of its history: it ends when its channel does. False: it does not in
 * the time it has. */
static bool ends_by_itself(struct child *child)
{
	const struct timespec moment = { .tv_nsec = LAST_MS * 1000000L / LAST_LOOKS };

	ipc_free(child->ipc);
	child->ipc = NULL;
	for (unsigned i = 0; i < LAST_LOOKS && child->ready; i++) {
		if (waitpid(child->pid, NULL, WNOHANG) == child->pid) {
			child->pid = 0;
			return true;
		}
		(void)nanosleep(&moment, NULL);
	}
	return false;
}

void children_kill(struct children *children)
{
	children->draining = true;
	for (size_t i = 0; i < children->count; i++) {
		struct child *child = &children->items[i];
		if (child->role != ROLE_MONITOR)
			end(child);
	}
	for (size_t i = 0; i < children->count; i++) {
		struct child *child = &children->items[i];
		if (child->role == ROLE_MONITOR && child->pid > 0 && !ends_by_itself(child))
			end(child);
	}
}

void children_free(struct children *children)
{
	if (children == NULL)
		return;
	for (size_t i = 0; i < children->count && children->items != NULL; i++) {
		struct child *child = &children->items[i];
		ipc_free(child->ipc);
		if (child->restart != NULL)
			event_free(child->restart);
		if (child->counters_fd >= 0)
			(void)close(child->counters_fd);
	}
	if (children->watch != NULL)
		event_free(children->watch);
	free(children->items);
	free(children);
}

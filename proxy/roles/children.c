/* children.c - see children.h. */
#include "proxy/roles/children.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proxy/base/log.h"
#include "proxy/roles/children_private.h"

#define BACKOFF_MAX_S 30
#define STABLE_S      60 /* alive for so long: its next death starts the back-off anew */

int64_t child_now_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

struct child *children_find(struct children *children, enum role role, unsigned slot)
{
	for (size_t i = 0; i < children->count; i++) {
		if (children->items[i].role == role && children->items[i].slot == slot)
			return &children->items[i];
	}
	return NULL;
}

unsigned children_ready(const struct children *children)
{
	unsigned ready = 0;

	for (size_t i = 0; i < children->count; i++)
		ready += children->items[i].ready;
	return ready;
}

/* --- start, death and restart --------------------------------------------------------------------------------------
 */

static bool start(struct child *child)
{
	struct children *all = child->owner;
	int fds[2];
	pid_t pid;

	if (!ipc_pair(fds))
		return false;
	pid = fork();
	if (pid == 0)
		child_run(child, fds[1]);
	(void)close(fds[1]);
	if (pid < 0) {
		(void)close(fds[0]);
		return false;
	}
	child->pid = pid;
	child->ready = false;
	child->started_s = child->heard_s = child_now_s();
	child->ipc = ipc_new(all->base, fds[0], child_on_message, child_on_closed, child);
	return child->ipc != NULL && child_send_start(child);
}

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
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		log_add(&line, "reason",
			"its sandbox ended it at a system call that gate25 never makes: report this, with the kernel's "
			"log "
			"line of type=1326");
	log_close(&line);
}

void child_ended(struct child *child)
{
	struct counters_past *past = child->owner->plan.past;

	child->pid = 0;
	child->ready = false;
	ipc_free(child->ipc);
	child->ipc = NULL;
	if (child->counters_fd < 0)
		return;
	if (past != NULL && !counters_past_add(past, child->counters_fd))
		log_errno(LOG_LEVEL_WARNING, "counters", "what %s %u counted is lost", role_name(child->role),
			  child->slot);
	(void)close(child->counters_fd);
	child->counters_fd = -1;
}

static void died(struct child *child, int status)
{
	struct children *all = child->owner;

	log_death(child, status);
	child_ended(child);
	if (all->draining) {
		if (child->role == ROLE_WORKER && children_workers_left(all) == 0)
			children_all_drained(all);
		return;
	}
	if (!child->was_ready) {
		all->events.failed(all->arg, child->role);
		return;
	}
	if (child_now_s() - child->started_s >= STABLE_S)
		child->deaths = 0;
	child->deaths++;
	schedule(child);
	all->events.lost(all->arg);
}

static struct child *child_of(struct children *children, pid_t pid)
{
	struct children *all = children;

	do {
		for (size_t i = 0; i < all->count; i++) {
			if (all->items[i].pid == pid)
				return &all->items[i];
		}
		all = all->older;
	} while (all != NULL);
	return NULL;
}

void children_reaped(struct children *children)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct child *child = child_of(children, pid);
		if (child != NULL)
			died(child, status);
		else if (children->events.stranger != NULL)
			children->events.stranger(children->arg, pid, status);
	}
}

/* stood_still: the parent itself did not run for a while (a paused container or machine), and neither did the roles,
 * most likely: who has been silent meanwhile need not be hung. */
static bool stood_still(struct children *children, int64_t now)
{
	int64_t since = now - children->watched_s;

	children->watched_s = now;
	return since > 2 * ROLE_ALIVE_S;
}

static void forgive(struct children *children, int64_t now)
{
	for (size_t i = 0; i < children->count; i++)
		children->items[i].heard_s = now;
}

static void kill_hung(struct children *children, int64_t now)
{
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

static void on_watch(evutil_socket_t fd, short what, void *arg)
{
	const int64_t now = child_now_s();
	const bool forgiven = stood_still(arg, now);

	(void)fd;
	(void)what;
	for (struct children *all = arg; all != NULL; all = all->older) {
		if (forgiven)
			forgive(all, now);
		else
			kill_hung(all, now);
	}
}

/* free_slot: one that no worker of an older program has. ROLE_SLOTS_MAX: there is none. */
static unsigned free_slot(struct children *children, unsigned from)
{
	unsigned slot = from;

	for (struct children *all = children->older; all != NULL && slot < ROLE_SLOTS_MAX; all = all->older) {
		if (children_find(all, ROLE_WORKER, slot) != NULL) {
			slot++;
			all = children; /* from the first again */
		}
	}
	return slot;
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
	*children = (struct children){
		.base = base, .plan = *plan, .events = *events, .arg = arg, .inputs = inputs, .protocol = ROLE_PROTOCOL
	};
	children->items = calloc(plan->workers + 2, sizeof(*children->items));
	children->watch = event_new(base, -1, EV_PERSIST, on_watch, children);
	ok = children->items != NULL && children->watch != NULL && add(children, ROLE_POLICY, 0) &&
	     (!plan->monitor || add(children, ROLE_MONITOR, 0));
	children->older = plan->older;
	for (unsigned i = 0, slot = 0; ok && i < plan->workers; i++, slot++) {
		slot = free_slot(children, slot);
		ok = slot < ROLE_SLOTS_MAX && add(children, ROLE_WORKER, slot);
		children->items[children->count - 1].socket = i;
	}
	if (ok) {
		if (children->older != NULL)
			children->older->newer = children;
		return children;
	}
	children->older = NULL;
	children_free(children);
	return NULL;
}

bool children_start(struct children *children)
{
	const struct timeval every = { .tv_sec = ROLE_ALIVE_S };

	children->watched_s = child_now_s();
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
	if (child->ipc == NULL || (child_send_inputs(child) && ipc_send(child->ipc, ROLE_MSG_RELOAD, NULL, 0, -1)))
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

void children_host_send(struct children *children, unsigned slot, const struct host_news *news)
{
	uint8_t body[HOST_NEWS_BYTES_MAX];
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	host_news_put(&w, news);
	for (size_t i = 0; i < children->count && !w.failed; i++) {
		const struct child *child = &children->items[i];
		if (child->role == ROLE_WORKER && child->slot != slot && child->ready)
			(void)!ipc_send(child->ipc, ROLE_MSG_DOWN, body, w.len, -1);
	}
}

void children_status_send(struct children *children, const char *json)
{
	struct child *monitor = children_find(children, ROLE_MONITOR, 0);

	if (monitor != NULL && monitor->ipc != NULL)
		(void)!ipc_send(monitor->ipc, ROLE_MSG_STATUS, json, strlen(json), -1);
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
	if (children->over != NULL)
		event_free(children->over);
	children_free(children->older);
	free(children->items);
	free(children);
}

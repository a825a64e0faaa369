/* children_older.c - the roles of programs before this one: handed over, adopted, and finished. */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/base/log.h"
#include "proxy/roles/children_private.h"

#define HUSH_S 2

/* --- handing over --------------------------------------------------------------------------------------------------
 */

bool children_settled(const struct children *children)
{
	for (const struct children *all = children; all != NULL; all = all->older) {
		for (size_t i = 0; i < all->count; i++) {
			if (all->items[i].ipc != NULL && ipc_queued(all->items[i].ipc) > 0)
				return false;
		}
	}
	return true;
}

/* export_one: a role that is not up, or that was not told all, is of no use to its new parent. */
static void export_one(struct upgrade_state *out, const struct child *child, unsigned group, bool for_good)
{
	if (child->pid <= 0)
		return;
	if (child->ipc == NULL || !child->ready || ipc_queued(child->ipc) > 0) {
		if (for_good)
			(void)kill(child->pid, SIGKILL);
		if (child->counters_fd >= 0)
			(void)!counters_past_add(&out->past, child->counters_fd);
		return;
	}
	out->children[out->children_count++] = (struct upgrade_child){ .group = group,
								       .role = child->role,
								       .slot = child->slot,
								       .pid = child->pid,
								       .ipc_fd = ipc_fd(child->ipc),
								       .counters_fd = child->counters_fd };
}

static void export_group(const struct children *all, struct upgrade_state *out, bool for_good)
{
	int64_t left_s = all->told ? all->ends_s - child_now_s() : 0;
	unsigned group;

	if (all->older != NULL)
		export_group(all->older, out, for_good);
	group = out->groups_count++;
	out->groups[group].protocol = all->protocol;
	out->groups[group].left_s = left_s > 0 ? (uint32_t)left_s : 0;
	for (size_t i = 0; i < all->count; i++)
		export_one(out, &all->items[i], group, for_good);
}

bool children_export(const struct children *children, struct upgrade_state *out, bool for_good, char *err,
		     size_t err_len)
{
	unsigned workers = children->plan.workers;
	unsigned groups;

	workers += children_older(children, &groups);
	if (groups + 1 >= UPGRADE_GROUPS_MAX || workers + children->plan.workers > ROLE_SLOTS_MAX) {
		(void)snprintf(err, err_len,
			       "the sessions of %u earlier programs still run: wait until they end (drain-limit)",
			       groups);
		return false;
	}
	export_group(children, out, for_good);
	return true;
}

/* --- adopting ------------------------------------------------------------------------------------------------------
 */

/* on_over: nobody is left to wait for, or the time is up. */
static void on_over(evutil_socket_t fd, short what, void *arg)
{
	struct children *all = arg;
	struct children *newer = all->newer;
	unsigned left = children_workers_left(all);

	(void)fd;
	(void)what;
	if (left > 0)
		log_say(LOG_LEVEL_WARNING, "drain-limit", "%u worker(s) of the program before do not end: killed",
			left);
	children_kill_young(all);
	if (newer == NULL) { /* before there are new ones; they will find these without a process */
		return;
	}
	newer->older = all->older;
	if (all->older != NULL)
		all->older->newer = newer;
	all->older = NULL;
	children_free(all);
	while (newer->newer != NULL)
		newer = newer->newer;
	newer->events.older_gone(newer->arg);
}

/* adopt_one: false: out of memory. One that has ended is passed by. */
static bool adopt_one(struct children *all, const struct upgrade_child *from)
{
	struct child *child = &all->items[all->count];
	int fd;

	if (waitpid(from->pid, NULL, WNOHANG) != 0 || (fd = fcntl(from->ipc_fd, F_DUPFD_CLOEXEC, 3)) < 0) {
		if (from->counters_fd >= 0 && !counters_past_add(all->plan.past, from->counters_fd))
			log_errno(LOG_LEVEL_WARNING, "counters", "what worker %u counted is lost", from->slot);
		return true;
	}
	all->count++;
	*child = (struct child){ .owner = all,
				 .role = from->role,
				 .slot = from->slot,
				 .pid = from->pid,
				 .ready = true,
				 .was_ready = true,
				 .started_s = child_now_s(),
				 .heard_s = child_now_s(),
				 .counters_fd = -1 };
	if (from->counters_fd >= 0)
		child->counters_fd = fcntl(from->counters_fd, F_DUPFD_CLOEXEC, 3);
	child->ipc = ipc_new(all->base, fd, child_on_message, child_on_closed, child);
	return child->ipc != NULL;
}

static struct children *adopt_group(struct event_base *base, const struct upgrade_state *state, unsigned group,
				    struct children *older, struct counters_past *past)
{
	struct children *all = calloc(1, sizeof(*all));
	bool ok;

	if (all == NULL)
		return NULL;
	*all = (struct children){ .base = base, .draining = true, .protocol = state->groups[group].protocol };
	all->plan.past = past;
	all->items = calloc(state->children_count + 1, sizeof(*all->items));
	all->over = evtimer_new(base, on_over, all);
	ok = all->items != NULL && all->over != NULL;
	for (unsigned i = 0; ok && i < state->children_count; i++) {
		if (state->children[i].group == group)
			ok = adopt_one(all, &state->children[i]);
	}
	if (!ok) {
		children_free(all);
		return NULL;
	}
	all->older = older;
	if (older != NULL)
		older->newer = all;
	return all;
}

static void end_after(struct children *all, uint32_t limit_s)
{
	const struct timeval limit = { .tv_sec = (time_t)limit_s + ROLE_GRACE_S };

	all->told = true;
	all->ends_s = child_now_s() + limit_s;
	(void)evtimer_add(all->over, &limit);
	if (children_workers_left(all) == 0)
		children_all_drained(all);
}

struct children *children_adopt(struct event_base *base, const struct upgrade_state *state,
				const struct children_events *events, void *arg, struct counters_past *past)
{
	struct children *older = NULL;

	for (unsigned group = 0; group < state->groups_count; group++) {
		struct children *all = adopt_group(base, state, group, older, past);
		if (all == NULL) {
			children_free(older);
			return NULL;
		}
		all->events = *events;
		all->arg = arg;
		if (group + 1 < state->groups_count)
			end_after(all, state->groups[group].left_s);
		older = all;
	}
	return older;
}

/* --- finishing -----------------------------------------------------------------------------------------------------
 */

static void on_waited(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	*(bool *)arg = true;
}

void children_hush(struct children *older)
{
	const struct timeval limit = { .tv_sec = HUSH_S };
	struct child *policy = children_find(older, ROLE_POLICY, 0);
	struct child *monitor = children_find(older, ROLE_MONITOR, 0);
	bool waited = false;
	struct event *wait = evtimer_new(older->base, on_waited, &waited);

	if (wait != NULL && evtimer_add(wait, &limit) == 0 && policy != NULL && policy->ipc != NULL &&
	    role_drain_send(policy->ipc, HUSH_S)) {
		while (!waited && !policy->drained && policy->ipc != NULL)
			(void)event_base_loop(older->base, EVLOOP_ONCE);
	}
	if (wait != NULL)
		event_free(wait);
	if (monitor != NULL && monitor->pid > 0 && !child_ends_by_itself(monitor))
		child_end(monitor);
}

void children_drain_older(struct children *children, unsigned limit_s)
{
	struct children *next;

	for (struct children *all = children->older; all != NULL; all = next) {
		next = all->older;
		if (!all->told) {
			children_drain(all, limit_s);
			end_after(all, limit_s);
		} else if (children_workers_left(all) == 0) { /* they ended before there were new ones */
			children_all_drained(all);
		}
	}
}

unsigned children_older(const struct children *children, unsigned *out_groups)
{
	unsigned workers = 0;

	*out_groups = 0;
	for (const struct children *all = children->older; all != NULL; all = all->older) {
		workers += children_workers_left(all);
		++*out_groups;
	}
	return workers;
}

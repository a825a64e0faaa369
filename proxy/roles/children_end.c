/* children_end.c - the end of the roles: in peace, or at once. */
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "proxy/roles/children_private.h"

#define LAST_MS    900 /* the monitor may take to end */
#define LAST_LOOKS 90  /* at it meanwhile */

unsigned children_workers_left(const struct children *children)
{
	unsigned left = 0;

	for (size_t i = 0; i < children->count; i++)
		left += children->items[i].role == ROLE_WORKER && children->items[i].pid > 0;
	return left;
}

void children_all_drained(struct children *children)
{
	if (children->over != NULL)
		event_active(children->over, EV_TIMEOUT, 0); /* later: whoever called this may still look at them */
	else
		children->events.drained(children->arg);
}

void children_drain(struct children *children, unsigned limit_s)
{
	children->draining = true;
	for (size_t i = 0; i < children->count; i++) {
		struct child *child = &children->items[i];
		if (child->restart != NULL)
			(void)event_del(child->restart);
		if (child->role != ROLE_WORKER || child->pid <= 0)
			continue;
		if (child->ipc == NULL || !role_drain_send(child->ipc, limit_s))
			(void)kill(child->pid, SIGKILL);
	}
	if (children_workers_left(children) == 0)
		children_all_drained(children);
}

void child_end(struct child *child)
{
	if (child->pid <= 0)
		return;
	(void)kill(child->pid, SIGKILL);
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
	child_ended(child);
}

/* child_ends_by_itself lets the monitor write the last of its history: it ends when its channel does. False: it does
 * not in the time it has. */
bool child_ends_by_itself(struct child *child)
{
	const struct timespec moment = { .tv_nsec = LAST_MS * 1000000L / LAST_LOOKS };

	ipc_free(child->ipc);
	child->ipc = NULL;
	for (unsigned i = 0; i < LAST_LOOKS && child->ready; i++) {
		if (waitpid(child->pid, NULL, WNOHANG) == child->pid) {
			child_ended(child);
			return true;
		}
		(void)nanosleep(&moment, NULL);
	}
	return false;
}

void children_kill_young(struct children *children)
{
	children->draining = true;
	for (size_t i = 0; i < children->count; i++) {
		struct child *child = &children->items[i];
		if (child->role != ROLE_MONITOR)
			child_end(child);
	}
	for (size_t i = 0; i < children->count; i++) {
		struct child *child = &children->items[i];
		if (child->role == ROLE_MONITOR && child->pid > 0 && !child_ends_by_itself(child))
			child_end(child);
	}
}

void children_kill(struct children *children)
{
	for (struct children *all = children; all != NULL; all = all->older)
		children_kill_young(all);
}

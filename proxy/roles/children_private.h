/* children_private.h - what the files about the parent's roles share: one role, and all of them. */
#ifndef GATE25_PROXY_ROLES_CHILDREN_PRIVATE_H
#define GATE25_PROXY_ROLES_CHILDREN_PRIVATE_H

#include "proxy/roles/children.h"

struct child {
	struct children *owner;
	enum role role;
	unsigned slot;
	pid_t pid; /* 0: not running */
	struct ipc *ipc;
	bool ready;
	bool was_ready;
	bool drained; /* it said so */
	int64_t started_s;
	int64_t heard_s;
	unsigned deaths; /* in a row */
	int64_t rewired_s;
	int counters_fd;
	unsigned socket; /* worker: which of plan.smtp_fds */
	struct event *restart;
};

struct children {
	struct event_base *base;
	struct children_plan plan;
	struct children_events events;
	void *arg;
	const struct inputs *inputs;
	struct event *watch; /* for hung roles */
	int64_t watched_s;   /* when it last looked */
	bool draining;
	size_t count;
	struct child *items; /* policy, monitor if any, workers */
	struct children *older;
	struct children *newer; /* NULL: the youngest */
	/* Of an older program: */
	unsigned protocol;
	bool told;          /* to drain */
	int64_t ends_s;     /* once told */
	struct event *over; /* NULL: these are no older ones. Its time is up, or nobody is left */
};

int64_t child_now_s(void); /* monotonic */
struct child *children_find(struct children *children, enum role role, unsigned slot);
void children_all_drained(struct children *children); /* the last worker has ended */
void child_ended(struct child *child);                /* is reaped: lets go of all that it had */
bool child_ends_by_itself(struct child *monitor);
void child_end(struct child *child);                             /* kills and reaps it */
unsigned children_workers_left(const struct children *children); /* that run */

/* child_run: the child between fork and exec, with its end of the channel. It ends in the role's program or not at all.
 */
NO_RETURN void child_run(const struct child *child, int fd);

/* child_send_start sends all that comes before a role starts, child_send_inputs what a reload brings too. False: the
 * role takes no messages. */
MUST_CHECK bool child_send_start(struct child *child);
MUST_CHECK bool child_send_inputs(struct child *child);
/* child_wire makes a channel between two roles and hands each its end, where both run. */
MUST_CHECK bool child_wire(struct child *a, struct child *b);

/* What a role says: for ipc_new. */
bool child_on_message(void *arg, uint16_t type, const uint8_t *body, size_t len, int fd);
void child_on_closed(void *arg);

#endif

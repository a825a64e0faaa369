/* children.h - the parent's roles: started, wired to each other, kept alive, drained.
 *
 * A role that dies is started again with back-off, and whoever had a channel to it gets a new one. A role that dies
 * before it was ever ready is a failure to start, told once to |failed|. */
#ifndef GATE25_PROXY_ROLES_CHILDREN_H
#define GATE25_PROXY_ROLES_CHILDREN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "proxy/base/attrib.h"
#include "proxy/base/host_news.h"
#include "proxy/base/role.h"
#include "proxy/monitor/counters_past.h"
#include "proxy/inputs/inputs.h"
#include "proxy/upgrade/upgrade_state.h"
#include "proxy/host/users.h"

struct event_base;
struct children;

struct children_events {
	void (*ready)(void *arg);                  /* every role is up; again after each time that was not so */
	void (*lost)(void *arg);                   /* a role died and is to be started again */
	void (*failed)(void *arg, enum role role); /* died before its first READY */
	void (*drained)(void *arg);                /* after children_drain: no worker is left */
	void (*dnssec)(void *arg, const struct dnssec_report *report);        /* of policyd; borrowed for the call */
	void (*host)(void *arg, unsigned slot, const struct host_news *news); /* of the worker in |slot| */
	void (*log)(void *arg, enum log_level level, const char *line, size_t len);
	void (*older_gone)(void *arg);                      /* the last session of an older program ended, or was cut */
	void (*stranger)(void *arg, pid_t pid, int status); /* a process was reaped that is none of the roles */
};

struct children_plan {
	unsigned workers;
	bool monitor;
	bool root;     /* roles become their own users; else all run as this one */
	uint8_t flags; /* ROLE_FLAG_... */
	struct role_user users[ROLE_COUNT];
	const int *smtp_fds; /* one for each worker */
	int http_fd;         /* -1: none */
	int control_fd;
	const int *folder_fds; /* of state-dir, by role; -1: none. NULL: none at all */
	const char *program;   /* path of gate25, and its file (O_PATH), which is what runs */
	int program_fd;
	const char *policy_program; /* likewise gate25-policyd */
	int policy_program_fd;
	struct counters_past *past; /* grows by what a worker counted that is gone; NULL: nobody wants to know */
	struct children *older;     /* children_adopt's, which are these children's from now on; NULL: there are none */
};

/* |plan| is copied, with |older| only where NULL is not the answer; what it points at must outlive the children; so
 * must |inputs| until children_reload. */
struct children *children_new(struct event_base *base, const struct children_plan *plan, const struct inputs *inputs,
			      const struct children_events *events, void *arg);
MUST_CHECK bool children_start(struct children *children);
/* children_reload hands |inputs| to every role; they must outlive the children from now on. */
void children_reload(struct children *children, const struct inputs *inputs);
/* children_reload_workers: the inputs changed in what workers alone are given. */
void children_reload_workers(struct children *children);
/* children_drain asks the workers to accept nothing new and to end when their sessions have, which they may for
 * |limit_s|. Nobody is restarted any more. */
void children_drain(struct children *children, unsigned limit_s);
/* children_reaped is called after SIGCHLD. */
void children_reaped(struct children *children);
/* children_ready: how many are up. */
unsigned children_ready(const struct children *children);
/* children_kill ends all at once and waits for them; the monitor has a second to write what it has. */
void children_kill(struct children *children);
void children_free(struct children *children);

/* children_host_send tells the workers but the one in |slot|; best effort. */
void children_host_send(struct children *children, unsigned slot, const struct host_news *news);
/* children_status_send gives the monitor the gate's own state, JSON text, for /status.json. */
void children_status_send(struct children *children, const char *json);

/* --- an upgrade: roles of the program before this one, which finish their sessions ---------------------------------
 */

/* children_export writes these roles and the older ones into |out|, |groups| and |children|, descriptors borrowed.
 * Those of these that are not up are killed: who takes over starts its own. False with a sentence: too many still
 * finish. */
MUST_CHECK bool children_export(const struct children *children, struct upgrade_state *out, bool for_good, char *err,
				size_t err_len);
/* children_settled: no message waits to be sent. */
bool children_settled(const struct children *children);

/* children_adopt makes the children of all groups of |state|: the last one's serve as before until
 * children_drain_older, the others finish already. What has ended meanwhile is left out. Descriptors are duplicated.
 * NULL: out of memory. |events|: log and older_gone. */
struct children *children_adopt(struct event_base *base, const struct upgrade_state *state,
				const struct children_events *events, void *arg, struct counters_past *past);
/* children_hush makes the youngest of |older| let go of what only one program can have, before the new roles start: the
 * policies on disk, history, HTTP and control socket. It waits for that, two seconds at most. */
void children_hush(struct children *older);
/* children_drain_older: from now on the older ones accept nothing, and may finish for |limit_s|. */
void children_drain_older(struct children *children, unsigned limit_s);
/* children_older: how many workers of older programs run; |out_groups|: of how many programs. */
unsigned children_older(const struct children *children, unsigned *out_groups);
/* children_kill_young kills and reaps these, not the older ones. */
void children_kill_young(struct children *children);

#endif

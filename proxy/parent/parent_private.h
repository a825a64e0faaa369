/* parent_private.h - what the files of the parent share: its state, and what each of them does with it. */
#ifndef GATE25_PROXY_PARENT_PARENT_PRIVATE_H
#define GATE25_PROXY_PARENT_PARENT_PRIVATE_H

#include <event2/util.h>
#include <time.h>

#include "proxy/roles/children.h"
#include "proxy/gate/gatekeeper.h"
#include "proxy/inputs/inputs.h"
#include "proxy/inputs/list_watch.h"
#include "proxy/parent/parent.h"
#include "proxy/host/programs.h"
#include "proxy/parent/readiness.h"
#include "proxy/host/state_dir.h"
#include "proxy/upgrade/upgrade_result.h"
#include "proxy/upgrade/upgrade_state.h"
#include "proxy/host/users.h"

struct upgrade {
	bool wanted;      /* and not begun */
	bool under_way;   /* until the new program runs, or is refused */
	uint32_t attempt; /* the last that was begun */
	int program_fd;   /* of the new program */
	pid_t asked;      /* a process of it that says whether it would do; 0: none */
	int said_fd;      /* what it says */
	struct event *look;
	unsigned looks; /* whether all messages to the roles are sent */
};

struct parent {
	const struct parent_options *options;
	struct event_base *base;
	struct inputs inputs;
	struct gatekeeper *keeper; /* NULL with no_rules */
	struct children *children;
	struct host_ledger *hosts;
	struct children *older; /* adopted, until |children| has them */
	bool young_drained;     /* no session of |children| runs any more, in a stop */
	struct event *signals[5];
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
	struct counters_past past;
	struct upgrade upgrade;
	struct upgrade_state *inherited; /* until this program is announced; NULL: a start of its own */
	unsigned repairs_before;
};

/* parent.c: the steps of a start that are those of an upgrade too */
MUST_CHECK bool parent_catch_signals(struct parent *parent, char *err, size_t err_len);
MUST_CHECK bool parent_close_gate(struct parent *parent, char *err, size_t err_len);

/* parent_roles.c */
MUST_CHECK bool parent_start_roles(struct parent *parent, char *err, size_t err_len);

/* parent_upgrade.c */
MUST_CHECK bool parent_upgrade_init(struct parent *parent);
void parent_upgrade_cleanup(struct parent *parent);
void parent_on_upgrade(evutil_socket_t signal_number, short what, void *arg);
void parent_upgrade_next(struct parent *parent); /* begins one that is wanted, if it can begin now */
bool parent_upgrade_answered(struct parent *parent, pid_t pid, int status); /* false: it was not asked */
void parent_upgrade_result(const struct parent *parent, enum upgrade_outcome outcome, const char *text);

/* parent_exec.c */
/* The state as it is now, the caller's to free; |for_good|: as children_export. NULL with a sentence. */
struct upgrade_state *parent_upgrade_collect(const struct parent *parent, bool for_good, char *err, size_t err_len);
/* parent_run_instead returns only where that fails, with errno. |back|: the program before this one. */
void parent_run_instead(const struct parent *parent, struct upgrade_state *state, int state_fd, int program_fd,
			bool back);
/* In the new program: it is announced; or it cannot be, and the old one runs instead: returns where it does not. */
void parent_upgrade_done(struct parent *parent);
void parent_upgrade_back(struct parent *parent, const char *why);
void parent_unblock_signals(void); /* which an upgrade holds back */

/* parent_resume.c: the start by an upgrade. inherit comes before all else. */
MUST_CHECK bool parent_inherit(struct parent *parent, char *err, size_t err_len);
MUST_CHECK bool parent_resume(struct parent *parent, char *err, size_t err_len);

/* parent_log.c */
void parent_log_apply(const struct conf *conf);
void parent_log_role(void *arg, enum log_level level, const char *line, size_t len);      /* children_events.log */
void parent_log_warning(void *arg, const char *file, unsigned line, const char *message); /* a conf_error_fn */

/* parent_status.c: what is known of the gate, and who is told. Called after each change. */
void parent_go_on(struct parent *parent);
void parent_tell_status(struct parent *parent);
unsigned parent_repairs(const struct parent *parent);
void parent_on_dnssec(void *arg, const struct dnssec_report *report); /* children_events.dnssec */

/* parent_hosts.c: the ledger of hosts that fail (host_ledger.h) */
MUST_CHECK bool parent_hosts_begin(struct parent *parent);
void parent_on_host(void *arg, unsigned slot, const struct host_news *news); /* children_events.host */
int64_t parent_now_s(void);                                                  /* monotonic */

/* parent_stop.c */
void parent_end_loop(struct parent *parent);
bool parent_is_stopping(const struct parent *parent);
void parent_on_older_gone(void *arg); /* children_events.older_gone */
void parent_on_drained(void *arg);    /* children_events.drained */
void parent_on_terminate(evutil_socket_t signal_number, short what, void *arg);
void parent_on_drain_limit(evutil_socket_t fd, short what, void *arg);

/* parent_reload.c */
void parent_on_reload(evutil_socket_t signal_number, short what, void *arg);
void parent_keep_conf(const struct parent *parent); /* what is in force now, for the guard at the next boot */

/* parent_listen.c */
unsigned parent_worker_count(const struct conf *conf);
MUST_CHECK bool parent_listen(struct parent *parent, char *err, size_t err_len);
MUST_CHECK bool parent_listen_monitor(struct parent *parent, char *err, size_t err_len);
void parent_close_listeners(struct parent *parent);

/* parent_limits.c: what the parent gives up once its files and sockets are open, and what it needs more of. */
MUST_CHECK bool parent_limit(const struct parent *parent, char *err, size_t err_len);
void parent_raise_limits(const struct conf *conf);

#endif

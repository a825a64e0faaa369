/* parent_private.h - what the files of the parent share: its state, and what each of them does with it. */
#ifndef GATE25_PROXY_PARENT_PARENT_PRIVATE_H
#define GATE25_PROXY_PARENT_PARENT_PRIVATE_H

#include <event2/util.h>
#include <time.h>

#include "proxy/parent/children.h"
#include "proxy/parent/gatekeeper.h"
#include "proxy/parent/inputs.h"
#include "proxy/parent/list_watch.h"
#include "proxy/parent/parent.h"
#include "proxy/parent/programs.h"
#include "proxy/parent/readiness.h"
#include "proxy/parent/state_dir.h"
#include "proxy/parent/users.h"

struct parent {
	const struct parent_options *options;
	struct event_base *base;
	struct inputs inputs;
	struct gatekeeper *keeper; /* NULL with no_rules */
	struct children *children;
	struct host_ledger *hosts;
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

/* parent_log.c */
void parent_log_apply(const struct conf *conf);
void parent_log_role(void *arg, enum log_level level, const char *line, size_t len);      /* children_events.log */
void parent_log_warning(void *arg, const char *file, unsigned line, const char *message); /* a conf_error_fn */

/* parent_status.c: what is known of the gate, and who is told. Called after each change. */
void parent_go_on(struct parent *parent);
void parent_tell_status(struct parent *parent);
void parent_on_dnssec(void *arg, const struct dnssec_report *report); /* children_events.dnssec */

/* parent_hosts.c: the ledger of hosts that fail (host_ledger.h) */
MUST_CHECK bool parent_hosts_begin(struct parent *parent);
void parent_on_host(void *arg, unsigned slot, const struct host_news *news); /* children_events.host */
int64_t parent_now_s(void);                                                  /* monotonic */

/* parent_stop.c */
void parent_end_loop(struct parent *parent);
void parent_on_drained(void *arg); /* children_events.drained */
void parent_on_terminate(evutil_socket_t signal_number, short what, void *arg);
void parent_on_drain_limit(evutil_socket_t fd, short what, void *arg);

/* parent_reload.c */
void parent_on_reload(evutil_socket_t signal_number, short what, void *arg);
void parent_keep_conf(const struct parent *parent); /* what is in force now, for the guard at the next boot */

/* parent_listen.c */
unsigned parent_worker_count(const struct conf *conf);
MUST_CHECK bool parent_listen(struct parent *parent, char *err, size_t err_len);
void parent_close_listeners(struct parent *parent);

/* parent_limits.c: what the parent gives up once its files and sockets are open, and what it needs more of. */
MUST_CHECK bool parent_limit(const struct parent *parent, char *err, size_t err_len);
void parent_raise_limits(const struct conf *conf);

#endif

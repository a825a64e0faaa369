/* sessions.h - a worker's sessions: accepts intercepted connections, refuses what was not intercepted, holds the rest
 * to their end. */
#ifndef GATE25_PROXY_WORKER_SESSIONS_H
#define GATE25_PROXY_WORKER_SESSIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "proxy/base/attrib.h"

struct conn;
struct conn_host;
struct counters;
struct event_base;
struct host_memory;
struct sessions;

struct sessions_plan {
	struct event_base *base;
	const struct conn_host *host; /* kept; sessions_ended belongs into its |ended| */
	struct counters *counters;
	int listen_fd;            /* taken */
	bool privileged;          /* may mark sockets and use foreign addresses */
	bool intercepts;          /* the rules are gate25's own; else every client counts as one of this host */
	void (*empty)(void *arg); /* after sessions_drain: the last session has ended */
	void *arg;
};

struct sessions *sessions_new(const struct sessions_plan *plan);
/* sessions_drain accepts nothing more; the running ones go on. */
void sessions_drain(struct sessions *sessions);
/* sessions_shutdown ends them: each client is told 421 in its turn. */
void sessions_shutdown(struct sessions *sessions);
/* What its sessions know of hosts. */
struct host_memory *sessions_hosts(struct sessions *sessions);
unsigned sessions_count(const struct sessions *sessions);
void sessions_ended(struct sessions *sessions, struct conn *conn);
void sessions_free(struct sessions *sessions); /* drops what is left */

#endif

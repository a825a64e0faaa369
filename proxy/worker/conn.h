/* conn.h - drives one session: the machine (session.h) on one side, its two legs, its timer and its questions on the
 * other. */
#ifndef GATE25_PROXY_WORKER_CONN_H
#define GATE25_PROXY_WORKER_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/verdict/tls_report.h"
#include "policy/verdict/verdict.h"
#include "proxy/base/addr.h"
#include "proxy/base/attrib.h"
#include "proxy/session/session_record.h"
#include "proxy/worker/handshakes.h"
#include "proxy/worker/upstream.h"

struct conn;
struct counters;
struct crowd_group;
struct event_base;
struct session_options;
struct settings;

enum conn_side { CONN_SERVER = 0, CONN_CLIENT, CONN_SIDES };

/* What a session needs of its worker. Outlives every conn. */
struct conn_host {
	struct event_base *base;
	struct counters *counters; /* NULL: none */
	/* The turns at unfinished TLS handshakes with servers and with clients (conn_handshakes_new); NULL: no limit.
	 * Two, so that clients who never finish theirs do not keep mail from its servers. */
	struct handshakes *handshakes[CONN_SIDES];
	/* Ask for a verdict. |*out|: the answer, a reference for the caller, if it is known already. Else the id of the
	 * question, conn_answer follows; 0: it cannot be asked. */
	uint32_t (*ask)(void *arg, struct conn *conn, const struct verdict_question *question, struct verdict **out);
	void (*cancel)(void *arg, uint32_t id);
	/* The settings that are in force now; borrowed until the next reload. */
	struct settings *(*settings)(void *arg);
	void (*record)(void *arg, const struct session_record *record);
	void (*report)(void *arg, const struct tls_report *report); /* for the domain that asks for it */
	/* The conn is over and has freed itself. */
	void (*ended)(void *arg, struct conn *conn);
	void *arg;
};

/* conn_new takes |fd|, the accepted client, also when it returns NULL. |upstream| says how to dial; its port_taken is
 * set by the conn's owner. */
struct conn *conn_new(const struct conn_host *host, int fd, const struct session_options *options,
		      const struct upstream_plan *upstream);
/* conn_answer hands over the verdict that was asked for; NULL: there will be none. The conn may be gone afterwards. */
void conn_answer(struct conn *conn, struct verdict *verdict);
/* conn_shutdown: the process ends; the session says so and closes. */
void conn_shutdown(struct conn *conn);
/* conn_sheddable: whether conn_shed would end it; |*out_since_s|: session_progress_s. */
bool conn_sheddable(const struct conn *conn, uint64_t *out_since_s);
/* conn_shed ends it to make room: the client is told 421. The conn may be gone afterwards. */
void conn_shed(struct conn *conn, const char *reason);
/* conn_free drops the session at once, without a word: nothing was acknowledged that the server did not acknowledge. */
void conn_free(struct conn *conn);

const struct endpoint *conn_client(const struct conn *conn);
const struct endpoint *conn_destination(const struct conn *conn);

struct handshakes *conn_handshakes_new(struct event_base *base, struct counters *counters, enum conn_side side);

/* A place for the owner's list, and for the crowds that it counts the session in. */
struct conn_link {
	struct conn *next;
	struct conn *prev;
	struct crowd_group *same_client;
	struct crowd_group *same_destination;
};
struct conn_link *conn_link(struct conn *conn);

#endif

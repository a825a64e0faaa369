/* handshakes.h - turns at unfinished TLS handshakes, so that there are never more of them than the limit: first come,
 * first served. Whoever is beyond it waits, for a refusal would only drive mail into clear text (a client that may do
 * without TLS does without) or away from a server that is well.
 *
 * Who holds a turn for HANDSHAKES_OVERDUE_S while others wait (HANDSHAKES_RUSH_S: while as many wait as can run) is
 * told that it is overdue, and must give it back: so those who begin handshakes and never finish them can make the
 * others wait, and not for ever. */
#ifndef GATE25_PROXY_WORKER_HANDSHAKES_H
#define GATE25_PROXY_WORKER_HANDSHAKES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "proxy/base/attrib.h"
#include "proxy/monitor/counters.h"

struct event_base;
struct handshakes;

#define HANDSHAKES_OVERDUE_S 10
#define HANDSHAKES_RUSH_S    3 /* a handshake takes a few round trips; those who wait have a minute at most */

enum handshake_state { HANDSHAKE_NONE = 0, HANDSHAKE_WAITS, HANDSHAKE_RUNS };

/* In the owner; all zeros before its first use. Private. */
struct handshake_turn {
	TAILQ_ENTRY(handshake_turn) at;
	enum handshake_state state;
	uint64_t since_s;  /* it waits, or runs */
	uint64_t waited_s; /* before it ran */
	void *arg;
};

struct handshakes_plan {
	struct event_base *base;
	void (*go)(void *arg); /* its turn has come; from the loop */
	/* It is overdue: it leaves within the call. */
	void (*overdue)(void *arg);
	struct counters *counters; /* NULL: none */
	enum counter running;      /* gauges */
	enum counter waiting;
};

struct handshakes *handshakes_new(const struct handshakes_plan *plan);
/* handshakes_free: every turn was given back before. NULL is fine. */
void handshakes_free(struct handshakes *handshakes);

/* handshakes_enter: true: begin at once; false: wait, |go| is called with |arg|. |max| is the limit from now on. */
MUST_CHECK bool handshakes_enter(struct handshakes *handshakes, struct handshake_turn *turn, void *arg, unsigned max);
/* handshakes_leave: it is over, or is not to be any more. Of no turn it does nothing. */
void handshakes_leave(struct handshakes *handshakes, struct handshake_turn *turn);
bool handshake_waits(const struct handshake_turn *turn);
/* handshake_came_late: it waited, and has run for less than HANDSHAKES_OVERDUE_S: not long enough to say that the peer
 * is slow. */
bool handshake_came_late(const struct handshake_turn *turn);
/* handshake_was_held: it waited for HANDSHAKES_OVERDUE_S or more: a peer that does not wait for so long may be well. */
bool handshake_was_held(const struct handshake_turn *turn);

#endif

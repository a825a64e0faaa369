/* leg.h - one side of a session: a socket, clear or TLS, with its input and output buffered.
 *
 * Events come from the event loop alone, never from inside a call. After leg_free or leg_linger none comes any more. */
#ifndef GATE25_PROXY_WORKER_LEG_H
#define GATE25_PROXY_WORKER_LEG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/attrib.h"

struct event_base;
struct leg;
struct tls;

#define LEG_INPUT_MAX     (96U * 1024) /* then the peer waits; more than the longest reply */
#define LEG_LINGERING_MAX 256          /* of a process: nobody who does not close takes more files than that */

struct leg_events {
	/* Input grew, the peer closed or broke, or output went out: look again. */
	void (*changed)(void *arg);
	void (*connected)(void *arg);
	void (*not_connected)(void *arg, const char *reason);
	void (*tls_ready)(void *arg);
	void (*tls_failed)(void *arg, const char *reason);
};

enum leg_end {
	LEG_OPEN,
	LEG_CLOSED, /* the peer sent its last octet; what is buffered came before */
	LEG_BROKEN, /* reset, timed out, TLS error; likewise, but nothing can be written */
};

/* leg_new takes |fd|, also when it returns NULL. |connecting|: the outcome is awaited first. */
struct leg *leg_new(struct event_base *base, int fd, bool connecting, const struct leg_events *events, void *arg);
void leg_free(struct leg *leg); /* closes at once; NULL is fine */

/* leg_linger gives the leg away: what is written goes out, then TLS and socket are closed and the peer's end is
 * awaited; after |seconds| it is over in any case, and before that where LEG_LINGERING_MAX others came after it. */
void leg_linger(struct leg *leg, unsigned seconds);

enum leg_end leg_ended(const struct leg *leg);
/* leg_why: of a leg that ended while it was clear or in TLS, one sentence of how, or "" where the peer closed it and
 * that is all. Borrowed. */
const char *leg_why(const struct leg *leg);

/* leg_input returns the buffered octets, contiguous, borrowed until the next call on |leg|. */
const uint8_t *leg_input(struct leg *leg, size_t *out_len);
void leg_consume(struct leg *leg, size_t len);
/* leg_write queues. Once the leg is broken it is a no-op. */
void leg_write(struct leg *leg, const void *bytes, size_t len);
size_t leg_unsent(const struct leg *leg);

/* leg_shut: nothing more is written; when all that was is out, the peer is told that this was the last (in clear). */
void leg_shut(struct leg *leg);
/* leg_has_octets: of the peer, buffered or in the socket. */
bool leg_has_octets(const struct leg *leg);

bool leg_is_tls(const struct leg *leg); /* only after tls_ready */

/* leg_start_tls takes |tls|, made on this leg's descriptor (leg_fd). Octets in clear that are still buffered when the
 * loop runs next, of either direction, or wait in the socket, are a failure. tls_ready or tls_failed follows. */
void leg_start_tls(struct leg *leg, struct tls *tls);
/* leg_accept_tls likewise, at the other end: the peer is a client, |tls| a server's. What is written already (the 220)
 * goes out in clear first, and nothing of the peer is read before. Octets in clear that are buffered when the loop runs
 * next are a failure. */
void leg_accept_tls(struct leg *leg, struct tls *tls);
/* leg_hold_tls: while it is held, TLS that was started does not begin: no octet of a handshake is read or written. */
void leg_hold_tls(struct leg *leg, bool held);
int leg_fd(const struct leg *leg);
struct tls *leg_tls(struct leg *leg); /* borrowed; NULL in clear */

#endif

/* leg.c - see leg.h. */
#include "proxy/worker/leg.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/tls/tls.h"

#define READ_AT_ONCE 16384
#define OUTPUT_CHUNK 16384

enum phase { PHASE_CONNECTING, PHASE_CLEAR, PHASE_START_TLS, PHASE_HANDSHAKE, PHASE_TLS, PHASE_LINGER };

struct leg {
	TAILQ_ENTRY(leg) lingering; /* PHASE_LINGER: in |lingerers| */
	int fd;
	enum phase phase;
	enum leg_end end;
	const struct leg_events *events;
	void *arg;
	struct event *readable; /* both persistent; pending exactly while wanted */
	struct event *writable;
	struct event *later; /* report from the loop what a call found out; the limit of lingering */
	struct evbuffer *in;
	struct evbuffer *out;
	struct tls *tls;
	bool serves; /* of TLS: the peer is a client */
	bool held;   /* TLS must not begin yet */
	bool last;   /* leg_shut was called */
	bool shut;   /* our end was sent */
	/* TLS may want the other direction for a step. */
	bool read_wants_write;
	bool write_wants_read;
	char why[TLS_ERROR_MAX]; /* it broke */
};

/* Those of this process that linger, the oldest first: they belong to no session any more. */
static TAILQ_HEAD(lingerers, leg) lingerers = TAILQ_HEAD_INITIALIZER(lingerers);
static unsigned lingerers_count;

static void arm(struct event *event, bool wanted)
{
	if (wanted && !event_pending(event, EV_READ | EV_WRITE, NULL))
		(void)event_add(event, NULL);
	else if (!wanted)
		(void)event_del(event);
}

static void rearm(struct leg *leg)
{
	bool open = leg->end == LEG_OPEN;
	bool room = evbuffer_get_length(leg->in) < LEG_INPUT_MAX;
	bool unsent = evbuffer_get_length(leg->out) > 0;

	switch (leg->phase) {
	case PHASE_CONNECTING:
		arm(leg->readable, false);
		arm(leg->writable, open);
		return;
	case PHASE_CLEAR:
		arm(leg->readable, open && room);
		arm(leg->writable, leg->end != LEG_BROKEN && unsent);
		return;
	case PHASE_START_TLS:
	case PHASE_HANDSHAKE: return; /* the step arms what it wants */
	case PHASE_TLS:
		arm(leg->readable, open && ((room && !leg->read_wants_write) || leg->write_wants_read));
		arm(leg->writable,
		    leg->end != LEG_BROKEN && ((unsent && !leg->write_wants_read) || leg->read_wants_write));
		return;
	case PHASE_LINGER:
		arm(leg->readable, open);
		arm(leg->writable, leg->end != LEG_BROKEN && unsent);
		return;
	}
}

/* broke: the first cause is kept. */
static void broke(struct leg *leg, const char *why)
{
	if (leg->why[0] == '\0')
		(void)snprintf(leg->why, sizeof(leg->why), "%s", why);
	leg->end = LEG_BROKEN;
	(void)evbuffer_drain(leg->out, evbuffer_get_length(leg->out));
}

/* --- moving octets -------------------------------------------------------------------------------------------------
 */

/* Writing to a connection that was reset before is EPIPE. */
static void broke_by(struct leg *leg, int problem)
{
	char why[TLS_ERROR_MAX];

	(void)snprintf(why, sizeof(why), "the connection broke: %s", strerror(problem != EPIPE ? problem : ECONNRESET));
	broke(leg, why);
}

/* keep buffers what was read. Octets that no memory is left for break the leg: a message with a hole is none. */
static bool keep(struct leg *leg, const char *bytes, size_t len)
{
	if (evbuffer_add(leg->in, bytes, len) == 0)
		return true;
	broke(leg, "out of memory");
	return false;
}

/* read_clear reads once. Returns false when there is nothing more now. */
static bool read_clear(struct leg *leg)
{
	char buf[READ_AT_ONCE];
	ssize_t n = recv(leg->fd, buf, sizeof(buf), 0);

	if (n > 0)
		return keep(leg, buf, (size_t)n) && (size_t)n == sizeof(buf);
	if (n == 0)
		leg->end = LEG_CLOSED;
	else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
		broke_by(leg, errno);
	return false;
}

static bool read_tls(struct leg *leg)
{
	char buf[READ_AT_ONCE];
	size_t n = 0;

	leg->read_wants_write = false;
	switch (tls_read(leg->tls, buf, sizeof(buf), &n)) {
	case TLS_DONE: return keep(leg, buf, n);
	case TLS_WANT_READ: return false;
	case TLS_WANT_WRITE: leg->read_wants_write = true; return false;
	case TLS_CLOSED: leg->end = LEG_CLOSED; return false;
	case TLS_FAILED: break;
	}
	broke(leg, tls_error(leg->tls));
	return false;
}

/* fill reads until the socket, or the bound, is reached. TLS must be read dry: decrypted octets wake no poll. */
static void fill(struct leg *leg)
{
	while (leg->end == LEG_OPEN && evbuffer_get_length(leg->in) < LEG_INPUT_MAX &&
	       (leg->phase == PHASE_TLS ? read_tls(leg) : read_clear(leg)))
		;
}

/* send_some writes the head of the output. Returns how much went, 0 when it must wait or the leg broke. */
static size_t send_some(struct leg *leg)
{
	size_t len = evbuffer_get_length(leg->out);
	size_t sent = 0;
	const unsigned char *head;

	if (len > OUTPUT_CHUNK)
		len = OUTPUT_CHUNK;
	head = evbuffer_pullup(leg->out, (ev_ssize_t)len);
	if (leg->tls == NULL || leg->phase == PHASE_START_TLS) {
		ssize_t n = send(leg->fd, head, len, MSG_NOSIGNAL);
		if (n >= 0)
			return (size_t)n;
		if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
			broke_by(leg, errno);
		return 0;
	}
	leg->write_wants_read = false;
	switch (tls_write(leg->tls, head, len, &sent)) {
	case TLS_DONE: return sent;
	case TLS_WANT_WRITE: return 0;
	case TLS_WANT_READ: leg->write_wants_read = true; return 0;
	case TLS_CLOSED:
	case TLS_FAILED: break;
	}
	broke(leg, tls_error(leg->tls));
	return 0;
}

static void flush(struct leg *leg)
{
	size_t sent;

	while (leg->end != LEG_BROKEN && evbuffer_get_length(leg->out) > 0 && (sent = send_some(leg)) > 0)
		(void)evbuffer_drain(leg->out, sent);
}

/* send_end tells the peer that there is no more, once that is so. */
static void send_end(struct leg *leg)
{
	if (!leg->last || leg->shut || leg->end == LEG_BROKEN || evbuffer_get_length(leg->out) > 0)
		return;
	(void)shutdown(leg->fd, SHUT_WR);
	leg->shut = true;
}

/* --- phases --------------------------------------------------------------------------------------------------------
 */

static void step_connecting(struct leg *leg)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(leg->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	leg->phase = PHASE_CLEAR;
	if (error != 0)
		broke_by(leg, error);
	rearm(leg);
	if (error != 0)
		leg->events->not_connected(leg->arg, strerror(error));
	else
		leg->events->connected(leg->arg);
}

static void end_handshake(struct leg *leg, const char *reason)
{
	broke(leg, reason);
	leg->phase = PHASE_CLEAR;
	rearm(leg);
	leg->events->tls_failed(leg->arg, reason);
}

bool leg_has_octets(const struct leg *leg)
{
	char octet;

	return evbuffer_get_length(leg->in) > 0 || recv(leg->fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static void step_handshake(struct leg *leg);

static void begin_handshake(struct leg *leg)
{
	arm(leg->readable, false);
	arm(leg->writable, false);
	if (leg->held)
		return; /* leg_hold_tls comes back to it */
	leg->phase = PHASE_HANDSHAKE;
	step_handshake(leg);
}

/* The client's own octets may be in the socket by now: its ClientHello, and whatever else is there is no TLS. */
static void step_accept_tls(struct leg *leg)
{
	if (evbuffer_get_length(leg->in) > 0) {
		end_handshake(leg, "the client sent data in clear behind STARTTLS");
		return;
	}
	flush(leg);
	if (leg->end != LEG_OPEN) {
		end_handshake(leg, "the client closed the connection where TLS should begin");
	} else if (evbuffer_get_length(leg->out) > 0) {
		arm(leg->writable, true);
	} else {
		begin_handshake(leg);
	}
}

static void step_start_tls(struct leg *leg)
{
	if (leg->serves) {
		step_accept_tls(leg);
	} else if (leg_has_octets(leg)) {
		end_handshake(leg, "the server sent data in clear where TLS should begin");
	} else if (evbuffer_get_length(leg->out) > 0) {
		/* Our STARTTLS itself: it would go out over TLS. Who answers it already did not read it. */
		end_handshake(leg, "the server answered STARTTLS before it was asked");
	} else if (leg->end != LEG_OPEN) {
		end_handshake(leg, "the server closed the connection where TLS should begin");
	} else {
		begin_handshake(leg);
	}
}

static void step_handshake(struct leg *leg)
{
	enum tls_step step = tls_handshake(leg->tls);

	switch (step) {
	case TLS_WANT_READ:
	case TLS_WANT_WRITE:
		arm(leg->readable, step == TLS_WANT_READ);
		arm(leg->writable, step == TLS_WANT_WRITE);
		return;
	case TLS_DONE:
		leg->phase = PHASE_TLS;
		rearm(leg);
		leg->events->tls_ready(leg->arg);
		return;
	case TLS_CLOSED:
	case TLS_FAILED: break;
	}
	end_handshake(leg, tls_error(leg->tls));
}

/* step_linger sends what is left, then our end, then waits for the peer's, reading whatever it still says: closing with
 * unread input would send a reset that can destroy what we wrote. */
static void step_linger(struct leg *leg)
{
	char buf[4096];
	ssize_t n = 1;

	flush(leg);
	if (leg->end != LEG_BROKEN && evbuffer_get_length(leg->out) == 0 && !leg->shut) {
		if (leg->tls != NULL)
			(void)!tls_shutdown(leg->tls);
		(void)shutdown(leg->fd, SHUT_WR);
		leg->shut = true;
	}
	for (int i = 0; i < 16 && n > 0; i++)
		n = recv(leg->fd, buf, sizeof(buf), 0);
	if (leg->end != LEG_BROKEN && (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)))
		leg->end = leg->shut || n < 0 ? LEG_BROKEN : LEG_CLOSED;
	if (leg->end == LEG_BROKEN)
		leg_free(leg);
	else
		rearm(leg);
}

static void step(struct leg *leg, short what)
{
	switch (leg->phase) {
	case PHASE_CONNECTING: step_connecting(leg); return;
	case PHASE_START_TLS: step_start_tls(leg); return;
	case PHASE_HANDSHAKE: step_handshake(leg); return;
	case PHASE_LINGER: step_linger(leg); return;
	case PHASE_CLEAR:
	case PHASE_TLS: break;
	}
	/* Reading comes first: a peer's last words are heard before a write to it fails. */
	fill(leg);
	if ((what & EV_WRITE) != 0 || leg->write_wants_read)
		flush(leg);
	send_end(leg);
	rearm(leg);
	leg->events->changed(leg->arg);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	step(arg, what);
}

static void on_later(evutil_socket_t fd, short what, void *arg)
{
	struct leg *leg = arg;

	(void)fd;
	(void)what;
	if (leg->phase == PHASE_LINGER) {
		leg_free(leg);
	} else if (leg->phase == PHASE_START_TLS) {
		step_start_tls(leg);
	} else {
		leg->events->changed(leg->arg);
	}
}

/* --- the interface -------------------------------------------------------------------------------------------------
 */

struct leg *leg_new(struct event_base *base, int fd, bool connecting, const struct leg_events *events, void *arg)
{
	struct leg *leg = calloc(1, sizeof(*leg));

	if (leg == NULL) {
		(void)close(fd);
		return NULL;
	}
	*leg = (struct leg){ .fd = fd, .events = events, .arg = arg };
	leg->phase = connecting ? PHASE_CONNECTING : PHASE_CLEAR;
	leg->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_event, leg);
	leg->writable = event_new(base, fd, EV_WRITE | EV_PERSIST, on_event, leg);
	leg->later = evtimer_new(base, on_later, leg);
	leg->in = evbuffer_new();
	leg->out = evbuffer_new();
	if (leg->readable == NULL || leg->writable == NULL || leg->later == NULL || leg->in == NULL ||
	    leg->out == NULL) {
		leg_free(leg);
		return NULL;
	}
	rearm(leg);
	return leg;
}

void leg_free(struct leg *leg)
{
	if (leg == NULL)
		return;
	if (leg->phase == PHASE_LINGER) {
		TAILQ_REMOVE(&lingerers, leg, lingering);
		lingerers_count--;
	}
	if (leg->readable != NULL)
		event_free(leg->readable);
	if (leg->writable != NULL)
		event_free(leg->writable);
	if (leg->later != NULL)
		event_free(leg->later);
	if (leg->in != NULL)
		evbuffer_free(leg->in);
	if (leg->out != NULL)
		evbuffer_free(leg->out);
	tls_free(leg->tls);
	(void)close(leg->fd);
	free(leg);
}

void leg_linger(struct leg *leg, unsigned seconds)
{
	const struct timeval limit = { .tv_sec = seconds };
	bool speaks = leg->phase == PHASE_CLEAR || leg->phase == PHASE_TLS;

	(void)event_del(leg->later); /* it may be about to report something: that is nobody's news any more */
	if (!speaks || leg->end == LEG_BROKEN || evtimer_add(leg->later, &limit) != 0) {
		leg_free(leg);
		return;
	}
	leg->phase = PHASE_LINGER;
	TAILQ_INSERT_TAIL(&lingerers, leg, lingering);
	if (++lingerers_count > LEG_LINGERING_MAX)
		leg_free(TAILQ_FIRST(&lingerers));
	if (leg->end == LEG_CLOSED)
		leg->end = LEG_OPEN; /* its end is read once more below */
	step_linger(leg);
}

enum leg_end leg_ended(const struct leg *leg)
{
	return leg->end;
}

const char *leg_why(const struct leg *leg)
{
	if (leg->why[0] == '\0' && leg->tls != NULL && tls_truncated(leg->tls))
		return "the connection was closed without an end of TLS";
	return leg->why;
}

const uint8_t *leg_input(struct leg *leg, size_t *out_len)
{
	*out_len = evbuffer_get_length(leg->in);
	return *out_len > 0 ? evbuffer_pullup(leg->in, -1) : NULL;
}

void leg_consume(struct leg *leg, size_t len)
{
	(void)evbuffer_drain(leg->in, len);
	if (leg->phase == PHASE_TLS && tls_pending(leg->tls) > 0) {
		/* Octets that were left decrypted when the buffer was full: no poll tells of them. */
		fill(leg);
		event_active(leg->later, EV_TIMEOUT, 0);
	}
	rearm(leg);
}

void leg_write(struct leg *leg, const void *bytes, size_t len)
{
	bool mute = leg->phase == PHASE_CONNECTING || leg->phase == PHASE_START_TLS || leg->phase == PHASE_HANDSHAKE;

	if (leg->end == LEG_BROKEN || mute || leg->last)
		return;
	if (evbuffer_add(leg->out, bytes, len) != 0) {
		broke(leg, "out of memory");
		event_active(leg->later, EV_TIMEOUT, 0);
	}
	rearm(leg);
}

void leg_shut(struct leg *leg)
{
	leg->last = true;
	send_end(leg);
}

size_t leg_unsent(const struct leg *leg)
{
	return evbuffer_get_length(leg->out);
}

bool leg_is_tls(const struct leg *leg)
{
	return leg->phase == PHASE_TLS;
}

int leg_fd(const struct leg *leg)
{
	return leg->fd;
}

struct tls *leg_tls(struct leg *leg)
{
	return leg->tls;
}

void leg_start_tls(struct leg *leg, struct tls *tls)
{
	leg->tls = tls;
	leg->phase = PHASE_START_TLS;
	/* The first step comes from the loop: by then the owner has consumed the 220 that it is acting upon. */
	arm(leg->readable, false);
	arm(leg->writable, leg->end != LEG_BROKEN);
	if (leg->end == LEG_BROKEN)
		event_active(leg->later, EV_TIMEOUT, 0);
}

void leg_hold_tls(struct leg *leg, bool held)
{
	bool released = leg->held && !held;

	leg->held = held;
	if (released && leg->phase == PHASE_START_TLS)
		event_active(leg->later, EV_TIMEOUT, 0);
}

void leg_accept_tls(struct leg *leg, struct tls *tls)
{
	leg->serves = true;
	leg_start_tls(leg, tls);
}

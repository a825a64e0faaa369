/* conn.c - see conn.h. */
#include "proxy/worker/conn.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proxy/tls/tls.h"
#include "proxy/tls/tls_peer.h"
#include "proxy/worker/client_tls.h"
#include "proxy/worker/conn_private.h"
#include "proxy/worker/settings.h"

#define UNSENT_MAX   (256U * 1024) /* unread by a peer: then the other one waits */
#define FEED_AT_ONCE 64            /* events in one go, so that one session does not starve the others */

void conn_count(struct conn *conn, enum counter which)
{
	counters_add(conn->host->counters, which, 1);
}

uint64_t conn_now_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec;
}

void conn_look_again(struct conn *conn)
{
	event_active(conn->again, EV_TIMEOUT, 0);
}

void conn_keep_settings(struct conn *conn)
{
	struct settings *old = conn->of_verdict[conn->asked];

	conn->of_verdict[conn->asked] = settings_ref(conn->host->settings(conn->host->arg));
	settings_unref(old);
}

/* --- feeding the machine -------------------------------------------------------------------------------------------
 */

size_t conn_feed(struct conn *conn, struct session_event *event)
{
	event->now_s = conn_now_s();
	return session_feed(conn->session, event);
}

static void feed_kind(struct conn *conn, enum session_event_kind kind)
{
	struct tls *tls = leg_tls(conn->client);
	struct session_event event = { .kind = kind,
				       .reason = conn->reason,
				       .alert = tls != NULL ? tls_alert(tls) : 0,
				       .ours = conn->ours,
				       .unsent = conn->server != NULL && leg_unsent(conn->server) > 0 };

	if (kind == SESSION_CONNECTED)
		conn_count(conn, COUNTER_CONNECT_OK);
	else if (kind == SESSION_NOT_CONNECTED)
		conn_count(conn, COUNTER_CONNECT_FAILED);
	else if (kind == SESSION_TLS_FAILED)
		conn_count(conn, COUNTER_TLS_FAILED);
	(void)conn_feed(conn, &event);
	conn->reason[0] = '\0'; /* of this event alone */
}

static void feed_tls_ready(struct conn *conn)
{
	struct session_tls tls;
	struct session_event event = { .kind = SESSION_TLS_READY, .tls = &tls };
	const struct tls_session_facts *facts;

	conn->peer = tls_take_peer(leg_tls(conn->server));
	if (conn->peer == NULL) {
		(void)snprintf(conn->reason, sizeof(conn->reason), "the server's certificates cannot be kept");
		feed_kind(conn, SESSION_TLS_FAILED);
		return;
	}
	facts = tls_peer_facts(conn->peer);
	conn_count(conn, facts->version == CONF_TLS13 ? COUNTER_TLS13 : COUNTER_TLS12);
	tls = (struct session_tls){ .version = facts->version,
				    .weak = facts->weak,
				    .of_gate25 = tls_peer_is_gate25(conn->peer) };
	(void)snprintf(tls.version_name, sizeof(tls.version_name), "%s", facts->version_name);
	(void)snprintf(tls.cipher, sizeof(tls.cipher), "%s", facts->cipher);
	(void)conn_feed(conn, &event);
}

static void feed_client_tls_ready(struct conn *conn)
{
	struct session_tls tls;
	struct session_event event = { .kind = SESSION_CLIENT_TLS_READY, .tls = &tls };

	client_tls_describe(conn->client, &tls);
	(void)conn_feed(conn, &event);
}

static void feed_verdict(struct conn *conn)
{
	struct verdict *verdict = conn->verdict;
	struct session_event event = { .kind = SESSION_VERDICT, .verdict = verdict };

	conn->verdict = NULL;
	(void)conn_feed(conn, &event);
	verdict_unref(verdict);
}

/* take_waiting clears |what| and tells whether it was set. */
static bool take_waiting(struct conn *conn, enum waiting what)
{
	bool was = (conn->waiting & (unsigned)what) != 0;

	conn->waiting &= ~(unsigned)what;
	return was;
}

static bool feed_outcome(struct conn *conn)
{
	if (take_waiting(conn, WAIT_CONNECTED))
		feed_kind(conn, SESSION_CONNECTED);
	else if (take_waiting(conn, WAIT_NOT_CONNECTED))
		feed_kind(conn, SESSION_NOT_CONNECTED);
	else if (take_waiting(conn, WAIT_TLS_READY))
		feed_tls_ready(conn);
	else if (take_waiting(conn, WAIT_TLS_FAILED))
		feed_kind(conn, SESSION_TLS_FAILED);
	else if (take_waiting(conn, WAIT_VERDICT))
		feed_verdict(conn);
	else if (take_waiting(conn, WAIT_CLIENT_TLS_READY))
		feed_client_tls_ready(conn);
	else if (take_waiting(conn, WAIT_CLIENT_TLS_FAILED))
		feed_kind(conn, SESSION_CLIENT_TLS_FAILED);
	else if (take_waiting(conn, WAIT_SPLICE_ENDED))
		feed_kind(conn, SESSION_SPLICE_ENDED);
	else
		return false;
	return true;
}

static bool feed_octets(struct conn *conn, struct leg *leg, enum session_event_kind kind, size_t max)
{
	struct session_event event = { .kind = kind };
	size_t took;

	event.bytes = leg_input(leg, &event.len);
	if (event.len > max)
		event.len = max;
	if (event.len == 0)
		return false;
	took = conn_feed(conn, &event);
	/* The machine may have closed the very leg that the octets came from. */
	if (took > 0 && (leg == conn->client || leg == conn->server))
		leg_consume(leg, took);
	return took > 0;
}

static bool feed_server(struct conn *conn)
{
	if (conn->server == NULL || (session_want(conn->session) & SESSION_WANT_SERVER) == 0)
		return false;
	/* Also of a broken leg: what the server said before it went is what it has to say. */
	if (feed_octets(conn, conn->server, SESSION_SERVER_OCTETS, SIZE_MAX))
		return true;
	if (conn->server == NULL || leg_ended(conn->server) == LEG_OPEN || conn->server_closed)
		return false;
	conn->server_closed = true;
	(void)snprintf(conn->reason, sizeof(conn->reason), "%s", leg_why(conn->server));
	feed_kind(conn, SESSION_SERVER_CLOSED);
	return true;
}

/* room_for_client: how many of the client's octets may be fed now. Of a message no more than the server has room for:
 * its progress is then the server's as well. */
static size_t room_for_client(const struct conn *conn)
{
	size_t unsent = conn->server != NULL ? leg_unsent(conn->server) : 0;

	if (leg_unsent(conn->client) >= UNSENT_MAX || unsent >= UNSENT_MAX)
		return 0;
	return session_has_message(conn->session) ? UNSENT_MAX - unsent : SIZE_MAX;
}

static bool feed_client(struct conn *conn)
{
	size_t left;
	size_t room = room_for_client(conn);
	bool wanted = (session_want(conn->session) & SESSION_WANT_CLIENT) != 0;

	if (leg_ended(conn->client) != LEG_BROKEN && wanted && room > 0 &&
	    feed_octets(conn, conn->client, SESSION_CLIENT_OCTETS, room))
		return true;
	if (session_over(conn->session) || conn->client_closed || leg_ended(conn->client) == LEG_OPEN)
		return false;
	(void)leg_input(conn->client, &left);
	if (leg_ended(conn->client) == LEG_CLOSED && left > 0 && !(wanted && room > 0))
		return false;
	conn->client_closed = true;
	feed_kind(conn, SESSION_CLIENT_CLOSED);
	return true;
}

/* feed_legs feeds what the two sides said. */
static bool feed_legs(struct conn *conn)
{
	return conn->splice != NULL ? conn_splice(conn) : feed_server(conn) || feed_client(conn);
}

static void finish(struct conn *conn)
{
	leg_linger(conn->client, CONN_LINGER_S);
	conn->client = NULL;
	conn_free(conn);
}

/* pump feeds what there is until nothing moves. The conn may be gone when it returns. */
static void pump(struct conn *conn)
{
	bool moved = true;

	for (unsigned i = 0; moved && !conn->condemned && !session_over(conn->session); i++) {
		if (i == FEED_AT_ONCE) {
			conn_look_again(conn);
			return;
		}
		moved = feed_outcome(conn) || feed_legs(conn);
	}
	if (conn->condemned)
		conn_free(conn);
	else if (session_over(conn->session))
		finish(conn);
}

/* --- events --------------------------------------------------------------------------------------------------------
 */

static void on_changed(void *arg)
{
	pump(arg);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	pump(arg);
}

/* learn_local: over what address the server is spoken to, kept when the leg is gone. */
static void learn_local(struct conn *conn)
{
	struct sockaddr_storage storage;
	socklen_t len = sizeof(storage);
	struct endpoint at;

	if (getsockname(leg_fd(conn->server), (struct sockaddr *)&storage, &len) == 0 &&
	    endpoint_from_sockaddr(&at, &storage))
		conn->local = at.addr;
}

static void on_connected(void *arg)
{
	struct conn *conn = arg;

	learn_local(conn);
	conn->waiting |= WAIT_CONNECTED;
	pump(conn);
}

static void outcome(struct conn *conn, enum waiting what, const char *reason)
{
	conn->waiting |= (unsigned)what;
	(void)snprintf(conn->reason, sizeof(conn->reason), "%s", reason);
	pump(conn);
}

static void on_not_connected(void *arg, const char *reason)
{
	outcome(arg, WAIT_NOT_CONNECTED, reason);
}

static void on_tls_ready(void *arg)
{
	conn_leave_turn(arg, CONN_SERVER);
	outcome(arg, WAIT_TLS_READY, "");
}

static void on_tls_failed(void *arg, const char *reason)
{
	const struct conn *conn = arg;
	bool held = handshake_was_held(&conn->turns[CONN_SERVER]);

	conn_leave_turn(arg, CONN_SERVER);
	/* A server that is under load itself gives a client few seconds to begin: see on_timer. */
	if (held)
		conn_shed(arg, "too many TLS handshakes: the server did not wait until its turn came");
	else
		outcome(arg, WAIT_TLS_FAILED, reason);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;

	(void)fd;
	(void)what;
	/* Neither peer is to blame, and above all: nothing that a level lets pass instead of TLS. */
	if (conn_missed_turn(conn)) {
		conn_shed(conn, "too many TLS handshakes: its turn did not come in time");
		return;
	}
	feed_kind(conn, SESSION_TIMEOUT);
	pump(conn);
}

const struct leg_events conn_server_events = {
	.changed = on_changed,
	.connected = on_connected,
	.not_connected = on_not_connected,
	.tls_ready = on_tls_ready,
	.tls_failed = on_tls_failed,
};

static void on_client_tls_ready(void *arg)
{
	conn_leave_turn(arg, CONN_CLIENT);
	outcome(arg, WAIT_CLIENT_TLS_READY, "");
}

static void on_client_tls_failed(void *arg, const char *reason)
{
	conn_leave_turn(arg, CONN_CLIENT);
	outcome(arg, WAIT_CLIENT_TLS_FAILED, reason);
}

static const struct leg_events client_events = {
	.changed = on_changed,
	.tls_ready = on_client_tls_ready,
	.tls_failed = on_client_tls_failed,
};

/* --- life ----------------------------------------------------------------------------------------------------------
 */

struct conn *conn_new(const struct conn_host *host, int fd, const struct session_options *options,
		      const struct upstream_plan *upstream)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	if (conn == NULL) {
		(void)close(fd);
		return NULL;
	}
	conn->host = host;
	conn->settings = settings_ref(host->settings(host->arg));
	conn->upstream = *upstream;
	conn->client_at = options->client;
	conn->timer = evtimer_new(host->base, on_timer, conn);
	conn->again = evtimer_new(host->base, on_again, conn);
	conn->client = leg_new(host->base, fd, false, &client_events, conn);
	conn->session = session_new(options, &conn_ops, conn);
	if (conn->timer == NULL || conn->again == NULL || conn->client == NULL || conn->session == NULL) {
		conn_free(conn);
		return NULL;
	}
	conn->live = true;
	session_start(conn->session, conn_now_s());
	conn_look_again(conn);
	return conn;
}

void conn_answer(struct conn *conn, struct verdict *verdict)
{
	conn->question = 0;
	if (verdict != NULL) {
		conn->verdict = verdict_ref(verdict);
		conn_keep_settings(conn);
	}
	conn->waiting |= WAIT_VERDICT;
	pump(conn);
}

void conn_shutdown(struct conn *conn)
{
	feed_kind(conn, SESSION_SHUTDOWN);
	pump(conn);
}

void conn_shed(struct conn *conn, const char *reason)
{
	(void)snprintf(conn->reason, sizeof(conn->reason), "%s", reason);
	feed_kind(conn, SESSION_SHED);
	pump(conn);
}

void conn_free(struct conn *conn)
{
	const struct conn_host *host = conn->host;

	conn_leave_turn(conn, CONN_SERVER);
	conn_leave_turn(conn, CONN_CLIENT);
	if (conn->question != 0)
		host->cancel(host->arg, conn->question);
	verdict_unref(conn->verdict);
	leg_free(conn->client);
	leg_free(conn->server);
	tls_peer_free(conn->peer);
	splice_free(conn->splice);
	session_free(conn->session);
	settings_unref(conn->settings);
	for (unsigned kind = 0; kind < VERDICT_ASK_COUNT; kind++)
		settings_unref(conn->of_verdict[kind]);
	if (conn->timer != NULL)
		event_free(conn->timer);
	if (conn->again != NULL)
		event_free(conn->again);
	if (conn->live)
		host->ended(host->arg, conn);
	free(conn);
}

const struct endpoint *conn_client(const struct conn *conn)
{
	return &conn->client_at;
}

const struct endpoint *conn_destination(const struct conn *conn)
{
	return &conn->upstream.destination;
}

struct conn_link *conn_link(struct conn *conn)
{
	return &conn->link;
}

/* conn.c - see conn.h. */
#include "proxy/worker/conn.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "policy/verdict/demand.h"
#include "proxy/base/log.h"
#include "proxy/monitor/counters.h"
#include "proxy/worker/client_tls.h"
#include "proxy/worker/leg.h"
#include "proxy/session/session.h"
#include "proxy/worker/settings.h"
#include "proxy/tls/tls.h"
#include "proxy/tls/tls_verify.h"

#define UNSENT_MAX   (256U * 1024) /* unread by a peer: then the other one waits */
#define LINGER_S     5
#define FEED_AT_ONCE 64 /* events in one go, so that one session does not starve the others */

/* The outcome of an operation, fed after session_feed has returned. One of each kind can wait. */
enum waiting {
	WAIT_CONNECTED = 1,
	WAIT_NOT_CONNECTED = 2,
	WAIT_TLS_READY = 4,
	WAIT_TLS_FAILED = 8,
	WAIT_VERDICT = 16,
	WAIT_CLIENT_TLS_READY = 32,
	WAIT_CLIENT_TLS_FAILED = 64,
};
#define WAIT_OF_SERVER (WAIT_CONNECTED | WAIT_NOT_CONNECTED | WAIT_TLS_READY | WAIT_TLS_FAILED)

struct conn {
	struct conn_link link;
	const struct conn_host *host;
	struct settings *settings; /* those that it began with */
	struct session *session;
	struct leg *client;
	struct leg *server;    /* NULL: no leg */
	struct tls_peer *peer; /* of |server| once it speaks TLS */
	struct upstream_plan upstream;
	struct endpoint client_at;
	struct addr local; /* of the server leg, connected last: what the server sees; family 0: none was */
	struct event *timer;
	struct event *again; /* look once more, from the loop */
	unsigned waiting;
	struct verdict *verdict; /* with WAIT_VERDICT; NULL: none to be had */
	uint32_t question;       /* its id; 0: none is pending */
	bool client_closed;      /* was fed */
	bool server_closed;
	bool clear_counted; /* of this server leg */
	bool condemned;     /* a bug was caught: end without a word */
	bool live;          /* conn_new succeeded */
	bool ours;          /* with WAIT_NOT_CONNECTED: no packet was sent */
	char reason[256];   /* with WAIT_NOT_CONNECTED, WAIT_TLS_FAILED, WAIT_CLIENT_TLS_FAILED */
};

static void count(struct conn *conn, enum counter which)
{
	counters_add(conn->host->counters, which, 1);
}

static uint64_t now_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec;
}

static void look_again(struct conn *conn)
{
	event_active(conn->again, EV_TIMEOUT, 0);
}

/* --- operations of the machine ------------------------------------------------------------------------------------ */

static void op_to_client(void *arg, const void *bytes, size_t len)
{
	struct conn *conn = arg;

	leg_write(conn->client, bytes, len);
}

static void op_to_server(void *arg, enum session_speech speech, const void *bytes, size_t len)
{
	struct conn *conn = arg;

	if (conn->server == NULL)
		return;
	/* The machine decided already; this is the last gate before the wire, and it asks the leg itself. */
	if (speech != SESSION_SPEECH_OPEN && speech != SESSION_SPEECH_PERMITTED && !leg_is_tls(conn->server)) {
		log_say(LOG_LEVEL_ERROR, "bug", "envelope or content for a leg in clear: session dropped");
		leg_free(conn->server);
		conn->server = NULL;
		conn->condemned = true;
		look_again(conn);
		return;
	}
	if (speech == SESSION_SPEECH_PERMITTED && !conn->clear_counted && !leg_is_tls(conn->server)) {
		conn->clear_counted = true;
		count(conn, COUNTER_CLEAR);
	}
	leg_write(conn->server, bytes, len);
}

static void wait_for(struct conn *conn, enum waiting what, const char *reason)
{
	conn->waiting |= (unsigned)what;
	(void)snprintf(conn->reason, sizeof(conn->reason), "%s", reason != NULL ? reason : "");
	look_again(conn);
}

static void drop_server(struct conn *conn)
{
	leg_free(conn->server);
	conn->server = NULL;
	tls_peer_free(conn->peer);
	conn->peer = NULL;
	conn->server_closed = false;
	conn->clear_counted = false;
	conn->waiting &= ~(unsigned)WAIT_OF_SERVER;
}

static const struct leg_events server_events;

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

static void op_dial(void *arg)
{
	struct conn *conn = arg;
	char err[256];
	int fd;

	drop_server(conn);
	conn->local = (struct addr){ 0 };
	conn->ours = true;
	fd = upstream_dial(&conn->upstream, err, sizeof(err));
	if (fd < 0) {
		wait_for(conn, WAIT_NOT_CONNECTED, err);
		return;
	}
	conn->server = leg_new(conn->host->base, fd, true, &server_events, conn);
	if (conn->server == NULL)
		wait_for(conn, WAIT_NOT_CONNECTED, "out of memory");
	else
		conn->ours = false;
}

static void op_start_tls(void *arg, const struct session_tls_wish *wish)
{
	struct conn *conn = arg;
	struct tls_options options = { .servername = wish->servername,
				       .min_protocol = wish->min_protocol,
				       .compat = wish->compat,
				       .destination = conn->upstream.destination };
	struct tls *tls;

	/* A resumed session brings its certificates along, and they are judged as new ones are. */
	tls_policy_digest(wish->verdict, options.policy);
	if (conn->server == NULL) {
		wait_for(conn, WAIT_TLS_FAILED, "the connection is gone");
		return;
	}
	tls = tls_new(conn->settings->tls, leg_fd(conn->server), &options);
	if (tls == NULL)
		wait_for(conn, WAIT_TLS_FAILED, "cannot set up TLS");
	else
		leg_start_tls(conn->server, tls);
}

static void op_close_server(void *arg, bool politely)
{
	struct conn *conn = arg;

	if (conn->server != NULL && politely) {
		leg_linger(conn->server, LINGER_S);
		conn->server = NULL;
	}
	drop_server(conn);
}

/* trust_for returns the CA bundles that |verdict| numbers; NULL if it is of a configuration that is gone. */
static const struct tls_trust *trust_for(const struct conn *conn, const struct verdict *verdict)
{
	const struct settings *now = conn->host->settings(conn->host->arg);

	if (verdict->generation == conn->settings->generation)
		return conn->settings->trust;
	return verdict->generation == now->generation ? now->trust : NULL;
}

static void op_judge(void *arg, const struct verdict *verdict, enum session_judging as, struct judgement *out)
{
	struct conn *conn = arg;
	const struct addr *destination = &conn->upstream.destination.addr;
	struct demand demand;
	enum result_word refused;

	if (as == SESSION_JUDGE_IN_TEST) {
		*out = tls_judge_in_test(conn->peer, verdict, destination, time(NULL), trust_for(conn, verdict));
		return;
	}
	*out = tls_judge(conn->peer, verdict, destination, time(NULL), trust_for(conn, verdict));
	if (as == SESSION_JUDGE_FOR_SENDER)
		return;
	refused = out->result != RESULT_NONE ? out->result : RESULT_VALIDATION_FAILURE;
	demand_of(&demand, verdict, destination); /* counted is the level in force */
	count(conn, counter_bind(demand.level, out->satisfied ? RESULT_NONE : refused));
}

static void op_ask(void *arg, enum verdict_question_kind kind, const char *domain)
{
	struct conn *conn = arg;
	struct verdict_question question = { .kind = kind, .destination = conn->upstream.destination };

	(void)snprintf(question.domain, sizeof(question.domain), "%s", domain);
	conn->question = conn->host->ask(conn->host->arg, conn, &question, &conn->verdict);
	if (conn->question != 0)
		return;
	conn->waiting |= WAIT_VERDICT;
	look_again(conn);
}

static void op_cancel(void *arg)
{
	struct conn *conn = arg;

	if (conn->question != 0)
		conn->host->cancel(conn->host->arg, conn->question);
	conn->question = 0;
	conn->waiting &= ~(unsigned)WAIT_VERDICT;
	verdict_unref(conn->verdict);
	conn->verdict = NULL;
}

static void op_set_timer(void *arg, unsigned seconds)
{
	struct conn *conn = arg;
	const struct timeval delay = { .tv_sec = seconds };

	(void)event_del(conn->timer);
	if (seconds > 0)
		(void)event_add(conn->timer, &delay);
}

static void op_log(void *arg, const struct session_record *record)
{
	struct conn *conn = arg;

	conn->host->record(conn->host->arg, record);
}

static void op_start_client_tls(void *arg)
{
	struct conn *conn = arg;

	if (!client_tls_start(conn->client, conn->settings))
		wait_for(conn, WAIT_CLIENT_TLS_FAILED, "cannot set up TLS");
}

static void op_report(void *arg, struct tls_report *report)
{
	struct conn *conn = arg;

	report->sender = conn->local;
	conn->host->report(conn->host->arg, report);
}

static const struct session_ops ops = {
	.to_client = op_to_client,
	.to_server = op_to_server,
	.dial = op_dial,
	.start_tls = op_start_tls,
	.close_server = op_close_server,
	.judge = op_judge,
	.ask = op_ask,
	.cancel = op_cancel,
	.set_timer = op_set_timer,
	.log = op_log,
	.start_client_tls = op_start_client_tls,
	.report = op_report,
};

/* --- feeding the machine -------------------------------------------------------------------------------------------
 */

static size_t feed(struct conn *conn, struct session_event *event)
{
	event->now_s = now_s();
	return session_feed(conn->session, event);
}

static void feed_kind(struct conn *conn, enum session_event_kind kind)
{
	/* From the client's own address it was the client whom the network or the server did not let through. */
	struct session_event event = { .kind = kind,
				       .reason = conn->reason,
				       .ours = conn->ours || conn->upstream.source_foreign };

	if (kind == SESSION_CONNECTED)
		count(conn, COUNTER_CONNECT_OK);
	else if (kind == SESSION_NOT_CONNECTED)
		count(conn, COUNTER_CONNECT_FAILED);
	else if (kind == SESSION_TLS_FAILED)
		count(conn, COUNTER_TLS_FAILED);
	(void)feed(conn, &event);
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
	count(conn, facts->version == CONF_TLS13 ? COUNTER_TLS13 : COUNTER_TLS12);
	tls = (struct session_tls){ .version = facts->version, .weak = facts->weak };
	(void)snprintf(tls.version_name, sizeof(tls.version_name), "%s", facts->version_name);
	(void)snprintf(tls.cipher, sizeof(tls.cipher), "%s", facts->cipher);
	(void)feed(conn, &event);
}

static void feed_client_tls_ready(struct conn *conn)
{
	struct session_tls tls;
	struct session_event event = { .kind = SESSION_CLIENT_TLS_READY, .tls = &tls };

	client_tls_describe(conn->client, &tls);
	(void)feed(conn, &event);
}

static void feed_verdict(struct conn *conn)
{
	struct verdict *verdict = conn->verdict;
	struct session_event event = { .kind = SESSION_VERDICT, .verdict = verdict };

	conn->verdict = NULL;
	(void)feed(conn, &event);
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
	else
		return false;
	return true;
}

static bool feed_octets(struct conn *conn, struct leg *leg, enum session_event_kind kind)
{
	struct session_event event = { .kind = kind };
	size_t took;

	event.bytes = leg_input(leg, &event.len);
	if (event.len == 0)
		return false;
	took = feed(conn, &event);
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
	if (feed_octets(conn, conn->server, SESSION_SERVER_OCTETS))
		return true;
	if (conn->server == NULL || leg_ended(conn->server) == LEG_OPEN || conn->server_closed)
		return false;
	conn->server_closed = true;
	feed_kind(conn, SESSION_SERVER_CLOSED);
	return true;
}

static bool feed_client(struct conn *conn)
{
	size_t left;
	bool room = leg_unsent(conn->client) < UNSENT_MAX &&
		    (conn->server == NULL || leg_unsent(conn->server) < UNSENT_MAX);
	bool wanted = (session_want(conn->session) & SESSION_WANT_CLIENT) != 0;

	if (leg_ended(conn->client) != LEG_BROKEN && wanted && room &&
	    feed_octets(conn, conn->client, SESSION_CLIENT_OCTETS))
		return true;
	if (session_over(conn->session) || conn->client_closed || leg_ended(conn->client) == LEG_OPEN)
		return false;
	(void)leg_input(conn->client, &left);
	if (leg_ended(conn->client) == LEG_CLOSED && left > 0 && !(wanted && room))
		return false;
	conn->client_closed = true;
	feed_kind(conn, SESSION_CLIENT_CLOSED);
	return true;
}

static void finish(struct conn *conn)
{
	leg_linger(conn->client, LINGER_S);
	conn->client = NULL;
	conn_free(conn);
}

/* pump feeds what there is until nothing moves. The conn may be gone when it returns. */
static void pump(struct conn *conn)
{
	bool moved = true;

	for (unsigned i = 0; moved && !conn->condemned && !session_over(conn->session); i++) {
		if (i == FEED_AT_ONCE) {
			look_again(conn);
			return;
		}
		moved = feed_outcome(conn) || feed_server(conn) || feed_client(conn);
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
	outcome(arg, WAIT_TLS_READY, "");
}

static void on_tls_failed(void *arg, const char *reason)
{
	outcome(arg, WAIT_TLS_FAILED, reason);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;

	(void)fd;
	(void)what;
	feed_kind(conn, SESSION_TIMEOUT);
	pump(conn);
}

static const struct leg_events server_events = {
	.changed = on_changed,
	.connected = on_connected,
	.not_connected = on_not_connected,
	.tls_ready = on_tls_ready,
	.tls_failed = on_tls_failed,
};

static void on_client_tls_ready(void *arg)
{
	outcome(arg, WAIT_CLIENT_TLS_READY, "");
}

static void on_client_tls_failed(void *arg, const char *reason)
{
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
	conn->session = session_new(options, &ops, conn);
	if (conn->timer == NULL || conn->again == NULL || conn->client == NULL || conn->session == NULL) {
		conn_free(conn);
		return NULL;
	}
	conn->live = true;
	session_start(conn->session, now_s());
	look_again(conn);
	return conn;
}

void conn_answer(struct conn *conn, struct verdict *verdict)
{
	conn->question = 0;
	conn->verdict = verdict_ref(verdict);
	conn->waiting |= WAIT_VERDICT;
	pump(conn);
}

void conn_shutdown(struct conn *conn)
{
	feed_kind(conn, SESSION_SHUTDOWN);
	pump(conn);
}

void conn_free(struct conn *conn)
{
	const struct conn_host *host = conn->host;

	if (conn->question != 0)
		host->cancel(host->arg, conn->question);
	verdict_unref(conn->verdict);
	leg_free(conn->client);
	leg_free(conn->server);
	tls_peer_free(conn->peer);
	session_free(conn->session);
	settings_unref(conn->settings);
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

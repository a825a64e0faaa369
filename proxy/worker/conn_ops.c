/* conn_ops.c - what the machine tells a conn to do; see session.h. */
#include <event2/event.h>
#include <stdio.h>
#include <time.h>

#include "policy/verdict/demand.h"
#include "proxy/base/log.h"
#include "proxy/tls/tls.h"
#include "proxy/tls/tls_verify.h"
#include "proxy/worker/client_tls.h"
#include "proxy/worker/conn_private.h"
#include "proxy/worker/settings.h"

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
		conn_look_again(conn);
		return;
	}
	if (speech == SESSION_SPEECH_PERMITTED && !conn->clear_counted && !leg_is_tls(conn->server)) {
		conn->clear_counted = true;
		conn_count(conn, COUNTER_CLEAR);
	}
	leg_write(conn->server, bytes, len);
}

static void wait_for(struct conn *conn, enum waiting what, const char *reason)
{
	conn->waiting |= (unsigned)what;
	(void)snprintf(conn->reason, sizeof(conn->reason), "%s", reason != NULL ? reason : "");
	conn_look_again(conn);
}

static void drop_server(struct conn *conn)
{
	conn_leave_turn(conn, CONN_SERVER);
	leg_free(conn->server);
	conn->server = NULL;
	tls_peer_free(conn->peer);
	conn->peer = NULL;
	conn->server_closed = false;
	conn->clear_counted = false;
	conn->waiting &= ~(unsigned)WAIT_OF_SERVER;
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
	conn->server = leg_new(conn->host->base, fd, true, &conn_server_events, conn);
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
	if (tls == NULL) {
		wait_for(conn, WAIT_TLS_FAILED, "cannot set up TLS");
		return;
	}
	leg_start_tls(conn->server, tls);
	conn_enter_turn(conn, CONN_SERVER);
}

static void op_close_server(void *arg, bool politely)
{
	struct conn *conn = arg;

	if (conn->server != NULL && politely) {
		leg_linger(conn->server, CONN_LINGER_S);
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
	for (unsigned kind = 0; kind < VERDICT_ASK_COUNT; kind++) {
		const struct settings *kept = conn->of_verdict[kind];
		if (kept != NULL && verdict->generation == kept->generation)
			return kept->trust;
	}
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
	conn_count(conn, counter_bind(demand.level, out->satisfied ? RESULT_NONE : refused));
}

static void op_ask(void *arg, enum verdict_question_kind kind, const char *domain)
{
	struct conn *conn = arg;
	struct verdict_question question = { .kind = kind, .destination = conn->upstream.destination };

	(void)snprintf(question.domain, sizeof(question.domain), "%s", domain);
	conn->asked = kind;
	conn->question = conn->host->ask(conn->host->arg, conn, &question, &conn->verdict);
	if (conn->question != 0)
		return;
	if (conn->verdict != NULL)
		conn_keep_settings(conn);
	conn->waiting |= WAIT_VERDICT;
	conn_look_again(conn);
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
	else
		conn_enter_turn(conn, CONN_CLIENT);
}

static void op_splice(void *arg)
{
	struct conn *conn = arg;

	conn->splice = splice_new();
	if (conn->splice == NULL)
		wait_for(conn, WAIT_SPLICE_ENDED, "out of memory");
}

static void op_report(void *arg, struct tls_report *report)
{
	struct conn *conn = arg;

	report->sender = conn->local;
	conn->host->report(conn->host->arg, report);
}

const struct session_ops conn_ops = {
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
	.splice = op_splice,
	.report = op_report,
};

/* session.c - the event x state table of the session machine and the one gate that every event and every change of
 * state passes. */
#include "proxy/session/session.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/session/session_private.h"

/* An event that nothing prepares for: a surprise never leads on, least of all to clear text. */
static enum state unexpected(struct session *s, const struct input *in)
{
	if (s->spliced) { /* nothing can be said there */
		s->end_reason = "session out of step";
		return end_with(s, SESSION_END_PASSTHROUGH, "");
	}
	leg_drop(s);
	return fault_end(s, "421 4.7.0 session out of step", in->reason);
}

/* The server is silent: what comes of it is what comes of losing it. */
static enum state silent(struct session *s, const struct input *in);

static const struct row rows[ST_COUNT] = {
	/* clang-format off */
	[ST_NEW] = { "new", WANT_NOTHING, CLOCK_STATE, 0, unexpected,
		unexpected, client_gone, unexpected, unexpected, unexpected },
	[ST_DESTINATION] = { "destination", WANT_VERDICT, CLOCK_STATE, 20, on_destination,
		unexpected, client_gone, unexpected, on_destination_timeout, unexpected },
	[ST_CONNECT] = { "connect", WANT_CONNECT, CLOCK_STATE, 30, on_connect,
		unexpected, client_gone, on_connect_failed, on_connect_failed, unexpected },
	[ST_BANNER] = { "banner", WANT_REPLY, CLOCK_PATIENCE, SESSION_PATIENCE_S, on_banner,
		unexpected, client_gone, on_connect_failed, silent, pass_421 },
	[ST_GREETED] = { "greeted", WANT_LINE, CLOCK_STATE, 300, on_command,
		on_unbound_reply, client_gone, on_unbound_lost, client_idle, on_unbound_reply },
	[ST_KEYWORDS] = { "keywords", WANT_REPLY, CLOCK_PATIENCE, SESSION_PATIENCE_S, on_keywords,
		unexpected, client_gone, on_keywords_lost, silent, pass_421 },
	[ST_UNBOUND] = { "unbound", WANT_LINE, CLOCK_STATE, 300, on_command,
		on_unbound_reply, client_gone, on_unbound_lost, client_idle, on_unbound_reply },
	[ST_VERDICT] = { "verdict", WANT_VERDICT, CLOCK_OWN, 5, on_verdict,
		on_unbound_reply, client_gone, on_unbound_lost, on_verdict_slow, on_unbound_reply },
	[ST_VERDICT_SLOW] = { "verdict-slow", WANT_VERDICT, CLOCK_OWN, SESSION_OWN_WORK_S, on_verdict,
		unexpected, client_gone, unexpected, on_verdict_timeout, unexpected },
	[ST_VERDICT_BOUND] = { "verdict-bound", WANT_VERDICT, CLOCK_OWN, SESSION_OWN_WORK_S, on_verdict,
		on_verdict_reply, client_gone, on_verdict_lost, on_verdict_timeout, on_verdict_421 },
	[ST_REDIAL] = { "redial", WANT_CONNECT, CLOCK_OWN, 30, on_redial,
		unexpected, client_gone, on_redial_failed, on_redial_failed, unexpected },
	[ST_REBANNER] = { "rebanner", WANT_REPLY, CLOCK_PATIENCE, SESSION_PATIENCE_S, on_rebanner,
		unexpected, client_gone, on_bind_lost, silent, pass_421 },
	[ST_REHELLO] = { "rehello", WANT_REPLY, CLOCK_PATIENCE, SESSION_PATIENCE_S, on_rehello,
		unexpected, client_gone, on_bind_lost, silent, pass_421 },
	[ST_STARTTLS] = { "starttls", WANT_REPLY, CLOCK_OWN, SESSION_OWN_WORK_S, on_starttls,
		unexpected, client_gone, on_starttls_lost, silent, pass_421 },
	[ST_HANDSHAKE] = { "handshake", WANT_TLS, CLOCK_OWN, 30, on_handshake,
		unexpected, client_gone, on_tls_lost, silent, unexpected },
	[ST_TLS_KEYWORDS] = { "tls-keywords", WANT_REPLY, CLOCK_PATIENCE, SESSION_PATIENCE_S, on_tls_keywords,
		unexpected, client_gone, on_bind_lost, silent, pass_421 },
	[ST_MAIL] = { "mail", WANT_REPLY, CLOCK_PATIENCE, SESSION_PATIENCE_S, on_mail,
		unexpected, client_gone, on_mail_lost, silent, pass_421 },
	[ST_RCPT] = { "rcpt", WANT_REPLY, CLOCK_PATIENCE, SESSION_PATIENCE_S, on_rcpt,
		unexpected, client_gone, on_pending_lost, silent, pass_421 },
	[ST_BOUND] = { "bound", WANT_LINE, CLOCK_STATE, 300, on_command,
		on_idle_reply, client_gone, on_idle_lost, client_idle, on_idle_421 },
	[ST_DATA] = { "data", WANT_REPLY, CLOCK_STATE, 120, on_data,
		unexpected, client_gone, on_pending_lost, silent, pass_421 },
	[ST_CONTENT] = { "content", WANT_CONTENT, CLOCK_BLOCK, 180, unexpected,
		on_content_reply, client_gone, on_content_lost, on_content_timeout, on_content_reply },
	[ST_SWALLOW] = { "swallow", WANT_CONTENT, CLOCK_BLOCK, 180, unexpected,
		unexpected, client_gone, unexpected, client_idle, unexpected },
	[ST_FINAL] = { "final", WANT_REPLY, CLOCK_STATE, 600, on_final,
		unexpected, on_final_client_gone, on_final_lost, silent, pass_421 },
	[ST_RSET] = { "rset", WANT_REPLY, CLOCK_STATE, 60, on_rset,
		unexpected, client_gone, on_rset_lost, silent, on_rset },
	[ST_AUTH] = { "auth", WANT_REPLY, CLOCK_PATIENCE, SESSION_PATIENCE_S, on_auth,
		unexpected, client_gone, on_auth_lost, silent, pass_421 },
	[ST_AUTH_CLIENT] = { "auth-client", WANT_LINE, CLOCK_STATE, 300, on_auth_line,
		on_auth_idle_reply, client_gone, on_auth_idle_lost, client_idle, on_auth_idle_reply },
	[ST_CLIENT_TLS] = { "client-tls", WANT_CLIENT_TLS, CLOCK_STATE, 60, on_client_tls,
		on_unbound_reply, client_gone, on_unbound_lost, on_client_tls_timeout, on_unbound_reply },
	[ST_PASS_STARTTLS] = { "pass-starttls", WANT_REPLY, CLOCK_PATIENCE, SESSION_PATIENCE_S, on_pass_starttls,
		unexpected, client_gone, on_pass_starttls_lost, silent, pass_421 },
	[ST_PASS_HELLO] = { "pass-hello", WANT_SPLICE, CLOCK_STATE, 60, on_splice,
		unexpected, client_gone, on_splice_lost, on_splice_timeout, unexpected },
	/* What is carried may be a message and its end, which a server may take 10 minutes for. */
	[ST_PASS] = { "pass", WANT_SPLICE, CLOCK_STATE, 660, on_splice,
		unexpected, client_gone, on_splice_lost, on_splice_timeout, unexpected },
	[ST_PASS_ENDING] = { "pass-ending", WANT_SPLICE, CLOCK_STATE, 60, on_splice,
		unexpected, client_gone, on_splice_lost, on_splice_timeout, unexpected },
	[ST_OVER] = { "over", WANT_NOTHING, CLOCK_STATE, 0, unexpected,
		unexpected, unexpected, unexpected, unexpected, unexpected },
	/* clang-format on */
};

static enum state silent(struct session *s, const struct input *in)
{
	struct input gone = *in;

	gone.silent = true;
	gone.reason = "the server did not answer in time";
	leg_lost(s);
	return rows[s->state].server_closed(s, &gone);
}

/* --- the gate --------------------------------------------------------------------------------------------------- */

static unsigned seconds_left(uint64_t since_s, uint64_t now_s, unsigned budget_s)
{
	return now_s - since_s < budget_s ? budget_s - (unsigned)(now_s - since_s) : 0;
}

static void arm(struct session *s)
{
	const struct row *row = &rows[s->state];
	unsigned left = row->timeout_s;

	if (row->clock == CLOCK_OWN && s->own_left_s < left)
		left = s->own_left_s;
	if (row->clock == CLOCK_BLOCK)
		left = seconds_left(s->block_s, s->now_s, row->timeout_s);
	if (row->clock == CLOCK_PATIENCE && seconds_left(s->asked_s, s->now_s, SESSION_PATIENCE_S) < left)
		left = seconds_left(s->asked_s, s->now_s, SESSION_PATIENCE_S);
	/* Nothing left is a second, not "no timer". */
	s->ops->set_timer(s->arg, left > 0 ? left : 1);
}

/* was_hurried: the time that ran out was less than the state gives, for other work of gate25's had used it up: DNS that
 * is slow for one domain, handshakes before this one. */
static bool was_hurried(const struct session *s)
{
	return rows[s->state].clock == CLOCK_OWN && s->own_left_s < SESSION_HOST_FAIR_S;
}

/* The only place where the state changes. */
static void enter(struct session *s, enum state next)
{
	uint64_t spent_s = s->now_s - s->entered_s;

	if (s->state == ST_OVER)
		return;
	if (rows[s->state].clock == CLOCK_OWN)
		s->own_left_s = spent_s < s->own_left_s ? s->own_left_s - (unsigned)spent_s : 0;
	if (rows[next].clock == CLOCK_BLOCK && next != s->state)
		block_begin(s);
	log_state(s, rows[s->state].name, rows[next].name);
	s->state = next;
	s->entered_s = s->now_s;
	if (next == ST_OVER)
		s->ops->set_timer(s->arg, 0);
	else
		arm(s);
}

static size_t client_line(struct session *s, const uint8_t *bytes, size_t len)
{
	const struct input in = { .reason = "" };
	size_t used = 0;

	switch (smtp_line_feed(&s->line, (const char *)bytes, len, &used)) {
	case SMTP_LINE_MORE: break;
	case SMTP_LINE_READY:
		s->client_more = used < len;
		enter(s, rows[s->state].step(s, &in));
		break;
	case SMTP_LINE_TOO_LONG: enter(s, on_too_long(s)); break;
	case SMTP_LINE_BROKEN: enter(s, client_banned(s, "421 4.7.0 line without end")); break;
	}
	return used;
}

static size_t client_octets(struct session *s, const uint8_t *bytes, size_t len)
{
	enum state next;
	size_t used = 0;

	if ((session_want(s) & SESSION_WANT_CLIENT) == 0 || len == 0)
		return 0;
	if (rows[s->state].want == WANT_LINE)
		return client_line(s, bytes, len);
	next = s->state == ST_CONTENT ? on_content(s, bytes, len, &used) : on_swallow(s, bytes, len, &used);
	block_octets(s, used);
	enter(s, next);
	return used;
}

static void server_reply(struct session *s, bool more)
{
	const struct row *row = &rows[s->state];
	struct smtp_reply reply = { 0 };
	struct input in = { .reply = &reply, .more = more, .reason = "" };
	enum state next;

	/* A step may close the leg, and with it what its parser holds: so the reply is taken out first. */
	smtp_reply_take(&reply, &s->reply);
	if (reply.code == 421)
		next = row->upstream_421(s, &in);
	else if (row->want == WANT_REPLY)
		next = row->step(s, &in);
	else
		next = row->chatter(s, &in);
	smtp_reply_cleanup(&reply);
	enter(s, next);
	/* Whatever comes ahead of its command is no answer to it; and what follows it, none to the next one. */
	if (more && s->leg.stage > LEG_DIALLING && rows[next].want == WANT_REPLY)
		enter(s, fault_ahead(s));
}

static size_t server_octets(struct session *s, const uint8_t *bytes, size_t len)
{
	struct input in = { .reason = "" };
	size_t used = 0;

	if ((session_want(s) & SESSION_WANT_SERVER) == 0 || len == 0)
		return 0;
	switch (smtp_reply_feed(&s->reply, (const char *)bytes, len, &used)) {
	case SMTP_REPLY_MORE: break;
	case SMTP_REPLY_DONE: server_reply(s, used < len); break;
	case SMTP_REPLY_BROKEN:
		in.reason = s->reply.error != NULL ? s->reply.error : "the server does not speak SMTP";
		leg_lost(s);
		enter(s, rows[s->state].server_closed(s, &in));
		break;
	}
	return used;
}

static void server_closed(struct session *s, const char *reason)
{
	const struct input in = { .reason = reason[0] != '\0' ? reason : "the server closed the connection" };

	if (s->leg.stage == LEG_NONE) {
		enter(s, unexpected(s, &in));
		return;
	}
	leg_lost(s);
	enter(s, rows[s->state].server_closed(s, &in));
}

/* An outcome of something that the machine asked for: legal only while it waits for exactly that. */
static void outcome(struct session *s, enum want want, const struct input *in)
{
	const struct row *row = &rows[s->state];

	enter(s, row->want == want ? row->step(s, in) : unexpected(s, in));
}

static void shutdown_now(struct session *s)
{
	static const char line[] = "421 4.3.2 service is shutting down";

	say_line(s, line);
	enter(s, end_with(s, SESSION_END_SHUTDOWN, s->spliced ? "" : line));
}

static void shed(struct session *s, const char *reason)
{
	static const char line[] = "421 4.3.2 too busy to wait any longer, try again later";

	if (session_has_message(s))
		return;
	say_line(s, line);
	s->end_reason = reason;
	enter(s, end_with(s, SESSION_END_SHED, line));
}

size_t session_feed(struct session *s, const struct session_event *event)
{
	struct input in = { .reason = event->reason != NULL ? event->reason : "",
			    .alert = event->alert,
			    .ours = event->ours,
			    .unsent = event->unsent };

	if (s->state == ST_OVER || s->state == ST_NEW)
		return 0;
	s->now_s = event->now_s > s->now_s ? event->now_s : s->now_s;
	s->hurried = event->kind == SESSION_TIMEOUT && was_hurried(s);
	switch (event->kind) {
	case SESSION_CLIENT_OCTETS: return client_octets(s, event->bytes, event->len);
	case SESSION_SERVER_OCTETS: return server_octets(s, event->bytes, event->len);
	case SESSION_CLIENT_CLOSED: enter(s, rows[s->state].client_closed(s, &in)); break;
	case SESSION_SERVER_CLOSED: server_closed(s, in.reason); break;
	case SESSION_CONNECTED:
		in.ok = true;
		outcome(s, WANT_CONNECT, &in);
		break;
	case SESSION_NOT_CONNECTED: outcome(s, WANT_CONNECT, &in); break;
	case SESSION_TLS_READY:
		in.ok = event->tls != NULL;
		in.tls = event->tls;
		outcome(s, WANT_TLS, &in);
		break;
	case SESSION_TLS_FAILED: outcome(s, WANT_TLS, &in); break;
	case SESSION_CLIENT_TLS_READY:
		in.ok = event->tls != NULL;
		in.tls = event->tls;
		outcome(s, WANT_CLIENT_TLS, &in);
		break;
	case SESSION_CLIENT_TLS_FAILED: outcome(s, WANT_CLIENT_TLS, &in); break;
	case SESSION_SPLICED:
	case SESSION_SPLICE_ENDED:
		in.ok = event->kind == SESSION_SPLICED;
		in.splice = event->splice;
		outcome(s, WANT_SPLICE, &in);
		break;
	case SESSION_VERDICT:
		in.verdict = event->verdict;
		outcome(s, WANT_VERDICT, &in);
		break;
	case SESSION_TIMEOUT: enter(s, rows[s->state].timeout(s, &in)); break;
	case SESSION_SHUTDOWN: shutdown_now(s); break;
	case SESSION_SHED: shed(s, in.reason); break;
	default: enter(s, unexpected(s, &in)); break;
	}
	return 0;
}

/* --- life ------------------------------------------------------------------------------------------------------- */

struct session *session_new(const struct session_options *options, const struct session_ops *ops, void *arg)
{
	struct session *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->options = *options;
	s->ops = ops;
	s->arg = arg;
	smtp_line_init(&s->line);
	smtp_reply_init(&s->reply);
	return s;
}

void session_free(struct session *s)
{
	if (s == NULL)
		return;
	verdict_unref(s->rule);
	verdict_unref(s->verdict);
	smtp_reply_cleanup(&s->reply);
	transaction_end(s);
	findings_forget(s);
	smtp_reply_cleanup(&s->held_reply);
	free(s);
}

void session_start(struct session *s, uint64_t now_s)
{
	s->now_s = now_s;
	s->started_s = now_s;
	s->entered_s = now_s;
	s->asked_s = now_s;
	s->progress_s = now_s;
	enter(s, open_start(s));
}

unsigned session_want(const struct session *s)
{
	const struct row *row = &rows[s->state];
	unsigned want = 0;

	if (row->want == WANT_LINE || row->want == WANT_CONTENT)
		want |= SESSION_WANT_CLIENT;
	/* During the handshake the leg belongs to TLS; spliced, it is the client's. */
	if (s->leg.stage >= LEG_RAW && row->want != WANT_TLS && row->want != WANT_SPLICE && row->want != WANT_NOTHING)
		want |= SESSION_WANT_SERVER;
	return want;
}

const struct row *session_row(enum state state)
{
	return &rows[state];
}

bool session_over(const struct session *s)
{
	return s->state == ST_OVER;
}

const char *session_state(const struct session *s)
{
	return rows[s->state].name;
}

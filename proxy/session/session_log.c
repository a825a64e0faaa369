/* session_log.c - the records of a session: one a refusal, one a message, one at its end. */
#include <inttypes.h>
#include <string.h>

#include "proxy/base/log.h"
#include "proxy/session/session_private.h"

const char *session_end_name(enum session_end end)
{
	static const char *const names[SESSION_END_COUNT] = {
		[SESSION_END_NONE] = "none",
		[SESSION_END_QUIT] = "quit",
		[SESSION_END_CLIENT_GONE] = "client-gone",
		[SESSION_END_SERVER] = "server",
		[SESSION_END_REFUSED] = "refused",
		[SESSION_END_TIMEOUT] = "timeout",
		[SESSION_END_SHUTDOWN] = "shutdown",
		[SESSION_END_CLIENT_TLS] = "client-tls",
		[SESSION_END_PASSTHROUGH] = "passthrough",
		[SESSION_END_SHED] = "shed",
	};

	return (unsigned)end < SESSION_END_COUNT ? names[end] : "none";
}

const char *session_notice_name(enum session_notice notice)
{
	static const char *const names[SESSION_NOTICE_COUNT] = {
		[SESSION_NOTICE_NONE] = "none",
		[SESSION_NOTICE_CLIENT] = "client-authenticates-itself",
		[SESSION_NOTICE_CLIENT_PROBABLY] = "client-probably-authenticates-itself",
		[SESSION_NOTICE_GATE] = "another-gate25-on-path",
		[SESSION_NOTICE_EXCHANGE] = "exchange-peer",
	};

	return (unsigned)notice < SESSION_NOTICE_COUNT ? names[notice] : "none";
}

void log_state(const struct session *s, const char *from, const char *to)
{
	struct log_line line;

	log_open(&line, LOG_LEVEL_DEBUG, "session-state");
	log_add(&line, "session", "%016" PRIx64, s->options.id);
	log_add(&line, "from", "%s", from);
	log_add(&line, "to", "%s", to);
	log_close(&line);
}

/* verdict_word says it as gate25 probe does, of the server as it stands; see session_record.h. */
static const char *verdict_word(const struct session *s)
{
	if (s->verdict == NULL)
		return "none";
	if (s->verdict->status != VERDICT_OK)
		return "failed";
	if (s->demand.level == LEVEL_UNSET && s->demand.result != RESULT_DANE_REQUIRED &&
	    s->demand.result != RESULT_VALIDATION_FAILURE)
		return "failed";
	if (!s->leg.judged)
		return s->leg.clear_permitted ? "clear" : "refuse";
	if (!s->leg.judgement.satisfied)
		return "refuse";
	if (s->demand.basis == DEMAND_OF_DANE_UNUSABLE && !s->leg.judgement.authenticated)
		return "unauthenticated";
	return "pass";
}

static const char *mx_name(const struct session *s)
{
	const struct verdict_mx *mx =
		s->verdict != NULL ? verdict_mx_for(s->verdict, &s->options.destination.addr) : NULL;

	return mx != NULL ? mx->name : "";
}

/* What holds now, on top of the counters. */
static struct session_record snapshot(const struct session *s)
{
	struct session_record record = s->totals;

	record.id = s->options.id;
	record.client = s->options.client;
	record.local = s->options.client_is_local;
	record.destination = s->options.destination;
	record.domain = "";
	record.mx = mx_name(s);
	record.client_tls = passes_through(s) ? "passthrough" : s->client_tls.version_name;
	record.tls_offered = s->tls_offered;
	record.servername = s->leg.servername;
	record.tls_version = s->leg.tls.version_name;
	record.cipher = s->leg.tls.cipher;
	record.matched = s->leg.judgement.matched;
	record.tlsa = s->leg.judgement.tlsa;
	record.depth = s->leg.judgement.depth;
	record.authenticated = server_is_proved(s);
	record.verdict = verdict_word(s);
	record.command = "";
	record.reply = "";
	record.reason = "";
	record.duration_s = s->now_s - s->started_s;
	if (s->verdict != NULL) {
		record.domain = s->verdict->domain;
		record.decided = s->verdict->status == VERDICT_OK;
		record.source = s->verdict->source;
		record.level = s->demand.level != LEVEL_UNSET ? s->demand.level : s->verdict->level;
		record.policy = s->demand.basis;
		record.mx_known = level_is_dane(s->verdict->level) && s->verdict->mx_lookup == VERDICT_LOOKUP_FOUND;
		record.mx_secure = s->verdict->mx_secure;
		record.enforce = s->verdict->enforce;
	}
	return record;
}

void log_refusal(struct session *s, enum session_record_kind kind, enum result_word word, const char *reply,
		 const char *reason)
{
	struct session_record record = snapshot(s);

	record.kind = kind;
	record.result = word;
	record.reply = reply;
	record.reason = reason;
	if (kind == SESSION_RECORD_REFUSED)
		s->totals.result = word;
	if (kind == SESSION_RECORD_REFUSED || kind == SESSION_RECORD_REPORTED)
		finding(s, word, reason);
	s->ops->log(s->arg, &record);
}

/* The line at hand is the one in error; of one that was too long nothing is left. */
void log_client_error(struct session *s, const char *reply)
{
	struct session_record record = snapshot(s);

	record.kind = SESSION_RECORD_CLIENT_ERROR;
	record.command = s->line.text;
	record.command_len = smtp_command_show(&s->line, s->hushed);
	record.reply = reply;
	s->ops->log(s->arg, &record);
}

/* Another recipient of the same message may be refused after this one, and its verdict then stands in the session. */
void log_rcpt(struct session *s)
{
	verdict_unref(s->tx.carrier);
	s->tx.carrier = s->verdict != NULL ? verdict_ref(s->verdict) : NULL;
	s->tx.carried = snapshot(s);
	s->tx.carried.matched = s->tx.carried.tlsa = ""; /* those are overwritten */
}

void log_message(struct session *s)
{
	struct session_record record = s->tx.carried;

	record.kind = SESSION_RECORD_MESSAGE;
	record.messages = s->totals.messages;
	s->ops->log(s->arg, &record);
}

void log_in_test(struct session *s, const struct demand *demand, enum result_word word, const char *reply,
		 const char *reason)
{
	struct session_record record = snapshot(s);

	record.kind = SESSION_RECORD_REPORTED;
	record.testing = true;
	record.level = LEVEL_VERIFY;
	record.policy = demand->also != LEVEL_UNSET ? demand->also_basis : demand->basis;
	record.authenticated = false;
	record.matched = "";
	record.tlsa = "";
	record.verdict = "refuse";
	record.result = word;
	record.reply = reply;
	record.reason = reason;
	finding_of(s, record.policy, word, reason);
	s->ops->log(s->arg, &record);
}

void log_sign(struct session *s, enum session_sign sign)
{
	struct session_record record = snapshot(s);

	record.kind = SESSION_RECORD_SIGN;
	record.sign = sign;
	s->ops->log(s->arg, &record);
}

void log_end(struct session *s, enum session_end end, const char *reply)
{
	struct session_record record = snapshot(s);

	record.kind = SESSION_RECORD_END;
	record.end = end;
	record.sign = sign_of_end(s, end);
	record.reply = reply;
	if (s->end_reason != NULL)
		record.reason = s->end_reason;
	s->ops->log(s->arg, &record);
}

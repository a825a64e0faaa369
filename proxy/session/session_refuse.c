/* session_refuse.c - refusals of policy: what the client hears, what the log hears, and what is only reported. */
#include <stdio.h>
#include <string.h>

#include "proxy/session/session_private.h"

enum state rcpt_refused(struct session *s, const char *line)
{
	say_line(s, line);
	s->totals.rcpts_refused++;
	s->tx.refusing = true;
	if (line[0] == '4')
		s->tx.deferred = true;
	return leg_ready(s);
}

enum state refuse(struct session *s, const char *code, enum result_word word, const char *reason)
{
	char line[SMTP_REPLY_LINE_MAX + 1];

	(void)snprintf(line, sizeof(line), "%s %s %s", s->goal == GOAL_RCPT ? "451" : "421", code, reason);
	note_trouble(s);
	log_refusal(s, SESSION_RECORD_REFUSED, word, line, reason);
	report_refused(s);
	return s->goal == GOAL_RCPT ? rcpt_refused(s, line) : end_refused(s, line);
}

void report(struct session *s, const char *code, enum result_word word, const char *reason)
{
	char line[SMTP_REPLY_LINE_MAX + 1];

	(void)snprintf(line, sizeof(line), "451 %s %s", code, reason);
	log_refusal(s, SESSION_RECORD_REPORTED, word, line, reason);
}

static bool is_no_mx(const struct session *s)
{
	const struct verdict *v = s->verdict;

	if (v->source == VERDICT_SOURCE_DESTINATION || !level_authenticates(s->demand.level) ||
	    v->mx_lookup == VERDICT_LOOKUP_FAILED)
		return false;
	for (size_t i = 0; i < v->mx_count; i++) {
		if (v->mx[i].addrs_failed)
			return false; /* its missing address may be this one */
	}
	return verdict_mx_for(v, &s->options.destination.addr) == NULL;
}

void relay_text(const struct session *s, char out[VERDICT_REASON_MAX])
{
	char addr[ADDR_TEXT_MAX];

	(void)snprintf(out, VERDICT_REASON_MAX, "[%s] looks like a relay that wants AUTH; give it a destination rule",
		       addr_format(&s->options.destination.addr, addr));
}

void not_mx_text(const struct session *s, char out[VERDICT_REASON_MAX])
{
	char addr[ADDR_TEXT_MAX];

	(void)snprintf(out, VERDICT_REASON_MAX,
		       "[%s] is not a mail exchanger of %.100s (smarthost? add a destination rule)",
		       addr_format(&s->options.destination.addr, addr), s->verdict->domain);
}

/* Why the peer is refused, in the words that help the operator most. Returns the enhanced code. */
static const char *not_authenticated(const struct session *s, char out[VERDICT_REASON_MAX])
{
	const struct judgement *judgement = &s->leg.judgement;

	if (is_no_mx(s) && ((s->leg.clear.keywords | s->leg.ehlo.keywords) & SMTP_KEYWORD_AUTH) != 0) {
		relay_text(s, out);
		return "4.7.0";
	}
	if (is_no_mx(s)) {
		not_mx_text(s, out);
		return "4.7.1";
	}
	(void)snprintf(out, VERDICT_REASON_MAX, "%s",
		       judgement->reason[0] != '\0' ? judgement->reason : "the server could not be authenticated");
	return "4.7.5";
}

enum state peer_refused(struct session *s, bool bind)
{
	char reason[VERDICT_REASON_MAX];
	const char *code = not_authenticated(s, reason);

	return (bind ? bind_failed : refuse)(s, code, s->leg.judgement.result, reason);
}

void peer_reported(struct session *s)
{
	char reason[VERDICT_REASON_MAX];
	const char *code = not_authenticated(s, reason);

	report(s, code, s->leg.judgement.result, reason);
}

/* The transaction is with a peer that will not do for this recipient. */
enum state refuse_mixed(struct session *s)
{
	if (!leg_in_tls(s)) {
		if ((s->leg.ehlo.keywords & SMTP_KEYWORD_STARTTLS) == 0)
			return refuse(s, "4.7.4", RESULT_STARTTLS_NOT_SUPPORTED, "the server does not offer STARTTLS");
	} else if (!another_handshake_helps(s)) {
		return peer_refused(s, false);
	}
	log_refusal(s, SESSION_RECORD_REFUSED, RESULT_NONE, "452 4.5.3 send this recipient separately",
		    "another domain's policy holds in this transaction");
	return rcpt_refused(s, "452 4.5.3 send this recipient separately");
}

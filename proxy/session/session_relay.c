/* session_relay.c - the bound relay: MAIL held until its first acceptable RCPT, the server's own replies, RSET, and a
 * leg that goes while nothing is asked of it. */
#include <stdio.h>
#include <string.h>

#include "proxy/session/session_private.h"

/* The machine tried to say what this leg must not hear. Nothing was said; nothing more will be. */
enum state breach(struct session *s)
{
	static const char line[] = "421 4.7.0 session out of step";

	log_refusal(s, SESSION_RECORD_REFUSED, RESULT_NONE, line, "envelope for a leg that is not bound");
	leg_drop(s);
	return end_refused(s, line);
}

static enum state send_rcpt(struct session *s)
{
	char line[SMTP_ENVELOPE_LINE_MAX];
	size_t len = smtp_envelope_write(&s->rcpt, SMTP_VERB_RCPT, line);

	return tell_envelope(s, line, len) ? ST_RCPT : breach(s);
}

static enum state send_mail(struct session *s)
{
	struct smtp_envelope mail;
	char line[SMTP_ENVELOPE_LINE_MAX];
	size_t len;

	requiretls_forwarded(s, &mail);
	len = smtp_envelope_write(&mail, SMTP_VERB_MAIL, line);

	return tell_envelope(s, line, len) ? ST_MAIL : breach(s);
}

/* MAIL as such is refused: this RCPT hears it, and each later one of the transaction. */
static enum state mail_refused(struct session *s, const char *line)
{
	/* Out of memory: the next RCPT asks again. */
	if (!smtp_reply_set(&s->tx.refused, line))
		smtp_reply_cleanup(&s->tx.refused);
	return rcpt_refused(s, line);
}

static enum state keyword_missing(struct session *s, unsigned missing)
{
	char names[256];
	char reason[VERDICT_REASON_MAX];

	/* Over TLS it was remembered just now; what was remembered does not hold in clear. */
	if (!leg_in_tls(s))
		ehlo_memory_forget(s->options.keywords, &s->options.destination);
	(void)snprintf(reason, sizeof(reason), "the server does not offer %.200s any more",
		       smtp_keywords_format(missing, names));
	return refuse(s, "4.7.4", RESULT_NONE, reason);
}

enum state relay_begin(struct session *s)
{
	unsigned missing =
		(s->tx.mail.needs | s->rcpt.needs) & ~s->leg.ehlo.keywords & ~(unsigned)SMTP_KEYWORD_REQUIRETLS;
	enum state next;

	if (!leg_in_tls(s) && !clear_permitted(s))
		return breach(s);
	if (requiretls_refuses(s, &next))
		return next;
	if (missing != 0)
		return keyword_missing(s, missing);
	note_published(s);
	report_bound(s);
	if (s->tx.open)
		return send_rcpt(s);
	if (s->tx.mail.has_size && s->leg.ehlo.size != 0 && s->tx.mail.size > s->leg.ehlo.size) {
		static const char line[] = "552 5.3.4 larger than the server takes";

		log_refusal(s, SESSION_RECORD_REFUSED, RESULT_NONE, line, "SIZE is above what the server offers");
		return mail_refused(s, line);
	}
	return send_mail(s);
}

/* --- the server's replies --------------------------------------------------------------------------------------- */

/* A server that wants AUTH of everybody is a relay; its 530 would bounce mail for want of a rule. */
static bool is_relay_reply(const struct session *s, const struct smtp_reply *reply)
{
	return reply->code == 530 && (s->rule == NULL || !s->rule->auth);
}

static void relay_line(struct session *s, char line[SMTP_REPLY_LINE_MAX + 1], const struct smtp_reply *reply)
{
	char reason[VERDICT_REASON_MAX];
	char said[128];

	relay_text(s, reason);
	(void)snprintf(line, SMTP_REPLY_LINE_MAX + 1, "451 4.7.0 %s", reason);
	log_refusal(s, SESSION_RECORD_REFUSED, RESULT_NONE, line, smtp_reply_log(reply, said, sizeof(said)));
}

enum state on_mail(struct session *s, const struct input *in)
{
	char line[SMTP_REPLY_LINE_MAX + 1];

	if (in->reply->code < 300) {
		s->tx.open = true;
		return send_rcpt(s);
	}
	if (in->reply->code < 400)
		return on_misspoken(s, in);
	if (is_relay_reply(s, in->reply)) {
		relay_line(s, line, in->reply);
		return mail_refused(s, line);
	}
	say_reply(s, in->reply);
	s->totals.rcpts_refused++;
	s->totals.rcpts_refused_server++;
	s->tx.refusing = true;
	s->tx.deferred = s->tx.deferred || in->reply->code < 500;
	smtp_reply_take(&s->tx.refused, in->reply);
	return leg_ready(s);
}

enum state on_mail_lost(struct session *s, const struct input *in)
{
	return leg_was_stale(s, in) ? bind_begin(s) : on_pending_lost(s, in);
}

enum state on_rcpt(struct session *s, const struct input *in)
{
	char line[SMTP_REPLY_LINE_MAX + 1];

	if (in->reply->code >= 300 && in->reply->code < 400)
		return on_misspoken(s, in);
	if (is_relay_reply(s, in->reply)) {
		relay_line(s, line, in->reply);
		return rcpt_refused(s, line);
	}
	say_reply(s, in->reply);
	if (in->reply->code < 300) {
		s->tx.accepted++;
		progress_made(s, PROGRESS_RCPT + s->tx.accepted);
		s->totals.rcpts_accepted++;
		log_rcpt(s);
	} else {
		s->tx.refusing = true;
		s->tx.deferred = s->tx.deferred || in->reply->code < 500;
		s->totals.rcpts_refused++;
		s->totals.rcpts_refused_server++;
	}
	return leg_ready(s);
}

enum state on_pending_lost(struct session *s, const struct input *in)
{
	s->tx.deferred = true;
	s->totals.rcpts_refused += s->state == ST_MAIL || s->state == ST_RCPT;
	fault_answer(s, "451 4.4.2 the server is gone", in->reason);
	return leg_ready(s);
}

/* --- a leg that nothing is asked of ------------------------------------------------------------------------------ */

/* The unbound leg is disposable. */
enum state on_unbound_lost(struct session *s, const struct input *in)
{
	(void)in;
	return s->state;
}

enum state on_unbound_reply(struct session *s, const struct input *in)
{
	(void)in;
	leg_lost(s);
	return s->state;
}

enum state on_idle_lost(struct session *s, const struct input *in)
{
	return s->tx.lost ? fault_end(s, "421 4.4.2 the server is gone", in->reason) : leg_ready(s);
}

enum state on_idle_reply(struct session *s, const struct input *in)
{
	(void)in;
	leg_lost(s);
	return on_idle_lost(s, &(struct input){ .reason = "the server spoke unasked" });
}

enum state on_idle_421(struct session *s, const struct input *in)
{
	leg_lost(s);
	return s->tx.lost ? pass_421(s, in) : leg_ready(s);
}

/* --- RSET: the client always gets 250 ---------------------------------------------------------------------------- */

enum state rset_begin(struct session *s)
{
	tell_open(s, "RSET");
	return ST_RSET;
}

enum state on_rset_lost(struct session *s, const struct input *in)
{
	(void)in;
	say_line(s, "250 2.0.0 ok");
	return leg_ready(s);
}

enum state on_rset(struct session *s, const struct input *in)
{
	if (in->reply->code >= 300)
		leg_leave(s); /* whatever it still holds goes with it */
	return on_rset_lost(s, in);
}

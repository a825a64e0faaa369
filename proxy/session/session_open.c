/* session_open.c - from accept to the greeting: is there a rule for the destination, does the server answer. */
#include <stdio.h>

#include "proxy/session/session_private.h"

/* What is known against the host is told at once, so that the client tries the next MX; but not where a rule could
 * still let mail through. */
static const char *known_failure(const struct session *s)
{
	if (!passes_through(s) && (s->options.clear_possible || !s->options.enforce))
		return NULL;
	switch (host_known(s)) {
	case HOST_FINE: return NULL;
	case HOST_UNREACHABLE:
	case HOST_SILENT: return "421 4.4.1 the server did not answer a moment ago";
	case HOST_NO_STARTTLS: return "421 4.7.4 the server did not offer STARTTLS a moment ago";
	case HOST_HANDSHAKE_FAILED:
		if (passes_through(s)) /* with us it did, and not with this client */
			return NULL;
		return "421 4.7.5 the TLS handshake with the server failed a moment ago";
	case HOST_FAILURE_COUNT: break;
	}
	return NULL;
}

static enum state first_dial(struct session *s)
{
	leg_dial(s);
	return ST_CONNECT;
}

enum state open_start(struct session *s)
{
	const char *refusal = known_failure(s);

	if (refusal != NULL) {
		log_refusal(s, SESSION_RECORD_REFUSED, RESULT_NONE, refusal, "the host failed within the last minutes");
		return end_refused(s, refusal);
	}
	if (passes_through(s)) /* no rule has a say */
		return first_dial(s);
	s->asking = true;
	s->ops->ask(s->arg, VERDICT_ASK_DESTINATION, "");
	return ST_DESTINATION;
}

enum state on_destination(struct session *s, const struct input *in)
{
	s->asking = false;
	if (in->verdict != NULL && in->verdict->source != VERDICT_SOURCE_NONE)
		s->rule = verdict_ref(in->verdict);
	return first_dial(s);
}

/* Each recipient's question names the destination too, so a rule that is not known yet is not missed. */
enum state on_destination_timeout(struct session *s, const struct input *in)
{
	(void)in;
	s->asking = false;
	s->ops->cancel(s->arg);
	return first_dial(s);
}

enum state on_connect_failed(struct session *s, const struct input *in)
{
	static const char line[] = "421 4.4.1 the server does not answer";
	const bool connected = s->state != ST_CONNECT;
	char reason[VERDICT_REASON_MAX];

	if (s->state == ST_BANNER)
		(void)snprintf(reason, sizeof(reason), "no greeting came: %s", in->reason);
	else
		(void)snprintf(reason, sizeof(reason), "%s",
			       in->reason[0] != '\0' ? in->reason : "no connection came about in time");

	leg_drop(s);
	if (!in->ours)
		host_failed(s, connected ? HOST_SILENT : HOST_UNREACHABLE);
	log_refusal(s, SESSION_RECORD_REFUSED, RESULT_NONE, line, reason);
	return end_refused(s, line);
}

enum state on_connect(struct session *s, const struct input *in)
{
	if (!in->ok)
		return on_connect_failed(s, in);
	host_did(s, HOST_UNREACHABLE);
	s->leg.stage = LEG_RAW;
	return ST_BANNER;
}

enum state on_banner(struct session *s, const struct input *in)
{
	char line[SMTP_REPLY_LINE_MAX + 1];

	if (in->reply->code == 220) {
		host_did(s, HOST_SILENT);
		s->leg.stage = LEG_GREETED;
		s->totals.greeted = true;
		progress_made(s, PROGRESS_GREETED);
		say_reply(s, in->reply);
		return ST_GREETED;
	}
	if (in->reply->code < 400)
		return on_misspoken(s, in);
	say_reply(s, in->reply);
	s->leg.stage = LEG_GREETED; /* QUIT is all that may follow */
	(void)smtp_reply_log(in->reply, line, sizeof(line));
	return end_with(s, SESSION_END_SERVER, line);
}

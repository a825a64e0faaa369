/* session_fault.c - a server that goes, is silent or does not keep to SMTP: what the client hears of it, and the one
 * line of the log that says how it was. */
#include <stdio.h>
#include <string.h>

#include "proxy/session/session_private.h"

void fault_answer(struct session *s, const char *line, const char *reason)
{
	log_refusal(s, SESSION_RECORD_REFUSED, RESULT_NONE, line, reason);
	say_line(s, line);
}

enum state fault_end(struct session *s, const char *line, const char *reason)
{
	log_refusal(s, SESSION_RECORD_REFUSED, RESULT_NONE, line, reason);
	return end_refused(s, line);
}

/* What the server was asked last. */
static const char *asked(const struct session *s)
{
	switch (s->state) {
	case ST_BANNER:
	case ST_REBANNER: return "a greeting";
	case ST_KEYWORDS:
	case ST_REHELLO:
	case ST_TLS_KEYWORDS: return "an answer to EHLO";
	case ST_PASS_STARTTLS:
	case ST_STARTTLS: return "an answer to STARTTLS";
	case ST_MAIL: return "an answer to MAIL";
	case ST_RCPT: return "an answer to RCPT";
	case ST_DATA: return "an answer to DATA";
	case ST_FINAL: return "an answer to the end of the message";
	case ST_AUTH: return "an answer to AUTH";
	default: return "asked for";
	}
}

/* The server's reply is none that SMTP knows at this point: whatever else it says cannot be told apart any more. */
enum state on_misspoken(struct session *s, const struct input *in)
{
	char text[128];
	char reason[VERDICT_REASON_MAX];
	struct input gone = *in;

	(void)snprintf(reason, sizeof(reason), "the server said \"%s\", which is not %s",
		       smtp_reply_log(in->reply, text, sizeof(text)), asked(s));
	gone.reason = reason;
	gone.silent = true; /* it is there, so asking it once more is of no use */
	leg_lost(s);
	return session_row(s->state)->server_closed(s, &gone);
}

/* Octets follow a reply, and gate25 has something to say to the server first: they cannot be the answer to it. */
enum state fault_ahead(struct session *s)
{
	static const struct input gone = { .reason = "the server answered before it was asked", .silent = true };

	leg_lost(s);
	return session_row(s->state)->server_closed(s, &gone);
}

/* session_say.c - speech: what is said to the client, and the guarded ways of saying something to the server. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proxy/session/session_private.h"

static bool utf8_allowed(const struct session *s)
{
	return s->tx.held && s->tx.mail.smtputf8;
}

void say_line(struct session *s, const char *line)
{
	char out[SMTP_REPLY_LINE_MAX + 1];
	size_t len = smtp_reply_local(out, "%s", line);

	if (s->spliced) /* it would stand in clear within TLS */
		return;
	s->ops->to_client(s->arg, out, len);
}

void say_reply(struct session *s, const struct smtp_reply *reply)
{
	for (size_t i = 0; i < reply->lines_count && !s->spliced; i++) {
		char out[SMTP_REPLY_LINE_MAX + 1];
		size_t len = smtp_reply_line(reply, i, utf8_allowed(s), out);

		s->ops->to_client(s->arg, out, len);
	}
}

static void tell(struct session *s, enum session_speech speech, const void *bytes, size_t len)
{
	if (!s->spliced)
		s->ops->to_server(s->arg, speech, bytes, len);
}

void tell_open(struct session *s, const char *line)
{
	char out[SMTP_LINE_MAX + 8];
	int len = snprintf(out, sizeof(out), "%s\r\n", line);

	if (len > 0 && (size_t)len < sizeof(out))
		tell(s, SESSION_SPEECH_OPEN, out, (size_t)len);
}

void tell_hello(struct session *s, const char *verb)
{
	char line[SMTP_LINE_MAX + 6];

	(void)snprintf(line, sizeof(line), "%s %s", verb, s->helo_name);
	tell_open(s, line);
}

bool leg_in_tls(const struct session *s)
{
	return s->leg.stage == LEG_TLS_RAW || s->leg.stage == LEG_TLS;
}

/* The border: envelope and content go to a bound leg only, and in clear only where a verdict permitted this leg. */
bool tell_envelope(struct session *s, const void *bytes, size_t len)
{
	if (!s->bound)
		return false;
	if (s->leg.stage == LEG_TLS)
		tell(s, SESSION_SPEECH_TLS_ONLY, bytes, len);
	else if (s->leg.stage == LEG_CLEAR && s->leg.clear_permitted)
		tell(s, SESSION_SPEECH_PERMITTED, bytes, len);
	else
		return false;
	return true;
}

/* session_auth.c - AUTH where a destination rule offers it: relayed blindly, over TLS to a proved server and nowhere
 * else, until the server says something that is not 334. */
#include <string.h>

#include "proxy/session/session_private.h"

static bool tell_line(struct session *s, const char *text, size_t len)
{
	return tell_envelope(s, text, len) && tell_envelope(s, "\r\n", 2);
}

enum state auth_begin(struct session *s, const struct smtp_command *command)
{
	if ((s->offered & SMTP_KEYWORD_AUTH) == 0)
		return client_error(s, "502 5.5.1 command disabled");
	if (s->authenticated)
		return client_error(s, "503 5.5.1 already authenticated");
	if (!auth_allowed(s)) { /* it was offered on a leg that is gone */
		fault_answer(s, "454 4.7.0 the server is gone; say EHLO again",
			     "AUTH was offered on a leg that is gone");
		return s->state;
	}
	if (command->arg_len == 0)
		return client_error(s, "501 5.5.4 AUTH needs a mechanism");
	s->asked_s = s->now_s;
	s->leg.mute = true;
	if (!tell_envelope(s, "AUTH ", 5) || !tell_line(s, command->arg, command->arg_len))
		return breach(s);
	return ST_AUTH;
}

/* A challenge is passed on whole: a cut one would be a wrong one. */
static void say_challenge(struct session *s, const struct smtp_reply *reply)
{
	size_t len;
	const char *text = smtp_reply_text(reply, reply->lines_count - 1, &len);

	s->ops->to_client(s->arg, "334 ", 4);
	s->ops->to_client(s->arg, text, len);
	s->ops->to_client(s->arg, "\r\n", 2);
}

enum state on_auth(struct session *s, const struct input *in)
{
	if (in->reply->code == 334) {
		say_challenge(s, in->reply);
		return ST_AUTH_CLIENT;
	}
	if (in->reply->code >= 300 && in->reply->code < 400)
		return on_misspoken(s, in);
	s->leg.mute = false;
	s->authenticated = in->reply->code < 300;
	say_reply(s, in->reply);
	return leg_ready(s);
}

enum state on_auth_lost(struct session *s, const struct input *in)
{
	fault_answer(s, "454 4.7.0 the server is gone", in->reason);
	return leg_ready(s);
}

enum state on_auth_line(struct session *s, const struct input *in)
{
	bool told;

	(void)in;
	if (s->leg.stage != LEG_TLS)
		return on_auth_lost(s, &(struct input){ .reason = "the server closed the connection" });
	s->asked_s = s->now_s;
	/* A line that is no line of AUTH ends the exchange, as RFC 4954 s. 4 has it. */
	if (s->line.bad || s->line.eight_bit)
		told = tell_line(s, "*", 1);
	else
		told = tell_line(s, s->line.text, s->line.len);
	return told ? ST_AUTH : breach(s);
}

/* The client will say its line and get its answer then. */
enum state on_auth_idle_lost(struct session *s, const struct input *in)
{
	(void)in;
	return s->state;
}

enum state on_auth_idle_reply(struct session *s, const struct input *in)
{
	leg_lost(s);
	return on_auth_idle_lost(s, in);
}

/* session_passthrough.c - client-tls = passthrough: the client's STARTTLS is the server's. gate25 judges nobody here;
 * it ensures that TLS begins between the two (RFC 3207 s. 4), and that no mail passes before. What follows is not its
 * own to read: the driver carries it (session.h, splice), and nothing is said into it. */
#include <stdio.h>
#include <string.h>

#include "proxy/session/session_private.h"

bool passes_through(const struct session *s)
{
	return s->options.client_tls == CONF_CLIENT_TLS_PASSTHROUGH;
}

bool passthrough_offered(const struct session *s)
{
	return passes_through(s) && s->leg.stage == LEG_CLEAR && (s->leg.ehlo.keywords & SMTP_KEYWORD_STARTTLS) != 0;
}

enum state passthrough_demands_tls(struct session *s, const struct smtp_command *command)
{
	static const char line[] = "530 5.7.0 Must issue a STARTTLS command first";

	if (s->errors + 1 >= SESSION_ERRORS_MAX)
		return client_error(s, line);
	s->errors++;
	log_refusal(s, SESSION_RECORD_REFUSED, RESULT_NONE, line,
		    "a client of client-tls = passthrough speaks of mail in clear");
	if (command->verb == SMTP_VERB_BDAT) /* what follows it would be read as commands */
		return end_refused(s, line);
	say_line(s, line);
	return s->state;
}

enum state passthrough_begin(struct session *s, const struct smtp_command *command)
{
	(void)command;
	if (s->helo)
		return client_error(s, "503 5.5.1 say EHLO first");
	/* What stands behind it in clear came from whoever can write on the path, and the server would take it for what
	 * the client says over TLS. */
	if (s->client_more)
		return client_banned(s, "421 4.7.0 data in clear behind STARTTLS");
	if (!passthrough_offered(s))
		return fault_end(s, "421 4.4.2 the server is gone", "it went before STARTTLS");
	s->asked_s = s->now_s;
	s->leg.mute = true;
	tell_open(s, "STARTTLS");
	return ST_PASS_STARTTLS;
}

enum state on_pass_starttls(struct session *s, const struct input *in)
{
	char said[200];

	if (in->reply->code >= 400) { /* the client knows what to do; in clear there is nothing for it to do here */
		s->leg.mute = false;
		say_reply(s, in->reply);
		return leg_ready(s);
	}
	if (in->reply->code != 220)
		return fault_end(s, "421 4.7.0 the server's reply to STARTTLS makes no sense",
				 smtp_reply_log(in->reply, said, sizeof(said)));
	if (in->more)
		return fault_end(s, "421 4.7.0 the server sent data in clear behind its reply to STARTTLS",
				 "somebody on the path may have put it there");
	say_reply(s, in->reply);
	s->spliced = true;
	s->ops->splice(s->arg);
	return ST_PASS_HELLO;
}

enum state on_pass_starttls_lost(struct session *s, const struct input *in)
{
	return fault_end(s, "421 4.4.2 the server is gone", in->reason);
}

/* The pointers in |seen| are good for this call, the log needs them until the end of the session. */
static void keep_splice(struct session *s, const struct session_splice *seen)
{
	s->totals.passed_up = seen->up;
	s->totals.passed_down = seen->down;
	if (!seen->hellos)
		return;
	(void)snprintf(s->leg.servername, sizeof(s->leg.servername), "%s", seen->servername);
	(void)snprintf(s->leg.tls.version_name, sizeof(s->leg.tls.version_name), "%s", seen->version);
	(void)snprintf(s->tls_offered, sizeof(s->tls_offered), "%s", seen->offered);
}

enum state on_splice(struct session *s, const struct input *in)
{
	if (in->splice != NULL)
		keep_splice(s, in->splice);
	if (!in->ok) {
		s->end_reason = in->reason;
		return end_with(s, SESSION_END_PASSTHROUGH, "");
	}
	if (in->splice == NULL || !in->splice->hellos)
		return s->state;
	return in->splice->half ? ST_PASS_ENDING : ST_PASS;
}

enum state on_splice_timeout(struct session *s, const struct input *in)
{
	(void)in;
	s->end_reason = s->state == ST_PASS_HELLO ? "TLS did not begin in time" : "idle for too long";
	return end_with(s, SESSION_END_TIMEOUT, "");
}

enum state on_splice_lost(struct session *s, const struct input *in)
{
	if (in->reason[0] != '\0')
		s->end_reason = in->reason;
	return end_with(s, SESSION_END_PASSTHROUGH, "");
}

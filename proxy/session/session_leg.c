/* session_leg.c - the life of the leg to the server, and the ways a session ends. */
#include <stdio.h>
#include <string.h>

#include "proxy/session/session_private.h"

static void leg_forget(struct session *s)
{
	s->leg.stage = LEG_NONE;
	s->leg.mute = false;
	s->leg.helo_tried = false;
	memset(&s->leg.ehlo, 0, sizeof(s->leg.ehlo));
	s->bound = false;
	s->auth_lost = s->auth_lost || s->authenticated;
	smtp_reply_cleanup(&s->reply);
	if (s->tx.open && s->tx.accepted > 0)
		s->tx.lost = true;
	s->tx.open = false;
}

void leg_dial(struct session *s)
{
	leg_forget(s);
	memset(&s->leg, 0, sizeof(s->leg));
	s->leg.stage = LEG_DIALLING;
	s->fresh = true;
	s->ops->dial(s->arg);
}

void leg_drop(struct session *s)
{
	if (s->leg.stage != LEG_NONE)
		s->ops->close_server(s->arg, false);
	leg_forget(s);
}

void leg_lost(struct session *s)
{
	leg_drop(s);
}

void leg_leave(struct session *s)
{
	if (s->leg.stage < LEG_GREETED || s->leg.mute) {
		leg_drop(s);
		return;
	}
	tell_open(s, "QUIT");
	s->ops->close_server(s->arg, true);
	leg_forget(s);
}

/* A leg that idled may be gone before the command that finds that out; one made for this very command that goes says
 * no. */
bool leg_was_stale(const struct session *s, const struct input *in)
{
	return !s->fresh && !s->auth_lost && !s->tx.lost && !in->silent;
}

enum state leg_ready(const struct session *s)
{
	if (!s->hello)
		return ST_GREETED;
	return s->bound ? ST_BOUND : ST_UNBOUND;
}

/* --- endings ---------------------------------------------------------------------------------------------------- */

enum state end_with(struct session *s, enum session_end end, const char *line)
{
	if (s->asking)
		s->ops->cancel(s->arg);
	s->asking = false;
	leg_leave(s);
	log_end(s, end, line);
	return ST_OVER;
}

enum state end_refused(struct session *s, const char *line)
{
	say_line(s, line);
	return end_with(s, SESSION_END_REFUSED, line);
}

enum state pass_421(struct session *s, const struct input *in)
{
	char line[SMTP_REPLY_LINE_MAX + 1];

	say_reply(s, in->reply);
	leg_drop(s);
	return end_with(s, SESSION_END_SERVER, smtp_reply_log(in->reply, line, sizeof(line)));
}

enum state client_gone(struct session *s, const struct input *in)
{
	s->client_alert = in->alert;
	return end_with(s, SESSION_END_CLIENT_GONE, "");
}

enum state client_idle(struct session *s, const struct input *in)
{
	static const char line[] = "421 4.4.2 idle for too long";

	(void)in;
	say_line(s, line);
	return end_with(s, SESSION_END_TIMEOUT, line);
}

/* session_client_tls.c - the client's own STARTTLS, where gate25 answers it (RFC 3207). It keeps what the client says
 * from whoever listens on the way to the gate. It says nothing about the server's leg and is never counted for it. */
#include <string.h>

#include "proxy/session/session_private.h"

bool client_tls_offered(const struct session *s)
{
	return s->options.client_tls == CONF_CLIENT_TLS_TERMINATE && !s->client_in_tls;
}

enum state client_tls_begin(struct session *s, const struct smtp_command *command)
{
	(void)command;
	if (s->client_in_tls)
		return client_error(s, "503 5.5.1 TLS is up already");
	if (s->helo)
		return client_error(s, "503 5.5.1 say EHLO first");
	if (s->authenticated)
		return client_error(s, "503 5.5.1 too late: you are authenticated");
	/* What stands behind it in clear came from whoever can write on the path, and would be taken for what the
	 * client says over TLS. It must wait for the 220 (RFC 3207 s. 4). */
	if (s->client_more)
		return client_banned(s, "421 4.7.0 data in clear behind STARTTLS");
	say_line(s, "220 2.0.0 ready to start TLS");
	s->ops->start_client_tls(s->arg);
	return ST_CLIENT_TLS;
}

/* The session is as it was after the greeting (RFC 3207 s. 4.2); no transaction was open. */
static void forget_client(struct session *s)
{
	s->hello = false;
	s->helo = false;
	s->offered = 0;
	s->offered_size = 0;
	s->helo_name[0] = '\0';
	smtp_line_init(&s->line);
}

enum state on_client_tls(struct session *s, const struct input *in)
{
	if (!in->ok) {
		s->client_alert = in->alert;
		s->end_reason = in->reason[0] != '\0' ? in->reason : "the TLS handshake with the client failed";
		return end_with(s, SESSION_END_CLIENT_TLS, "");
	}
	s->client_in_tls = true;
	s->client_tls = *in->tls;
	progress_made(s, PROGRESS_CLIENT_TLS);
	forget_client(s);
	return ST_GREETED;
}

/* Nothing is said: it would be in clear, or not be read. */
enum state on_client_tls_timeout(struct session *s, const struct input *in)
{
	(void)in;
	s->end_reason = "the client did not finish the TLS handshake in time";
	return end_with(s, SESSION_END_CLIENT_TLS, "");
}

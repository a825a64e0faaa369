/* session_commands.c - the client's command lines: what is legal when, and everything that gate25 answers itself. */
#include <stdio.h>
#include <string.h>

#include "proxy/session/session_private.h"

enum need {
	NEED_NOTHING = 0,
	NEED_HELLO = 1 << 0, /* EHLO or HELO was accepted */
	NEED_MAIL = 1 << 1,  /* a transaction */
	NEED_NO_MAIL = 1 << 2,
};

typedef enum state verb_fn(struct session *s, const struct smtp_command *command);

static enum state answer(struct session *s, const char *line)
{
	say_line(s, line);
	return s->state;
}

enum state client_error(struct session *s, const char *line)
{
	if (++s->errors >= SESSION_ERRORS_MAX)
		return client_banned(s, "421 4.7.0 too many errors");
	log_client_error(s, line);
	return answer(s, line);
}

enum state client_banned(struct session *s, const char *line)
{
	log_client_error(s, line);
	return end_refused(s, line);
}

enum state on_too_long(struct session *s)
{
	if (s->state == ST_AUTH_CLIENT)
		return client_banned(s, "421 4.7.0 line too long");
	return client_error(s, "500 5.5.2 line too long");
}

void transaction_end(struct session *s)
{
	smtp_reply_cleanup(&s->tx.refused);
	verdict_unref(s->tx.carrier);
	memset(&s->tx, 0, sizeof(s->tx));
}

static enum state verb_mail(struct session *s, const struct smtp_command *command)
{
	const char *error = smtp_command_check_params(&command->envelope, s->offered);

	if (error != NULL)
		return client_error(s, error);
	if (s->offered_size != 0 && command->envelope.has_size && command->envelope.size > s->offered_size) {
		static const char line[] = "552 5.3.4 larger than the server takes";
		log_client_error(s, line); /* not counted: its next message may be smaller */
		return answer(s, line);
	}
	s->mailed = true;
	s->tx.held = true;
	s->tx.mail = command->envelope;
	return answer(s, "250 2.1.0 ok");
}

static enum state verb_rcpt(struct session *s, const struct smtp_command *command)
{
	const char *error = smtp_command_check_params(&command->envelope, s->offered);

	if (error != NULL)
		return client_error(s, error);
	s->rcpt = command->envelope;
	s->asked_s = s->now_s;
	s->own_left_s = SESSION_OWN_WORK_S;
	s->fresh = false;
	s->goal = GOAL_RCPT;
	return rcpt_begin(s);
}

static enum state verb_rset(struct session *s, const struct smtp_command *command)
{
	bool open = s->tx.open;

	(void)command;
	transaction_end(s);
	if (open)
		return rset_begin(s);
	return answer(s, "250 2.0.0 ok");
}

static enum state verb_data(struct session *s, const struct smtp_command *command)
{
	(void)command;
	return data_begin(s);
}

static enum state verb_noop(struct session *s, const struct smtp_command *command)
{
	(void)command;
	return answer(s, "250 2.0.0 ok");
}

static enum state verb_help(struct session *s, const struct smtp_command *command)
{
	(void)command;
	return answer(s, "214 2.0.0 see RFC 5321");
}

static enum state verb_vrfy(struct session *s, const struct smtp_command *command)
{
	(void)command;
	return answer(s, "252 2.5.0 send mail and see");
}

static enum state verb_disabled(struct session *s, const struct smtp_command *command)
{
	(void)command;
	return client_error(s, "502 5.5.1 command disabled");
}

static enum state verb_unknown(struct session *s, const struct smtp_command *command)
{
	(void)command;
	return client_error(s, "500 5.5.2 command not recognised");
}

/* Its payload follows at once and would be read as commands. */
static enum state verb_bdat(struct session *s, const struct smtp_command *command)
{
	(void)command;
	return client_banned(s, "502 5.5.1 command disabled");
}

static enum state verb_http(struct session *s, const struct smtp_command *command)
{
	(void)command;
	return client_banned(s, "500 5.5.2 this is a mail server");
}

static enum state verb_quit(struct session *s, const struct smtp_command *command)
{
	(void)command;
	say_line(s, "221 2.0.0 bye");
	return end_with(s, SESSION_END_QUIT, "221 2.0.0 bye");
}

/* What is legal when; no handler asks again. */
static const struct verb {
	unsigned needs;
	verb_fn *handle;
} verbs[SMTP_VERB_COUNT] = {
	[SMTP_VERB_UNKNOWN] = { NEED_NOTHING, verb_unknown },
	[SMTP_VERB_EHLO] = { NEED_NOTHING, hello_begin },
	[SMTP_VERB_HELO] = { NEED_NOTHING, hello_begin },
	[SMTP_VERB_MAIL] = { NEED_HELLO | NEED_NO_MAIL, verb_mail },
	[SMTP_VERB_RCPT] = { NEED_HELLO | NEED_MAIL, verb_rcpt },
	[SMTP_VERB_DATA] = { NEED_HELLO | NEED_MAIL, verb_data },
	[SMTP_VERB_RSET] = { NEED_NOTHING, verb_rset },
	[SMTP_VERB_NOOP] = { NEED_NOTHING, verb_noop },
	[SMTP_VERB_QUIT] = { NEED_NOTHING, verb_quit },
	[SMTP_VERB_HELP] = { NEED_NOTHING, verb_help },
	[SMTP_VERB_VRFY] = { NEED_NOTHING, verb_vrfy },
	[SMTP_VERB_EXPN] = { NEED_NOTHING, verb_disabled },
	[SMTP_VERB_STARTTLS] = { NEED_HELLO | NEED_NO_MAIL, client_tls_begin },
	[SMTP_VERB_AUTH] = { NEED_HELLO | NEED_NO_MAIL, auth_begin },
	[SMTP_VERB_BDAT] = { NEED_NOTHING, verb_bdat },
	[SMTP_VERB_BURL] = { NEED_NOTHING, verb_disabled },
	[SMTP_VERB_ETRN] = { NEED_NOTHING, verb_disabled },
	[SMTP_VERB_ATRN] = { NEED_NOTHING, verb_disabled },
	[SMTP_VERB_TURN] = { NEED_NOTHING, verb_disabled },
	[SMTP_VERB_XCLIENT] = { NEED_NOTHING, verb_disabled },
	[SMTP_VERB_XFORWARD] = { NEED_NOTHING, verb_disabled },
	[SMTP_VERB_HTTP] = { NEED_NOTHING, verb_http },
};

static bool ends_session(enum smtp_verb verb)
{
	return verb == SMTP_VERB_BDAT || verb == SMTP_VERB_HTTP;
}

/* RFC 3207 s. 4: all but NOOP, EHLO, STARTTLS and QUIT are to be refused before TLS; those that carry no mail are
 * answered as ever. */
static const struct verb *passthrough_verb(enum smtp_verb verb)
{
	static const struct verb starttls = { NEED_HELLO, passthrough_begin };
	static const struct verb mail = { NEED_NOTHING, passthrough_demands_tls };

	switch (verb) {
	case SMTP_VERB_STARTTLS: return &starttls;
	case SMTP_VERB_EHLO:
	case SMTP_VERB_HELO:
	case SMTP_VERB_RSET:
	case SMTP_VERB_NOOP:
	case SMTP_VERB_HELP:
	case SMTP_VERB_QUIT:
	case SMTP_VERB_UNKNOWN:
	case SMTP_VERB_HTTP: return &verbs[verb];
	default: return &mail;
	}
}

/* A command that was never offered is one that does not exist. */
static const struct verb *verb_of(const struct session *s, enum smtp_verb verb)
{
	static const struct verb disabled = { NEED_NOTHING, verb_disabled };

	if (passes_through(s))
		return passthrough_verb(verb < SMTP_VERB_COUNT ? verb : SMTP_VERB_UNKNOWN);
	if (verb == SMTP_VERB_STARTTLS && s->options.client_tls != CONF_CLIENT_TLS_TERMINATE)
		return &disabled;
	return &verbs[verb < SMTP_VERB_COUNT ? verb : SMTP_VERB_UNKNOWN];
}

enum state on_command(struct session *s, const struct input *in)
{
	struct smtp_command command;
	const struct verb *verb;

	(void)in;
	smtp_command_parse(&command, &s->line, s->tx.held && s->tx.mail.smtputf8);
	verb = verb_of(s, command.verb);
	s->hushed = s->hushed || command.verb == SMTP_VERB_AUTH || command.verb == SMTP_VERB_DATA;
	if (command.error != NULL && !ends_session(command.verb))
		return client_error(s, command.error);
	if ((verb->needs & NEED_HELLO) != 0 && !s->hello)
		return client_error(s, "503 5.5.1 say EHLO first");
	if ((verb->needs & NEED_MAIL) != 0 && !s->tx.held)
		return client_error(s, "503 5.5.1 MAIL first");
	if ((verb->needs & NEED_NO_MAIL) != 0 && s->tx.held)
		return client_error(s, "503 5.5.1 a transaction is open");
	return verb->handle(s, &command);
}

/* session_hello.c - the client's EHLO or HELO, and the keywords it is offered. */
#include <stdio.h>
#include <string.h>

#include "proxy/session/session_private.h"

#define HELLO_NAME_MAX 255

enum state hello_begin(struct session *s, const struct smtp_command *command)
{
	if (command->arg_len > HELLO_NAME_MAX)
		return client_error(s, "501 5.5.4 name too long");
	(void)snprintf(s->helo_name, sizeof(s->helo_name), "%.*s", (int)command->arg_len, command->arg);
	s->helo = command->verb == SMTP_VERB_HELO;
	s->hello = false;
	transaction_end(s); /* upstream, EHLO does it */
	s->asked_s = s->now_s;
	s->own_left_s = SESSION_OWN_WORK_S;
	s->fresh = false;
	s->binding = false;
	s->goal = GOAL_EHLO;
	if (s->auth_lost)
		return fault_end(s, "421 4.4.2 the server is gone, and your authentication with it",
				 "the server closed the connection");
	if (s->leg.stage != LEG_NONE)
		return hello_to_leg(s);
	leg_dial(s);
	return ST_REDIAL;
}

enum state hello_to_leg(struct session *s)
{
	s->leg.helo_tried = false;
	tell_hello(s, "EHLO");
	return ST_KEYWORDS;
}

bool hello_again_as_helo(struct session *s, const struct smtp_reply *reply)
{
	if (!s->helo || s->leg.helo_tried || (reply->code != 500 && reply->code != 502 && reply->code != 504))
		return false;
	s->leg.helo_tried = true;
	tell_hello(s, "HELO");
	return true;
}

static void name_the_server(const struct session *s, struct smtp_ehlo *show)
{
	char text[ADDR_TEXT_MAX];

	if (s->leg.ehlo.name[0] != '\0')
		memcpy(show->name, s->leg.ehlo.name, sizeof(show->name));
	if (show->name[0] != '\0')
		return;
	(void)addr_format(&s->options.destination.addr, text);
	(void)snprintf(show->name, sizeof(show->name), "[%s%s]",
		       addr_len(&s->options.destination.addr) == 16 ? "IPv6:" : "", text);
}

bool auth_allowed(const struct session *s)
{
	return s->bound && s->leg.stage == LEG_TLS && s->rule != NULL && s->rule->status == VERDICT_OK &&
	       s->rule->auth && server_is_proved(s);
}

/* What the client may be offered: of a bound leg what it said; else what this destination said over TLS the last time;
 * else what it said in clear and somebody may have changed. Only the first has a number for SIZE: a wrong one would
 * have clients give up for ever what the server would take. */
static struct smtp_ehlo to_show(const struct session *s)
{
	const struct smtp_ehlo *remembered = ehlo_memory_find(s->options.keywords, &s->options.destination, s->now_s);
	struct smtp_ehlo show = s->leg.ehlo;

	if (!s->bound && remembered != NULL)
		show = *remembered;
	if (!s->bound)
		show.size = 0;
	name_the_server(s, &show);
	show.keywords &= SMTP_KEYWORDS_PASSED | SMTP_KEYWORD_AUTH;
	if (!auth_allowed(s))
		show.keywords &= ~(unsigned)SMTP_KEYWORD_AUTH;
	if (s->rule == NULL && !passes_through(s))
		show.keywords |= SMTP_KEYWORD_LIMITS;
	if (requiretls_offered(s))
		show.keywords |= SMTP_KEYWORD_REQUIRETLS;
	if (client_tls_offered(s) || passthrough_offered(s))
		show.keywords |= SMTP_KEYWORD_STARTTLS;
	return show;
}

enum state hello_answer(struct session *s)
{
	struct smtp_ehlo show = to_show(s);
	char out[SMTP_EHLO_REPLY_MAX];

	sign_of_hello(s);
	if (s->helo) {
		(void)snprintf(out, sizeof(out), "250 %s", show.name);
		say_line(s, out);
		s->offered = 0;
		s->offered_size = 0;
	} else {
		size_t len = smtp_ehlo_write(&show, out);
		s->ops->to_client(s->arg, out, len);
		s->offered = smtp_ehlo_offered(&show);
		s->offered_size = show.size;
	}
	s->hello = true;
	progress_made(s, s->client_in_tls ? PROGRESS_HELLO_IN_TLS : PROGRESS_HELLO);
	smtp_line_set_limit(&s->line, (s->offered & SMTP_KEYWORD_AUTH) != 0 ? SMTP_LINE_AUTH_MAX : SMTP_LINE_MAX);
	return leg_ready(s);
}

/* Nothing could let this session's mail pass: the client had better know now and try the next MX. */
static enum state refuse_clear_host(struct session *s)
{
	static const char line[] = "421 4.7.4 the server does not offer STARTTLS";

	host_failed(s, HOST_NO_STARTTLS);
	log_refusal(s, SESSION_RECORD_REFUSED, RESULT_STARTTLS_NOT_SUPPORTED, line,
		    (s->leg.ehlo.keywords & SMTP_KEYWORD_MANGLED) != 0 ? "something on the path strips STARTTLS" : "");
	return end_refused(s, line);
}

enum state on_keywords(struct session *s, const struct input *in)
{
	if (in->reply->code >= 300 && in->reply->code < 400)
		return on_misspoken(s, in);
	if (in->reply->code >= 400) {
		if (hello_again_as_helo(s, in->reply))
			return ST_KEYWORDS;
		say_reply(s, in->reply);
		return leg_ready(s);
	}
	smtp_ehlo_read(&s->leg.ehlo, in->reply);
	sign_of_server(s);
	if (leg_in_tls(s)) {
		s->leg.stage = LEG_TLS;
		ehlo_memory_note(s->options.keywords, &s->options.destination, &s->leg.ehlo, s->now_s);
	} else {
		s->leg.stage = LEG_CLEAR;
	}
	if (s->bound)
		return hello_answer(s);
	if (s->rule != NULL)
		return bind_for_destination(s);
	if (passes_through(s) && !passthrough_offered(s))
		return refuse_clear_host(s);
	if (!s->options.clear_possible && s->options.enforce && !s->options.reports &&
	    (s->leg.ehlo.keywords & SMTP_KEYWORD_STARTTLS) == 0)
		return refuse_clear_host(s);
	return hello_answer(s);
}

enum state on_keywords_lost(struct session *s, const struct input *in)
{
	if (leg_was_stale(s, in)) {
		leg_dial(s);
		return ST_REDIAL;
	}
	return fault_end(s, "421 4.4.2 the server is gone", in->reason);
}

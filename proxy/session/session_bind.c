/* session_bind.c - making a leg that satisfies the verdict: dial, EHLO, STARTTLS, handshake, judging, EHLO again. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "proxy/session/session_private.h"

static const char *no_starttls(const struct session *s)
{
	return (s->leg.ehlo.keywords & SMTP_KEYWORD_MANGLED) != 0
		       ? "STARTTLS is mangled by something on the path to the server"
		       : "the server does not offer STARTTLS";
}

static enum state dial(struct session *s)
{
	leg_dial(s);
	return ST_REDIAL;
}

/* --- which name next -------------------------------------------------------------------------------------------- */

void bind_candidates(struct session *s)
{
	candidates_of(&s->candidates, s->verdict, &s->options.destination.addr);
	if (s->goal == GOAL_RCPT && s->rcpt.path.domain[0] == '\0' && s->verdict->servername[0] == '\0') {
		memset(&s->candidates, 0, sizeof(s->candidates));
		s->candidates.count = 1; /* <postmaster>: no domain, no name */
	}
}

/* A handshake with |name| could end otherwise than the one that made this leg. */
static bool changes_something(const struct session *s, const char *name)
{
	return s->leg.tls.weak || s->leg.tls.version < s->verdict->min_protocol || strcmp(name, s->leg.servername) != 0;
}

bool another_handshake_helps(const struct session *s)
{
	for (size_t i = 0; i < s->candidates.count; i++) {
		if (changes_something(s, s->candidates.names[i]))
			return true;
	}
	return false;
}

static bool next_candidate(struct session *s)
{
	if (s->candidate + 1 >= s->candidates.count)
		return false;
	s->candidate++;
	return true;
}

/* --- outcomes --------------------------------------------------------------------------------------------------- */

enum state bind_failed(struct session *s, const char *code, enum result_word word, const char *reason)
{
	char line[SMTP_REPLY_LINE_MAX + 1];

	(void)snprintf(line, sizeof(line), "%s %s %s", s->goal == GOAL_RCPT ? "451" : "421", code, reason);
	s->binds_failed++;
	note_trouble(s);
	log_refusal(s, SESSION_RECORD_REFUSED, word, line, reason);
	report_refused(s);
	leg_leave(s);
	if (s->goal == GOAL_EHLO)
		return end_refused(s, line);
	s->tx.domain_refused = true;
	memcpy(s->tx.refused_line, line, sizeof(line));
	memcpy(s->tx.refused_domain, s->rcpt.path.domain, sizeof(s->tx.refused_domain));
	return rcpt_refused(s, line);
}

static enum state bound_ready(struct session *s)
{
	s->bound = true;
	return s->goal == GOAL_EHLO ? hello_answer(s) : relay_begin(s);
}

static enum state bound_in_clear(struct session *s)
{
	if (!clear_permitted(s))
		return bind_failed(s, "4.7.4", RESULT_STARTTLS_NOT_SUPPORTED, "the policy demands TLS");
	s->leg.clear_permitted = true;
	return bound_ready(s);
}

static enum state without_starttls(struct session *s, const char *reason)
{
	if (!clear_permitted(s)) {
		host_failed(s, HOST_NO_STARTTLS);
		return bind_failed(s, "4.7.4", RESULT_STARTTLS_NOT_SUPPORTED, reason);
	}
	if (!level_is_content(s))
		report(s, "4.7.4", RESULT_STARTTLS_NOT_SUPPORTED, reason);
	note_clear(s, RESULT_STARTTLS_NOT_SUPPORTED, reason);
	finding(s, RESULT_STARTTLS_NOT_SUPPORTED, reason);
	return bound_in_clear(s);
}

static struct session_tls_wish wish_of(const struct session *s)
{
	struct session_tls_wish wish = {
		.servername = s->candidates.names[s->candidate],
		.min_protocol = s->verdict->min_protocol,
		.compat = s->options.tls_compat && !level_authenticates(s->demand.level),
		.verdict = s->verdict,
	};

	/* Weak TLS is better than none where nothing is refused; judging reports it. */
	if (demand_is_void(s) || level_is_content(s)) {
		wish.min_protocol = CONF_TLS12;
		wish.compat = s->options.tls_compat;
	}
	return wish;
}

/* Whether a failed handshake is the host's and not the domain's: this rule asked for no more than any other would, and
 * the SNI, which whoever owns the domain chooses, is one that the server goes by. */
static bool is_hosts_failure(const struct session *s, const struct session_tls_wish *wish)
{
	if (wish->min_protocol != CONF_TLS12 || wish->compat != s->options.tls_compat)
		return false;
	return wish->servername[0] == '\0' || strcasecmp(wish->servername, s->leg.clear.name) == 0;
}

static enum state handshake_failed(struct session *s, const char *reason)
{
	struct session_tls_wish wish = wish_of(s);

	finding(s, RESULT_VALIDATION_FAILURE, reason);
	leg_drop(s);
	if (next_candidate(s))
		return dial(s);
	if (clear_permitted(s)) {
		if (!level_is_content(s))
			report(s, "4.7.5", RESULT_VALIDATION_FAILURE, reason);
		note_clear(s, RESULT_VALIDATION_FAILURE, reason);
		s->clear_only = true;
		return dial(s);
	}
	if (is_hosts_failure(s, &wish))
		host_failed(s, HOST_HANDSHAKE_FAILED);
	return bind_failed(s, "4.7.5", RESULT_VALIDATION_FAILURE, reason);
}

/* --- steps ------------------------------------------------------------------------------------------------------ */

static enum state bind_with_leg(struct session *s)
{
	bool no_tls = s->demand.level == LEVEL_NONE;
	bool offered = (s->leg.ehlo.keywords & SMTP_KEYWORD_STARTTLS) != 0;

	s->leg.clear = s->leg.ehlo;
	if (s->clear_only)
		return bound_in_clear(s);
	if (no_tls && offered)
		return bound_in_clear(s);
	if (!offered)
		return without_starttls(s, no_starttls(s));
	s->leg.mute = true;
	tell_open(s, "STARTTLS");
	return ST_STARTTLS;
}

enum state bind_begin(struct session *s)
{
	if (s->binds_failed >= SESSION_BINDS_FAILED_MAX)
		return fault_end(s, "421 4.7.0 too many failed attempts at this server",
				 "the client goes on after refusals of this server");
	bind_candidates(s);
	s->candidate = 0;
	s->clear_only = false;
	notes_forget(s);
	s->binding = true;
	s->leg.clear_permitted = false;
	if (leg_in_tls(s)) { /* a rebind */
		while (!changes_something(s, s->candidates.names[s->candidate]) && next_candidate(s))
			;
		leg_leave(s);
	}
	s->bound = false;
	return s->leg.stage == LEG_NONE ? dial(s) : bind_with_leg(s);
}

enum state on_redial_failed(struct session *s, const struct input *in)
{
	leg_drop(s);
	if (!in->ours)
		host_failed(s, HOST_UNREACHABLE);
	return bind_failed(s, "4.4.1", RESULT_NONE, "the server does not answer");
}

enum state on_redial(struct session *s, const struct input *in)
{
	if (!in->ok)
		return on_redial_failed(s, in);
	host_did(s, HOST_UNREACHABLE);
	s->leg.stage = LEG_RAW;
	return ST_REBANNER;
}

enum state on_bind_lost(struct session *s, const struct input *in)
{
	return bind_failed(s, "4.4.2", RESULT_NONE, in->reason);
}

static enum state server_said_no(struct session *s, const struct smtp_reply *reply)
{
	char text[200];
	char reason[VERDICT_REASON_MAX];

	(void)snprintf(reason, sizeof(reason), "the server said %s", smtp_reply_log(reply, text, sizeof(text)));
	return bind_failed(s, "4.4.2", RESULT_NONE, reason);
}

enum state on_rebanner(struct session *s, const struct input *in)
{
	s->leg.stage = LEG_GREETED;
	if (in->reply->code != 220)
		return server_said_no(s, in->reply);
	if (!s->binding)
		return hello_to_leg(s);
	tell_hello(s, "EHLO");
	return ST_REHELLO;
}

enum state on_rehello(struct session *s, const struct input *in)
{
	if (in->reply->code >= 300)
		return hello_again_as_helo(s, in->reply) ? ST_REHELLO : server_said_no(s, in->reply);
	smtp_ehlo_read(&s->leg.ehlo, in->reply);
	s->leg.stage = LEG_CLEAR;
	return bind_with_leg(s);
}

enum state on_starttls(struct session *s, const struct input *in)
{
	struct session_tls_wish wish = wish_of(s);
	char text[128];
	char reason[VERDICT_REASON_MAX];

	if (in->reply->code != 220) {
		s->leg.mute = false;
		(void)snprintf(reason, sizeof(reason), "the server refused STARTTLS: %s",
			       smtp_reply_log(in->reply, text, sizeof(text)));
		return without_starttls(s, reason);
	}
	if (in->more) /* octets in clear must not cross into TLS (response injection) */
		return handshake_failed(s, "the server sent data in clear behind its reply to STARTTLS");
	memset(&s->leg.ehlo, 0, sizeof(s->leg.ehlo)); /* RFC 3207 s. 4.2 */
	s->leg.stage = LEG_RAW;
	(void)snprintf(s->leg.servername, sizeof(s->leg.servername), "%s", wish.servername);
	s->ops->start_tls(s->arg, &wish);
	return ST_HANDSHAKE;
}

enum state on_starttls_lost(struct session *s, const struct input *in)
{
	return leg_was_stale(s, in) ? dial(s) : on_tls_lost(s, in);
}

enum state on_tls_lost(struct session *s, const struct input *in)
{
	char reason[VERDICT_REASON_MAX];

	(void)snprintf(reason, sizeof(reason), "TLS did not come about: %s", in->reason);
	return handshake_failed(s, reason);
}

enum state on_handshake(struct session *s, const struct input *in)
{
	if (!in->ok)
		return handshake_failed(s, in->reason[0] != '\0' ? in->reason : "the TLS handshake failed");
	s->leg.stage = LEG_TLS_RAW;
	s->leg.mute = false;
	s->leg.tls = *in->tls;
	sign_of_server(s);
	if (leg_fits(s)) {
		findings_forget_tries(s);
	} else {
		finding(s, s->leg.judgement.result, s->leg.judgement.reason);
		if (next_candidate(s)) {
			leg_leave(s);
			return dial(s);
		}
		if (!demand_is_void(s))
			return peer_refused(s, true);
		peer_reported(s);
	}
	tell_hello(s, "EHLO");
	return ST_TLS_KEYWORDS;
}

enum state on_tls_keywords(struct session *s, const struct input *in)
{
	if (in->reply->code >= 300)
		return hello_again_as_helo(s, in->reply) ? ST_TLS_KEYWORDS : server_said_no(s, in->reply);
	smtp_ehlo_read(&s->leg.ehlo, in->reply);
	sign_of_server(s);
	s->leg.stage = LEG_TLS;
	ehlo_memory_note(s->options.keywords, &s->options.destination, &s->leg.ehlo, s->now_s);
	host_did(s, HOST_FINE);
	return bound_ready(s);
}

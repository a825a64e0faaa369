/* probe_talk.c - see probe_talk.h. */
#include "proxy/probe/probe_talk.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef enum probe_action step_fn(struct probe_talk *talk, const struct probe_event *event);

static step_fn on_connected, on_greeting, on_hello, on_starttls, on_tls_ready, on_tls_hello, on_unreached, on_no_tls;

/* A person waits: shorter than a session's times, and longer than what patient servers take (postscreen greets after
 * 6 s, Postfix under stress answers after 10). */
static const struct row {
	const char *name;
	enum probe_event_kind want;
	unsigned timeout_s;
	step_fn *step;
	step_fn *lost;
	const char *lost_as; /* begins the reason */
} rows[PROBE_STAGE_COUNT] = {
	[PROBE_CONNECT] = { "connect", PROBE_CONNECTED, 10, on_connected, on_unreached, "no connection: " },
	[PROBE_GREETING] = { "greeting", PROBE_REPLY, 20, on_greeting, on_unreached, "no greeting: " },
	[PROBE_HELLO] = { "ehlo", PROBE_REPLY, 15, on_hello, on_unreached, "no answer to EHLO: " },
	[PROBE_STARTTLS] = { "starttls", PROBE_REPLY, 15, on_starttls, on_no_tls, "no answer to STARTTLS: " },
	[PROBE_HANDSHAKE] = { "handshake", PROBE_TLS_READY, 15, on_tls_ready, on_no_tls, "" },
	[PROBE_TLS_HELLO] = { "tls-ehlo", PROBE_REPLY, 15, on_tls_hello, on_unreached, "no answer to EHLO over TLS: " },
	[PROBE_OVER] = { "over", PROBE_LOST, 0, NULL, NULL, "" },
};

const char *probe_stage_name(enum probe_stage stage)
{
	return rows[stage].name;
}

unsigned probe_stage_timeout_s(enum probe_stage stage)
{
	return rows[stage].timeout_s;
}

const char *probe_outcome_name(enum probe_outcome outcome)
{
	static const char *const names[PROBE_OUTCOME_COUNT] = { "unreachable", "refuse", "unauthenticated", "pass" };

	return names[outcome];
}

/* --- the terms ---------------------------------------------------------------------------------------------------- */

void probe_terms_of(struct probe_terms *out, const struct verdict *verdict, const struct addr *address, bool compat)
{
	*out = (struct probe_terms){ .verdict = verdict, .address = *address, .compat = compat };
	demand_of(&out->demand, verdict, address);
	out->tested = demand_in_test(&out->in_test, verdict, address);
	candidates_of(&out->names, verdict, address);
}

bool probe_mx_has(const struct verdict_mx *mx, const struct addr *address)
{
	for (size_t i = 0; i < mx->addrs_count; i++) {
		if (addr_equal(&mx->addrs[i], address))
			return true;
	}
	return false;
}

/* Clear text is what the policy itself takes; that a report-only gate would deliver anyway makes it no better. */
static bool clear_is_fine(const struct probe_terms *terms)
{
	return level_permits_clear(terms->demand.level) && demand_permits_clear(terms->verdict, &terms->address);
}

struct probe_tls probe_talk_tls(const struct probe_talk *talk)
{
	const struct probe_terms *terms = talk->terms;
	const struct verdict *verdict = terms->verdict;
	struct probe_tls out = {
		.servername = terms->names.names[talk->name],
		.min_protocol = verdict->min_protocol,
		.compat = terms->compat && !level_authenticates(terms->demand.level),
	};

	/* Weak TLS is better than none where nothing is refused; judging tells of it. */
	if (clear_is_fine(terms) || (!verdict->enforce && demand_permits_clear(verdict, &terms->address))) {
		out.min_protocol = CONF_TLS12;
		out.compat = terms->compat;
	}
	return out;
}

/* --- ends --------------------------------------------------------------------------------------------------------- */

static enum probe_action PRINTF_LIKE(4, 5)
	end(struct probe_talk *talk, enum probe_outcome outcome, enum result_word result, const char *format, ...)
{
	char text[VERDICT_REASON_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	(void)smtp_text_sanitize(talk->reason, sizeof(talk->reason), text, strlen(text), false);
	talk->outcome = outcome;
	talk->result = result;
	talk->ended_in = talk->stage;
	talk->stage = PROBE_OVER;
	return PROBE_DO_CLOSE;
}

static enum probe_action unreachable(struct probe_talk *talk, const char *reason)
{
	return end(talk, PROBE_UNREACHABLE, RESULT_NONE, "%s%s", rows[talk->stage].lost_as, reason);
}

static enum probe_action server_said_no(struct probe_talk *talk, const struct smtp_reply *reply)
{
	char text[200];

	talk->can_say = reply->code != 421;
	return end(talk, PROBE_UNREACHABLE, RESULT_NONE, "the server said %s",
		   smtp_reply_log(reply, text, sizeof(text)));
}

static enum probe_action on_unreached(struct probe_talk *talk, const struct probe_event *event)
{
	return unreachable(talk, event->reason);
}

/* dial begins again under the next name; what the last attempt found out is forgotten. */
static enum probe_action dial(struct probe_talk *talk)
{
	talk->name++;
	talk->stage = PROBE_CONNECT;
	talk->greeting[0] = '\0';
	talk->hello_done = false;
	talk->tls = false;
	return PROBE_DO_DIAL;
}

static bool is_last_name(const struct probe_talk *talk)
{
	return talk->name + 1 >= talk->terms->names.count;
}

/* in_clear: TLS is not to be had, for |reason|. Where no server at all would do, that is why this one does not. */
static enum probe_action in_clear(struct probe_talk *talk, enum result_word word, const char *reason)
{
	const struct demand *demand = &talk->terms->demand;

	talk->clear_word = word;
	(void)smtp_text_sanitize(talk->clear_reason, sizeof(talk->clear_reason), reason, strlen(reason), false);
	if (demand->level == LEVEL_UNSET)
		return end(talk, PROBE_REFUSE, demand->result, "%s; and %s", demand->reason, reason);
	if (clear_is_fine(talk->terms))
		return end(talk, PROBE_PASS, RESULT_NONE, "in clear text: %s", reason);
	return end(talk, PROBE_REFUSE, word, "%s", reason);
}

static enum probe_action on_no_tls(struct probe_talk *talk, const struct probe_event *event)
{
	char reason[VERDICT_REASON_MAX];

	talk->can_say = false;
	if (!is_last_name(talk))
		return dial(talk);
	(void)snprintf(reason, sizeof(reason), "%s%s", rows[talk->stage].lost_as, event->reason);
	return in_clear(talk, RESULT_VALIDATION_FAILURE, reason);
}

/* --- steps -------------------------------------------------------------------------------------------------------- */

static enum probe_action say(struct probe_talk *talk, enum probe_stage next, const char *verb, const char *word)
{
	(void)snprintf(talk->line, sizeof(talk->line), "%s%s%s", verb, word[0] != '\0' ? " " : "", word);
	talk->stage = next;
	talk->can_say = false; /* until the answer is there */
	return PROBE_DO_SAY;
}

static enum probe_action on_connected(struct probe_talk *talk, const struct probe_event *event)
{
	(void)event;
	talk->stage = PROBE_GREETING;
	return PROBE_DO_WAIT;
}

static enum probe_action on_greeting(struct probe_talk *talk, const struct probe_event *event)
{
	(void)smtp_reply_log(event->reply, talk->greeting, sizeof(talk->greeting));
	if (event->reply->code != 220)
		return server_said_no(talk, event->reply);
	return say(talk, PROBE_HELLO, "EHLO", talk->hello);
}

static enum probe_action on_hello(struct probe_talk *talk, const struct probe_event *event)
{
	const char *reason = "the server does not offer STARTTLS";

	if (event->reply->code >= 300)
		return server_said_no(talk, event->reply);
	smtp_ehlo_read(&talk->clear, event->reply);
	talk->hello_done = true;
	talk->can_say = true;
	if ((talk->clear.keywords & SMTP_KEYWORD_STARTTLS) != 0 && talk->terms->demand.level == LEVEL_NONE)
		return end(talk, PROBE_PASS, RESULT_NONE, "in clear text: level none tries no TLS");
	if ((talk->clear.keywords & SMTP_KEYWORD_STARTTLS) != 0)
		return say(talk, PROBE_STARTTLS, "STARTTLS", "");
	if ((talk->clear.keywords & SMTP_KEYWORD_MANGLED) != 0)
		reason = "STARTTLS is mangled by something on the path to the server";
	return in_clear(talk, RESULT_STARTTLS_NOT_SUPPORTED, reason);
}

static enum probe_action on_starttls(struct probe_talk *talk, const struct probe_event *event)
{
	if (event->reply->code == 421)
		return server_said_no(talk, event->reply);
	if (event->reply->code != 220) {
		talk->can_say = true;
		return in_clear(talk, RESULT_STARTTLS_NOT_SUPPORTED, "the server refused STARTTLS");
	}
	talk->stage = PROBE_HANDSHAKE;
	if (event->more) { /* octets in clear must not cross into TLS (response injection) */
		const struct probe_event early = {
			.kind = PROBE_LOST, .reason = "the server sent data in clear behind its reply to STARTTLS"
		};
		return on_no_tls(talk, &early);
	}
	return PROBE_DO_TLS;
}

static enum probe_action on_tls_ready(struct probe_talk *talk, const struct probe_event *event)
{
	const struct judgement *judgement = event->judgement;

	talk->tls = true;
	talk->judgement = *judgement;
	if (event->in_test != NULL)
		talk->in_test = *event->in_test;
	talk->can_say = true;
	if (judgement->satisfied || clear_is_fine(talk->terms))
		return say(talk, PROBE_TLS_HELLO, "EHLO", talk->hello);
	if (!is_last_name(talk))
		return dial(talk);
	return end(talk, PROBE_REFUSE, judgement->result != RESULT_NONE ? judgement->result : RESULT_VALIDATION_FAILURE,
		   "%s",
		   judgement->reason[0] != '\0' ? judgement->reason : "the server is not what the policy demands");
}

static enum probe_action on_tls_hello(struct probe_talk *talk, const struct probe_event *event)
{
	if (event->reply->code >= 300)
		return server_said_no(talk, event->reply);
	smtp_ehlo_read(&talk->secure, event->reply);
	talk->tls_hello_done = true;
	talk->can_say = true;
	if (!talk->judgement.authenticated && talk->terms->demand.basis == DEMAND_OF_DANE_UNUSABLE)
		return end(talk, PROBE_UNAUTHENTICATED, RESULT_NONE,
			   "there are TLSA records, and none of them can be used: TLS without authentication");
	return end(talk, PROBE_PASS, RESULT_NONE, "%s", "");
}

/* --- the gate ----------------------------------------------------------------------------------------------------- */

void probe_talk_begin(struct probe_talk *talk, const struct probe_terms *terms, const char *hello)
{
	*talk = (struct probe_talk){ .terms = terms, .hello = hello };
}

enum probe_action probe_talk_feed(struct probe_talk *talk, const struct probe_event *event)
{
	const struct row *row = &rows[talk->stage];
	const struct probe_event surprise = { .kind = PROBE_LOST, .reason = "the server spoke out of turn" };

	if (talk->stage == PROBE_OVER)
		return PROBE_DO_CLOSE;
	if (event->kind == row->want)
		return row->step(talk, event);
	talk->can_say = false;
	if (event->kind == PROBE_GIVEN_UP)
		return unreachable(talk, event->reason);
	return row->lost(talk, event->kind == PROBE_LOST ? event : &surprise);
}

/* session_verdict.c - from a RCPT to the decision: forward it on this leg, make another leg, or refuse. */
#include <stdio.h>
#include <string.h>

#include "proxy/session/session_private.h"

/* --- what the verdict at hand says ------------------------------------------------------------------------------ */

bool clear_permitted(const struct session *s)
{
	return demand_permits_clear(s->verdict, &s->options.destination.addr);
}

bool demand_is_void(const struct session *s)
{
	/* demand_permits_clear tells a sound report-only verdict from one of all zeros. */
	return !s->verdict->enforce && clear_permitted(s);
}

bool level_is_content(const struct session *s)
{
	return level_permits_clear(s->demand.level);
}

static bool strong_enough(const struct session *s)
{
	if (s->leg.tls.version < s->verdict->min_protocol)
		return false;
	return !s->leg.tls.weak || !level_authenticates(s->demand.level);
}

bool leg_fits(struct session *s)
{
	struct judgement *judgement = &s->leg.judgement;

	if (!leg_in_tls(s))
		return level_is_content(s) && clear_permitted(s);
	if (s->demand.level == LEVEL_UNSET)
		return demand_is_void(s);
	memset(judgement, 0, sizeof(*judgement));
	s->leg.judged = true;
	s->ops->judge(s->arg, s->verdict, SESSION_JUDGE_IN_FORCE, judgement);
	if (judgement->satisfied && !strong_enough(s)) {
		judgement->satisfied = false;
		judgement->result = RESULT_VALIDATION_FAILURE;
		(void)snprintf(judgement->reason, sizeof(judgement->reason), "%s %s is weaker than the policy allows",
			       s->leg.tls.version_name, s->leg.tls.cipher);
	}
	return judgement->satisfied || level_is_content(s);
}

bool server_is_proved(const struct session *s)
{
	return s->leg.judgement.satisfied && s->leg.judgement.authenticated && s->verdict != NULL &&
	       demand_proves_domain(&s->demand, s->verdict);
}

/* --- deciding --------------------------------------------------------------------------------------------------- */

static void take_verdict(struct session *s, struct verdict *verdict)
{
	struct verdict *old = s->verdict;

	s->verdict = verdict_ref(verdict);
	s->leg.judged = false; /* whatever was found, it was for another one */
	memset(&s->leg.judgement, 0, sizeof(s->leg.judgement));
	demand_of(&s->demand, s->verdict, &s->options.destination.addr);
	verdict_unref(old);
}

/* No answer is a failed lookup; what the gate as a whole does with one is all that is known then. */
static bool take_failure(struct session *s)
{
	struct verdict *verdict = verdict_new();

	if (verdict == NULL)
		return false;
	verdict->source = VERDICT_SOURCE_DEFAULT;
	verdict->enforce = s->options.enforce;
	(void)snprintf(verdict->reason, sizeof(verdict->reason), "the policy could not be looked up in time");
	(void)snprintf(verdict->domain, sizeof(verdict->domain), "%.*s", VERDICT_NAME_MAX - 1, s->rcpt.path.domain);
	take_verdict(s, verdict);
	verdict_unref(verdict);
	return true;
}

/* What no server can meet, and recipients that no certificate can ever be right for. NULL: neither. */
static const char *hopeless(const struct session *s, char out[VERDICT_REASON_MAX], enum result_word *out_word)
{
	const struct verdict *v = s->verdict;

	*out_word = RESULT_NONE;
	if (s->demand.level == LEVEL_UNSET) {
		*out_word = s->demand.result;
		memcpy(out, s->demand.reason, VERDICT_REASON_MAX);
		return s->demand.code;
	}
	if (s->goal != GOAL_RCPT || !level_authenticates(s->demand.level) || v->source == VERDICT_SOURCE_DESTINATION)
		return NULL;
	if (s->rcpt.path.domain[0] == '\0') {
		(void)snprintf(out, VERDICT_REASON_MAX, "a recipient without a domain cannot be authenticated");
		return "4.7.1";
	}
	if (s->rcpt.path.literal && v->source == VERDICT_SOURCE_DEFAULT) {
		not_mx_text(s, out);
		return "4.7.1";
	}
	return NULL;
}

/* The bound leg does not satisfy the verdict. */
static enum state unfit(struct session *s)
{
	bind_candidates(s);
	if (!s->tx.open && (!leg_in_tls(s) || another_handshake_helps(s)))
		return bind_begin(s);
	if (!demand_is_void(s))
		return s->tx.open ? refuse_mixed(s) : peer_refused(s, false);
	if (leg_in_tls(s)) {
		peer_reported(s);
		return relay_begin(s);
	}
	if (!clear_permitted(s))
		return refuse_mixed(s);
	if (s->demand.level != LEVEL_UNSET)
		report(s, "4.7.4", RESULT_STARTTLS_NOT_SUPPORTED, "the session is in clear");
	return relay_begin(s);
}

static enum state decide(struct session *s)
{
	char reason[VERDICT_REASON_MAX];
	enum result_word word;
	const char *code = hopeless(s, reason, &word);

	findings_forget(s);
	if (code != NULL && !demand_is_void(s))
		return refuse(s, code, word, reason);
	if (code != NULL)
		report(s, code, word, reason);
	findings_keep(s);
	if (!s->bound || requiretls_wants_another_leg(s))
		return bind_begin(s);
	return leg_fits(s) ? relay_begin(s) : unfit(s);
}

enum state bind_for_destination(struct session *s)
{
	take_verdict(s, s->rule);
	return decide(s);
}

static enum state verdict_ask(struct session *s)
{
	if (s->rule != NULL)
		return bind_for_destination(s);
	s->asking = true;
	s->ops->ask(s->arg, VERDICT_ASK_RECIPIENT, s->rcpt.path.domain);
	return s->bound ? ST_VERDICT_BOUND : ST_VERDICT;
}

enum state rcpt_begin(struct session *s)
{
	if (s->auth_lost)
		return fault_end(s, "421 4.4.2 the server is gone, and your authentication with it",
				 "the server closed the connection");
	if (s->tx.lost)
		return rcpt_refused(s, "451 4.4.2 the server was lost within the transaction");
	if (s->tx.refused.code != 0) {
		say_reply(s, &s->tx.refused);
		s->totals.rcpts_refused++;
		s->totals.rcpts_refused_server++;
		return leg_ready(s);
	}
	if (s->tx.domain_refused && strcmp(s->tx.refused_domain, s->rcpt.path.domain) == 0)
		return rcpt_refused(s, s->tx.refused_line);
	return verdict_ask(s);
}

enum state on_verdict(struct session *s, const struct input *in)
{
	s->asking = false;
	if (in->verdict != NULL)
		take_verdict(s, in->verdict);
	else if (!take_failure(s))
		return fault_end(s, "421 4.3.2 out of memory", "no memory for a verdict");
	return decide(s);
}

/* The server need not wait for it (Postfix under stress waits 10 s): a new leg is dialled when the verdict is there. */
enum state on_verdict_slow(struct session *s, const struct input *in)
{
	(void)in;
	leg_leave(s);
	return ST_VERDICT_SLOW;
}

enum state on_verdict_timeout(struct session *s, const struct input *in)
{
	(void)in;
	s->ops->cancel(s->arg);
	return on_verdict(s, &(struct input){ .reason = "" });
}

/* The bound leg went while a RCPT waits: with recipients accepted on it, this transaction is beyond repair. */
enum state on_verdict_lost(struct session *s, const struct input *in)
{
	static const char line[] = "451 4.4.2 the server is gone";

	if (!s->tx.lost)
		return ST_VERDICT_BOUND;
	s->ops->cancel(s->arg);
	s->asking = false;
	log_refusal(s, SESSION_RECORD_REFUSED, RESULT_NONE, line, in->reason);
	return rcpt_refused(s, line);
}

enum state on_verdict_reply(struct session *s, const struct input *in)
{
	(void)in;
	leg_lost(s);
	return on_verdict_lost(s, &(struct input){ .reason = "the server spoke unasked" });
}

enum state on_verdict_421(struct session *s, const struct input *in)
{
	leg_lost(s);
	return s->tx.lost ? pass_421(s, in) : ST_VERDICT_BOUND;
}

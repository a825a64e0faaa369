/* session_published.c - what is told of published policies and stops nothing: what one in testing would have refused
 * (RFC 8461 s. 5), and what went wrong with one. Once for each domain and each leg that was bound. */
#include <stdio.h>
#include <string.h>

#include "proxy/session/session_private.h"

void note_clear(struct session *s, enum result_word word, const char *reason)
{
	s->clear_word = word;
	(void)snprintf(s->clear_reason, sizeof(s->clear_reason), "%s", reason);
}

void notes_forget(struct session *s)
{
	memset(&s->noted, 0, sizeof(s->noted));
	note_clear(s, RESULT_NONE, "");
}

/* is_news says whether this is the first time for the policy's domain, and remembers it. Of very many domains on one
 * leg some are told of again. */
static bool is_news(struct session *s)
{
	const struct verdict *v = s->verdict;
	const char *domain = v->nexthop[0] != '\0' ? v->nexthop : v->domain;
	struct noted *noted = &s->noted;

	for (size_t i = 0; i < NOTED_MAX; i++) {
		if (domain[0] != '\0' && strcmp(noted->domains[i], domain) == 0)
			return false;
	}
	(void)snprintf(noted->domains[noted->next], sizeof(noted->domains[0]), "%s", domain);
	noted->next = (noted->next + 1) % NOTED_MAX;
	return true;
}

/* --- trouble ------------------------------------------------------------------------------------------------------ */

/* Where nothing is known because of it, the refusal says so itself. */
static void tell_trouble(struct session *s)
{
	const struct verdict_policy *policy = &s->verdict->published;

	if (policy->reason[0] != '\0' && policy->status != VERDICT_PUBLISHED_FAILED)
		log_refusal(s, SESSION_RECORD_NOTED, policy->result, "", policy->reason);
}

void note_trouble(struct session *s)
{
	if (s->verdict != NULL && s->verdict->published.reason[0] != '\0' && is_news(s))
		tell_trouble(s);
}

/* --- testing ------------------------------------------------------------------------------------------------------ */

static void tell_test(struct session *s, const struct demand *demand, const char *code, enum result_word word,
		      const char *reason)
{
	char line[SMTP_REPLY_LINE_MAX + 1];

	(void)snprintf(line, sizeof(line), "451 %s %s", code, reason);
	log_in_test(s, demand, word, line, reason);
}

/* In clear, what kept TLS from coming about is what the policy would refuse; where it was not even tried, nothing is
 * known. */
static void test_clear(struct session *s, const struct demand *demand)
{
	if (s->clear_reason[0] != '\0')
		tell_test(s, demand, s->clear_word == RESULT_STARTTLS_NOT_SUPPORTED ? "4.7.4" : "4.7.5", s->clear_word,
			  s->clear_reason);
}

static void test_leg(struct session *s)
{
	struct judgement judgement;
	struct demand demand;

	if (!demand_in_test(&demand, s->verdict, &s->options.destination.addr))
		return;
	if (demand.level == LEVEL_UNSET) {
		tell_test(s, &demand, demand.code, demand.result, demand.reason);
		return;
	}
	if (!leg_in_tls(s)) {
		test_clear(s, &demand);
		return;
	}
	memset(&judgement, 0, sizeof(judgement));
	s->ops->judge(s->arg, s->verdict, SESSION_JUDGE_IN_TEST, &judgement);
	if (!judgement.satisfied)
		tell_test(s, &demand, "4.7.5", judgement.result,
			  judgement.reason[0] != '\0' ? judgement.reason : "the server could not be authenticated");
}

void note_published(struct session *s)
{
	const struct verdict_policy *policy = &s->verdict->published;

	if (policy->reason[0] == '\0' && policy->status != VERDICT_PUBLISHED_TESTING)
		return;
	if (!is_news(s))
		return;
	tell_trouble(s);
	test_leg(s);
}

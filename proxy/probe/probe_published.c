/* probe_published.c - see probe_published.h. */
#include "proxy/probe/probe_published.h"

#include <stdio.h>
#include <string.h>

/* Other levels do not ask; nor does one where a rule decides about the whole verdict's failure. */
bool probe_publishes(const struct verdict *verdict)
{
	const struct verdict_policy *policy = &verdict->published;

	return verdict->status == VERDICT_OK && verdict->level == LEVEL_DANE &&
	       (policy->status != VERDICT_PUBLISHED_NONE || policy->by != VERDICT_BY_NOBODY ||
		policy->reason[0] != '\0');
}

const char *probe_publisher(const struct verdict *verdict)
{
	return verdict->published.by == VERDICT_BY_LIST ? "list" : "mta-sts"; /* only MTA-STS can fail */
}

const char *probe_pattern(const struct verdict_pattern *pattern, char out[PROBE_PATTERN_MAX])
{
	(void)snprintf(out, PROBE_PATTERN_MAX, "%s%s", pattern->wildcard ? "*." : "", pattern->name);
	return out;
}

/* --- lists -------------------------------------------------------------------------------------------------------- */

#define MORE_MAX sizeof(" and 128 more")

/* add appends |name| where there is room for it and for saying that there are more. */
static bool add(char *out, size_t cap, const char *name)
{
	size_t len = strlen(out);

	if (len + strlen(name) + 2 + MORE_MAX > cap)
		return false;
	(void)snprintf(out + len, cap - len, "%s%s", len > 0 ? " " : "", name);
	return true;
}

static void add_more(char *out, size_t cap, size_t count)
{
	size_t len = strlen(out);

	if (count > 0)
		(void)snprintf(out + len, cap - len, "%s%zu more", len > 0 ? " and " : "", count);
}

const char *probe_allows(const struct verdict *verdict, char *out, size_t cap)
{
	const struct verdict_policy *policy = &verdict->published;
	char text[PROBE_PATTERN_MAX];
	size_t i;

	out[0] = '\0';
	for (i = 0; i < policy->patterns_count; i++) {
		if (!add(out, cap, probe_pattern(&policy->patterns[i], text)))
			break;
	}
	add_more(out, cap, policy->patterns_count - i);
	return out;
}

static bool is_published(enum demand_basis basis)
{
	return basis == DEMAND_OF_STS || basis == DEMAND_OF_LIST;
}

const char *probe_allowed(const struct demand *demand, char *out, size_t cap)
{
	size_t i;

	out[0] = '\0';
	if (demand->level == LEVEL_UNSET || (!is_published(demand->basis) && !is_published(demand->also_basis)))
		return out;
	if (demand->allowed_count == 0)
		(void)snprintf(out, cap, "whatever the policy allows: no MX host is known");
	for (i = 0; i < demand->allowed_count; i++) {
		if (!add(out, cap, demand->allowed[i]->name))
			break;
	}
	add_more(out, cap, demand->allowed_count - i);
	return out;
}

/* --- testing ------------------------------------------------------------------------------------------------------ */

static void fails(struct probe_test *out, enum result_word result, const char *reason)
{
	out->known = true;
	out->result = result;
	out->reason = reason;
}

void probe_test_of(struct probe_test *out, const struct probe_target *target)
{
	const struct probe_talk *talk = &target->talk;
	const struct demand *demand = &target->terms.in_test;

	*out = (struct probe_test){ .reason = "" };
	if (!target->terms.tested)
		return;
	out->basis = is_published(demand->also_basis) ? demand->also_basis : demand->basis;
	if (demand->level == LEVEL_UNSET) {
		fails(out, demand->result, demand->reason);
	} else if (talk->tls && talk->in_test.satisfied) {
		out->known = true;
		out->passes = true;
	} else if (talk->tls) {
		fails(out, talk->in_test.result != RESULT_NONE ? talk->in_test.result : RESULT_VALIDATION_FAILURE,
		      talk->in_test.reason[0] != '\0' ? talk->in_test.reason : "the server could not be authenticated");
	} else if (talk->clear_word != RESULT_NONE) {
		fails(out, talk->clear_word, talk->clear_reason);
	}
}

/* decide_published.c - what MTA-STS and the STARTTLS-Everywhere list come to in a verdict; see decide.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/decide/decide_parts.h"

/* The list's word counts: it has the domain, and is not out of date unless the operator does not mind. */
static bool is_listed(const struct conf *conf, const struct decide_facts *facts)
{
	if (!facts->listed)
		return false;
	return conf->list_expired == CONF_EXPIRED_ENFORCE || facts->now_s < facts->list_expires_s;
}

static void fail(struct verdict_policy *out, const char *reason)
{
	free(out->patterns);
	out->patterns = NULL;
	out->patterns_count = 0;
	out->status = VERDICT_PUBLISHED_FAILED;
	(void)snprintf(out->reason, sizeof(out->reason), "%s", reason);
}

/* set_mode takes over a policy that says something. One without a pattern allows no host, and no sound one is so. */
static bool set_mode(struct verdict_policy *out, enum verdict_published status, const struct verdict_pattern *patterns,
		     size_t count)
{
	out->status = status;
	if (status != VERDICT_PUBLISHED_TESTING && status != VERDICT_PUBLISHED_ENFORCE)
		return true;
	if (count == 0 || count > VERDICT_PATTERNS_MAX) {
		fail(out, "the published policy names no MX host, or too many");
		return true;
	}
	out->patterns = calloc(count, sizeof(*out->patterns));
	if (out->patterns == NULL)
		return false;
	memcpy(out->patterns, patterns, count * sizeof(*out->patterns));
	out->patterns_count = count;
	return true;
}

static bool by_list(struct verdict_policy *out, const struct list_entry *entry)
{
	out->by = VERDICT_BY_LIST;
	return set_mode(out, entry->enforce ? VERDICT_PUBLISHED_ENFORCE : VERDICT_PUBLISHED_TESTING, entry->patterns,
			entry->patterns_count);
}

static bool by_sts(struct verdict_policy *out, const struct sts_answer *sts)
{
	out->by = VERDICT_BY_STS;
	memcpy(out->id, sts->id, sizeof(out->id));
	out->max_age_s = sts->policy->max_age_s;
	return set_mode(out, sts->status, sts->policy->patterns, sts->policy->patterns_count);
}

/* not_known: where nothing depends on it, there is nothing to say. */
static void not_known(struct verdict_policy *out, const struct mx_want *want, const struct mx_result *mx)
{
	bool needless = mx != NULL && decide_needs_no_policy(want, mx);

	fail(out, needless ? "" : "MTA-STS could not be looked up");
}

bool decide_published(struct verdict *verdict, const struct conf *conf, const struct mx_want *want,
		      const struct decide_facts *facts)
{
	struct verdict_policy *out = &verdict->published;
	const struct sts_answer *sts = &facts->sts;

	if (conf->mta_sts && !facts->sts_known) {
		not_known(out, want, facts->mx);
		return true;
	}
	if (conf->mta_sts) {
		out->result = sts->result;
		memcpy(out->reason, sts->reason, sizeof(out->reason));
		if (sts->present)
			return by_sts(out, sts);
		if (sts->status != VERDICT_PUBLISHED_NONE) {
			fail(out, sts->reason[0] != '\0' ? sts->reason : "MTA-STS could not be looked up");
			return true;
		}
	}
	return !is_listed(conf, facts) || by_list(out, &facts->entry);
}

static uint32_t least(uint32_t ttl_s, uint64_t expires_s, uint64_t now_s)
{
	uint64_t left_s = expires_s > now_s ? expires_s - now_s : 0;

	return left_s < ttl_s ? (uint32_t)left_s : ttl_s;
}

uint32_t decide_published_ttl(const struct verdict *verdict, const struct conf *conf, const struct decide_facts *facts,
			      uint32_t ttl_s)
{
	if (facts->sts_known && facts->sts.ttl_s < ttl_s)
		ttl_s = facts->sts.ttl_s;
	if (facts->sts_known && facts->sts.present)
		ttl_s = least(ttl_s, facts->sts.expires_s, facts->now_s);
	if (verdict->published.by == VERDICT_BY_LIST && conf->list_expired == CONF_EXPIRED_IGNORE)
		ttl_s = least(ttl_s, facts->list_expires_s, facts->now_s);
	if (verdict->published.status == VERDICT_PUBLISHED_FAILED && ttl_s > DECIDE_TTL_FAILED_S)
		return DECIDE_TTL_FAILED_S;
	return ttl_s;
}

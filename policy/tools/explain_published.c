/* explain_published.c - see explain.h: what MTA-STS and the list say, and why it counts or does not. */
#include <string.h>
#include <time.h>

#include "policy/tools/explain_parts.h"

void explain_time(char *out, uint64_t at_s)
{
	const time_t at = (time_t)at_s;
	char text[32] = "?";
	struct tm tm;

	if (gmtime_r(&at, &tm) != NULL)
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	append(out, "%s", text);
}

void explain_patterns(char *out, const struct verdict_pattern *patterns, size_t count)
{
	for (size_t i = 0; i < count; i++)
		append(out, "%s%s%s", i > 0 ? ", " : "", patterns[i].wildcard ? "*." : "", patterns[i].name);
}

/* --- the sources -------------------------------------------------------------------------------------------------- */

/* why_not: why nothing that is published counts; NULL: it does, if there is any. */
static const char *why_not(const struct explain *explain, bool in_use, const char *how)
{
	const struct mx_want want = { .dane = explain->dane };

	if (!in_use)
		return how;
	if (explain->facts == NULL || explain->lookup_name == NULL)
		return "there is no domain that could publish anything";
	if (explain->facts->mx->lookup == VERDICT_LOOKUP_FAILED)
		return "the MX hosts could not be had: undecided";
	return decide_needs_no_policy(&want, explain->facts->mx) ? "TLSA records decide at every MX host" : NULL;
}

static void append_mode(struct explain_source *out, bool enforce)
{
	out->applies = true;
	append(out->why, "mode %s",
	       enforce ? "enforce" : "testing: what it would refuse is reported and never refused");
}

static void append_no_policy(struct explain_source *out, const struct sts_answer *sts)
{
	if (sts->reason[0] != '\0')
		append(out->why, "no policy: %s", sts->reason);
	else if (sts->txt_record == STS_RECORD_VALID)
		append(out->why, "no policy could be had");
	else
		append(out->why, "no policy is published");
}

void explain_source_sts(const struct explain *explain, struct explain_source *out)
{
	const char *why = why_not(explain, explain->conf->mta_sts, "mta-sts = no");
	const struct sts_answer none = { 0 };
	const struct sts_answer *sts = explain->facts != NULL ? &explain->facts->sts : &none;
	bool known = explain->facts != NULL && explain->facts->sts_known;

	out->name = "MTA-STS";
	if (explain_level(explain) != LEVEL_DANE) {
		append(out->why, "the level is %s", level_name(explain_level(explain)));
	} else if (why != NULL) {
		append(out->why, "%s", why);
	} else if (!known || sts->status == VERDICT_PUBLISHED_FAILED) {
		out->applies = true;
		append(out->why, "%s: undecided", sts->reason[0] != '\0' ? sts->reason : "it could not be looked up");
	} else if (!sts->present) {
		append_no_policy(out, sts);
	} else if (sts->status == VERDICT_PUBLISHED_NONE) {
		append(out->why, "mode none, as if there were no policy, and the list does not count");
	} else {
		append_mode(out, sts->status == VERDICT_PUBLISHED_ENFORCE);
	}
}

static bool is_expired(const struct decide_facts *facts)
{
	return facts->list_expires_s <= facts->now_s;
}

void explain_source_list(const struct explain *explain, struct explain_source *out)
{
	const struct conf *conf = explain->conf;
	const struct decide_facts *facts = explain->facts;
	const char *why = why_not(explain, conf->list_file != NULL, "no list-file is set");

	out->name = "list";
	if (explain_level(explain) != LEVEL_DANE) {
		append(out->why, "the level is %s", level_name(explain_level(explain)));
	} else if (why != NULL) {
		append(out->why, "%s", why);
	} else if (!facts->listed) {
		append(out->why, "%s has no entry for %s", conf->list_file, explain->lookup_name);
	} else if (conf->mta_sts && facts->sts.present) {
		append(out->why, "the domain's own MTA-STS policy goes first");
	} else if (conf->mta_sts && (!facts->sts_known || facts->sts.status == VERDICT_PUBLISHED_FAILED)) {
		append(out->why, "an MTA-STS policy may go first");
	} else if (is_expired(facts) && conf->list_expired == CONF_EXPIRED_IGNORE) {
		append(out->why, "%s expired ", conf->list_file);
		explain_time(out->why, facts->list_expires_s);
		append(out->why, " (list-expired = ignore)");
	} else {
		append_mode(out, facts->entry.enforce);
		append(out->why, "%s", is_expired(facts) ? " (expired; list-expired = enforce)" : "");
	}
}

/* --- the policies ------------------------------------------------------------------------------------------------- */

bool explain_has_sts(const struct explain *explain)
{
	return explain->facts != NULL && explain->facts->sts_known;
}

void explain_record_text(const struct explain *explain, char out[EXPLAIN_TEXT_MAX])
{
	const struct sts_answer *sts = &explain->facts->sts;

	out[0] = '\0';
	append(out, "record _mta-sts.%s: ", explain->lookup_name);
	if (sts->txt_status == DNS_FAILED)
		append(out, "could not be looked up");
	else if (sts->txt_record == STS_RECORD_VALID)
		append(out, "%s, id %s", dns_status_name(sts->txt_status), sts->txt_id);
	else
		append(out, "%s", sts->txt_record == STS_RECORD_NONE ? "none" : "not valid, which counts as none");
}

void explain_policy_text(const struct explain *explain, char out[EXPLAIN_TEXT_MAX])
{
	const struct sts_answer *sts = &explain->facts->sts;
	char addr[ADDR_TEXT_MAX];

	out[0] = '\0';
	if (!sts->present) {
		append(out, "policy none%s", sts->fetched_now ? ": the policy host was asked" : "");
		if (sts->fetched_now && addr_len(&sts->fetched_from) > 0)
			append(out, ", at %s", addr_format(&sts->fetched_from, addr));
		return;
	}
	append(out, "policy mode %s, id %s, max_age %u, ", sts_mode_name(sts->policy->mode), sts->id,
	       (unsigned)sts->policy->max_age_s);
	if (sts->fetched_now && sts->result == RESULT_NONE) {
		append(out, "fetched now");
		if (addr_len(&sts->fetched_from) > 0)
			append(out, " from %s", addr_format(&sts->fetched_from, addr));
	} else {
		append(out, "remembered since ");
		explain_time(out, sts->fetched_s);
	}
	append(out, ", until ");
	explain_time(out, sts->expires_s);
}

/* tls_report.c - see tls_report.h: what of a session belongs into which policy of a report. */
#include "policy/verdict/tls_report.h"

#include <stdio.h>
#include <string.h>

/* What every part of the report is made from. */
struct source {
	const struct verdict *verdict;
	const struct demand *demand;
	const struct addr *dst;
	const char *whose; /* the policy domain of MTA-STS, and of the report */
};

static bool is_sts_word(enum result_word word)
{
	return word == RESULT_STS_POLICY_FETCH_ERROR || word == RESULT_STS_POLICY_INVALID ||
	       word == RESULT_STS_WEBPKI_INVALID;
}

static bool is_dane_word(enum result_word word)
{
	return word == RESULT_TLSA_INVALID || word == RESULT_DNSSEC_INVALID || word == RESULT_DANE_REQUIRED;
}

/* --- hosts -------------------------------------------------------------------------------------------------------- */

/* The MX host that a handshake with |servername| was for: the SNI of DANE is the base domain of one (RFC 7672 s. 8.1).
 */
static const struct verdict_mx *host_of(const struct source *from, const char *servername)
{
	const struct verdict *v = from->verdict;

	for (size_t i = 0; i < v->mx_count && servername[0] != '\0'; i++) {
		if (strcmp(v->mx[i].tlsa_base, servername) == 0 || strcmp(v->mx[i].name, servername) == 0)
			return &v->mx[i];
	}
	return verdict_mx_for(v, from->dst);
}

static const struct verdict_mx *host_with(const struct source *from, enum verdict_dane dane)
{
	for (size_t i = 0; i < from->verdict->mx_count; i++) {
		if (from->verdict->mx[i].dane == dane)
			return &from->verdict->mx[i];
	}
	return NULL;
}

/* The host whose TLSA records a session with |servername| was about; NULL: there is none. */
static const struct verdict_mx *dane_host_of(const struct source *from, const char *servername, enum result_word word)
{
	const struct verdict_mx *mx = host_of(from, servername);

	if (word == RESULT_DNSSEC_INVALID)
		return mx != NULL ? mx : host_with(from, VERDICT_DANE_FAILED);
	if (word == RESULT_DANE_REQUIRED)
		return mx;
	if (from->demand->basis == DEMAND_OF_DANE_UNUSABLE && (mx == NULL || mx->dane != VERDICT_DANE_UNUSABLE))
		return host_with(from, VERDICT_DANE_UNUSABLE);
	if (from->demand->hosts_count > 0 && (mx == NULL || mx->dane != VERDICT_DANE_USABLE))
		return from->demand->hosts[0];
	return mx;
}

/* --- policies ----------------------------------------------------------------------------------------------------- */

static struct tls_report_policy *find_policy(struct tls_report *out, enum tls_report_type type, const char *domain)
{
	for (size_t i = 0; i < out->policies_count; i++) {
		struct tls_report_policy *policy = &out->policies[i];
		if (policy->type == type && (domain == NULL || strcmp(policy->domain, domain) == 0))
			return policy;
	}
	return NULL;
}

/* add_policy returns the policy of that type and domain; NULL: too many. */
static struct tls_report_policy *add_policy(struct tls_report *out, enum tls_report_type type, const char *domain)
{
	struct tls_report_policy *policy = find_policy(out, type, domain);

	if (policy != NULL || out->policies_count == TLS_REPORT_POLICIES_MAX)
		return policy;
	policy = &out->policies[out->policies_count++];
	*policy = (struct tls_report_policy){ .type = type };
	(void)snprintf(policy->domain, sizeof(policy->domain), "%s", domain);
	return policy;
}

static struct tls_report_policy *add_tlsa(struct tls_report *out, const struct source *from, const char *servername,
					  enum result_word word)
{
	const struct verdict_mx *mx = dane_host_of(from, servername, word);
	struct tls_report_policy *policy;

	if (mx == NULL)
		return add_policy(out, TLS_REPORT_TLSA, from->whose);
	policy = add_policy(out, TLS_REPORT_TLSA, mx->tlsa_base[0] != '\0' ? mx->tlsa_base : mx->name);
	if (policy != NULL && mx->dane == VERDICT_DANE_USABLE) {
		policy->tlsa = mx->tlsa;
		policy->tlsa_count = mx->tlsa_count;
	}
	return policy;
}

static void add_failure(struct tls_report *out, const struct tls_report_policy *policy, enum result_word word,
			const char *mx, const char *helo, const char *reason)
{
	struct tls_report_failure *failure = &out->failures[out->failures_count];

	if (out->failures_count == TLS_REPORT_FAILURES_MAX)
		return;
	*failure = (struct tls_report_failure){ .policy = (unsigned)(policy - out->policies), .word = word };
	(void)snprintf(failure->mx, sizeof(failure->mx), "%s", mx);
	(void)snprintf(failure->helo, sizeof(failure->helo), "%s", helo);
	(void)snprintf(failure->reason, sizeof(failure->reason), "%s", reason);
	out->failures_count++;
}

/* The policy of mode testing has its say where demand_in_test says so. */
static bool sts_applies(const struct source *from)
{
	const struct demand *demand = from->demand;
	struct demand test;

	if (from->verdict->published.by != VERDICT_BY_STS)
		return false;
	switch (from->verdict->published.status) {
	case VERDICT_PUBLISHED_ENFORCE: return demand->basis == DEMAND_OF_STS || demand->also_basis == DEMAND_OF_STS;
	case VERDICT_PUBLISHED_TESTING: return demand_in_test(&test, from->verdict, from->dst);
	case VERDICT_PUBLISHED_NONE:
	case VERDICT_PUBLISHED_FAILED:
	case VERDICT_PUBLISHED_COUNT: break;
	}
	return false;
}

/* What went wrong with getting the policy is told with it (s. 4.3.2.2), but not of a domain whose policy says none. A
 * policy that is remembered holds all the same, and fails only if the server does. */
static void add_sts(struct tls_report *out, const struct source *from)
{
	const struct verdict_policy *published = &from->verdict->published;
	bool applies = sts_applies(from);
	bool wrong = is_sts_word(published->result) &&
		     !(published->by == VERDICT_BY_STS && published->status == VERDICT_PUBLISHED_NONE);
	struct tls_report_policy *policy;

	if (!applies && !wrong)
		return;
	policy = add_policy(out, TLS_REPORT_STS, from->whose);
	if (policy == NULL)
		return;
	policy->failed = !applies;
	if (published->by == VERDICT_BY_STS) {
		policy->testing = published->status == VERDICT_PUBLISHED_TESTING;
		memcpy(policy->id, published->id, sizeof(policy->id));
		policy->max_age_s = published->max_age_s;
		policy->patterns = published->patterns;
		policy->patterns_count = published->patterns_count;
	}
	if (wrong)
		add_failure(out, policy, published->result, "", "", published->reason);
}

/* Where a finding belongs. NULL: nowhere. A list in test is no policy of the domain's, and what the operator's floor
 * refuses where the domain has a policy is no failure of that. */
static struct tls_report_policy *policy_of(struct tls_report *out, const struct source *from,
					   const struct tls_report_finding *finding)
{
	struct tls_report_policy *sts = find_policy(out, TLS_REPORT_STS, NULL);

	if (is_dane_word(finding->word) || finding->basis == DEMAND_OF_DANE ||
	    finding->basis == DEMAND_OF_DANE_UNUSABLE)
		return add_tlsa(out, from, finding->servername, finding->word);
	if (finding->basis == DEMAND_OF_STS)
		return sts;
	if (finding->basis == DEMAND_OF_LIST && from->verdict->published.status == VERDICT_PUBLISHED_TESTING)
		return NULL;
	if (sts != NULL && sts->patterns_count == 0)
		return sts;
	return out->policies_count == 0 ? add_policy(out, TLS_REPORT_NO_POLICY, "")
					: find_policy(out, TLS_REPORT_NO_POLICY, NULL);
}

static void add_finding(struct tls_report *out, const struct source *from, const struct tls_report_finding *finding)
{
	struct tls_report_policy *policy = policy_of(out, from, finding);
	const struct verdict_mx *mx = host_of(from, finding->servername);

	if (policy == NULL || finding->word == RESULT_NONE)
		return;
	policy->failed = true;
	add_failure(out, policy, finding->word, mx != NULL ? mx->name : "", finding->helo, finding->reason);
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static bool has_tlsa_finding(const struct source *from, const struct tls_report_finding *findings, size_t count)
{
	bool dane = from->demand->basis == DEMAND_OF_DANE || from->demand->basis == DEMAND_OF_DANE_UNUSABLE;

	for (size_t i = 0; i < count; i++) {
		if (is_dane_word(findings[i].word) || (dane && findings[i].basis == from->demand->basis))
			return true;
	}
	return false;
}

bool tls_report_of(struct tls_report *out, const struct verdict *verdict, const struct demand *demand,
		   const struct addr *dst, const char *servername, const struct tls_report_finding *findings,
		   size_t count)
{
	struct source from = { .verdict = verdict, .demand = demand, .dst = dst };

	memset(out, 0, sizeof(*out));
	if (verdict == NULL || verdict->status != VERDICT_OK || !level_is_dane(verdict->level))
		return false;
	from.whose = verdict->nexthop[0] != '\0' ? verdict->nexthop : verdict->domain;
	if (from.whose[0] == '\0' || from.whose[0] == '[')
		return false;
	(void)snprintf(out->domain, sizeof(out->domain), "%s", from.whose);
	out->receiver = *dst;
	/* The host that did in the end; where none did, those that did not. */
	if ((demand->basis == DEMAND_OF_DANE || demand->basis == DEMAND_OF_DANE_UNUSABLE) &&
	    !has_tlsa_finding(&from, findings, count))
		(void)add_tlsa(out, &from, servername, RESULT_NONE);
	add_sts(out, &from);
	for (size_t i = 0; i < count; i++)
		add_finding(out, &from, &findings[i]);
	if (out->policies_count == 0)
		(void)add_policy(out, TLS_REPORT_NO_POLICY, "");
	return true;
}

const char *tls_report_type_name(enum tls_report_type type)
{
	switch (type) {
	case TLS_REPORT_TLSA: return "tlsa";
	case TLS_REPORT_STS: return "sts";
	case TLS_REPORT_NO_POLICY:
	case TLS_REPORT_TYPE_COUNT: break;
	}
	return "no-policy-found";
}

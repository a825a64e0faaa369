/* requiretls.c - see requiretls.h. */
#include "policy/verdict/requiretls.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "policy/verdict/demand.h"

static void PRINTF_LIKE(3, 4)
	not_to_judge(struct requiretls *out, enum requiretls_status status, const char *format, ...)
{
	va_list args;

	out->status = status;
	va_start(args, format);
	(void)vsnprintf(out->reason, sizeof(out->reason), format, args);
	va_end(args);
}

static const char *whose(const struct verdict *verdict)
{
	return verdict->nexthop[0] != '\0' ? verdict->nexthop : verdict->domain;
}

static bool has_addr(const struct verdict_mx *mx, const struct addr *dst)
{
	for (size_t i = 0; i < mx->addrs_count; i++) {
		if (addr_equal(&mx->addrs[i], dst))
			return true;
	}
	return false;
}

/* --- names by the operator ---------------------------------------------------------------------------------------- */

/* by_operator: the demand is for names that no lookup had a part in. */
static bool by_operator(const struct verdict *verdict, const struct demand *demand)
{
	if (demand->level != LEVEL_VERIFY && demand->level != LEVEL_SECURE)
		return false;
	switch (demand->basis) {
	case DEMAND_OF_RULE:
	case DEMAND_OF_DEFAULT:
	case DEMAND_OF_FLOOR: return !verdict->match_mx && verdict->names_count > 0;
	case DEMAND_OF_NOBODY:
	case DEMAND_OF_DANE:
	case DEMAND_OF_DANE_UNUSABLE:
	case DEMAND_OF_STS:
	case DEMAND_OF_LIST:
	case DEMAND_BASIS_COUNT: break;
	}
	return false;
}

/* --- names by the domain ------------------------------------------------------------------------------------------ */

/* A policy in testing names the domain's hosts as well as one in force: its mode says what becomes of mail that finds
 * none of them, and REQUIRETLS says that itself. */
static bool has_sts(const struct verdict *verdict)
{
	const struct verdict_policy *policy = &verdict->published;

	return policy->by == VERDICT_BY_STS &&
	       (policy->status == VERDICT_PUBLISHED_ENFORCE || policy->status == VERDICT_PUBLISHED_TESTING);
}

/* take_hosts: DNSSEC proves the list of MX hosts as it is; MTA-STS each host that it allows (RFC 8461 s. 4.1). */
static void take_hosts(struct requiretls *out, const struct verdict *verdict)
{
	size_t count = 0;

	for (size_t i = 0; i < verdict->mx_count; i++) {
		const struct verdict_mx *mx = &verdict->mx[i];
		if (verdict->mx_secure || verdict_policy_allows(&verdict->published, mx->name))
			out->mx[count++] = *mx;
	}
	out->verdict.mx = out->mx;
	out->verdict.mx_count = count;
	out->verdict.mx_secure = true;
	out->verdict.match_mx = true;
	out->verdict.names = NULL;
	out->verdict.names_count = 0;
	out->verdict.published = (struct verdict_policy){ .status = VERDICT_PUBLISHED_NONE };
	out->verdict.level = level_is_dane(verdict->level) ? LEVEL_DANE : LEVEL_VERIFY;
	out->verdict.floor = level_is_dane(verdict->level) ? LEVEL_VERIFY : LEVEL_UNSET;
	out->status = REQUIRETLS_JUDGE;
	if (count == 0)
		not_to_judge(out, REQUIRETLS_IMPOSSIBLE, "no MX host of %.120s is one that its MTA-STS policy allows",
			     whose(verdict));
}

static void by_domain(struct requiretls *out, const struct verdict *verdict)
{
	if (verdict->mx_lookup == VERDICT_LOOKUP_FAILED)
		not_to_judge(out, REQUIRETLS_UNKNOWN, "the MX hosts of %.150s could not be looked up", whose(verdict));
	else if (verdict->mx_lookup != VERDICT_LOOKUP_FOUND || verdict->mx_count == 0)
		not_to_judge(out, REQUIRETLS_IMPOSSIBLE, "no MX host is known that the server could be");
	else if (verdict->mx_count > VERDICT_MX_MAX)
		not_to_judge(out, REQUIRETLS_UNKNOWN, "the MX hosts of %.150s are too many", whose(verdict));
	else if (verdict->mx_secure || has_sts(verdict))
		take_hosts(out, verdict);
	else if (verdict->published.status == VERDICT_PUBLISHED_FAILED)
		not_to_judge(out, REQUIRETLS_UNKNOWN, "whether %.120s has an MTA-STS policy could not be looked up",
			     whose(verdict));
	else
		not_to_judge(out, REQUIRETLS_IMPOSSIBLE,
			     "neither DNSSEC nor an MTA-STS policy says which the MX hosts of %.120s are",
			     whose(verdict));
}

void requiretls_of(struct requiretls *out, const struct verdict *verdict, const struct addr *dst)
{
	struct demand demand;

	out->status = REQUIRETLS_UNKNOWN;
	out->reason[0] = '\0';
	memset(&out->verdict, 0, sizeof(out->verdict));
	if (verdict == NULL || verdict->status != VERDICT_OK || !verdict_source_is_real(verdict->source)) {
		not_to_judge(out, REQUIRETLS_UNKNOWN, "%s",
			     verdict != NULL && verdict->reason[0] != '\0' ? verdict->reason : "policy lookup failed");
		return;
	}
	demand_of(&demand, verdict, dst);
	out->verdict = *verdict;
	out->verdict.enforce = true;
	if (by_operator(verdict, &demand)) {
		out->verdict.level = demand.level;
		out->status = REQUIRETLS_JUDGE;
		return;
	}
	by_domain(out, verdict);
}

bool requiretls_has_others(const struct verdict *verdict, const struct addr *dst)
{
	const struct verdict_mx *this;

	if (verdict == NULL || verdict->source == VERDICT_SOURCE_DESTINATION)
		return false;
	this = verdict_mx_for(verdict, dst);
	for (size_t i = 0; i < verdict->mx_count; i++) {
		const struct verdict_mx *mx = &verdict->mx[i];
		if (!has_addr(mx, dst) && (this == NULL || mx->preference >= this->preference))
			return true;
	}
	return false;
}

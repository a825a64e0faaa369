/* demand_published.c - what MTA-STS or the STARTTLS-Everywhere list demands where DANE leaves it to them; see demand.h.
 */
#include <stdio.h>
#include <string.h>

#include "policy/verdict/demand_private.h"

static const char *whose(const struct verdict *verdict)
{
	return verdict->nexthop[0] != '\0' ? verdict->nexthop : verdict->domain;
}

static enum demand_basis basis_of(enum verdict_publisher by)
{
	switch (by) {
	case VERDICT_BY_STS: return DEMAND_OF_STS;
	case VERDICT_BY_LIST: return DEMAND_OF_LIST;
	case VERDICT_BY_NOBODY:
	case VERDICT_PUBLISHER_COUNT: break;
	}
	return DEMAND_OF_NOBODY;
}

static enum demand_published forbid_unknown(struct demand *out, const struct verdict *verdict)
{
	const struct verdict_policy *policy = &verdict->published;

	if (policy->reason[0] != '\0')
		demand_none_meets(out, policy->result, DEMAND_CODE_LOOKUP, "%s", policy->reason);
	else
		demand_none_meets(out, policy->result, DEMAND_CODE_LOOKUP,
				  "whether %.150s has an MTA-STS policy could not be looked up; see gate25 explain",
				  whose(verdict));
	return DEMAND_PUBLISHED_FORBIDS;
}

/* The domain's mail goes to a host that its policy does not know (RFC 8461 s. 4.1). */
static enum demand_published forbid_hosts(struct demand *out, const struct verdict *verdict,
					  const struct verdict_mx *only)
{
	const bool sts = verdict->published.by == VERDICT_BY_STS;

	if (only != NULL && sts)
		demand_none_meets(out, RESULT_VALIDATION_FAILURE, DEMAND_CODE_SECURITY,
				  "%.90s is not an MX host that the MTA-STS policy of %.90s allows", only->name,
				  whose(verdict));
	else if (only != NULL)
		demand_none_meets(out, RESULT_VALIDATION_FAILURE, DEMAND_CODE_SECURITY,
				  "%.80s is not an MX host that the STARTTLS-Everywhere list allows for %.80s",
				  only->name, whose(verdict));
	else
		demand_none_meets(out, RESULT_VALIDATION_FAILURE, DEMAND_CODE_SECURITY,
				  "no MX host of %.90s is one that %s allows", whose(verdict),
				  sts ? "its MTA-STS policy" : "the STARTTLS-Everywhere list");
	return DEMAND_PUBLISHED_FORBIDS;
}

/* allow_hosts: not to know the server's name never lowers the demand: then it must be one of all the hosts that the
 * policy allows, by its certificate. */
static enum demand_published allow_hosts(struct demand *out, const struct verdict *verdict, const struct addr *dst)
{
	const struct verdict_mx *first = NULL;
	size_t candidates = 0;

	out->allowed_count = 0;
	for (size_t i = 0; i < verdict->mx_count; i++) {
		const struct verdict_mx *mx = &verdict->mx[i];
		if (dst != NULL && !demand_mx_has(mx, dst))
			continue;
		if (candidates++ == 0)
			first = mx;
		if (verdict_policy_allows(&verdict->published, mx->name))
			out->allowed[out->allowed_count++] = mx;
	}
	if (candidates == 0 && dst != NULL)
		return allow_hosts(out, verdict, NULL);
	if (candidates > 0 && out->allowed_count == 0)
		return forbid_hosts(out, verdict, candidates == 1 ? first : NULL);
	return DEMAND_PUBLISHED_ALLOWS;
}

static enum demand_published enforced(struct demand *out, const struct verdict *verdict, const struct addr *dst)
{
	const struct verdict_policy *policy = &verdict->published;

	if (basis_of(policy->by) != DEMAND_OF_NOBODY && policy->patterns != NULL && policy->patterns_count > 0 &&
	    policy->patterns_count <= VERDICT_PATTERNS_MAX && verdict->mx_count <= VERDICT_MX_MAX)
		return allow_hosts(out, verdict, dst);
	demand_none_meets(out, RESULT_NONE, DEMAND_CODE_LOOKUP, "a policy that is not known");
	return DEMAND_PUBLISHED_FORBIDS;
}

enum demand_published demand_published(struct demand *out, enum demand_basis *out_basis, const struct verdict *verdict,
				       const struct addr *dst)
{
	enum demand_published says;

	switch (verdict->published.status) {
	case VERDICT_PUBLISHED_NONE:
	case VERDICT_PUBLISHED_TESTING: *out_basis = DEMAND_OF_NOBODY; return DEMAND_PUBLISHED_SILENT;
	case VERDICT_PUBLISHED_ENFORCE:
		*out_basis = basis_of(verdict->published.by);
		says = enforced(out, verdict, dst);
		break;
	case VERDICT_PUBLISHED_FAILED:
	case VERDICT_PUBLISHED_COUNT:
	default: /* a list is at hand and cannot fail: it is MTA-STS */
		*out_basis = DEMAND_OF_STS;
		says = forbid_unknown(out, verdict);
	}
	if (says == DEMAND_PUBLISHED_FORBIDS)
		out->basis = *out_basis;
	return says;
}

static bool is_published(enum demand_basis basis)
{
	return basis == DEMAND_OF_STS || basis == DEMAND_OF_LIST;
}

bool demand_in_test(struct demand *out, const struct verdict *verdict, const struct addr *dst)
{
	*out = (struct demand){ .code = "" };
	if (verdict == NULL || verdict->published.status != VERDICT_PUBLISHED_TESTING)
		return false;
	struct verdict as_if = *verdict; /* borrows all that it points to */
	as_if.published.status = VERDICT_PUBLISHED_ENFORCE;
	demand_of(out, &as_if, dst);
	if (is_published(out->basis) || is_published(out->also_basis))
		return true;
	*out = (struct demand){ .code = "" };
	return false;
}

/* tls_published.c - see tls_published.h. */
#include "proxy/tls/tls_published.h"

#include <stdio.h>

static struct judgement accept_as(const char *kind, const char *name)
{
	struct judgement out = { .satisfied = true, .authenticated = true };

	(void)snprintf(out.matched, sizeof(out.matched), "%s%s", kind, name);
	return out;
}

/* All names are cut so that the end of the sentence has its place. */
static struct judgement refuse_as(const struct tls_chain *chain, const char *rest)
{
	struct judgement out = { .result = RESULT_CERTIFICATE_HOST_MISMATCH };
	char shown[64];

	(void)snprintf(out.reason, sizeof(out.reason), "the certificate of the server is for %s and not for %s",
		       tls_chain_show_names(chain, shown, sizeof(shown)), rest);
	return out;
}

static const char *owner(const struct verdict *verdict)
{
	return verdict->nexthop[0] != '\0' ? verdict->nexthop : verdict->domain;
}

/* --- MX hosts ----------------------------------------------------------------------------------------------------- */

static struct judgement judge_hosts(const struct tls_chain *chain, const struct verdict *verdict,
				    const struct demand *demand)
{
	char rest[142];

	for (size_t i = 0; i < demand->allowed_count; i++)
		if (tls_chain_has_name(chain, demand->allowed[i]->name, false))
			return accept_as("", demand->allowed[i]->name);
	(void)snprintf(rest, sizeof(rest), "%.45s%s the MTA-STS policy of %.45s allows", demand->allowed[0]->name,
		       demand->allowed_count > 1 ? " or another host that" : ", which", owner(verdict));
	return refuse_as(chain, rest);
}

/* --- patterns ----------------------------------------------------------------------------------------------------- */

static bool has_pattern(const struct tls_chain *chain, const struct verdict_pattern *pattern)
{
	return pattern->wildcard ? tls_chain_has_child(chain, pattern->name)
				 : tls_chain_has_name(chain, pattern->name, false);
}

static struct judgement judge_patterns(const struct tls_chain *chain, const struct verdict *verdict, bool sts)
{
	const struct verdict_policy *policy = &verdict->published;
	char rest[142];

	for (size_t i = 0; policy->patterns != NULL && i < policy->patterns_count; i++)
		if (has_pattern(chain, &policy->patterns[i]))
			return accept_as(policy->patterns[i].wildcard ? "*." : "", policy->patterns[i].name);
	if (sts)
		(void)snprintf(rest, sizeof(rest), "a host that the MTA-STS policy of %.80s allows", owner(verdict));
	else
		(void)snprintf(rest, sizeof(rest), "a name that the STARTTLS-Everywhere list allows for %.75s",
			       owner(verdict));
	return refuse_as(chain, rest);
}

struct judgement tls_published_judge(const struct tls_chain *chain, const struct verdict *verdict,
				     const struct demand *demand, enum demand_basis basis)
{
	struct judgement out = { .result = RESULT_VALIDATION_FAILURE };

	if (basis == DEMAND_OF_STS && demand->allowed_count > 0)
		return judge_hosts(chain, verdict, demand);
	if (basis == DEMAND_OF_STS || basis == DEMAND_OF_LIST)
		return judge_patterns(chain, verdict, basis == DEMAND_OF_STS);
	(void)snprintf(out.reason, sizeof(out.reason), "a policy that is not known");
	return out;
}

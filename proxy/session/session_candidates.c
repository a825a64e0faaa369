#include "proxy/session/session_candidates.h"

#include <stdio.h>
#include <string.h>

bool candidates_have(const struct candidates *candidates, const char *name)
{
	for (size_t i = 0; i < candidates->count; i++) {
		if (strcmp(candidates->names[i], name) == 0)
			return true;
	}
	return false;
}

static void add(struct candidates *out, const char *name)
{
	if (name[0] == '\0' || out->count == CANDIDATES_MAX || candidates_have(out, name))
		return;
	(void)snprintf(out->names[out->count], sizeof(out->names[0]), "%s", name);
	out->count++;
}

static bool has_address(const struct verdict_mx *mx, const struct addr *addr)
{
	for (size_t i = 0; i < mx->addrs_count; i++) {
		if (addr_equal(&mx->addrs[i], addr))
			return true;
	}
	return false;
}

static void add_hosts(struct candidates *out, const struct verdict_mx *const *hosts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add(out, hosts[i]->name);
}

/* A published policy that knows better than the DNS does: the names that it has where no MX host is known; and where it
 * is in testing, and any name will do, the one that lets it be tested. */
static void add_published(struct candidates *out, const struct verdict *verdict, const struct demand *demand,
			  const struct addr *dst)
{
	const struct verdict_policy *policy = &verdict->published;
	struct demand test;

	if (demand->basis == DEMAND_OF_STS || demand->basis == DEMAND_OF_LIST) {
		for (size_t i = 0; demand->level != LEVEL_UNSET && i < policy->patterns_count; i++) {
			if (!policy->patterns[i].wildcard)
				add(out, policy->patterns[i].name);
		}
	} else if (!level_authenticates(demand->level) && demand_in_test(&test, verdict, dst)) {
		add_hosts(out, test.allowed, test.allowed_count);
	}
}

/* Where nothing authenticates, another name cannot succeed where the first did not. */
static void only_one_unless_authenticated(struct candidates *out, const struct demand *demand)
{
	if (out->count > 1 && demand->level != LEVEL_UNSET && !level_authenticates(demand->level))
		out->count = 1;
}

void candidates_of(struct candidates *out, const struct verdict *verdict, const struct addr *dst)
{
	struct demand demand;

	demand_of(&demand, verdict, dst);
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < demand.hosts_count; i++)
		add(out, demand.hosts[i]->tlsa_base);
	if (out->count == 0)
		add_hosts(out, demand.allowed, demand.allowed_count);
	if (out->count > 0)
		return;
	if (verdict->servername[0] != '\0') {
		add(out, verdict->servername);
		return;
	}
	add_published(out, verdict, &demand, dst);
	for (size_t i = 0; i < verdict->mx_count; i++) {
		if (has_address(&verdict->mx[i], dst))
			add(out, verdict->mx[i].name);
	}
	if (out->count == 0) {
		for (size_t i = 0; i < verdict->names_count; i++) {
			if (!verdict->names[i].subdomains)
				add(out, verdict->names[i].name);
		}
		for (size_t i = 0; i < verdict->mx_count; i++)
			add(out, verdict->mx[i].name);
	}
	if (out->count == 0)
		out->count = 1; /* names[0] is "": no SNI */
	only_one_unless_authenticated(out, &demand);
}

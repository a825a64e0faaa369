/* plan.c - see plan.h. */
#include "netfilter/plan.h"

#include <stdlib.h>

#include "netfilter/ruleset.h"
#include "netfilter/say.h"

struct plan_table *plan_table(struct plan *plan, const char *name)
{
	struct plan_table *table = &plan->tables[plan->count++];

	table->name = name;
	return table;
}

struct plan_chain *plan_chain(struct plan *plan, struct plan_table *table, const char *name)
{
	struct plan_chain *chain = &table->chains[table->chains_count];

	chain->name = name;
	if (table->chains_count + 1 < PLAN_CHAINS)
		table->chains_count++;
	else
		plan->failed = true;
	return chain;
}

void plan_rule(struct plan *plan, struct plan_chain *chain, const struct term *terms)
{
	struct plan_rule *rule = &chain->rules[chain->count];

	if (chain->count == PLAN_RULES) {
		plan->failed = true;
		return;
	}
	chain->count++;
	for (; terms->kind != TERM_END; terms++) {
		if (rule->count == PLAN_TERMS) {
			plan->failed = true;
			return;
		}
		rule->terms[rule->count++] = *terms;
	}
}

struct plan *plan_new(const struct gate_spec *spec, bool guard_only, char *err, size_t err_len)
{
	struct plan *plan;

	if (!gate_spec_check(spec, err, err_len))
		return NULL;
	plan = calloc(1, sizeof(*plan));
	if (plan == NULL) {
		(void)say(err, err_len, "out of memory");
		return NULL;
	}
	plan_guard(plan, spec);
	if (!guard_only)
		plan_intercept(plan, spec);
	if (plan->failed) {
		(void)say(err, err_len, "no room for the rules");
		plan_free(plan);
		return NULL;
	}
	return plan;
}

void plan_free(struct plan *plan)
{
	if (plan == NULL)
		return;
	for (size_t i = 0; i < plan->count; i++)
		for (size_t k = 0; k < plan->tables[i].sets_count; k++)
			interval_list_cleanup(&plan->tables[i].sets[k].list);
	free(plan);
}

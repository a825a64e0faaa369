/* plan_nftnl.h - a plan as libnftnl objects: for the transaction that installs it, and to be held against the kernel.
 */
#ifndef GATE25_NETFILTER_PLAN_NFTNL_H
#define GATE25_NETFILTER_PLAN_NFTNL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netfilter/plan.h"
#include "proxy/base/attrib.h"

struct batch;
struct nftnl_rule;

/* plan_put adds to |batch|: each table made anew with all that is in it. */
void plan_put(struct batch *batch, const struct plan *plan);
/* plan_put_change adds to |batch| what leads from |from|, which is installed, to |to|, and leaves the chains where they
 * are: a packet meets the old rules of a chain or the new ones. (Where a chain is replaced by another at the same hook,
 * one that is between the two in the very moment meets neither.) Sets that stay the same
 * stay: a new interval set is empty for some 100 us, until the kernel has worked through the transaction (seen
 * in 6.18). Both plans have the same chains. */
void plan_put_change(struct batch *batch, const struct plan *from, const struct plan *to);
bool plan_same_chains(const struct plan *a, const struct plan *b);
/* plan_put_delete adds the deletion of table |name|, whether or not it is there. */
void plan_put_delete(struct batch *batch, const char *name);

/* plan_rule_new makes one rule; NULL when out of memory. The caller frees it. */
struct nftnl_rule *plan_rule_new(const struct plan_table *table, const struct plan_chain *chain,
				 const struct plan_rule *rule);

/* The elements of a set as the kernel has them: of an interval its beginning and, unless there is none, its end. */
struct plan_element {
	uint8_t key[16];
	bool end;
};
/* plan_elements returns all of them in ascending order, an end before a beginning; the caller frees it. NULL when out
 * of memory. */
struct plan_element *plan_elements(const struct plan_set *set, size_t *out_count);
int plan_element_compare(const void *a, const void *b);

#endif

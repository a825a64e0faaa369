/* demand.h - what a verdict demands of the server at one address: where level dane becomes TLSA records that must
 * match, TLS, or the floor (RULES A.5, J.2, J.8). Pure; the one reader of levels dane and dane-only.
 *
 * The address chooses among the MX hosts: those that have it are the candidates, all are where none has. Not to know
 * the host never lowers the demand, a candidate whose lookup failed is never taken for one without records, and no host
 * that is not a candidate changes anything, unless strict-mx says so. */
#ifndef GATE25_POLICY_VERDICT_DEMAND_H
#define GATE25_POLICY_VERDICT_DEMAND_H

#include "policy/verdict/verdict.h"

struct demand {
	/* LEVEL_UNSET: no server can meet it, |result| and |reason| say why. LEVEL_DANE: the server must authenticate
	 * by the records of one of |hosts|. Never LEVEL_DANE_ONLY. Any other level: that. */
	enum level level;
	/* LEVEL_DANE only: a level of names that must be met as well, because the MX list was not proved (RULES C.6,
	 * J.8); LEVEL_UNSET: none. */
	enum level also;
	enum result_word result;
	char reason[VERDICT_REASON_MAX];
	const struct verdict_mx *hosts[VERDICT_MX_MAX]; /* borrowed from the verdict */
	size_t hosts_count;
};

/* demand_of fills |out| for |verdict| (NULL, failed or unknown: LEVEL_UNSET) and the server at |dst|. */
void demand_of(struct demand *out, const struct verdict *verdict, const struct addr *dst);

/* demand_permits_clear: the only way to ask. False unless the verdict is a sound one that says so for |dst|.
 * Report-only counts, for a failed verdict as well: it then names the rule that it failed under (a source), which a
 * zeroed one does not. */
bool demand_permits_clear(const struct verdict *verdict, const struct addr *dst);

#endif

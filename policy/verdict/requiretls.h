/* requiretls.h - what a message that demands REQUIRETLS demands of its server (RFC 8689 s. 4.2.1), beside the policy
 * for its recipient's domain: that the server is proved to be one of the domain's, whatever the level in force.
 *
 * It is the sender's demand and not the operator's: report-only does not weaken it, and neither does a level. Pure. */
#ifndef GATE25_POLICY_VERDICT_REQUIRETLS_H
#define GATE25_POLICY_VERDICT_REQUIRETLS_H

#include "policy/verdict/verdict.h"

enum requiretls_status {
	REQUIRETLS_UNKNOWN = 0, /* a lookup failed: it cannot be told now. |reason| */
	REQUIRETLS_IMPOSSIBLE,  /* no server can be proved to be one of the domain's. |reason| */
	REQUIRETLS_JUDGE,       /* a server that satisfies |verdict| is */
};

struct requiretls {
	enum requiretls_status status;
	/* To be judged as any other, enforced. Its level authenticates, by TLSA records or by the names of MX hosts
	 * that are beyond doubt: DNSSEC proved the list, or the domain's MTA-STS policy allows them; or by names that
	 * the operator gave. Borrows from the verdict that it is made of; never to be unreferenced. */
	struct verdict verdict;
	struct verdict_mx mx[VERDICT_MX_MAX];
	char reason[VERDICT_REASON_MAX];
};

/* requiretls_of fills |out| for |verdict| (NULL, failed: UNKNOWN) and the server at |dst|. */
void requiretls_of(struct requiretls *out, const struct verdict *verdict, const struct addr *dst);

/* requiretls_has_others: whether the client may still find another MX host of the domain behind the one at |dst|: by
 * preference, or any where |dst| is none of them. A server that the operator set has none behind it. */
bool requiretls_has_others(const struct verdict *verdict, const struct addr *dst);

#endif

/* decide.h - from the rule that holds and the MX hosts that were found to the verdict. Pure.
 *
 * Names, as in Postfix (smtp_tls_verify_cert_match, smtp_tls_secure_cert_match): level verify accepts the MX host's
 * name (hostname), level secure the next hop's and those below it (nexthop, dot-nexthop), unless the rule's match says
 * otherwise. The next hop is the recipient domain; at a destination rule it is the rule's nexthop or there is none.
 *
 * When a failed MX lookup fails the verdict: only where the certificate could be accepted by nothing else than the MX
 * host's name (level verify, or match = hostname alone). Elsewhere the lookup chooses the SNI and feeds the log: the
 * verdict is VERDICT_OK with mx_lookup FAILED. A failed verdict keeps source and enforce, so that report-only can
 * deliver.
 *
 * SNI (RULES J.4): the rule's servername; else, where names are accepted and none of them is an MX host found, the
 * first of them that is written out; else "" for the MX host dialled. */
#ifndef GATE25_POLICY_DECIDE_DECIDE_H
#define GATE25_POLICY_DECIDE_DECIDE_H

#include "policy/mx/mx.h"
#include "policy/decide/rules.h"

#define DECIDE_TTL_MAX_S    3600
#define DECIDE_TTL_MIN_S    30 /* also of what the DNS says to keep shorter */
#define DECIDE_TTL_FAILED_S 15

/* The name whose MX hosts are needed, borrowed; NULL: none, and decide takes NULL for them. */
const char *decide_lookup_name(const struct conf *conf, const struct rules_match *match,
			       const struct verdict_question *question);

/* decide makes the verdict on |question|; NULL only when out of memory. */
struct verdict *decide(const struct conf *conf, uint32_t generation, const struct rules_match *match,
		       const struct verdict_question *question, const struct mx_result *mx);

#endif

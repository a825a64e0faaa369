/* decide.h - from the rule that holds and the MX hosts that were found to the verdict. Pure.
 *
 * Names, as in Postfix (smtp_tls_verify_cert_match, smtp_tls_secure_cert_match): level verify accepts the MX host's
 * name (hostname), level secure the next hop's and those below it (nexthop, dot-nexthop), unless the rule's match says
 * otherwise. The next hop is the recipient domain; at a destination rule it is the rule's nexthop or there is none.
 * Level dane has the names of its floor.
 *
 * When a failed MX lookup fails the verdict: at levels dane and dane-only; and where the certificate could be accepted
 * by nothing else than the MX host's name (level verify, or match = hostname alone). Elsewhere the lookup chooses the
 * SNI and feeds the log: the verdict is VERDICT_OK with mx_lookup FAILED. One MX host of which something could not be
 * looked up never fails it. TLSA records that are more than a verdict can carry do. A failed verdict keeps source and
 * enforce, so that report-only can deliver.
 *
 * With dnssec = off level dane is its floor, and level dane-only fails.
 *
 * SNI: the rule's servername; else, where names are accepted and none of them is an MX host found, the
 * first of them that is written out; else "" for the MX host dialled. Where a TLSA record is to match, the SNI is the
 * host's TLSA base domain whatever stands here (RFC 7672 s. 8.1). */
#ifndef GATE25_POLICY_DECIDE_DECIDE_H
#define GATE25_POLICY_DECIDE_DECIDE_H

#include "policy/mx/mx.h"
#include "policy/decide/rules.h"

#define DECIDE_TTL_MAX_S    3600
#define DECIDE_TTL_MIN_S    30 /* also of what the DNS says to keep shorter; not with DANE */
#define DECIDE_TTL_FAILED_S 15

/* decide_want says what has to be looked up; its domain is borrowed from |match| or |question|. False: nothing, and
 * decide takes NULL for it. */
MUST_CHECK bool decide_want(struct mx_want *out, const struct conf *conf, const struct rules_match *match,
			    const struct verdict_question *question);

/* decide makes the verdict on |question|; NULL only when out of memory. */
struct verdict *decide(const struct conf *conf, uint32_t generation, const struct rules_match *match,
		       const struct verdict_question *question, const struct mx_result *mx);

#endif

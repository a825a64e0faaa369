/* decide.h - from the rule that holds, the MX hosts that were found and what was published to the verdict. Pure.
 *
 * Names, as in Postfix (smtp_tls_verify_cert_match, smtp_tls_secure_cert_match): level verify accepts the MX host's
 * name (hostname), level secure the next hop's and those below it (nexthop, dot-nexthop), unless the rule's match says
 * otherwise. The next hop is the recipient domain; at a destination rule it is the rule's nexthop or there is none.
 * Level dane has the names of its floor.
 *
 * When a failed MX lookup fails the verdict: at levels dane and dane-only; and where the certificate could be accepted
 * by nothing else than the MX host's name (level verify, or match = hostname alone). Elsewhere the lookup chooses the
 * SNI and feeds the log: the verdict is VERDICT_OK with mx_lookup FAILED. One MX host of which something could not be
 * looked up never fails it. What is more than a verdict can carry does. A failed verdict keeps source and enforce, so
 * that report-only can deliver.
 *
 * What is published counts at level dane alone: MTA-STS where there is a policy of whatever mode, else the
 * STARTTLS-Everywhere list. What was wanted and is not there has failed.
 *
 * With dnssec = off no TLSA record is looked for: level dane is what was published, else its floor; with neither
 * MTA-STS nor a list it is its floor outright. Level dane-only fails.
 *
 * SNI: the rule's servername; else, where names are accepted and none of them is an MX host found, the
 * first of them that is written out; else "" for the MX host dialled. Where a TLSA record is to match, the SNI is the
 * host's TLSA base domain whatever stands here (RFC 7672 s. 8.1). */
#ifndef GATE25_POLICY_DECIDE_DECIDE_H
#define GATE25_POLICY_DECIDE_DECIDE_H

#include "policy/decide/rules.h"
#include "policy/list/list.h"
#include "policy/mx/mx.h"
#include "policy/sts/sts.h"

#define DECIDE_TTL_MAX_S    3600
#define DECIDE_TTL_MIN_S    30 /* also of what the DNS says to keep shorter; not with DANE */
#define DECIDE_TTL_FAILED_S 15

/* What has to be found out. */
struct decide_want {
	struct mx_want mx; /* its domain is borrowed from what decide_want was given */
	bool sts;          /* and what that domain publishes by MTA-STS */
	bool list;         /* and what the list says of it */
};

/* What was found out; everything is borrowed. */
struct decide_facts {
	const struct mx_result *mx; /* NULL: not wanted */
	uint32_t mx_ttl_s;          /* for how long it is still good */
	bool sts_known;             /* false: not wanted, or not waited for */
	struct sts_answer sts;      /* |text| may be missing */
	bool listed;                /* the list has the domain */
	struct list_entry entry;
	uint64_t list_expires_s; /* UNIX time */
	uint64_t now_s;          /* likewise */
};

/* decide_want says what has to be found out. False: nothing, and decide takes NULL for it. */
MUST_CHECK bool decide_want(struct decide_want *out, const struct conf *conf, const struct rules_match *match,
			    const struct verdict_question *question);
/* decide_needs_no_policy: whatever may be published, it would change nothing: the MX hosts are proved and each has TLSA
 * records that can be used, or there is no list of them to be had. */
bool decide_needs_no_policy(const struct mx_want *want, const struct mx_result *mx);

/* decide makes the verdict on |question|; NULL only when out of memory. */
struct verdict *decide(const struct conf *conf, uint32_t generation, const struct rules_match *match,
		       const struct verdict_question *question, const struct decide_facts *facts);

#endif

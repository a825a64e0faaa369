/* dnssec_judge.h - what the answers to a self-test's questions mean. Pure.
 *
 * The root's SOA record is asked for twice: as a proof, in the mode under test, and plainly, so that a resolver that is
 * not there is told from one that is there and does not prove. Then names that are signed wrongly on purpose: who
 * answers for one does not validate. That such a name cannot be asked about proves nothing, and is only said; nor does
 * it count where libunbound proved the root in this very process: then it is the name that was mended. */
#ifndef GATE25_POLICY_DNS_DNSSEC_JUDGE_H
#define GATE25_POLICY_DNS_DNSSEC_JUDGE_H

#include "policy/dns/dns.h"
#include "proxy/base/dnssec_report.h"

#define DNSSEC_BOGUS_MAX 8 /* names; further ones are not asked about */

struct dnssec_word { /* what was said to one question */
	enum dns_status status;
	bool bogus;
	char reason[DNS_REASON_MAX];
};

struct dnssec_evidence {
	char who[DNS_REASON_MAX]; /* was asked, for the reason */
	struct dnssec_word plain;
	struct dnssec_word root;
	bool validated;                             /* |root|: by DNS_VALIDATE, and not by somebody's word */
	struct dnssec_word bogus[DNSSEC_BOGUS_MAX]; /* as |bogus_names| are */
	const char *bogus_names[DNSSEC_BOGUS_MAX];
	size_t bogus_count;
};

struct dnssec_finding {
	enum dnssec_state state; /* PROVED, SILENT or UNPROVED */
	char reason[DNSSEC_REASON_MAX];
};

void dnssec_judge(struct dnssec_finding *out, const struct dnssec_evidence *evidence);
/* dnssec_judge_all: several resolvers, any of which may come to answer: one that answers without proof spoils all, one
 * that is down spoils nothing. |count| is at least 1. */
void dnssec_judge_all(struct dnssec_finding *out, const struct dnssec_evidence *evidence, size_t count);

#endif

/* mx.h - the mail exchangers of a domain and their addresses (RFC 5321 s. 5.1, RFC 7505; RULES by their outcome in each
 * function of mx.c). Proves nothing yet: DNSSEC is not asked.
 *
 * Failed is not absent: where no list of hosts could be had the lookup failed; where one host's addresses could not,
 * that host alone is marked. */
#ifndef GATE25_POLICY_MX_MX_H
#define GATE25_POLICY_MX_MX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/dns/dns.h"
#include "policy/verdict/verdict.h"

#define MX_QUESTIONS_MAX 100 /* put to the DNS for one domain */

struct mx_result {
	enum verdict_lookup lookup;
	struct verdict_mx *hosts; /* by preference; only with VERDICT_LOOKUP_FOUND */
	size_t hosts_count;
	bool implicit;                /* no MX record: the domain itself */
	bool null_mx;                 /* absent: the domain takes no mail, it says */
	bool nxdomain;                /* absent: there is no such domain */
	char canonical[DNS_NAME_MAX]; /* the domain, its alias followed */
	uint32_t ttl_s;
	char reason[VERDICT_REASON_MAX]; /* one sentence, unless everything went well */
};

void mx_result_cleanup(struct mx_result *result);

/* mx_hosts makes the list of hosts, without addresses, of the answer to the question for |domain|'s MX. Pure. */
void mx_hosts(struct mx_result *out, const char *domain, const struct dns_answer *answer);

struct mx_lookup;
/* The result is borrowed for the call, but may be taken: copy it and zero the original. */
typedef void mx_done_fn(void *arg, struct mx_result *result);

/* mx_lookup_start looks |domain| up; |done| is called once, from the event loop, at the latest after |deadline_ms|: a
 * host whose addresses have not come by then is marked. NULL when out of memory. */
MUST_CHECK struct mx_lookup *mx_lookup_start(struct event_base *base, struct dns *dns, const char *domain,
					     uint32_t deadline_ms, mx_done_fn *done, void *arg);
void mx_lookup_cancel(struct mx_lookup *lookup); /* before |done| was called; NULL is fine */

#endif

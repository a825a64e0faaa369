/* mx.h - the mail exchangers of a domain, their addresses, and the TLSA records that hold for them (RFC 5321 s. 5.1,
 * RFC 7505, RFC 7672 s. 2.2).
 *
 * Failed is not absent: where no list of hosts could be had the lookup failed; where something about one host could
 * not, that host alone is marked, and the others go on. All hosts are looked up at the same time. */
#ifndef GATE25_POLICY_MX_MX_H
#define GATE25_POLICY_MX_MX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/dns/dns.h"
#include "policy/mx/host_search.h"
#include "policy/verdict/verdict.h"

/* Put to the DNS for one domain: the MX, and for each of 32 hosts two families, an alias and two TLSA candidates, make
 * 161; the rest is for aliases that a resolver does not follow by itself. What is not answered by then has failed. */
#define MX_QUESTIONS_MAX 320

struct mx_want {
	const char *domain; /* borrowed for the call */
	bool dane;          /* and the TLSA records */
	bool insecure_mx;   /* also where the list of MX hosts is not proved */
	uint16_t port;      /* that the TLSA records are for */
};

struct mx_result {
	enum verdict_lookup lookup;
	bool secure;              /* what |lookup| says was proved by DNSSEC, aliases included */
	struct verdict_mx *hosts; /* by preference; only with VERDICT_LOOKUP_FOUND. Without DANE wanted, or beneath an
				     insecure list where it was not: VERDICT_DANE_NONE */
	size_t hosts_count;
	enum host_addrs addrs[VERDICT_MX_MAX]; /* of each host: what its addresses came to */
	bool implicit;                         /* no MX record: the domain itself */
	bool null_mx;                          /* absent: the domain takes no mail, it says */
	bool nxdomain;                         /* absent: there is no such domain */
	char canonical[DNS_NAME_MAX];          /* the domain, its alias followed */
	uint32_t ttl_s;
	char reason[VERDICT_REASON_MAX]; /* one sentence, unless everything went well */
};

void mx_result_cleanup(struct mx_result *result);
size_t mx_result_bytes(const struct mx_result *result); /* of what it points to */
/* mx_result_copy: false: out of memory, and |out| is zeroed: a failed lookup. */
MUST_CHECK bool mx_result_copy(struct mx_result *out, const struct mx_result *from);
/* mx_host_copy: false: out of memory; |out| is to be cleaned up all the same. */
MUST_CHECK bool mx_host_copy(struct verdict_mx *out, const struct verdict_mx *from, bool with_tlsa);

/* mx_hosts makes the list of hosts, without addresses, of the answer to the question for |domain|'s MX. Pure. */
void mx_hosts(struct mx_result *out, const char *domain, const struct dns_answer *answer);
/* mx_end_with makes a result without hosts; |why| follows the domain's name in the reason. */
void mx_end_with(struct mx_result *out, enum verdict_lookup lookup, const char *domain, const char *why);

struct mx_lookup;
/* The result is borrowed for the call, but may be taken: copy it and zero the original. */
typedef void mx_done_fn(void *arg, struct mx_result *result);
/* Told of each answer before anything comes of it. */
typedef void mx_watch_fn(void *arg, const char *name, enum dns_type type, const struct dns_answer *answer);

/* mx_lookup_start looks a domain up; |done| is called once, from the event loop, at the latest after |deadline_ms|: a
 * host of which something has not come by then is marked. NULL when out of memory. */
MUST_CHECK struct mx_lookup *mx_lookup_start(struct event_base *base, struct dns *dns, const struct mx_want *want,
					     uint32_t deadline_ms, mx_done_fn *done, void *arg);
void mx_lookup_watch(struct mx_lookup *lookup, mx_watch_fn *watch, void *arg);
void mx_lookup_cancel(struct mx_lookup *lookup); /* before |done| was called; NULL is fine */

#endif

/* dns_records.h - the records of a message, as ldns has read it: names as text, values, and how long they hold. For
 * dns_*.c only. */
#ifndef GATE25_POLICY_DNS_DNS_RECORDS_H
#define GATE25_POLICY_DNS_DNS_RECORDS_H

#include <ldns/ldns.h>

#include "policy/dns/dns.h"

/* dns_name_text writes a name in lower case without its last dot, "." for the root. False for one with octets that no
 * host name and no alias in use has: they would read differently as text. */
MUST_CHECK bool dns_name_text(char out[DNS_NAME_MAX], const ldns_rdf *dname);
bool dns_is_record_of(const ldns_rr *rr, const char *name, ldns_rr_type type);

/* dns_take_ttl lowers |answer|'s time to live to |ttl_s|, and to a day. */
void dns_take_ttl(struct dns_answer *answer, uint32_t ttl_s);
/* dns_take_rrset_ttl lowers it to the TTL of |rr| and to what the signatures in |list| of its set allow (RFC 4035 s.
 * 5.3.3). Signatures that have ended do not count where others have not. */
void dns_take_rrset_ttl(struct dns_answer *answer, const ldns_rr *rr, const ldns_rr_list *list, int64_t now_s);

/* dns_take_record adds |rr|'s value where |answer| has a field for it. NULL, or why not: a clause. */
const char *dns_take_record(struct dns_answer *answer, const ldns_rr *rr);

#endif

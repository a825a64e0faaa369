/* dns_ede.h - why a resolver failed, in its own words (RFC 8914). For dns_*.c only. */
#ifndef GATE25_POLICY_DNS_DNS_EDE_H
#define GATE25_POLICY_DNS_DNS_EDE_H

#include <ldns/ldns.h>

#include "policy/dns/dns.h"

/* dns_ede_reason says what error |packet| is. Returns whether it is one of DNSSEC: the data is there, and wrong. */
bool dns_ede_reason(char out[DNS_REASON_MAX], ldns_pkt *packet);

#endif

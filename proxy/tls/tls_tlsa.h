/* tls_tlsa.h - TLSA records and the certificates that they are of (RFC 6698 s. 2.1). What a match is worth is not asked
 * here: see tls_verify.h. */
#ifndef GATE25_PROXY_TLS_TLS_TLSA_H
#define GATE25_PROXY_TLS_TLS_TLSA_H

#include "policy/verdict/tlsa.h"
#include "proxy/base/attrib.h"
#include "proxy/tls/tls_peer.h"

/* tls_tlsa_is: whether |record|'s data are those of |cert|: the selected part as encoded there, or its digest. */
bool tls_tlsa_is(const struct tlsa *record, struct tls_der cert);

/* tls_tlsa_make makes the record of |cert|. The caller frees data. False: parameters that are unknown, a |cert| that is
 * none or too long, out of memory. */
MUST_CHECK bool tls_tlsa_make(struct tlsa *out, enum tlsa_usage usage, enum tlsa_selector selector,
			      enum tlsa_mtype mtype, struct tls_der cert);

/* tls_tlsa_der is a tlsa_der_fn. A key of an algorithm or curve that BoringSSL has not counts by its form: as a record
 * that cannot be used it would ask for no authentication at all, and gate25-policyd, with OpenSSL, knows it. */
bool tls_tlsa_der(uint8_t selector, const uint8_t *der, size_t len);

#endif

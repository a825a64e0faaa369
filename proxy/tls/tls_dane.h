/* tls_dane.h - a server's certificates held against TLSA records (RFC 6698, 7671, 7672). Private to
 * proxy/tls and its tests. No CA file has a say here.
 *
 *   usage 3  the leaf certificate or its key is the record's, and that is all: no name, no date, no issuer, no key
 *            usage, no strength (RFC 7672 s. 3.1.1)
 *   usage 2  the leaf leads (tls_path.h) to a certificate that matches a record, by certificates that the server sent,
 *            in whatever order; and has one of the reference names. That certificate is one of those sent, not the
 *            leaf unless it signed itself; or the record's own (2 0 0). A bare key (2 1 0) whose certificate was not
 *            sent also matches where it signed one that was (RFC 7671 s. 5.2.3). The trust anchor's own dates,
 *            constraints and critical extensions hold too, whatever the selector: RFC 7671 leaves it open, OpenSSL
 *            does so but for the dates of an anchor that did not sign itself
 *   others   match nothing
 *
 * Records that are outdone (tlsa_outdone) match nothing. Any one match is enough, of any host of the demand.
 *
 * Reference names (RFC 7672 s. 3.2.2): the host's TLSA base domain; where the MX list was proved, also the next hop and
 * what it is an alias of; where the domain has no MX record, also the next hop. The subject's common name counts where
 * the leaf has no dNSName at all. */
#ifndef GATE25_PROXY_TLS_TLS_DANE_H
#define GATE25_PROXY_TLS_TLS_DANE_H

#include <time.h>

#include "policy/verdict/demand.h"
#include "proxy/tls/judgement.h"
#include "proxy/tls/tls_peer.h"

/* Signatures looked at for one judgement; what lies beyond does not match. One of a P-521 key takes a millisecond. */
#define TLS_DANE_SIGNATURES 96

/* tls_dane_judge: is |peer| what |demand|, of level dane, wants by the records of |demand->hosts|. |verdict| is the one
 * that it was made of. The words of a refusal are those of judgement.h. */
struct judgement tls_dane_judge(const struct tls_peer *peer, const struct verdict *verdict, const struct demand *demand,
				time_t now);

#endif

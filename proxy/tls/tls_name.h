/* tls_name.h - does a certificate's name cover a host (RFC 9525 s. 6.3, narrowed). Pure; no TLS library.
 *
 * Compared octet for octet without regard to ASCII case; both sides are A-labels. */
#ifndef GATE25_PROXY_TLS_TLS_NAME_H
#define GATE25_PROXY_TLS_TLS_NAME_H

#include <stdbool.h>
#include <stddef.h>

/* tls_name_matches: |presented| is a dNSName as it stands in the certificate, not terminated, possibly with NULs: what
 * is no host name, or a wildcard other than "*." before at least two labels, matches nothing. |reference| is a host
 * name; one trailing dot is taken off. "*." stands for exactly one whole label.
 *
 * |subdomains|: instead, |presented| (or each host that its wildcard stands for) must lie below |reference|, at any
 * depth: Postfix's ".example.com". */
bool tls_name_matches(const char *presented, size_t presented_len, const char *reference, bool subdomains);

/* tls_name_is_child: whether |presented|, read likewise, is one label and |parent|, or the wildcard that stands for all
 * of these: what the pattern "*.parent" of an MTA-STS policy allows (RFC 8461 s. 4.1). */
bool tls_name_is_child(const char *presented, size_t presented_len, const char *parent);

#endif

/* tls_published.h - the names of a server's certificate held against a published policy: MTA-STS (RFC 8461 s. 4.1, 4.2)
 * or the STARTTLS-Everywhere list. Private to proxy/tls and its tests; whether the chain is trusted, tls_path.h says.
 *
 *   MTA-STS  a dNSName that matches the name of one of the demand's allowed MX hosts; the policy's patterns are no
 *            names of servers, the recipient domain is none. Where no MX host of the domain is known: a dNSName that
 *            the policy would allow as an MX host
 *   list     a dNSName that the list allows
 *
 * A dNSName *.x is allowed by the pattern *.x, and by a pattern without a wildcard that it stands for. The subject's
 * common name is no name. */
#ifndef GATE25_PROXY_TLS_TLS_PUBLISHED_H
#define GATE25_PROXY_TLS_TLS_PUBLISHED_H

#include "policy/verdict/demand.h"
#include "proxy/tls/judgement.h"
#include "proxy/tls/tls_chain.h"

/* tls_published_judge: |basis| is DEMAND_OF_STS or DEMAND_OF_LIST; any other is refused. |demand| is one made of
 * |verdict|, which has the policy. */
struct judgement tls_published_judge(const struct tls_chain *chain, const struct verdict *verdict,
				     const struct demand *demand, enum demand_basis basis);

#endif

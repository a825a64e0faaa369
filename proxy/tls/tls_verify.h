/* tls_verify.h - is this server what the policy demands: a peer's certificates held against a verdict. Pure: no clock,
 * no network, no file. */
#ifndef GATE25_PROXY_TLS_TLS_VERIFY_H
#define GATE25_PROXY_TLS_TLS_VERIFY_H

#include <stdint.h>
#include <time.h>

#include "policy/verdict/verdict.h"
#include "proxy/base/addr.h"
#include "proxy/tls/judgement.h"

struct tls_peer;
struct tls_trust;

/* tls_judge says whether |peer|, reached at |destination|, is what |verdict| demands of it (demand.h), at |now|
 * (calendar time). By the demand's level:
 *
 *   none, may, encrypt  any peer; the certificates are not looked at. encrypt holds to the minimum version
 *   fingerprint         SHA-256 of the leaf certificate, or of its SubjectPublicKeyInfo, is listed; nothing else counts
 *   verify, secure      a chain to a certificate of store |ca|, valid now, for TLS servers, with a dNSName that matches
 *                       (below); by a published policy, as tls_published.h says
 *   dane                by the TLSA records of the demand's hosts, as tls_dane.h says; and what the demand wants also.
 *                       Satisfied without that and without a proved MX list, it is not authenticated: the host is who
 *                       it says, and nobody proved that it is the domain's (RFC 7672 s. 2.2.1)
 *   unset               refused, with the demand's word and reason
 *
 * Levels that authenticate also hold to the minimum version and want an AEAD suite. Names: one of |names|, or with
 * |match_mx| one of the MX hosts that have |destination| among their addresses; where none has, any MX host: not to
 * know the name never lowers the demand. No reference name at all is a refusal. The subject's common name is no name.
 *
 * |enforce| is not looked at: report-only is the caller's. A |verdict| that is NULL, failed or unknown is refused, as
 * is a |peer| that is NULL (a leg in clear; ask demand_permits_clear). |trust| NULL trusts nobody. */
struct judgement tls_judge(const struct tls_peer *peer, const struct verdict *verdict, const struct addr *destination,
			   time_t now, const struct tls_trust *trust);

/* tls_judge_in_test says whether |peer| is what a published policy of |verdict| that is in testing would demand if it
 * were enforced (demand_in_test); refused where there is none. Whatever it says is reported, and stops nothing. */
struct judgement tls_judge_in_test(const struct tls_peer *peer, const struct verdict *verdict,
				   const struct addr *destination, time_t now, const struct tls_trust *trust);

/* tls_policy_digest condenses what these two look at in |verdict|, for tls_options.policy: TLS sessions are resumed
 * only under the policy that they were made under. Records and hosts count in any order. All zero for NULL.
 */
void tls_policy_digest(const struct verdict *verdict, uint8_t out[32]);

#endif

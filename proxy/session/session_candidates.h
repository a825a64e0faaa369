/* session_candidates.h - which names the peer may go by: the SNI of each try (RFC 7672 s. 8.1). Names are hints for the
 * handshake; none of them proves anything. */
#ifndef GATE25_PROXY_SESSION_SESSION_CANDIDATES_H
#define GATE25_PROXY_SESSION_SESSION_CANDIDATES_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/verdict/demand.h"

#define CANDIDATES_MAX 3

struct candidates {
	char names[CANDIDATES_MAX][VERDICT_NAME_MAX]; /* "": no SNI */
	size_t count;                                 /* at least 1 */
};

/* candidates_of lists the names to try for |verdict| at |dst|, best first: where the demand is TLSA records, their base
 * domains, and nothing else (RFC 7672 s. 8.1); where it is a published policy, the MX hosts that it allows (RFC 8461 s.
 * 7.1); else the operator's servername; else the MX hosts that |dst| is an address of; else exact names of the rule,
 * then the MX hosts by preference. */
void candidates_of(struct candidates *out, const struct verdict *verdict, const struct addr *dst);
/* candidates_have: whether |name| is among them: another handshake would change nothing. */
bool candidates_have(const struct candidates *candidates, const char *name);

#endif

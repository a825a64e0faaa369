/* judgement.h - what came of holding a server's certificates against a verdict. A plain value: the session machine uses
 * it and has no idea of TLS. Zeroed, it is a refusal.
 *
 * The words of a refusal by TLSA records (RFC 8460 s. 4.3): tlsa-invalid, none of them matched; certificate-host-
 * mismatch, a trust anchor did and no name; certificate-expired, the way to one is out of date;
 * certificate-not-trusted, it is not a way (a signature, a constraint, a purpose, weak keys); validation-failure,
 * certificates that cannot be read. Of several attempts it is the word of the one that got furthest, in the order
 * host-mismatch, expired, the rest.
 */
#ifndef GATE25_PROXY_TLS_JUDGEMENT_H
#define GATE25_PROXY_TLS_JUDGEMENT_H

#include <stdbool.h>

#include "policy/verdict/verdict.h"

struct judgement {
	bool satisfied;          /* the peer, as it stands, is what the verdict demands */
	bool authenticated;      /* and it was proved who it is; false at levels that do not ask */
	enum result_word result; /* of a refusal */
	bool also;               /* of a refusal: it is the demand's second part (demand.also) that is not met */
	char matched[VERDICT_NAME_MAX + 16]; /* the name or fingerprint that matched, for the log; "" for none. With a
						TLSA record of usage 3: the base domain that it was found at */
	char tlsa[12];                       /* level dane: the record that matched, "3 1 1"; "" for none */
	int depth; /* and which certificate, 0 is the leaf, as counted on the way to the trust anchor; of a bare key
		      (2 1 0) the one that it signed. Else meaningless */
	char reason[VERDICT_REASON_MAX]; /* of a refusal: one sentence */
};

#endif

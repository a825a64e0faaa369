/* judgement.h - what came of holding a server's certificates against a verdict. A plain value: the session machine uses
 * it and has no idea of TLS. Zeroed, it is a refusal. */
#ifndef GATE25_PROXY_TLS_JUDGEMENT_H
#define GATE25_PROXY_TLS_JUDGEMENT_H

#include <stdbool.h>

#include "policy/verdict/verdict.h"

struct judgement {
	bool satisfied;                      /* the peer, as it stands, is what the verdict demands */
	bool authenticated;                  /* and it was proved who it is; false at levels that do not ask */
	enum result_word result;             /* of a refusal */
	char matched[VERDICT_NAME_MAX + 16]; /* the name or fingerprint that matched, for the log; "" for none */
	char tlsa[12];                       /* level dane: the record that matched, "3 1 1"; "" for none */
	int depth;                           /* and which certificate, 0 is the leaf; else meaningless */
	char reason[VERDICT_REASON_MAX];     /* of a refusal: one sentence */
};

#endif

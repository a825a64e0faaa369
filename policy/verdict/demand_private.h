/* demand_private.h - what the files of demand.h share. */
#ifndef GATE25_POLICY_VERDICT_DEMAND_PRIVATE_H
#define GATE25_POLICY_VERDICT_DEMAND_PRIVATE_H

#include "policy/verdict/demand.h"

/* Enhanced status codes (RFC 3463) of what no server can meet. */
#define DEMAND_CODE_LOOKUP   "4.4.3"
#define DEMAND_CODE_SECURITY "4.7.5"

/* demand_none_meets makes |out| one that no server can meet; its basis stays. */
void PRINTF_LIKE(4, 5)
	demand_none_meets(struct demand *out, enum result_word result, const char *code, const char *format, ...);

/* demand_mx_has: whether |dst| is an address of |mx|; no address is nobody's. */
bool demand_mx_has(const struct verdict_mx *mx, const struct addr *dst);

/* What a published policy has to say of a server. */
enum demand_published {
	DEMAND_PUBLISHED_FORBIDS = 0, /* no server can meet it, or it is not known: |out| says why */
	DEMAND_PUBLISHED_SILENT,      /* nothing: there is none, or it is not to be enforced */
	DEMAND_PUBLISHED_ALLOWS,      /* LEVEL_VERIFY for |out->allowed| */
};

/* demand_published: the candidates are the MX hosts that have |dst|; NULL, or if none has it: all of them. ALLOWS fills
 * |out->allowed| and |out_basis|, and leaves the rest of |out| alone. */
enum demand_published demand_published(struct demand *out, enum demand_basis *out_basis, const struct verdict *verdict,
				       const struct addr *dst);

#endif

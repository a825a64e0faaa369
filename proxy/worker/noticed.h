/* noticed.h - what the signs of many sessions come to: a client that judges servers by itself, another gate25 on the
 * path, an Exchange server that takes gate25 for a peer. Bounded; says each thing at most once an hour. Pure. */
#ifndef GATE25_PROXY_WORKER_NOTICED_H
#define GATE25_PROXY_WORKER_NOTICED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/verdict/verdict.h" /* VERDICT_REASON_MAX */
#include "proxy/base/attrib.h"
#include "proxy/session/session_record.h"

struct noticed;

#define NOTICED_LEFT_MIN 3            /* sessions that a client left: then it is probable */
#define NOTICED_DAY_S    (24 * 3600U) /* so long they are remembered */
#define NOTICED_QUIET_S  3600U

struct notice {
	enum session_notice what;
	bool fresh; /* not said within NOTICED_QUIET_S: worth a line of the log */
	char text[VERDICT_REASON_MAX];
};

/* noticed_new remembers at most |entries| pairs of client and destination. NULL: out of memory. */
struct noticed *noticed_new(size_t entries);
void noticed_free(struct noticed *noticed); /* NULL is fine */

/* noticed_hear takes a record of kind SIGN, or END with its sign; others say nothing. True: |out| is to be told. */
MUST_CHECK bool noticed_hear(struct noticed *noticed, const struct session_record *record, uint64_t now_s,
			     struct notice *out);

#endif

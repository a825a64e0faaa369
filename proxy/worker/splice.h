/* splice.h - client and server left to each other: what the one says goes to the other as it is, once it is plain that
 * TLS begins, and as long as every octet stands in a record of TLS. Held back by whoever reads slowly. */
#ifndef GATE25_PROXY_WORKER_SPLICE_H
#define GATE25_PROXY_WORKER_SPLICE_H

#include <stdbool.h>
#include <stdint.h>

#include "proxy/base/attrib.h"

struct leg;
struct session_splice;
struct splice;

#define SPLICE_REASON_MAX 160

enum splice_step {
	SPLICE_REST = 0, /* until a leg changes */
	SPLICE_MOVED,
	SPLICE_ENDED, /* nothing passes any more; splice_reason */
};

/* splice_new is for two legs in clear, the server's 220 to STARTTLS queued for the client and not sent. They are
 * borrowed for each step. NULL: out of memory. */
struct splice *splice_new(void);
void splice_free(struct splice *splice); /* NULL is fine */

/* splice_step carries what can be carried now. Not to be called again after SPLICE_ENDED. */
MUST_CHECK enum splice_step splice_step(struct splice *splice, struct leg *client, struct leg *server);
const char *splice_reason(const struct splice *splice); /* why it ended; "": both sides have said their last */
/* splice_describe: texts live as long as |splice|. */
void splice_describe(const struct splice *splice, struct session_splice *out);

#endif

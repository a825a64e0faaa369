/* tlsrpt_outbox.h - datagrams on their way to a collector's socket, which may be away, full, or another one now.
 *
 * One unconnected socket, made once, before the sandbox closes; every datagram is sent to the path, so that whoever is
 * bound there now gets it. Nobody ever waits: what the collector does not take is tried again for a while, in bounds,
 * and then it is lost and counted. The log tells of losses once a minute at most. */
#ifndef GATE25_POLICY_TLSRPT_TLSRPT_OUTBOX_H
#define GATE25_POLICY_TLSRPT_TLSRPT_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/attrib.h"

struct event_base;
struct tlsrpt_outbox;

struct tlsrpt_outbox_limits {
	size_t datagrams_max; /* that wait */
	size_t bytes_max;     /* of them */
	uint32_t patience_s;  /* for one */
	uint32_t quiet_s;     /* between two lines about losses */
};
#define TLSRPT_OUTBOX_LIMITS_DEFAULT \
	((struct tlsrpt_outbox_limits){ .datagrams_max = 2000, .bytes_max = 4u << 20, .patience_s = 30, .quiet_s = 60 })

/* NULL: |err| says why. */
struct tlsrpt_outbox *tlsrpt_outbox_new(struct event_base *base, const struct tlsrpt_outbox_limits *limits, char *err,
					size_t err_len);
void tlsrpt_outbox_free(struct tlsrpt_outbox *outbox); /* NULL is fine */

/* tlsrpt_outbox_path: where the collector is from now on; copied. NULL: nowhere, and what waits is thrown away. */
void tlsrpt_outbox_path(struct tlsrpt_outbox *outbox, const char *path);
/* tlsrpt_outbox_send takes |bytes|, which free(3) gives back. */
void tlsrpt_outbox_send(struct tlsrpt_outbox *outbox, char *bytes, size_t len);
/* tlsrpt_outbox_lost counts a report that never became a datagram, because |why|. */
void tlsrpt_outbox_lost(struct tlsrpt_outbox *outbox, const char *why);

/* Since tlsrpt_outbox_new. */
struct tlsrpt_outbox_count {
	uint64_t sent;
	uint64_t lost;
	size_t waiting;
};
struct tlsrpt_outbox_count tlsrpt_outbox_count(const struct tlsrpt_outbox *outbox);

#endif

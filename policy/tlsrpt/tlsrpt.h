/* tlsrpt.h - TLS reports (RFC 8460) from the workers to a collector: one datagram a report, in libtlsrpt's format, for
 * domains that ask for reports, and for no others.
 *
 * Whether a domain asks is looked up when there is something to report on it, never before, and remembered. Nobody
 * waits for any of it: reports queue in bounds, and what does not fit is lost and counted (tlsrpt_outbox.h). */
#ifndef GATE25_POLICY_TLSRPT_TLSRPT_H
#define GATE25_POLICY_TLSRPT_TLSRPT_H

#include "policy/dns/dns.h"
#include "policy/tlsrpt/tlsrpt_datagram.h"
#include "policy/tlsrpt/tlsrpt_outbox.h"

#define TLSRPT_TTL_MIN_S 60
#define TLSRPT_TTL_MAX_S 3600

struct tlsrpt;

struct tlsrpt_limits {
	size_t domains_max; /* remembered; the least recently used goes first */
	size_t lookups_max; /* under way */
	size_t bytes_max;   /* of reports that wait for one */
	struct tlsrpt_outbox_limits outbox;
};
#define TLSRPT_LIMITS_DEFAULT                           \
	((struct tlsrpt_limits){ .domains_max = 10000,  \
				 .lookups_max = 100,    \
				 .bytes_max = 4u << 20, \
				 .outbox = TLSRPT_OUTBOX_LIMITS_DEFAULT })

/* tlsrpt_text_fn finds the text of |domain|'s MTA-STS policy with that |id|, borrowed for the call; false: not at hand.
 */
typedef bool tlsrpt_text_fn(void *arg, const char *domain, const char *id, struct tlsrpt_text *out);

/* tlsrpt_new: before the sandbox closes, whether or not there is a collector yet: it makes a socket. NULL: |err| says
 * why. */
struct tlsrpt *tlsrpt_new(struct event_base *base, const struct tlsrpt_limits *limits, tlsrpt_text_fn *text, void *arg,
			  char *err, size_t err_len);
void tlsrpt_free(struct tlsrpt *tlsrpt); /* NULL is fine */

/* tlsrpt_socket: the collector's socket from now on; copied. NULL: none, and reports are thrown away. */
void tlsrpt_socket(struct tlsrpt *tlsrpt, const char *path);
/* tlsrpt_use_dns: before the first report, and whenever there is another struct dns; NULL: the old one goes, and what
 * is to be looked up waits. */
void tlsrpt_use_dns(struct tlsrpt *tlsrpt, struct dns *dns);
/* tlsrpt_take: the body of a VERDICT_MSG_REPORT. False: it is malformed, drop the peer. */
MUST_CHECK bool tlsrpt_take(struct tlsrpt *tlsrpt, const uint8_t *body, size_t len);

struct tlsrpt_outbox_count tlsrpt_count(const struct tlsrpt *tlsrpt);

#endif

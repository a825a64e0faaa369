/* mx_cache.h - the mail exchangers of domains with their TLSA records, looked up once for all who ask, and remembered
 * for as long as the DNS says: at most 1 h; at least 30 s, but with DANE wanted to the second, as no record may outlive
 * its signature; failures, of one host too, 15 s.
 *
 * A lookup goes on when its askers have left, so that a client's next try finds the answer. Bounded in octets (16 MiB),
 * in domains and in lookups under way: over the last, an asker is told of a failed lookup. */
#ifndef GATE25_POLICY_MX_MX_CACHE_H
#define GATE25_POLICY_MX_MX_CACHE_H

#include "policy/mx/mx.h"

#define MX_CACHE_TTL_MAX_S      3600
#define MX_CACHE_TTL_MIN_S      30
#define MX_CACHE_TTL_MIN_DANE_S 1 /* the clock has no less */
#define MX_CACHE_TTL_FAILED_S   15

struct mx_cache;
struct mx_ask;

struct mx_cache_limits {
	size_t domains_max;   /* remembered; the least recently used goes first */
	size_t bytes_max;     /* likewise; the newest alone may be above it */
	size_t lookups_max;   /* under way */
	uint32_t deadline_ms; /* of one lookup */
};
#define MX_CACHE_LIMITS_DEFAULT    \
	((struct mx_cache_limits){ \
		.domains_max = 10000, .bytes_max = 16u << 20, .lookups_max = 1000, .deadline_ms = 30000 })

/* |result| is borrowed for the call; |ttl_s|: for how long it is still good. */
typedef void mx_answer_fn(void *arg, const struct mx_result *result, uint32_t ttl_s);

struct mx_cache *mx_cache_new(struct event_base *base, struct dns *dns, const struct mx_cache_limits *limits);
void mx_cache_free(struct mx_cache *cache); /* forgets askers without calling back; NULL is fine */

/* mx_cache_find: NULL if not known. Borrowed until the next mx_cache_* call or event. */
const struct mx_result *mx_cache_find(struct mx_cache *cache, const struct mx_want *want, uint32_t *out_ttl_s);
/* mx_cache_ask is for what mx_cache_find just did not know. |fn| is called once, never from inside mx_cache_ask; it may
 * ask, find and cancel. NULL: the lookup cannot be made (out of memory, or too many under way); nothing will be called.
 */
MUST_CHECK struct mx_ask *mx_cache_ask(struct mx_cache *cache, const struct mx_want *want, mx_answer_fn *fn, void *arg);
void mx_cache_cancel(struct mx_ask *ask); /* before |fn| was called; NULL is fine */

size_t mx_cache_domains(const struct mx_cache *cache);
size_t mx_cache_bytes(const struct mx_cache *cache);

#endif

/* verdict_cache.h - a worker's memory of verdicts: bounded in octets, all that a verdict points to and about what the
 * allocator adds included; least recently used goes first. Pure: no clock, no I/O.
 *
 * Most verdicts hold for a recipient domain whatever its server's address. One made by a destination rule holds for
 * that address only, so a domain's verdict is given out only for an address that is known to have no destination rule:
 * that is, whose answer to VERDICT_ASK_DESTINATION (source VERDICT_SOURCE_NONE) is in the cache as well. A verdict of a
 * newer configuration empties the cache of older ones; one of an older configuration is not taken. */
#ifndef GATE25_PROXY_WORKER_VERDICT_CACHE_H
#define GATE25_PROXY_WORKER_VERDICT_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "policy/verdict/verdict.h"

#define VERDICT_CACHE_BYTES (4u << 20) /* a good size for a worker: a thousand domains, those with TLSA included */

struct verdict_cache;

/* NULL when out of memory. */
struct verdict_cache *verdict_cache_new(size_t max_bytes);
void verdict_cache_free(struct verdict_cache *cache); /* NULL is fine */

/* Borrowed: valid until the next verdict_cache_* call on |cache|; verdict_ref keeps it. NULL if absent or expired. The
 * question's id does not matter. */
struct verdict *verdict_cache_find(struct verdict_cache *cache, const struct verdict_question *question,
				   uint64_t now_s);
/* verdict_cache_put takes a reference of its own, or leaves the verdict alone: ttl_s of 0, or too large, or no memory.
 */
void verdict_cache_put(struct verdict_cache *cache, const struct verdict_question *question, struct verdict *verdict,
		       uint64_t now_s);
/* verdict_cache_generation forgets what was decided by a configuration older than |generation|. */
void verdict_cache_generation(struct verdict_cache *cache, uint32_t generation);

size_t verdict_cache_bytes(const struct verdict_cache *cache); /* in use, never above the bound */
size_t verdict_cache_entries(const struct verdict_cache *cache);

#endif

/* tls_session_cache.h - TLS sessions kept for resumption, the least recently used going first. Private to tls.c.
 *
 * The key is a digest of everything that must be the same for a session to be offered. Expiry is the
 * library's: it does not offer a session that is too old. */
#ifndef GATE25_PROXY_TLS_TLS_SESSION_CACHE_H
#define GATE25_PROXY_TLS_TLS_SESSION_CACHE_H

#include <stddef.h>
#include <stdint.h>

#define TLS_SESSION_KEY_LEN 32

struct ssl_session_st;
struct tls_session_cache;

/* tls_session_cache_new: |max| is at least 1. NULL: out of memory. */
struct tls_session_cache *tls_session_cache_new(size_t max);
void tls_session_cache_free(struct tls_session_cache *cache); /* NULL is fine */
void tls_session_cache_clear(struct tls_session_cache *cache);
size_t tls_session_cache_count(const struct tls_session_cache *cache);

/* tls_session_cache_put owns |session| from here on; it takes the place of an older one under |key|. */
void tls_session_cache_put(struct tls_session_cache *cache, const uint8_t key[TLS_SESSION_KEY_LEN],
			   struct ssl_session_st *session);
/* tls_session_cache_take returns a reference that the caller frees; NULL if there is none. A session for one use only
 * (TLS 1.3) leaves the cache. */
struct ssl_session_st *tls_session_cache_take(struct tls_session_cache *cache, const uint8_t key[TLS_SESSION_KEY_LEN]);

#endif

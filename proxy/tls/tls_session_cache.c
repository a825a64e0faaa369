/* tls_session_cache.c - see tls_session_cache.h. A hash table, its entries also in a list by last use. */
#include "proxy/tls/tls_session_cache.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "proxy/tls/tls_compat.h"

struct entry {
	uint8_t key[TLS_SESSION_KEY_LEN];
	SSL_SESSION *session;
	LIST_ENTRY(entry) in_bucket;
	TAILQ_ENTRY(entry) by_use; /* the last was used last */
};

LIST_HEAD(bucket, entry);
TAILQ_HEAD(entry_list, entry);

struct tls_session_cache {
	size_t max;
	size_t count;
	size_t buckets_count;
	struct entry_list by_use;
	struct bucket *buckets;
};

struct tls_session_cache *tls_session_cache_new(size_t max)
{
	struct tls_session_cache *cache = calloc(1, sizeof(*cache));

	if (cache == NULL)
		return NULL;
	cache->max = max;
	cache->buckets_count = max;
	cache->buckets = calloc(cache->buckets_count, sizeof(*cache->buckets));
	if (cache->buckets == NULL) {
		free(cache);
		return NULL;
	}
	TAILQ_INIT(&cache->by_use);
	return cache;
}

static void forget(struct tls_session_cache *cache, struct entry *entry)
{
	TAILQ_REMOVE(&cache->by_use, entry, by_use);
	LIST_REMOVE(entry, in_bucket);
	cache->count--;
	SSL_SESSION_free(entry->session);
	free(entry);
}

void tls_session_cache_clear(struct tls_session_cache *cache)
{
	struct entry *next;

	for (struct entry *entry = TAILQ_FIRST(&cache->by_use); entry != NULL; entry = next) {
		next = TAILQ_NEXT(entry, by_use);
		SSL_SESSION_free(entry->session);
		free(entry);
	}
	TAILQ_INIT(&cache->by_use);
	memset(cache->buckets, 0, cache->buckets_count * sizeof(*cache->buckets));
	cache->count = 0;
}

void tls_session_cache_free(struct tls_session_cache *cache)
{
	if (cache == NULL)
		return;
	tls_session_cache_clear(cache);
	free(cache->buckets);
	free(cache);
}

size_t tls_session_cache_count(const struct tls_session_cache *cache)
{
	return cache->count;
}

/* The key is a digest already. */
static struct bucket *bucket_of(struct tls_session_cache *cache, const uint8_t key[TLS_SESSION_KEY_LEN])
{
	uint64_t hash;

	memcpy(&hash, key, sizeof(hash));
	return &cache->buckets[hash % cache->buckets_count];
}

static struct entry *find(struct tls_session_cache *cache, const uint8_t key[TLS_SESSION_KEY_LEN])
{
	struct entry *entry;

	LIST_FOREACH(entry, bucket_of(cache, key), in_bucket)
	if (memcmp(entry->key, key, TLS_SESSION_KEY_LEN) == 0)
		return entry;
	return NULL;
}

void tls_session_cache_put(struct tls_session_cache *cache, const uint8_t key[TLS_SESSION_KEY_LEN],
			   struct ssl_session_st *session)
{
	struct entry *entry = find(cache, key);

	if (entry != NULL)
		forget(cache, entry);
	else if (cache->count >= cache->max)
		forget(cache, TAILQ_FIRST(&cache->by_use));
	entry = calloc(1, sizeof(*entry));
	if (entry == NULL) {
		SSL_SESSION_free(session); /* a handshake more, nothing worse */
		return;
	}
	memcpy(entry->key, key, TLS_SESSION_KEY_LEN);
	entry->session = session;
	LIST_INSERT_HEAD(bucket_of(cache, key), entry, in_bucket);
	TAILQ_INSERT_TAIL(&cache->by_use, entry, by_use);
	cache->count++;
}

struct ssl_session_st *tls_session_cache_take(struct tls_session_cache *cache, const uint8_t key[TLS_SESSION_KEY_LEN])
{
	struct entry *entry = find(cache, key);
	SSL_SESSION *session;

	if (entry == NULL)
		return NULL;
	session = entry->session;
	(void)SSL_SESSION_up_ref(session);
	if (SSL_SESSION_should_be_single_use(session)) {
		forget(cache, entry);
	} else {
		TAILQ_REMOVE(&cache->by_use, entry, by_use);
		TAILQ_INSERT_TAIL(&cache->by_use, entry, by_use);
	}
	return session;
}

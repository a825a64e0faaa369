/* verdict_cache.c - see verdict_cache.h. */
#include "proxy/worker/verdict_cache.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "proxy/base/siphash.h"

#define BUCKETS     4096 /* 32 KiB; a power of two */
#define ALLOC_BYTES 16   /* about what malloc takes for itself, each time */

/* What a verdict holds for. */
struct key {
	enum verdict_question_kind kind;
	struct addr destination; /* no address: whichever has no rule */
	uint16_t port;           /* TLSA records are of a port */
	const char *domain;
};

struct entry {
	TAILQ_ENTRY(entry) used; /* most recent first */
	LIST_ENTRY(entry) same_hash;
	enum verdict_question_kind kind;
	struct addr destination;
	uint16_t port;
	uint64_t expires_s;
	size_t bytes;
	struct verdict *verdict;
	char domain[]; /* with its NUL */
};

TAILQ_HEAD(entries, entry);
LIST_HEAD(bucket, entry);

struct verdict_cache {
	struct siphash_key hash_key; /* clients choose the domains */
	size_t max_bytes;
	size_t bytes;
	size_t count;
	uint32_t generation;
	struct entries entries;
	struct bucket buckets[BUCKETS];
};

struct verdict_cache *verdict_cache_new(size_t max_bytes)
{
	struct verdict_cache *cache = calloc(1, sizeof(*cache));

	if (cache == NULL)
		return NULL;
	if (!siphash_key_make(&cache->hash_key)) {
		free(cache);
		return NULL;
	}
	cache->max_bytes = max_bytes;
	TAILQ_INIT(&cache->entries);
	return cache;
}

static void drop(struct verdict_cache *cache, struct entry *entry)
{
	TAILQ_REMOVE(&cache->entries, entry, used);
	LIST_REMOVE(entry, same_hash);
	cache->bytes -= entry->bytes;
	cache->count--;
	verdict_unref(entry->verdict);
	free(entry);
}

static void drop_all(struct verdict_cache *cache)
{
	struct entry *entry;

	while ((entry = TAILQ_FIRST(&cache->entries)) != NULL)
		/* clang 14 loses sight of the list's head. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		drop(cache, entry);
}

void verdict_cache_free(struct verdict_cache *cache)
{
	if (cache == NULL)
		return;
	drop_all(cache);
	free(cache);
}

void verdict_cache_generation(struct verdict_cache *cache, uint32_t generation)
{
	if (generation <= cache->generation)
		return;
	cache->generation = generation;
	drop_all(cache);
}

static struct bucket *bucket_of(struct verdict_cache *cache, const struct key *key)
{
	uint64_t hash = siphash(&cache->hash_key, key->domain, strlen(key->domain));

	/* Of few addresses there are many domains: the address only has to tell them apart. */
	hash ^= siphash(&cache->hash_key, key->destination.bytes, addr_len(&key->destination));
	return &cache->buckets[hash % BUCKETS];
}

static bool same_address(const struct addr *a, const struct addr *b)
{
	return addr_len(a) == addr_len(b) && (addr_len(a) == 0 || addr_equal(a, b));
}

static struct entry *find(struct verdict_cache *cache, const struct key *key, uint64_t now_s)
{
	struct entry *entry;

	LIST_FOREACH(entry, bucket_of(cache, key), same_hash)
	{
		if (entry->kind != key->kind || entry->port != key->port || strcmp(entry->domain, key->domain) != 0 ||
		    !same_address(&entry->destination, &key->destination))
			continue;
		if (entry->expires_s <= now_s) {
			drop(cache, entry);
			return NULL;
		}
		TAILQ_REMOVE(&cache->entries, entry, used);
		TAILQ_INSERT_HEAD(&cache->entries, entry, used);
		return entry;
	}
	return NULL;
}

static struct key destination_key(const struct verdict_question *question)
{
	return (struct key){ .kind = VERDICT_ASK_DESTINATION,
			     .destination = question->destination.addr,
			     .port = question->destination.port,
			     .domain = "" };
}

struct verdict *verdict_cache_find(struct verdict_cache *cache, const struct verdict_question *question, uint64_t now_s)
{
	struct key key = destination_key(question);
	struct entry *entry = find(cache, &key, now_s);

	if (question->kind != VERDICT_ASK_RECIPIENT)
		return entry != NULL ? entry->verdict : NULL;
	bool no_rule =
		entry != NULL && entry->verdict->status == VERDICT_OK && entry->verdict->source == VERDICT_SOURCE_NONE;
	key.kind = VERDICT_ASK_RECIPIENT;
	key.domain = question->domain;
	if (no_rule)
		key.destination = (struct addr){ 0 };
	entry = find(cache, &key, now_s);
	return entry != NULL ? entry->verdict : NULL;
}

static size_t mx_bytes(const struct verdict_mx *mx)
{
	size_t bytes = sizeof(*mx) + mx->addrs_count * sizeof(*mx->addrs) + 2 * (size_t)ALLOC_BYTES;

	for (size_t i = 0; i < mx->tlsa_count; i++)
		bytes += sizeof(*mx->tlsa) + mx->tlsa[i].len + ALLOC_BYTES;
	return bytes;
}

static size_t bytes_of(const struct verdict *verdict, size_t domain_size)
{
	size_t bytes = sizeof(struct entry) + domain_size + sizeof(*verdict) + 6 * (size_t)ALLOC_BYTES;

	bytes += verdict->names_count * sizeof(*verdict->names);
	bytes += verdict->fingerprints_count * sizeof(*verdict->fingerprints);
	bytes += verdict->published.patterns_count * sizeof(*verdict->published.patterns);
	for (size_t i = 0; i < verdict->mx_count; i++)
		bytes += mx_bytes(&verdict->mx[i]);
	return bytes;
}

static void insert(struct verdict_cache *cache, const struct key *key, struct verdict *verdict, uint64_t now_s)
{
	size_t domain_size = strlen(key->domain) + 1;
	size_t bytes = bytes_of(verdict, domain_size);
	struct entry *entry = find(cache, key, now_s);

	if (entry != NULL)
		drop(cache, entry);
	if (bytes > cache->max_bytes)
		return;
	entry = malloc(sizeof(*entry) + domain_size);
	if (entry == NULL)
		return;
	while (cache->bytes + bytes > cache->max_bytes)
		/* clang 14 loses sight of the list's head. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		drop(cache, TAILQ_LAST(&cache->entries, entries));
	*entry = (struct entry){ .kind = key->kind,
				 .destination = key->destination,
				 .port = key->port,
				 .expires_s = now_s + verdict->ttl_s,
				 .bytes = bytes,
				 .verdict = verdict_ref(verdict) };
	memcpy(entry->domain, key->domain, domain_size);
	TAILQ_INSERT_HEAD(&cache->entries, entry, used);
	LIST_INSERT_HEAD(bucket_of(cache, key), entry, same_hash);
	cache->bytes += bytes;
	cache->count++;
}

void verdict_cache_put(struct verdict_cache *cache, const struct verdict_question *question, struct verdict *verdict,
		       uint64_t now_s)
{
	struct key key = destination_key(question);

	verdict_cache_generation(cache, verdict->generation);
	if (verdict->generation != cache->generation || verdict->ttl_s == 0)
		return;
	if (question->kind == VERDICT_ASK_RECIPIENT) {
		key.kind = VERDICT_ASK_RECIPIENT;
		key.domain = question->domain;
		if (verdict->source == VERDICT_SOURCE_DOMAIN || verdict->source == VERDICT_SOURCE_DEFAULT)
			key.destination = (struct addr){ 0 };
	}
	insert(cache, &key, verdict, now_s);
}

size_t verdict_cache_bytes(const struct verdict_cache *cache)
{
	return cache->bytes;
}

size_t verdict_cache_entries(const struct verdict_cache *cache)
{
	return cache->count;
}

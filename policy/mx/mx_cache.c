/* mx_cache.c - see mx_cache.h. */
#include "policy/mx/mx_cache.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#define BUCKETS 4096 /* a power of two */

struct mx_ask {
	LIST_ENTRY(mx_ask) same_domain;
	mx_answer_fn *fn;
	void *arg;
};

/* A domain whose lookup is under way, or done. */
struct domain {
	TAILQ_ENTRY(domain) used; /* only when done; most recent first */
	LIST_ENTRY(domain) same_hash;
	LIST_HEAD(, mx_ask) asks;
	struct mx_cache *cache;
	struct mx_lookup *lookup; /* NULL: done */
	uint64_t expires_s;
	struct mx_result result;
	char name[];
};

struct mx_cache {
	struct event_base *base;
	struct dns *dns;
	struct mx_cache_limits limits;
	size_t done;
	size_t under_way;
	TAILQ_HEAD(domains, domain) used;
	LIST_HEAD(, domain) buckets[BUCKETS];
};

static uint64_t now_s(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec;
}

struct mx_cache *mx_cache_new(struct event_base *base, struct dns *dns, const struct mx_cache_limits *limits)
{
	struct mx_cache *cache = calloc(1, sizeof(*cache));

	if (cache == NULL)
		return NULL;
	cache->base = base;
	cache->dns = dns;
	cache->limits = *limits;
	TAILQ_INIT(&cache->used);
	return cache;
}

static void domain_free(struct domain *domain)
{
	struct mx_cache *cache = domain->cache;
	struct mx_ask *ask;

	while ((ask = LIST_FIRST(&domain->asks)) != NULL) {
		LIST_REMOVE(ask, same_domain);
		free(ask);
	}
	LIST_REMOVE(domain, same_hash);
	if (domain->lookup == NULL) {
		TAILQ_REMOVE(&cache->used, domain, used);
		cache->done--;
	} else {
		mx_lookup_cancel(domain->lookup);
		cache->under_way--;
	}
	mx_result_cleanup(&domain->result);
	free(domain);
}

void mx_cache_free(struct mx_cache *cache)
{
	struct domain *domain;

	if (cache == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while ((domain = LIST_FIRST(&cache->buckets[i])) != NULL)
			/* clang 14 loses sight of the list's head. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
			domain_free(domain);
	}
	free(cache);
}

static size_t bucket_of(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name != '\0'; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	return hash % BUCKETS;
}

/* find returns the domain that is under way or still good. */
static struct domain *find(struct mx_cache *cache, const char *name)
{
	struct domain *domain;

	LIST_FOREACH(domain, &cache->buckets[bucket_of(name)], same_hash)
	{
		if (strcmp(domain->name, name) != 0)
			continue;
		if (domain->lookup != NULL || domain->expires_s > now_s())
			return domain;
		domain_free(domain);
		return NULL;
	}
	return NULL;
}

static uint32_t ttl_of(const struct mx_result *result)
{
	if (result->lookup == VERDICT_LOOKUP_FAILED)
		return MX_CACHE_TTL_FAILED_S;
	for (size_t i = 0; i < result->hosts_count; i++) {
		if (result->hosts[i].addrs_failed)
			return MX_CACHE_TTL_FAILED_S;
	}
	if (result->ttl_s > MX_CACHE_TTL_MAX_S)
		return MX_CACHE_TTL_MAX_S;
	return result->ttl_s < MX_CACHE_TTL_MIN_S ? MX_CACHE_TTL_MIN_S : result->ttl_s;
}

static void on_done(void *arg, struct mx_result *result)
{
	struct domain *domain = arg;
	struct mx_cache *cache = domain->cache;
	uint32_t ttl_s = ttl_of(result);
	struct mx_ask *ask;

	domain->lookup = NULL;
	domain->result = *result;
	*result = (struct mx_result){ 0 };
	domain->expires_s = now_s() + ttl_s;
	cache->under_way--;
	cache->done++;
	TAILQ_INSERT_HEAD(&cache->used, domain, used);
	while (cache->done > cache->limits.domains_max && TAILQ_LAST(&cache->used, domains) != domain)
		/* clang 14 loses sight of the list's head. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		domain_free(TAILQ_LAST(&cache->used, domains));
	/* An asker may cancel another, so each is taken from the list as it stands then. No call back can lose the
	 * domain: it is the most recently used, and not yet a second old. */
	while ((ask = LIST_FIRST(&domain->asks)) != NULL) {
		mx_answer_fn *fn = ask->fn;
		void *fn_arg = ask->arg;
		LIST_REMOVE(ask, same_domain);
		free(ask);
		fn(fn_arg, &domain->result, ttl_s);
	}
}

static struct domain *domain_new(struct mx_cache *cache, const char *name)
{
	size_t size = strlen(name) + 1;
	struct domain *domain = cache->under_way < cache->limits.lookups_max ? calloc(1, sizeof(*domain) + size) : NULL;

	if (domain == NULL)
		return NULL;
	memcpy(domain->name, name, size);
	domain->cache = cache;
	LIST_INIT(&domain->asks);
	domain->lookup = mx_lookup_start(cache->base, cache->dns, name, cache->limits.deadline_ms, on_done, domain);
	if (domain->lookup == NULL) {
		free(domain);
		return NULL;
	}
	cache->under_way++;
	LIST_INSERT_HEAD(&cache->buckets[bucket_of(name)], domain, same_hash);
	return domain;
}

const struct mx_result *mx_cache_find(struct mx_cache *cache, const char *domain_name, uint32_t *out_ttl_s)
{
	struct domain *domain = find(cache, domain_name);

	if (domain == NULL || domain->lookup != NULL)
		return NULL;
	TAILQ_REMOVE(&cache->used, domain, used);
	TAILQ_INSERT_HEAD(&cache->used, domain, used);
	*out_ttl_s = (uint32_t)(domain->expires_s - now_s());
	return &domain->result;
}

struct mx_ask *mx_cache_ask(struct mx_cache *cache, const char *domain_name, mx_answer_fn *fn, void *arg)
{
	struct domain *domain = find(cache, domain_name);
	struct mx_ask *ask;

	if (domain == NULL)
		domain = domain_new(cache, domain_name);
	if (domain == NULL || domain->lookup == NULL)
		return NULL;
	ask = calloc(1, sizeof(*ask));
	if (ask == NULL)
		return NULL;
	ask->fn = fn;
	ask->arg = arg;
	LIST_INSERT_HEAD(&domain->asks, ask, same_domain);
	return ask;
}

void mx_cache_cancel(struct mx_ask *ask)
{
	if (ask == NULL)
		return;
	LIST_REMOVE(ask, same_domain);
	free(ask);
}

size_t mx_cache_domains(const struct mx_cache *cache)
{
	return cache->done;
}

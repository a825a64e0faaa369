/* mx_cache.c - see mx_cache.h. */
#include "policy/mx/mx_cache.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "policy/mx/tlsa_der.h"

#define BUCKETS 4096 /* a power of two */

struct mx_ask {
	LIST_ENTRY(mx_ask) same_domain;
	mx_answer_fn *fn;
	void *arg;
};

/* What was wanted of a domain, and came or is to come. */
struct domain {
	TAILQ_ENTRY(domain) used; /* only when done; most recent first */
	LIST_ENTRY(domain) same_hash;
	LIST_HEAD(, mx_ask) asks;
	struct mx_cache *cache;
	struct mx_lookup *lookup; /* NULL: done */
	bool telling;             /* its askers are being told: it must not go */
	size_t bytes;             /* of all this, when done */
	uint64_t expires_s;
	struct mx_want want;
	struct mx_result result;
	char name[];
};

struct mx_cache {
	struct event_base *base;
	struct dns *dns;
	struct mx_cache_limits limits;
	size_t done;
	size_t bytes;
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
	tlsa_der_init();
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
		cache->bytes -= domain->bytes;
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

/* Without DANE the rest of what is wanted says nothing. */
static bool is_wanted(const struct domain *domain, const struct mx_want *want)
{
	if (strcmp(domain->name, want->domain) != 0 || domain->want.dane != want->dane)
		return false;
	return !want->dane || (domain->want.insecure_mx == want->insecure_mx && domain->want.port == want->port);
}

/* find returns the domain that is under way or still good. */
static struct domain *find(struct mx_cache *cache, const struct mx_want *want)
{
	struct domain *domain;

	LIST_FOREACH(domain, &cache->buckets[bucket_of(want->domain)], same_hash)
	{
		if (!is_wanted(domain, want))
			continue;
		if (domain->lookup != NULL || domain->telling || domain->expires_s > now_s())
			return domain;
		domain_free(domain);
		return NULL;
	}
	return NULL;
}

/* What is proved is not kept longer than its proof (RFC 4035 s. 5.3.3); what is not is asked no more than needed. */
static uint32_t ttl_of(const struct domain *domain, const struct mx_result *result)
{
	uint32_t least_s = domain->want.dane ? MX_CACHE_TTL_MIN_DANE_S : MX_CACHE_TTL_MIN_S;

	if (result->lookup == VERDICT_LOOKUP_FAILED)
		return MX_CACHE_TTL_FAILED_S;
	for (size_t i = 0; i < result->hosts_count; i++) {
		const struct verdict_mx *host = &result->hosts[i];
		if (host->addrs_failed || host->dane == VERDICT_DANE_FAILED)
			return MX_CACHE_TTL_FAILED_S;
	}
	if (result->ttl_s > MX_CACHE_TTL_MAX_S)
		return MX_CACHE_TTL_MAX_S;
	return result->ttl_s < least_s ? least_s : result->ttl_s;
}

/* make_room lets the least recently used go; |newest| stays whatever it takes. */
static void make_room(struct mx_cache *cache, const struct domain *newest)
{
	struct domain *oldest = TAILQ_LAST(&cache->used, domains);

	while ((cache->done > cache->limits.domains_max || cache->bytes > cache->limits.bytes_max) &&
	       oldest != newest) {
		/* clang 14 loses sight of the list's head. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		domain_free(oldest);
		oldest = TAILQ_LAST(&cache->used, domains);
	}
}

/* tell calls the askers. One may cancel another, so each is taken from the list as it stands then. */
static void tell(struct domain *domain, uint32_t ttl_s)
{
	struct mx_ask *ask;

	domain->telling = true;
	while ((ask = LIST_FIRST(&domain->asks)) != NULL) {
		mx_answer_fn *fn = ask->fn;
		void *fn_arg = ask->arg;
		LIST_REMOVE(ask, same_domain);
		free(ask);
		fn(fn_arg, &domain->result, ttl_s);
	}
	domain->telling = false;
}

static void on_done(void *arg, struct mx_result *result)
{
	struct domain *domain = arg;
	struct mx_cache *cache = domain->cache;
	uint32_t ttl_s = ttl_of(domain, result);

	domain->lookup = NULL;
	domain->result = *result;
	*result = (struct mx_result){ 0 };
	domain->expires_s = now_s() + ttl_s;
	domain->bytes = sizeof(*domain) + strlen(domain->name) + 1 + mx_result_bytes(&domain->result);
	cache->under_way--;
	cache->done++;
	cache->bytes += domain->bytes;
	TAILQ_INSERT_HEAD(&cache->used, domain, used);
	make_room(cache, domain);
	tell(domain, ttl_s);
}

static struct domain *domain_new(struct mx_cache *cache, const struct mx_want *want)
{
	size_t size = strlen(want->domain) + 1;
	struct domain *domain;

	if (cache->under_way >= cache->limits.lookups_max)
		return NULL;
	domain = calloc(1, sizeof(*domain) + size);
	if (domain == NULL)
		return NULL;
	memcpy(domain->name, want->domain, size);
	domain->cache = cache;
	domain->want = *want;
	domain->want.domain = domain->name;
	LIST_INIT(&domain->asks);
	domain->lookup =
		mx_lookup_start(cache->base, cache->dns, &domain->want, cache->limits.deadline_ms, on_done, domain);
	if (domain->lookup == NULL) {
		free(domain);
		return NULL;
	}
	cache->under_way++;
	LIST_INSERT_HEAD(&cache->buckets[bucket_of(domain->name)], domain, same_hash);
	return domain;
}

const struct mx_result *mx_cache_find(struct mx_cache *cache, const struct mx_want *want, uint32_t *out_ttl_s)
{
	struct domain *domain = find(cache, want);
	uint64_t now = now_s();

	if (domain == NULL || domain->lookup != NULL)
		return NULL;
	TAILQ_REMOVE(&cache->used, domain, used);
	TAILQ_INSERT_HEAD(&cache->used, domain, used);
	*out_ttl_s = domain->expires_s > now ? (uint32_t)(domain->expires_s - now) : 0;
	return &domain->result;
}

struct mx_ask *mx_cache_ask(struct mx_cache *cache, const struct mx_want *want, mx_answer_fn *fn, void *arg)
{
	struct domain *domain = find(cache, want);
	struct mx_ask *ask;

	if (domain == NULL)
		domain = domain_new(cache, want);
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

size_t mx_cache_bytes(const struct mx_cache *cache)
{
	return cache->bytes;
}

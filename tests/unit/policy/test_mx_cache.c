/* test_mx_cache.c - what is remembered of MX lookups: for how long, how much, and for whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "policy/mx/mx_cache.h"
#include "tests/unit/policy/mx_world.h"

static const struct known mail[] = {
	{ "d.example", DNS_MX, DNS_FOUND_INSECURE, 90, "10 mx1.d.example 20 mx2.d.example", NULL },
	{ "mx1.d.example", DNS_A, DNS_FOUND_INSECURE, 200, "192.0.2.1", NULL },
	{ "mx1.d.example", DNS_AAAA, DNS_FOUND_INSECURE, 250, "2001:db8::1", NULL },
	{ "mx2.d.example", DNS_A, DNS_FOUND_INSECURE, 280, "192.0.2.2", NULL },
	{ "null.example", DNS_MX, DNS_FOUND_INSECURE, 300, "0 .", NULL },
	{ "implicit.example", DNS_A, DNS_FOUND_INSECURE, 300, "192.0.2.3", NULL },
	{ NULL, 0, 0, 0, NULL, NULL },
};

static void on_cached(void *arg, const struct mx_result *result, uint32_t ttl_s)
{
	struct world *w = arg;

	w->done++;
	w->ttl_s = ttl_s;
	w->result.lookup = result->lookup;
	(void)event_base_loopbreak(w->base);
}

static struct mx_cache *cache_of(const struct world *w, size_t bytes_max)
{
	struct mx_cache_limits limits = MX_CACHE_LIMITS_DEFAULT;
	struct mx_cache *cache;

	limits.bytes_max = bytes_max;
	cache = mx_cache_new(w->base, NULL, &limits);
	assert_non_null(cache);
	return cache;
}

/* small_cache: of three domains, and two lookups at a time. */
static struct mx_cache *small_cache(const struct world *w)
{
	struct mx_cache_limits limits = {
		.domains_max = 3, .bytes_max = 1u << 20, .lookups_max = 2, .deadline_ms = 10000
	};
	struct mx_cache *cache = mx_cache_new(w->base, NULL, &limits);

	assert_non_null(cache);
	return cache;
}

/* want: the MX hosts and their addresses of |domain|. Until the next call. */
static const struct mx_want *want(const char *domain)
{
	static struct mx_want plain;

	plain = (struct mx_want){ .domain = domain };
	return &plain;
}

static void test_once_for_all(void **state)
{
	struct world w;
	uint32_t ttl_s;

	(void)state;
	open_world(&w, mail);
	struct mx_cache *cache = small_cache(&w);
	assert_null(mx_cache_find(cache, want("d.example"), &ttl_s));
	assert_non_null(mx_cache_ask(cache, want("d.example"), on_cached, &w));
	struct mx_ask *left = mx_cache_ask(cache, want("d.example"), on_cached, &w);
	assert_non_null(left);
	assert_non_null(mx_cache_ask(cache, want("d.example"), on_cached, &w));
	mx_cache_cancel(left);
	assert_null(mx_cache_find(cache, want("d.example"), &ttl_s)); /* not yet */
	wait_for(&w, 2);
	assert_int_equal(w.ttl_s, 90);
	unsigned asked = fake.count;
	assert_int_equal(asked, 5); /* once for all: MX, and two families of two hosts */
	const struct mx_result *known = mx_cache_find(cache, want("d.example"), &ttl_s);
	assert_non_null(known);
	assert_int_equal(known->hosts_count, 2);
	assert_true(ttl_s <= 90 && ttl_s > 0);
	assert_int_equal(w.done, 2);
	mx_cache_free(cache);
	close_world(&w);
}

/* The lookup goes on when the only asker has left. */
static void test_goes_on(void **state)
{
	struct world w;
	uint32_t ttl_s;

	(void)state;
	open_world(&w, mail);
	struct mx_cache *cache = small_cache(&w);
	struct mx_ask *left = mx_cache_ask(cache, want("d.example"), on_cached, &w);
	assert_non_null(left);
	mx_cache_cancel(left);
	for (unsigned i = 0; i < 1000 && mx_cache_domains(cache) == 0; i++)
		assert_int_equal(event_base_loop(w.base, EVLOOP_ONCE), 0);
	assert_non_null(mx_cache_find(cache, want("d.example"), &ttl_s));
	assert_int_equal(w.done, 0);
	mx_cache_free(cache);
	close_world(&w);
}

static void test_domains_and_lookups(void **state)
{
	static const char *const domains[] = { "d.example", "null.example", "implicit.example", "unknown.example" };
	struct world w;
	uint32_t ttl_s;

	(void)state;
	open_world(&w, mail);
	struct mx_cache *cache = small_cache(&w);
	for (unsigned i = 0; i < COUNT(domains); i++) {
		assert_non_null(mx_cache_ask(cache, want(domains[i]), on_cached, &w));
		wait_for(&w, i + 1);
		if (i > 0)
			assert_non_null(mx_cache_find(cache, want("d.example"), &ttl_s)); /* in use */
	}
	assert_int_equal(mx_cache_domains(cache), 3);
	assert_null(mx_cache_find(cache, want("null.example"), &ttl_s));
	assert_non_null(mx_cache_ask(cache, want("a.example"), on_cached, &w));
	assert_non_null(mx_cache_ask(cache, want("b.example"), on_cached, &w));
	assert_null(mx_cache_ask(cache, want("c.example"), on_cached, &w)); /* two lookups are under way */
	assert_non_null(mx_cache_ask(cache, want("b.example"), on_cached, &w));
	wait_for(&w, 7);
	mx_cache_free(cache);
	close_world(&w);
}

static void test_failure_is_short(void **state)
{
	static const struct known broken[] = {
		{ "d.example", DNS_MX, DNS_FOUND_INSECURE, 300, "10 mx1.d.example 20 mx2.d.example", NULL },
		{ "mx1.d.example", DNS_A, DNS_FAILED, 0, NULL, NULL },
		{ "mx2.d.example", DNS_A, DNS_FOUND_INSECURE, 280, "192.0.2.2", NULL },
		{ "null.example", DNS_MX, DNS_FAILED, 0, NULL, NULL },
		{ NULL, 0, 0, 0, NULL, NULL },
	};
	struct world w;

	(void)state;
	open_world(&w, broken);
	struct mx_cache *cache = small_cache(&w);
	assert_non_null(mx_cache_ask(cache, want("d.example"), on_cached, &w));
	wait_for(&w, 1);
	assert_int_equal(w.result.lookup, VERDICT_LOOKUP_FOUND);
	assert_int_equal(w.ttl_s, MX_CACHE_TTL_FAILED_S);
	assert_non_null(mx_cache_ask(cache, want("null.example"), on_cached, &w));
	wait_for(&w, 2);
	assert_int_equal(w.result.lookup, VERDICT_LOOKUP_FAILED);
	assert_int_equal(w.ttl_s, MX_CACHE_TTL_FAILED_S);
	mx_cache_free(cache);
	close_world(&w);
}

static void fetch(struct world *w, struct mx_cache *cache, const struct mx_want *want)
{
	assert_non_null(mx_cache_ask(cache, want, on_cached, w));
	wait_for(w, w->done + 1);
}

/* What was wanted is part of the key; what does not matter is not. */
static void test_keys(void **state)
{
	const struct mx_want plain = { "a.example", false, false, 25 };
	const struct mx_want plain_elsewhere = { "a.example", false, true, 2525 };
	const struct mx_want dane = { "a.example", true, true, 25 };
	const struct mx_want not_these[] = { plain,
					     { "a.example", true, true, 2525 },
					     { "a.example", true, false, 25 } };
	struct world w;
	uint32_t ttl_s;

	(void)state;
	open_world(&w, three_hosts);
	struct mx_cache *cache = cache_of(&w, 1u << 20);
	fetch(&w, cache, &dane);
	assert_int_equal(w.ttl_s, 120);
	for (size_t i = 0; i < COUNT(not_these); i++)
		assert_null(mx_cache_find(cache, &not_these[i], &ttl_s));
	unsigned asked = fake.count;
	const struct mx_result *known = mx_cache_find(cache, &dane, &ttl_s);
	assert_true(known != NULL && known->hosts[0].dane == VERDICT_DANE_USABLE);
	fetch(&w, cache, &plain);
	assert_non_null(mx_cache_find(cache, &plain_elsewhere, &ttl_s));
	assert_non_null(mx_cache_find(cache, &dane, &ttl_s));
	assert_int_equal(fake.count, asked + 3); /* the hits asked nothing */
	assert_int_equal(mx_cache_domains(cache), 2);
	mx_cache_free(cache);
	close_world(&w);
}

/* A host that failed makes the whole short-lived; what is proved is kept to the second, what is not longer. */
static void test_ttl(void **state)
{
	static const struct known brief[] = {
		{ "s.example", DNS_MX, DNS_FOUND_SECURE, 300, "10 s", NULL },
		{ "s", DNS_A, DNS_FOUND_SECURE, 7, "192.0.2.1", NULL },
		{ "_25._tcp.s", DNS_TLSA, DNS_FOUND_SECURE, 300, "3 1 1 " DIGEST, NULL },
		{ "z.example", DNS_MX, DNS_FOUND_SECURE, 0, "10 s", NULL },
		{ "t.example", DNS_MX, DNS_FOUND_SECURE, 300, "10 t", NULL },
		{ "t", DNS_A, DNS_FOUND_SECURE, 300, "192.0.2.1", NULL },
		{ "_25._tcp.t", DNS_TLSA, DNS_FAILED, 300, NULL, NULL },
		{ NULL, 0, 0, 0, NULL, NULL },
	};
	static const struct {
		struct mx_want want;
		uint32_t ttl_s;
	} rows[] = {
		{ { "s.example", true, false, 25 }, 7 },
		{ { "s.example", false, false, 25 }, MX_CACHE_TTL_MIN_S },
		{ { "z.example", true, false, 25 }, MX_CACHE_TTL_MIN_DANE_S },
		{ { "t.example", true, false, 25 }, MX_CACHE_TTL_FAILED_S },
		{ { "t.example", false, false, 25 }, 300 },
	};
	struct world w;

	(void)state;
	open_world(&w, brief);
	struct mx_cache *cache = cache_of(&w, 1u << 20);
	for (size_t i = 0; i < COUNT(rows); i++) {
		fetch(&w, cache, &rows[i].want);
		if (w.ttl_s != rows[i].ttl_s)
			fail_msg("row %zu: %u", i, (unsigned)w.ttl_s);
	}
	mx_cache_free(cache);
	close_world(&w);
}

struct asker {
	struct world *w;
	struct mx_cache *cache;
	struct mx_want want;
	struct mx_ask *other;
	unsigned told;
};

/* An asker that looks into the cache again, and lets another go, while it is told. */
static void on_asker(void *arg, const struct mx_result *result, uint32_t ttl_s)
{
	struct asker *asker = arg;
	uint32_t again_s;

	asker->told++;
	assert_int_equal(ttl_s, MX_CACHE_TTL_MIN_DANE_S);
	assert_ptr_equal(mx_cache_find(asker->cache, &asker->want, &again_s), result);
	mx_cache_cancel(asker->other);
	asker->other = NULL;
	(void)event_base_loopbreak(asker->w->base);
}

static void test_tells(void **state)
{
	static const struct known brief[] = { { "z.example", DNS_MX, DNS_FOUND_SECURE, 0, "0 .", NULL },
					      { NULL, 0, 0, 0, NULL, NULL } };
	struct asker asker = { .want = { "z.example", true, false, 25 } };
	struct world w;

	(void)state;
	open_world(&w, brief);
	asker.w = &w;
	asker.cache = cache_of(&w, 1);
	asker.other = mx_cache_ask(asker.cache, &asker.want, on_cached, &w);
	assert_non_null(asker.other);
	assert_non_null(mx_cache_ask(asker.cache, &asker.want, on_asker, &asker));
	while (asker.told == 0)
		assert_int_equal(event_base_dispatch(w.base), 0);
	assert_int_equal(fake.count, 1); /* one lookup for both */
	assert_int_equal(w.done, 0);     /* the other had left */
	mx_cache_free(asker.cache);
	close_world(&w);
}

/* The bound in octets holds, whatever a domain has; the newest alone may be above it. */
static void test_bytes(void **state)
{
	struct world w;
	char name[64];
	uint32_t ttl_s;
	size_t one;

	(void)state;
	open_world(&w, three_hosts);
	struct mx_cache *cache = cache_of(&w, 1u << 20);
	fetch(&w, cache, &(struct mx_want){ "d.example", true, false, 25 });
	one = mx_cache_bytes(cache);
	assert_true(one > 3 * sizeof(struct verdict_mx) && one < 16384);
	mx_cache_free(cache);
	cache = cache_of(&w, 4 * one);
	for (unsigned i = 0; i < 200; i++) {
		(void)snprintf(name, sizeof(name), "nobody%u.example", i);
		fetch(&w, cache, &(struct mx_want){ i % 2 == 0 ? "d.example" : name, true, false, (uint16_t)(i + 1) });
		assert_true(mx_cache_bytes(cache) <= 4 * one);
	}
	assert_true(mx_cache_domains(cache) > 2 && mx_cache_domains(cache) < 200);
	assert_non_null(mx_cache_find(cache, &(struct mx_want){ name, true, false, 200 }, &ttl_s));
	mx_cache_free(cache);
	cache = cache_of(&w, 1);
	fetch(&w, cache, &(struct mx_want){ "d.example", true, false, 25 });
	fetch(&w, cache, &(struct mx_want){ "a.example", true, false, 25 });
	assert_int_equal(mx_cache_domains(cache), 1);
	mx_cache_free(cache);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once_for_all),
		cmocka_unit_test(test_goes_on),
		cmocka_unit_test(test_domains_and_lookups),
		cmocka_unit_test(test_failure_is_short),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_ttl),
		cmocka_unit_test(test_tells),
		cmocka_unit_test(test_bytes),
	};

	return cmocka_run_group_tests_name("mx cache", tests, NULL, NULL);
}

/* test_verdict_cache.c - what is found again, for how long, for whom, and within which bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/worker/verdict_cache.h"

static struct verdict_question ask(enum verdict_question_kind kind, const char *domain, const char *destination)
{
	struct verdict_question q = { .id = 1, .kind = kind };

	(void)snprintf(q.domain, sizeof(q.domain), "%s", domain);
	assert_true(endpoint_parse(&q.destination, destination, 25));
	return q;
}

static void put(struct verdict_cache *cache, const struct verdict_question *q, enum verdict_source source,
		uint32_t ttl_s, uint32_t generation, uint64_t now_s)
{
	struct verdict *v = verdict_new();

	assert_non_null(v);
	v->status = VERDICT_OK;
	v->source = source;
	v->level = source == VERDICT_SOURCE_NONE ? LEVEL_UNSET : LEVEL_ENCRYPT;
	v->ttl_s = ttl_s;
	v->generation = generation;
	(void)snprintf(v->domain, sizeof(v->domain), "%s", q->domain);
	verdict_cache_put(cache, q, v, now_s);
	verdict_unref(v); /* the cache has its own */
}

static void test_expiry(void **state)
{
	struct verdict_cache *cache = verdict_cache_new(100000);
	struct verdict_question q = ask(VERDICT_ASK_DESTINATION, "", "192.0.2.1");

	(void)state;
	assert_null(verdict_cache_find(cache, &q, 1000));
	put(cache, &q, VERDICT_SOURCE_DESTINATION, 60, 1, 1000);
	assert_non_null(verdict_cache_find(cache, &q, 1000));
	assert_non_null(verdict_cache_find(cache, &q, 1059));
	assert_null(verdict_cache_find(cache, &q, 1060));
	assert_int_equal(verdict_cache_entries(cache), 0);
	assert_int_equal(verdict_cache_bytes(cache), 0);
	put(cache, &q, VERDICT_SOURCE_DESTINATION, 0, 1, 1000);
	assert_null(verdict_cache_find(cache, &q, 1000));
	verdict_cache_free(cache);
	verdict_cache_free(NULL);
}

/* A domain's verdict is given out only where no destination rule could say otherwise. */
static void test_destination_rules_come_first(void **state)
{
	struct verdict_cache *cache = verdict_cache_new(100000);
	struct verdict_question at_plain = ask(VERDICT_ASK_RECIPIENT, "d.example", "192.0.2.1");
	struct verdict_question at_other = ask(VERDICT_ASK_RECIPIENT, "d.example", "2001:db8::2");
	struct verdict_question at_ruled = ask(VERDICT_ASK_RECIPIENT, "d.example", "192.0.2.9");
	struct verdict_question plain = ask(VERDICT_ASK_DESTINATION, "", "192.0.2.1");
	struct verdict_question other = ask(VERDICT_ASK_DESTINATION, "", "2001:db8::2");
	struct verdict_question ruled = ask(VERDICT_ASK_DESTINATION, "", "192.0.2.9");

	(void)state;
	put(cache, &at_plain, VERDICT_SOURCE_DOMAIN, 60, 1, 0);
	assert_null(verdict_cache_find(cache, &at_plain, 1)); /* nothing is known of the address */
	put(cache, &plain, VERDICT_SOURCE_NONE, 60, 1, 0);
	assert_int_equal(verdict_cache_find(cache, &at_plain, 1)->source, VERDICT_SOURCE_DOMAIN);
	assert_null(verdict_cache_find(cache, &at_other, 1));
	put(cache, &other, VERDICT_SOURCE_NONE, 60, 1, 0);
	assert_int_equal(verdict_cache_find(cache, &at_other, 1)->source, VERDICT_SOURCE_DOMAIN);
	put(cache, &ruled, VERDICT_SOURCE_DESTINATION, 60, 1, 0);
	assert_null(verdict_cache_find(cache, &at_ruled, 1));
	put(cache, &at_ruled, VERDICT_SOURCE_DESTINATION, 60, 1, 0);
	assert_int_equal(verdict_cache_find(cache, &at_ruled, 1)->source, VERDICT_SOURCE_DESTINATION);
	assert_int_equal(verdict_cache_find(cache, &at_plain, 1)->source, VERDICT_SOURCE_DOMAIN);
	assert_string_equal(verdict_cache_find(cache, &at_plain, 1)->domain, "d.example");
	assert_null(verdict_cache_find(cache, &at_plain, 61));
	verdict_cache_free(cache);
}

static void test_generations(void **state)
{
	struct verdict_cache *cache = verdict_cache_new(100000);
	struct verdict_question a = ask(VERDICT_ASK_DESTINATION, "", "192.0.2.1");
	struct verdict_question b = ask(VERDICT_ASK_DESTINATION, "", "192.0.2.2");

	(void)state;
	put(cache, &a, VERDICT_SOURCE_NONE, 60, 4, 0);
	put(cache, &b, VERDICT_SOURCE_NONE, 60, 3, 0); /* asked before the reload, answered after */
	assert_non_null(verdict_cache_find(cache, &a, 1));
	assert_null(verdict_cache_find(cache, &b, 1));
	put(cache, &b, VERDICT_SOURCE_NONE, 60, 5, 0);
	assert_null(verdict_cache_find(cache, &a, 1));
	assert_non_null(verdict_cache_find(cache, &b, 1));
	verdict_cache_generation(cache, 5);
	assert_non_null(verdict_cache_find(cache, &b, 1));
	verdict_cache_generation(cache, 6);
	assert_int_equal(verdict_cache_entries(cache), 0);
	verdict_cache_free(cache);
}

static void test_replaced(void **state)
{
	struct verdict_cache *cache = verdict_cache_new(100000);
	struct verdict_question q = ask(VERDICT_ASK_DESTINATION, "", "192.0.2.1");

	(void)state;
	put(cache, &q, VERDICT_SOURCE_NONE, 60, 1, 0);
	put(cache, &q, VERDICT_SOURCE_DESTINATION, 60, 1, 0);
	assert_int_equal(verdict_cache_entries(cache), 1);
	assert_int_equal(verdict_cache_find(cache, &q, 1)->source, VERDICT_SOURCE_DESTINATION);
	verdict_cache_free(cache);
}

static void test_bounded_and_least_recent_first(void **state)
{
	const size_t bound = 40000;
	struct verdict_cache *cache = verdict_cache_new(bound);
	struct verdict_question plain = ask(VERDICT_ASK_DESTINATION, "", "192.0.2.1");
	struct verdict_question kept = ask(VERDICT_ASK_RECIPIENT, "kept.example", "192.0.2.1");
	struct verdict_question first = ask(VERDICT_ASK_RECIPIENT, "0.example", "192.0.2.1");

	(void)state;
	put(cache, &plain, VERDICT_SOURCE_NONE, 600, 1, 0);
	put(cache, &kept, VERDICT_SOURCE_DEFAULT, 600, 1, 0);
	for (unsigned i = 0; i < 2000; i++) {
		struct verdict_question q = kept;
		(void)snprintf(q.domain, sizeof(q.domain), "%u.example", i);
		put(cache, &q, VERDICT_SOURCE_DEFAULT, 600, 1, 0);
		assert_true(verdict_cache_bytes(cache) <= bound);
		assert_non_null(verdict_cache_find(cache, &kept, 1));
		assert_non_null(verdict_cache_find(cache, &q, 1));
	}
	assert_true(verdict_cache_entries(cache) > 10 && verdict_cache_entries(cache) < 2000);
	assert_null(verdict_cache_find(cache, &first, 1));
	verdict_cache_free(cache);
}

static void test_one_too_large(void **state)
{
	struct verdict_cache *cache = verdict_cache_new(3000);
	struct verdict_question small = ask(VERDICT_ASK_DESTINATION, "", "192.0.2.1");
	struct verdict_question large = ask(VERDICT_ASK_DESTINATION, "", "192.0.2.2");
	struct verdict *v = verdict_new();

	(void)state;
	assert_non_null(v);
	put(cache, &small, VERDICT_SOURCE_NONE, 60, 1, 0);
	v->ttl_s = 60;
	v->generation = 1;
	v->names = calloc(64, sizeof(*v->names));
	v->names_count = 64;
	verdict_cache_put(cache, &large, v, 0);
	assert_int_equal(v->refs, 1);
	assert_null(verdict_cache_find(cache, &large, 0));
	assert_non_null(verdict_cache_find(cache, &small, 0));
	verdict_unref(v);
	verdict_cache_free(cache);
}

/* What a verdict points to is counted too, and gone with it. */
static void test_tlsa_counts(void **state)
{
	struct verdict_cache *cache = verdict_cache_new(200000);
	struct verdict_question plain = ask(VERDICT_ASK_DESTINATION, "", "192.0.2.1");

	(void)state;
	put(cache, &plain, VERDICT_SOURCE_NONE, 600, 1, 0);
	for (unsigned i = 0; i < 200; i++) {
		struct verdict_question q = ask(VERDICT_ASK_RECIPIENT, "", "192.0.2.1");
		struct verdict *v = verdict_new();
		(void)snprintf(q.domain, sizeof(q.domain), "%u.example", i);
		assert_non_null(v);
		v->status = VERDICT_OK;
		v->source = VERDICT_SOURCE_DEFAULT;
		v->level = LEVEL_DANE;
		v->floor = LEVEL_ENCRYPT;
		v->ttl_s = 600;
		v->generation = 1;
		v->mx = calloc(1, sizeof(*v->mx));
		assert_non_null(v->mx);
		v->mx_count = 1;
		v->mx[0].tlsa = calloc(4, sizeof(struct tlsa));
		assert_non_null(v->mx[0].tlsa);
		for (; v->mx[0].tlsa_count < 4; v->mx[0].tlsa_count++) {
			v->mx[0].tlsa[v->mx[0].tlsa_count].data = malloc(10000);
			v->mx[0].tlsa[v->mx[0].tlsa_count].len = 10000;
			assert_non_null(v->mx[0].tlsa[v->mx[0].tlsa_count].data);
		}
		verdict_cache_put(cache, &q, v, 0);
		verdict_unref(v);
		assert_non_null(verdict_cache_find(cache, &plain, 1));
		assert_non_null(verdict_cache_find(cache, &q, 1));
		assert_true(verdict_cache_bytes(cache) > 40000 && verdict_cache_bytes(cache) <= 200000);
		assert_true(verdict_cache_entries(cache) <= 1 + 200000 / 40000);
	}
	assert_int_equal(verdict_cache_entries(cache), 5);
	assert_null(verdict_cache_find(cache, &plain, 601));
	verdict_cache_free(cache);
}

/* A published policy likewise: whoever has many domains may write long ones. */
static void test_patterns_count(void **state)
{
	const size_t patterns = VERDICT_PATTERNS_MAX * sizeof(struct verdict_pattern);
	struct verdict_cache *cache = verdict_cache_new(4 * patterns);

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		struct verdict_question q = ask(VERDICT_ASK_RECIPIENT, "", "192.0.2.1");
		struct verdict *v = verdict_new();
		(void)snprintf(q.domain, sizeof(q.domain), "%u.example", i);
		assert_non_null(v);
		v->ttl_s = 600;
		v->generation = 1;
		v->published.status = VERDICT_PUBLISHED_ENFORCE;
		v->published.patterns = calloc(1, patterns);
		assert_non_null(v->published.patterns);
		v->published.patterns_count = VERDICT_PATTERNS_MAX;
		verdict_cache_put(cache, &q, v, 0);
		verdict_unref(v);
		assert_non_null(verdict_cache_find(cache, &q, 1));
		assert_true(verdict_cache_bytes(cache) > patterns && verdict_cache_bytes(cache) <= 4 * patterns);
	}
	assert_int_equal(verdict_cache_entries(cache), 3);
	verdict_cache_free(cache);
}

/* TLSA records are of a port: a verdict for one says nothing for another. */
static void test_ports_are_apart(void **state)
{
	struct verdict_cache *cache = verdict_cache_new(100000);
	struct verdict_question at25 = ask(VERDICT_ASK_RECIPIENT, "d.example", "192.0.2.1:25");
	struct verdict_question at26 = ask(VERDICT_ASK_RECIPIENT, "d.example", "192.0.2.1:26");
	struct verdict_question plain25 = ask(VERDICT_ASK_DESTINATION, "", "192.0.2.1:25");
	struct verdict_question plain26 = ask(VERDICT_ASK_DESTINATION, "", "192.0.2.1:26");

	(void)state;
	put(cache, &plain25, VERDICT_SOURCE_NONE, 60, 1, 0);
	assert_null(verdict_cache_find(cache, &plain26, 1));
	put(cache, &plain26, VERDICT_SOURCE_NONE, 60, 1, 0);
	put(cache, &at25, VERDICT_SOURCE_DOMAIN, 60, 1, 0);
	assert_non_null(verdict_cache_find(cache, &at25, 1));
	assert_null(verdict_cache_find(cache, &at26, 1));
	verdict_cache_free(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_destination_rules_come_first),
		cmocka_unit_test(test_generations),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_bounded_and_least_recent_first),
		cmocka_unit_test(test_one_too_large),
		cmocka_unit_test(test_tlsa_counts),
		cmocka_unit_test(test_patterns_count),
		cmocka_unit_test(test_ports_are_apart),
	};

	return cmocka_run_group_tests_name("verdict_cache", tests, NULL, NULL);
}

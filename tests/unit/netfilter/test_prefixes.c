/* Merging prefixes, against a model that knows nothing but prefix_contains. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "netfilter/prefixes.h"

#define MANY 5000

static uint64_t state = 25;

static uint32_t random_u32(void)
{
	state = state * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(state >> 32);
}

static struct prefix parse(const char *text)
{
	struct prefix prefix;

	assert_true(prefix_parse(&prefix, text));
	return prefix;
}

static void merges_to(uint8_t family, const char *const *in, const char *const *out)
{
	struct prefix items[8];
	struct prefix_list list = { .items = items };
	struct interval_list merged;
	size_t count = 0;

	for (; in[list.count] != NULL; list.count++)
		items[list.count] = parse(in[list.count]);
	assert_true(prefixes_merge(&merged, &list, family));
	for (; out[2 * count] != NULL; count++) {
		struct addr first;
		struct addr last;

		assert_true(addr_parse(&first, out[2 * count]) && addr_parse(&last, out[2 * count + 1]));
		assert_true(count < merged.count);
		assert_memory_equal(merged.items[count].first, first.bytes, 16);
		assert_memory_equal(merged.items[count].last, last.bytes, 16);
	}
	assert_int_equal(merged.count, count);
	interval_list_cleanup(&merged);
}

static void test_cases(void **unused)
{
	static const struct {
		uint8_t family;
		const char *in[8];
		const char *out[9]; /* first and last in turn */
	} cases[] = {
		{ AF_INET, { NULL }, { NULL } },
		{ AF_INET, { "::/0", NULL }, { NULL } },
		{ AF_INET,
		  { "0.0.0.0/0", "10.0.0.0/8", "255.255.255.255", NULL },
		  { "0.0.0.0", "255.255.255.255", NULL } },
		{ AF_INET, { "255.255.255.255", NULL }, { "255.255.255.255", "255.255.255.255", NULL } },
		{ AF_INET,
		  { "255.255.255.254", "255.255.255.255", NULL },
		  { "255.255.255.254", "255.255.255.255", NULL } },
		{ AF_INET, { "10.1.0.0/16", "10.0.0.0/8", NULL }, { "10.0.0.0", "10.255.255.255", NULL } },
		{ AF_INET, { "10.0.0.0/9", "10.128.0.0/9", NULL }, { "10.0.0.0", "10.255.255.255", NULL } },
		{ AF_INET, { "1.2.3.4", "1.2.3.6", NULL }, { "1.2.3.4", "1.2.3.4", "1.2.3.6", "1.2.3.6", NULL } },
		{ AF_INET, { "1.2.3.255", "1.2.4.0", "fd00::/8", NULL }, { "1.2.3.255", "1.2.4.0", NULL } },
		{ AF_INET, { "7.7.7.7", "7.7.7.7", NULL }, { "7.7.7.7", "7.7.7.7", NULL } },
		{ AF_INET6, { "::/0", "fd00::1", NULL }, { "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL } },
		{ AF_INET6,
		  { "ff00::/8", "fe00::/8", "10.0.0.0/8", NULL },
		  { "fe00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL } },
		{ AF_INET6,
		  { "2001:db8::/33", "2001:db8:8000::/33", NULL },
		  { "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", NULL } },
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++)
		merges_to(cases[i].family, cases[i].in, cases[i].out);
}

static void random_prefix(struct prefix *out, uint8_t family)
{
	unsigned total = family == AF_INET ? 32 : 128;

	*out = (struct prefix){ .addr = { .family = family },
				.bits = (uint8_t)(total / 4 + random_u32() % (total * 3 / 4 + 1)) };
	for (unsigned i = 0; i < out->bits; i++)
		if ((random_u32() & 1) != 0)
			out->addr.bytes[i / 8] |= (uint8_t)(0x80 >> (i % 8));
}

static bool naive_contains(const struct prefix_list *list, const struct addr *addr)
{
	for (size_t i = 0; i < list->count; i++)
		if (prefix_contains(&list->items[i], addr))
			return true;
	return false;
}

/* The address after or before; false if there is none. */
static bool neighbour(struct addr *addr, bool after)
{
	for (size_t i = addr_len(addr); i-- > 0;) {
		addr->bytes[i] = (uint8_t)(addr->bytes[i] + (after ? 1 : -1));
		if (addr->bytes[i] != (after ? 0 : 0xff))
			return true;
	}
	return false;
}

static void check_edges(const struct interval_list *merged, const struct prefix_list *list, size_t i)
{
	struct addr addr = { .family = merged->family };

	memcpy(addr.bytes, merged->items[i].first, 16);
	assert_true(naive_contains(list, &addr) && interval_list_contains(merged, &addr));
	if (neighbour(&addr, false))
		assert_false(naive_contains(list, &addr) || interval_list_contains(merged, &addr));
	memcpy(addr.bytes, merged->items[i].last, 16);
	assert_true(naive_contains(list, &addr) && interval_list_contains(merged, &addr));
	if (neighbour(&addr, true))
		assert_false(naive_contains(list, &addr) || interval_list_contains(merged, &addr));
}

static void many_of(uint8_t family)
{
	struct prefix_list list = { .items = calloc(MANY, sizeof(*list.items)), .count = MANY };
	struct interval_list merged;

	assert_non_null(list.items);
	for (size_t i = 0; i < MANY; i++)
		random_prefix(&list.items[i], family);
	assert_true(prefixes_merge(&merged, &list, family));
	assert_true(merged.count > 10 && merged.count <= MANY);
	for (size_t i = 0; i < merged.count; i++) {
		check_edges(&merged, &list, i);
		if (i > 0)
			assert_true(memcmp(merged.items[i - 1].last, merged.items[i].first, 16) < 0);
	}
	for (size_t i = 0; i < MANY; i++) {
		struct prefix probe = { .addr = { .family = family }, .bits = 0 };

		random_prefix(&probe, family);
		assert_true(interval_list_contains(&merged, &list.items[i].addr));
		assert_int_equal(interval_list_contains(&merged, &probe.addr), naive_contains(&list, &probe.addr));
	}
	interval_list_cleanup(&merged);
	free(list.items);
}

static void test_many(void **unused)
{
	(void)unused;
	many_of(AF_INET);
	many_of(AF_INET6);
}

static void test_bits(void **unused)
{
	static const struct {
		const char *first, *last;
		int bits;
	} cases[] = {
		{ "0.0.0.0", "255.255.255.255", 0 },
		{ "10.0.0.0", "10.255.255.255", 8 },
		{ "1.2.3.4", "1.2.3.4", 32 },
		{ "1.2.3.4", "1.2.3.6", -1 },
		{ "1.2.3.5", "1.2.3.6", -1 },
		{ "::", "::ffff", 112 },
		{ "::1", "::1", 128 },
		{ "::1", "::2", -1 },
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct interval interval = { 0 };
		struct addr first;
		struct addr last;
		uint8_t end[16];

		assert_true(addr_parse(&first, cases[i].first) && addr_parse(&last, cases[i].last));
		memcpy(interval.first, first.bytes, 16);
		memcpy(interval.last, last.bytes, 16);
		assert_int_equal(interval_bits(&interval, first.family), cases[i].bits);
		assert_int_equal(interval_end(&interval, first.family, end), cases[i].bits != 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

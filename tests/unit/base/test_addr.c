/* test_addr.c - addresses, prefixes and endpoints: text to value and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "proxy/base/addr.h"

static void test_addr_text(void **state)
{
	static const struct {
		const char *in;
		const char *out; /* NULL: refused */
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "2001:DB8::1", "2001:db8::1" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "192.0.2", NULL },
		{ "192.0.2.256", NULL },
		{ "fe80::1%eth0", NULL },
		{ "[::1]", NULL },
		{ "mx.example", NULL },
		{ "", NULL },
	};
	char buf[ADDR_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct addr addr;
		assert_int_equal(addr_parse(&addr, cases[i].in), cases[i].out != NULL);
		if (cases[i].out != NULL)
			assert_string_equal(addr_format(&addr, buf), cases[i].out);
	}
}

static void test_no_address_equals_nothing(void **state)
{
	struct addr none = { 0 };

	(void)state;
	assert_false(addr_equal(&none, &none));
}

static void test_loopback(void **state)
{
	static const struct {
		const char *text;
		bool is;
	} cases[] = { { "127.0.0.1", true },
		      { "127.255.255.254", true },
		      { "128.0.0.1", false },
		      { "::1", true },
		      { "::2", false },
		      { "::", false },
		      { "7f00::1", false },
		      { "0.0.0.0", false },
		      { "::ffff:127.0.0.1", true } };
	const struct addr none = { 0 };

	(void)state;
	assert_false(addr_is_loopback(&none));
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct addr addr;
		assert_true(addr_parse(&addr, cases[i].text));
		assert_int_equal(addr_is_loopback(&addr), cases[i].is);
	}
}

static void test_prefix(void **state)
{
	static const struct {
		const char *prefix;
		const char *addr;
		int contains; /* -1: the prefix is refused */
	} cases[] = {
		{ "10.0.0.0/8", "10.255.255.255", 1 },
		{ "10.0.0.0/8", "11.0.0.0", 0 },
		{ "0.0.0.0/0", "203.0.113.9", 1 },
		{ "0.0.0.0/0", "::1", 0 },
		{ "::/0", "::1", 1 },
		{ "2001:db8::/33", "2001:db8:7fff::1", 1 },
		{ "2001:db8::/33", "2001:db8:8000::1", 0 },
		{ "192.0.2.7", "192.0.2.7", 1 },
		{ "192.0.2.7", "192.0.2.8", 0 },
		{ "10.1.2.3/8", "10.1.2.3", -1 },
		{ "10.0.0.0/33", "10.0.0.0", -1 },
		{ "10.0.0.0/", "10.0.0.0", -1 },
		{ "10.0.0.0/ 8", "10.0.0.0", -1 },
		{ "::ffff:10.0.0.0/104", "10.0.0.0", -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct prefix prefix;
		struct addr addr;
		assert_int_equal(prefix_parse(&prefix, cases[i].prefix), cases[i].contains >= 0);
		assert_true(addr_parse(&addr, cases[i].addr));
		if (cases[i].contains >= 0)
			assert_int_equal(prefix_contains(&prefix, &addr), cases[i].contains);
	}
}

static void test_endpoint(void **state)
{
	static const struct {
		const char *in;
		const char *out;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1:53" }, { "192.0.2.1:5353", "192.0.2.1:5353" },
		{ "::1", "[::1]:53" },           { "[::1]", "[::1]:53" },
		{ "[::1]:99", "[::1]:99" },      { "192.0.2.1:0", NULL },
		{ "192.0.2.1:65536", NULL },     { "[::1]x", NULL },
		{ "1::2:3:4:5:6:7:8:9", NULL },  { "host:25", NULL },
	};
	char buf[ENDPOINT_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct endpoint endpoint;
		assert_int_equal(endpoint_parse(&endpoint, cases[i].in, 53), cases[i].out != NULL);
		if (cases[i].out == NULL)
			continue;
		assert_string_equal(endpoint_format(&endpoint, buf), cases[i].out);

		struct sockaddr_storage storage;
		struct endpoint again;
		(void)endpoint_to_sockaddr(&endpoint, &storage);
		assert_true(endpoint_from_sockaddr(&again, &storage));
		assert_string_equal(endpoint_format(&again, buf), cases[i].out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addr_text), cmocka_unit_test(test_no_address_equals_nothing),
		cmocka_unit_test(test_loopback),  cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_endpoint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

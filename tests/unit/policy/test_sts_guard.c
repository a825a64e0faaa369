/* test_sts_guard.c - which addresses a policy is fetched from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "policy/sts/sts_guard.h"

static const struct row {
	const char *addr;
	const char *refusal; /* NULL: none */
} rows[] = {
	{ "192.0.1.1", NULL },
	{ "8.8.8.8", NULL },
	{ "0.0.0.0", "no address of a host" },
	{ "0.255.255.255", "no address of a host" },
	{ "1.0.0.0", NULL },
	{ "9.255.255.255", NULL },
	{ "10.0.0.0", "private" },
	{ "10.255.255.255", "private" },
	{ "11.0.0.0", NULL },
	{ "100.63.255.255", NULL },
	{ "100.64.0.0", "a carrier's own" },
	{ "100.127.255.255", "a carrier's own" },
	{ "100.128.0.0", NULL },
	{ "126.255.255.255", NULL },
	{ "127.0.0.1", "loopback" },
	{ "127.255.255.255", "loopback" },
	{ "128.0.0.0", NULL },
	{ "169.253.255.255", NULL },
	{ "169.254.169.254", "link-local" },
	{ "169.255.0.0", NULL },
	{ "172.15.255.255", NULL },
	{ "172.16.0.0", "private" },
	{ "172.31.255.255", "private" },
	{ "172.32.0.0", NULL },
	{ "191.255.255.255", NULL },
	{ "192.0.0.8", "reserved" },
	{ "192.0.2.1", "for documentation" },
	{ "192.0.3.0", NULL },
	{ "192.88.99.1", "reserved" },
	{ "192.167.255.255", NULL },
	{ "192.168.0.1", "private" },
	{ "192.169.0.0", NULL },
	{ "198.17.255.255", NULL },
	{ "198.18.0.0", "for measurements" },
	{ "198.19.255.255", "for measurements" },
	{ "198.20.0.0", NULL },
	{ "198.51.100.7", "for documentation" },
	{ "203.0.113.7", "for documentation" },
	{ "223.255.255.255", NULL },
	{ "224.0.0.1", "multicast" },
	{ "239.255.255.255", "multicast" },
	{ "240.0.0.1", "reserved" },
	{ "255.255.255.255", "reserved" },
	{ "::", "no address of a host" },
	{ "::1", "loopback" },
	{ "::2", "reserved" },
	{ "::127.0.0.1", "reserved" },
	{ "::ffff:127.0.0.1", "loopback" },
	{ "::ffff:8.8.8.8", NULL },
	{ "64:ff9b::10.0.0.1", "private" },
	{ "64:ff9b::127.0.0.1", "loopback" },
	{ "64:ff9b::8.8.8.8", NULL },
	{ "64:ff9b:1::8.8.8.8", "private" },
	{ "100::1", "reserved" },
	{ "1fff:ffff::", "reserved" },
	{ "2000::", NULL },
	{ "2001::1", "reserved" },
	{ "2001:1ff:ffff::", "reserved" },
	{ "2001:200::1", NULL },
	{ "2001:db7:ffff::", NULL },
	{ "2001:db8::1", "for documentation" },
	{ "2001:db9::", NULL },
	{ "2002:a00:1::1", "private" },
	{ "2002:7f00:1::1", "loopback" },
	{ "2002:808:808::1", NULL },
	{ "2600::1", NULL },
	{ "3fff:0fff::1", "for documentation" },
	{ "3fff:1000::1", NULL },
	{ "4000::1", "reserved" },
	{ "fbff::1", "reserved" },
	{ "fc00::1", "private" },
	{ "fdff:ffff::1", "private" },
	{ "fe00::1", "reserved" },
	{ "fe80::1", "link-local" },
	{ "febf::1", "link-local" },
	{ "fec0::1", "private" },
	{ "ff02::1", "multicast" },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct addr addr;
		assert_true(addr_parse(&addr, rows[i].addr));
		const char *refusal = sts_guard_refusal(&addr, NULL);
		if ((refusal == NULL) != (rows[i].refusal == NULL) ||
		    (refusal != NULL && strcmp(refusal, rows[i].refusal) != 0))
			fail_msg("%s is %s", rows[i].addr, refusal != NULL ? refusal : "let through");
	}
	assert_non_null(sts_guard_refusal(&(struct addr){ 0 }, NULL));
}

/* What the operator permits, and nothing beside it. */
static void test_permitted(void **state)
{
	static const struct {
		const char *addr;
		bool let;
	} some[] = {
		{ "10.1.0.0", true },        { "10.1.255.255", true },      { "10.2.0.0", false },
		{ "::ffff:10.1.2.3", true }, { "64:ff9b::10.1.2.3", true }, { "64:ff9b::10.2.2.3", false },
		{ "fd00::1", true },         { "fd01::1", false },          { "127.0.0.1", false },
		{ "8.8.8.8", true },
	};
	struct prefix items[2];
	const struct prefix_list permitted = { items, COUNT(items) };

	(void)state;
	assert_true(prefix_parse(&items[0], "10.1.0.0/16"));
	assert_true(prefix_parse(&items[1], "fd00::/16"));
	for (size_t i = 0; i < COUNT(some); i++) {
		struct addr addr;
		assert_true(addr_parse(&addr, some[i].addr));
		if ((sts_guard_refusal(&addr, &permitted) == NULL) != some[i].let)
			fail_msg("%s", some[i].addr);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_permitted),
	};

	return cmocka_run_group_tests_name("sts_guard", tests, NULL, NULL);
}

/* test_resolv_conf.c - which resolvers a resolv.conf means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "proxy/base/resolv_conf.h"

static void test_nameservers(void **state)
{
	static const struct {
		const char *text;
		const char *resolvers; /* a space after each */
	} cases[] = {
		{ NULL, "127.0.0.1:53 " },
		{ "", "127.0.0.1:53 " },
		{ "search lan.example\noptions edns0\n", "127.0.0.1:53 " },
		{ "nameserver 192.0.2.1", "192.0.2.1:53 " },
		{ "# nameserver 192.0.2.9\nnameserver 192.0.2.1\nnameserver 2001:db8::1\n",
		  "192.0.2.1:53 [2001:db8::1]:53 " },
		{ "  nameserver\t192.0.2.1 trailing\n", "192.0.2.1:53 " },
		{ "nameserver resolver.example\nnameserver fe80::1%eth0\nnameserver 192.0.2.3\n", "192.0.2.3:53 " },
		{ "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nnameserver 192.0.2.4\n",
		  "192.0.2.1:53 192.0.2.2:53 192.0.2.3:53 " },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct endpoint found[RESOLV_CONF_MAX];
		char text[ENDPOINT_TEXT_MAX];
		char all[RESOLV_CONF_MAX * (ENDPOINT_TEXT_MAX + 1)] = "";
		size_t count = resolv_conf_parse(cases[i].text, found);

		for (size_t k = 0; k < count; k++) {
			strcat(all, endpoint_format(&found[k], text));
			strcat(all, " ");
		}
		assert_string_equal(all, cases[i].resolvers);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_nameservers) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

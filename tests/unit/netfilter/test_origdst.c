/* Destinations that are refused, and a connection that nobody intercepted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "netfilter/origdst.h"

static const uint16_t ports[] = { 25, 2525 };

static void test_judge(void **unused)
{
	static const struct {
		const char *to;
		enum origdst expected;
	} cases[] = {
		{ "198.51.100.77:25", ORIGDST_OK },
		{ "198.51.100.77:2525", ORIGDST_OK },
		{ "[2001:db8:77::1]:25", ORIGDST_OK },
		{ "198.51.100.77:24", ORIGDST_BAD_PORT },
		{ "198.51.100.77:825", ORIGDST_BAD_PORT },
		{ "127.0.0.1:25", ORIGDST_BAD_ADDRESS },
		{ "127.9.9.9:25", ORIGDST_BAD_ADDRESS },
		{ "0.0.0.0:25", ORIGDST_BAD_ADDRESS },
		{ "224.0.0.1:25", ORIGDST_BAD_ADDRESS },
		{ "255.255.255.255:25", ORIGDST_BAD_ADDRESS },
		{ "[::]:25", ORIGDST_BAD_ADDRESS },
		{ "[::1]:25", ORIGDST_BAD_ADDRESS },
		{ "[ff02::1]:25", ORIGDST_BAD_ADDRESS },
		{ "203.0.113.225:25", ORIGDST_SELFTEST },
		{ "[2001:db8:ffff::225]:25", ORIGDST_SELFTEST },
		{ "203.0.113.225:24", ORIGDST_BAD_PORT },
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct endpoint to;

		assert_true(endpoint_parse(&to, cases[i].to, 25));
		if (origdst_judge(&to, ports, COUNT(ports), 825) != cases[i].expected)
			fail_msg("%s: not %s", cases[i].to, origdst_name(cases[i].expected));
	}
	assert_true(origdst_host_check());
}

static void test_nothing_is_allowed_by_default(void **unused)
{
	struct endpoint nowhere = { .port = 25 };
	struct endpoint to;

	(void)unused;
	assert_int_equal(origdst_judge(&nowhere, ports, COUNT(ports), 825), ORIGDST_BAD_ADDRESS);
	assert_true(endpoint_parse(&to, "198.51.100.77:25", 25));
	assert_int_equal(origdst_judge(&to, ports, 0, 825), ORIGDST_BAD_PORT);
	assert_int_equal(origdst_judge(&to, ports, COUNT(ports), 25), ORIGDST_BAD_PORT);
	assert_int_equal(origdst_get(&to, -1, ports, COUNT(ports), 825), ORIGDST_FAILED);
	assert_int_equal(to.addr.family, 0);
	assert_false(origdst_is_forwarded(-1));
}

/* Straight to a listener on loopback: refused, whichever port it is believed to be. */
static void test_dialled_directly(void **unused)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(name);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int client = socket(AF_INET, SOCK_STREAM, 0);
	struct endpoint to;
	uint16_t port;
	int fd;

	(void)unused;
	assert_int_equal(bind(listener, (struct sockaddr *)&name, sizeof(name)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&name, &len), 0);
	assert_int_equal(connect(client, (struct sockaddr *)&name, len), 0);
	fd = accept(listener, NULL, NULL);
	assert_true(fd >= 0);
	port = ntohs(name.sin_port);
	assert_int_not_equal(origdst_get(&to, fd, ports, COUNT(ports), port), ORIGDST_OK);
	assert_int_not_equal(origdst_get(&to, fd, &port, 1, port), ORIGDST_OK);
	assert_int_equal(origdst_get(&to, fd, &port, 1, 825), ORIGDST_BAD_ADDRESS);
	assert_int_equal(origdst_get(&to, fd, ports, COUNT(ports), 825), ORIGDST_BAD_PORT);
	assert_false(origdst_is_forwarded(fd));
	(void)close(fd);
	(void)close(client);
	(void)close(listener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_nothing_is_allowed_by_default),
		cmocka_unit_test(test_dialled_directly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

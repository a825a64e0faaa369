/* test_host_news.c - what workers and parent tell each other of hosts: there and back, and what nobody may say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/base/host_news.h"

static bool travels(struct host_news *out, const char *client, const char *host, uint16_t port)
{
	struct host_news news = { .failure = HOST_UNREACHABLE };
	uint8_t body[HOST_NEWS_BYTES_MAX];
	struct wire_writer w;
	struct wire_reader r;

	assert_true(addr_parse(&news.key.host.addr, host));
	assert_true(client == NULL || addr_parse(&news.key.client, client));
	news.key.host.port = port;
	wire_writer_init(&w, body, sizeof(body));
	host_news_put(&w, &news);
	assert_false(w.failed);
	for (size_t cut = 0; cut < w.len; cut++) {
		wire_reader_init(&r, body, cut);
		assert_false(host_news_get(&r, out));
	}
	wire_reader_init(&r, body, w.len);
	return host_news_get(&r, out) && host_key_equal(&out->key, &news.key) && out->failure == news.failure;
}

static void test_there_and_back(void **state)
{
	struct host_news got;

	(void)state;
	assert_true(travels(&got, NULL, "198.51.100.7", 25));
	assert_int_equal(got.key.client.family, 0);
	assert_true(travels(&got, "10.0.0.9", "198.51.100.7", 2525));
	assert_true(travels(&got, NULL, "2001:db8::7", 25));
	assert_true(travels(&got, "fd00::9", "2001:db8::7", 65535));
}

static void test_nobody_says(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "127.9.9.9",       "0.0.0.0",     "0.1.2.3", "224.0.0.1",
					     "240.0.0.1", "255.255.255.255", "169.254.1.1", "::",      "::1",
					     "fe80::1",   "febf::1",         "ff02::1" };
	struct host_news got;

	(void)state;
	for (size_t i = 0; i < COUNT(hosts); i++) {
		assert_false(travels(&got, NULL, hosts[i], 25));
		assert_false(travels(&got, hosts[i], strchr(hosts[i], ':') != NULL ? "2001:db8::7" : "192.0.2.7", 25));
	}
	assert_false(travels(&got, NULL, "198.51.100.7", 0));
	assert_false(travels(&got, "2001:db8::1", "198.51.100.7", 25));
	assert_false(travels(&got, "10.0.0.1", "2001:db8::1", 25));
	assert_string_equal(host_failure_name(HOST_FAILURE_COUNT), "?");
	for (int i = 0; i < HOST_FAILURE_COUNT; i++)
		assert_true(strlen(host_failure_name((enum host_failure)i)) > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_nobody_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

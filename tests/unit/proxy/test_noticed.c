/* test_noticed.c - what signs of sessions come to: proxy/worker/noticed.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "proxy/worker/noticed.h"

#define TAIL(a) "exempt it (exempt-source = " a ") or use client \"" a "\" { client-tls = passthrough }"

static struct session_record record_of(enum session_sign sign, const char *client, const char *destination)
{
	bool of_server = sign == SESSION_SIGN_GATE || sign == SESSION_SIGN_EXCHANGE;
	struct session_record record = { .kind = of_server ? SESSION_RECORD_SIGN : SESSION_RECORD_END, .sign = sign };

	assert_true(addr_parse(&record.client.addr, client));
	assert_true(addr_parse(&record.destination.addr, destination));
	return record;
}

static bool hear(struct noticed *noticed, enum session_sign sign, const char *client, const char *destination,
		 uint64_t now_s, struct notice *out)
{
	struct session_record record = record_of(sign, client, destination);

	return noticed_hear(noticed, &record, now_s, out);
}

static void test_an_alert_is_certain(void **state)
{
	struct noticed *noticed = noticed_new(8);
	struct session_record local = record_of(SESSION_SIGN_ALERT, "192.0.2.1", "198.51.100.1");
	struct notice notice;

	(void)state;
	assert_true(hear(noticed, SESSION_SIGN_ALERT, "192.0.2.7", "198.51.100.1", 100, &notice));
	assert_int_equal(notice.what, SESSION_NOTICE_CLIENT);
	assert_true(notice.fresh);
	assert_string_equal(notice.text, "client-authenticates-itself: " TAIL("192.0.2.7"));
	assert_true(hear(noticed, SESSION_SIGN_ALERT, "192.0.2.7", "198.51.100.2", 100 + NOTICED_QUIET_S - 1, &notice));
	assert_false(notice.fresh);
	assert_true(hear(noticed, SESSION_SIGN_ALERT, "192.0.2.7", "198.51.100.2", 100 + NOTICED_QUIET_S, &notice));
	assert_true(notice.fresh);
	assert_true(hear(noticed, SESSION_SIGN_ALERT, "2001:db8::7", "198.51.100.2", 101, &notice));
	assert_true(notice.fresh);
	local.local = true;
	assert_true(noticed_hear(noticed, &local, 100, &notice));
	assert_non_null(strstr(notice.text, "exempt it (exempt-user = ITS USER) or use client \"192.0.2.1\" {"));
	noticed_free(noticed);
}

static void test_leaving_is_probable_and_takes_three(void **state)
{
	struct noticed *noticed = noticed_new(8);
	struct notice notice;

	(void)state;
	assert_false(hear(noticed, SESSION_SIGN_LEFT, "192.0.2.7", "198.51.100.1", 100, &notice));
	assert_false(hear(noticed, SESSION_SIGN_LEFT, "192.0.2.8", "198.51.100.1", 100, &notice));
	assert_false(hear(noticed, SESSION_SIGN_LEFT, "192.0.2.7", "198.51.100.2", 100, &notice));
	assert_true(hear(noticed, SESSION_SIGN_LEFT, "192.0.2.7", "198.51.100.1", 100, &notice));
	assert_int_equal(notice.what, SESSION_NOTICE_CLIENT_PROBABLY);
	assert_true(notice.fresh);
	assert_string_equal(notice.text, "probably client-authenticates-itself: " TAIL(
						 "192.0.2.7") " (3 sessions left before any mail)");
	/* Long names fit, too. */
	for (unsigned i = 0; i < 2; i++)
		assert_false(hear(noticed, SESSION_SIGN_LEFT, "2001:db8:1111:2222:3333:4444:5555:6666", "198.51.100.1",
				  100, &notice));
	assert_true(hear(noticed, SESSION_SIGN_LEFT, "2001:db8:1111:2222:3333:4444:5555:6666", "198.51.100.1", 100,
			 &notice));
	assert_non_null(strstr(notice.text, "(3 sessions left before any mail)"));
	noticed_free(noticed);
}

/* Who sends mail to the same server sees nothing wrong with it; elsewhere he may. */
static void test_mail_takes_it_back(void **state)
{
	struct noticed *noticed = noticed_new(8);
	struct notice notice;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		assert_false(hear(noticed, SESSION_SIGN_LEFT, "192.0.2.7", "198.51.100.1", 100, &notice));
		assert_false(hear(noticed, SESSION_SIGN_LEFT, "192.0.2.7", "198.51.100.1", 100, &notice));
		assert_false(hear(noticed, SESSION_SIGN_MAIL, "192.0.2.7", "198.51.100.1", 100, &notice));
	}
	for (unsigned i = 0; i < 2; i++) {
		assert_false(hear(noticed, SESSION_SIGN_LEFT, "192.0.2.7", "198.51.100.2", 100, &notice));
		assert_false(hear(noticed, SESSION_SIGN_MAIL, "192.0.2.7", "198.51.100.1", 100, &notice));
	}
	assert_true(hear(noticed, SESSION_SIGN_LEFT, "192.0.2.7", "198.51.100.2", 100, &notice));
	noticed_free(noticed);
}

static void test_time_and_room(void **state)
{
	struct noticed *noticed = noticed_new(4);
	struct notice notice;
	char client[32];

	(void)state;
	for (unsigned i = 0; i < 10; i++) /* once a day and more */
		assert_false(hear(noticed, SESSION_SIGN_LEFT, "192.0.2.7", "198.51.100.1",
				  100 + (uint64_t)i * (NOTICED_DAY_S + 1), &notice));
	assert_false(hear(noticed, SESSION_SIGN_LEFT, "192.0.2.7", "198.51.100.1", 2000000, &notice));
	for (unsigned i = 0; i < 4; i++) { /* it is forgotten for others */
		(void)snprintf(client, sizeof(client), "192.0.2.%u", 100 + i);
		assert_false(hear(noticed, SESSION_SIGN_LEFT, client, "198.51.100.1", 2000001, &notice));
	}
	assert_false(hear(noticed, SESSION_SIGN_LEFT, "192.0.2.7", "198.51.100.1", 2000002, &notice));
	for (unsigned i = 0; i < 1000; i++) { /* what was said is forgotten, too, and said again */
		(void)snprintf(client, sizeof(client), "10.0.%u.%u", i / 250, i % 250);
		assert_true(hear(noticed, SESSION_SIGN_ALERT, client, "198.51.100.1", 2000003 + i, &notice));
		assert_true(notice.fresh);
	}
	noticed_free(noticed);
}

static void test_servers(void **state)
{
	struct noticed *noticed = noticed_new(4);
	struct notice notice;

	(void)state;
	assert_true(hear(noticed, SESSION_SIGN_GATE, "192.0.2.7", "2001:db8::1", 100, &notice));
	assert_int_equal(notice.what, SESSION_NOTICE_GATE);
	assert_true(notice.fresh);
	assert_string_equal(notice.text,
			    "another-gate25-on-path: it answers in place of 2001:db8::1: exempt this gate there "
			    "(exempt-source), or give it client-tls = passthrough there");
	assert_true(hear(noticed, SESSION_SIGN_GATE, "192.0.2.8", "2001:db8::1", 101, &notice));
	assert_false(notice.fresh);
	assert_true(hear(noticed, SESSION_SIGN_EXCHANGE, "192.0.2.8", "2001:db8::1", 101, &notice));
	assert_int_equal(notice.what, SESSION_NOTICE_EXCHANGE);
	assert_true(notice.fresh);
	assert_string_equal(
		notice.text,
		"exchange-peer: exempt this destination (exempt = 2001:db8::1) if it is a hybrid peer of yours");
	assert_false(hear(noticed, SESSION_SIGN_NONE, "192.0.2.8", "2001:db8::1", 101, &notice));
	noticed_free(noticed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_alert_is_certain),
		cmocka_unit_test(test_leaving_is_probable_and_takes_three),
		cmocka_unit_test(test_mail_takes_it_back),
		cmocka_unit_test(test_time_and_room),
		cmocka_unit_test(test_servers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_conn_published.c - sessions under published policies, by real sockets, certificates and handshakes. */
#include "conn_served.h"

static void open_under(struct fixture *f, const char *mx, const char *allowed, bool testing)
{
	fixture_open(f, ca_pem);
	f->level = LEVEL_DANE;
	f->mx = mx;
	f->sts = allowed;
	f->testing = testing;
	f->served.tls = server;
}

/* One session up to RCPT, which gets |reply|; a message where that is a good one. */
static void session(struct fixture *f, const char *reply)
{
	client_connects(f);
	hears(f, "220 mx.example");
	client_says(f, "EHLO c.lan\r\n");
	hears(f, "250 PIPELINING\r\n");
	client_says(f, "MAIL FROM:<a@c.lan>\r\n");
	hears(f, "250 2.1.0 ok\r\n");
	client_says(f, "RCPT TO:<b@d.example>\r\n");
	hears(f, reply);
	if (reply[0] != '4') {
		client_says(f, "DATA\r\n");
		hears(f, "354 ");
		client_says(f, "Subject: a secret\r\n\r\nthe secret itself\r\n.\r\n");
		hears(f, "stored as 4711\r\n");
	}
	client_says(f, "QUIT\r\n");
	hears(f, "221 ");
	until_ended(f);
	assert_null(strstr(f->clear, "secret"));
}

/* Whoever resumes a TLS session is judged like who does not, and none is resumed under another policy. */
static void test_enforced(void **state)
{
	struct fixture f;

	(void)state;
	open_under(&f, "mx.example", "mx.example", false);
	for (unsigned i = 0; i < 3; i++) {
		session(&f, "rcpt ok by the server\r\n");
		assert_int_equal(f.said.policy, DEMAND_OF_STS);
		assert_true(f.said.authenticated);
		assert_string_equal(f.said.servername, "mx.example");
	}
	assert_int_equal(f.handshakes, 3);
	assert_int_equal(f.resumed, 2);
	f.mx = f.sts = "mx2.example"; /* another policy: the certificate is not right for it */
	session(&f, "451 4.7.5 the certificate of the server is for mx.example and not for mx2.example, which the "
		    "MTA-STS policy of ");
	assert_int_equal(f.resumed, 2);
	assert_false(f.said.authenticated);
	f.mx = "mx.example"; /* and no MX host that it allows: nothing is tried */
	session(&f, "451 4.7.5 mx.example is not an MX host that the MTA-STS policy of ");
	assert_int_equal(f.handshakes, 4);
	assert_int_equal(f.tested, 0);
	fixture_close(&f);
}

static void test_no_starttls(void **state)
{
	struct fixture f;

	(void)state;
	open_under(&f, "mx.example", "mx.example", false);
	f.served.refuse = true;
	session(&f, "451 4.7.4 the server refused STARTTLS");
	assert_int_equal(f.said.policy, DEMAND_OF_STS);
	assert_null(strstr(f.clear, "MAIL"));
	fixture_close(&f);
}

/* In testing the mail goes on, and what would have been is told: of a server that is right, nothing. */
static void test_in_testing(void **state)
{
	static const struct {
		const char *mx;
		const char *allowed;
		unsigned tested;
	} cases[] = {
		{ "mx.example", "mx.example", 0 },
		{ "mx2.example", "mx2.example", 1 },
		{ "mx.example", "mx2.example", 1 },
	};
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		open_under(&f, cases[i].mx, cases[i].allowed, true);
		session(&f, "rcpt ok by the server\r\n");
		assert_int_equal(f.tested, cases[i].tested);
		assert_int_equal(f.said.policy, DEMAND_OF_FLOOR);
		assert_int_equal(f.said.result, RESULT_NONE);
		assert_false(f.said.authenticated);
		assert_null(strstr(f.clear, "MAIL"));
		fixture_close(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_enforced),
		cmocka_unit_test(test_no_starttls),
		cmocka_unit_test(test_in_testing),
	};

	return cmocka_run_group_tests_name("conn_published", tests, make_all, free_all);
}

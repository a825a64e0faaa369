/* test_conn_turns.c - a session whose TLS handshake with the server waited for its turn: that it comes to nothing then
 * says nothing about the server, and lets nothing pass in clear that would not pass else. The clock is the test's. */
#include "conn_served.h"

#include "proxy/worker/conn_private.h"

static time_t test_now = 1000;

int __wrap_clock_gettime(clockid_t clock, struct timespec *out);
int __real_clock_gettime(clockid_t clock, struct timespec *out);

/* libevent's own clock runs on. */
int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
	if (clock != CLOCK_MONOTONIC)
		return __real_clock_gettime(clock, out);
	*out = (struct timespec){ .tv_sec = test_now };
	return 0;
}

static bool waits(const struct fixture *f)
{
	return f->conn != NULL && handshake_waits(&f->conn->turns[CONN_SERVER]);
}

/* begin opens a session at level may that waits for the only turn, which |other| has. */
static void begin(struct fixture *f, struct handshake_turn *other)
{
	fixture_open(f, NULL);
	f->served.tls = server;
	f->level = LEVEL_MAY;
	f->hosts = host_memory_new(8);
	f->settings->conf.max_handshakes = 1;
	f->host.handshakes[CONN_SERVER] = conn_handshakes_new(f->base, NULL, CONN_SERVER);
	assert_non_null(f->hosts);
	assert_non_null(f->host.handshakes[CONN_SERVER]);
	*other = (struct handshake_turn){ 0 };
	assert_true(handshakes_enter(f->host.handshakes[CONN_SERVER], other, NULL, 1));
	client_connects(f);
	hears(f, "220 mx.example");
	client_says(f, "EHLO c.lan\r\n");
	hears(f, "250 PIPELINING\r\n");
	client_says(f, "MAIL FROM:<a@c.lan>\r\nRCPT TO:<b@d.example>\r\n");
	hears(f, "250 2.1.0 ok\r\n");
	for (unsigned i = 0; i < TURNS_MAX && !waits(f); i++)
		patient_turn(f, i);
	assert_true(waits(f));
	turns(f, 20);
	assert_true(waits(f));
}

/* shed demands that the client was sent away, and that neither the server nor the message had to bear it. */
static void shed(struct fixture *f)
{
	const struct host_key key = { .host = f->at };

	hears(f, "421 4.3.2 ");
	until_ended(f);
	assert_int_equal(f->said.end, SESSION_END_SHED);
	turns(f, 50);
	assert_null(strstr(f->clear, "MAIL FROM"));
	assert_int_equal(f->accepted, 1);
	assert_int_equal(host_memory_ask(f->hosts, &key, (uint64_t)test_now), HOST_FINE);
}

static void end(struct fixture *f)
{
	if (f->conn != NULL)
		conn_free(f->conn);
	handshakes_free(f->host.handshakes[CONN_SERVER]); /* before its loop */
	host_memory_free(f->hosts);
	fixture_close(f);
}

/* Its time is over when its turn has just come. */
static void test_late(void **state)
{
	static struct fixture f;
	struct handshake_turn other;

	(void)state;
	begin(&f, &other);
	test_now += HANDSHAKES_OVERDUE_S + 15;
	handshakes_leave(f.host.handshakes[CONN_SERVER], &other);
	/* The server does not come to answer. */
	for (unsigned i = 0; i < 20; i++)
		(void)event_base_loop(f.base, EVLOOP_NONBLOCK);
	assert_false(waits(&f));
	event_active(f.conn->timer, EV_TIMEOUT, 0);
	shed(&f);
	end(&f);
}

/* The server went before that. */
static void test_server_gone(void **state)
{
	static struct fixture f;
	struct handshake_turn other;

	(void)state;
	begin(&f, &other);
	test_now += HANDSHAKES_OVERDUE_S;
	server_close(&f, false);
	handshakes_leave(f.host.handshakes[CONN_SERVER], &other);
	shed(&f);
	end(&f);
}

/* A handshake that fails in its time is as ever: the level lets it pass in clear. */
static void test_in_time(void **state)
{
	static struct fixture f;
	struct handshake_turn other;

	(void)state;
	begin(&f, &other);
	test_now += 1;
	server_close(&f, false);
	handshakes_leave(f.host.handshakes[CONN_SERVER], &other);
	hears(&f, "rcpt ok by the server\r\n");
	assert_int_equal(f.accepted, 2);
	assert_non_null(strstr(f.clear, "MAIL FROM"));
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_server_gone),
		cmocka_unit_test(test_in_time),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}

/* The table of the session machine, and the machine under random events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "session_driver.h"

#include "proxy/session/session_private.h"

static void test_no_cell_is_empty(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ST_COUNT; i++) {
		const struct row *row = session_row(i);
		assert_non_null(row->name);
		assert_non_null(row->step);
		assert_non_null(row->chatter);
		assert_non_null(row->client_closed);
		assert_non_null(row->server_closed);
		assert_non_null(row->timeout);
		assert_non_null(row->upstream_421);
		assert_true((row->timeout_s == 0) == (row->want == WANT_NOTHING));
	}
}

/* What a state does not wait for ends the session in a refusal, whatever the event. */
static void test_surprise_ends_in_refusal(void **state)
{
	static const struct {
		enum session_event_kind kind;
		enum want wanted_by;
	} surprises[] = {
		{ SESSION_CONNECTED, WANT_CONNECT },
		{ SESSION_NOT_CONNECTED, WANT_CONNECT },
		{ SESSION_CLIENT_TLS_READY, WANT_CLIENT_TLS },
		{ SESSION_CLIENT_TLS_FAILED, WANT_CLIENT_TLS },
		{ SESSION_SPLICED, WANT_SPLICE },
		{ SESSION_SPLICE_ENDED, WANT_SPLICE },
		{ SESSION_TLS_READY, WANT_TLS },
		{ SESSION_TLS_FAILED, WANT_TLS },
		{ SESSION_VERDICT, WANT_VERDICT },
		{ SESSION_SERVER_CLOSED, WANT_NOTHING },
		{ SESSION_EVENT_COUNT, WANT_NOTHING },
	};
	struct session_tls tls = { 0 };

	(void)state;
	for (unsigned st = ST_NEW + 1; st < ST_OVER; st++) {
		for (size_t i = 0; i < COUNT(surprises); i++) {
			struct harness h = { .options = { .id = 1, .enforce = true } };
			if (session_row(st)->want == surprises[i].wanted_by)
				continue;
			h.s = session_new(&h.options, &harness_ops, &h);
			assert_non_null(h.s);
			h.s->state = st;
			(void)session_feed(h.s, &(struct session_event){ .kind = surprises[i].kind, .tls = &tls });
			assert_true(session_over(h.s));
			assert_memory_equal(h.client_out.at, "421 ", 4);
			assert_non_null(strstr(h.notes.at, "end=refused"));
			harness_stop(&h);
		}
	}
}

static void test_over_is_over(void **state)
{
	struct harness h = { .options = { .id = 1, .enforce = true } };

	(void)state;
	harness_start(&h);
	harness_feed(&h, (struct session_event){ .kind = SESSION_SHUTDOWN });
	assert_true(h.over);
	for (unsigned kind = 0; kind < SESSION_EVENT_COUNT; kind++)
		assert_int_equal(
			session_feed(h.s,
				     &(struct session_event){ .kind = kind, .bytes = (const uint8_t *)"x", .len = 1 }),
			0);
	assert_int_equal(session_want(h.s), 0);
	harness_stop(&h);
}

/* xorshift: the same events on every machine. */
static uint64_t next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static void test_random_events(void **state)
{
	uint64_t x = 88172645463325252U;
	unsigned messages = 0;

	(void)state;
	for (unsigned run = 0; run < 8000; run++) {
		uint8_t in[600];
		for (size_t i = 0; i < sizeof(in); i++)
			in[i] = (uint8_t)(next_random(&x) >> 24);
		messages += drive(in, sizeof(in));
	}
	/* The driver gets as far as whole messages, or its checks would mean little. */
	assert_true(messages > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_cell_is_empty),
		cmocka_unit_test(test_surprise_ends_in_refusal),
		cmocka_unit_test(test_over_is_over),
		cmocka_unit_test(test_random_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

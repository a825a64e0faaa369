/* How far a session has come, the rate that a message must keep, and sessions that are shed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "session_harness.h"

#include "proxy/session/session_private.h"

static struct session *make(struct harness *h, enum state st)
{
	*h = (struct harness){ .options = { .id = 1, .enforce = true } };
	h->s = session_new(&h->options, &harness_ops, h);
	assert_non_null(h->s);
	h->s->state = st;
	return h->s;
}

/* Whatever it waits for it is told 421 and ends, but for a message that is under way: that is never cut. */
static void test_shed(void **state)
{
	(void)state;
	for (unsigned st = ST_NEW + 1; st < ST_OVER; st++) {
		bool message = st == ST_DATA || st == ST_CONTENT || st == ST_SWALLOW || st == ST_FINAL ||
			       st == ST_PASS_HELLO || st == ST_PASS || st == ST_PASS_ENDING;
		struct harness h;
		(void)make(&h, st);
		assert_int_equal(session_has_message(h.s), message);
		(void)session_feed(h.s, &(struct session_event){ .kind = SESSION_SHED, .reason = "no room" });
		assert_int_equal(session_over(h.s), !message);
		if (message) {
			assert_int_equal(h.s->state, st);
			assert_int_equal(h.client_out.len, 0);
		} else {
			assert_memory_equal(h.client_out.at, "421 4.3.2 ", 10);
			assert_non_null(strstr(h.notes.at, "end=shed"));
		}
		harness_stop(&h);
	}
}

static unsigned feed_at(struct harness *h, uint64_t now_s, size_t len)
{
	static uint8_t text[4096];

	memset(text, 'x', sizeof(text));
	(void)session_feed(h->s, &(struct session_event){
					 .kind = SESSION_CLIENT_OCTETS, .now_s = now_s, .bytes = text, .len = len });
	return h->timer_s;
}

/* Octets by the drop do not stretch the three minutes; a block does, and a slow sender of blocks is fine for ever. */
static void test_block_clock(void **state)
{
	struct harness h;
	uint64_t now_s = 5000;

	(void)state;
	(void)make(&h, ST_SWALLOW);
	message_data_init(&h.s->data, MESSAGE_DATA_NORMALIZE);
	h.s->now_s = now_s;
	block_begin(h.s);
	assert_int_equal(feed_at(&h, now_s, 1), 180);
	assert_int_equal(feed_at(&h, now_s + 100, 1), 80);
	assert_int_equal(feed_at(&h, now_s + 179, 1), 1);
	assert_int_equal(feed_at(&h, now_s + 180, 1), 1); /* the timer was late: it ends now */
	assert_int_equal(feed_at(&h, now_s + 180, 996), 180);
	now_s += 180;
	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(feed_at(&h, now_s + 80, 500), 100);
		now_s += 170;
		assert_int_equal(feed_at(&h, now_s, 500), 180);
	}
	harness_stop(&h);
}

static void test_progress(void **state)
{
	struct harness h;
	struct session *s = make(&h, ST_BOUND);

	(void)state;
	s->now_s = 10;
	progress_made(s, PROGRESS_HELLO);
	assert_int_equal(session_progress_s(s), 10);
	s->now_s = 20; /* once more, and less: nothing gained */
	progress_made(s, PROGRESS_HELLO);
	progress_made(s, PROGRESS_GREETED);
	assert_int_equal(session_progress_s(s), 10);
	progress_made(s, PROGRESS_RCPT + 1);
	s->now_s = 30;
	progress_made(s, PROGRESS_RCPT + 2);
	assert_int_equal(session_progress_s(s), 30);
	s->now_s = 40; /* RSET, and the same recipients again */
	progress_made(s, PROGRESS_RCPT + 1);
	progress_made(s, PROGRESS_RCPT + 2);
	assert_int_equal(session_progress_s(s), 30);
	progress_made(s, PROGRESS_MESSAGE);
	assert_int_equal(session_progress_s(s), 40);
	s->now_s = 50; /* the next message's recipients count anew, another EHLO does not */
	progress_made(s, PROGRESS_HELLO_IN_TLS);
	assert_int_equal(session_progress_s(s), 40);
	progress_made(s, PROGRESS_RCPT + 1);
	assert_int_equal(session_progress_s(s), 50);
	harness_stop(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shed),
		cmocka_unit_test(test_block_clock),
		cmocka_unit_test(test_progress),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

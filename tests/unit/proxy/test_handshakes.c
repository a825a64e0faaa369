/* Turns at TLS handshakes: never more than the limit, first come first served, and who holds one for too long while
 * others wait loses it. The clock is the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <event2/event.h>
#include <time.h>

#include "proxy/base/attrib.h"
#include "proxy/worker/handshakes.h"

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

struct asker {
	struct handshake_turn turn;
	struct handshakes *handshakes;
	bool goes;
	bool overdue;
};

static void on_go(void *arg)
{
	((struct asker *)arg)->goes = true;
}

static void on_overdue(void *arg)
{
	struct asker *asker = arg;

	asker->overdue = true;
	asker->goes = false;
	handshakes_leave(asker->handshakes, &asker->turn);
}

struct fixture {
	struct event_base *base;
	struct handshakes *handshakes;
	struct asker askers[6];
};

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){ .base = event_base_new() };
	f.handshakes = handshakes_new(&(struct handshakes_plan){ .base = f.base, .go = on_go, .overdue = on_overdue });
	assert_non_null(f.handshakes);
	for (size_t i = 0; i < COUNT(f.askers); i++)
		f.askers[i].handshakes = f.handshakes;
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(f->askers); i++)
		handshakes_leave(f->handshakes, &f->askers[i].turn);
	handshakes_free(f->handshakes);
	event_base_free(f->base);
	return 0;
}

static bool enter(struct fixture *f, unsigned who)
{
	f->askers[who].goes = handshakes_enter(f->handshakes, &f->askers[who].turn, &f->askers[who], 2);
	return f->askers[who].goes;
}

static void leave(struct fixture *f, unsigned who)
{
	handshakes_leave(f->handshakes, &f->askers[who].turn);
	(void)event_base_loop(f->base, EVLOOP_NONBLOCK);
}

static void test_turns(void **state)
{
	struct fixture *f = *state;

	assert_true(enter(f, 0));
	assert_true(enter(f, 1));
	assert_false(enter(f, 2));
	assert_false(enter(f, 3));
	assert_true(handshake_waits(&f->askers[2].turn));
	leave(f, 1);
	assert_true(f->askers[2].goes);
	assert_false(f->askers[3].goes);
	leave(f, 1); /* of no turn: nothing */
	assert_false(f->askers[3].goes);
	leave(f, 0);
	assert_true(f->askers[3].goes);
	assert_false(handshake_waits(&f->askers[3].turn));
}

/* Nobody jumps the queue, and who gives up is no more in it. */
static void test_queue(void **state)
{
	struct fixture *f = *state;

	assert_true(enter(f, 0));
	assert_true(enter(f, 1));
	assert_false(enter(f, 2));
	assert_false(enter(f, 3));
	handshakes_leave(f->handshakes, &f->askers[0].turn);
	assert_false(enter(f, 4)); /* a turn is free, and others came before */
	(void)event_base_loop(f->base, EVLOOP_NONBLOCK);
	assert_true(f->askers[2].goes);
	leave(f, 3);
	leave(f, 1);
	assert_false(f->askers[3].goes);
	assert_true(f->askers[4].goes);
}

/* The loop looks once a second; here as often as it takes. */
static void test_overdue(void **state)
{
	struct fixture *f = *state;

	assert_true(enter(f, 0));
	test_now += 1;
	assert_true(enter(f, 1));
	test_now += HANDSHAKES_OVERDUE_S;
	(void)event_base_loop(f->base, EVLOOP_NONBLOCK);
	assert_false(f->askers[0].overdue); /* nobody waits for it */
	assert_false(enter(f, 2));
	while (!f->askers[0].overdue)
		(void)event_base_loop(f->base, EVLOOP_ONCE);
	assert_true(f->askers[2].goes);
	assert_false(f->askers[1].overdue); /* one waited, one had to go */
}

/* As many wait as can run: it goes faster. */
static void test_rush(void **state)
{
	struct fixture *f = *state;

	assert_true(enter(f, 0));
	assert_true(enter(f, 1));
	for (unsigned i = 2; i < 4; i++)
		assert_false(enter(f, i));
	test_now += HANDSHAKES_RUSH_S;
	while (!f->askers[1].overdue)
		(void)event_base_loop(f->base, EVLOOP_ONCE);
	assert_true(f->askers[0].overdue);
	assert_true(f->askers[2].goes);
	assert_true(f->askers[3].goes);
}

/* Whoever waited long has little time left of his own: that it runs out says nothing about the peer. */
static void test_late(void **state)
{
	struct fixture *f = *state;

	assert_true(enter(f, 0));
	assert_true(enter(f, 1));
	assert_false(enter(f, 2));
	assert_false(enter(f, 3));
	assert_false(handshake_came_late(&f->askers[2].turn));
	test_now += 1;
	leave(f, 0);
	assert_true(f->askers[2].goes);
	assert_false(handshake_was_held(&f->askers[2].turn));
	test_now += HANDSHAKES_OVERDUE_S - 1;
	assert_true(handshake_came_late(&f->askers[2].turn));
	assert_false(handshake_came_late(&f->askers[1].turn)); /* it did not wait */
	test_now++;
	assert_false(handshake_came_late(&f->askers[2].turn)); /* time enough */
	assert_false(handshake_was_held(&f->askers[3].turn));  /* it still waits */
	leave(f, 1);
	assert_true(f->askers[3].goes);
	assert_true(handshake_was_held(&f->askers[3].turn));
	leave(f, 3);
	assert_false(handshake_was_held(&f->askers[3].turn));
	assert_true(enter(f, 3)); /* at once, this time */
	assert_false(handshake_came_late(&f->askers[3].turn));
	assert_false(handshake_was_held(&f->askers[3].turn));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_turns, setup, teardown),
		cmocka_unit_test_setup_teardown(test_queue, setup, teardown),
		cmocka_unit_test_setup_teardown(test_overdue, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rush, setup, teardown),
		cmocka_unit_test_setup_teardown(test_late, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

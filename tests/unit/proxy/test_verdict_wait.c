/* test_verdict_wait.c - questions and their answers, in every order that a restart or a hang-up makes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "proxy/worker/verdict_wait.h"

static char waiters[8];

static uint32_t add(struct verdict_wait *wait, const char *domain, size_t waiter, uint64_t deadline_ms)
{
	struct verdict_question q = { .id = 77 };

	(void)snprintf(q.domain, sizeof(q.domain), "%s", domain);
	return verdict_wait_add(wait, &q, &waiters[waiter], deadline_ms);
}

static void *take(struct verdict_wait *wait, uint32_t id, const char *domain)
{
	struct verdict v = { 0 };
	struct verdict_question q;

	(void)snprintf(v.domain, sizeof(v.domain), "%s", domain);
	void *waiter = verdict_wait_take(wait, id, &v, &q);
	if (waiter != NULL) {
		assert_int_equal(q.id, id);
		assert_string_equal(q.domain, domain);
	}
	return waiter;
}

static void test_answers(void **state)
{
	struct verdict_wait *wait = verdict_wait_new(8);
	uint32_t a = add(wait, "a.example", 0, 100);
	uint32_t b = add(wait, "b.example", 1, 100);
	uint32_t c = add(wait, "a.example", 2, 100);

	(void)state;
	assert_true(a != 0 && b != 0 && c != 0 && a != b && b != c && a != c);
	assert_null(take(wait, b, "a.example")); /* another domain than was asked about */
	assert_null(take(wait, 0, "a.example"));
	assert_null(take(wait, 4711, "a.example"));
	assert_ptr_equal(take(wait, b, "b.example"), &waiters[1]);
	assert_null(take(wait, b, "b.example")); /* twice */
	verdict_wait_cancel(wait, a);
	verdict_wait_cancel(wait, a);
	assert_null(take(wait, a, "a.example")); /* the client hung up */
	assert_int_equal(verdict_wait_count(wait), 1);
	assert_ptr_equal(take(wait, c, "a.example"), &waiters[2]);
	assert_true(add(wait, "d.example", 0, 100) != a);
	verdict_wait_free(wait);
	verdict_wait_free(NULL);
}

static void test_bounded(void **state)
{
	struct verdict_wait *wait = verdict_wait_new(2);
	struct verdict_question q = { 0 };

	(void)state;
	assert_int_equal(verdict_wait_add(wait, &q, NULL, 1), 0);
	assert_true(add(wait, "a.example", 0, 100) != 0);
	uint32_t b = add(wait, "b.example", 1, 100);
	assert_true(b != 0);
	assert_int_equal(add(wait, "c.example", 2, 100), 0);
	verdict_wait_cancel(wait, b);
	assert_true(add(wait, "c.example", 2, 100) != 0);
	verdict_wait_free(wait);
}

static void test_deadlines(void **state)
{
	struct verdict_wait *wait = verdict_wait_new(8);
	uint64_t at_ms;
	uint32_t id;

	(void)state;
	assert_false(verdict_wait_deadline(wait, &at_ms));
	uint32_t late = add(wait, "a.example", 0, 300);
	uint32_t early = add(wait, "b.example", 1, 100);
	verdict_wait_sent(wait, late);
	assert_true(verdict_wait_deadline(wait, &at_ms));
	assert_int_equal(at_ms, 100);
	assert_null(verdict_wait_expire(wait, 99, &id));
	assert_ptr_equal(verdict_wait_expire(wait, 100, &id), &waiters[1]);
	assert_int_equal(id, early);
	assert_null(verdict_wait_expire(wait, 299, &id));
	assert_ptr_equal(verdict_wait_expire(wait, 1000, &id), &waiters[0]);
	assert_int_equal(id, late);
	assert_null(take(wait, late, "a.example"));
	assert_null(verdict_wait_expire(wait, 1000, &id));
	verdict_wait_free(wait);
}

static void test_sending(void **state)
{
	struct verdict_wait *wait = verdict_wait_new(8);
	uint32_t a = add(wait, "a.example", 0, 100);
	uint32_t b = add(wait, "b.example", 1, 100);

	(void)state;
	assert_int_equal(verdict_wait_unsent(wait)->id, a);
	verdict_wait_sent(wait, a);
	verdict_wait_sent(wait, a);
	assert_int_equal(verdict_wait_unsent(wait)->id, b);
	assert_string_equal(verdict_wait_unsent(wait)->domain, "b.example");
	verdict_wait_sent(wait, b);
	assert_null(verdict_wait_unsent(wait));
	uint32_t c = add(wait, "c.example", 2, 100);
	verdict_wait_resend(wait); /* policyd was restarted: oldest first */
	uint32_t order[] = { a, b, c };
	for (size_t i = 0; i < COUNT(order); i++) {
		assert_int_equal(verdict_wait_unsent(wait)->id, order[i]);
		verdict_wait_sent(wait, order[i]);
	}
	assert_null(verdict_wait_unsent(wait));
	verdict_wait_resend(wait);
	assert_ptr_equal(take(wait, a, "a.example"), &waiters[0]); /* the old answer came through after all */
	assert_int_equal(verdict_wait_unsent(wait)->id, b);
	verdict_wait_cancel(wait, b);
	assert_int_equal(verdict_wait_unsent(wait)->id, c);
	verdict_wait_again(wait, c); /* not sent yet: it stays where it is */
	verdict_wait_sent(wait, c);
	assert_null(verdict_wait_unsent(wait));
	verdict_wait_again(wait, b); /* nobody's any more */
	assert_null(verdict_wait_unsent(wait));
	verdict_wait_again(wait, c);
	assert_int_equal(verdict_wait_unsent(wait)->id, c);
	assert_ptr_equal(take(wait, c, "c.example"), &waiters[2]);
	verdict_wait_free(wait);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_deadlines),
		cmocka_unit_test(test_sending),
	};

	return cmocka_run_group_tests_name("verdict_wait", tests, NULL, NULL);
}

/* How many lines of one kind go to the log, and that the others are told of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "proxy/base/log_quota.h"

static void test_what_comes_past_it_is_counted(void **state)
{
	struct log_quota quota = { 0 };
	unsigned taken = 0;

	(void)state;
	for (unsigned i = 0; i < 500; i++)
		taken += log_quota_take(&quota, 100);
	assert_int_equal(taken, LOG_QUOTA_LINES);
	assert_int_equal(log_quota_over(&quota, 100 + LOG_QUOTA_S - 1), 0);
	assert_int_equal(log_quota_over(&quota, 100 + LOG_QUOTA_S), 500 - LOG_QUOTA_LINES);
	assert_int_equal(log_quota_over(&quota, 100 + LOG_QUOTA_S), 0);
}

static void test_time_gives_new_lines(void **state)
{
	struct log_quota quota = { 0 };

	(void)state;
	for (unsigned second = 0; second < 1000; second += LOG_QUOTA_S) {
		for (unsigned i = 0; i < LOG_QUOTA_LINES; i++)
			assert_true(log_quota_take(&quota, second));
		assert_int_equal(log_quota_over(&quota, second + LOG_QUOTA_S), 0);
	}
}

/* Nobody is forgotten: what was not logged is told before new lines are given. */
static void test_counted_before_anew(void **state)
{
	struct log_quota quota = { 0 };

	(void)state;
	for (unsigned i = 0; i < LOG_QUOTA_LINES; i++)
		assert_true(log_quota_take(&quota, 1));
	assert_false(log_quota_take(&quota, 1));
	assert_false(log_quota_take(&quota, 1000));
	assert_int_equal(log_quota_over(&quota, 1000), 2);
	assert_true(log_quota_take(&quota, 1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_comes_past_it_is_counted),
		cmocka_unit_test(test_time_gives_new_lines),
		cmocka_unit_test(test_counted_before_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Sessions counted by address: groups come and go with them, a /64 is one client, and no choice of addresses makes a
 * table of them slow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "proxy/worker/crowd.h"

static struct endpoint at(const char *text)
{
	struct endpoint endpoint;

	assert_true(endpoint_parse(&endpoint, text, 25));
	return endpoint;
}

static void test_groups(void **state)
{
	struct crowd *crowd = crowd_new();
	struct endpoint one = at("192.0.2.1:25");
	struct endpoint other = at("192.0.2.1:26");
	struct crowd_group *group;

	(void)state;
	assert_non_null(crowd);
	assert_null(crowd_find(crowd, &one));
	group = crowd_join(crowd, &one);
	assert_non_null(group);
	assert_ptr_equal(crowd_join(crowd, &one), group);
	assert_ptr_not_equal(crowd_join(crowd, &other), group);
	assert_int_equal(group->count, 2);
	crowd_leave(group);
	assert_ptr_equal(crowd_find(crowd, &one), group);
	crowd_leave(group);
	assert_null(crowd_find(crowd, &one));
	assert_int_equal(crowd_find(crowd, &other)->count, 1);
	crowd_leave(NULL);
	crowd_free(crowd); /* with |other| in it: nothing leaks */
	crowd_free(NULL);
}

static void test_clients(void **state)
{
	struct endpoint a = crowd_client(&(struct endpoint){ at("[2001:db8:1:2:3:4:5:6]:99").addr, 99 });
	struct endpoint b = at("[2001:db8:1:2::]:25");
	struct endpoint four = at("192.0.2.7:4711");

	(void)state;
	assert_true(addr_equal(&a.addr, &b.addr));
	assert_int_equal(a.port, 0);
	a = crowd_client(&four);
	assert_true(addr_equal(&a.addr, &four.addr));
	assert_int_equal(a.port, 0);
}

/* As many as an attacker has addresses: all are counted, each for itself. */
static void test_many(void **state)
{
	enum { MANY = 50000 };
	struct crowd *crowd = crowd_new();
	struct crowd_group **groups = calloc(MANY, sizeof(struct crowd_group *));
	struct endpoint key = at("[2001:db8::1]:25");

	(void)state;
	assert_non_null(crowd);
	assert_non_null(groups);
	for (unsigned i = 0; i < MANY; i++) {
		key.addr.bytes[4] = (uint8_t)(i >> 8);
		key.addr.bytes[5] = (uint8_t)i;
		groups[i] = crowd_join(crowd, &key);
		assert_non_null(groups[i]);
	}
	assert_int_equal(groups[1]->count, 1);
	for (unsigned i = 0; i < MANY; i++)
		crowd_leave(groups[i]);
	key.addr.bytes[4] = 0;
	assert_null(crowd_find(crowd, &key));
	free(groups);
	crowd_free(crowd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_clients),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_sts_table.c - what is forgotten when there is no room, and what never is: whoever makes up domains must not be
 * able to push a policy out. */
#include "policy/sts/sts_work.h"
#include "tests/unit/policy/sts_world.h"

#define DAY 86400

static const struct sts_options three = { .policies_max = 3 };

static size_t policies(const struct sts *sts)
{
	return sts->table.counts[STS_ENFORCED] + sts->table.counts[STS_OTHER_MODES];
}

static void fill(struct sts *sts, const char *const modes[3])
{
	static const char *const domains[] = { "a.example", "b.example", "c.example" };

	for (unsigned i = 0; i < 3; i++) {
		set_policy(domains[i], "1", modes[i], 10 * DAY);
		(void)ask(sts, domains[i]);
		assert_true(world.answer.present);
	}
	assert_int_equal(policies(sts), 3);
}

static const char *made_up(unsigned i)
{
	static char domain[64];

	(void)snprintf(domain, sizeof(domain), "x%u.made-up.example", i);
	return domain;
}

/* all_hold: without asking anybody. */
static void assert_hold(struct sts *sts, const char *domain, bool holds)
{
	world.hold_dns = true;
	struct sts_entry *entry = sts_table_find(&sts->table, domain);
	assert_int_equal(entry != NULL && sts_kept_holds(&entry->kept, world.now_s), holds);
	world.hold_dns = false;
}

static void test_made_up(void **state)
{
	static const char *const modes[] = { "enforce", "testing", "none" };
	struct sts *sts = open_world(&three);

	(void)state;
	fill(sts, modes);
	for (unsigned i = 0; i < 2 * STS_PASSING_MAX; i++)
		assert_int_equal(ask(sts, made_up(i)), VERDICT_PUBLISHED_NONE);
	assert_int_equal(sts->table.counts[STS_PASSING], STS_PASSING_MAX);
	assert_true(sts->table.bytes[STS_PASSING] <= STS_PASSING_BYTES_MAX);
	assert_hold(sts, "a.example", true);
	assert_hold(sts, "b.example", true);
	assert_hold(sts, "c.example", true);
	assert_true(find(sts, "a.example"));
	assert_false(find(sts, made_up(0)));
	assert_true(find(sts, made_up(2 * STS_PASSING_MAX - 1)));
	close_world(sts);
}

/* Not even with policies of their own. */
static void test_made_up_policies(void **state)
{
	static const char *const modes[] = { "enforce", "enforce", "enforce" };
	struct sts *sts = open_world(&three);

	(void)state;
	fill(sts, modes);
	world.every_site = true;
	for (unsigned i = 0; i < 2 * STS_PASSING_MAX; i++)
		assert_int_equal(ask(sts, made_up(i)), VERDICT_PUBLISHED_ENFORCE); /* is used all the same */
	assert_int_equal(policies(sts), 3);
	assert_true(sts->table.counts[STS_PASSING] <= STS_PASSING_MAX);
	assert_true(sts->table.bytes[STS_PASSING] <= STS_PASSING_BYTES_MAX);
	assert_hold(sts, "a.example", true);
	assert_hold(sts, "b.example", true);
	assert_hold(sts, "c.example", true);
	assert_int_equal(logged("sts-no-room"), 1);
	close_world(sts);
}

/* Other modes make room, the least recently used first; an enforced one only when it has expired. */
static void test_room(void **state)
{
	static const char *const modes[] = { "testing", "enforce", "none" };
	struct sts *sts = open_world(&three);

	(void)state;
	fill(sts, modes);
	assert_true(find(sts, "a.example")); /* c is the older one now */
	set_policy("d.example", "1", "enforce", DAY);
	assert_int_equal(ask(sts, "d.example"), VERDICT_PUBLISHED_ENFORCE);
	assert_hold(sts, "a.example", true);
	assert_hold(sts, "c.example", false);
	set_policy("e.example", "1", "enforce", 20 * DAY);
	assert_int_equal(ask(sts, "e.example"), VERDICT_PUBLISHED_ENFORCE);
	assert_hold(sts, "a.example", false);
	assert_int_equal(logged("sts-no-room"), 0);
	set_policy("f.example", "1", "testing", 20 * DAY); /* no room */
	assert_int_equal(ask(sts, "f.example"), VERDICT_PUBLISHED_TESTING);
	assert_int_equal(logged("sts-no-room"), 1);
	assert_int_equal(sts->table.counts[STS_ENFORCED], 3);
	find_site("d.example")->policy[0] = '\0';
	world.now_s += DAY + 1; /* d has expired; f, which is still used, is remembered now */
	assert_int_equal(ask(sts, "f.example"), VERDICT_PUBLISHED_TESTING);
	assert_int_equal(sts->table.counts[STS_OTHER_MODES], 1);
	assert_hold(sts, "b.example", true);
	assert_hold(sts, "e.example", true);
	close_world(sts);
}

/* The owner of a policy replaces it, however full it is. */
static void test_replaced_when_full(void **state)
{
	static const char *const modes[] = { "enforce", "enforce", "enforce" };
	struct sts *sts = open_world(&three);

	(void)state;
	fill(sts, modes);
	world.now_s += 400;
	set_policy("a.example", "2", "none", 10 * DAY);
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_NONE);
	assert_int_equal(sts->table.counts[STS_OTHER_MODES], 1);
	world.now_s += 400;
	set_policy("a.example", "3", "enforce", 10 * DAY);
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	assert_int_equal(sts->table.counts[STS_ENFORCED], 3);
	assert_int_equal(logged("sts-no-room"), 0);
	close_world(sts);
}

/* The bound in octets is as hard as the one in policies. */
static void test_octets(void **state)
{
	static const struct sts_options small = { .store_max = 3000 };
	struct sts *sts = open_world(&small);

	(void)state;
	world.every_site = true;
	for (unsigned i = 0; i < 50; i++)
		assert_int_equal(ask(sts, made_up(i)), VERDICT_PUBLISHED_ENFORCE);
	assert_true(sts->table.bytes[STS_ENFORCED] <= 1000);
	assert_true(policies(sts) >= 4 && policies(sts) < 10);
	assert_hold(sts, made_up(0), true);
	close_world(sts);
}

/* Long ones, of which few would fill the room for a year, have a part of it only. */
static void test_long_policies(void **state)
{
	static const struct sts_options options = { .store_max = 600000 };
	struct sts *sts = open_world(&options);

	(void)state;
	world.every_site = true;
	world.padded = true;
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(ask(sts, made_up(i)), VERDICT_PUBLISHED_ENFORCE); /* is used all the same */
	assert_in_range(sts->table.bytes[STS_ENFORCED], 40000, 50000);
	assert_int_equal(logged("sts-no-room"), 1);
	assert_hold(sts, made_up(0), true);
	assert_int_equal(sts_table_find(&sts->table, made_up(0))->list, STS_ENFORCED);
	assert_int_equal(sts_table_find(&sts->table, made_up(99))->list, STS_PASSING);
	set_policy("b.example", "1", "testing", 10 * DAY);
	assert_int_equal(ask(sts, "b.example"), VERDICT_PUBLISHED_TESTING);
	world.padded = false;
	for (unsigned i = 100; i < 500; i++)
		assert_int_equal(ask(sts, made_up(i)), VERDICT_PUBLISHED_ENFORCE);
	assert_int_equal(sts_table_find(&sts->table, made_up(100))->list, STS_ENFORCED);
	assert_int_equal(sts_table_find(&sts->table, made_up(499))->list, STS_ENFORCED);
	world.padded = true; /* it makes room by pushing others out no more than it takes it */
	assert_int_equal(ask(sts, made_up(500)), VERDICT_PUBLISHED_ENFORCE);
	assert_int_equal(sts_table_find(&sts->table, "b.example")->list, STS_OTHER_MODES);
	world.now_s += DAY; /* one that is there is replaced, and makes room when it is short */
	world.padded = false;
	(void)find(sts, "-");
	for (unsigned i = 0; i < 20; i++) {
		world.now_s += 60;
		(void)ask(sts, made_up(i));
	}
	world.padded = true;
	assert_int_equal(ask(sts, made_up(501)), VERDICT_PUBLISHED_ENFORCE);
	assert_int_equal(sts_table_find(&sts->table, made_up(501))->list, STS_ENFORCED);
	close_world(sts);
}

static void test_reload_smaller(void **state)
{
	static const char *const modes[] = { "testing", "enforce", "enforce" };
	struct sts *sts = open_world(&three);
	struct sts_options one = { .fetcher = some_fetcher, .now_s = world_now, .policies_max = 1 };

	(void)state;
	fill(sts, modes);
	sts_reload(sts, &one);
	assert_hold(sts, "a.example", false);
	assert_hold(sts, "b.example", true);
	assert_hold(sts, "c.example", true);
	close_world(sts);
}

/* So many lookups, so many askers, and no more. */
static void test_under_way(void **state)
{
	struct sts *sts = open_world(&three);

	(void)state;
	world.hold_dns = true;
	for (unsigned i = 0; i < STS_UNDER_WAY_MAX; i++)
		assert_non_null(sts_ask(sts, made_up(i), on_answer, NULL));
	assert_null(sts_ask(sts, "more.example", on_answer, NULL));
	for (unsigned i = STS_UNDER_WAY_MAX; i < STS_ASKS_MAX; i++)
		assert_non_null(sts_ask(sts, made_up(0), on_answer, NULL));
	assert_null(sts_ask(sts, made_up(0), on_answer, NULL));
	world.hold_dns = false;
	run();
	assert_int_equal(world.told, STS_ASKS_MAX);
	assert_int_equal(sts->asks, 0);
	assert_int_equal(sts->under_way, 0);
	assert_int_equal(ask(sts, "more.example"), VERDICT_PUBLISHED_NONE);
	close_world(sts);
}

/* Without DNS nothing is under way, and who waits is still bounded. */
static void test_put_off(void **state)
{
	struct sts *sts = open_world(&three);

	(void)state;
	sts_use_dns(sts, NULL);
	for (unsigned i = 0; i < STS_ASKS_MAX; i++)
		assert_non_null(sts_ask(sts, made_up(i), on_answer, NULL));
	assert_null(sts_ask(sts, "more.example", on_answer, NULL));
	sts_use_dns(sts, some_dns);
	run();
	assert_int_equal(world.told, STS_ASKS_MAX);
	close_world(sts);
}

/* Not more than a few are refreshed at a time, and all are. */
static void test_refreshes(void **state)
{
	static const struct sts_options plain = { 0 };
	struct sts *sts = open_world(&plain);

	(void)state;
	world.every_site = true;
	for (unsigned i = 0; i < 40; i++)
		(void)ask(sts, made_up(i));
	assert_int_equal(world.fetched, 40);
	world.now_s += DAY;
	world.hold_fetch = true;
	(void)find(sts, "-");
	run();
	assert_int_equal(world.fetched, 48);
	world.hold_fetch = false;
	for (unsigned i = 0; i < 10; i++) {
		world.now_s += 60;
		(void)find(sts, "-");
		run();
	}
	assert_int_equal(world.fetched, 80);
	assert_int_equal(sts->refreshing, 0);
	/* nobody asks any more: they run out */
	for (unsigned day = 0; day < 120; day++) {
		world.now_s += DAY;
		for (unsigned i = 0; i < 10; i++) {
			world.now_s += 60;
			(void)find(sts, "-");
			run();
		}
	}
	assert_int_equal(policies(sts), 0);
	assert_in_range(world.fetched, 80 + 40 * 85, 80 + 40 * 125);
	close_world(sts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_made_up),   cmocka_unit_test(test_made_up_policies),
		cmocka_unit_test(test_room),      cmocka_unit_test(test_replaced_when_full),
		cmocka_unit_test(test_octets),    cmocka_unit_test(test_reload_smaller),
		cmocka_unit_test(test_under_way), cmocka_unit_test(test_put_off),
		cmocka_unit_test(test_refreshes), cmocka_unit_test(test_long_policies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_level.c - the levels: names, and what each permits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "proxy/base/level.h"

static void test_table(void **state)
{
	static const struct {
		const char *name;
		enum level level;
		bool clear;
		bool authenticates;
		bool dane;
		bool named;
	} rows[] = {
		{ "unset", LEVEL_UNSET, false, false, false, false },
		{ "none", LEVEL_NONE, true, false, false, false },
		{ "may", LEVEL_MAY, true, false, false, false },
		{ "encrypt", LEVEL_ENCRYPT, false, false, false, false },
		{ "fingerprint", LEVEL_FINGERPRINT, false, true, false, false },
		{ "dane", LEVEL_DANE, false, true, true, false },
		{ "dane-only", LEVEL_DANE_ONLY, false, true, true, false },
		{ "verify", LEVEL_VERIFY, false, true, false, true },
		{ "secure", LEVEL_SECURE, false, true, false, true },
	};

	(void)state;
	assert_int_equal(COUNT(rows), LEVEL_COUNT);
	for (size_t i = 0; i < COUNT(rows); i++) {
		enum level level = LEVEL_NONE;
		assert_int_equal(rows[i].level, i);
		assert_string_equal(level_name(rows[i].level), rows[i].name);
		assert_int_equal(level_permits_clear(rows[i].level), rows[i].clear);
		assert_int_equal(level_authenticates(rows[i].level), rows[i].authenticates);
		assert_int_equal(level_is_dane(rows[i].level), rows[i].dane);
		assert_int_equal(level_is_named(rows[i].level), rows[i].named);
		assert_int_equal(level_parse(&level, rows[i].name), rows[i].level != LEVEL_UNSET);
		assert_int_equal(level, rows[i].level);
	}
}

static void test_unknown_grants_nothing(void **state)
{
	static const int levels[] = { LEVEL_COUNT, LEVEL_COUNT + 1, -1, 255, INT32_MAX };
	static const char *const names[] = { "", "May", "may ", "mayy", "ma", "unset" };

	(void)state;
	for (size_t i = 0; i < COUNT(levels); i++) {
		enum level level = (enum level)levels[i];
		assert_false(level_permits_clear(level));
		assert_false(level_authenticates(level));
		assert_false(level_is_dane(level));
		assert_false(level_is_named(level));
		assert_string_equal(level_name(level), "unset");
	}
	for (size_t i = 0; i < COUNT(names); i++) {
		enum level level = LEVEL_MAY;
		assert_false(level_parse(&level, names[i]));
		assert_int_equal(level, LEVEL_UNSET);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_unknown_grants_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_sts_kept.c - until when a policy holds, whatever the clock does; and how it is written down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "policy/sts/sts_kept.h"

#define TEXT "version: STSv1\r\nmode: enforce\r\nmx: mx.d.example\r\nx: a\\b \\n c\r\nmax_age: 1000\r\n"

static struct sts_kept make(const char *text, uint64_t now_s)
{
	char err[STS_REASON_MAX] = "";
	struct sts_kept kept;

	assert_true(sts_kept_make(&kept, "id7", text, strlen(text), now_s, err, sizeof(err)));
	return kept;
}

/* --- the clock ---------------------------------------------------------------------------------------------------- */

static void test_life(void **state)
{
	static const struct {
		uint64_t fetched_s;
		const char *max_age;
		uint64_t now_s[5]; /* as they come; 0: no more */
		uint64_t expires_s;
		bool holds;
	} cases[] = {
		{ 5000, "1000", { 5000 }, 6000, true },
		{ 5000, "1000", { 5999 }, 6000, true },
		{ 5000, "1000", { 6000 }, 6000, false },
		{ 5000, "0", { 5059 }, 5060, true }, /* at least a minute */
		{ 5000, "0", { 5060 }, 5060, false },
		/* a machine that begins in 1970: the policy holds, and to its end when the clock is right */
		{ 5000, "1000", { 10 }, 1010, true },
		{ 5000, "1000", { 10, 900 }, 1010, true },
		{ 5000, "1000", { 10, 5500 }, 6000, true },
		{ 5000, "1000", { 10, 5999 }, 6000, true },
		{ 5000, "1000", { 10, 6000 }, 6000, false },
		/* and again, sooner or later after its start */
		{ 5000, "1000", { 10, 5500, 5 }, 1005, true },
		{ 5000, "1000", { 10, 5500, 20 }, 1010, true },
		/* fetched in the future: for max_age from when that is noticed, not until then */
		{ 900000, "1000", { 5000 }, 6000, true },
		{ 900000, "1000", { 5000, 5999 }, 6000, true },
		{ 900000, "1000", { 5000, 6000 }, 6000, false },
		{ 900000, "1000", { 5000, 800000 }, 6000, false },
		{ 900000, "1000", { 5000, 6000, 5500 }, 6000, true },
		/* the clock goes forward too far and comes back */
		{ 5000, "1000", { 900000 }, 6000, false },
		{ 5000, "1000", { 900000, 5500 }, 6000, true },
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		(void)snprintf(text, sizeof(text), "version: STSv1\nmode: none\nmax_age: %s", cases[i].max_age);
		struct sts_kept kept = make(text, cases[i].fetched_s);
		uint64_t now_s = 0;
		for (size_t j = 0; j < COUNT(cases[i].now_s) && cases[i].now_s[j] != 0; j++) {
			now_s = cases[i].now_s[j];
			(void)sts_kept_watch(&kept, now_s);
			assert_false(sts_kept_watch(&kept, now_s)); /* noticed once */
		}
		assert_int_equal(sts_kept_expires(&kept, now_s), cases[i].expires_s);
		assert_int_equal(sts_kept_holds(&kept, now_s), cases[i].holds);
		sts_kept_cleanup(&kept);
		assert_false(sts_kept_holds(&kept, now_s));
	}
}

static void test_bad_text(void **state)
{
	struct sts_kept kept;
	char err[STS_REASON_MAX];

	(void)state;
	assert_false(sts_kept_make(&kept, "1", "mode: none", 10, 1, err, sizeof(err)));
	assert_string_equal(err, "it has no \"version\"");
	assert_null(kept.text);
}

/* --- the line ----------------------------------------------------------------------------------------------------- */

static void assert_same(const struct sts_kept *a, const struct sts_kept *b)
{
	assert_string_equal(a->id, b->id);
	assert_int_equal(a->text_len, b->text_len);
	assert_memory_equal(a->text, b->text, a->text_len);
	assert_true(a->mode == b->mode && a->life_s == b->life_s && a->fetched_s == b->fetched_s);
	assert_true(a->seen_s == b->seen_s && a->used_s == b->used_s);
}

static bool get(const char *line, size_t len, char domain[VERDICT_NAME_MAX], struct sts_kept *out)
{
	char *copy = malloc(len > 0 ? len : 1); /* exact: a sanitizer sees one octet read too far */
	bool ok;

	assert_non_null(copy);
	memcpy(copy, line, len);
	ok = sts_line_get(domain, out, copy, len);
	free(copy);
	return ok;
}

static void test_line(void **state)
{
	char line[1024];
	char domain[VERDICT_NAME_MAX];
	struct sts_kept kept = make(TEXT, 1800000000);
	struct sts_kept again;
	size_t len;

	(void)state;
	kept.seen_s = 1700000000;
	kept.used_s = 1800000077;
	len = sts_line_put(line, sizeof(line), "d.example", &kept);
	assert_int_equal(len, sts_line_put(NULL, sizeof(line), "d.example", &kept));
	assert_true(len > 2 && line[0] == '\n' && line[len - 1] == '\n');
	assert_null(memchr(line + 1, '\n', len - 2));
	assert_memory_equal(line + 1, "sts1 ", 5);
	assert_memory_equal(line + 22,
			    " d.example id7 1800000000 1700000000 1800000077 version: STSv1\\r\\nmode: ", 71);
	assert_true(get(line + 1, len - 2, domain, &again));
	assert_string_equal(domain, "d.example");
	assert_same(&kept, &again);
	sts_kept_cleanup(&again);
	/* any room that is too small */
	assert_int_equal(sts_line_put(line, len, "d.example", &kept), len);
	assert_int_equal(sts_line_put(line, len - 1, "d.example", &kept), 0);
	assert_int_equal(sts_line_put(NULL, len - 1, "d.example", &kept), 0);
	sts_kept_cleanup(&kept);
}

/* Names that could be taken for something else are not written. */
static void test_domains(void **state)
{
	static const struct {
		const char *domain;
		bool ok;
	} cases[] = {
		{ "d.example", true },    { "_x.d-1.example", true }, { "", false },
		{ "d example", false },   { "d\nexample", false },    { "../d", false },
		{ "[192.0.2.1]", false }, { "m\xc3\xbc", false },
	};
	struct sts_kept kept = make(TEXT, 1);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(sts_line_put(NULL, SIZE_MAX, cases[i].domain, &kept) > 0, cases[i].ok);
	sts_kept_cleanup(&kept);
}

/* A line that is cut or has one octet changed is none. */
static void test_damage(void **state)
{
	char line[1024];
	char domain[VERDICT_NAME_MAX];
	struct sts_kept kept = make(TEXT, 1800000000);
	struct sts_kept again;
	size_t len = sts_line_put(line, sizeof(line), "d.example", &kept) - 2;

	(void)state;
	for (size_t i = 0; i < len; i++)
		assert_false(get(line + 1, i, domain, &again));
	for (size_t i = 0; i < len; i++) {
		char good = line[1 + i];
		for (unsigned c = 0; c < 256; c++) {
			line[1 + i] = (char)c;
			assert_int_equal(get(line + 1, len, domain, &again), c == (unsigned char)good);
			sts_kept_cleanup(&again);
		}
		line[1 + i] = good;
	}
	sts_kept_cleanup(&kept);
}

/* put_sum makes the checksum right: what is wrong must be found without it. */
static void put_sum(char *line, size_t len)
{
	uint64_t sum = 14695981039346656037u;
	char digits[17];

	for (size_t i = 21; i < len; i++)
		sum = (sum ^ (unsigned char)line[i]) * 1099511628211u;
	(void)snprintf(digits, sizeof(digits), "%016llx", (unsigned long long)sum);
	memcpy(line + 5, digits, 16);
}

static void test_fields(void **state)
{
#define T "version: STSv1\\nmode: none\\nmax_age: 1"
	static const struct {
		const char *fields;
		bool ok;
	} cases[] = {
		{ " d.example 1 5 0 6 " T, true },
		{ " d.example 1 5 0 6 " T "\\r\\n", true },
		{ " d.example 1 5 0 6 " T "\\n\\n", false }, /* no policy */
		{ " d.example 1 5 0 6 " T "\\x", false },
		{ " d.example 1 5 0 6 " T "\\", false },
		{ " d.example 1 5 0 6 ", false },
		{ " d.example 1 5 0 6", false },
		{ " d.example 1 5 0 " T, false },
		{ " d.example 1 5  6 " T, false },
		{ " d.example 1 -5 0 6 " T, false },
		{ " d.example 1 1099511627775 0 6 " T, true },
		{ " d.example 1 1099511627776 0 6 " T, false },
		{ " d.example 1 99999999999999 0 6 " T, false },
		{ " d.example  5 0 6 " T, false },
		{ " d.example 1-2 5 0 6 " T, false },
		{ " d.example 123456789012345678901234567890123 5 0 6 " T, false },
		{ " d/example 1 5 0 6 " T, false },
		{ "  1 5 0 6 " T, false },
		{ "", false },
		{ " ", false },
	};
	char line[512];
	char domain[VERDICT_NAME_MAX];
	struct sts_kept kept;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int len = snprintf(line, sizeof(line), "sts1 0000000000000000%s", cases[i].fields);
		put_sum(line, (size_t)len);
		assert_int_equal(get(line, (size_t)len, domain, &kept), cases[i].ok);
		sts_kept_cleanup(&kept);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),    cmocka_unit_test(test_bad_text), cmocka_unit_test(test_line),
		cmocka_unit_test(test_domains), cmocka_unit_test(test_damage),   cmocka_unit_test(test_fields),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

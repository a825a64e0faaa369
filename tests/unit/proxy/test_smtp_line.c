/* test_smtp_line.c - one command line, whatever pieces it comes in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "proxy/smtp/smtp_line.h"

#define S(text) text, sizeof(text) - 1

static const struct {
	const char *in;
	size_t in_len;
	const char *text; /* NULL: no line yet */
	size_t len;
	bool bad;
	bool eight_bit;
	size_t rest;
} cases[] = {
	{ S("NOOP\r\n"), S("NOOP"), false, false, 0 },
	{ S("\r\n"), S(""), false, false, 0 },
	{ S("a\r\nb\r\n"), S("a"), false, false, 3 },
	{ S("a\tb\r\n"), S("a\tb"), false, false, 0 },
	{ S("a\nb\r\n"), S("a\nb"), true, false, 0 },
	{ S("a\rb\r\n"), S("a\rb"), true, false, 0 },
	{ S("a\r\r\n"), S("a\r"), true, false, 0 },
	{ S("a\n\r\n"), S("a\n"), true, false, 0 },
	{ S("a\0b\r\n"), S("a\0b"), true, false, 0 },
	{ S("a\x7f\r\n"), S("a\x7f"), true, false, 0 },
	{ S("a\x1b[0m\r\n"), S("a\x1b[0m"), true, false, 0 },
	{ S("\xc3\xa4\r\n"), S("\xc3\xa4"), false, true, 0 },
	{ S("\r\0\n\r\n"), S("\r\0\n"), true, false, 0 },
	{ S("QUIT\n"), NULL, 0, false, false, 0 },
	{ S("QUIT\r"), NULL, 0, false, false, 0 },
	{ S("QUIT"), NULL, 0, false, false, 0 },
};

/* feed gives |in| in pieces of |step| octets until a line is there. */
static enum smtp_line_status feed(struct smtp_line *line, const char *in, size_t len, size_t step, size_t *out_at)
{
	enum smtp_line_status status = SMTP_LINE_MORE;
	size_t at = 0;

	while (at < len && status == SMTP_LINE_MORE) {
		size_t used;
		size_t now = step < len - at ? step : len - at;
		status = smtp_line_feed(line, in + at, now, &used);
		assert_true(used == now || status != SMTP_LINE_MORE);
		at += used;
	}
	*out_at = at;
	return status;
}

static void test_table(void **state)
{
	struct smtp_line line;
	size_t at;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (size_t step = 1; step <= cases[i].in_len; step++) {
			smtp_line_init(&line);
			/* A line before it leaves nothing behind. */
			assert_int_equal(feed(&line, "x\x01\xff\r\n", 5, step, &at), SMTP_LINE_READY);
			enum smtp_line_status status = feed(&line, cases[i].in, cases[i].in_len, step, &at);
			assert_int_equal(at, cases[i].in_len - cases[i].rest);
			assert_int_equal(status, cases[i].text != NULL ? SMTP_LINE_READY : SMTP_LINE_MORE);
			if (cases[i].text == NULL)
				continue;
			assert_int_equal(line.len, cases[i].len);
			assert_memory_equal(line.text, cases[i].text, line.len + 1);
			assert_int_equal(line.bad, cases[i].bad);
			assert_int_equal(line.eight_bit, cases[i].eight_bit);
		}
	}
}

/* one_line makes a line of |len| octets with its CRLF. */
static void one_line(char *out, size_t len)
{
	memset(out, 'a', len - 2);
	out[len - 2] = '\r';
	out[len - 1] = '\n';
}

static void test_limits(void **state)
{
	static const struct {
		size_t limit;
		size_t len;
		enum smtp_line_status status;
	} limits[] = {
		{ SMTP_LINE_MAX, SMTP_LINE_MAX, SMTP_LINE_READY },
		{ SMTP_LINE_MAX, SMTP_LINE_MAX + 1, SMTP_LINE_TOO_LONG },
		{ SMTP_LINE_MAX, SMTP_LINE_FATAL, SMTP_LINE_TOO_LONG },
		{ SMTP_LINE_MAX, SMTP_LINE_FATAL + 1, SMTP_LINE_BROKEN },
		{ SMTP_LINE_AUTH_MAX, SMTP_LINE_AUTH_MAX, SMTP_LINE_READY },
		{ SMTP_LINE_AUTH_MAX, SMTP_LINE_AUTH_MAX + 1, SMTP_LINE_TOO_LONG },
	};
	static char in[SMTP_LINE_FATAL + 1];
	static struct smtp_line line;
	size_t at;

	(void)state;
	for (size_t i = 0; i < COUNT(limits); i++) {
		one_line(in, limits[i].len);
		for (size_t step = 1; step <= sizeof(in); step *= 7) {
			smtp_line_init(&line);
			smtp_line_set_limit(&line, limits[i].limit);
			assert_int_equal(feed(&line, in, limits[i].len, step, &at), limits[i].status);
			if (limits[i].status == SMTP_LINE_BROKEN) {
				assert_int_equal(feed(&line, "\r\n", 2, step, &at), SMTP_LINE_BROKEN);
				continue;
			}
			assert_int_equal(line.len, limits[i].status == SMTP_LINE_READY ? limits[i].len - 2 : 0);
			/* The next one is heard again. */
			assert_int_equal(feed(&line, "RSET\r\n", 6, step, &at), SMTP_LINE_READY);
			assert_string_equal(line.text, "RSET");
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_smtp_reply.c - a server's replies, whatever pieces they come in, and what the client is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/smtp/smtp_reply.h"

#define S(text) text, sizeof(text) - 1

static const struct {
	const char *in;
	size_t in_len;
	enum smtp_reply_status status;
	unsigned code;
	const char *client; /* all lines as the client gets them, without SMTPUTF8 */
	const char *enhanced;
	size_t rest;
} cases[] = {
	{ S("220 mx.example ESMTP\r\n"), SMTP_REPLY_DONE, 220, "220 mx.example ESMTP\r\n", "", 0 },
	{ S("250-a\r\n250-b c\r\n250 d\r\n"), SMTP_REPLY_DONE, 250, "250-a\r\n250-b c\r\n250 d\r\n", "", 0 },
	{ S("250 a\r\n550 b\r\n"), SMTP_REPLY_DONE, 250, "250 a\r\n", "", 7 },
	{ S("250\r\n"), SMTP_REPLY_DONE, 250, "250 \r\n", "", 0 },
	{ S("250 \r\n"), SMTP_REPLY_DONE, 250, "250 \r\n", "", 0 },
	{ S("250-\r\n250\r\n"), SMTP_REPLY_DONE, 250, "250-\r\n250 \r\n", "", 0 },
	{ S("354 go\n"), SMTP_REPLY_DONE, 354, "354 go\r\n", "", 0 },
	{ S("250-a\n250 b\r\n"), SMTP_REPLY_DONE, 250, "250-a\r\n250 b\r\n", "", 0 },
	{ S("550 5.7.1 no\r\n"), SMTP_REPLY_DONE, 550, "550 5.7.1 no\r\n", "5.7.1", 0 },
	{ S("550-5.7.1 no\r\n550 5.7.1 never\r\n"), SMTP_REPLY_DONE, 550, "550-5.7.1 no\r\n550 5.7.1 never\r\n",
	  "5.7.1", 0 },
	{ S("451 4.999.123\r\n"), SMTP_REPLY_DONE, 451, "451 4.999.123\r\n", "4.999.123", 0 },
	{ S("550 4.7.1 no\r\n"), SMTP_REPLY_DONE, 550, "550 4.7.1 no\r\n", "", 0 },
	{ S("550 5.7 no\r\n"), SMTP_REPLY_DONE, 550, "550 5.7 no\r\n", "", 0 },
	{ S("550 5.7.1.2 no\r\n"), SMTP_REPLY_DONE, 550, "550 5.7.1.2 no\r\n", "", 0 },
	{ S("550 5.7.1234 no\r\n"), SMTP_REPLY_DONE, 550, "550 5.7.1234 no\r\n", "", 0 },
	{ S("354 3.1.1 go\r\n"), SMTP_REPLY_DONE, 354, "354 3.1.1 go\r\n", "", 0 },
	{ S("550 5..1 no\r\n"), SMTP_REPLY_DONE, 550, "550 5..1 no\r\n", "", 0 },
	/* Nothing in it makes a new line or a control character. */
	{ S("550 a\rb\r\n"), SMTP_REPLY_DONE, 550, "550 a?b\r\n", "", 0 },
	{ S("550 a\r\r\n"), SMTP_REPLY_DONE, 550, "550 a?\r\n", "", 0 },
	{ S("550 a\0b\x1b\x7f\tc\r\n"), SMTP_REPLY_DONE, 550, "550 a?b??\tc\r\n", "", 0 },
	{ S("550 \xc3\xa4\r\n"), SMTP_REPLY_DONE, 550, "550 ??\r\n", "", 0 },
	{ S("550 no"), SMTP_REPLY_MORE, 0, NULL, NULL, 0 },
	{ S("550 no\r"), SMTP_REPLY_MORE, 0, NULL, NULL, 0 },
	{ S("250-no\r\n"), SMTP_REPLY_MORE, 0, NULL, NULL, 0 },
	/* Not SMTP. */
	{ S("250-a\r\n251 b\r\n"), SMTP_REPLY_BROKEN, 0, NULL, NULL, 0 },
	{ S("\r\n"), SMTP_REPLY_BROKEN, 0, NULL, NULL, 0 },
	{ S("\n"), SMTP_REPLY_BROKEN, 0, NULL, NULL, 0 },
	{ S("25\r\n"), SMTP_REPLY_BROKEN, 0, NULL, NULL, 0 },
	{ S("150 a\r\n"), SMTP_REPLY_BROKEN, 0, NULL, NULL, 0 },
	{ S("650 a\r\n"), SMTP_REPLY_BROKEN, 0, NULL, NULL, 0 },
	{ S("000 a\r\n"), SMTP_REPLY_BROKEN, 0, NULL, NULL, 0 },
	{ S("2x0 a\r\n"), SMTP_REPLY_BROKEN, 0, NULL, NULL, 0 },
	{ S("2500 a\r\n"), SMTP_REPLY_BROKEN, 0, NULL, NULL, 0 },
	{ S("250_a\r\n"), SMTP_REPLY_BROKEN, 0, NULL, NULL, 0 },
	{ S("250\ra\r\n"), SMTP_REPLY_BROKEN, 0, NULL, NULL, 0 },
	{ S(" 250 a\r\n"), SMTP_REPLY_BROKEN, 0, NULL, NULL, 0 },
	{ S("250-a\r\n\r\n"), SMTP_REPLY_BROKEN, 0, NULL, NULL, 0 },
	{ S("HTTP/1.1 400 Bad Request\r\n"), SMTP_REPLY_BROKEN, 0, NULL, NULL, 0 },
	{ S("\x16\x03\x01\x02"), SMTP_REPLY_BROKEN, 0, NULL, NULL, 0 },
};

static enum smtp_reply_status feed(struct smtp_reply *reply, const char *in, size_t len, size_t step, size_t *out_at)
{
	enum smtp_reply_status status = SMTP_REPLY_MORE;
	size_t at = 0;

	while (at < len && status == SMTP_REPLY_MORE) {
		size_t used;
		size_t now = step < len - at ? step : len - at;
		status = smtp_reply_feed(reply, in + at, now, &used);
		assert_true(used == now || status != SMTP_REPLY_MORE);
		at += used;
	}
	*out_at = at;
	return status;
}

static void all_lines(const struct smtp_reply *reply, bool utf8, char *out, size_t cap)
{
	size_t len = 0;

	for (size_t i = 0; i < reply->lines_count; i++) {
		char line[SMTP_REPLY_LINE_MAX + 1];
		size_t line_len = smtp_reply_line(reply, i, utf8, line);
		assert_int_equal(line_len, strlen(line));
		assert_true(line_len <= SMTP_REPLY_LINE_MAX && len + line_len < cap);
		memcpy(out + len, line, line_len + 1);
		len += line_len;
	}
}

static void check(size_t i, size_t step)
{
	struct smtp_reply reply;
	char text[2048];
	size_t at;

	smtp_reply_init(&reply);
	assert_true(smtp_reply_idle(&reply));
	/* A reply before it leaves nothing behind. */
	assert_int_equal(feed(&reply, S("421-4.3.2 x\n421 y\r\n"), step, &at), SMTP_REPLY_DONE);
	assert_true(smtp_reply_idle(&reply) && reply.bare_lf);
	enum smtp_reply_status status = feed(&reply, cases[i].in, cases[i].in_len, step, &at);
	if (status != cases[i].status)
		fail_msg("%s: status %d", cases[i].in, (int)status);
	assert_int_equal(reply.code, status == SMTP_REPLY_MORE ? reply.code : cases[i].code);
	assert_int_equal(reply.error != NULL, status == SMTP_REPLY_BROKEN);
	assert_int_equal(smtp_reply_idle(&reply), status == SMTP_REPLY_DONE);
	if (status == SMTP_REPLY_DONE) {
		assert_int_equal(at, cases[i].in_len - cases[i].rest);
		all_lines(&reply, false, text, sizeof(text));
		assert_string_equal(text, cases[i].client);
		assert_string_equal(reply.enhanced, cases[i].enhanced);
	} else if (status == SMTP_REPLY_BROKEN) {
		assert_int_equal(feed(&reply, S("250 ok\r\n"), step, &at), SMTP_REPLY_BROKEN);
	}
	smtp_reply_cleanup(&reply);
}

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (size_t step = 1; step <= cases[i].in_len; step++)
			check(i, step);
}

/* repeat makes |lines| lines of |len| octets with CRLF each, the last one with a space. */
static char *repeat(size_t lines, size_t len, size_t *out_len)
{
	char *in = malloc(lines * len);

	assert_non_null(in);
	memset(in, 'a', lines * len);
	for (size_t i = 0; i < lines; i++) {
		char *line = in + i * len;
		line[0] = '2';
		line[1] = '5';
		line[2] = '0';
		line[3] = i + 1 < lines ? '-' : ' ';
		line[len - 2] = '\r';
		line[len - 1] = '\n';
	}
	*out_len = lines * len;
	return in;
}

static void test_limits(void **state)
{
	static const struct {
		size_t lines;
		size_t len;
		enum smtp_reply_status status;
	} limits[] = {
		{ 1, SMTP_REPLY_IN_LINE_MAX, SMTP_REPLY_DONE },
		{ 1, SMTP_REPLY_IN_LINE_MAX + 1, SMTP_REPLY_BROKEN },
		{ SMTP_REPLY_IN_LINES_MAX, 10, SMTP_REPLY_DONE },
		{ SMTP_REPLY_IN_LINES_MAX + 1, 10, SMTP_REPLY_BROKEN },
		{ 32, 2048, SMTP_REPLY_DONE },
		{ 33, 2048, SMTP_REPLY_BROKEN },
	};
	size_t at;

	(void)state;
	for (size_t i = 0; i < COUNT(limits); i++) {
		size_t len;
		char *in = repeat(limits[i].lines, limits[i].len, &len);
		for (size_t step = 1; step <= len; step *= 13) {
			struct smtp_reply reply;
			char line[SMTP_REPLY_LINE_MAX + 1];
			smtp_reply_init(&reply);
			assert_int_equal(feed(&reply, in, len, step, &at), limits[i].status);
			if (limits[i].status == SMTP_REPLY_DONE) {
				assert_int_equal(at, len);
				assert_int_equal(reply.lines_count, limits[i].lines);
				size_t want = limits[i].len < SMTP_REPLY_LINE_MAX ? limits[i].len : SMTP_REPLY_LINE_MAX;
				assert_int_equal(smtp_reply_line(&reply, limits[i].lines - 1, false, line), want);
			}
			smtp_reply_cleanup(&reply);
		}
		free(in);
	}
}

static void test_sanitize(void **state)
{
	static const struct {
		const char *in;
		size_t in_len;
		size_t cap;
		bool utf8;
		const char *out;
	} texts[] = {
		{ S("a\tb~"), 16, false, "a\tb~" },      { S("a\r\n\0b"), 16, true, "a???b" },
		{ S("\xc3\xa4"), 16, true, "\xc3\xa4" }, { S("\xc3\xa4"), 16, false, "??" },
		{ S("\xc2\x85\xff"), 16, true, "???" }, /* C1, and no UTF-8 */
		{ S("ab\xc3\xa4"), 4, true, "ab" },      { S("ab\xc3\xa4"), 5, true, "ab\xc3\xa4" },
		{ S("ab\xc3"), 16, true, "ab?" },        { S("abcd"), 4, false, "abc" },
	};
	char out[16];

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		size_t len = smtp_text_sanitize(out, texts[i].cap, texts[i].in, texts[i].in_len, texts[i].utf8);
		assert_string_equal(out, texts[i].out);
		assert_int_equal(len, strlen(out));
	}
}

static void test_local(void **state)
{
	char line[SMTP_REPLY_LINE_MAX + 1];
	char text[64];
	char longer[1024];
	struct smtp_reply reply = { 0 };
	struct smtp_reply other = { 0 };

	(void)state;
	assert_int_equal(smtp_reply_local(line, "451 4.7.5 %s", "a\r\n250 ok"), 21);
	assert_string_equal(line, "451 4.7.5 a??250 ok\r\n");
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(smtp_reply_local(line, "451 4.7.5 %s", longer), SMTP_REPLY_LINE_MAX);
	assert_string_equal(line + SMTP_REPLY_LINE_MAX - 2, "\r\n");

	assert_true(smtp_reply_set(&reply, "451 4.7.5 no\ttab"));
	assert_int_equal(reply.code, 451);
	assert_string_equal(reply.enhanced, "4.7.5");
	assert_string_equal(smtp_reply_log(&reply, text, sizeof(text)), "451 4.7.5 no tab");
	smtp_reply_take(&other, &reply);
	assert_int_equal(reply.code, 0);
	assert_int_equal(other.lines_count, 1);
	assert_true(smtp_reply_set(&other, "250 fine"));
	assert_int_equal(other.code, 250);
	assert_false(smtp_reply_set(&other, "nonsense"));
	assert_int_equal(other.code, 0);
	smtp_reply_cleanup(&other);
}

static void test_utf8_line(void **state)
{
	struct smtp_reply reply = { 0 };
	char line[SMTP_REPLY_LINE_MAX + 1];
	size_t at;

	(void)state;
	assert_int_equal(feed(&reply, S("550 5.1.1 \xc3\xa4\xff\r\n"), 1, &at), SMTP_REPLY_DONE);
	assert_int_equal(smtp_reply_line(&reply, 0, true, line), 15);
	assert_string_equal(line, "550 5.1.1 \xc3\xa4?\r\n");
	smtp_reply_cleanup(&reply);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table), cmocka_unit_test(test_limits),    cmocka_unit_test(test_sanitize),
		cmocka_unit_test(test_local), cmocka_unit_test(test_utf8_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

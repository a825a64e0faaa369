/* test_smtp_utf8.c - the edges of RFC 3629, and every code point there and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>

#include "proxy/base/attrib.h"
#include "proxy/smtp/smtp_utf8.h"

#define S(text) text, sizeof(text) - 1

static void test_edges(void **state)
{
	static const struct {
		const char *in;
		size_t in_len;
		size_t len;
	} cases[] = {
		{ S(""), 0 },
		{ S("\0"), 1 },
		{ S("\x7f"), 1 },
		{ S("\x80"), 0 },
		{ S("\xc0\x80"), 0 }, /* over-long NUL */
		{ S("\xc1\xbf"), 0 }, /* over-long */
		{ S("\xc2\x9f"), 0 }, /* the last of C1 */
		{ S("\xc2\xa0"), 2 }, /* the first after it */
		{ S("\xc2\xa0 tail"), 2 },
		{ S("\xc3"), 0 },             /* cut off */
		{ S("\xc3\x28"), 0 },         /* no tail */
		{ S("\xe0\x9f\xbf"), 0 },     /* over-long */
		{ S("\xe0\xa0\x80"), 3 },     /* U+0800 */
		{ S("\xed\x9f\xbf"), 3 },     /* U+D7FF */
		{ S("\xed\xa0\x80"), 0 },     /* U+D800 */
		{ S("\xee\x80\x80"), 3 },     /* U+E000 */
		{ S("\xf0\x8f\xbf\xbf"), 0 }, /* over-long */
		{ S("\xf0\x90\x80\x80"), 4 }, /* U+10000 */
		{ S("\xf4\x8f\xbf\xbf"), 4 }, /* U+10FFFF */
		{ S("\xf4\x90\x80\x80"), 0 }, /* beyond */
		{ S("\xf5\x80\x80\x80"), 0 },
		{ S("\xff"), 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(smtp_utf8_len(cases[i].in, cases[i].in_len), cases[i].len);
}

static size_t encode(uint32_t point, char out[4])
{
	static const uint32_t first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t len = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;

	for (size_t i = len; i > 1; i--) {
		out[i - 1] = (char)(0x80 | (point & 0x3f));
		point >>= 6;
	}
	out[0] = (char)(first[len] | point);
	return len;
}

static void test_all_points(void **state)
{
	char in[4];

	(void)state;
	for (uint32_t point = 0; point <= 0x10ffff; point++) {
		size_t len = encode(point, in);
		bool no_text = (point >= 0x80 && point < 0xa0) || (point >= 0xd800 && point < 0xe000);
		if (smtp_utf8_len(in, len) != (no_text ? 0 : len))
			fail_msg("U+%04X", (unsigned)point);
		if (smtp_utf8_len(in, len - 1) != 0)
			fail_msg("U+%04X cut off", (unsigned)point);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_all_points),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

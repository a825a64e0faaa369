/* test_printable.c - every octet, alone and within a text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/base/printable.h"

static void every_octet(void **state)
{
	(void)state;
	for (unsigned octet = 0; octet < 256; octet++) {
		const char c = (char)octet;
		const bool good = octet >= 0x20 && octet < 0x7f;
		assert_int_equal(is_printable(c), good);
		assert_int_equal(printable(c), good ? c : '?');
	}
}

static void in_place_and_printed(void **state)
{
	char text[] = "a b\x1b[31m\x7f\xc3\xa9~\n";
	char *printed = NULL;
	size_t len;
	FILE *out = open_memstream(&printed, &len);

	(void)state;
	assert_non_null(out);
	printable_print(out, text);
	assert_int_equal(fclose(out), 0);
	printable_text(text);
	assert_string_equal(text, "a b?[31m???~?");
	assert_string_equal(printed, text);
	free(printed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_octet),
		cmocka_unit_test(in_place_and_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_smtp_address.c - paths: what is forwarded, and which domain policy is asked about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/smtp/smtp_address.h"

#define L63  "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0"
#define A64  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A256 A64 A64 A64 A64
#define D253                    \
	L63 "." L63 "." L63 "." \
	    "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxy"

enum want { BOTH, SENDER, RECIPIENT, NONE };

static const struct {
	const char *in;
	enum want want;
	const char *text;
	const char *domain;
	const char *rest; /* behind the path */
} cases[] = {
	{ "<u@d.example>", BOTH, "u@d.example", "d.example", "" },
	{ "<u@d.example> SIZE=1", BOTH, "u@d.example", "d.example", " SIZE=1" },
	{ "<U@D.Example>", BOTH, "U@D.Example", "d.example", "" },
	{ "<u@localhost>", BOTH, "u@localhost", "localhost", "" },
	{ "<>", SENDER, "", "", "" },
	{ "<root>", SENDER, "root", "", "" },
	{ "<postmaster>", BOTH, "postmaster", "", "" },
	{ "<PostMaster>", BOTH, "PostMaster", "", "" },
	{ "<postmaster@d>", BOTH, "postmaster@d", "d", "" },
	/* local parts */
	{ "<u%d.example@gw.example>", BOTH, "u%d.example@gw.example", "gw.example", "" },
	{ "<d!u@gw.example>", BOTH, "d!u@gw.example", "gw.example", "" },
	{ "<u+tag/a=b@d>", BOTH, "u+tag/a=b@d", "d", "" },
	{ "<a..b.@d>", BOTH, "a..b.@d", "d", "" },
	{ "<\"a@b>c\"@d.example>", BOTH, "\"a@b>c\"@d.example", "d.example", "" },
	{ "<\"a\\\"b\\\\\"@d>", BOTH, "\"a\\\"b\\\\\"@d", "d", "" },
	{ "<\" \"@d>", BOTH, "\" \"@d", "d", "" },
	{ "<\"\"@d>", BOTH, "\"\"@d", "d", "" },
	{ "<\"a\"b@d>", NONE, NULL, NULL, NULL },
	{ "<a\"b\"@d>", NONE, NULL, NULL, NULL },
	{ "<\"a@d>", NONE, NULL, NULL, NULL },
	{ "<\"a\\\"@d>", NONE, NULL, NULL, NULL },
	{ "<\"a\t\"@d>", NONE, NULL, NULL, NULL },
	{ "<a\\@b@d>", NONE, NULL, NULL, NULL },
	{ "<a b@d>", NONE, NULL, NULL, NULL },
	{ "<(x)u@d>", NONE, NULL, NULL, NULL },
	{ "<u,v@d>", NONE, NULL, NULL, NULL },
	{ "<u:v@d>", NONE, NULL, NULL, NULL },
	{ "<" A256 "@d>", BOTH, A256 "@d", "d", "" },
	{ "<" A256 "a@d>", NONE, NULL, NULL, NULL },
	/* brackets and at signs */
	{ "u@d.example", NONE, NULL, NULL, NULL },
	{ "<u@d.example", NONE, NULL, NULL, NULL },
	{ "<<u@d>>", NONE, NULL, NULL, NULL },
	{ "<u@d@gw.example>", NONE, NULL, NULL, NULL },
	{ "<u@>", NONE, NULL, NULL, NULL },
	{ "<@>", NONE, NULL, NULL, NULL },
	{ "<@d>", NONE, NULL, NULL, NULL },
	{ "< u@d>", NONE, NULL, NULL, NULL },
	{ "<u@d >", NONE, NULL, NULL, NULL },
	{ "< >", NONE, NULL, NULL, NULL },
	{ "", NONE, NULL, NULL, NULL },
	{ "<", NONE, NULL, NULL, NULL },
	/* source routes */
	{ "<@a,@b:u@d.example>", BOTH, "u@d.example", "d.example", "" },
	{ "<@a.example:u@d>", BOTH, "u@d", "d", "" },
	{ "<@[IPv6:::1],@[192.0.2.1]:u@d>", BOTH, "u@d", "d", "" },
	{ "<@a:\"x:y@z\"@d>", BOTH, "\"x:y@z\"@d", "d", "" },
	{ "<@a,b:u@d>", NONE, NULL, NULL, NULL },
	{ "<@a,:u@d>", NONE, NULL, NULL, NULL },
	{ "<@a u@d>", NONE, NULL, NULL, NULL },
	{ "<@a:postmaster>", NONE, NULL, NULL, NULL },
	{ "<@a:>", NONE, NULL, NULL, NULL },
	{ "<@a:@b:u@d>", NONE, NULL, NULL, NULL },
	/* domains */
	{ "<u@d.>", NONE, NULL, NULL, NULL },
	{ "<u@.d>", NONE, NULL, NULL, NULL },
	{ "<u@a..d>", NONE, NULL, NULL, NULL },
	{ "<u@.>", NONE, NULL, NULL, NULL },
	{ "<u@_dmarc.d_e.example>", BOTH, "u@_dmarc.d_e.example", "_dmarc.d_e.example", "" },
	{ "<u@-d.example>", NONE, NULL, NULL, NULL },
	{ "<u@d-.example>", NONE, NULL, NULL, NULL },
	{ "<u@r1---sn-abc.example>", BOTH, "u@r1---sn-abc.example", "r1---sn-abc.example", "" },
	{ "<u@d/e>", NONE, NULL, NULL, NULL },
	{ "<u@" L63 ".example>", BOTH, "u@" L63 ".example", L63 ".example", "" },
	{ "<u@" L63 "a.example>", NONE, NULL, NULL, NULL },
	{ "<u@" D253 ">", BOTH, "u@" D253, D253, "" },
	{ "<u@" D253 "a>", NONE, NULL, NULL, NULL },
	{ "<u@192.0.2.1>", BOTH, "u@192.0.2.1", "192.0.2.1", "" },
	/* literals */
	{ "<u@[192.0.2.1]>", BOTH, "u@[192.0.2.1]", "[192.0.2.1]", "" },
	{ "<u@[IPV6:2001:DB8:0::1]>", BOTH, "u@[IPV6:2001:DB8:0::1]", "[ipv6:2001:db8::1]", "" },
	{ "<u@[IPv6:::ffff:192.0.2.1]>", BOTH, "u@[IPv6:::ffff:192.0.2.1]", "[192.0.2.1]", "" },
	{ "<u@[2001:db8::1]>", NONE, NULL, NULL, NULL },
	{ "<u@[IPv6:192.0.2.1]>", NONE, NULL, NULL, NULL },
	{ "<u@[192.0.2.256]>", NONE, NULL, NULL, NULL },
	{ "<u@[192.0.2.1>", NONE, NULL, NULL, NULL },
	{ "<u@[192.0.2.1]x>", NONE, NULL, NULL, NULL },
	{ "<u@[]>", NONE, NULL, NULL, NULL },
	{ "<u@[d.example]>", NONE, NULL, NULL, NULL },
	{ "<u@[tag:x]>", NONE, NULL, NULL, NULL },
	/* IDN */
	{ "<u@b\xc3\xbc"
	  "cher.example>",
	  BOTH,
	  "u@b\xc3\xbc"
	  "cher.example",
	  "xn--bcher-kva.example", "" },
	{ "<u@B\xc3\x9c"
	  "CHER.Example>",
	  BOTH,
	  "u@B\xc3\x9c"
	  "CHER.Example",
	  "xn--bcher-kva.example", "" },
	{ "<u@fa\xc3\x9f.example>", BOTH, "u@fa\xc3\x9f.example", "xn--fa-hia.example", "" }, /* not fass */
	{ "<u@XN--BCHER-kva.example>", BOTH, "u@XN--BCHER-kva.example", "xn--bcher-kva.example", "" },
	{ "<\xc3\xa4@d>", BOTH, "\xc3\xa4@d", "d", "" },
	{ "<\"\\\xc3\xa4\"@d>", NONE, NULL, NULL, NULL },
	{ "<\"\xc3\xa4 \"@d>", BOTH, "\"\xc3\xa4 \"@d", "d", "" },
	{ "<u@xn--a.example>", NONE, NULL, NULL, NULL },         /* decodes to a control character */
	{ "<u@xn--bcher-2pa.example>", NONE, NULL, NULL, NULL }, /* decodes to capital U umlaut, which encodes else */
	{ "<u@xn--fass-.example>", NONE, NULL, NULL, NULL },
	{ "<u@xn--.example>", NONE, NULL, NULL, NULL },
	{ "<u@d\xe3\x80\x82"
	  "example>",
	  NONE, NULL, NULL, NULL },                                                        /* U+3002 is a dot to TR46 */
	{ "<u@\xe2\x84\x80.example>", NONE, NULL, NULL, NULL },                            /* U+2100 maps to a/c */
	{ "<u@d\xe2\x80\x8b.example>", BOTH, "u@d\xe2\x80\x8b.example", "d.example", "" }, /* TR46 drops U+200B */
	{ "<\xff@d>", NONE, NULL, NULL, NULL },
	{ "<\xc0\xaf@d>", NONE, NULL, NULL, NULL },
	{ "<\xed\xa0\x80@d>", NONE, NULL, NULL, NULL },
	{ "<\xc2\x85@d>", NONE, NULL, NULL, NULL },
	{ "<u@\xc3>", NONE, NULL, NULL, NULL },
};

static bool is_eight_bit(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text >= 0x80)
			return true;
	return false;
}

static void check(size_t i, enum smtp_path_kind kind, bool want)
{
	size_t len = strlen(cases[i].in);
	char *exact = malloc(len > 0 ? len : 1);
	struct smtp_path path;
	struct smtp_path zero;
	size_t used;

	assert_non_null(exact);
	memset(&zero, 0, sizeof(zero));
	memcpy(exact, cases[i].in, len);
	enum smtp_path_status status = smtp_path_parse(&path, kind, exact, len, &used);
	free(exact);
	if (status != (want ? SMTP_PATH_OK : SMTP_PATH_BAD))
		fail_msg("%s: %s (%s)", cases[i].in, want ? "refused" : "accepted", path.domain);
	if (!want) {
		assert_memory_equal(&path, &zero, sizeof(path));
		return;
	}
	assert_string_equal(path.text, cases[i].text);
	assert_string_equal(path.domain, cases[i].domain);
	assert_string_equal(cases[i].in + used, cases[i].rest);
	assert_int_equal(path.literal, cases[i].domain[0] == '[');
	assert_int_equal(path.utf8, is_eight_bit(cases[i].text));
}

static void test_paths(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		check(i, SMTP_PATH_SENDER, cases[i].want == BOTH || cases[i].want == SENDER);
		check(i, SMTP_PATH_RECIPIENT, cases[i].want == BOTH || cases[i].want == RECIPIENT);
	}
}

/* Cut anywhere before its `>`, no path is one. */
static void test_cut_paths(void **state)
{
	struct smtp_path path;
	size_t used;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (cases[i].want == NONE)
			continue;
		size_t len = strlen(cases[i].in) - strlen(cases[i].rest);
		for (size_t cut = 0; cut < len; cut++)
			assert_int_equal(smtp_path_parse(&path, SMTP_PATH_SENDER, cases[i].in, cut, &used),
					 SMTP_PATH_BAD);
	}
}

static void test_nul_is_no_end(void **state)
{
	struct smtp_path path;
	size_t used;

	(void)state;
	assert_int_equal(smtp_path_parse(&path, SMTP_PATH_SENDER, "<u@d\0e>", 7, &used), SMTP_PATH_BAD);
	assert_int_equal(smtp_path_parse(&path, SMTP_PATH_SENDER, "<u\0@d>", 6, &used), SMTP_PATH_BAD);
	assert_int_equal(smtp_path_parse(&path, SMTP_PATH_SENDER, "<u@[192.0.2.1\0]>", 16, &used), SMTP_PATH_BAD);
	assert_int_equal(smtp_path_parse(&path, SMTP_PATH_SENDER, "<\"\0\"@d>", 7, &used), SMTP_PATH_BAD);
}

/* An IDN that needs all the room there is: four octets a character. */
static void test_long_idn(void **state)
{
	char in[SMTP_PATH_MAX + 512];
	size_t len = (size_t)snprintf(in, sizeof(in), "<u@");
	struct smtp_path path;
	size_t used;

	(void)state;
	for (int i = 0; i < 400; i++)
		len += (size_t)snprintf(in + len, sizeof(in) - len, "\xf0\x9f\x98\x80");
	in[len++] = '>';
	assert_int_equal(smtp_path_parse(&path, SMTP_PATH_SENDER, in, len, &used), SMTP_PATH_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_cut_paths),
		cmocka_unit_test(test_nul_is_no_end),
		cmocka_unit_test(test_long_idn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

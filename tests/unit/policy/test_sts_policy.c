/* test_sts_policy.c - the text of a policy: every rule of its grammar, kept and broken, each with its own reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "policy/sts/sts_policy.h"

#define GOOD "version: STSv1\nmode: enforce\nmx: mx.d.example\nmax_age: 86400\n"
#define V    "version: STSv1\n"
#define M    "mode: enforce\n"
#define A    "max_age: 86400\n"
#define X    "mx: mx.d.example\n"

/* What was read, in one line: "enforce 86400 mx.d.example *.e.example". */
static void describe(char *out, size_t out_len, const struct sts_policy *policy)
{
	size_t len = (size_t)snprintf(out, out_len, "%s %u", sts_mode_name(policy->mode), policy->max_age_s);

	for (size_t i = 0; i < policy->patterns_count && len < out_len; i++)
		len += (size_t)snprintf(out + len, out_len - len, " %s%s", policy->patterns[i].wildcard ? "*." : "",
					policy->patterns[i].name);
}

/* An exact copy, so that a sanitizer sees one octet read too far. */
static bool parse(const char *text, size_t len, char *said, size_t said_len)
{
	char *copy = malloc(len > 0 ? len : 1);
	struct sts_policy policy;
	bool ok;

	assert_non_null(copy);
	memcpy(copy, text, len);
	said[0] = '\0';
	ok = sts_policy_parse(&policy, copy, len, said, said_len);
	if (ok)
		describe(said, said_len, &policy);
	else
		assert_true(policy.mode == STS_MODE_UNSET && policy.patterns == NULL && policy.patterns_count == 0 &&
			    policy.max_age_s == 0);
	sts_policy_cleanup(&policy);
	free(copy);
	return ok;
}

static const struct {
	const char *text;
	const char *read;
} good[] = {
	{ GOOD, "enforce 86400 mx.d.example" },
	/* terminators: LF or CRLF, mixed, the last one optional */
	{ "version: STSv1\r\nmode: enforce\r\nmx: mx.d.example\r\nmax_age: 86400\r\n", "enforce 86400 mx.d.example" },
	{ "version: STSv1\r\nmode: testing\nmx: mx.d.example\r\nmax_age: 1", "testing 1 mx.d.example" },
	/* white space after the colon and at the end of a line */
	{ "version:STSv1\nmode:\tenforce\nmx: \t mx.d.example \t\nmax_age:86400 \r\n", "enforce 86400 mx.d.example" },
	/* any order */
	{ "max_age: 5\nmx: a.example\nmode: testing\nmx: b.example\nversion: STSv1", "testing 5 a.example b.example" },
	/* modes; with none, mx is optional */
	{ V "mode: none\n" A, "none 86400" },
	{ V "mode: none\n" A X, "none 86400 mx.d.example" },
	/* max_age */
	{ V M X "max_age: 0", "enforce 0 mx.d.example" },
	{ V M X "max_age: 0000000007", "enforce 7 mx.d.example" },
	{ V M X "max_age: 31557600", "enforce 31557600 mx.d.example" },
	{ V M X "max_age: 31557601", "enforce 31557600 mx.d.example" },
	{ V M X "max_age: 9999999999", "enforce 31557600 mx.d.example" },
	/* mx */
	{ V M A "mx: *.d.example\nmx: MX.D.Example\nmx: xn--mller-kva.example\nmx: 1.a-b.example",
	  "enforce 86400 *.d.example mx.d.example xn--mller-kva.example 1.a-b.example" },
	{ V M A "mx: localhost\nmx: *.example", "enforce 86400 localhost *.example" },
	/* duplicates: the first counts, whatever the others say */
	{ GOOD "mode: none\n", "enforce 86400 mx.d.example" },
	{ GOOD "mode: nonsense\nmax_age: soon\nversion: STSv2\n", "enforce 86400 mx.d.example" },
	{ V M X "max_age: 5\nmax_age: 6\n", "enforce 5 mx.d.example" },
	/* unknown keys, keys in another case among them */
	{ GOOD "x: y\nMODE: none\na_b-c.9: with spaces : and ; = \xc3\xa4\xe2\x82\xac\xf0\x9f\x94\x92\n",
	  "enforce 86400 mx.d.example" },
	{ GOOD "a2345678901234567890123456789012: 32 characters\n", "enforce 86400 mx.d.example" },
};

static const struct {
	const char *text;
	const char *reason;
} bad[] = {
	{ "", "it is empty" },
	/* lines */
	{ "\n", "line 1: it is empty" },
	{ GOOD "\n", "line 5: it is empty" },
	{ "version: STSv1\n\n" M X A, "line 2: it is empty" },
	{ "version: STSv1\r" M X A, "line 1: a CR that no LF follows" },
	{ V M X "max_age: 86400\r", "line 4: a CR that no LF follows" },
	{ V "mode: enforce\r\r\n" X A, "line 2: a CR that no LF follows" },
	{ GOOD "x: a\x01z\n", "line 5: the control character 0x01" },
	{ GOOD "x: a\x7fz\n", "line 5: the control character 0x7f" },
	{ GOOD "x: a\tb\n", "line 5: key \"x\" has a tab in its value" },
	{ GOOD "x: \xe4\n", "line 5: the octet 0xe4, which is not UTF-8" },
	{ GOOD "x: \xc0\xaf\n", "line 5: the octet 0xc0, which is not UTF-8" },
	{ GOOD "x: \xed\xa0\x80\n", "line 5: the octet 0xed, which is not UTF-8" },
	{ GOOD "x: \xf4\x90\x80\x80\n", "line 5: the octet 0xf4, which is not UTF-8" },
	{ GOOD "x: \xe2\x82", "line 5: the octet 0xe2, which is not UTF-8" },
	{ "\xef\xbb\xbf" GOOD, "line 1: a byte order mark" },
	{ "<html>\n", "line 1: no colon, which parts key from value" },
	{ GOOD "nonsense\n", "line 5: no colon, which parts key from value" },
	{ GOOD " \n", "line 5: no colon, which parts key from value" },
	{ GOOD ": x\n", "line 5: no key before the colon" },
	{ V " " M X A, "line 2: white space before the key" },
	{ V "mode : enforce\n" X A, "line 2: white space before the colon" },
	{ GOOD "_x: y\n", "line 5: \"_x\" cannot be a key" },
	{ GOOD "a b: y\n", "line 5: \"a b\" cannot be a key" },
	{ GOOD "\xc3\xa4: y\n", "line 5: \"\?\?\" cannot be a key" },
	{ GOOD "a23456789012345678901234567890123: y\n",
	  "line 5: \"a23456789012345678901234567890123\" cannot be a key" },
	{ GOOD "x:\n", "line 5: key \"x\" has no value" },
	{ GOOD "x: \t\n", "line 5: key \"x\" has no value" },
	{ V "mode:\n" X A, "line 2: key \"mode\" has no value" },
	/* what must be there */
	{ M X A, "it has no \"version\"" },
	{ V X A, "it has no \"mode\"" },
	{ V M X, "it has no \"max_age\"" },
	{ V M A, "it has no \"mx\", with mode enforce" },
	{ V "mode: testing\n" A, "it has no \"mx\", with mode testing" },
	{ "Version: STSv1\n" M X A, "it has no \"version\"" },
	{ V "Mode: enforce\n" X A, "it has no \"mode\"" },
	/* version */
	{ "version: STSv2\n" M X A, "line 1: version \"STSv2\" is not STSv1" },
	{ "version: stsv1\n" M X A, "line 1: version \"stsv1\" is not STSv1" },
	{ "version: STSv1 x\n" M X A, "line 1: version \"STSv1 x\" is not STSv1" },
	{ M X A "version: STSv1;", "line 4: version \"STSv1;\" is not STSv1" },
	/* mode */
	{ V "mode: Enforce\n" X A, "line 2: mode \"Enforce\" is none of enforce, testing and none" },
	{ V "mode: report\n" X A, "line 2: mode \"report\" is none of enforce, testing and none" },
	{ V "mode: enforcement-is-a-thing-that-goes-on-and-on-and-on\n" X A,
	  "line 2: mode \"enforcement-is-a-thing-that-goes-on-and-on-a...\" is none of enforce, testing and none" },
	{ V "mode: x\nmode: enforce\n" X A, "line 2: mode \"x\" is none of enforce, testing and none" },
	/* max_age */
	{ V M X "max_age: -1", "line 4: max_age \"-1\" is not a number of at most 10 digits" },
	{ V M X "max_age: 1d", "line 4: max_age \"1d\" is not a number of at most 10 digits" },
	{ V M X "max_age: 1 2", "line 4: max_age \"1 2\" is not a number of at most 10 digits" },
	{ V M X "max_age: 0x10", "line 4: max_age \"0x10\" is not a number of at most 10 digits" },
	{ V M X "max_age: 00000000001", "line 4: max_age \"00000000001\" is not a number of at most 10 digits" },
	/* mx */
	{ V M A "mx: mx.d.example.\n", "line 4: mx \"mx.d.example.\" ends in a dot" },
	{ V M A "mx: .d.example\n", "line 4: mx \".d.example\" has an empty label" },
	{ V M A "mx: a..example\n", "line 4: mx \"a..example\" has an empty label" },
	{ V M A "mx: *.\n", "line 4: mx \"*.\" has an empty label" },
	{ V M A "mx: *\n", "line 4: mx \"*\" has an asterisk elsewhere than in \"*.\" before a domain" },
	{ V M A "mx: *.*.example\n",
	  "line 4: mx \"*.*.example\" has an asterisk elsewhere than in \"*.\" before a domain" },
	{ V M A "mx: mx*.example\n",
	  "line 4: mx \"mx*.example\" has an asterisk elsewhere than in \"*.\" before a domain" },
	{ V M A "mx: a.*.example\n",
	  "line 4: mx \"a.*.example\" has an asterisk elsewhere than in \"*.\" before a domain" },
	{ V M A "mx: -a.example\n", "line 4: mx \"-a.example\" has a label with a hyphen at its end" },
	{ V M A "mx: a-.example\n", "line 4: mx \"a-.example\" has a label with a hyphen at its end" },
	{ V M A "mx: a_b.example\n", "line 4: mx \"a_b.example\" has a character that no host name has" },
	{ V M A "mx: [192.0.2.1]\n", "line 4: mx \"[192.0.2.1]\" has a character that no host name has" },
	{ V M A "mx: a.example b.example\n",
	  "line 4: mx \"a.example b.example\" has a character that no host name has" },
	{ V M A "mx: a.example,b.example\n",
	  "line 4: mx \"a.example,b.example\" has a character that no host name has" },
	{ V M A "mx: m\xc3\xbcller.example\n",
	  "line 4: mx \"m\?\?ller.example\" is not written in A-labels (xn--...)" },
	{ V "mode: none\n" A "mx: a_b\n", "line 4: mx \"a_b\" has a character that no host name has" },
	{ V M A "mx: 1234567890123456789012345678901234567890123456789012345678901234.example\n",
	  "line 4: mx \"12345678901234567890123456789012345678901234...\" has a label of more than 63 characters" },
};

static void test_good(void **state)
{
	char said[STS_REASON_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		bool ok = parse(good[i].text, strlen(good[i].text), said, sizeof(said));
		assert_string_equal(said, good[i].read);
		assert_true(ok);
	}
}

static void test_bad(void **state)
{
	char said[STS_REASON_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		bool ok = parse(bad[i].text, strlen(bad[i].text), said, sizeof(said));
		assert_string_equal(said, bad[i].reason);
		assert_false(ok);
	}
}

static void test_nul(void **state)
{
	static const char text[] = GOOD "x: a\0b\n";
	char said[STS_REASON_MAX];

	(void)state;
	assert_false(parse(text, sizeof(text) - 1, said, sizeof(said)));
	assert_string_equal(said, "line 5: a NUL octet");
	assert_false(parse("\0", 1, said, sizeof(said)));
	assert_string_equal(said, "line 1: a NUL octet");
}

/* A text that is cut is no shorter policy: but at the end of its last line, nothing of the good one holds. */
static void test_cut(void **state)
{
	char said[STS_REASON_MAX];
	size_t len = strlen(GOOD);

	(void)state;
	for (size_t i = 0; i < len; i++) {
		bool digits = i >= len - 5; /* max_age: 8640, 864, ... */
		assert_int_equal(parse(GOOD, i, said, sizeof(said)), digits);
	}
}

/* No octet anywhere makes it read what is not there. */
static void test_octets(void **state)
{
	char text[] = GOOD;
	char said[STS_REASON_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		char kept = text[i];
		for (unsigned c = 0; c < 256; c++) {
			text[i] = (char)c;
			bool ok = parse(text, sizeof(text) - 1, said, sizeof(said));
			assert_true(said[0] != '\0');
			assert_true(!ok || strncmp(said, "enforce ", 8) == 0);
		}
		text[i] = kept;
	}
}

static void test_many(void **state)
{
	static char text[STS_TEXT_MAX + 2];
	char said[64 * VERDICT_PATTERNS_MAX];
	size_t len;

	(void)state;
	len = (size_t)snprintf(text, sizeof(text), V M A);
	for (unsigned i = 0; i < VERDICT_PATTERNS_MAX; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "mx: mx%u.d.example\n", i);
	assert_true(parse(text, len, said, sizeof(said)));
	assert_non_null(strstr(said, " mx127.d.example"));
	len += (size_t)snprintf(text + len, sizeof(text) - len, "mx: mx.d.example\n");
	assert_false(parse(text, len, said, sizeof(said)));
	assert_string_equal(said, "line 132: more than 128 times mx");
}

static void test_long(void **state)
{
	static char text[STS_TEXT_MAX + 2];
	char said[STS_REASON_MAX];
	size_t len = (size_t)snprintf(text, sizeof(text), GOOD "x: ");

	(void)state;
	memset(text + len, 'x', sizeof(text) - len);
	assert_true(parse(text, STS_TEXT_MAX, said, sizeof(said)));
	assert_false(parse(text, STS_TEXT_MAX + 1, said, sizeof(said)));
	assert_string_equal(said, "it is longer than 65536 octets");
	/* a name of 253 characters is one, of 254 none */
	len = (size_t)snprintf(text, sizeof(text), V M A "mx: ");
	for (unsigned i = 0; i < 126; i++)
		memcpy(text + len + (size_t)i * 2, "a.", 2);
	text[len + 252] = 'a';
	assert_true(parse(text, len + 253, said, sizeof(said)));
	text[len + 253] = 'a';
	assert_false(parse(text, len + 254, said, sizeof(said)));
	assert_string_equal(said, "line 4: mx \"a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a....\" is longer than a "
				  "domain name");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good), cmocka_unit_test(test_bad),    cmocka_unit_test(test_nul),
		cmocka_unit_test(test_cut),  cmocka_unit_test(test_octets), cmocka_unit_test(test_many),
		cmocka_unit_test(test_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_list.c - a STARTTLS-Everywhere list: what is read of a sound one, and each defect with its own reason and place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/list/list.h"

#define TIMES        "\"timestamp\": 1700000000, \"expires\": 1800000000"
#define HEAD         "{" TIMES ", \"version\": \"0.1\", "
#define ALIAS        "\"policy-aliases\": {\"big\": {\"mode\": \"enforce\", \"mxs\": [\".mx.big.example\"]}}"
#define NONE         "\"policy-aliases\": {}"
#define WITH(policy) HEAD NONE ", \"policies\": {\"a.example\": " policy "}}"

static struct list *parse(const char *text, char err[LIST_REASON_MAX])
{
	/* An exact copy without a NUL, so that a sanitizer sees one octet read too far. */
	size_t len = strlen(text);
	char *copy = malloc(len > 0 ? len : 1);
	struct list *list;

	assert_non_null(copy);
	memcpy(copy, text, len);
	(void)snprintf(err, LIST_REASON_MAX, "untouched");
	list = list_parse(copy, len, err, LIST_REASON_MAX);
	free(copy);
	return list;
}

static void test_good(void **state)
{
	char err[LIST_REASON_MAX];
	struct list_entry entry;
	struct list *list =
		parse("{\"policies\": {"
		      "  \"Z.example\": {\"mode\": \"enforce\", \"mxs\": [\"MX1.z.example\", \".z.example\"]},"
		      "  \"a.example\": {\"mxs\": [\"mx.a.example\"]},"
		      "  \"c.example\": {\"policy-alias\": \"Big One\"},"
		      "  \"xn--p1ai.xn--p1ai\": {\"mode\": \"testing\", \"mxs\": [\".xn--p1ai.xn--p1ai\"]}"
		      "}, \"policy-aliases\": {\"Big One\": {\"mode\": \"enforce\", \"mxs\": [\".big.example\"]}},"
		      "\"author\": \"somebody\", \"version\": \"0.1\", \"expires\": 1800000000, "
		      "\"timestamp\": \"2023-11-14T22:13:20Z\"}",
		      err);

	(void)state;
	assert_non_null(list);
	assert_int_equal(list_timestamp(list), 1700000000);
	assert_int_equal(list_expires(list), 1800000000);
	assert_int_equal(list_count(list), 4);

	assert_true(list_find(list, "z.example", &entry));
	assert_true(entry.enforce);
	assert_int_equal(entry.patterns_count, 2);
	assert_string_equal(entry.patterns[0].name, "mx1.z.example");
	assert_false(entry.patterns[0].wildcard);
	assert_string_equal(entry.patterns[1].name, "z.example");
	assert_true(entry.patterns[1].wildcard);
	/* .suffix: one label, no more and no less */
	assert_true(verdict_pattern_has(&entry.patterns[1], "mx9.z.example"));
	assert_false(verdict_pattern_has(&entry.patterns[1], "a.mx9.z.example"));
	assert_false(verdict_pattern_has(&entry.patterns[1], "z.example"));

	assert_true(list_find(list, "a.example", &entry));
	assert_false(entry.enforce); /* the default */
	assert_true(list_find(list, "c.example", &entry));
	assert_true(entry.enforce);
	assert_string_equal(entry.patterns[0].name, "big.example");
	assert_true(list_find(list, "xn--p1ai.xn--p1ai", &entry));

	/* exact: no parent, no child, no alias by its own name */
	assert_false(list_find(list, "example", &entry));
	assert_int_equal(entry.patterns_count, 0);
	assert_false(list_find(list, "mail.z.example", &entry));
	assert_false(list_find(list, "Big One", &entry));
	assert_false(list_find(list, "", &entry));
	list_free(list);
}

static void test_empty(void **state)
{
	char err[LIST_REASON_MAX];
	struct list_entry entry;
	struct list *list = parse(HEAD NONE ", \"policies\": {}}", err);

	(void)state;
	assert_non_null(list);
	assert_int_equal(list_count(list), 0);
	assert_false(list_find(list, "a.example", &entry));
	list_free(list);
	list_free(NULL);
}

static const struct {
	const char *text;
	const char *why; /* the whole reason; "..." at its end: its beginning */
} defects[] = {
	/* no JSON, or not one document of it */
	{ "", "line 1: '[' or '{' expected near end of file" },
	{ "\n\n{\"timestamp\": ,\n", "line 3: unexpected token near ','" },
	{ "{\n\"version\": \"0.1\"\n", "line 3: '}' expected near end of file" },
	{ WITH("{\"mxs\": [\"mx.a.example\"]}") " x", "line 1: end of file expected near 'x'" },
	{ "{\"version\": \"0.1\",\n \"version\": \"0.1\"}", "line 2: duplicate object key near '\"version\"'" },
	{ "{\"version\": \"0.1\", }", "line 1: string or '}' expected near '}'" },
	{ "{\"version\": \"\xff\"}", "line 1: unable to decode byte 0xff near '\"'" },
	{ "{\"a\\u0000\": 1}", "line 1: NUL byte in object key not supported near '\"a\\u0000\"'" },
	/* members of the document */
	{ "{}", "\"timestamp\" is missing" },
	{ "{\"timestamp\": 1}", "\"expires\" is missing" },
	{ "{" TIMES "}", "\"version\" is missing" },
	{ HEAD NONE "}", "\"policies\" is missing" },
	{ HEAD "\"policies\": {}}", "\"policy-aliases\" is missing" },
	{ HEAD NONE ", \"policies\": {}, \"Author\": \"x\"}", "\"Author\" is not a member that version 0.1 has" },
	{ HEAD NONE ", \"policies\": {}, \"\x1b[31m\": 1}", "line 1: control character 0x1b near '\"'" },
	{ HEAD NONE ", \"policies\": {}, \"\\u001b[31m\": 1}", "\"?[31m\" is not a member that version 0.1 has" },
	{ "{" TIMES ", \"version\": \"0.2\"}", "version: not \"0.1\", the one version that is known here" },
	{ "{" TIMES ", \"version\": 0.1}", "version: not \"0.1\", the one version that is known here" },
	{ HEAD NONE ", \"author\": 1, \"policies\": {}}", "author: not a string" },
	{ HEAD NONE ", \"policies\": []}", "policies: not an object" },
	{ HEAD "\"policies\": {}, \"policy-aliases\": null}", "policy-aliases: not an object" },
	/* times */
	{ "{\"timestamp\": -1}", "timestamp: -1 is no number of seconds since 1970, before the year 10000" },
	{ "{\"timestamp\": 1700000000000}",
	  "timestamp: 1700000000000 is no number of seconds since 1970, before the year 10000" },
	{ "{\"timestamp\": 1.5}", "timestamp: neither a string nor a whole number of seconds since 1970" },
	{ "{\"timestamp\": true}", "timestamp: neither a string nor a whole number of seconds since 1970" },
	{ "{\"timestamp\": 99999999999999999999}", "line 1: too big integer near '99999999999999999999'" },
	{ "{\"timestamp\": \"yesterday\"}",
	  "timestamp: \"yesterday\" is no time such as 2026-11-26T17:30:00Z or 2026-11-26T17:30:00+00:00" },
	{ "{\"timestamp\": 1, \"expires\": \"2023-02-29T00:00:00Z\"}",
	  "expires: \"2023-02-29T00:00:00Z\" is no time such as ..." },
	/* policies */
	{ WITH("1"), "policies, a.example: not an object" },
	{ WITH("{}"), "policies, a.example: neither mxs nor policy-alias" },
	{ WITH("{\"mode\": \"enforce\"}"), "policies, a.example: neither mxs nor policy-alias" },
	{ WITH("{\"mode\": \"Enforce\", \"mxs\": [\"mx.a.example\"]}"),
	  "policies, a.example, mode: neither \"enforce\" nor \"testing\"" },
	{ WITH("{\"mode\": \"none\", \"mxs\": [\"mx.a.example\"]}"),
	  "policies, a.example, mode: neither \"enforce\" nor \"testing\"" },
	{ WITH("{\"mode\": null, \"mxs\": [\"mx.a.example\"]}"),
	  "policies, a.example, mode: neither \"enforce\" nor \"testing\"" },
	{ WITH("{\"mode\": \"enforce\", \"mx\": [\"mx.a.example\"]}"),
	  "policies, a.example: \"mx\" is not a member that version 0.1 has" },
	{ WITH("{\"mxs\": \"mx.a.example\"}"), "policies, a.example, mxs: not an array" },
	{ WITH("{\"mxs\": []}"), "policies, a.example, mxs: no entry, so no server could ever be right" },
	{ WITH("{\"mxs\": [1]}"), "policies, a.example, mxs: an entry that is not a string" },
	{ WITH("{\"mxs\": [\"\"]}"), "policies, a.example, mxs: \"\" is not a domain name" },
	{ WITH("{\"mxs\": [\"mx..example\"]}"), "policies, a.example, mxs: \"mx..example\" is not a domain name" },
	{ WITH("{\"mxs\": [\"mx.a.example.\"]}"), "policies, a.example, mxs: \"mx.a.example.\" is not a domain name" },
	{ WITH("{\"mxs\": [\"..a.example\"]}"), "policies, a.example, mxs: \"..a.example\" is not a domain name" },
	{ WITH("{\"mxs\": [\"*.a.example\"]}"), "policies, a.example, mxs: \"*.a.example\" has a wildcard: ..." },
	{ WITH("{\"mxs\": [\"192.0.2.1\"]}"), "policies, a.example, mxs: \"192.0.2.1\" is an address and not a ..." },
	{ WITH("{\"mxs\": [\".example\"]}"),
	  "policies, a.example, mxs: \".example\" would allow every host below a top-level domain" },
	{ WITH("{\"mxs\": [\"mx\"]}"), "policies, a.example, mxs: \"mx\" is a single label and not an MX host" },
	{ WITH("{\"mxs\": [\"mx.a.example\", \"MX.a.example\"]}"),
	  "policies, a.example, mxs: \"MX.a.example\" is there twice" },
	{ HEAD NONE ", \"policies\": {\"b\xc3\xbc"
		    "cher.example\": {\"mxs\": [\"mx.a.example\"]}}}",
	  "policies: \"b??cher.example\" has letters beyond ASCII: write the name in its A-label form (xn--...)" },
	{ HEAD NONE ", \"policies\": {\".a.example\": {\"mxs\": [\"mx.a.example\"]}}}",
	  "policies: \".a.example\" begins with a dot, which has no meaning here" },
	{ HEAD NONE ", \"policies\": {\"intern\": {\"mxs\": [\"mx.a.example\"]}}}",
	  "policies: \"intern\" is a single label and not a mail domain" },
	{ HEAD NONE ", \"policies\": {\"\": {\"mxs\": [\"mx.a.example\"]}}}", "policies: \"\" is not a domain name" },
	{ HEAD NONE ", \"policies\": {\"a.example\": {\"mxs\": [\"mx.a.example\"]}, "
		    "\"A.example\": {\"mxs\": [\"mx.b.example\"]}}}",
	  "policies: a.example is there twice, in letters of different case" },
	/* aliases */
	{ HEAD ALIAS ", \"policies\": {\"a.example\": {\"policy-alias\": \"Big\"}}}",
	  "policies, a.example, policy-alias: policy-aliases has no \"Big\"" },
	{ HEAD ALIAS ", \"policies\": {\"a.example\": {\"policy-alias\": 1}}}",
	  "policies, a.example, policy-alias: not a string" },
	{ HEAD ALIAS ", \"policies\": {\"a.example\": {\"policy-alias\": \"big\", \"mode\": \"enforce\"}}}",
	  "policies, a.example: \"mode\" beside policy-alias: one of them has to go" },
	{ HEAD "\"policies\": {}, \"policy-aliases\": {\"one\": {\"policy-alias\": \"two\"}, "
	       "\"two\": {\"policy-alias\": \"one\"}}}",
	  "policy-aliases, one: an alias of an alias" },
	{ HEAD "\"policies\": {}, \"policy-aliases\": {\"one\": {\"policy-alias\": \"one\"}}}",
	  "policy-aliases, one: an alias of an alias" },
	{ HEAD "\"policies\": {}, \"policy-aliases\": {\"one\": {\"mode\": \"enforce\"}}}",
	  "policy-aliases, one: neither mxs nor policy-alias" },
	{ HEAD "\"policies\": {}, \"policy-aliases\": {\"\": {\"mxs\": [\"mx.a.example\"]}}}",
	  "policy-aliases: an alias without a name" },
};

static void test_defects(void **state)
{
	char err[LIST_REASON_MAX];
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(defects) / sizeof(defects[0]); i++) {
		size_t len = strlen(defects[i].why);
		bool open = len > 3 && strcmp(defects[i].why + len - 3, "...") == 0;
		assert_null(parse(defects[i].text, err));
		if (open ? strncmp(err, defects[i].why, len - 3) != 0 : strcmp(err, defects[i].why) != 0)
			wrong++, print_error("row %zu: %s\nand not: %s\n", i, err, defects[i].why);
	}
	assert_int_equal(wrong, 0);
}

/* A time as |text| says it: 0 where it is a defect. */
static uint64_t time_of(const char *text)
{
	char whole[512];
	char err[LIST_REASON_MAX];
	uint64_t at = 0;

	(void)snprintf(whole, sizeof(whole),
		       "{\"timestamp\": \"%s\", \"expires\": 0, \"version\": \"0.1\", " NONE ", \"policies\": {}}",
		       text);
	struct list *list = parse(whole, err);
	if (list != NULL)
		at = list_timestamp(list);
	list_free(list);
	return at;
}

static void test_times(void **state)
{
	static const struct {
		const char *text;
		uint64_t at;
	} rows[] = {
		{ "2020-05-20T10:25:12.710034-07:00", 1589995512 }, /* as the list of 2020 has it */
		{ "2014-06-06T14:30:16+00:00", 1402065016 },
		{ "2020-02-29T23:59:59Z", 1583020799 },
		{ "2020-03-01T00:59:59+01:00", 1583020799 },
		{ "1970-01-01T00:00:01Z", 1 },
		{ "9999-12-31T23:59:59Z", 253402300799 },
		{ "2021-02-29T00:00:00Z", 0 },
		{ "2020-02-30T00:00:00Z", 0 },
		{ "2020-13-01T00:00:00Z", 0 },
		{ "2020-00-01T00:00:00Z", 0 },
		{ "2020-01-00T00:00:00Z", 0 },
		{ "2020-01-32T00:00:00Z", 0 },
		{ "2020-01-01T24:00:00Z", 0 },
		{ "2020-01-01T00:60:00Z", 0 },
		{ "2016-12-31T23:59:60Z", 0 },
		{ "1969-12-31T23:59:59Z", 0 },
		{ "1970-01-01T00:00:00+00:01", 0 },
		{ "2020-01-01T00:00:00", 0 }, /* of which zone? */
		{ "2020-01-01T00:00:00.Z", 0 },
		{ "2020-01-01T00:00:00,5Z", 0 },
		{ "2020-01-01t00:00:00z", 0 },
		{ "2020-01-01 00:00:00Z", 0 },
		{ "2020-01-01T00:00Z", 0 },
		{ "2020-1-1T00:00:00Z", 0 },
		{ "2020-01-01T00:00:00+1:00", 0 },
		{ "2020-01-01T00:00:00+0100", 0 },
		{ "2020-01-01T00:00:00+24:00", 0 },
		{ "2020-01-01T00:00:00+01:60", 0 },
		{ "2020-01-01T00:00:00+01:00x", 0 },
		{ "2020-01-01T00:00:00ZZ", 0 },
		{ "+020-01-01T00:00:00Z", 0 },
		{ "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (time_of(rows[i].text) != rows[i].at)
			fail_msg("%s: %llu", rows[i].text, (unsigned long long)time_of(rows[i].text));
}

/* One octet too large, one entry too many, one level too deep. */
static void test_bounds(void **state)
{
	char err[LIST_REASON_MAX];
	char *text = malloc(LIST_TEXT_MAX + 2);
	const char *good = HEAD NONE ", \"policies\": {}}";
	struct list *list;
	size_t len = strlen(good);

	(void)state;
	assert_non_null(text);
	memset(text, ' ', LIST_TEXT_MAX + 1);
	memcpy(text, good, len);
	list = list_parse(text, LIST_TEXT_MAX, err, sizeof(err));
	assert_non_null(list);
	list_free(list);
	assert_null(list_parse(text, LIST_TEXT_MAX + 1, err, sizeof(err)));
	assert_string_equal(err, "larger than 16 MiB");

	for (int count = VERDICT_PATTERNS_MAX; count <= VERDICT_PATTERNS_MAX + 1; count++) {
		char *at = text + sprintf(text, "%s", HEAD NONE ", \"policies\": {\"a.example\": {\"mxs\": [");
		for (int i = 0; i < count; i++)
			at += sprintf(at, "%s\"mx%d.a.example\"", i > 0 ? "," : "", i);
		(void)sprintf(at, "]}}}");
		list = parse(text, err);
		assert_true((list != NULL) == (count == VERDICT_PATTERNS_MAX));
		list_free(list);
	}
	assert_string_equal(err, "policies, a.example, mxs: more than 128 entries");

	memset(text, '[', 100000);
	text[100000] = '\0';
	assert_null(parse(text, err));
	assert_string_equal(err, "line 1: maximum parsing depth reached near '['");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),  cmocka_unit_test(test_empty),  cmocka_unit_test(test_defects),
		cmocka_unit_test(test_times), cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

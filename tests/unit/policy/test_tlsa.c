/* test_tlsa.c - TLSA records as values: which can be used (RFC 7672 s. 3.1), which count (RFC 7671 s. 9), and their
 * text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/verdict/tlsa.h"

static uint8_t data[TLSA_DATA_MAX];

/* A certificate begins with 0xce, a key with 0x5e. */
static bool parses(uint8_t selector, const uint8_t *der, size_t len)
{
	assert_true(len > 0);
	return der[0] == (selector == TLSA_CERT ? 0xce : 0x5e);
}

static void test_usable(void **state)
{
	static const struct {
		unsigned usage, selector, mtype, len, first;
		const char *why; /* NULL: usable */
	} rows[] = {
		{ 3, 1, 1, 32, 0, NULL },
		{ 3, 0, 1, 32, 0, NULL },
		{ 2, 0, 1, 32, 0, NULL },
		{ 2, 1, 1, 32, 0, NULL },
		{ 3, 1, 2, 64, 0, NULL },
		{ 2, 0, 2, 64, 0, NULL },
		{ 3, 0, 0, 700, 0xce, NULL },
		{ 3, 1, 0, 91, 0x5e, NULL },
		{ 2, 0, 0, 700, 0xce, NULL },
		{ 2, 1, 0, 91, 0x5e, NULL },
		{ 2, 1, 0, TLSA_DATA_MAX, 0x5e, NULL },
		/* usages: never is 1 taken for 3, or 0 for 2 */
		{ 0, 1, 1, 32, 0, "usages 0 and 1 are not for SMTP" },
		{ 1, 1, 1, 32, 0, "usages 0 and 1 are not for SMTP" },
		{ 1, 0, 0, 700, 0xce, "usages 0 and 1 are not for SMTP" },
		{ 4, 1, 1, 32, 0, "of an unknown usage" },
		{ 255, 1, 1, 32, 0, "of an unknown usage" },
		/* selectors and matching types */
		{ 3, 2, 1, 32, 0, "of an unknown selector" },
		{ 3, 255, 1, 32, 0, "of an unknown selector" },
		{ 3, 1, 3, 32, 0, "of an unknown matching type" },
		{ 3, 1, 255, 64, 0, "of an unknown matching type" },
		/* a digest has its length and no other */
		{ 3, 1, 1, 0, 0, "its SHA-256 has not 32 octets" },
		{ 3, 1, 1, 31, 0, "its SHA-256 has not 32 octets" },
		{ 3, 1, 1, 33, 0, "its SHA-256 has not 32 octets" },
		{ 3, 1, 1, 64, 0, "its SHA-256 has not 32 octets" },
		{ 3, 1, 2, 32, 0, "its SHA-512 has not 64 octets" },
		{ 2, 1, 2, 63, 0, "its SHA-512 has not 64 octets" },
		{ 2, 1, 2, 65, 0, "its SHA-512 has not 64 octets" },
		/* full data is what the selector says */
		{ 3, 0, 0, 91, 0x5e, "its data is no certificate" },
		{ 3, 1, 0, 700, 0xce, "its data is no public key" },
		{ 2, 0, 0, 0, 0, "its data is no certificate" },
		{ 2, 1, 0, 0, 0, "its data is no public key" },
		{ 2, 0, 0, 32, 0, "its data is no certificate" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tlsa record = { (uint8_t)rows[i].usage, (uint8_t)rows[i].selector, (uint8_t)rows[i].mtype,
				       (uint16_t)rows[i].len, data };
		data[0] = (uint8_t)rows[i].first;
		const char *why = tlsa_unusable(&record, parses);
		if ((why == NULL) != (rows[i].why == NULL) || (why != NULL && strcmp(why, rows[i].why) != 0))
			fail_msg("%u %u %u, %u octets: %s", rows[i].usage, rows[i].selector, rows[i].mtype, rows[i].len,
				 why != NULL ? why : "usable");
		/* Who cannot look into full data cannot use it. */
		why = tlsa_unusable(&record, NULL);
		if (rows[i].mtype == TLSA_FULL && why == NULL)
			fail_msg("row %zu: full data that nobody parsed", i);
	}
}

/* Every octet triple: usable are 2 and 3, 0 and 1, 0 to 2, and nothing else. */
static void test_every_parameter(void **state)
{
	static const uint16_t lens[] = { 1, 32, 64 };
	unsigned usable = 0;

	(void)state;
	for (unsigned usage = 0; usage < 256; usage++) {
		for (unsigned selector = 0; selector < 256; selector++) {
			for (unsigned mtype = 0; mtype < 256; mtype++) {
				struct tlsa record = { (uint8_t)usage, (uint8_t)selector, (uint8_t)mtype,
						       lens[mtype % 3], data };
				data[0] = selector == 0 ? 0xce : 0x5e;
				if (tlsa_unusable(&record, parses) != NULL)
					continue;
				assert_true((usage == 2 || usage == 3) && selector <= 1 && mtype <= 2);
				usable++;
			}
		}
	}
	assert_int_equal(usable, 12);
}

/* A set in words: "311 312 300". */
static size_t set_of(struct tlsa *out, const char *words)
{
	size_t count = 0;

	for (; *words != '\0'; words += words[3] == ' ' ? 4 : 3)
		out[count++] = (struct tlsa){ .usage = (uint8_t)(words[0] - '0'),
					      .selector = (uint8_t)(words[1] - '0'),
					      .mtype = (uint8_t)(words[2] - '0') };
	return count;
}

static void test_agility(void **state)
{
	static const struct {
		const char *set;
		const char *outdone; /* one letter each: x is, - is not */
	} rows[] = {
		{ "311", "-" },
		{ "312", "-" },
		{ "310", "-" },
		{ "311 311", "--" },
		{ "311 312", "x-" },
		{ "312 311", "-x" },
		{ "311 312 311", "x-x" },
		{ "312 312", "--" },
		/* full data is never outdone and outdoes nothing */
		{ "310 311", "--" },
		{ "310 312", "--" },
		{ "310 311 312", "-x-" },
		/* pairs of usage and selector are independent */
		{ "311 302", "--" },
		{ "311 212", "--" },
		{ "311 202", "--" },
		{ "211 202 301 312", "----" },
		{ "211 212 301 302", "x-x-" },
		{ "201 202 211 301 302 311", "x--x--" },
		{ "311 312 301 302 211 212 201 202", "x-x-x-x-" },
	};
	struct tlsa set[8];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t count = set_of(set, rows[i].set);
		assert_int_equal(count, strlen(rows[i].outdone));
		for (size_t j = 0; j < count; j++) {
			if (tlsa_outdone(set, count, j) != (rows[i].outdone[j] == 'x'))
				fail_msg("%s: record %zu", rows[i].set, j);
		}
	}
}

static void test_format(void **state)
{
	static const struct {
		unsigned usage, selector, mtype, len;
		const char *text;
	} rows[] = {
		{ 3, 1, 1, 2, "3 1 1 abab" },
		{ 0, 0, 0, 1, "0 0 0 ab" },
		{ 255, 255, 255, 1, "255 255 255 ab" },
		{ 3, 1, 1, 0, "3 1 1 " },
		{ 2, 0, 0, 65, "2 0 0 abababababababababababababababab..." },
	};
	char text[TLSA_TEXT_MAX];

	(void)state;
	memset(data, 0xab, sizeof(data));
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tlsa record = { (uint8_t)rows[i].usage, (uint8_t)rows[i].selector, (uint8_t)rows[i].mtype,
				       (uint16_t)rows[i].len, data };
		assert_string_equal(tlsa_format(&record, text), rows[i].text);
	}
	/* The longest that is not cut. */
	struct tlsa longest = { 255, 255, 255, 64, data };
	assert_int_equal(strlen(tlsa_format(&longest, text)), 12 + 128);
	longest.len = TLSA_DATA_MAX;
	assert_true(strlen(tlsa_format(&longest, text)) < TLSA_TEXT_MAX);
}

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		const char *back; /* NULL: no such thing */
	} rows[] = {
		{ "3 1 1 abcd", "3 1 1 abcd" },
		{ "3 1 1 ABcd", "3 1 1 abcd" },
		{ "  3\t1  1 ab cd\tEF ", "3 1 1 abcdef" },
		{ "255 255 255 00", "255 255 255 00" },
		{ "003 1 1 00", "3 1 1 00" },
		{ "3 1 1 a b", "3 1 1 ab" },
		{ "", NULL },
		{ "3", NULL },
		{ "3 1", NULL },
		{ "3 1 1", NULL },
		{ "3 1 1 ", NULL },
		{ "3 1 1 a", NULL },
		{ "3 1 1 abc", NULL },
		{ "3 1 1 ag", NULL },
		{ "3 1 1 0xab", NULL },
		{ "3 1 1 ab\n", NULL },
		{ "3 1 1 (ab)", NULL },
		{ "3 1 1ab", NULL },
		{ "311 ab", NULL },
		{ "3,1,1 ab", NULL },
		{ "256 1 1 ab", NULL },
		{ "3 999 1 ab", NULL },
		{ "00003 1 1 ab", NULL },
		{ "-3 1 1 ab", NULL },
		{ "+3 1 1 ab", NULL },
		{ "3 1 99999999999999999999 ab", NULL },
		{ "DANE-EE SPKI SHA2-256 ab", NULL },
		{ "3 1 1 \xc3\xa4", NULL },
	};
	char text[TLSA_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tlsa record = { 9, 9, 9, 9, data };
		bool ok = tlsa_parse(&record, rows[i].text);
		if (ok != (rows[i].back != NULL) || (ok && strcmp(tlsa_format(&record, text), rows[i].back) != 0))
			fail_msg("\"%s\": %s", rows[i].text, ok ? text : "refused");
		if (!ok) /* nothing is left to free, and nothing of the caller's was */
			assert_true(record.data == NULL && record.len == 0);
		free(record.data);
	}
}

static void test_parse_bounds(void **state)
{
	size_t room = 8 + 4 * (size_t)TLSA_DATA_MAX + 8;
	char *text = malloc(room);
	struct tlsa record;

	(void)state;
	assert_non_null(text);
	for (int more = 0; more <= 1; more++) {
		(void)snprintf(text, room, "2 0 0 ");
		memset(text + 6, 'a', 2 * (TLSA_DATA_MAX + (size_t)more));
		text[6 + 2 * (TLSA_DATA_MAX + (size_t)more)] = '\0';
		assert_int_equal(tlsa_parse(&record, text), more == 0);
		if (more == 0)
			assert_int_equal(record.len, TLSA_DATA_MAX);
		free(record.data);
	}
	memset(text + 6, ' ', room - 7); /* blanks without end */
	text[room - 1] = '\0';
	assert_false(tlsa_parse(&record, text));
	free(text);
}

static void test_equal(void **state)
{
	uint8_t one[] = { 1, 2 };
	uint8_t same[] = { 1, 2 };
	uint8_t other[] = { 1, 3 };
	const struct tlsa a = { 3, 1, 1, 2, one };

	(void)state;
	assert_true(tlsa_equal(&a, &(struct tlsa){ 3, 1, 1, 2, same }));
	assert_false(tlsa_equal(&a, &(struct tlsa){ 2, 1, 1, 2, same }));
	assert_false(tlsa_equal(&a, &(struct tlsa){ 3, 0, 1, 2, same }));
	assert_false(tlsa_equal(&a, &(struct tlsa){ 3, 1, 2, 2, same }));
	assert_false(tlsa_equal(&a, &(struct tlsa){ 3, 1, 1, 1, same }));
	assert_false(tlsa_equal(&a, &(struct tlsa){ 3, 1, 1, 2, other }));
	assert_true(tlsa_equal(&(struct tlsa){ 0 }, &(struct tlsa){ 0 }));
}

static void test_frees(void **state)
{
	struct tlsa *set = calloc(2, sizeof(*set));

	(void)state;
	assert_non_null(set);
	set[0].data = malloc(4);
	tlsa_free(set, 2);
	tlsa_free(NULL, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usable),  cmocka_unit_test(test_every_parameter),
		cmocka_unit_test(test_agility), cmocka_unit_test(test_format),
		cmocka_unit_test(test_parse),   cmocka_unit_test(test_parse_bounds),
		cmocka_unit_test(test_equal),   cmocka_unit_test(test_frees),
	};

	return cmocka_run_group_tests_name("tlsa", tests, NULL, NULL);
}

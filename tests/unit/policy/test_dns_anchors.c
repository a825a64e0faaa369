/* test_dns_anchors.c - trust anchors: the built-in ones against Debian's dns-root-data, and what texts are taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ldns/ldns.h>
#include <stdio.h>
#include <string.h>

#include "policy/dns/dns_anchors.h"

#define ROOT_KEY "/usr/share/dns/root.key"
#define DIGEST   "E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"

struct taken {
	char records[8][1024];
	size_t count;
};

static bool take(void *arg, const char *record)
{
	struct taken *taken = arg;

	assert_true(taken->count < 8);
	(void)snprintf(taken->records[taken->count++], sizeof(taken->records[0]), "%s", record);
	return true;
}

static bool refuse(void *arg, const char *record)
{
	(void)arg;
	(void)record;
	return false;
}

static ldns_rr *parse(const char *text)
{
	ldns_rr *rr = NULL;

	assert_int_equal(ldns_rr_new_frm_str(&rr, text, 0, NULL, NULL), LDNS_STATUS_OK);
	return rr;
}

static bool is_built_in(const ldns_rr *key)
{
	ldns_rr *made = ldns_key_rr2ds(key, LDNS_SHA256);
	bool found = false;

	assert_non_null(made);
	for (size_t i = 0; i < DNS_ANCHORS_ROOT_COUNT; i++) {
		ldns_rr *ds = parse(dns_anchors_root[i]);
		found |= ldns_rr_compare_ds(key, ds);
		ldns_rr_free(ds);
	}
	ldns_rr_free(made);
	return found;
}

/* Each key there is one of ours, and there are as many. */
static void test_root(void **state)
{
	FILE *in = fopen(ROOT_KEY, "r");
	char text[8192];
	struct taken taken = { 0 };
	char err[128];

	(void)state;
	if (in == NULL)
		skip();
	text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
	(void)fclose(in);
	assert_true(dns_anchors_read(text, take, &taken, err, sizeof(err)));
	assert_int_equal(taken.count, DNS_ANCHORS_ROOT_COUNT);
	for (size_t i = 0; i < taken.count; i++) {
		ldns_rr *key = parse(taken.records[i]);
		if (!is_built_in(key))
			fail_msg("not built in: %s", taken.records[i]);
		ldns_rr_free(key);
	}
}

static void test_built_in(void **state)
{
	struct taken taken = { 0 };
	char err[128];

	(void)state;
	assert_true(dns_anchors_read(NULL, take, &taken, err, sizeof(err)));
	assert_int_equal(taken.count, 2);
	assert_string_equal(taken.records[0], ". IN DS 20326 8 2 " DIGEST);
	assert_non_null(strstr(taken.records[1], ". IN DS 38696 8 2 "));
	assert_false(dns_anchors_read(NULL, refuse, NULL, err, sizeof(err)));
	assert_string_equal(err, "out of memory");
}

static void test_taken(void **state)
{
	/* Comments, several lines, $ORIGIN and $TTL, and a revoked key beside another. */
	static const char text[] = "; the lab's\n$TTL 60\n$ORIGIN lab.\n"
				   ". IN DS 20326 8 2 (\n  " DIGEST " )\n\n"
				   "sub DNSKEY 257 3 13 (\n  mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAe\n"
				   "  F+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ== ) ; here\n"
				   "sub DNSKEY 385 3 13 "
				   "mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L"
				   "53eKGQ==\n";
	struct taken taken = { 0 };
	char err[128] = "";

	(void)state;
	if (!dns_anchors_read(text, take, &taken, err, sizeof(err)))
		fail_msg("%s", err);
	assert_int_equal(taken.count, 2);
	assert_non_null(strstr(taken.records[0], "DS\t20326 8 2 "));
	assert_non_null(strstr(taken.records[1], "sub.lab.\t"));
}

static const struct {
	const char *text;
	const char *err;
} bad[] = {
	{ "", "the trust anchors hold no DS or DNSKEY record" },
	{ "; nothing\n", "the trust anchors hold no DS or DNSKEY record" },
	{ ". IN A 192.0.2.1\n", "trust anchors, line 1: neither a DS nor a DNSKEY record" },
	{ "\n\n. IN DS 1 5 2 " DIGEST "\n",
	  "trust anchors, line 3: of an algorithm that is not supported (8, 10, 13, 14 and 15 are)" },
	{ ". IN DS 1 8 1 AE1EA5B974D4C858B740BD03E3CED7EBFCBD1724\n",
	  "trust anchors, line 1: of a digest that is not supported (2 and 4 are)" },
	{ ". IN DS 1 8 4 " DIGEST "\n", "trust anchors, line 1: a digest of the wrong length" },
	{ ". IN DNSKEY 1 3 13 AAAA\n", "trust anchors, line 1: not a zone's key" },
	{ ". IN DS 1 8 2 " DIGEST "\nrubbish\n", "trust anchors, line 2: not a record" },
	{ ". IN DS 1 8\n", "trust anchors, line 1: not a record" },
	{ ". CH DS 1 8 2 " DIGEST "\n", "trust anchors, line 1: neither a DS nor a DNSKEY record" },
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct taken taken = { 0 };
		char err[128] = "";
		assert_false(dns_anchors_read(bad[i].text, take, &taken, err, sizeof(err)));
		assert_string_equal(err, bad[i].err);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_root),
		cmocka_unit_test(test_built_in),
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests_name("dns_anchors", tests, NULL, NULL);
}

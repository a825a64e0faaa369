/* test_dnssec_report.c - the report as a message, and the sentence for the operator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "proxy/base/dnssec_report.h"

static const struct dnssec_report sample = {
	.state = DNSSEC_PROVED, .mode = "trust-ad", .since_s = 1, .tested_s = 2, .failures = 3, .reason = "good"
};

static size_t write_report(uint8_t out[DNSSEC_REPORT_MAX], const struct dnssec_report *report)
{
	struct wire_writer w;

	wire_writer_init(&w, out, DNSSEC_REPORT_MAX);
	dnssec_report_put(&w, report);
	assert_false(w.failed);
	return w.len;
}

static bool read_report(struct dnssec_report *out, const uint8_t *bytes, size_t len)
{
	struct wire_reader r;

	wire_reader_init(&r, bytes, len);
	return dnssec_report_get(&r, out);
}

static void test_there_and_back(void **state)
{
	uint8_t bytes[DNSSEC_REPORT_MAX];
	struct dnssec_report longest = sample;
	struct dnssec_report got;
	size_t len;

	(void)state;
	len = write_report(bytes, &sample);
	assert_true(read_report(&got, bytes, len));
	assert_int_equal(got.state, DNSSEC_PROVED);
	assert_string_equal(got.mode, "trust-ad");
	assert_int_equal(got.since_s, 1);
	assert_int_equal(got.tested_s, 2);
	assert_int_equal(got.failures, 3);
	assert_string_equal(got.reason, "good");
	for (size_t cut = 0; cut < len; cut++)
		assert_false(read_report(&got, bytes, cut));
	assert_false(read_report(&got, bytes, len + 1));
	memset(longest.reason, 'x', sizeof(longest.reason) - 1);
	memset(longest.mode, 'x', sizeof(longest.mode) - 1);
	len = write_report(bytes, &longest);
	assert_true(read_report(&got, bytes, len));
}

/* A peer that was taken over can say nothing that a terminal or a log would choke on. */
static void test_hostile(void **state)
{
	uint8_t bytes[DNSSEC_REPORT_MAX];
	struct dnssec_report report = sample;
	struct dnssec_report got;
	size_t len;

	(void)state;
	report.state = DNSSEC_STATE_COUNT;
	len = write_report(bytes, &report);
	assert_false(read_report(&got, bytes, len));
	for (int c = 1; c < 256; c++) {
		report = sample;
		report.reason[1] = (char)c;
		len = write_report(bytes, &report);
		assert_int_equal(read_report(&got, bytes, len), c >= ' ' && c <= '~');
		report = sample;
		report.mode[1] = (char)c;
		len = write_report(bytes, &report);
		assert_int_equal(read_report(&got, bytes, len), c >= ' ' && c <= '~');
	}
}

/* The sentence names the ways out, and not the one that was tried already. */
static void test_sentence(void **state)
{
	static const struct {
		const char *conf;
		enum dnssec_state state;
		const char *has[4];
		const char *lacks;
	} cases[] = {
		{ "", DNSSEC_UNPROVED, { "WHY", "unbound", "recursion = yes", "dnssec = off" }, "deferred" },
		{ "dnssec = validate", DNSSEC_UNPROVED, { "WHY", "unbound", "recursion = yes" }, "deferred" },
		{ "dnssec = trust-ad", DNSSEC_UNPROVED, { "unbound", "dnssec = validate,", "dnssec = off" }, "recur" },
		{ "dnssec = validate recursion = yes",
		  DNSSEC_UNPROVED,
		  { "unbound", "dnssec = off" },
		  "set recursion" },
		{ "", DNSSEC_SILENT, { "WHY", "no resolver answers", "deferred" }, "unbound" },
		{ "", DNSSEC_TESTING, { "not ended" }, "unbound" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char sentence[DNSSEC_SENTENCE_MAX];
		struct conf conf;
		assert_true(conf_parse(&conf, "test.conf", cases[i].conf, NULL, NULL));
		dnssec_sentence(sentence, &conf, cases[i].state, "WHY");
		for (size_t k = 0; k < COUNT(cases[i].has) && cases[i].has[k] != NULL; k++) {
			if (strstr(sentence, cases[i].has[k]) == NULL)
				fail_msg("no %s in: %s", cases[i].has[k], sentence);
		}
		assert_null(strstr(sentence, cases[i].lacks));
		assert_null(strchr(sentence, '\n'));
		conf_cleanup(&conf);
	}
}

static void test_good(void **state)
{
	static const bool good[DNSSEC_STATE_COUNT] = { [DNSSEC_PROVED] = true, [DNSSEC_OFF] = true };

	(void)state;
	for (unsigned i = 0; i < DNSSEC_STATE_COUNT; i++)
		assert_int_equal(dnssec_state_good((enum dnssec_state)i), good[i]);
	assert_false(dnssec_state_good((enum dnssec_state)99));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_sentence),
		cmocka_unit_test(test_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

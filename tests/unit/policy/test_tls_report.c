/* test_tls_report.c - what is reported of a session, and that it arrives whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/verdict/tls_report.h"

static uint8_t bytes[WIRE_MAX];
static uint8_t big[TLSA_DATA_MAX];

static size_t put(const struct tls_report *report)
{
	struct wire_writer w;

	wire_writer_init(&w, bytes, TLS_REPORT_BYTES_MAX);
	tls_report_put(&w, report);
	assert_false(w.failed);
	return w.len;
}

static struct tls_report *get(size_t len)
{
	struct wire_reader r;

	wire_reader_init(&r, bytes, len);
	return tls_report_get(&r);
}

/* sample has everything that a report can have. */
static void sample(struct tls_report *report, const struct tlsa *tlsa, size_t tlsa_count,
		   const struct verdict_pattern *patterns, size_t patterns_count)
{
	memset(report, 0, sizeof(*report));
	(void)snprintf(report->domain, sizeof(report->domain), "d.example");
	assert_true(addr_parse(&report->sender, "192.0.2.25"));
	assert_true(addr_parse(&report->receiver, "2001:db8::25"));
	report->policies_count = 2;
	report->policies[0] = (struct tls_report_policy){
		.type = TLS_REPORT_TLSA, .domain = "mx.d.example", .tlsa = tlsa, .tlsa_count = tlsa_count
	};
	report->policies[1] = (struct tls_report_policy){ .type = TLS_REPORT_STS,
							  .domain = "d.example",
							  .failed = true,
							  .testing = true,
							  .id = "20260101",
							  .max_age_s = 86400,
							  .patterns = patterns,
							  .patterns_count = patterns_count };
	report->failures_count = 1;
	report->failures[0] = (struct tls_report_failure){ .policy = 1,
							   .word = RESULT_CERTIFICATE_EXPIRED,
							   .mx = "mx.d.example",
							   .helo = "host.example",
							   .reason = "expired yesterday" };
}

static const struct verdict_pattern patterns[] = { { "mx.d.example", false }, { "d.example", true } };

static void test_travels(void **state)
{
	static uint8_t digest[] = { 1, 2, 3 };
	const struct tlsa tlsa[] = { { 3, 1, 1, 3, digest } };
	struct tls_report report;

	(void)state;
	sample(&report, tlsa, 1, patterns, COUNT(patterns));
	struct tls_report *got = get(put(&report));
	assert_non_null(got);
	assert_string_equal(got->domain, "d.example");
	assert_true(addr_equal(&got->sender, &report.sender));
	assert_true(addr_equal(&got->receiver, &report.receiver));
	assert_int_equal(got->policies_count, 2);
	assert_int_equal(got->policies[0].type, TLS_REPORT_TLSA);
	assert_string_equal(got->policies[0].domain, "mx.d.example");
	assert_false(got->policies[0].failed);
	assert_int_equal(got->policies[0].tlsa_count, 1);
	assert_true(tlsa_equal(&got->policies[0].tlsa[0], &tlsa[0]));
	assert_true(got->policies[1].failed && got->policies[1].testing);
	assert_string_equal(got->policies[1].id, "20260101");
	assert_int_equal(got->policies[1].max_age_s, 86400);
	assert_int_equal(got->policies[1].patterns_count, 2);
	assert_string_equal(got->policies[1].patterns[1].name, "d.example");
	assert_true(got->policies[1].patterns[1].wildcard);
	assert_int_equal(got->failures_count, 1);
	assert_int_equal(got->failures[0].policy, 1);
	assert_int_equal(got->failures[0].word, RESULT_CERTIFICATE_EXPIRED);
	assert_string_equal(got->failures[0].mx, "mx.d.example");
	assert_string_equal(got->failures[0].helo, "host.example");
	assert_string_equal(got->failures[0].reason, "expired yesterday");
	tls_report_free(got);
}

/* Whoever sends less, or something else, is thrown out; nothing is read beyond the message's end. */
static void test_malformed(void **state)
{
	static uint8_t digest[] = { 1, 2, 3 };
	const struct tlsa tlsa[] = { { 3, 1, 1, 3, digest } };
	struct tls_report report;
	size_t len;

	(void)state;
	sample(&report, tlsa, 1, patterns, COUNT(patterns));
	len = put(&report);
	for (size_t cut = 0; cut < len; cut++) {
		struct wire_reader r;
		uint8_t *copy = malloc(cut + 1);
		assert_non_null(copy);
		memcpy(copy, bytes, cut);
		wire_reader_init(&r, copy, cut);
		assert_null(tls_report_get(&r));
		free(copy);
	}
	assert_null(get(len + 1));

	report.failures[0].policy = 2; /* no such policy */
	assert_null(get(put(&report)));
	report.failures[0].policy = 1;
	report.failures[0].word = RESULT_NONE;
	assert_null(get(put(&report)));
	report.failures[0].word = RESULT_COUNT;
	assert_null(get(put(&report)));
	sample(&report, tlsa, 1, patterns, COUNT(patterns));
	report.domain[0] = '\0';
	assert_null(get(put(&report)));
	sample(&report, tlsa, 1, patterns, COUNT(patterns));
	report.policies_count = report.failures_count = 0;
	assert_null(get(put(&report)));
	sample(&report, tlsa, 1, patterns, COUNT(patterns));
	report.policies[0].type = TLS_REPORT_STS; /* records in a policy of patterns */
	assert_null(get(put(&report)));
	sample(&report, tlsa, 1, patterns, COUNT(patterns));
	report.policies[1].type = TLS_REPORT_NO_POLICY;
	assert_null(get(put(&report)));
}

/* A report is never lost for being large: records are left out, and the largest that can be made fits. */
static void test_large(void **state)
{
	static struct tlsa many[TLSA_MAX];
	static struct verdict_pattern wide[VERDICT_PATTERNS_MAX];
	struct tls_report report;
	struct tls_report *got;

	(void)state;
	for (size_t i = 0; i < COUNT(wide); i++)
		memset(wide[i].name, 'a', VERDICT_NAME_MAX - 1);
	for (size_t i = 0; i < COUNT(many); i++)
		many[i] = (struct tlsa){ 3, 1, 1, 32, big };
	sample(&report, many, COUNT(many), wide, COUNT(wide));
	report.failures_count = TLS_REPORT_FAILURES_MAX;
	for (size_t i = 0; i < report.failures_count; i++) {
		report.failures[i] = (struct tls_report_failure){ .policy = 1, .word = RESULT_VALIDATION_FAILURE };
		memset(report.failures[i].mx, 'b', sizeof(report.failures[i].mx) - 1);
		memset(report.failures[i].helo, 'c', sizeof(report.failures[i].helo) - 1);
		memset(report.failures[i].reason, 'd', sizeof(report.failures[i].reason) - 1);
	}
	got = get(put(&report));
	assert_non_null(got);
	assert_int_equal(got->policies[0].tlsa_count, TLS_REPORT_TLSA_MAX);
	assert_int_equal(got->policies[1].patterns_count, VERDICT_PATTERNS_MAX);
	assert_int_equal(got->failures_count, TLS_REPORT_FAILURES_MAX);
	tls_report_free(got);

	/* One that is too large leaves its place to the others, in the next policy too. */
	many[0].len = TLSA_DATA_MAX;
	many[2].len = TLS_REPORT_TLSA_BYTES_MAX - 64;
	report.policies[1] = report.policies[0];
	report.policies[0].tlsa_count = 3;
	report.policies[1].tlsa_count = 3;
	got = get(put(&report));
	assert_non_null(got);
	assert_int_equal(got->policies[0].tlsa_count, 2);
	assert_int_equal(got->policies[0].tlsa[1].len, TLS_REPORT_TLSA_BYTES_MAX - 64);
	assert_int_equal(got->policies[1].tlsa_count, 1);
	tls_report_free(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_travels),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_large),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

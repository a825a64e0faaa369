/* test_tlsrpt_datagram.c - what a collector receives, octet for octet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/tlsrpt/tlsrpt_datagram.h"

#define RECORD "v=TLSRPTv1; rua=mailto:r@d.example"
#define HEAD   "{\"dpv\":\"1\",\"d\":\"d.example\",\"pr\":\"" RECORD "\",\"policies\":["

static struct tls_report report;

static void begin(void)
{
	memset(&report, 0, sizeof(report));
	(void)snprintf(report.domain, sizeof(report.domain), "d.example");
	assert_true(addr_parse(&report.sender, "192.0.2.25"));
	assert_true(addr_parse(&report.receiver, "2001:db8::25"));
}

static struct tls_report_policy *policy(enum tls_report_type type, const char *domain, bool failed)
{
	struct tls_report_policy *p = &report.policies[report.policies_count++];

	*p = (struct tls_report_policy){ .type = type, .failed = failed };
	(void)snprintf(p->domain, sizeof(p->domain), "%s", domain);
	return p;
}

static void failure(unsigned of, enum result_word word, const char *mx, const char *helo, const char *reason)
{
	struct tls_report_failure *f = &report.failures[report.failures_count++];

	*f = (struct tls_report_failure){ .policy = of, .word = word };
	(void)snprintf(f->mx, sizeof(f->mx), "%s", mx);
	(void)snprintf(f->helo, sizeof(f->helo), "%s", helo);
	(void)snprintf(f->reason, sizeof(f->reason), "%s", reason);
}

static void assert_datagram(const struct tlsrpt_text *text, const char *want)
{
	size_t len;
	char *got = tlsrpt_datagram(&report, RECORD, text, &len);

	assert_non_null(got);
	assert_string_equal(got, want);
	assert_int_equal(len, strlen(want));
	free(got);
}

static void test_no_policy(void **state)
{
	(void)state;
	begin();
	(void)policy(TLS_REPORT_NO_POLICY, "", false);
	assert_datagram(NULL, HEAD "{\"policy-type\":9,\"t\":0,\"f\":0}]}");
	failure(0, RESULT_STARTTLS_NOT_SUPPORTED, "mx.d.example", "mx.d.example", "the server does not offer STARTTLS");
	report.policies[0].failed = true;
	assert_datagram(NULL, HEAD "{\"policy-type\":9,\"failure-details\":[{\"c\":201,\"s\":\"192.0.2.25\","
				   "\"n\":\"mx.d.example\",\"h\":\"mx.d.example\",\"r\":\"2001:db8::25\","
				   "\"f\":\"the server does not offer STARTTLS\"}],\"t\":1,\"f\":1}]}");
}

static void test_tlsa(void **state)
{
	static uint8_t digest[] = { 0x00, 0x1f, 0xab, 0xff };
	const struct tlsa records[] = { { 3, 1, 1, 4, digest }, { 2, 0, 2, 2, digest } };
	struct tls_report_policy *p;

	(void)state;
	begin();
	p = policy(TLS_REPORT_TLSA, "mx.d.example", false);
	p->tlsa = records;
	p->tlsa_count = 2;
	assert_datagram(NULL, HEAD "{\"policy-type\":1,\"policy-domain\":\"mx.d.example\","
				   "\"policy-string\":[\"3 1 1 001FABFF\",\"2 0 2 001F\"],\"t\":0,\"f\":0}]}");
}

static const struct verdict_pattern patterns[] = { { "mx.d.example", false }, { "mail.d.example", true } };

static void set_sts(struct tls_report_policy *p)
{
	p->patterns = patterns;
	p->patterns_count = 2;
	p->max_age_s = 86400;
	p->testing = true;
}

static void test_sts(void **state)
{
	static const char text[] = "version: STSv1\r\nmode: testing\r\n\nmx: mx.d.example\r\nx: \"\xc3\xa4\tb\\\n"
				   "max_age: 86400";

	(void)state;
	begin();
	set_sts(policy(TLS_REPORT_STS, "d.example", false));
	assert_datagram(NULL,
			HEAD "{\"policy-type\":2,\"policy-domain\":\"d.example\",\"policy-string\":[\"version: STSv1\","
			     "\"mode: testing\",\"mx: mx.d.example\",\"mx: *.mail.d.example\",\"max_age: 86400\"],"
			     "\"mx-host\":[\"mx.d.example\",\"*.mail.d.example\"],\"t\":0,\"f\":0}]}");
	report.policies[0].testing = false;
	assert_datagram(&(struct tlsrpt_text){ text, sizeof(text) - 1 },
			HEAD "{\"policy-type\":2,\"policy-domain\":\"d.example\",\"policy-string\":[\"version: STSv1\","
			     "\"mode: testing\",\"mx: mx.d.example\",\"x: \\\"???b\\\\\",\"max_age: 86400\"],"
			     "\"mx-host\":[\"mx.d.example\",\"*.mail.d.example\"],\"t\":0,\"f\":0}]}");
}

/* A policy that could not be had has no text, whatever is remembered of it; and the policy host is no MX host. */
static void test_fetch(void **state)
{
	(void)state;
	begin();
	(void)policy(TLS_REPORT_STS, "d.example", true);
	failure(0, RESULT_STS_WEBPKI_INVALID, "", "", "the certificate is for another name");
	assert_datagram(&(struct tlsrpt_text){ "version: STSv1", 14 },
			HEAD "{\"policy-type\":2,\"policy-domain\":\"d.example\",\"failure-details\":[{\"c\":303,"
			     "\"a\":\"https://mta-sts.d.example/.well-known/mta-sts.txt\","
			     "\"f\":\"the certificate is for another name\"}],\"t\":1,\"f\":1}]}");
}

static void test_two_policies(void **state)
{
	(void)state;
	begin();
	(void)policy(TLS_REPORT_TLSA, "mx.d.example", false);
	set_sts(policy(TLS_REPORT_STS, "d.example", true));
	report.policies[1].patterns_count = 1;
	report.sender = report.receiver = (struct addr){ 0 };
	failure(1, RESULT_CERTIFICATE_EXPIRED, "", "", "");
	failure(1, RESULT_VALIDATION_FAILURE, "mx.d.example", "", "\x01\"\xff");
	assert_datagram(NULL, HEAD
			"{\"policy-type\":1,\"policy-domain\":\"mx.d.example\",\"t\":0,\"f\":0},"
			"{\"policy-type\":2,\"policy-domain\":\"d.example\",\"policy-string\":[\"version: STSv1\","
			"\"mode: testing\",\"mx: mx.d.example\",\"max_age: 86400\"],\"mx-host\":[\"mx.d.example\"],"
			"\"failure-details\":[{\"c\":204},{\"c\":205,\"n\":\"mx.d.example\",\"f\":\"?\\\"?\"}],"
			"\"t\":2,\"f\":1}]}");
}

static void test_codes(void **state)
{
	static const struct {
		enum result_word word;
		int code;
	} codes[] = {
		{ RESULT_STARTTLS_NOT_SUPPORTED, 201 },
		{ RESULT_CERTIFICATE_HOST_MISMATCH, 202 },
		{ RESULT_CERTIFICATE_NOT_TRUSTED, 203 },
		{ RESULT_CERTIFICATE_EXPIRED, 204 },
		{ RESULT_VALIDATION_FAILURE, 205 },
		{ RESULT_STS_POLICY_FETCH_ERROR, 301 },
		{ RESULT_STS_POLICY_INVALID, 302 },
		{ RESULT_STS_WEBPKI_INVALID, 303 },
		{ RESULT_TLSA_INVALID, 304 },
		{ RESULT_DNSSEC_INVALID, 305 },
		{ RESULT_DANE_REQUIRED, 306 },
		{ RESULT_NONE, 0 },
	};

	(void)state;
	assert_int_equal(COUNT(codes), RESULT_COUNT);
	for (size_t i = 0; i < COUNT(codes); i++)
		assert_int_equal(tlsrpt_code(codes[i].word), codes[i].code);
}

/* Larger than a datagram: less is told of the policy, never less of what happened. */
static void test_too_large(void **state)
{
	static struct verdict_pattern many[VERDICT_PATTERNS_MAX];
	static char text[65536];
	struct tls_report_policy *p;
	size_t len;
	char *got;

	(void)state;
	for (size_t i = 0; i < VERDICT_PATTERNS_MAX; i++) {
		memset(many[i].name, 'a', VERDICT_NAME_MAX - 1);
		many[i].wildcard = true;
	}
	memset(text, '\\', sizeof(text));
	for (size_t i = 80; i < sizeof(text); i += 80)
		text[i] = '\n';
	begin();
	p = policy(TLS_REPORT_STS, "d.example", true);
	p->patterns = many;
	p->patterns_count = VERDICT_PATTERNS_MAX;
	failure(0, RESULT_CERTIFICATE_HOST_MISMATCH, "mx.d.example", "", "no name of it is an MX host");
	for (unsigned round = 0; round < 2; round++) {
		/* The fields with the patterns are too much together, and fit without them; the text never fits. */
		struct tlsrpt_text whole = { text, sizeof(text) };
		json_error_t err;
		got = tlsrpt_datagram(&report, RECORD, round == 0 ? NULL : &whole, &len);
		assert_non_null(got);
		assert_true(len <= TLSRPT_DATAGRAM_MAX);
		json_t *json = json_loads(got, JSON_REJECT_DUPLICATES, &err);
		assert_non_null(json);
		json_t *only = json_array_get(json_object_get(json, "policies"), 0);
		assert_null(json_object_get(only, "mx-host"));
		assert_int_equal(json_array_size(json_object_get(only, "policy-string")),
				 round == 0 ? VERDICT_PATTERNS_MAX + 3 : 0);
		assert_int_equal(json_array_size(json_object_get(only, "failure-details")), 1);
		assert_int_equal(json_integer_value(json_object_get(only, "f")), 1);
		json_decref(json);
		free(got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_policy), cmocka_unit_test(test_tlsa),         cmocka_unit_test(test_sts),
		cmocka_unit_test(test_fetch),     cmocka_unit_test(test_two_policies), cmocka_unit_test(test_codes),
		cmocka_unit_test(test_too_large),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_tlsrpt_record.c - the TXT record at _smtp._tls.DOMAIN (RFC 8460 s. 3), as a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/tlsrpt/tlsrpt_record.h"

#define V TLSRPT_RECORD_VALID
#define N TLSRPT_RECORD_NONE
#define I TLSRPT_RECORD_INVALID

/* |chosen|: which of the texts; -1: none. */
static const struct {
	const char *texts[3];
	enum tlsrpt_record want;
	int chosen;
	const char *err;
} rows[] = {
	{ { "v=TLSRPTv1; rua=mailto:reports@example.com" }, V, 0, NULL },
	{ { "v=TLSRPTv1;rua=https://reporting.example.com/v1/tlsrpt" }, V, 0, NULL },
	{ { "v=TLSRPTv1; rua=mailto:a@x.example,https://x.example/r" }, V, 0, NULL },
	{ { "v=TLSRPTv1; rua=mailto:a@x.example , https://x.example/r" }, V, 0, NULL },
	{ { "v=TLSRPTv1 \t; rua=MAILTO:a@x.example ;" }, V, 0, NULL },
	{ { "v=TLSRPTv1; rua=mailto:a@x.example;  " }, V, 0, NULL },
	{ { "v=TLSRPTv1; rua=mailto:a%2Cb@x.example?subject=%21" }, V, 0, NULL },
	/* unknown fields are ignored, before and after */
	{ { "v=TLSRPTv1; ext=1; rua=mailto:a@x.example; other.field-2=a:b" }, V, 0, NULL },
	/* unknown schemes too, where there is one to use */
	{ { "v=TLSRPTv1; rua=tel:112,mailto:a@x.example" }, V, 0, NULL },
	/* other records are somebody else's */
	{ { "v=spf1 -all", "v=TLSRPTv1; rua=mailto:a@x.example", "v=STSv1; id=1" }, V, 1, NULL },
	{ { "v=TLSRPTv2; rua=mailto:b@x.example", "v=TLSRPTv1; rua=mailto:a@x.example" }, V, 1, NULL },
	{ { NULL }, N, -1, NULL },
	{ { "" }, N, -1, NULL },
	{ { "v=TLSRPTv1" }, N, -1, NULL },
	{ { "v=TLSRPTv1 " }, N, -1, NULL },
	{ { "v=tlsrptv1; rua=mailto:a@x.example" }, N, -1, NULL },
	{ { " v=TLSRPTv1; rua=mailto:a@x.example" }, N, -1, NULL },
	{ { "rua=mailto:a@x.example; v=TLSRPTv1" }, N, -1, NULL },
	{ { "v=TLSRPTv10; rua=mailto:a@x.example" }, N, -1, NULL },
	/* exactly one */
	{ { "v=TLSRPTv1; rua=mailto:a@x.example", "v=TLSRPTv1; rua=mailto:a@x.example" }, I, -1, "more than one" },
	{ { "v=TLSRPTv1; rua=mailto:a@x.example", "v=TLSRPTv1; broken" }, I, -1, "more than one" },
	/* malformed */
	{ { "v=TLSRPTv1;" }, I, -1, "no rua" },
	{ { "v=TLSRPTv1; ext=1" }, I, -1, "no rua" },
	{ { "v=TLSRPTv1; RUA=mailto:a@x.example" }, I, -1, "no rua" },
	{ { "v=TLSRPTv1; rua=" }, I, -1, "no list of URIs" },
	{ { "v=TLSRPTv1; rua=," }, I, -1, "no list of URIs" },
	{ { "v=TLSRPTv1; rua=mailto:a@x.example," }, I, -1, "no list of URIs" },
	{ { "v=TLSRPTv1; rua=a@x.example" }, I, -1, "no list of URIs" },
	{ { "v=TLSRPTv1; rua=mailto:" }, I, -1, "no list of URIs" },
	{ { "v=TLSRPTv1; rua=mailto:a b@x.example" }, I, -1, "no list of URIs" },
	{ { "v=TLSRPTv1; rua=mailto:a!b@x.example" }, I, -1, "no list of URIs" },
	{ { "v=TLSRPTv1; rua=mailto:a%2@x.example" }, I, -1, "no list of URIs" },
	{ { "v=TLSRPTv1; rua=mailto:a@x.example%" }, I, -1, "no list of URIs" },
	{ { "v=TLSRPTv1; rua=mailto:\xc3\xa4@x.example" }, I, -1, "no list of URIs" },
	{ { "v=TLSRPTv1; rua=1mailto:a@x.example" }, I, -1, "no list of URIs" },
	{ { "v=TLSRPTv1; rua=ftp://x.example/r" }, I, -1, "neither a mailto nor an https" },
	{ { "v=TLSRPTv1; rua=mailto:a@x.example; nothing" }, I, -1, "no name=value" },
	{ { "v=TLSRPTv1; rua=mailto:a@x.example; =v" }, I, -1, "no name=value" },
	{ { "v=TLSRPTv1; rua=mailto:a@x.example; n=" }, I, -1, "no name=value" },
	{ { "v=TLSRPTv1; rua=mailto:a@x.example; n=a=b" }, I, -1, "no name=value" },
	{ { "v=TLSRPTv1; rua=mailto:a@x.example; -n=a" }, I, -1, "no name=value" },
	{ { "v=TLSRPTv1; rua=mailto:a@x.example; n=a\x7f" }, I, -1, "no name=value" },
	{ { "v=TLSRPTv1;; rua=mailto:a@x.example" }, I, -1, "no name=value" },
	{ { "v=TLSRPTv1; rua=mailto:a@x.example; a23456789012345678901234567890123=1" }, I, -1, "no name=value" },
	{ { "v=TLSRPTv1; rua=mailto:a@x.example; a2345678901234567890123456789012=1" }, V, 0, NULL },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct dns_txt texts[3];
		char out[TLSRPT_RECORD_MAX];
		char err[DNS_REASON_MAX] = "";
		size_t count = 0;

		/* On the heap without a NUL, so that reading too far is seen. */
		for (; count < 3 && rows[i].texts[count] != NULL; count++) {
			texts[count].len = strlen(rows[i].texts[count]);
			texts[count].bytes = malloc(texts[count].len + (texts[count].len == 0));
			assert_non_null(texts[count].bytes);
			memcpy(texts[count].bytes, rows[i].texts[count], texts[count].len);
		}
		print_message("%s\n", count > 0 ? rows[i].texts[0] : "(none)");
		assert_int_equal(tlsrpt_record_choose(out, texts, count, err, sizeof(err)), rows[i].want);
		assert_string_equal(out, rows[i].chosen >= 0 ? rows[i].texts[rows[i].chosen] : "");
		if (rows[i].err != NULL)
			assert_non_null(strstr(err, rows[i].err));
		else
			assert_string_equal(err, "");
		for (size_t j = 0; j < count; j++)
			free(texts[j].bytes);
	}
}

static void test_any_octets(void **state)
{
	char nul[] = "v=TLSRPTv1; rua=mailto:a\0b@x.example";
	char extension[] = "v=TLSRPTv1; rua=mailto:a@x.example; n=a\0b";
	struct dns_txt text = { nul, sizeof(nul) - 1 };
	char out[TLSRPT_RECORD_MAX];
	char err[DNS_REASON_MAX];

	(void)state;
	assert_int_equal(tlsrpt_record_choose(out, &text, 1, err, sizeof(err)), I);
	text = (struct dns_txt){ extension, sizeof(extension) - 1 };
	assert_int_equal(tlsrpt_record_choose(out, &text, 1, err, sizeof(err)), I);
}

static void test_length(void **state)
{
	char bytes[TLSRPT_RECORD_MAX + 1];
	struct dns_txt text = { bytes, TLSRPT_RECORD_MAX - 1 };
	char out[TLSRPT_RECORD_MAX];
	char err[DNS_REASON_MAX];

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	memcpy(bytes, "v=TLSRPTv1;rua=mailto:", 22);
	assert_int_equal(tlsrpt_record_choose(out, &text, 1, err, sizeof(err)), V);
	assert_int_equal(strlen(out), TLSRPT_RECORD_MAX - 1);
	text.len++;
	assert_int_equal(tlsrpt_record_choose(out, &text, 1, err, sizeof(err)), I);
	assert_non_null(strstr(err, "too long"));
	assert_string_equal(out, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_any_octets),
		cmocka_unit_test(test_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_sts_record.c - which TXT record of _mta-sts.DOMAIN counts, and what is wrong with those that do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "policy/sts/sts_policy.h"

#define TEXT_MAX 4

struct known {
	const char *texts[TEXT_MAX];
	enum sts_record record;
	const char *said; /* the id, or the whole reason */
};

static const struct known cases[] = {
	/* what is there */
	{ { NULL }, STS_RECORD_NONE, "" },
	{ { "v=STSv1; id=20160831085700Z;" }, STS_RECORD_VALID, "20160831085700Z" },
	{ { "v=STSv1;id=1" }, STS_RECORD_VALID, "1" },
	{ { "v=STSv1; id=1;" }, STS_RECORD_VALID, "1" },
	{ { "v=STSv1 ;\tid=aZ09\t;  " }, STS_RECORD_VALID, "aZ09" },
	{ { "v=STSv1\t ; id=1 ; x=y ; " }, STS_RECORD_VALID, "1" },
	{ { "v=STSv1; id=12345678901234567890123456789012" }, STS_RECORD_VALID, "12345678901234567890123456789012" },

	/* which are looked at */
	{ { "" }, STS_RECORD_NONE, "" },
	{ { "v=STSv" }, STS_RECORD_NONE, "" },
	{ { "v=spf1 -all" }, STS_RECORD_NONE, "" },
	{ { "v=STSv2; id=1;" }, STS_RECORD_NONE, "" },
	{ { "v=STSv12; id=1;" }, STS_RECORD_NONE, "" },
	{ { "v=stsv1; id=1;" }, STS_RECORD_NONE, "" },
	{ { "V=STSv1; id=1;" }, STS_RECORD_NONE, "" },
	{ { " v=STSv1; id=1;" }, STS_RECORD_NONE, "" },
	{ { "\"v=STSv1; id=1;\"" }, STS_RECORD_NONE, "" },
	{ { "v =STSv1; id=1;" }, STS_RECORD_NONE, "" },
	{ { "id=1; v=STSv1;" }, STS_RECORD_NONE, "" },
	{ { "v=spf1 -all", "v=STSv1; id=2", "" }, STS_RECORD_VALID, "2" },
	{ { "v=STSv1 id=1", "v=STSv1; id=2" }, STS_RECORD_VALID, "2" },
	{ { "v=STSv2; id=1", "v=STSv1; id=2" }, STS_RECORD_VALID, "2" },
	{ { "v=STSv1" }, STS_RECORD_INVALID, "no \";\" follows \"v=STSv1\"" },
	{ { "v=STSv1 id=1" }, STS_RECORD_INVALID, "no \";\" follows \"v=STSv1\"" },
	{ { "v=STSv1; id=1", "v=STSv1; id=2" },
	  STS_RECORD_INVALID,
	  "2 records begin with \"v=STSv1;\", and there must be one" },
	{ { "v=STSv1; id=1", "v=STSv1; id=1", "x", "v=STSv1 ;" },
	  STS_RECORD_INVALID,
	  "3 records begin with \"v=STSv1;\", and there must be one" },

	/* fields */
	{ { "v=STSv1;" }, STS_RECORD_INVALID, "it has no \"id\"" },
	{ { "v=STSv1; " }, STS_RECORD_INVALID, "it has no \"id\"" },
	{ { "v=STSv1; x=1" }, STS_RECORD_INVALID, "it has no \"id\"" },
	{ { "v=STSv1; ID=1" }, STS_RECORD_INVALID, "it has no \"id\"" },
	{ { "v=STSv1;; id=1" }, STS_RECORD_INVALID, "a field is empty" },
	{ { "v=STSv1; id=1; ;" }, STS_RECORD_INVALID, "a field is empty" },
	{ { "v=STSv1; id=1;;" }, STS_RECORD_INVALID, "a field is empty" },
	{ { "v=STSv1; id" }, STS_RECORD_INVALID, "field \"id\" has no \"=\"" },
	{ { "v=STSv1; id=1; nonsense" }, STS_RECORD_INVALID, "field \"nonsense\" has no \"=\"" },
	{ { "v=STSv1; id=" }, STS_RECORD_INVALID, "field \"id\" has no value" },
	{ { "v=STSv1; id=;x=1" }, STS_RECORD_INVALID, "field \"id\" has no value" },
	{ { "v=STSv1; id =1" }, STS_RECORD_INVALID, "field \"id =1\" has a name that is none" },
	{ { "v=STSv1; id= 1" },
	  STS_RECORD_INVALID,
	  "field \"id\" has white space in or after its value, and no \";\"" },
	{ { "v=STSv1; id=1 " },
	  STS_RECORD_INVALID,
	  "field \"id\" has white space in or after its value, and no \";\"" },
	{ { "v=STSv1; id=1 x=2" },
	  STS_RECORD_INVALID,
	  "field \"id\" has white space in or after its value, and no \";\"" },
	{ { "v=STSv1; id=1=2" }, STS_RECORD_INVALID, "field \"id\" has the octet 0x3d in its value" },
	{ { "v=STSv1; id=1\x01" }, STS_RECORD_INVALID, "field \"id\" has the octet 0x01 in its value" },
	{ { "v=STSv1; id=1; x=\xc3\xa4" }, STS_RECORD_INVALID, "field \"x\" has the octet 0xc3 in its value" },
	{ { "v=STSv1; id=2016-08-31" },
	  STS_RECORD_INVALID,
	  "id \"2016-08-31\" has characters other than letters and digits" },
	{ { "v=STSv1; id=123456789012345678901234567890123" },
	  STS_RECORD_INVALID,
	  "id \"123456789012345678901234567890123\" has more than 32 characters" },
	{ { "v=STSv1; \x1b[1m=2; id=1" }, STS_RECORD_INVALID, "field \"?[1m=2\" has a name that is none" },
	{ { "v=STSv1; =2; id=1" }, STS_RECORD_INVALID, "field \"=2\" has a name that is none" },
	{ { "v=STSv1; -a=2; id=1" }, STS_RECORD_INVALID, "field \"-a=2\" has a name that is none" },
	{ { "v=STSv1; a_b-c.d=!:<>~; id=1" }, STS_RECORD_VALID, "1" },
	{ { "v=STSv1; a2345678901234567890123456789012=x; id=1" }, STS_RECORD_VALID, "1" },
	{ { "v=STSv1; a23456789012345678901234567890123=x; id=1" },
	  STS_RECORD_INVALID,
	  "field \"a23456789012345678901234567890123=x\" has a name that is none" },

	/* the first of a kind */
	{ { "v=STSv1; id=1; id=2" }, STS_RECORD_VALID, "1" },
	{ { "v=STSv1; id=1; id=2-3" }, STS_RECORD_VALID, "1" },
	{ { "v=STSv1; id=2-3; id=1" }, STS_RECORD_INVALID, "id \"2-3\" has characters other than letters and digits" },
	{ { "v=STSv1; v=STSv2; id=1" }, STS_RECORD_VALID, "1" },
};

/* Exact copies, so that a sanitizer sees one octet read too far. */
static void check(const struct known *known)
{
	struct dns_txt texts[TEXT_MAX];
	char id[VERDICT_POLICY_ID_MAX];
	char err[STS_REASON_MAX] = "";
	size_t count = 0;

	for (; count < TEXT_MAX && known->texts[count] != NULL; count++) {
		size_t len = strlen(known->texts[count]);
		char *copy = malloc(len > 0 ? len : 1);
		assert_non_null(copy);
		memcpy(copy, known->texts[count], len);
		texts[count] = (struct dns_txt){ .bytes = copy, .len = len };
	}
	assert_int_equal(sts_record_choose(id, texts, count, err, sizeof(err)), known->record);
	assert_string_equal(id, known->record == STS_RECORD_VALID ? known->said : "");
	assert_string_equal(err, known->record == STS_RECORD_INVALID ? known->said : "");
	for (size_t i = 0; i < count; i++)
		free(texts[i].bytes);
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check(&cases[i]);
}

static void test_octets(void **state)
{
	char record[] = "v=STSv1; id=1; x=?";
	struct dns_txt text = { .bytes = record, .len = sizeof(record) - 1 };
	char id[VERDICT_POLICY_ID_MAX];
	char err[STS_REASON_MAX];

	(void)state;
	for (unsigned c = 0; c < 256; c++) { /* sts-ext-value; ";" ends it and leaves none */
		bool ok = c >= 0x21 && c <= 0x7e && c != '=' && c != ';';
		record[sizeof(record) - 2] = (char)c;
		assert_int_equal(sts_record_choose(id, &text, 1, err, sizeof(err)),
				 ok ? STS_RECORD_VALID : STS_RECORD_INVALID);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_octets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

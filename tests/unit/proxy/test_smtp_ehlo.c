/* test_smtp_ehlo.c - keywords out of a server's EHLO reply, and those that the client is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "proxy/smtp/smtp_ehlo.h"

#define K(name) SMTP_KEYWORD_##name

static const struct {
	const char *in;
	unsigned keywords;
	uint64_t size;
	const char *name;
	const char *auth;
} cases[] = {
	{ "250 mx.example\r\n", 0, 0, "mx.example", "" },
	{ "250-mx.example Hello you [192.0.2.1]\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250-starttls\r\n250 Dsn\r\n",
	  K(SIZE) | K(8BITMIME) | K(STARTTLS) | K(DSN), 1000, "mx.example", "" },
	{ "250-a\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250-PIPELINING\r\n250-REQUIRETLS\r\n250-CHUNKING\r\n"
	  "250-BINARYMIME\r\n250 LIMITS RCPTMAX=1\r\n",
	  K(SMTPUTF8) | K(ENHANCEDSTATUSCODES) | K(PIPELINING) | K(REQUIRETLS) | K(CHUNKING) | K(BINARYMIME) |
		  K(LIMITS),
	  0, "a", "" },
	{ "250-a\r\n250 SIZE\r\n", K(SIZE), 0, "a", "" },
	{ "250-a\r\n250 SIZE 0\r\n", K(SIZE), 0, "a", "" },
	{ "250-a\r\n250 SIZE  18446744073709551615 \r\n", K(SIZE), UINT64_MAX, "a", "" },
	{ "250-a\r\n250 SIZE 18446744073709551616\r\n", K(SIZE), 0, "a", "" },
	{ "250-a\r\n250 SIZE 10k\r\n", K(SIZE), 0, "a", "" },
	{ "250-a\r\n250 SIZE -1\r\n", K(SIZE), 0, "a", "" },
	{ "250-a\r\n250 SIZE=10\r\n", 0, 0, "a", "" },
	{ "250-a\r\n250 AUTH PLAIN  LOGIN\r\n", K(AUTH), 0, "a", "PLAIN LOGIN" },
	{ "250-a\r\n250-AUTH PLAIN\r\n250 AUTH=LOGIN\r\n", K(AUTH), 0, "a", "PLAIN" },
	{ "250-a\r\n250-AUTH=LOGIN X\r\n250 AUTH PLAIN\r\n", K(AUTH), 0, "a", "PLAIN" },
	{ "250-a\r\n250 AUTH=LOGIN\r\n", K(AUTH), 0, "a", "LOGIN" },
	{ "250-a\r\n250 AUTH\r\n", K(AUTH), 0, "a", "" },
	{ "250-a\r\n250-X-ANONYMOUSTLS\r\n250 SIZE 1\r\n", K(EXCHANGE) | K(SIZE), 1, "a", "" },
	{ "250-a\r\n250 X-EXPS GSSAPI NTLM\r\n", K(EXCHANGE), 0, "a", "" },
	{ "250-a\r\n250 XXXXXXXA\r\n", K(MANGLED), 0, "a", "" },
	{ "250-a\r\n250 XXXXXXXX\r\n", K(MANGLED), 0, "a", "" },
	{ "250-a\r\n250 ********\r\n", K(MANGLED), 0, "a", "" },
	{ "250-a\r\n250 ****\r\n", K(MANGLED), 0, "a", "" },
	{ "250-a\r\n250-XXXX\r\n250-XCLIENT NAME\r\n250-***\r\n250 STARTTLSX\r\n", 0, 0, "a", "" },
	{ "250-a\r\n250 STARTTLS foo\r\n", K(STARTTLS), 0, "a", "" },
	{ "250-a\r\n250- STARTTLS\r\n250 \r\n", 0, 0, "a", "" },
	{ "250-STARTTLS\r\n250 DSN\r\n", K(DSN), 0, "STARTTLS", "" },
	{ "250\r\n", 0, 0, "", "" },
	{ "250 \xc3\xa4.example\r\n", 0, 0, "", "" },
	{ "550-no\r\n550 STARTTLS\r\n", 0, 0, "", "" },
	{ "354-a\r\n354 STARTTLS\r\n", 0, 0, "", "" },
};

static void read_reply(struct smtp_ehlo *out, const char *in)
{
	struct smtp_reply reply = { 0 };
	size_t used;

	assert_int_equal(smtp_reply_feed(&reply, in, strlen(in), &used), SMTP_REPLY_DONE);
	memset(out, 0xa5, sizeof(*out));
	smtp_ehlo_read(out, &reply);
	smtp_reply_cleanup(&reply);
}

static void test_read(void **state)
{
	struct smtp_ehlo ehlo;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		read_reply(&ehlo, cases[i].in);
		if (ehlo.keywords != cases[i].keywords)
			fail_msg("%s: keywords %x", cases[i].in, ehlo.keywords);
		assert_int_equal(ehlo.size, cases[i].size);
		assert_string_equal(ehlo.name, cases[i].name);
		assert_string_equal(ehlo.auth, cases[i].auth);
	}
}

static void test_write(void **state)
{
	static const struct {
		struct smtp_ehlo ehlo;
		const char *out;
	} writes[] = {
		{ { .name = "mx.example" }, "250-mx.example\r\n250 PIPELINING\r\n" },
		{ { .name = "a", .keywords = K(SIZE) | K(PIPELINING), .size = 99 },
		  "250-a\r\n250-SIZE 99\r\n250 PIPELINING\r\n" },
		{ { .name = "a", .keywords = K(SIZE) }, "250-a\r\n250-SIZE\r\n250 PIPELINING\r\n" },
		{ { .name = "a",
		    .keywords = K(8BITMIME) | K(SMTPUTF8) | K(DSN) | K(ENHANCEDSTATUSCODES) | K(CHUNKING) |
				K(BINARYMIME) | K(EXCHANGE) | K(MANGLED) },
		  "250-a\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n250-ENHANCEDSTATUSCODES\r\n250 PIPELINING\r\n" },
		{ { .name = "a", .keywords = K(STARTTLS) | K(REQUIRETLS) | K(LIMITS) },
		  "250-a\r\n250-STARTTLS\r\n250-REQUIRETLS\r\n250-LIMITS RCPTDOMAINMAX=1\r\n250 PIPELINING\r\n" },
		{ { .name = "a", .keywords = K(AUTH), .auth = "PLAIN LOGIN" },
		  "250-a\r\n250-AUTH PLAIN LOGIN\r\n250 PIPELINING\r\n" },
		{ { .name = "a", .keywords = K(AUTH) }, "250-a\r\n250 PIPELINING\r\n" },
		{ { .name = "a", .auth = "PLAIN" }, "250-a\r\n250 PIPELINING\r\n" },
	};
	char out[SMTP_EHLO_REPLY_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(writes); i++) {
		assert_int_equal(smtp_ehlo_write(&writes[i].ehlo, out), strlen(writes[i].out));
		assert_string_equal(out, writes[i].out);
		/* What is offered is what is shown. */
		struct smtp_ehlo again;
		read_reply(&again, out);
		assert_int_equal(again.keywords, smtp_ehlo_offered(&writes[i].ehlo));
	}
}

/* The longest of everything fits. */
static void test_write_longest(void **state)
{
	struct smtp_ehlo ehlo = { .keywords = ~0U, .size = UINT64_MAX };
	char out[SMTP_EHLO_REPLY_MAX];
	struct smtp_ehlo again;

	(void)state;
	memset(ehlo.name, 'n', sizeof(ehlo.name) - 1);
	memset(ehlo.auth, 'a', sizeof(ehlo.auth) - 1);
	size_t len = smtp_ehlo_write(&ehlo, out);
	assert_int_equal(len, strlen(out));
	read_reply(&again, out);
	assert_string_equal(again.name, ehlo.name);
	assert_string_equal(again.auth, ehlo.auth);
	assert_int_equal(again.size, UINT64_MAX);
}

static void test_format(void **state)
{
	char out[256];

	(void)state;
	assert_string_equal(smtp_keywords_format(K(DSN) | K(SIZE) | K(MANGLED), out), "SIZE DSN mangled");
	assert_string_equal(smtp_keywords_format(0, out), "");
	assert_true(strlen(smtp_keywords_format(~0U, out)) < sizeof(out) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_write_longest),
		cmocka_unit_test(test_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

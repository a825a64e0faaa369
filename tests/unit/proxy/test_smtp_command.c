/* test_smtp_command.c - command lines: verb, path, parameters, and the reply to each mistake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "proxy/smtp/smtp_command.h"

#define V(name) SMTP_VERB_##name
#define K(name) SMTP_KEYWORD_##name

/* parse feeds |text| and a CRLF in pieces of |step| octets. The line stays, for the argument is borrowed from it. */
static void parse(struct smtp_command *out, struct smtp_line *line, const char *text, size_t step, bool utf8)
{
	char in[SMTP_LINE_MAX + 3];
	size_t len = (size_t)snprintf(in, sizeof(in), "%s\r\n", text);
	enum smtp_line_status status = SMTP_LINE_MORE;

	smtp_line_init(line);
	for (size_t at = 0; at < len && status == SMTP_LINE_MORE;) {
		size_t used;
		status = smtp_line_feed(line, in + at, step < len - at ? step : len - at, &used);
		at += used;
	}
	assert_int_equal(status, SMTP_LINE_READY);
	memset(out, 0xa5, sizeof(*out));
	smtp_command_parse(out, line, utf8);
}

static void check_error(const char *text, const struct smtp_command *cmd, const char *want)
{
	if ((cmd->error == NULL) != (want == NULL) || (want != NULL && strncmp(cmd->error, want, strlen(want)) != 0))
		fail_msg("%s: %s instead of %s", text, cmd->error != NULL ? cmd->error : "(none)",
			 want != NULL ? want : "(none)");
}

static const struct {
	const char *in;
	enum smtp_verb verb;
	const char *error; /* how it begins */
	const char *arg;
} plain[] = {
	{ "EHLO host.example", V(EHLO), NULL, "host.example" },
	{ "ehlo [IPv6:::1]", V(EHLO), NULL, "[IPv6:::1]" },
	{ "EHLO  under_score  ", V(EHLO), NULL, "under_score" },
	{ "EHLO\thost", V(EHLO), NULL, "host" },
	{ "EHLO", V(EHLO), "501 5.5.4", "" },
	{ "EHLO a b", V(EHLO), "501 5.5.4", "a b" },
	{ "EHLO \xc3\xa4", V(EHLO), "500 5.5.2", "\xc3\xa4" },
	{ "HELO a", V(HELO), NULL, "a" },
	{ "HELO", V(HELO), "501 5.5.4", "" },
	{ "DATA", V(DATA), NULL, "" },
	{ "data ", V(DATA), NULL, "" },
	{ "DATA x", V(DATA), "501 5.5.4", "x" },
	{ "RSET", V(RSET), NULL, "" },
	{ "RSET x", V(RSET), "501 5.5.4", "x" },
	{ "NOOP what ever", V(NOOP), NULL, "what ever" },
	{ "QUIT", V(QUIT), NULL, "" },
	{ "QUIT x", V(QUIT), "501 5.5.4", "x" },
	{ "HELP me", V(HELP), NULL, "me" },
	{ "VRFY u", V(VRFY), NULL, "u" },
	{ "VRFY", V(VRFY), "501 5.5.4", "" },
	{ "VRFY \xc3\xa4", V(VRFY), "500 5.5.2", "\xc3\xa4" },
	{ "EXPN list", V(EXPN), NULL, "list" },
	{ "STARTTLS", V(STARTTLS), NULL, "" },
	{ "STARTTLS now", V(STARTTLS), "501 5.5.4", "now" },
	{ "AUTH PLAIN AGEAYg==", V(AUTH), NULL, "PLAIN AGEAYg==" },
	{ "BDAT 10 LAST", V(BDAT), NULL, "10 LAST" },
	{ "BURL x", V(BURL), NULL, "x" },
	{ "ETRN x", V(ETRN), NULL, "x" },
	{ "ATRN", V(ATRN), NULL, "" },
	{ "TURN", V(TURN), NULL, "" },
	{ "XCLIENT NAME=x", V(XCLIENT), NULL, "NAME=x" },
	{ "XFORWARD NAME=x", V(XFORWARD), NULL, "NAME=x" },
	{ "GET / HTTP/1.1", V(HTTP), NULL, "/ HTTP/1.1" },
	{ "Host: a", V(HTTP), NULL, "a" },
	{ "HTTP", V(UNKNOWN), "500 5.5.2", "" },
	{ "?", V(UNKNOWN), "500 5.5.2", "" },
	{ "FOO bar", V(UNKNOWN), "500 5.5.2", "bar" },
	{ "MAILFROM:<>", V(UNKNOWN), "500 5.5.2", "" },
	{ " QUIT", V(UNKNOWN), "500 5.5.2", "QUIT" },
	{ "", V(UNKNOWN), "500 5.5.2", "" },
	{ "QUI\xd4", V(UNKNOWN), "500 5.5.2", "" },
	/* Wrong octets spoil any command. */
	{ "QUIT\nNOOP", V(UNKNOWN), "500 5.5.2", "" },
	{ "NOOP a\nb", V(NOOP), "500 5.5.2", "a\nb" },
	{ "NOOP a\rb", V(NOOP), "500 5.5.2", "a\rb" },
	{ "MAIL FROM:<a@b>\nRCPT TO:<c@d>", V(MAIL), "500 5.5.2", "FROM:<a@b>\nRCPT TO:<c@d>" },
	{ "NOOP \x01", V(NOOP), "500 5.5.2", "\x01" },
};

static void test_plain(void **state)
{
	static struct smtp_command cmd;
	static struct smtp_line line;

	(void)state;
	for (size_t i = 0; i < COUNT(plain); i++) {
		for (size_t step = 1; step <= strlen(plain[i].in) + 2; step++) {
			parse(&cmd, &line, plain[i].in, step, false);
			check_error(plain[i].in, &cmd, plain[i].error);
			assert_int_equal(cmd.verb, plain[i].verb);
			assert_int_equal(cmd.arg_len, strlen(plain[i].arg));
			assert_memory_equal(cmd.arg, plain[i].arg, cmd.arg_len);
		}
	}
}

static const struct {
	const char *in;
	const char *error;
	const char *forward; /* without CRLF */
	const char *domain;
	unsigned needs;
	bool utf8; /* of the call */
} envelopes[] = {
	{ "MAIL FROM:<u@d.example>", NULL, "MAIL FROM:<u@d.example>", "d.example", 0, false },
	{ "mail from:<>", NULL, "MAIL FROM:<>", "", 0, false },
	{ "MAIL FROM:  <u@D>  ", NULL, "MAIL FROM:<u@D>", "d", 0, false },
	{ "MAIL  FROM:<@r:u@d>", NULL, "MAIL FROM:<u@d>", "d", 0, false },
	{ "MAIL FROM:<u@d> SIZE=10  BODY=8bitmime", NULL, "MAIL FROM:<u@d> SIZE=10 BODY=8bitmime", "d",
	  K(SIZE) | K(8BITMIME), false },
	{ "MAIL FROM:<u@d> body=7BIT ret=hdrs envid=a+2Bb auth=<>", NULL,
	  "MAIL FROM:<u@d> body=7BIT ret=hdrs envid=a+2Bb auth=<>", "d", K(8BITMIME) | K(DSN) | K(AUTH), false },
	{ "MAIL FROM:<u@d> BODY=BINARYMIME", NULL, "MAIL FROM:<u@d> BODY=BINARYMIME", "d", K(8BITMIME) | K(BINARYMIME),
	  false },
	{ "MAIL FROM:<u@d> REQUIRETLS", NULL, "MAIL FROM:<u@d> REQUIRETLS", "d", K(REQUIRETLS), false },
	{ "MAIL FROM:<\xc3\xa4@d> SMTPUTF8", NULL, "MAIL FROM:<\xc3\xa4@d> SMTPUTF8", "d", K(SMTPUTF8), false },
	{ "MAIL FROM:<\xc3\xa4@d>", "553 5.6.7", NULL, NULL, 0, true },
	{ "MAIL FROM:<\xff@d> SMTPUTF8", "501 5.1.7", NULL, NULL, 0, false },
	{ "MAIL", "501 5.5.4", NULL, NULL, 0, false },
	{ "MAIL FROM", "501 5.5.4", NULL, NULL, 0, false },
	{ "MAIL FROM:", "501 5.5.4", NULL, NULL, 0, false },
	{ "MAIL FROM <u@d>", "501 5.5.4", NULL, NULL, 0, false },
	{ "MAIL FROM :<u@d>", "501 5.5.4", NULL, NULL, 0, false },
	{ "MAIL TO:<u@d>", "501 5.5.4", NULL, NULL, 0, false },
	{ "MAIL FROM:u@d", "501 5.1.7", NULL, NULL, 0, false },
	{ "MAIL FROM:<u@d>x", "501 5.1.7", NULL, NULL, 0, false },
	{ "MAIL FROM:<u@d>SIZE=1", "501 5.1.7", NULL, NULL, 0, false },
	{ "MAIL FROM:<u@d.>", "501 5.1.7", NULL, NULL, 0, false },
	{ "MAIL FROM:<u@d> SIZE=", "501 5.5.4", NULL, NULL, 0, false },
	{ "MAIL FROM:<u@d> SIZE", "501 5.5.4", NULL, NULL, 0, false },
	{ "MAIL FROM:<u@d> SIZE=1x", "501 5.5.4", NULL, NULL, 0, false },
	{ "MAIL FROM:<u@d> SIZE=123456789012345678901", "501 5.5.4", NULL, NULL, 0, false },
	{ "MAIL FROM:<u@d> SIZE=1 SIZE=1", "501 5.5.4", NULL, NULL, 0, false },
	{ "MAIL FROM:<u@d> BODY=foo", "501 5.5.4", NULL, NULL, 0, false },
	{ "MAIL FROM:<u@d> BODY", "501 5.5.4", NULL, NULL, 0, false },
	{ "MAIL FROM:<u@d> RET=ALL", "501 5.5.4", NULL, NULL, 0, false },
	{ "MAIL FROM:<u@d> ENVID=a+2bb", "501 5.5.4", NULL, NULL, 0, false },
	{ "MAIL FROM:<u@d> ENVID=a+2", "501 5.5.4", NULL, NULL, 0, false },
	{ "MAIL FROM:<u@d> ENVID=a=b", "501 5.5.4", NULL, NULL, 0, false },
	{ "MAIL FROM:<u@d> ENVID=", "501 5.5.4", NULL, NULL, 0, false },
	{ "MAIL FROM:<u@d> SMTPUTF8=1", "501 5.5.4", NULL, NULL, 0, false },
	{ "MAIL FROM:<u@d> REQUIRETLS=1", "501 5.5.4", NULL, NULL, 0, false },
	{ "MAIL FROM:<u@d> =1", "501 5.5.4", NULL, NULL, 0, false },
	{ "MAIL FROM:<u@d> A_B=1", "501 5.5.4", NULL, NULL, 0, false },
	{ "MAIL FROM:<u@d> \xc3\xa4", "501 5.5.4", NULL, NULL, 0, false },
	{ "MAIL FROM:<u@d> SMTPUTF8 ENVID=\xc3\xa4", "501 5.5.4", NULL, NULL, 0, false },
	{ "MAIL FROM:<u@d> HOLDFOR=1", "555 5.5.4", NULL, NULL, 0, false },
	{ "MAIL FROM:<u@d> NOTIFY=NEVER", "555 5.5.4", NULL, NULL, 0, false },
	{ "MAIL FROM:<u@d>\tSIZE=1", "501 5.1.7", NULL, NULL, 0, false },
	{ "RCPT TO:<u@d.example>", NULL, "RCPT TO:<u@d.example>", "d.example", 0, false },
	{ "rcpt to: <Postmaster>", NULL, "RCPT TO:<Postmaster>", "", 0, false },
	{ "RCPT TO:<@a,@b:u@D.example> NOTIFY=success,DELAY ORCPT=rfc822;u+40d", NULL,
	  "RCPT TO:<u@D.example> NOTIFY=success,DELAY ORCPT=rfc822;u+40d", "d.example", K(DSN), false },
	{ "RCPT TO:<\"a@b>c\"@d> NOTIFY=NEVER", NULL, "RCPT TO:<\"a@b>c\"@d> NOTIFY=NEVER", "d", K(DSN), false },
	{ "RCPT TO:<\xc3\xa4@d> ORCPT=utf-8;\xc3\xa4@d", NULL, "RCPT TO:<\xc3\xa4@d> ORCPT=utf-8;\xc3\xa4@d", "d",
	  K(DSN), true },
	{ "RCPT TO:<\xc3\xa4@d>", "553 5.6.7", NULL, NULL, 0, false },
	{ "RCPT TO:<u@\xc3\xa4.example>", "553 5.6.7", NULL, NULL, 0, false },
	{ "RCPT TO:<u@\xc3\xa4.example>", NULL, "RCPT TO:<u@\xc3\xa4.example>", "xn--4ca.example", 0, true },
	{ "RCPT TO:<u@d> ORCPT=utf-8;\xc3\xa4@d", "501 5.5.4", NULL, NULL, 0, false },
	{ "RCPT TO:<u@d> ORCPT=utf-8;\xff", "501 5.5.4", NULL, NULL, 0, true },
	{ "RCPT TO:<u@d> ORCPT=utf-8;", "501 5.5.4", NULL, NULL, 0, true },
	{ "RCPT TO:<u@d> ORCPT=u@d", "501 5.5.4", NULL, NULL, 0, false },
	{ "RCPT TO:<u@d> ORCPT=;u", "501 5.5.4", NULL, NULL, 0, false },
	{ "RCPT TO:<u@d> ORCPT=rfc822;", "501 5.5.4", NULL, NULL, 0, false },
	{ "RCPT TO:<u@d> ORCPT", "501 5.5.4", NULL, NULL, 0, false },
	{ "RCPT TO:<u@d> NOTIFY=NEVER,DELAY", "501 5.5.4", NULL, NULL, 0, false },
	{ "RCPT TO:<u@d> NOTIFY=DELAY,DELAY", "501 5.5.4", NULL, NULL, 0, false },
	{ "RCPT TO:<u@d> NOTIFY=DELAY,", "501 5.5.4", NULL, NULL, 0, false },
	{ "RCPT TO:<u@d> NOTIFY=", "501 5.5.4", NULL, NULL, 0, false },
	{ "RCPT TO:<u@d> NOTIFY", "501 5.5.4", NULL, NULL, 0, false },
	{ "RCPT TO:<u@d> SIZE=1", "555 5.5.4", NULL, NULL, 0, false },
	{ "RCPT TO:<u@d> X", "555 5.5.4", NULL, NULL, 0, false },
	{ "RCPT TO:<>", "501 5.1.3", NULL, NULL, 0, false },
	{ "RCPT TO:<u>", "501 5.1.3", NULL, NULL, 0, false },
	{ "RCPT TO:<u@d@e>", "501 5.1.3", NULL, NULL, 0, false },
	{ "RCPT TO:u@d", "501 5.1.3", NULL, NULL, 0, false },
	{ "RCPT TO:<u@d> <v@e>", "501 5.5.4", NULL, NULL, 0, false },
	{ "RCPT FROM:<u@d>", "501 5.5.4", NULL, NULL, 0, false },
};

static void check_envelope(size_t i, size_t step)
{
	static struct smtp_command cmd;
	static struct smtp_line line;
	static struct smtp_envelope zero;
	char out[SMTP_ENVELOPE_LINE_MAX];
	char want[SMTP_ENVELOPE_LINE_MAX];

	parse(&cmd, &line, envelopes[i].in, step, envelopes[i].utf8);
	check_error(envelopes[i].in, &cmd, envelopes[i].error);
	assert_int_equal(cmd.verb, (envelopes[i].in[0] | 0x20) == 'm' ? SMTP_VERB_MAIL : SMTP_VERB_RCPT);
	if (envelopes[i].error != NULL) {
		assert_memory_equal(&cmd.envelope, &zero, sizeof(zero));
		return;
	}
	(void)snprintf(want, sizeof(want), "%s\r\n", envelopes[i].forward);
	assert_int_equal(smtp_envelope_write(&cmd.envelope, cmd.verb, out), strlen(want));
	assert_string_equal(out, want);
	assert_string_equal(cmd.envelope.path.domain, envelopes[i].domain);
	assert_int_equal(cmd.envelope.needs, envelopes[i].needs);
	assert_int_equal(cmd.envelope.smtputf8, (envelopes[i].needs & K(SMTPUTF8)) != 0);
	assert_int_equal(cmd.envelope.requiretls, (envelopes[i].needs & K(REQUIRETLS)) != 0);
	assert_int_equal(cmd.envelope.has_size, (envelopes[i].needs & K(SIZE)) != 0);
}

static void test_envelopes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(envelopes); i++)
		for (size_t step = 1; step <= strlen(envelopes[i].in) + 2; step++)
			check_envelope(i, step);
}

static void test_sizes(void **state)
{
	static const struct {
		const char *in;
		uint64_t size;
	} sizes[] = {
		{ "MAIL FROM:<> SIZE=0", 0 },
		{ "MAIL FROM:<> SIZE=18446744073709551615", UINT64_MAX },
		{ "MAIL FROM:<> SIZE=18446744073709551616", UINT64_MAX },
		{ "MAIL FROM:<> SIZE=99999999999999999999", UINT64_MAX },
		{ "MAIL FROM:<> SIZE=00000000000000000042", 42 },
	};
	static struct smtp_command cmd;
	static struct smtp_line line;

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		parse(&cmd, &line, sizes[i].in, 1, false);
		assert_null(cmd.error);
		assert_int_equal(cmd.envelope.size, sizes[i].size);
	}
}

static void test_check_params(void **state)
{
	struct smtp_envelope envelope = { .needs = K(DSN) | K(SIZE) };

	(void)state;
	assert_null(smtp_command_check_params(&envelope, K(DSN) | K(SIZE) | K(AUTH)));
	assert_string_equal(smtp_command_check_params(&envelope, K(DSN)), "555 5.5.4 Unsupported parameter");
	assert_non_null(smtp_command_check_params(&envelope, 0));
	envelope.needs = 0;
	assert_null(smtp_command_check_params(&envelope, 0));
}

static void test_drop_requiretls(void **state)
{
	static const char *const cases[][2] = {
		{ "MAIL FROM:<> REQUIRETLS", "MAIL FROM:<>\r\n" },
		{ "MAIL FROM:<> RequireTls SIZE=5", "MAIL FROM:<> SIZE=5\r\n" },
		{ "MAIL FROM:<> SIZE=5  REQUIRETLS", "MAIL FROM:<> SIZE=5\r\n" },
		{ "MAIL FROM:<> SIZE=5 requiretls BODY=7BIT", "MAIL FROM:<> SIZE=5 BODY=7BIT\r\n" },
		{ "MAIL FROM:<> ENVID=REQUIRETLS", "MAIL FROM:<> ENVID=REQUIRETLS\r\n" },
		{ "MAIL FROM:<>", "MAIL FROM:<>\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct smtp_command cmd;
		struct smtp_line line;
		char out[SMTP_ENVELOPE_LINE_MAX];
		parse(&cmd, &line, cases[i][0], 1000, false);
		assert_null(cmd.error);
		smtp_envelope_drop_requiretls(&cmd.envelope);
		assert_false(cmd.envelope.requiretls);
		assert_int_equal(cmd.envelope.needs & K(REQUIRETLS), 0);
		assert_int_equal(smtp_envelope_write(&cmd.envelope, V(MAIL), out), strlen(cases[i][1]));
		assert_string_equal(out, cases[i][1]);
	}
}

/* What a log may have of a line. */
static void test_show(void **state)
{
	static const struct {
		const char *line;
		const char *shown;
		const char *hushed; /* after AUTH or DATA */
	} cases[] = {
		{ "EHLO host name", "EHLO host name", "EHLO" },
		{ "HELO x", "HELO x", "HELO" },
		{ "mail FROM:<a@b> X=1 ", "mail FROM:<a@b> X=1 ", "mail FROM:<a@b> X=1 " },
		{ "RCPT  TO:<a", "RCPT  TO:<a", "RCPT  TO:<a" },
		{ "Mail from Bob", "Mail", "Mail" },
		{ "rcpt from:<a@b>", "rcpt", "rcpt" },
		{ "AUTH PLAIN AGEAYg==", "AUTH", "AUTH" },
		{ "AUTH\tPLAIN AGEAYg==", "AUTH", "AUTH" },
		{ "XCLIENT LOGIN=a", "XCLIENT", "XCLIENT" },
		{ "GET /?password=x HTTP/1.1", "GET", "GET" },
		{ "AGEAYg==", "AGEAYg==", "" },
		{ "Dear Bob,", "Dear", "" },
		{ " MAIL FROM:<a@b>", "", "" },
		{ "", "", "" },
	};
	struct smtp_command cmd;
	struct smtp_line line;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		parse(&cmd, &line, cases[i].line, 1, false);
		assert_int_equal(smtp_command_show(&line, false), strlen(cases[i].shown));
		assert_memory_equal(line.text, cases[i].shown, strlen(cases[i].shown));
		assert_int_equal(smtp_command_show(&line, true), strlen(cases[i].hushed));
		assert_memory_equal(line.text, cases[i].hushed, strlen(cases[i].hushed));
	}
}

static void test_show_is_bounded(void **state)
{
	struct smtp_command cmd;
	struct smtp_line line;
	char text[SMTP_LINE_MAX - 2];

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "MAIL FROM:<", 11);
	text[sizeof(text) - 1] = '\0';
	parse(&cmd, &line, text, 1, false);
	assert_int_equal(smtp_command_show(&line, true), SMTP_COMMAND_SHOWN_MAX);
	memset(text, 'a', sizeof(text) - 1);
	parse(&cmd, &line, text, 1, false);
	assert_int_equal(smtp_command_show(&line, false), SMTP_COMMAND_SHOWN_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),           cmocka_unit_test(test_envelopes),
		cmocka_unit_test(test_sizes),           cmocka_unit_test(test_check_params),
		cmocka_unit_test(test_drop_requiretls), cmocka_unit_test(test_show),
		cmocka_unit_test(test_show_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_log.c - log lines: whatever a value is made of, a line stays one line with the keys that the program wrote. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/base/log.h"

static struct {
	unsigned lines;
	enum log_level level;
	size_t len;
	char text[LOG_LINE_MAX + 1];
} last;

static void sink(enum log_level level, const char *line, size_t len)
{
	assert_true(len <= LOG_LINE_MAX);
	last.lines++;
	last.level = level;
	last.len = len;
	memcpy(last.text, line, len);
	last.text[len] = '\0';
	/* Nothing but printable ASCII ever gets out. */
	for (size_t i = 0; i < len; i++)
		assert_in_range((unsigned char)line[i], ' ', '~');
}

static void start(enum log_format format)
{
	memset(&last, 0, sizeof(last));
	log_set_sink(sink);
	log_init("tester", LOG_LEVEL_INFO, format);
}

static void log_value(const char *value)
{
	struct log_line line;

	log_open(&line, LOG_LEVEL_INFO, "event");
	log_add(&line, "key", "%s", value);
	log_add(&line, "after", "%d", 7);
	log_close(&line);
}

static const struct {
	const char *value;
	const char *text; /* as it stands in a text line */
	const char *json; /* and between JSON's quotes */
} values[] = {
	{ "plain", "plain", "plain" },
	{ "mx.example.com:25", "mx.example.com:25", "mx.example.com:25" },
	{ "", "\"\"", "" },
	{ "two words", "\"two words\"", "two words" },
	{ "a=b", "\"a=b\"", "a=b" },
	{ "x after=8", "\"x after=8\"", "x after=8" },
	{ "\"", "\"\\\"\"", "\\\"" },
	{ "x\" after=8 y=\"", "\"x\\\" after=8 y=\\\"\"", "x\\\" after=8 y=\\\"" },
	{ "\\", "\"\\\\\"", "\\\\" },
	{ "\\\"", "\"\\\\\\\"\"", "\\\\\\\"" },
	{ "250 ok\r\nevent forged=yes", "\"250 ok\\u000d\\u000aevent forged=yes\"",
	  "250 ok\\u000d\\u000aevent forged=yes" },
	{ "\x1b[2J", "\"\\u001b[2J\"", "\\u001b[2J" },
	{ "tab\t", "\"tab\\u0009\"", "tab\\u0009" },
	{ "\x7f", "\"\\u007f\"", "\\u007f" },
	{ "\xc3\xa4\xff", "\"\\u00c3\\u00a4\\u00ff\"", "\\u00c3\\u00a4\\u00ff" },
	{ "100% %s %n", "\"100% %s %n\"", "100% %s %n" },
	{ "','", "','", "','" },
};

static void test_text_values(void **state)
{
	(void)state;
	start(LOG_FORMAT_TEXT);
	for (size_t i = 0; i < COUNT(values); i++) {
		char want[256];
		log_value(values[i].value);
		(void)snprintf(want, sizeof(want), "event key=%s after=7", values[i].text);
		assert_string_equal(last.text, want);
	}
	assert_int_equal(last.lines, COUNT(values));
}

static void test_json_values(void **state)
{
	(void)state;
	start(LOG_FORMAT_JSON);
	for (size_t i = 0; i < COUNT(values); i++) {
		char want[256];
		log_value(values[i].value);
		(void)snprintf(want, sizeof(want),
			       "{\"severity\":\"info\",\"process\":\"tester\",\"event\":\"event\",\"key\":\"%s\","
			       "\"after\":\"7\"}",
			       values[i].json);
		assert_string_equal(last.text, want);
	}
}

/* json_string returns what follows the string at |at|, NULL where it is none (RFC 8259 s. 7). */
static const char *json_string(const char *at)
{
	if (*at++ != '"')
		return NULL;
	while (*at != '"') {
		if ((unsigned char)*at < ' ')
			return NULL;
		if (*at == '\\' && at[1] == 'u') {
			if (strspn(at + 2, "0123456789abcdef") < 4)
				return NULL;
			at += 6;
		} else if (*at == '\\') {
			if (at[1] != '"' && at[1] != '\\')
				return NULL;
			at += 2;
		} else {
			at++;
		}
	}
	return at + 1;
}

/* json_members counts the members of an object of strings; 0 where |at| is not exactly one. */
static unsigned json_members(const char *at)
{
	unsigned n = 0;

	if (*at != '{')
		return 0;
	do {
		at = json_string(at + 1);
		at = at != NULL && *at == ':' ? json_string(at + 1) : NULL;
		n++;
	} while (at != NULL && *at == ',');
	return at != NULL && strcmp(at, "}") == 0 ? n : 0;
}

static void test_every_octet_in_json(void **state)
{
	(void)state;
	start(LOG_FORMAT_JSON);
	for (int a = 1; a < 256; a++) {
		for (int b = 1; b < 256; b += 7) {
			char value[] = { (char)a, (char)b, (char)a, '\0' };
			log_value(value);
			assert_int_equal(json_members(last.text), 5);
		}
	}
}

static void test_octets_with_nul(void **state)
{
	struct log_line line;

	(void)state;
	start(LOG_FORMAT_TEXT);
	log_open(&line, LOG_LEVEL_INFO, "event");
	log_add_octets(&line, "key", "NO\0OP\x1b[2J\xff", 10);
	log_add_octets(&line, "plain", "NOOP and more", 4);
	log_close(&line);
	assert_string_equal(last.text, "event key=\"NO\\u0000OP\\u001b[2J\\u00ff\" plain=NOOP");
}

static size_t count_of(const char *needle)
{
	size_t n = 0;

	for (const char *at = last.text; (at = strstr(at, needle)) != NULL; at++)
		n++;
	return n;
}

/* Four values and a short one, of growing length, up to the end of the line and over it: what is there is whole, and a
 * cut is told. */
static void log_five(const char *value, size_t value_len, enum log_format format, unsigned *cuts)
{
	struct log_line line;
	size_t n;
	bool cut;

	log_open(&line, LOG_LEVEL_INFO, "event");
	for (int i = 0; i < 4; i++)
		log_add(&line, "value", "%s", value);
	log_add(&line, "last", "%s", "x");
	log_close(&line);

	n = count_of("value");
	cut = count_of("last") == 0;
	*cuts += cut;
	assert_true(n == 4 || (n == 3 && cut));
	assert_int_equal(count_of(format == LOG_FORMAT_TEXT ? " cut=yes" : ",\"cut\":\"yes\"}"), cut);
	if (format == LOG_FORMAT_JSON)
		assert_int_equal(json_members(last.text), 3 + n + 1);
	else
		assert_int_equal(last.len, strlen("event") + n * (strlen(" value=") + value_len) +
						   strlen(cut ? " cut=yes" : " last=x"));
}

static void test_cut_at_a_whole_value(void **state)
{
	static const enum log_format formats[] = { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };
	char value[1001];

	(void)state;
	for (size_t f = 0; f < COUNT(formats); f++) {
		unsigned cuts = 0;
		start(formats[f]);
		for (size_t len = 900; len < sizeof(value); len++) {
			/* JSON writes a quote as two octets. */
			size_t n = formats[f] == LOG_FORMAT_JSON ? len / 2 : len;
			memset(value, formats[f] == LOG_FORMAT_JSON ? '"' : 'v', n);
			value[n] = '\0';
			log_five(value, n, formats[f], &cuts);
		}
		assert_in_range(cuts, 5, 95);
	}
}

/* Nothing follows a value that had no room, not even a short one: the line would tell half a story. */
static void test_nothing_after_the_cut(void **state)
{
	static char value[2001];
	struct log_line line;

	(void)state;
	start(LOG_FORMAT_TEXT);
	memset(value, 'v', sizeof(value) - 1);
	log_open(&line, LOG_LEVEL_INFO, "event");
	log_add(&line, "a", "%s", value);
	log_add(&line, "b", "%s", value);
	log_add(&line, "c", "%s", "x");
	log_close(&line);
	assert_null(strstr(last.text, " b="));
	assert_null(strstr(last.text, " c="));
	assert_non_null(strstr(last.text, "v cut=yes"));
}

static void test_a_long_value_says_so(void **state)
{
	static char value[3001];

	(void)state;
	start(LOG_FORMAT_TEXT);
	for (size_t len = 2040; len < 2060; len++) {
		const char *end;
		memset(value, 'v', len);
		value[len] = '\0';
		log_value(value);
		end = strstr(last.text, " after=7");
		assert_non_null(end);
		assert_int_equal(strncmp(end - 3, "...", 3) == 0, len > 2047);
		assert_int_equal(end - last.text, strlen("event key=") + (len > 2047 ? 2047 : len));
	}
}

static void test_levels(void **state)
{
	static const enum log_level levels[] = { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

	(void)state;
	for (size_t least = 0; least < COUNT(levels); least++) {
		start(LOG_FORMAT_TEXT);
		log_init("tester", levels[least], LOG_FORMAT_TEXT);
		for (size_t i = 0; i < COUNT(levels); i++) {
			unsigned before = last.lines;
			log_say(levels[i], "event", "%s", "sentence here");
			assert_int_equal(last.lines - before, i <= least);
			if (i > least)
				continue;
			assert_int_equal(last.level, levels[i]);
			assert_string_equal(last.text, "event reason=\"sentence here\"");
		}
	}
}

static void test_errno_is_appended(void **state)
{
	(void)state;
	start(LOG_FORMAT_TEXT);
	errno = ENOENT;
	log_errno(LOG_LEVEL_ERROR, "event", "cannot open %s", "x");
	assert_string_equal(last.text, "event reason=\"cannot open x\" error=\"No such file or directory\"");
}

/* read_stderr runs |talk| with standard error on a pipe and returns how much came through, at the first read. */
static ssize_t read_stderr(void (*talk)(void), char *out, size_t cap)
{
	int saved = dup(STDERR_FILENO);
	int pipes[2];
	ssize_t n;

	assert_true(saved >= 0);
	assert_int_equal(pipe2(pipes, O_CLOEXEC | O_DIRECT), 0); /* packets: one read, one write */
	assert_true(dup2(pipes[1], STDERR_FILENO) >= 0);
	(void)close(pipes[1]);
	log_set_sink(NULL);
	talk();
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	(void)close(saved);
	n = read(pipes[0], out, cap);
	(void)close(pipes[0]);
	return n;
}

static void talk_warning(void)
{
	log_say(LOG_LEVEL_WARNING, "event", "bad\nthing");
	log_say(LOG_LEVEL_INFO, "second", "x");
}

static void talk_long(void)
{
	static char value[1900];
	struct log_line line;

	memset(value, 'v', sizeof(value) - 1);
	log_open(&line, LOG_LEVEL_ERROR, "event");
	log_add(&line, "a", "%s", value);
	log_add(&line, "b", "%s", value);
	log_close(&line);
}

static void test_standard_error_gets_whole_lines(void **state)
{
	static const char role[] = "a-role-with-a-name-that-is-much-longer-than-any-head-of-a-line-has-room-for";
	char text[2 * PIPE_BUF] = "";
	ssize_t n;

	(void)state;
	start(LOG_FORMAT_TEXT);
	n = read_stderr(talk_warning, text, sizeof(text));
	assert_true(n > 0);
	text[n] = '\0';
	assert_string_equal(text, "tester: warning: event reason=\"bad\\u000athing\"\n");

	start(LOG_FORMAT_JSON);
	n = read_stderr(talk_warning, text, sizeof(text));
	assert_true(n > 1);
	assert_int_equal(text[n - 1], '\n');
	text[n - 1] = '\0';
	assert_int_equal(json_members(text), 4);

	start(LOG_FORMAT_TEXT);
	log_init(role, LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
	assert_string_equal(log_role(), role);
	n = read_stderr(talk_long, text, sizeof(text));
	assert_in_range(n, 3800, PIPE_BUF);
	assert_memory_equal(text, role, 40);
	assert_int_equal(text[n - 1], '\n');
}

static void test_die_ends_the_process(void **state)
{
	int status = 0;
	pid_t pid;

	(void)state;
	(void)fflush(NULL); /* or the child would say it again */
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		(void)dup2(null, STDERR_FILENO);
		log_set_sink(NULL);
		log_die("event", "the end");
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_values),          cmocka_unit_test(test_json_values),
		cmocka_unit_test(test_every_octet_in_json),  cmocka_unit_test(test_octets_with_nul),
		cmocka_unit_test(test_cut_at_a_whole_value), cmocka_unit_test(test_nothing_after_the_cut),
		cmocka_unit_test(test_a_long_value_says_so), cmocka_unit_test(test_levels),
		cmocka_unit_test(test_errno_is_appended),    cmocka_unit_test(test_standard_error_gets_whole_lines),
		cmocka_unit_test(test_die_ends_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

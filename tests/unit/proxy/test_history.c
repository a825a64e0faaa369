/* test_history.c - the history of gate25 report: what a session counts as, its text, its bounded table, its files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/report/history_table.h"
#include "proxy/report/history_writer.h"

#define HOUR UINT64_C(1795712400)

/* --- what a session counts as ------------------------------------------------------------------------------------- */

static void test_outcome(void **state)
{
	static const struct {
		enum session_record_kind kind;
		const char *verdict;
		const char *tls;
		enum level level;
		bool decided;
		bool authenticated;
		bool enforce;
		bool testing;
		enum history_outcome outcome;
	} cases[] = {
		{ SESSION_RECORD_REFUSED, "refuse", "", LEVEL_ENCRYPT, true, false, true, false, HISTORY_REFUSED },
		{ SESSION_RECORD_REFUSED, "failed", "", LEVEL_UNSET, false, false, true, false, HISTORY_FAILED },
		{ SESSION_RECORD_REPORTED, "refuse", "", LEVEL_ENCRYPT, true, false, false, false,
		  HISTORY_WOULD_REFUSE },
		{ SESSION_RECORD_REPORTED, "pass", "TLSv1.3", LEVEL_ENCRYPT, true, false, true, true, HISTORY_TESTING },
		{ SESSION_RECORD_END, "none", "", LEVEL_UNSET, false, false, true, false, HISTORY_NONE },
		{ SESSION_RECORD_END, "pass", "TLSv1.3", LEVEL_DANE, true, true, true, false, HISTORY_PROVED },
		{ SESSION_RECORD_END, "pass", "TLSv1.2", LEVEL_ENCRYPT, true, false, true, false, HISTORY_ENCRYPTED },
		{ SESSION_RECORD_END, "unauthenticated", "TLSv1.2", LEVEL_ENCRYPT, true, false, false, false,
		  HISTORY_ENCRYPTED },
		{ SESSION_RECORD_END, "clear", "", LEVEL_MAY, true, false, true, false, HISTORY_CLEAR },
		{ SESSION_RECORD_END, "refuse", "TLSv1.2", LEVEL_MAY, true, false, true, false, HISTORY_ENCRYPTED },
		/* Report-only permits clear text, and the policy does not. */
		{ SESSION_RECORD_END, "clear", "", LEVEL_ENCRYPT, true, false, false, false, HISTORY_WOULD_REFUSE },
		{ SESSION_RECORD_MESSAGE, "refuse", "TLSv1.3", LEVEL_VERIFY, true, false, false, false,
		  HISTORY_WOULD_REFUSE },
		{ SESSION_RECORD_MESSAGE, "failed", "TLSv1.3", LEVEL_UNSET, false, false, false, false,
		  HISTORY_WOULD_REFUSE },
		{ SESSION_RECORD_END, "refuse", "TLSv1.3", LEVEL_VERIFY, true, false, true, false, HISTORY_REFUSED },
		{ SESSION_RECORD_END, "failed", "", LEVEL_UNSET, false, false, true, false, HISTORY_FAILED },
		{ SESSION_RECORD_END, "pass", "", LEVEL_ENCRYPT, true, false, true, false, HISTORY_REFUSED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct session_record record = { .kind = cases[i].kind,
						       .verdict = cases[i].verdict,
						       .tls_version = cases[i].tls,
						       .level = cases[i].level,
						       .decided = cases[i].decided,
						       .authenticated = cases[i].authenticated,
						       .enforce = cases[i].enforce,
						       .testing = cases[i].testing };
		assert_string_equal(history_outcome_name(history_outcome_of(&record)),
				    history_outcome_name(cases[i].outcome));
	}
}

/* --- text --------------------------------------------------------------------------------------------------------- */

static struct history_row sample(const char *domain, const char *destination)
{
	struct history_row row = { .hour_s = HOUR,
				   .destination.port = 25,
				   .policy = DEMAND_OF_DANE,
				   .level = LEVEL_DANE,
				   .outcome = HISTORY_WOULD_REFUSE,
				   .result = RESULT_TLSA_INVALID,
				   .tls = "TLSv1.3",
				   .mx = "mx.example.net",
				   .reason = "no TLSA record matches 100%",
				   .relay = true,
				   .sessions = 12,
				   .messages = 0,
				   .events = UINT64_MAX / 10 };

	(void)snprintf(row.domain, sizeof(row.domain), "%s", domain);
	assert_true(addr_parse(&row.destination.addr, destination));
	assert_true(addr_parse(&row.client, "2001:db8::9"));
	return row;
}

static bool reads(const char *line, struct history_row *out)
{
	struct history_mark mark;

	return history_line_read(line, strlen(line), out, &mark) == HISTORY_LINE_ROW;
}

static void test_row_text(void **state)
{
	struct history_row row = sample("example.net", "192.0.2.1");
	struct history_row again;
	char line[HISTORY_LINE_MAX];
	size_t len = history_row_write(line, &row);

	(void)state;
	assert_memory_equal(line,
			    "row 1795712400 example.net 192.0.2.1 25 TLSv1.3 dane dane would-refuse tlsa-invalid "
			    "no%20TLSA%20record%20matches%20100%25 mx.example.net 1 2001:db8::9 12 0 "
			    "1844674407370955161 .\n",
			    len);
	line[len - 1] = '\0';
	assert_true(reads(line, &again));
	assert_int_equal(history_compare(&row, &again), 0);
	assert_int_equal(again.sessions, 12);
	assert_int_equal(again.events, row.events);
	assert_true(again.relay && addr_equal(&again.client, &row.client));
	assert_string_equal(again.mx, row.mx);
	for (size_t cut = 0; cut < len - 1; cut++) {
		struct history_mark mark;
		assert_int_equal(history_line_read(line, cut, &again, &mark), HISTORY_LINE_DAMAGED);
	}
}

/* Whatever is in a text comes back, and the longest texts find room. */
static void test_hostile_text(void **state)
{
	struct history_row row = sample("", "2001:db8::1");
	struct history_row again;
	char line[HISTORY_LINE_MAX];
	size_t len;

	(void)state;
	(void)snprintf(row.domain, sizeof(row.domain), "-");
	(void)snprintf(row.mx, sizeof(row.mx), "<script>\"&'");
	(void)snprintf(row.reason, sizeof(row.reason), "row 1 .\n\x1b[2J\t\x7f\xff %%41 -");
	len = history_row_write(line, &row);
	assert_ptr_equal(memchr(line, '\n', len), line + len - 1);
	line[len - 1] = '\0';
	assert_true(reads(line, &again));
	assert_string_equal(again.domain, "-");
	assert_string_equal(again.mx, row.mx);
	assert_string_equal(again.reason, row.reason);
	memset(row.domain, '\xff', sizeof(row.domain) - 1);
	memset(row.mx, ' ', sizeof(row.mx) - 1);
	memset(row.reason, '%', sizeof(row.reason) - 1);
	memset(row.tls, '\n', sizeof(row.tls) - 1);
	row.sessions = row.messages = row.events = row.hour_s = UINT64_MAX / 20 / HISTORY_HOUR_S * HISTORY_HOUR_S;
	len = history_row_write(line, &row);
	assert_true(len < HISTORY_LINE_MAX);
	line[len - 1] = '\0';
	assert_true(reads(line, &again));
	assert_memory_equal(again.domain, row.domain, sizeof(row.domain));
	assert_memory_equal(again.reason, row.reason, sizeof(row.reason));
}

static void test_bad_lines(void **state)
{
#define GOOD_TAIL " 192.0.2.1 25 TLSv1.3 dane dane proved none - - 0 - 1 2 3 ."
	static const struct {
		const char *line;
		bool good;
	} cases[] = {
		{ "row 3600 a" GOOD_TAIL, true },
		{ "", false },
		{ "row", false },
		{ "sum 3600 a" GOOD_TAIL, false },
		{ "row 3601 a" GOOD_TAIL, false },
		{ "row 03600 a" GOOD_TAIL, false },
		{ "row -3600 a" GOOD_TAIL, false },
		{ "row +3600 a" GOOD_TAIL, false },
		{ "row 99999999999999999999 a" GOOD_TAIL, false },
		{ "row  3600 a" GOOD_TAIL, false },
		{ "row 3600 a" GOOD_TAIL " ", false },
		{ "row 3600 a" GOOD_TAIL ".", false },
		{ "row 3600 a%41" GOOD_TAIL, false },
		{ "row 3600 %c3" GOOD_TAIL, false },
		{ "row 3600 %C3" GOOD_TAIL, true },
		{ "row 3600 %C" GOOD_TAIL, false },
		{ "row 3600 %" GOOD_TAIL, false },
		{ "row 3600 %00" GOOD_TAIL, false },
		{ "row 3600 %2D" GOOD_TAIL, true },
		{ "row 3600 a%2D" GOOD_TAIL, false },
		{ "row 3600 %2Da" GOOD_TAIL, false },
		{ "row 3600 a\x01" GOOD_TAIL, false },
		{ "row 3600 a\xc3" GOOD_TAIL, false },
		{ "row 3600 a 192.0.2.01 25 - dane dane proved none - - 0 - 1 2 3 .", false },
		{ "row 3600 a ::ffff:192.0.2.1 25 - dane dane proved none - - 0 - 1 2 3 .", false },
		{ "row 3600 a - 0 - none unset proved none - - 0 - 1 2 3 .", true },
		{ "row 3600 a - 65536 - none unset proved none - - 0 - 1 2 3 .", false },
		{ "row 3600 a - 0 1234567890123456 none unset proved none - - 0 - 1 2 3 .", false },
		{ "row 3600 a - 0 - else unset proved none - - 0 - 1 2 3 .", false },
		{ "row 3600 a - 0 - none else proved none - - 0 - 1 2 3 .", false },
		{ "row 3600 a - 0 - none unset else none - - 0 - 1 2 3 .", false },
		{ "row 3600 a - 0 - none unset proved else - - 0 - 1 2 3 .", false },
		{ "row 3600 a - 0 - none unset proved none - - 2 - 1 2 3 .", false },
		{ "row 3600 a - 0 - none unset proved none - - 0 x 1 2 3 .", false },
		{ "row 3600 a - 0 - none unset proved none - - 0 - 1 2 .", false },
		{ "row 3600 a - 0 - none unset proved none - - 0 - 1 2 3 4 .", false },
		{ "row 3600 a - 0 - none unset proved none - - 0 - 1 2 3", false },
	};
	struct history_row row;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (reads(cases[i].line, &row) != cases[i].good)
			fail_msg("%s", cases[i].line);
	}
}

struct heard {
	unsigned rows;
	unsigned marks;
	bool enforce;
	struct history_row last;
	uint64_t sessions;
	uint64_t messages;
	uint64_t events;
};

static void on_heard(void *arg, const struct history_row *row, const struct history_mark *mark)
{
	struct heard *heard = arg;

	heard->rows += row != NULL;
	heard->marks += mark != NULL;
	if (mark != NULL)
		heard->enforce = mark->enforce;
	if (row == NULL)
		return;
	heard->last = *row;
	heard->sessions += row->sessions;
	heard->messages += row->messages;
	heard->events += row->events;
}

static void test_file_text(void **state)
{
	static const struct {
		const char *text;
		unsigned rows, marks;
		size_t damaged;
	} cases[] = {
		{ HISTORY_HEADER, 0, 0, 0 },
		{ "", 0, 0, 1 },
		{ "gate25-history 1", 0, 0, 1 },
		{ "gate25-history 2\nmark 3600 enforce .\n", 0, 0, 1 },
		{ HISTORY_HEADER "mark 3600 enforce .\nrow 3600 a" GOOD_TAIL "\n", 1, 1, 0 },
		{ HISTORY_HEADER "mark 3600 report-only .\nrow 3600 a" GOOD_TAIL, 0, 1, 1 },
		{ HISTORY_HEADER "mark 3600 maybe .\nmark 3600 enforce\nrow 3600 a" GOOD_TAIL "\n", 1, 0, 2 },
		{ HISTORY_HEADER "row 7200 a" GOOD_TAIL "\nmark 7200 enforce .\n", 0, 0, 2 },
		{ HISTORY_HEADER "\n\nrow 3600 a" GOOD_TAIL "\r\n", 0, 0, 3 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct heard heard = { 0 };
		assert_int_equal(history_text_read(cases[i].text, strlen(cases[i].text), 3600, on_heard, &heard),
				 cases[i].damaged);
		assert_int_equal(heard.rows, cases[i].rows);
		assert_int_equal(heard.marks, cases[i].marks);
	}
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

static void add(struct history_table *table, const char *domain, enum history_outcome outcome, bool known)
{
	struct history_row row = sample(domain, "192.0.2.1");

	row.outcome = outcome;
	row.sessions = 1;
	row.messages = row.events = 0;
	history_table_add(table, &row, known);
}

static uint64_t sessions_of(struct history_table *table, const char *domain)
{
	struct history_entry *entry;
	uint64_t sum = 0;

	for (size_t i = 0; (entry = history_table_at(table, i)) != NULL; i++) {
		if (strcmp(entry->row.domain, domain) == 0)
			sum += entry->row.sessions;
	}
	return sum;
}

static void test_table_adds(void **state)
{
	struct history_table *table = history_table_new(100000);
	struct history_row other = sample("a", "192.0.2.1");

	(void)state;
	add(table, "a", HISTORY_PROVED, false);
	add(table, "b", HISTORY_PROVED, false);
	add(table, "a", HISTORY_PROVED, false);
	add(table, "a", HISTORY_CLEAR, false);
	assert_int_equal(history_table_count(table), 3);
	assert_int_equal(sessions_of(table, "a"), 3);
	assert_int_equal(history_table_at(table, 0)->row.sessions, 2);
	other.outcome = HISTORY_PROVED;
	other.sessions = UINT64_MAX;
	other.relay = false;
	(void)snprintf(other.mx, sizeof(other.mx), "another");
	other.client.family = 0;
	history_table_add(table, &other, false);
	assert_true(history_table_at(table, 0)->row.sessions == UINT64_MAX);
	assert_string_equal(history_table_at(table, 0)->row.mx, "another");
	assert_true(history_table_at(table, 0)->row.relay && history_table_at(table, 0)->row.client.family != 0);
	history_table_clear(table);
	assert_int_equal(history_table_count(table), 0);
	add(table, "a", HISTORY_PROVED, false);
	assert_int_equal(sessions_of(table, "a"), 1);
	history_table_free(table);
}

/* A flood of names that nobody serves is summed up, and what servers take keeps its room. */
static void test_table_flood(void **state)
{
	struct history_table *table = history_table_new(64000);
	char domain[64];
	size_t rows;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		(void)snprintf(domain, sizeof(domain), "made-up-%u.example", i);
		add(table, domain, i % 2 == 0 ? HISTORY_FAILED : HISTORY_NONE, false);
		if (i % 1000 == 0)
			history_table_interval(table);
	}
	rows = history_table_count(table);
	assert_in_range(rows, 100, 300);
	assert_true(sessions_of(table, HISTORY_REST) + rows == 100000 + 2);
	history_table_interval(table);
	add(table, "real.example", HISTORY_PROVED, false);
	assert_int_equal(sessions_of(table, "real.example"), 1);
	add(table, "made-up-0.example", HISTORY_FAILED, false);
	assert_int_equal(sessions_of(table, "made-up-0.example"), 2);
	history_table_free(table);
}

/* One interval leaves room for the next. */
static void test_table_interval(void **state)
{
	struct history_table *table = history_table_new(64000);
	char domain[64];

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		(void)snprintf(domain, sizeof(domain), "burst-%u.example", i);
		add(table, domain, HISTORY_ENCRYPTED, false);
	}
	add(table, "late.example", HISTORY_ENCRYPTED, false);
	assert_int_equal(sessions_of(table, "late.example"), 0);
	add(table, "known.example", HISTORY_ENCRYPTED, true);
	assert_int_equal(sessions_of(table, "known.example"), 1);
	history_table_interval(table);
	add(table, "late.example", HISTORY_ENCRYPTED, false);
	assert_int_equal(sessions_of(table, "late.example"), 1);
	history_table_free(table);
}

/* --- files -------------------------------------------------------------------------------------------------------- */

static char folder[] = "/tmp/gate25-history-XXXXXX";
static uint64_t now = HOUR;

static uint64_t now_s(void)
{
	return now;
}

static int set_up(void **state)
{
	(void)state;
	now = HOUR;
	(void)strcpy(folder + strlen(folder) - 6, "XXXXXX");
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[64];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static struct history_writer *writer_new(uint64_t bytes_max)
{
	const struct history_writer_options options = { folder, bytes_max, false, now_s };
	struct history_writer *writer = history_writer_new(&options);

	assert_non_null(writer);
	return writer;
}

static void count(struct history_writer *writer, const char *domain)
{
	struct history_row row = sample(domain, "192.0.2.1");

	row.sessions = row.messages = row.events = 1;
	history_writer_add(writer, &row);
}

static struct heard read_hour(uint64_t hour_s, size_t *out_damaged)
{
	struct heard heard = { 0 };
	int dir = open(folder, O_RDONLY | O_DIRECTORY);

	assert_true(dir >= 0);
	assert_true(history_file_read(dir, hour_s, on_heard, &heard, out_damaged));
	(void)close(dir);
	return heard;
}

static size_t file_count(uint64_t *out_size)
{
	struct history_file *files;
	size_t files_count;
	int dir = open(folder, O_RDONLY | O_DIRECTORY);

	*out_size = 0;
	assert_true(history_files(dir, &files, &files_count));
	(void)close(dir);
	for (size_t i = 0; i < files_count; i++)
		*out_size += files[i].size;
	for (size_t i = 1; i < files_count; i++)
		assert_true(files[i - 1].hour_s < files[i].hour_s);
	free(files);
	return files_count;
}

static const char *path_of(uint64_t hour_s)
{
	static char path[128];
	char name[HISTORY_NAME_MAX];

	history_file_name(name, hour_s);
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

/* Differences add up while the hour runs; when it is over its file is short. */
static void test_writer(void **state)
{
	struct history_writer *writer = writer_new(16 << 20);
	struct heard heard;
	size_t damaged;

	(void)state;
	for (int i = 0; i < 30; i++) {
		count(writer, "a.example");
		history_writer_flush(writer);
	}
	history_writer_flush(writer); /* nothing new */
	heard = read_hour(HOUR, &damaged);
	assert_int_equal(damaged, 0);
	assert_int_equal(heard.rows, 30);
	assert_int_equal(heard.marks, 1);
	assert_false(heard.enforce);
	assert_int_equal(heard.sessions, 30);
	assert_int_equal(heard.messages, 30);
	assert_int_equal(heard.events, 30);
	history_writer_reload(writer, 16 << 20, true);
	history_writer_flush(writer);
	assert_true(read_hour(HOUR, &damaged).enforce);
	count(writer, "b.example");
	now += HISTORY_HOUR_S;
	history_writer_flush(writer);
	heard = read_hour(HOUR, &damaged);
	assert_int_equal(heard.rows, 2);
	assert_int_equal(heard.sessions, 31);
	heard = read_hour(HOUR + HISTORY_HOUR_S, &damaged);
	assert_int_equal(heard.rows, 0);
	assert_int_equal(heard.marks, 1);
	count(writer, "c.example");
	history_writer_free(writer);
	assert_int_equal(read_hour(HOUR + HISTORY_HOUR_S, &damaged).sessions, 1);
}

/* Killed at any moment, that is cut at any octet: what was whole is there after the next start, once. */
static void test_writer_killed(void **state)
{
	struct stat st;
	struct heard heard;
	size_t damaged;
	off_t full;

	(void)state;
	for (off_t cut = 0;; cut += 37) {
		struct history_writer *writer = writer_new(16 << 20);
		for (int i = 0; i < 3; i++) {
			count(writer, "a.example");
			history_writer_flush(writer);
		}
		assert_int_equal(stat(path_of(HOUR), &st), 0);
		full = st.st_size;
		/* A second life goes on in the same file while the first is forgotten, as after a kill. */
		if (cut < full)
			assert_int_equal(truncate(path_of(HOUR), full - cut), 0);
		heard = read_hour(HOUR, &damaged);
		struct history_writer *next = writer_new(16 << 20);
		assert_int_equal(read_hour(HOUR, &damaged).sessions, heard.sessions);
		assert_int_equal(damaged, 0);
		count(next, "a.example");
		history_writer_free(next);
		assert_int_equal(read_hour(HOUR, &damaged).sessions, heard.sessions + 1);
		assert_int_equal(unlink(path_of(HOUR)), 0);
		now += HISTORY_HOUR_S;
		history_writer_free(writer);
		now = HOUR;
		(void)unlink(path_of(HOUR));
		(void)unlink(path_of(HOUR + HISTORY_HOUR_S));
		if (cut >= full)
			break;
	}
}

/* Many names in many hours: the files stay within their size, the oldest goes first, and what is not ours stays. */
static void test_writer_rotates(void **state)
{
	struct history_writer *writer = writer_new(1 << 20);
	char domain[64];
	uint64_t size;
	size_t damaged;
	char stranger[128];
	int fd;

	(void)state;
	(void)snprintf(stranger, sizeof(stranger), "%s/history-notes", folder);
	fd = open(stranger, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0 && close(fd) == 0);
	for (unsigned hour = 0; hour < 200; hour++) {
		for (unsigned i = 0; i < 300; i++) {
			(void)snprintf(domain, sizeof(domain), "made-up-%u-%u.example", hour, i);
			count(writer, domain);
			if (i % 20 == 0)
				history_writer_flush(writer);
		}
		assert_true(file_count(&size) > 0);
		assert_true(size <= (1 << 20) + 2 * HISTORY_HOUR_MIN + (64 << 10));
		now += HISTORY_HOUR_S;
		history_writer_flush(writer);
	}
	history_writer_free(writer);
	assert_true(file_count(&size) >= 20);
	assert_int_equal(access(path_of(HOUR), F_OK), -1);
	assert_int_equal(access(stranger, F_OK), 0);
	assert_int_equal(read_hour(now - HISTORY_HOUR_S, &damaged).sessions, 300);
	assert_int_equal(damaged, 0);
}

/* A file that may grow no more stands for a full disk: what was written stays sound, and what is new comes later. */
static void test_writer_full(void **state)
{
	struct history_writer *writer = writer_new(16 << 20);
	struct rlimit old;
	struct rlimit none;
	struct stat st;
	size_t damaged;

	(void)state;
	count(writer, "a.example");
	history_writer_flush(writer);
	assert_int_equal(stat(path_of(HOUR), &st), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	none = old;
	none.rlim_cur = (rlim_t)st.st_size + 10;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	count(writer, "a.example");
	history_writer_flush(writer);
	history_writer_flush(writer);
	assert_int_equal(read_hour(HOUR, &damaged).sessions, 1);
	assert_int_equal(damaged, 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	history_writer_flush(writer);
	assert_int_equal(read_hour(HOUR, &damaged).sessions, 2);
	/* A new hour whose file cannot be made begins when it can be. */
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	now += HISTORY_HOUR_S;
	history_writer_flush(writer);
	count(writer, "b.example");
	history_writer_flush(writer);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	history_writer_flush(writer);
	assert_int_equal(read_hour(now, &damaged).sessions, 1);
	count(writer, "b.example");
	history_writer_free(writer);
	assert_int_equal(read_hour(now, &damaged).sessions, 2);
}

/* Neither links nor other things under our names are followed or removed. */
static void test_links(void **state)
{
	char target[128];
	struct heard heard = { 0 };
	uint64_t size;
	size_t damaged;
	int dir;

	(void)state;
	(void)snprintf(target, sizeof(target), "%s/secret", folder);
	int fd = open(target, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0 && write(fd, HISTORY_HEADER, sizeof(HISTORY_HEADER) - 1) > 0 && close(fd) == 0);
	assert_int_equal(symlink("secret", path_of(HOUR)), 0);
	assert_int_equal(mkfifo(path_of(HOUR + HISTORY_HOUR_S), 0600), 0);
	assert_int_equal(file_count(&size), 0);
	dir = open(folder, O_RDONLY | O_DIRECTORY);
	assert_false(history_file_read(dir, HOUR, on_heard, &heard, &damaged));
	assert_false(history_file_read(dir, HOUR + HISTORY_HOUR_S, on_heard, &heard, &damaged));
	(void)close(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outcome),
		cmocka_unit_test(test_row_text),
		cmocka_unit_test(test_hostile_text),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_file_text),
		cmocka_unit_test(test_table_adds),
		cmocka_unit_test(test_table_flood),
		cmocka_unit_test(test_table_interval),
		cmocka_unit_test_setup_teardown(test_writer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_writer_killed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_writer_rotates, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_writer_full, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_links, set_up, tear_down),
	};

	(void)signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_report.c - gate25 report: what many hours add up to, what follows from it, and its forms before hostile text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/cli/cli.h"
#include "proxy/report/report.h"
#include "tests/unit/proxy/cli_run.h"

#define HOUR UINT64_C(1795712400)

static char folder[] = "/tmp/gate25-report-XXXXXX";

static int set_up(void **state)
{
	char path[64];

	(void)state;
	(void)setenv("TZ", "UTC", 1);
	(void)strcpy(folder + strlen(folder) - 6, "XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "mkdir %s/report", folder);
	return system(path);
}

static int tear_down(void **state)
{
	char command[64];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

/* --- files -------------------------------------------------------------------------------------------------------- */

/* hour opens the file of the hour |n| after HOUR, with a mark. */
static FILE *hour(unsigned n, bool enforce)
{
	const struct history_mark mark = { HOUR + n * HISTORY_HOUR_S, enforce };
	char name[HISTORY_NAME_MAX];
	char path[128];
	char line[HISTORY_LINE_MAX];
	FILE *out;

	history_file_name(name, mark.hour_s);
	(void)snprintf(path, sizeof(path), "%s/report/%s", folder, name);
	out = fopen(path, "w");
	assert_non_null(out);
	(void)fputs(HISTORY_HEADER, out);
	(void)fwrite(line, 1, history_mark_write(line, &mark), out);
	return out;
}

static struct history_row row_of(unsigned n, const char *domain, const char *destination, enum history_outcome outcome)
{
	struct history_row row = { .hour_s = HOUR + n * HISTORY_HOUR_S,
				   .destination.port = 25,
				   .policy = DEMAND_OF_DEFAULT,
				   .level = LEVEL_ENCRYPT,
				   .outcome = outcome };

	(void)snprintf(row.domain, sizeof(row.domain), "%s", domain);
	if (destination != NULL)
		assert_true(addr_parse(&row.destination.addr, destination));
	assert_true(addr_parse(&row.client, "10.25.0.7"));
	return row;
}

static void write_row(FILE *out, const struct history_row *row)
{
	char line[HISTORY_LINE_MAX];

	(void)fwrite(line, 1, history_row_write(line, row), out);
}

static void served(FILE *out, unsigned n, const char *domain, enum history_outcome outcome, uint64_t messages)
{
	struct history_row row = row_of(n, domain, "192.0.2.1", outcome);

	row.sessions = 1;
	row.messages = messages;
	if (outcome != HISTORY_CLEAR)
		(void)strcpy(row.tls, "TLSv1.3");
	write_row(out, &row);
}

static void event(FILE *out, unsigned n, const char *domain, enum history_outcome outcome, enum result_word result,
		  uint64_t count, const char *reason)
{
	struct history_row row = row_of(n, domain, "192.0.2.1", outcome);

	row.events = count;
	row.result = result;
	(void)snprintf(row.reason, sizeof(row.reason), "%s", reason);
	write_row(out, &row);
}

static struct report read_report(uint64_t since_s, uint64_t until_s, const char *domain)
{
	struct report report;
	char path[64];
	int dir;

	(void)snprintf(path, sizeof(path), "%s/report", folder);
	dir = open(path, O_RDONLY | O_DIRECTORY);
	assert_true(dir >= 0);
	assert_true(report_read(&report, dir, since_s, until_s, domain));
	(void)close(dir);
	return report;
}

static struct report read_all(void)
{
	return read_report(0, UINT64_MAX, NULL);
}

/* --- adding up ---------------------------------------------------------------------------------------------------- */

static void test_sums(void **state)
{
	FILE *out = hour(0, false);
	struct report report;
	struct history_row row;
	char text[REPORT_TEXT_MAX];

	(void)state;
	served(out, 0, "a.example", HISTORY_PROVED, 3);
	served(out, 0, "b.example", HISTORY_WOULD_REFUSE, 2);
	event(out, 0, "b.example", HISTORY_WOULD_REFUSE, RESULT_TLSA_INVALID, 2, "one reason");
	(void)fclose(out);
	out = hour(1, false);
	served(out, 1, "a.example", HISTORY_PROVED, 4);
	served(out, 1, "a.example", HISTORY_CLEAR, 1);
	row = row_of(1, "a.example", "2001:db8::1", HISTORY_REFUSED);
	row.events = 5;
	row.policy = DEMAND_OF_STS;
	(void)strcpy(row.mx, "mx6.a.example");
	assert_true(addr_parse(&row.client, "10.25.0.8"));
	write_row(out, &row);
	event(out, 1, "b.example", HISTORY_WOULD_REFUSE, RESULT_TLSA_INVALID, 1, "one reason");
	event(out, 1, "b.example", HISTORY_WOULD_REFUSE, RESULT_NONE, 1, "another");
	(void)fclose(out);

	report = read_all();
	assert_int_equal(report.hours, 2);
	assert_int_equal(report.first_s, HOUR);
	assert_int_equal(report.last_s, HOUR + 2 * HISTORY_HOUR_S);
	assert_int_equal(report.gaps_count, 0);
	assert_true(report.report_only);
	assert_int_equal(report.domains_count, 2);
	assert_string_equal(report.domains[0].name, "b.example"); /* what needs attention first */
	assert_int_equal(report.domains[0].places_count, 1);
	assert_int_equal(report_would(&report.domains[0].sums), 2);
	assert_int_equal(report.domains[0].sums.events[HISTORY_WOULD_REFUSE], 4);
	assert_string_equal(report.domains[1].name, "a.example");
	assert_int_equal(report.domains[1].places_count, 2);
	assert_int_equal(report.domains[1].sums.messages[HISTORY_PROVED], 7);
	assert_int_equal(report.domains[1].sums.messages[HISTORY_CLEAR], 1);
	assert_int_equal(report_refusals(&report.domains[1].sums), 5);
	assert_int_equal(report_sum(report.sums.messages), 10);
	report_tls_text(text, report.domains[1].places[0].rows, report.domains[1].places[0].rows_count);
	assert_string_equal(text, "TLSv1.3 2, without TLS 1");
	report_policy_text(text, report.domains[1].places[0].rows, report.domains[1].places[0].rows_count);
	assert_string_equal(text, "default 3");
	assert_string_equal(report.domains[1].places[1].mx, "mx6.a.example");
	report_clients_text(text, &report.domains[1].places[1]);
	assert_string_equal(text, "10.25.0.8");
	report_cleanup(&report);
	assert_null(report.rows);

	report = read_report(HOUR, HOUR + HISTORY_HOUR_S, NULL);
	assert_int_equal(report.hours, 1);
	assert_int_equal(report_sum(report.sums.messages), 5);
	report_cleanup(&report);
	report = read_report(0, UINT64_MAX, "a.example");
	assert_int_equal(report.domains_count, 1);
	report_cleanup(&report);
	report = read_report(0, UINT64_MAX, ".example");
	assert_int_equal(report.domains_count, 2);
	report_cleanup(&report);
	report = read_report(0, UINT64_MAX, ".a.example");
	assert_int_equal(report.domains_count, 0);
	assert_int_equal(report.hours, 2);
	report_cleanup(&report);
}

static void test_gaps_and_damage(void **state)
{
	static const unsigned known[] = { 0, 1, 5, 6, 8 };
	struct report_answer answer;
	struct report report;
	FILE *out;

	(void)state;
	for (size_t i = 0; i < COUNT(known); i++) {
		out = hour(known[i], false);
		served(out, known[i], "a.example", HISTORY_PROVED, 1);
		(void)fputs(i == 2 ? "row torn" : "", out);
		(void)fclose(out);
	}
	report = read_all();
	assert_int_equal(report.hours, 5);
	assert_int_equal(report.gaps_count, 2);
	assert_int_equal(report.gaps_hours, 4);
	assert_int_equal(report.gaps[0].from_s, HOUR + 2 * HISTORY_HOUR_S);
	assert_int_equal(report.gaps[0].until_s, HOUR + 5 * HISTORY_HOUR_S);
	assert_int_equal(report.damaged, 1);
	assert_int_equal(report_sum(report.sums.messages), 5);
	report_answer_of(&answer, &report);
	assert_int_equal(answer.kind, REPORT_WAIT);
	assert_non_null(strstr(answer.notes[0], "Known are 5 hours between 2026-11-26 17:00 and 2026-11-27 02:00."));
	assert_non_null(strstr(answer.notes[1], "Of 4 hours in between nothing is known (2 gaps, the first from"));
	assert_non_null(strstr(answer.notes[2], "1 line of the history could not be understood"));
	report_cleanup(&report);
}

/* --- the answer --------------------------------------------------------------------------------------------------- */

static const struct {
	enum history_outcome outcome;
	uint64_t messages;
	uint64_t events;
	unsigned hours;
	bool enforce;
	enum report_answer_kind kind;
	bool trouble;
	const char *says;
} answers[] = {
	{ HISTORY_PROVED, 5, 0, 0, false, REPORT_NOTHING_KNOWN, false, "Nothing is known of this time." },
	{ HISTORY_PROVED, 5, 0, 3, false, REPORT_WAIT, false,
	  "3 hours with 15 messages to 1 domain is little to go by" },
	{ HISTORY_PROVED, 5, 0, 168, false, REPORT_YES, false,
	  "Yes. In 7 days with 840 messages to 1 domain nothing would have been refused" },
	{ HISTORY_NONE, 0, 0, 168, false, REPORT_WAIT, false, "7 days with 0 messages" },
	{ HISTORY_WOULD_REFUSE, 1, 1, 2, false, REPORT_NOT_YET, true,
	  "Not yet. Of 2 messages 2 would have been refused, to 1 of 1 domain." },
	{ HISTORY_WOULD_REFUSE, 0, 1, 2, false, REPORT_NOT_YET, true,
	  "2 recipients would have been, for 1 of 1 domain" },
	{ HISTORY_TESTING, 0, 2, 2, false, REPORT_WAIT, false, "Nothing of what was seen would have been refused" },
	{ HISTORY_PROVED, 5, 0, 2, true, REPORT_ENFORCED, false, "It is on, and nothing was refused; 10 messages" },
	{ HISTORY_REFUSED, 0, 3, 2, true, REPORT_ENFORCED, true,
	  "It is on. 0 messages went out; there were 6 refusals" },
	{ HISTORY_FAILED, 0, 3, 2, true, REPORT_ENFORCED, true, "there were 6 refusals" },
	{ HISTORY_WOULD_REFUSE, 1, 1, 2, true, REPORT_NOT_YET, true, "Not yet." },
};

static void test_answers(void **state)
{
	for (size_t i = 0; i < COUNT(answers); i++) {
		struct report_answer answer;
		struct report report;
		assert_int_equal(set_up(state), 0);
		for (unsigned n = 0; n < answers[i].hours; n++) {
			FILE *out = hour(n, answers[i].enforce);
			if (answers[i].messages > 0)
				served(out, n, "a.example", answers[i].outcome, answers[i].messages);
			if (answers[i].events > 0)
				event(out, n, "a.example", answers[i].outcome, RESULT_TLSA_INVALID, answers[i].events,
				      "why");
			(void)fclose(out);
		}
		report = read_all();
		report_answer_of(&answer, &report);
		if (strstr(answer.headline, answers[i].says) == NULL)
			fail_msg("%s", answer.headline);
		assert_int_equal(answer.kind, answers[i].kind);
		assert_int_equal(report_has_trouble(&report.sums), answers[i].trouble);
		report_cleanup(&report);
		assert_int_equal(tear_down(state), 0);
	}
	assert_int_equal(set_up(state), 0);
}

static void test_actions(void **state)
{
	FILE *out = hour(0, false);
	struct report_action *actions;
	struct report report;
	struct history_row relay;
	size_t count;

	(void)state;
	served(out, 0, "b.example", HISTORY_WOULD_REFUSE, 2);
	event(out, 0, "b.example", HISTORY_WOULD_REFUSE, RESULT_TLSA_INVALID, 1, "rare");
	event(out, 0, "b.example", HISTORY_WOULD_REFUSE, RESULT_STARTTLS_NOT_SUPPORTED, 9, "often");
	served(out, 0, "c.example", HISTORY_WOULD_REFUSE, 7);
	event(out, 0, "c.example", HISTORY_WOULD_REFUSE, RESULT_CERTIFICATE_EXPIRED, 1, "old");
	event(out, 0, "d.example", HISTORY_TESTING, RESULT_VALIDATION_FAILURE, 1, "tested");
	event(out, 0, "e.example", HISTORY_FAILED, RESULT_DNSSEC_INVALID, 1, "bogus");
	event(out, 0, HISTORY_REST, HISTORY_FAILED, RESULT_NONE, 50, "");
	for (int i = 0; i < 3; i++) {
		char domain[32];
		(void)snprintf(domain, sizeof(domain), "r%d.example", i);
		relay = row_of(0, domain, i == 2 ? "192.0.2.10" : "192.0.2.9", HISTORY_WOULD_REFUSE);
		relay.relay = true;
		relay.events = 4;
		relay.messages = 1;
		write_row(out, &relay);
	}
	(void)fclose(out);
	report = read_all();
	assert_true(report_actions(&report, HISTORY_WOULD_REFUSE, &actions, &count));
	assert_int_equal(count, 2); /* of relays a rule is what there is to do */
	assert_string_equal(actions[0].domain->name, "c.example");
	assert_int_equal(actions[0].messages, 7);
	assert_int_equal(actions[0].cause->result, RESULT_CERTIFICATE_EXPIRED);
	assert_string_equal(actions[1].domain->name, "b.example");
	assert_string_equal(actions[1].cause->reason, "often");
	assert_int_equal(actions[1].causes, 2);
	assert_int_equal(actions[1].events, 10);
	free(actions);
	assert_true(report_actions(&report, HISTORY_TESTING, &actions, &count));
	assert_int_equal(count, 1);
	free(actions);
	assert_true(report_actions(&report, HISTORY_REFUSED, &actions, &count));
	assert_int_equal(count, 1);
	assert_string_equal(actions[0].domain->name, "e.example");
	free(actions);
	assert_int_equal(report.relays_count, 2);
	assert_int_equal(report.relays[0].domains, 2);
	assert_int_equal(report.relays[0].events, 8);
	assert_int_equal(report.relays[0].messages, 2);
	assert_string_equal(
		report.relays[0].rule,
		"destination \"192.0.2.9\" { level = \"secure\" match = { \"NAME.OF.THE.RELAY\" } auth = yes }");
	report_cleanup(&report);
}

/* Every word has a hint that names the domain, and the hint is printable whatever the name. */
static void test_hints(void **state)
{
	struct history_row row = row_of(0, "", NULL, HISTORY_WOULD_REFUSE);
	char hint[REPORT_TEXT_MAX];

	(void)state;
	memset(row.domain, '\xe9', sizeof(row.domain) - 1);
	for (unsigned i = 0; i < RESULT_COUNT; i++) {
		row.result = (enum result_word)i;
		report_hint(hint, &row);
		assert_true(strlen(hint) > 40 && strlen(hint) < REPORT_TEXT_MAX - 1);
		for (const char *c = hint; *c != '\0'; c++)
			assert_in_range(*c, ' ', '~');
		assert_non_null(strstr(hint, "?????"));
	}
	row.domain[0] = '\0'; /* what a destination rule decided */
	row.policy = DEMAND_OF_RULE;
	assert_true(addr_parse(&row.destination.addr, "2001:db8::7"));
	report_hint(hint, &row);
	assert_non_null(strstr(hint, "your rule for the destination 2001:db8::7 demands it"));
}

/* --- forms -------------------------------------------------------------------------------------------------------- */

enum form { TEXT, TEXT_ALL, HTML, JSON };

/* made returns the report in that form for the caller to free. */
static char *made(enum form form)
{
	struct report report = read_all();
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	bool ok;

	assert_non_null(out);
	ok = form == HTML   ? report_html(&report, out)
	     : form == JSON ? report_json(&report, out)
			    : report_text(&report, form == TEXT_ALL, out);
	assert_true(ok);
	assert_int_equal(fclose(out), 0);
	report_cleanup(&report);
	return text;
}

static void write_hostile(void)
{
	FILE *out = hour(0, false);
	struct history_row row = row_of(0, "<script>alert('d')</script>", "192.0.2.1", HISTORY_WOULD_REFUSE);

	(void)strcpy(row.mx, "\"><img src=x onerror=alert(1)>");
	(void)strcpy(row.reason, "</li><script src=//evil.example>&amp;\x1b]0;title\x07\r\n\xff");
	(void)strcpy(row.tls, "<b>\x1b[2J");
	row.events = row.sessions = row.messages = 1;
	write_row(out, &row);
	row.relay = true;
	(void)strcpy(row.domain, "relay\"<i>");
	row.destination.addr.bytes[3] = 2;
	write_row(out, &row);
	row.outcome = HISTORY_REFUSED;
	(void)strcpy(row.domain, "refused'<u>");
	row.destination.addr.bytes[3] = 3;
	row.relay = false;
	write_row(out, &row);
	(void)fclose(out);
}

static void test_hostile(void **state)
{
	static const char *const markup[] = {
		"<script", "<img", "<b>\x1b", "<i>", "<u>", "</li><", "src=//evil.example>"
	};
	json_t *json;
	char *text;

	(void)state;
	write_hostile();
	for (enum form form = TEXT; form <= JSON; form++) {
		text = made(form);
		for (const char *c = text; *c != '\0'; c++)
			assert_true(*c == '\n' || (*c == '\t' && form == JSON) || (*c >= ' ' && *c <= '~'));
		for (size_t i = 0; i < COUNT(markup) && form == HTML; i++)
			assert_null(strstr(text, markup[i]));
		if (form == HTML) {
			assert_non_null(strstr(text, "&lt;script&gt;alert(&#39;d&#39;)&lt;/script&gt;"));
			assert_non_null(strstr(text, "&quot;&gt;&lt;img src=x onerror=alert(1)&gt;"));
			assert_non_null(strstr(text, "&amp;amp;"));
			assert_null(strstr(text, "http:"));
			assert_null(strstr(text, "https:"));
			assert_non_null(strstr(text, "default-src 'none'"));
		}
		free(text);
	}
	text = made(JSON);
	json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	json_decref(json);
	free(text);
}

static void test_text(void **state)
{
	FILE *out = hour(0, false);
	char *text;

	(void)state;
	served(out, 0, "good.example", HISTORY_PROVED, 3);
	served(out, 0, "bad.example", HISTORY_WOULD_REFUSE, 2);
	event(out, 0, "bad.example", HISTORY_WOULD_REFUSE, RESULT_STARTTLS_NOT_SUPPORTED, 2, "no STARTTLS there");
	(void)fclose(out);
	text = made(TEXT);
	assert_non_null(strstr(text, "\nMay enforcement be switched on?\n  Not yet. Of 5 messages 2 would"));
	assert_non_null(strstr(
		text, "\nWhat would have been refused\n  1. bad.example by way of 192.0.2.1: 2 messages, 2 "
		      "times, last in the hour from 2026-11-26 17:00\n     sent by 10.25.0.7\n     "
		      "starttls-not-supported (policy default, level encrypt): no STARTTLS there\n     to do: "));
	assert_non_null(strstr(
		text, "\nbad.example                                         1        2        0        0        "
		      "0        2        0\n"));
	assert_non_null(strstr(
		text, "\n  192.0.2.1                                         1        3        3        0        "
		      "0        0        0  TLSv1.3 1; default 1\n"));
	assert_non_null(strstr(
		text, "\nall                                                 2        5        3        0        "
		      "0        2        0\n"));
	free(text);
}

/* Ten thousand domains: the first are listed, the rest is summed up, and nothing is lost of the sum. */
static void test_many(void **state)
{
	FILE *out = hour(0, false);
	char domain[300];
	char *text;
	size_t lines = 0;

	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		(void)snprintf(domain, sizeof(domain), "%0200u.example", i);
		served(out, 0, domain, HISTORY_ENCRYPTED, i + 1);
	}
	(void)fclose(out);
	text = made(TEXT);
	for (const char *c = text; *c != '\0'; c++)
		lines += *c == '\n';
	assert_in_range(lines, 40, 60);
	assert_non_null(strstr(text, "\n... and 9980 domains more (--all)                9980 49805190 "));
	assert_non_null(strstr(text, "\nall                                             10000 50005000 "));
	assert_non_null(strstr(text, "\n0000000000000000000000..000000009999.example        1    10000 "));
	free(text);
	text = made(TEXT_ALL);
	assert_null(strstr(text, "--all"));
	free(text);
	text = made(HTML);
	assert_non_null(strstr(text, "and 8000 domains more"));
	free(text);
}

static void test_json(void **state)
{
	static const char *const keys[] = {
		"version",          "report_only", "enforcement",         "period",
		"sessions",         "messages",    "would_refuse",        "refusals",
		"relays",           "domains",     "messages_by_outcome", "sessions_by_outcome",
		"events_by_outcome"
	};
	FILE *out = hour(0, false);
	const json_t *place;
	const json_t *cause;
	json_t *json;
	char *text;

	(void)state;
	served(out, 0, "bad.example", HISTORY_WOULD_REFUSE, 2);
	event(out, 0, "bad.example", HISTORY_WOULD_REFUSE, RESULT_TLSA_INVALID, 3, "none matches");
	served(out, 0, HISTORY_REST, HISTORY_PROVED, 2);
	(void)fclose(out);
	text = made(JSON);
	json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	free(text);
	assert_non_null(json);
	for (size_t i = 0; i < COUNT(keys); i++)
		assert_non_null(json_object_get(json, keys[i]));
	assert_string_equal(json_string_value(json_object_get(json_object_get(json, "enforcement"), "answer")),
			    "not-yet");
	json_t *first = json_array_get(json_object_get(json, "domains"), 0);
	assert_string_equal(json_string_value(json_object_get(first, "domain")), "bad.example");
	place = json_array_get(json_object_get(first, "destinations"), 0);
	assert_string_equal(json_string_value(json_object_get(place, "destination")), "192.0.2.1");
	assert_int_equal(json_integer_value(json_object_get(place, "would_refuse_messages")), 2);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(place, "tls"), "TLSv1.3")), 1);
	cause = json_array_get(json_object_get(place, "events"), 0);
	assert_string_equal(json_string_value(json_object_get(cause, "result")), "tlsa-invalid");
	assert_string_equal(json_string_value(json_object_get(cause, "reason")), "none matches");
	assert_int_equal(json_integer_value(json_object_get(cause, "count")), 3);
	assert_true(json_is_true(json_object_get(json_array_get(json_object_get(json, "domains"), 1), "not_listed")));
	json_decref(json);
}

/* --- the command -------------------------------------------------------------------------------------------------- */

static struct cli_said said;

#define RUN(...) cli_run_as(&said, cli_report, (const char *const[]){ __VA_ARGS__, NULL })

static void test_command_words(void **state)
{
	static const struct {
		const char *option, *value;
		const char *says;
	} wrong[] = {
		{ "--since", "7", "7 is no time" },
		{ "--since", "7y", "7y is no time" },
		{ "--since", "-7d", "-7d is no time" },
		{ "--since", "2026-13-01", "is no time" },
		{ "--since", "2026-01-01x", "is no time" },
		{ "--since", "99999999999999999999d", "is no time" },
		{ "--until", "", " is no time" },
		{ "--until", "8d", "is not before" },
		{ "--domain", "a..b", "a..b is no domain" },
		{ "--domain", "", " is no domain" },
		{ "--domain", ".", ". is no domain" },
		{ "--html", "-", "both want standard output" },
		{ "--since", "2999-01-01", "is not before" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		RUN("--json", wrong[i].option, wrong[i].value, "--state-dir", folder);
		assert_int_equal(said.status, CLI_USAGE);
		if (strstr(said.err, wrong[i].says) == NULL)
			fail_msg("%s", said.err);
	}
	RUN("--nonsense");
	assert_int_equal(said.status, CLI_USAGE);
	RUN("word");
	assert_int_equal(said.status, CLI_USAGE);
	RUN("--help");
	assert_int_equal(said.status, CLI_OK);
	assert_non_null(strstr(said.out, "--html FILE"));
}

/* write_conf writes |text|, with the test's folder where it has a %. */
static void write_conf(const char *text)
{
	char path[64];
	FILE *out;

	(void)snprintf(path, sizeof(path), "%s/conf", folder);
	out = fopen(path, "w");
	assert_non_null(out);
	for (; *text != '\0'; text++) {
		if (*text == '%')
			(void)fputs(folder, out);
		else
			(void)fputc(*text, out);
	}
	(void)fclose(out);
}

static void test_command_none(void **state)
{
	static const struct {
		const char *conf;
		const char *says;
	} cases[] = {
		{ "state-dir = off\n", "no history is kept: the configuration has state-dir = off" },
		{ "state-dir = \"%/nowhere\"\n", "there is no history at" },
		{ "state-dir = \"%/nowhere\"\nmonitor = off\n", "the configuration has monitor = off" },
		{ "state-dir = \"%/nowhere\"\nhistory-size = 0\n", "the configuration has history-size = 0" },
		{ "state-dir = \"%\"\n", "has nothing of this time" },
		{ "state-dir = \"%/conf\"\n", "is no folder" },
	};
	char path[64];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/conf", folder);
	for (size_t i = 0; i < COUNT(cases); i++) {
		write_conf(cases[i].conf);
		RUN("--config", path);
		assert_int_equal(said.status, CLI_UNDECIDED);
		if (strstr(said.err, cases[i].says) == NULL)
			fail_msg("%s", said.err);
		assert_string_equal(said.out, "");
	}
	write_conf("nonsense = 1\n");
	RUN("--config", path);
	assert_int_equal(said.status, CLI_USAGE);
	RUN("--config", "/nowhere/gate25.conf");
	assert_int_equal(said.status, CLI_USAGE);
}

static void test_command(void **state)
{
	char page[64];
	char text[512];
	FILE *out = hour(0, false);

	(void)state;
	served(out, 0, "good.example", HISTORY_PROVED, 3);
	(void)fclose(out);
	RUN("--state-dir", folder, "--since", "2026-11-26", "--until", "2026-11-27T00:00");
	assert_int_equal(said.status, CLI_OK);
	assert_non_null(strstr(said.out, "good.example"));
	RUN("--state-dir", folder, "--since", "2026-11-26 18:00", "--until", "2026-11-27");
	assert_int_equal(said.status, CLI_UNDECIDED);
	out = hour(1, false);
	served(out, 1, "bad.example", HISTORY_WOULD_REFUSE, 2);
	(void)fclose(out);
	RUN("--state-dir", folder, "--since", "2026-11-26", "--until", "2026-11-27");
	assert_int_equal(said.status, CLI_FAILED);
	RUN("--state-dir", folder, "--since", "2026-11-26", "--until", "2026-11-27", "--domain", "GOOD.example.");
	assert_int_equal(said.status, CLI_OK);
	assert_null(strstr(said.out, "bad.example"));
	(void)snprintf(page, sizeof(page), "%s/page.html", folder);
	RUN("--state-dir", folder, "--since", "2026-11-26", "--until", "2026-11-27", "--html", page);
	assert_int_equal(said.status, CLI_FAILED);
	assert_string_equal(said.out, "");
	out = fopen(page, "r");
	assert_non_null(out);
	assert_non_null(fgets(text, sizeof(text), out));
	assert_string_equal(text, "<!DOCTYPE html>\n");
	(void)fclose(out);
	/* What was there stays when the new one cannot be written; nothing half made is left. */
	(void)snprintf(text, sizeof(text), "%s/none/page.html", folder);
	RUN("--state-dir", folder, "--since", "2026-11-26", "--until", "2026-11-27", "--html", text);
	assert_int_equal(said.status, CLI_UNDECIDED);
	assert_non_null(strstr(said.err, "cannot write"));
	RUN("--state-dir", folder, "--since", "2026-11-26", "--until", "2026-11-27", "--html", folder);
	assert_int_equal(said.status, CLI_UNDECIDED);
	(void)snprintf(text, sizeof(text), "test -z \"$(ls -d %s.* 2>/dev/null)\"", folder);
	assert_int_equal(system(text), 0);
	RUN("--state-dir", folder, "--since", "2026-11-26", "--until", "2026-11-27", "--html", "-");
	assert_int_equal(strncmp(said.out, "<!DOCTYPE html>\n", 16), 0);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_sums),  TEST(test_gaps_and_damage), TEST(test_answers),      TEST(test_actions),
		TEST(test_hints), TEST(test_hostile),         TEST(test_text),         TEST(test_many),
		TEST(test_json),  TEST(test_command_words),   TEST(test_command_none), TEST(test_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

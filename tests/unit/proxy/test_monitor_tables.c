/* test_monitor_tables.c - the message about a refusal, and the bounded tables it goes into. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "proxy/monitor/monitor_record.h"
#include "proxy/monitor/monitor_tables.h"

static struct monitor_record sample(void)
{
	struct monitor_record record = {
		.kind = SESSION_RECORD_REPORTED,
		.time_s = 0x1122334455667788ULL,
		.client.port = 40000,
		.destination.port = 25,
		.looks_like_relay = true,
		.enforce = true,
		.decided = true,
		.source = VERDICT_SOURCE_DOMAIN,
		.level = LEVEL_SECURE,
		.policy = DEMAND_OF_FLOOR,
		.result = RESULT_CERTIFICATE_HOST_MISMATCH,
		.domain = "example.org",
		.mx = "mx.example.org",
		.tls_version = "TLSv1.3",
		.reply = "451 4.7.5 no \xff such name",
		.reason = "the certificate is for another host",
	};

	assert_true(addr_parse(&record.client.addr, "192.0.2.7"));
	assert_true(addr_parse(&record.destination.addr, "2001:db8::25"));
	return record;
}

static size_t put(const struct monitor_record *record, uint8_t *buf, size_t cap)
{
	struct wire_writer w;

	wire_writer_init(&w, buf, cap);
	monitor_record_put(&w, record);
	assert_false(w.failed);
	return w.len;
}

static bool get(const uint8_t *buf, size_t len, struct monitor_record *out)
{
	struct wire_reader r;

	wire_reader_init(&r, buf, len);
	return monitor_record_get(&r, out);
}

static void test_round_trip(void **state)
{
	struct monitor_record in = sample();
	struct monitor_record out;
	uint8_t buf[MONITOR_RECORD_BYTES_MAX + 1];
	size_t len = put(&in, buf, sizeof(buf));

	(void)state;
	assert_true(get(buf, len, &out));
	assert_int_equal(out.kind, in.kind);
	assert_int_equal(out.notice, in.notice);
	assert_int_equal(out.time_s, in.time_s);
	assert_true(addr_equal(&out.client.addr, &in.client.addr));
	assert_int_equal(out.client.port, 40000);
	assert_true(addr_equal(&out.destination.addr, &in.destination.addr));
	assert_int_equal(out.destination.port, 25);
	assert_true(out.looks_like_relay && out.enforce && out.decided);
	assert_int_equal(out.source, in.source);
	assert_int_equal(out.level, in.level);
	assert_int_equal(out.policy, in.policy);
	assert_int_equal(out.result, in.result);
	assert_string_equal(out.domain, in.domain);
	assert_string_equal(out.mx, in.mx);
	assert_string_equal(out.tls_version, in.tls_version);
	assert_string_equal(out.reply, in.reply);
	assert_string_equal(out.reason, in.reason);
	for (size_t cut = 0; cut < len; cut++)
		assert_false(get(buf, cut, &out));
	buf[len] = 0;
	assert_false(get(buf, len + 1, &out));
}

/* The longest texts there can be fit a message. */
static void test_largest(void **state)
{
	struct monitor_record in = sample();
	struct monitor_record out;
	uint8_t buf[MONITOR_RECORD_BYTES_MAX];

	(void)state;
	memset(in.domain, 'd', sizeof(in.domain) - 1);
	memset(in.mx, 'm', sizeof(in.mx) - 1);
	memset(in.tls_version, 't', sizeof(in.tls_version) - 1);
	memset(in.reply, 'r', sizeof(in.reply) - 1);
	memset(in.reason, 'q', sizeof(in.reason) - 1);
	assert_true(get(buf, put(&in, buf, sizeof(buf)), &out));
	assert_memory_equal(out.reply, in.reply, sizeof(in.reply));
}

static void test_values_out_of_range(void **state)
{
	struct monitor_record in = sample();
	struct monitor_record out;
	uint8_t buf[MONITOR_RECORD_BYTES_MAX];
	size_t len = put(&in, buf, sizeof(buf));
	const size_t flags = 1 + 1 + 1 + 8 + (2 + 4 + 2) + (2 + 16 + 2);
	/* kind, outcome, notice, then relay, enforce, decided, source, level, policy, result */
	const size_t places[] = { 0, 1, 2, flags, flags + 1, flags + 2, flags + 3, flags + 4, flags + 5, flags + 6 };

	(void)state;
	for (size_t i = 0; i < COUNT(places); i++) {
		uint8_t was = buf[places[i]];
		buf[places[i]] = 0xff;
		assert_false(get(buf, len, &out));
		buf[places[i]] = was;
	}
	buf[0] = SESSION_RECORD_COUNT;
	assert_false(get(buf, len, &out));
}

static void test_notices(void **state)
{
	struct monitor_tables *tables = monitor_tables_new();
	struct monitor_record record = sample();

	(void)state;
	record.kind = SESSION_RECORD_NOTICED;
	record.notice = SESSION_NOTICE_CLIENT;
	for (unsigned i = 0; i < 300; i++) { /* one client, whatever the server; and others, until there is no room */
		assert_true(addr_parse(&record.destination.addr, i % 2 == 0 ? "192.0.2.25" : "192.0.2.26"));
		record.time_s = 1000 + i;
		monitor_tables_notice(tables, &record);
	}
	assert_int_equal(monitor_tables_notice_at(tables, 0)->count, 300);
	assert_null(monitor_tables_notice_at(tables, 1));
	record.notice = SESSION_NOTICE_EXCHANGE; /* of a server, whatever the client */
	for (unsigned i = 0; i < 4; i++) {
		record.client.addr.bytes[3] = (uint8_t)i;
		monitor_tables_notice(tables, &record);
	}
	assert_int_equal(monitor_tables_notice_at(tables, 1)->count, 4);
	assert_null(monitor_tables_notice_at(tables, 2));
	record.notice = SESSION_NOTICE_CLIENT_PROBABLY;
	for (unsigned i = 0; i < 2 * MONITOR_NOTICES_MAX; i++) {
		record.client.addr.bytes[2] = (uint8_t)(i / 100);
		record.client.addr.bytes[3] = (uint8_t)(i % 100);
		record.time_s++;
		monitor_tables_notice(tables, &record);
	}
	assert_non_null(monitor_tables_notice_at(tables, MONITOR_NOTICES_MAX - 1));
	assert_null(monitor_tables_notice_at(tables, MONITOR_NOTICES_MAX));
	assert_true(monitor_tables_forgotten(tables) > 0);
	assert_null(monitor_tables_row(tables, 0)); /* they are no refusals */
	monitor_tables_free(tables);
}

static void test_from_a_session(void **state)
{
	char reply[900];
	struct session_record from = { .kind = SESSION_RECORD_REFUSED,
				       .domain = "example.net",
				       .mx = "",
				       .tls_version = "",
				       .reason = "why",
				       .result = RESULT_VALIDATION_FAILURE,
				       .reply = "451 4.7.1 [192.0.2.1] is not a mail exchanger of example.net "
						"(smarthost? add a destination rule)" };
	struct monitor_record out;

	(void)state;
	monitor_record_of(&out, &from, 99);
	assert_int_equal(out.time_s, 99);
	assert_int_equal(out.outcome, HISTORY_REFUSED);
	assert_true(out.looks_like_relay);
	assert_string_equal(out.domain, "example.net");
	memset(reply, 'x', sizeof(reply));
	reply[sizeof(reply) - 1] = '\0';
	from.reply = reply;
	from.kind = SESSION_RECORD_REPORTED;
	monitor_record_of(&out, &from, 99);
	assert_int_equal(out.outcome, HISTORY_WOULD_REFUSE);
	assert_false(out.looks_like_relay);
	assert_int_equal(strlen(out.reply), MONITOR_REPLY_MAX - 1);
	assert_false(monitor_record_send(NULL, &out));
}

/* What is counted of a record: the end of a session, a message and a refusal are of one server, and add up. */
static void test_row(void **state)
{
	struct monitor_record in = sample();
	struct history_row row;

	(void)state;
	memset(in.reason, 'q', sizeof(in.reason) - 1);
	in.kind = SESSION_RECORD_REFUSED;
	in.outcome = HISTORY_REFUSED;
	monitor_record_row(&row, &in);
	assert_string_equal(row.domain, in.domain);
	assert_string_equal(row.mx, in.mx);
	assert_string_equal(row.tls, in.tls_version);
	assert_true(addr_equal(&row.client, &in.client.addr));
	assert_true(addr_equal(&row.destination.addr, &in.destination.addr));
	assert_int_equal(row.destination.port, 25);
	assert_int_equal(row.policy, in.policy);
	assert_int_equal(row.level, in.level);
	assert_int_equal(row.outcome, HISTORY_REFUSED);
	assert_int_equal(row.result, in.result);
	assert_int_equal(strlen(row.reason), HISTORY_REASON_MAX - 1);
	assert_true(row.relay);
	assert_int_equal(row.events, 1);
	assert_int_equal(row.sessions + row.messages, 0);
	in.kind = SESSION_RECORD_END;
	in.outcome = HISTORY_PROVED;
	in.decided = false;
	monitor_record_row(&row, &in);
	assert_int_equal(row.sessions, 1);
	assert_int_equal(row.messages + row.events, 0);
	assert_int_equal(row.result, RESULT_NONE);
	assert_string_equal(row.reason, "");
	assert_int_equal(row.level, LEVEL_UNSET);
	in.kind = SESSION_RECORD_MESSAGE;
	monitor_record_row(&row, &in);
	assert_int_equal(row.messages, 1);
	assert_int_equal(row.sessions + row.events, 0);
}

static void add(struct monitor_tables *tables, const char *domain, const char *destination, uint64_t time_s,
		enum result_word result, bool relay)
{
	struct monitor_record record = { .time_s = time_s, .result = result, .looks_like_relay = relay };

	(void)snprintf(record.domain, sizeof(record.domain), "%s", domain);
	assert_true(addr_parse(&record.destination.addr, destination));
	monitor_tables_add(tables, &record);
}

static size_t rows(const struct monitor_tables *tables)
{
	size_t n = 0;

	while (monitor_tables_row(tables, n) != NULL)
		n++;
	return n;
}

static void test_rows_are_sums(void **state)
{
	static const struct {
		const char *domain;
		const char *destination;
		enum result_word result;
		size_t rows;
	} cases[] = {
		{ "a.example", "192.0.2.1", RESULT_CERTIFICATE_EXPIRED, 1 },
		{ "a.example", "192.0.2.1", RESULT_CERTIFICATE_EXPIRED, 1 },
		{ "a.example", "192.0.2.2", RESULT_CERTIFICATE_EXPIRED, 2 },
		{ "a.example", "192.0.2.1", RESULT_VALIDATION_FAILURE, 3 },
		{ "b.example", "192.0.2.1", RESULT_CERTIFICATE_EXPIRED, 4 },
		{ "a.example", "192.0.2.1", RESULT_CERTIFICATE_EXPIRED, 4 },
	};
	struct monitor_tables *tables = monitor_tables_new();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		add(tables, cases[i].domain, cases[i].destination, 100 + i, cases[i].result, false);
		assert_int_equal(rows(tables), cases[i].rows);
	}
	assert_int_equal(monitor_tables_row(tables, 0)->count, 3);
	assert_int_equal(monitor_tables_row(tables, 0)->first_s, 100);
	assert_int_equal(monitor_tables_row(tables, 0)->last.time_s, 105);
	assert_null(monitor_tables_relay(tables, 0));
	assert_int_equal(monitor_tables_forgotten(tables), 0);
	monitor_tables_free(tables);
}

static void test_tables_are_bounded(void **state)
{
	struct monitor_tables *tables = monitor_tables_new();
	char domain[32];
	char destination[ADDR_TEXT_MAX];

	(void)state;
	add(tables, "kept.example", "192.0.2.1", 1, RESULT_NONE, false);
	for (unsigned i = 0; i < 3 * MONITOR_ROWS_MAX; i++) {
		(void)snprintf(domain, sizeof(domain), "d%u.example", i);
		(void)snprintf(destination, sizeof(destination), "10.0.%u.%u", i / 256, i % 256);
		add(tables, domain, destination, 2 + i, RESULT_NONE, true);
		add(tables, "kept.example", "192.0.2.1", 2 + i, RESULT_NONE, false); /* never the longest quiet one */
	}
	assert_int_equal(rows(tables), MONITOR_ROWS_MAX);
	assert_string_equal(monitor_tables_row(tables, 0)->last.domain, "kept.example");
	assert_int_equal(monitor_tables_row(tables, 0)->count, 3 * MONITOR_ROWS_MAX + 1);
	assert_non_null(monitor_tables_relay(tables, MONITOR_RELAYS_MAX - 1));
	assert_null(monitor_tables_relay(tables, MONITOR_RELAYS_MAX));
	assert_int_equal(monitor_tables_forgotten(tables),
			 3 * MONITOR_ROWS_MAX + 1 - MONITOR_ROWS_MAX + 3 * MONITOR_ROWS_MAX - MONITOR_RELAYS_MAX);

	assert_string_equal(monitor_tables_recent(tables, 0)->domain, "kept.example");
	assert_string_equal(monitor_tables_recent(tables, 1)->domain, domain);
	assert_non_null(monitor_tables_recent(tables, MONITOR_RECENT_MAX - 1));
	assert_null(monitor_tables_recent(tables, MONITOR_RECENT_MAX));
	monitor_tables_free(tables);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),          cmocka_unit_test(test_largest),
		cmocka_unit_test(test_values_out_of_range), cmocka_unit_test(test_notices),
		cmocka_unit_test(test_from_a_session),      cmocka_unit_test(test_row),
		cmocka_unit_test(test_rows_are_sums),       cmocka_unit_test(test_tables_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_monitor_text.c - what the monitor says and to which requests: request heads, paths, metrics, JSON, the page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/base/conf.h"
#include "proxy/monitor/monitor_request.h"
#include "proxy/monitor/monitor_state.h"

static const char gate_ready[] = "{\"version\":\"0.1\",\"tls_library\":\"a \\\"quoted\\\" \\\\ <b>library</b>\","
				 "\"started\":1700000000,\"ready\":true,\"generation\":3,\"enforce\":false,"
				 "\"repairs\":2,\"dnssec\":{\"mode\":\"trust-ad\",\"state\":\"proved\",\"ok\":true,"
				 "\"since\":1700000000,\"tested\":1700000000,\"failures\":5,"
				 "\"reason\":\"127.0.0.1 <proves> the root\"},"
				 "\"hosts\":{\"held\":{\"unreachable\":3,\"silent\":0},\"failed\":{\"unreachable\":9,"
				 "\"silent\":1},\"list\":[]},"
				 "\"list\":{\"entries\":926,\"timestamp\":1700000000,\"expires\":1800000000,"
				 "\"copy\":true}}";

static void test_requests(void **state)
{
	static const struct {
		const char *in;
		int status;
		bool head_only;
		const char *path;
	} cases[] = {
		{ "GET / HTTP/1.1\r\n\r\n", 200, false, "/" },
		{ "GET /metrics HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n", 200, false, "/metrics" },
		{ "HEAD /healthz HTTP/1.0\r\n\r\n", 200, true, "/healthz" },
		{ "GET /metrics?a=/b HTTP/1.1\r\n\r\n", 200, false, "/metrics" },
		{ "POST / HTTP/1.1\r\n\r\n", 405, false, "" },
		{ "GETS / HTTP/1.1\r\n\r\n", 405, false, "" },
		{ "GET / HTTP/2.0\r\n\r\n", 505, false, "" },
		{ "GET /\r\n\r\n", 400, false, "" },
		{ "GET  / HTTP/1.1\r\n\r\n", 400, false, "" },
		{ "GET / HTTP/1.1 \r\n\r\n", 400, false, "" },
		{ "GET / / HTTP/1.1\r\n\r\n", 400, false, "" },
		{ "GET http://a/ HTTP/1.1\r\n\r\n", 400, false, "" },
		{ "GET /a\tb HTTP/1.1\r\n\r\n", 400, false, "" },
		{ "GET /a\xc3\xa4 HTTP/1.1\r\n\r\n", 400, false, "" },
		{ "GET / HTTP/1.1\nHost: a\r\n\r\n", 400, false, "" },
		{ "\r\n\r\n", 400, false, "" },
		{ " \r\n\r\n", 400, false, "" },
		{ "GET / HTTP/1.1\r\nHost: a\r\n", 0, false, "" },
		{ "GET / HTTP/1.1\n\n", 0, false, "" },
		{ "", 0, false, "" },
	};
	struct monitor_request request;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *in = cases[i].in;
		monitor_request_parse(&request, (const uint8_t *)in, strlen(in));
		assert_int_equal(request.status, cases[i].status);
		assert_string_equal(request.path, cases[i].path);
		if (request.status == 200)
			assert_int_equal(request.head_only, cases[i].head_only);
		for (size_t len = 0; cases[i].status != 0 && len < strlen(in); len++) {
			monitor_request_parse(&request, (const uint8_t *)in, len);
			assert_int_equal(request.status, 0);
		}
	}
}

/* set overwrites with |text|, without its NUL. */
static void set(char *at, const char *text)
{
	while (*text != '\0')
		*at++ = *text++;
}

static void test_request_limits(void **state)
{
	static char in[MONITOR_REQUEST_MAX + 8];
	struct monitor_request request;
	int len = snprintf(in, sizeof(in), "GET / HTTP/1.1\r\nX: ");

	(void)state;
	memset(in + len, 'x', sizeof(in) - (size_t)len);
	monitor_request_parse(&request, (const uint8_t *)in, MONITOR_REQUEST_MAX - 1);
	assert_int_equal(request.status, 0);
	monitor_request_parse(&request, (const uint8_t *)in, MONITOR_REQUEST_MAX);
	assert_int_equal(request.status, 431);
	set(in + MONITOR_REQUEST_MAX - 2, "\r\n\r\n"); /* whole, but too late */
	monitor_request_parse(&request, (const uint8_t *)in, MONITOR_REQUEST_MAX + 2);
	assert_int_equal(request.status, 431);

	memset(in, '/', sizeof(in));
	set(in, "GET ");
	set(in + 4 + MONITOR_PATH_MAX, " HTTP/1.1\r\n\r\n");
	monitor_request_parse(&request, (const uint8_t *)in, 4 + MONITOR_PATH_MAX + 13);
	assert_int_equal(request.status, 404);
}

/* --- the state ---------------------------------------------------------------------------------------------------- */

static void refuse(struct monitor_state *monitor, const char *domain, const char *reply, bool relay)
{
	struct monitor_record record = { .kind = SESSION_RECORD_REFUSED,
					 .time_s = 1700000100,
					 .looks_like_relay = relay,
					 .decided = true,
					 .source = VERDICT_SOURCE_DOMAIN,
					 .level = LEVEL_SECURE,
					 .policy = DEMAND_OF_FLOOR,
					 .result = RESULT_CERTIFICATE_EXPIRED };

	assert_true(addr_parse(&record.client.addr, "192.0.2.200"));
	assert_true(addr_parse(&record.destination.addr, "2001:db8::25"));
	(void)snprintf(record.domain, sizeof(record.domain), "%s", domain);
	(void)snprintf(record.mx, sizeof(record.mx), "%s", domain);
	(void)snprintf(record.tls_version, sizeof(record.tls_version), "%s", "TLSv1.3");
	(void)snprintf(record.reply, sizeof(record.reply), "%s", reply);
	(void)snprintf(record.reason, sizeof(record.reason), "%s", reply);
	monitor_tables_add(monitor->tables, &record);
}

static void make_state(struct monitor_state *monitor)
{
	int fd = -1;
	struct counters *page = counters_create(&fd);

	assert_true(monitor_state_init(monitor, 1700000001));
	assert_true(monitor_state_gate(monitor, gate_ready, strlen(gate_ready)));
	counters_add(page, COUNTER_SESSIONS, 7);
	counters_add(page, counter_bind(LEVEL_SECURE, RESULT_NONE), 3);
	assert_true(monitor_totals_take(&monitor->totals, 0, fd));
	counters_unmap(page);
	(void)close(fd);
}

/* say returns the body of |path|, the caller's. */
static char *say(struct monitor_state *monitor, const char *path, int *out_status)
{
	const char *type = NULL;
	char *body = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&body, &len);

	*out_status = monitor_answer(monitor, path, out, &type);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(type != NULL, *out_status != 404);
	return body;
}

static void test_ready_is_only_what_the_parent_says(void **state)
{
	static const struct {
		const char *text;
		bool understood;
		bool ready;
	} cases[] = {
		{ "{\"ready\":true}", true, true },    { "{\"ready\":false}", true, false },
		{ "{\"ready\":1}", true, false },      { "{\"ready\":\"true\"}", true, false },
		{ "{\"ready\":true}", true, true },    { "{}", true, false },
		{ "{\"ready\":true}", true, true },    { "[true]", false, false },
		{ "{\"ready\":true}", true, true },    { "", false, false },
		{ "{\"ready\":true}", true, true },    { "{\"ready\":true", false, false },
		{ "{\"ready\":true}x", false, false },
	};
	struct monitor_state monitor;
	int status;

	(void)state;
	assert_true(monitor_state_init(&monitor, 1));
	assert_false(monitor_state_ready(&monitor)); /* before anything was said */
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(monitor_state_gate(&monitor, cases[i].text, strlen(cases[i].text)),
				 cases[i].understood);
		assert_int_equal(monitor_state_ready(&monitor), cases[i].ready);
		free(say(&monitor, "/readyz", &status));
		assert_int_equal(status, cases[i].ready ? 200 : 503);
		free(say(&monitor, "/healthz", &status));
		assert_int_equal(status, 200);
	}
	monitor_state_cleanup(&monitor);
}

static void test_paths(void **state)
{
	static const struct {
		const char *path;
		int status;
	} cases[] = {
		{ "/", 200 },
		{ "/metrics", 200 },
		{ "/status.json", 200 },
		{ "/style.css", 200 },
		{ "/status.json/", 404 },
		{ "/../metrics", 404 },
		{ "", 404 },
		{ "/x", 404 },
	};
	struct monitor_state monitor;

	(void)state;
	assert_true(monitor_state_init(&monitor, 1)); /* with nothing known at all */
	for (size_t i = 0; i < COUNT(cases); i++) {
		int status;
		char *body = say(&monitor, cases[i].path, &status);
		assert_int_equal(status, cases[i].status);
		assert_int_equal(strlen(body) > 0, status == 200);
		free(body);
	}
	monitor_state_cleanup(&monitor);
}

/* --- /metrics ----------------------------------------------------------------------------------------------------- */

static const char *skip_name(const char *at)
{
	assert_true(isalpha((unsigned char)*at) || *at == '_');
	while (isalnum((unsigned char)*at) || *at == '_')
		at++;
	return at;
}

/* A sample of the text format 0.0.4: name, labels with their three escapes, a space, a number. */
static void check_sample(const char *line)
{
	const char *at = skip_name(line);
	char *end;

	while (*at == '{' || *at == ',') {
		at = skip_name(at + 1);
		assert_memory_equal(at, "=\"", 2);
		for (at += 2; *at != '"'; at++) {
			assert_int_not_equal(*at, '\0');
			if (*at == '\\')
				assert_non_null(strchr("\\n\"", *++at));
		}
		at++;
		if (*at == '}')
			break;
		assert_int_equal(*at, ',');
	}
	at += *at == '}';
	assert_int_equal(*at, ' ');
	(void)strtoull(at + 1, &end, 10);
	assert_true(end > at + 1 && *end == '\0');
}

static bool names_family(const char *line, const char *family)
{
	return strncmp(line, family, strlen(family)) == 0 && strchr("{ ", line[strlen(family)]) != NULL;
}

static void test_metrics_syntax(void **state)
{
	struct monitor_state monitor;
	int status;
	char family[128] = "";
	char *rest;
	char *body;
	unsigned samples = 0;

	(void)state;
	make_state(&monitor);
	body = say(&monitor, "/metrics", &status);
	assert_int_equal(status, 200);
	assert_int_equal(body[strlen(body) - 1], '\n');
	for (char *line = strtok_r(body, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		if (strncmp(line, "# HELP ", 7) == 0) {
			(void)snprintf(family, sizeof(family), "%.*s", (int)(skip_name(line + 7) - (line + 7)),
				       line + 7);
			assert_true(strlen(line) > 8 + strlen(family));
		} else if (strncmp(line, "# TYPE ", 7) == 0) {
			const char *kind = skip_name(line + 7);
			assert_true(names_family(line + 7, family));
			assert_true(strcmp(kind, " counter") == 0 || strcmp(kind, " gauge") == 0);
			assert_int_equal(strcmp(kind, " counter") == 0,
					 strlen(family) > 6 && strcmp(family + strlen(family) - 6, "_total") == 0);
		} else {
			assert_true(names_family(line, family));
			check_sample(line);
			samples++;
		}
	}
	assert_true(samples > COUNTER_COUNT);
	free(body);
	monitor_state_cleanup(&monitor);
}

static void test_metrics_values(void **state)
{
	static const char *const lines[] = {
		"\ngate25_sessions_total 7\n",
		"\ngate25_binds_total{level=\"secure\",result=\"none\"} 3\n",
		"\ngate25_binds_total{level=\"may\",result=\"none\"} 0\n",
		"\ngate25_build_info{version=\"0.1\",tls_library=\"a \\\"quoted\\\" \\\\ <b>library</b>\"} 1\n",
		"\ngate25_ready 1\n",
		"\ngate25_workers 1\n",
		"\ngate25_start_time_seconds 1700000000\n",
		"\ngate25_rules_repaired_total 2\n",
		"\ngate25_config_generation 3\n",
		"\ngate25_dnssec_ok 1\n",
		"\ngate25_dnssec_mode{mode=\"trust-ad\"} 1\n",
		"\ngate25_dnssec_selftest_failures_total 5\n",
		"\ngate25_list_entries 926\n",
		"\ngate25_hosts_held{failure=\"unreachable\"} 3\n",
		"\ngate25_hosts_held{failure=\"silent\"} 0\n",
		"\ngate25_hosts_failed_total{failure=\"unreachable\"} 9\n",
		"\ngate25_list_expires_seconds 1800000000\n",
		"\ngate25_list_copy 1\n",
	};
	struct monitor_state monitor;
	int status;
	char *body;

	(void)state;
	make_state(&monitor);
	refuse(&monitor, "secret.example", "451", false);
	body = say(&monitor, "/metrics", &status);
	for (size_t i = 0; i < COUNT(lines); i++)
		assert_non_null(strstr(body, lines[i]));
	assert_null(strstr(body, "secret.example")); /* no unbounded label */
	free(body);
	monitor_state_cleanup(&monitor);
}

/* Every metric that the Grafana dashboard asks for is there. */
static void test_dashboard(void **state)
{
	struct monitor_state monitor;
	int status;
	char *metrics;
	char *dashboard = conf_read_file("deploy/grafana/gate25.json");
	json_t *json = json_loads(dashboard != NULL ? dashboard : "", JSON_REJECT_DUPLICATES, NULL);
	unsigned found = 0;

	(void)state;
	assert_non_null(json);
	json_decref(json);
	make_state(&monitor);
	metrics = say(&monitor, "/metrics", &status);
	for (char *at = strstr(dashboard, "gate25_"); at != NULL; at = strstr(at + 1, "gate25_")) {
		char type[160];
		(void)snprintf(type, sizeof(type), "\n# TYPE %.*s ", (int)(skip_name(at) - at), at);
		if (strstr(metrics, type) == NULL)
			fail_msg("no metric%s", type);
		found++;
	}
	assert_true(found > COUNTER_FAMILY_COUNT);
	free(metrics);
	free(dashboard);
	monitor_state_cleanup(&monitor);
}

/* --- JSON and page ------------------------------------------------------------------------------------------------ */

static const char *text_at(const json_t *array, size_t i, const char *key)
{
	return json_string_value(json_object_get(json_array_get(array, i), key));
}

static void test_json(void **state)
{
	struct monitor_state monitor;
	json_t *status;
	const json_t *rows;

	(void)state;
	make_state(&monitor);
	refuse(&monitor, "b\xff.example", "451 \"a\"\n", true);
	refuse(&monitor, "b\xff.example", "451 b", true);
	status = monitor_json(&monitor, 1700000200);
	rows = json_object_get(status, "refusals");
	assert_int_equal(json_array_size(rows), 1);
	assert_string_equal(text_at(rows, 0, "domain"), "b?.example");
	assert_string_equal(text_at(rows, 0, "reply"), "451 b");
	assert_string_equal(text_at(rows, 0, "kind"), "refused");
	assert_string_equal(text_at(rows, 0, "level"), "secure");
	assert_string_equal(text_at(rows, 0, "policy"), "floor");
	assert_string_equal(text_at(rows, 0, "result"), "certificate-expired");
	assert_int_equal(json_integer_value(json_object_get(json_array_get(rows, 0), "count")), 2);
	assert_int_equal(json_array_size(json_object_get(status, "recent")), 2);
	assert_int_equal(json_array_size(json_object_get(status, "relays")), 1);
	assert_true(json_is_true(json_object_get(status, "ready")));
	assert_int_equal(json_integer_value(json_object_get(status, "sessions")), 7);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(status, "counters"), "gate25_sessions_total")), 7);
	json_decref(status);
	monitor_state_cleanup(&monitor);
}

static void no_error(void *arg, const char *file, unsigned line, const char *message)
{
	(void)arg;
	fail_msg("%s:%u: %s", file, line, message);
}

/* The rule that is offered for pasting is one that gate25 takes. */
static void test_relay_rule_is_valid(void **state)
{
	struct monitor_state monitor;
	struct conf conf;
	json_t *status;

	(void)state;
	make_state(&monitor);
	refuse(&monitor, "a.example", "451", true);
	status = monitor_json(&monitor, 1700000200);
	assert_true(conf_parse(&conf, "pasted", text_at(json_object_get(status, "relays"), 0, "rule"), no_error, NULL));
	assert_int_equal(conf.destinations_count, 1);
	assert_true(level_authenticates(conf.destinations[0].rule.level));
	conf_cleanup(&conf);
	json_decref(status);
	monitor_state_cleanup(&monitor);
}

/* Shown everywhere, and what it says to paste is a configuration. */
static void test_notices_are_shown(void **state)
{
	struct monitor_record record = { .kind = SESSION_RECORD_NOTICED,
					 .notice = SESSION_NOTICE_CLIENT,
					 .time_s = 1700000100,
					 .reason =
						 "client-authenticates-itself: use client \"192.0.2.7\" { client-tls = "
						 "passthrough }<\x1b[1m>" };
	struct monitor_state monitor;
	struct conf conf;
	const json_t *rows;
	json_t *json;
	int status;
	char *body;

	(void)state;
	make_state(&monitor);
	assert_true(addr_parse(&record.client.addr, "192.0.2.7"));
	assert_true(addr_parse(&record.destination.addr, "2001:db8::25"));
	monitor_tables_notice(monitor.tables, &record);
	json = monitor_json(&monitor, 1700000200);
	rows = json_object_get(json, "notices");
	assert_int_equal(json_array_size(rows), 1);
	assert_string_equal(text_at(rows, 0, "notice"), "client-authenticates-itself");
	assert_string_equal(text_at(rows, 0, "client"), "192.0.2.7");
	assert_string_equal(text_at(rows, 0, "destination"), "2001:db8::25");
	json_decref(json);
	body = say(&monitor, "/", &status);
	assert_int_equal(status, 200);
	assert_non_null(strstr(body,
			       "<code>client-authenticates-itself: use client &quot;192.0.2.7&quot; { client-tls = "
			       "passthrough }&lt;?[1m&gt;</code> 1 times, last by 192.0.2.7 to 2001:db8::25, "));
	free(body);
	assert_true(conf_parse(&conf, "pasted",
			       "exempt-source = 192.0.2.7\nclient \"192.0.2.7\" { client-tls = passthrough }", no_error,
			       NULL));
	assert_int_equal(conf.clients_count, 1);
	conf_cleanup(&conf);
	monitor_state_cleanup(&monitor);
}

static void test_page_escapes(void **state)
{
	static const char *const hostile[] = {
		"<script>alert(1)</script>",     "\"><img src=x onerror=alert(1)>",
		"'onmouseover='alert(1)",        "&lt;b&gt;",
		"a\r\nSet-Cookie: b\x1b[2J\x7f", "</code></table><h1>",
		"\xff\xfe<svg/onload=x>",
	};
	struct monitor_state monitor;
	int status;
	char *body;

	(void)state;
	make_state(&monitor);
	for (size_t i = 0; i < COUNT(hostile); i++)
		refuse(&monitor, hostile[i], hostile[i], true);
	body = say(&monitor, "/", &status);
	assert_int_equal(status, 200);
	assert_non_null(strstr(body, "<p>DNSSEC: <span class=\"good\">proved</span>, mode trust-ad since 2023-11-14 "
				     "22:13:20 UTC; tested 2023-11-14 22:13:20 UTC: 127.0.0.1 &lt;proves&gt; the root"
				     "</p>\n"));
	assert_null(strstr(body, "<script"));
	assert_null(strstr(body, "<img"));
	assert_null(strstr(body, "<svg"));
	assert_null(strstr(body, "<b>"));
	assert_null(strstr(body, "</code></table><h1>"));
	assert_null(strstr(body, "'onmouseover"));
	assert_null(strchr(body, 0x1b));
	assert_null(strchr(body, 0x7f));
	assert_null(strchr(body, '\r'));
	assert_non_null(strstr(body, "<td>&lt;script&gt;alert(1)&lt;/script&gt;</td>"));
	assert_non_null(strstr(body, "<td>&quot;&gt;&lt;img src=x onerror=alert(1)&gt;</td>"));
	assert_non_null(strstr(body, "<td>&amp;lt;b&amp;gt;</td>"));
	assert_non_null(strstr(body, "a &quot;quoted&quot; \\ &lt;b&gt;library&lt;/b&gt;"));
	assert_non_null(strstr(body, "report only"));
	assert_non_null(strstr(body, "2023-11-14 22:13:20 UTC"));
	free(body);
	monitor_state_cleanup(&monitor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_request_limits),
		cmocka_unit_test(test_ready_is_only_what_the_parent_says),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_metrics_syntax),
		cmocka_unit_test(test_metrics_values),
		cmocka_unit_test(test_dashboard),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_relay_rule_is_valid),
		cmocka_unit_test(test_notices_are_shown),
		cmocka_unit_test(test_page_escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_dnssec_watch.c - the self-test as it runs, over a resolver on loopback that validates, lies, falls silent and
 * comes back. The clock of day is the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <time.h>

#include "policy/dns/dnssec_machine.h"
#include "policy/dns/dnssec_watch.h"
#include "proxy/base/log.h"
#include "tests/unit/policy/fake_dns.h"

#define PATIENCE 10000 /* turns of the loop, some milliseconds each at most */

static const struct fake_record records[] = {
	{ ".", T_SOA, 300, 0, "ns.example" },
	{ "wrong.example", T_A, 300, 0, "192.0.2.1" },
	{ NULL, 0, 0, 0, NULL },
};

static time_t clock_s = 1700000000;

/* In place of the C library's. */
time_t time(time_t *out)
{
	if (out != NULL)
		*out = clock_s;
	return clock_s;
}

struct world {
	struct event_base *base;
	struct event *tick;
	struct fake_dns fake;
	struct conf conf;
	struct dnssec_plan plan;
	struct dnssec_watch *watch;
	unsigned reports;
	struct dnssec_report report;
	unsigned switches;
	enum dns_mode mode;
};

static char last_log[LOG_LINE_MAX];
static unsigned errors;

static void on_log(enum log_level level, const char *line, size_t len)
{
	errors += level == LOG_LEVEL_ERROR;
	(void)snprintf(last_log, sizeof(last_log), "%.*s", (int)len, line);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static void on_mode(void *arg, enum dns_mode mode)
{
	struct world *w = arg;

	w->switches++;
	w->mode = mode;
}

static void on_report(void *arg, const struct dnssec_report *report)
{
	struct world *w = arg;

	/* The switch comes first: no report of what is not so yet. */
	if (w->switches > 0)
		assert_string_equal(report->mode, dnssec_mode_name(w->mode));
	w->reports++;
	w->report = *report;
}

static void set_conf(struct world *w, const char *text)
{
	char whole[512];

	(void)snprintf(whole, sizeof(whole), "resolvers = {127.0.0.1:%u}\n%s", w->fake.at.port, text);
	assert_true(conf_parse(&w->conf, "test.conf", whole, NULL, NULL));
	dnssec_plan(&w->plan, &w->conf, NULL);
}

static void open_world(struct world *w, const char *text)
{
	static const struct dnssec_watch_events events = { .mode = on_mode, .report = on_report };
	const struct timeval often = { .tv_usec = 1000 };

	memset(w, 0, sizeof(*w));
	errors = 0;
	log_set_sink(on_log);
	w->base = event_base_new();
	w->tick = event_new(w->base, -1, EV_PERSIST, on_tick, NULL);
	assert_int_equal(event_add(w->tick, &often), 0);
	fake_dns_open(&w->fake, w->base, records);
	w->fake.validates = true;
	w->fake.broken = "bogus.example";
	set_conf(w, text);
	w->watch = dnssec_watch_new(w->base, &w->plan, &w->conf, &events, w);
	assert_non_null(w->watch);
}

static void close_world(struct world *w)
{
	dnssec_watch_free(w->watch);
	fake_dns_close(&w->fake);
	conf_cleanup(&w->conf);
	event_free(w->tick);
	event_base_free(w->base);
	log_set_sink(NULL);
}

static void wait_for(struct world *w, enum dnssec_state state)
{
	for (unsigned i = 0; i < PATIENCE && (w->reports == 0 || w->report.state != state); i++)
		assert_int_equal(event_base_loop(w->base, EVLOOP_ONCE), 0);
	assert_int_equal(w->report.state, state);
}

static void turn(struct world *w, unsigned times)
{
	for (unsigned i = 0; i < times; i++)
		assert_int_equal(event_base_loop(w->base, EVLOOP_ONCE), 0);
}

#define TRUST "default-level = dane dnssec = trust-ad bogus-names = bogus.example\n"

static void test_proves(void **state)
{
	static struct world w;

	(void)state;
	open_world(&w, TRUST);
	assert_int_equal(dnssec_watch_mode(w.watch), DNS_TRUST_AD);
	assert_int_equal(w.reports, 0); /* told from the loop */
	wait_for(&w, DNSSEC_TESTING);
	assert_int_equal(w.report.tested_s, 0);
	wait_for(&w, DNSSEC_PROVED);
	assert_int_equal(w.reports, 2);
	assert_int_equal(w.switches, 0);
	assert_int_equal(w.report.tested_s, clock_s);
	assert_non_null(strstr(w.report.reason, "proves the root"));
	assert_non_null(strstr(last_log, "dnssec state=proved mode=trust-ad"));
	close_world(&w);
}

static void test_answers_what_is_bogus(void **state)
{
	static struct world w;

	(void)state;
	open_world(&w, "default-level = dane dnssec = trust-ad bogus-names = {bogus.example, wrong.example}\n");
	wait_for(&w, DNSSEC_UNPROVED);
	assert_non_null(strstr(w.report.reason, "answers for wrong.example"));
	assert_int_equal(errors, 1);
	assert_non_null(strstr(last_log, "dnssec = off"));
	close_world(&w);
}

static void test_stops_and_recovers(void **state)
{
	static struct world w;

	(void)state;
	open_world(&w, TRUST);
	wait_for(&w, DNSSEC_PROVED);
	w.fake.root_insecure = true;
	dnssec_watch_suspect(w.watch); /* too soon */
	turn(&w, 20);
	assert_int_equal(w.reports, 2);
	clock_s += DNSSEC_SUSPECT_S;
	dnssec_watch_suspect(w.watch);
	dnssec_watch_suspect(w.watch);
	wait_for(&w, DNSSEC_UNPROVED);
	assert_int_equal(w.reports, 3);
	assert_int_equal(w.report.failures, 1);
	assert_int_equal(errors, 1);
	assert_int_equal(dnssec_watch_mode(w.watch), DNS_TRUST_AD);
	w.fake.root_insecure = false;
	wait_for(&w, DNSSEC_PROVED); /* by itself, after a second */
	assert_int_equal(w.switches, 0);
	close_world(&w);
}

static void test_silent(void **state)
{
	static struct world w;

	(void)state;
	open_world(&w, TRUST);
	w.fake.root_lie = LIE_SERVFAIL; /* as of a resolver that has no network yet */
	wait_for(&w, DNSSEC_SILENT);
	assert_non_null(strstr(last_log, "no resolver answers"));
	w.fake.root_lie = LIE_NONE;
	wait_for(&w, DNSSEC_PROVED);
	close_world(&w);
}

static void test_unwanted(void **state)
{
	static struct world w;

	(void)state;
	open_world(&w, "default-level = encrypt dnssec = trust-ad bogus-names = bogus.example\n");
	assert_int_equal(dnssec_watch_mode(w.watch), DNS_OFF);
	wait_for(&w, DNSSEC_PROVED);
	assert_int_equal(w.mode, DNS_TRUST_AD);
	w.fake.root_insecure = true;
	dnssec_watch_restart(w.watch, &w.plan, &w.conf);
	wait_for(&w, DNSSEC_UNPROVED);
	assert_int_equal(w.mode, DNS_OFF);
	assert_int_equal(errors, 0);
	close_world(&w);
}

static void test_off(void **state)
{
	static struct world w;

	(void)state;
	open_world(&w, "default-level = dane dnssec = off\n");
	wait_for(&w, DNSSEC_OFF);
	dnssec_watch_suspect(w.watch);
	turn(&w, 20);
	assert_int_equal(w.fake.asked_udp + w.fake.asked_tcp, 0);
	assert_int_equal(w.reports, 1);
	close_world(&w);
}

/* At any moment it can be stopped, or told to begin anew. */
static void test_any_moment(void **state)
{
	static struct world w;

	(void)state;
	for (unsigned i = 0; i < 12; i++) {
		open_world(&w, TRUST);
		turn(&w, i);
		dnssec_watch_restart(w.watch, &w.plan, &w.conf);
		turn(&w, i / 2);
		close_world(&w);
	}
	open_world(&w, TRUST);
	turn(&w, 3);
	dnssec_watch_restart(w.watch, &w.plan, &w.conf);
	wait_for(&w, DNSSEC_PROVED);
	close_world(&w);
}

static void test_once(void **state)
{
	static struct world w;
	struct dnssec_report report;

	(void)state;
	open_world(&w, TRUST);
	dnssec_watch_free(w.watch);
	w.watch = NULL;
	assert_int_equal(dnssec_once(w.base, &w.plan, &w.conf, &report), DNS_TRUST_AD);
	assert_int_equal(report.state, DNSSEC_PROVED);
	w.fake.root_insecure = true;
	assert_int_equal(dnssec_once(w.base, &w.plan, &w.conf, &report), DNS_TRUST_AD);
	assert_int_equal(report.state, DNSSEC_UNPROVED);
	conf_cleanup(&w.conf);
	set_conf(&w, "dnssec = trust-ad default-level = encrypt bogus-names = bogus.example\n");
	assert_int_equal(dnssec_once(w.base, &w.plan, &w.conf, &report), DNS_OFF);
	assert_int_equal(report.state, DNSSEC_UNPROVED);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proves),
		cmocka_unit_test(test_answers_what_is_bogus),
		cmocka_unit_test(test_stops_and_recovers),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_unwanted),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_any_moment),
		cmocka_unit_test(test_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_mx_dane.c - whole lookups with TLSA records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/policy/mx_world.h"

static void on_done(void *arg, struct mx_result *result)
{
	struct world *w = arg;

	mx_result_cleanup(&w->result);
	w->result = *result;
	*result = (struct mx_result){ 0 };
	w->done++;
	(void)event_base_loopbreak(w->base);
}

static void on_watch(void *arg, const char *name, enum dns_type type, const struct dns_answer *answer)
{
	struct world *w = arg;

	assert_true(name[0] != '\0' && type != 0 && answer != NULL);
	w->watched++;
}

static void look_up(struct world *w, const struct mx_want *want, uint32_t deadline_ms)
{
	struct mx_lookup *lookup = mx_lookup_start(w->base, NULL, want, deadline_ms, on_done, w);

	assert_non_null(lookup);
	mx_lookup_watch(lookup, on_watch, w);
	wait_for(w, w->done + 1);
}

/* "mx1 usable base 1 1, ...": name, what came of it, base, addresses, records. */
static void assert_hosts(const struct world *w, const char *wanted)
{
	char got[2048] = "";

	for (size_t i = 0; i < w->result.hosts_count; i++) {
		const struct verdict_mx *mx = &w->result.hosts[i];
		size_t len = strlen(got);
		(void)snprintf(got + len, sizeof(got) - len, "%s%s %s %s %zu%s %zu", i > 0 ? ", " : "", mx->name,
			       verdict_dane_name(mx->dane), mx->tlsa_base[0] != '\0' ? mx->tlsa_base : "-",
			       mx->addrs_count, mx->addrs_failed ? "!" : "", mx->tlsa_count);
	}
	assert_string_equal(got, wanted);
}

static bool was_asked(const char *line)
{
	return strstr(fake.asked, line) != NULL;
}

/* One sick host and one in an unsigned zone: each for itself, all at the same time. */
static void test_hosts(void **state)
{
	const struct mx_want want = { .domain = "d.example", .dane = true, .port = 25 };
	struct world w;

	(void)state;
	open_world(&w, three_hosts);
	look_up(&w, &want, 10000);
	assert_true(w.result.secure);
	assert_hosts(&w, "mx1 usable mx1 1 1, mx2 failed - 2 0, mx3 none - 1 0");
	assert_int_equal(w.result.addrs[0], HOST_ADDRS_SECURE);
	assert_int_equal(w.result.addrs[2], HOST_ADDRS_INSECURE);
	assert_int_equal(w.result.ttl_s, 120); /* the records'; that of a failure says nothing */
	assert_string_equal(w.result.reason, "MX host mx2: its TLSA records could not be had: SERVFAIL");
	assert_true(was_asked("TLSA _25._tcp.mx1\n") && was_asked("TLSA _25._tcp.mx2\n"));
	assert_false(was_asked("_tcp.mx3"));
	assert_int_equal(fake.count, 9);
	assert_int_equal(w.watched, 9);
	assert_true(fake.most_waiting >= 6); /* both families of all three, before any was answered */
	close_world(&w);
}

static void test_what_is_wanted(void **state)
{
	static const struct {
		const char *what;
		struct mx_want want;
		bool secure;
		const char *hosts, *canonical;
	} rows[] = {
		{ "without DANE",
		  { "d.example", false, false, 25 },
		  true,
		  "mx1 none - 1 0, mx2 none - 2 0, mx3 none - 1 0",
		  "d.example" },
		{ "another port",
		  { "d.example", true, true, 2525 },
		  true,
		  "mx1 unusable mx1 1 0, mx2 none - 2 0, mx3 none - 1 0",
		  "d.example" },
		{ "an insecure list, and that counts",
		  { "i.example", true, true, 25 },
		  false,
		  "mx1 usable mx1 1 1",
		  "i.example" },
		{ "an insecure list, and that does not",
		  { "i.example", true, false, 25 },
		  false,
		  "mx1 none - 1 0",
		  "i.example" },
		{ "an alias", { "a.example", true, false, 25 }, true, "mx1 usable mx1 1 1", "d.example" },
		{ "no MX: the domain itself",
		  { "implicit.example", true, false, 25 },
		  true,
		  "implicit.example usable implicit.example 1 1",
		  "implicit.example" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world w;
		open_world(&w, three_hosts);
		look_up(&w, &rows[i].want, 10000);
		assert_hosts(&w, rows[i].hosts);
		assert_string_equal(w.result.canonical, rows[i].canonical);
		assert_int_equal(w.result.secure, rows[i].secure);
		if (was_asked("TLSA") && (!rows[i].want.dane || (!rows[i].secure && !rows[i].want.insecure_mx)))
			fail_msg("%s: TLSA records are asked for", rows[i].what);
		close_world(&w);
	}
}

static void test_no_hosts(void **state)
{
	static const struct {
		const char *domain;
		enum verdict_lookup lookup;
	} rows[] = { { "f.example", VERDICT_LOOKUP_FAILED }, { "barren.example", VERDICT_LOOKUP_ABSENT } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct mx_want want = { .domain = rows[i].domain, .dane = true, .port = 25 };
		struct world w;
		open_world(&w, three_hosts);
		look_up(&w, &want, 10000);
		assert_int_equal(w.result.lookup, rows[i].lookup);
		assert_int_equal(w.result.hosts_count, 0);
		assert_true(w.result.reason[0] != '\0');
		assert_int_equal(w.result.secure, rows[i].lookup == VERDICT_LOOKUP_ABSENT);
		close_world(&w);
	}
}

/* Time is up: what is there counts, what is not has failed, at whichever step. */
static void test_deadline(void **state)
{
	static const struct {
		const char *silent, *hosts;
	} rows[] = {
		{ "_25._tcp.mx1", "mx1 failed - 1 0, mx2 failed - 2 0, mx3 none - 1 0" },
		{ "mx1", "mx1 failed - 0! 0, mx2 failed - 2 0, mx3 none - 1 0" },
		{ "mx3", "mx1 usable mx1 1 1, mx2 failed - 2 0, mx3 failed - 0! 0" },
		{ "d.example", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct mx_want want = { .domain = "d.example", .dane = true, .port = 25 };
		struct world w;
		open_world(&w, three_hosts);
		fake.silent = rows[i].silent;
		look_up(&w, &want, 50);
		assert_hosts(&w, rows[i].hosts);
		assert_int_equal(w.result.lookup, i == 3 ? VERDICT_LOOKUP_FAILED : VERDICT_LOOKUP_FOUND);
		close_world(&w);
	}
}

/* dns_ask that fails is a host that fails; of the MX, no lookup at all. */
static void test_refused(void **state)
{
	const struct mx_want want = { .domain = "d.example", .dane = true, .port = 25 };
	struct world w;

	(void)state;
	open_world(&w, three_hosts);
	fake.refused = "mx1";
	look_up(&w, &want, 10000);
	assert_hosts(&w, "mx1 failed - 0! 0, mx2 failed - 2 0, mx3 none - 1 0");
	fake.refused = "_25._tcp.mx1";
	look_up(&w, &want, 10000);
	assert_hosts(&w, "mx1 failed - 1 0, mx2 failed - 2 0, mx3 none - 1 0");
	fake.refused = "d.example";
	assert_null(mx_lookup_start(w.base, NULL, &want, 1000, on_done, &w));
	close_world(&w);
}

/* 32 hosts, each an alias with two candidates, take no more than there may be; a resolver that needs many for each
 * does, and then what was not answered has failed. */
static void test_questions(void **state)
{
	static struct known known[1 + 3 * VERDICT_MX_MAX + 1];
	static char hosts[VERDICT_MX_MAX][3][32];
	static char list[1024];
	const struct mx_want want = { .domain = "big.example", .dane = true, .port = 25 };
	struct world w;
	size_t failed = 0;

	(void)state;
	known[0] = (struct known){ "big.example", DNS_MX, DNS_FOUND_SECURE, 300, list, NULL };
	for (unsigned i = 0; i < VERDICT_MX_MAX; i++) {
		size_t len = strlen(list);
		(void)snprintf(hosts[i][0], 32, "mx%u", i);
		(void)snprintf(hosts[i][1], 32, "end%u", i);
		(void)snprintf(hosts[i][2], 32, "_25._tcp.mx%u", i);
		(void)snprintf(list + len, sizeof(list) - len, "%s%u mx%u", i > 0 ? " " : "", i, i);
		known[1 + 3 * i] =
			(struct known){ hosts[i][0], DNS_A, DNS_FOUND_SECURE, 300, "192.0.2.1", hosts[i][1] };
		known[2 + 3 * i] =
			(struct known){ hosts[i][0], DNS_AAAA, DNS_FOUND_SECURE, 300, "2001:db8::1", hosts[i][1] };
		known[3 + 3 * i] =
			(struct known){ hosts[i][2], DNS_TLSA, DNS_FOUND_SECURE, 300, "3 1 1 " DIGEST, NULL };
	}
	open_world(&w, known);
	look_up(&w, &want, 10000);
	assert_int_equal(fake.count, 1 + 32 * 4);
	assert_int_equal(w.result.hosts_count, 32);
	for (size_t i = 0; i < 32; i++)
		assert_true(w.result.hosts[i].dane == VERDICT_DANE_USABLE && w.result.hosts[i].addrs_count == 2);
	fake.asked_each = 4;
	look_up(&w, &want, 10000);
	assert_int_equal(w.result.lookup, VERDICT_LOOKUP_FOUND);
	for (size_t i = 0; i < 32; i++) {
		assert_int_not_equal(w.result.hosts[i].dane, VERDICT_DANE_NONE);
		failed += w.result.hosts[i].dane == VERDICT_DANE_FAILED;
	}
	assert_true(failed > 0);
	assert_non_null(strstr(w.result.reason, "too many questions"));
	close_world(&w);
}

static void test_cancelled(void **state)
{
	const struct mx_want want = { .domain = "d.example", .dane = true, .port = 25 };

	(void)state;
	for (unsigned turns = 0; turns < 6; turns++) {
		struct world w;
		open_world(&w, three_hosts);
		struct mx_lookup *lookup = mx_lookup_start(w.base, NULL, &want, 10000, on_done, &w);
		assert_non_null(lookup);
		for (unsigned i = 0; i < turns && w.done == 0; i++)
			(void)event_base_loop(w.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
		if (w.done == 0)
			mx_lookup_cancel(lookup);
		close_world(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts),     cmocka_unit_test(test_what_is_wanted),
		cmocka_unit_test(test_no_hosts),  cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_refused),   cmocka_unit_test(test_questions),
		cmocka_unit_test(test_cancelled),
	};

	return cmocka_run_group_tests_name("mx dane", tests, NULL, NULL);
}

/* test_mx.c - as a table: which hosts an answer means; then whole lookups against a fake resolver. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "policy/mx/mx.h"
#include "tests/unit/policy/fake_dns.h"

#define ALWAYS 1000000

static void test_hosts(void **state)
{
	/* by meaning, not by size: NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
	static const struct {
		const char *what;
		enum dns_status status;
		bool nxdomain;
		struct dns_mx mx[4];
		size_t count;
		enum verdict_lookup lookup;
		const char *hosts; /* names by preference, each with a space */
		bool implicit;
		bool null_mx;
	} cases[] = {
		{ "failed", DNS_FAILED, false, { { 0 } }, 0, VERDICT_LOOKUP_FAILED, "", false, false },
		{ "no such domain", DNS_ABSENT_INSECURE, true, { { 0 } }, 0, VERDICT_LOOKUP_ABSENT, "", false, false },
		{ "no such domain, proved",
		  DNS_ABSENT_SECURE,
		  true,
		  { { 0 } },
		  0,
		  VERDICT_LOOKUP_ABSENT,
		  "",
		  false,
		  false },
		{ "no MX", DNS_ABSENT_INSECURE, false, { { 0 } }, 0, VERDICT_LOOKUP_FOUND, "d.example ", true, false },
		{ "null MX", DNS_FOUND_INSECURE, false, { { 0, "." } }, 1, VERDICT_LOOKUP_ABSENT, "", false, true },
		{ "a dot that is no null MX",
		  DNS_FOUND_INSECURE,
		  false,
		  { { 10, "." } },
		  1,
		  VERDICT_LOOKUP_FAILED,
		  "",
		  false,
		  false },
		{ "a dot among others",
		  DNS_FOUND_INSECURE,
		  false,
		  { { 0, "." }, { 10, "a.example" } },
		  2,
		  VERDICT_LOOKUP_FOUND,
		  "a.example ",
		  false,
		  false },
		{ "by preference",
		  DNS_FOUND_INSECURE,
		  false,
		  { { 20, "b.example" }, { 10, "a.example" }, { 20, "c.example" } },
		  3,
		  VERDICT_LOOKUP_FOUND,
		  "a.example b.example c.example ",
		  false,
		  false },
		{ "an IPv4 address is no host",
		  DNS_FOUND_INSECURE,
		  false,
		  { { 10, "192.0.2.1" }, { 20, "a.example" } },
		  2,
		  VERDICT_LOOKUP_FOUND,
		  "a.example ",
		  false,
		  false },
		{ "nor is anything that ends in digits",
		  DNS_FOUND_INSECURE,
		  false,
		  { { 10, "mx.1" } },
		  1,
		  VERDICT_LOOKUP_FAILED,
		  "",
		  false,
		  false },
		{ "an IPv6 address is no host",
		  DNS_FOUND_INSECURE,
		  false,
		  { { 10, "2001:db8::1" } },
		  1,
		  VERDICT_LOOKUP_FAILED,
		  "",
		  false,
		  false },
		{ "what cannot be written",
		  DNS_FOUND_INSECURE,
		  false,
		  { { 10, "" }, { 5, "a.example" } },
		  2,
		  VERDICT_LOOKUP_FOUND,
		  "a.example ",
		  false,
		  false },
		{ "no fall back to the domain",
		  DNS_FOUND_SECURE,
		  false,
		  { { 10, "" } },
		  1,
		  VERDICT_LOOKUP_FAILED,
		  "",
		  false,
		  false },
		{ "twice, at its best",
		  DNS_FOUND_INSECURE,
		  false,
		  { { 30, "a.example" }, { 20, "b.example" }, { 10, "a.example" }, { 40, "b.example" } },
		  4,
		  VERDICT_LOOKUP_FOUND,
		  "a.example b.example ",
		  false,
		  false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		static struct dns_answer answer;
		struct mx_result result;
		char hosts[256] = "";
		memset(&answer, 0, sizeof(answer));
		answer.status = cases[i].status;
		answer.nxdomain = cases[i].nxdomain;
		answer.ttl_s = 77;
		memcpy(answer.mx, cases[i].mx, sizeof(cases[i].mx));
		answer.mx_count = cases[i].count;
		mx_hosts(&result, "d.example", &answer);
		for (size_t j = 0; j < result.hosts_count; j++) {
			(void)strncat(hosts, result.hosts[j].name, sizeof(hosts) - strlen(hosts) - 1);
			(void)strncat(hosts, " ", sizeof(hosts) - strlen(hosts) - 1);
		}
		if (result.lookup != cases[i].lookup || strcmp(hosts, cases[i].hosts) != 0 ||
		    result.implicit != cases[i].implicit || result.null_mx != cases[i].null_mx)
			fail_msg("%s: lookup %d hosts %s", cases[i].what, (int)result.lookup, hosts);
		assert_true((result.lookup == VERDICT_LOOKUP_FOUND) == (result.reason[0] == '\0'));
		assert_int_equal(result.ttl_s, 77);
		assert_int_equal(result.secure, dns_secure(&answer));
		mx_result_cleanup(&result);
	}
}

/* --- whole lookups -------------------------------------------------------------------------------------------------
 */

static const struct fake_record records[] = {
	{ "d.example", T_MX, 300, 20, "mx2.d.example" },
	{ "d.example", T_MX, 300, 10, "mx1.d.example" },
	{ "mx1.d.example", T_A, 200, 0, "192.0.2.1" },
	{ "mx1.d.example", T_AAAA, 250, 0, "2001:db8::1" },
	{ "mx2.d.example", T_A, 280, 0, "192.0.2.2" },
	{ "implicit.example", T_A, 300, 0, "192.0.2.3" },
	{ "barren.example", T_SOA, 300, 60, "" },
	{ "null.example", T_MX, 300, 0, "." },
	{ "alias.example", T_CNAME, 100, 0, "d.example" },
	{ "ghost.example", T_MX, 300, 10, "nowhere.example" },
	{ NULL, 0, 0, 0, NULL },
};

struct world {
	struct event_base *base;
	struct fake_dns fake;
	struct dns *dns;
	unsigned done;
	struct mx_result result;
};

static void open_world(struct world *w)
{
	struct dns_resolver at = { 0 };
	struct dns_options options = {
		.resolvers = &at,
		.resolvers_count = 1,
		.limits = { .attempt_ms = 250, .deadline_ms = 4000, .sockets_max = 64 },
	};
	char err[DNS_REASON_MAX];

	memset(w, 0, sizeof(*w));
	w->base = event_base_new();
	assert_non_null(w->base);
	fake_dns_open(&w->fake, w->base, records);
	at.at = w->fake.at;
	w->dns = dns_new(w->base, &options, err, sizeof(err));
	assert_non_null(w->dns);
}

static void close_world(struct world *w)
{
	mx_result_cleanup(&w->result);
	dns_free(w->dns);
	fake_dns_close(&w->fake);
	event_base_free(w->base);
}

static void on_done(void *arg, struct mx_result *result)
{
	struct world *w = arg;

	mx_result_cleanup(&w->result);
	w->result = *result;
	*result = (struct mx_result){ 0 };
	w->done++;
	(void)event_base_loopbreak(w->base);
}

/* want: the MX hosts and their addresses of |domain|. Until the next call. */
static const struct mx_want *want(const char *domain)
{
	static struct mx_want plain;

	plain = (struct mx_want){ .domain = domain };
	return &plain;
}

static void look_up(struct world *w, const char *domain, uint32_t deadline_ms)
{
	unsigned before = w->done;

	assert_non_null(mx_lookup_start(w->base, w->dns, want(domain), deadline_ms, on_done, w));
	while (w->done == before)
		assert_int_equal(event_base_dispatch(w->base), 0);
}

static void test_found(void **state)
{
	struct world w;
	struct addr addr;

	(void)state;
	open_world(&w);
	look_up(&w, "d.example", 10000);
	assert_int_equal(w.result.lookup, VERDICT_LOOKUP_FOUND);
	assert_int_equal(w.result.hosts_count, 2);
	assert_string_equal(w.result.hosts[0].name, "mx1.d.example");
	assert_int_equal(w.result.hosts[0].preference, 10);
	assert_int_equal(w.result.hosts[0].addrs_count, 2);
	assert_false(w.result.hosts[0].addrs_failed);
	assert_int_equal(w.result.hosts[1].addrs_count, 1);
	assert_true(addr_parse(&addr, "192.0.2.2") && addr_equal(&addr, &w.result.hosts[1].addrs[0]));
	assert_int_equal(w.result.ttl_s, 90); /* the denial of mx2's AAAA */
	assert_string_equal(w.result.reason, "");
	look_up(&w, "alias.example", 10000);
	assert_int_equal(w.result.hosts_count, 2);
	assert_string_equal(w.result.canonical, "d.example");
	close_world(&w);
}

static void test_not_found(void **state)
{
	static const struct {
		const char *domain;
		enum verdict_lookup lookup;
		bool nxdomain, null_mx, implicit;
		size_t hosts;
	} cases[] = {
		{ "implicit.example", VERDICT_LOOKUP_FOUND, false, false, true, 1 },
		{ "barren.example", VERDICT_LOOKUP_ABSENT, false, false, true, 0 },
		{ "null.example", VERDICT_LOOKUP_ABSENT, false, true, false, 0 },
		{ "unknown.example", VERDICT_LOOKUP_ABSENT, true, false, false, 0 },
		{ "ghost.example", VERDICT_LOOKUP_FOUND, false, false, false, 1 }, /* a name is a name */
	};
	struct world w;

	(void)state;
	open_world(&w);
	for (size_t i = 0; i < COUNT(cases); i++) {
		look_up(&w, cases[i].domain, 10000);
		if (w.result.lookup != cases[i].lookup || w.result.hosts_count != cases[i].hosts)
			fail_msg("%s: %d %s", cases[i].domain, (int)w.result.lookup, w.result.reason);
		assert_int_equal(w.result.nxdomain, cases[i].nxdomain);
		assert_int_equal(w.result.null_mx, cases[i].null_mx);
		assert_int_equal(w.result.implicit, cases[i].implicit);
	}
	close_world(&w);
}

/* Failed is not absent: of the MX, the whole lookup; of one host's addresses, that host. */
static void test_failed(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	w.fake.broken = "d.example";
	look_up(&w, "d.example", 10000);
	assert_int_equal(w.result.lookup, VERDICT_LOOKUP_FAILED);
	assert_int_equal(w.result.hosts_count, 0);
	assert_non_null(strstr(w.result.reason, "SERVFAIL"));
	w.fake.broken = "mx1.d.example";
	look_up(&w, "d.example", 10000);
	assert_int_equal(w.result.lookup, VERDICT_LOOKUP_FOUND);
	assert_true(w.result.hosts[0].addrs_failed);
	assert_int_equal(w.result.hosts[0].addrs_count, 0);
	assert_false(w.result.hosts[1].addrs_failed);
	assert_int_equal(w.result.hosts[1].addrs_count, 1);
	w.fake.broken = "implicit.example"; /* also its MX */
	look_up(&w, "implicit.example", 10000);
	assert_int_equal(w.result.lookup, VERDICT_LOOKUP_FAILED);
	close_world(&w);
}

static void test_deadline(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	w.fake.silent = "mx2.d.example";
	look_up(&w, "d.example", 300);
	assert_int_equal(w.result.lookup, VERDICT_LOOKUP_FOUND);
	assert_true(w.result.hosts[1].addrs_failed);
	w.fake.silent = "d.example";
	look_up(&w, "d.example", 100);
	assert_int_equal(w.result.lookup, VERDICT_LOOKUP_FAILED);
	close_world(&w);
}

static void test_cancelled(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	struct mx_lookup *lookup = mx_lookup_start(w.base, w.dns, want("d.example"), 10000, on_done, &w);
	assert_non_null(lookup);
	mx_lookup_cancel(lookup);
	mx_lookup_cancel(NULL);
	(void)event_base_loop(w.base, EVLOOP_NONBLOCK);
	assert_int_equal(w.done, 0);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts),  cmocka_unit_test(test_found),    cmocka_unit_test(test_not_found),
		cmocka_unit_test(test_failed), cmocka_unit_test(test_deadline), cmocka_unit_test(test_cancelled),
	};

	return cmocka_run_group_tests_name("mx", tests, NULL, NULL);
}

/* test_dns_unbound.c - gate25-policyd validates by itself, against a signed root zone and those who tamper with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/wait.h>

#include "policy/dns/dns.h"
#include "proxy/base/sandbox.h"
#include "tests/unit/policy/signed_zone.h"

#define ALWAYS 1000000
#define DAY_S  86400

static const char *const zone[] = {
	". 86400 IN SOA ns. host. 1 7200 3600 86400 120",
	". 86400 IN NS ns.",
	"ns. 86400 IN A 192.0.2.53",
	"d.signed. 86400 IN MX 10 mx.signed.",
	"mx.signed. 86400 IN A 192.0.2.1",
	"_25._tcp.mx.signed. 86400 IN TLSA 3 1 1 aabbccdd",
	"_25._tcp.mx.signed. 86400 IN TLSA 2 1 1 00112233",
	"_mta-sts.d.signed. 86400 IN CNAME sts.signed.",
	"sts.signed. 86400 IN TXT \"v=STSv1; \" \"id=1;\"",
	"*.wild.signed. 86400 IN A 192.0.2.2",
	"alias.signed. 86400 IN CNAME mx.signed.",
	"out.signed. 86400 IN CNAME mx.test.",
	"ring.signed. 86400 IN CNAME ring2.signed.",
	"ring2.signed. 86400 IN CNAME ring.signed.",
	"forged.signed. 86400 IN A 192.0.2.9",
	"test. 86400 IN NS ns.test.",
	NULL,
};

/* Below "test": a name that libunbound would answer itself if it were let. */
static const struct fake_record unsigned_records[] = {
	{ "mx.test", T_A, 300, 0, "192.0.2.66" },
	{ "mx.test", T_MX, 300, 10, "mx.test" },
	{ NULL, 0, 0, 0, NULL },
};

struct world {
	struct event_base *base;
	struct signed_zone zone;
	struct fake_dns fake;
	struct dns *dns;
	unsigned answers;
	struct dns_answer last;
	char tlsa[2][TLSA_TEXT_MAX];
	char txt[32];
};

static void on_answer(void *arg, const struct dns_answer *answer)
{
	struct world *w = arg;

	w->answers++;
	w->last = *answer;
	for (size_t i = 0; i < 2 && i < answer->tlsa_count; i++)
		(void)tlsa_format(&answer->tlsa[i], w->tlsa[i]);
	if (answer->txt_count > 0)
		(void)snprintf(w->txt, sizeof(w->txt), "%s", answer->txt[0].bytes);
	(void)event_base_loopbreak(w->base);
}

struct world_options {
	struct signed_zone_options zone;
	const char *anchors; /* NULL: the zone's own key */
	uint32_t deadline_ms;
};

static struct dns *new_dns(struct world *w, const struct world_options *options, char *err, size_t err_len)
{
	struct dns_resolver at = { .at = w->fake.at };
	const struct dns_options dns_options = {
		.mode = DNS_VALIDATE,
		.resolvers = &at,
		.resolvers_count = 1,
		.trust_anchors = options->anchors != NULL ? options->anchors : w->zone.anchor,
		.limits = { .deadline_ms = options->deadline_ms, .sockets_max = 8 },
	};

	return dns_new(w->base, &dns_options, err, err_len);
}

static void open_world_of(struct world *w, const struct world_options *options)
{
	char err[256] = "";

	memset(w, 0, sizeof(*w));
	w->base = event_base_new();
	assert_non_null(w->base);
	signed_zone_open(&w->zone, &options->zone);
	w->zone.unsigned_below = "test.";
	fake_dns_open(&w->fake, w->base, unsigned_records);
	w->fake.tell = signed_zone_tell;
	w->fake.tell_arg = &w->zone;
	w->dns = new_dns(w, options, err, sizeof(err));
	if (w->dns == NULL)
		fail_msg("%s", err);
}

static const struct world_options plain = { .zone = { zone, DAY_S, false }, .deadline_ms = 20000 };

static void open_world(struct world *w)
{
	open_world_of(w, &plain);
}

static void close_world(struct world *w)
{
	dns_free(w->dns);
	fake_dns_close(&w->fake);
	(void)event_base_loop(w->base, EVLOOP_NONBLOCK);
	event_base_free(w->base);
	signed_zone_close(&w->zone);
}

static void ask(struct world *w, const char *name, enum dns_type type)
{
	unsigned before = w->answers;

	assert_non_null(dns_ask(w->dns, name, type, on_answer, w));
	assert_int_equal(w->answers, before); /* never from inside */
	while (w->answers == before)
		assert_int_equal(event_base_dispatch(w->base), 0);
}

static void expect(struct world *w, const char *name, enum dns_type type, enum dns_status status)
{
	ask(w, name, type);
	if (w->last.status != status)
		fail_msg("%s %s is %s, not %s: %s", name, dns_type_name(type), dns_status_name(w->last.status),
			 dns_status_name(status), w->last.reason);
	if (status != DNS_FAILED)
		assert_string_equal(w->last.reason, "");
	else
		assert_true(w->last.reason[0] != '\0');
	assert_false(w->last.bogus && status != DNS_FAILED);
}

static void expect_bogus(struct world *w, const char *name, enum dns_type type)
{
	expect(w, name, type, DNS_FAILED);
	if (!w->last.bogus)
		fail_msg("%s is not bogus: %s", name, w->last.reason);
	assert_int_equal(w->last.addrs_count + w->last.mx_count + w->last.tlsa_count, 0);
}

static void test_secure(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	expect(&w, "D.Signed", DNS_MX, DNS_FOUND_SECURE);
	assert_int_equal(w.last.mx_count, 1);
	assert_string_equal(w.last.mx[0].name, "mx.signed");
	assert_true(w.last.ttl_s > 0 && w.last.ttl_s <= DAY_S);
	expect(&w, "mx.signed", DNS_A, DNS_FOUND_SECURE);
	assert_int_equal(w.last.addrs_count, 1);
	expect(&w, "_25._tcp.mx.signed", DNS_TLSA, DNS_FOUND_SECURE);
	assert_int_equal(w.last.tlsa_count, 2);
	assert_true(strcmp(w.tlsa[0], "3 1 1 aabbccdd") == 0 || strcmp(w.tlsa[1], "3 1 1 aabbccdd") == 0);
	expect(&w, "_mta-sts.d.signed", DNS_TXT, DNS_FOUND_SECURE);
	assert_string_equal(w.last.canonical, "sts.signed");
	assert_int_equal(w.last.txt_count, 1);
	assert_string_equal(w.txt, "v=STSv1; id=1;");
	expect(&w, "alias.signed", DNS_A, DNS_FOUND_SECURE);
	assert_string_equal(w.last.canonical, "mx.signed");
	assert_int_equal(w.last.aliases, 1);
	expect(&w, "alias.signed", DNS_CNAME, DNS_FOUND_SECURE);
	assert_string_equal(w.last.canonical, "mx.signed");
	assert_int_equal(w.last.aliases, 0);
	expect(&w, "x.wild.signed", DNS_A, DNS_FOUND_SECURE);
	expect(&w, ".", DNS_SOA, DNS_FOUND_SECURE);
	expect(&w, "mx.signed", DNS_A, DNS_FOUND_SECURE); /* from its cache */
	close_world(&w);
}

static void test_absent(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	expect(&w, "mx.signed", DNS_AAAA, DNS_ABSENT_SECURE);
	assert_false(w.last.nxdomain);
	assert_true(w.last.ttl_s > 0 && w.last.ttl_s <= 120);
	expect(&w, "nothing.signed", DNS_A, DNS_ABSENT_SECURE);
	assert_true(w.last.nxdomain);
	expect(&w, "_25._tcp.d.signed", DNS_TLSA, DNS_ABSENT_SECURE);
	expect(&w, "mx.test", DNS_AAAA, DNS_ABSENT_INSECURE);
	expect(&w, "nothing.test", DNS_A, DNS_ABSENT_INSECURE);
	assert_true(w.last.nxdomain);
	close_world(&w);
}

static void test_insecure(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	expect(&w, "mx.test", DNS_A, DNS_FOUND_INSECURE);
	assert_int_equal(w.last.addrs_count, 1);
	expect(&w, "mx.test", DNS_MX, DNS_FOUND_INSECURE);
	expect(&w, "out.signed", DNS_A, DNS_FOUND_INSECURE); /* the weakest link */
	assert_string_equal(w.last.canonical, "mx.test");
	expect(&w, "out.signed", DNS_CNAME, DNS_FOUND_SECURE);
	close_world(&w);
}

static void test_aliases_in_a_ring(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	expect(&w, "ring2.signed", DNS_A, DNS_FAILED);
	close_world(&w);
}

static void test_tampered(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	w.zone.forged = "forged.signed.";
	expect_bogus(&w, "forged.signed", DNS_A);
	expect(&w, "mx.signed", DNS_A, DNS_FOUND_SECURE);
	w.zone.strips_denials = true;
	expect_bogus(&w, "mx.signed", DNS_MX);
	expect_bogus(&w, "nothing.else", DNS_A);
	expect_bogus(&w, "y.wild.signed", DNS_A);
	w.zone.strips_denials = false;
	w.zone.strips_signatures = true;
	expect_bogus(&w, "d.signed", DNS_MX);
	close_world(&w);
}

/* Unsigned where the zone above says signed: told of all names by who never had a signature. */
static void test_stripped_from_the_start(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	w.zone.strips_signatures = true;
	expect_bogus(&w, "mx.signed", DNS_A);
	expect_bogus(&w, "nothing.signed", DNS_A);
	close_world(&w);
}

static void test_expired(void **state)
{
	const struct world_options options = { .zone = { zone, -100000, false }, .deadline_ms = 20000 };
	struct world w;

	(void)state;
	open_world_of(&w, &options);
	expect_bogus(&w, "mx.signed", DNS_A);
	close_world(&w);
}

/* What signatures allow limits what the record's own TTL of a day does. */
static void test_soon_to_expire(void **state)
{
	const struct world_options options = { .zone = { zone, 3600, false }, .deadline_ms = 20000 };
	struct world w;

	(void)state;
	open_world_of(&w, &options);
	expect(&w, "mx.signed", DNS_A, DNS_FOUND_SECURE);
	assert_true(w.last.ttl_s > 0 && w.last.ttl_s <= 3600);
	close_world(&w);
}

/* NSEC3 with opt-out: a delegation that is not signed may be there unproved, so its absence is no proof. */
static void test_opt_out(void **state)
{
	const struct world_options options = { .zone = { zone, DAY_S, true }, .deadline_ms = 20000 };
	struct world w;

	(void)state;
	open_world_of(&w, &options);
	expect(&w, "mx.signed", DNS_A, DNS_FOUND_SECURE);
	expect(&w, "mx.signed", DNS_AAAA, DNS_ABSENT_SECURE);
	expect(&w, "mx.test", DNS_A, DNS_FOUND_INSECURE);
	expect(&w, "nothing", DNS_A, DNS_ABSENT_INSECURE);
	assert_true(w.last.nxdomain);
	close_world(&w);
}

static void test_other_anchor(void **state)
{
	struct world w;
	/* the internet's, which this root is not */
	const struct world_options others = { .zone = { zone, DAY_S, false },
					      .anchors =
						      ". IN DS 20326 8 2 "
						      "E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC"
						      "8D\n",
					      .deadline_ms = 20000 };
	const struct world_options elsewhere = { .zone = { zone, DAY_S, false },
						 .anchors = "island. IN DS 20326 8 2 "
							    "E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7"
							    "F8EC8D\n",
						 .deadline_ms = 20000 };

	(void)state;
	open_world_of(&w, &others);
	expect_bogus(&w, "mx.signed", DNS_A);
	expect_bogus(&w, "mx.test", DNS_A);
	close_world(&w);
	open_world_of(&w, &elsewhere); /* no anchor is above: not signed, as far as anybody can know */
	expect(&w, "mx.signed", DNS_A, DNS_FOUND_INSECURE);
	close_world(&w);
}

static void test_bad_anchors(void **state)
{
	static const char *const bad[] = {
		"",
		"\n; nothing\n",
		"what is this\n",
		". IN A 192.0.2.1\n",
		". IN DS 20326 8 1 AE1EA5B974D4C858B740BD03E3CED7EBFCBD1724\n",
		". IN DS 20326 8 2 E06D44\n",
		". IN DS 20326 16 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n",
		". IN DS 20326 5 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n",
		". CH DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n",
		". IN DNSKEY 1 3 13 AAAA\n",
		". IN DNSKEY 385 3 13 AAAA\n", /* revoked: left out, and then there is none */
		". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\nrubbish\n",
	};
	struct world w;
	char err[256];

	(void)state;
	open_world(&w);
	for (size_t i = 0; i < COUNT(bad); i++) {
		const struct world_options options = { .anchors = bad[i], .deadline_ms = 1000 };
		err[0] = '\0';
		struct dns *dns = new_dns(&w, &options, err, sizeof(err));
		if (dns != NULL || err[0] == '\0')
			fail_msg("taken: %s", bad[i]);
	}
	close_world(&w);
}

/* --- who does not answer -------------------------------------------------------------------------------------------
 */

static void test_silence(void **state)
{
	const struct world_options options = { .zone = { zone, DAY_S, false }, .deadline_ms = 200 };
	struct world w;

	(void)state;
	open_world_of(&w, &options);
	w.fake.lie = LIE_SILENCE;
	w.fake.lies = ALWAYS;
	expect(&w, "mx.signed", DNS_A, DNS_FAILED);
	assert_string_equal(w.last.reason, "no answer in time");
	assert_false(w.last.bogus);
	expect(&w, "mx.signed", DNS_A, DNS_FAILED); /* joins what goes on inside */
	close_world(&w);                            /* with both still under way there */
}

static void test_servfail(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	expect(&w, "mx.signed", DNS_A, DNS_FOUND_SECURE);
	w.fake.broken = "d.signed";
	expect(&w, "d.signed", DNS_MX, DNS_FAILED);
	assert_false(w.last.bogus);
	expect(&w, "", DNS_A, DNS_FAILED);
	expect(&w, "a..b", DNS_A, DNS_FAILED);
	close_world(&w);
}

/* The product's and libunbound's time(), in this program. */
static time_t shift_s;

time_t time(time_t *out)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	now.tv_sec += shift_s;
	if (out != NULL)
		*out = now.tv_sec;
	return now.tv_sec;
}

/* A clock that has lost its battery makes nothing insecure, nor absent. */
static void test_clock(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	shift_s = -time(NULL);
	expect(&w, "mx.signed", DNS_A, DNS_FAILED);
	expect(&w, "mx.test", DNS_A, DNS_FAILED);
	assert_non_null(strstr(w.last.reason, "clock"));
	shift_s = 0;
	expect(&w, "mx.signed", DNS_A, DNS_FOUND_SECURE);
	close_world(&w);
}

static void never(void *arg, const struct dns_answer *answer)
{
	(void)arg;
	(void)answer;
	fail_msg("called");
}

static void test_free_and_cancel_under_way(void **state)
{
	struct world w;
	struct dns_query *queries[20];

	(void)state;
	open_world(&w);
	w.fake.lie = LIE_SILENCE;
	w.fake.lies = ALWAYS;
	for (size_t i = 0; i < 20; i++) { /* more than run at a time */
		char name[32];
		(void)snprintf(name, sizeof(name), "n%zu.signed", i / 2); /* and pairs that are alike */
		queries[i] = dns_ask(w.dns, name, DNS_A, never, NULL);
		assert_non_null(queries[i]);
	}
	while (w.fake.asked_udp == 0)
		assert_int_equal(event_base_loop(w.base, EVLOOP_ONCE), 0);
	for (size_t i = 0; i < 20; i += 3)
		dns_cancel(queries[i]);
	(void)event_base_loop(w.base, EVLOOP_NONBLOCK);
	close_world(&w);
}

/* A new configuration's context is made while the old one works. */
static void test_two_contexts(void **state)
{
	struct world w;
	char err[256];
	struct dns *old;

	(void)state;
	open_world(&w);
	expect(&w, "mx.signed", DNS_A, DNS_FOUND_SECURE);
	old = w.dns;
	w.fake.silent = "d.signed";
	assert_non_null(dns_ask(old, "d.signed", DNS_MX, never, NULL));
	(void)event_base_loop(w.base, EVLOOP_NONBLOCK);
	w.dns = new_dns(&w, &plain, err, sizeof(err));
	assert_non_null(w.dns);
	dns_free(old);
	w.fake.silent = NULL;
	expect(&w, "d.signed", DNS_MX, DNS_FOUND_SECURE);
	close_world(&w);
}

/* in_sandbox does what policyd does: looks up inside, then takes a new configuration there and looks up again. Returns
 * the step that failed. */
static int in_sandbox(void)
{
	const struct sandbox_limits limits = { 0 };
	struct world w;
	char err[256];
	bool landlock;

	open_world(&w);
	if (!sandbox_enter(SANDBOX_POLICY, &limits, &landlock, err, sizeof(err)))
		return 1;
	ask(&w, "mx.signed", DNS_A);
	if (w.last.status != DNS_FOUND_SECURE)
		return 2;
	dns_free(w.dns);
	w.dns = new_dns(&w, &plain, err, sizeof(err));
	if (w.dns == NULL)
		return 3;
	ask(&w, "_25._tcp.mx.signed", DNS_TLSA);
	if (w.last.status != DNS_FOUND_SECURE)
		return 4;
	w.fake.lie = LIE_TRUNCATED;
	w.fake.lies = 1;
	ask(&w, "d.signed", DNS_MX);
	if (w.last.status != DNS_FOUND_SECURE || w.fake.asked_tcp == 0)
		return 5;
	dns_free(w.dns);
	/* by itself, from the root down, which is not there */
	const struct addr root = { .family = AF_INET, .bytes = { 127, 0, 0, 1 } };
	const struct dns_options recursion = {
		.mode = DNS_VALIDATE,
		.recurse = true,
		.root_servers = &root,
		.root_servers_count = 1,
		.limits = { .deadline_ms = 200, .sockets_max = 8 },
	};
	w.dns = dns_new(w.base, &recursion, err, sizeof(err));
	if (w.dns == NULL)
		return 6;
	ask(&w, "mx.signed", DNS_A);
	return w.last.status == DNS_FAILED ? 0 : 7;
}

static void test_sandbox(void **state)
{
	int status = -1;
	pid_t child;

	(void)state;
	child = fork();
	if (child == 0)
		_exit(in_sandbox());
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_secure),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_insecure),
		cmocka_unit_test(test_aliases_in_a_ring),
		cmocka_unit_test(test_tampered),
		cmocka_unit_test(test_stripped_from_the_start),
		cmocka_unit_test(test_expired),
		cmocka_unit_test(test_soon_to_expire),
		cmocka_unit_test(test_opt_out),
		cmocka_unit_test(test_other_anchor),
		cmocka_unit_test(test_bad_anchors),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_servfail),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_free_and_cancel_under_way),
		cmocka_unit_test(test_two_contexts),
		cmocka_unit_test(test_sandbox),
	};

	return cmocka_run_group_tests_name("dns_unbound", tests, NULL, NULL);
}

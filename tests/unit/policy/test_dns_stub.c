/* test_dns_stub.c - the stub resolver against a resolver that lies in every way known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <time.h>

#include "policy/dns/dns.h"
#include "tests/unit/policy/fake_dns.h"

#define ALWAYS 1000000

static const struct fake_record records[] = {
	{ "d.example", T_MX, 300, 10, "mx.d.example" },
	{ "mx.d.example", T_A, 300, 0, "192.0.2.1" },
	{ "mx.d.example", T_AAAA, 300, 0, "2001:db8::1" },
	{ "alias.example", T_CNAME, 200, 0, "alias2.example" },
	{ "alias2.example", T_CNAME, 100, 0, "mx.d.example" },
	{ "ring.example", T_CNAME, 100, 0, "ring2.example" },
	{ "ring2.example", T_CNAME, 100, 0, "ring.example" },
	{ "_25._tcp.mx.d.example", T_TLSA, 300, 0, "3 1 1 AA" },
	{ "_25._tcp.mx.d.example", T_TLSA, 300, 0, "2 1 1 BB" },
	{ "_mta-sts.d.example", T_CNAME, 300, 0, "sts.example" },
	{ "sts.example", T_TXT, 300, 0, "v=STSv1; |id=1;" },
	{ "sts.example", T_TXT, 300, 0, "other" },
	{ NULL, 0, 0, 0, NULL },
};

struct world {
	struct event_base *base;
	struct fake_dns fake[2];
	struct dns *dns;
	unsigned answers;
	struct dns_answer last;
	size_t printed_len; /* of its records as text */
	char txt[2][32];
};

static uint64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void on_answer(void *arg, const struct dns_answer *answer)
{
	struct world *w = arg;

	w->answers++;
	w->last = *answer;
	for (size_t i = 0; i < 2 && i < answer->txt_count; i++)
		(void)snprintf(w->txt[i], sizeof(w->txt[i]), "%s", answer->txt[i].bytes);
	char *text = NULL;
	FILE *out = open_memstream(&text, &w->printed_len);
	assert_non_null(out);
	dns_answer_print(out, answer);
	assert_int_equal(fclose(out), 0);
	free(text);
	(void)event_base_loopbreak(w->base);
}

static void open_world_of(struct world *w, struct dns_options options, const bool trusted[2])
{
	struct dns_resolver at[2] = { 0 };
	char err[DNS_REASON_MAX];

	memset(w, 0, sizeof(*w));
	w->base = event_base_new();
	assert_non_null(w->base);
	for (size_t i = 0; i < 2; i++) {
		fake_dns_open(&w->fake[i], w->base, records);
		at[i].at = w->fake[i].at;
		at[i].trusted = trusted[i];
	}
	options.resolvers = at;
	w->dns = dns_new(w->base, &options, err, sizeof(err));
	assert_non_null(w->dns);
}

static void open_world(struct world *w, size_t resolvers, size_t sockets_max)
{
	const struct dns_options options = {
		.resolvers_count = resolvers,
		.limits = { .attempt_ms = 250, .deadline_ms = 8000, .sockets_max = sockets_max },
	};

	open_world_of(w, options, (const bool[2]){ true, true });
}

static void close_world(struct world *w)
{
	dns_free(w->dns);
	for (size_t i = 0; i < 2; i++)
		fake_dns_close(&w->fake[i]);
	(void)event_base_loop(w->base, EVLOOP_NONBLOCK);
	event_base_free(w->base);
}

/* open_trust: two trusted resolvers that validate; a proof holds for |proof_ms|. */
static void open_trust(struct world *w, size_t resolvers, uint32_t proof_ms)
{
	const struct dns_options options = {
		.mode = DNS_TRUST_AD,
		.resolvers_count = resolvers,
		.limits = { .attempt_ms = 250, .deadline_ms = 8000, .sockets_max = 8, .proof_ms = proof_ms },
	};

	open_world_of(w, options, (const bool[2]){ true, true });
	w->fake[0].validates = w->fake[1].validates = true;
}

static void ask(struct world *w, const char *name, enum dns_type type)
{
	unsigned before = w->answers;

	assert_non_null(dns_ask(w->dns, name, type, on_answer, w));
	assert_int_equal(w->answers, before); /* never from inside */
	while (w->answers == before)
		assert_int_equal(event_base_dispatch(w->base), 0);
}

static void test_truth(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, 1, 8);
	ask(&w, "D.Example", DNS_MX);
	assert_int_equal(w.last.status, DNS_FOUND_INSECURE);
	assert_string_equal(w.last.mx[0].name, "mx.d.example");
	assert_int_equal(w.last.ttl_s, 300);
	assert_int_equal(w.last.asked, 1);
	ask(&w, "mx.d.example", DNS_AAAA);
	assert_int_equal(w.last.addrs_count, 1);
	ask(&w, "mx.d.example", DNS_MX);
	assert_int_equal(w.last.status, DNS_ABSENT_INSECURE);
	assert_false(w.last.nxdomain);
	assert_int_equal(w.last.ttl_s, 90);
	ask(&w, "nothing.example", DNS_MX);
	assert_int_equal(w.last.status, DNS_ABSENT_INSECURE);
	assert_true(w.last.nxdomain);
	ask(&w, "alias.example", DNS_A);
	assert_int_equal(w.last.status, DNS_FOUND_INSECURE);
	assert_string_equal(w.last.canonical, "mx.d.example");
	assert_int_equal(w.last.ttl_s, 100);
	assert_int_equal(w.fake[0].asked_tcp, 0);
	close_world(&w);
}

/* A resolver that tells an alias and not its end is asked on. */
static void test_broken_chains(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, 1, 8);
	w.fake[0].no_chain = true;
	ask(&w, "alias.example", DNS_A);
	assert_int_equal(w.last.status, DNS_FOUND_INSECURE);
	assert_string_equal(w.last.canonical, "mx.d.example");
	assert_int_equal(w.last.ttl_s, 100);
	assert_int_equal(w.last.asked, 3);
	ask(&w, "ring.example", DNS_A);
	assert_int_equal(w.last.status, DNS_FAILED);
	assert_true(w.last.asked <= DNS_ALIASES_MAX + 1);
	w.fake[0].no_chain = false;
	ask(&w, "ring.example", DNS_A);
	assert_int_equal(w.last.status, DNS_FAILED);
	close_world(&w);
}

struct lie_row {
	const char *what;
	enum fake_lie lie;
	bool hurts; /* told always, the lookup fails */
};

static const struct lie_row lies[] = {
	{ "silence", LIE_SILENCE, true },
	{ "wrong id", LIE_WRONG_ID, true },
	{ "wrong question", LIE_WRONG_QUESTION, true },
	{ "wrong source port", LIE_WRONG_PORT, true },
	{ "garbage", LIE_GARBAGE, true },
	{ "short", LIE_SHORT, true },
	{ "echo", LIE_ECHO, true },
	{ "SERVFAIL", LIE_SERVFAIL, true },
	{ "REFUSED", LIE_REFUSED, true },
	{ "truncated", LIE_TRUNCATED, false }, /* TCP has the truth */
	{ "strays", LIE_STRAYS, false },
	{ "TCP closes", LIE_TCP_CLOSES, true },
	{ "TCP cut", LIE_TCP_CUT, true },
	{ "TCP garbage", LIE_TCP_GARBAGE, true },
	{ "TCP truncated", LIE_TCP_TRUNCATED, true },
};

static void test_one_lie_is_survived(void **state)
{
	struct world w;

	(void)state;
	for (size_t i = 0; i < COUNT(lies); i++) {
		open_world(&w, 1, 8);
		w.fake[0].lie = lies[i].lie;
		w.fake[0].lies = 1;
		ask(&w, "mx.d.example", DNS_A);
		if (w.last.status != DNS_FOUND_INSECURE)
			fail_msg("%s: %s", lies[i].what, w.last.reason);
		assert_int_equal(w.last.addrs_count, 1);
		assert_true(w.fake[0].asked_udp + w.fake[0].asked_tcp > 1);
		close_world(&w);
	}
}

static void test_nothing_but_lies(void **state)
{
	struct world w;

	(void)state;
	for (size_t i = 0; i < COUNT(lies); i++) {
		open_world(&w, 1, 8);
		w.fake[0].lie = lies[i].lie;
		w.fake[0].lies = ALWAYS;
		ask(&w, "mx.d.example", DNS_A);
		if ((w.last.status == DNS_FAILED) != lies[i].hurts)
			fail_msg("%s: status %d", lies[i].what, (int)w.last.status);
		if (lies[i].hurts)
			assert_true(w.last.addrs_count == 0 && w.last.reason[0] != '\0');
		close_world(&w);
	}
}

static void test_failover(void **state)
{
	struct world w;

	(void)state;
	for (size_t i = 0; i < COUNT(lies); i++) {
		open_world(&w, 2, 8);
		w.fake[0].lie = lies[i].lie;
		w.fake[0].lies = ALWAYS;
		ask(&w, "mx.d.example", DNS_A);
		if (w.last.status != DNS_FOUND_INSECURE)
			fail_msg("%s: %s", lies[i].what, w.last.reason);
		close_world(&w);
	}
}

/* Who is silent, and that it is TCP that is blocked, is said. */
static void test_silence_has_a_name(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, 1, 8);
	w.fake[0].silent = "mx.d.example";
	ask(&w, "mx.d.example", DNS_A);
	assert_string_equal(w.last.reason, "127.0.0.1 does not answer");
	w.fake[0].silent = NULL;
	w.fake[0].lie = LIE_TCP_CLOSES;
	w.fake[0].lies = ALWAYS;
	ask(&w, "mx.d.example", DNS_A);
	assert_string_equal(w.last.reason, "127.0.0.1 does not answer over TCP");
	close_world(&w);
}

/* The one that answers is asked first from then on. */
static void test_preferred(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, 2, 8);
	w.fake[0].lie = LIE_SERVFAIL;
	w.fake[0].lies = ALWAYS;
	ask(&w, "mx.d.example", DNS_A);
	unsigned before = w.fake[0].asked_udp;
	ask(&w, "d.example", DNS_MX);
	ask(&w, "mx.d.example", DNS_AAAA);
	assert_int_equal(w.fake[0].asked_udp, before);
	close_world(&w);
}

static void test_nobody_there(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, 2, 8);
	fake_dns_close(&w.fake[0]); /* ICMP port unreachable */
	ask(&w, "mx.d.example", DNS_A);
	assert_int_equal(w.last.status, DNS_FOUND_INSECURE);
	fake_dns_open(&w.fake[0], w.base, records);
	close_world(&w);
}

static void test_not_a_name(void **state)
{
	static const char *const bad[] = { "", "a..b", "a\\b.example", ".a", "a." };
	char long_name[600];
	struct world w;

	(void)state;
	open_world(&w, 1, 8);
	for (size_t i = 0; i < COUNT(bad); i++) {
		ask(&w, bad[i], DNS_A);
		assert_int_equal(w.last.status, DNS_FAILED);
	}
	memset(long_name, 'a', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	ask(&w, long_name, DNS_A);
	assert_int_equal(w.last.status, DNS_FAILED);
	assert_int_equal(w.fake[0].asked_udp, 0);
	close_world(&w);
}

/* --- who is believed ------------------------------------------------------------------------------------------------
 */

#define LONG_MS 3600000 /* longer than any test */

static void expect(const struct world *w, enum dns_status status)
{
	if (w->last.status != status)
		fail_msg("%s, not %s: %s", dns_status_name(w->last.status), dns_status_name(status), w->last.reason);
}

/* What a resolver says in DNS_OFF is no proof. */
static void test_off_proves_nothing(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, 1, 8);
	w.fake[0].validates = true;
	ask(&w, "mx.d.example", DNS_A);
	expect(&w, DNS_FOUND_INSECURE);
	ask(&w, "nothing.example", DNS_A);
	expect(&w, DNS_ABSENT_INSECURE);
	assert_int_equal(w.fake[0].asked_root, 0);
	close_world(&w);
}

static void test_trusted(void **state)
{
	struct world w;

	(void)state;
	open_trust(&w, 1, LONG_MS);
	ask(&w, "mx.d.example", DNS_A);
	expect(&w, DNS_FOUND_SECURE);
	assert_int_equal(w.fake[0].flags[0], 0x01); /* RD */
	assert_int_equal(w.fake[0].flags[1], 0x20); /* AD, not CD */
	ask(&w, "mx.d.example", DNS_MX);
	expect(&w, DNS_ABSENT_SECURE);
	assert_false(w.last.nxdomain);
	ask(&w, "nothing.example", DNS_A);
	expect(&w, DNS_ABSENT_SECURE);
	assert_true(w.last.nxdomain);
	ask(&w, "alias.example", DNS_A);
	expect(&w, DNS_FOUND_SECURE);
	ask(&w, "_25._tcp.mx.d.example", DNS_TLSA);
	expect(&w, DNS_FOUND_SECURE);
	assert_int_equal(w.last.tlsa_count, 2);
	ask(&w, "_mta-sts.d.example", DNS_TXT);
	expect(&w, DNS_FOUND_SECURE);
	assert_string_equal(w.last.canonical, "sts.example");
	assert_int_equal(w.last.txt_count, 2);
	assert_string_equal(w.txt[0], "v=STSv1; id=1;");
	assert_string_equal(w.txt[1], "other");
	assert_int_equal(w.fake[0].asked_root, 0); /* who says AD shows it */
	close_world(&w);
}

/* "Insecure" is believed of who has shown that he would say otherwise. */
static void test_proof(void **state)
{
	struct world w;

	(void)state;
	open_trust(&w, 1, LONG_MS);
	w.fake[0].insecure = "mx.d.example";
	ask(&w, "mx.d.example", DNS_A);
	expect(&w, DNS_FOUND_INSECURE);
	assert_int_equal(w.fake[0].asked_root, 1);
	ask(&w, "mx.d.example", DNS_MX);
	expect(&w, DNS_ABSENT_INSECURE);
	ask(&w, "alias.example", DNS_A); /* the weakest link */
	expect(&w, DNS_FOUND_INSECURE);
	assert_int_equal(w.fake[0].asked_root, 1); /* once for all */
	ask(&w, "d.example", DNS_MX);
	expect(&w, DNS_FOUND_SECURE);
	close_world(&w);
}

static void test_proof_grows_old(void **state)
{
	struct world w;

	(void)state;
	open_trust(&w, 1, 0); /* at once */
	w.fake[0].insecure = "mx.d.example";
	ask(&w, "mx.d.example", DNS_A);
	expect(&w, DNS_FOUND_INSECURE);
	ask(&w, "mx.d.example", DNS_AAAA);
	expect(&w, DNS_FOUND_INSECURE);
	assert_int_equal(w.fake[0].asked_root, 2);
	w.fake[0].validates = false; /* stops validating */
	ask(&w, "d.example", DNS_MX);
	expect(&w, DNS_FAILED);
	assert_string_equal(w.last.reason, "127.0.0.1 does not validate: its answer for the root's SOA has no AD bit");
	assert_false(w.last.bogus);
	assert_int_equal(w.last.mx_count, 0);
	close_world(&w);
}

/* The proof meets the same lies as everything else. */
static void test_proof_lied_to(void **state)
{
	struct world w;

	(void)state;
	for (size_t i = 0; i < COUNT(lies); i++) {
		open_trust(&w, 1, LONG_MS);
		w.fake[0].insecure = "mx.d.example";
		w.fake[0].root_lie = lies[i].lie;
		ask(&w, "mx.d.example", DNS_A);
		if ((w.last.status == DNS_FAILED) != lies[i].hurts)
			fail_msg("%s: %s", lies[i].what, w.last.reason);
		close_world(&w);
	}
}

static void test_not_validating(void **state)
{
	struct world w;

	(void)state;
	open_trust(&w, 1, LONG_MS);
	w.fake[0].validates = false;
	ask(&w, "mx.d.example", DNS_A);
	expect(&w, DNS_FAILED);
	ask(&w, "nothing.example", DNS_A);
	expect(&w, DNS_FAILED);
	w.fake[0].validates = w.fake[0].root_insecure = true;
	w.fake[0].insecure = "mx.d.example";
	ask(&w, "mx.d.example", DNS_A);
	expect(&w, DNS_FAILED);
	assert_non_null(strstr(w.last.reason, "does not validate"));
	close_world(&w);
	open_trust(&w, 2, LONG_MS); /* another one does */
	w.fake[0].validates = false;
	w.fake[1].insecure = "mx.d.example";
	ask(&w, "mx.d.example", DNS_A);
	expect(&w, DNS_FOUND_INSECURE);
	ask(&w, "d.example", DNS_MX);
	expect(&w, DNS_FOUND_SECURE);
	assert_string_equal(w.last.reason, "");
	close_world(&w);
}

static void test_stripped(void **state)
{
	struct world w;

	(void)state;
	open_trust(&w, 1, LONG_MS);
	w.fake[0].strips = true;
	ask(&w, "mx.d.example", DNS_A);
	expect(&w, DNS_FAILED);
	assert_string_equal(w.last.reason, "127.0.0.1 says AD and leaves the signatures out");
	w.fake[0].insecure = "mx.d.example"; /* nor is that a proof */
	ask(&w, "mx.d.example", DNS_A);
	expect(&w, DNS_FAILED);
	close_world(&w);
}

static void test_untrusted(void **state)
{
	struct world w;
	const struct dns_options options = {
		.mode = DNS_TRUST_AD,
		.resolvers_count = 2,
		.limits = { .attempt_ms = 250, .deadline_ms = 8000, .sockets_max = 8, .proof_ms = LONG_MS },
	};

	(void)state;
	open_world_of(&w, options, (const bool[2]){ false, false });
	w.fake[0].validates = w.fake[1].validates = true;
	ask(&w, "mx.d.example", DNS_A);
	expect(&w, DNS_FAILED);
	assert_string_equal(w.last.reason, "127.0.0.1 is not on loopback and not among the trusted resolvers");
	assert_int_equal(w.fake[0].asked_udp + w.fake[1].asked_udp, 0);
	close_world(&w);
	open_world_of(&w, options, (const bool[2]){ false, true });
	w.fake[1].validates = true;
	ask(&w, "mx.d.example", DNS_A);
	expect(&w, DNS_FOUND_SECURE);
	assert_int_equal(w.fake[0].asked_udp, 0);
	close_world(&w);
}

/* Links that come in several messages: the weakest makes the whole. */
static void test_chain_of_questions(void **state)
{
	static const char *const insecure[] = { NULL, "alias.example", "alias2.example", "mx.d.example" };
	struct world w;

	(void)state;
	for (size_t i = 0; i < COUNT(insecure); i++) {
		open_trust(&w, 1, LONG_MS);
		w.fake[0].no_chain = true;
		w.fake[0].insecure = insecure[i];
		ask(&w, "alias.example", DNS_A);
		expect(&w, insecure[i] == NULL ? DNS_FOUND_SECURE : DNS_FOUND_INSECURE);
		assert_string_equal(w.last.canonical, "mx.d.example");
		assert_int_equal(w.last.aliases, 2);
		assert_int_equal(w.last.asked, 3);
		assert_int_equal(w.last.ttl_s, 100);
		assert_int_equal(w.fake[0].asked_root, insecure[i] == NULL ? 0 : 1);
		close_world(&w);
	}
}

/* What a resolver knows to be wrong is bogus, whatever another one leaves out. */
static void test_bogus(void **state)
{
	struct world w;

	(void)state;
	open_trust(&w, 2, LONG_MS);
	w.fake[0].broken = w.fake[1].silent = "mx.d.example";
	w.fake[0].ede = 7;
	w.fake[0].ede_text = "d.example";
	ask(&w, "mx.d.example", DNS_A);
	expect(&w, DNS_FAILED);
	assert_true(w.last.bogus);
	assert_string_equal(w.last.reason, "SERVFAIL: signature expired (d.example)");
	w.fake[1].silent = NULL;
	ask(&w, "mx.d.example", DNS_A);
	expect(&w, DNS_FOUND_SECURE);
	assert_false(w.last.bogus);
	close_world(&w);
}

static void test_message_is_kept(void **state)
{
	struct world w;

	(void)state;
	open_trust(&w, 1, LONG_MS);
	w.fake[0].insecure = "mx.d.example";
	ask(&w, "alias.example", DNS_A); /* its message waited for the proof */
	assert_int_equal(w.printed_len, strlen("alias.example.\t200\tIN\tCNAME\talias2.example.\n"
					       "alias2.example.\t100\tIN\tCNAME\tmx.d.example.\n"
					       "mx.d.example.\t300\tIN\tA\t192.0.2.1\n"));
	close_world(&w);
}

/* --- many at once --------------------------------------------------------------------------------------------------
 */

struct crowd {
	struct world w;
	struct dns_query *queries[64];
	unsigned answered[64];
	unsigned total;
	unsigned wanted;
};

struct asker {
	struct crowd *crowd;
	size_t at;
};

static void on_crowd(void *arg, const struct dns_answer *answer)
{
	struct asker *asker = arg;
	struct crowd *crowd = asker->crowd;

	assert_true(dns_found(answer) || dns_absent(answer));
	crowd->queries[asker->at] = NULL;
	crowd->answered[asker->at]++;
	if (asker->at == 0 && crowd->queries[1] != NULL) { /* one of the same question, from inside its sibling */
		dns_cancel(crowd->queries[1]);
		crowd->queries[1] = NULL;
	}
	if (++crowd->total == crowd->wanted)
		(void)event_base_loopbreak(crowd->w.base);
}

static void crowd_run(struct crowd *crowd, unsigned wanted)
{
	crowd->wanted = wanted;
	while (crowd->total < wanted)
		assert_int_equal(event_base_dispatch(crowd->w.base), 0);
	(void)event_base_loop(crowd->w.base, EVLOOP_NONBLOCK);
	assert_int_equal(crowd->total, wanted);
}

static void test_alike_asked_once(void **state)
{
	static struct crowd crowd;
	struct asker askers[8];

	(void)state;
	memset(&crowd, 0, sizeof(crowd));
	open_world(&crowd.w, 1, 8);
	/* The list is served newest first: 0 is called first and takes 1 with it. */
	for (size_t i = 8; i-- > 0;) {
		askers[i] = (struct asker){ &crowd, i };
		crowd.queries[i] = dns_ask(crowd.w.dns, "mx.d.example", DNS_A, on_crowd, &askers[i]);
		assert_non_null(crowd.queries[i]);
	}
	dns_cancel(crowd.queries[5]);
	crowd.queries[5] = NULL;
	crowd_run(&crowd, 6);
	assert_int_equal(crowd.answered[0], 1);
	assert_int_equal(crowd.answered[1], 0);
	assert_int_equal(crowd.answered[5], 0);
	assert_int_equal(crowd.w.fake[0].asked_udp, 1);
	close_world(&crowd.w);
}

static void test_few_sockets(void **state)
{
	static struct crowd crowd;
	struct asker askers[64];
	char name[64];

	(void)state;
	memset(&crowd, 0, sizeof(crowd));
	open_world(&crowd.w, 1, 2);
	for (size_t i = 0; i < 64; i++) {
		askers[i] = (struct asker){ &crowd, i };
		(void)snprintf(name, sizeof(name), "n%zu.example", i);
		crowd.queries[i] = dns_ask(crowd.w.dns, name, DNS_A, on_crowd, &askers[i]);
		assert_non_null(crowd.queries[i]);
	}
	for (size_t i = 1; i < 64; i += 9) { /* running, waiting, first and last */
		dns_cancel(crowd.queries[i]);
		crowd.queries[i] = NULL;
	}
	crowd_run(&crowd, 64 - 7);
	close_world(&crowd.w);
}

/* A question that nobody answers gives way to those that wait, long before its deadline; alone it may take its time. */
static void test_silence_gives_way(void **state)
{
	const struct dns_options options = {
		.resolvers_count = 1,
		.limits = { .attempt_ms = 1500, .deadline_ms = 4000, .sockets_max = 1 },
	};
	struct world w;
	struct world slow = { 0 }; /* of it only what on_answer leaves there */
	uint64_t began_ms;

	(void)state;
	for (int wait = 0; wait <= 1; wait++) { /* the other one comes at once, or when the first is late already */
		open_world_of(&w, options, (const bool[2]){ true, true });
		slow = (struct world){ .base = w.base };
		w.fake[0].silent = "mx.d.example";
		began_ms = now_ms();
		assert_non_null(dns_ask(w.dns, "mx.d.example", DNS_A, on_answer, &slow));
		if (wait) {
			const struct timeval late = { .tv_sec = 1, .tv_usec = 300000 };
			(void)event_base_loopexit(w.base, &late);
			(void)event_base_dispatch(w.base);
			assert_int_equal(slow.answers, 0); /* nobody waited */
		}
		ask(&w, "d.example", DNS_MX);
		assert_int_equal(w.last.status, DNS_FOUND_INSECURE);
		assert_int_equal(slow.answers, 1);
		assert_int_equal(slow.last.status, DNS_FAILED);
		assert_true(now_ms() - began_ms < 3000);
		close_world(&w);
	}
}

/* dns_free with everything under way calls nobody and leaks nothing. */
static void test_free_under_way(void **state)
{
	static struct crowd crowd;
	struct asker asker = { &crowd, 0 };

	(void)state;
	memset(&crowd, 0, sizeof(crowd));
	open_world(&crowd.w, 1, 2);
	crowd.w.fake[0].lie = LIE_SILENCE;
	crowd.w.fake[0].lies = ALWAYS;
	for (size_t i = 0; i < 5; i++) {
		char name[64];
		(void)snprintf(name, sizeof(name), "n%zu.example", i);
		assert_non_null(dns_ask(crowd.w.dns, name, DNS_A, on_crowd, &asker));
	}
	(void)event_base_loop(crowd.w.base, EVLOOP_NONBLOCK);
	close_world(&crowd.w);
	assert_int_equal(crowd.total, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_truth),
		cmocka_unit_test(test_broken_chains),
		cmocka_unit_test(test_one_lie_is_survived),
		cmocka_unit_test(test_nothing_but_lies),
		cmocka_unit_test(test_failover),
		cmocka_unit_test(test_silence_has_a_name),
		cmocka_unit_test(test_preferred),
		cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_not_a_name),
		cmocka_unit_test(test_off_proves_nothing),
		cmocka_unit_test(test_trusted),
		cmocka_unit_test(test_proof),
		cmocka_unit_test(test_proof_grows_old),
		cmocka_unit_test(test_proof_lied_to),
		cmocka_unit_test(test_not_validating),
		cmocka_unit_test(test_stripped),
		cmocka_unit_test(test_untrusted),
		cmocka_unit_test(test_chain_of_questions),
		cmocka_unit_test(test_bogus),
		cmocka_unit_test(test_message_is_kept),
		cmocka_unit_test(test_alike_asked_once),
		cmocka_unit_test(test_few_sockets),
		cmocka_unit_test(test_silence_gives_way),
		cmocka_unit_test(test_free_under_way),
	};

	return cmocka_run_group_tests_name("dns_stub", tests, NULL, NULL);
}

/* test_decide_published.c - what MTA-STS and the STARTTLS-Everywhere list come to in a verdict: who goes before whom,
 * and for how long it holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/decide/decide.h"
#include "policy/verdict/demand.h"
#include "tests/unit/policy/published_world.h"
#include "tests/unit/policy/travels.h"

#define DANE "default-level = dane\n"
#define LIST DANE "list-file = \"/l\"\n"
#define OFF  "dnssec = off\n"

struct row {
	const char *what, *conf, *mx, *sts, *list;
	const char *published; /* status by patterns, the policy's id, what went wrong; for how long */
};

/* clang-format off */
static const struct row rows[] = {
	/* MTA-STS alone */
	{ "no policy", DANE, "n", "none", NULL, "none nobody 0; 300" },
	{ "enforce", DANE, "n", "enforce", NULL, "enforce sts 2 id1; 300" },
	{ "testing", DANE, "n", "testing", NULL, "testing sts 2 id1; 300" },
	{ "mode none has no hosts", DANE, "n", "mode-none", NULL, "none sts 0 id1; 300" },
	{ "the record cannot be looked up", DANE, "n", "failed", NULL, "failed nobody 0 (SERVFAIL); 15" },
	{ "no policy to be had", DANE, "n", "fetch", NULL, "none nobody 0 sts-policy-fetch-error (the policy host is down); 300" },
	{ "a remembered one outlives its host", DANE, "n", "+enforce", NULL, "enforce sts 2 id1 sts-policy-fetch-error (the policy host is down); 300" },
	{ "not there: failed", DANE, "n", NULL, NULL, "failed nobody 0 (MTA-STS could not be looked up); 15" },
	{ "not waited for: TLSA records decide, for their time", DANE, "UU", NULL, NULL, "failed nobody 0; 300" },
	{ "TLSA records beneath a list that is not proved do not", DANE, "-U", NULL, NULL, "failed nobody 0 (MTA-STS could not be looked up); 15" },
	{ "nor do those of some hosts", DANE, "Un", NULL, NULL, "failed nobody 0 (MTA-STS could not be looked up); 15" },
	{ "no MX at all: a policy all the same", DANE, "nx", "enforce", NULL, "enforce sts 2 id1; 300" },
	{ "no MX and no policy", DANE, "nx", "none", NULL, "none nobody 0; 300" },
	/* the list goes last */
	{ "listed", LIST, "n", "none", "enforce", "enforce list 1; 300" },
	{ "listed for a test", LIST, "n", "none", "testing", "testing list 1; 300" },
	{ "not listed", LIST, "n", "none", NULL, "none nobody 0; 300" },
	{ "MTA-STS goes before it", LIST, "n", "testing", "enforce", "testing sts 2 id1; 300" },
	{ "of mode none too", LIST, "n", "mode-none", "enforce", "none sts 0 id1; 300" },
	{ "what is not known may go before it", LIST, "n", "failed", "enforce", "failed nobody 0 (SERVFAIL); 15" },
	{ "a policy that cannot be had does not", LIST, "n", "fetch", "enforce", "enforce list 1 sts-policy-fetch-error (the policy host is down); 300" },
	{ "expired: ignored", LIST, "n", "none", "expired-enforce", "none nobody 0; 300" },
	{ "expired: good enough", LIST "list-expired = enforce\n", "n", "none", "expired-enforce", "enforce list 1; 300" },
	{ "without MTA-STS", LIST "mta-sts = no\n", "n", NULL, "enforce", "enforce list 1; 300" },
	{ "MTA-STS switched off is not asked", DANE "mta-sts = no\n", "n", NULL, NULL, "none nobody 0; 300" },
	/* levels and rules */
	{ "dnssec = off", DANE OFF, "-n", "enforce", NULL, "enforce sts 2 id1; 300" },
	{ "dnssec = off and the list", LIST OFF "mta-sts = no\n", "-n", NULL, "enforce", "enforce list 1; 300" },
	{ "dane-only", "default-level = dane-only\n", "n", "enforce", "enforce", "none nobody 0; 300" },
	{ "another level", "default-level = encrypt\nlist-file = \"/l\"\n", "n", "enforce", "enforce", "none nobody 0; 300" },
	{ "a domain rule", LIST "domain \"d.example\" { level = may }\n", "n", "enforce", "enforce", "none nobody 0; 300" },
	{ "a destination rule's next hop", LIST "destination \"192.0.2.1\" { level = dane nexthop = \"d.example\" }\n", "n", "enforce", NULL, "enforce sts 2 id1; 300" },
};
/* clang-format on */

static void describe(const struct verdict *v, char out[512])
{
	const struct verdict_policy *p = &v->published;
	size_t at = (size_t)snprintf(out, 512, "%s %s %zu", verdict_published_name(p->status),
				     verdict_publisher_name(p->by), p->patterns_count);

	if (p->id[0] != '\0')
		at += (size_t)snprintf(out + at, 512 - at, " %s", p->id);
	if (p->result != RESULT_NONE)
		at += (size_t)snprintf(out + at, 512 - at, " %s", result_word_name(p->result));
	if (p->reason[0] != '\0')
		at += (size_t)snprintf(out + at, 512 - at, " (%s)", p->reason);
	(void)snprintf(out + at, 512 - at, "; %u", (unsigned)v->ttl_s);
}

static struct verdict *make(const struct conf *conf, struct mx_result *mx, struct decide_facts *facts)
{
	struct verdict_question q = { .kind = VERDICT_ASK_RECIPIENT, .domain = "d.example" };
	struct rules_match match;
	struct verdict *v;

	assert_true(endpoint_parse(&q.destination, "192.0.2.1", 25));
	rules_find(&match, conf, &q);
	facts->mx = mx;
	facts->now_s = NOW;
	v = decide(conf, 1, &match, &q, facts);
	assert_non_null(v);
	assert_travels(v, &q.destination.addr);
	return v;
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct conf conf = parse(rows[i].conf);
		struct decide_facts facts = { .mx_ttl_s = 300 };
		struct mx_result mx;
		char got[512];
		add_mx(&mx, rows[i].mx);
		add_sts(&facts, rows[i].sts);
		add_list(&facts, rows[i].list);
		struct verdict *v = make(&conf, &mx, &facts);
		describe(v, got);
		if (strcmp(got, rows[i].published) != 0)
			fail_msg("%s: \"%s\"; wanted \"%s\"", rows[i].what, got, rows[i].published);
		for (size_t j = 0; j < v->published.patterns_count; j++)
			assert_string_equal(v->published.patterns[j].name,
					    (v->published.by == VERDICT_BY_STS ? sts_patterns : list_patterns)[j].name);
		assert_int_equal(v->published.max_age_s, v->published.by == VERDICT_BY_STS ? 86400 : 0);
		verdict_unref(v);
		mx_result_cleanup(&mx);
		conf_cleanup(&conf);
	}
}

/* A verdict holds no longer than anything that it was made of. */
static void test_ttl(void **state)
{
	static const struct {
		const char *conf, *mx, *sts, *list;
		uint32_t mx_s, sts_s, want_s;
	} ttl_rows[] = {
		{ DANE, "n", "none", NULL, 300, 200, 200 },
		{ DANE, "n", "none", NULL, 100, 200, 100 },
		{ DANE, "n", "enforce", NULL, 3600, 3000, 700 }, /* the policy expires */
		{ DANE, "n", "enforce", NULL, 3600, 60, 60 },
		{ DANE, "n", "failed", NULL, 3600, 3000, DECIDE_TTL_FAILED_S },
		{ DANE, "n", "failed", NULL, 3600, 5, 5 },
		{ DANE, "U", "enforce", NULL, 3600, 5, 3600 }, /* it does not matter */
		{ DANE, "-U", "enforce", NULL, 3600, 5, 5 },
		{ DANE OFF, "-n", "enforce", NULL, 3, 3000, DECIDE_TTL_MIN_S },
		{ LIST, "n", "none", "enforce", 3600, 3000, 500 }, /* the list expires */
		{ LIST, "n", "none", "expired-enforce", 3600, 3000, 3000 },
		{ LIST "list-expired = enforce\n", "n", "none", "expired-enforce", 3600, 3000, 3000 },
		{ DANE, "failed", "enforce", NULL, 3600, 3000, DECIDE_TTL_FAILED_S },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(ttl_rows); i++) {
		struct conf conf = parse(ttl_rows[i].conf);
		struct decide_facts facts = { .mx_ttl_s = ttl_rows[i].mx_s };
		struct mx_result mx;
		add_mx(&mx, ttl_rows[i].mx);
		add_sts(&facts, ttl_rows[i].sts);
		facts.sts.ttl_s = ttl_rows[i].sts_s;
		add_list(&facts, ttl_rows[i].list);
		struct verdict *v = make(&conf, &mx, &facts);
		if (v->ttl_s != ttl_rows[i].want_s)
			fail_msg("row %zu: %u", i, (unsigned)v->ttl_s);
		verdict_unref(v);
		mx_result_cleanup(&mx);
		conf_cleanup(&conf);
	}
}

/* What of a policy is no sound one permits nothing, and what is more than a message holds is never shortened. */
static void test_too_much(void **state)
{
	static struct verdict_pattern many[VERDICT_PATTERNS_MAX + 1];
	static const struct {
		size_t patterns, names; /* octets of each name */
		size_t addrs;           /* of each of 32 hosts */
		bool fits, says;
	} sizes[] = {
		{ 128, 250, 1, true, true }, { 128, 250, 64, false, true }, { 1, 250, 64, true, true },
		{ 129, 9, 1, true, false },  { 0, 9, 1, true, false },
	};
	struct conf conf = parse(DANE);

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct sts_policy large = { STS_MODE_ENFORCE, 86400, many, sizes[i].patterns };
		struct decide_facts facts = { .mx_ttl_s = 300 };
		struct mx_result mx;
		for (size_t j = 0; j < COUNT(many); j++) {
			memset(many[j].name, 0, sizeof(many[j].name));
			memset(many[j].name, 'a', sizes[i].names);
		}
		add_mx(&mx, "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn");
		for (size_t j = 0; j < mx.hosts_count; j++) {
			struct verdict_mx *host = &mx.hosts[j];
			host->addrs = realloc(host->addrs, sizes[i].addrs * sizeof(*host->addrs));
			assert_non_null(host->addrs);
			for (; host->addrs_count < sizes[i].addrs; host->addrs_count++)
				assert_true(addr_parse(&host->addrs[host->addrs_count], "2001:db8::1"));
		}
		add_sts(&facts, "enforce");
		facts.sts.policy = &large;
		struct verdict *v = make(&conf, &mx, &facts);
		assert_int_equal(v->status == VERDICT_OK, sizes[i].fits);
		assert_int_equal(v->published.status,
				 sizes[i].says ? VERDICT_PUBLISHED_ENFORCE : VERDICT_PUBLISHED_FAILED);
		if (!sizes[i].fits)
			assert_non_null(strstr(v->reason, "more than"));
		verdict_unref(v);
		mx_result_cleanup(&mx);
	}
	conf_cleanup(&conf);
}

/* With dnssec = off nobody looks for TLSA records: a host of which nothing is known has none, and holds up nobody. */
static void test_off(void **state)
{
	static const struct {
		const char *conf;
		enum level level;
	} off_rows[] = {
		{ DANE OFF, LEVEL_ENCRYPT },
		{ DANE, LEVEL_UNSET },
	};
	struct addr elsewhere;

	(void)state;
	assert_true(addr_parse(&elsewhere, "192.0.2.99"));
	for (size_t i = 0; i < COUNT(off_rows); i++) {
		struct conf conf = parse(off_rows[i].conf);
		struct decide_facts facts = { .mx_ttl_s = 300 };
		struct mx_result mx;
		struct demand demand;
		add_mx(&mx, i == 0 ? "-nn" : "-fn");
		mx.hosts[0].addrs_count = 0;
		mx.hosts[0].addrs_failed = true;
		add_sts(&facts, "none");
		struct verdict *v = make(&conf, &mx, &facts);
		demand_of(&demand, v, &elsewhere);
		assert_int_equal(demand.level, off_rows[i].level);
		assert_int_equal(v->ttl_s, DECIDE_TTL_FAILED_S);
		verdict_unref(v);
		mx_result_cleanup(&mx);
		conf_cleanup(&conf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_ttl),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_off),
	};

	return cmocka_run_group_tests_name("decide published", tests, NULL, NULL);
}

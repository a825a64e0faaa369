/* test_decide.c - which rule holds, and what verdict comes of it: tables over configurations as an operator writes
 * them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/tools/ask.h"
#include "policy/decide/decide.h"
#include "policy/verdict/demand.h"
#include "policy/tools/explain.h"
#include "tests/unit/policy/facts.h"
#include "tests/unit/policy/travels.h"

static const struct addr none; /* no address: no MX host is known by it */

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void on_error(void *arg, const char *file, unsigned line, const char *message)
{
	(void)arg;
	print_message("%s:%u: %s\n", file, line, message);
}

/* Where |text| names no default level it is one that looks for no TLSA records: those are test_decide_dane.c's. */
static struct conf parse(const char *text)
{
	struct conf conf;
	char whole[4096];

	(void)snprintf(whole, sizeof(whole), "%s%s", text,
		       strstr(text, "default-level") == NULL ? "\ndefault-level = encrypt\n" : "");
	if (!conf_parse(&conf, "test.conf", whole, on_error, NULL))
		fail_msg("the configuration of the test is wrong");
	return conf;
}

static struct verdict_question question(const char *domain, const char *destination)
{
	struct verdict_question q = { .kind = VERDICT_ASK_RECIPIENT };

	(void)snprintf(q.domain, sizeof(q.domain), "%s", domain);
	assert_true(destination[0] == '\0' || endpoint_parse(&q.destination, destination, 25));
	return q;
}

/* --- rules ----------------------------------------------------------------------------------------------------------
 */

static const char rules_conf[] = "domain \"d.example\" { level = \"may\" }\n"               /* 1 */
				 "domain \".d.example\" { level = \"encrypt\" }\n"          /* 2 */
				 "domain \".sub.d.example\" { level = \"none\" }\n"         /* 3 */
				 "domain \"x.sub.d.example\" { level = \"secure\" }\n"      /* 4 */
				 "destination \"192.0.2.0/24\" { level = \"may\" }\n"       /* 5 */
				 "destination \"192.0.2.128/25\" { level = \"encrypt\" }\n" /* 6 */
				 "destination \"192.0.2.200\" { level = \"none\" }\n"       /* 7 */
				 "destination \"2001:db8::/32\" { level = \"may\" }\n"      /* 8 */
				 "domain \".example\" { level = \"may\" }\n";               /* 9 */

static void test_rules(void **state)
{
	static const struct {
		const char *domain, *destination;
		enum verdict_source source;
		unsigned line; /* 0: no rule */
	} cases[] = {
		{ "d.example", "203.0.113.1", VERDICT_SOURCE_DOMAIN, 1 },
		{ "a.d.example", "203.0.113.1", VERDICT_SOURCE_DOMAIN, 2 },
		{ "sub.d.example", "203.0.113.1", VERDICT_SOURCE_DOMAIN, 2 },
		{ "a.sub.d.example", "203.0.113.1", VERDICT_SOURCE_DOMAIN, 3 },
		{ "a.b.sub.d.example", "203.0.113.1", VERDICT_SOURCE_DOMAIN, 3 },
		{ "x.sub.d.example", "203.0.113.1", VERDICT_SOURCE_DOMAIN, 4 },
		{ "y.x.sub.d.example", "203.0.113.1", VERDICT_SOURCE_DOMAIN, 3 },
		{ "other.example", "203.0.113.1", VERDICT_SOURCE_DOMAIN, 9 },
		{ "example", "203.0.113.1", VERDICT_SOURCE_DEFAULT, 0 },
		{ "d.example.org", "203.0.113.1", VERDICT_SOURCE_DEFAULT, 0 },
		{ "evild.example.org", "203.0.113.1", VERDICT_SOURCE_DEFAULT, 0 },
		{ "", "203.0.113.1", VERDICT_SOURCE_DEFAULT, 0 },
		{ "[1.2.3.4]", "203.0.113.1", VERDICT_SOURCE_DEFAULT, 0 },
		{ "d.example", "192.0.2.1", VERDICT_SOURCE_DESTINATION, 5 },
		{ "d.example", "192.0.2.129", VERDICT_SOURCE_DESTINATION, 6 },
		{ "x.sub.d.example", "192.0.2.200", VERDICT_SOURCE_DESTINATION, 7 },
		{ "", "192.0.2.200", VERDICT_SOURCE_DESTINATION, 7 },
		{ "[1.2.3.4]", "192.0.2.1", VERDICT_SOURCE_DESTINATION, 5 },
		{ "nowhere.org", "2001:db8:1::1", VERDICT_SOURCE_DESTINATION, 8 },
		{ "d.example", "2001:db9::1", VERDICT_SOURCE_DOMAIN, 1 },
		{ "d.example", "", VERDICT_SOURCE_DOMAIN, 1 }, /* explain without a destination */
	};
	struct conf conf = parse(rules_conf);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct verdict_question q = question(cases[i].domain, cases[i].destination);
		struct rules_match match;
		rules_find(&match, &conf, &q);
		unsigned line = match.rule != NULL ? match.rule->line : 0;
		if (match.source != cases[i].source || line != cases[i].line)
			fail_msg("%s at %s: source %s line %u", cases[i].domain, cases[i].destination,
				 verdict_source_name(match.source), line);
		q.kind = VERDICT_ASK_DESTINATION;
		rules_find(&match, &conf, &q);
		assert_int_equal(match.source, cases[i].source == VERDICT_SOURCE_DESTINATION
						       ? VERDICT_SOURCE_DESTINATION
						       : VERDICT_SOURCE_NONE);
	}
	conf_cleanup(&conf);
}

/* --- verdicts -------------------------------------------------------------------------------------------------------
 */

struct expected {
	const char *conf;
	const char *domain, *destination;
	enum verdict_lookup lookup; /* of d.example's MX, were it asked: mx1.d.example, mx2.d.example */
	const char *lookup_name;    /* NULL: must not be asked */
	const char *verdict;        /* status level source enforce names... sni=... */
};

static const struct expected cases[] = {
	/* the default */
	{ "", "d.example", "203.0.113.1", VERDICT_LOOKUP_FOUND, "d.example", "ok encrypt default enforce mx sni=" },
	{ "", "d.example", "203.0.113.1", VERDICT_LOOKUP_FAILED, "d.example", "ok encrypt default enforce sni=" },
	{ "", "d.example", "203.0.113.1", VERDICT_LOOKUP_ABSENT, "d.example", "ok encrypt default enforce sni=" },
	{ "", "", "203.0.113.1", VERDICT_LOOKUP_FOUND, NULL, "ok encrypt default enforce sni=" },
	{ "", "[1.2.3.4]", "203.0.113.1", VERDICT_LOOKUP_FOUND, NULL, "ok encrypt default enforce sni=" },
	{ "enforce = no\n", "d.example", "203.0.113.1", VERDICT_LOOKUP_FOUND, "d.example",
	  "ok encrypt default report mx sni=" },
	{ "default-level = \"may\"\n", "d.example", "203.0.113.1", VERDICT_LOOKUP_FAILED, "d.example",
	  "ok may default enforce sni=" },
	{ "default-level = \"none\"\n", "d.example", "203.0.113.1", VERDICT_LOOKUP_FOUND, NULL,
	  "ok none default enforce sni=" },
	{ "default-level = \"secure\"\n", "d.example", "203.0.113.1", VERDICT_LOOKUP_FOUND, "d.example",
	  "ok secure default enforce mx d.example .d.example sni=" },
	{ "default-level = \"verify\"\n", "d.example", "203.0.113.1", VERDICT_LOOKUP_FOUND, "d.example",
	  "ok verify default enforce mx hostname sni=" },
	{ "default-level = \"secure\"\n", "", "203.0.113.1", VERDICT_LOOKUP_FOUND, NULL,
	  "ok secure default enforce sni=" },
	{ "default-level = \"verify\"\n", "[1.2.3.4]", "203.0.113.1", VERDICT_LOOKUP_FOUND, NULL,
	  "ok verify default enforce hostname sni=" },
	/* by domain */
	{ "domain \"d.example\" { level = \"none\" }\n", "d.example", "203.0.113.1", VERDICT_LOOKUP_FOUND, NULL,
	  "ok none domain enforce sni=" },
	{ "domain \"d.example\" { level = \"encrypt\"\n enforce = no }\n", "d.example", "203.0.113.1",
	  VERDICT_LOOKUP_FOUND, "d.example", "ok encrypt domain report mx sni=" },
	{ "enforce = no\ndomain \"d.example\" { level = \"encrypt\" }\n", "d.example", "203.0.113.1",
	  VERDICT_LOOKUP_FOUND, "d.example", "ok encrypt domain report mx sni=" },
	{ "domain \"d.example\" { level = \"verify\" }\n", "d.example", "203.0.113.1", VERDICT_LOOKUP_FOUND,
	  "d.example", "ok verify domain enforce mx hostname sni=" },
	{ "domain \"d.example\" { level = \"verify\" }\n", "d.example", "203.0.113.1", VERDICT_LOOKUP_FAILED,
	  "d.example", "failed unset domain enforce sni=" },
	{ "domain \"d.example\" { level = \"verify\"\n enforce = no }\n", "d.example", "203.0.113.1",
	  VERDICT_LOOKUP_FAILED, "d.example", "failed unset domain report sni=" },
	{ "domain \"d.example\" { level = \"verify\" }\n", "d.example", "203.0.113.1", VERDICT_LOOKUP_ABSENT,
	  "d.example", "ok verify domain enforce hostname sni=" },
	{ "domain \"d.example\" { level = \"verify\"\n match = {\"hostname\", \"other.example\"} }\n", "d.example",
	  "203.0.113.1", VERDICT_LOOKUP_FAILED, "d.example", "ok verify domain enforce hostname other.example sni=" },
	{ "domain \"d.example\" { level = \"verify\"\n match = {\"nexthop\"} }\n", "d.example", "203.0.113.1",
	  VERDICT_LOOKUP_FAILED, "d.example", "ok verify domain enforce d.example sni=d.example" },
	{ "domain \".d.example\" { level = \"secure\" }\n", "s.d.example", "203.0.113.1", VERDICT_LOOKUP_FAILED,
	  "s.d.example", "ok secure domain enforce s.d.example .s.d.example sni=s.d.example" },
	{ "domain \"d.example\" { level = \"secure\"\n match = {\"mx.other.example\", \".farm.example\"} }\n",
	  "d.example", "203.0.113.1", VERDICT_LOOKUP_FOUND, "d.example",
	  "ok secure domain enforce mx mx.other.example .farm.example sni=mx.other.example" },
	{ "domain \"d.example\" { level = \"secure\"\n match = {\"a.example\", \"mx2.d.example\"} }\n", "d.example",
	  "203.0.113.1", VERDICT_LOOKUP_FOUND, "d.example",
	  "ok secure domain enforce mx a.example mx2.d.example sni=" },
	{ "domain \"d.example\" { level = \"secure\"\n servername = \"sni.example\" }\n", "d.example", "203.0.113.1",
	  VERDICT_LOOKUP_FOUND, "d.example", "ok secure domain enforce mx d.example .d.example sni=sni.example" },
	{ "domain \"d.example\" { level = \"fingerprint\"\n fingerprints = {\"" HEX_A "\", \"" HEX_B "\"} }\n",
	  "d.example", "203.0.113.1", VERDICT_LOOKUP_FAILED, "d.example",
	  "ok fingerprint domain enforce #aa #01 sni=" },
	/* by destination */
	{ "destination \"192.0.2.1\" { level = \"encrypt\" }\n", "d.example", "192.0.2.1", VERDICT_LOOKUP_FOUND, NULL,
	  "ok encrypt destination enforce sni=" },
	{ "destination \"192.0.2.1\" { level = \"secure\"\n nexthop = \"relay.example\"\n auth = yes }\n", "d.example",
	  "192.0.2.1", VERDICT_LOOKUP_ABSENT, "relay.example",
	  "ok secure destination enforce auth relay.example .relay.example sni=relay.example" },
	{ "destination \"192.0.2.1\" { level = \"verify\"\n nexthop = \"d.example\" }\n", "other.example", "192.0.2.1",
	  VERDICT_LOOKUP_FOUND, "d.example", "ok verify destination enforce mx hostname sni=" },
	{ "destination \"192.0.2.1\" { level = \"verify\"\n match = {\"mx.relay.example\"} }\n", "d.example",
	  "192.0.2.1", VERDICT_LOOKUP_FOUND, NULL,
	  "ok verify destination enforce mx.relay.example sni=mx.relay.example" },
	{ "destination \"192.0.2.1\" { level = \"verify\"\n nexthop = \"relay.example\" }\n", "d.example", "192.0.2.1",
	  VERDICT_LOOKUP_FAILED, "relay.example", "failed unset destination enforce sni=relay.example" },
};

static struct mx_result mx_of(enum verdict_lookup lookup)
{
	struct mx_result mx = { .lookup = lookup, .ttl_s = 300 };

	if (lookup == VERDICT_LOOKUP_FAILED)
		(void)snprintf(mx.reason, sizeof(mx.reason), "SERVFAIL");
	if (lookup != VERDICT_LOOKUP_FOUND)
		return mx;
	mx.hosts = calloc(2, sizeof(*mx.hosts));
	assert_non_null(mx.hosts);
	mx.hosts_count = 2;
	for (unsigned i = 0; i < 2; i++) {
		(void)snprintf(mx.hosts[i].name, sizeof(mx.hosts[i].name), "mx%u.d.example", i + 1);
		mx.hosts[i].preference = (uint16_t)(10 * (i + 1));
		mx.hosts[i].addrs = calloc(1, sizeof(struct addr));
		assert_true(mx.hosts[i].addrs != NULL && addr_parse(mx.hosts[i].addrs, "192.0.2.25"));
		mx.hosts[i].addrs_count = 1;
	}
	return mx;
}

static void describe(const struct verdict *v, char out[1024])
{
	size_t at = (size_t)snprintf(out, 1024, "%s %s %s %s", v->status == VERDICT_OK ? "ok" : "failed",
				     level_name(v->level), verdict_source_name(v->source),
				     v->enforce ? "enforce" : "report");

	if (v->auth)
		at += (size_t)snprintf(out + at, 1024 - at, " auth");
	if (v->mx_count > 0)
		at += (size_t)snprintf(out + at, 1024 - at, " mx");
	if (v->match_mx)
		at += (size_t)snprintf(out + at, 1024 - at, " hostname");
	for (size_t i = 0; i < v->names_count; i++)
		at += (size_t)snprintf(out + at, 1024 - at, " %s%s", v->names[i].subdomains ? "." : "",
				       v->names[i].name);
	for (size_t i = 0; i < v->fingerprints_count; i++)
		at += (size_t)snprintf(out + at, 1024 - at, " #%02x", v->fingerprints[i][0]);
	(void)snprintf(out + at, 1024 - at, " sni=%s", v->servername);
}

static void test_verdicts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct conf conf = parse(cases[i].conf);
		struct verdict_question q = question(cases[i].domain, cases[i].destination);
		struct mx_result mx = mx_of(cases[i].lookup);
		struct rules_match match;
		char got[1024];
		rules_find(&match, &conf, &q);
		struct decide_want want;
		const char *name = decide_want(&want, &conf, &match, &q) ? want.mx.domain : NULL;
		if ((name == NULL) != (cases[i].lookup_name == NULL) ||
		    (name != NULL && strcmp(name, cases[i].lookup_name) != 0))
			fail_msg("case %zu: looks up %s", i, name != NULL ? name : "nothing");
		struct decide_facts facts = facts_of(name != NULL ? &mx : NULL);
		struct verdict *v = decide(&conf, 9, &match, &q, &facts);
		assert_non_null(v);
		describe(v, got);
		if (strcmp(got, cases[i].verdict) != 0)
			fail_msg("case %zu: %s; wanted %s", i, got, cases[i].verdict);
		assert_int_equal(v->generation, 9);
		assert_string_equal(v->domain, cases[i].domain);
		assert_int_equal(v->mx_lookup, name != NULL ? cases[i].lookup : VERDICT_LOOKUP_ABSENT);
		if (v->status == VERDICT_FAILED)
			assert_string_equal(v->reason, "SERVFAIL");
		if (name != NULL)
			assert_int_equal(v->ttl_s,
					 cases[i].lookup == VERDICT_LOOKUP_FAILED ? DECIDE_TTL_FAILED_S : 300);
		assert_travels(v, &none);
		verdict_unref(v);
		mx_result_cleanup(&mx);
		conf_cleanup(&conf);
	}
}

/* What this policyd does not know, and what the configuration should never have let through, permits nothing. */
static void test_fails_closed(void **state)
{
	static const struct {
		enum level level;
		size_t fingerprints, names;
	} bad[] = {
		{ LEVEL_UNSET, 0, 0 },
		{ LEVEL_DANE, 0, 0 },
		{ LEVEL_DANE_ONLY, 0, 0 },
		{ LEVEL_COUNT, 0, 0 },
		{ (enum level)77, 0, 0 },
		{ LEVEL_FINGERPRINT, 0, 0 },
		{ LEVEL_FINGERPRINT, 1, 0 }, /* no hex */
		{ LEVEL_FINGERPRINT, VERDICT_FINGERPRINTS_MAX + 1, 0 },
		{ LEVEL_SECURE, 0, VERDICT_NAMES_MAX + 1 },
	};
	static char no_hex[] = "g";
	char *items[VERDICT_NAMES_MAX + 1];
	struct conf conf = parse("");
	struct verdict_question q = question("d.example", "192.0.2.1");

	(void)state;
	for (size_t i = 0; i < COUNT(items); i++)
		items[i] = no_hex;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct conf_rule rule = { .level = bad[i].level,
					  .enforce = true,
					  .fingerprints = { items, bad[i].fingerprints },
					  .match = { items, bad[i].names } };
		struct rules_match match = { .source = VERDICT_SOURCE_DOMAIN, .rule = &rule };
		struct verdict *v = decide(&conf, 1, &match, &q, NULL);
		assert_non_null(v);
		if (v->status != VERDICT_FAILED || v->level != LEVEL_UNSET || demand_permits_clear(v, &none) ||
		    v->reason[0] == '\0')
			fail_msg("case %zu", i);
		assert_travels(v, &none);
		verdict_unref(v);
	}
	conf_cleanup(&conf);
}

static void test_ttl(void **state)
{
	static const struct {
		uint32_t dns_s, want_s;
		bool host_failed;
	} rows[] = {
		{ 0, DECIDE_TTL_MIN_S, false },
		{ 31, 31, false },
		{ 86400, DECIDE_TTL_MAX_S, false },
		{ 300, DECIDE_TTL_FAILED_S, true },
	};
	struct conf conf = parse("");
	struct verdict_question q = question("d.example", "192.0.2.1");
	struct rules_match match;

	(void)state;
	rules_find(&match, &conf, &q);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct mx_result mx = mx_of(VERDICT_LOOKUP_FOUND);
		mx.ttl_s = rows[i].dns_s;
		mx.hosts[1].addrs_failed = rows[i].host_failed;
		struct decide_facts facts = facts_of(&mx);
		struct verdict *v = decide(&conf, 1, &match, &q, &facts);
		assert_int_equal(v->ttl_s, rows[i].want_s);
		assert_int_equal(v->mx[1].addrs_failed, rows[i].host_failed);
		verdict_unref(v);
		mx_result_cleanup(&mx);
	}
	conf_cleanup(&conf);
}

static void test_attributes(void **state)
{
	struct conf conf =
		parse("domain \"d.example\" { level = \"secure\"\n ca-file = \"/a.pem\"\n min-protocol = TLSv1.3 }\n"
		      "domain \"e.example\" { level = \"secure\"\n ca-file = \"/b.pem\" }\n");
	struct verdict_question d = question("d.example", "192.0.2.1");
	struct verdict_question e = question("e.example", "192.0.2.1");
	struct rules_match match;

	(void)state;
	rules_find(&match, &conf, &d);
	struct verdict *v = decide(&conf, 1, &match, &d, NULL);
	assert_string_equal(conf_ca_file(&conf, v->ca), "/a.pem");
	assert_int_equal(v->min_protocol, CONF_TLS13);
	verdict_unref(v);
	rules_find(&match, &conf, &e);
	v = decide(&conf, 1, &match, &e, NULL);
	assert_string_equal(conf_ca_file(&conf, v->ca), "/b.pem");
	assert_int_equal(v->min_protocol, CONF_TLS12);
	verdict_unref(v);
	conf_cleanup(&conf);
}

static void test_no_rule_for_a_destination(void **state)
{
	struct conf conf = parse(rules_conf);
	struct verdict_question q = question("", "203.0.113.1");
	struct rules_match match;

	(void)state;
	q.kind = VERDICT_ASK_DESTINATION;
	rules_find(&match, &conf, &q);
	struct decide_want want;
	assert_false(decide_want(&want, &conf, &match, &q));
	struct verdict *v = decide(&conf, 1, &match, &q, NULL);
	assert_int_equal(v->status, VERDICT_OK);
	assert_int_equal(v->source, VERDICT_SOURCE_NONE);
	assert_false(demand_permits_clear(v, &none));
	assert_travels(v, &none);
	verdict_unref(v);
	conf_cleanup(&conf);
}

/* --- explain --------------------------------------------------------------------------------------------------------
 */

static void test_recipient(void **state)
{
	static const struct {
		const char *text, *domain; /* NULL: refused */
	} rows[] = {
		{ "a@D.Example", "d.example" },
		{ "<a@d.example>", "d.example" },
		{ "\"x@y\"@d.example", "d.example" },
		{ "d.example", "d.example" },
		{ "a@[192.0.2.1]", "[192.0.2.1]" },
		{ "Postmaster", "" },
		{ "<postmaster>", "" },
		{ "", NULL },
		{ "a@", NULL },
		{ "<>", NULL },
		{ "a@d..example", NULL },
		{ "a@.d.example", NULL },
		{ "a@d.example.", NULL },
		{ "a@b\303\274cher.example", NULL },
		{ "a@d example", NULL },
		{ "a@[]", NULL },
	};
	char domain[VERDICT_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool ok = ask_recipient(domain, rows[i].text);
		if (ok != (rows[i].domain != NULL))
			fail_msg("\"%s\": %s", rows[i].text, ok ? domain : "refused");
		if (ok)
			assert_string_equal(domain, rows[i].domain);
	}
}

static void test_explain(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct conf conf = parse(cases[i].conf);
		struct verdict_question q = question(cases[i].domain, cases[i].destination);
		struct mx_result mx = mx_of(cases[i].lookup);
		struct rules_match match;
		char *text[2] = { NULL, NULL };
		size_t len;
		rules_find(&match, &conf, &q);
		struct decide_want want;
		const char *name = decide_want(&want, &conf, &match, &q) ? want.mx.domain : NULL;
		struct decide_facts facts = facts_of(name != NULL ? &mx : NULL);
		struct verdict *v = decide(&conf, 0, &match, &q, &facts);
		struct trail trail = { 0 };
		struct explain explain = { .recipient = "a@d.example",
					   .file = "t.conf",
					   .conf = &conf,
					   .question = &q,
					   .match = &match,
					   .lookup_name = name,
					   .mx = name != NULL ? &mx : NULL,
					   .trail = &trail,
					   .verdict = v };
		for (unsigned j = 0; j < 2; j++) {
			FILE *out = open_memstream(&text[j], &len);
			assert_non_null(out);
			if (j == 0)
				explain_text(out, &explain);
			else
				assert_true(explain_json(out, &explain));
			assert_int_equal(fclose(out), 0);
		}
		assert_non_null(strstr(text[0], level_name(explain_level(&explain))));
		assert_non_null(strstr(text[1], "\"demand\""));
		if (match.rule != NULL)
			assert_non_null(strstr(text[0], "t.conf:"));
		if (!v->enforce)
			assert_non_null(strstr(text[0], "report only"));
		int status = explain_status(&explain);
		bool hopeless = strstr(text[0], "no name is known that") != NULL;
		assert_int_equal(status, v->status != VERDICT_OK ? 3 : hopeless && v->enforce ? 1 : 0);
		free(text[0]);
		free(text[1]);
		verdict_unref(v);
		mx_result_cleanup(&mx);
		conf_cleanup(&conf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),        cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_fails_closed), cmocka_unit_test(test_ttl),
		cmocka_unit_test(test_attributes),   cmocka_unit_test(test_no_rule_for_a_destination),
		cmocka_unit_test(test_recipient),    cmocka_unit_test(test_explain),
	};

	return cmocka_run_group_tests_name("decide", tests, NULL, NULL);
}

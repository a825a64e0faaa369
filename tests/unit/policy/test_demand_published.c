/* test_demand_published.c - what a published policy demands of the server at one address: MTA-STS (RFC 8461 s. 2, 4)
 * and the STARTTLS-Everywhere list, beside DANE (RFC 7672) and the floor, as tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "demand_world.h"

/* publish reads a policy in words: "sts enforce 1 2": the policy of MTA-STS, that allows mx1.d.example and
 * mx2.d.example; "list testing *": the list, any host of one label below d.example; "x": some.where.else; "d": the
 * domain itself. "none", "failed". */
static void publish(struct verdict *v, const char *words)
{
	struct verdict_policy *policy = &v->published;

	policy->by = strncmp(words, "sts", 3) == 0    ? VERDICT_BY_STS
		     : strncmp(words, "list", 4) == 0 ? VERDICT_BY_LIST
						      : VERDICT_BY_NOBODY;
	policy->status = strstr(words, "enforce") != NULL   ? VERDICT_PUBLISHED_ENFORCE
			 : strstr(words, "testing") != NULL ? VERDICT_PUBLISHED_TESTING
			 : strstr(words, "failed") != NULL  ? VERDICT_PUBLISHED_FAILED
							    : VERDICT_PUBLISHED_NONE;
	if (policy->status != VERDICT_PUBLISHED_ENFORCE && policy->status != VERDICT_PUBLISHED_TESTING)
		return;
	policy->patterns = calloc(8, sizeof(*policy->patterns));
	assert_non_null(policy->patterns);
	for (const char *at = strpbrk(words, "123456789*xd"); at != NULL && *at != '\0'; at++) {
		struct verdict_pattern *pattern = &policy->patterns[policy->patterns_count];
		if (at[-1] != ' ' || (at[1] != ' ' && at[1] != '\0'))
			continue;
		policy->patterns_count++;
		pattern->wildcard = *at == '*';
		if (*at == 'x')
			(void)snprintf(pattern->name, sizeof(pattern->name), "some.where.else");
		else if (*at == '*' || *at == 'd')
			(void)snprintf(pattern->name, sizeof(pattern->name), "d.example");
		else
			(void)snprintf(pattern->name, sizeof(pattern->name), "mx%c.d.example", *at);
	}
}

/* The numbers of some hosts, "13". */
static const char *numbers(const struct verdict_mx *const *hosts, size_t count, const struct verdict *v,
			   char out[VERDICT_MX_MAX + 1])
{
	size_t i;

	for (i = 0; i < count; i++)
		out[i] = (char)('1' + (hosts[i] - v->mx));
	out[i] = '\0';
	return out;
}

enum { SECURE = 0, INSECURE = 1, STRICT = 2, MX_FAILED = 4, STRICT_INSECURE = STRICT | INSECURE };

struct row {
	const char *what;
	const char *mx; /* demand_world.h; "" is absent */
	const char *policy;
	unsigned dst; /* 192.0.2.N; 9 is nobody's */
	unsigned how;
	enum level floor;
	enum level level; /* that it comes to */
	enum demand_basis basis;
	const char *hosts;
	const char *allowed;
	enum level also;
	enum demand_basis also_basis;
	enum result_word result;
	const char *code;
	const char *reason; /* part of it */
};

/* clang-format off */
#define MAY              LEVEL_MAY
#define ENCRYPT          LEVEL_ENCRYPT
#define VERIFY           LEVEL_VERIFY
#define NOTHING_MORE     LEVEL_UNSET, DEMAND_OF_NOBODY, RESULT_NONE, "", ""
#define STS(allowed)     VERIFY, DEMAND_OF_STS, "", allowed, NOTHING_MORE
#define LIST(allowed)    VERIFY, DEMAND_OF_LIST, "", allowed, NOTHING_MORE
#define DANE(hosts)      LEVEL_DANE, DEMAND_OF_DANE, hosts, "", NOTHING_MORE
#define DANE_AND(hosts, level, basis, allowed) \
	LEVEL_DANE, DEMAND_OF_DANE, hosts, allowed, level, basis, RESULT_NONE, "", ""
#define FLOOR(level)     level, DEMAND_OF_FLOOR, "", "", NOTHING_MORE
#define UNUSABLE(level)  level, DEMAND_OF_DANE_UNUSABLE, "", "", NOTHING_MORE
#define NOBODY(basis, result, code, reason) \
	LEVEL_UNSET, basis, "", "", LEVEL_UNSET, DEMAND_OF_NOBODY, result, code, reason
#define TLSA_FAILED      NOBODY(DEMAND_OF_DANE, RESULT_DNSSEC_INVALID, "4.7.5", "TLSA records of mx")
#define MX_LOST          NOBODY(DEMAND_OF_DANE, RESULT_DNSSEC_INVALID, "4.4.3", "MX hosts of d.example")
#define STS_FAILED       NOBODY(DEMAND_OF_STS, RESULT_NONE, "4.4.3", "whether d.example has an MTA-STS policy")
#define NOT_STS(reason)  NOBODY(DEMAND_OF_STS, RESULT_VALIDATION_FAILURE, "4.7.5", reason)
#define NOT_LIST(reason) NOBODY(DEMAND_OF_LIST, RESULT_VALIDATION_FAILURE, "4.7.5", reason)

static const struct row rows[] = {
	/* RFC 8461 s. 2: DANE comes first, and never gives way */
	{ "usable, secure list: DANE alone",       "U1",    "sts enforce 1",  1, SECURE, MAY, DANE("1") },
	{ "and where STS would not have the host", "U1",    "sts enforce x",  1, SECURE, MAY, DANE("1") },
	{ "and where STS could not be looked up",  "U1",    "failed",         1, SECURE, MAY, DANE("1") },
	{ "and beside a list",                     "U1",    "list enforce x", 1, SECURE, MAY, DANE("1") },
	{ "and beside testing",                    "U1",    "sts testing 1",  1, SECURE, VERIFY, DANE("1") },
	{ "TLSA lookup error, whatever STS",       "f1",    "sts enforce 1",  1, SECURE, MAY, TLSA_FAILED },
	{ "and in testing",                        "f1",    "sts testing 1",  1, SECURE, MAY, TLSA_FAILED },
	{ "and with a list",                       "f1",    "list enforce 1", 1, INSECURE, MAY, TLSA_FAILED },
	{ "and without STS at all",                "f1",    "none",           1, SECURE, MAY, TLSA_FAILED },
	{ "a failed one beside one without",       "f1 n1", "sts enforce *",  1, SECURE, MAY, TLSA_FAILED },
	{ "unusable: TLS, and STS decides",        "u1",    "sts enforce 1",  1, SECURE, MAY, STS("1") },
	{ "unusable: and the list",                "u1",    "list enforce 1", 1, SECURE, MAY, LIST("1") },
	{ "unusable, and STS would not have it",   "u1",    "sts enforce x",  1, SECURE, MAY, NOT_STS("mx1.d.example is not") },
	{ "unusable, STS could not be looked up",  "u1",    "failed",         1, SECURE, MAY, STS_FAILED },
	{ "unusable and testing: TLS",             "u1",    "sts testing 1",  1, SECURE, MAY, UNUSABLE(ENCRYPT) },
	{ "unusable and mode none: TLS",           "u1",    "sts none",       1, SECURE, LEVEL_NONE, UNUSABLE(ENCRYPT) },

	/* DANE by way of MX hosts that are not proved: both */
	{ "usable, insecure list, STS",            "U1",    "sts enforce 1",  1, INSECURE, MAY,
	  DANE_AND("1", VERIFY, DEMAND_OF_STS, "1") },
	{ "whatever the floor",                    "U1",    "sts enforce 1",  1, INSECURE, LEVEL_SECURE,
	  DANE_AND("1", VERIFY, DEMAND_OF_STS, "1") },
	{ "usable, insecure list, the list",       "U1",    "list enforce *", 1, INSECURE, MAY,
	  DANE_AND("1", VERIFY, DEMAND_OF_LIST, "1") },
	{ "usable, insecure list, STS forbids",    "U1",    "sts enforce x",  1, INSECURE, MAY, NOT_STS("mx1.d.example is not") },
	{ "usable, insecure list, STS failed",     "U1",    "failed",         1, INSECURE, MAY, STS_FAILED },
	{ "and the floor does not save it",        "U1",    "failed",         1, INSECURE, VERIFY, STS_FAILED },
	{ "usable, insecure list, testing",        "U1",    "sts testing x",  1, INSECURE, MAY, DANE("1") },
	{ "testing, the floor authenticates",      "U1",    "sts testing x",  1, INSECURE, VERIFY,
	  DANE_AND("1", VERIFY, DEMAND_OF_FLOOR, "") },
	{ "mode none, the floor authenticates",    "U1",    "sts none",       1, INSECURE, LEVEL_SECURE,
	  DANE_AND("1", LEVEL_SECURE, DEMAND_OF_FLOOR, "") },
	{ "usable, insecure list, nothing else",   "U1",    "none",           1, INSECURE, MAY, DANE("1") },
	{ "shared: names of both, records of one", "U1 n1", "sts enforce *",  1, INSECURE, MAY,
	  DANE_AND("1", VERIFY, DEMAND_OF_STS, "12") },
	{ "nobody's: of all, what each allows",    "U1 n2 U3", "sts enforce 2 3", 9, INSECURE, MAY,
	  DANE_AND("13", VERIFY, DEMAND_OF_STS, "23") },

	/* RFC 8461 s. 4: without DANE, STS decides */
	{ "enforce, the host is allowed",          "n1",    "sts enforce 1",  1, SECURE, MAY, STS("1") },
	{ "an insecure list changes nothing",      "n1",    "sts enforce 1",  1, INSECURE, MAY, STS("1") },
	{ "by a wildcard",                         "n1",    "sts enforce *",  1, INSECURE, MAY, STS("1") },
	{ "by the second pattern",                 "n1",    "sts enforce x 1", 1, INSECURE, MAY, STS("1") },
	{ "whatever the floor",                    "n1",    "sts enforce 1",  1, SECURE, LEVEL_NONE, STS("1") },
	{ "a floor that authenticates",            "n1",    "sts enforce 1",  1, SECURE, VERIFY, STS("1") },
	{ "enforce, the host is not allowed",      "n1",    "sts enforce x",  1, SECURE, MAY,
	  NOT_STS("mx1.d.example is not an MX host that the MTA-STS policy of d.example allows") },
	{ "the domain is not its MX host",         "n1",    "sts enforce d",  1, SECURE, MAY, NOT_STS("mx1.d.example is not") },
	{ "testing: the floor",                    "n1",    "sts testing 1",  1, SECURE, MAY, FLOOR(MAY) },
	{ "testing, and not allowed: the floor",   "n1",    "sts testing x",  1, SECURE, ENCRYPT, FLOOR(ENCRYPT) },
	{ "mode none: the floor",                  "n1",    "sts none",       1, SECURE, MAY, FLOOR(MAY) },
	{ "no policy: the floor",                  "n1",    "none",           1, SECURE, ENCRYPT, FLOOR(ENCRYPT) },
	{ "could not be looked up",                "n1",    "failed",         1, SECURE, MAY, STS_FAILED },
	{ "the MX hosts could not",                "",      "sts enforce 1",  1, MX_FAILED, MAY, MX_LOST },
	{ "and in testing",                        "",      "sts testing 1",  1, MX_FAILED, MAY, MX_LOST },

	/* which MX host is it */
	{ "the one dialled",                       "n1 n2", "sts enforce *",  2, SECURE, MAY, STS("2") },
	{ "the one dialled is not allowed",        "n1 n2", "sts enforce 1",  2, SECURE, MAY, NOT_STS("mx2.d.example is not") },
	{ "shared: both",                          "n1 n1", "sts enforce *",  1, SECURE, MAY, STS("12") },
	{ "shared: the one that is allowed",       "n1 n1", "sts enforce 2",  1, SECURE, MAY, STS("2") },
	{ "shared, and another",                   "n1 n2 n1", "sts enforce *", 1, SECURE, MAY, STS("13") },
	{ "shared, and neither is allowed",        "n1 n1 n2", "sts enforce 3", 1, SECURE, MAY,
	  NOT_STS("no MX host of d.example is one that its MTA-STS policy allows") },
	{ "nobody's: all that are allowed",        "n1 n2 n3", "sts enforce 1 3", 9, SECURE, MAY, STS("13") },
	{ "nobody's, one alone",                   "n1",    "sts enforce 1",  9, SECURE, MAY, STS("1") },
	{ "nobody's, and none is allowed",         "n1 n2", "sts enforce x",  9, SECURE, MAY, NOT_STS("no MX host of d.example") },
	{ "nobody's, and the one is not allowed",  "n1",    "sts enforce x",  9, SECURE, MAY, NOT_STS("mx1.d.example is not") },
	{ "nobody's, one without addresses",       "n n2",  "sts enforce 1",  9, SECURE, MAY, STS("1") },
	{ "nobody's, one has usable records",      "n1 U2", "sts enforce 1",  9, SECURE, MAY, DANE("2") },
	{ "nobody's, one failed",                  "n1 f2", "sts enforce 1",  9, SECURE, MAY, TLSA_FAILED },
	{ "no MX host is known",                   "",      "sts enforce 1",  1, INSECURE, MAY, STS("") },
	{ "no MX host is known, the list",         "",      "list enforce *", 1, INSECURE, MAY, LIST("") },
	{ "no MX host is known, testing",          "",      "sts testing 1",  1, INSECURE, MAY, FLOOR(MAY) },
	{ "no MX host is known, STS failed",       "",      "failed",         1, SECURE, MAY, STS_FAILED },

	/* the list: likewise */
	{ "list, enforce",                         "n1",    "list enforce 1", 1, SECURE, MAY, LIST("1") },
	{ "list, one label below",                 "n1",    "list enforce *", 1, INSECURE, MAY, LIST("1") },
	{ "list, the host is not there",           "n1",    "list enforce x", 1, SECURE, MAY,
	  NOT_LIST("mx1.d.example is not an MX host that the STARTTLS-Everywhere list allows for d.example") },
	{ "list, no host is there",                "n1 n1", "list enforce x", 1, SECURE, MAY,
	  NOT_LIST("no MX host of d.example is one that the STARTTLS-Everywhere list allows") },
	{ "list, testing",                         "n1",    "list testing x", 1, SECURE, MAY, FLOOR(MAY) },

	/* strict-mx is about TLSA records; where it takes the server for another host, that host's name will do */
	{ "strict, no records anywhere",           "n1 n2", "sts enforce 1",  1, STRICT, MAY, STS("1") },
	{ "strict, none anywhere, not allowed",    "n1 n2", "sts enforce 2",  1, STRICT, MAY, NOT_STS("mx1.d.example is not") },
	{ "strict, usable elsewhere",              "n1 U2", "sts enforce 1",  1, STRICT, MAY, DANE("2") },
	{ "strict, usable elsewhere, insecure",    "n1 U2", "sts enforce 2",  1, STRICT_INSECURE, MAY,
	  DANE_AND("2", VERIFY, DEMAND_OF_STS, "2") },
	{ "strict, unusable elsewhere",            "n1 u2", "sts enforce 1",  1, STRICT, MAY, STS("1") },
	{ "strict, failed elsewhere",              "n1 f2", "sts enforce 1",  1, STRICT, MAY, TLSA_FAILED },
};
/* clang-format on */

static struct verdict *verdict_by(const struct row *row)
{
	struct verdict *v = verdict_of(LEVEL_DANE, row->floor, row->mx);

	v->mx_secure = (row->how & INSECURE) == 0;
	v->strict_mx = (row->how & STRICT) != 0;
	if ((row->how & MX_FAILED) != 0)
		v->mx_lookup = VERDICT_LOOKUP_FAILED;
	publish(v, row->policy);
	return v;
}

static void check_demand(const struct row *row, const struct demand *got, const struct verdict *v, const char *how)
{
	char hosts[VERDICT_MX_MAX + 1];
	char allowed[VERDICT_MX_MAX + 1];

	(void)numbers(got->hosts, got->hosts_count, v, hosts);
	(void)numbers(got->allowed, got->allowed_count, v, allowed);
	if (got->level != row->level || got->basis != row->basis || got->also != row->also ||
	    got->also_basis != row->also_basis || got->result != row->result || strcmp(got->code, row->code) != 0 ||
	    strcmp(hosts, row->hosts) != 0 || strcmp(allowed, row->allowed) != 0 ||
	    strstr(got->reason, row->reason) == NULL || (got->level == LEVEL_UNSET) != (got->reason[0] != '\0'))
		fail_msg("%s%s: level %s of %s, hosts \"%s\", allowed \"%s\", also %s of %s, %s %s: %s", row->what, how,
			 level_name(got->level), demand_basis_name(got->basis), hosts, allowed, level_name(got->also),
			 demand_basis_name(got->also_basis), result_word_name(got->result), got->code, got->reason);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct verdict *v = verdict_by(&rows[i]);
		struct addr dst = at(rows[i].dst);
		struct demand demand;
		memset(&demand, 0xff, sizeof(demand));
		demand_of(&demand, v, &dst);
		check_demand(&rows[i], &demand, v, "");
		if (demand_permits_clear(v, &dst) != level_permits_clear(rows[i].level))
			fail_msg("%s: clear text", rows[i].what);
		v->enforce = false; /* report only: whatever it demands, it stops nothing */
		if (!demand_permits_clear(v, &dst))
			fail_msg("%s: report only", rows[i].what);
		verdict_unref(v);
	}
}

/* What a policy in testing comes to is what it would come to if it were enforced, where that is the policy's own; and
 * what holds is what would hold without it. */
static void test_testing(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct verdict *v = verdict_by(&rows[i]);
		struct addr dst = at(rows[i].dst);
		struct demand with;
		struct demand without;
		struct demand in_test;
		bool decides = rows[i].basis == DEMAND_OF_STS || rows[i].basis == DEMAND_OF_LIST ||
			       rows[i].also_basis == DEMAND_OF_STS || rows[i].also_basis == DEMAND_OF_LIST;
		bool enforce = v->published.status == VERDICT_PUBLISHED_ENFORCE;
		memset(&in_test, 0xff, sizeof(in_test));
		if (enforce)
			v->published.status = VERDICT_PUBLISHED_TESTING;
		bool tests = demand_in_test(&in_test, v, &dst);
		if (enforce) {
			assert_int_equal(tests, decides);
			if (tests)
				check_demand(&rows[i], &in_test, v, " (testing)");
		}
		if (!tests) {
			assert_int_equal(in_test.level, LEVEL_UNSET);
			assert_string_equal(in_test.code, "");
		}
		if (v->published.status == VERDICT_PUBLISHED_TESTING) {
			demand_of(&with, v, &dst);
			v->published.status = VERDICT_PUBLISHED_NONE;
			demand_of(&without, v, &dst);
			assert_memory_equal(&with, &without, sizeof(with));
			assert_false(demand_in_test(&in_test, v, &dst));
		}
		verdict_unref(v);
	}
}

static void test_nothing_to_test(void **state)
{
	struct addr dst = at(1);
	struct demand demand;

	(void)state;
	assert_false(demand_in_test(&demand, NULL, &dst));
	struct verdict *v = verdict_of(LEVEL_DANE, LEVEL_MAY, "n1");
	publish(v, "sts testing 1");
	assert_true(demand_in_test(&demand, v, &dst));
	v->source = VERDICT_SOURCE_NONE;
	assert_false(demand_in_test(&demand, v, &dst));
	v->source = VERDICT_SOURCE_DOMAIN;
	v->status = VERDICT_FAILED;
	assert_false(demand_in_test(&demand, v, &dst));
	v->status = VERDICT_OK;
	for (enum level level = LEVEL_UNSET; level <= LEVEL_COUNT; level++) {
		v->level = level;
		assert_int_equal(demand_in_test(&demand, v, &dst), level == LEVEL_DANE);
	}
	verdict_unref(v);
}

/* Only level dane asks what others published. */
static void test_other_levels(void **state)
{
	static const enum level levels[] = { LEVEL_NONE,   LEVEL_MAY,    LEVEL_ENCRYPT,  LEVEL_FINGERPRINT,
					     LEVEL_VERIFY, LEVEL_SECURE, LEVEL_DANE_ONLY };
	static const char *const policies[] = { "sts enforce x", "failed", "list enforce x" };
	struct addr dst = at(1);
	struct demand demand;

	(void)state;
	for (size_t i = 0; i < COUNT(levels); i++)
		for (size_t k = 0; k < COUNT(policies); k++) {
			struct verdict *v = verdict_of(levels[i], LEVEL_UNSET, "U1");
			publish(v, policies[k]);
			demand_of(&demand, v, &dst);
			assert_int_equal(demand.level, levels[i] == LEVEL_DANE_ONLY ? LEVEL_DANE : levels[i]);
			assert_int_equal(demand.allowed_count, 0);
			assert_int_equal(demand.also_basis, DEMAND_OF_NOBODY);
			verdict_unref(v);
		}
}

static void assert_forbids(const struct verdict *v, const char *code)
{
	struct demand demand;
	struct addr dst = at(1);

	memset(&demand, 0xff, sizeof(demand));
	demand_of(&demand, v, &dst);
	assert_int_equal(demand.level, LEVEL_UNSET);
	assert_int_equal(demand.allowed_count, 0);
	assert_string_equal(demand.code, code);
	assert_true(demand.reason[0] != '\0');
	assert_false(demand_permits_clear(v, &dst));
	assert_false(demand_proves_domain(&demand, v));
}

/* What is zero, unknown or unsound grants nothing. */
static void test_what_is_no_policy(void **state)
{
	struct verdict *v = verdict_of(LEVEL_DANE, LEVEL_MAY, "n1");
	struct verdict_policy sound;

	(void)state;
	publish(v, "sts enforce 1");
	sound = v->published;
	v->published.status = (enum verdict_published)0;
	assert_forbids(v, "4.4.3");
	v->published.status = VERDICT_PUBLISHED_COUNT;
	assert_forbids(v, "4.4.3");
	v->published.status = (enum verdict_published)77;
	assert_forbids(v, "4.4.3");
	v->published = sound;
	v->published.by = VERDICT_BY_NOBODY;
	assert_forbids(v, "4.4.3");
	v->published.by = VERDICT_PUBLISHER_COUNT;
	assert_forbids(v, "4.4.3");
	v->published.by = (enum verdict_publisher)77;
	assert_forbids(v, "4.4.3");
	v->published = sound;
	v->published.patterns_count = 0;
	assert_forbids(v, "4.4.3");
	v->published.patterns_count = VERDICT_PATTERNS_MAX + 1;
	assert_forbids(v, "4.4.3");
	v->published = sound;
	v->published.patterns = NULL;
	assert_forbids(v, "4.4.3");
	v->published = sound;
	v->published.patterns[0].name[0] = '\0';
	assert_forbids(v, "4.7.5");
	v->published.patterns[0].wildcard = true;
	assert_forbids(v, "4.7.5");
	v->floor = LEVEL_UNSET;
	assert_forbids(v, "4.4.3");
	verdict_unref(v);
}

static void test_words_of_a_failed_search(void **state)
{
	struct verdict *v = verdict_of(LEVEL_DANE, LEVEL_MAY, "n1");
	struct addr dst = at(1);
	struct demand demand;

	(void)state;
	publish(v, "failed");
	(void)snprintf(v->published.reason, sizeof(v->published.reason), "_mta-sts.d.example TXT is bogus");
	v->published.result = RESULT_DNSSEC_INVALID;
	demand_of(&demand, v, &dst);
	assert_string_equal(demand.reason, "_mta-sts.d.example TXT is bogus");
	assert_int_equal(demand.result, RESULT_DNSSEC_INVALID);
	v->published.reason[0] = '\0';
	v->nexthop[0] = '\0'; /* then the domain is named */
	demand_of(&demand, v, &dst);
	assert_non_null(strstr(demand.reason, "d.example"));
	verdict_unref(v);
}

/* No name is so long that the sentence does not end. */
static void test_long_names(void **state)
{
	static const char *const policies[] = { "sts enforce x", "list enforce x" };
	struct addr dst = at(1);
	struct demand demand;

	(void)state;
	for (size_t i = 0; i < COUNT(policies); i++)
		for (size_t hosts = 1; hosts <= 2; hosts++) {
			struct verdict *v = verdict_of(LEVEL_DANE, LEVEL_MAY, hosts == 1 ? "n1" : "n1 n1");
			publish(v, policies[i]);
			memset(v->nexthop, 'n', sizeof(v->nexthop) - 1);
			memset(v->mx[0].name, 'm', sizeof(v->mx[0].name) - 1);
			demand_of(&demand, v, &dst);
			assert_true(strlen(demand.reason) < sizeof(demand.reason) - 1);
			assert_non_null(strstr(demand.reason, "allows"));
			verdict_unref(v);
		}
}

static void test_bounds(void **state)
{
	char words[3 * VERDICT_MX_MAX + 1] = "";
	struct addr dst = at(9);
	struct demand demand;

	(void)state;
	for (size_t i = 0; i < VERDICT_MX_MAX; i++)
		(void)snprintf(words + 3 * i, sizeof(words) - 3 * i, "n1 ");
	struct verdict *v = verdict_of(LEVEL_DANE, LEVEL_MAY, words);
	publish(v, "sts enforce *");
	demand_of(&demand, v, &dst);
	assert_int_equal(demand.allowed_count, VERDICT_MX_MAX);
	dst = at(1);
	demand_of(&demand, v, &dst);
	assert_int_equal(demand.allowed_count, VERDICT_MX_MAX);
	/* More hosts than a list may have, and no list: nothing sound. */
	v->mx_count = VERDICT_MX_MAX + 1;
	v->mx_lookup = VERDICT_LOOKUP_ABSENT;
	demand_of(&demand, v, &dst);
	assert_int_equal(demand.level, LEVEL_UNSET);
	v->mx_count = VERDICT_MX_MAX;
	verdict_unref(v);
}

/* Who authenticates by a published policy is the domain's (RFC 8461 s. 2); in testing it proves nothing. */
static void test_proves_domain(void **state)
{
	static const struct {
		const char *mx;
		const char *policy;
		enum level floor;
		bool secure;
		bool proves;
	} proofs[] = {
		{ "n1", "sts enforce 1", LEVEL_MAY, false, true },
		{ "n1", "sts enforce x", LEVEL_MAY, true, false },
		{ "n1", "list enforce 1", LEVEL_MAY, false, true },
		{ "n1", "sts testing 1", LEVEL_ENCRYPT, true, false },
		{ "n1", "sts testing 1", LEVEL_VERIFY, true, true },
		{ "n1", "failed", LEVEL_VERIFY, true, false },
		{ "u1", "sts enforce 1", LEVEL_MAY, true, true },
		{ "u1", "sts none", LEVEL_MAY, true, false },
		{ "U1", "sts enforce 1", LEVEL_MAY, false, true },
		{ "U1", "sts testing 1", LEVEL_MAY, false, false },
		{ "U1", "list enforce 1", LEVEL_MAY, false, true },
		{ "U1", "failed", LEVEL_MAY, false, false },
		{ "U1", "failed", LEVEL_MAY, true, true },
		{ "f1", "sts enforce 1", LEVEL_MAY, true, false },
		{ "", "sts enforce 1", LEVEL_MAY, false, true },
	};
	struct addr dst = at(1);
	struct demand demand;

	(void)state;
	for (size_t i = 0; i < COUNT(proofs); i++) {
		struct verdict *v = verdict_of(LEVEL_DANE, proofs[i].floor, proofs[i].mx);
		v->mx_secure = proofs[i].secure;
		publish(v, proofs[i].policy);
		demand_of(&demand, v, &dst);
		if (demand_proves_domain(&demand, v) != proofs[i].proves)
			fail_msg("%s, %s, floor %s", proofs[i].mx, proofs[i].policy, level_name(proofs[i].floor));
		verdict_unref(v);
	}
}

/* Every list of two hosts of every kind under every policy, at every address: nobody's address is never asked for less
 * than either host's own would be, and a policy never takes anything from what holds without one. */
static void test_downgrade_rule(void **state)
{
	static const char kinds[] = "nufU";
	static const char *const policies[] = { "none",           "sts enforce 1", "sts enforce *", "sts enforce x",
						"list enforce 2", "sts testing 1", "failed" };
	char hosts[16];

	(void)state;
	for (unsigned mix = 0; mix < 32 * COUNT(policies); mix++) {
		(void)snprintf(hosts, sizeof(hosts), "%c1 %c2", kinds[mix & 3], kinds[mix >> 2 & 3]);
		struct verdict *v = verdict_of(LEVEL_DANE, LEVEL_MAY, hosts);
		v->mx_secure = (mix & 16) != 0;
		publish(v, policies[mix / 32]);
		bool clear[3];
		bool proves[3];
		for (unsigned i = 0; i < 3; i++) {
			struct addr dst = at(i < 2 ? i + 1 : 9);
			struct demand demand;
			struct demand bare;
			demand_of(&demand, v, &dst);
			clear[i] = demand_permits_clear(v, &dst);
			proves[i] = demand.level == LEVEL_UNSET || level_authenticates(demand.level);
			struct verdict without = *v;
			without.published = (struct verdict_policy){ .status = VERDICT_PUBLISHED_NONE };
			demand_of(&bare, &without, &dst);
			if (clear[i] && !demand_permits_clear(&without, &dst))
				fail_msg("%s, %s at %u: the policy permits clear text", hosts, policies[mix / 32], i);
			if (!proves[i] && level_authenticates(bare.level))
				fail_msg("%s, %s at %u: the policy takes DANE away", hosts, policies[mix / 32], i);
		}
		if (clear[2] && !(clear[0] && clear[1]))
			fail_msg("%s, %s: clear text at nobody's address", hosts, policies[mix / 32]);
		if (!proves[2] && (proves[0] || proves[1]))
			fail_msg("%s, %s: no proof at nobody's address", hosts, policies[mix / 32]);
		verdict_unref(v);
	}
}

static void test_basis_names(void **state)
{
	(void)state;
	assert_string_equal(demand_basis_name(DEMAND_OF_STS), "sts");
	assert_string_equal(demand_basis_name(DEMAND_OF_LIST), "list");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_testing),
		cmocka_unit_test(test_nothing_to_test),
		cmocka_unit_test(test_other_levels),
		cmocka_unit_test(test_what_is_no_policy),
		cmocka_unit_test(test_words_of_a_failed_search),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_proves_domain),
		cmocka_unit_test(test_downgrade_rule),
		cmocka_unit_test(test_basis_names),
	};

	return cmocka_run_group_tests_name("demand_published", tests, NULL, NULL);
}

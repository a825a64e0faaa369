/* test_requiretls.c - what REQUIRETLS demands of the server at one address (RFC 8689 s. 4.2.1), as tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "demand_world.h"

#include "policy/verdict/requiretls.h"

enum {
	SECURE = 0,
	INSECURE = 1,
	LOOKUP_FAILED = 2,
	FAILED = 4,
	REPORT_ONLY = 8,
	NAMES = 16,
	MATCH_MX = 32,
	RULED = 64
};

#define NO_POLICY                                               \
	{                                                       \
		VERDICT_PUBLISHED_NONE, VERDICT_BY_NOBODY, NULL \
	}
#define NOTHING LEVEL_UNSET, DEMAND_OF_NOBODY, ""

static const struct row {
	const char *what;
	enum level level;
	enum level floor;
	const char *hosts;
	unsigned dst;
	unsigned how;
	struct {
		enum verdict_published status;
		enum verdict_publisher by;
		const char *pattern;
	} published;
	enum requiretls_status status;
	/* JUDGE: what the verdict to be judged demands, and the numbers of its MX hosts */
	enum level demanded;
	enum demand_basis basis;
	const char *mx;
} rows[] = {
	/* clang-format off */
	/* the level in force authenticates */
	{ "dane, secure list", LEVEL_DANE, LEVEL_ENCRYPT, "U1 U2", 1, SECURE, NO_POLICY,
	  REQUIRETLS_JUDGE, LEVEL_DANE, DEMAND_OF_DANE, "12" },
	{ "dane, insecure list", LEVEL_DANE, LEVEL_ENCRYPT, "U1", 1, INSECURE, NO_POLICY,
	  REQUIRETLS_IMPOSSIBLE, NOTHING },
	{ "dane, insecure list that MTA-STS allows", LEVEL_DANE, LEVEL_ENCRYPT, "U1", 1, INSECURE,
	  { VERDICT_PUBLISHED_ENFORCE, VERDICT_BY_STS, "d.example" }, REQUIRETLS_JUDGE, LEVEL_DANE, DEMAND_OF_DANE, "1" },
	{ "no records, secure list: by name", LEVEL_DANE, LEVEL_ENCRYPT, "n1", 1, SECURE, NO_POLICY,
	  REQUIRETLS_JUDGE, LEVEL_VERIFY, DEMAND_OF_FLOOR, "1" },
	{ "records of no use, secure list: by name", LEVEL_DANE, LEVEL_MAY, "u1", 1, SECURE, NO_POLICY,
	  REQUIRETLS_JUDGE, LEVEL_VERIFY, DEMAND_OF_DANE_UNUSABLE, "1" },
	{ "a failed search stays a failure", LEVEL_DANE, LEVEL_MAY, "f1", 1, SECURE, NO_POLICY,
	  REQUIRETLS_JUDGE, LEVEL_UNSET, DEMAND_OF_DANE, "1" },
	{ "dane-only", LEVEL_DANE_ONLY, LEVEL_SECURE, "U1", 1, SECURE, NO_POLICY,
	  REQUIRETLS_JUDGE, LEVEL_DANE, DEMAND_OF_DANE, "1" },
	/* and where it does not */
	{ "may, secure list", LEVEL_MAY, LEVEL_UNSET, "n1 n2", 1, SECURE, NO_POLICY,
	  REQUIRETLS_JUDGE, LEVEL_VERIFY, DEMAND_OF_DEFAULT, "12" },
	{ "encrypt, secure list, report-only", LEVEL_ENCRYPT, LEVEL_UNSET, "n1", 1, REPORT_ONLY, NO_POLICY,
	  REQUIRETLS_JUDGE, LEVEL_VERIFY, DEMAND_OF_DEFAULT, "1" },
	{ "encrypt, insecure list", LEVEL_ENCRYPT, LEVEL_UNSET, "n1", 1, INSECURE, NO_POLICY,
	  REQUIRETLS_IMPOSSIBLE, NOTHING },
	{ "verify by an insecure list's names", LEVEL_VERIFY, LEVEL_UNSET, "n1", 1, INSECURE | MATCH_MX, NO_POLICY,
	  REQUIRETLS_IMPOSSIBLE, NOTHING },
	{ "fingerprint, secure list: by name too", LEVEL_FINGERPRINT, LEVEL_UNSET, "n1", 1, SECURE, NO_POLICY,
	  REQUIRETLS_JUDGE, LEVEL_VERIFY, DEMAND_OF_DEFAULT, "1" },
	/* MTA-STS: the mode does not matter, the names do */
	{ "MTA-STS in force", LEVEL_DANE, LEVEL_ENCRYPT, "n1 n2", 1, INSECURE,
	  { VERDICT_PUBLISHED_ENFORCE, VERDICT_BY_STS, "d.example" }, REQUIRETLS_JUDGE, LEVEL_VERIFY, DEMAND_OF_FLOOR, "12" },
	{ "MTA-STS in testing", LEVEL_DANE, LEVEL_MAY, "n1", 1, INSECURE,
	  { VERDICT_PUBLISHED_TESTING, VERDICT_BY_STS, "d.example" }, REQUIRETLS_JUDGE, LEVEL_VERIFY, DEMAND_OF_FLOOR, "1" },
	{ "MTA-STS of mode none", LEVEL_DANE, LEVEL_MAY, "n1", 1, INSECURE,
	  { VERDICT_PUBLISHED_NONE, VERDICT_BY_STS, NULL }, REQUIRETLS_IMPOSSIBLE, NOTHING },
	{ "MTA-STS that allows no host", LEVEL_DANE, LEVEL_MAY, "n1", 1, INSECURE,
	  { VERDICT_PUBLISHED_ENFORCE, VERDICT_BY_STS, "other.example" }, REQUIRETLS_IMPOSSIBLE, NOTHING },
	{ "MTA-STS that could not be looked up", LEVEL_DANE, LEVEL_MAY, "n1", 1, INSECURE,
	  { VERDICT_PUBLISHED_FAILED, VERDICT_BY_NOBODY, NULL }, REQUIRETLS_UNKNOWN, NOTHING },
	{ "and is not needed", LEVEL_DANE, LEVEL_MAY, "n1", 1, SECURE,
	  { VERDICT_PUBLISHED_FAILED, VERDICT_BY_NOBODY, NULL }, REQUIRETLS_JUDGE, LEVEL_VERIFY, DEMAND_OF_FLOOR, "1" },
	{ "a list is no MTA-STS", LEVEL_DANE, LEVEL_MAY, "n1", 1, INSECURE,
	  { VERDICT_PUBLISHED_ENFORCE, VERDICT_BY_LIST, "d.example" }, REQUIRETLS_IMPOSSIBLE, NOTHING },
	/* the operator's names */
	{ "secure, by names of a rule", LEVEL_SECURE, LEVEL_UNSET, "n1", 1, INSECURE | NAMES | RULED, NO_POLICY,
	  REQUIRETLS_JUDGE, LEVEL_SECURE, DEMAND_OF_RULE, "1" },
	{ "secure, by names of the default", LEVEL_SECURE, LEVEL_UNSET, "", 1, INSECURE | NAMES, NO_POLICY,
	  REQUIRETLS_JUDGE, LEVEL_SECURE, DEMAND_OF_DEFAULT, "" },
	{ "names beside those of an insecure list", LEVEL_VERIFY, LEVEL_UNSET, "n1", 1, INSECURE | NAMES | MATCH_MX, NO_POLICY,
	  REQUIRETLS_IMPOSSIBLE, NOTHING },
	{ "floor secure, by names", LEVEL_DANE, LEVEL_SECURE, "n1", 1, INSECURE | NAMES, NO_POLICY,
	  REQUIRETLS_JUDGE, LEVEL_SECURE, DEMAND_OF_DEFAULT, "1" },
	/* nothing to stand on */
	{ "no MX hosts", LEVEL_ENCRYPT, LEVEL_UNSET, "", 1, SECURE, NO_POLICY, REQUIRETLS_IMPOSSIBLE, NOTHING },
	{ "a list that failed", LEVEL_ENCRYPT, LEVEL_UNSET, "n1", 1, LOOKUP_FAILED, NO_POLICY, REQUIRETLS_UNKNOWN, NOTHING },
	{ "a verdict that failed", LEVEL_UNSET, LEVEL_UNSET, "n1", 1, FAILED, NO_POLICY, REQUIRETLS_UNKNOWN, NOTHING },
	{ "and is only reported", LEVEL_UNSET, LEVEL_UNSET, "n1", 1, FAILED | REPORT_ONLY, NO_POLICY, REQUIRETLS_UNKNOWN, NOTHING },
	/* clang-format on */
};

static struct verdict *verdict_of_row(const struct row *row)
{
	struct verdict *v = verdict_of(row->level, row->floor, row->hosts);

	v->mx_secure = (row->how & INSECURE) == 0;
	v->enforce = (row->how & REPORT_ONLY) == 0;
	v->match_mx = (row->how & MATCH_MX) != 0;
	if ((row->how & RULED) != 0)
		v->source = VERDICT_SOURCE_DOMAIN;
	if ((row->how & LOOKUP_FAILED) != 0)
		v->mx_lookup = VERDICT_LOOKUP_FAILED;
	if ((row->how & FAILED) != 0)
		v->status = VERDICT_FAILED;
	if ((row->how & NAMES) != 0) {
		v->names = calloc(1, sizeof(*v->names));
		assert_non_null(v->names);
		(void)snprintf(v->names[0].name, sizeof(v->names[0].name), "mx.of.the.operator");
		v->names_count = 1;
	}
	v->published.status = row->published.status;
	v->published.by = row->published.by;
	if (row->published.pattern != NULL) {
		v->published.patterns = calloc(1, sizeof(*v->published.patterns));
		assert_non_null(v->published.patterns);
		v->published.patterns_count = 1;
		v->published.patterns[0].wildcard = true;
		(void)snprintf(v->published.patterns[0].name, VERDICT_NAME_MAX, "%s", row->published.pattern);
	}
	return v;
}

static void check_judged(const struct row *row, const struct requiretls *r, const struct addr *dst)
{
	struct demand demand;
	char mx[VERDICT_MX_MAX + 1] = "";

	assert_int_equal(r->verdict.status, VERDICT_OK);
	assert_true(r->verdict.enforce);
	assert_false(demand_permits_clear(&r->verdict, dst));
	demand_of(&demand, &r->verdict, dst);
	if (demand.level != row->demanded || demand.basis != row->basis)
		fail_msg("%s: level %s of %s", row->what, level_name(demand.level), demand_basis_name(demand.basis));
	assert_true(demand.level == LEVEL_UNSET || level_authenticates(demand.level));
	assert_true(demand.level == LEVEL_UNSET || demand_proves_domain(&demand, &r->verdict));
	assert_int_equal(demand.also, LEVEL_UNSET);
	for (size_t i = 0; i < r->verdict.mx_count; i++)
		mx[i] = r->verdict.mx[i].name[2];
	if (strcmp(mx, row->mx) != 0)
		fail_msg("%s: hosts %s", row->what, mx);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static struct requiretls r;
		struct verdict *v = verdict_of_row(&rows[i]);
		const struct addr dst = at(rows[i].dst);
		memset(&r, 0xa5, sizeof(r));
		requiretls_of(&r, v, &dst);
		if (r.status != rows[i].status)
			fail_msg("%s: status %d, %s", rows[i].what, (int)r.status, r.reason);
		assert_int_equal(r.reason[0] == '\0', r.status == REQUIRETLS_JUDGE);
		if (r.status == REQUIRETLS_JUDGE)
			check_judged(&rows[i], &r, &dst);
		verdict_unref(v);
	}
}

static void test_hosts_that_the_policy_allows(void **state)
{
	static struct requiretls r;
	struct verdict *v = verdict_of(LEVEL_DANE, LEVEL_ENCRYPT, "n1 n2 n3");
	const struct addr dst = at(1);

	(void)state;
	v->mx_secure = false;
	v->published.status = VERDICT_PUBLISHED_ENFORCE;
	v->published.by = VERDICT_BY_STS;
	v->published.patterns = calloc(1, sizeof(*v->published.patterns));
	assert_non_null(v->published.patterns);
	v->published.patterns_count = 1;
	(void)snprintf(v->published.patterns[0].name, VERDICT_NAME_MAX, "mx2.d.example");
	requiretls_of(&r, v, &dst);
	assert_int_equal(r.status, REQUIRETLS_JUDGE);
	assert_int_equal(r.verdict.mx_count, 1);
	assert_string_equal(r.verdict.mx[0].name, "mx2.d.example");
	verdict_unref(v);
}

static void test_nobody(void **state)
{
	static struct requiretls r;
	struct verdict *zero = verdict_new();
	const struct addr dst = at(1);

	(void)state;
	requiretls_of(&r, NULL, &dst);
	assert_int_equal(r.status, REQUIRETLS_UNKNOWN);
	requiretls_of(&r, zero, &dst);
	assert_int_equal(r.status, REQUIRETLS_UNKNOWN);
	verdict_unref(zero);
}

static void test_others(void **state)
{
	static const struct {
		const char *hosts;
		unsigned preferences[3];
		unsigned dst;
		enum verdict_source source;
		bool others;
	} cases[] = {
		{ "n1", { 10 }, 1, VERDICT_SOURCE_DEFAULT, false },
		{ "n1 n2", { 10, 20 }, 1, VERDICT_SOURCE_DEFAULT, true },
		{ "n1 n2", { 10, 20 }, 2, VERDICT_SOURCE_DEFAULT, false },
		{ "n1 n2", { 10, 10 }, 2, VERDICT_SOURCE_DOMAIN, true },
		{ "n1 n1", { 10, 20 }, 1, VERDICT_SOURCE_DEFAULT, false }, /* two names of one server */
		{ "n1 n!", { 10, 20 }, 1, VERDICT_SOURCE_DEFAULT, true },
		{ "n1 n2", { 10, 20 }, 9, VERDICT_SOURCE_DEFAULT, true },
		{ "n1 n2", { 10, 20 }, 1, VERDICT_SOURCE_DESTINATION, false },
		{ "", { 0 }, 1, VERDICT_SOURCE_DEFAULT, false },
	};

	(void)state;
	assert_false(requiretls_has_others(NULL, &(struct addr){ 0 }));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct verdict *v = verdict_of(LEVEL_ENCRYPT, LEVEL_UNSET, cases[i].hosts);
		const struct addr dst = at(cases[i].dst);
		v->source = cases[i].source;
		for (size_t k = 0; k < v->mx_count; k++)
			v->mx[k].preference = (uint16_t)cases[i].preferences[k];
		if (requiretls_has_others(v, &dst) != cases[i].others)
			fail_msg("row %zu", i);
		verdict_unref(v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_hosts_that_the_policy_allows),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

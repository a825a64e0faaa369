/* test_probe_published.c - what probe tells of published policies: proxy/probe/probe_published.h, and both outputs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/probe/probe_detail.h"
#include "proxy/probe/probe_print.h"
#include "proxy/probe/probe_published.h"
#include "proxy/tls/tls_peer.h"

/* --- a small world ------------------------------------------------------------------------------------------------ */

static void add_pattern(struct verdict *verdict, const char *name, bool wildcard)
{
	struct verdict_policy *policy = &verdict->published;
	struct verdict_pattern *pattern = &policy->patterns[policy->patterns_count++];

	pattern->wildcard = wildcard;
	(void)snprintf(pattern->name, sizeof(pattern->name), "%s", name);
}

/* One MX host at 192.0.2.1, mx.b.example, and a policy that allows it and all of c.example. */
static struct verdict *verdict_of(enum verdict_publisher by, enum verdict_published status)
{
	struct verdict *verdict = verdict_new();

	assert_non_null(verdict);
	verdict->status = VERDICT_OK;
	verdict->source = VERDICT_SOURCE_DEFAULT;
	verdict->level = LEVEL_DANE;
	verdict->floor = LEVEL_MAY;
	verdict->enforce = true;
	(void)snprintf(verdict->domain, sizeof(verdict->domain), "b.example");
	(void)snprintf(verdict->nexthop, sizeof(verdict->nexthop), "b.example");
	verdict->mx_lookup = VERDICT_LOOKUP_FOUND;
	verdict->mx = calloc(1, sizeof(*verdict->mx));
	assert_non_null(verdict->mx);
	verdict->mx_count = 1;
	verdict->mx[0] = (struct verdict_mx){ .name = "mx.b.example", .dane = VERDICT_DANE_NONE, .addrs_count = 1 };
	verdict->mx[0].addrs = calloc(1, sizeof(struct addr));
	assert_non_null(verdict->mx[0].addrs);
	assert_true(addr_parse(verdict->mx[0].addrs, "192.0.2.1"));
	verdict->published.status = status;
	verdict->published.by = by;
	if (status != VERDICT_PUBLISHED_ENFORCE && status != VERDICT_PUBLISHED_TESTING)
		return verdict;
	verdict->published.patterns = calloc(VERDICT_PATTERNS_MAX, sizeof(struct verdict_pattern));
	assert_non_null(verdict->published.patterns);
	add_pattern(verdict, "mx.b.example", false);
	add_pattern(verdict, "c.example", true);
	return verdict;
}

static void open_probe(struct probe *probe, struct verdict *verdict)
{
	char error[TLS_ERROR_MAX];
	struct addr any = { 0 };

	*probe = (struct probe){ .asked = "b.example", .verdict = verdict };
	probe->settings = settings_new(&(struct settings_texts){ .conf = "" }, 0, error);
	assert_non_null(probe->settings);
	assert_true(probe_add_targets(probe, &any, 25));
	assert_int_equal(probe->count, 1);
}

static char *text_of(const struct probe *probe, bool json)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	if (json)
		assert_true(probe_json(out, probe, 0));
	else
		probe_print(out, probe, 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("not there: %s\nin:\n%s", part, text);
}

/* --- the domain's line -------------------------------------------------------------------------------------------- */

static void test_domain(void **state)
{
	static const struct {
		enum verdict_publisher by;
		enum verdict_published status;
		const char *says;
	} rows[] = {
		{ VERDICT_BY_STS, VERDICT_PUBLISHED_ENFORCE, " floor=may mta-sts=enforce mx=" },
		{ VERDICT_BY_STS, VERDICT_PUBLISHED_TESTING, " floor=may mta-sts=testing mx=" },
		{ VERDICT_BY_STS, VERDICT_PUBLISHED_NONE, " floor=may mta-sts=none mx=" },
		{ VERDICT_BY_LIST, VERDICT_PUBLISHED_ENFORCE, " floor=may list=enforce mx=" },
		{ VERDICT_BY_LIST, VERDICT_PUBLISHED_TESTING, " floor=may list=testing mx=" },
		{ VERDICT_BY_NOBODY, VERDICT_PUBLISHED_FAILED, " floor=may mta-sts=failed mx=" },
		{ VERDICT_BY_NOBODY, VERDICT_PUBLISHED_NONE, " floor=may mx=" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct probe probe;
		open_probe(&probe, verdict_of(rows[i].by, rows[i].status));
		char *text = text_of(&probe, false);
		has(text, rows[i].says);
		assert_int_equal(strstr(text, "\n    allows     mx.b.example *.c.example\n") != NULL,
				 probe.verdict->published.patterns_count > 0);
		assert_null(strstr(text, "    problem "));
		free(text);
		/* Other levels do not ask. */
		probe.verdict->level = LEVEL_ENCRYPT;
		assert_false(probe_publishes(probe.verdict));
		probe_cleanup(&probe);
	}
}

static void test_problem(void **state)
{
	struct probe probe;
	char *text;

	(void)state;
	open_probe(&probe, verdict_of(VERDICT_BY_NOBODY, VERDICT_PUBLISHED_NONE));
	probe.verdict->published.result = RESULT_STS_WEBPKI_INVALID;
	(void)snprintf(probe.verdict->published.reason, VERDICT_REASON_MAX, "its certificate expired");
	text = text_of(&probe, false);
	has(text, " mta-sts=none ");
	has(text, "\n    problem    sts-webpki-invalid\n               its certificate expired\n");
	free(text);
	probe.verdict->published.result = RESULT_NONE; /* a lookup */
	text = text_of(&probe, false);
	has(text, "\n    problem    its certificate expired\n");
	free(text);
	probe_cleanup(&probe);
}

/* --- an address --------------------------------------------------------------------------------------------------- */

static void test_demand(void **state)
{
	static const struct {
		enum verdict_publisher by;
		const char *host;
		const char *demand;
		const char *theirs;
		const char *yours;
	} rows[] = {
		{ VERDICT_BY_STS, "mx.b.example", "verify, by sts\n    MX host    mx.b.example\n",
		  "mx.b.example needs a certificate", "domain \"b.example\"" },
		{ VERDICT_BY_LIST, "mx.b.example", "verify, by list\n    MX host    mx.b.example\n",
		  "mx.b.example needs a certificate", "domain \"b.example\"" },
		{ VERDICT_BY_STS, "x.example", "no server can meet it: x.example is not an MX host that the MTA-STS",
		  "the MTA-STS policy of the domain must allow x.example", "decides without the policy" },
		{ VERDICT_BY_LIST, "x.example", "no server can meet it: x.example is not an MX host that the STARTTLS",
		  NULL, "correct the entry for b.example in the file of list-file" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct verdict *verdict = verdict_of(rows[i].by, VERDICT_PUBLISHED_ENFORCE);
		struct probe probe;
		(void)snprintf(verdict->mx[0].name, VERDICT_NAME_MAX, "%s", rows[i].host);
		open_probe(&probe, verdict);
		probe.targets[0].talk.outcome = PROBE_REFUSE;
		probe.targets[0].talk.result = RESULT_CERTIFICATE_HOST_MISMATCH;
		char *text = text_of(&probe, false);
		has(text, "\n    demand     ");
		has(text, rows[i].demand);
		if (rows[i].theirs != NULL)
			has(text, rows[i].theirs);
		has(text, rows[i].yours);
		assert_null(strstr(text, "\n    testing "));
		free(text);
		probe_cleanup(&probe);
	}
}

/* Whether there is a policy could not be found out; and none whose MX host is known. */
static void test_failed_and_unknown(void **state)
{
	struct probe probe;
	struct verdict *verdict;
	struct addr address;
	char *text;

	(void)state;
	open_probe(&probe, verdict_of(VERDICT_BY_NOBODY, VERDICT_PUBLISHED_FAILED));
	probe.targets[0].talk.outcome = PROBE_REFUSE;
	text = text_of(&probe, false);
	has(text, "no server can meet it: whether b.example has an MTA-STS policy could not be looked up");
	has(text, "\n    they can   the name servers of b.example must answer for its MTA-STS record\n");
	has(text, "mta-sts-lookup-failed = ignore");
	free(text);
	probe_cleanup(&probe);
	verdict = verdict_of(VERDICT_BY_STS, VERDICT_PUBLISHED_ENFORCE);
	open_probe(&probe, verdict);
	verdict->mx_lookup = VERDICT_LOOKUP_ABSENT;
	verdict_mx_cleanup(&verdict->mx[0]);
	verdict->mx_count = 0;
	assert_true(addr_parse(&address, "192.0.2.1"));
	probe_set_verdict(&probe, 0, verdict_ref(verdict));
	text = text_of(&probe, false);
	has(text, "\n    MX host    whatever the policy allows: no MX host is known\n");
	free(text);
	probe_cleanup(&probe);
}

static void test_beside_records(void **state)
{
	struct verdict *verdict = verdict_of(VERDICT_BY_STS, VERDICT_PUBLISHED_ENFORCE);
	struct probe probe;
	char *text;

	(void)state;
	verdict->mx[0].dane = VERDICT_DANE_USABLE;
	(void)snprintf(verdict->mx[0].tlsa_base, VERDICT_NAME_MAX, "mx.b.example");
	verdict->mx[0].tlsa = calloc(1, sizeof(struct tlsa));
	assert_non_null(verdict->mx[0].tlsa);
	verdict->mx[0].tlsa[0] = (struct tlsa){ 3, 1, 1, 32, calloc(1, 32) };
	verdict->mx[0].tlsa_count = 1;
	open_probe(&probe, verdict);
	text = text_of(&probe, false);
	has(text, "\n    demand     dane and verify, by dane and sts\n    MX host    mx.b.example\n");
	free(text);
	verdict->published.status = VERDICT_PUBLISHED_NONE;
	verdict->floor = LEVEL_SECURE;
	probe_set_verdict(&probe, 0, verdict_ref(verdict));
	text = text_of(&probe, false);
	has(text, "\n    demand     dane and secure, by dane and floor\n");
	assert_null(strstr(text, "    MX host "));
	free(text);
	probe_cleanup(&probe);
}

/* --- testing ------------------------------------------------------------------------------------------------------ */

static void test_testing(void **state)
{
	static const struct {
		const char *what;
		const char *host;
		bool tls;
		bool satisfied;
		enum result_word word; /* of the judgement; in clear, why */
		const char *says;      /* NULL: nothing is told */
	} rows[] = {
		{ "passes", "mx.b.example", true, true, RESULT_NONE, "sts, if it were enforced, would pass" },
		{ "another name", "mx.b.example", true, false, RESULT_CERTIFICATE_HOST_MISMATCH,
		  "sts, if it were enforced, would refuse: for the test" },
		{ "in clear", "mx.b.example", false, false, RESULT_STARTTLS_NOT_SUPPORTED,
		  "sts, if it were enforced, would refuse: for the test" },
		{ "no TLS was tried", "mx.b.example", false, false, RESULT_NONE, NULL },
		{ "not allowed", "x.example", true, true, RESULT_NONE,
		  "sts, if it were enforced, would refuse: x.example is not an MX host" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct verdict *verdict = verdict_of(VERDICT_BY_STS, VERDICT_PUBLISHED_TESTING);
		struct probe probe;
		struct probe_talk *talk;
		(void)snprintf(verdict->mx[0].name, VERDICT_NAME_MAX, "%s", rows[i].host);
		open_probe(&probe, verdict);
		talk = &probe.targets[0].talk;
		talk->outcome = PROBE_PASS;
		talk->tls = rows[i].tls;
		talk->in_test.satisfied = rows[i].satisfied;
		talk->in_test.result = rows[i].tls ? rows[i].word : RESULT_NONE;
		talk->clear_word = rows[i].tls ? RESULT_NONE : rows[i].word;
		(void)snprintf(talk->in_test.reason, VERDICT_REASON_MAX, "for the test");
		(void)snprintf(talk->clear_reason, VERDICT_REASON_MAX, "for the test");
		char *text = text_of(&probe, false);
		if (rows[i].says != NULL)
			has(text, rows[i].says);
		else
			assert_null(strstr(text, "\n    testing "));
		has(text, "\n    demand     may, by floor\n");
		has(text, "1 address: 1 pass\n");
		free(text);
		probe_cleanup(&probe);
	}
}

/* --- JSON --------------------------------------------------------------------------------------------------------- */

static const char *at(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void test_json(void **state)
{
	struct verdict *verdict = verdict_of(VERDICT_BY_STS, VERDICT_PUBLISHED_TESTING);
	struct probe probe;
	json_t *root;
	const json_t *one;
	char *text;

	(void)state;
	(void)snprintf(verdict->published.id, VERDICT_POLICY_ID_MAX, "20261126");
	verdict->published.max_age_s = 86400;
	verdict->published.result = RESULT_STS_POLICY_FETCH_ERROR;
	(void)snprintf(verdict->published.reason, VERDICT_REASON_MAX, "the policy host is down");
	open_probe(&probe, verdict);
	probe.targets[0].talk.tls = true;
	probe.targets[0].talk.in_test.result = RESULT_CERTIFICATE_EXPIRED;
	text = text_of(&probe, true);
	root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	one = json_object_get(json_object_get(root, "policy"), "published");
	assert_string_equal(at(one, "by"), "mta-sts");
	assert_string_equal(at(one, "mode"), "testing");
	assert_string_equal(at(one, "id"), "20261126");
	assert_int_equal(json_integer_value(json_object_get(one, "max_age")), 86400);
	assert_string_equal(json_string_value(json_array_get(json_object_get(one, "allows"), 1)), "*.c.example");
	assert_string_equal(at(one, "result"), "sts-policy-fetch-error");
	assert_string_equal(at(one, "reason"), "the policy host is down");
	one = json_object_get(json_array_get(json_object_get(root, "addresses"), 0), "testing");
	assert_string_equal(at(one, "policy"), "sts");
	assert_true(json_is_false(json_object_get(one, "satisfied")));
	assert_string_equal(at(one, "result"), "certificate-expired");
	json_decref(root);
	free(text);
	verdict->published.status = VERDICT_PUBLISHED_ENFORCE;
	probe_set_verdict(&probe, 0, verdict_ref(verdict));
	text = text_of(&probe, true);
	root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	one = json_array_get(json_object_get(root, "addresses"), 0);
	assert_true(json_is_null(json_object_get(one, "testing")));
	one = json_object_get(one, "demand");
	assert_string_equal(at(one, "level"), "verify");
	assert_string_equal(at(one, "policy"), "sts");
	assert_true(json_is_null(json_object_get(one, "also_policy")));
	assert_string_equal(json_string_value(json_array_get(json_object_get(one, "allowed"), 0)), "mx.b.example");
	json_decref(root);
	free(text);
	probe_cleanup(&probe);
}

/* --- room --------------------------------------------------------------------------------------------------------- */

static void test_long_lists(void **state)
{
	struct verdict *verdict = verdict_of(VERDICT_BY_STS, VERDICT_PUBLISHED_ENFORCE);
	char name[VERDICT_NAME_MAX];
	char text[PROBE_TEXT_MAX];

	(void)state;
	while (verdict->published.patterns_count < VERDICT_PATTERNS_MAX)
		add_pattern(verdict, "some.other.host.of.the.example", true);
	has(probe_allows(verdict, text, sizeof(text)), "mx.b.example *.c.example *.some.other");
	has(text, " more");
	assert_true(strlen(text) < sizeof(text) - 1);
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	(void)snprintf(verdict->published.patterns[0].name, VERDICT_NAME_MAX, "%s", name);
	assert_string_equal(probe_allows(verdict, text, 100), "128 more");
	verdict_unref(verdict);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_domain),         cmocka_unit_test(test_problem),
		cmocka_unit_test(test_demand),         cmocka_unit_test(test_failed_and_unknown),
		cmocka_unit_test(test_beside_records), cmocka_unit_test(test_testing),
		cmocka_unit_test(test_json),           cmocka_unit_test(test_long_lists),
	};

	return cmocka_run_group_tests_name("probe_published", tests, NULL, NULL);
}

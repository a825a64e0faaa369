/* test_explain_published.c - what explain says of MTA-STS and the list: which counts and why, the policies, which MX
 * hosts they allow, the demand, and what one in testing would demand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>

#include "policy/tools/explain.h"
#include "tests/unit/policy/published_world.h"

#define DANE "default-level = dane\n"
#define LIST DANE "list-file = \"/l\"\n"

struct row {
	const char *what, *conf, *mx, *sts, *list;
	int status;
	const char *says[6]; /* each is in the text, in this order */
};

/* clang-format off */
static const struct row rows[] = {
	{ "no policy", DANE, "n", "none", NULL, 0,
	  { "MTA-STS           no: no policy is published\n", "list              no: no list-file is set\n", "record _mta-sts.d.example: none\n",
	    "policy none\n", "demand       DANE does not apply, so the floor (encrypt)" } },
	{ "enforce", DANE, "n", "enforce", NULL, 0,
	  { "MTA-STS           yes: mode enforce\n", "record _mta-sts.d.example: secure, id id1\n",
	    "policy mode enforce, id id1, max_age 86400, remembered since 2033-05-18T03:20:00Z, until 2033-05-18T03:45:00Z\n",
	    "mx mx1.d.example, *.d.example\n", "the policy allows it\n",
	    "demand       DANE does not decide, so MTA-STS: TLS 1.2 or newer, and a certificate, trusted by the gate's CA bundle, for "
	    "mx1.d.example; else the mail is refused for now (451).\n" } },
	{ "a policy that was fetched for this", DANE, "n", "!enforce", NULL, 0, { "max_age 86400, fetched now from 198.51.100.5, until 2033" } },
	{ "unusable TLSA records leave it to the policy", DANE, "u", "enforce", NULL, 0,
	  { "DANE              yes: ", "MTA-STS           yes: mode enforce", "so MTA-STS: " } },
	{ "TLSA records decide", DANE, "U", "enforce", NULL, 0,
	  { "MTA-STS           no: TLSA records decide at every MX host\n", "policy mode enforce", "demand       TLS 1.2 or newer, and a certificate or key" } },
	{ "TLSA records of some hosts", DANE, "Un", "enforce", NULL, 0,
	  { "MTA-STS           yes: mode enforce\n", "mx1.d.example", "demand: TLS 1.2 or newer, and a certificate or key", "mx2.d.example", "demand: " } },
	{ "both, beneath a list that is not proved", DANE, "-U", "enforce", NULL, 0,
	  { "MTA-STS           yes: mode enforce\n", "names; and, because the MX list is not proved, a certificate, trusted by the gate's CA bundle, for mx1.d.example;" } },
	{ "not to be looked up: undecided", DANE, "n", "failed", NULL, 3,
	  { "MTA-STS           yes: SERVFAIL: undecided\n", "could not be looked up\n", "SERVFAIL\n", "demand       undecided: SERVFAIL; the client is told to try again later (451 4.4.3)." } },
	{ "testing", DANE, "n", "testing", NULL, 0,
	  { "MTA-STS           yes: mode testing: what it would refuse is reported and never refused\n",
	    "demand       DANE does not apply, so the floor (encrypt)",
	    "the MTA-STS policy in testing would demand: DANE does not decide, so MTA-STS: TLS 1.2 or newer", "; a failure is reported, and the mail goes on.\n" } },
	{ "mode none", LIST, "n", "mode-none", "enforce", 0,
	  { "MTA-STS           no: mode none, as if there were no policy, and the list does not count\n",
	    "list              no: the domain's own MTA-STS policy goes first\n", "policy mode none, id id1", "the floor" } },
	{ "no policy to be had", DANE, "n", "fetch", NULL, 0,
	  { "MTA-STS           no: no policy: the policy host is down\n", "policy none", "sts-policy-fetch-error: the policy host is down\n", "the floor" } },
	{ "a remembered one outlives its host", DANE, "n", "+enforce", NULL, 0,
	  { "MTA-STS           yes: mode enforce\n", "remembered since", "sts-policy-fetch-error: the policy host is down\n", "so MTA-STS" } },
	{ "no MX host is allowed", DANE, "n", "foreign", NULL, 1,
	  { "the policy does not allow it\n", "demand       refused: mx1.d.example is not an MX host that the MTA-STS policy of d.example allows" } },
	{ "no MX host at all: any name of the policy", DANE, "nx", "enforce", NULL, 0,
	  { "for a name that the policy allows: mx1.d.example, *.d.example;" } },
	{ "switched off", DANE "mta-sts = no\n", "n", NULL, NULL, 0, { "MTA-STS           no: mta-sts = no\n" } },
	{ "another level", "default-level = encrypt\n", "n", NULL, NULL, 0,
	  { "MTA-STS           no: the level is encrypt\n", "list              no: the level is encrypt\n" } },
	{ "no list of MX hosts", DANE, "failed", "enforce", NULL, 3, { "MTA-STS           no: the MX hosts could not be had: undecided\n" } },
	/* the list */
	{ "listed", LIST, "l", "none", "enforce", 0,
	  { "list              yes: mode enforce\n", "list         mode enforce, until 2033-05-18T03:41:40Z, mx *.list.example\n", "the policy allows it\n",
	    "DANE does not decide, so the list: ", "for a name that the policy allows: *.list.example;" } },
	{ "listed for a test", LIST, "l", "none", "testing", 0,
	  { "list              yes: mode testing", "so the floor", "the list in testing would demand: DANE does not decide, so the list" } },
	{ "not listed", LIST, "n", "none", NULL, 0, { "list              no: /l has no entry for d.example\n" } },
	{ "expired", LIST, "n", "none", "expired-enforce", 0,
	  { "list              no: /l expired 2033-05-18T03:33:20Z (list-expired = ignore)\n", "the floor" } },
	{ "expired and enforced", LIST "list-expired = enforce\n", "l", "none", "expired-enforce", 0,
	  { "list              yes: mode enforce (expired; list-expired = enforce)\n", "so the list: " } },
	{ "MTA-STS is not known", LIST, "n", "failed", "enforce", 3, { "list              no: an MTA-STS policy may go first\n" } },
};
/* clang-format on */

static const struct verdict_pattern foreign_pattern = { "elsewhere.example", false };
static const struct sts_policy foreign = { STS_MODE_ENFORCE, 86400, (struct verdict_pattern *)&foreign_pattern, 1 };

/* What published_world.h does not say: "!" before, fetched now; "foreign": a policy for other hosts; "l": a host that
 * the list has. */
static void add_more(struct decide_facts *facts, struct mx_result *mx, const struct row *row)
{
	const char *sts = row->sts;

	add_mx(mx, strcmp(row->mx, "l") == 0 ? "n" : row->mx);
	if (strcmp(row->mx, "l") == 0)
		(void)snprintf(mx->hosts[0].name, sizeof(mx->hosts[0].name), "mx.list.example");
	add_sts(facts, sts != NULL && sts[0] == '!'                    ? sts + 1
		       : sts != NULL && sts[0] == 'f' && sts[1] == 'o' ? "enforce"
								       : sts);
	if (sts != NULL && strcmp(sts, "foreign") == 0)
		facts->sts.policy = &foreign;
	if (facts->sts.present) {
		facts->sts.txt_record = STS_RECORD_VALID;
		facts->sts.txt_status = DNS_FOUND_SECURE;
		(void)snprintf(facts->sts.txt_id, sizeof(facts->sts.txt_id), "id1");
		facts->sts.fetched_s = NOW - 800;
	} else if (facts->sts.status == VERDICT_PUBLISHED_NONE) {
		facts->sts.txt_record = STS_RECORD_NONE;
		facts->sts.txt_status = DNS_ABSENT_SECURE;
	}
	if (sts != NULL && sts[0] == '!') {
		facts->sts.fetched_now = true;
		assert_true(addr_parse(&facts->sts.fetched_from, "198.51.100.5"));
	}
	add_list(facts, row->list);
	facts->mx = mx;
	facts->mx_ttl_s = 300;
	facts->now_s = NOW;
}

static void check_json(const struct explain *explain, const struct row *row)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	json_t *root;

	assert_non_null(out);
	assert_true(explain_json(out, explain));
	assert_int_equal(fclose(out), 0);
	root = json_loads(text, 0, NULL);
	assert_non_null(root);
	assert_string_equal(json_string_value(json_object_get(root, "published")),
			    verdict_published_name(explain->verdict->published.status));
	assert_string_equal(json_string_value(json_object_get(root, "published_by")),
			    verdict_publisher_name(explain->verdict->published.by));
	assert_int_equal(json_is_null(json_object_get(root, "mta_sts")), !explain->facts->sts_known);
	assert_int_equal(json_is_null(json_object_get(root, "list")), row->list == NULL);
	assert_int_equal(json_is_string(json_object_get(root, "testing")),
			 explain->verdict->published.status == VERDICT_PUBLISHED_TESTING);
	assert_int_equal(json_integer_value(json_object_get(root, "exit_status")), row->status);
	json_decref(root);
	free(text);
}

static void check_text(const struct explain *explain, const struct row *row)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	explain_text(out, explain);
	assert_int_equal(fclose(out), 0);
	const char *at = text;
	for (size_t i = 0; i < COUNT(row->says) && row->says[i] != NULL; i++) {
		at = strstr(at, row->says[i]);
		if (at == NULL)
			fail_msg("%s: \"%s\" is not in its place:\n%s", row->what, row->says[i], text);
	}
	free(text);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct conf conf = parse(row->conf);
		struct verdict_question q = { .kind = VERDICT_ASK_RECIPIENT,
					      .domain = "d.example",
					      .destination.port = 25 };
		struct rules_match match;
		struct decide_facts facts = { 0 };
		struct mx_result mx;
		struct decide_want want;
		struct trail trail = { 0 };
		rules_find(&match, &conf, &q);
		add_more(&facts, &mx, row);
		assert_true(decide_want(&want, &conf, &match, &q));
		struct verdict *v = decide(&conf, 0, &match, &q, &facts);
		assert_non_null(v);
		struct explain explain = { .recipient = "a@d.example",
					   .file = "t.conf",
					   .conf = &conf,
					   .question = &q,
					   .match = &match,
					   .proof = "test",
					   .lookup_name = "d.example",
					   .dane = want.mx.dane,
					   .mx = &mx,
					   .trail = &trail,
					   .facts = &facts,
					   .verdict = v };
		check_text(&explain, row);
		if (explain_status(&explain) != row->status)
			fail_msg("%s: %d", row->what, explain_status(&explain));
		check_json(&explain, row);
		verdict_unref(v);
		mx_result_cleanup(&mx);
		conf_cleanup(&conf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests_name("explain published", tests, NULL, NULL);
}

/* test_sts.c - MTA-STS of a domain: what its record and its policy host come to, and what is remembered of it. */
#include "tests/unit/policy/sts_world.h"

static const struct sts_options plain = { 0 };

#define DAY 86400

/* --- one question ------------------------------------------------------------------------------------------------- */

static void test_modes(void **state)
{
	struct sts *sts = open_world(&plain);

	(void)state;
	set_policy("e.example", "1", "enforce", 10 * DAY);
	set_policy("t.example", "A2", "testing", 20 * DAY);
	set_policy("n.example", "3", "none", 30 * DAY);
	assert_int_equal(ask(sts, "e.example"), VERDICT_PUBLISHED_ENFORCE);
	assert_true(world.answer.present && world.answer.fetched_now);
	assert_string_equal(world.answer.id, "1");
	assert_string_equal(world.patterns, "mx.e.example *.e.example");
	assert_string_equal(world.text, find_site("e.example")->policy);
	assert_int_equal(world.answer.fetched_s, START_S);
	assert_int_equal(world.answer.expires_s, START_S + 10 * DAY);
	assert_int_equal(world.answer.ttl_s, 300);
	assert_int_equal(world.answer.txt_status, DNS_FOUND_INSECURE);
	assert_int_equal(world.answer.txt_record, STS_RECORD_VALID);
	assert_int_equal(world.answer.fetched_from.family, 2);
	assert_int_equal(world.answer.result, RESULT_NONE);
	assert_string_equal(world.answer.reason, "");
	assert_int_equal(ask(sts, "t.example"), VERDICT_PUBLISHED_TESTING);
	assert_string_equal(world.answer.id, "A2");
	assert_int_equal(ask(sts, "n.example"), VERDICT_PUBLISHED_NONE);
	assert_true(world.answer.present);
	close_world(sts);
}

static void test_no_record(void **state)
{
	struct sts *sts = open_world(&plain);

	(void)state;
	assert_false(find(sts, "a.example"));
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_NONE);
	assert_false(world.answer.present || world.answer.fetched_now);
	assert_int_equal(world.answer.txt_record, STS_RECORD_NONE);
	assert_string_equal(world.answer.reason, "");
	set_txt("b.example", "v=spf1 -all");
	assert_int_equal(ask(sts, "b.example"), VERDICT_PUBLISHED_NONE);
	assert_int_equal(world.fetched, 0);
	assert_string_equal(world.log, "");
	close_world(sts);
}

static void test_bad_record(void **state)
{
	struct sts *sts = open_world(&plain);
	struct site *site = set_txt("a.example", "v=STSv1; id=1");

	(void)state;
	site->txt_count = 2;
	(void)snprintf(site->txt[1], sizeof(site->txt[1]), "v=STSv1; id=2");
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_NONE);
		world.now_s += 400;
	}
	assert_int_equal(world.answer.result, RESULT_STS_POLICY_INVALID);
	assert_string_equal(world.answer.reason, "the TXT record _mta-sts.a.example is invalid: 2 records begin with "
						 "\"v=STSv1;\", and there must be one");
	assert_int_equal(world.fetched, 0);
	assert_int_equal(site->looked, 3);
	assert_int_equal(logged("sts-failed domain=a.example result=sts-policy-invalid remembered=nothing"), 1);
	close_world(sts);
}

static void test_failed_lookup(void **state)
{
	struct sts *sts = open_world(&plain);
	struct site *site = set_policy("a.example", "1", "enforce", DAY);
	struct sts_options ignore = { .lookup_failed = CONF_STS_LOOKUP_IGNORE,
				      .now_s = world_now,
				      .fetcher = some_fetcher };

	(void)state;
	site->txt_status = DNS_FAILED;
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_FAILED);
	assert_int_equal(world.answer.result, RESULT_NONE);
	assert_int_equal(world.answer.txt_status, DNS_FAILED);
	assert_string_equal(world.answer.reason, "the TXT record _mta-sts.a.example could not be looked up: SERVFAIL");
	assert_true(world.answer.ttl_s <= 15);
	assert_true(find(sts, "a.example"));
	assert_int_equal(world.answer.status, VERDICT_PUBLISHED_FAILED);
	sts_reload(sts, &ignore);
	assert_true(find(sts, "a.example"));
	assert_int_equal(world.answer.status, VERDICT_PUBLISHED_NONE);
	assert_string_equal(world.answer.reason, "the TXT record _mta-sts.a.example could not be looked up: SERVFAIL");
	world.now_s += 15;
	assert_false(find(sts, "a.example"));
	site->bogus = true; /* is never ignored */
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_FAILED);
	assert_int_equal(logged("sts-lookup-failed domain=a.example"), 1);
	world.now_s += 15;
	site->txt_status = DNS_FOUND_SECURE;
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	close_world(sts);
}

/* A fetch that fails, with nothing remembered: as if there were no policy; and it is not tried again for five minutes,
 * unless the record names another. */
static void test_back_off(void **state)
{
	struct sts *sts = open_world(&plain);
	struct site *site = set_txt("a.example", "v=STSv1; id=1");

	(void)state;
	site->ttl_s = 0; /* counts as 30 s */
	site->result = RESULT_STS_WEBPKI_INVALID;
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_NONE);
		assert_int_equal(world.answer.result, RESULT_STS_WEBPKI_INVALID);
		assert_string_equal(world.answer.reason, "nobody is there");
		assert_int_equal(world.answer.fetched_now, i == 0);
		assert_int_equal(world.answer.ttl_s, 30);
		assert_false(world.answer.present);
		world.now_s += 30;
	}
	assert_int_equal(site->fetched, 1);
	assert_int_equal(site->looked, 10);
	(void)ask(sts, "a.example"); /* five minutes are over */
	assert_int_equal(site->fetched, 2);
	world.now_s += 30;
	set_policy("a.example", "2", "enforce", DAY);
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	assert_int_equal(site->fetched, 3);
	assert_int_equal(world.answer.result, RESULT_NONE);
	assert_int_equal(logged("sts-failed domain=a.example id=1 result=sts-webpki-invalid"), 1);
	close_world(sts);
}

/* Where it was this host that had too much to do, the domain is not taken for one without a policy. */
static void test_failed_here(void **state)
{
	struct sts *sts = open_world(&plain);
	struct site *site = set_txt("a.example", "v=STSv1; id=1");
	struct sts_options ignore = { .lookup_failed = CONF_STS_LOOKUP_IGNORE,
				      .now_s = world_now,
				      .fetcher = some_fetcher };

	(void)state;
	site->ours = true;
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_FAILED);
	assert_int_equal(world.answer.result, RESULT_NONE); /* is no news to the domain */
	assert_string_equal(world.answer.reason, "nobody is there");
	assert_int_equal(world.answer.ttl_s, 15);
	sts_reload(sts, &ignore);
	assert_true(find(sts, "a.example"));
	assert_int_equal(world.answer.status, VERDICT_PUBLISHED_NONE);
	world.now_s += 15; /* and is tried again soon */
	set_policy("a.example", "1", "enforce", DAY);
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	assert_int_equal(site->fetched, 2);
	world.now_s += 400;
	set_policy("a.example", "2", "none", DAY)->policy[0] = '\0';
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE); /* what is remembered holds */
	assert_string_equal(world.answer.reason, "nobody is there");
	site->ours = false; /* and now it is the policy host */
	world.now_s += DAY;
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_NONE);
	assert_int_equal(world.answer.result, RESULT_STS_POLICY_FETCH_ERROR);
	close_world(sts);
}

static void test_bad_policy(void **state)
{
	struct sts *sts = open_world(&plain);
	struct site *site = set_policy("a.example", "1", "Enforce", DAY);

	(void)state;
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_NONE);
	assert_int_equal(world.answer.result, RESULT_STS_POLICY_INVALID);
	assert_string_equal(world.answer.reason, "the policy of a.example is invalid: line 2: mode \"Enforce\" is none "
						 "of enforce, testing and none");
	world.now_s += 301;
	set_policy("a.example", "1", "enforce", DAY);
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	assert_int_equal(site->fetched, 2);
	close_world(sts);
}

/* --- what is remembered ------------------------------------------------------------------------------------------- */

/* While the id stays the policy is not fetched again, and whatever becomes of record and host it holds. */
static void test_remembered(void **state)
{
	struct sts *sts = open_world(&plain);
	struct site *site = set_policy("a.example", "1", "enforce", 10 * DAY);

	(void)state;
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	world.now_s += 3600;
	assert_false(find(sts, "a.example"));
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	assert_false(world.answer.fetched_now);
	assert_int_equal(site->looked, 2);
	assert_int_equal(site->fetched, 1);
	site->policy[0] = '\0';
	/* record: missing, doubled, unreachable, bogus, of another id */
	site->txt_status = DNS_ABSENT_SECURE;
	world.now_s += 400;
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	site->txt_status = DNS_FOUND_INSECURE;
	site->txt_count = 2;
	(void)snprintf(site->txt[1], sizeof(site->txt[1]), "v=STSv1; id=2");
	world.now_s += 400;
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	assert_int_equal(world.answer.result, RESULT_STS_POLICY_INVALID);
	site->txt_status = DNS_FAILED;
	world.now_s += 400;
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	assert_string_equal(world.answer.reason, "the TXT record _mta-sts.a.example could not be looked up: SERVFAIL");
	site->bogus = true;
	world.now_s += 15;
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	set_txt("a.example", "v=STSv1; id=2");
	world.now_s += 15;
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	assert_int_equal(world.answer.result, RESULT_STS_POLICY_FETCH_ERROR);
	assert_string_equal(world.answer.id, "1");
	assert_string_equal(world.answer.txt_id, "2");
	assert_true(world.answer.fetched_now);
	assert_int_equal(site->fetched, 2);
	assert_int_equal(logged("remembered=enforce"), 2);
	close_world(sts);
}

/* Whatever was fetched replaces what was there, weaker or not. */
static void test_replaced(void **state)
{
	struct sts *sts = open_world(&plain);

	(void)state;
	set_policy("a.example", "1", "enforce", 10 * DAY);
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	world.now_s += 301;
	set_policy("a.example", "2", "none", 10 * DAY);
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_NONE);
	assert_string_equal(world.answer.id, "2");
	assert_int_equal(logged("sts-policy domain=a.example id=2 mode=none was=enforce"), 1);
	world.now_s += 301;
	set_policy("a.example", "3", "enforce", 20 * DAY);
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	assert_int_equal(world.answer.expires_s, world.now_s + 20 * DAY);
	close_world(sts);
}

static void test_expiry(void **state)
{
	struct sts *sts = open_world(&plain);
	struct site *site = set_policy("a.example", "1", "enforce", 1000);

	(void)state;
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	site->txt_status = DNS_ABSENT_INSECURE;
	site->policy[0] = '\0';
	world.now_s += 800;
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	assert_int_equal(world.answer.ttl_s, 200);
	world.now_s += 199;
	assert_true(find(sts, "a.example"));
	assert_int_equal(world.answer.ttl_s, 1);
	world.now_s += 1;
	assert_false(find(sts, "a.example"));
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_NONE);
	assert_false(world.answer.present);
	/* and is fetched again, of the same id, when the record is back */
	set_policy("a.example", "1", "enforce", 1000);
	world.now_s += 301;
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	close_world(sts);
}

/* A policy of no life is used all the same, and its host not asked without end. */
static void test_no_life(void **state)
{
	struct sts *sts = open_world(&plain);
	struct site *site = set_policy("a.example", "1", "enforce", 0);

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
		world.now_s += 30;
	}
	assert_true(site->fetched <= 3);
	close_world(sts);
}

/* --- the daily refresh -------------------------------------------------------------------------------------------- */

static void test_refresh(void **state)
{
	struct sts *sts = open_world(&plain);
	struct site *site = set_policy("a.example", "1", "enforce", 10 * DAY);

	(void)state;
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	world.now_s += DAY * 7 / 10; /* sooner than any jitter */
	(void)find(sts, "-");
	run();
	assert_int_equal(site->fetched, 1);
	site->txt_status = DNS_ABSENT_INSECURE; /* held back: the policy is fetched all the same */
	world.now_s += DAY * 3 / 10;
	(void)find(sts, "-");
	run();
	assert_int_equal(site->fetched, 2);
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	assert_int_equal(world.answer.expires_s, START_S + 11 * DAY);
	assert_string_equal(world.answer.id, "1");
	assert_false(world.answer.fetched_now);
	assert_int_equal(logged("sts-policy domain=a.example"), 1); /* nothing new */
	close_world(sts);
}

/* The policy that is remembered answers while it is fetched anew. */
static void test_refresh_holds_up_nobody(void **state)
{
	struct sts *sts = open_world(&plain);
	struct site *site = set_policy("a.example", "1", "enforce", 10 * DAY);

	(void)state;
	site->ttl_s = 100000;
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	world.now_s += DAY;
	world.hold_fetch = true;
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	assert_non_null(world.fetches);
	assert_true(find(sts, "a.example"));
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	world.hold_fetch = false;
	run();
	assert_int_equal(site->fetched, 2);
	close_world(sts);
}

static void tick(struct sts *sts, uint64_t step_s)
{
	world.now_s += step_s;
	(void)find(sts, "-");
	run();
}

static void test_refresh_fails(void **state)
{
	static const char *const modes[] = { "enforce", "none" };

	(void)state;
	for (unsigned i = 0; i < COUNT(modes); i++) {
		struct sts *sts = open_world(&plain);
		struct site *site = set_policy("a.example", "1", modes[i], 2 * DAY);

		(void)ask(sts, "a.example");
		site->policy[0] = '\0';
		for (unsigned minutes = 0; minutes < 2 * 24 * 60 - 2; minutes++)
			tick(sts, 60);
		assert_true(site->fetched >= 7 && site->fetched <= 20); /* 300 s, 600 s, ... to 4 h */
		assert_int_equal(logged("sts-refresh-failed domain=a.example mode=enforce times=3"), i == 0);
		assert_int_equal(logged("sts-refresh-failed"), i == 0);
		assert_int_equal(logged("sts-failed domain=a.example id=1"), 1);
		assert_int_equal(ask(sts, "a.example"), i == 0 ? VERDICT_PUBLISHED_ENFORCE : VERDICT_PUBLISHED_NONE);
		assert_true(world.answer.present);
		assert_int_equal(world.answer.result, RESULT_STS_POLICY_FETCH_ERROR);
		tick(sts, 600);
		assert_int_equal(logged("sts-expired"), 1);
		assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_NONE);
		assert_false(world.answer.present);
		close_world(sts);
	}
}

/* Who cannot wait gets what is remembered, for a moment, and never that there is nothing. */
static void test_in_a_hurry(void **state)
{
	struct sts *sts = open_world(&plain);
	struct sts_answer answer;

	(void)state;
	assert_false(sts_remembered(sts, "a.example", &answer));
	set_policy("a.example", "1", "enforce", 1000);
	(void)ask(sts, "a.example");
	assert_true(sts_remembered(sts, "a.example", &answer));
	assert_int_equal(answer.ttl_s, 300);
	assert_string_equal(answer.reason, "");
	world.hold_dns = true;
	world.now_s += 990;
	assert_non_null(sts_ask(sts, "a.example", on_answer, NULL));
	run();
	assert_false(sts_find(sts, "a.example", &answer));
	assert_true(sts_remembered(sts, "a.example", &answer));
	assert_int_equal(answer.status, VERDICT_PUBLISHED_ENFORCE);
	assert_int_equal(answer.policy->patterns_count, 2);
	assert_true(answer.ttl_s <= 10);
	assert_string_equal(answer.reason,
			    "whether the MTA-STS policy of a.example has changed could not be found out in time");
	world.now_s += 10;
	assert_false(sts_remembered(sts, "a.example", &answer));
	assert_non_null(sts_ask(sts, "b.example", on_answer, NULL));
	assert_false(sts_remembered(sts, "b.example", &answer));
	close_world(sts);
}

/* --- several askers, other DNS ------------------------------------------------------------------------------------ */

static void test_once_for_all(void **state)
{
	struct sts *sts = open_world(&plain);
	struct site *site = set_policy("a.example", "1", "enforce", DAY);
	struct sts_ask *left;

	(void)state;
	assert_non_null(sts_ask(sts, "a.example", on_answer, NULL));
	left = sts_ask(sts, "a.example", on_answer, NULL);
	assert_non_null(left);
	world.hold_fetch = true;
	run();
	assert_non_null(sts_ask(sts, "a.example", on_answer, NULL));
	sts_cancel(left);
	sts_cancel(NULL);
	assert_false(find(sts, "a.example"));
	world.hold_fetch = false;
	run();
	assert_int_equal(world.told, 2);
	assert_int_equal(site->looked, 1);
	assert_int_equal(site->fetched, 1);
	/* what is left when nobody waits any more is known to the next */
	set_policy("b.example", "1", "testing", DAY);
	left = sts_ask(sts, "b.example", on_answer, NULL);
	sts_cancel(left);
	run();
	assert_true(find(sts, "b.example"));
	assert_int_equal(world.answer.status, VERDICT_PUBLISHED_TESTING);
	close_world(sts);
}

struct chain {
	struct sts *sts;
	struct sts_ask *other;
	unsigned left;
};

static void on_chain(void *arg, const struct sts_answer *answer)
{
	struct chain *chain = arg;
	struct sts_answer found;

	assert_true(sts_find(chain->sts, "a.example", &found)); /* |answer| is not touched by it */
	assert_int_equal(answer->policy->patterns_count, 2);
	assert_string_equal(answer->policy->patterns[0].name, found.policy->patterns[0].name);
	sts_cancel(chain->other);
	chain->other = NULL;
	if (chain->left-- > 0)
		assert_non_null(sts_ask(chain->sts, "a.example", on_chain, chain));
	on_answer(NULL, answer);
}

/* Whoever is told may ask again and cancel another. */
static void test_from_inside(void **state)
{
	struct sts *sts = open_world(&plain);
	struct chain chain = { .sts = sts, .left = 5 };

	(void)state;
	set_policy("a.example", "1", "enforce", DAY);
	chain.other = sts_ask(sts, "a.example", on_answer, NULL);
	assert_non_null(sts_ask(sts, "a.example", on_chain, &chain));
	run();
	assert_int_equal(world.told, 6);
	close_world(sts);
}

static void test_other_dns(void **state)
{
	struct sts *sts = open_world(&plain);
	struct site *site = set_policy("a.example", "1", "enforce", DAY);

	(void)state;
	world.hold_dns = true;
	assert_non_null(sts_ask(sts, "a.example", on_answer, NULL));
	run();
	assert_non_null(world.queries);
	sts_use_dns(sts, NULL);
	assert_null(world.queries);
	world.hold_dns = false;
	assert_non_null(sts_ask(sts, "b.example", on_answer, NULL));
	run();
	assert_int_equal(world.told, 0);
	world.hold_fetch = true;
	sts_use_dns(sts, other_dns);
	run();
	assert_int_equal(world.told, 1);
	assert_non_null(world.fetches);
	sts_use_dns(sts, some_dns);
	assert_null(world.fetches);
	world.hold_fetch = false;
	run();
	assert_int_equal(world.told, 2);
	assert_int_equal(site->fetched, 1);
	assert_true(find(sts, "a.example"));
	sts_use_dns(sts, NULL); /* what is known is known without */
	assert_true(find(sts, "a.example"));
	sts_use_dns(sts, other_dns); /* and asked for anew of another */
	assert_false(find(sts, "a.example"));
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	assert_int_equal(site->fetched, 1);
	/* a fetch that is stopped leaves nothing known, were it only that there is no policy */
	world.hold_fetch = true;
	set_policy("d.example", "1", "enforce", DAY);
	sts_cancel(sts_ask(sts, "d.example", on_answer, NULL));
	run();
	sts_use_dns(sts, NULL);
	assert_false(find(sts, "d.example"));
	sts_use_dns(sts, some_dns);
	assert_false(find(sts, "d.example"));
	world.hold_fetch = false;
	assert_int_equal(ask(sts, "d.example"), VERDICT_PUBLISHED_ENFORCE);
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	sts_use_dns(sts, NULL); /* what is known is known without */
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	assert_non_null(sts_ask(sts, "c.example", on_answer, NULL));
	close_world(sts);
}

/* Another CA bundle: what failed is tried again at once, what was fetched stays. */
static void test_reload(void **state)
{
	struct sts *sts = open_world(&plain);
	struct site *bad = set_txt("a.example", "v=STSv1; id=1");
	struct site *good = set_policy("b.example", "1", "enforce", DAY);
	struct sts_options other = { .fetcher = (struct sts_fetcher *)&world.looked, .now_s = world_now };

	(void)state;
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_NONE);
	assert_int_equal(ask(sts, "b.example"), VERDICT_PUBLISHED_ENFORCE);
	world.hold_fetch = true;
	set_policy("c.example", "1", "testing", DAY);
	assert_non_null(sts_ask(sts, "c.example", on_answer, NULL));
	run();
	assert_non_null(world.fetches);
	sts_reload(sts, &other);
	assert_null(world.fetches);
	world.hold_fetch = false;
	run();
	assert_int_equal(world.answer.status, VERDICT_PUBLISHED_TESTING);
	set_policy("a.example", "1", "enforce", DAY);
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	assert_int_equal(bad->fetched, 2);
	assert_true(find(sts, "b.example"));
	assert_int_equal(good->fetched, 1);
	close_world(sts);
}

static void test_out_of_memory(void **state)
{
	struct sts *sts = open_world(&plain);

	(void)state;
	world.out_of_memory = true;
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_FAILED);
	assert_string_equal(world.answer.reason,
			    "the TXT record _mta-sts.a.example could not be looked up: out of memory");
	world.out_of_memory = false;
	world.now_s += 15;
	set_policy("a.example", "1", "enforce", DAY);
	world.hold_dns = true;
	assert_non_null(sts_ask(sts, "a.example", on_answer, NULL));
	run();
	world.out_of_memory = true;
	world.hold_dns = false;
	run();
	assert_int_equal(world.answer.status, VERDICT_PUBLISHED_FAILED); /* it may well have a policy */
	assert_string_equal(world.answer.reason, "the policy could not be fetched: out of memory");
	close_world(sts);
}

/* A domain whose _mta-sts would be longer than a name can be has none. */
static void test_long_name(void **state)
{
	struct sts *sts = open_world(&plain);
	char name[VERDICT_NAME_MAX];

	(void)state;
	for (unsigned i = 0; i < 250; i++)
		name[i] = i % 50 == 49 ? '.' : 'a';
	name[250] = '\0';
	assert_int_equal(ask(sts, name), VERDICT_PUBLISHED_NONE);
	assert_int_equal(world.looked, 0);
	close_world(sts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_no_record),
		cmocka_unit_test(test_bad_record),
		cmocka_unit_test(test_failed_lookup),
		cmocka_unit_test(test_back_off),
		cmocka_unit_test(test_failed_here),
		cmocka_unit_test(test_bad_policy),
		cmocka_unit_test(test_remembered),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_no_life),
		cmocka_unit_test(test_refresh),
		cmocka_unit_test(test_refresh_holds_up_nobody),
		cmocka_unit_test(test_refresh_fails),
		cmocka_unit_test(test_in_a_hurry),
		cmocka_unit_test(test_once_for_all),
		cmocka_unit_test(test_from_inside),
		cmocka_unit_test(test_other_dns),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_long_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

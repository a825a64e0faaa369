/* test_gather.c - MX hosts, MTA-STS and list for one question: in any order, late, never, and left by the asker. The
 * DNS is mx_world.h's, MTA-STS and list are this file's (tests.mk wraps them). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "policy/gather/gather.h"
#include "tests/unit/policy/mx_world.h"

/* --- MTA-STS and list --------------------------------------------------------------------------------------------- */

struct sts_ask {
	struct event *event;
	sts_answer_fn *fn;
	void *arg;
};

static struct {
	struct event_base *base;
	enum verdict_published status;
	int after_ms; /* -1: never */
	bool refused; /* sts_ask fails */
	bool known;   /* sts_find finds it */
	bool remembered;
	unsigned asked, found;
	struct sts_ask *asks; /* at most one */
} fake_sts;

static struct verdict_pattern pattern = { "d.example", true };
static struct sts_policy policy = { STS_MODE_ENFORCE, 86400, &pattern, 1 };

struct sts_ask *__wrap_sts_ask(struct sts *sts, const char *domain, sts_answer_fn *fn, void *arg);
void __wrap_sts_cancel(struct sts_ask *ask);
bool __wrap_sts_find(struct sts *sts, const char *domain, struct sts_answer *out);
bool __wrap_sts_remembered(struct sts *sts, const char *domain, struct sts_answer *out);
bool __wrap_list_find(const struct list *list, const char *domain, struct list_entry *out);
uint64_t __wrap_list_expires(const struct list *list);

static void sts_fill(struct sts_answer *out)
{
	*out = (struct sts_answer){ .status = fake_sts.status, .ttl_s = 500 };
	out->present = fake_sts.status == VERDICT_PUBLISHED_ENFORCE;
	out->policy = out->present ? &policy : NULL;
	out->text = out->present ? "text" : NULL;
}

void __wrap_sts_cancel(struct sts_ask *ask)
{
	if (ask == NULL)
		return;
	assert_ptr_equal(ask, fake_sts.asks);
	fake_sts.asks = NULL;
	event_free(ask->event);
	free(ask);
}

static void on_sts_event(evutil_socket_t fd, short what, void *arg)
{
	struct sts_ask *ask = arg;
	struct sts_answer answer;
	sts_answer_fn *fn = ask->fn;
	void *fn_arg = ask->arg;

	(void)fd;
	(void)what;
	sts_fill(&answer);
	__wrap_sts_cancel(ask);
	fn(fn_arg, &answer);
	memset(&answer, 0xa5, sizeof(answer)); /* borrowed for the call, and no longer */
}

struct sts_ask *__wrap_sts_ask(struct sts *sts, const char *domain, sts_answer_fn *fn, void *arg)
{
	const struct timeval after = { .tv_usec = (suseconds_t)(fake_sts.after_ms % 1000) * 1000,
				       .tv_sec = fake_sts.after_ms / 1000 };
	struct sts_ask *ask;

	assert_non_null(sts);
	assert_non_null(domain);
	assert_null(fake_sts.asks);
	fake_sts.asked++;
	if (fake_sts.refused)
		return NULL;
	ask = calloc(1, sizeof(*ask));
	assert_non_null(ask);
	*ask = (struct sts_ask){ .fn = fn, .arg = arg };
	ask->event = evtimer_new(fake_sts.base, on_sts_event, ask);
	assert_non_null(ask->event);
	fake_sts.asks = ask;
	if (fake_sts.after_ms == 0)
		event_active(ask->event, EV_TIMEOUT, 0);
	else if (fake_sts.after_ms > 0)
		assert_int_equal(evtimer_add(ask->event, &after), 0);
	return ask;
}

bool __wrap_sts_find(struct sts *sts, const char *domain, struct sts_answer *out)
{
	assert_non_null(sts);
	assert_non_null(domain);
	fake_sts.found++;
	if (fake_sts.known)
		sts_fill(out);
	return fake_sts.known;
}

bool __wrap_sts_remembered(struct sts *sts, const char *domain, struct sts_answer *out)
{
	assert_non_null(sts);
	assert_non_null(domain);
	if (fake_sts.remembered)
		sts_fill(out);
	return fake_sts.remembered;
}

bool __wrap_list_find(const struct list *list, const char *domain, struct list_entry *out)
{
	assert_non_null(list);
	*out = (struct list_entry){ true, &pattern, 1 };
	return strcmp(domain, "d.example") == 0;
}

uint64_t __wrap_list_expires(const struct list *list)
{
	assert_non_null(list);
	return 4000000000u;
}

/* --- the world ---------------------------------------------------------------------------------------------------- */

static const struct known hosts[] = {
	{ "d.example", DNS_MX, DNS_FOUND_SECURE, 300, "10 mx", NULL },
	{ "mx", DNS_A, DNS_FOUND_SECURE, 250, "192.0.2.1", NULL },
	{ "i.example", DNS_MX, DNS_FOUND_INSECURE, 300, "10 dane", NULL },
	{ "some.example", DNS_MX, DNS_FOUND_SECURE, 300, "10 dane 20 mx", NULL },
	{ "dane.example", DNS_MX, DNS_FOUND_SECURE, 300, "10 dane", NULL },
	{ "dane", DNS_A, DNS_FOUND_SECURE, 250, "192.0.2.2", NULL },
	{ "_25._tcp.dane", DNS_TLSA, DNS_FOUND_SECURE, 120, "3 1 1 " DIGEST, NULL },
	{ "f.example", DNS_MX, DNS_FAILED, 300, NULL, NULL },
	{ NULL, 0, 0, 0, NULL, NULL },
};

static struct {
	struct world w;
	struct mx_cache *cache;
	struct gather_sources sources;
	unsigned done;
	char said[1024];
	uint32_t mx_ttl_s;
} all;

static void open_all(void)
{
	struct mx_cache_limits limits = MX_CACHE_LIMITS_DEFAULT;
	static int dummy;

	memset(&all, 0, sizeof(all));
	memset(&fake_sts, 0, sizeof(fake_sts));
	open_world(&all.w, hosts);
	fake_sts.base = all.w.base;
	fake_sts.status = VERDICT_PUBLISHED_NONE;
	all.cache = mx_cache_new(all.w.base, NULL, &limits);
	assert_non_null(all.cache);
	all.sources = (struct gather_sources){ .base = all.w.base,
					       .cache = all.cache,
					       .sts = (struct sts *)&dummy,
					       .list = (struct list *)&dummy,
					       .deadline_ms = 2000 };
}

static void close_all(void)
{
	mx_cache_free(all.cache);
	assert_null(fake_sts.asks);
	close_world(&all.w);
}

static struct decide_want want_of(const char *domain)
{
	return (struct decide_want){ .mx = { .domain = domain, .dane = true, .insecure_mx = true, .port = 25 },
				     .sts = true,
				     .list = true };
}

static void describe(const struct decide_facts *facts)
{
	const struct sts_answer *sts = &facts->sts;
	unsigned ttl_s = (facts->mx_ttl_s + 9) / 10 * 10; /* some seconds may have gone by */

	all.mx_ttl_s = facts->mx_ttl_s;
	(void)snprintf(all.said, sizeof(all.said), "%s %zu %u; %s%s%s; %s", verdict_lookup_name(facts->mx->lookup),
		       facts->mx->hosts_count, ttl_s,
		       facts->sts_known ? verdict_published_name(sts->status) : "unknown", sts->present ? " of " : "",
		       sts->present ? sts->policy->patterns[0].name : "", facts->listed ? "listed" : "not listed");
	if (facts->sts_known && sts->reason[0] != '\0')
		(void)snprintf(all.said + strlen(all.said), sizeof(all.said) - strlen(all.said), " (%s)", sts->reason);
	assert_true(facts->now_s > 1700000000u);
	assert_true(!facts->listed || facts->list_expires_s == 4000000000u);
}

static void on_facts(void *arg, const struct decide_facts *facts)
{
	struct gather **at = arg;

	all.done++;
	describe(facts);
	*at = NULL;
	(void)event_base_loopbreak(all.w.base);
}

static struct gather *start(const char *domain, struct gather **at)
{
	struct decide_want want = want_of(domain);

	*at = gather_start(&all.sources, &want, on_facts, at);
	assert_non_null(*at);
	assert_int_equal(all.done, 0); /* never from inside */
	return *at;
}

struct row {
	const char *what, *domain;
	enum verdict_published status;
	int after_ms;
	const char *said;
};

static const struct row rows[] = {
	{ "MX, then MTA-STS", "d.example", VERDICT_PUBLISHED_ENFORCE, 20, "found 1 250; enforce of d.example; listed" },
	{ "MTA-STS, then MX", "d.example", VERDICT_PUBLISHED_ENFORCE, 0, "found 1 250; enforce of d.example; listed" },
	{ "no policy", "d.example", VERDICT_PUBLISHED_NONE, 20, "found 1 250; none; listed" },
	{ "a failed lookup", "d.example", VERDICT_PUBLISHED_FAILED, 0, "found 1 250; failed; listed" },
	{ "never: TLSA records decide", "dane.example", VERDICT_PUBLISHED_ENFORCE, -1,
	  "found 1 120; unknown; not listed" },
	{ "before they did", "dane.example", VERDICT_PUBLISHED_ENFORCE, 0,
	  "found 1 120; enforce of d.example; not listed" },
	{ "records of some hosts wait for it", "some.example", VERDICT_PUBLISHED_NONE, 20,
	  "found 2 120; none; not listed" },
	{ "records beneath a list that is not proved do", "i.example", VERDICT_PUBLISHED_NONE, 20,
	  "found 1 120; none; not listed" },
	{ "no list of MX hosts does not", "f.example", VERDICT_PUBLISHED_ENFORCE, -1,
	  "failed 0 20; unknown; not listed" },
	{ "no MX does", "nowhere.example", VERDICT_PUBLISHED_ENFORCE, 20,
	  "absent 0 400; enforce of d.example; not listed" },
	{ "never", "d.example", VERDICT_PUBLISHED_ENFORCE, -1,
	  "found 1 250; failed; listed (the MTA-STS policy of d.example could not be had in time)" },
};

static void test_rows(void **state)
{
	struct gather *gather;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		open_all();
		all.sources.deadline_ms = rows[i].after_ms < 0 ? 100 : 2000;
		fake_sts.status = rows[i].status;
		fake_sts.after_ms = rows[i].after_ms;
		(void)start(rows[i].domain, &gather);
		while (all.done == 0)
			assert_int_equal(event_base_dispatch(all.w.base), 0);
		assert_int_equal(all.done, 1);
		if (strcmp(all.said, rows[i].said) != 0)
			fail_msg("%s: \"%s\"; wanted \"%s\"", rows[i].what, all.said, rows[i].said);
		assert_int_equal(fake_sts.asked, 1);
		close_all();
	}
}

static void wait_done(void)
{
	while (all.done == 0)
		assert_int_equal(event_base_dispatch(all.w.base), 0);
}

/* What is known is answered without a question to anybody. */
static void test_find(void **state)
{
	struct decide_want want = want_of("d.example");
	struct decide_facts facts;
	struct gather *gather;

	(void)state;
	open_all();
	fake_sts.status = VERDICT_PUBLISHED_ENFORCE;
	assert_false(gather_find(&all.sources, &want, &facts));
	(void)start("d.example", &gather);
	wait_done();
	unsigned asked = fake.count;
	assert_false(gather_find(&all.sources, &want, &facts)); /* MTA-STS is not known */
	fake_sts.known = true;
	assert_true(gather_find(&all.sources, &want, &facts));
	describe(&facts);
	assert_string_equal(all.said, "found 1 250; enforce of d.example; listed");
	/* Known of MTA-STS alone: its answer serves the next question, which asks for the rest. */
	all.done = 0;
	(void)start("some.example", &gather);
	wait_done();
	assert_string_equal(all.said, "found 2 120; enforce of d.example; not listed");
	assert_int_equal(fake_sts.asked, 1);
	assert_true(fake.count > asked);
	/* Everything known: still not from inside. */
	all.done = 0;
	asked = fake.count;
	(void)start("d.example", &gather);
	wait_done();
	assert_string_equal(all.said, "found 1 250; enforce of d.example; listed");
	assert_int_equal(fake.count, asked);
	want.sts = want.list = false;
	fake_sts.known = false;
	assert_true(gather_find(&all.sources, &want, &facts));
	assert_false(facts.sts_known || facts.listed);
	close_all();
}

/* Who has to be asked in vain. */
static void test_failures(void **state)
{
	struct mx_cache_limits none = MX_CACHE_LIMITS_DEFAULT;
	struct gather *gather;

	(void)state;
	open_all(); /* out of memory */
	fake_sts.refused = true;
	(void)start("d.example", &gather);
	wait_done();
	assert_non_null(strstr(all.said, "found 1 250; failed; listed (the MTA-STS policy of d.example could not be"));
	close_all();
	open_all(); /* nobody to ask */
	all.sources.sts = NULL;
	(void)start("d.example", &gather);
	wait_done();
	assert_non_null(strstr(all.said, "found 1 250; failed; listed (the MTA-STS policy of d.example cannot be"));
	close_all();
	open_all(); /* late, and the operator does not mind */
	all.sources.deadline_ms = 50;
	all.sources.lookup_failed = CONF_STS_LOOKUP_IGNORE;
	fake_sts.after_ms = -1;
	(void)start("d.example", &gather);
	wait_done();
	assert_non_null(strstr(all.said, "found 1 250; none; listed (the MTA-STS policy"));
	close_all();
	open_all(); /* but for a policy that is remembered: lateness takes none away */
	all.sources.deadline_ms = 50;
	all.sources.lookup_failed = CONF_STS_LOOKUP_IGNORE;
	fake_sts.after_ms = -1;
	fake_sts.status = VERDICT_PUBLISHED_ENFORCE;
	fake_sts.remembered = true;
	(void)start("d.example", &gather);
	wait_done();
	assert_string_equal(all.said, "found 1 250; enforce of d.example; listed");
	close_all();
	open_all(); /* the DNS says nothing */
	all.sources.deadline_ms = 50;
	fake.silent = "d.example";
	(void)start("d.example", &gather);
	wait_done();
	assert_string_equal(all.said, "failed 0 20; none; listed");
	close_all();
	open_all(); /* too much to do, and not from inside */
	mx_cache_free(all.cache);
	none.lookups_max = 0;
	fake_sts.after_ms = -1;
	all.cache = mx_cache_new(all.w.base, NULL, &none);
	assert_non_null(all.cache);
	all.sources.cache = all.cache;
	(void)start("d.example", &gather);
	wait_done();
	assert_non_null(strstr(all.said, "failed 0 20; unknown"));
	close_all();
}

/* An asker that leaves, at any time, takes nothing along that others wait for, and leaves nothing behind. */
static void test_cancel(void **state)
{
	(void)state;
	for (unsigned steps = 0; steps < 6; steps++) {
		struct gather *gather;
		open_all();
		fake_sts.after_ms = steps % 2 == 0 ? 0 : -1;
		(void)start("d.example", &gather);
		for (unsigned i = 0; i < steps && all.done == 0; i++)
			(void)event_base_loop(all.w.base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
		gather_cancel(gather);
		assert_null(fake_sts.asks);
		close_all();
	}
	gather_cancel(NULL);
}

/* What waited for another source has grown older meanwhile. */
static void test_age(void **state)
{
	struct gather *gather;

	(void)state;
	open_all();
	fake_sts.after_ms = 1100;
	(void)start("d.example", &gather);
	wait_done();
	assert_in_range(all.mx_ttl_s, 1, 249);
	close_all();
}

static void on_watch(void *arg, const char *name, enum dns_type type, const struct dns_answer *answer)
{
	(void)name;
	(void)type;
	(void)answer;
	(*(unsigned *)arg)++;
}

/* A command has no cache, sees each answer, and waits for MTA-STS to show it. */
static void test_command(void **state)
{
	struct gather *gather;
	unsigned seen = 0;

	(void)state;
	open_all();
	all.sources.cache = NULL;
	all.sources.watch = on_watch;
	all.sources.watch_arg = &seen;
	all.sources.patient = true;
	fake_sts.after_ms = 50;
	fake_sts.status = VERDICT_PUBLISHED_ENFORCE;
	(void)start("dane.example", &gather);
	wait_done();
	assert_string_equal(all.said, "found 1 120; enforce of d.example; not listed");
	assert_int_equal(seen, 4);
	all.done = 0;
	(void)start("d.example", &gather);
	(void)event_base_loop(all.w.base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
	gather_cancel(gather);
	close_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),   cmocka_unit_test(test_find), cmocka_unit_test(test_failures),
		cmocka_unit_test(test_cancel), cmocka_unit_test(test_age),  cmocka_unit_test(test_command),
	};

	return cmocka_run_group_tests_name("gather", tests, NULL, NULL);
}

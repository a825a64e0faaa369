/* test_mx_dane.c - whole lookups with TLSA records, and the cache of them, against a DNS that is a table: dns_ask and
 * dns_cancel are this file's (tests.mk wraps them), and every answer comes from the event loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/mx/mx_cache.h"

#define DIGEST "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* What the DNS knows. |value|: MX hosts "10 mx1 20 mx2", an address, or a TLSA record. */
struct known {
	const char *name;
	enum dns_type type;
	enum dns_status status;
	uint32_t ttl_s;
	const char *value;
	const char *canonical; /* NULL: no alias */
};

/* --- the fake ----------------------------------------------------------------------------------------------------- */

struct dns_query {
	struct event *event;
	char name[DNS_NAME_MAX];
	enum dns_type type;
	dns_answer_fn *fn;
	void *arg;
	struct dns_query *next;
};

static struct {
	struct event_base *base;
	const struct known *known; /* ends with a NULL name; what is not here is absent, proved, for 400 s */
	const char *silent;        /* no answer about this name */
	const char *refused;       /* dns_ask fails for this name */
	unsigned asked_each;       /* questions that an answer says it took */
	unsigned waiting, most_waiting;
	struct dns_query *queries;
	char asked[4096]; /* the names and types asked about, in order */
	unsigned count;
} fake;

struct dns_query *__wrap_dns_ask(struct dns *dns, const char *name, enum dns_type type, dns_answer_fn *fn, void *arg);
void __wrap_dns_cancel(struct dns_query *query);

static void forget(struct dns_query *query)
{
	struct dns_query **at = &fake.queries;

	while (*at != query)
		at = &(*at)->next;
	*at = query->next;
	fake.waiting--;
	event_free(query->event);
	free(query);
}

static const struct known *look_for(const char *name, enum dns_type type)
{
	const struct known *known = fake.known;

	while (known->name != NULL && (strcmp(known->name, name) != 0 || known->type != type))
		known++;
	return known->name != NULL ? known : NULL;
}

static void fill(struct dns_answer *answer, const struct known *known)
{
	char text[4096];
	char *at = text;
	const char *word;

	(void)snprintf(text, sizeof(text), "%s", known->value != NULL ? known->value : "");
	if (known->type == DNS_TLSA && text[0] != '\0') {
		answer->tlsa = calloc(1, sizeof(*answer->tlsa));
		assert_true(answer->tlsa != NULL && tlsa_parse(answer->tlsa, text));
		answer->tlsa_count = 1;
		return;
	}
	while ((word = strsep(&at, " ")) != NULL && word[0] != '\0') {
		if (known->type == DNS_MX) {
			struct dns_mx *mx = &answer->mx[answer->mx_count++];
			mx->preference = (uint16_t)strtoul(word, NULL, 10);
			(void)snprintf(mx->name, sizeof(mx->name), "%s", strsep(&at, " "));
		} else {
			assert_true(addr_parse(&answer->addrs[answer->addrs_count++], word));
		}
	}
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	static struct dns_answer answer;
	struct dns_query *query = arg;
	const struct known *known = look_for(query->name, query->type);
	dns_answer_fn *fn = query->fn;
	void *fn_arg = query->arg;

	(void)fd;
	(void)what;
	memset(&answer, 0, sizeof(answer));
	answer.status = known != NULL ? known->status : DNS_ABSENT_SECURE;
	answer.ttl_s = known != NULL ? known->ttl_s : 400;
	answer.asked = fake.asked_each;
	(void)snprintf(answer.canonical, sizeof(answer.canonical), "%s",
		       known != NULL && known->canonical != NULL ? known->canonical : query->name);
	if (answer.status == DNS_FAILED)
		(void)snprintf(answer.reason, sizeof(answer.reason), "SERVFAIL");
	if (known != NULL)
		fill(&answer, known);
	forget(query);
	fn(fn_arg, &answer);
	tlsa_free(answer.tlsa, answer.tlsa_count);
}

struct dns_query *__wrap_dns_ask(struct dns *dns, const char *name, enum dns_type type, dns_answer_fn *fn, void *arg)
{
	struct dns_query *query = calloc(1, sizeof(*query));
	size_t len = strlen(fake.asked);

	(void)dns;
	assert_non_null(query);
	if (fake.refused != NULL && strcmp(fake.refused, name) == 0) {
		free(query);
		return NULL;
	}
	(void)snprintf(fake.asked + len, sizeof(fake.asked) - len, "%s %s\n", dns_type_name(type), name);
	fake.count++;
	*query = (struct dns_query){ .type = type, .fn = fn, .arg = arg, .next = fake.queries };
	(void)snprintf(query->name, sizeof(query->name), "%s", name);
	query->event = event_new(fake.base, -1, 0, on_event, query);
	assert_non_null(query->event);
	fake.queries = query;
	fake.waiting++;
	fake.most_waiting = fake.waiting > fake.most_waiting ? fake.waiting : fake.most_waiting;
	if (fake.silent == NULL || strcmp(fake.silent, name) != 0)
		event_active(query->event, EV_TIMEOUT, 0);
	return query;
}

void __wrap_dns_cancel(struct dns_query *query)
{
	if (query != NULL)
		forget(query);
}

/* --- lookups ------------------------------------------------------------------------------------------------------ */

static const struct known three_hosts[] = {
	{ "d.example", DNS_MX, DNS_FOUND_SECURE, 300, "10 mx1 20 mx2 30 mx3", NULL },
	{ "mx1", DNS_A, DNS_FOUND_SECURE, 250, "192.0.2.1", NULL },
	{ "_25._tcp.mx1", DNS_TLSA, DNS_FOUND_SECURE, 120, "3 1 1 " DIGEST, NULL },
	{ "_2525._tcp.mx1", DNS_TLSA, DNS_FOUND_SECURE, 120, "1 1 1 " DIGEST, NULL },
	{ "mx2", DNS_A, DNS_FOUND_SECURE, 250, "192.0.2.2", NULL },
	{ "mx2", DNS_AAAA, DNS_FOUND_SECURE, 250, "2001:db8::2", NULL },
	{ "_25._tcp.mx2", DNS_TLSA, DNS_FAILED, 1, NULL, NULL },
	{ "mx3", DNS_A, DNS_FOUND_INSECURE, 200, "192.0.2.3", NULL },
	{ "mx3", DNS_AAAA, DNS_ABSENT_INSECURE, 180, NULL, NULL },
	{ "_25._tcp.mx3", DNS_TLSA, DNS_FAILED, 1, NULL, NULL },
	{ "i.example", DNS_MX, DNS_FOUND_INSECURE, 300, "10 mx1", NULL },
	{ "a.example", DNS_MX, DNS_FOUND_SECURE, 300, "10 mx1", "d.example" },
	{ "f.example", DNS_MX, DNS_FAILED, 300, NULL, NULL },
	{ "implicit.example", DNS_A, DNS_FOUND_SECURE, 50, "192.0.2.9", NULL },
	{ "_25._tcp.implicit.example", DNS_TLSA, DNS_FOUND_SECURE, 400, "2 0 1 " DIGEST, NULL },
	{ NULL, 0, 0, 0, NULL, NULL },
};

struct world {
	struct event_base *base;
	unsigned done;
	struct mx_result result;
	uint32_t ttl_s;
	unsigned watched;
};

static void open_world(struct world *w, const struct known *known)
{
	memset(w, 0, sizeof(*w));
	memset(&fake, 0, sizeof(fake));
	w->base = event_base_new();
	assert_non_null(w->base);
	fake.base = w->base;
	fake.known = known;
	fake.asked_each = 1;
}

/* Whatever happened, no question is left behind. */
static void close_world(struct world *w)
{
	mx_result_cleanup(&w->result);
	assert_null(fake.queries);
	event_base_free(w->base);
}

static void on_done(void *arg, struct mx_result *result)
{
	struct world *w = arg;

	mx_result_cleanup(&w->result);
	w->result = *result;
	*result = (struct mx_result){ 0 };
	w->done++;
	(void)event_base_loopbreak(w->base);
}

static void on_watch(void *arg, const char *name, enum dns_type type, const struct dns_answer *answer)
{
	struct world *w = arg;

	assert_true(name[0] != '\0' && type != 0 && answer != NULL);
	w->watched++;
}

static void wait_for(struct world *w, unsigned done)
{
	while (w->done < done)
		assert_int_equal(event_base_dispatch(w->base), 0);
}

static void look_up(struct world *w, const struct mx_want *want, uint32_t deadline_ms)
{
	struct mx_lookup *lookup = mx_lookup_start(w->base, NULL, want, deadline_ms, on_done, w);

	assert_non_null(lookup);
	mx_lookup_watch(lookup, on_watch, w);
	wait_for(w, w->done + 1);
}

/* "mx1 usable base 1 1, ...": name, what came of it, base, addresses, records. */
static void assert_hosts(const struct world *w, const char *wanted)
{
	char got[2048] = "";

	for (size_t i = 0; i < w->result.hosts_count; i++) {
		const struct verdict_mx *mx = &w->result.hosts[i];
		size_t len = strlen(got);
		(void)snprintf(got + len, sizeof(got) - len, "%s%s %s %s %zu%s %zu", i > 0 ? ", " : "", mx->name,
			       verdict_dane_name(mx->dane), mx->tlsa_base[0] != '\0' ? mx->tlsa_base : "-",
			       mx->addrs_count, mx->addrs_failed ? "!" : "", mx->tlsa_count);
	}
	assert_string_equal(got, wanted);
}

static bool was_asked(const char *line)
{
	return strstr(fake.asked, line) != NULL;
}

/* One sick host and one in an unsigned zone: each for itself, all at the same time. */
static void test_hosts(void **state)
{
	const struct mx_want want = { .domain = "d.example", .dane = true, .port = 25 };
	struct world w;

	(void)state;
	open_world(&w, three_hosts);
	look_up(&w, &want, 10000);
	assert_true(w.result.secure);
	assert_hosts(&w, "mx1 usable mx1 1 1, mx2 failed - 2 0, mx3 none - 1 0");
	assert_int_equal(w.result.addrs[0], HOST_ADDRS_SECURE);
	assert_int_equal(w.result.addrs[2], HOST_ADDRS_INSECURE);
	assert_int_equal(w.result.ttl_s, 120); /* the records'; that of a failure says nothing */
	assert_string_equal(w.result.reason, "MX host mx2: its TLSA records could not be had: SERVFAIL");
	assert_true(was_asked("TLSA _25._tcp.mx1\n") && was_asked("TLSA _25._tcp.mx2\n"));
	assert_false(was_asked("_tcp.mx3"));
	assert_int_equal(fake.count, 9);
	assert_int_equal(w.watched, 9);
	assert_true(fake.most_waiting >= 6); /* both families of all three, before any was answered */
	close_world(&w);
}

static void test_what_is_wanted(void **state)
{
	static const struct {
		const char *what;
		struct mx_want want;
		bool secure;
		const char *hosts, *canonical;
	} rows[] = {
		{ "without DANE",
		  { "d.example", false, false, 25 },
		  true,
		  "mx1 none - 1 0, mx2 none - 2 0, mx3 none - 1 0",
		  "d.example" },
		{ "another port",
		  { "d.example", true, true, 2525 },
		  true,
		  "mx1 unusable mx1 1 0, mx2 none - 2 0, mx3 none - 1 0",
		  "d.example" },
		{ "an insecure list, and that counts",
		  { "i.example", true, true, 25 },
		  false,
		  "mx1 usable mx1 1 1",
		  "i.example" },
		{ "an insecure list, and that does not",
		  { "i.example", true, false, 25 },
		  false,
		  "mx1 none - 1 0",
		  "i.example" },
		{ "an alias", { "a.example", true, false, 25 }, true, "mx1 usable mx1 1 1", "d.example" },
		{ "no MX: the domain itself",
		  { "implicit.example", true, false, 25 },
		  true,
		  "implicit.example usable implicit.example 1 1",
		  "implicit.example" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world w;
		open_world(&w, three_hosts);
		look_up(&w, &rows[i].want, 10000);
		assert_hosts(&w, rows[i].hosts);
		assert_string_equal(w.result.canonical, rows[i].canonical);
		assert_int_equal(w.result.secure, rows[i].secure);
		if (was_asked("TLSA") && (!rows[i].want.dane || (!rows[i].secure && !rows[i].want.insecure_mx)))
			fail_msg("%s: TLSA records are asked for", rows[i].what);
		close_world(&w);
	}
}

static void test_no_hosts(void **state)
{
	static const struct {
		const char *domain;
		enum verdict_lookup lookup;
	} rows[] = { { "f.example", VERDICT_LOOKUP_FAILED }, { "barren.example", VERDICT_LOOKUP_ABSENT } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct mx_want want = { .domain = rows[i].domain, .dane = true, .port = 25 };
		struct world w;
		open_world(&w, three_hosts);
		look_up(&w, &want, 10000);
		assert_int_equal(w.result.lookup, rows[i].lookup);
		assert_int_equal(w.result.hosts_count, 0);
		assert_true(w.result.reason[0] != '\0');
		assert_int_equal(w.result.secure, rows[i].lookup == VERDICT_LOOKUP_ABSENT);
		close_world(&w);
	}
}

/* Time is up: what is there counts, what is not has failed, at whichever step. */
static void test_deadline(void **state)
{
	static const struct {
		const char *silent, *hosts;
	} rows[] = {
		{ "_25._tcp.mx1", "mx1 failed - 1 0, mx2 failed - 2 0, mx3 none - 1 0" },
		{ "mx1", "mx1 failed - 0! 0, mx2 failed - 2 0, mx3 none - 1 0" },
		{ "mx3", "mx1 usable mx1 1 1, mx2 failed - 2 0, mx3 failed - 0! 0" },
		{ "d.example", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct mx_want want = { .domain = "d.example", .dane = true, .port = 25 };
		struct world w;
		open_world(&w, three_hosts);
		fake.silent = rows[i].silent;
		look_up(&w, &want, 50);
		assert_hosts(&w, rows[i].hosts);
		assert_int_equal(w.result.lookup, i == 3 ? VERDICT_LOOKUP_FAILED : VERDICT_LOOKUP_FOUND);
		close_world(&w);
	}
}

/* dns_ask that fails is a host that fails; of the MX, no lookup at all. */
static void test_refused(void **state)
{
	const struct mx_want want = { .domain = "d.example", .dane = true, .port = 25 };
	struct world w;

	(void)state;
	open_world(&w, three_hosts);
	fake.refused = "mx1";
	look_up(&w, &want, 10000);
	assert_hosts(&w, "mx1 failed - 0! 0, mx2 failed - 2 0, mx3 none - 1 0");
	fake.refused = "_25._tcp.mx1";
	look_up(&w, &want, 10000);
	assert_hosts(&w, "mx1 failed - 1 0, mx2 failed - 2 0, mx3 none - 1 0");
	fake.refused = "d.example";
	assert_null(mx_lookup_start(w.base, NULL, &want, 1000, on_done, &w));
	close_world(&w);
}

/* 32 hosts, each an alias with two candidates, take no more than there may be; a resolver that needs many for each
 * does, and then what was not answered has failed. */
static void test_questions(void **state)
{
	static struct known known[1 + 3 * VERDICT_MX_MAX + 1];
	static char hosts[VERDICT_MX_MAX][3][32];
	static char list[1024];
	const struct mx_want want = { .domain = "big.example", .dane = true, .port = 25 };
	struct world w;
	size_t failed = 0;

	(void)state;
	known[0] = (struct known){ "big.example", DNS_MX, DNS_FOUND_SECURE, 300, list, NULL };
	for (unsigned i = 0; i < VERDICT_MX_MAX; i++) {
		size_t len = strlen(list);
		(void)snprintf(hosts[i][0], 32, "mx%u", i);
		(void)snprintf(hosts[i][1], 32, "end%u", i);
		(void)snprintf(hosts[i][2], 32, "_25._tcp.mx%u", i);
		(void)snprintf(list + len, sizeof(list) - len, "%s%u mx%u", i > 0 ? " " : "", i, i);
		known[1 + 3 * i] =
			(struct known){ hosts[i][0], DNS_A, DNS_FOUND_SECURE, 300, "192.0.2.1", hosts[i][1] };
		known[2 + 3 * i] =
			(struct known){ hosts[i][0], DNS_AAAA, DNS_FOUND_SECURE, 300, "2001:db8::1", hosts[i][1] };
		known[3 + 3 * i] =
			(struct known){ hosts[i][2], DNS_TLSA, DNS_FOUND_SECURE, 300, "3 1 1 " DIGEST, NULL };
	}
	open_world(&w, known);
	look_up(&w, &want, 10000);
	assert_int_equal(fake.count, 1 + 32 * 4);
	assert_int_equal(w.result.hosts_count, 32);
	for (size_t i = 0; i < 32; i++)
		assert_true(w.result.hosts[i].dane == VERDICT_DANE_USABLE && w.result.hosts[i].addrs_count == 2);
	fake.asked_each = 4;
	look_up(&w, &want, 10000);
	assert_int_equal(w.result.lookup, VERDICT_LOOKUP_FOUND);
	for (size_t i = 0; i < 32; i++) {
		assert_int_not_equal(w.result.hosts[i].dane, VERDICT_DANE_NONE);
		failed += w.result.hosts[i].dane == VERDICT_DANE_FAILED;
	}
	assert_true(failed > 0);
	assert_non_null(strstr(w.result.reason, "too many questions"));
	close_world(&w);
}

static void test_cancelled(void **state)
{
	const struct mx_want want = { .domain = "d.example", .dane = true, .port = 25 };

	(void)state;
	for (unsigned turns = 0; turns < 6; turns++) {
		struct world w;
		open_world(&w, three_hosts);
		struct mx_lookup *lookup = mx_lookup_start(w.base, NULL, &want, 10000, on_done, &w);
		assert_non_null(lookup);
		for (unsigned i = 0; i < turns && w.done == 0; i++)
			(void)event_base_loop(w.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
		if (w.done == 0)
			mx_lookup_cancel(lookup);
		close_world(&w);
	}
}

/* --- the cache ---------------------------------------------------------------------------------------------------- */

static void on_cached(void *arg, const struct mx_result *result, uint32_t ttl_s)
{
	struct world *w = arg;

	w->done++;
	w->ttl_s = ttl_s;
	w->result.lookup = result->lookup;
	(void)event_base_loopbreak(w->base);
}

static struct mx_cache *cache_of(const struct world *w, size_t bytes_max)
{
	struct mx_cache_limits limits = MX_CACHE_LIMITS_DEFAULT;
	struct mx_cache *cache;

	limits.bytes_max = bytes_max;
	cache = mx_cache_new(w->base, NULL, &limits);
	assert_non_null(cache);
	return cache;
}

static void fetch(struct world *w, struct mx_cache *cache, const struct mx_want *want)
{
	assert_non_null(mx_cache_ask(cache, want, on_cached, w));
	wait_for(w, w->done + 1);
}

/* What was wanted is part of the key; what does not matter is not. */
static void test_cache_keys(void **state)
{
	const struct mx_want plain = { "a.example", false, false, 25 };
	const struct mx_want plain_elsewhere = { "a.example", false, true, 2525 };
	const struct mx_want dane = { "a.example", true, true, 25 };
	const struct mx_want not_these[] = { plain,
					     { "a.example", true, true, 2525 },
					     { "a.example", true, false, 25 } };
	struct world w;
	uint32_t ttl_s;

	(void)state;
	open_world(&w, three_hosts);
	struct mx_cache *cache = cache_of(&w, 1u << 20);
	fetch(&w, cache, &dane);
	assert_int_equal(w.ttl_s, 120);
	for (size_t i = 0; i < COUNT(not_these); i++)
		assert_null(mx_cache_find(cache, &not_these[i], &ttl_s));
	unsigned asked = fake.count;
	const struct mx_result *known = mx_cache_find(cache, &dane, &ttl_s);
	assert_true(known != NULL && known->hosts[0].dane == VERDICT_DANE_USABLE);
	fetch(&w, cache, &plain);
	assert_non_null(mx_cache_find(cache, &plain_elsewhere, &ttl_s));
	assert_non_null(mx_cache_find(cache, &dane, &ttl_s));
	assert_int_equal(fake.count, asked + 3); /* the hits asked nothing */
	assert_int_equal(mx_cache_domains(cache), 2);
	mx_cache_free(cache);
	close_world(&w);
}

/* A host that failed makes the whole short-lived; what is proved is kept to the second, what is not longer. */
static void test_cache_ttl(void **state)
{
	static const struct known brief[] = {
		{ "s.example", DNS_MX, DNS_FOUND_SECURE, 300, "10 s", NULL },
		{ "s", DNS_A, DNS_FOUND_SECURE, 7, "192.0.2.1", NULL },
		{ "_25._tcp.s", DNS_TLSA, DNS_FOUND_SECURE, 300, "3 1 1 " DIGEST, NULL },
		{ "z.example", DNS_MX, DNS_FOUND_SECURE, 0, "10 s", NULL },
		{ "t.example", DNS_MX, DNS_FOUND_SECURE, 300, "10 t", NULL },
		{ "t", DNS_A, DNS_FOUND_SECURE, 300, "192.0.2.1", NULL },
		{ "_25._tcp.t", DNS_TLSA, DNS_FAILED, 300, NULL, NULL },
		{ NULL, 0, 0, 0, NULL, NULL },
	};
	static const struct {
		struct mx_want want;
		uint32_t ttl_s;
	} rows[] = {
		{ { "s.example", true, false, 25 }, 7 },
		{ { "s.example", false, false, 25 }, MX_CACHE_TTL_MIN_S },
		{ { "z.example", true, false, 25 }, MX_CACHE_TTL_MIN_DANE_S },
		{ { "t.example", true, false, 25 }, MX_CACHE_TTL_FAILED_S },
		{ { "t.example", false, false, 25 }, 300 },
	};
	struct world w;

	(void)state;
	open_world(&w, brief);
	struct mx_cache *cache = cache_of(&w, 1u << 20);
	for (size_t i = 0; i < COUNT(rows); i++) {
		fetch(&w, cache, &rows[i].want);
		if (w.ttl_s != rows[i].ttl_s)
			fail_msg("row %zu: %u", i, (unsigned)w.ttl_s);
	}
	mx_cache_free(cache);
	close_world(&w);
}

struct asker {
	struct world *w;
	struct mx_cache *cache;
	struct mx_want want;
	struct mx_ask *other;
	unsigned told;
};

/* An asker that looks into the cache again, and lets another go, while it is told. */
static void on_asker(void *arg, const struct mx_result *result, uint32_t ttl_s)
{
	struct asker *asker = arg;
	uint32_t again_s;

	asker->told++;
	assert_int_equal(ttl_s, MX_CACHE_TTL_MIN_DANE_S);
	assert_ptr_equal(mx_cache_find(asker->cache, &asker->want, &again_s), result);
	mx_cache_cancel(asker->other);
	asker->other = NULL;
	(void)event_base_loopbreak(asker->w->base);
}

static void test_cache_tells(void **state)
{
	static const struct known brief[] = { { "z.example", DNS_MX, DNS_FOUND_SECURE, 0, "0 .", NULL },
					      { NULL, 0, 0, 0, NULL, NULL } };
	struct asker asker = { .want = { "z.example", true, false, 25 } };
	struct world w;

	(void)state;
	open_world(&w, brief);
	asker.w = &w;
	asker.cache = cache_of(&w, 1);
	asker.other = mx_cache_ask(asker.cache, &asker.want, on_cached, &w);
	assert_non_null(asker.other);
	assert_non_null(mx_cache_ask(asker.cache, &asker.want, on_asker, &asker));
	while (asker.told == 0)
		assert_int_equal(event_base_dispatch(w.base), 0);
	assert_int_equal(fake.count, 1); /* one lookup for both */
	assert_int_equal(w.done, 0);     /* the other had left */
	mx_cache_free(asker.cache);
	close_world(&w);
}

/* The bound in octets holds, whatever a domain has; the newest alone may be above it. */
static void test_cache_bytes(void **state)
{
	struct world w;
	char name[64];
	uint32_t ttl_s;
	size_t one;

	(void)state;
	open_world(&w, three_hosts);
	struct mx_cache *cache = cache_of(&w, 1u << 20);
	fetch(&w, cache, &(struct mx_want){ "d.example", true, false, 25 });
	one = mx_cache_bytes(cache);
	assert_true(one > 3 * sizeof(struct verdict_mx) && one < 16384);
	mx_cache_free(cache);
	cache = cache_of(&w, 4 * one);
	for (unsigned i = 0; i < 200; i++) {
		(void)snprintf(name, sizeof(name), "nobody%u.example", i);
		fetch(&w, cache, &(struct mx_want){ i % 2 == 0 ? "d.example" : name, true, false, (uint16_t)(i + 1) });
		assert_true(mx_cache_bytes(cache) <= 4 * one);
	}
	assert_true(mx_cache_domains(cache) > 2 && mx_cache_domains(cache) < 200);
	assert_non_null(mx_cache_find(cache, &(struct mx_want){ name, true, false, 200 }, &ttl_s));
	mx_cache_free(cache);
	cache = cache_of(&w, 1);
	fetch(&w, cache, &(struct mx_want){ "d.example", true, false, 25 });
	fetch(&w, cache, &(struct mx_want){ "a.example", true, false, 25 });
	assert_int_equal(mx_cache_domains(cache), 1);
	mx_cache_free(cache);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts),       cmocka_unit_test(test_what_is_wanted),
		cmocka_unit_test(test_no_hosts),    cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_refused),     cmocka_unit_test(test_questions),
		cmocka_unit_test(test_cancelled),   cmocka_unit_test(test_cache_keys),
		cmocka_unit_test(test_cache_ttl),   cmocka_unit_test(test_cache_tells),
		cmocka_unit_test(test_cache_bytes),
	};

	return cmocka_run_group_tests_name("mx dane", tests, NULL, NULL);
}

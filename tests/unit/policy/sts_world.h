/* sts_world.h - a world for sts.h: TXT records and policy hosts that are a table, a clock that is a number, and what
 * the log was told. In place of dns_ask, dns_cancel, sts_fetch_start and sts_fetch_cancel. */
#ifndef GATE25_TESTS_STS_WORLD_H
#define GATE25_TESTS_STS_WORLD_H

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "policy/sts/sts.h"
#include "proxy/base/log.h"

#define SITES_MAX 64
#define START_S   1800000000

struct site {
	char domain[VERDICT_NAME_MAX];
	enum dns_status txt_status;
	bool bogus;
	uint32_t ttl_s;
	char txt[2][128];
	size_t txt_count;
	char policy[1024]; /* ""; the fetch fails with |result| */
	enum result_word result;
	bool ours;
	unsigned looked;
	unsigned fetched;
};

struct dns_query {
	struct dns_query *next;
	char domain[VERDICT_NAME_MAX];
	dns_answer_fn *fn;
	void *arg;
};

struct sts_fetch {
	struct sts_fetch *next;
	char domain[VERDICT_NAME_MAX];
	sts_fetched_fn *fn;
	void *arg;
};

static struct {
	struct event_base *base;
	uint64_t now_s;
	struct site sites[SITES_MAX];
	size_t sites_count;
	bool every_site; /* one that is not in the table has this policy */
	bool padded;     /* and it is a long one */
	struct dns_query *queries;
	struct sts_fetch *fetches;
	unsigned looked;
	unsigned fetched;
	bool hold_dns; /* nothing is answered */
	bool hold_fetch;
	bool out_of_memory;
	char log[16384];
	/* the last answer */
	unsigned told;
	struct sts_answer answer;
	char text[1024];
	char patterns[1024];
} world;

static struct dns *const some_dns = (struct dns *)&world;
static struct dns *const other_dns = (struct dns *)&world.sites;
static struct sts_fetcher *const some_fetcher = (struct sts_fetcher *)&world.now_s;

static inline uint64_t world_now(void)
{
	return world.now_s;
}

static inline struct site *find_site(const char *domain)
{
	for (size_t i = 0; i < world.sites_count; i++) {
		if (strcmp(world.sites[i].domain, domain) == 0)
			return &world.sites[i];
	}
	return NULL;
}

static inline struct site *site_of(const char *domain)
{
	struct site *site = find_site(domain);

	if (site == NULL) {
		assert_true(world.sites_count < SITES_MAX);
		site = &world.sites[world.sites_count++];
		(void)snprintf(site->domain, sizeof(site->domain), "%s", domain);
		site->txt_status = DNS_ABSENT_INSECURE;
		site->ttl_s = 300;
		site->result = RESULT_STS_POLICY_FETCH_ERROR;
	}
	return site;
}

static inline struct site *set_txt(const char *domain, const char *txt)
{
	struct site *site = site_of(domain);

	site->txt_status = DNS_FOUND_INSECURE;
	site->txt_count = 1;
	(void)snprintf(site->txt[0], sizeof(site->txt[0]), "%s", txt);
	return site;
}

static inline struct site *set_policy(const char *domain, const char *id, const char *mode, unsigned max_age_s)
{
	char txt[64];

	(void)snprintf(txt, sizeof(txt), "v=STSv1; id=%s;", id);
	struct site *site = set_txt(domain, txt);
	(void)snprintf(site->policy, sizeof(site->policy),
		       "version: STSv1\r\nmode: %s\r\nmx: mx.%s\r\nmx: *.%s\r\nmax_age: %u\r\n", mode, domain, domain,
		       max_age_s);
	return site;
}

/* --- in place of the real ones ------------------------------------------------------------------------------------ */

struct dns_query *__wrap_dns_ask(struct dns *dns, const char *name, enum dns_type type, dns_answer_fn *fn, void *arg);
void __wrap_dns_cancel(struct dns_query *query);
struct sts_fetch *__wrap_sts_fetch_start(struct sts_fetcher *fetcher, struct dns *dns, const char *domain,
					 sts_fetched_fn *fn, void *arg);
void __wrap_sts_fetch_cancel(struct sts_fetch *fetch);

struct dns_query *__wrap_dns_ask(struct dns *dns, const char *name, enum dns_type type, dns_answer_fn *fn, void *arg)
{
	struct dns_query *query;

	assert_true(dns == some_dns || dns == other_dns);
	assert_int_equal(type, DNS_TXT);
	assert_memory_equal(name, "_mta-sts.", 9);
	if (world.out_of_memory)
		return NULL;
	query = calloc(1, sizeof(*query));
	assert_non_null(query);
	(void)snprintf(query->domain, sizeof(query->domain), "%s", name + 9);
	query->fn = fn;
	query->arg = arg;
	query->next = world.queries;
	world.queries = query;
	world.looked++;
	return query;
}

void __wrap_dns_cancel(struct dns_query *query)
{
	struct dns_query **at = &world.queries;

	if (query == NULL)
		return;
	while (*at != query) {
		assert_non_null(*at);
		at = &(*at)->next;
	}
	*at = query->next;
	free(query);
}

struct sts_fetch *__wrap_sts_fetch_start(struct sts_fetcher *fetcher, struct dns *dns, const char *domain,
					 sts_fetched_fn *fn, void *arg)
{
	struct sts_fetch *fetch;

	assert_non_null(fetcher);
	assert_true(dns == some_dns || dns == other_dns);
	for (fetch = world.fetches; fetch != NULL; fetch = fetch->next)
		assert_string_not_equal(fetch->domain, domain); /* single flight */
	if (world.out_of_memory)
		return NULL;
	fetch = calloc(1, sizeof(*fetch));
	assert_non_null(fetch);
	(void)snprintf(fetch->domain, sizeof(fetch->domain), "%s", domain);
	fetch->fn = fn;
	fetch->arg = arg;
	fetch->next = world.fetches;
	world.fetches = fetch;
	world.fetched++;
	return fetch;
}

void __wrap_sts_fetch_cancel(struct sts_fetch *fetch)
{
	struct sts_fetch **at = &world.fetches;

	if (fetch == NULL)
		return;
	while (*at != fetch) {
		assert_non_null(*at);
		at = &(*at)->next;
	}
	*at = fetch->next;
	free(fetch);
}

static inline bool answer_query(void)
{
	static struct dns_answer answer;
	struct dns_txt txt[2];
	struct dns_query *query = world.queries;
	struct site *site;

	if (query == NULL || world.hold_dns)
		return false;
	world.queries = query->next;
	memset(&answer, 0, sizeof(answer));
	site = find_site(query->domain);
	answer.status = world.every_site ? DNS_FOUND_INSECURE : DNS_ABSENT_INSECURE;
	answer.ttl_s = 300;
	txt[0] = (struct dns_txt){ .bytes = (char[]){ "v=STSv1; id=1" }, .len = 13 };
	answer.txt_count = world.every_site;
	if (site != NULL) {
		site->looked++;
		answer.status = site->txt_status;
		answer.bogus = site->bogus;
		answer.ttl_s = site->ttl_s;
		answer.txt_count = dns_found(&answer) ? site->txt_count : 0;
		for (size_t i = 0; i < answer.txt_count; i++)
			txt[i] = (struct dns_txt){ .bytes = site->txt[i], .len = strlen(site->txt[i]) };
		(void)snprintf(answer.reason, sizeof(answer.reason), "%s",
			       answer.status == DNS_FAILED ? "SERVFAIL" : "");
	}
	answer.txt = txt;
	query->fn(query->arg, &answer);
	free(query);
	return true;
}

static inline bool answer_fetch(void)
{
	static const char every[] = "version: STSv1\nmode: enforce\nmx: mx.example\nmax_age: 1000000\nx: %0*d\n";
	char text[4096];
	int len = snprintf(text, sizeof(text), every, world.padded ? 3000 : 1, 0);
	struct sts_fetched fetched = { .ok = world.every_site, .text = text, .len = (size_t)len };
	struct sts_fetch *fetch = world.fetches;
	struct site *site;

	if (fetch == NULL || world.hold_fetch)
		return false;
	world.fetches = fetch->next;
	site = find_site(fetch->domain);
	if (site != NULL) {
		site->fetched++;
		fetched.ok = site->policy[0] != '\0';
		fetched.text = fetched.ok ? site->policy : NULL;
		fetched.len = strlen(site->policy);
		fetched.result = fetched.ok ? RESULT_NONE : site->result;
		fetched.ours = !fetched.ok && site->ours;
		fetched.addr.family = 2;
		(void)snprintf(fetched.reason, sizeof(fetched.reason), "%s", fetched.ok ? "" : "nobody is there");
	}
	fetch->fn(fetch->arg, &fetched);
	free(fetch);
	return true;
}

/* run: until nothing moves any more. */
static inline void run(void)
{
	bool moved = true;

	while (moved) {
		(void)event_base_loop(world.base, EVLOOP_NONBLOCK);
		moved = answer_query();
		moved = answer_fetch() || moved;
	}
	(void)event_base_loop(world.base, EVLOOP_NONBLOCK);
}

/* --- what is seen ------------------------------------------------------------------------------------------------- */

static inline void on_log(enum log_level level, const char *line, size_t len)
{
	size_t used = strlen(world.log);

	(void)level;
	(void)snprintf(world.log + used, sizeof(world.log) - used, "%.*s\n", (int)len, line);
}

static inline unsigned logged(const char *part)
{
	unsigned count = 0;

	for (const char *at = world.log; (at = strstr(at, part)) != NULL; at += strlen(part))
		count++;
	return count;
}

/* keep: what an answer points to is gone when the call is over. */
static inline void keep(const struct sts_answer *answer)
{
	size_t len = 0;

	world.answer = *answer;
	world.answer.policy = NULL;
	world.answer.text = NULL;
	world.text[0] = '\0';
	world.patterns[0] = '\0';
	assert_true(answer->ttl_s > 0);
	assert_int_equal(answer->present, answer->policy != NULL);
	if (!answer->present)
		return;
	(void)snprintf(world.text, sizeof(world.text), "%.*s", (int)answer->text_len, answer->text);
	for (size_t i = 0; i < answer->policy->patterns_count; i++)
		len += (size_t)snprintf(world.patterns + len, sizeof(world.patterns) - len, "%s%s%s", i > 0 ? " " : "",
					answer->policy->patterns[i].wildcard ? "*." : "",
					answer->policy->patterns[i].name);
}

static inline void on_answer(void *arg, const struct sts_answer *answer)
{
	(void)arg;
	world.told++;
	keep(answer);
}

static inline struct sts *open_sts(const struct sts_options *options)
{
	char err[256] = "";
	struct sts_options with = *options;
	struct sts *sts;

	with.fetcher = some_fetcher;
	with.now_s = world_now;
	sts = sts_new(world.base, &with, err, sizeof(err));
	assert_string_equal(err, "");
	assert_non_null(sts);
	sts_use_dns(sts, some_dns);
	return sts;
}

static inline struct sts *open_world(const struct sts_options *options)
{
	memset(&world, 0, sizeof(world));
	world.now_s = START_S;
	world.base = event_base_new();
	assert_non_null(world.base);
	log_init("test", LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
	log_set_sink(on_log);
	return options != NULL ? open_sts(options) : NULL;
}

/* Whatever happened, no question is left behind. */
static inline void close_world(struct sts *sts)
{
	sts_free(sts);
	assert_null(world.queries);
	assert_null(world.fetches);
	event_base_free(world.base);
	log_set_sink(NULL);
}

/* ask, and be told. */
static inline enum verdict_published ask(struct sts *sts, const char *domain)
{
	unsigned told = world.told;

	assert_non_null(sts_ask(sts, domain, on_answer, NULL));
	assert_int_equal(world.told, told); /* never from inside */
	run();
	assert_int_equal(world.told, told + 1);
	return world.answer.status;
}

/* find: what is known, or that nothing is. */
static inline bool find(struct sts *sts, const char *domain)
{
	struct sts_answer answer;

	if (!sts_find(sts, domain, &answer))
		return false;
	keep(&answer);
	return true;
}

#endif

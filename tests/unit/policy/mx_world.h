/* mx_world.h - a DNS that is a table, for lookups of MX hosts and the cache of them: dns_ask and dns_cancel are this
 * file's (tests.mk wraps them), and every answer comes from the event loop. Each test program includes its own copy. */
#ifndef GATE25_TESTS_MX_WORLD_H
#define GATE25_TESTS_MX_WORLD_H

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/mx/mx.h"

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

static inline void forget(struct dns_query *query)
{
	struct dns_query **at = &fake.queries;

	while (*at != query)
		at = &(*at)->next;
	*at = query->next;
	fake.waiting--;
	event_free(query->event);
	free(query);
}

static inline const struct known *look_for(const char *name, enum dns_type type)
{
	const struct known *known = fake.known;

	while (known->name != NULL && (strcmp(known->name, name) != 0 || known->type != type))
		known++;
	return known->name != NULL ? known : NULL;
}

static inline void fill(struct dns_answer *answer, const struct known *known)
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

static inline void on_event(evutil_socket_t fd, short what, void *arg)
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

static inline void open_world(struct world *w, const struct known *known)
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
static inline void close_world(struct world *w)
{
	mx_result_cleanup(&w->result);
	assert_null(fake.queries);
	event_base_free(w->base);
}

static inline void wait_for(struct world *w, unsigned done)
{
	while (w->done < done)
		assert_int_equal(event_base_dispatch(w->base), 0);
}

#endif

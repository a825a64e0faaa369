/* mx_lookup.c - see mx.h: puts the questions of one domain's lookup and hands the answers to mx_hosts and to each
 * host's search. What they mean is decided there. */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/mx/mx.h"

struct host;

struct question {
	struct host *host;
	struct dns_query *query; /* NULL: answered, or never asked */
	enum dns_type type;
	char name[DNS_NAME_MAX];
};

struct host {
	struct mx_lookup *lookup;
	size_t index; /* in the result */
	struct question questions[2];
	struct host_search search;
};

struct mx_lookup {
	struct dns *dns;
	mx_done_fn *done;
	void *arg;
	mx_watch_fn *watch;
	void *watch_arg;
	struct event *deadline;
	struct dns_query *query; /* for the MX */
	char domain[DNS_NAME_MAX];
	struct mx_want want; /* its domain is |domain| */
	unsigned asked;
	size_t pending;
	struct host *hosts;
	struct mx_result result;
};

void mx_lookup_cancel(struct mx_lookup *lookup)
{
	if (lookup == NULL)
		return;
	dns_cancel(lookup->query);
	for (size_t i = 0; lookup->hosts != NULL && i < lookup->result.hosts_count; i++) {
		dns_cancel(lookup->hosts[i].questions[0].query);
		dns_cancel(lookup->hosts[i].questions[1].query);
		host_search_cleanup(&lookup->hosts[i].search);
	}
	free(lookup->hosts);
	if (lookup->deadline != NULL)
		event_free(lookup->deadline);
	mx_result_cleanup(&lookup->result);
	free(lookup);
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void mark(struct mx_result *result, size_t host, const char *why)
{
	if (result->reason[0] == '\0')
		(void)snprintf(result->reason, sizeof(result->reason), "MX host %.100s: %.140s",
			       result->hosts[host].name, why);
}

/* settle_host moves what the search found into the result. */
static void settle_host(struct host *host)
{
	struct mx_result *result = &host->lookup->result;
	struct verdict_mx *mx = &result->hosts[host->index];
	struct host_search *search = &host->search;

	result->addrs[host->index] = search->addrs;
	mx->dane = search->dane;
	(void)snprintf(mx->tlsa_base, sizeof(mx->tlsa_base), "%s", host_search_base(search));
	mx->tlsa = search->tlsa;
	mx->tlsa_count = search->tlsa_count;
	search->tlsa = NULL;
	search->tlsa_count = 0;
	if (search->dane == VERDICT_DANE_FAILED || mx->addrs_failed)
		mark(result, host->index, search->reason);
}

/* An implicit MX without an address is no mail host (RFC 5321 s. 5.1). */
static void settle_implicit(struct mx_lookup *lookup)
{
	struct mx_result *result = &lookup->result;

	if (result->implicit && result->addrs[0] == HOST_ADDRS_NONE && !result->hosts[0].addrs_failed)
		mx_end_with(result, VERDICT_LOOKUP_ABSENT, lookup->domain, "has neither MX nor address");
}

static void finish(struct mx_lookup *lookup)
{
	for (size_t i = 0; lookup->hosts != NULL && i < lookup->result.hosts_count; i++)
		settle_host(&lookup->hosts[i]);
	if (lookup->result.lookup == VERDICT_LOOKUP_FOUND)
		settle_implicit(lookup);
	free(lookup->hosts);
	lookup->hosts = NULL;
	lookup->done(lookup->arg, &lookup->result);
	mx_lookup_cancel(lookup);
}

/* give_up ends the lookup: what has been answered counts, what has not has failed. */
static void give_up(struct mx_lookup *lookup, const char *why)
{
	struct mx_result *result = &lookup->result;

	if (lookup->query != NULL) {
		char text[DNS_REASON_MAX];
		(void)snprintf(text, sizeof(text), "has no MX to be had: %s", why);
		mx_end_with(result, VERDICT_LOOKUP_FAILED, lookup->domain, text);
	}
	for (size_t i = 0; lookup->hosts != NULL && i < result->hosts_count; i++) {
		struct host *host = &lookup->hosts[i];
		if (host->search.step == HOST_STEP_ADDRS)
			result->hosts[i].addrs_failed = true;
		if (host->search.step != HOST_STEP_DONE)
			host_search_fail(&host->search, why);
		dns_cancel(host->questions[0].query);
		dns_cancel(host->questions[1].query);
		host->questions[0].query = host->questions[1].query = NULL;
	}
	finish(lookup);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	give_up(arg, "no answer in time");
}

/* --- the hosts ---------------------------------------------------------------------------------------------------- */

static dns_answer_fn on_host;

static bool put(struct host *host, struct question *question, const char *name, enum dns_type type)
{
	question->host = host;
	question->type = type;
	(void)snprintf(question->name, sizeof(question->name), "%s", name);
	question->query = dns_ask(host->lookup->dns, question->name, type, on_host, question);
	if (question->query != NULL)
		host->lookup->pending++;
	return question->query != NULL;
}

static bool add_addrs(struct verdict_mx *host, const struct dns_answer *answer)
{
	size_t count = host->addrs_count + answer->addrs_count;
	struct addr *grown;

	if (answer->addrs_count == 0)
		return true;
	if (count > VERDICT_ADDRS_MAX)
		return false;
	grown = realloc(host->addrs, count * sizeof(*grown));
	if (grown == NULL)
		return false;
	memcpy(grown + host->addrs_count, answer->addrs, answer->addrs_count * sizeof(*grown));
	host->addrs = grown;
	host->addrs_count = count;
	return true;
}

static void take(struct host *host, enum dns_type type, const struct dns_answer *answer)
{
	struct mx_lookup *lookup = host->lookup;
	struct verdict_mx *mx = &lookup->result.hosts[host->index];
	bool addrs = type == DNS_A || type == DNS_AAAA;

	if (!dns_found(answer) && !dns_absent(answer)) {
		mx->addrs_failed |= addrs;
	} else if (addrs && !add_addrs(mx, answer)) {
		mx->addrs_failed = true;
		host_search_fail(&host->search, "it has more than 64 addresses");
	} else if (answer->ttl_s < lookup->result.ttl_s) {
		lookup->result.ttl_s = answer->ttl_s;
	}
	host_search_take(&host->search, type, answer);
}

static void on_host(void *arg, const struct dns_answer *answer)
{
	struct question *question = arg;
	struct host *host = question->host;
	struct mx_lookup *lookup = host->lookup;
	char name[DNS_NAME_MAX];
	enum dns_type type;

	question->query = NULL;
	lookup->pending--;
	lookup->asked += answer->asked;
	if (lookup->watch != NULL)
		lookup->watch(lookup->watch_arg, question->name, question->type, answer);
	take(host, question->type, answer);
	if (lookup->asked > MX_QUESTIONS_MAX) {
		give_up(lookup, "the domain needs too many questions to the DNS");
		return;
	}
	if (host_search_next(&host->search, name, &type) && !put(host, &host->questions[0], name, type))
		host_search_fail(&host->search, "out of memory");
	if (lookup->pending == 0)
		finish(lookup);
}

static void start_host(struct host *host)
{
	struct mx_lookup *lookup = host->lookup;
	struct verdict_mx *mx = &lookup->result.hosts[host->index];
	bool wanted = lookup->want.dane && (lookup->result.secure || lookup->want.insecure_mx);

	host_search_init(&host->search, mx->name, lookup->want.port, wanted);
	if (put(host, &host->questions[0], mx->name, DNS_A) && put(host, &host->questions[1], mx->name, DNS_AAAA))
		return;
	mx->addrs_failed = true;
	host_search_fail(&host->search, "out of memory");
}

static void start_hosts(struct mx_lookup *lookup)
{
	lookup->hosts = calloc(lookup->result.hosts_count, sizeof(*lookup->hosts));
	if (lookup->hosts == NULL) {
		mx_end_with(&lookup->result, VERDICT_LOOKUP_FAILED, lookup->domain,
			    "could not be looked up: out of memory");
		return;
	}
	for (size_t i = 0; i < lookup->result.hosts_count; i++) {
		lookup->hosts[i].lookup = lookup;
		lookup->hosts[i].index = i;
		start_host(&lookup->hosts[i]);
	}
}

/* --- the domain --------------------------------------------------------------------------------------------------- */

static void on_mx(void *arg, const struct dns_answer *answer)
{
	struct mx_lookup *lookup = arg;

	lookup->query = NULL;
	lookup->asked += answer->asked;
	if (lookup->watch != NULL)
		lookup->watch(lookup->watch_arg, lookup->domain, DNS_MX, answer);
	mx_hosts(&lookup->result, lookup->domain, answer);
	if (lookup->result.lookup == VERDICT_LOOKUP_FOUND)
		start_hosts(lookup);
	if (lookup->pending == 0)
		finish(lookup);
}

void mx_lookup_watch(struct mx_lookup *lookup, mx_watch_fn *watch, void *arg)
{
	lookup->watch = watch;
	lookup->watch_arg = arg;
}

struct mx_lookup *mx_lookup_start(struct event_base *base, struct dns *dns, const struct mx_want *want,
				  uint32_t deadline_ms, mx_done_fn *done, void *arg)
{
	struct mx_lookup *lookup = calloc(1, sizeof(*lookup));
	struct timeval tv = { .tv_sec = deadline_ms / 1000, .tv_usec = (suseconds_t)(deadline_ms % 1000) * 1000 };

	if (lookup == NULL)
		return NULL;
	lookup->dns = dns;
	lookup->done = done;
	lookup->arg = arg;
	(void)snprintf(lookup->domain, sizeof(lookup->domain), "%s", want->domain);
	lookup->want = *want;
	lookup->want.domain = lookup->domain;
	lookup->deadline = evtimer_new(base, on_deadline, lookup);
	lookup->query = dns_ask(dns, lookup->domain, DNS_MX, on_mx, lookup);
	if (lookup->deadline == NULL || lookup->query == NULL || evtimer_add(lookup->deadline, &tv) != 0) {
		mx_lookup_cancel(lookup);
		return NULL;
	}
	return lookup;
}

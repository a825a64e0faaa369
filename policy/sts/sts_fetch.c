/* sts_fetch.c - see sts_fetch.h: one fetch from its start to its end. */
#include <event2/event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/sts/sts_fetch_parts.h"
#include "policy/sts/sts_guard.h"
#include "proxy/base/printable.h"

uint64_t sts_fetch_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

void sts_fetch_fail(struct sts_fetch *fetch, enum result_word result, const char *format, ...)
{
	va_list args;

	if (fetch->result != RESULT_NONE)
		return;
	fetch->result = result;
	va_start(args, format);
	(void)vsnprintf(fetch->reason, sizeof(fetch->reason), format, args);
	va_end(args);
	printable_text(fetch->reason);
}

void sts_fetch_free(struct sts_fetch *fetch)
{
	struct sts_fetcher *fetcher = fetch->fetcher;

	TAILQ_REMOVE(fetch->is_running ? &fetcher->running : &fetcher->waiting, fetch, next);
	if (fetch->is_running)
		fetcher->running_count--;
	else
		fetcher->waiting_count--;
	for (size_t i = 0; i < COUNT(fetch->queries); i++)
		dns_cancel(fetch->queries[i]);
	sts_easy_close(fetch);
	event_free(fetch->timer);
	free(fetch->body);
	free(fetch);
}

void sts_fetch_end(struct sts_fetch *fetch)
{
	struct sts_fetcher *fetcher = fetch->fetcher;
	sts_fetched_fn *fn = fetch->fn;
	void *arg = fetch->arg;
	char *body = fetch->body;
	struct sts_fetched fetched = {
		.ok = fetch->result == RESULT_NONE,
		.text = body != NULL ? body : "",
		.len = fetch->body_len,
		.result = fetch->result,
		.ours = fetch->ours,
	};

	if (!fetched.ok) {
		fetched.text = NULL;
		fetched.len = 0;
	}
	(void)snprintf(fetched.reason, sizeof(fetched.reason), "%s", fetch->reason);
	sts_easy_addr(fetch, &fetched.addr);
	fetch->body = NULL;
	sts_fetch_free(fetch);
	sts_fetcher_go_on(fetcher);
	fn(arg, &fetched);
	free(body);
}

/* end_soon: from the event loop, because |fn| is never called from inside. */
static void end_soon(struct sts_fetch *fetch)
{
	event_active(fetch->timer, EV_TIMEOUT, 0);
}

static void on_time(evutil_socket_t fd, short what, void *arg)
{
	struct sts_fetch *fetch = arg;

	(void)fd;
	(void)what;
	if (fetch->result == RESULT_NONE)
		fetch->ours = !fetch->is_running;
	sts_fetch_fail(fetch, RESULT_STS_POLICY_FETCH_ERROR, "timed out %s", sts_easy_phase(fetch));
	sts_fetch_end(fetch);
}

static void fail_for_memory(struct sts_fetch *fetch)
{
	fetch->ours = true;
	sts_fetch_fail(fetch, RESULT_STS_POLICY_FETCH_ERROR, "out of memory");
}

/* --- addresses ---------------------------------------------------------------------------------------------------- */

/* take_addrs keeps those that may be connected to. */
static void take_addrs(struct sts_fetch *fetch, const struct dns_answer *answer)
{
	char text[ADDR_TEXT_MAX];

	for (size_t i = 0; i < answer->addrs_count; i++) {
		const struct addr *addr = &answer->addrs[i];
		size_t family = addr->family == AF_INET6;
		const char *refusal = sts_guard_refusal(addr, &fetch->fetcher->permitted);
		if (refusal != NULL)
			(void)snprintf(fetch->no_addr, sizeof(fetch->no_addr),
				       "the policy host's address %s is %s, and mta-sts-private does not have it",
				       addr_format(addr, text), refusal);
		else if (fetch->addrs_count[family] < STS_FETCH_ADDRS_MAX)
			fetch->addrs[family][fetch->addrs_count[family]++] = *addr;
	}
}

/* on_answer: a family whose lookup failed counts only where the other has no address: TLS says who is there. */
static void on_answer(struct sts_fetch *fetch, size_t family, const struct dns_answer *answer)
{
	fetch->queries[family] = NULL;
	if (answer->status == DNS_FAILED)
		(void)snprintf(fetch->no_addr, sizeof(fetch->no_addr),
			       "the policy host's addresses cannot be looked up: %s", answer->reason);
	else
		take_addrs(fetch, answer);
	if (fetch->queries[1 - family] != NULL)
		return;
	if (fetch->addrs_count[0] + fetch->addrs_count[1] == 0)
		sts_fetch_fail(fetch, RESULT_STS_POLICY_FETCH_ERROR, "%s",
			       fetch->no_addr[0] != '\0' ? fetch->no_addr : "the policy host has no address");
	else if (!sts_easy_open(fetch))
		fail_for_memory(fetch);
	if (fetch->result != RESULT_NONE)
		sts_fetch_end(fetch);
}

static void on_ipv4(void *arg, const struct dns_answer *answer)
{
	on_answer(arg, 0, answer);
}

static void on_ipv6(void *arg, const struct dns_answer *answer)
{
	on_answer(arg, 1, answer);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

void sts_fetch_run(struct sts_fetch *fetch)
{
	struct sts_fetcher *fetcher = fetch->fetcher;

	TAILQ_REMOVE(&fetcher->waiting, fetch, next);
	TAILQ_INSERT_TAIL(&fetcher->running, fetch, next);
	fetch->is_running = true;
	fetch->since_ms = sts_fetch_now_ms();
	fetcher->running_count++;
	fetcher->waiting_count--;
	if (fetch->result != RESULT_NONE) /* it is over already, and says so soon */
		return;
	fetch->queries[0] = dns_ask(fetch->dns, fetch->host, DNS_A, on_ipv4, fetch);
	fetch->queries[1] = dns_ask(fetch->dns, fetch->host, DNS_AAAA, on_ipv6, fetch);
	if (fetch->queries[0] == NULL || fetch->queries[1] == NULL) {
		for (size_t i = 0; i < COUNT(fetch->queries); i++)
			dns_cancel(fetch->queries[i]);
		fetch->queries[0] = fetch->queries[1] = NULL;
		fail_for_memory(fetch);
		end_soon(fetch);
	}
}

/* set_host: what is no host name must not become part of a URL. */
static bool set_host(struct sts_fetch *fetch, const char *domain)
{
	int len = snprintf(fetch->host, sizeof(fetch->host), "mta-sts.%s", domain);

	return len > 0 && (size_t)len < sizeof(fetch->host) && domain[0] != '\0' &&
	       domain[strspn(domain, "abcdefghijklmnopqrstuvwxyz0123456789-_.")] == '\0';
}

struct sts_fetch *sts_fetch_start(struct sts_fetcher *fetcher, struct dns *dns, const char *domain, sts_fetched_fn *fn,
				  void *arg)
{
	struct sts_fetch *fetch = calloc(1, sizeof(*fetch));
	const struct timeval limit = { .tv_sec = fetcher->deadline_ms / 1000,
				       .tv_usec = fetcher->deadline_ms % 1000 * 1000 };

	if (fetch == NULL || (fetch->timer = evtimer_new(fetcher->base, on_time, fetch)) == NULL ||
	    event_add(fetch->timer, &limit) != 0) {
		if (fetch != NULL && fetch->timer != NULL)
			event_free(fetch->timer);
		free(fetch);
		return NULL;
	}
	fetch->fetcher = fetcher;
	fetch->dns = dns;
	fetch->fn = fn;
	fetch->arg = arg;
	fetch->until_ms = sts_fetch_now_ms() + fetcher->deadline_ms;
	TAILQ_INSERT_TAIL(&fetcher->waiting, fetch, next);
	fetcher->waiting_count++;
	if (set_host(fetch, domain)) {
		sts_fetcher_go_on(fetcher);
	} else {
		sts_fetch_fail(fetch, RESULT_STS_POLICY_FETCH_ERROR, "the domain's name is not one for a policy host");
		end_soon(fetch);
	}
	return fetch;
}

void sts_fetch_cancel(struct sts_fetch *fetch)
{
	struct sts_fetcher *fetcher;

	if (fetch == NULL)
		return;
	fetcher = fetch->fetcher;
	sts_fetch_free(fetch);
	sts_fetcher_go_on(fetcher);
}

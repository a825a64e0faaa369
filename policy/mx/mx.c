/* mx.c - see mx.h. */
#include "policy/mx/mx.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void mx_result_cleanup(struct mx_result *result)
{
	for (size_t i = 0; result->hosts != NULL && i < result->hosts_count; i++)
		free(result->hosts[i].addrs);
	free(result->hosts);
	result->hosts = NULL;
	result->hosts_count = 0;
}

/* --- which hosts -------------------------------------------------------------------------------------------------- */

static void end_with(struct mx_result *out, enum verdict_lookup lookup, const char *domain, const char *why)
{
	mx_result_cleanup(out);
	out->lookup = lookup;
	(void)snprintf(out->reason, sizeof(out->reason), "%.*s %s", (int)sizeof(out->reason) - 160, domain, why);
}

/* An exchange that is written as an address is none (RFC 5321 s. 5.1): a name's last label is never all digits. */
static bool is_host_name(const char *name)
{
	const char *dot = strrchr(name, '.');
	const char *last = dot != NULL ? dot + 1 : name;
	struct addr addr;

	return name[0] != '\0' && strcmp(name, ".") != 0 && last[strspn(last, "0123456789")] != '\0' &&
	       !addr_parse(&addr, name);
}

/* add_host keeps the list in order of preference, and each name once, at its best. */
static void add_host(struct mx_result *out, const char *name, uint16_t preference)
{
	size_t at = 0;

	while (at < out->hosts_count && strcmp(out->hosts[at].name, name) != 0)
		at++;
	if (at == out->hosts_count)
		out->hosts_count++;
	else if (out->hosts[at].preference <= preference)
		return;
	for (; at > 0 && out->hosts[at - 1].preference > preference; at--)
		out->hosts[at] = out->hosts[at - 1];
	out->hosts[at] = (struct verdict_mx){ .preference = preference };
	(void)snprintf(out->hosts[at].name, sizeof(out->hosts[at].name), "%s", name);
}

static bool is_null_mx(const struct dns_answer *answer)
{
	return answer->mx_count == 1 && answer->mx[0].preference == 0 && strcmp(answer->mx[0].name, ".") == 0;
}

void mx_hosts(struct mx_result *out, const char *domain, const struct dns_answer *answer)
{
	char why[DNS_REASON_MAX + 32];

	*out = (struct mx_result){ .ttl_s = answer->ttl_s };
	(void)snprintf(out->canonical, sizeof(out->canonical), "%s", answer->canonical);
	if (!dns_found(answer) && !dns_absent(answer)) {
		(void)snprintf(why, sizeof(why), "has no MX to be had: %s", answer->reason);
		end_with(out, VERDICT_LOOKUP_FAILED, domain, why);
		return;
	}
	out->nxdomain = dns_absent(answer) && answer->nxdomain;
	if (out->nxdomain) {
		end_with(out, VERDICT_LOOKUP_ABSENT, domain, "does not exist in the DNS");
		return;
	}
	out->hosts = calloc(VERDICT_MX_MAX, sizeof(*out->hosts));
	if (out->hosts == NULL) {
		end_with(out, VERDICT_LOOKUP_FAILED, domain, "could not be looked up: out of memory");
		return;
	}
	if (dns_absent(answer)) {
		out->implicit = true;
		add_host(out, domain, 0);
	}
	out->null_mx = dns_found(answer) && is_null_mx(answer);
	if (out->null_mx) {
		end_with(out, VERDICT_LOOKUP_ABSENT, domain, "takes no mail (null MX)");
		return;
	}
	for (size_t i = 0; dns_found(answer) && i < answer->mx_count; i++) {
		if (is_host_name(answer->mx[i].name))
			add_host(out, answer->mx[i].name, answer->mx[i].preference);
	}
	/* MX records of which none can be used are an error, never a reason to take the domain's own address. */
	if (out->hosts_count == 0)
		end_with(out, VERDICT_LOOKUP_FAILED, domain, "has MX records, none of them a host's name");
	else
		out->lookup = VERDICT_LOOKUP_FOUND;
}

/* --- their addresses ---------------------------------------------------------------------------------------------- */

struct family {
	struct mx_lookup *lookup;
	struct dns_query *query; /* NULL: answered, or never asked */
	size_t host;
};

struct mx_lookup {
	struct dns *dns;
	mx_done_fn *done;
	void *arg;
	struct event *deadline;
	struct dns_query *query; /* for the MX */
	char domain[DNS_NAME_MAX];
	unsigned asked;
	size_t pending;
	struct family families[VERDICT_MX_MAX * 2];
	struct mx_result result;
};

void mx_lookup_cancel(struct mx_lookup *lookup)
{
	if (lookup == NULL)
		return;
	dns_cancel(lookup->query);
	for (size_t i = 0; i < COUNT(lookup->families); i++)
		dns_cancel(lookup->families[i].query);
	if (lookup->deadline != NULL)
		event_free(lookup->deadline);
	mx_result_cleanup(&lookup->result);
	free(lookup);
}

/* An implicit MX without an address is no mail host (RFC 5321 s. 5.1). */
static void settle_implicit(struct mx_lookup *lookup)
{
	struct mx_result *result = &lookup->result;

	if (result->lookup == VERDICT_LOOKUP_FOUND && result->implicit && result->hosts[0].addrs_count == 0 &&
	    !result->hosts[0].addrs_failed)
		end_with(result, VERDICT_LOOKUP_ABSENT, lookup->domain, "has neither MX nor address");
}

static void finish(struct mx_lookup *lookup)
{
	settle_implicit(lookup);
	lookup->done(lookup->arg, &lookup->result);
	mx_lookup_cancel(lookup);
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

/* spend counts questions. False: over the limit, the lookup is finished. */
static bool spend(struct mx_lookup *lookup, const struct dns_answer *answer)
{
	lookup->asked += answer->asked;
	if (lookup->asked <= MX_QUESTIONS_MAX)
		return true;
	end_with(&lookup->result, VERDICT_LOOKUP_FAILED, lookup->domain, "needs too many questions to the DNS");
	finish(lookup);
	return false;
}

static void mark_failed(struct mx_result *result, size_t host, const char *why)
{
	result->hosts[host].addrs_failed = true;
	if (result->reason[0] == '\0')
		(void)snprintf(result->reason, sizeof(result->reason), "addresses of %.96s could not be had: %.100s",
			       result->hosts[host].name, why);
}

static void on_addrs(void *arg, const struct dns_answer *answer)
{
	struct family *family = arg;
	struct mx_lookup *lookup = family->lookup;
	struct mx_result *result = &lookup->result;

	family->query = NULL;
	lookup->pending--;
	if (!spend(lookup, answer))
		return;
	if (!dns_found(answer) && !dns_absent(answer))
		mark_failed(result, family->host, answer->reason);
	else if (!add_addrs(&result->hosts[family->host], answer))
		mark_failed(result, family->host, "more than 64");
	else if (answer->ttl_s < result->ttl_s)
		result->ttl_s = answer->ttl_s;
	if (lookup->pending == 0)
		finish(lookup);
}

static void ask_addrs(struct mx_lookup *lookup)
{
	for (size_t i = 0; i < lookup->result.hosts_count; i++) {
		for (size_t j = 0; j < 2; j++) {
			struct family *family = &lookup->families[2 * i + j];
			*family = (struct family){ .lookup = lookup, .host = i };
			family->query = dns_ask(lookup->dns, lookup->result.hosts[i].name, j == 0 ? DNS_A : DNS_AAAA,
						on_addrs, family);
			if (family->query == NULL)
				lookup->result.hosts[i].addrs_failed = true;
			else
				lookup->pending++;
		}
	}
}

static void on_mx(void *arg, const struct dns_answer *answer)
{
	struct mx_lookup *lookup = arg;

	lookup->query = NULL;
	mx_hosts(&lookup->result, lookup->domain, answer);
	if (!spend(lookup, answer))
		return;
	if (lookup->result.lookup == VERDICT_LOOKUP_FOUND)
		ask_addrs(lookup);
	if (lookup->pending == 0)
		finish(lookup);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct mx_lookup *lookup = arg;
	struct mx_result *result = &lookup->result;

	(void)fd;
	(void)what;
	if (lookup->query != NULL)
		end_with(result, VERDICT_LOOKUP_FAILED, lookup->domain, "has no MX to be had: no answer in time");
	for (size_t i = 0; i < COUNT(lookup->families); i++) {
		if (lookup->families[i].query == NULL)
			continue;
		mark_failed(result, lookup->families[i].host, "no answer in time");
	}
	finish(lookup);
}

struct mx_lookup *mx_lookup_start(struct event_base *base, struct dns *dns, const char *domain, uint32_t deadline_ms,
				  mx_done_fn *done, void *arg)
{
	struct mx_lookup *lookup = calloc(1, sizeof(*lookup));
	struct timeval tv = { .tv_sec = deadline_ms / 1000, .tv_usec = (suseconds_t)(deadline_ms % 1000) * 1000 };

	if (lookup == NULL)
		return NULL;
	lookup->dns = dns;
	lookup->done = done;
	lookup->arg = arg;
	(void)snprintf(lookup->domain, sizeof(lookup->domain), "%s", domain);
	lookup->deadline = evtimer_new(base, on_deadline, lookup);
	lookup->query = dns_ask(dns, domain, DNS_MX, on_mx, lookup);
	if (lookup->deadline == NULL || lookup->query == NULL || evtimer_add(lookup->deadline, &tv) != 0) {
		mx_lookup_cancel(lookup);
		return NULL;
	}
	return lookup;
}

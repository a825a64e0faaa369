/* mx_hosts.c - see mx.h: from the answer about a domain's MX to the list of hosts (RFC 5321 s. 5.1, RFC 7505). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/mx/mx.h"

void mx_result_cleanup(struct mx_result *result)
{
	for (size_t i = 0; result->hosts != NULL && i < result->hosts_count; i++)
		verdict_mx_cleanup(&result->hosts[i]);
	free(result->hosts);
	result->hosts = NULL;
	result->hosts_count = 0;
}

size_t mx_result_bytes(const struct mx_result *result)
{
	size_t bytes = result->hosts_count * sizeof(*result->hosts);

	for (size_t i = 0; i < result->hosts_count; i++) {
		const struct verdict_mx *host = &result->hosts[i];
		bytes += host->addrs_count * sizeof(*host->addrs) + host->tlsa_count * sizeof(*host->tlsa);
		for (size_t j = 0; j < host->tlsa_count; j++)
			bytes += host->tlsa[j].len;
	}
	return bytes;
}

void mx_end_with(struct mx_result *out, enum verdict_lookup lookup, const char *domain, const char *why)
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

/* settle gives back what the list did not need: results are kept for long. */
static void settle(struct mx_result *out)
{
	struct verdict_mx *fitting = realloc(out->hosts, out->hosts_count * sizeof(*out->hosts));

	if (fitting != NULL)
		out->hosts = fitting;
	out->lookup = VERDICT_LOOKUP_FOUND;
}

void mx_hosts(struct mx_result *out, const char *domain, const struct dns_answer *answer)
{
	char why[DNS_REASON_MAX + 32];

	*out = (struct mx_result){ .ttl_s = answer->ttl_s,
				   .secure =
					   answer->status == DNS_FOUND_SECURE || answer->status == DNS_ABSENT_SECURE };
	(void)snprintf(out->canonical, sizeof(out->canonical), "%s", answer->canonical);
	if (!dns_found(answer) && !dns_absent(answer)) {
		(void)snprintf(why, sizeof(why), "has no MX to be had: %s", answer->reason);
		mx_end_with(out, VERDICT_LOOKUP_FAILED, domain, why);
		return;
	}
	out->nxdomain = dns_absent(answer) && answer->nxdomain;
	if (out->nxdomain) {
		mx_end_with(out, VERDICT_LOOKUP_ABSENT, domain, "does not exist in the DNS");
		return;
	}
	out->hosts = calloc(VERDICT_MX_MAX, sizeof(*out->hosts));
	if (out->hosts == NULL) {
		mx_end_with(out, VERDICT_LOOKUP_FAILED, domain, "could not be looked up: out of memory");
		return;
	}
	if (dns_absent(answer)) {
		out->implicit = true;
		add_host(out, domain, 0);
	}
	out->null_mx = dns_found(answer) && is_null_mx(answer);
	if (out->null_mx) {
		mx_end_with(out, VERDICT_LOOKUP_ABSENT, domain, "takes no mail (null MX)");
		return;
	}
	for (size_t i = 0; dns_found(answer) && i < answer->mx_count; i++) {
		if (is_host_name(answer->mx[i].name))
			add_host(out, answer->mx[i].name, answer->mx[i].preference);
	}
	/* MX records of which none can be used are an error, never a reason to take the domain's own address. */
	if (out->hosts_count == 0)
		mx_end_with(out, VERDICT_LOOKUP_FAILED, domain, "has MX records, none of them a host's name");
	else
		settle(out);
}

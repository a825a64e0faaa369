/* host_search.c - see host_search.h. */
#include "policy/mx/host_search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/mx/tlsa_der.h"

void host_search_init(struct host_search *search, const char *host, uint16_t port, bool wanted)
{
	*search = (struct host_search){ .wanted = wanted, .port = port };
	(void)snprintf(search->host, sizeof(search->host), "%s", host);
}

void host_search_cleanup(struct host_search *search)
{
	tlsa_free(search->tlsa, search->tlsa_count);
	search->tlsa = NULL;
	search->tlsa_count = 0;
}

static void end_with(struct host_search *search, enum verdict_dane dane)
{
	search->dane = search->wanted ? dane : VERDICT_DANE_NONE;
	search->step = HOST_STEP_DONE;
}

void host_search_fail(struct host_search *search, const char *why)
{
	(void)snprintf(search->reason, sizeof(search->reason), "%s", why);
	end_with(search, VERDICT_DANE_FAILED);
}

/* tlsa_name writes where the TLSA records of |base| are. False: a name that is longer than names can be, so that there
 * is none. */
static bool tlsa_name(const struct host_search *search, size_t base, char out[DNS_NAME_MAX])
{
	const char *name = base + 1 < search->bases_count ? search->expanded : search->host;
	int len = snprintf(out, DNS_NAME_MAX, "_%u._tcp.%s", search->port, name);

	return len > 0 && len < DNS_NAME_MAX;
}

/* to_tlsa goes on to candidate |base|, or to the end: no candidate has records. */
static void to_tlsa(struct host_search *search, size_t base)
{
	char name[DNS_NAME_MAX];

	while (base < search->bases_count && !tlsa_name(search, base, name))
		base++;
	search->base = base;
	search->step = HOST_STEP_TLSA;
	if (!search->wanted || base >= search->bases_count)
		end_with(search, VERDICT_DANE_NONE);
}

/* --- addresses ---------------------------------------------------------------------------------------------------- */

static bool is_either(const struct host_search *search, enum dns_status status)
{
	return search->families[0] == status || search->families[1] == status;
}

/* Both families are there (s. 2.2.2). */
static void settle_addrs(struct host_search *search)
{
	search->alias = search->expanded[0] != '\0' && strcmp(search->expanded, search->host) != 0;
	if (is_either(search, DNS_FOUND_SECURE)) {
		search->addrs = HOST_ADDRS_SECURE;
		search->bases_count = search->alias ? 2 : 1;
		to_tlsa(search, 0);
		return;
	}
	if (is_either(search, DNS_FOUND_INSECURE)) {
		search->addrs = search->alias ? HOST_ADDRS_ALIAS : HOST_ADDRS_INSECURE;
		if (search->alias && search->wanted)
			search->step = HOST_STEP_ALIAS;
		else
			end_with(search, VERDICT_DANE_NONE);
		return;
	}
	search->addrs = is_either(search, DNS_FAILED) ? HOST_ADDRS_FAILED : HOST_ADDRS_NONE;
	end_with(search, is_either(search, DNS_FAILED) ? VERDICT_DANE_FAILED : VERDICT_DANE_NONE);
}

static void take_addrs(struct host_search *search, size_t family, const struct dns_answer *answer)
{
	search->families[family] = answer->status;
	search->answered[family] = true;
	if (dns_found(answer) && (search->expanded[0] == '\0' || answer->status == DNS_FOUND_SECURE))
		(void)snprintf(search->expanded, sizeof(search->expanded), "%s", answer->canonical);
	if (answer->status == DNS_FAILED && search->reason[0] == '\0')
		(void)snprintf(search->reason, sizeof(search->reason), "its addresses could not be had: %s",
			       answer->reason);
	if (search->answered[0] && search->answered[1])
		settle_addrs(search);
}

/* --- the first link of an alias ----------------------------------------------------------------------------------- */

static void take_alias(struct host_search *search, const struct dns_answer *answer)
{
	char why[VERDICT_REASON_MAX];

	switch (answer->status) {
	case DNS_FOUND_SECURE:
		search->addrs = HOST_ADDRS_ALIAS_FIRST;
		search->bases_count = 1;
		to_tlsa(search, 0);
		return;
	case DNS_FOUND_INSECURE:
	case DNS_ABSENT_INSECURE: end_with(search, VERDICT_DANE_NONE); return;
	case DNS_ABSENT_SECURE: host_search_fail(search, "it was an alias a moment ago, and is none now"); return;
	case DNS_FAILED: break;
	}
	(void)snprintf(why, sizeof(why), "its alias could not be had: %s", answer->reason);
	host_search_fail(search, why);
}

/* --- TLSA records ------------------------------------------------------------------------------------------------- */

static bool copy_record(struct tlsa *out, const struct tlsa *record)
{
	*out = *record;
	out->data = malloc(record->len);
	if (out->data == NULL)
		return false;
	memcpy(out->data, record->data, record->len);
	return true;
}

static bool copy_usable(struct host_search *search, const struct dns_answer *answer)
{
	search->tlsa = calloc(answer->tlsa_count, sizeof(*search->tlsa));
	if (search->tlsa == NULL)
		return false;
	for (size_t i = 0; i < answer->tlsa_count; i++) {
		if (tlsa_unusable(&answer->tlsa[i], tlsa_der_parses) != NULL)
			continue;
		if (!copy_record(&search->tlsa[search->tlsa_count], &answer->tlsa[i]))
			return false;
		search->tlsa_count++;
	}
	return true;
}

static void take_records(struct host_search *search, const struct dns_answer *answer)
{
	if (answer->tlsa_count == 0) {
		host_search_fail(search, "its TLSA records could not be had: an answer without any");
		return;
	}
	if (!copy_usable(search, answer)) {
		host_search_cleanup(search);
		host_search_fail(search, "its TLSA records could not be had: out of memory");
		return;
	}
	end_with(search, search->tlsa_count > 0 ? VERDICT_DANE_USABLE : VERDICT_DANE_UNUSABLE);
	if (search->dane == VERDICT_DANE_UNUSABLE)
		host_search_cleanup(search);
}

static void take_tlsa(struct host_search *search, const struct dns_answer *answer)
{
	char why[VERDICT_REASON_MAX];

	switch (answer->status) {
	case DNS_FOUND_SECURE: take_records(search, answer); return;
	case DNS_FOUND_INSECURE:
	case DNS_ABSENT_INSECURE:
	case DNS_ABSENT_SECURE: to_tlsa(search, search->base + 1); return;
	case DNS_FAILED: break;
	}
	(void)snprintf(why, sizeof(why), "its TLSA records could not be had: %s", answer->reason);
	host_search_fail(search, why);
}

/* --- steps -------------------------------------------------------------------------------------------------------- */

void host_search_take(struct host_search *search, enum dns_type type, const struct dns_answer *answer)
{
	if (search->step == HOST_STEP_ADDRS && (type == DNS_A || type == DNS_AAAA))
		take_addrs(search, type == DNS_AAAA, answer);
	else if (search->step == HOST_STEP_ALIAS && type == DNS_CNAME)
		take_alias(search, answer);
	else if (search->step == HOST_STEP_TLSA && type == DNS_TLSA)
		take_tlsa(search, answer);
}

bool host_search_next(const struct host_search *search, char out_name[DNS_NAME_MAX], enum dns_type *out_type)
{
	switch (search->step) {
	case HOST_STEP_ALIAS:
		*out_type = DNS_CNAME;
		(void)snprintf(out_name, DNS_NAME_MAX, "%s", search->host);
		return true;
	case HOST_STEP_TLSA: *out_type = DNS_TLSA; return tlsa_name(search, search->base, out_name);
	case HOST_STEP_ADDRS:
	case HOST_STEP_DONE: break;
	}
	return false;
}

const char *host_search_base(const struct host_search *search)
{
	if (search->dane != VERDICT_DANE_USABLE && search->dane != VERDICT_DANE_UNUSABLE)
		return "";
	return search->base + 1 < search->bases_count ? search->expanded : search->host;
}

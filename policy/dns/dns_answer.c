/* dns_answer.c - an answer as words and as records in text. */
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/dns/dns_message.h"

static const struct {
	enum dns_type type;
	const char *name;
} types[] = {
	{ DNS_A, "A" },     { DNS_NS, "NS" },         { DNS_CNAME, "CNAME" }, { DNS_SOA, "SOA" },
	{ DNS_PTR, "PTR" }, { DNS_MX, "MX" },         { DNS_TXT, "TXT" },     { DNS_AAAA, "AAAA" },
	{ DNS_DS, "DS" },   { DNS_DNSKEY, "DNSKEY" }, { DNS_TLSA, "TLSA" },
};

bool dns_found(const struct dns_answer *answer)
{
	return answer->status == DNS_FOUND_INSECURE || answer->status == DNS_FOUND_SECURE;
}

bool dns_absent(const struct dns_answer *answer)
{
	return answer->status == DNS_ABSENT_INSECURE || answer->status == DNS_ABSENT_SECURE;
}

bool dns_secure(const struct dns_answer *answer)
{
	return answer->status == DNS_FOUND_SECURE || answer->status == DNS_ABSENT_SECURE;
}

const char *dns_status_name(enum dns_status status)
{
	switch (status) {
	case DNS_ABSENT_INSECURE: return "absent-insecure";
	case DNS_ABSENT_SECURE: return "absent-secure";
	case DNS_FOUND_INSECURE: return "insecure";
	case DNS_FOUND_SECURE: return "secure";
	case DNS_FAILED: break;
	}
	return "failed";
}

const char *dns_type_name(enum dns_type type)
{
	for (size_t i = 0; i < COUNT(types); i++) {
		if (types[i].type == type)
			return types[i].name;
	}
	return "?";
}

bool dns_type_parse(enum dns_type *out, const char *name)
{
	for (size_t i = 0; i < COUNT(types); i++) {
		if (strcasecmp(types[i].name, name) == 0) {
			*out = types[i].type;
			return true;
		}
	}
	return false;
}

static bool is_alias(const ldns_rr *rr)
{
	return ldns_rr_get_type(rr) == LDNS_RR_TYPE_CNAME || ldns_rr_get_type(rr) == LDNS_RR_TYPE_DNAME;
}

static void print_records(FILE *out, const ldns_rr_list *list, bool aliases)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);
		if (is_alias(rr) == aliases && ldns_rr_get_type(rr) != LDNS_RR_TYPE_RRSIG)
			ldns_rr_print(out, rr);
	}
}

void dns_answer_print(FILE *out, const struct dns_answer *answer)
{
	ldns_pkt *packet = NULL;

	if (answer->message == NULL || ldns_wire2pkt(&packet, answer->message, answer->message_len) != LDNS_STATUS_OK)
		return;
	print_records(out, ldns_pkt_answer(packet), true);
	print_records(out, ldns_pkt_answer(packet), false);
	ldns_pkt_free(packet);
}

void dns_answer_drop(struct dns_answer *answer)
{
	tlsa_free(answer->tlsa, answer->tlsa_count);
	answer->tlsa = NULL;
	for (size_t i = 0; i < answer->txt_count; i++)
		free(answer->txt[i].bytes);
	free(answer->txt);
	answer->txt = NULL;
	answer->tlsa_count = answer->mx_count = answer->addrs_count = answer->txt_count = 0;
}

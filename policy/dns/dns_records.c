/* dns_records.c - see dns_records.h. */
#include "policy/dns/dns_records.h"

#include <stdlib.h>
#include <string.h>

#define TTL_MAX_S 86400

bool dns_name_text(char out[DNS_NAME_MAX], const ldns_rdf *dname)
{
	const uint8_t *at = ldns_rdf_data(dname);
	const uint8_t *end = at + ldns_rdf_size(dname);
	size_t len = 0;

	while (at < end && *at != 0) {
		size_t label = *at++;
		if (label > 63 || label > (size_t)(end - at) || len + label + 1 >= DNS_NAME_MAX)
			return false;
		for (size_t i = 0; i < label; i++) {
			if (at[i] <= ' ' || at[i] >= 0x7f || strchr(".\\\"()@;$", at[i]) != NULL)
				return false;
			out[len++] = (char)(at[i] >= 'A' && at[i] <= 'Z' ? at[i] + 32 : at[i]);
		}
		out[len++] = '.';
		at += label;
	}
	if (len == 0)
		out[len++] = '.';
	else
		len--;
	out[len] = '\0';
	return at < end;
}

bool dns_is_record_of(const ldns_rr *rr, const char *name, ldns_rr_type type)
{
	char owner[DNS_NAME_MAX];

	return ldns_rr_get_class(rr) == LDNS_RR_CLASS_IN && ldns_rr_get_type(rr) == type &&
	       dns_name_text(owner, ldns_rr_owner(rr)) && strcmp(owner, name) == 0;
}

/* --- time --------------------------------------------------------------------------------------------------------- */

void dns_take_ttl(struct dns_answer *answer, uint32_t ttl_s)
{
	if (ttl_s > INT32_MAX) /* RFC 2181 s. 8 */
		ttl_s = 0;
	if (ttl_s > TTL_MAX_S)
		ttl_s = TTL_MAX_S;
	if (ttl_s < answer->ttl_s)
		answer->ttl_s = ttl_s;
}

static bool is_signature_of(const ldns_rr *sig, const ldns_rr *rr)
{
	return ldns_rr_get_type(sig) == LDNS_RR_TYPE_RRSIG && ldns_rr_rd_count(sig) == 9 &&
	       ldns_rdf2rr_type(ldns_rr_rrsig_typecovered(sig)) == ldns_rr_get_type(rr) &&
	       ldns_dname_compare(ldns_rr_owner(sig), ldns_rr_owner(rr)) == 0;
}

void dns_take_rrset_ttl(struct dns_answer *answer, const ldns_rr *rr, const ldns_rr_list *list, int64_t now_s)
{
	bool ended = false;
	bool holds = false;

	dns_take_ttl(answer, ldns_rr_ttl(rr));
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		const ldns_rr *sig = ldns_rr_list_rr(list, i);
		if (!is_signature_of(sig, rr))
			continue;
		/* RFC 4034 s. 3.1.5: in serial arithmetic. */
		int32_t left_s = (int32_t)(ldns_rdf2native_int32(ldns_rr_rrsig_expiration(sig)) - (uint32_t)now_s);
		if (left_s <= 0) {
			ended = true;
			continue;
		}
		holds = true;
		dns_take_ttl(answer, (uint32_t)left_s);
		dns_take_ttl(answer, ldns_rr_ttl(sig));
		dns_take_ttl(answer, ldns_rdf2native_int32(ldns_rr_rrsig_origttl(sig)));
	}
	if (ended && !holds)
		dns_take_ttl(answer, 0);
}

/* --- values ------------------------------------------------------------------------------------------------------- */

static const char *take_mx(struct dns_answer *answer, const ldns_rr *rr)
{
	struct dns_mx *mx = &answer->mx[answer->mx_count];

	if (answer->mx_count >= DNS_MX_MAX)
		return "more than 32 MX records";
	if (ldns_rr_rd_count(rr) != 2 || ldns_rdf_size(ldns_rr_rdf(rr, 0)) != 2)
		return "a malformed MX record";
	mx->preference = ldns_rdf2native_int16(ldns_rr_rdf(rr, 0));
	if (!dns_name_text(mx->name, ldns_rr_rdf(rr, 1)))
		mx->name[0] = '\0';
	answer->mx_count++;
	return NULL;
}

static const char *take_addr(struct dns_answer *answer, const ldns_rr *rr)
{
	bool ipv4 = ldns_rr_get_type(rr) == LDNS_RR_TYPE_A;
	struct endpoint endpoint = { .addr.family = ipv4 ? AF_INET : AF_INET6 };
	struct sockaddr_storage native = { 0 };
	size_t size = ipv4 ? 4 : 16;

	if (answer->addrs_count >= DNS_ADDRS_MAX)
		return "more than 64 addresses";
	if (ldns_rr_rd_count(rr) != 1 || ldns_rdf_size(ldns_rr_rdf(rr, 0)) != size)
		return "a malformed address";
	/* By way of a socket address, which makes IPv4 of a mapped one. */
	memcpy(endpoint.addr.bytes, ldns_rdf_data(ldns_rr_rdf(rr, 0)), size);
	(void)endpoint_to_sockaddr(&endpoint, &native);
	if (!endpoint_from_sockaddr(&endpoint, &native))
		return "a malformed address";
	answer->addrs[answer->addrs_count++] = endpoint.addr;
	return NULL;
}

/* read_tlsa borrows the data. A record too short to have any is one without (RFC 7671 s. 9: unusable, not fatal). */
static bool read_tlsa(struct tlsa *out, const ldns_rr *rr)
{
	size_t len = ldns_rr_rd_count(rr) == 4 ? ldns_rdf_size(ldns_rr_rdf(rr, 3)) : 0;

	if (ldns_rr_rd_count(rr) < 3 || len > TLSA_DATA_MAX)
		return false;
	*out = (struct tlsa){
		.usage = ldns_rdf2native_int8(ldns_rr_rdf(rr, 0)),
		.selector = ldns_rdf2native_int8(ldns_rr_rdf(rr, 1)),
		.mtype = ldns_rdf2native_int8(ldns_rr_rdf(rr, 2)),
		.len = (uint16_t)len,
		.data = len > 0 ? ldns_rdf_data(ldns_rr_rdf(rr, 3)) : NULL,
	};
	return true;
}

static const char *take_tlsa(struct dns_answer *answer, const ldns_rr *rr)
{
	struct tlsa record;

	if (!read_tlsa(&record, rr))
		return "a malformed TLSA record, or one of more than 16,384 octets";
	for (size_t i = 0; i < answer->tlsa_count; i++) {
		if (tlsa_equal(&answer->tlsa[i], &record))
			return NULL;
	}
	if (answer->tlsa_count >= DNS_TLSA_MAX)
		return "more than 128 TLSA records";
	if (answer->tlsa == NULL && (answer->tlsa = calloc(DNS_TLSA_MAX, sizeof(*answer->tlsa))) == NULL)
		return "out of memory";
	if (record.len > 0) {
		uint8_t *copy = malloc(record.len);
		if (copy == NULL)
			return "out of memory";
		memcpy(copy, record.data, record.len);
		record.data = copy;
	}
	answer->tlsa[answer->tlsa_count++] = record;
	return NULL;
}

/* txt_len: all character-strings together; -1: not what a TXT record holds. */
static long txt_len(const ldns_rr *rr)
{
	long len = 0;

	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *part = ldns_rr_rdf(rr, i);
		size_t size = ldns_rdf_size(part);
		if (size == 0 || ldns_rdf_data(part)[0] != size - 1)
			return -1;
		len += (long)size - 1;
	}
	return ldns_rr_rd_count(rr) > 0 ? len : -1;
}

static const char *take_txt(struct dns_answer *answer, const ldns_rr *rr)
{
	long len = txt_len(rr);
	struct dns_txt *txt;

	if (len < 0)
		return "a malformed TXT record";
	if (answer->txt_count >= DNS_TXT_MAX)
		return "more than 64 TXT records";
	if (answer->txt == NULL && (answer->txt = calloc(DNS_TXT_MAX, sizeof(*answer->txt))) == NULL)
		return "out of memory";
	txt = &answer->txt[answer->txt_count];
	if ((txt->bytes = malloc((size_t)len + 1)) == NULL)
		return "out of memory";
	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *part = ldns_rr_rdf(rr, i);
		memcpy(txt->bytes + txt->len, ldns_rdf_data(part) + 1, ldns_rdf_size(part) - 1);
		txt->len += ldns_rdf_size(part) - 1;
	}
	txt->bytes[txt->len] = '\0';
	answer->txt_count++;
	return NULL;
}

const char *dns_take_record(struct dns_answer *answer, const ldns_rr *rr)
{
	switch (ldns_rr_get_type(rr)) {
	case LDNS_RR_TYPE_MX: return take_mx(answer, rr);
	case LDNS_RR_TYPE_A:
	case LDNS_RR_TYPE_AAAA: return take_addr(answer, rr);
	case LDNS_RR_TYPE_TLSA: return take_tlsa(answer, rr);
	case LDNS_RR_TYPE_TXT: return take_txt(answer, rr);
	default: return NULL;
	}
}

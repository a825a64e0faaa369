/* dns_message.c - see dns_message.h. ldns knows the wire format; what an answer means is decided here. */
#include "policy/dns/dns_message.h"

#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_LEN        12
#define TTL_MAX_S         86400
#define TTL_ABSENT_MAX_S  10800 /* RFC 2308 s. 5 */
#define TTL_ABSENT_NONE_S 60    /* an absence without SOA carries no TTL at all */
#define EDNS_UDP_SIZE     1232  /* fits every path without fragments */

bool dns_found(const struct dns_answer *answer)
{
	return answer->status == DNS_FOUND_INSECURE || answer->status == DNS_FOUND_SECURE;
}

bool dns_absent(const struct dns_answer *answer)
{
	return answer->status == DNS_ABSENT_INSECURE || answer->status == DNS_ABSENT_SECURE;
}

const char *dns_type_name(enum dns_type type)
{
	switch (type) {
	case DNS_A: return "A";
	case DNS_MX: return "MX";
	case DNS_AAAA: return "AAAA";
	default: break;
	}
	return "?";
}

/* --- the question ------------------------------------------------------------------------------------------------- */

static bool encode(struct dns_message_query *out, ldns_pkt *packet)
{
	uint8_t *wire = NULL;
	size_t len = 0;
	bool ok;

	ok = ldns_pkt2wire(&wire, packet, &len) == LDNS_STATUS_OK && len <= sizeof(out->bytes);
	if (ok) {
		memcpy(out->bytes, wire, len);
		out->len = len;
	}
	free(wire);
	return ok;
}

/* ldns reads backslashes as escapes; no name that gate25 asks about has one. */
static bool can_ask(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < DNS_NAME_MAX && strchr(name, '\\') == NULL && name[0] != '.' && name[len - 1] != '.';
}

bool dns_message_ask(struct dns_message_query *out, const char *name, enum dns_type type, uint16_t id)
{
	ldns_rdf *owner;
	ldns_pkt *packet;
	bool ok;

	*out = (struct dns_message_query){ 0 };
	if (!can_ask(name) || (owner = ldns_dname_new_frm_str(name)) == NULL)
		return false;
	out->question_len = ldns_rdf_size(owner) + 4;
	packet = ldns_pkt_query_new(owner, (ldns_rr_type)type, LDNS_RR_CLASS_IN, LDNS_RD);
	if (packet == NULL) {
		ldns_rdf_deep_free(owner);
		return false;
	}
	ldns_pkt_set_id(packet, id);
	ldns_pkt_set_edns_udp_size(packet, EDNS_UDP_SIZE);
	ldns_pkt_set_edns_do(packet, true);
	ok = encode(out, packet);
	ldns_pkt_free(packet);
	return ok;
}

/* --- the answer --------------------------------------------------------------------------------------------------- */

static enum dns_reply failed(struct dns_answer *answer, const char *reason)
{
	(void)snprintf(answer->reason, sizeof(answer->reason), "%s", reason);
	answer->status = DNS_FAILED;
	answer->mx_count = 0;
	answer->addrs_count = 0;
	return DNS_REPLY_FAILED;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* dname_text writes a name in lower case without its last dot, "." for the root. False for one with octets that no host
 * name and no alias in use has: they would read differently as text. */
static bool dname_text(char out[DNS_NAME_MAX], const ldns_rdf *dname)
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
			out[len++] = (char)lower(at[i]);
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

static bool same_question(const struct dns_message_query *query, const uint8_t *bytes, size_t len)
{
	if (len < HEADER_LEN + query->question_len || bytes[4] != 0 || bytes[5] != 1)
		return false;
	for (size_t i = HEADER_LEN; i < HEADER_LEN + query->question_len; i++) {
		if (lower(bytes[i]) != lower(query->bytes[i]))
			return false;
	}
	return true;
}

static bool is_record_of(const ldns_rr *rr, const char *name, unsigned type)
{
	char owner[DNS_NAME_MAX];

	return ldns_rr_get_class(rr) == LDNS_RR_CLASS_IN && (unsigned)ldns_rr_get_type(rr) == type &&
	       dname_text(owner, ldns_rr_owner(rr)) && strcmp(owner, name) == 0;
}

static void take_ttl(struct dns_answer *answer, uint32_t ttl_s)
{
	if (ttl_s > INT32_MAX) /* RFC 2181 s. 8 */
		ttl_s = 0;
	if (ttl_s > TTL_MAX_S)
		ttl_s = TTL_MAX_S;
	if (ttl_s < answer->ttl_s)
		answer->ttl_s = ttl_s;
}

static bool take_mx(struct dns_answer *answer, const ldns_rr *rr)
{
	struct dns_mx *mx = &answer->mx[answer->mx_count];

	if (answer->mx_count >= DNS_MX_MAX || ldns_rr_rd_count(rr) != 2 || ldns_rdf_size(ldns_rr_rdf(rr, 0)) != 2)
		return false;
	mx->preference = ldns_rdf2native_int16(ldns_rr_rdf(rr, 0));
	if (!dname_text(mx->name, ldns_rr_rdf(rr, 1)))
		mx->name[0] = '\0';
	answer->mx_count++;
	return true;
}

static bool take_addr(struct dns_answer *answer, const ldns_rr *rr, enum dns_type type)
{
	struct endpoint endpoint;
	struct sockaddr_storage native = { 0 };
	size_t size = type == DNS_A ? 4 : 16;

	if (answer->addrs_count >= DNS_ADDRS_MAX || ldns_rr_rd_count(rr) != 1 ||
	    ldns_rdf_size(ldns_rr_rdf(rr, 0)) != size)
		return false;
	/* By way of a socket address, which makes IPv4 of a mapped one. */
	endpoint = (struct endpoint){ .addr.family = type == DNS_A ? AF_INET : AF_INET6 };
	memcpy(endpoint.addr.bytes, ldns_rdf_data(ldns_rr_rdf(rr, 0)), size);
	(void)endpoint_to_sockaddr(&endpoint, &native);
	if (!endpoint_from_sockaddr(&endpoint, &native))
		return false;
	answer->addrs[answer->addrs_count++] = endpoint.addr;
	return true;
}

/* alias_of finds where |name| points, if it is an alias. Returns the number of CNAME records it has: two are nonsense.
 */
static size_t alias_of(struct dns_answer *answer, const ldns_rr_list *list, const char *name, char out[DNS_NAME_MAX])
{
	size_t found = 0;

	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);
		if (!is_record_of(rr, name, LDNS_RR_TYPE_CNAME))
			continue;
		if (ldns_rr_rd_count(rr) != 1 || !dname_text(out, ldns_rr_rdf(rr, 0)) || strcmp(out, ".") == 0)
			return 2;
		take_ttl(answer, ldns_rr_ttl(rr));
		found++;
	}
	return found;
}

/* follow_aliases leaves in |canonical| the last name of the chain that starts there. */
static bool follow_aliases(struct dns_answer *answer, const ldns_rr_list *list)
{
	char next[DNS_NAME_MAX];

	for (;;) {
		size_t found = alias_of(answer, list, answer->canonical, next);
		if (found == 0)
			return true;
		if (found > 1 || ++answer->aliases > DNS_ALIASES_MAX)
			return false;
		memcpy(answer->canonical, next, sizeof(next));
	}
}

static bool take_records(struct dns_answer *answer, const ldns_rr_list *list, enum dns_type type)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);
		if (!is_record_of(rr, answer->canonical, (unsigned)type))
			continue;
		if (!(type == DNS_MX ? take_mx(answer, rr) : take_addr(answer, rr, type)))
			return false;
		take_ttl(answer, ldns_rr_ttl(rr));
	}
	return true;
}

/* absence_ttl: RFC 2308 s. 5. Returns whether there was an SOA at all. */
static bool absence_ttl(struct dns_answer *answer, const ldns_rr_list *authority)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(authority); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(authority, i);
		if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_SOA || ldns_rr_rd_count(rr) != 7 ||
		    ldns_rdf_size(ldns_rr_rdf(rr, 6)) != 4)
			continue;
		uint32_t minimum_s = ldns_rdf2native_int32(ldns_rr_rdf(rr, 6));
		take_ttl(answer, ldns_rr_ttl(rr));
		take_ttl(answer, minimum_s < TTL_ABSENT_MAX_S ? minimum_s : TTL_ABSENT_MAX_S);
		return true;
	}
	return false;
}

static enum dns_reply judge(struct dns_answer *answer, const char *name, enum dns_type type, const ldns_pkt *packet)
{
	const ldns_rr_list *list = ldns_pkt_answer(packet);
	bool nxdomain = ldns_pkt_get_rcode(packet) == LDNS_RCODE_NXDOMAIN;
	unsigned aliases_before = answer->aliases;

	(void)snprintf(answer->canonical, sizeof(answer->canonical), "%s", name);
	if (ldns_pkt_edns_extended_rcode(packet) != 0)
		return failed(answer, "the resolver refused the form of the question");
	if (!follow_aliases(answer, list))
		return failed(answer, "a loop of aliases, or too many of them");
	if (!take_records(answer, list, type))
		return failed(answer, type == DNS_MX ? "malformed, or more than 32 MX records"
						     : "malformed, or more than 64 addresses");
	if (answer->mx_count + answer->addrs_count > 0) {
		answer->status = DNS_FOUND_INSECURE;
		return nxdomain ? failed(answer, "records of a name that does not exist") : DNS_REPLY_ANSWER;
	}
	bool soa = absence_ttl(answer, ldns_pkt_authority(packet));
	if (!nxdomain && !soa && answer->aliases > aliases_before)
		return DNS_REPLY_ALIAS;
	if (!soa)
		take_ttl(answer, TTL_ABSENT_NONE_S);
	answer->status = DNS_ABSENT_INSECURE;
	answer->nxdomain = nxdomain;
	return DNS_REPLY_ANSWER;
}

enum dns_reply dns_message_read(struct dns_answer *answer, const struct dns_message_query *query, const char *name,
				enum dns_type type, const uint8_t *bytes, size_t len)
{
	static const char *const errors[16] = { [1] = "FORMERR", [2] = "SERVFAIL", [4] = "NOTIMP", [5] = "REFUSED" };
	ldns_pkt *packet = NULL;
	unsigned aliases = answer->aliases;
	uint32_t ttl_s = answer->ttl_s;
	enum dns_reply reply;

	answer->status = DNS_FAILED;
	answer->nxdomain = false;
	answer->mx_count = 0;
	answer->addrs_count = 0;
	if (len < HEADER_LEN || memcmp(bytes, query->bytes, 2) != 0 || (bytes[2] & 0x80) == 0 ||
	    !same_question(query, bytes, len))
		return DNS_REPLY_FOREIGN;
	unsigned rcode = bytes[3] & 0x0f;
	if ((bytes[2] & 0x78) != 0)
		return failed(answer, "not an answer to a query");
	if ((bytes[2] & 0x02) != 0)
		return DNS_REPLY_TRUNCATED;
	if (rcode != LDNS_RCODE_NOERROR && rcode != LDNS_RCODE_NXDOMAIN)
		return failed(answer, errors[rcode] != NULL ? errors[rcode] : "an error of the resolver");
	if (ldns_wire2pkt(&packet, bytes, len) != LDNS_STATUS_OK)
		return failed(answer, "malformed answer");
	reply = judge(answer, name, type, packet);
	ldns_pkt_free(packet);
	if (reply == DNS_REPLY_FAILED) { /* nothing of it counts: another resolver is asked the same */
		answer->aliases = aliases;
		answer->ttl_s = ttl_s;
	}
	return reply;
}

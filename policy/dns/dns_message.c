/* dns_message.c - see dns_message.h. ldns knows the wire format; what an answer means is decided here. */
#include "policy/dns/dns_message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/dns/dns_ede.h"
#include "policy/dns/dns_records.h"

#define HEADER_LEN        12
#define TTL_ABSENT_MAX_S  10800 /* RFC 2308 s. 5 */
#define TTL_ABSENT_NONE_S 60    /* an absence without SOA carries no TTL at all */
#define PROOF_MAX         128   /* three for each of 16 aliases and for the end are far fewer */
#define EDNS_UDP_SIZE     1232  /* fits every path without fragments */

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

	if (strcmp(name, ".") == 0)
		return true;
	return len > 0 && len < DNS_NAME_MAX && strchr(name, '\\') == NULL && name[0] != '.' && name[len - 1] != '.';
}

bool dns_message_ask(struct dns_message_query *out, const char *name, enum dns_type type, uint16_t id)
{
	ldns_rdf *owner;
	ldns_pkt *packet;
	bool ok;

	*out = (struct dns_message_query){ .type = type };
	if (!can_ask(name) || (owner = ldns_dname_new_frm_str(name)) == NULL)
		return false;
	(void)snprintf(out->name, sizeof(out->name), "%s", name);
	out->question_len = ldns_rdf_size(owner) + 4;
	packet = ldns_pkt_query_new(owner, (ldns_rr_type)type, LDNS_RR_CLASS_IN, LDNS_RD);
	if (packet == NULL) {
		ldns_rdf_deep_free(owner);
		return false;
	}
	ldns_pkt_set_id(packet, id);
	ldns_pkt_set_ad(packet, true);
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
	dns_answer_drop(answer);
	return DNS_REPLY_FAILED;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
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

/* What is being read: the packet and the moment. */
struct reading {
	const ldns_rr_list *list; /* the section of the answer */
	const ldns_rr_list *authority;
	int64_t now_s;
};

/* alias_of finds where |name| points, if it is an alias. Returns the number of CNAME records it has: two are nonsense.
 */
static size_t alias_of(struct dns_answer *answer, const struct reading *in, const char *name, char out[DNS_NAME_MAX])
{
	size_t found = 0;

	for (size_t i = 0; i < ldns_rr_list_rr_count(in->list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(in->list, i);
		if (!dns_is_record_of(rr, name, LDNS_RR_TYPE_CNAME))
			continue;
		if (ldns_rr_rd_count(rr) != 1 || !dns_name_text(out, ldns_rr_rdf(rr, 0)) || strcmp(out, ".") == 0)
			return 2;
		dns_take_rrset_ttl(answer, rr, in->list, in->now_s);
		found++;
	}
	return found;
}

/* follow_aliases leaves in |canonical| the last name of the chain that starts there. */
static bool follow_aliases(struct dns_answer *answer, const struct reading *in)
{
	char next[DNS_NAME_MAX];

	for (;;) {
		size_t found = alias_of(answer, in, answer->canonical, next);
		if (found == 0)
			return true;
		if (found > 1 || ++answer->aliases > DNS_ALIASES_MAX)
			return false;
		memcpy(answer->canonical, next, sizeof(next));
	}
}

/* take_alias_itself: a question for CNAME. */
static size_t take_alias_itself(struct dns_answer *answer, const struct reading *in)
{
	char target[DNS_NAME_MAX];
	size_t found = alias_of(answer, in, answer->canonical, target);

	if (found == 1)
		memcpy(answer->canonical, target, sizeof(target));
	return found;
}

/* take_records counts in |out_count|. NULL, or what is wrong with them. */
static const char *take_records(size_t *out_count, struct dns_answer *answer, const struct reading *in,
				enum dns_type type)
{
	*out_count = 0;
	for (size_t i = 0; i < ldns_rr_list_rr_count(in->list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(in->list, i);
		const char *wrong;
		if (!dns_is_record_of(rr, answer->canonical, (ldns_rr_type)type))
			continue;
		if ((wrong = dns_take_record(answer, rr)) != NULL)
			return wrong;
		dns_take_rrset_ttl(answer, rr, in->list, in->now_s);
		++*out_count;
	}
	return NULL;
}

/* take_proof_ttls: what else the answer rests on has its time too: denials of a better match, and what made aliases.
 * False: more of them than any answer rests on. Each is held against all the others, so that many are costly. */
static bool take_proof_ttls(struct dns_answer *answer, const struct reading *in)
{
	size_t count = 0;

	for (size_t i = 0; i < ldns_rr_list_rr_count(in->authority); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(in->authority, i);
		if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_NSEC && ldns_rr_get_type(rr) != LDNS_RR_TYPE_NSEC3)
			continue;
		if (++count > PROOF_MAX)
			return false;
		dns_take_rrset_ttl(answer, rr, in->authority, in->now_s);
	}
	for (size_t i = 0; i < ldns_rr_list_rr_count(in->list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(in->list, i);
		if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_DNAME)
			continue;
		if (++count > PROOF_MAX)
			return false;
		dns_take_rrset_ttl(answer, rr, in->list, in->now_s);
	}
	return true;
}

/* absence_ttl: RFC 2308 s. 5. Returns whether there was an SOA at all. */
static bool absence_ttl(struct dns_answer *answer, const struct reading *in)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(in->authority); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(in->authority, i);
		if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_SOA || ldns_rr_rd_count(rr) != 7 ||
		    ldns_rdf_size(ldns_rr_rdf(rr, 6)) != 4)
			continue;
		uint32_t minimum_s = ldns_rdf2native_int32(ldns_rr_rdf(rr, 6));
		dns_take_rrset_ttl(answer, rr, in->authority, in->now_s);
		dns_take_ttl(answer, minimum_s < TTL_ABSENT_MAX_S ? minimum_s : TTL_ABSENT_MAX_S);
		return true;
	}
	return false;
}

static enum dns_reply judge(struct dns_answer *answer, const struct reading *in, const struct dns_message_query *query,
			    bool nxdomain)
{
	unsigned aliases_before = answer->aliases;
	const char *wrong = NULL;
	size_t count;

	(void)snprintf(answer->canonical, sizeof(answer->canonical), "%s", query->name);
	if (query->type == DNS_CNAME) {
		if ((count = take_alias_itself(answer, in)) > 1)
			wrong = "more than one alias of one name";
	} else if (!follow_aliases(answer, in)) {
		wrong = "a loop of aliases, or too many of them";
	} else {
		wrong = take_records(&count, answer, in, query->type);
	}
	if (wrong != NULL)
		return failed(answer, wrong);
	if (!take_proof_ttls(answer, in))
		return failed(answer, "more than 128 records of proof");
	if (count > 0) {
		answer->status = DNS_FOUND_INSECURE;
		return nxdomain ? failed(answer, "records of a name that does not exist") : DNS_REPLY_ANSWER;
	}
	bool soa = absence_ttl(answer, in);
	if (!nxdomain && !soa && answer->aliases > aliases_before)
		return DNS_REPLY_ALIAS;
	if (!soa)
		dns_take_ttl(answer, TTL_ABSENT_NONE_S);
	answer->status = DNS_ABSENT_INSECURE;
	answer->nxdomain = nxdomain;
	return DNS_REPLY_ANSWER;
}

static bool has_signature(const ldns_rr_list *list)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		if (ldns_rr_get_type(ldns_rr_list_rr(list, i)) == LDNS_RR_TYPE_RRSIG)
			return true;
	}
	return false;
}

static enum dns_reply read_packet(struct dns_answer *answer, struct dns_message *message,
				  const struct dns_message_query *query, ldns_pkt *packet)
{
	ldns_pkt_rcode rcode = ldns_pkt_get_rcode(packet);
	const struct reading in = { ldns_pkt_answer(packet), ldns_pkt_authority(packet), message->now_s };

	if (rcode != LDNS_RCODE_NOERROR && rcode != LDNS_RCODE_NXDOMAIN) {
		answer->bogus = dns_ede_reason(answer->reason, packet);
		return DNS_REPLY_FAILED;
	}
	if (ldns_pkt_edns_extended_rcode(packet) != 0)
		return failed(answer, "the resolver refused the form of the question");
	message->ad = ldns_pkt_ad(packet);
	message->signs = has_signature(in.list) || has_signature(in.authority);
	return judge(answer, &in, query, rcode == LDNS_RCODE_NXDOMAIN);
}

enum dns_reply dns_message_read(struct dns_answer *answer, struct dns_message *message,
				const struct dns_message_query *query)
{
	const uint8_t *bytes = message->bytes;
	ldns_pkt *packet = NULL;
	unsigned aliases = answer->aliases;
	uint32_t ttl_s = answer->ttl_s;
	enum dns_reply reply;

	message->ad = message->signs = false;
	answer->status = DNS_FAILED;
	answer->bogus = answer->nxdomain = false;
	dns_answer_drop(answer);
	if (message->len < HEADER_LEN || memcmp(bytes, query->bytes, 2) != 0 || (bytes[2] & 0x80) == 0 ||
	    !same_question(query, bytes, message->len))
		return DNS_REPLY_FOREIGN;
	if ((bytes[2] & 0x78) != 0)
		return failed(answer, "not an answer to a query");
	if ((bytes[2] & 0x02) != 0)
		return DNS_REPLY_TRUNCATED;
	if (ldns_wire2pkt(&packet, bytes, message->len) != LDNS_STATUS_OK)
		return failed(answer, "malformed answer");
	reply = read_packet(answer, message, query, packet);
	ldns_pkt_free(packet);
	if (reply == DNS_REPLY_FAILED) { /* nothing of it counts: another resolver is asked the same */
		answer->aliases = aliases;
		answer->ttl_s = ttl_s;
	}
	return reply;
}

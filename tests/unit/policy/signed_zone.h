/* signed_zone.h - a root zone, signed by ldns, that a fake_dns serves as a forwarder would: with signatures and all
 * denials, below what is delegated from the fake's own table, unsigned. Each test program includes its own copy. */
#ifndef GATE25_TESTS_SIGNED_ZONE_H
#define GATE25_TESTS_SIGNED_ZONE_H

#include <ldns/ldns.h>
#include <time.h>

#include "tests/unit/policy/fake_dns.h"

struct signed_zone {
	ldns_rr_list *records;      /* all of them, signatures and denials too */
	char *anchor;               /* its key, as text */
	const char *unsigned_below; /* this name and all below come from the table */
	const char *forged;         /* the address of this name is changed after signing */
	bool strips_signatures;
	bool strips_denials;
};

struct signed_zone_options {
	const char *const *records; /* as in a zone file; ends with NULL */
	time_t ends_in_s;           /* the signatures, from now */
	bool nsec3;                 /* with opt-out */
};

static inline ldns_rr *zone_rr(const char *text)
{
	ldns_rr *rr = NULL;

	if (ldns_rr_new_frm_str(&rr, text, 86400, NULL, NULL) != LDNS_STATUS_OK)
		abort();
	return rr;
}

static inline ldns_key *zone_key(const struct signed_zone_options *options)
{
	ldns_key *key = ldns_key_new_frm_algorithm(LDNS_SIGN_ECDSAP256SHA256, 256);

	if (key == NULL)
		abort();
	ldns_key_set_pubkey_owner(key, ldns_dname_new_frm_str("."));
	ldns_key_set_flags(key, 257);
	ldns_key_set_inception(key, (uint32_t)(time(NULL) - 1000000));
	ldns_key_set_expiration(key, (uint32_t)(time(NULL) + options->ends_in_s));
	return key;
}

static inline void zone_sign(ldns_dnssec_zone *zone, const struct signed_zone_options *options, ldns_rr_list *out,
			     ldns_key_list *keys)
{
	ldns_status status;

	status = options->nsec3
			 ? ldns_dnssec_zone_sign_nsec3_flg(zone, out, keys, ldns_dnssec_default_replace_signatures,
							   NULL, 1, 1, 0, 0, NULL, 0)
			 : ldns_dnssec_zone_sign_flg(zone, out, keys, ldns_dnssec_default_replace_signatures, NULL, 0);
	if (status != LDNS_STATUS_OK)
		abort();
}

static inline void signed_zone_open(struct signed_zone *z, const struct signed_zone_options *options)
{
	ldns_dnssec_zone *zone = ldns_dnssec_zone_new();
	ldns_rr_list *made = ldns_rr_list_new();
	ldns_key_list *keys = ldns_key_list_new();
	ldns_key *key = zone_key(options);
	ldns_rr *dnskey;

	memset(z, 0, sizeof(*z));
	(void)ldns_key_list_push_key(keys, key);
	dnskey = ldns_key2rr(key);
	ldns_rr_set_ttl(dnskey, 86400);
	ldns_key_set_keytag(key, ldns_calc_keytag(dnskey));
	z->anchor = ldns_rr2str(dnskey);
	z->records = ldns_rr_list_new();
	(void)ldns_rr_list_push_rr(z->records, dnskey);
	for (const char *const *text = options->records; *text != NULL; text++)
		(void)ldns_rr_list_push_rr(z->records, zone_rr(*text));
	for (size_t i = 0; i < ldns_rr_list_rr_count(z->records); i++) {
		if (ldns_dnssec_zone_add_rr(zone, ldns_rr_list_rr(z->records, i)) != LDNS_STATUS_OK)
			abort();
	}
	zone_sign(zone, options, made, keys);
	(void)ldns_rr_list_cat(z->records, made);
	ldns_rr_list_free(made);
	ldns_dnssec_zone_free(zone);
	ldns_key_list_free(keys);
}

static inline void signed_zone_close(struct signed_zone *z)
{
	ldns_rr_list_deep_free(z->records);
	free(z->anchor);
}

static inline bool zone_is_below(const ldns_rdf *name, const char *above)
{
	ldns_rdf *dname = above != NULL ? ldns_dname_new_frm_str(above) : NULL;
	bool ok = dname != NULL && (ldns_dname_compare(name, dname) == 0 || ldns_dname_is_subdomain(name, dname));

	ldns_rdf_deep_free(dname);
	return ok;
}

/* zone_push adds |owner|'s set of |type| and its signatures, as if it were |as|'s. Returns how many records. */
static inline size_t zone_push(const struct signed_zone *z, ldns_pkt *reply, ldns_pkt_section section,
			       const ldns_rdf *owner, ldns_rr_type type, const ldns_rdf *as)
{
	size_t count = 0;

	for (size_t i = 0; i < ldns_rr_list_rr_count(z->records); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(z->records, i);
		bool signature = ldns_rr_get_type(rr) == LDNS_RR_TYPE_RRSIG &&
				 ldns_rdf2rr_type(ldns_rr_rrsig_typecovered(rr)) == type;
		if ((owner != NULL && ldns_dname_compare(ldns_rr_owner(rr), owner) != 0) ||
		    (ldns_rr_get_type(rr) != type && !signature) || (signature && z->strips_signatures))
			continue;
		ldns_rr *copy = ldns_rr_clone(rr);
		if (as != NULL) {
			ldns_rdf_deep_free(ldns_rr_owner(copy));
			ldns_rr_set_owner(copy, ldns_rdf_clone(as));
		}
		if (type == LDNS_RR_TYPE_A && !signature && zone_is_below(ldns_rr_owner(copy), z->forged))
			ldns_rdf_data(ldns_rr_rdf(copy, 0))[3] ^= 1;
		(void)ldns_pkt_push_rr(reply, section, copy);
		count += !signature;
	}
	return count;
}

static inline bool zone_has(const struct signed_zone *z, const ldns_rdf *name)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(z->records); i++) {
		const ldns_rdf *owner = ldns_rr_owner(ldns_rr_list_rr(z->records, i));
		if (ldns_dname_compare(owner, name) == 0 || ldns_dname_is_subdomain(owner, name))
			return true;
	}
	return false;
}

static inline void zone_deny(const struct signed_zone *z, ldns_pkt *reply)
{
	if (z->strips_denials)
		return;
	(void)zone_push(z, reply, LDNS_SECTION_AUTHORITY, NULL, LDNS_RR_TYPE_NSEC, NULL);
	(void)zone_push(z, reply, LDNS_SECTION_AUTHORITY, NULL, LDNS_RR_TYPE_NSEC3, NULL);
}

static inline const ldns_rr *zone_alias_of(const ldns_pkt *reply, const ldns_rdf *name)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(ldns_pkt_answer(reply)); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(ldns_pkt_answer(reply), i);
		if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_CNAME && ldns_dname_compare(ldns_rr_owner(rr), name) == 0)
			return rr;
	}
	abort();
}

static inline void zone_answer(const struct signed_zone *z, ldns_pkt *reply, const ldns_rdf *name, ldns_rr_type type,
			       unsigned hops)
{
	ldns_rdf *root = ldns_dname_new_frm_str(".");
	ldns_rdf *parent = ldns_dname_left_chop(name);
	ldns_rdf *star = ldns_dname_new_frm_str("*");

	if (parent == NULL)
		parent = ldns_rdf_clone(root);
	if (ldns_dname_cat(star, parent) != LDNS_STATUS_OK)
		abort();
	if (zone_push(z, reply, LDNS_SECTION_ANSWER, name, type, NULL) > 0) {
	} else if (!zone_has(z, name) && zone_push(z, reply, LDNS_SECTION_ANSWER, star, type, name) > 0) {
		zone_deny(z, reply); /* nothing better than the wildcard */
	} else if (zone_push(z, reply, LDNS_SECTION_ANSWER, name, LDNS_RR_TYPE_CNAME, NULL) > 0) {
		const ldns_rr *alias = zone_alias_of(reply, name);
		ldns_rdf *end = ldns_rdf_clone(ldns_rr_rdf(alias, 0));
		if (!zone_is_below(end, z->unsigned_below) && hops > 0) /* else the one who asks goes on there */
			zone_answer(z, reply, end, type, hops - 1);
		ldns_rdf_deep_free(end);
	} else {
		ldns_pkt_set_rcode(reply, zone_has(z, name) ? LDNS_RCODE_NOERROR : LDNS_RCODE_NXDOMAIN);
		(void)zone_push(z, reply, LDNS_SECTION_AUTHORITY, root, LDNS_RR_TYPE_SOA, NULL);
		zone_deny(z, reply);
	}
	ldns_rdf_deep_free(root);
	ldns_rdf_deep_free(parent);
	ldns_rdf_deep_free(star);
}

/* signed_zone_tell is for fake_dns's |tell|; |tell_arg| is the zone. */
static inline void signed_zone_tell(struct fake_dns *f, const uint8_t *query, size_t len)
{
	const struct signed_zone *z = f->tell_arg;
	ldns_pkt *packet = NULL;
	ldns_pkt *reply = ldns_pkt_new();
	uint8_t *wire = NULL;
	size_t wire_len = 0;

	if (ldns_wire2pkt(&packet, query, len) != LDNS_STATUS_OK)
		abort();
	const ldns_rr *question = ldns_rr_list_rr(ldns_pkt_question(packet), 0);
	const ldns_rdf *name = ldns_rr_owner(question);
	ldns_rdf *cut = z->unsigned_below != NULL ? ldns_dname_new_frm_str(z->unsigned_below) : NULL;
	bool at_cut =
		cut != NULL && ldns_dname_compare(name, cut) == 0 && ldns_rr_get_type(question) == LDNS_RR_TYPE_DS;
	if (zone_is_below(name, z->unsigned_below) && !at_cut) {
		tell_truth(f, query, len);
	} else {
		ldns_pkt_set_id(reply, ldns_pkt_id(packet));
		ldns_pkt_set_qr(reply, true);
		ldns_pkt_set_rd(reply, true);
		ldns_pkt_set_ra(reply, true);
		ldns_pkt_set_edns_udp_size(reply, 1232);
		ldns_pkt_set_edns_do(reply, true);
		(void)ldns_pkt_push_rr(reply, LDNS_SECTION_QUESTION, ldns_rr_clone(question));
		zone_answer(z, reply, name, ldns_rr_get_type(question), 8);
		if (ldns_pkt2wire(&wire, reply, &wire_len) != LDNS_STATUS_OK || wire_len > sizeof(f->out.bytes))
			abort();
		memcpy(f->out.bytes, wire, wire_len);
		f->out.len = wire_len;
		free(wire);
	}
	ldns_rdf_deep_free(cut);
	ldns_pkt_free(packet);
	ldns_pkt_free(reply);
}

#endif

/* dns_anchors.c - see dns_anchors.h. */
#include "policy/dns/dns_anchors.h"

#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_ZONE   0x0100
#define KEY_REVOKE 0x0080

const char *const dns_anchors_root[DNS_ANCHORS_ROOT_COUNT] = {
	". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
	". IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16",
};

/* Those that libunbound 1.17 verifies and that are not obsolete (RFC 9904, RFC 9905). */
static bool is_algorithm(unsigned algorithm)
{
	return algorithm == LDNS_RSASHA256 || algorithm == LDNS_RSASHA512 || algorithm == LDNS_ECDSAP256SHA256 ||
	       algorithm == LDNS_ECDSAP384SHA384 || algorithm == LDNS_SIGN_ED25519;
}

static bool is_revoked(const ldns_rr *rr)
{
	return ldns_rr_get_type(rr) == LDNS_RR_TYPE_DNSKEY &&
	       (ldns_rdf2native_int16(ldns_rr_rdf(rr, 0)) & KEY_REVOKE) != 0;
}

/* refuse says why |rr| is no anchor to begin with; NULL: it is one. */
static const char *refuse(const ldns_rr *rr)
{
	bool key = ldns_rr_get_type(rr) == LDNS_RR_TYPE_DNSKEY;

	if ((!key && ldns_rr_get_type(rr) != LDNS_RR_TYPE_DS) || ldns_rr_get_class(rr) != LDNS_RR_CLASS_IN ||
	    ldns_rr_rd_count(rr) != 4)
		return "neither a DS nor a DNSKEY record";
	if (!is_algorithm(ldns_rdf2native_int8(ldns_rr_rdf(rr, key ? 2 : 1))))
		return "of an algorithm that is not supported (8, 10, 13, 14 and 15 are)";
	if (key && (ldns_rdf2native_int16(ldns_rr_rdf(rr, 0)) & KEY_ZONE) == 0)
		return "not a zone's key";
	unsigned digest = key ? LDNS_SHA256 : ldns_rdf2native_int8(ldns_rr_rdf(rr, 2));
	if (digest != LDNS_SHA256 && digest != LDNS_SHA384)
		return "of a digest that is not supported (2 and 4 are)";
	size_t wanted = digest == LDNS_SHA256 ? 32 : 48;
	if (!key && ldns_rdf_size(ldns_rr_rdf(rr, 3)) != wanted)
		return "a digest of the wrong length";
	return NULL;
}

static bool give(const ldns_rr *rr, dns_anchor_fn *fn, void *arg)
{
	char *text = ldns_rr2str(rr);
	bool ok;

	if (text == NULL)
		return false;
	text[strcspn(text, "\n")] = '\0';
	ok = fn(arg, text);
	free(text);
	return ok;
}

static bool read_anchors(FILE *in, dns_anchor_fn *fn, void *arg, char *err, size_t err_len)
{
	uint32_t ttl_s = 0;
	ldns_rdf *origin = NULL;
	ldns_rdf *before = NULL;
	size_t count = 0;
	int line = 1;
	bool ok = true;

	while (ok && !feof(in)) {
		ldns_rr *rr = NULL;
		const char *wrong = NULL;
		ldns_status status = ldns_rr_new_frm_fp_l(&rr, in, &ttl_s, &origin, &before, &line);
		if (status == LDNS_STATUS_SYNTAX_EMPTY || status == LDNS_STATUS_SYNTAX_TTL ||
		    status == LDNS_STATUS_SYNTAX_ORIGIN)
			continue;
		if (status != LDNS_STATUS_OK)
			wrong = "not a record";
		else if (!is_revoked(rr))
			wrong = refuse(rr);
		if (wrong != NULL) {
			(void)snprintf(err, err_len, "trust anchors, line %d: %s", line > 1 ? line - 1 : 1, wrong);
			ok = false;
		} else if (!is_revoked(rr)) {
			count++;
			if (!(ok = give(rr, fn, arg)))
				(void)snprintf(err, err_len, "out of memory");
		}
		ldns_rr_free(rr);
	}
	ldns_rdf_deep_free(origin);
	ldns_rdf_deep_free(before);
	if (ok && count == 0)
		(void)snprintf(err, err_len, "the trust anchors hold no DS or DNSKEY record");
	return ok && count > 0;
}

bool dns_anchors_read(const char *text, dns_anchor_fn *fn, void *arg, char *err, size_t err_len)
{
	FILE *in;
	bool ok;

	for (size_t i = 0; text == NULL && i < DNS_ANCHORS_ROOT_COUNT; i++) {
		if (!fn(arg, dns_anchors_root[i])) {
			(void)snprintf(err, err_len, "out of memory");
			return false;
		}
	}
	if (text == NULL)
		return true;
	if (text[0] == '\0') {
		(void)snprintf(err, err_len, "the trust anchors hold no DS or DNSKEY record");
		return false;
	}
	/* Only read. */
	in = fmemopen((char *)text, strlen(text), "r");
	if (in == NULL) {
		(void)snprintf(err, err_len, "out of memory");
		return false;
	}
	ok = read_anchors(in, fn, arg, err, err_len);
	(void)fclose(in);
	return ok;
}

/* tls_dane.c - see tls_dane.h. */
#include "proxy/tls/tls_dane.h"

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "proxy/tls/tls_chain.h"
#include "proxy/tls/tls_compat.h"
#include "proxy/tls/tls_path.h"
#include "proxy/tls/tls_tlsa.h"

struct dispute { /* what is before the judge, and what came of it so far */
	const struct tls_peer *peer;
	const struct verdict *verdict;
	const struct tls_chain *chain; /* NULL until usage 2 wants it */
	time_t now;
	unsigned signatures;        /* that may still be looked at */
	struct tls_finding failure; /* of the attempt that got furthest */
};

struct match {
	const struct tlsa *record; /* NULL: none */
	int depth;
};

/* --- records against octets --------------------------------------------------------------------------------------- */

/* Of several records that match, the one to name: keys before certificates, strong digests first. */
static bool is_better(const struct tlsa *a, const struct tlsa *b)
{
	return b == NULL || a->selector > b->selector || (a->selector == b->selector && a->mtype > b->mtype);
}

/* counts_as: whether record |index| of |host| is of |usage| and not outdone. */
static bool counts_as(const struct verdict_mx *host, size_t index, enum tlsa_usage usage)
{
	return host->tlsa[index].usage == usage && !tlsa_outdone(host->tlsa, host->tlsa_count, index);
}

static const struct tlsa *record_for(const struct verdict_mx *host, enum tlsa_usage usage, struct tls_der cert)
{
	const struct tlsa *best = NULL;

	for (size_t i = 0; i < host->tlsa_count; i++) {
		const struct tlsa *record = &host->tlsa[i];
		if (counts_as(host, i, usage) && is_better(record, best) && tls_tlsa_is(record, cert))
			best = record;
	}
	return best;
}

/* --- ways to trust anchors ---------------------------------------------------------------------------------------- */

/* How far an attempt came. */
static unsigned progress(enum result_word word)
{
	switch (word) {
	case RESULT_CERTIFICATE_HOST_MISMATCH: return 4;
	case RESULT_CERTIFICATE_EXPIRED: return 3;
	case RESULT_CERTIFICATE_NOT_TRUSTED: return 2;
	case RESULT_VALIDATION_FAILURE: return 1;
	default: return 0;
	}
}

static void note_failure(struct dispute *d, const struct tls_finding *finding)
{
	if (progress(finding->word) > progress(d->failure.word))
		d->failure = *finding;
}

static void spend(struct dispute *d, size_t signatures)
{
	d->signatures -= signatures < d->signatures ? (unsigned)signatures : d->signatures;
}

/* try_anchor: is there a way to |anchor|, shorter than that of |best|. */
static void try_anchor(struct dispute *d, X509 *anchor, enum tls_anchor kind, const struct tlsa *record,
		       struct match *best)
{
	struct tls_finding finding = { RESULT_NONE, "" };
	int depth;

	if (d->signatures == 0)
		return;
	if (tls_path_to_cert(d->chain, anchor, kind, d->now, &finding, &depth)) {
		spend(d, depth > 1 ? (size_t)depth : 1);
		if (best->record == NULL || depth < best->depth)
			*best = (struct match){ record, depth };
	} else { /* how far it came is not known */
		spend(d, sk_X509_num(tls_chain_certs(d->chain)));
		note_failure(d, &finding);
	}
}

static bool is_signed_by(struct dispute *d, X509 *cert, EVP_PKEY *key)
{
	bool is = d->signatures > 0 && X509_verify(cert, key) == 1;

	spend(d, 1);
	ERR_clear_error();
	return is;
}

/* Its own issuer: the one way in which a server's certificate may be its trust anchor. */
static bool signed_itself(struct dispute *d, X509 *cert)
{
	return X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(cert)) == 0 &&
	       is_signed_by(d, cert, tls_compat_pubkey(cert));
}

/* is_leaf: the server may have sent its certificate twice. */
static bool is_leaf(const struct dispute *d, size_t index)
{
	struct tls_der leaf = tls_peer_cert(d->peer, 0);
	struct tls_der cert = tls_peer_cert(d->peer, index);

	return cert.len == leaf.len && memcmp(cert.bytes, leaf.bytes, leaf.len) == 0;
}

/* by_presented looks for trust anchors among what the server sent. */
static void by_presented(struct dispute *d, const struct verdict_mx *host, struct match *best)
{
	STACK_OF(X509) *certs = tls_chain_certs(d->chain);

	for (size_t i = 0; i < tls_peer_count(d->peer); i++) {
		const struct tlsa *record = record_for(host, TLSA_DANE_TA, tls_peer_cert(d->peer, i));
		if (record != NULL && (!is_leaf(d, i) || signed_itself(d, sk_X509_value(certs, i))))
			try_anchor(d, sk_X509_value(certs, i), TLS_ANCHOR_CERT, record, best);
	}
}

static bool was_presented(const struct dispute *d, const struct tlsa *record)
{
	for (size_t i = 0; i < tls_peer_count(d->peer); i++)
		if (tls_tlsa_is(record, tls_peer_cert(d->peer, i)))
			return true;
	return false;
}

/* by_certificate takes the trust anchor from the record itself (RFC 7671 s. 5.2.2). */
static void by_certificate(struct dispute *d, const struct tlsa *record, struct match *best)
{
	X509 *anchor;

	if (was_presented(d, record))
		return;
	anchor = tls_cert_parse((struct tls_der){ record->data, record->len });
	if (anchor != NULL && tls_cert_rsa_bits(anchor) <= TLS_RSA_BITS_MAX)
		try_anchor(d, anchor, TLS_ANCHOR_CERT, record, best);
	X509_free(anchor);
	ERR_clear_error();
}

/* by_key: the key of a trust anchor whose certificate is nowhere (RFC 7671 s. 5.2.3). Where it is, what it says of
 * itself holds (by_presented). */
static void by_key(struct dispute *d, const struct tlsa *record, struct match *best)
{
	STACK_OF(X509) *certs = tls_chain_certs(d->chain);
	EVP_PKEY *key = was_presented(d, record) ? NULL : tls_key_parse((struct tls_der){ record->data, record->len });

	if (key != NULL && !(EVP_PKEY_id(key) == EVP_PKEY_RSA && EVP_PKEY_bits(key) > TLS_RSA_BITS_MAX)) {
		for (size_t i = 0; i < sk_X509_num(certs); i++) {
			X509 *cert = sk_X509_value(certs, i);
			if (is_signed_by(d, cert, key))
				try_anchor(d, cert, TLS_ANCHOR_KEY, record, best);
		}
	}
	EVP_PKEY_free(key);
}

static struct match find_anchor(struct dispute *d, const struct verdict_mx *host)
{
	struct match best = { NULL, 0 };

	by_presented(d, host, &best);
	for (size_t i = 0; i < host->tlsa_count; i++) {
		const struct tlsa *record = &host->tlsa[i];
		if (!counts_as(host, i, TLSA_DANE_TA) || record->mtype != TLSA_FULL)
			continue;
		if (record->selector == TLSA_CERT)
			by_certificate(d, record, &best);
		else if (record->selector == TLSA_SPKI)
			by_key(d, record, &best);
	}
	return best;
}

/* --- names -------------------------------------------------------------------------------------------------------- */

static bool is_named(const struct tls_chain *chain, const char *reference)
{
	if (reference[0] == '\0')
		return false;
	return tls_chain_names(chain) > 0 ? tls_chain_has_name(chain, reference, false)
					  : tls_chain_has_cn(chain, reference);
}

/* The domain itself is its mail host: it has no MX record, or names itself there. */
static bool is_implicit(const struct verdict *verdict, const struct verdict_mx *host)
{
	return verdict->mx_count == 1 && strcmp(host->name, verdict->nexthop) == 0;
}

/* name_of returns the reference name that the leaf has; NULL if none. */
static const char *name_of(const struct dispute *d, const struct verdict_mx *host)
{
	const struct verdict *verdict = d->verdict;

	if (is_named(d->chain, host->tlsa_base))
		return host->tlsa_base;
	if (verdict->mx_secure && is_named(d->chain, verdict->nexthop))
		return verdict->nexthop;
	if (verdict->mx_secure && !is_implicit(verdict, host) && is_named(d->chain, verdict->expanded))
		return verdict->expanded;
	return NULL;
}

/* --- the judgement ------------------------------------------------------------------------------------------------ */

static struct judgement accept_by(const struct match *match, const char *name)
{
	struct judgement out = { .satisfied = true, .authenticated = true, .depth = match->depth };

	(void)snprintf(out.matched, sizeof(out.matched), "%s", name);
	(void)snprintf(out.tlsa, sizeof(out.tlsa), "%u %u %u", match->record->usage, match->record->selector,
		       match->record->mtype);
	return out;
}

static bool by_leaf(const struct dispute *d, const struct demand *demand, struct judgement *out)
{
	for (size_t i = 0; i < demand->hosts_count; i++) {
		const struct verdict_mx *host = demand->hosts[i];
		const struct match match = { record_for(host, TLSA_DANE_EE, tls_peer_cert(d->peer, 0)), 0 };
		if (match.record != NULL) {
			*out = accept_by(&match, host->tlsa_base);
			return true;
		}
	}
	return false;
}

static bool has_anchors(const struct demand *demand)
{
	for (size_t i = 0; i < demand->hosts_count; i++)
		for (size_t k = 0; k < demand->hosts[i]->tlsa_count; k++)
			if (demand->hosts[i]->tlsa[k].usage == TLSA_DANE_TA)
				return true;
	return false;
}

static bool by_anchor(struct dispute *d, const struct verdict_mx *host, struct judgement *out)
{
	const struct match match = find_anchor(d, host);
	const char *name = match.record != NULL ? name_of(d, host) : NULL;
	struct tls_finding finding;
	char shown[120];

	if (name != NULL) {
		*out = accept_by(&match, name);
		return true;
	}
	if (match.record == NULL)
		return false;
	(void)tls_fail(&finding, RESULT_CERTIFICATE_HOST_MISMATCH,
		       "the certificate of the server is for %s and not for %.90s, which its TLSA records ask for",
		       tls_chain_show_names(d->chain, shown, sizeof(shown)), host->tlsa_base);
	note_failure(d, &finding);
	return false;
}

static bool by_anchors(struct dispute *d, const struct demand *demand, struct judgement *out)
{
	struct tls_finding finding = { RESULT_NONE, "" };
	struct tls_chain *chain = tls_chain_new(d->peer, &finding);
	bool found = false;

	if (chain == NULL) {
		note_failure(d, &finding);
		return false;
	}
	d->chain = chain;
	for (size_t i = 0; !found && i < demand->hosts_count; i++)
		found = by_anchor(d, demand->hosts[i], out);
	d->chain = NULL;
	tls_chain_free(chain);
	return found;
}

struct judgement tls_dane_judge(const struct tls_peer *peer, const struct verdict *verdict, const struct demand *demand,
				time_t now)
{
	struct dispute d = { .peer = peer, .verdict = verdict, .now = now, .signatures = TLS_DANE_SIGNATURES };
	bool anchors = has_anchors(demand);
	struct judgement out = { .satisfied = false };

	if (by_leaf(&d, demand, &out) || (anchors && by_anchors(&d, demand, &out)))
		return out;
	if (d.failure.word == RESULT_NONE)
		(void)tls_fail(&d.failure, RESULT_TLSA_INVALID, "no TLSA record of %.90s%s matches the server%s",
			       demand->hosts_count > 0 ? demand->hosts[0]->tlsa_base : "the host",
			       demand->hosts_count > 1 ? " or of another host allowed" : "",
			       anchors ? "; a CA of usage 2 must be among the certificates that it sends" : "");
	out.result = d.failure.word;
	(void)snprintf(out.reason, sizeof(out.reason), "%s", d.failure.reason);
	return out;
}

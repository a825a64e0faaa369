/* tls_chain.c - see tls_chain.h. */
#include "proxy/tls/tls_chain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/bytestring.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/nid.h>

#include "proxy/base/printable.h"
#include "proxy/tls/tls_compat.h"
#include "proxy/tls/tls_name.h"

struct tls_chain {
	STACK_OF(X509) * certs; /* leaf first */
	GENERAL_NAMES *names;   /* of the leaf; NULL: none */
	size_t *dns;            /* indices into |names| of what is a dNSName */
	size_t dns_count;
};

bool tls_fail(struct tls_finding *finding, enum result_word word, const char *format, ...)
{
	va_list args;

	finding->word = word;
	va_start(args, format);
	(void)vsnprintf(finding->reason, sizeof(finding->reason), format, args);
	va_end(args);
	return false;
}

unsigned tls_cert_rsa_bits(struct x509_st *cert)
{
	EVP_PKEY *key = tls_compat_pubkey(cert);
	int bits = key != NULL && EVP_PKEY_id(key) == EVP_PKEY_RSA ? EVP_PKEY_bits(key) : 0;

	ERR_clear_error();
	return bits > 0 ? (unsigned)bits : 0;
}

static size_t count_names(X509 *cert)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	size_t count = names != NULL ? sk_GENERAL_NAME_num(names) : 0;

	GENERAL_NAMES_free(names);
	return count;
}

struct x509_st *tls_cert_parse(struct tls_der der)
{
	const uint8_t *at = der.bytes;
	X509 *cert = der.bytes != NULL ? d2i_X509(NULL, &at, (long)der.len) : NULL;

	if (cert != NULL && at == der.bytes + der.len)
		return cert;
	X509_free(cert);
	return NULL;
}

struct evp_pkey_st *tls_key_parse(struct tls_der der)
{
	const uint8_t *at = der.bytes;
	EVP_PKEY *key = der.len > 0 ? d2i_PUBKEY(NULL, &at, (long)der.len) : NULL;

	ERR_clear_error();
	if (key != NULL && at == der.bytes + der.len)
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

static bool parse_all(struct tls_chain *chain, const struct tls_peer *peer, struct tls_finding *finding)
{
	chain->certs = sk_X509_new_null();
	if (chain->certs == NULL)
		return tls_fail(finding, RESULT_VALIDATION_FAILURE, "out of memory");
	for (size_t i = 0; i < tls_peer_count(peer); i++) {
		X509 *cert = tls_cert_parse(tls_peer_cert(peer, i));
		if (cert == NULL)
			return tls_fail(finding, RESULT_VALIDATION_FAILURE,
					"certificate %zu of the server's chain cannot be read", i + 1);
		if (sk_X509_push(chain->certs, cert) == 0) {
			X509_free(cert);
			return tls_fail(finding, RESULT_VALIDATION_FAILURE, "out of memory");
		}
		if (tls_cert_rsa_bits(cert) > TLS_RSA_BITS_MAX)
			return tls_fail(finding, RESULT_VALIDATION_FAILURE,
					"certificate %zu of the server's chain has an RSA key of more than %d bits",
					i + 1, TLS_RSA_BITS_MAX);
		if (count_names(cert) > TLS_NAMES_MAX)
			return tls_fail(finding, RESULT_VALIDATION_FAILURE,
					"certificate %zu of the server's chain has more than %d names", i + 1,
					TLS_NAMES_MAX);
	}
	return tls_peer_count(peer) > 0 ||
	       tls_fail(finding, RESULT_VALIDATION_FAILURE, "the server presented no certificate");
}

static bool index_names(struct tls_chain *chain, struct tls_finding *finding)
{
	size_t count;

	chain->names = X509_get_ext_d2i(sk_X509_value(chain->certs, 0), NID_subject_alt_name, NULL, NULL);
	if (chain->names == NULL)
		return true;
	count = sk_GENERAL_NAME_num(chain->names);
	chain->dns = calloc(count + 1, sizeof(*chain->dns));
	if (chain->dns == NULL)
		return tls_fail(finding, RESULT_VALIDATION_FAILURE, "out of memory");
	for (size_t i = 0; i < count; i++)
		if (sk_GENERAL_NAME_value(chain->names, i)->type == GEN_DNS)
			chain->dns[chain->dns_count++] = i;
	return true;
}

struct tls_chain *tls_chain_new(const struct tls_peer *peer, struct tls_finding *finding)
{
	struct tls_chain *chain = calloc(1, sizeof(*chain));
	bool ok;

	if (chain == NULL) {
		(void)tls_fail(finding, RESULT_VALIDATION_FAILURE, "out of memory");
		return NULL;
	}
	ok = parse_all(chain, peer, finding) && index_names(chain, finding);
	ERR_clear_error();
	if (ok)
		return chain;
	tls_chain_free(chain);
	return NULL;
}

void tls_chain_free(struct tls_chain *chain)
{
	if (chain == NULL)
		return;
	sk_X509_pop_free(chain->certs, X509_free);
	GENERAL_NAMES_free(chain->names);
	free(chain->dns);
	free(chain);
}

size_t tls_chain_names(const struct tls_chain *chain)
{
	return chain->dns_count;
}

const char *tls_chain_name(const struct tls_chain *chain, size_t index, size_t *out_len)
{
	const ASN1_STRING *name = sk_GENERAL_NAME_value(chain->names, chain->dns[index])->d.dNSName;

	*out_len = (size_t)ASN1_STRING_length(name);
	return (const char *)ASN1_STRING_get0_data(name);
}

STACK_OF(X509) * tls_chain_certs(const struct tls_chain *chain)
{
	return chain->certs;
}

bool tls_chain_has_name(const struct tls_chain *chain, const char *reference, bool subdomains)
{
	for (size_t i = 0; i < tls_chain_names(chain); i++) {
		size_t len;
		const char *name = tls_chain_name(chain, i, &len);
		if (tls_name_matches(name, len, reference, subdomains))
			return true;
	}
	return false;
}

bool tls_chain_has_child(const struct tls_chain *chain, const char *parent)
{
	for (size_t i = 0; i < tls_chain_names(chain); i++) {
		size_t len;
		const char *name = tls_chain_name(chain, i, &len);
		if (tls_name_is_child(name, len, parent))
			return true;
	}
	return false;
}

static bool cn_matches(X509_NAME_ENTRY *entry, const char *reference)
{
	uint8_t *text = NULL;
	int len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry));
	bool matches = len > 0 && tls_name_matches((const char *)text, (size_t)len, reference, false);

	OPENSSL_free(text);
	ERR_clear_error();
	return matches;
}

bool tls_chain_has_cn(const struct tls_chain *chain, const char *reference)
{
	X509_NAME *subject = X509_get_subject_name(sk_X509_value(chain->certs, 0));
	int at = -1;

	while ((at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0)
		if (cn_matches(X509_NAME_get_entry(subject, at), reference))
			return true;
	return false;
}

const char *tls_chain_show_names(const struct tls_chain *chain, char *out, size_t cap)
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < tls_chain_names(chain) && i < 3; i++) {
		size_t len;
		const char *name = tls_chain_name(chain, i, &len);
		for (size_t k = 0; k < (i > 0 ? 2U : 0U) && at + 1 < cap; k++)
			out[at++] = ", "[k];
		for (size_t k = 0; k < len && at + 1 < cap; k++)
			out[at++] = name[k] != ' ' && name[k] != '"' ? printable(name[k]) : '?';
		out[at] = '\0';
	}
	return at > 0 ? out : "no host";
}

/* --- the key ------------------------------------------------------------------------------------------------------ */

bool tls_leaf_key(struct tls_der cert, struct tls_der *out_key)
{
	CBS whole;
	CBS outer;
	CBS tbs;
	CBS key;

	CBS_init(&whole, cert.bytes, cert.len);
	if (!CBS_get_asn1(&whole, &outer, CBS_ASN1_SEQUENCE) || CBS_len(&whole) != 0 ||
	    !CBS_get_asn1(&outer, &tbs, CBS_ASN1_SEQUENCE) ||
	    !CBS_get_optional_asn1(&tbs, NULL, NULL, CBS_ASN1_CONSTRUCTED | CBS_ASN1_CONTEXT_SPECIFIC | 0) ||
	    !CBS_get_asn1(&tbs, NULL, CBS_ASN1_INTEGER) ||  /* serialNumber */
	    !CBS_get_asn1(&tbs, NULL, CBS_ASN1_SEQUENCE) || /* signature */
	    !CBS_get_asn1(&tbs, NULL, CBS_ASN1_SEQUENCE) || /* issuer */
	    !CBS_get_asn1(&tbs, NULL, CBS_ASN1_SEQUENCE) || /* validity */
	    !CBS_get_asn1(&tbs, NULL, CBS_ASN1_SEQUENCE) || /* subject */
	    !CBS_get_asn1_element(&tbs, &key, CBS_ASN1_SEQUENCE))
		return false;
	*out_key = (struct tls_der){ CBS_data(&key), CBS_len(&key) };
	return true;
}

/* tls_chain.c - see tls_chain.h. */
#include "proxy/tls/tls_chain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/bytestring.h>
#include <openssl/digest.h>
#include <openssl/err.h>
#include <openssl/nid.h>

#include "proxy/tls/tls_compat.h"

struct tls_chain {
	STACK_OF(X509) * certs; /* leaf first */
	GENERAL_NAMES *names;   /* of the leaf; NULL: none */
	size_t *dns;            /* indices into |names| of what is a dNSName */
	size_t dns_count;
};

static bool PRINTF_LIKE(3, 4) fail(struct tls_finding *finding, enum result_word word, const char *format, ...)
{
	va_list args;

	finding->word = word;
	va_start(args, format);
	(void)vsnprintf(finding->reason, sizeof(finding->reason), format, args);
	va_end(args);
	return false;
}

/* key_rsa_bits: 0 for a key that is not RSA, or that the library does not know. */
static unsigned key_rsa_bits(X509 *cert)
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

static X509 *parse_cert(struct tls_der der)
{
	const uint8_t *at = der.bytes;
	X509 *cert = der.bytes != NULL ? d2i_X509(NULL, &at, (long)der.len) : NULL;

	if (cert != NULL && at == der.bytes + der.len)
		return cert;
	X509_free(cert);
	return NULL;
}

static bool parse_all(struct tls_chain *chain, const struct tls_peer *peer, struct tls_finding *finding)
{
	chain->certs = sk_X509_new_null();
	if (chain->certs == NULL)
		return fail(finding, RESULT_VALIDATION_FAILURE, "out of memory");
	for (size_t i = 0; i < tls_peer_count(peer); i++) {
		X509 *cert = parse_cert(tls_peer_cert(peer, i));
		if (cert == NULL)
			return fail(finding, RESULT_VALIDATION_FAILURE,
				    "certificate %zu of the server's chain cannot be read", i + 1);
		if (sk_X509_push(chain->certs, cert) == 0) {
			X509_free(cert);
			return fail(finding, RESULT_VALIDATION_FAILURE, "out of memory");
		}
		if (key_rsa_bits(cert) > TLS_RSA_BITS_MAX)
			return fail(finding, RESULT_VALIDATION_FAILURE,
				    "certificate %zu of the server's chain has an RSA key of more than %d bits", i + 1,
				    TLS_RSA_BITS_MAX);
		if (count_names(cert) > TLS_NAMES_MAX)
			return fail(finding, RESULT_VALIDATION_FAILURE,
				    "certificate %zu of the server's chain has more than %d names", i + 1,
				    TLS_NAMES_MAX);
	}
	return tls_peer_count(peer) > 0 ||
	       fail(finding, RESULT_VALIDATION_FAILURE, "the server presented no certificate");
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
		return fail(finding, RESULT_VALIDATION_FAILURE, "out of memory");
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
		(void)fail(finding, RESULT_VALIDATION_FAILURE, "out of memory");
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

/* --- the path ----------------------------------------------------------------------------------------------------- */

static bool explain(X509_STORE_CTX *ctx, struct tls_finding *finding)
{
	int code = X509_STORE_CTX_get_error(ctx);
	const char *whose = X509_STORE_CTX_get_error_depth(ctx) > 0 ? "of an issuer of the server's" : "of the server";

	switch (code) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return fail(finding, RESULT_CERTIFICATE_EXPIRED, "the certificate %s has expired", whose);
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return fail(finding, RESULT_CERTIFICATE_NOT_TRUSTED, "the certificate %s is not yet valid", whose);
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		return fail(finding, RESULT_CERTIFICATE_NOT_TRUSTED,
			    "the certificate of the server is signed by itself and not in the CA file");
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
		return fail(finding, RESULT_CERTIFICATE_NOT_TRUSTED,
			    "the certificate of the server leads to no certificate of the CA file (%s)",
			    X509_verify_cert_error_string(code));
	default:
		return fail(finding, RESULT_CERTIFICATE_NOT_TRUSTED, "the certificate %s is not trusted: %s", whose,
			    X509_verify_cert_error_string(code));
	}
}

/* RSASSA-PSS names its digest in its parameters (RFC 4055 s. 3.1): [0] is the hash, SHA-1 where it is left out. API 17
 * takes that; upstream has SHA-2 alone. */
static bool pss_is_strong(const X509 *cert)
{
	const X509_ALGOR *algorithm;
	const void *value;
	int type;
	CBS der;
	CBS params;
	CBS hash;
	const EVP_MD *md;

	X509_get0_signature(NULL, &algorithm, cert);
	X509_ALGOR_get0(NULL, &type, &value, algorithm);
	if (type != V_ASN1_SEQUENCE)
		return false;
	CBS_init(&der, ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
	if (!CBS_get_asn1(&der, &params, CBS_ASN1_SEQUENCE) ||
	    !CBS_get_asn1(&params, &hash, CBS_ASN1_CONSTRUCTED | CBS_ASN1_CONTEXT_SPECIFIC | 0))
		return false;
	md = EVP_parse_digest_algorithm(&hash);
	return md == EVP_sha256() || md == EVP_sha384() || md == EVP_sha512();
}

/* Digests that nobody can collide. */
static bool signature_is_strong(const X509 *cert)
{
	switch (X509_get_signature_nid(cert)) {
	case NID_sha256WithRSAEncryption:
	case NID_sha384WithRSAEncryption:
	case NID_sha512WithRSAEncryption:
	case NID_ecdsa_with_SHA256:
	case NID_ecdsa_with_SHA384:
	case NID_ecdsa_with_SHA512:
	case NID_ED25519: return true;
	case NID_rsassaPss: return pss_is_strong(cert);
	default: return false;
	}
}

/* No extended key usage, serverAuth, or any: what browsers and Postfix want of the server's certificate and of the
 * intermediates above it. The library's own purpose check has no idea of anyExtendedKeyUsage. */
static bool is_for_servers(X509 *cert, bool leaf)
{
	uint32_t flags = X509_get_extension_flags(cert);

	if ((flags & EXFLAG_XKUSAGE) != 0 && (X509_get_extended_key_usage(cert) & (XKU_SSL_SERVER | XKU_ANYEKU)) == 0)
		return false;
	if (leaf && (flags & EXFLAG_KUSAGE) != 0)
		return (X509_get_key_usage(cert) & (KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT)) !=
		       0;
	return true;
}

/* path_is_fit checks what the library's path validation leaves out, for every certificate below the trusted one; and
 * for the leaf also where it is the trusted one itself. */
static bool path_is_fit(const STACK_OF(X509) * path, struct tls_finding *finding)
{
	size_t count = sk_X509_num(path);

	for (size_t i = 0; i == 0 || i + 1 < count; i++) {
		X509 *cert = sk_X509_value(path, i);
		const char *whose = i > 0 ? "of an issuer of the server's" : "of the server";
		unsigned bits = key_rsa_bits(cert);
		if (!is_for_servers(cert, i == 0))
			return fail(finding, RESULT_CERTIFICATE_NOT_TRUSTED,
				    "the certificate %s is not meant for TLS servers (key usage)", whose);
		if (bits > 0 && bits < TLS_RSA_BITS_MIN)
			return fail(finding, RESULT_CERTIFICATE_NOT_TRUSTED,
				    "the certificate %s has an RSA key of only %u bits", whose, bits);
		if (i + 1 < count && !signature_is_strong(cert))
			return fail(finding, RESULT_CERTIFICATE_NOT_TRUSTED,
				    "the certificate %s is signed with a weak or unknown algorithm", whose);
	}
	return true;
}

static void set_demands(X509_STORE_CTX *ctx, time_t now)
{
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);

	X509_VERIFY_PARAM_set_time(param, now);
	X509_VERIFY_PARAM_set_depth(param, TLS_CHAIN_CERTS_MAX);
	(void)X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
}

bool tls_chain_trusted(const struct tls_chain *chain, struct x509_store_st *store, time_t now,
		       struct tls_finding *finding)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	bool ok = false;

	if (ctx == NULL || X509_STORE_CTX_init(ctx, store, sk_X509_value(chain->certs, 0), chain->certs) != 1) {
		(void)fail(finding, RESULT_VALIDATION_FAILURE, "out of memory");
	} else {
		set_demands(ctx, now);
		if (X509_verify_cert(ctx) == 1 && X509_STORE_CTX_get_error(ctx) == X509_V_OK)
			ok = path_is_fit(X509_STORE_CTX_get0_chain(ctx), finding);
		else
			ok = explain(ctx, finding);
	}
	X509_STORE_CTX_free(ctx);
	ERR_clear_error();
	return ok;
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

/* tls_path.c - see tls_path.h. */
#include "proxy/tls/tls_path.h"

#include <openssl/bytestring.h>
#include <openssl/digest.h>
#include <openssl/err.h>
#include <openssl/nid.h>

#include "proxy/tls/tls_compat.h"

/* explain says why the library found no way; |end| is what was to be reached. */
static bool explain(X509_STORE_CTX *ctx, const char *end, struct tls_finding *finding)
{
	int code = X509_STORE_CTX_get_error(ctx);
	const char *whose = X509_STORE_CTX_get_error_depth(ctx) > 0 ? "of an issuer of the server's" : "of the server";

	switch (code) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return tls_fail(finding, RESULT_CERTIFICATE_EXPIRED, "the certificate %s has expired", whose);
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return tls_fail(finding, RESULT_CERTIFICATE_NOT_TRUSTED, "the certificate %s is not yet valid", whose);
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		return tls_fail(finding, RESULT_CERTIFICATE_NOT_TRUSTED,
				"the certificate of the server is signed by itself and not %s", end);
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
		return tls_fail(finding, RESULT_CERTIFICATE_NOT_TRUSTED,
				"the certificate of the server leads to none that is %s (%s)", end,
				X509_verify_cert_error_string(code));
	default:
		return tls_fail(finding, RESULT_CERTIFICATE_NOT_TRUSTED, "the certificate %s is not trusted: %s", whose,
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

/* path_is_fit checks what the library's path validation leaves out, for the first |below| certificates; what stands
 * above those is trusted. The leaf is looked at where it is the trusted one itself, too, but for how it is signed. */
static bool path_is_fit(const STACK_OF(X509) * path, size_t below, struct tls_finding *finding)
{
	for (size_t i = 0; i == 0 || i < below; i++) {
		X509 *cert = sk_X509_value(path, i);
		const char *whose = i > 0 ? "of an issuer of the server's" : "of the server";
		unsigned bits = tls_cert_rsa_bits(cert);
		if (!is_for_servers(cert, i == 0))
			return tls_fail(finding, RESULT_CERTIFICATE_NOT_TRUSTED,
					"the certificate %s is not meant for TLS servers (key usage)", whose);
		if (bits > 0 && bits < TLS_RSA_BITS_MIN)
			return tls_fail(finding, RESULT_CERTIFICATE_NOT_TRUSTED,
					"the certificate %s has an RSA key of only %u bits", whose, bits);
		if (i < below && !signature_is_strong(cert))
			return tls_fail(finding, RESULT_CERTIFICATE_NOT_TRUSTED,
					"the certificate %s is signed with a weak or unknown algorithm", whose);
	}
	return true;
}

/* end_is_fit: the library asks a trusted certificate for its name constraints alone. What a TLSA record names is held
 * to the rest as well (RFC 7671 s. 5.2: it is a CA's), be it only the key. */
static bool end_is_fit(const STACK_OF(X509) * path, struct tls_finding *finding)
{
	size_t count = sk_X509_num(path);
	X509 *end = sk_X509_value(path, count - 1);
	long issuers = 0;

	for (size_t i = 1; i + 1 < count; i++)
		issuers += (X509_get_extension_flags(sk_X509_value(path, i)) & EXFLAG_SI) == 0;
	if (count > 1 && X509_check_ca(end) == 0)
		return tls_fail(finding, RESULT_CERTIFICATE_NOT_TRUSTED,
				"the certificate that a TLSA record names is not a CA's");
	if (X509_get_pathlen(end) >= 0 && issuers > X509_get_pathlen(end))
		return tls_fail(finding, RESULT_CERTIFICATE_NOT_TRUSTED,
				"the certificate that a TLSA record names allows fewer issuers below it");
	if ((X509_get_extension_flags(end) & EXFLAG_CRITICAL) != 0)
		return tls_fail(finding, RESULT_CERTIFICATE_NOT_TRUSTED,
				"the certificate that a TLSA record names has a critical extension that is not known");
	return true;
}

static bool is_current(const X509 *cert, time_t now)
{
	return X509_cmp_time(X509_get0_notBefore(cert), &now) < 0 && X509_cmp_time(X509_get0_notAfter(cert), &now) > 0;
}

/* current_first: the library takes the first certificate that could be an issuer, and never another. A server may send
 * an old certificate of a CA before its new one. Borrowed certificates; NULL when out of memory. */
static STACK_OF(X509) * current_first(const STACK_OF(X509) * certs, time_t now)
{
	STACK_OF(X509) *out = sk_X509_new_null();
	bool ok = out != NULL;

	for (int current = 1; current >= 0; current--)
		for (size_t i = 0; ok && i < sk_X509_num(certs); i++)
			if (is_current(sk_X509_value(certs, i), now) == (current == 1))
				ok = sk_X509_push(out, sk_X509_value(certs, i)) != 0;
	if (ok)
		return out;
	sk_X509_free(out);
	return NULL;
}

static void set_demands(X509_STORE_CTX *ctx, time_t now)
{
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);

	X509_VERIFY_PARAM_set_time(param, now);
	X509_VERIFY_PARAM_set_depth(param, TLS_CHAIN_CERTS_MAX);
	(void)X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
}

struct end { /* of the way */
	X509_STORE *store;
	const char *name; /* for a sentence */
	bool by_record;   /* a TLSA record names it */
	bool is_key;      /* the last certificate is signed by it */
};

static bool check_path(const STACK_OF(X509) * path, const struct end *end, struct tls_finding *finding, int *out_depth)
{
	size_t count = sk_X509_num(path);

	*out_depth = (int)count - 1;
	return path_is_fit(path, end->is_key ? count : count - 1, finding) &&
	       (!end->by_record || end_is_fit(path, finding));
}

static bool find_path(const struct tls_chain *chain, const struct end *end, time_t now, struct tls_finding *finding,
		      int *out_depth)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509 *leaf = sk_X509_value(tls_chain_certs(chain), 0);
	STACK_OF(X509) *certs = current_first(tls_chain_certs(chain), now);
	bool ok = false;

	if (ctx == NULL || certs == NULL || X509_STORE_CTX_init(ctx, end->store, leaf, certs) != 1) {
		(void)tls_fail(finding, RESULT_VALIDATION_FAILURE, "out of memory");
	} else {
		set_demands(ctx, now);
		if (X509_verify_cert(ctx) == 1 && X509_STORE_CTX_get_error(ctx) == X509_V_OK)
			ok = check_path(X509_STORE_CTX_get0_chain(ctx), end, finding, out_depth);
		else
			ok = explain(ctx, end->name, finding);
	}
	X509_STORE_CTX_free(ctx);
	sk_X509_free(certs);
	ERR_clear_error();
	return ok;
}

bool tls_path_to_store(const struct tls_chain *chain, struct x509_store_st *store, time_t now,
		       struct tls_finding *finding)
{
	const struct end end = { .store = store, .name = "in the CA file" };
	int depth;

	return find_path(chain, &end, now, finding, &depth);
}

bool tls_path_to_cert(const struct tls_chain *chain, struct x509_st *anchor, enum tls_anchor kind, time_t now,
		      struct tls_finding *finding, int *out_depth)
{
	const struct end end = { .store = X509_STORE_new(),
				 .name = "named by a TLSA record",
				 .by_record = true,
				 .is_key = kind == TLS_ANCHOR_KEY };
	bool ok = end.store != NULL && X509_STORE_add_cert(end.store, anchor) == 1;

	if (ok)
		ok = find_path(chain, &end, now, finding, out_depth);
	else
		(void)tls_fail(finding, RESULT_VALIDATION_FAILURE, "out of memory");
	X509_STORE_free(end.store);
	ERR_clear_error();
	return ok;
}

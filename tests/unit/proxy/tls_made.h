/* tls_made.h - certificates made at test time, for the tests of proxy/tls*. */
#ifndef GATE25_TESTS_TLS_MADE_H
#define GATE25_TESTS_TLS_MADE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/bn.h>
#include <openssl/bio.h>
#include <openssl/bytestring.h>
#include <openssl/digest.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "proxy/tls/tls_compat.h"

#define MADE_NOW 1800000000 /* 2027-01-15; no test looks at the real clock */
#define MADE_DAY 86400

enum made_key { MADE_P256 = 0, MADE_RSA2048, MADE_RSA1024 };

struct made {
	X509 *cert;
	EVP_PKEY *key;
};

struct recipe {
	const char *cn;
	const char *sans; /* comma-separated dNSNames; "ip" is one address, '@' before a name makes it rfc822Name; '|'
			     stands for a NUL octet */
	int from_days;    /* from MADE_NOW; 0 and 0: -10 to 90 */
	int to_days;
	const char *basic; /* basicConstraints */
	const char *key_usage;
	const char *eku;
	const char *constraints; /* nameConstraints */
	enum made_key key;
	const EVP_MD *digest; /* NULL: SHA-256 */
	bool pss;
};

static inline EVP_PKEY *made_key(enum made_key kind)
{
	EVP_PKEY *key = EVP_PKEY_new();

	assert_non_null(key);
	if (kind == MADE_P256) {
		EC_KEY *ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
		assert_int_equal(EC_KEY_generate_key(ec), 1);
		assert_int_equal(EVP_PKEY_assign_EC_KEY(key, ec), 1);
	} else {
		RSA *rsa = RSA_new();
		BIGNUM *e = BN_new();
		assert_int_equal(BN_set_word(e, RSA_F4), 1);
		assert_int_equal(RSA_generate_key_ex(rsa, kind == MADE_RSA2048 ? 2048 : 1024, e, NULL), 1);
		BN_free(e);
		assert_int_equal(EVP_PKEY_assign_RSA(key, rsa), 1);
	}
	return key;
}

static inline void made_extension(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *extension;

	if (value == NULL)
		return;
	extension = X509V3_EXT_nconf_nid(NULL, NULL, nid, value);
	assert_non_null(extension);
	assert_int_equal(X509_add_ext(cert, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static inline GENERAL_NAME *made_name(const char *text, size_t len)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_STRING *string;
	uint8_t octets[256];

	assert_true(len <= sizeof(octets));
	if (len == 2 && memcmp(text, "ip", 2) == 0) {
		string = ASN1_OCTET_STRING_new();
		assert_int_equal(ASN1_STRING_set(string, "\xc0\x00\x02\x01", 4), 1);
		name->type = GEN_IPADD;
		name->d.iPAddress = string;
		return name;
	}
	name->type = GEN_DNS;
	if (len > 0 && text[0] == '@') {
		name->type = GEN_EMAIL;
		text++;
		len--;
	}
	for (size_t i = 0; i < len; i++)
		octets[i] = text[i] == '|' ? '\0' : (uint8_t)text[i];
	string = ASN1_IA5STRING_new();
	assert_int_equal(ASN1_STRING_set(string, octets, (int)len), 1);
	name->d.ia5 = string;
	return name;
}

static inline void made_sans(X509 *cert, const char *sans)
{
	GENERAL_NAMES *names;

	if (sans == NULL || sans[0] == '\0')
		return;
	names = GENERAL_NAMES_new();
	while (sans != NULL) {
		const char *comma = strchr(sans, ',');
		size_t len = comma != NULL ? (size_t)(comma - sans) : strlen(sans);
		assert_true(sk_GENERAL_NAME_push(names, made_name(sans, len)) != 0);
		sans = comma != NULL ? comma + 1 : NULL;
	}
	assert_int_equal(X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0), 1);
	GENERAL_NAMES_free(names);
}

static inline void made_sign(X509 *cert, const struct recipe *recipe, EVP_PKEY *key)
{
	const EVP_MD *digest = recipe->digest != NULL ? recipe->digest : EVP_sha256();
	EVP_MD_CTX *ctx;
	EVP_PKEY_CTX *pctx;

	if (!recipe->pss) {
		assert_true(X509_sign(cert, key, digest) > 0);
		return;
	}
	ctx = EVP_MD_CTX_new();
	assert_int_equal(EVP_DigestSignInit(ctx, &pctx, digest, NULL, key), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, -1), 1);
	assert_true(X509_sign_ctx(cert, ctx) > 0);
	EVP_MD_CTX_free(ctx);
}

/* made_cert makes a certificate for a new key, or for |key|, signed by |issuer|; by itself where that is NULL. */
static inline struct made made_cert_for(const struct recipe *recipe, const struct made *issuer, EVP_PKEY *key)
{
	static long serial;
	struct made made = { X509_new(), key };
	bool dated = recipe->from_days != 0 || recipe->to_days != 0;
	const char *cn = recipe->cn != NULL ? recipe->cn : "a name that nobody looks at";
	X509_NAME *name = X509_get_subject_name(made.cert);

	assert_int_equal(X509_set_version(made.cert, 2), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(made.cert), ++serial), 1);
	assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)cn, -1, -1, 0), 1);
	assert_int_equal(
		X509_set_issuer_name(made.cert, X509_get_subject_name(issuer != NULL ? issuer->cert : made.cert)), 1);
	assert_non_null(ASN1_TIME_set(X509_get_notBefore(made.cert),
				      MADE_NOW + (time_t)(dated ? recipe->from_days : -10) * MADE_DAY));
	assert_non_null(ASN1_TIME_set(X509_get_notAfter(made.cert),
				      MADE_NOW + (time_t)(dated ? recipe->to_days : 90) * MADE_DAY));
	assert_int_equal(X509_set_pubkey(made.cert, made.key), 1);
	made_extension(made.cert, NID_basic_constraints, recipe->basic);
	made_extension(made.cert, NID_key_usage, recipe->key_usage);
	made_extension(made.cert, NID_ext_key_usage, recipe->eku);
	made_extension(made.cert, NID_name_constraints, recipe->constraints);
	made_sans(made.cert, recipe->sans);
	made_sign(made.cert, recipe, issuer != NULL ? issuer->key : made.key);
	return made;
}

static inline struct made made_cert(const struct recipe *recipe, const struct made *issuer)
{
	return made_cert_for(recipe, issuer, made_key(recipe->key));
}

static inline void made_free(struct made *made)
{
	X509_free(made->cert);
	EVP_PKEY_free(made->key);
	*made = (struct made){ NULL, NULL };
}

/* made_der: OPENSSL_free the octets. */
static inline size_t made_der(const struct made *made, uint8_t **out)
{
	int len;

	*out = NULL;
	len = i2d_X509(made->cert, out);
	assert_true(len > 0);
	return (size_t)len;
}

/* made_pem appends to |buf|, which holds |cap| octets and starts as "". */
static inline void made_pem(const struct made *made, char *buf, size_t cap)
{
	BIO *bio = BIO_new(BIO_s_mem());
	const uint8_t *bytes;
	size_t len;
	size_t at = strlen(buf);

	assert_int_equal(PEM_write_bio_X509(bio, made->cert), 1);
	assert_int_equal(BIO_mem_contents(bio, &bytes, &len), 1);
	assert_true(at + len < cap);
	memcpy(buf + at, bytes, len);
	buf[at + len] = '\0';
	BIO_free(bio);
}

#endif

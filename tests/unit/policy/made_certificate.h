/* made_certificate.h - certificates for a test of its own, made with OpenSSL. Each test program includes its own copy.
 */
#ifndef GATE25_TESTS_MADE_CERTIFICATE_H
#define GATE25_TESTS_MADE_CERTIFICATE_H

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct made {
	X509 *cert;
	EVP_PKEY *key;
};

struct made_options {
	const char *cn;
	const char *san;   /* "DNS:a.example,IP:192.0.2.1"; NULL: none */
	const char *usage; /* extended key usage; NULL: none */
	long from_s;       /* from now */
	long until_s;      /* from now; 0: a day */
	bool ca;
};

static inline void made_need(bool ok)
{
	if (!ok)
		abort();
}

static inline void made_extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	if (value == NULL)
		return;
	X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	made_need(extension != NULL && X509_add_ext(cert, extension, -1) == 1);
	X509_EXTENSION_free(extension);
}

/* made_new: signed by |issuer|; NULL: by itself. */
static inline struct made made_new(const struct made_options *options, const struct made *issuer)
{
	static long serial = 1;
	struct made made = { X509_new(), EVP_EC_gen("P-256") };

	made_need(made.cert != NULL && made.key != NULL);
	const struct made *by = issuer != NULL ? issuer : &made;
	(void)X509_set_version(made.cert, 2);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(made.cert), serial++);
	(void)X509_gmtime_adj(X509_getm_notBefore(made.cert), options->from_s != 0 ? options->from_s : -3600);
	(void)X509_gmtime_adj(X509_getm_notAfter(made.cert), options->until_s != 0 ? options->until_s : 86400);
	made_need(X509_set_pubkey(made.cert, made.key) == 1);
	X509_NAME *name = X509_get_subject_name(made.cert);
	made_need(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)options->cn, -1, -1, 0) == 1);
	made_need(X509_set_issuer_name(made.cert, X509_get_subject_name(by->cert)) == 1);
	made_extend(made.cert, by->cert, NID_basic_constraints, options->ca ? "critical,CA:TRUE" : "CA:FALSE");
	made_extend(made.cert, by->cert, NID_subject_alt_name, options->san);
	made_extend(made.cert, by->cert, NID_ext_key_usage, options->usage);
	made_need(X509_sign(made.cert, by->key, EVP_sha256()) > 0);
	return made;
}

static inline void made_free(struct made *made)
{
	X509_free(made->cert);
	EVP_PKEY_free(made->key);
	*made = (struct made){ NULL, NULL };
}

/* made_pem is a new string. */
static inline char *made_pem(const struct made *made)
{
	BIO *out = BIO_new(BIO_s_mem());
	char *data = NULL;

	made_need(out != NULL && PEM_write_bio_X509(out, made->cert) == 1);
	long len = BIO_get_mem_data(out, &data);
	char *text = strndup(data, (size_t)len);
	made_need(text != NULL);
	BIO_free(out);
	return text;
}

#endif

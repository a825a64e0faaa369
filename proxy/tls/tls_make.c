/* tls_make.c - the certificate that clients are shown where the operator has none for them; see tls_server.h. */
#include "proxy/tls/tls_server.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/digest.h>
#include <openssl/ec_key.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/pem.h>

#include "proxy/tls/tls_compat.h"

#define DAY_S  (24 * 60 * 60)
#define SERIAL 64 /* bits (RFC 5280 s. 4.1.2.2: 20 octets at most) */

static EVP_PKEY *make_key(void)
{
	EVP_PKEY *key = EVP_PKEY_new();
	EC_KEY *ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);

	if (key != NULL && ec != NULL && EC_KEY_generate_key(ec) == 1 && EVP_PKEY_set1_EC_KEY(key, ec) == 1) {
		EC_KEY_free(ec);
		return key;
	}
	EC_KEY_free(ec);
	EVP_PKEY_free(key);
	return NULL;
}

static bool set_serial(X509 *cert)
{
	BIGNUM *number = BN_new();
	bool ok = number != NULL && BN_rand(number, SERIAL, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
		  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;

	BN_free(number);
	return ok;
}

static bool add_extension(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, NULL, nid, value);
	bool ok = extension != NULL && X509_add_ext(cert, extension, -1) == 1;

	X509_EXTENSION_free(extension);
	return ok;
}

static bool set_names(X509 *cert)
{
	X509_NAME *name = X509_get_subject_name(cert);

	return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
					  (const unsigned char *)TLS_SERVER_MADE_NAME, -1, -1, 0) == 1 &&
	       X509_set_issuer_name(cert, name) == 1 &&
	       add_extension(cert, NID_subject_alt_name, "DNS:" TLS_SERVER_MADE_NAME) &&
	       add_extension(cert, NID_ext_key_usage, "serverAuth");
}

static X509 *make_certificate(EVP_PKEY *key, time_t now)
{
	X509 *cert = X509_new();

	if (cert != NULL && X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) &&
	    ASN1_TIME_set(X509_getm_notBefore(cert), now - DAY_S) != NULL &&
	    ASN1_TIME_set(X509_getm_notAfter(cert), now + (time_t)TLS_SERVER_MADE_DAYS * DAY_S) != NULL &&
	    set_names(cert) && X509_set_pubkey(cert, key) == 1 && X509_sign(cert, key, EVP_sha256()) > 0)
		return cert;
	X509_free(cert);
	return NULL;
}

/* take_text returns what was written to |out| as a string of its own. */
static char *take_text(BIO *out)
{
	const uint8_t *bytes;
	size_t len;
	char *text;

	if (BIO_mem_contents(out, &bytes, &len) != 1)
		return NULL;
	text = malloc(len + 1);
	if (text == NULL)
		return NULL;
	memcpy(text, bytes, len);
	text[len] = '\0';
	return text;
}

static char *certificate_text(X509 *cert)
{
	BIO *out = BIO_new(BIO_s_mem());
	char *text = out != NULL && PEM_write_bio_X509(out, cert) == 1 ? take_text(out) : NULL;

	BIO_free(out);
	return text;
}

static char *key_text(EVP_PKEY *key)
{
	BIO *out = BIO_new(BIO_s_mem());
	char *text = out != NULL && PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) == 1 ? take_text(out)
												       : NULL;

	BIO_free(out);
	return text;
}

bool tls_server_make(time_t now, char **out_certificate, char **out_key)
{
	EVP_PKEY *key = make_key();
	X509 *cert = key != NULL ? make_certificate(key, now) : NULL;

	*out_certificate = cert != NULL ? certificate_text(cert) : NULL;
	*out_key = cert != NULL ? key_text(key) : NULL;
	X509_free(cert);
	EVP_PKEY_free(key);
	ERR_clear_error();
	if (*out_certificate != NULL && *out_key != NULL)
		return true;
	free(*out_certificate);
	free(*out_key);
	*out_certificate = *out_key = NULL;
	return false;
}

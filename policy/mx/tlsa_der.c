/* tlsa_der.c - see tlsa_der.h. The only file of gate25-policyd that speaks to OpenSSL itself. */
#include "policy/mx/tlsa_der.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "policy/verdict/tlsa.h"

static bool is_certificate(const uint8_t *der, size_t len)
{
	const uint8_t *at = der;
	X509 *certificate = d2i_X509(NULL, &at, (long)len);
	bool ok = certificate != NULL && at == der + len && X509_get0_pubkey(certificate) != NULL;

	X509_free(certificate);
	return ok;
}

static bool is_key(const uint8_t *der, size_t len)
{
	const uint8_t *at = der;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)len);
	bool ok = key != NULL && at == der + len;

	EVP_PKEY_free(key);
	return ok;
}

bool tlsa_der_parses(uint8_t selector, const uint8_t *der, size_t len)
{
	bool ok = false;

	if (len == 0 || len > LONG_MAX)
		return false;
	if (selector == TLSA_CERT)
		ok = is_certificate(der, len);
	else if (selector == TLSA_SPKI)
		ok = is_key(der, len);
	ERR_clear_error();
	return ok;
}

void tlsa_der_init(void)
{
	/* A key of the kind that costs least: the first one read makes the library fetch its decoders. */
	static const uint8_t ed25519[44] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21,
					     0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a,
					     0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15,
					     0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0x20 };

	(void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	(void)tlsa_der_parses(TLSA_SPKI, ed25519, sizeof(ed25519));
}

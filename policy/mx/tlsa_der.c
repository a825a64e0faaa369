/* tlsa_der.c - see tlsa_der.h. The only file of gate25-policyd that speaks to OpenSSL itself. */
#include "policy/mx/tlsa_der.h"

#include <limits.h>
#include <openssl/asn1.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "policy/verdict/tlsa.h"

/* --- the key's algorithm ------------------------------------------------------------------------------------------ */

struct der {
	const uint8_t *at;
	long len;
};

/* next takes the first element off |from|: its tag, and what is in it. */
static bool next(struct der *from, int *out_tag, struct der *out)
{
	const uint8_t *at = from->at;
	int class;
	int form = ASN1_get_object(&at, &out->len, out_tag, &class, from->len);

	if ((form & 0x81) != 0) /* malformed, or of no stated length, which is not DER */
		return false;
	*out = (struct der){ at, out->len };
	from->len -= at + out->len - from->at;
	from->at = at + out->len;
	*out_tag |= class;
	return true;
}

static bool next_is(struct der *from, int tag, struct der *out)
{
	int found;

	return next(from, &found, out) && found == tag;
}

/* enter_key goes to a certificate's SubjectPublicKeyInfo (RFC 5280 s. 4.1). */
static bool enter_key(struct der *cert, struct der *out)
{
	struct der skipped = { 0 };
	struct der tbs;
	int tag;

	if (!next_is(cert, V_ASN1_SEQUENCE, &tbs) || !next(&tbs, &tag, &skipped))
		return false;
	if (tag == (V_ASN1_CONTEXT_SPECIFIC | 0) && !next(&tbs, &tag, &skipped)) /* behind the version */
		return false;
	for (int i = 0; i < 4; i++) { /* behind the serial number: signature, issuer, validity, subject */
		if (!next_is(&tbs, V_ASN1_SEQUENCE, &skipped))
			return false;
	}
	return next_is(&tbs, V_ASN1_SEQUENCE, out);
}

/* names_its_curve: no PKIX key describes its curve itself (RFC 5480 s. 2.1.1). One that does makes the library work
 * half a second for one point, over a field that whoever wrote the record has chosen for that. True of a key that is
 * not on a curve of this kind. */
static bool names_its_curve(uint8_t selector, const uint8_t *bytes, size_t len)
{
	static const uint8_t ec_public_key[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01 };
	struct der whole = { bytes, (long)len };
	struct der key;
	struct der algorithm;
	struct der oid;
	struct der parameters;

	if (!next_is(&whole, V_ASN1_SEQUENCE, &key))
		return false;
	if (selector == TLSA_CERT) {
		struct der cert = key;
		if (!enter_key(&cert, &key))
			return false;
	}
	if (!next_is(&key, V_ASN1_SEQUENCE, &algorithm) || !next_is(&algorithm, V_ASN1_OBJECT, &oid))
		return false;
	if (oid.len != (long)sizeof(ec_public_key) || memcmp(oid.at, ec_public_key, sizeof(ec_public_key)) != 0)
		return true;
	return next_is(&algorithm, V_ASN1_OBJECT, &parameters);
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

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

	if (len == 0 || len > LONG_MAX || !names_its_curve(selector, der, len))
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

/* tls_tlsa.c - see tls_tlsa.h. */
#include "proxy/tls/tls_tlsa.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bytestring.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "proxy/tls/tls_chain.h"

/* data_of finds the data that a record of |cert| has: octets of |cert|, or |digest|. */
static bool data_of(struct tls_der *out, uint8_t selector, uint8_t mtype, struct tls_der cert,
		    uint8_t digest[SHA512_DIGEST_LENGTH])
{
	struct tls_der part = cert;

	if (part.len == 0 || (selector == TLSA_SPKI ? !tls_leaf_key(cert, &part) : selector != TLSA_CERT))
		return false;
	switch (mtype) {
	case TLSA_FULL: *out = part; return true;
	case TLSA_SHA256:
		*out = (struct tls_der){ SHA256(part.bytes, part.len, digest), SHA256_DIGEST_LENGTH };
		return true;
	case TLSA_SHA512:
		*out = (struct tls_der){ SHA512(part.bytes, part.len, digest), SHA512_DIGEST_LENGTH };
		return true;
	default: return false;
	}
}

bool tls_tlsa_is(const struct tlsa *record, struct tls_der cert)
{
	uint8_t digest[SHA512_DIGEST_LENGTH];
	struct tls_der data;

	return data_of(&data, record->selector, record->mtype, cert, digest) && record->len == data.len &&
	       memcmp(record->data, data.bytes, data.len) == 0;
}

bool tls_tlsa_make(struct tlsa *out, enum tlsa_usage usage, enum tlsa_selector selector, enum tlsa_mtype mtype,
		   struct tls_der cert)
{
	uint8_t digest[SHA512_DIGEST_LENGTH];
	struct tls_der data;

	*out = (struct tlsa){ .usage = (uint8_t)usage, .selector = (uint8_t)selector, .mtype = (uint8_t)mtype };
	if (!data_of(&data, out->selector, out->mtype, cert, digest) || data.len > TLSA_DATA_MAX)
		return false;
	out->data = malloc(data.len);
	if (out->data == NULL)
		return false;
	memcpy(out->data, data.bytes, data.len);
	out->len = (uint16_t)data.len;
	return true;
}

/* is_foreign: the library has no such algorithm, or curve; it has nothing to say against the key. */
static bool is_foreign(struct tls_der spki)
{
	CBS cbs;
	uint32_t code;
	bool foreign = false;

	CBS_init(&cbs, spki.bytes, spki.len);
	ERR_clear_error();
	EVP_PKEY_free(EVP_parse_public_key(&cbs));
	while ((code = ERR_get_error()) != 0)
		foreign = foreign ||
			  (ERR_GET_LIB(code) == ERR_LIB_EVP && ERR_GET_REASON(code) == EVP_R_UNSUPPORTED_ALGORITHM) ||
			  (ERR_GET_LIB(code) == ERR_LIB_EC && ERR_GET_REASON(code) == EC_R_UNKNOWN_GROUP);
	return foreign;
}

/* has_form: a SubjectPublicKeyInfo by its form (RFC 5280 s. 4.1). */
static bool has_form(struct tls_der spki)
{
	CBS whole;
	CBS parts;
	CBS algorithm;
	CBS key;

	CBS_init(&whole, spki.bytes, spki.len);
	return CBS_get_asn1(&whole, &parts, CBS_ASN1_SEQUENCE) && CBS_len(&whole) == 0 &&
	       CBS_get_asn1(&parts, &algorithm, CBS_ASN1_SEQUENCE) && CBS_get_asn1(&algorithm, NULL, CBS_ASN1_OBJECT) &&
	       CBS_get_asn1(&parts, &key, CBS_ASN1_BITSTRING) && CBS_len(&key) > 1 && CBS_len(&parts) == 0;
}

static bool is_key(struct tls_der spki)
{
	EVP_PKEY *key = tls_key_parse(spki);
	bool is = key != NULL || (has_form(spki) && is_foreign(spki));

	EVP_PKEY_free(key);
	return is;
}

bool tls_tlsa_der(uint8_t selector, const uint8_t *der, size_t len)
{
	const struct tls_der octets = { der, len };
	struct tls_der spki = octets;
	bool holds = false;

	if (selector == TLSA_CERT) {
		X509 *cert = tls_cert_parse(octets);
		holds = cert != NULL && tls_leaf_key(octets, &spki) && is_key(spki);
		X509_free(cert);
	} else if (selector == TLSA_SPKI) {
		holds = is_key(octets);
	}
	ERR_clear_error();
	return holds;
}

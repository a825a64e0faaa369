/* tls_tlsa.c - see tls_tlsa.h. */
#include "proxy/tls/tls_tlsa.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "proxy/tls/tls_chain.h"
#include "proxy/tls/tls_compat.h"

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

bool tls_tlsa_der(uint8_t selector, const uint8_t *der, size_t len)
{
	const struct tls_der octets = { der, len };
	bool holds = false;

	if (selector == TLSA_CERT) {
		X509 *cert = tls_cert_parse(octets);
		holds = cert != NULL && tls_compat_pubkey(cert) != NULL;
		X509_free(cert);
	} else if (selector == TLSA_SPKI) {
		EVP_PKEY *key = tls_key_parse(octets);
		holds = key != NULL;
		EVP_PKEY_free(key);
	}
	ERR_clear_error();
	return holds;
}

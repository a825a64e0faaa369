/* tlsa_made.h - TLSA records of certificates made at test time, written as "311l 200r", for the tests of
 * proxy/tls/tls_dane.h: usage, selector, matching type, and a letter for the certificate. */
#ifndef GATE25_TESTS_TLSA_MADE_H
#define GATE25_TESTS_TLSA_MADE_H

#include "tls_world.h"

#include <openssl/sha.h>

#include "policy/verdict/tlsa.h"

#define TLSA_INVALID RESULT_TLSA_INVALID

struct cast {                      /* who the letters stand for */
	const struct made *leaf;   /* l */
	const struct made *issuer; /* i: of the leaf */
	const struct made *other;  /* o: another server's */
	const struct made *root;   /* r; NULL: the world's. s: a stranger's root; n: the intermediate; x, of records
				    * only: nobody */
};

static inline const struct made *cast_member(const struct cast *cast, char letter)
{
	switch (letter) {
	case 'l': return cast->leaf;
	case 'i': return cast->issuer;
	case 'o': return cast->other;
	case 'r': return cast->root != NULL ? cast->root : &made[BY_ROOT];
	case 's': return &made[BY_STRANGER];
	case 'n': return &made[BY_INTER];
	default: fail_msg("nobody is called %c", letter); return NULL;
	}
}

static inline size_t tlsa_part(const struct made *of, uint8_t selector, uint8_t **out)
{
	*out = NULL;
	return selector == TLSA_SPKI ? (size_t)i2d_X509_PUBKEY(X509_get_X509_PUBKEY(of->cert), out) : made_der(of, out);
}

static inline void tlsa_set(struct tlsa *record, const uint8_t *data, size_t len)
{
	record->data = malloc(len);
	assert_non_null(record->data);
	memcpy(record->data, data, len);
	record->len = (uint16_t)len;
}

static inline void tlsa_of(struct tlsa *record, const struct made *of)
{
	uint8_t digest[SHA512_DIGEST_LENGTH];
	uint8_t *part;
	size_t len = tlsa_part(of, record->selector, &part);

	if (record->mtype == TLSA_FULL)
		tlsa_set(record, part, len);
	else if (record->mtype == TLSA_SHA256)
		tlsa_set(record, SHA256(part, len, digest), SHA256_DIGEST_LENGTH);
	else
		tlsa_set(record, SHA512(part, len, digest), SHA512_DIGEST_LENGTH);
	OPENSSL_free(part);
}

/* tlsa_made: the caller frees with tlsa_free. */
static inline struct tlsa *tlsa_made(const char *text, const struct cast *cast, size_t *out_count)
{
	struct tlsa *records = calloc(TLSA_MAX, sizeof(*records));
	size_t count = 0;

	assert_non_null(records);
	for (const char *at = text; *at != '\0'; at += at[4] == ' ' ? 5 : 4) {
		struct tlsa *record = &records[count++];
		assert_true(strlen(at) >= 4 && count <= TLSA_MAX);
		*record = (struct tlsa){ .usage = (uint8_t)(at[0] - '0'),
					 .selector = (uint8_t)(at[1] - '0'),
					 .mtype = (uint8_t)(at[2] - '0') };
		tlsa_of(record, at[3] == 'x' ? &made[BY_STRANGER] : cast_member(cast, at[3]));
		if (at[3] == 'x')
			record->data[record->len - 1] ^= 1;
	}
	*out_count = count;
	return records;
}

/* peer_sending sends what |letters| say. */
static inline struct tls_peer *peer_sending(const char *letters, const struct cast *cast,
					    const struct tls_session_facts *facts)
{
	const struct made *certs[TLS_CHAIN_CERTS_MAX];
	size_t count = strlen(letters);

	assert_true(count <= COUNT(certs));
	for (size_t i = 0; i < count; i++)
		certs[i] = cast_member(cast, letters[i]);
	return peer_of(certs, count, facts);
}

/* dane_at is a verdict of level dane for one |mx| with |records|. */
static inline struct verdict dane_at(struct verdict_mx *mx, struct tlsa *records, size_t count)
{
	struct verdict verdict = verdict_at(LEVEL_DANE);

	*mx = (struct verdict_mx){ .name = MX, .tlsa_base = MX, .dane = VERDICT_DANE_USABLE };
	mx->tlsa = records;
	mx->tlsa_count = count;
	verdict.floor = LEVEL_ENCRYPT;
	verdict.mx_lookup = VERDICT_LOOKUP_FOUND;
	verdict.mx_secure = true;
	verdict.mx = mx;
	verdict.mx_count = 1;
	return verdict;
}

#endif

/* tls_chain.h - a peer's certificates as X.509: parsed within limits, led to a trusted certificate, asked for names.
 * Private to tls_verify.c and its tests. Every answer is for one moment and one store; nothing is remembered. */
#ifndef GATE25_PROXY_TLS_TLS_CHAIN_H
#define GATE25_PROXY_TLS_TLS_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "policy/verdict/verdict.h"
#include "proxy/base/attrib.h"
#include "proxy/tls/tls_peer.h"

struct x509_store_st;
struct tls_chain;

#define TLS_RSA_BITS_MAX 8192 /* RULES H.25: of any certificate presented */
#define TLS_NAMES_MAX    1024 /* likewise */
#define TLS_RSA_BITS_MIN 2048 /* of a chain that is to be trusted */

/* Why not: |word| RESULT_NONE means that nothing is wrong. */
struct tls_finding {
	enum result_word word;
	char reason[VERDICT_REASON_MAX];
};

/* tls_chain_new parses. NULL: |finding| says why: no certificate, one that is none, or one beyond the limits. */
struct tls_chain *tls_chain_new(const struct tls_peer *peer, struct tls_finding *finding);
void tls_chain_free(struct tls_chain *chain); /* NULL is fine */

/* tls_chain_trusted says whether the leaf leads to a certificate of |store| by certificates that are all valid at
 * |now|, allowed to do so (RFC 5280 s. 6: CA flags, path length, name constraints), meant for TLS servers, and of
 * strength. Names are not looked at. */
MUST_CHECK bool tls_chain_trusted(const struct tls_chain *chain, struct x509_store_st *store, time_t now,
				  struct tls_finding *finding);

/* The dNSNames of the leaf, as they stand there. The subject's CN is none. */
size_t tls_chain_names(const struct tls_chain *chain);
/* tls_chain_name returns name |index|, not terminated, possibly with NULs; borrowed. */
const char *tls_chain_name(const struct tls_chain *chain, size_t index, size_t *out_len);

/* tls_leaf_key finds the SubjectPublicKeyInfo of a certificate, as encoded there (RULES B.1). Borrowed from |cert|. */
MUST_CHECK bool tls_leaf_key(struct tls_der cert, struct tls_der *out_key);

#endif

/* tls_chain.h - a peer's certificates as X.509: parsed within limits, and asked for names. Private to proxy/tls and its
 * tests. Where they lead, tls_path.h says. */
#ifndef GATE25_PROXY_TLS_TLS_CHAIN_H
#define GATE25_PROXY_TLS_TLS_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/verdict/verdict.h"
#include "proxy/base/attrib.h"
#include "proxy/tls/tls_peer.h"

struct evp_pkey_st;
struct x509_st;
struct stack_st_X509;
struct tls_chain;

#define TLS_RSA_BITS_MAX 8192 /* of any certificate presented */
#define TLS_NAMES_MAX    1024 /* likewise */
#define TLS_RSA_BITS_MIN 2048 /* of a chain that is to be trusted */

/* Why not: |word| RESULT_NONE means that nothing is wrong. */
struct tls_finding {
	enum result_word word;
	char reason[VERDICT_REASON_MAX];
};

/* tls_fail fills |finding| and returns false. */
bool tls_fail(struct tls_finding *finding, enum result_word word, const char *format, ...) PRINTF_LIKE(3, 4);

/* tls_chain_new parses. NULL: |finding| says why: no certificate, one that is none, or one beyond the limits. */
struct tls_chain *tls_chain_new(const struct tls_peer *peer, struct tls_finding *finding);
void tls_chain_free(struct tls_chain *chain); /* NULL is fine */

/* The dNSNames of the leaf, as they stand there. The subject's CN is none. */
size_t tls_chain_names(const struct tls_chain *chain);
/* tls_chain_name returns name |index|, not terminated, possibly with NULs; borrowed. */
const char *tls_chain_name(const struct tls_chain *chain, size_t index, size_t *out_len);

/* tls_chain_has_name: whether a dNSName of the leaf matches |reference|, as tls_name.h says. */
bool tls_chain_has_name(const struct tls_chain *chain, const char *reference, bool subdomains);
/* tls_chain_has_child: whether one is a child of |parent|, likewise. */
bool tls_chain_has_child(const struct tls_chain *chain, const char *parent);
/* tls_chain_has_cn: whether a common name of the leaf's subject does. Only DANE may ask, and only where the leaf has no
 * dNSName (RFC 7672 s. 3.2.3). */
bool tls_chain_has_cn(const struct tls_chain *chain, const char *reference);
/* tls_chain_show_names lists the first dNSNames of the leaf for a sentence. They are the server's octets: what is not
 * plain ASCII becomes a question mark. */
const char *tls_chain_show_names(const struct tls_chain *chain, char *out, size_t cap);

struct stack_st_X509 *tls_chain_certs(const struct tls_chain *chain); /* leaf first; borrowed */
/* The caller frees it (X509_free). NULL: |der| is, from first octet to last, no certificate. */
struct x509_st *tls_cert_parse(struct tls_der der);
/* Likewise a SubjectPublicKeyInfo (EVP_PKEY_free). */
struct evp_pkey_st *tls_key_parse(struct tls_der der);
/* 0 for a key that is not RSA, or that the library does not know. */
unsigned tls_cert_rsa_bits(struct x509_st *cert);

/* tls_leaf_key finds the SubjectPublicKeyInfo of a certificate, as encoded there. Borrowed from |cert|. */
MUST_CHECK bool tls_leaf_key(struct tls_der cert, struct tls_der *out_key);

#endif

/* tls_trust.h - the certificates that chains may end in: one store for each ca-file of the configuration, numbered as
 * struct verdict's |ca| numbers them. Built from the bytes that the parent hands over; opens no file.
 *
 * A certificate in a store is trusted as such: a root, an intermediate or a server's own. */
#ifndef GATE25_PROXY_TLS_TLS_TRUST_H
#define GATE25_PROXY_TLS_TLS_TRUST_H

#include <stdbool.h>
#include <stddef.h>

#include "proxy/base/attrib.h"

#define TLS_ERROR_MAX 256 /* of a sentence, with its NUL */

struct tls_trust;

struct tls_trust *tls_trust_new(void);        /* NULL: out of memory */
void tls_trust_free(struct tls_trust *trust); /* NULL is fine */

/* tls_trust_add makes the next store, the first being number 0, the gate's bundle. |pem| NULL: a store that trusts
 * nobody (the default bundle is missing). False: |error| says in one sentence what is wrong with the bundle called
 * |name|; no store was made. A bundle is refused whole: it may hold nothing but certificates and comments. */
MUST_CHECK bool tls_trust_add(struct tls_trust *trust, const char *name, const char *pem, size_t pem_len,
			      char error[TLS_ERROR_MAX]);
unsigned tls_trust_count(const struct tls_trust *trust);
/* The number of certificates in store |ca|; 0 for a store that is not there. */
size_t tls_trust_certs(const struct tls_trust *trust, unsigned ca);

/* For tls_verify.c: borrowed; NULL where store |ca| is not there or trusts nobody. */
struct x509_store_st *tls_trust_store(const struct tls_trust *trust, unsigned ca);

#endif

/* tls_path.h - the way from a server's certificate to one that is trusted (RFC 5280 s. 6). Private to proxy/tls. Every
 * answer is for one moment and one end; nothing is remembered. Names are not looked at.
 *
 * All certificates on the way, the trusted one included, must be valid at |now| and keep to each other's name
 * constraints. Those below the trusted one must also be allowed to be there (CA flags, path length), meant for TLS
 * servers, and of strength. The trusted one need not be signed by itself. */
#ifndef GATE25_PROXY_TLS_TLS_PATH_H
#define GATE25_PROXY_TLS_TLS_PATH_H

#include <time.h>

#include "proxy/tls/tls_chain.h"

struct x509_store_st;
struct x509_st;

/* tls_path_to_store: whether the leaf leads to a certificate of |store|. */
MUST_CHECK bool tls_path_to_store(const struct tls_chain *chain, struct x509_store_st *store, time_t now,
				  struct tls_finding *finding);

enum tls_anchor {
	TLS_ANCHOR_CERT, /* the certificate itself is trusted */
	TLS_ANCHOR_KEY,  /* the key that signed it is, and the caller has checked that signature: the certificate is
			    below the end of the way, and its own strength and purpose count */
};

/* tls_path_to_cert: whether the leaf leads to |anchor| and nothing else; the leaf may be it. |*out_depth| is its place
 * on the way, 0 is the leaf. |anchor| must be a CA's that allows as many issuers below it, where it is not the leaf. */
MUST_CHECK bool tls_path_to_cert(const struct tls_chain *chain, struct x509_st *anchor, enum tls_anchor kind,
				 time_t now, struct tls_finding *finding, int *out_depth);

#endif

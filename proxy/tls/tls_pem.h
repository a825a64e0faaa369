/* tls_pem.h - the certificates of a PEM file, as octets, for the command line. A file may hold other things (a key,
 * comments): they are passed over. Whether the octets are certificates is the judge's question. */
#ifndef GATE25_PROXY_TLS_TLS_PEM_H
#define GATE25_PROXY_TLS_TLS_PEM_H

#include <stddef.h>

#include "proxy/base/attrib.h"
#include "proxy/tls/tls_peer.h"
#include "proxy/tls/tls_trust.h" /* TLS_ERROR_MAX */

struct tls_pem {
	struct tls_der *certs; /* in the file's order */
	size_t count;
};

/* tls_pem_read reads |text| of the file called |name|. False: |error| says why in one sentence (damaged, no certificate
 * in it, out of memory), and |out| is empty. */
MUST_CHECK bool tls_pem_read(struct tls_pem *out, const char *name, const char *text, char error[TLS_ERROR_MAX]);
void tls_pem_cleanup(struct tls_pem *pem); /* a zeroed one is fine */

#endif

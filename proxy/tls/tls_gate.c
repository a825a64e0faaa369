/* tls_gate.c - whether a server is another gate25; see tls_peer.h. */
#include "proxy/tls/tls_peer.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "proxy/tls/tls_server.h"

bool tls_peer_is_gate25(const struct tls_peer *peer)
{
	struct tls_der leaf = tls_peer_cert(peer, 0);
	const uint8_t *der = leaf.bytes;
	X509 *cert = der != NULL ? d2i_X509(NULL, &der, (long)leaf.len) : NULL;
	bool is = cert != NULL &&
		  X509_check_host(cert, TLS_SERVER_MADE_NAME, strlen(TLS_SERVER_MADE_NAME),
				  X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_WILDCARDS, NULL) == 1;

	X509_free(cert);
	ERR_clear_error();
	return is;
}

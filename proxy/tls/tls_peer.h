/* tls_peer.h - who a server said it is: its certificates as presented and what was negotiated with it. Outlives the
 * connection that it came from, so that it can be judged again for each recipient domain (tls_verify.h). Immutable. */
#ifndef GATE25_PROXY_TLS_TLS_PEER_H
#define GATE25_PROXY_TLS_TLS_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/attrib.h"
#include "proxy/base/conf.h"

#define TLS_CHAIN_CERTS_MAX 10    /* presented */
#define TLS_CHAIN_BYTES_MAX 65536 /* of all certificates together */

struct tls_peer;

struct tls_session_facts {
	enum conf_tls_version version;
	bool weak;             /* an ECDHE-CBC suite: fit for levels that do not authenticate */
	bool resumed;          /* the certificates were presented in an earlier handshake with the same server */
	char version_name[16]; /* "TLSv1.3" */
	char cipher[64];       /* the RFC's name: TLS_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_... */
	char group[32];        /* "X25519"; "-" where unknown */
};

struct tls_der { /* one certificate, borrowed */
	const uint8_t *bytes;
	size_t len;
};

/* tls_peer_new copies a chain, leaf first, and its facts. NULL: no certificate, more than TLS_CHAIN_CERTS_MAX or
 * TLS_CHAIN_BYTES_MAX, or out of memory. Octets that are no certificate are kept as they are: judging refuses them.
 * For the command line and tests; a connection gives its own (tls_take_peer). */
struct tls_peer *tls_peer_new(const struct tls_der *chain, size_t count, const struct tls_session_facts *facts);
void tls_peer_free(struct tls_peer *peer); /* NULL is fine */

/* Borrowed, as long as |peer| lives. */
const struct tls_session_facts *tls_peer_facts(const struct tls_peer *peer);
size_t tls_peer_count(const struct tls_peer *peer);
struct tls_der tls_peer_cert(const struct tls_peer *peer, size_t index); /* NULL and 0 past the end */

/* tls_peer_is_gate25: its certificate is for the name under which gate25 makes its own (tls_server.h). */
bool tls_peer_is_gate25(const struct tls_peer *peer);

#endif

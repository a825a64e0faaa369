/* tls_private.h - what the two ends of TLS share: tls.c makes connections to servers, tls_server.c takes those of
 * clients, tls_socket.c reads and writes for both, and tls_steps.c drives them. For these four only. */
#ifndef GATE25_PROXY_TLS_TLS_PRIVATE_H
#define GATE25_PROXY_TLS_TLS_PRIVATE_H

#include "proxy/tls/tls.h"
#include "proxy/tls/tls_compat.h"
#include "proxy/tls/tls_session_cache.h"

/* The TLS 1.2 suites; those of 1.3 are not configurable. Both libraries know all of these names. */
#define TLS_CIPHERS_AEAD                                             \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:" \
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:" \
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384"
#define TLS_CIPHERS_CBC                                \
	"ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:" \
	"ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA"

#define TLS_ALERT_BYTES 7 /* an alert in clear, with its record's header */

struct tls {
	SSL *ssl;
	const char *peer; /* "the server" or "the client", for sentences */
	bool serves;      /* the peer is a client */
	/* Of a connection to a server. */
	struct tls_client_ctx *ctx;
	uint8_t key[TLS_SESSION_KEY_LEN]; /* of the resumption cache */
	bool fresh;
	bool ready; /* the handshake is done */
	bool failed;
	bool truncated;
	/* The socket, the caller's, and what was read from it. */
	int fd;
	uint8_t last[TLS_ALERT_BYTES]; /* what it said last, before the handshake was done */
	size_t burst;                  /* in this step */
	size_t idle;                   /* since the handshake was done or application data came */
	uint8_t alert;                 /* of the peer, which ended it */
	bool flooded;                  /* too much of the latter: over */
	char error[TLS_ERROR_MAX];
};

/* tls_socket_attach gives the connection, whose |tls|->ssl is made, its socket. False: out of memory. */
MUST_CHECK bool tls_socket_attach(struct tls *tls, int fd);

#endif

/* tls_server.h - TLS towards clients: gate25's end where it offers STARTTLS itself. The connection that comes of it is
 * driven by the steps of tls.h.
 *
 * TLS 1.2 and 1.3; ECDHE with AEAD, ECDHE with AES-CBC last; no renegotiation, no early data, no client certificate, no
 * compression, no tickets. It encrypts the way from the client to the gate and proves nothing about anybody: the
 * server's leg is judged as if the client had spoken in clear. */
#ifndef GATE25_PROXY_TLS_TLS_SERVER_H
#define GATE25_PROXY_TLS_TLS_SERVER_H

#include <stdbool.h>
#include <time.h>

#include "proxy/base/attrib.h"
#include "proxy/base/conf.h"
#include "proxy/tls/tls_trust.h" /* TLS_ERROR_MAX */

#define TLS_SERVER_MADE_NAME "gate25.invalid" /* whom a made certificate is for: nobody can own it (RFC 6761) */

#define TLS_SERVER_MADE_DAYS 365

struct tls;
struct tls_server_ctx;

/* What clients are shown, as PEM. */
struct tls_server_pem {
	const char *certificate;      /* the leaf first, then its chain; other things between them are passed over */
	const char *key;              /* the leaf's, not encrypted; likewise */
	const char *certificate_name; /* of the two, for messages: "client-tls-certificate PATH" */
	const char *key_name;
};

/* tls_server_ctx_new takes tls_groups of |conf| and the certificate. NULL: |error| says in one sentence what is wrong
 * (unreadable, encrypted, a key that is not the certificate's, an unknown group). It lives until the last struct tls
 * made of it is freed. */
struct tls_server_ctx *tls_server_ctx_new(const struct conf *conf, const struct tls_server_pem *pem,
					  char error[TLS_ERROR_MAX]);
void tls_server_ctx_free(struct tls_server_ctx *ctx); /* NULL is fine */

/* tls_server_new: as tls_new. Where TLS begins on |fd|, nothing before that may be left unread. */
struct tls *tls_server_new(struct tls_server_ctx *ctx, int fd);

/* tls_server_doubt: whether there is something in the certificate that works and is probably not meant: it is out of
 * date, or not valid yet. |out|: one sentence. */
MUST_CHECK bool tls_server_doubt(const struct tls_server_pem *pem, time_t now, char out[TLS_ERROR_MAX]);

/* tls_server_make makes a certificate for TLS_SERVER_MADE_NAME with a P-256 key, from a day before |now| to
 * TLS_SERVER_MADE_DAYS after it: both as PEM that the caller frees, the key wiped. False: nothing was made. */
MUST_CHECK bool tls_server_make(time_t now, char **out_certificate, char **out_key);

#endif

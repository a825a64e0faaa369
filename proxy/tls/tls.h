/* tls.h - TLS towards servers, on BoringSSL; tls_server.h is the other end, for clients. No event loop inside: each
 * step says why it stopped, the loop serves the reason and calls again.
 *
 * TLS 1.2 and 1.3; ECDHE with AEAD, ECDHE with AES-CBC last where |compat| says so; no renegotiation, no early data, no
 * client certificate, no compression. The handshake accepts any certificates within the limits of tls_peer.h; who the
 * server is, tls_verify.h judges afterwards, from tls_take_peer.
 *
 * Resumption: sessions are kept for an hour at most, bounded in number, under destination, server name, minimum
 * version, |compat| and |policy|; a resumed session brings the certificates of its first handshake along, so that
 * judging it is the same act as judging a new one. TLS 1.2 sessions without extended master secret are never kept, nor
 * those with a ticket or certificates out of the ordinary size. */
#ifndef GATE25_PROXY_TLS_TLS_H
#define GATE25_PROXY_TLS_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/addr.h"
#include "proxy/base/attrib.h"
#include "proxy/base/conf.h"
#include "proxy/tls/tls_peer.h"
#include "proxy/tls/tls_trust.h" /* TLS_ERROR_MAX */

struct tls;
struct tls_client_ctx;

enum tls_step {
	TLS_FAILED = 0, /* over: tls_error says why. Close the socket */
	TLS_DONE,       /* the step is done; of read and write: *out_len octets, at least one */
	TLS_WANT_READ,  /* call the same step again once the socket is readable */
	TLS_WANT_WRITE, /* likewise, writable */
	TLS_CLOSED,     /* read only: the server said close_notify, or closed the socket without (tls_truncated) */
};

/* tls_client_ctx_new takes tls_groups of |conf|. |sessions_max| bounds the resumption cache; 0: no resumption. NULL:
 * |error| says in one sentence what is wrong (an unknown group, out of memory). What it holds
 * lives until the last struct tls made of it is freed, too: a reload frees it while sessions end. */
struct tls_client_ctx *tls_client_ctx_new(const struct conf *conf, size_t sessions_max, char error[TLS_ERROR_MAX]);
void tls_client_ctx_free(struct tls_client_ctx *ctx); /* NULL is fine */
/* tls_client_ctx_forget drops all sessions kept for resumption: after a reload. */
void tls_client_ctx_forget(struct tls_client_ctx *ctx);

struct tls_options {
	const char
		*servername; /* SNI, an A-label; one trailing dot is taken off. "" or NULL, or an address: none sent */
	enum conf_tls_version min_protocol;
	bool compat;                 /* offer ECDHE-CBC, last */
	struct endpoint destination; /* of the resumption key */
	uint8_t policy[32]; /* tls_policy_digest; zero where the verdict is not known yet, which is a key of its own */
	bool fresh;         /* neither offer nor keep a session */
};

/* tls_new makes a connection to a server (tls_server.h: to a client; the steps are the same). |fd| is a connected
 * non-blocking stream socket; it stays the caller's and outlives the struct. NULL: out of memory, or a server name that
 * cannot be sent. SIGPIPE must be ignored by the process. */
struct tls *tls_new(struct tls_client_ctx *ctx, int fd, const struct tls_options *options);
void tls_free(struct tls *tls); /* says nothing to the server; NULL is fine */

/* Steps. A failed step leaves the connection failed. tls_read wants reading until TLS_WANT_READ before the loop waits:
 * octets already decrypted do not wake it (tls_pending). tls_write may be called again with another buffer at another
 * address, as long as it starts with the same octets. tls_shutdown sends close_notify and does not wait for the
 * server's. */
MUST_CHECK enum tls_step tls_handshake(struct tls *tls);
MUST_CHECK enum tls_step tls_read(struct tls *tls, void *buf, size_t len, size_t *out_len);
MUST_CHECK enum tls_step tls_write(struct tls *tls, const void *bytes, size_t len, size_t *out_len);
MUST_CHECK enum tls_step tls_shutdown(struct tls *tls);

size_t tls_pending(const struct tls *tls);    /* octets that tls_read has ready */
bool tls_truncated(const struct tls *tls);    /* TLS_CLOSED came without close_notify */
const char *tls_error(const struct tls *tls); /* one sentence of what failed, borrowed; "" if nothing did */
/* tls_alert: the alert with which the peer ended TLS (RFC 8446 s. 6); 0: it did not. */
uint8_t tls_alert(const struct tls *tls);
/* tls_facts: of the session, after TLS_DONE of the handshake. */
struct tls_session_facts tls_facts(const struct tls *tls);
/* tls_take_peer returns the server's certificates and the facts of the session, the caller's to free. NULL before
 * TLS_DONE of the handshake, or out of memory. */
struct tls_peer *tls_take_peer(const struct tls *tls);

/* tls_library names the BoringSSL in use, for --version and the log; |*out_old|: Debian's snapshot without security
 * updates. NULL is fine. */
const char *tls_library(bool *out_old);
#define TLS_OLD_NOTE                                                                                                \
	" - Debian's snapshot of 2022, without security updates: good for trying out, not for production (README, " \
	"Building)"

#endif

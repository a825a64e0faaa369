/* tls_server.h - the other end for the tests of proxy/tls.h: a BoringSSL server on a socketpair, in the same thread. */
#ifndef GATE25_TESTS_TLS_SERVER_H
#define GATE25_TESTS_TLS_SERVER_H

#include "tls_made.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

#include "proxy/base/attrib.h"
#include "proxy/tls/tls.h"

struct served { /* what a server is like */
	uint16_t min;
	uint16_t max;
	const char *ciphers; /* NULL: the library's */
	const char *groups;
	const struct made *chain[16]; /* leaf first; its key is used */
	unsigned copies;              /* of the last certificate of |chain|, in addition */
	bool ask_client;              /* CertificateRequest */
};

struct link { /* a client and a server, and what lies between them */
	struct tls *client;
	SSL_CTX *server_ctx;
	SSL *server;
	int client_fd;
	int server_fd;
	int mid_fds[2]; /* of the relay that passes octets one by one; -1: none, the ends are one socketpair */
	char sni[256];
	enum tls_step client_step;
	int server_ret;
};

static inline void nonblocking(int fd)
{
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
}

static inline int note_sni(SSL *ssl, int *out_alert, void *arg)
{
	struct link *link = arg;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	(void)out_alert;
	(void)snprintf(link->sni, sizeof(link->sni), "%s", name != NULL ? name : "");
	return SSL_TLSEXT_ERR_OK;
}

static inline SSL_CTX *server_ctx_new(const struct served *served)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_method());
	const struct made *last = served->chain[0];

	assert_non_null(ctx);
	assert_int_equal(SSL_CTX_set_min_proto_version(ctx, served->min != 0 ? served->min : TLS1_VERSION), 1);
	assert_int_equal(SSL_CTX_set_max_proto_version(ctx, served->max != 0 ? served->max : TLS1_3_VERSION), 1);
	if (served->ciphers != NULL)
		assert_int_equal(SSL_CTX_set_strict_cipher_list(ctx, served->ciphers), 1);
	if (served->groups != NULL)
		assert_int_equal(SSL_CTX_set1_curves_list(ctx, served->groups), 1);
	assert_int_equal(SSL_CTX_use_certificate(ctx, served->chain[0]->cert), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(ctx, served->chain[0]->key), 1);
	for (size_t i = 1; i < COUNT(served->chain) && served->chain[i] != NULL; i++) {
		last = served->chain[i];
		assert_int_equal(SSL_CTX_add1_chain_cert(ctx, last->cert), 1);
	}
	for (unsigned i = 0; i < served->copies; i++)
		assert_int_equal(SSL_CTX_add1_chain_cert(ctx, last->cert), 1);
	if (served->ask_client)
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	assert_int_equal(SSL_CTX_set_session_id_context(ctx, (const uint8_t *)"test", 4), 1);
	return ctx;
}

/* link_open connects a client of |ctx| to a server of |server_ctx|, which stays the caller's. */
static inline void link_open(struct link *link, struct tls_client_ctx *ctx, SSL_CTX *server_ctx,
			     const struct tls_options *options, bool one_by_one)
{
	int a[2];
	int b[2];

	*link = (struct link){ .mid_fds = { -1, -1 } };
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, a), 0);
	link->client_fd = a[0];
	link->server_fd = a[1];
	if (one_by_one) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, b), 0);
		link->mid_fds[0] = a[1];
		link->mid_fds[1] = b[0];
		link->server_fd = b[1];
		nonblocking(a[1]);
		nonblocking(b[0]);
	}
	nonblocking(link->client_fd);
	nonblocking(link->server_fd);
	link->server_ctx = server_ctx;
	link->client = tls_new(ctx, link->client_fd, options);
	assert_non_null(link->client);
	if (server_ctx == NULL)
		return;
	SSL_CTX_set_tlsext_servername_callback(server_ctx, note_sni);
	SSL_CTX_set_tlsext_servername_arg(server_ctx, link);
	link->server = SSL_new(server_ctx);
	assert_non_null(link->server);
	SSL_set_accept_state(link->server);
	assert_int_equal(SSL_set_fd(link->server, link->server_fd), 1);
}

static inline void link_close(struct link *link)
{
	tls_free(link->client);
	SSL_free(link->server);
	(void)close(link->client_fd);
	if (link->server_fd >= 0)
		(void)close(link->server_fd);
	for (size_t i = 0; i < 2; i++)
		if (link->mid_fds[i] >= 0)
			(void)close(link->mid_fds[i]);
	ERR_clear_error();
}

static inline void pass_one(int from, int to)
{
	char octet;

	if (from >= 0 && read(from, &octet, 1) == 1)
		assert_int_equal(write(to, &octet, 1), 1);
}

/* link_handshake runs both ends until the client is through or broken, and the server likewise. */
static inline enum tls_step link_handshake(struct link *link)
{
	bool server_open = link->server != NULL;

	link->client_step = TLS_WANT_READ;
	for (unsigned turns = 0; turns < 200000; turns++) {
		if (link->client_step == TLS_WANT_READ || link->client_step == TLS_WANT_WRITE)
			link->client_step = tls_handshake(link->client);
		pass_one(link->mid_fds[0], link->mid_fds[1]);
		if (server_open) {
			link->server_ret = SSL_do_handshake(link->server);
			if (link->server_ret != 1 && SSL_get_error(link->server, link->server_ret) == SSL_ERROR_SSL)
				server_open = false;
			if (link->server_ret == 1)
				server_open = false;
			ERR_clear_error();
		}
		pass_one(link->mid_fds[1], link->mid_fds[0]);
		if (link->client_step == TLS_FAILED || (link->client_step == TLS_DONE && !server_open))
			return link->client_step;
	}
	fail_msg("the handshake never ends");
	return TLS_FAILED;
}

#endif

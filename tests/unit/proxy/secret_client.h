/* secret_client.h - a client of conn_harness.h that speaks TLS. */
#ifndef GATE25_TESTS_SECRET_CLIENT_H
#define GATE25_TESTS_SECRET_CLIENT_H

#include "conn_harness.h"

struct secret_client {
	SSL *ssl;
	char heard[65536];
	size_t len;
};

static inline void begin_tls(struct fixture *f, SSL_CTX *ctx, struct secret_client *c)
{
	f->client_deaf = true; /* the harness reads it in clear no more */
	*c = (struct secret_client){ .ssl = SSL_new(ctx) };
	SSL_set_connect_state(c->ssl);
	assert_int_equal(SSL_set_fd(c->ssl, f->client), 1);
	for (unsigned i = 0; i < 2000; i++) {
		int ret = SSL_do_handshake(c->ssl);
		if (ret == 1)
			return;
		assert_int_equal(SSL_get_error(c->ssl, ret), SSL_ERROR_WANT_READ);
		turn(f);
	}
	fail_msg("the handshake never ends");
}

/* Lines of numbers, each its own place, so that none can be lost or change places unseen. Returns their length. */
static inline size_t fill_numbers(char *out, size_t size)
{
	size_t at = 0;

	while (at + 200 < size)
		at += (size_t)snprintf(out + at, size - at, "%0100zu\r\n", at);
	return at;
}

static inline void says(struct fixture *f, struct secret_client *c, const char *text, size_t len)
{
	for (size_t at = 0; at < len;) {
		int ret = SSL_write(c->ssl, text + at, (int)(len - at < 8000 ? len - at : 8000));
		if (ret > 0)
			at += (size_t)ret;
		else
			assert_int_equal(SSL_get_error(c->ssl, ret), SSL_ERROR_WANT_WRITE);
		turn(f);
	}
}

static inline void secretly(struct fixture *f, struct secret_client *c, const char *text, const char *answer)
{
	says(f, c, text, strlen(text));
	for (unsigned i = 0; i < TURNS_MAX; i++) {
		int ret = SSL_read(c->ssl, c->heard + c->len, (int)(sizeof(c->heard) - 1 - c->len));
		char *at;
		if (ret > 0)
			c->len += (size_t)ret;
		ERR_clear_error();
		c->heard[c->len] = '\0';
		at = strstr(c->heard, answer);
		if (at != NULL) {
			c->len = 0;
			return;
		}
		patient_turn(f, i);
	}
	fail_msg("the client never hears \"%s\" but \"%s\"", answer, c->heard);
}

#endif

/* tls_server.c - see tls_server.h. */
#include "proxy/tls/tls_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pool.h>

#include "proxy/tls/tls_pem.h"
#include "proxy/tls/tls_private.h"

struct tls_server_ctx {
	SSL_CTX *ssl; /* each SSL made of it holds a reference of its own */
};

/* --- certificate and key ------------------------------------------------------------------------------------------ */

/* read_key returns the first private key of |pem|; NULL with |error|. No password is asked for. */
static EVP_PKEY *read_key(const char *pem, const char *name, char error[TLS_ERROR_MAX])
{
	BIO *in = BIO_new_mem_buf(pem, (int)strlen(pem));
	EVP_PKEY *key = in != NULL ? PEM_read_bio_PrivateKey(in, NULL, NULL, NULL) : NULL;
	uint32_t problem = ERR_peek_last_error();
	bool is_pem = ERR_GET_LIB(problem) == ERR_LIB_PEM;

	BIO_free(in);
	if (key != NULL)
		return key;
	if (is_pem && ERR_GET_REASON(problem) == PEM_R_NO_START_LINE)
		(void)snprintf(error, TLS_ERROR_MAX, "%.160s holds no private key (-----BEGIN PRIVATE KEY-----).",
			       name);
	else if (is_pem && ERR_GET_REASON(problem) == PEM_R_BAD_PASSWORD_READ)
		(void)snprintf(error, TLS_ERROR_MAX, "%.160s is encrypted, and nobody is there to give the password.",
			       name);
	else
		(void)snprintf(error, TLS_ERROR_MAX, "%.160s is damaged: its private key cannot be read.", name);
	ERR_clear_error();
	return NULL;
}

/* buffers_of makes the library's own of the certificates; false when out of memory. */
static bool buffers_of(const struct tls_pem *pem, CRYPTO_BUFFER *out[TLS_CHAIN_CERTS_MAX])
{
	for (size_t i = 0; i < pem->count; i++) {
		out[i] = CRYPTO_BUFFER_new(pem->certs[i].bytes, pem->certs[i].len, NULL);
		if (out[i] == NULL)
			return false;
	}
	return true;
}

/* set_identity is where a key that is not the certificate's is found out. */
static bool set_identity(SSL_CTX *ssl, const struct tls_pem *chain, EVP_PKEY *key, const struct tls_server_pem *pem,
			 char error[TLS_ERROR_MAX])
{
	CRYPTO_BUFFER *buffers[TLS_CHAIN_CERTS_MAX] = { NULL };
	bool ok = false;

	if (chain->count > TLS_CHAIN_CERTS_MAX)
		(void)snprintf(error, TLS_ERROR_MAX, "%.160s holds more than %d certificates.", pem->certificate_name,
			       TLS_CHAIN_CERTS_MAX);
	else if (!buffers_of(chain, buffers))
		(void)snprintf(error, TLS_ERROR_MAX, "TLS cannot be set up: out of memory.");
	else if (SSL_CTX_set_chain_and_key(ssl, buffers, chain->count, key, NULL) != 1)
		(void)snprintf(error, TLS_ERROR_MAX,
			       "The key in %.100s is not that of the first certificate in %.100s.", pem->key_name,
			       pem->certificate_name);
	else
		ok = true;
	for (size_t i = 0; i < TLS_CHAIN_CERTS_MAX; i++)
		CRYPTO_BUFFER_free(buffers[i]);
	return ok;
}

static bool load_identity(SSL_CTX *ssl, const struct tls_server_pem *pem, char error[TLS_ERROR_MAX])
{
	struct tls_pem chain;
	EVP_PKEY *key;
	bool ok;

	if (!tls_pem_read(&chain, pem->certificate_name, pem->certificate, error))
		return false;
	key = read_key(pem->key, pem->key_name, error);
	ok = key != NULL && set_identity(ssl, &chain, key, pem, error);
	EVP_PKEY_free(key);
	tls_pem_cleanup(&chain);
	return ok;
}

bool tls_server_doubt(const struct tls_server_pem *pem, time_t now, char out[TLS_ERROR_MAX])
{
	struct tls_pem chain;
	const uint8_t *der;
	X509 *cert;
	bool doubt = true;

	if (!tls_pem_read(&chain, pem->certificate_name, pem->certificate, out))
		return true;
	der = chain.certs[0].bytes;
	cert = d2i_X509(NULL, &der, (long)chain.certs[0].len);
	if (cert == NULL)
		(void)snprintf(out, TLS_ERROR_MAX, "%.160s: its first certificate cannot be read.",
			       pem->certificate_name);
	else if (X509_cmp_time(X509_get0_notAfter(cert), &now) < 0)
		(void)snprintf(out, TLS_ERROR_MAX, "%.160s has expired: clients that look at it will not have it.",
			       pem->certificate_name);
	else if (X509_cmp_time(X509_get0_notBefore(cert), &now) > 0)
		(void)snprintf(out, TLS_ERROR_MAX, "%.160s is not valid yet: clients that look at it will not have it.",
			       pem->certificate_name);
	else
		doubt = false;
	X509_free(cert);
	tls_pem_cleanup(&chain);
	ERR_clear_error();
	return doubt;
}

/* --- the context -------------------------------------------------------------------------------------------------- */

static bool set_up(SSL_CTX *ssl)
{
	(void)SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	(void)SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
	return SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_max_proto_version(ssl, TLS1_3_VERSION) == 1 &&
	       SSL_CTX_set_strict_cipher_list(ssl, TLS_CIPHERS_AEAD ":" TLS_CIPHERS_CBC) == 1;
}

static bool set_groups(SSL_CTX *ssl, const struct conf *conf, char error[TLS_ERROR_MAX])
{
	const char *groups = conf->tls_groups != NULL ? conf->tls_groups : TLS_COMPAT_GROUPS;

	if (SSL_CTX_set1_curves_list(ssl, groups) == 1)
		return true;
	(void)snprintf(error, TLS_ERROR_MAX, "tls-groups: this %s does not know all of \"%.120s\".", tls_library(NULL),
		       groups);
	return false;
}

struct tls_server_ctx *tls_server_ctx_new(const struct conf *conf, const struct tls_server_pem *pem,
					  char error[TLS_ERROR_MAX])
{
	struct tls_server_ctx *ctx = calloc(1, sizeof(*ctx));
	bool ok = false;

	(void)snprintf(error, TLS_ERROR_MAX, "TLS cannot be set up: out of memory.");
	if (ctx != NULL)
		ctx->ssl = SSL_CTX_new(TLS_with_buffers_method());
	if (ctx != NULL && ctx->ssl != NULL && set_up(ctx->ssl))
		ok = set_groups(ctx->ssl, conf, error) && load_identity(ctx->ssl, pem, error);
	ERR_clear_error();
	if (ok)
		return ctx;
	tls_server_ctx_free(ctx);
	return NULL;
}

void tls_server_ctx_free(struct tls_server_ctx *ctx)
{
	if (ctx == NULL)
		return;
	SSL_CTX_free(ctx->ssl);
	free(ctx);
}

/* --- a connection ------------------------------------------------------------------------------------------------- */

struct tls *tls_server_new(struct tls_server_ctx *ctx, int fd)
{
	struct tls *tls = calloc(1, sizeof(*tls));

	if (tls == NULL)
		return NULL;
	tls->peer = "the client";
	tls->serves = true;
	tls->ssl = SSL_new(ctx->ssl);
	if (tls->ssl != NULL && tls_socket_attach(tls, fd)) {
		SSL_set_accept_state(tls->ssl);
		SSL_set_shed_handshake_config(tls->ssl, 1);
		return tls;
	}
	ERR_clear_error();
	tls_free(tls);
	return NULL;
}

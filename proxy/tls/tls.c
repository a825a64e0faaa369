/* tls.c - see tls.h. */
#include "proxy/tls/tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pool.h>
#include <openssl/sha.h>

#include "proxy/tls/tls_private.h"
#include "proxy/tls/tls_session_cache.h"

#define SESSION_LIFETIME_S 3600
/* A session is kept with its ticket and the certificates, both of the server's making: more than these, and a few
 * thousand of a hostile server's would fill the worker's memory. */
#define TICKET_MAX     4096
#define KEPT_CHAIN_MAX 16384

/* No SHA-1. */
static const uint16_t signature_algorithms[] = {
	SSL_SIGN_ECDSA_SECP256R1_SHA256, SSL_SIGN_RSA_PSS_RSAE_SHA256,
	SSL_SIGN_RSA_PKCS1_SHA256,       SSL_SIGN_ECDSA_SECP384R1_SHA384,
	SSL_SIGN_RSA_PSS_RSAE_SHA384,    SSL_SIGN_RSA_PKCS1_SHA384,
	SSL_SIGN_ECDSA_SECP521R1_SHA512, SSL_SIGN_RSA_PSS_RSAE_SHA512,
	SSL_SIGN_RSA_PKCS1_SHA512,       SSL_SIGN_ED25519,
};

struct tls_client_ctx {
	unsigned refs; /* its maker's, and one of each struct tls */
	SSL_CTX *ssl;
	struct tls_session_cache *sessions; /* NULL: no resumption */
};

/* --- the context -------------------------------------------------------------------------------------------------- */

/* accept_chain accepts any chain of bounded size: the peer is judged after the handshake, as often as
 * there are recipient domains. Called on resumption too. */
static enum ssl_verify_result_t accept_chain(SSL *ssl, uint8_t *out_alert)
{
	const STACK_OF(CRYPTO_BUFFER) *chain = SSL_get0_peer_certificates(ssl);
	size_t count = chain != NULL ? sk_CRYPTO_BUFFER_num(chain) : 0;
	size_t total = 0;

	for (size_t i = 0; i < count; i++)
		total += CRYPTO_BUFFER_len(sk_CRYPTO_BUFFER_value(chain, i));
	if (count > 0 && count <= TLS_CHAIN_CERTS_MAX && total <= TLS_CHAIN_BYTES_MAX)
		return ssl_verify_ok;
	*out_alert = SSL_AD_BAD_CERTIFICATE;
	return ssl_verify_invalid;
}

static bool is_small(const SSL_SESSION *session)
{
	const STACK_OF(CRYPTO_BUFFER) *chain = SSL_SESSION_get0_peer_certificates(session);
	const uint8_t *ticket;
	size_t len;
	size_t total = 0;

	SSL_SESSION_get0_ticket(session, &ticket, &len);
	for (size_t i = 0; chain != NULL && i < sk_CRYPTO_BUFFER_num(chain); i++)
		total += CRYPTO_BUFFER_len(sk_CRYPTO_BUFFER_value(chain, i));
	return len <= TICKET_MAX && total <= KEPT_CHAIN_MAX;
}

/* keep_session is given each new session, at the end of the handshake or (TLS 1.3) later, during a read. */
static int keep_session(SSL *ssl, SSL_SESSION *session)
{
	struct tls *tls = SSL_get_app_data(ssl);

	if (tls->fresh || tls->ctx->sessions == NULL || !SSL_SESSION_is_resumable(session) ||
	    !SSL_get_extms_support(ssl) || !is_small(session))
		return 0;
	tls_session_cache_put(tls->ctx->sessions, tls->key, session);
	return 1;
}

static bool set_up(SSL_CTX *ssl, bool sessions)
{
	SSL_CTX_set_custom_verify(ssl, SSL_VERIFY_PEER, accept_chain);
	SSL_CTX_set_reverify_on_resume(ssl, 1);
	SSL_CTX_set_max_cert_list(ssl, TLS_CHAIN_BYTES_MAX);
	(void)SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (sessions) {
		(void)SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
		SSL_CTX_sess_set_new_cb(ssl, keep_session);
		(void)SSL_CTX_set_timeout(ssl, SESSION_LIFETIME_S);
		SSL_CTX_set_session_psk_dhe_timeout(ssl, SESSION_LIFETIME_S);
	} else {
		(void)SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
		(void)SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET);
	}
	return SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_max_proto_version(ssl, TLS1_3_VERSION) == 1 &&
	       SSL_CTX_set_strict_cipher_list(ssl, TLS_CIPHERS_AEAD) == 1 &&
	       SSL_CTX_set_verify_algorithm_prefs(ssl, signature_algorithms,
						  sizeof(signature_algorithms) / sizeof(signature_algorithms[0])) == 1;
}

struct tls_client_ctx *tls_client_ctx_new(const struct conf *conf, size_t sessions_max, char error[TLS_ERROR_MAX])
{
	struct tls_client_ctx *ctx = calloc(1, sizeof(*ctx));
	const char *groups = conf->tls_groups != NULL ? conf->tls_groups : TLS_COMPAT_GROUPS;

	error[0] = '\0';
	if (ctx != NULL) {
		ctx->refs = 1;
		ctx->ssl = SSL_CTX_new(TLS_with_buffers_method());
		ctx->sessions = sessions_max > 0 ? tls_session_cache_new(sessions_max) : NULL;
	}
	if (ctx == NULL || ctx->ssl == NULL || (sessions_max > 0 && ctx->sessions == NULL) ||
	    !set_up(ctx->ssl, sessions_max > 0))
		(void)snprintf(error, TLS_ERROR_MAX, "TLS cannot be set up: out of memory.");
	else if (SSL_CTX_set1_curves_list(ctx->ssl, groups) != 1)
		(void)snprintf(error, TLS_ERROR_MAX, "tls-groups: this %s does not know all of \"%.120s\".",
			       tls_library(NULL), groups);
	ERR_clear_error();
	if (error[0] == '\0')
		return ctx;
	tls_client_ctx_free(ctx);
	return NULL;
}

void tls_client_ctx_free(struct tls_client_ctx *ctx)
{
	if (ctx == NULL || --ctx->refs > 0)
		return;
	SSL_CTX_free(ctx->ssl);
	tls_session_cache_free(ctx->sessions);
	free(ctx);
}

void tls_client_ctx_forget(struct tls_client_ctx *ctx)
{
	if (ctx->sessions != NULL)
		tls_session_cache_clear(ctx->sessions);
}

/* --- a connection ------------------------------------------------------------------------------------------------- */

/* sni_of copies the name to send: lower-case, without a trailing dot; "" for none. False if it cannot be sent. */
static bool sni_of(const char *servername, char out[CONF_NAME_MAX])
{
	size_t len = servername != NULL ? strlen(servername) : 0;
	struct addr addr;

	out[0] = '\0';
	if (len > 0 && servername[len - 1] == '.')
		len--;
	if (len == 0)
		return servername == NULL || servername[0] == '\0';
	if (len >= CONF_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		out[i] = servername[i] >= 'A' && servername[i] <= 'Z' ? (char)(servername[i] - 'A' + 'a')
								      : servername[i];
	out[len] = '\0';
	if (addr_parse(&addr, out))
		out[0] = '\0'; /* RFC 6066 s. 3: no literal addresses */
	return true;
}

static void make_key(struct tls *tls, const char *sni, const struct tls_options *options)
{
	const uint8_t flags[] = { (uint8_t)options->min_protocol, options->compat,
				  (uint8_t)(options->destination.port >> 8), (uint8_t)options->destination.port,
				  options->destination.addr.family };
	SHA256_CTX sha;

	(void)SHA256_Init(&sha);
	(void)SHA256_Update(&sha, flags, sizeof(flags));
	(void)SHA256_Update(&sha, options->destination.addr.bytes, sizeof(options->destination.addr.bytes));
	(void)SHA256_Update(&sha, options->policy, sizeof(options->policy));
	(void)SHA256_Update(&sha, sni, strlen(sni));
	(void)SHA256_Final(tls->key, &sha);
}

static bool offer_session(struct tls *tls)
{
	SSL_SESSION *session;
	bool ok;

	if (tls->fresh || tls->ctx->sessions == NULL)
		return true;
	session = tls_session_cache_take(tls->ctx->sessions, tls->key);
	if (session == NULL)
		return true;
	ok = SSL_set_session(tls->ssl, session) == 1;
	SSL_SESSION_free(session);
	return ok;
}

static uint16_t wire_version(enum conf_tls_version version)
{
	return version == CONF_TLS12 ? TLS1_2_VERSION : TLS1_3_VERSION;
}

static bool prepare(struct tls *tls, int fd, const char *sni, const struct tls_options *options)
{
	SSL *ssl = tls->ssl;

	SSL_set_connect_state(ssl);
	SSL_set_shed_handshake_config(ssl, 1);
	(void)SSL_set_app_data(ssl, tls);
	return tls_socket_attach(tls, fd) && SSL_set_min_proto_version(ssl, wire_version(options->min_protocol)) == 1 &&
	       (!options->compat || SSL_set_strict_cipher_list(ssl, TLS_CIPHERS_AEAD ":" TLS_CIPHERS_CBC) == 1) &&
	       (sni[0] == '\0' || SSL_set_tlsext_host_name(ssl, sni) == 1) && offer_session(tls);
}

struct tls *tls_new(struct tls_client_ctx *ctx, int fd, const struct tls_options *options)
{
	char sni[CONF_NAME_MAX];
	struct tls *tls = sni_of(options->servername, sni) ? calloc(1, sizeof(*tls)) : NULL;

	if (tls == NULL)
		return NULL;
	tls->peer = "the server";
	tls->ctx = ctx;
	ctx->refs++;
	tls->fresh = options->fresh;
	make_key(tls, sni, options);
	tls->ssl = SSL_new(ctx->ssl);
	if (tls->ssl != NULL && prepare(tls, fd, sni, options))
		return tls;
	ERR_clear_error();
	tls_free(tls);
	return NULL;
}

void tls_free(struct tls *tls)
{
	if (tls == NULL)
		return;
	SSL_free(tls->ssl);
	tls_client_ctx_free(tls->ctx);
	free(tls);
}

#define TEXT_OF(number)  TEXT_OF_(number)
#define TEXT_OF_(number) #number

/* API 32 is of 2024; Debian's is 17. */
const char *tls_library(bool *out_old)
{
	if (out_old != NULL)
		*out_old = BORINGSSL_API_VERSION < 32;
	return "BoringSSL (API " TEXT_OF(BORINGSSL_API_VERSION) ")";
}

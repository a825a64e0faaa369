/* tls_steps.c - the steps of a connection, whichever end of it gate25 is; see tls.h. */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pool.h>

#include "proxy/tls/tls_private.h"

static enum tls_step PRINTF_LIKE(2, 3) broken(struct tls *tls, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(tls->error, sizeof(tls->error), format, args);
	va_end(args);
	tls->failed = true;
	ERR_clear_error();
	return TLS_FAILED;
}

/* What the library says of a client, where that has a plain meaning; NULL: it has none. */
static const char *wrong_with_client(int reason)
{
	switch (reason) {
	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_HTTP_REQUEST:
	case SSL_R_HTTPS_PROXY_REQUEST: return "the client sent something that is not TLS";
	case SSL_R_UNSUPPORTED_PROTOCOL: return "the client speaks no version of TLS that is new enough (1.2)";
	case SSL_R_NO_SHARED_CIPHER:
	case SSL_R_NO_SHARED_GROUP: return "the client offers no key exchange or cipher that gate25 takes (ECDHE)";
	default: return NULL;
	}
}

/* Likewise of a server. */
static enum tls_step wrong_with_server(struct tls *tls, int reason, const char *text)
{
	switch (reason) {
	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_HTTP_REQUEST: return broken(tls, "the server answered with something that is not TLS");
	case SSL_R_UNSUPPORTED_PROTOCOL: return broken(tls, "the server chose a version of TLS that is too old");
	case SSL_R_EXCESSIVE_MESSAGE_SIZE:
		return broken(tls, "the server sent a message that is too large (certificates beyond %d octets?)",
			      TLS_CHAIN_BYTES_MAX);
	case SSL_R_CERTIFICATE_VERIFY_FAILED:
		return broken(tls, "the server sent more than %d certificates or %d octets of them",
			      TLS_CHAIN_CERTS_MAX, TLS_CHAIN_BYTES_MAX);
	case SSL_R_TLS13_DOWNGRADE:
		return broken(tls, "the server was talked down to an older version of TLS than it has: somebody is on "
				   "the path, or the server is at fault");
	case SSL_R_WRONG_CIPHER_RETURNED: return broken(tls, "the server chose a cipher that it was not offered");
	case SSL_R_NO_RENEGOTIATION: return broken(tls, "the server wants to renegotiate TLS, which gate25 never does");
	case SSL_R_CANNOT_PARSE_LEAF_CERT: return broken(tls, "the certificate of the server cannot be read");
	default:
		return broken(tls, "the server does not keep to the rules of TLS: %s",
			      text != NULL ? text : "unknown error");
	}
}

static bool is_damaged(uint32_t error)
{
	return ERR_GET_LIB(error) == ERR_LIB_CIPHER ||
	       (ERR_GET_LIB(error) == ERR_LIB_SSL &&
		ERR_GET_REASON(error) == SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC);
}

/* A client that will not have the certificate of a TLS 1.3 server may say so before it encrypts anything itself
 * (OpenSSL does), where the library expects nothing in clear any more. 0: it said something else. */
static uint8_t alert_in_clear(const struct tls *tls)
{
	const uint8_t *last = tls->last;
	bool is = tls->serves && !tls->ready && last[0] == 21 && last[1] == 3 && last[3] == 0 && last[4] == 2 &&
		  last[5] == SSL3_AL_FATAL;

	return is ? last[6] : 0;
}

static enum tls_step broken_protocol(struct tls *tls)
{
	uint32_t error = ERR_peek_error();
	int reason = ERR_GET_REASON(error);
	const char *text = ERR_reason_error_string(error);

	if (ERR_GET_LIB(error) == ERR_LIB_SSL && reason > SSL_AD_REASON_OFFSET)
		tls->alert = (uint8_t)(reason - SSL_AD_REASON_OFFSET);
	else
		tls->alert = alert_in_clear(tls);
	if (tls->alert != 0)
		return broken(tls, "%s ended TLS with the alert \"%s\"", tls->peer,
			      SSL_alert_desc_string_long(tls->alert));
	if (is_damaged(error))
		return broken(tls, "a TLS record was damaged or changed on its way from %s", tls->peer);
	if (ERR_GET_LIB(error) != ERR_LIB_SSL)
		return broken(tls, "TLS failed: %s", text != NULL ? text : "unknown error");
	if (!tls->serves)
		return wrong_with_server(tls, reason, text);
	if (wrong_with_client(reason) != NULL)
		return broken(tls, "%s", wrong_with_client(reason));
	return broken(tls, "TLS with the client failed: %s", text != NULL ? text : "unknown error");
}

/* stopped says why a call of the library, which returned |ret|, did not do what it was asked for. */
static enum tls_step stopped(struct tls *tls, int ret)
{
	int problem = errno;

	if (tls->flooded)
		return broken(tls, "%s sends TLS messages without end", tls->peer);
	switch (SSL_get_error(tls->ssl, ret)) {
	case SSL_ERROR_WANT_READ: return TLS_WANT_READ;
	case SSL_ERROR_WANT_WRITE: return TLS_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN: return TLS_CLOSED;
	case SSL_ERROR_SYSCALL:
		if (problem != 0)
			return broken(tls, "the connection broke: %s",
				      strerror(problem != EPIPE ? problem : ECONNRESET));
		tls->truncated = true;
		return TLS_CLOSED;
	case SSL_ERROR_SSL: return broken_protocol(tls);
	default: return broken(tls, "TLS stopped for a reason that gate25 does not know");
	}
}

uint8_t tls_alert(const struct tls *tls)
{
	return tls->alert;
}

enum tls_step tls_handshake(struct tls *tls)
{
	enum tls_step step;
	int ret;

	if (tls->failed)
		return TLS_FAILED;
	errno = 0;
	tls->burst = 0;
	ret = SSL_do_handshake(tls->ssl);
	if (ret == 1) {
		tls->ready = true;
		return TLS_DONE;
	}
	step = stopped(tls, ret);
	return step == TLS_CLOSED ? broken(tls, "%s closed the connection during the TLS handshake", tls->peer) : step;
}

/* usable refuses data before the handshake is done: the library would do the handshake along the way. */
static bool usable(struct tls *tls)
{
	if (!tls->ready && !tls->failed)
		(void)broken(tls, "the TLS handshake is not done");
	return !tls->failed;
}

static int capped(size_t len)
{
	return len > INT_MAX ? INT_MAX : (int)len;
}

enum tls_step tls_read(struct tls *tls, void *buf, size_t len, size_t *out_len)
{
	int ret;

	*out_len = 0;
	if (!usable(tls))
		return TLS_FAILED;
	if (tls->truncated)
		return TLS_CLOSED;
	errno = 0;
	tls->burst = 0;
	ret = SSL_read(tls->ssl, buf, capped(len));
	if (ret <= 0)
		return stopped(tls, ret);
	tls->idle = 0;
	*out_len = (size_t)ret;
	return TLS_DONE;
}

enum tls_step tls_write(struct tls *tls, const void *bytes, size_t len, size_t *out_len)
{
	enum tls_step step;
	int ret;

	*out_len = 0;
	if (!usable(tls))
		return TLS_FAILED;
	if (len == 0)
		return TLS_DONE;
	errno = 0;
	ret = SSL_write(tls->ssl, bytes, capped(len));
	if (ret <= 0) {
		step = stopped(tls, ret);
		return step == TLS_CLOSED ? broken(tls, "%s has closed the connection", tls->peer) : step;
	}
	*out_len = (size_t)ret;
	return TLS_DONE;
}

enum tls_step tls_shutdown(struct tls *tls)
{
	enum tls_step step;
	int ret;

	if (!usable(tls))
		return TLS_FAILED;
	errno = 0;
	ret = SSL_shutdown(tls->ssl);
	if (ret >= 0) /* 0: sent, and the server's has not been seen */
		return TLS_DONE;
	step = stopped(tls, ret);
	return step == TLS_CLOSED ? TLS_DONE : step;
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

size_t tls_pending(const struct tls *tls)
{
	int pending = SSL_pending(tls->ssl);

	return pending > 0 ? (size_t)pending : 0;
}

bool tls_truncated(const struct tls *tls)
{
	return tls->truncated;
}

const char *tls_error(const struct tls *tls)
{
	return tls->error;
}

struct tls_session_facts tls_facts(const struct tls *tls)
{
	const SSL *ssl = tls->ssl;
	const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
	const char *group = tls_compat_group_name(ssl);
	struct tls_session_facts facts = {
		.version = SSL_version(ssl) == TLS1_3_VERSION ? CONF_TLS13 : CONF_TLS12,
		.weak = cipher == NULL || !SSL_CIPHER_is_aead(cipher),
		.resumed = SSL_session_reused(ssl) == 1,
	};

	(void)snprintf(facts.version_name, sizeof(facts.version_name), "%s", SSL_get_version(ssl));
	(void)snprintf(facts.cipher, sizeof(facts.cipher), "%s",
		       cipher != NULL ? SSL_CIPHER_standard_name(cipher) : "-");
	(void)snprintf(facts.group, sizeof(facts.group), "%s", group != NULL ? group : "-");
	return facts;
}

struct tls_peer *tls_take_peer(const struct tls *tls)
{
	const STACK_OF(CRYPTO_BUFFER) *certs = tls->ready ? SSL_get0_peer_certificates(tls->ssl) : NULL;
	size_t count = certs != NULL ? sk_CRYPTO_BUFFER_num(certs) : 0;
	struct tls_der chain[TLS_CHAIN_CERTS_MAX];
	struct tls_session_facts facts;

	if (count == 0 || count > TLS_CHAIN_CERTS_MAX)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		const CRYPTO_BUFFER *cert = sk_CRYPTO_BUFFER_value(certs, i);
		chain[i] = (struct tls_der){ CRYPTO_BUFFER_data(cert), CRYPTO_BUFFER_len(cert) };
	}
	facts = tls_facts(tls);
	return tls_peer_new(chain, count, &facts);
}

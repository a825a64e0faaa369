/* sts_fetch_tls.c - who may speak for a policy host: a certificate below the CA bundle with the host's name among its
 * dNSNames (RFC 8461 s. 3.3). OpenSSL checks it, in the handshake. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "policy/sts/sts_fetch_parts.h"

/* add_all returns how many there are. What is no certificate that can be read is left out: no chain ends there. */
static size_t add_all(X509_STORE *store, BIO *pem)
{
	STACK_OF(X509_INFO) *infos = PEM_X509_INFO_read_bio(pem, NULL, NULL, NULL);
	size_t count = 0;

	for (int i = 0; infos != NULL && i < sk_X509_INFO_num(infos); i++) {
		const X509_INFO *info = sk_X509_INFO_value(infos, i);
		if (info->x509 != NULL && X509_STORE_add_cert(store, info->x509) == 1)
			count++;
	}
	sk_X509_INFO_pop_free(infos, X509_INFO_free);
	ERR_clear_error();
	return count;
}

X509_STORE *sts_tls_store(const char *pem, char *err, size_t err_len)
{
	BIO *text = BIO_new_mem_buf(pem, -1);
	X509_STORE *store = X509_STORE_new();

	if (text == NULL || store == NULL)
		(void)snprintf(err, err_len, "out of memory");
	else if (add_all(store, text) == 0)
		(void)snprintf(err, err_len, "there is no certificate in the CA bundle");
	else
		err_len = 0;
	BIO_free(text);
	if (err_len == 0)
		return store;
	X509_STORE_free(store);
	return NULL;
}

void sts_tls_store_free(X509_STORE *store)
{
	X509_STORE_free(store);
}

/* on_info looks for the goodbye: an answer that ends without may have been cut. */
static void on_info(const SSL *ssl, int where, int alert)
{
	struct sts_fetch *fetch = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	if (fetch != NULL && where == SSL_CB_READ_ALERT && (alert & 0xff) == SSL_AD_CLOSE_NOTIFY)
		fetch->closed = true;
}

void sts_tls_forget(struct sts_fetch *fetch)
{
	if (fetch->tls != NULL)
		(void)SSL_CTX_set_app_data(fetch->tls, NULL);
	SSL_CTX_free(fetch->tls);
	fetch->tls = NULL;
}

CURLcode sts_tls_set_up(CURL *easy, void *ssl_ctx, void *arg)
{
	struct sts_fetch *fetch = arg;
	SSL_CTX *ctx = ssl_ctx;
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);

	(void)easy;
	fetch->connected = true;
	/* As for mail servers: a certificate of the bundle is trusted, whoever signed it. */
	(void)X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
	/* libcurl of itself takes the subject's CN where there is no dNSName, and OpenSSL would take "mta*.example". */
	X509_VERIFY_PARAM_set_hostflags(param,
					X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (X509_VERIFY_PARAM_set1_host(param, fetch->host, 0) != 1 ||
	    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1)
		return CURLE_SSL_CERTPROBLEM;
	SSL_CTX_set1_cert_store(ctx, fetch->fetcher->store); /* read once, for all fetches */
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	(void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_app_data(ctx, fetch);
	SSL_CTX_set_info_callback(ctx, on_info);
	sts_tls_forget(fetch);
	(void)SSL_CTX_up_ref(ctx);
	fetch->tls = ctx;
	return CURLE_OK;
}

const char *sts_tls_error(long verify_result)
{
	switch (verify_result) {
	case X509_V_OK: return "not acceptable";
	case X509_V_ERR_HOSTNAME_MISMATCH: return "it is for another name";
	default: return X509_verify_cert_error_string(verify_result);
	}
}

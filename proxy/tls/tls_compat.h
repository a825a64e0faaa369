/* tls_compat.h - one BoringSSL out of two: Debian's of 2022 (API 17) and upstream (API 43 when this was written).
 * Private to proxy/tls*.c and their tests. Code is written against upstream's names; what the old one lacks stands
 * here.
 *
 * Nothing here decides anything: where the two differ in behaviour, the caller names what it wants in both. */
#ifndef GATE25_PROXY_TLS_TLS_COMPAT_H
#define GATE25_PROXY_TLS_TLS_COMPAT_H

#include <openssl/base.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#ifndef OPENSSL_IS_BORINGSSL
#error "gate25 needs BoringSSL; these headers are another library's (see BORINGSSL= in the Makefile)"
#endif

/* The hybrid group came with API 32; its macro is the only sign that holds for every snapshot in between. An unknown
 * name makes SSL_CTX_set1_curves_list refuse the whole list. */
#ifdef SSL_GROUP_X25519_MLKEM768
#define TLS_COMPAT_GROUPS "X25519:X25519MLKEM768:P-256:P-384:P-521"
#else
#define TLS_COMPAT_GROUPS "X25519:P-256:P-384:P-521"
#endif

/* Groups were called curves until API 20 or so. */
static inline const char *tls_compat_group_name(const SSL *ssl)
{
#ifdef SSL_GROUP_X25519
	uint16_t id = SSL_get_group_id(ssl);

	return id != 0 ? SSL_get_group_name(id) : NULL;
#else
	uint16_t id = SSL_get_curve_id(ssl);

	return id != 0 ? SSL_get_curve_name(id) : NULL;
#endif
}

/* X509_get0_pubkey is newer than API 17. The key belongs to |cert|, which holds a reference of its own. */
static inline EVP_PKEY *tls_compat_pubkey(X509 *cert)
{
	EVP_PKEY *key = X509_get_pubkey(cert);

	EVP_PKEY_free(key);
	return key;
}

/* What every upstream does always, and API 17 only where it is told. */
#ifndef X509_V_FLAG_TRUSTED_FIRST
#define X509_V_FLAG_TRUSTED_FIRST 0
#endif

#endif

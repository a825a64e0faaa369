/* tls_trust.c - see tls_trust.h. */
#include "proxy/tls/tls_trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "proxy/tls/tls_blocks.h"
#include "proxy/tls/tls_compat.h"

struct store {
	X509_STORE *x509; /* NULL: trusts nobody */
	size_t certs;
};

struct tls_trust {
	struct store *stores;
	unsigned count;
};

struct tls_trust *tls_trust_new(void)
{
	return calloc(1, sizeof(struct tls_trust));
}

void tls_trust_free(struct tls_trust *trust)
{
	if (trust == NULL)
		return;
	for (unsigned i = 0; i < trust->count; i++)
		X509_STORE_free(trust->stores[i].x509);
	free(trust->stores);
	free(trust);
}

static bool say(char error[TLS_ERROR_MAX], const char *name, const char *what)
{
	(void)snprintf(error, TLS_ERROR_MAX, "%.160s %s", name, what);
	return false;
}

static const char *take_block(void *arg, const char *label, const uint8_t *der, size_t len)
{
	struct store *store = arg;
	const uint8_t *at = der;
	X509 *cert;
	bool added;

	/* A private key in a CA bundle is a mistake that somebody wants to hear of. */
	if (strcmp(label, "CERTIFICATE") != 0)
		return "holds something else than certificates (-----BEGIN CERTIFICATE-----).";
	cert = d2i_X509(NULL, &at, (long)len);
	if (cert == NULL || at != der + len) {
		X509_free(cert);
		return "holds a block that is no certificate.";
	}
	added = X509_STORE_add_cert(store->x509, cert) == 1;
	X509_free(cert);
	store->certs += added;
	return added ? NULL : "holds a certificate that could not be added: out of memory.";
}

static bool fill(struct store *store, const char *name, const char *pem, size_t pem_len, char error[TLS_ERROR_MAX])
{
	const char *wrong = "could not be read: out of memory.";

	store->x509 = X509_STORE_new();
	if (store->x509 != NULL)
		wrong = tls_blocks(pem, pem_len, take_block, store);
	ERR_clear_error();
	if (wrong == NULL && store->certs == 0)
		wrong = "holds no certificate.";
	return wrong == NULL || say(error, name, wrong);
}

bool tls_trust_add(struct tls_trust *trust, const char *name, const char *pem, size_t pem_len,
		   char error[TLS_ERROR_MAX])
{
	struct store store = { NULL, 0 };
	struct store *stores;

	if (pem != NULL && !fill(&store, name, pem, pem_len, error)) {
		X509_STORE_free(store.x509);
		return false;
	}
	stores = realloc(trust->stores, (trust->count + 1) * sizeof(*stores));
	if (stores == NULL) {
		X509_STORE_free(store.x509);
		return say(error, name, "could not be read: out of memory.");
	}
	trust->stores = stores;
	trust->stores[trust->count++] = store;
	return true;
}

unsigned tls_trust_count(const struct tls_trust *trust)
{
	return trust->count;
}

size_t tls_trust_certs(const struct tls_trust *trust, unsigned ca)
{
	return ca < trust->count ? trust->stores[ca].certs : 0;
}

struct x509_store_st *tls_trust_store(const struct tls_trust *trust, unsigned ca)
{
	return trust != NULL && ca < trust->count ? trust->stores[ca].x509 : NULL;
}

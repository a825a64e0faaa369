/* key.c - the keys of certificates: see recipe.h. Made anew each time; only who shares one is given. */
#include "tests/oracle/recipe.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#define KEYS_MAX 512

static struct {
	const char *name; /* KIND/NAME */
	EVP_PKEY *key;
} keys[KEYS_MAX];
static size_t keys_count;

/* A modulus without a key behind it, for certificates that never sign: a real key of this size would take minutes. */
static EVP_PKEY *bare_modulus(int bits)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM params[3];
	EVP_PKEY *key = NULL;
	BIGNUM *n = BN_new();
	uint8_t octets[2048];
	unsigned long e = 65537;

	if (n != NULL && BN_rand(n, bits, BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ODD) == 1 &&
	    BN_bn2nativepad(n, octets, (bits + 7) / 8) > 0 && ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1) {
		params[0] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, octets, (size_t)(bits + 7) / 8);
		params[1] = OSSL_PARAM_construct_ulong(OSSL_PKEY_PARAM_RSA_E, &e);
		params[2] = OSSL_PARAM_construct_end();
		(void)EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params);
	}
	BN_free(n);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static EVP_PKEY *new_key(const char *kind)
{
	static const struct {
		const char *kind;
		const char *curve;
	} curves[] = { { "p256", "P-256" },
		       { "p384", "P-384" },
		       { "p521", "P-521" },
		       { "p224", "P-224" },
		       { "brainpool", "brainpoolP256r1" } };

	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (strcmp(kind, curves[i].kind) == 0)
			return EVP_EC_gen(curves[i].curve);
	if (strncmp(kind, "rsa", 3) == 0)
		return EVP_RSA_gen((unsigned)strtoul(kind + 3, NULL, 10));
	if (strncmp(kind, "modulus", 7) == 0)
		return bare_modulus((int)strtol(kind + 7, NULL, 10));
	return EVP_PKEY_Q_keygen(NULL, NULL, kind); /* ed25519, ed448 */
}

EVP_PKEY *recipe_key(const struct recipe *recipe)
{
	char name[80];
	char *slash;

	(void)snprintf(name, sizeof(name), "%s", recipe->key != NULL ? recipe->key : "p256");
	if (strchr(name, '/') == NULL) {
		size_t len = strlen(name);
		(void)snprintf(name + len, sizeof(name) - len, "/%s", recipe->label);
	}
	for (size_t i = 0; i < keys_count; i++)
		if (strcmp(keys[i].name, name) == 0)
			return keys[i].key;
	if (keys_count == KEYS_MAX)
		return NULL;
	keys[keys_count].name = strdup(name);
	slash = strchr(name, '/');
	*slash = '\0';
	keys[keys_count].key = new_key(name);
	return keys[keys_count++].key;
}

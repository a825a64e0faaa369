/* test_tlsa_der.c - full data of TLSA records: made here, whole, cut, lengthened, mistaken for one another; and read
 * within the sandbox. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "policy/mx/tlsa_der.h"
#include "policy/verdict/tlsa.h"
#include "proxy/base/sandbox.h"

struct made {
	const char *name;
	EVP_PKEY *key;
	uint8_t *cert; /* DER */
	uint8_t *spki;
	size_t cert_len;
	size_t spki_len;
};

static struct made made[3];

static void make(struct made *out, const char *name, EVP_PKEY *key, const EVP_MD *md)
{
	X509 *x = X509_new();
	X509_NAME *cn = X509_NAME_new();

	assert_true(key != NULL && x != NULL && cn != NULL);
	*out = (struct made){ .name = name, .key = key };
	assert_int_equal(X509_NAME_add_entry_by_txt(cn, "CN", MBSTRING_ASC, (const uint8_t *)"mx.example", -1, -1, 0),
			 1);
	assert_int_equal(X509_set_version(x, 2), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), 1), 1);
	assert_true(X509_set_subject_name(x, cn) && X509_set_issuer_name(x, cn) && X509_set_pubkey(x, key));
	assert_true(X509_gmtime_adj(X509_getm_notBefore(x), -60) != NULL &&
		    X509_gmtime_adj(X509_getm_notAfter(x), 3600) != NULL);
	assert_true(X509_sign(x, key, md) > 0);
	out->cert_len = (size_t)i2d_X509(x, &out->cert);
	out->spki_len = (size_t)i2d_PUBKEY(key, &out->spki);
	X509_NAME_free(cn);
	X509_free(x);
}

static int make_all(void **state)
{
	(void)state;
	tlsa_der_init();
	tlsa_der_init();
	make(&made[0], "P-256", EVP_EC_gen("P-256"), EVP_sha256());
	make(&made[1], "RSA", EVP_RSA_gen(2048), EVP_sha256());
	make(&made[2], "Ed25519", EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), NULL);
	return 0;
}

static int free_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(made); i++) {
		EVP_PKEY_free(made[i].key);
		OPENSSL_free(made[i].cert);
		OPENSSL_free(made[i].spki);
	}
	return 0;
}

/* parses hands over an exact copy, so that a sanitizer sees one octet read too far. */
static bool parses(uint8_t selector, const uint8_t *der, size_t len)
{
	uint8_t *exact = malloc(len > 0 ? len : 1);
	bool ok;

	assert_non_null(exact);
	memcpy(exact, der, len);
	ok = tlsa_der_parses(selector, exact, len);
	free(exact);
	return ok;
}

static void check(const char *name, uint8_t selector, const uint8_t *der, size_t len)
{
	uint8_t *longer = malloc(len + 1);

	assert_non_null(longer);
	memcpy(longer, der, len);
	longer[len] = 0;
	if (!parses(selector, der, len))
		fail_msg("%s, selector %u: is not read", name, selector);
	if (parses(selector, longer, len + 1))
		fail_msg("%s, selector %u: an octet more is not noticed", name, selector);
	for (size_t i = 0; i < len; i++) {
		if (parses(selector, der, i))
			fail_msg("%s, selector %u: cut at %zu and read all the same", name, selector, i);
	}
	free(longer);
}

static void test_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(made); i++) {
		check(made[i].name, TLSA_CERT, made[i].cert, made[i].cert_len);
		check(made[i].name, TLSA_SPKI, made[i].spki, made[i].spki_len);
	}
}

static void test_mistaken(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(made); i++) {
		assert_false(parses(TLSA_SPKI, made[i].cert, made[i].cert_len));
		assert_false(parses(TLSA_CERT, made[i].spki, made[i].spki_len));
		assert_false(parses(2, made[i].cert, made[i].cert_len));
		assert_false(parses(255, made[i].spki, made[i].spki_len));
	}
}

/* A sound certificate whose key is of a kind that nobody knows: no signature could be checked with it. */
static void test_unreadable_key(void **state)
{
	static const uint8_t ed25519[] = { 0x06, 0x03, 0x2b, 0x65, 0x70 };
	struct made *m = &made[2];
	size_t changed = 0;

	(void)state;
	for (size_t i = 0; i + sizeof(ed25519) <= m->cert_len; i++) {
		if (memcmp(m->cert + i, ed25519, sizeof(ed25519)) == 0) {
			m->cert[i + 4] = 0x7f;
			changed++;
		}
	}
	assert_int_equal(changed, 3); /* the signature's algorithm, twice, and the key's */
	assert_false(parses(TLSA_CERT, m->cert, m->cert_len));
	for (size_t i = 0; i + sizeof(ed25519) <= m->cert_len; i++) {
		if (memcmp(m->cert + i, ed25519, 4) == 0 && m->cert[i + 4] == 0x7f)
			m->cert[i + 4] = 0x70;
	}
	assert_true(parses(TLSA_CERT, m->cert, m->cert_len));
}

/* A curve that the key describes itself costs half a second for each record, where it is chosen for that. Whatever it
 * is, here one that has a name, it is not read. */
static void test_own_curve(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct made own;

	(void)state;
	assert_int_equal(
		EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, OSSL_PKEY_EC_ENCODING_EXPLICIT), 1);
	make(&own, "P-256, described", key, EVP_sha256());
	assert_true(own.spki_len > made[0].spki_len + 100);
	assert_false(parses(TLSA_SPKI, own.spki, own.spki_len));
	assert_false(parses(TLSA_CERT, own.cert, own.cert_len));
	EVP_PKEY_free(own.key);
	OPENSSL_free(own.cert);
	OPENSSL_free(own.spki);
}

static void test_rubbish(void **state)
{
	static const uint8_t deep[64] = { 0x30, 0x80, 0x30, 0x80, 0x30, 0x80 };
	static const uint8_t long_length[] = { 0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 0x00 };

	(void)state;
	for (uint8_t selector = 0; selector < 2; selector++) {
		assert_false(parses(selector, deep, sizeof(deep)));
		assert_false(parses(selector, long_length, sizeof(long_length)));
		assert_false(parses(selector, (const uint8_t *)"", 0));
	}
}

/* What the service does after its sandbox has closed. */
static void test_in_the_sandbox(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		struct sandbox_limits limits = { 0 };
		char err[256];
		bool landlock;
		bool ok = sandbox_enter(SANDBOX_POLICY, &limits, &landlock, err, sizeof(err));
		for (size_t i = 0; ok && i < COUNT(made); i++)
			ok = tlsa_der_parses(TLSA_CERT, made[i].cert, made[i].cert_len) &&
			     tlsa_der_parses(TLSA_SPKI, made[i].spki, made[i].spki_len);
		_exit(ok ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),   cmocka_unit_test(test_mistaken),  cmocka_unit_test(test_unreadable_key),
		cmocka_unit_test(test_rubbish), cmocka_unit_test(test_own_curve), cmocka_unit_test(test_in_the_sandbox),
	};

	return cmocka_run_group_tests_name("tlsa der", tests, make_all, free_all);
}

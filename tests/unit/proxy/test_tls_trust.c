/* CA bundles: proxy/tls_trust.h. */
#include "tls_made.h"

#include <stdio.h>

#include "proxy/base/attrib.h"
#include "proxy/tls/tls_trust.h"

#define COMMENT "# a comment, as bundles have them\n\nIssuer: CN=root\n"
#define KEY     "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
#define TRUSTED "-----BEGIN TRUSTED CERTIFICATE-----\nAAAA\n-----END TRUSTED CERTIFICATE-----\n"
#define JUNK    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
#define NO_END  "-----BEGIN CERTIFICATE-----\nAAAA\n"
#define NO_B64  "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n"

/* |%| in a text stands for a good certificate, |+| for one with an octet behind it. */
static const struct {
	const char *text;
	size_t certs;      /* 0: refused */
	const char *error; /* what the sentence says */
} cases[] = {
	{ "%", 1, NULL },
	{ "%%", 2, NULL },
	{ COMMENT "%" COMMENT "%\n\n" COMMENT, 2, NULL },
	{ "", 0, "holds no certificate" },
	{ COMMENT, 0, "holds no certificate" },
	{ KEY, 0, "something else than certificates" },
	{ "%" KEY, 0, "something else than certificates" },
	{ KEY "%", 0, "something else than certificates" },
	{ "%" TRUSTED, 0, "something else than certificates" },
	{ JUNK, 0, "no certificate" },
	{ "%" JUNK, 0, "no certificate" },
	{ "%" JUNK "%", 0, "no certificate" },
	{ "%+", 0, "no certificate" },
	{ "%" NO_END, 0, "damaged" },
	{ NO_END "%", 0, "damaged" },
	{ "%" NO_B64, 0, "damaged" },
};

static void add_one(char *out, size_t cap, bool one_more)
{
	struct made root = made_cert(&(struct recipe){ .cn = "root" }, NULL);
	BIO *bio = BIO_new(BIO_s_mem());
	uint8_t *der;
	uint8_t octets[2048] = { 0 };
	const uint8_t *pem;
	size_t len = made_der(&root, &der);

	assert_true(len < sizeof(octets));
	memcpy(octets, der, len);
	OPENSSL_free(der);
	assert_true(PEM_write_bio(bio, "CERTIFICATE", "", octets, (long)len + one_more) > 0);
	assert_int_equal(BIO_mem_contents(bio, &pem, &len), 1);
	assert_true(strlen(out) + len < cap);
	strncat(out, (const char *)pem, len);
	BIO_free(bio);
	made_free(&root);
}

static void expand(const char *text, char *out, size_t cap)
{
	out[0] = '\0';
	for (; *text != '\0'; text++) {
		size_t len = strlen(out);
		assert_true(len + 2 < cap);
		if (*text == '%' || *text == '+') {
			add_one(out, cap, *text == '+');
		} else {
			out[len] = *text;
			out[len + 1] = '\0';
		}
	}
}

static void bundles_are_taken_whole_or_refused(void **state)
{
	struct tls_trust *trust = tls_trust_new();
	unsigned stores = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char pem[8192];
		char error[TLS_ERROR_MAX] = "";
		bool ok;
		expand(cases[i].text, pem, sizeof(pem));
		ok = tls_trust_add(trust, "ca.pem", pem, strlen(pem), error);
		if (ok != (cases[i].certs > 0))
			fail_msg("\"%s\": %d %s", cases[i].text, ok, error);
		stores += ok;
		assert_int_equal(tls_trust_count(trust), stores);
		if (ok) {
			assert_int_equal(tls_trust_certs(trust, stores - 1), cases[i].certs);
			assert_non_null(tls_trust_store(trust, stores - 1));
			continue;
		}
		assert_memory_equal(error, "ca.pem ", 7);
		assert_non_null(strstr(error, cases[i].error));
		assert_int_equal(error[strlen(error) - 1], '.');
	}
	tls_trust_free(trust);
}

static void stores_that_are_not_there_trust_nobody(void **state)
{
	struct tls_trust *trust = tls_trust_new();
	char error[TLS_ERROR_MAX];

	(void)state;
	assert_null(tls_trust_store(trust, 0));
	assert_true(tls_trust_add(trust, "absent.pem", NULL, 0, error));
	assert_int_equal(tls_trust_count(trust), 1);
	assert_int_equal(tls_trust_certs(trust, 0), 0);
	assert_null(tls_trust_store(trust, 0));
	assert_int_equal(tls_trust_certs(trust, 1), 0);
	assert_null(tls_trust_store(trust, 1));
	assert_null(tls_trust_store(NULL, 0));
	tls_trust_free(trust);
	tls_trust_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bundles_are_taken_whole_or_refused),
		cmocka_unit_test(stores_that_are_not_there_trust_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Records of certificates, what a record may hold, and PEM files: proxy/tls/tls_tlsa.h, tls_pem.h. */
#include "tlsa_made.h"

#include "proxy/tls/tls_pem.h"
#include "proxy/tls/tls_show.h"
#include "proxy/tls/tls_tlsa.h"

/* What is made is what the tests make by another way, and it is of that certificate alone. */
static void a_record_is_of_its_certificate(void **state)
{
	struct made leaf = made_cert(&(struct recipe){ .sans = MX, .key = MADE_RSA2048 }, &made[BY_INTER]);
	const struct cast cast = { &leaf, &made[BY_INTER], NULL, NULL };
	uint8_t *der[2];
	struct tls_der certs[2];

	(void)state;
	certs[0].len = made_der(&leaf, &der[0]);
	certs[1].len = made_der(&made[BY_INTER], &der[1]);
	certs[0].bytes = der[0];
	certs[1].bytes = der[1];
	for (unsigned selector = TLSA_CERT; selector <= TLSA_SPKI; selector++)
		for (unsigned mtype = TLSA_FULL; mtype <= TLSA_SHA512; mtype++) {
			char text[8];
			struct tlsa got;
			struct tlsa *wanted;
			size_t count;
			(void)snprintf(text, sizeof(text), "3%u%ul", selector, mtype);
			wanted = tlsa_made(text, &cast, &count);
			assert_true(tls_tlsa_make(&got, TLSA_DANE_EE, selector, mtype, certs[0]));
			assert_true(tlsa_equal(&got, wanted));
			assert_true(tls_tlsa_is(&got, certs[0]));
			assert_false(tls_tlsa_is(&got, certs[1]));
			assert_null(tlsa_unusable(&got, tls_tlsa_der));
			got.len--;
			assert_false(tls_tlsa_is(&got, certs[0]));
			assert_non_null(tlsa_unusable(&got, tls_tlsa_der));
			free(got.data);
			tlsa_free(wanted, count);
		}
	for (size_t i = 0; i < 2; i++)
		OPENSSL_free(der[i]);
	made_free(&leaf);
}

static void what_cannot_be_made_is_not(void **state)
{
	static const uint8_t junk[] = { 0x30, 0x03, 0x02, 0x01, 0x00 };
	const struct tls_der cert = { junk, sizeof(junk) };
	struct tlsa out;

	(void)state;
	assert_false(tls_tlsa_make(&out, TLSA_DANE_EE, TLSA_SPKI, TLSA_SHA256, cert));
	assert_false(tls_tlsa_make(&out, TLSA_DANE_EE, 2, TLSA_SHA256, cert));
	assert_false(tls_tlsa_make(&out, TLSA_DANE_EE, TLSA_CERT, 3, cert));
	assert_false(tls_tlsa_make(&out, TLSA_DANE_EE, TLSA_CERT, TLSA_FULL, (struct tls_der){ NULL, 0 }));
	assert_true(tls_tlsa_make(&out, TLSA_DANE_EE, TLSA_CERT, TLSA_SHA512, cert));
	free(out.data);
}

static void der_from_the_first_octet_to_the_last(void **state)
{
	uint8_t *part[2];
	size_t lens[2];

	(void)state;
	for (uint8_t selector = TLSA_CERT; selector <= TLSA_SPKI; selector++)
		lens[selector] = tlsa_part(&made[BY_ROOT], selector, &part[selector]);
	for (uint8_t selector = TLSA_CERT; selector <= TLSA_SPKI; selector++) {
		uint8_t longer[2048] = { 0 };
		assert_true(lens[selector] < sizeof(longer));
		memcpy(longer, part[selector], lens[selector]);
		assert_true(tls_tlsa_der(selector, longer, lens[selector]));
		assert_false(tls_tlsa_der(selector, longer, lens[selector] + 1));
		assert_false(tls_tlsa_der(!selector, longer, lens[selector]));
		assert_false(tls_tlsa_der(2, longer, lens[selector]));
		for (size_t len = 0; len < lens[selector]; len++)
			assert_false(tls_tlsa_der(selector, longer, len));
	}
	assert_false(tls_tlsa_der(TLSA_CERT, NULL, 0));
	assert_false(tls_tlsa_der(TLSA_SPKI, NULL, 0));
	for (size_t i = 0; i < 2; i++)
		OPENSSL_free(part[i]);
}

static void pem_as_files_have_it(void **state)
{
	static const char key[] = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
	char certs[8192] = "";
	const struct {
		const char *before;
		const char *after;
		size_t count; /* 0: refused */
		const char *says;
	} cases[] = {
		{ "", "", 2, NULL },
		{ "Comments\nare fine\n", "and at the end\n", 2, NULL },
		{ key, "", 2, NULL },
		{ "", key, 2, NULL },
		{ "-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n", "", 0, "is damaged" },
		{ "", "-----BEGIN CERTIFICATE-----\nAAAA\n", 0, "is damaged" },
	};
	char error[TLS_ERROR_MAX];
	struct tls_pem pem;
	uint8_t *der;

	(void)state;
	made_pem(&made[BY_INTER], certs, sizeof(certs));
	made_pem(&made[BY_ROOT], certs, sizeof(certs));
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[16384];
		(void)snprintf(text, sizeof(text), "%s%s%s", cases[i].before, certs, cases[i].after);
		assert_int_equal(tls_pem_read(&pem, "a file", text, error), cases[i].count > 0);
		assert_int_equal(pem.count, cases[i].count);
		if (cases[i].count == 0)
			assert_non_null(strstr(error, cases[i].says));
		for (size_t k = 0; k < pem.count; k++) {
			size_t len = made_der(&made[k == 0 ? BY_INTER : BY_ROOT], &der);
			assert_int_equal(pem.certs[k].len, len);
			assert_memory_equal(pem.certs[k].bytes, der, len);
			OPENSSL_free(der);
		}
		tls_pem_cleanup(&pem);
	}
	assert_false(tls_pem_read(&pem, "a file", key, error));
	assert_string_equal(error, "a file holds no certificate (-----BEGIN CERTIFICATE-----).");
	assert_false(tls_pem_read(&pem, "a file", "", error));
}

static void who_issued_whom(void **state)
{
	struct made leaf = made_cert(&(struct recipe){ .sans = MX }, &made[BY_INTER]);
	struct made forged = made_cert(&(struct recipe){ .cn = "inter", .basic = CA_BASIC }, NULL);
	const struct made *who[] = { &leaf, &made[BY_INTER], &made[BY_ROOT], &forged };
	static const bool issued[4][4] = { /* [issuer][of] */
					   { false, false, false, false },
					   { true, false, false, false },
					   { false, true, true, false },
					   { false, false, false, true }
	};
	uint8_t *der[4];
	struct tls_der certs[4];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		certs[i].len = made_der(who[i], &der[i]);
		certs[i].bytes = der[i];
	}
	for (size_t i = 0; i < 4; i++) {
		for (size_t k = 0; k < 4; k++)
			assert_int_equal(tls_show_issued(certs[i], certs[k]), issued[i][k]);
		assert_false(tls_show_issued(certs[i], (struct tls_der){ NULL, 0 }));
	}
	for (size_t i = 0; i < 4; i++)
		OPENSSL_free(der[i]);
	made_free(&leaf);
	made_free(&forged);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_is_of_its_certificate),
		cmocka_unit_test(what_cannot_be_made_is_not),
		cmocka_unit_test(der_from_the_first_octet_to_the_last),
		cmocka_unit_test(pem_as_files_have_it),
		cmocka_unit_test(who_issued_whom),
	};

	return cmocka_run_group_tests(tests, make_world, unmake_world);
}

/* test_tls_show.c - tests of proxy/tls/tls_show.h, and of tls_tlsa_is. */
#include "tls_made.h"

#include <stdio.h>

#include <openssl/sha.h>

#include "proxy/base/attrib.h"
#include "proxy/tls/tls_chain.h"
#include "proxy/tls/tls_show.h"
#include "proxy/tls/tls_tlsa.h"

static struct tls_der der_of(const struct made *made, uint8_t **out)
{
	size_t len = made_der(made, out);

	return (struct tls_der){ *out, len };
}

static void test_words(void **state)
{
	char many[1200] = "";
	struct recipe recipes[] = {
		{ .cn = "mx.example.org", .sans = "mx.example.org,*.example.org,ip,@a" },
		{ .cn = "a \"quote\" and\x1b[31m red", .sans = "a|b.example", .key = MADE_RSA2048 },
		{ .cn = "many", .sans = many },
		{ .cn = "no names", .from_days = -20, .to_days = -5 },
	};
	const struct {
		const char *subject, *names, *key;
		int from_days, to_days;
	} wanted[] = {
		{ "CN = mx.example.org", "mx.example.org *.example.org", "EC 256", -10, 90 },
		{ NULL, "a?b.example", "RSA 2048", -10, 90 },
		{ "CN = many", NULL, "EC 256", -10, 90 },
		{ "CN = no names", "", "EC 256", -20, -5 },
	};

	(void)state;
	for (size_t i = 0; i < 40; i++)
		(void)snprintf(many + strlen(many), sizeof(many) - strlen(many), "%smail-%zu.example.org",
			       i > 0 ? "," : "", i);
	for (size_t i = 0; i < COUNT(recipes); i++) {
		struct made made = made_cert(&recipes[i], NULL);
		struct tls_shown shown;
		uint8_t *octets;
		assert_true(tls_show_cert(&shown, der_of(&made, &octets), MADE_NOW));
		if (wanted[i].subject != NULL)
			assert_string_equal(shown.subject, wanted[i].subject);
		assert_string_equal(shown.issuer, shown.subject);
		for (const char *c = shown.subject; *c != '\0'; c++)
			assert_true(*c >= ' ' && *c < 0x7f && *c != '"');
		if (wanted[i].names != NULL)
			assert_string_equal(shown.names, wanted[i].names);
		else
			assert_string_equal(shown.names + strlen(shown.names) - 4, " ...");
		assert_string_equal(shown.key, wanted[i].key);
		assert_int_equal(shown.not_before, MADE_NOW + wanted[i].from_days * MADE_DAY);
		assert_int_equal(shown.not_after, MADE_NOW + wanted[i].to_days * MADE_DAY);
		OPENSSL_free(octets);
		made_free(&made);
	}
}

static void test_no_certificate(void **state)
{
	struct made made = made_cert(&(struct recipe){ .cn = "x" }, NULL);
	uint8_t more[2048] = { 0 };
	struct tls_shown shown;
	uint8_t *octets;
	struct tls_der der = der_of(&made, &octets);

	(void)state;
	assert_true(der.len < sizeof(more));
	memcpy(more, der.bytes, der.len);
	assert_true(tls_show_cert(&shown, (struct tls_der){ more, der.len }, MADE_NOW));
	assert_false(tls_show_cert(&shown, (struct tls_der){ more, der.len + 1 }, MADE_NOW));
	assert_string_equal(shown.subject, "");
	assert_false(tls_show_cert(&shown, (struct tls_der){ more, der.len - 1 }, MADE_NOW));
	assert_false(tls_show_cert(&shown, (struct tls_der){ NULL, 0 }, MADE_NOW));
	OPENSSL_free(octets);
	made_free(&made);
}

static void test_records(void **state)
{
	struct made made = made_cert(&(struct recipe){ .cn = "x" }, NULL);
	struct made other = made_cert(&(struct recipe){ .cn = "x" }, NULL);
	uint8_t *octets;
	uint8_t *other_octets;
	struct tls_der der = der_of(&made, &octets);
	struct tls_der other_der = der_of(&other, &other_octets);
	struct tls_der key;
	uint8_t digests[4][SHA512_DIGEST_LENGTH];

	(void)state;
	assert_true(tls_leaf_key(der, &key));
	(void)SHA256(der.bytes, der.len, digests[0]);
	(void)SHA256(key.bytes, key.len, digests[1]);
	(void)SHA512(der.bytes, der.len, digests[2]);
	(void)SHA512(key.bytes, key.len, digests[3]);
	const struct {
		struct tlsa record;
		bool is;
	} cases[] = {
		{ { 3, TLSA_CERT, TLSA_SHA256, 32, digests[0] }, true },
		{ { 3, TLSA_SPKI, TLSA_SHA256, 32, digests[1] }, true },
		{ { 2, TLSA_CERT, TLSA_SHA512, 64, digests[2] }, true },
		{ { 0, TLSA_SPKI, TLSA_SHA512, 64, digests[3] }, true },
		{ { 3, TLSA_CERT, TLSA_FULL, (uint16_t)der.len, octets }, true },
		{ { 3, TLSA_SPKI, TLSA_FULL, (uint16_t)key.len, (uint8_t *)key.bytes }, true },
		{ { 3, TLSA_CERT, TLSA_SHA256, 32, digests[1] }, false },
		{ { 3, TLSA_SPKI, TLSA_SHA256, 32, digests[0] }, false },
		{ { 3, TLSA_SPKI, TLSA_SHA512, 32, digests[3] }, false },
		{ { 3, TLSA_CERT, TLSA_SHA256, 31, digests[0] }, false },
		{ { 3, TLSA_CERT, TLSA_FULL, (uint16_t)(der.len - 1), octets }, false },
		{ { 3, TLSA_CERT, TLSA_FULL, 0, NULL }, false },
		{ { 3, 2, TLSA_SHA256, 32, digests[0] }, false },
		{ { 3, TLSA_CERT, 3, 32, digests[0] }, false },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(tls_tlsa_is(&cases[i].record, der), cases[i].is);
		assert_false(tls_tlsa_is(&cases[i].record, other_der));
		assert_false(tls_tlsa_is(&cases[i].record, (struct tls_der){ octets, 20 }));
	}
	OPENSSL_free(octets);
	OPENSSL_free(other_octets);
	made_free(&made);
	made_free(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_no_certificate),
		cmocka_unit_test(test_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What is too weak, too large or no certificate at all: proxy/tls_verify.h. */
#include "tls_world.h"

static void the_session_must_suffice(void **state)
{
	struct made leaf = made_cert(&(struct recipe){ .sans = MX }, &made[BY_ROOT]);
	static const struct {
		const struct tls_session_facts *facts;
		enum conf_tls_version minimum;
		enum level level;
		bool satisfied;
	} cases[] = {
		{ &tls12, CONF_TLS12, LEVEL_SECURE, true },
		{ &tls12, CONF_TLS13, LEVEL_SECURE, false },
		{ &tls13, CONF_TLS13, LEVEL_SECURE, true },
		{ &tls12, CONF_TLS13, LEVEL_VERIFY, false },
		{ &tls12, CONF_TLS13, LEVEL_ENCRYPT, false },
		{ &tls13, CONF_TLS13, LEVEL_ENCRYPT, true },
		{ &tls12, CONF_TLS13, LEVEL_FINGERPRINT, false },
		{ &tls12, CONF_TLS13, LEVEL_MAY, true },
		{ &cbc, CONF_TLS12, LEVEL_ENCRYPT, true },
		{ &cbc, CONF_TLS12, LEVEL_MAY, true },
		{ &cbc, CONF_TLS12, LEVEL_SECURE, false },
		{ &cbc, CONF_TLS12, LEVEL_VERIFY, false },
		{ &cbc, CONF_TLS12, LEVEL_FINGERPRINT, false },
		{ &tls13, (enum conf_tls_version)9, LEVEL_ENCRYPT, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct made *certs[] = { &leaf };
		struct verdict_name name = { .name = MX };
		struct verdict verdict = verdict_at(cases[i].level);
		struct tls_peer *peer = peer_of(certs, 1, cases[i].facts);
		struct judgement got;
		verdict.min_protocol = cases[i].minimum;
		verdict.names = &name;
		verdict.names_count = 1;
		got = tls_judge(peer, &verdict, NULL, MADE_NOW, trust);
		check("session", &got, cases[i].satisfied, cases[i].satisfied && level_authenticates(cases[i].level),
		      cases[i].satisfied ? GOOD : INVALID);
		tls_peer_free(peer);
	}
	made_free(&leaf);
}

static void no_verdict_permits_anything(void **state)
{
	struct made leaf = made_cert(&(struct recipe){ .sans = MX }, &made[BY_ROOT]);
	struct tls_peer *peer = peer_by(&leaf, BY_ROOT);
	struct verdict zero = { 0 };
	struct verdict failed = verdict_at(LEVEL_NONE);
	struct verdict may = verdict_at(LEVEL_MAY);
	struct judgement got;

	(void)state;
	got = tls_judge(peer, NULL, NULL, MADE_NOW, trust);
	check("no verdict", &got, false, false, INVALID);
	got = tls_judge(peer, &zero, NULL, MADE_NOW, trust);
	check("zero", &got, false, false, INVALID);
	failed.status = VERDICT_FAILED;
	failed.result = RESULT_STARTTLS_NOT_SUPPORTED;
	(void)snprintf(failed.reason, sizeof(failed.reason), "because");
	got = tls_judge(peer, &failed, NULL, MADE_NOW, trust);
	check("failed", &got, false, false, RESULT_STARTTLS_NOT_SUPPORTED);
	assert_string_equal(got.reason, "because");
	failed.status = (enum verdict_status)9;
	got = tls_judge(peer, &failed, NULL, MADE_NOW, trust);
	assert_false(got.satisfied);
	got = tls_judge(NULL, &may, NULL, MADE_NOW, trust);
	check("no peer", &got, false, false, INVALID);
	tls_peer_free(peer);
	made_free(&leaf);
}

static struct judgement judge_octets(const struct tls_der *chain, size_t count, enum level level)
{
	struct verdict_name name = { .name = MX };
	uint8_t listed[1][32] = { { 0 } };
	struct verdict verdict = verdict_at(level);
	struct tls_peer *peer = tls_peer_new(chain, count, &tls13);
	struct judgement out;

	assert_non_null(peer);
	verdict.names = &name;
	verdict.names_count = 1;
	verdict.fingerprints = listed;
	verdict.fingerprints_count = 1;
	out = tls_judge(peer, &verdict, NULL, MADE_NOW, trust);
	tls_peer_free(peer);
	return out;
}

/* The key of a certificate that has an octet too many is nobody's. */
static void a_listed_key_in_no_certificate_is_refused(void **state)
{
	struct made leaf = made_cert(&(struct recipe){ .sans = MX }, &made[BY_ROOT]);
	struct verdict verdict = verdict_at(LEVEL_FINGERPRINT);
	uint8_t listed[1][32];
	uint8_t octets[2048] = { 0 };
	uint8_t *der;
	uint8_t *key = NULL;
	size_t len = made_der(&leaf, &der);
	size_t key_len = (size_t)i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf.cert), &key);

	(void)state;
	assert_true(len < sizeof(octets));
	memcpy(octets, der, len);
	(void)SHA256(key, key_len, listed[0]);
	verdict.fingerprints = listed;
	verdict.fingerprints_count = 1;
	for (size_t more = 0; more < 2; more++) {
		const struct tls_der chain = { octets, len + more };
		struct tls_peer *peer = tls_peer_new(&chain, 1, &tls13);
		struct judgement got = tls_judge(peer, &verdict, NULL, MADE_NOW, NULL);
		check("octet more", &got, more == 0, more == 0, more == 0 ? GOOD : INVALID);
		tls_peer_free(peer);
	}
	OPENSSL_free(key);
	OPENSSL_free(der);
	made_free(&leaf);
}

/* Every cut of a certificate, and octets behind one, are no certificate; at no level that looks at it. */
static void octets_that_are_no_certificate_are_refused(void **state)
{
	struct made leaf = made_cert(&(struct recipe){ .sans = MX }, &made[BY_ROOT]);
	struct judgement got;
	uint8_t *der;
	size_t len = made_der(&leaf, &der);
	uint8_t *more = calloc(1, len + 1);
	struct tls_der chain[2];

	(void)state;
	memcpy(more, der, len);
	for (size_t i = 0; i <= len + 1; i++) {
		if (i == len)
			continue;
		chain[0] = (struct tls_der){ more, i };
		got = judge_octets(chain, 1, LEVEL_SECURE);
		check("cut leaf", &got, false, false, INVALID);
		got = judge_octets(chain, 1, LEVEL_FINGERPRINT);
		assert_false(got.satisfied);
		got = judge_octets(chain, 1, LEVEL_ENCRYPT);
		check("cut leaf", &got, true, false, GOOD);
		chain[0] = (struct tls_der){ der, len };
		chain[1] = (struct tls_der){ more, i };
		got = judge_octets(chain, 2, LEVEL_SECURE);
		check("cut second", &got, false, false, INVALID);
	}
	free(more);
	OPENSSL_free(der);
	made_free(&leaf);
}

static void a_thousand_names_are_the_limit(void **state)
{
	static char sans[16 * 1100];
	static const struct {
		size_t names;
		enum result_word word;
	} cases[] = { { 1024, GOOD }, { 1025, INVALID } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t at = 0;
		struct made leaf;
		const struct made *certs[] = { &leaf };
		struct judgement got;
		for (size_t k = 0; k + 1 < cases[i].names; k++)
			at += (size_t)snprintf(sans + at, sizeof(sans) - at, "h%zu.test,", k);
		(void)snprintf(sans + at, sizeof(sans) - at, "%s", MX);
		leaf = made_cert(&(struct recipe){ .sans = sans }, &made[BY_ROOT]);
		got = judge_chain(certs, 1, 0);
		check("names", &got, cases[i].word == GOOD, cases[i].word == GOOD, cases[i].word);
		made_free(&leaf);
	}
}

#ifndef SSL_GROUP_X25519_MLKEM768
/* Only the old library makes such a signature, or takes it. */
static void pss_with_sha1_is_weak(void **state)
{
	const struct recipe recipe = { .sans = MX, .pss = true, .digest = EVP_sha1() };
	struct made leaf = made_cert(&recipe, &made[BY_RSA]);
	const struct made *certs[] = { &leaf, &made[BY_RSA] };
	struct judgement got = judge_chain(certs, 2, 0);

	(void)state;
	check("PSS with SHA-1", &got, false, false, DISTRUST);
	assert_non_null(strstr(got.reason, "weak or unknown algorithm"));
	made_free(&leaf);
}
#endif

/* made_rsa_of gives |cert| an RSA key of |bits| that nobody has, and signs it anew. */
static void made_rsa_of(struct made *cert, unsigned bits, const struct made *issuer)
{
	X509_PUBKEY *key = X509_get_X509_PUBKEY(cert->cert);
	uint8_t modulus[2048];
	uint8_t *der;
	size_t len;
	CBB cbb;
	CBB sequence;
	CBB integer;

	memset(modulus, 0xff, sizeof(modulus));
	assert_int_equal(CBB_init(&cbb, 0), 1);
	assert_int_equal(CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE), 1);
	assert_int_equal(CBB_add_asn1(&sequence, &integer, CBS_ASN1_INTEGER), 1);
	assert_int_equal(CBB_add_u8(&integer, 0), 1);
	assert_int_equal(CBB_add_bytes(&integer, modulus, bits / 8), 1);
	assert_int_equal(CBB_add_asn1_uint64(&sequence, RSA_F4), 1);
	assert_int_equal(CBB_finish(&cbb, &der, &len), 1);
	assert_int_equal(X509_PUBKEY_set0_param(key, OBJ_nid2obj(NID_rsaEncryption), V_ASN1_NULL, NULL, der, (int)len),
			 1);
	assert_true(X509_sign(cert->cert, issuer->key, EVP_sha256()) > 0);
}

static void rsa_keys_have_8192_bits_at_most(void **state)
{
	static const unsigned sizes[] = { 8192, 8200, 16384 };
	struct made leaf = made_cert(&(struct recipe){ .sans = MX }, &made[BY_ROOT]);

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct made issuer = made_cert(&(struct recipe){ .cn = "huge", .basic = CA_BASIC }, &made[BY_ROOT]);
		const struct made *certs[] = { &leaf, &issuer };
		const struct made *first[] = { &issuer };
		struct judgement got;
		made_rsa_of(&issuer, sizes[i], &made[BY_ROOT]);
		got = judge_chain(certs, 2, 0);
		check("huge extra", &got, sizes[i] <= 8192, sizes[i] <= 8192, sizes[i] <= 8192 ? GOOD : INVALID);
		if (sizes[i] > 8192) {
			got = judge_chain(first, 1, 0);
			check("huge leaf", &got, false, false, INVALID);
		}
		made_free(&issuer);
	}
	made_free(&leaf);
}

static void a_chain_has_ten_certificates_at_most(void **state)
{
	struct made leaf = made_cert(&(struct recipe){ .sans = MX }, &made[BY_ROOT]);
	uint8_t *der;
	size_t len = made_der(&leaf, &der);
	static uint8_t big[TLS_CHAIN_BYTES_MAX + 1];
	struct tls_der chain[TLS_CHAIN_CERTS_MAX + 1];
	struct judgement got;

	(void)state;
	for (size_t i = 0; i < COUNT(chain); i++)
		chain[i] = (struct tls_der){ der, len };
	got = judge_octets(chain, TLS_CHAIN_CERTS_MAX, LEVEL_SECURE);
	check("ten", &got, true, true, GOOD);
	assert_null(tls_peer_new(chain, TLS_CHAIN_CERTS_MAX + 1, &tls13));
	assert_null(tls_peer_new(chain, 0, &tls13));
	chain[0] = (struct tls_der){ big, sizeof(big) };
	assert_null(tls_peer_new(chain, 1, &tls13));
	chain[0].len--;
	assert_null(tls_peer_new(chain, 2, &tls13));
	got = judge_octets(chain, 1, LEVEL_SECURE);
	check("zeros", &got, false, false, INVALID);
	OPENSSL_free(der);
	made_free(&leaf);
}

/* What the server wrote into its certificate reaches the log as plain characters. */
static void reasons_hold_no_octet_of_the_server(void **state)
{
	struct made leaf = made_cert(&(struct recipe){ .sans = "a\x01\x1b[31m.test,b\"c|d" }, &made[BY_ROOT]);
	const struct made *certs[] = { &leaf };
	struct judgement got = judge_chain(certs, 1, 0);

	(void)state;
	check("control", &got, false, false, MISMATCH);
	assert_non_null(strstr(got.reason, "a??[31m.test, b?c?d"));
	for (const char *at = got.reason; *at != '\0'; at++)
		assert_true(*at >= ' ' && *at < 0x7f && *at != '"');
	made_free(&leaf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_session_must_suffice),
		cmocka_unit_test(no_verdict_permits_anything),
		cmocka_unit_test(a_listed_key_in_no_certificate_is_refused),
		cmocka_unit_test(octets_that_are_no_certificate_are_refused),
		cmocka_unit_test(a_thousand_names_are_the_limit),
#ifndef SSL_GROUP_X25519_MLKEM768
		cmocka_unit_test(pss_with_sha1_is_weak),
#endif
		cmocka_unit_test(rsa_keys_have_8192_bits_at_most),
		cmocka_unit_test(a_chain_has_ten_certificates_at_most),
		cmocka_unit_test(reasons_hold_no_octet_of_the_server),
	};

	return cmocka_run_group_tests(tests, make_world, unmake_world);
}

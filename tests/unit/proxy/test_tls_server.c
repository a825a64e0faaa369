/* TLS towards clients, against clients of all kinds in the same thread: proxy/tls_server.h. */
#include "tls_made.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

#include "proxy/tls/tls.h"
#include "proxy/tls/tls_chain.h"
#include "proxy/tls/tls_peer.h"
#include "proxy/tls/tls_server.h"

#define NAME "gate.example.com"

static struct made root;
static struct made leaf;
static struct made other;
static struct made old;
static struct made early;
static struct conf conf; /* zero: TLS by default values */

static char leaf_pem[16384]; /* and its chain */
static char old_pem[8192];
static char early_pem[8192];
static char leaf_key[4096];
static char other_key[4096];
static char locked_key[4096];

static void key_pem(const struct made *made, const char *password, char *out, size_t cap)
{
	BIO *bio = BIO_new(BIO_s_mem());
	const EVP_CIPHER *cipher = password != NULL ? EVP_aes_128_cbc() : NULL;
	const uint8_t *bytes;
	size_t len;

	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, made->key, cipher, (char *)(uintptr_t)password,
						       password != NULL ? (int)strlen(password) : 0, NULL, NULL),
			 1);
	assert_int_equal(BIO_mem_contents(bio, &bytes, &len), 1);
	assert_true(len < cap);
	memcpy(out, bytes, len);
	out[len] = '\0';
	BIO_free(bio);
}

static int make_world(void **state)
{
	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	root = made_cert(&(struct recipe){ .cn = "root", .basic = "critical,CA:TRUE" }, NULL);
	leaf = made_cert(&(struct recipe){ .sans = NAME }, &root);
	other = made_cert(&(struct recipe){ .sans = NAME, .key = MADE_RSA2048 }, &root);
	old = made_cert(&(struct recipe){ .sans = NAME, .from_days = -30, .to_days = -1 }, &root);
	early = made_cert(&(struct recipe){ .sans = NAME, .from_days = 1, .to_days = 30 }, &root);
	made_pem(&leaf, leaf_pem, sizeof(leaf_pem));
	made_pem(&root, leaf_pem, sizeof(leaf_pem));
	made_pem(&old, old_pem, sizeof(old_pem));
	made_pem(&early, early_pem, sizeof(early_pem));
	key_pem(&leaf, NULL, leaf_key, sizeof(leaf_key));
	key_pem(&other, NULL, other_key, sizeof(other_key));
	key_pem(&leaf, "secret", locked_key, sizeof(locked_key));
	return 0;
}

static int unmake_world(void **state)
{
	(void)state;
	made_free(&root);
	made_free(&leaf);
	made_free(&other);
	made_free(&old);
	made_free(&early);
	return 0;
}

static struct tls_server_pem pem_of(const char *certificate, const char *key)
{
	return (struct tls_server_pem){ certificate, key, "client-tls-certificate /c", "client-tls-key /k" };
}

static struct tls_server_ctx *ctx_of(const char *certificate, const char *key)
{
	const struct tls_server_pem pem = pem_of(certificate, key);
	char error[TLS_ERROR_MAX];
	struct tls_server_ctx *ctx = tls_server_ctx_new(&conf, &pem, error);

	if (ctx == NULL)
		fail_msg("%s", error);
	return ctx;
}

/* --- certificate and key ------------------------------------------------------------------------------------------ */

static void test_what_is_wrong(void **state)
{
	static const struct {
		const char *certificate;
		const char *key;
		const char *says;
	} cases[] = {
		{ leaf_pem, other_key,
		  "The key in client-tls-key /k is not that of the first certificate in "
		  "client-tls-certificate /c." },
		{ leaf_pem, locked_key, "client-tls-key /k is encrypted, and nobody is there to give the password." },
		{ leaf_pem, "", "client-tls-key /k holds no private key (-----BEGIN PRIVATE KEY-----)." },
		{ leaf_pem, leaf_pem, "client-tls-key /k holds no private key (-----BEGIN PRIVATE KEY-----)." },
		{ leaf_pem, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		  "client-tls-key /k is damaged: its private key cannot be read." },
		{ "", leaf_key, "client-tls-certificate /c holds no certificate (-----BEGIN CERTIFICATE-----)." },
		{ "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", leaf_key,
		  "client-tls-certificate /c is damaged: a block of it cannot be read." },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct tls_server_pem pem = pem_of(cases[i].certificate, cases[i].key);
		char error[TLS_ERROR_MAX];
		assert_null(tls_server_ctx_new(&conf, &pem, error));
		assert_string_equal(error, cases[i].says);
		assert_int_equal(ERR_peek_error(), 0);
	}
}

static void test_more_certificates_than_a_chain_has(void **state)
{
	static char many[64 * 1024];
	const struct tls_server_pem pem = pem_of(many, leaf_key);
	char error[TLS_ERROR_MAX];

	(void)state;
	for (unsigned i = 0; i <= TLS_CHAIN_CERTS_MAX; i++)
		made_pem(&leaf, many, sizeof(many));
	assert_null(tls_server_ctx_new(&conf, &pem, error));
	assert_non_null(strstr(error, "holds more than"));
}

static void test_unknown_groups(void **state)
{
	const struct conf odd = { .tls_groups = (char *)(uintptr_t) "P-256:no-such-group" };
	const struct tls_server_pem pem = pem_of(leaf_pem, leaf_key);
	char error[TLS_ERROR_MAX];

	(void)state;
	assert_null(tls_server_ctx_new(&odd, &pem, error));
	assert_non_null(strstr(error, "does not know all of \"P-256:no-such-group\""));
}

static void test_doubts(void **state)
{
	const struct tls_server_pem good = pem_of(leaf_pem, leaf_key);
	const struct tls_server_pem expired = pem_of(old_pem, leaf_key);
	const struct tls_server_pem not_yet = pem_of(early_pem, leaf_key);
	char said[TLS_ERROR_MAX];

	(void)state;
	assert_false(tls_server_doubt(&good, MADE_NOW, said));
	assert_true(tls_server_doubt(&expired, MADE_NOW, said));
	assert_non_null(strstr(said, "client-tls-certificate /c has expired"));
	assert_true(tls_server_doubt(&not_yet, MADE_NOW, said));
	assert_non_null(strstr(said, "is not valid yet"));
}

/* --- handshakes --------------------------------------------------------------------------------------------------- */

struct meeting { /* a gate's server, and some client */
	struct tls *server;
	enum tls_step step;
	SSL_CTX *client_ctx;
	SSL *client;
	int client_ret;
	int fds[2]; /* the client's, the server's */
};

static void meet(struct meeting *m, struct tls_server_ctx *ctx, uint16_t min, uint16_t max, const char *ciphers)
{
	*m = (struct meeting){ .step = TLS_WANT_READ };
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, m->fds), 0);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(fcntl(m->fds[i], F_SETFL, O_NONBLOCK), 0);
	m->server = tls_server_new(ctx, m->fds[1]);
	assert_non_null(m->server);
	m->client_ctx = SSL_CTX_new(TLS_method());
	assert_int_equal(SSL_CTX_set_min_proto_version(m->client_ctx, min), 1);
	assert_int_equal(SSL_CTX_set_max_proto_version(m->client_ctx, max), 1);
	if (ciphers != NULL)
		assert_int_equal(SSL_CTX_set_strict_cipher_list(m->client_ctx, ciphers), 1);
	m->client = SSL_new(m->client_ctx);
	SSL_set_connect_state(m->client);
	assert_int_equal(SSL_set_fd(m->client, m->fds[0]), 1);
	for (unsigned turn = 0; turn < 100 && m->step != TLS_DONE && m->step != TLS_FAILED; turn++) {
		m->client_ret = SSL_do_handshake(m->client);
		ERR_clear_error();
		m->step = tls_handshake(m->server);
	}
	m->client_ret = SSL_do_handshake(m->client);
	ERR_clear_error();
}

static void part(struct meeting *m)
{
	tls_free(m->server);
	SSL_free(m->client);
	SSL_CTX_free(m->client_ctx);
	(void)close(m->fds[0]);
	(void)close(m->fds[1]);
}

static const struct {
	const char *name;
	uint16_t min, max;
	const char *ciphers;
	const char *version; /* NULL: the handshake fails */
	const char *says;    /* the version's cipher begins so; or the failure's sentence has it */
	bool weak;
} handshakes[] = {
	{ "any", TLS1_2_VERSION, TLS1_3_VERSION, NULL, "TLSv1.3", "TLS_AES", false },
	{ "TLS 1.2", TLS1_2_VERSION, TLS1_2_VERSION, NULL, "TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM", false },
	{ "TLS 1.2, CBC last", TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-GCM-SHA384",
	  "TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM", false },
	{ "TLS 1.2, CBC alone", TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA", "TLSv1.2",
	  "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", true },
	{ "TLS 1.1", TLS1_VERSION, TLS1_1_VERSION, NULL, NULL, "the client speaks no version of TLS that is new enough",
	  false },
	{ "RSA key exchange", TLS1_2_VERSION, TLS1_2_VERSION, "AES128-GCM-SHA256", NULL,
	  "the client offers no key exchange or cipher", false },
};

static void test_handshakes(void **state)
{
	struct tls_server_ctx *ctx = ctx_of(leaf_pem, leaf_key);

	(void)state;
	for (size_t i = 0; i < sizeof(handshakes) / sizeof(handshakes[0]); i++) {
		struct meeting m;
		meet(&m, ctx, handshakes[i].min, handshakes[i].max, handshakes[i].ciphers);
		if (handshakes[i].version == NULL) {
			assert_int_equal(m.step, TLS_FAILED);
			if (strstr(tls_error(m.server), handshakes[i].says) == NULL)
				fail_msg("%s: %s", handshakes[i].name, tls_error(m.server));
		} else {
			struct tls_session_facts facts = tls_facts(m.server);
			if (m.step != TLS_DONE)
				fail_msg("%s: %s", handshakes[i].name, tls_error(m.server));
			assert_int_equal(m.client_ret, 1);
			assert_string_equal(facts.version_name, handshakes[i].version);
			if (strncmp(facts.cipher, handshakes[i].says, strlen(handshakes[i].says)) != 0)
				fail_msg("%s: %s", handshakes[i].name, facts.cipher);
			assert_int_equal(facts.weak, handshakes[i].weak);
			assert_false(facts.resumed);
		}
		part(&m);
	}
	tls_server_ctx_free(ctx);
}

static void test_the_chain_is_shown_and_no_ticket_given(void **state)
{
	struct tls_server_ctx *ctx = ctx_of(leaf_pem, leaf_key);
	struct meeting m;
	char buf[16];
	size_t len;

	(void)state;
	meet(&m, ctx, TLS1_2_VERSION, TLS1_3_VERSION, NULL);
	assert_int_equal(m.step, TLS_DONE);
	assert_int_equal(sk_X509_num(SSL_get_peer_full_cert_chain(m.client)), 2);
	assert_int_equal(tls_write(m.server, "220 hello\r\n", 11, &len), TLS_DONE);
	assert_int_equal(SSL_read(m.client, buf, sizeof(buf)), 11);
	assert_memory_equal(buf, "220 hello\r\n", 11);
	assert_int_equal(SSL_session_reused(m.client), 0);
	assert_int_equal(SSL_SESSION_has_ticket(SSL_get_session(m.client)), 0);
	assert_int_equal(SSL_write(m.client, "EHLO x\r\n", 8), 8);
	assert_int_equal(tls_read(m.server, buf, sizeof(buf), &len), TLS_DONE);
	assert_int_equal(len, 8);
	assert_int_equal(SSL_shutdown(m.client), 0);
	assert_int_equal(tls_read(m.server, buf, sizeof(buf), &len), TLS_CLOSED);
	/* It outlives the context, as after a reload. */
	tls_server_ctx_free(ctx);
	part(&m);
}

/* --- what is no client of TLS ------------------------------------------------------------------------------------- */

static const char *say_at_start(struct tls_server_ctx *ctx, const void *bytes, size_t len, char out[TLS_ERROR_MAX])
{
	int fds[2];
	struct tls *server;
	enum tls_step step = TLS_WANT_READ;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
	server = tls_server_new(ctx, fds[1]);
	assert_non_null(server);
	assert_int_equal(write(fds[0], bytes, len), len);
	(void)shutdown(fds[0], SHUT_WR);
	for (unsigned i = 0; i < 10 && step != TLS_FAILED; i++)
		step = tls_handshake(server);
	assert_int_equal(step, TLS_FAILED);
	(void)snprintf(out, TLS_ERROR_MAX, "%s", tls_error(server));
	tls_free(server);
	(void)close(fds[0]);
	(void)close(fds[1]);
	return out;
}

static void test_no_tls(void **state)
{
	struct tls_server_ctx *ctx = ctx_of(leaf_pem, leaf_key);
	char said[TLS_ERROR_MAX];

	(void)state;
	assert_string_equal(say_at_start(ctx, "EHLO c.example\r\nMAIL FROM:<a@b>\r\n", 33, said),
			    "the client sent something that is not TLS");
	assert_string_equal(say_at_start(ctx, "GET / HTTP/1.1\r\n\r\n", 18, said),
			    "the client sent something that is not TLS");
	assert_string_equal(say_at_start(ctx, "\x16\x03\x01", 3, said),
			    "the client closed the connection during the TLS handshake");
	assert_string_equal(say_at_start(ctx, "", 0, said),
			    "the client closed the connection during the TLS handshake");
	/* A fatal alert: what a client sends that will not have the certificate. */
	assert_string_equal(say_at_start(ctx, "\x15\x03\x03\x00\x02\x02\x30", 7, said),
			    "the client ended TLS with the alert \"unknown CA\"");
	tls_server_ctx_free(ctx);
}

/* --- the made one ------------------------------------------------------------------------------------------------- */

static enum ssl_verify_result_t refuse_chain(SSL *ssl, uint8_t *out_alert)
{
	(void)ssl;
	*out_alert = SSL_AD_UNKNOWN_CA;
	return ssl_verify_invalid;
}

/* A client that will not have the certificate, as BoringSSL says it, and in clear, as OpenSSL does in TLS 1.3. */
static void test_alerts(void **state)
{
	static const struct {
		uint16_t max;
		const char *in_clear; /* NULL: of the library */
		uint8_t alert;
	} cases[] = {
		{ TLS1_2_VERSION, NULL, 48 },
		{ TLS1_3_VERSION, NULL, 48 },
		{ TLS1_3_VERSION, "\x15\x03\x03\x00\x02\x02\x2a", 42 },
		{ TLS1_3_VERSION, "\x14\x03\x03\x00\x01\x01\x15\x03\x03\x00\x02\x02\x30", 48 },
		{ TLS1_3_VERSION, "\x15\x03\x03\x00\x02\x01\x2a", 0 }, /* a warning ends nothing by itself */
		{ TLS1_3_VERSION, "\x17\x03\x03\x00\x07\x15\x03\x03\x00\x02\x02", 0 },
		{ TLS1_3_VERSION, "QUIT\r\n", 0 },
	};
	struct tls_server_ctx *ctx = ctx_of(leaf_pem, leaf_key);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct meeting m = { .step = TLS_WANT_READ };
		size_t len = cases[i].in_clear != NULL ? strnlen(cases[i].in_clear + 5, 20) + 5 : 0;
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, m.fds), 0);
		for (size_t k = 0; k < 2; k++)
			assert_int_equal(fcntl(m.fds[k], F_SETFL, O_NONBLOCK), 0);
		m.server = tls_server_new(ctx, m.fds[1]);
		m.client_ctx = SSL_CTX_new(TLS_method());
		assert_int_equal(SSL_CTX_set_max_proto_version(m.client_ctx, cases[i].max), 1);
		SSL_CTX_set_custom_verify(m.client_ctx, SSL_VERIFY_PEER, refuse_chain);
		m.client = SSL_new(m.client_ctx);
		SSL_set_connect_state(m.client);
		assert_int_equal(SSL_set_fd(m.client, m.fds[0]), 1);
		(void)SSL_do_handshake(m.client);
		m.step = tls_handshake(m.server);
		assert_int_equal(m.step, TLS_WANT_READ);
		if (cases[i].in_clear == NULL)
			(void)SSL_do_handshake(m.client);
		else
			assert_int_equal(send(m.fds[0], cases[i].in_clear, cases[i].in_clear[0] == 0x14 ? 13 : len, 0),
					 cases[i].in_clear[0] == 0x14 ? 13 : (ssize_t)len);
		ERR_clear_error();
		m.step = tls_handshake(m.server);
		if (m.step == TLS_WANT_READ) { /* it waits for more */
			(void)shutdown(m.fds[0], SHUT_WR);
			m.step = tls_handshake(m.server);
		}
		assert_int_equal(m.step, TLS_FAILED);
		if (tls_alert(m.server) != cases[i].alert)
			fail_msg("case %zu: alert %u, %s", i, tls_alert(m.server), tls_error(m.server));
		if (cases[i].alert != 0)
			assert_non_null(strstr(tls_error(m.server), "the client ended TLS with the alert \""));
		part(&m);
	}
	tls_server_ctx_free(ctx);
}

static bool is_gate25(X509 *cert)
{
	uint8_t *der = NULL;
	int len = i2d_X509(cert, &der);
	const struct tls_der chain = { der, (size_t)len };
	struct tls_peer *peer = tls_peer_new(&chain, 1, &(struct tls_session_facts){ 0 });
	bool is = tls_peer_is_gate25(peer);

	assert_true(len > 0);
	tls_peer_free(peer);
	OPENSSL_free(der);
	return is;
}

static void test_another_gate(void **state)
{
	static const uint8_t junk[] = "\x30\x82junk";
	const struct tls_der chain = { junk, sizeof(junk) };
	struct tls_peer *peer = tls_peer_new(&chain, 1, &(struct tls_session_facts){ 0 });
	char *certificate;
	char *key;
	BIO *in;
	X509 *cert;

	(void)state;
	assert_false(tls_peer_is_gate25(peer));
	tls_peer_free(peer);
	assert_false(is_gate25(leaf.cert));
	assert_true(tls_server_make(MADE_NOW, &certificate, &key));
	in = BIO_new_mem_buf(certificate, -1);
	cert = PEM_read_bio_X509(in, NULL, NULL, NULL);
	assert_true(is_gate25(cert));
	X509_free(cert);
	BIO_free(in);
	free(certificate);
	free(key);
}

static void test_made(void **state)
{
	char *certificate;
	char *key;
	char *again_certificate;
	char *again_key;
	struct tls_server_ctx *ctx;
	struct meeting m;
	struct tls_server_pem pem;
	char said[TLS_ERROR_MAX];
	X509 *shown;
	const uint8_t *name = (const uint8_t *)TLS_SERVER_MADE_NAME;

	(void)state;
	assert_true(tls_server_make(MADE_NOW, &certificate, &key));
	assert_true(tls_server_make(MADE_NOW, &again_certificate, &again_key));
	assert_string_not_equal(key, again_key);
	assert_string_not_equal(certificate, again_certificate);
	pem = pem_of(certificate, key);
	assert_false(tls_server_doubt(&pem, MADE_NOW, said));
	assert_false(tls_server_doubt(&pem, MADE_NOW + 300L * MADE_DAY, said));
	ctx = ctx_of(certificate, key);
	meet(&m, ctx, TLS1_2_VERSION, TLS1_3_VERSION, NULL);
	assert_int_equal(m.step, TLS_DONE);
	shown = SSL_get_peer_certificate(m.client);
	assert_int_equal(X509_check_host(shown, (const char *)name, strlen((const char *)name),
					 X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL),
			 1);
	X509_free(shown);
	part(&m);
	tls_server_ctx_free(ctx);
	free(certificate);
	free(key);
	free(again_certificate);
	free(again_key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_wrong),  cmocka_unit_test(test_more_certificates_than_a_chain_has),
		cmocka_unit_test(test_unknown_groups), cmocka_unit_test(test_doubts),
		cmocka_unit_test(test_handshakes),     cmocka_unit_test(test_the_chain_is_shown_and_no_ticket_given),
		cmocka_unit_test(test_no_tls),         cmocka_unit_test(test_alerts),
		cmocka_unit_test(test_another_gate),   cmocka_unit_test(test_made),
	};

	return cmocka_run_group_tests(tests, make_world, unmake_world);
}

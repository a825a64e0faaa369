/* test_tls_hello.c - hellos of TLS read in passing: real ones whole and octet by octet, made ones with every fault. */
#include "tls_server.h"

#include "proxy/tls/tls_hello.h"

/* --- real ones ---------------------------------------------------------------------------------------------------- */

struct flight {
	uint8_t bytes[65536];
	size_t len;
};

static void drain(BIO *from, struct flight *out)
{
	int n;

	out->len = 0;
	while ((n = BIO_read(from, out->bytes + out->len, (int)(sizeof(out->bytes) - out->len))) > 0)
		out->len += (size_t)n;
}

/* meet makes the first flights of a client and a server that take |min| to |max|. */
static void meet(uint16_t min, uint16_t max, const char *sni, struct flight *client, struct flight *server)
{
	struct made leaf;
	struct served served = { 0 };
	SSL_CTX *client_ctx = SSL_CTX_new(TLS_method());
	SSL_CTX *server_ctx;
	SSL *ssl[2];
	BIO *ours[2];
	BIO *theirs[2];
	struct recipe recipe = { .sans = "mx.example", .from_days = -3, .to_days = 3 };

	leaf = made_cert(&recipe, NULL);
	served.chain[0] = &leaf;
	server_ctx = server_ctx_new(&served);
	assert_int_equal(SSL_CTX_set_min_proto_version(client_ctx, min), 1);
	assert_int_equal(SSL_CTX_set_max_proto_version(client_ctx, max), 1);
	SSL_CTX_set_grease_enabled(client_ctx, 1);
	assert_int_equal(SSL_CTX_set_min_proto_version(server_ctx, TLS1_VERSION), 1);
	ssl[0] = SSL_new(client_ctx);
	ssl[1] = SSL_new(server_ctx);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(BIO_new_bio_pair(&ours[i], 65536, &theirs[i], 65536), 1);
		SSL_set_bio(ssl[i], ours[i], ours[i]);
	}
	if (sni != NULL)
		assert_int_equal(SSL_set_tlsext_host_name(ssl[0], sni), 1);
	SSL_set_connect_state(ssl[0]);
	SSL_set_accept_state(ssl[1]);
	(void)SSL_do_handshake(ssl[0]);
	drain(theirs[0], client);
	assert_int_equal(BIO_write(theirs[1], client->bytes, (int)client->len), (int)client->len);
	(void)SSL_do_handshake(ssl[1]);
	drain(theirs[1], server);
	for (size_t i = 0; i < 2; i++) {
		SSL_free(ssl[i]);
		BIO_free(theirs[i]);
	}
	SSL_CTX_free(client_ctx);
	SSL_CTX_free(server_ctx);
	made_free(&leaf);
	ERR_clear_error();
}

static void test_real_ones(void **state)
{
	static const struct {
		uint16_t min, max;
		const char *sni;
		const char *offered, *chosen; /* NULL: refused as too old */
	} cases[] = {
		{ TLS1_2_VERSION, TLS1_3_VERSION, "mx.example", "TLSv1.3", "TLSv1.3" },
		{ TLS1_2_VERSION, TLS1_3_VERSION, NULL, "TLSv1.3", "TLSv1.3" },
		{ TLS1_2_VERSION, TLS1_2_VERSION, "mx.example", "TLSv1.2", "TLSv1.2" },
		{ TLS1_VERSION, TLS1_1_VERSION, "mx.example", "TLSv1.1", NULL },
	};
	static struct flight client;
	static struct flight server;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tls_hello hello;
		struct tls_records records = { 0 };
		meet(cases[i].min, cases[i].max, cases[i].sni, &client, &server);
		for (size_t n = 0; n < client.len; n++)
			assert_int_equal(tls_hello_of_client(client.bytes, n, &hello), TLS_HELLO_MORE);
		assert_int_equal(tls_hello_of_client(client.bytes, client.len, &hello), TLS_HELLO_DONE);
		assert_string_equal(hello.servername, cases[i].sni != NULL ? cases[i].sni : "");
		assert_string_equal(tls_hello_version_name(hello.version), cases[i].offered);
		for (size_t n = 0; n < client.len; n++)
			assert_true(tls_records_pass(&records, client.bytes + n, 1));
		assert_true(tls_records_pass(&(struct tls_records){ 0 }, server.bytes, server.len));
		if (cases[i].chosen == NULL) {
			assert_int_equal(tls_hello_of_server(server.bytes, server.len, &hello), TLS_HELLO_BROKEN);
			assert_string_equal(hello.error, "the server chose a version of TLS that is too old");
			continue;
		}
		assert_int_equal(tls_hello_of_server(server.bytes, server.len, &hello), TLS_HELLO_DONE);
		assert_string_equal(tls_hello_version_name(hello.version), cases[i].chosen);
		assert_int_equal(tls_hello_of_server(server.bytes, 40, &hello), TLS_HELLO_MORE);
		/* Each is no answer to itself. */
		assert_int_equal(tls_hello_of_server(client.bytes, client.len, &hello), TLS_HELLO_BROKEN);
		assert_int_equal(tls_hello_of_client(server.bytes, server.len, &hello), TLS_HELLO_BROKEN);
	}
}

/* One octet after the other changed, and every length cut: never a crash, and never more than a hello. */
static void test_bent_ones(void **state)
{
	static struct flight client;
	static struct flight server;
	struct tls_hello hello;
	unsigned refused = 0;

	(void)state;
	meet(TLS1_2_VERSION, TLS1_3_VERSION, "mx.example", &client, &server);
	for (size_t i = 0; i < client.len; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			client.bytes[i] ^= (uint8_t)(1U << bit);
			refused += tls_hello_of_client(client.bytes, client.len, &hello) == TLS_HELLO_BROKEN;
			assert_true(strlen(hello.servername) < TLS_HELLO_NAME_MAX);
			client.bytes[i] ^= (uint8_t)(1U << bit);
		}
	}
	assert_true(refused > 100);
	/* In records of one octet each it is the same hello. */
	{
		static struct flight cut;
		cut.len = 0;
		for (size_t i = 5; i < client.len; i++) {
			static const uint8_t header[] = { 22, 3, 1, 0, 1 };
			memcpy(cut.bytes + cut.len, header, sizeof(header));
			cut.bytes[cut.len + 5] = client.bytes[i];
			cut.len += 6;
		}
		assert_int_equal(tls_hello_of_client(cut.bytes, cut.len, &hello), TLS_HELLO_DONE);
		assert_string_equal(hello.servername, "mx.example");
		assert_int_equal(tls_hello_of_client(cut.bytes, cut.len - 1, &hello), TLS_HELLO_MORE);
	}
}

/* --- made ones ---------------------------------------------------------------------------------------------------- */

#define RANDOM "0123456789abcdef0123456789abcdef"

static const struct {
	const char *name;
	const char *bytes;
	size_t len;
	enum tls_hello_step client;
	enum tls_hello_step server;
} made[] = {
#define CASE(name, text, client, server)                                             \
	{                                                                            \
		name, text, sizeof(text) - 1, TLS_HELLO_##client, TLS_HELLO_##server \
	}
	CASE("nothing", "", MORE, MORE),
	CASE("SMTP", "EHLO c.example\r\n", BROKEN, BROKEN),
	CASE("a reply", "250 ok\r\n", BROKEN, BROKEN),
	CASE("CRLF", "\r\n", BROKEN, BROKEN),
	CASE("a record's first octet", "\x16", MORE, MORE),
	CASE("and SMTP", "\x16MAIL FROM:<a@b>\r\n", BROKEN, BROKEN),
	CASE("SSLv2", "\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10", BROKEN, BROKEN),
	CASE("a version that is none", "\x16\x04\x00\x00\x01\x01", BROKEN, BROKEN),
	CASE("too long a record", "\x16\x03\x01\x48\x01\x01", BROKEN, BROKEN),
	CASE("an empty record", "\x16\x03\x01\x00\x00", BROKEN, BROKEN),
	CASE("application data", "\x17\x03\x03\x00\x01\x01", BROKEN, BROKEN),
	CASE("an alert", "\x15\x03\x01\x00\x02\x02\x28", BROKEN, ALERT),
	CASE("half an alert", "\x15\x03\x01\x00\x02\x02", BROKEN, MORE),
	CASE("an alert of 3 octets", "\x15\x03\x01\x00\x03\x02\x28\x00", BROKEN, BROKEN),
	CASE("too long a message", "\x16\x03\x01\x00\x04\x01\x01\x00\x00", BROKEN, BROKEN),
	CASE("another message", "\x16\x03\x01\x00\x04\x0b\x00\x00\x00", BROKEN, BROKEN),
	CASE("an empty hello", "\x16\x03\x01\x00\x04\x01\x00\x00\x00", BROKEN, BROKEN),
	CASE("of a client, without extensions",
	     "\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x03" RANDOM "\x00\x00\x02\xc0\x2f\x01\x00", DONE, BROKEN),
	CASE("of a client, with an odd octet behind",
	     "\x16\x03\x01\x00\x2e\x01\x00\x00\x2a\x03\x03" RANDOM "\x00\x00\x02\xc0\x2f\x01\x00\x00", BROKEN, BROKEN),
	CASE("of a client, no suite", "\x16\x03\x01\x00\x2b\x01\x00\x00\x27\x03\x03" RANDOM "\x00\x00\x00\x01\x00",
	     BROKEN, BROKEN),
	CASE("of a server, TLS 1.2", "\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03" RANDOM "\x00\xc0\x2f\x00", BROKEN,
	     DONE),
	CASE("of a server, TLS 1.1", "\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x02" RANDOM "\x00\xc0\x13\x00", BROKEN,
	     BROKEN),
	CASE("of a server, RSA with NULL", "\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03" RANDOM "\x00\x00\x3b\x00",
	     BROKEN, BROKEN),
	CASE("of a server, TLS 1.3 with NULL",
	     "\x16\x03\x03\x00\x32\x02\x00\x00\x2e\x03\x03" RANDOM "\x00\xc0\xb4\x00\x00\x06\x00\x2b\x00\x02\x03\x04",
	     BROKEN, BROKEN),
	CASE("of a server, TLS 1.3",
	     "\x16\x03\x03\x00\x32\x02\x00\x00\x2e\x03\x03" RANDOM "\x00\x13\x01\x00\x00\x06\x00\x2b\x00\x02\x03\x04",
	     BROKEN, DONE),
	CASE("of a server, TLS 1.5",
	     "\x16\x03\x03\x00\x32\x02\x00\x00\x2e\x03\x03" RANDOM "\x00\x13\x01\x00\x00\x06\x00\x2b\x00\x02\x03\x06",
	     BROKEN, BROKEN),
};

static void test_made_ones(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(made); i++) {
		struct tls_hello hello;
		const uint8_t *bytes = (const uint8_t *)made[i].bytes;
		if (tls_hello_of_client(bytes, made[i].len, &hello) != made[i].client)
			fail_msg("%s, of a client: %s", made[i].name, hello.error != NULL ? hello.error : "");
		assert_true((hello.error != NULL) == (made[i].client == TLS_HELLO_BROKEN));
		if (tls_hello_of_server(bytes, made[i].len, &hello) != made[i].server)
			fail_msg("%s, of a server: %s", made[i].name, hello.error != NULL ? hello.error : "");
		assert_true((hello.error != NULL) == (made[i].server == TLS_HELLO_BROKEN));
		if (made[i].server == TLS_HELLO_ALERT)
			assert_int_equal(hello.alert, 40);
	}
}

/* A name that cannot be shown is not. */
static void test_names(void **state)
{
	static const struct {
		const char *name;
		bool shown;
	} names[] = { { "mx1.example", true },
		      { "m\x1b[1m.example", false },
		      { "a b.example.", false },
		      { "\xc3\xa4.example", false } };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		uint8_t bytes[256] =
			"\x16\x03\x01\x00\x00\x01\x00\x00\x00\x03\x03" RANDOM "\x00\x00\x02\xc0\x2f\x01\x00";
		size_t n = 50;
		size_t name = strlen(names[i].name);
		struct tls_hello hello;
		const uint8_t tail[] = {
			0, (uint8_t)(name + 9), 0, 0, 0, (uint8_t)(name + 5), 0, (uint8_t)(name + 3), 0,
			0, (uint8_t)name
		};
		memcpy(bytes + n, tail, sizeof(tail));
		n += sizeof(tail);
		memcpy(bytes + n, names[i].name, name);
		n += name;
		bytes[4] = (uint8_t)(n - 5);
		bytes[8] = (uint8_t)(n - 9);
		if (tls_hello_of_client(bytes, n, &hello) != TLS_HELLO_DONE)
			fail_msg("%s", hello.error != NULL ? hello.error : "more");
		assert_string_equal(hello.servername, names[i].shown ? names[i].name : "");
	}
}

static void test_records(void **state)
{
	static const uint8_t clear[] = "\x17\x03\x03\x00\x02xxMAIL";
	struct tls_records records = { 0 };

	(void)state;
	assert_true(tls_records_pass(&records, clear, 7));
	assert_false(tls_records_pass(&records, clear + 7, 1));
	records = (struct tls_records){ 0 };
	assert_false(tls_records_pass(&records, clear, sizeof(clear) - 1));
	records = (struct tls_records){ 0 };
	assert_true(tls_records_pass(&records, (const uint8_t *)"\x17\x03\x03\x48\x00", 5));
	assert_int_equal(records.left, 0x4800);
	records = (struct tls_records){ 0 };
	assert_false(tls_records_pass(&records, (const uint8_t *)"\x17\x03\x03\x48\x01", 5));
	records = (struct tls_records){ 0 };
	assert_true(tls_records_pass(&records, (const uint8_t *)"\x17\x03\x03\x00\x00\x17\x03", 7));
	assert_string_equal(tls_hello_version_name(0x0300), "SSLv3");
	assert_string_equal(tls_hello_version_name(0x0305), "");
	assert_string_equal(tls_hello_version_name(0x0a0a), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_real_ones), cmocka_unit_test(test_bent_ones), cmocka_unit_test(test_made_ones),
		cmocka_unit_test(test_names),     cmocka_unit_test(test_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

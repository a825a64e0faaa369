/* TLS towards servers, against a server in the same thread: proxy/tls.h. */
#include "tls_server.h"

#include <signal.h>

#define MX "mx.example.com"

static struct made root;
static struct made ec;   /* for MX, by root */
static struct made rsa;  /* likewise */
static struct made big;  /* a certificate of some 20 KiB */
static struct conf conf; /* zero: TLS by default values */

static int make_world(void **state)
{
	static char sans[24 * 1000];
	size_t at = 0;

	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	root = made_cert(&(struct recipe){ .cn = "root", .basic = "critical,CA:TRUE" }, NULL);
	ec = made_cert(&(struct recipe){ .sans = MX }, &root);
	rsa = made_cert(&(struct recipe){ .sans = MX, .key = MADE_RSA2048 }, &root);
	for (size_t i = 0; i < 1000; i++)
		at += (size_t)snprintf(sans + at, sizeof(sans) - at, "%s%04zu.example.test", i > 0 ? "," : "", i);
	big = made_cert(&(struct recipe){ .sans = sans }, &root);
	return 0;
}

static int unmake_world(void **state)
{
	(void)state;
	made_free(&root);
	made_free(&ec);
	made_free(&rsa);
	made_free(&big);
	return 0;
}

static struct tls_client_ctx *client_ctx(size_t sessions)
{
	char error[TLS_ERROR_MAX];
	struct tls_client_ctx *ctx = tls_client_ctx_new(&conf, sessions, error);

	assert_non_null(ctx);
	assert_string_equal(error, "");
	return ctx;
}

/* --- handshakes --------------------------------------------------------------------------------------------------- */

#define GCM    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256"
#define CBC    "ECDHE-RSA-AES128-SHA"
#define STATIC "AES128-GCM-SHA256:AES256-SHA"

static const struct {
	const char *name;
	struct served served;
	struct tls_options options;
	bool weak;
	enum conf_tls_version version;
	const char *cipher; /* the start of its name; NULL: the handshake fails */
	const char *says;   /* part of the sentence, where it fails */
} handshakes[] = {
	{ "TLS 1.3", { .chain = { &ec, &root } }, { 0 }, false, CONF_TLS13, "TLS_AES", NULL },
	{ "TLS 1.3, RSA", { .chain = { &rsa } }, { 0 }, false, CONF_TLS13, "TLS_AES", NULL },
	{ "TLS 1.3 demanded",
	  { .chain = { &ec } },
	  { .min_protocol = CONF_TLS13 },
	  false,
	  CONF_TLS13,
	  "TLS_AES",
	  NULL },
	{ "TLS 1.2", { .max = TLS1_2_VERSION, .chain = { &rsa } }, { 0 }, false, CONF_TLS12, "TLS_ECDHE_RSA", NULL },
	{ "TLS 1.2, ECDSA",
	  { .max = TLS1_2_VERSION, .chain = { &ec } },
	  { 0 },
	  false,
	  CONF_TLS12,
	  "TLS_ECDHE_ECDSA",
	  NULL },
	{ "AEAD before CBC",
	  { .max = TLS1_2_VERSION, .ciphers = GCM ":" CBC, .chain = { &rsa } },
	  { .compat = true },
	  false,
	  CONF_TLS12,
	  "TLS_ECDHE_RSA_WITH_AES_128_GCM",
	  NULL },
	{ "CBC where allowed",
	  { .max = TLS1_2_VERSION, .ciphers = CBC, .chain = { &rsa } },
	  { .compat = true },
	  true,
	  CONF_TLS12,
	  "TLS_ECDHE_RSA_WITH_AES_128_CBC",
	  NULL },
	{ "CBC where not",
	  { .max = TLS1_2_VERSION, .ciphers = CBC, .chain = { &rsa } },
	  { 0 },
	  false,
	  CONF_TLS12,
	  NULL,
	  "alert \"handshake failure\"" },
	{ "static RSA",
	  { .max = TLS1_2_VERSION, .ciphers = STATIC, .chain = { &rsa } },
	  { .compat = true },
	  false,
	  CONF_TLS12,
	  NULL,
	  "alert \"handshake failure\"" },
	{ "TLS 1.1",
	  { .max = TLS1_1_VERSION, .chain = { &rsa } },
	  { .compat = true },
	  false,
	  CONF_TLS12,
	  NULL,
	  "alert \"protocol version\"" },
	{ "TLS 1.0",
	  { .max = TLS1_VERSION, .chain = { &rsa } },
	  { .compat = true },
	  false,
	  CONF_TLS12,
	  NULL,
	  "alert \"protocol version\"" },
	{ "TLS 1.2 where 1.3 is demanded",
	  { .max = TLS1_2_VERSION, .chain = { &ec } },
	  { .min_protocol = CONF_TLS13 },
	  false,
	  CONF_TLS13,
	  NULL,
	  "alert \"protocol version\"" },
	{ "unknown minimum",
	  { .max = TLS1_2_VERSION, .chain = { &ec } },
	  { .min_protocol = (enum conf_tls_version)9 },
	  false,
	  CONF_TLS13,
	  NULL,
	  "alert \"protocol version\"" },
	{ "client certificate asked for",
	  { .chain = { &ec }, .ask_client = true },
	  { 0 },
	  false,
	  CONF_TLS13,
	  "TLS_AES",
	  NULL },
	{ "the same in TLS 1.2",
	  { .max = TLS1_2_VERSION, .chain = { &ec }, .ask_client = true },
	  { 0 },
	  false,
	  CONF_TLS12,
	  "TLS_ECDHE_ECDSA",
	  NULL },
	{ "ten certificates", { .chain = { &ec, &root }, .copies = 8 }, { 0 }, false, CONF_TLS13, "TLS_AES", NULL },
	{ "eleven",
	  { .chain = { &ec, &root }, .copies = 9 },
	  { 0 },
	  false,
	  CONF_TLS13,
	  NULL,
	  "more than 10 certificates" },
	{ "eleven in TLS 1.2",
	  { .max = TLS1_2_VERSION, .chain = { &ec, &root }, .copies = 9 },
	  { 0 },
	  false,
	  CONF_TLS12,
	  NULL,
	  "more than 10 certificates" },
	{ "40 KiB of certificates", { .chain = { &ec, &big, &big } }, { 0 }, false, CONF_TLS13, "TLS_AES", NULL },
	{ "80 KiB", { .chain = { &ec, &big }, .copies = 3 }, { 0 }, false, CONF_TLS13, NULL, "too large" },
	{ "80 KiB in TLS 1.2",
	  { .max = TLS1_2_VERSION, .chain = { &ec, &big }, .copies = 3 },
	  { 0 },
	  false,
	  CONF_TLS12,
	  NULL,
	  "too large" },
};

static void check_facts(size_t i, const struct link *link)
{
	struct tls_peer *peer = tls_take_peer(link->client);
	const struct tls_session_facts *facts;

	assert_non_null(peer);
	facts = tls_peer_facts(peer);
	if (facts->version != handshakes[i].version || facts->weak != handshakes[i].weak || facts->resumed ||
	    strncmp(facts->cipher, handshakes[i].cipher, strlen(handshakes[i].cipher)) != 0)
		fail_msg("%s: %s %s weak %d resumed %d", handshakes[i].name, facts->version_name, facts->cipher,
			 facts->weak, facts->resumed);
	assert_string_equal(facts->version_name, facts->version == CONF_TLS13 ? "TLSv1.3" : "TLSv1.2");
	assert_string_not_equal(facts->group, "-");
	assert_string_equal(tls_error(link->client), "");
	tls_peer_free(peer);
}

static void run_handshake(size_t i, bool one_by_one)
{
	struct tls_client_ctx *ctx = client_ctx(0);
	SSL_CTX *server = server_ctx_new(&handshakes[i].served);
	struct link link;
	bool done;

	link_open(&link, ctx, server, &handshakes[i].options, one_by_one);
	done = link_handshake(&link) == TLS_DONE;
	if (done != (handshakes[i].cipher != NULL))
		fail_msg("%s: %d %s", handshakes[i].name, done, tls_error(link.client));
	if (done) {
		check_facts(i, &link);
		assert_int_equal(link.server_ret, 1);
	} else {
		size_t len;
		if (strstr(tls_error(link.client), handshakes[i].says) == NULL)
			fail_msg("%s: %s", handshakes[i].name, tls_error(link.client));
		/* What failed stays failed. */
		assert_int_equal(tls_handshake(link.client), TLS_FAILED);
		assert_int_equal(tls_write(link.client, "x", 1, &len), TLS_FAILED);
		assert_null(tls_take_peer(link.client));
	}
	link_close(&link);
	SSL_CTX_free(server);
	tls_client_ctx_free(ctx);
}

static void handshakes_end_as_the_table_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(handshakes); i++)
		run_handshake(i, false);
}

static void octet_by_octet_is_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(handshakes); i++)
		run_handshake(i, true);
}

/* --- servers that speak no TLS ------------------------------------------------------------------------------------ */

#define OCTETS(text) text, sizeof(text) - 1

static void nonsense_ends_the_handshake(void **state)
{
	static const struct {
		const char *octets;
		size_t len;
		bool closes; /* and then the server hangs up */
		const char *says;
	} cases[] = {
		{ OCTETS("250 2.0.0 Ok\r\n"), false, "not TLS" },
		{ OCTETS("HTTP/1.1 400 Bad Request\r\n\r\n"), false, "not TLS" },
		{ OCTETS("\0\0\0\0\0\0\0\0"), false, "not TLS" },
		{ OCTETS("\x15\x03\x03\x00\x02\x02\x28"), false, "alert \"handshake failure\"" },
		{ OCTETS("\x15\x03\x01\x00\x02\x02\x46"), false, "alert \"protocol version\"" },
		{ OCTETS("\x15\x03\x03\x00\x02\x02\x70"), false, "alert \"unrecognized name\"" },
		{ OCTETS("\x15\x03\x03\x00\x02\x01\x00"), false, "closed the connection" }, /* close_notify */
		{ OCTETS(""), true, "closed the connection during the TLS handshake" },
		{ OCTETS("\x16\x03\x03"), true, "closed the connection during the TLS handshake" },
		{ OCTETS("\x16\x03\x03\x00\x40\x02\x00\x00"), true, "closed the connection during the TLS handshake" },
		{ OCTETS("\x16\x03\x03\x00\x04\x02\x00\x00\x00"), false, "the rules of TLS" }, /* empty ServerHello */
		{ OCTETS("\x16\x03\x03\x00\x04\x00\x00\x00\x00"), false, "the rules of TLS" }, /* HelloRequest */
		{ OCTETS("\x17\x03\x03\x00\x05hello"), false, "the rules of TLS" },            /* data */
		{ OCTETS("\x16\x03\x03\xff\xff"), false, "the rules of TLS" },                 /* huge record */
		{ OCTETS("\x16\x03\x03\x00\x04\x02\xff\xff\xff"), false, "message that is too large" },
		{ OCTETS("\x16\x03\x03\x00\x0a\x02\x00\x00\x06\x03\x02\0\0\0\0"), false, "the rules of TLS" },
	};
	struct tls_client_ctx *ctx = client_ctx(0);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (unsigned slow = 0; slow < 2; slow++) {
			const struct tls_options options = { .servername = MX };
			struct link link;
			enum tls_step step = TLS_WANT_READ;
			link_open(&link, ctx, NULL, &options, false);
			assert_int_equal(tls_handshake(link.client), TLS_WANT_READ);
			for (size_t k = 0; k < cases[i].len && step == TLS_WANT_READ; k += slow ? 1 : cases[i].len) {
				size_t len = slow ? 1 : cases[i].len;
				assert_int_equal(write(link.server_fd, cases[i].octets + k, len), len);
				step = tls_handshake(link.client);
			}
			if (cases[i].closes) {
				assert_int_equal(step, TLS_WANT_READ);
				/* Not close(): what the client sent and nobody read would make it a reset. */
				assert_int_equal(shutdown(link.server_fd, SHUT_WR), 0);
				step = tls_handshake(link.client);
			}
			assert_int_equal(step, TLS_FAILED);
			if (strstr(tls_error(link.client), cases[i].says) == NULL)
				fail_msg("case %zu: %s", i, tls_error(link.client));
			link_close(&link);
		}
	tls_client_ctx_free(ctx);
}

static void a_reset_is_told_as_such(void **state)
{
	const struct tls_options options = { .servername = MX };
	struct tls_client_ctx *ctx = client_ctx(0);
	struct link link;

	(void)state;
	link_open(&link, ctx, NULL, &options, false);
	assert_int_equal(tls_handshake(link.client), TLS_WANT_READ);
	(void)close(link.server_fd); /* the ClientHello unread */
	link.server_fd = -1;
	assert_int_equal(tls_handshake(link.client), TLS_FAILED);
	assert_string_equal(tls_error(link.client), "the connection broke: Connection reset by peer");
	link_close(&link);
	tls_client_ctx_free(ctx);
}

/* --- the server name ---------------------------------------------------------------------------------------------- */

static void the_server_name_is_sent_as_it_should(void **state)
{
	static const char labels[] = "abcdefghijklmnopqrstuvwxyz.abcdefghijklmnopqrstuvwxyz.abcdefghijklmnopqrstuvwxyz."
				     "abcdefghijklmnopqrstuvwxyz.abcdefghijklmnopqrstuvwxyz.abcdefghijklmnopqrstuvwxyz."
				     "abcdefghijklmnopqrstuvwxyz.abcdefghijklmnopqrstuvwxyz.abcdefghijklmnopqrstuvwxyz."
				     "abcdefghijklmnopqrstuvwxyz.example.com";
	static const struct {
		const char *servername;
		const char *sent; /* NULL: no connection is made */
	} cases[] = {
		{ MX, MX },
		{ "MX.Example.COM", MX },
		{ "mx.example.com.", MX },
		{ "xn--mx-xka.example.com", "xn--mx-xka.example.com" },
		{ "", "" },
		{ NULL, "" },
		{ "192.0.2.1", "" },
		{ "2001:db8::1", "" },
		{ ".", NULL },
		{ labels, NULL },
	};
	struct tls_client_ctx *ctx = client_ctx(0);
	SSL_CTX *server = server_ctx_new(&(struct served){ .chain = { &ec } });

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct tls_options options = { .servername = cases[i].servername };
		struct link link;
		if (cases[i].sent == NULL) {
			assert_null(tls_new(ctx, 0, &options));
			continue;
		}
		link_open(&link, ctx, server, &options, false);
		assert_int_equal(link_handshake(&link), TLS_DONE);
		assert_string_equal(link.sni, cases[i].sent);
		link_close(&link);
	}
	SSL_CTX_free(server);
	tls_client_ctx_free(ctx);
}

/* --- data --------------------------------------------------------------------------------------------------------- */

#define BULK 300000

static void writes_survive_a_moving_buffer(void **state)
{
	struct tls_client_ctx *ctx = client_ctx(0);
	SSL_CTX *server = server_ctx_new(&(struct served){ .chain = { &ec } });
	static uint8_t sent[BULK];
	static uint8_t got[BULK];
	size_t at = 0;
	size_t have = 0;
	unsigned waits = 0;
	struct link link;

	(void)state;
	for (size_t i = 0; i < BULK; i++)
		sent[i] = (uint8_t)(i * 7 + i / 251);
	link_open(&link, ctx, server, &(struct tls_options){ 0 }, false);
	assert_int_equal(link_handshake(&link), TLS_DONE);
	while (have < BULK) {
		static uint8_t places[2][BULK];
		uint8_t *moved = places[waits % 2];
		enum tls_step step;
		size_t len;
		int ret;
		memcpy(moved, sent + at, BULK - at);
		step = tls_write(link.client, moved, BULK - at, &len);
		memset(moved, 0, BULK - at);
		assert_true(step == TLS_DONE || step == TLS_WANT_WRITE);
		at += len;
		waits += step == TLS_WANT_WRITE;
		if (step == TLS_DONE && at < BULK)
			continue; /* fill the socket first */
		while (have < BULK && (ret = SSL_read(link.server, got + have, (int)(BULK - have))) > 0)
			have += (size_t)ret;
	}
	assert_true(waits > 0);
	assert_int_equal(at, BULK);
	assert_memory_equal(sent, got, BULK);
	link_close(&link);
	SSL_CTX_free(server);
	tls_client_ctx_free(ctx);
}

static void octets_wait_decrypted(void **state)
{
	struct tls_client_ctx *ctx = client_ctx(0);
	SSL_CTX *server = server_ctx_new(&(struct served){ .chain = { &ec } });
	struct link link;
	char buf[100];
	size_t len;

	(void)state;
	link_open(&link, ctx, server, &(struct tls_options){ 0 }, false);
	assert_int_equal(tls_read(link.client, buf, sizeof(buf), &len), TLS_FAILED); /* not before the handshake */
	assert_string_equal(tls_error(link.client), "the TLS handshake is not done");
	link_close(&link);

	link_open(&link, ctx, server, &(struct tls_options){ 0 }, false);
	assert_int_equal(link_handshake(&link), TLS_DONE);
	assert_int_equal(tls_read(link.client, buf, sizeof(buf), &len), TLS_WANT_READ);
	assert_int_equal(len, 0);
	assert_int_equal(SSL_write(link.server, "250-mx.example.com\r\n250 SIZE\r\n", 30), 30);
	assert_int_equal(tls_pending(link.client), 0);
	assert_int_equal(tls_read(link.client, buf, 4, &len), TLS_DONE);
	assert_int_equal(len, 4);
	assert_memory_equal(buf, "250-", 4);
	assert_int_equal(tls_pending(link.client), 26);
	assert_int_equal(tls_read(link.client, buf, sizeof(buf), &len), TLS_DONE);
	assert_int_equal(len, 26);
	assert_int_equal(tls_pending(link.client), 0);
	assert_int_equal(tls_read(link.client, buf, sizeof(buf), &len), TLS_WANT_READ);
	assert_int_equal(tls_write(link.client, "", 0, &len), TLS_DONE);
	assert_int_equal(tls_write(link.client, "QUIT\r\n", 6, &len), TLS_DONE);
	assert_int_equal(len, 6);
	assert_int_equal(SSL_read(link.server, buf, sizeof(buf)), 6);
	link_close(&link);
	SSL_CTX_free(server);
	tls_client_ctx_free(ctx);
}

static void an_end_is_told_from_a_cut(void **state)
{
	struct tls_client_ctx *ctx = client_ctx(0);
	SSL_CTX *server = server_ctx_new(&(struct served){ .chain = { &ec } });
	struct link link;
	char buf[100];
	size_t len;

	(void)state;
	for (unsigned cut = 0; cut < 2; cut++) {
		link_open(&link, ctx, server, &(struct tls_options){ 0 }, false);
		assert_int_equal(link_handshake(&link), TLS_DONE);
		assert_int_equal(SSL_write(link.server, "221 bye\r\n", 9), 9);
		if (cut)
			assert_int_equal(shutdown(link.server_fd, SHUT_WR), 0);
		else
			assert_int_equal(SSL_shutdown(link.server), 0);
		assert_int_equal(tls_read(link.client, buf, sizeof(buf), &len), TLS_DONE);
		assert_int_equal(len, 9);
		for (unsigned again = 0; again < 2; again++) {
			assert_int_equal(tls_read(link.client, buf, sizeof(buf), &len), TLS_CLOSED);
			assert_int_equal(tls_truncated(link.client), cut);
		}
		assert_int_equal(tls_shutdown(link.client), TLS_DONE);
		assert_int_equal(SSL_read(link.server, buf, sizeof(buf)), 0);
		assert_int_equal(SSL_get_error(link.server, 0), SSL_ERROR_ZERO_RETURN); /* our close_notify */
		link_close(&link);
	}
	SSL_CTX_free(server);
	tls_client_ctx_free(ctx);
}

/* A record that was changed on the way, and clear text inside the session, end it. */
static void changed_octets_end_the_session(void **state)
{
	static const struct {
		const char *octets;
		size_t len;
	} cases[] = { { OCTETS("\x17\x03\x03\x00\x20"
			       "0123456789abcdef0123456789abcdef") },
		      { OCTETS("250 2.0.0 Ok\r\n") } };
	SSL_CTX *server = server_ctx_new(&(struct served){ .chain = { &ec } });
	struct tls_client_ctx *ctx = client_ctx(0);
	char buf[100];
	size_t len;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct link link;
		link_open(&link, ctx, server, &(struct tls_options){ 0 }, false);
		assert_int_equal(link_handshake(&link), TLS_DONE);
		assert_int_equal(tls_read(link.client, buf, sizeof(buf), &len), TLS_WANT_READ);
		assert_int_equal(write(link.server_fd, cases[i].octets, cases[i].len), cases[i].len);
		assert_int_equal(tls_read(link.client, buf, sizeof(buf), &len), TLS_FAILED);
		assert_int_equal(len, 0);
		assert_string_not_equal(tls_error(link.client), "");
		assert_int_equal(tls_write(link.client, "x", 1, &len), TLS_FAILED);
		assert_int_equal(tls_shutdown(link.client), TLS_FAILED);
		link_close(&link);
	}
	SSL_CTX_free(server);
	tls_client_ctx_free(ctx);
}

/* --- groups ------------------------------------------------------------------------------------------------------- */

static void groups_are_the_configured_ones(void **state)
{
	struct {
		char ours[32]; /* "": the default */
		const char *servers;
		const char *group; /* NULL: no handshake */
	} cases[] = {
		{ "", "X25519", "X25519" },
		{ "", "P-256", "P-256" },
		{ "", "P-384", "P-384" },
		{ "", "P-521", "P-521" },
		{ "P-384", NULL, "P-384" },
		{ "P-384", "X25519", NULL },
#ifdef SSL_GROUP_X25519_MLKEM768
		{ "", "X25519MLKEM768", "X25519MLKEM768" },
#endif
	};
	char error[TLS_ERROR_MAX];
	char names[64] = "X25519:nonsense";
	const struct conf with = { .tls_groups = names };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		SSL_CTX *server = server_ctx_new(&(struct served){ .groups = cases[i].servers, .chain = { &rsa } });
		const struct conf groups = { .tls_groups = cases[i].ours[0] != '\0' ? cases[i].ours : NULL };
		struct tls_client_ctx *ctx = tls_client_ctx_new(&groups, 0, error);
		struct link link;
		assert_non_null(ctx);
		link_open(&link, ctx, server, &(struct tls_options){ 0 }, false);
		assert_int_equal(link_handshake(&link), cases[i].group != NULL ? TLS_DONE : TLS_FAILED);
		if (cases[i].group != NULL) {
			struct tls_peer *peer = tls_take_peer(link.client);
			assert_string_equal(tls_peer_facts(peer)->group, cases[i].group);
			tls_peer_free(peer);
		}
		link_close(&link);
		SSL_CTX_free(server);
		tls_client_ctx_free(ctx);
	}
	assert_null(tls_client_ctx_new(&with, 0, error));
	assert_non_null(strstr(error, "\"X25519:nonsense\""));
}

/* --- the library -------------------------------------------------------------------------------------------------- */

/* A reload gives up the context while connections made of it still end. */
static void the_context_may_go_first(void **state)
{
	struct tls_client_ctx *ctx = client_ctx(8);
	SSL_CTX *server = server_ctx_new(&(struct served){ .chain = { &ec } });
	const struct tls_options options = { .servername = "mx.example" };
	struct link link;

	(void)state;
	link_open(&link, ctx, server, &options, false);
	tls_client_ctx_free(ctx);
	assert_int_equal(link_handshake(&link), TLS_DONE); /* and keeps its session */
	link_close(&link);
	SSL_CTX_free(server);
}

static void the_library_says_its_name(void **state)
{
	bool old = false;

	(void)state;
	assert_memory_equal(tls_library(&old), "BoringSSL (API ", 15);
#ifdef SSL_GROUP_X25519_MLKEM768
	assert_false(old);
#else
	assert_true(old);
#endif
	assert_ptr_equal(tls_library(NULL), tls_library(&old));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handshakes_end_as_the_table_says),
		cmocka_unit_test(octet_by_octet_is_the_same),
		cmocka_unit_test(nonsense_ends_the_handshake),
		cmocka_unit_test(a_reset_is_told_as_such),
		cmocka_unit_test(the_server_name_is_sent_as_it_should),
		cmocka_unit_test(writes_survive_a_moving_buffer),
		cmocka_unit_test(octets_wait_decrypted),
		cmocka_unit_test(an_end_is_told_from_a_cut),
		cmocka_unit_test(changed_octets_end_the_session),
		cmocka_unit_test(groups_are_the_configured_ones),
		cmocka_unit_test(the_context_may_go_first),
		cmocka_unit_test(the_library_says_its_name),
	};

	return cmocka_run_group_tests(tests, make_world, unmake_world);
}

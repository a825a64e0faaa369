/* test_conn_passthrough.c - client-tls = passthrough by real sockets: a client and a server that speak TLS with each
 * other, and all that is none. */
#include "secret_client.h"

static struct made leaf;
static SSL_CTX *server;
static SSL_CTX *server_of_old;
static SSL_CTX *client_ctx;

static int make_all(void **state)
{
	struct served served = { 0 };

	(void)state;
	make_certificate(&leaf, NULL);
	served.chain[0] = &leaf;
	server = server_ctx_new(&served);
	served.max = TLS1_1_VERSION;
	server_of_old = server_ctx_new(&served);
	assert_int_equal(SSL_CTX_set_min_proto_version(server_of_old, TLS1_VERSION), 1);
	client_ctx = SSL_CTX_new(TLS_method());
	assert_int_equal(SSL_CTX_set_min_proto_version(client_ctx, TLS1_VERSION), 1);
	return 0;
}

static int free_all(void **state)
{
	(void)state;
	SSL_CTX_free(server);
	SSL_CTX_free(server_of_old);
	SSL_CTX_free(client_ctx);
	made_free(&leaf);
	return 0;
}

static void open_to(struct fixture *f, SSL_CTX *ctx, enum level level)
{
	char error[TLS_ERROR_MAX];

	fixture_open(f, NULL);
	settings_unref(f->settings);
	f->settings = settings_new(&(struct settings_texts){ .conf = "client-tls = passthrough" }, 1, error);
	if (f->settings == NULL)
		fail_msg("%s", error);
	assert_null(f->settings->client_tls);
	f->served.tls = ctx;
	f->level = level;
	client_connects(f);
	hears(f, "220 mx.example");
	client_says(f, "EHLO c.lan\r\n");
}

static void open_all(struct fixture *f, SSL_CTX *ctx)
{
	open_to(f, ctx, LEVEL_ENCRYPT);
	hears(f, "250-STARTTLS\r\n");
	hears(f, "250 PIPELINING\r\n");
}

static void test_mail_past_the_gate(void **state)
{
	struct fixture f;
	struct secret_client c;

	(void)state;
	open_all(&f, server);
	client_says(&f, "STARTTLS\r\n");
	hears(&f, "220 go\r\n");
	begin_tls(&f, client_ctx, &c);
	secretly(&f, &c, "EHLO c.lan\r\n", "250 SIZE 1000000\r\n");
	secretly(&f, &c, "MAIL FROM:<a@c.lan>\r\nRCPT TO:<b@b.example>\r\nDATA\r\n", "354 go");
	secretly(&f, &c, "Subject: a secret\r\n\r\nthe secret itself\r\n.\r\n", "250 2.0.0 stored as 4711");
	secretly(&f, &c, "QUIT\r\n", "221 bye");
	assert_int_equal(SSL_shutdown(c.ssl), 0);
	client_hangs_up(&f);
	until_ended(&f);
	assert_int_equal(f.said.end, SESSION_END_PASSTHROUGH);
	assert_string_equal(f.said.client_tls, "passthrough");
	assert_string_equal(f.said.tls, "TLSv1.3");
	assert_string_equal(f.said.tls_offered, "TLSv1.3");
	assert_string_equal(f.said.servername, "");
	assert_true(f.said.passed_up > 200 && f.said.passed_down > 500);
	assert_non_null(strstr(f.secret, "the secret itself"));
	assert_string_equal(f.clear, "EHLO c.lan\r\nSTARTTLS\r\n");
	SSL_free(c.ssl);
	fixture_close(&f);
}

/* Held back while the server does not read, then all of it, in order. */
static void test_a_large_message(void **state)
{
	static char content[600 * 1024];
	struct fixture f;
	struct secret_client c;
	size_t at = fill_numbers(content, sizeof(content));

	(void)state;
	open_all(&f, server);
	client_says(&f, "STARTTLS\r\n");
	hears(&f, "220 go\r\n");
	begin_tls(&f, client_ctx, &c);
	secretly(&f, &c, "MAIL FROM:<a@c.lan>\r\nRCPT TO:<b@b.example>\r\nDATA\r\n", "354 go");
	says(&f, &c, content, at);
	secretly(&f, &c, ".\r\n", "250 2.0.0 stored as 4711");
	assert_true(f.secret_len + f.swallowed > at);
	client_hangs_up(&f);
	until_ended(&f);
	assert_true(f.said.passed_up > at);
	SSL_free(c.ssl);
	fixture_close(&f);
}

/* A server that never reads: the client is not read either, and memory stays bounded. */
static void test_held_back(void **state)
{
	static char content[64 * 1024];
	struct fixture f;
	struct secret_client c;
	size_t sent = 0;
	unsigned stuck = 0;

	(void)state;
	memset(content, 'x', sizeof(content));
	open_all(&f, server);
	f.served.deaf = true;
	client_says(&f, "STARTTLS\r\n");
	hears(&f, "220 go\r\n");
	begin_tls(&f, client_ctx, &c);
	secretly(&f, &c, "MAIL FROM:<a@c.lan>\r\nRCPT TO:<b@b.example>\r\nDATA\r\n", "354 go");
	while (stuck < 200) {
		int ret = SSL_write(c.ssl, content, 8000);
		stuck = ret > 0 ? 0 : stuck + 1;
		sent += ret > 0 ? (size_t)ret : 0;
		ERR_clear_error();
		turn(&f);
		assert_true(sent < 64U * 1024 * 1024); /* the kernel's buffers and ours are far smaller */
	}
	assert_int_equal(f.ended, 0);
	f.served.deaf = false;
	turns(&f, 2000);
	while (sent < 32U * 1024 * 1024) { /* and it goes on */
		if (SSL_write(c.ssl, content, 8000) > 0)
			break;
		ERR_clear_error();
		turn(&f);
	}
	client_hangs_up(&f);
	until_ended(&f);
	SSL_free(c.ssl);
	fixture_close(&f);
}

/* --- no mail in clear --------------------------------------------------------------------------------------------- */

static void test_mail_in_clear(void **state)
{
	static const enum level levels[] = { LEVEL_NONE, LEVEL_MAY, LEVEL_ENCRYPT };

	(void)state;
	for (size_t i = 0; i < COUNT(levels); i++) {
		struct fixture f;
		open_to(&f, server, levels[i]);
		hears(&f, "250 PIPELINING\r\n");
		client_says(&f, "MAIL FROM:<a@c.lan>\r\n");
		hears(&f, "530 5.7.0 Must issue a STARTTLS command first\r\n");
		client_says(&f, "QUIT\r\n");
		hears(&f, "221 ");
		until_ended(&f);
		turns(&f, 20);
		assert_null(strstr(f.clear, "MAIL"));
		fixture_close(&f);
		open_to(&f, NULL, levels[i]);
		hears(&f, "421 4.7.4 the server does not offer STARTTLS\r\n");
		until_ended(&f);
		fixture_close(&f);
	}
}

static const struct {
	const char *together; /* of the client, in one piece with STARTTLS */
	const char *behind;   /* of the server, in one piece with its 220 */
	const char *after;    /* of the client, once it heard the 220 */
	const char *injected; /* of the server, then */
	const char *says;     /* in part: what the client hears last, or why the session ended */
} injections[] = {
	{ "EHLO evil.lan\r\n", NULL, NULL, NULL, "421 4.7.0 data in clear behind STARTTLS\r\n" },
	{ "N", NULL, NULL, NULL, "421 4.7.0 data in clear behind STARTTLS\r\n" },
	{ "\x16\x03\x01", NULL, NULL, NULL, "421 4.7.0 data in clear behind STARTTLS\r\n" },
	{ NULL, "250 injected\r\n", NULL, NULL,
	  "421 4.7.0 the server sent data in clear behind its reply to STARTTLS\r\n" },
	{ NULL, "2", NULL, NULL, "421 4.7.0 the server sent data in clear behind its reply to STARTTLS\r\n" },
	{ NULL, NULL, "MAIL FROM:<evil@c.lan>\r\n", NULL,
	  "what the client sent where TLS should begin: this is not TLS" },
	{ NULL, NULL, "\r\n", NULL, "what the client sent where TLS should begin: this is not TLS" },
	{ NULL, NULL, "\x16\x03\x01\x02MAIL FROM:<evil@c.lan>\r\n", NULL,
	  "what the client sent where TLS should begin" },
	{ NULL, NULL, NULL, "250 injected\r\n", "the server sent data in clear behind its reply to STARTTLS" },
	{ NULL, NULL, NULL, "\x15\x03\x01", "the server sent data in clear behind its reply to STARTTLS" },
};

static void test_clear_text_never_crosses(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(injections); i++) {
		struct fixture f;
		char line[256];
		open_all(&f, server);
		f.served.behind = injections[i].behind;
		(void)snprintf(line, sizeof(line), "STARTTLS\r\n%s",
			       injections[i].together != NULL ? injections[i].together : "");
		client_says(&f, line);
		if (injections[i].together != NULL || injections[i].behind != NULL) {
			hears(&f, injections[i].says);
		} else {
			hears(&f, "220 go\r\n");
			if (injections[i].after != NULL)
				client_says(&f, injections[i].after);
			if (injections[i].injected != NULL)
				(void)!send(f.server, injections[i].injected, strlen(injections[i].injected),
					    MSG_NOSIGNAL);
			until_ended(&f);
			assert_non_null(strstr(f.said.reason, injections[i].says));
		}
		until_ended(&f);
		turns(&f, 20);
		assert_null(strstr(f.heard, "250"));
		assert_null(strstr(f.clear, "evil"));
		assert_null(strstr(f.secret, "evil"));
		fixture_close(&f);
	}
}

/* The 220 is not out yet when they arrive on their own. */
static void test_clear_text_close_behind(void **state)
{
	struct fixture f;

	(void)state;
	open_all(&f, server);
	client_says(&f, "STARTTLS\r\n");
	client_says(&f, "EHLO evil.lan\r\n");
	until_ended(&f);
	turns(&f, 20);
	assert_null(strstr(f.heard, "250"));
	assert_null(strstr(f.clear, "evil"));
	fixture_close(&f);
}

/* After TLS was there. */
static void test_clear_text_within(void **state)
{
	for (unsigned side = 0; side < 2; side++) {
		struct fixture f;
		struct secret_client c;
		(void)state;
		open_all(&f, server);
		client_says(&f, "STARTTLS\r\n");
		hears(&f, "220 go\r\n");
		begin_tls(&f, client_ctx, &c);
		secretly(&f, &c, "EHLO c.lan\r\n", "250 SIZE 1000000\r\n");
		if (side == 0)
			client_says(&f, "MAIL FROM:<a@c.lan>\r\n");
		else
			(void)!send(f.server, "250 injected\r\n", 14, MSG_NOSIGNAL);
		until_ended(&f);
		assert_string_equal(f.said.reason, side == 0 ? "the client sent something that is not TLS"
							     : "the server sent something that is not TLS");
		assert_null(strstr(f.clear, "MAIL"));
		SSL_free(c.ssl);
		fixture_close(&f);
	}
}

/* --- TLS that is none ----------------------------------------------------------------------------------------------
 */

static void handshake_fails(struct fixture *f, struct secret_client *c)
{
	f->client_deaf = true;
	*c = (struct secret_client){ .ssl = SSL_new(client_ctx) };
	SSL_set_connect_state(c->ssl);
	assert_int_equal(SSL_set_fd(c->ssl, f->client), 1);
	for (unsigned i = 0; i < TURNS_MAX && f->ended == 0; i++) {
		(void)SSL_do_handshake(c->ssl);
		ERR_clear_error();
		patient_turn(f, i);
	}
	assert_int_equal(f->ended, 1);
	assert_true(SSL_do_handshake(c->ssl) <= 0);
	ERR_clear_error();
}

static void test_an_old_version(void **state)
{
	struct fixture f;
	struct secret_client c;

	(void)state;
	open_all(&f, server_of_old);
	client_says(&f, "STARTTLS\r\n");
	hears(&f, "220 go\r\n");
	handshake_fails(&f, &c);
	assert_string_equal(f.said.reason, "what the server sent where TLS should begin: the server chose a version of "
					   "TLS that is too old");
	SSL_free(c.ssl);
	fixture_close(&f);
}

/* Its alert is passed on, so that the client knows. */
static void test_an_alert(void **state)
{
	struct fixture f;
	struct secret_client c;

	(void)state;
	open_all(&f, server);
	assert_int_equal(SSL_CTX_set_max_proto_version(client_ctx, TLS1_1_VERSION), 1);
	assert_int_equal(SSL_CTX_set_min_proto_version(server, TLS1_2_VERSION), 1);
	client_says(&f, "STARTTLS\r\n");
	hears(&f, "220 go\r\n");
	handshake_fails(&f, &c);
	assert_string_equal(f.said.reason, "the server refused TLS with alert 70");
	assert_int_equal(SSL_CTX_set_max_proto_version(client_ctx, 0), 1);
	SSL_free(c.ssl);
	fixture_close(&f);
}

/* --- endings -------------------------------------------------------------------------------------------------------
 */

static void test_they_go(void **state)
{
	static const char *const hello = "\x16\x03\x01\x02";

	(void)state;
	for (unsigned how = 0; how < 3; how++) {
		struct fixture f;
		open_all(&f, server);
		client_says(&f, "STARTTLS\r\n");
		hears(&f, "220 go\r\n");
		if (how > 0)
			client_says(&f, hello);
		turns(&f, 5);
		if (how < 2)
			client_hangs_up(&f);
		else
			server_close(&f, true);
		until_ended(&f);
		assert_int_equal(f.said.end, SESSION_END_PASSTHROUGH);
		assert_string_equal(f.said.reason, how < 2 ? "the client went where TLS should begin"
							   : "the server went where TLS should begin");
		fixture_close(&f);
	}
}

/* The server's last words after it has closed, and the client's after that. */
static void test_half_closed(void **state)
{
	struct fixture f;
	struct secret_client c;

	(void)state;
	open_all(&f, server);
	client_says(&f, "STARTTLS\r\n");
	hears(&f, "220 go\r\n");
	begin_tls(&f, client_ctx, &c);
	says(&f, &c, "NOOP\r\n", 6);
	assert_int_equal(shutdown(f.client, SHUT_WR), 0);
	secretly(&f, &c, "", "250 2.0.0 ok"); /* what was asked before is answered after */
	until_ended(&f);
	assert_string_equal(f.said.reason, "");
	SSL_free(c.ssl);
	fixture_close(&f);
}

/* Ended from outside at each turn of a session that is carried: nothing is left behind, and nothing is said in clear.
 */
static void test_shutdown_and_free_anywhere(void **state)
{
	(void)state;
	for (unsigned after = 0; after < 24; after++) {
		struct fixture f;
		char last[64] = "";
		SSL *ssl;
		open_all(&f, server);
		client_says(&f, "STARTTLS\r\n");
		hears(&f, "220 go\r\n");
		f.client_deaf = true;
		ssl = SSL_new(client_ctx);
		SSL_set_connect_state(ssl);
		assert_int_equal(SSL_set_fd(ssl, f.client), 1);
		for (unsigned i = 0; i < after / 2; i++) {
			(void)SSL_do_handshake(ssl);
			ERR_clear_error();
			(void)event_base_loop(f.base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
			server_step(&f);
		}
		if (after % 2 == 0) {
			conn_shutdown(f.conn);
			until_ended(&f);
			(void)!recv(f.client, last, sizeof(last) - 1, MSG_DONTWAIT);
			assert_null(strstr(last, "421"));
		} else {
			conn_free(f.conn);
		}
		SSL_free(ssl);
		fixture_close(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mail_past_the_gate),
		cmocka_unit_test(test_a_large_message),
		cmocka_unit_test(test_held_back),
		cmocka_unit_test(test_mail_in_clear),
		cmocka_unit_test(test_clear_text_never_crosses),
		cmocka_unit_test(test_clear_text_close_behind),
		cmocka_unit_test(test_clear_text_within),
		cmocka_unit_test(test_an_old_version),
		cmocka_unit_test(test_an_alert),
		cmocka_unit_test(test_they_go),
		cmocka_unit_test(test_half_closed),
		cmocka_unit_test(test_shutdown_and_free_anywhere),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}

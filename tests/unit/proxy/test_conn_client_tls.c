/* test_conn_client_tls.c - the client's own STARTTLS by real sockets: mail through two TLS legs, what stands in clear
 * where TLS should begin, and clients that go in the middle of it. */
#include "secret_client.h"

#include "proxy/tls/tls_server.h"

static struct made ca;
static struct made leaf;
static SSL_CTX *server;
static SSL_CTX *client_ctx;
static char *texts[2]; /* as ROLE_CLIENT_TLS_... */

static int make_all(void **state)
{
	struct served served = { 0 };

	(void)state;
	make_certificate(&leaf, &ca);
	served.chain[0] = &leaf;
	server = server_ctx_new(&served);
	client_ctx = SSL_CTX_new(TLS_method());
	assert_true(tls_server_make(time(NULL), &texts[0], &texts[1]));
	return 0;
}

static int free_all(void **state)
{
	(void)state;
	SSL_CTX_free(server);
	SSL_CTX_free(client_ctx);
	made_free(&ca);
	made_free(&leaf);
	free(texts[0]);
	free(texts[1]);
	return 0;
}

static void open_all(struct fixture *f)
{
	char error[TLS_ERROR_MAX];

	fixture_open(f, NULL);
	settings_unref(f->settings);
	f->settings = settings_new(&(struct settings_texts){ .conf = "client-tls = terminate", .client_tls = texts }, 1,
				   error);
	if (f->settings == NULL)
		fail_msg("%s", error);
	assert_non_null(f->settings->client_tls);
	f->served.tls = server;
	client_connects(f);
	hears(f, "220 mx.example");
	client_says(f, "EHLO c.lan\r\n");
	hears(f, "250-STARTTLS\r\n");
	hears(f, "250 PIPELINING\r\n");
}

static void test_mail_through_two_legs(void **state)
{
	struct fixture f;
	struct secret_client c;

	(void)state;
	open_all(&f);
	client_says(&f, "STARTTLS\r\n");
	hears(&f, "220 2.0.0 ready to start TLS\r\n");
	begin_tls(&f, client_ctx, &c);
	secretly(&f, &c, "MAIL FROM:<a@c.lan>\r\n", "503 5.5.1 say EHLO first");
	secretly(&f, &c, "EHLO c.lan\r\n", "250 PIPELINING\r\n");
	secretly(&f, &c, "STARTTLS\r\n", "503 5.5.1 TLS is up already");
	secretly(&f, &c, "MAIL FROM:<a@c.lan>\r\nRCPT TO:<b@b.example>\r\nDATA\r\n", "354 go");
	secretly(&f, &c, "Subject: a secret\r\n\r\nthe secret itself\r\n.\r\n", "250 2.0.0 stored as 4711");
	secretly(&f, &c, "QUIT\r\n", "221 2.0.0 bye");
	until_ended(&f);
	assert_string_equal(f.said.client_tls, SSL_get_version(c.ssl));
	assert_string_equal(f.said.client_tls, "TLSv1.3");
	assert_non_null(strstr(f.secret, "the secret itself"));
	assert_null(strstr(f.clear, "MAIL"));
	assert_null(strstr(f.clear, "secret"));
	SSL_free(c.ssl);
	fixture_close(&f);
}

/* More than any buffer holds, in both directions' own time. */
static void test_a_large_message(void **state)
{
	static char content[600 * 1024];
	struct fixture f;
	struct secret_client c;
	size_t at = fill_numbers(content, sizeof(content));

	(void)state;
	open_all(&f);
	client_says(&f, "STARTTLS\r\n");
	hears(&f, "220 2.0.0 ready to start TLS\r\n");
	begin_tls(&f, client_ctx, &c);
	secretly(&f, &c, "EHLO c.lan\r\n", "250 PIPELINING\r\n");
	secretly(&f, &c, "MAIL FROM:<a@c.lan>\r\nRCPT TO:<b@b.example>\r\nDATA\r\n", "354 go");
	says(&f, &c, content, at);
	secretly(&f, &c, ".\r\n", "250 2.0.0 stored as 4711");
	assert_true(f.secret_len + f.swallowed > at);
	assert_int_equal(SSL_shutdown(c.ssl), 0);
	client_hangs_up(&f);
	until_ended(&f);
	assert_int_equal(f.said.end, SESSION_END_CLIENT_GONE);
	SSL_free(c.ssl);
	fixture_close(&f);
}

/* --- what is no TLS ----------------------------------------------------------------------------------------------- */

static const struct {
	const char *together; /* in one piece with STARTTLS */
	const char *after;    /* once the 220 was heard */
	const char *reason;   /* of the session's end, in part */
} injections[] = {
	{ "EHLO evil.lan\r\n", NULL, "" },
	{ "MAIL FROM:<evil@c.lan>\r\nRCPT TO:<b@b.example>\r\n", NULL, "" },
	{ "N", NULL, "" },
	{ NULL, "EHLO c.lan\r\nMAIL FROM:<a@c.lan>\r\n", "the client sent something that is not TLS" },
	{ NULL, "\r\n\r\n\r\n\r\n", "the client sent something that is not TLS" },
};

static void test_clear_text_never_crosses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(injections) / sizeof(injections[0]); i++) {
		struct fixture f;
		char line[256];
		open_all(&f);
		(void)snprintf(line, sizeof(line), "STARTTLS\r\n%s",
			       injections[i].together != NULL ? injections[i].together : "");
		client_says(&f, line);
		if (injections[i].after != NULL) {
			hears(&f, "220 2.0.0 ready to start TLS\r\n");
			client_says(&f, injections[i].after);
		} else {
			hears(&f, "421 4.7.0 data in clear behind STARTTLS\r\n");
		}
		until_ended(&f);
		turns(&f, 20);
		assert_null(strstr(f.heard, "250"));
		assert_null(strstr(f.clear, "evil"));
		assert_null(strstr(f.clear, "MAIL"));
		assert_non_null(strstr(f.said.reason, injections[i].reason));
		fixture_close(&f);
	}
}

/* The 220 is not out yet when the first octets in clear arrive on their own: they are no commands then either. */
static void test_clear_text_close_behind(void **state)
{
	struct fixture f;

	(void)state;
	open_all(&f);
	client_says(&f, "STARTTLS\r\n");
	client_says(&f, "EHLO evil.lan\r\n");
	until_ended(&f);
	turns(&f, 20);
	assert_null(strstr(f.heard, "250"));
	assert_null(strstr(f.clear, "evil"));
	fixture_close(&f);
}

/* --- endings ------------------------------------------------------------------------------------------------------ */

static void test_client_goes_within(void **state)
{
	struct fixture f;

	(void)state;
	open_all(&f);
	client_says(&f, "STARTTLS\r\n");
	hears(&f, "220 2.0.0 ready to start TLS\r\n");
	client_says(&f, "\x16\x03\x01\x02");
	turns(&f, 5);
	client_hangs_up(&f);
	until_ended(&f);
	assert_int_equal(f.said.end, SESSION_END_CLIENT_TLS);
	assert_non_null(strstr(f.said.reason, "the client closed the connection"));
	fixture_close(&f);
}

/* Ended from outside at each turn of a session that goes over to TLS: nothing is left behind. */
static void test_shutdown_and_free_anywhere(void **state)
{
	(void)state;
	for (unsigned after = 0; after < 24; after++) {
		struct fixture f;
		SSL *ssl;
		open_all(&f);
		client_says(&f, "STARTTLS\r\n");
		hears(&f, "220 2.0.0 ready to start TLS\r\n");
		f.client_deaf = true;
		ssl = SSL_new(client_ctx);
		SSL_set_connect_state(ssl);
		assert_int_equal(SSL_set_fd(ssl, f.client), 1);
		for (unsigned i = 0; i < after / 2; i++) {
			(void)SSL_do_handshake(ssl);
			ERR_clear_error();
			(void)event_base_loop(f.base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
		}
		if (after % 2 == 0) {
			conn_shutdown(f.conn);
			until_ended(&f);
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
		cmocka_unit_test(test_mail_through_two_legs),    cmocka_unit_test(test_a_large_message),
		cmocka_unit_test(test_clear_text_never_crosses), cmocka_unit_test(test_clear_text_close_behind),
		cmocka_unit_test(test_client_goes_within),       cmocka_unit_test(test_shutdown_and_free_anywhere),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}

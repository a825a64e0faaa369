/* test_conn.c - sessions driven by real sockets: what comes of peers that go, answers that come late, readers that are
 * slow; and that nothing of a mail is ever seen in clear that was not meant to be. */
#include "conn_harness.h"

#include <sys/resource.h>

static const char message[] = "Subject: a secret\r\n\r\nthe secret itself\r\n.\r\n";
static struct made ca;
static struct made leaf;
static struct made foreign;
static char ca_pem[8192];
static SSL_CTX *good_server;
static SSL_CTX *foreign_server;

static int make_all(void **state)
{
	struct served served = { 0 };

	(void)state;
	make_certificate(&leaf, &ca);
	make_certificate(&foreign, NULL);
	made_pem(&ca, ca_pem, sizeof(ca_pem));
	served.chain[0] = &leaf;
	good_server = server_ctx_new(&served);
	served.chain[0] = &foreign;
	foreign_server = server_ctx_new(&served);
	return 0;
}

static int free_all(void **state)
{
	(void)state;
	SSL_CTX_free(good_server);
	SSL_CTX_free(foreign_server);
	made_free(&ca);
	made_free(&leaf);
	made_free(&foreign);
	return 0;
}

/* nothing_leaked: of envelope and content nothing was seen in clear. */
static void nothing_leaked(const struct fixture *f)
{
	assert_null(strstr(f->clear, "MAIL"));
	assert_null(strstr(f->clear, "RCPT"));
	assert_null(strstr(f->clear, "DATA"));
	assert_null(strstr(f->clear, "secret"));
}

static void say_all(struct fixture *f)
{
	hears(f, "220 mx.example");
	client_says(f, "EHLO c.lan\r\n");
	hears(f, "250 PIPELINING\r\n");
	client_says(f, "MAIL FROM:<a@c.lan>\r\n");
	hears(f, "250 2.1.0 ok\r\n");
	client_says(f, "RCPT TO:<b@d.example>\r\n");
}

static void send_message(struct fixture *f)
{
	hears(f, "rcpt ok by the server\r\n");
	client_says(f, "DATA\r\n");
	hears(f, "354 ");
	client_says(f, message);
	hears(f, "stored as 4711\r\n");
}

static void quit(struct fixture *f)
{
	client_says(f, "QUIT\r\n");
	hears(f, "221 ");
	until_ended(f);
}

static void test_in_clear_where_permitted(void **state)
{
	static const enum level levels[] = { LEVEL_NONE, LEVEL_MAY };
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < COUNT(levels); i++) {
		fixture_open(&f, NULL);
		f.level = levels[i];
		f.served.refuse = levels[i] == LEVEL_MAY;
		f.served.tls = good_server;
		client_connects(&f);
		say_all(&f);
		send_message(&f);
		quit(&f);
		assert_non_null(strstr(f.clear, "the secret itself\r\n.\r\n"));
		assert_int_equal(f.handshakes, 0);
		fixture_close(&f);
	}
}

static void test_over_tls_and_resumed(void **state)
{
	static const enum level levels[] = { LEVEL_MAY, LEVEL_ENCRYPT, LEVEL_SECURE };
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < COUNT(levels); i++) {
		fixture_open(&f, ca_pem);
		f.level = levels[i];
		f.served.tls = good_server;
		for (unsigned session = 0; session < 3; session++) {
			client_connects(&f);
			say_all(&f);
			send_message(&f);
			quit(&f);
		}
		nothing_leaked(&f);
		assert_non_null(strstr(f.secret, "the secret itself\r\n.\r\n"));
		assert_int_equal(f.handshakes, 3);
		assert_int_equal(f.resumed, 2);
		fixture_close(&f);
	}
}

static void digest_of(SSL_CTX *server, uint8_t out[32])
{
	uint8_t *der = NULL;
	int len = i2d_X509(SSL_CTX_get0_certificate(server), &der);

	assert_true(len > 0);
	(void)SHA256(der, (size_t)len, out);
	OPENSSL_free(der);
}

/* Level dane over sockets: the TLSA base domain is asked for, and who resumes is judged by the records like who does
 * not. */
static void test_dane_and_resumed(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, NULL);
	f.level = LEVEL_DANE;
	f.served.tls = foreign_server; /* no CA of ours, no name of ours */
	digest_of(foreign_server, f.tlsa);
	for (unsigned session = 0; session < 3; session++) {
		client_connects(&f);
		say_all(&f);
		send_message(&f);
		quit(&f);
		assert_int_equal(f.said.policy, DEMAND_OF_DANE);
		assert_true(f.said.authenticated);
		assert_string_equal(f.said.tlsa, "3 0 1");
		assert_string_equal(f.said.servername, "base.example");
	}
	assert_int_equal(f.handshakes, 3);
	assert_int_equal(f.resumed, 2);
	nothing_leaked(&f);
	f.secret_len = 0;
	f.secret[0] = '\0';
	f.tlsa[31] ^= 1; /* the domain has another record now: that is another policy */
	client_connects(&f);
	say_all(&f);
	hears(&f, "451 4.7.5 ");
	assert_int_equal(f.said.result, RESULT_TLSA_INVALID);
	assert_false(f.said.authenticated);
	quit(&f);
	assert_int_equal(f.handshakes, 4);
	assert_int_equal(f.resumed, 2);
	assert_null(strstr(f.secret, "MAIL"));
	nothing_leaked(&f);
	fixture_close(&f);
}

/* Certificates that were good enough for another level are judged anew, and no session is resumed for it. */
static void test_resumed_is_judged(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, ca_pem);
	f.served.tls = foreign_server;
	client_connects(&f);
	say_all(&f);
	send_message(&f);
	quit(&f);
	assert_non_null(strstr(f.secret, "MAIL"));
	f.secret_len = 0;
	f.secret[0] = '\0';
	f.level = LEVEL_SECURE;
	client_connects(&f);
	say_all(&f);
	hears(&f, "451 4.7.");
	quit(&f);
	assert_int_equal(f.handshakes, 2);
	assert_int_equal(f.resumed, 0);
	assert_null(strstr(f.secret, "MAIL"));
	nothing_leaked(&f);
	fixture_close(&f);
}

static void test_refusals(void **state)
{
	static const struct {
		bool tls;
		bool refuse;
		bool foreign;
		enum level level;
		const char *reply;
	} cases[] = {
		{ true, true, false, LEVEL_ENCRYPT, "451 4.7.4 the server refused STARTTLS" },
		{ true, false, true, LEVEL_SECURE, "451 4.7." },
		{ true, true, false, LEVEL_SECURE, "451 4.7.4 the server refused STARTTLS" },
	};
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		fixture_open(&f, ca_pem);
		f.level = cases[i].level;
		f.served.tls = cases[i].foreign ? foreign_server : good_server;
		f.served.refuse = cases[i].refuse;
		client_connects(&f);
		say_all(&f);
		hears(&f, cases[i].reply);
		client_says(&f, "DATA\r\n");
		hears(&f, "451 4.5.1");
		quit(&f);
		nothing_leaked(&f);
		assert_null(strstr(f.secret, "MAIL"));
		fixture_close(&f);
	}
}

/* What stood in clear before TLS must not count as said over TLS, nor may STARTTLS be answered before it was said. */
static void test_injected_replies(void **state)
{
	static const char *const early[] = {
		"220 go\r\n",
		"220 go\r\n250 mx.example\r\n250 ok\r\n250 ok\r\n354 go\r\n250 stored\r\n",
		"250 ok\r\n",
		"no reply at all",
	};
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < COUNT(early); i++) {
		fixture_open(&f, NULL);
		f.served.tls = good_server;
		f.served.early = early[i];
		client_connects(&f);
		hears(&f, "220 mx.example");
		client_says(&f, "EHLO c.lan\r\nMAIL FROM:<a@c.lan>\r\nRCPT TO:<b@d.example>\r\nDATA\r\n");
		client_says(&f, message);
		turns(&f, 400);
		nothing_leaked(&f);
		assert_null(strstr(f.heard, "354"));
		assert_null(strstr(f.heard, "stored"));
		assert_null(strstr(f.secret, "STARTTLS"));
		fixture_close(&f);
	}
}

/* Whoever goes, at whatever step: the session ends, or goes on without inventing anything, and nothing is left over. */
static void test_server_goes(void **state)
{
	static const char *const steps[] = {
		"banner", "EHLO", "STARTTLS", "MAIL", "RCPT", "DATA", "dot", "QUIT", "RSET"
	};
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < COUNT(steps) * 4; i++) {
		bool stored;
		bool lost = i / 4 < 7 && (i / 4 != 2 || (i & 1) != 0); /* STARTTLS is not said at level may */
		fixture_open(&f, ca_pem);
		f.served.tls = (i & 1) != 0 ? good_server : NULL;
		f.level = (i & 1) != 0 ? LEVEL_SECURE : LEVEL_MAY;
		f.served.rudely = (i & 2) != 0;
		f.served.goes = steps[i / 4];
		client_connects(&f);
		client_says(&f, "EHLO c.lan\r\nMAIL FROM:<a@c.lan>\r\nRCPT TO:<b@d.example>\r\nDATA\r\n");
		turns(&f, 400);
		if (!f.client_eof && strstr(f.heard, "354 ") != NULL)
			client_says(&f, message);
		turns(&f, 100);
		stored = strstr(f.heard, "stored as 4711") != NULL;
		assert_true(stored != lost);
		if ((i & 1) != 0)
			nothing_leaked(&f);
		fixture_close(&f);
		assert_int_equal(f.ended, 1);
	}
}

static void test_client_goes(void **state)
{
	static const char dialogue[] = "EHLO c.lan\r\nMAIL FROM:<a@c.lan>\r\nRCPT TO:<b@d.example>\r\nDATA\r\n"
				       "the secret\r\n.\r\nQUIT\r\n";
	struct linger now = { .l_onoff = 1, .l_linger = 0 };
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < (sizeof(dialogue) - 1) * 4; i++) {
		char part[sizeof(dialogue)];
		fixture_open(&f, NULL);
		f.served.tls = good_server;
		f.answers = (i & 2) != 0 ? ANSWER_LATER : ANSWER_NOW;
		client_connects(&f);
		(void)snprintf(part, sizeof(part), "%.*s", (int)(i / 4 + 1), dialogue);
		client_says(&f, part);
		turns(&f, (unsigned)(i % 64)); /* so that it is gone at whatever point of the work */
		if ((i & 1) != 0)
			assert_int_equal(setsockopt(f.client, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
		client_hangs_up(&f);
		turns(&f, 100);
		/* One that said more than its RCPT may have closed its own side alone: it is served to its last word.
		 */
		if (f.asked != 0) {
			assert_non_null(strstr(part, "RCPT TO:<b@d.example>\r\nD"));
			answer(&f);
		}
		until_ended(&f);
		nothing_leaked(&f);
		fixture_close(&f);
	}
}

/* A client that says all at once, and ends its side behind it, gets all replies in their order. */
static void test_pipelined(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, NULL);
	f.served.tls = good_server;
	client_connects(&f);
	client_says(&f,
		    "EHLO c.lan\r\nNOOP\r\nMAIL FROM:<a@c.lan>\r\nRCPT TO:<b@d.example>\r\nRCPT TO:<c@d.example>\r\n"
		    "DATA\r\n");
	client_says(&f, message);
	client_says(&f, "MAIL FROM:<a@c.lan>\r\nRSET\r\nQUIT\r\n");
	assert_int_equal(shutdown(f.client, SHUT_WR), 0);
	hears(&f, "220 ");
	hears(&f, "250 PIPELINING");
	hears(&f, "250 2.0.0 ok");
	hears(&f, "250 2.1.0 ok");
	hears(&f, "250 2.1.5 rcpt ok");
	hears(&f, "250 2.1.5 rcpt ok");
	hears(&f, "354 ");
	hears(&f, "stored as 4711");
	hears(&f, "250 2.1.0 ok");
	hears(&f, "250 2.0.0 ok");
	hears(&f, "221 ");
	until_ended(&f);
	nothing_leaked(&f);
	fixture_close(&f);
}

static void test_answers(void **state)
{
	static const enum answers all[] = { ANSWER_LATER, ANSWER_NEVER, ANSWER_NEVER, ANSWER_FULL };
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		const bool abandoned = i == 2; /* by policyd and the parent */
		fixture_open(&f, NULL);
		f.served.tls = good_server;
		f.answers = all[i];
		client_connects(&f);
		say_all(&f);
		turns(&f, 100);
		assert_null(strstr(f.secret, "MAIL"));
		if (all[i] == ANSWER_FULL) {
			hears(&f, "451 4.4.3");
		} else {
			assert_int_equal(f.heard_len, 0);
			assert_int_not_equal(f.asked, 0);
		}
		if (all[i] == ANSWER_LATER) {
			answer(&f);
			send_message(&f);
		}
		if (abandoned) {
			f.asked = 0;
			conn_answer(f.conn, NULL);
			hears(&f, "451 4.4.3");
		}
		if (all[i] == ANSWER_NEVER && !abandoned) {
			conn_shutdown(f.conn);
			assert_int_equal(f.asked, 0);
			hears(&f, "421 4.3.2");
		} else {
			quit(&f);
		}
		nothing_leaked(&f);
		fixture_close(&f);
		assert_int_equal(f.ended, 1);
	}
}

/* Shutdown, or being dropped, after so many turns of a session that is busy. */
static void test_shutdown_and_free_anywhere(void **state)
{
	struct fixture f;

	(void)state;
	for (unsigned i = 0; i < 160; i++) {
		fixture_open(&f, ca_pem);
		f.served.tls = good_server;
		f.level = LEVEL_SECURE;
		f.answers = (i & 2) != 0 ? ANSWER_LATER : ANSWER_NOW;
		client_connects(&f);
		client_says(&f, "EHLO c.lan\r\nMAIL FROM:<a@c.lan>\r\nRCPT TO:<b@d.example>\r\nDATA\r\n");
		client_says(&f, message);
		for (unsigned k = 0; k < i / 2; k++) {
			turn(&f);
			if (f.asked != 0 && k > 20)
				answer(&f);
		}
		assert_non_null(f.conn);
		if ((i & 1) != 0)
			conn_free(f.conn);
		else
			conn_shutdown(f.conn);
		assert_int_equal(f.ended, 1);
		assert_int_equal(f.asked, 0);
		turns(&f, 50);
		assert_true(f.client_eof);
		nothing_leaked(&f);
		fixture_close(&f);
	}
}

/* A server that does not read makes the client wait: what is kept of its message is bounded. */
static void test_deaf_server(void **state)
{
	struct fixture f;
	static char block[65536];
	size_t sent = 0;
	unsigned idle = 0;

	(void)state;
	memset(block, 'x', sizeof(block));
	for (size_t i = 76; i < sizeof(block); i += 78)
		memcpy(block + i, "\r\n", 2);
	fixture_open(&f, NULL);
	f.served.tls = good_server;
	f.served.deaf = true;
	client_connects(&f);
	say_all(&f);
	hears(&f, "rcpt ok by the server\r\n");
	client_says(&f, "DATA\r\n");
	hears(&f, "354 ");
	for (unsigned i = 0; i < TURNS_MAX && idle < 200; i++) {
		ssize_t n = send(f.client, block, sizeof(block), MSG_NOSIGNAL);
		sent += n > 0 ? (size_t)n : 0;
		idle = n > 0 ? 0 : idle + 1;
		turn(&f);
	}
	assert_int_equal(idle, 200); /* the kernel's buffers and the legs' bounds are full */
	f.served.deaf = false;
	turns(&f, 4000);
	client_says(&f, "\r\n.\r\n");
	hears(&f, "stored as 4711\r\n");
	assert_true(f.swallowed + f.secret_len >= sent);
	quit(&f);
	fixture_close(&f);
}

/* A client that does not read its replies is not read any more. */
static void test_deaf_client(void **state)
{
	struct fixture f;
	static char noops[60000];
	unsigned idle = 0;

	(void)state;
	for (size_t i = 0; i + 6 <= sizeof(noops); i += 6)
		memcpy(noops + i, "NOOP\r\n", 6);
	fixture_open(&f, NULL);
	f.served.tls = good_server;
	client_connects(&f);
	say_all(&f);
	hears(&f, "rcpt ok by the server\r\n");
	f.client_deaf = true;
	for (unsigned i = 0; i < TURNS_MAX && idle < 400; i++) {
		ssize_t n = send(f.client, noops, sizeof(noops), MSG_NOSIGNAL);
		idle = n > 0 ? 0 : idle + 1;
		turn(&f);
	}
	assert_int_equal(idle, 400);
	assert_non_null(f.conn);
	client_hangs_up(&f);
	until_ended(&f);
	fixture_close(&f);
}

/* The server's last words are heard, though it goes at once and by a reset. */
static void test_last_words(void **state)
{
	struct fixture f;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		fixture_open(&f, NULL);
		f.served.tls = (i & 1) != 0 ? good_server : NULL;
		f.level = LEVEL_MAY;
		f.served.final = "552 5.3.4 too large\r\n";
		f.served.rudely = (i & 2) != 0;
		client_connects(&f);
		say_all(&f);
		hears(&f, "rcpt ok by the server\r\n");
		client_says(&f, "DATA\r\n");
		hears(&f, "354 ");
		client_says(&f, message);
		hears(&f, "552 5.3.4 too large\r\n");
		quit(&f);
		fixture_close(&f);
	}
}

/* What this host lacks is not held against the server: the next client is served. */
static void test_no_descriptors_for_the_server(void **state)
{
	struct rlimit old;
	struct rlimit none;
	struct fixture f;

	(void)state;
	fixture_open(&f, NULL);
	f.served.tls = good_server;
	f.hosts = host_memory_new(16);
	client_connects(&f);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = (struct rlimit){ 3, old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	hears(&f, "421 4.4.1 the server does not answer\r\n");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	until_ended(&f);
	client_connects(&f);
	say_all(&f);
	send_message(&f);
	quit(&f);
	/* A server that refuses to be connected to, however, is remembered. */
	assert_int_equal(shutdown(f.listener, SHUT_RDWR), 0);
	for (unsigned i = 0; i < 2; i++) {
		client_connects(&f);
		hears(&f, i == 0 ? "421 4.4.1 the server does not answer" : "did not answer a moment ago");
		until_ended(&f);
	}
	fixture_close(&f);
	host_memory_free(f.hosts);
}

/* What becomes of one client's packets says nothing about another's. */
static void test_unreachable_for_one_client(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, NULL);
	f.hosts = host_memory_new(16);
	f.as_client = true; /* without the privilege no socket is made, and that is not the server's fault at all */
	assert_int_equal(shutdown(f.listener, SHUT_RDWR), 0);
	for (unsigned i = 0; i < 2; i++) {
		assert_true(addr_parse(&f.client_addr, i == 0 ? "10.0.0.1" : "10.0.0.2"));
		client_connects(&f);
		hears(&f, "421 4.4.1 the server does not answer");
		until_ended(&f);
	}
	fixture_close(&f);
	host_memory_free(f.hosts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_clear_where_permitted),
		cmocka_unit_test(test_over_tls_and_resumed),
		cmocka_unit_test(test_resumed_is_judged),
		cmocka_unit_test(test_dane_and_resumed),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_injected_replies),
		cmocka_unit_test(test_server_goes),
		cmocka_unit_test(test_client_goes),
		cmocka_unit_test(test_pipelined),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_shutdown_and_free_anywhere),
		cmocka_unit_test(test_deaf_server),
		cmocka_unit_test(test_deaf_client),
		cmocka_unit_test(test_last_words),
		cmocka_unit_test(test_no_descriptors_for_the_server),
		cmocka_unit_test(test_unreachable_for_one_client),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}

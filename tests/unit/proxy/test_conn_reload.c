/* test_conn_reload.c - reloads under a session: a verdict is judged by the CA bundles of the configuration that it is
 * of, however many came after it. */
#include "conn_harness.h"

static struct made ca;
static struct made leaf;
static struct made other;
static char good[8192];    /* the authority of the server */
static char another[8192]; /* not it */
static SSL_CTX *server;

static int make_all(void **state)
{
	struct served served = { 0 };
	struct made unused;

	(void)state;
	make_certificate(&leaf, &ca);
	make_certificate(&unused, &other);
	made_free(&unused);
	made_pem(&ca, good, sizeof(good));
	made_pem(&other, another, sizeof(another));
	served.chain[0] = &leaf;
	server = server_ctx_new(&served);
	return 0;
}

static int free_all(void **state)
{
	(void)state;
	SSL_CTX_free(server);
	made_free(&ca);
	made_free(&leaf);
	made_free(&other);
	return 0;
}

static void reload(struct fixture *f, const char *ca_pem)
{
	char error[TLS_ERROR_MAX];
	char *texts[1] = { (char *)(uintptr_t)ca_pem };
	uint32_t generation = f->settings->generation + 1;

	settings_unref(f->settings);
	f->settings = settings_new(&(struct settings_texts){ "", texts, 1, NULL }, generation, error);
	assert_non_null(f->settings);
}

/* The session begins under |first|; its verdict comes under |second|; the server is judged under |third|. */
static void session(enum answers answers, const char *first, const char *second, const char *third, const char *reply)
{
	struct fixture f;

	fixture_open(&f, first);
	f.level = LEVEL_VERIFY;
	f.answers = answers;
	f.served.tls = server;
	client_connects(&f);
	hears(&f, "220 mx.example");
	client_says(&f, "EHLO c.lan\r\n");
	hears(&f, "250 PIPELINING\r\n");
	reload(&f, second);
	client_says(&f, "MAIL FROM:<a@c.lan>\r\nRCPT TO:<b@d.example>\r\n");
	for (unsigned i = 0; i < TURNS_MAX && strstr(f.clear, "STARTTLS") == NULL; i++) {
		turn(&f);
		if (f.asked != 0)
			answer(&f);
	}
	assert_non_null(strstr(f.clear, "STARTTLS"));
	reload(&f, third);
	reload(&f, third);
	hears(&f, reply);
	assert_null(strstr(f.clear, "MAIL"));
	fixture_close(&f);
}

static void test_bundles(void **state)
{
	static const enum answers answers[] = { ANSWER_NOW, ANSWER_LATER };

	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		session(answers[i], good, good, good, "rcpt ok by the server\r\n");
		session(answers[i], another, good, another, "rcpt ok by the server\r\n");
		session(answers[i], good, another, good, "451 4.7.");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_bundles) };

	return cmocka_run_group_tests_name("conn_reload", tests, make_all, free_all);
}

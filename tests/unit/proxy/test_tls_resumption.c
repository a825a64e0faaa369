/* Sessions that are resumed, and who they are: proxy/tls.h. */
#include "tls_server.h"

#include <signal.h>
#include <stdlib.h>

#include "proxy/tls/tls_tlsa.h"
#include "proxy/tls/tls_trust.h"
#include "proxy/tls/tls_verify.h"

#define MX "mx.example.com"

static struct made root;
static struct made ec; /* for MX, by root */
static struct tls_trust *trust;

static int make_world(void **state)
{
	char pem[4096] = "";
	char error[TLS_ERROR_MAX];

	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	root = made_cert(&(struct recipe){ .cn = "root", .basic = "critical,CA:TRUE" }, NULL);
	ec = made_cert(&(struct recipe){ .sans = MX }, &root);
	made_pem(&root, pem, sizeof(pem));
	trust = tls_trust_new();
	assert_true(tls_trust_add(trust, "root.pem", pem, strlen(pem), error));
	return 0;
}

static int unmake_world(void **state)
{
	(void)state;
	tls_trust_free(trust);
	made_free(&root);
	made_free(&ec);
	return 0;
}

static struct tls_client_ctx *client_ctx(size_t sessions)
{
	const struct conf conf = { .tls_groups = NULL };
	char error[TLS_ERROR_MAX];
	struct tls_client_ctx *ctx = tls_client_ctx_new(&conf, sessions, error);

	assert_non_null(ctx);
	return ctx;
}

static struct judgement judge_as(const struct tls_peer *peer, const char *name, time_t now)
{
	struct verdict_name names[1] = { { .subdomains = false } };
	const struct verdict verdict = { .status = VERDICT_OK,
					 .source = VERDICT_SOURCE_DOMAIN,
					 .level = LEVEL_SECURE,
					 .names = names,
					 .names_count = 1 };

	(void)snprintf(names[0].name, sizeof(names[0].name), "%s", name);
	return tls_judge(peer, &verdict, NULL, now, trust);
}

/* dane_of is a verdict of level dane for |record|, at |mx|. */
static struct verdict dane_of(struct verdict_mx *mx, struct tlsa *record)
{
	const struct verdict verdict = { .status = VERDICT_OK,
					 .source = VERDICT_SOURCE_DOMAIN,
					 .level = LEVEL_DANE,
					 .floor = LEVEL_ENCRYPT,
					 .mx_lookup = VERDICT_LOOKUP_FOUND,
					 .mx_secure = true,
					 .mx = mx,
					 .mx_count = 1,
					 .published = { .status = VERDICT_PUBLISHED_NONE } };

	*mx = (struct verdict_mx){
		.name = MX, .tlsa_base = MX, .dane = VERDICT_DANE_USABLE, .tlsa = record, .tlsa_count = 1
	};
	return verdict;
}

/* talk makes one connection, lets a ticket arrive, and returns its peer, which outlives it. */
static struct tls_peer *talk(struct tls_client_ctx *ctx, SSL_CTX *server, const struct tls_options *options)
{
	struct tls_peer *peer;
	struct link link;
	char buf[16];
	size_t len;

	link_open(&link, ctx, server, options, false);
	assert_int_equal(link_handshake(&link), TLS_DONE);
	assert_int_equal(SSL_write(link.server, "220\r\n", 5), 5);
	assert_int_equal(tls_read(link.client, buf, sizeof(buf), &len), TLS_DONE);
	peer = tls_take_peer(link.client);
	assert_non_null(peer);
	assert_int_equal(SSL_session_reused(link.server), tls_peer_facts(peer)->resumed);
	link_close(&link);
	return peer;
}

static bool resumes(struct tls_client_ctx *ctx, SSL_CTX *server, const struct tls_options *options)
{
	struct tls_peer *peer = talk(ctx, server, options);
	bool resumed = tls_peer_facts(peer)->resumed;

	tls_peer_free(peer);
	return resumed;
}

static struct tls_options usual(void)
{
	struct tls_options options = { .servername = MX, .destination = { .port = 25 } };

	assert_true(addr_parse(&options.destination.addr, "192.0.2.1"));
	return options;
}

static const uint16_t versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

static void a_resumed_peer_is_judged_as_a_new_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(versions); i++) {
		struct tls_client_ctx *ctx = client_ctx(4);
		SSL_CTX *server = server_ctx_new(&(struct served){ .max = versions[i], .chain = { &ec, &root } });
		const struct tls_options options = usual();
		struct tls_peer *first = talk(ctx, server, &options);
		struct tls_peer *second = talk(ctx, server, &options);
		struct tls_der certs[2];
		assert_false(tls_peer_facts(first)->resumed);
		assert_true(tls_peer_facts(second)->resumed);
		assert_int_equal(tls_peer_count(second), 2);
		for (size_t k = 0; k < 2; k++) {
			certs[0] = tls_peer_cert(first, k);
			certs[1] = tls_peer_cert(second, k);
			assert_int_equal(certs[0].len, certs[1].len);
			assert_memory_equal(certs[0].bytes, certs[1].bytes, certs[0].len);
		}
		assert_null(tls_peer_cert(second, 2).bytes);
		assert_true(judge_as(second, MX, MADE_NOW).satisfied);
		assert_int_equal(judge_as(second, "other.test", MADE_NOW).result, RESULT_CERTIFICATE_HOST_MISMATCH);
		assert_int_equal(judge_as(second, MX, MADE_NOW + 100 * MADE_DAY).result, RESULT_CERTIFICATE_EXPIRED);
		assert_true(resumes(ctx, server, &options)); /* and again */
		tls_client_ctx_forget(ctx);
		assert_false(resumes(ctx, server, &options));
		tls_peer_free(first);
		tls_peer_free(second);
		SSL_CTX_free(server);
		tls_client_ctx_free(ctx);
	}
}

static void sessions_are_offered_under_their_key_alone(void **state)
{
	struct tls_options others[8];

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++)
		others[i] = usual();
	others[0].servername = "mx2.example.com";
	others[1].servername = "";
	others[2].destination.port = 26;
	assert_true(addr_parse(&others[3].destination.addr, "192.0.2.2"));
	others[4].policy[31] = 1;
	others[5].compat = true;
	others[6].fresh = true;
	others[7].min_protocol = CONF_TLS13;
	for (size_t v = 0; v < COUNT(versions); v++)
		for (size_t i = 0; i < COUNT(others) - (versions[v] == TLS1_2_VERSION ? 1 : 0); i++) {
			struct tls_client_ctx *ctx = client_ctx(4);
			SSL_CTX *server = server_ctx_new(&(struct served){ .max = versions[v], .chain = { &ec } });
			const struct tls_options options = usual();
			assert_false(resumes(ctx, server, &options));
			assert_false(resumes(ctx, server, &others[i]));
			assert_true(resumes(ctx, server, &options));
			assert_int_equal(resumes(ctx, server, &others[i]), !others[i].fresh);
			SSL_CTX_free(server);
			tls_client_ctx_free(ctx);
		}
}

/* The records change while the session is kept: under the new ones it is not offered, and a peer that was resumed under
 * the old ones does not meet them. */
static void a_resumed_peer_is_held_to_the_records_of_today(void **state)
{
	(void)state;
	for (size_t v = 0; v < COUNT(versions); v++) {
		struct tls_client_ctx *ctx = client_ctx(4);
		SSL_CTX *server = server_ctx_new(&(struct served){ .max = versions[v], .chain = { &ec, &root } });
		struct tls_options then = usual();
		struct tls_options today = usual();
		struct tls_peer *first = talk(ctx, server, &then);
		struct tlsa records[2];
		struct verdict_mx mx[2];
		struct verdict verdicts[2];
		struct tls_peer *second;
		struct tls_peer *third;
		assert_true(tls_tlsa_make(&records[0], TLSA_DANE_EE, TLSA_SPKI, TLSA_SHA256, tls_peer_cert(first, 0)));
		assert_true(tls_tlsa_make(&records[1], TLSA_DANE_EE, TLSA_SPKI, TLSA_SHA256, tls_peer_cert(first, 1)));
		for (size_t i = 0; i < 2; i++)
			verdicts[i] = dane_of(&mx[i], &records[i]);
		tls_policy_digest(&verdicts[0], then.policy);
		tls_policy_digest(&verdicts[1], today.policy);
		tls_peer_free(first);
		assert_false(resumes(ctx, server, &then));
		second = talk(ctx, server, &then);
		third = talk(ctx, server, &today);
		assert_true(tls_peer_facts(second)->resumed);
		assert_false(tls_peer_facts(third)->resumed);
		assert_true(tls_judge(second, &verdicts[0], NULL, MADE_NOW, NULL).authenticated);
		assert_int_equal(tls_judge(second, &verdicts[1], NULL, MADE_NOW, NULL).result, RESULT_TLSA_INVALID);
		assert_int_equal(tls_judge(third, &verdicts[1], NULL, MADE_NOW, NULL).result, RESULT_TLSA_INVALID);
		tls_peer_free(second);
		tls_peer_free(third);
		free(records[0].data);
		free(records[1].data);
		SSL_CTX_free(server);
		tls_client_ctx_free(ctx);
	}
}

static void no_cache_no_resumption(void **state)
{
	(void)state;
	for (size_t v = 0; v < COUNT(versions); v++) {
		struct tls_client_ctx *ctx = client_ctx(0);
		SSL_CTX *server = server_ctx_new(&(struct served){ .max = versions[v], .chain = { &ec } });
		const struct tls_options options = usual();
		assert_false(resumes(ctx, server, &options));
		assert_false(resumes(ctx, server, &options));
		tls_client_ctx_forget(ctx);
		SSL_CTX_free(server);
		tls_client_ctx_free(ctx);
	}
}

static void a_fresh_session_is_not_kept(void **state)
{
	(void)state;
	for (size_t v = 0; v < COUNT(versions); v++) {
		struct tls_client_ctx *ctx = client_ctx(4);
		SSL_CTX *server = server_ctx_new(&(struct served){ .max = versions[v], .chain = { &ec } });
		struct tls_options options = usual();
		options.fresh = true;
		assert_false(resumes(ctx, server, &options));
		options.fresh = false;
		assert_false(resumes(ctx, server, &options));
		assert_true(resumes(ctx, server, &options));
		SSL_CTX_free(server);
		tls_client_ctx_free(ctx);
	}
}

/* A server that lost its ticket keys gets a full handshake, nothing worse. */
static void a_refused_session_is_a_full_handshake(void **state)
{
	struct tls_client_ctx *ctx = client_ctx(4);
	const struct tls_options options = usual();

	(void)state;
	for (size_t v = 0; v < COUNT(versions); v++)
		for (unsigned i = 0; i < 2; i++) {
			SSL_CTX *server = server_ctx_new(&(struct served){ .max = versions[v], .chain = { &ec } });
			assert_false(resumes(ctx, server, &options));
			SSL_CTX_free(server);
		}
	tls_client_ctx_free(ctx);
}

/* What a server has us keep is ours to bound: a certificate of 1000 names is taken, and its session is not kept. */
static void what_is_large_is_not_kept(void **state)
{
	char sans[20000] = MX;
	size_t len = strlen(sans);
	struct made large;
	SSL_CTX *server;
	struct tls_client_ctx *ctx = client_ctx(8);
	const struct tls_options options = { .servername = MX };

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		len += (size_t)snprintf(sans + len, sizeof(sans) - len, ",n%03u.example.com", i);
	large = made_cert(&(struct recipe){ .sans = sans }, &root);
	server = server_ctx_new(&(struct served){ .chain = { &large } });
	assert_false(resumes(ctx, server, &options));
	assert_false(resumes(ctx, server, &options));
	SSL_CTX_free(server);
	tls_client_ctx_free(ctx);
	made_free(&large);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_resumed_peer_is_judged_as_a_new_one),
		cmocka_unit_test(sessions_are_offered_under_their_key_alone),
		cmocka_unit_test(a_resumed_peer_is_held_to_the_records_of_today),
		cmocka_unit_test(no_cache_no_resumption),
		cmocka_unit_test(a_fresh_session_is_not_kept),
		cmocka_unit_test(a_refused_session_is_a_full_handshake),
		cmocka_unit_test(what_is_large_is_not_kept),
	};

	return cmocka_run_group_tests(tests, make_world, unmake_world);
}

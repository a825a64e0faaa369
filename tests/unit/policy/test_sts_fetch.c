/* test_sts_fetch.c - a policy is fetched by HTTPS from a server on loopback: what counts as an answer, and what not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <time.h>

#include "policy/sts/sts_fetch.h"
#include "policy/sts/sts_policy.h"
#include "proxy/base/sandbox.h"
#include "tests/unit/policy/fake_dns.h"
#include "tests/unit/policy/https_server.h"

#define HOST    "mta-sts.d.example"
#define TEXT    "version: STSv1\nmode: enforce\nmx: mx.d.example\nmax_age: 86400\n"
#define HEAD    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
#define CLOSED  HEAD "Connection: close\r\n\r\n"
#define LONG_MS 20000

/* Nobody may ask the system's resolver, nor have a thread do it. They stand in place of libc's, for libcurl as well. */
static unsigned forbidden_calls;

struct addrinfo;
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **out);
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	(void)node;
	(void)service;
	(void)hints;
	(void)out;
	forbidden_calls++;
	return -1;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
	(void)thread;
	(void)attr;
	(void)run;
	(void)arg;
	forbidden_calls++;
	return 11; /* EAGAIN */
}

static const struct fake_record records[] = {
	{ HOST, T_A, 300, 0, "127.0.0.1" },
	{ "mta-sts.alias.example", T_CNAME, 300, 0, "sts-hosting.example" },
	{ "sts-hosting.example", T_A, 300, 0, "127.0.0.1" },
	{ "mta-sts.two.example", T_A, 300, 0, "127.0.0.9" },
	{ "mta-sts.two.example", T_A, 300, 0, "127.0.0.1" },
	{ "mta-sts.both.example", T_AAAA, 300, 0, "::1" },
	{ "mta-sts.both.example", T_A, 300, 0, "127.0.0.1" },
	{ "mta-sts.dead.example", T_A, 300, 0, "127.0.0.9" },
	{ "mta-sts.private.example", T_A, 300, 0, "10.0.0.1" },
	{ "mta-sts.private.example", T_AAAA, 300, 0, "fd00::1" },
	{ "mta-sts.some.example", T_A, 300, 0, "169.254.169.254" },
	{ "mta-sts.some.example", T_A, 300, 0, "127.0.0.1" },
	{ "mta-sts.mapped.example", T_AAAA, 300, 0, "::ffff:10.0.0.1" },
	{ "mta-sts.absent.example", T_MX, 300, 10, "mx.d.example" },
	{ NULL, 0, 0, 0, NULL },
};

/* --- the certificates --------------------------------------------------------------------------------------------- */

enum who {
	GOOD,
	WILDCARD,
	MANY_NAMES,
	INTERMEDIATE_ALONE, /* signed by one that is sent by nobody */
	EXPIRED,
	NOT_YET,
	WRONG_NAME,
	DOMAIN_NAME,
	CN_ONLY,
	CN_BESIDE_IP,
	PARTIAL_WILDCARD,
	HIGH_WILDCARD,
	SELF_SIGNED,
	OTHER_CA,
	FOR_CLIENTS,
	WHO_COUNT
};

static const struct made_options made_options[WHO_COUNT] = {
	[GOOD] = { .cn = "x", .san = "DNS:" HOST },
	[WILDCARD] = { .cn = "x", .san = "DNS:*.d.example" },
	[MANY_NAMES] = { .cn = "x",
			 .san = "DNS:d.example,DNS:MTA-STS.alias.EXAMPLE,DNS:mta-sts.two.example,DNS:mta-sts.both."
				"example,DNS:mta-sts.some.example,DNS:" HOST },
	[INTERMEDIATE_ALONE] = { .cn = "x", .san = "DNS:" HOST },
	[EXPIRED] = { .cn = "x", .san = "DNS:" HOST, .from_s = -7200, .until_s = -3600 },
	[NOT_YET] = { .cn = "x", .san = "DNS:" HOST, .from_s = 3600 },
	[WRONG_NAME] = { .cn = HOST, .san = "DNS:mta-sts.e.example" },
	[DOMAIN_NAME] = { .cn = HOST, .san = "DNS:d.example" },
	[CN_ONLY] = { .cn = HOST },
	[CN_BESIDE_IP] = { .cn = HOST, .san = "email:a@d.example" },
	[PARTIAL_WILDCARD] = { .cn = "x", .san = "DNS:mta*.d.example" },
	[HIGH_WILDCARD] = { .cn = "x", .san = "DNS:*.example" },
	[SELF_SIGNED] = { .cn = "x", .san = "DNS:" HOST },
	[OTHER_CA] = { .cn = "x", .san = "DNS:" HOST },
	[FOR_CLIENTS] = { .cn = "x", .san = "DNS:" HOST, .usage = "clientAuth" },
};

static struct made ca;
static struct made other_ca;
static struct made intermediate;
static struct made made[WHO_COUNT];
static char *ca_pem;

static const struct made *issuer_of(size_t who)
{
	if (who == SELF_SIGNED)
		return NULL;
	if (who == INTERMEDIATE_ALONE)
		return &intermediate;
	return who == OTHER_CA ? &other_ca : &ca;
}

static int make_all(void **state)
{
	(void)state;
	ca = made_new(&(struct made_options){ .cn = "CA", .ca = true }, NULL);
	other_ca = made_new(&(struct made_options){ .cn = "other CA", .ca = true }, NULL);
	intermediate = made_new(&(struct made_options){ .cn = "intermediate", .ca = true }, &ca);
	for (size_t i = 0; i < WHO_COUNT; i++)
		made[i] = made_new(&made_options[i], issuer_of(i));
	ca_pem = made_pem(&ca);
	return 0;
}

static int free_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < WHO_COUNT; i++)
		made_free(&made[i]);
	made_free(&ca);
	made_free(&other_ca);
	made_free(&intermediate);
	free(ca_pem);
	return 0;
}

/* --- the world ---------------------------------------------------------------------------------------------------- */

struct world {
	struct event_base *base;
	struct fake_dns fake;
	struct dns *dns;
	struct https_server server;
	struct sts_fetcher *fetcher;
	struct prefix permitted[2];
	struct prefix_list permitted_list;
	unsigned answers;
	unsigned slow;
	struct sts_fetched last;
	char text[STS_TEXT_MAX + 1];
};

static void on_fetched(void *arg, const struct sts_fetched *fetched)
{
	struct world *w = arg;

	w->answers++;
	w->last = *fetched;
	w->text[0] = '\0';
	assert_int_equal(fetched->ok, fetched->result == RESULT_NONE);
	assert_int_equal(fetched->ok, fetched->reason[0] == '\0');
	assert_int_equal(fetched->ok, fetched->text != NULL);
	if (fetched->ok) {
		assert_in_range(fetched->len, 0, STS_TEXT_MAX);
		memcpy(w->text, fetched->text, fetched->len);
		w->text[fetched->len] = '\0';
	}
	(void)event_base_loopbreak(w->base);
}

static struct sts_fetch_options options_of(struct world *w, uint32_t deadline_ms)
{
	return (struct sts_fetch_options){
		.ca_pem = ca_pem,
		.permitted = &w->permitted_list,
		.deadline_ms = deadline_ms,
		.port = w->server.port,
	};
}

static void open_world_of(struct world *w, const struct https_options *served, uint32_t deadline_ms)
{
	struct sts_fetch_options options;
	char err[256] = "";

	memset(w, 0, sizeof(*w));
	forbidden_calls = 0;
	https_open(&w->server, "127.0.0.1", 0, served);
	w->base = event_base_new();
	assert_non_null(w->base);
	fake_dns_open(&w->fake, w->base, records);
	struct dns_resolver at = { .at = w->fake.at };
	const struct dns_options dns_options = {
		.mode = DNS_OFF, .resolvers = &at, .resolvers_count = 1, .limits = DNS_LIMITS_DEFAULT
	};
	w->dns = dns_new(w->base, &dns_options, err, sizeof(err));
	assert_non_null(w->dns);
	assert_true(prefix_parse(&w->permitted[0], "127.0.0.0/8"));
	assert_true(prefix_parse(&w->permitted[1], "::1"));
	w->permitted_list = (struct prefix_list){ w->permitted, COUNT(w->permitted) };
	options = options_of(w, deadline_ms);
	w->fetcher = sts_fetcher_new(w->base, &options, err, sizeof(err));
	if (w->fetcher == NULL)
		fail_msg("%s", err);
}

static void open_world(struct world *w, enum who who, const char *answer)
{
	const struct https_options served = { .made = &made[who], .answer = answer };

	open_world_of(w, &served, LONG_MS);
}

static void close_world(struct world *w)
{
	sts_fetcher_free(w->fetcher);
	dns_free(w->dns);
	fake_dns_close(&w->fake);
	event_base_free(w->base);
	https_close(&w->server);
	assert_int_equal(forbidden_calls, 0);
}

static void fetch(struct world *w, const char *domain)
{
	unsigned before = w->answers;

	assert_non_null(sts_fetch_start(w->fetcher, w->dns, domain, on_fetched, w));
	assert_int_equal(w->answers, before); /* never from inside */
	while (w->answers == before)
		assert_int_equal(event_base_dispatch(w->base), 0);
}

static void expect(struct world *w, const char *what, enum result_word result, const char *reason)
{
	if (w->last.result != result || strcmp(w->last.reason, reason) != 0)
		fail_msg("%s: %d, \"%s\", not %d, \"%s\"", what, w->last.result, w->last.reason, result, reason);
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

static void test_fetched(void **state)
{
	struct world w;
	char text[ADDR_TEXT_MAX];
	char host[64];

	(void)state;
	open_world(&w, GOOD, CLOSED TEXT);
	fetch(&w, "d.example");
	expect(&w, "good", RESULT_NONE, "");
	assert_string_equal(w.text, TEXT);
	assert_int_equal(w.last.len, strlen(TEXT));
	assert_string_equal(addr_format(&w.last.addr, text), "127.0.0.1");
	assert_string_equal(w.server.seen->sni, HOST);
	assert_ptr_equal(strstr(w.server.seen->request, "GET /.well-known/mta-sts.txt HTTP/1.1\r\n"),
			 w.server.seen->request);
	(void)snprintf(host, sizeof(host), "\r\nHost: " HOST ":%u\r\n", w.server.port);
	assert_non_null(strstr(w.server.seen->request, host));
	assert_null(strstr(w.server.seen->request, "Encoding"));
	assert_null(strstr(w.server.seen->request, "Cookie"));
	assert_null(strstr(w.server.seen->request, "Authorization"));
	close_world(&w);
	/* Each has a connection of its own, though the server would have it otherwise. */
	const struct https_options served = { .made = &made[GOOD],
					      .answer = HEAD "Content-Length: 4\r\n\r\nabcd",
					      .fault = HTTPS_KEEPS };
	open_world_of(&w, &served, LONG_MS);
	for (unsigned i = 1; i <= 3; i++) {
		fetch(&w, "d.example");
		assert_true(w.last.ok);
		assert_int_equal(w.server.seen->connections, i);
	}
	close_world(&w);
}

static const struct answer_row {
	const char *what;
	const char *answer;
	const char *reason; /* "": it is a policy; its text is all after the empty line */
} answer_rows[] = {
	{ "length given", HEAD "Content-Length: 4\r\n\r\nabcd", "" },
	{ "nothing", HEAD "Content-Length: 0\r\n\r\n", "" },
	{ "HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nabcd", "" },
	{ "a charset", "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nabcd", "" },
	{ "another charset, ignored", "HTTP/1.1 200 OK\r\nContent-Type: Text/PLAIN ;charset=latin1;x=y\r\n\r\nabcd",
	  "" },
	{ "identity", HEAD "Content-Encoding: identity\r\n\r\nabcd", "" },
	{ "early hints", "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" HEAD "\r\nabcd", "" },
	{ "a cookie, an alternative, caching",
	  HEAD "Set-Cookie: a=b\r\nAlt-Svc: h2=\":8443\"\r\nStrict-Transport-Security:"
	       " max-age=99\r\nCache-Control: max-age=99\r\n\r\nabcd",
	  "" },
	{ "status 404", "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\n\r\n" TEXT,
	  "the policy host answers with status 404" },
	{ "status 201", "HTTP/1.1 201 Created\r\nContent-Type: text/plain\r\n\r\n" TEXT,
	  "the policy host answers with status 201" },
	{ "status 204", "HTTP/1.1 204 No Content\r\nContent-Type: text/plain\r\n\r\n",
	  "the policy host answers with status 204" },
	{ "status 401", "HTTP/1.1 401 No\r\nWWW-Authenticate: Negotiate\r\nContent-Type: text/plain\r\n\r\n" TEXT,
	  "the policy host answers with status 401" },
	{ "status 503", "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\n\r\n", "the policy host answers with status 503" },
	{ "status 304", "HTTP/1.1 304 Not Modified\r\n\r\n", "the policy host answers with status 304" },
	{ "a redirect",
	  "HTTP/1.1 301 Moved\r\nLocation: https://127.0.0.1:1/x\r\nContent-Type: text/plain\r\n\r\n" TEXT,
	  "the policy host redirects to https://127.0.0.1:1/x, which does not count" },
	{ "a redirect without TLS", "HTTP/1.1 302 Moved\r\nLocation: http://d.example/\x1b[1m\r\n\r\n",
	  "the policy host redirects to http://d.example/?[1m, which does not count" },
	{ "no type", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd",
	  "the policy has no content type, and not text/plain" },
	{ "HTML", "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\nabcd",
	  "the policy is of type text/html; charset=utf-8, and not text/plain" },
	{ "nearly", "HTTP/1.1 200 OK\r\nContent-Type: text/plainer\r\n\r\nabcd",
	  "the policy is of type text/plainer, and not text/plain" },
	{ "empty type", "HTTP/1.1 200 OK\r\nContent-Type:\r\n\r\nabcd",
	  "the policy has no content type, and not text/plain" },
	{ "compressed", HEAD "Content-Encoding: gzip\r\n\r\nabcd",
	  "the policy comes in a coding that was not asked for: gzip" },
	{ "compressed on the way", HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",
	  "the policy comes in a coding that was not asked for: gzip, chunked" },
	{ "shorter than it says", HEAD "Content-Length: 9\r\n\r\nabcd",
	  "the policy host's answer is not whole: transfer closed with 5 bytes remaining to read" },
	{ "chunks without an end", HEAD "Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n",
	  "the policy host's answer is not whole: transfer closed with outstanding read data remaining" },
	{ "no chunks", HEAD "Transfer-Encoding: chunked\r\n\r\nxyz",
	  "the policy host's answer is not whole: Illegal or missing hexadecimal sequence in chunked-encoding" },
	{ "two lengths", HEAD "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
	  "the policy host's answer is not whole: transfer closed with 1 bytes remaining to read" },
	{ "no HTTP", "abcd", "the policy host's answer is not whole: Received HTTP/0.9 when not allowed" },
	{ "another HTTP", "HTTP/4.0 200 OK\r\nContent-Type: text/plain\r\n\r\nabcd",
	  "the policy host's answer is not whole: Unsupported HTTP version (4.0) in response" },
};

static void test_answers(void **state)
{
	struct world w;

	(void)state;
	for (size_t i = 0; i < COUNT(answer_rows); i++) {
		const struct answer_row *row = &answer_rows[i];
		open_world(&w, GOOD, row->answer);
		fetch(&w, "d.example");
		expect(&w, row->what, row->reason[0] == '\0' ? RESULT_NONE : RESULT_STS_POLICY_FETCH_ERROR,
		       row->reason);
		if (w.last.ok && strcmp(row->what, "nothing") != 0)
			assert_string_equal(w.text, "abcd");
		assert_int_equal(w.server.seen->connections, 1); /* nothing is followed, nothing tried again */
		close_world(&w);
	}
}

/* fill makes an answer of |header_len| octets of headers and |body_len| of body. */
static size_t fill(char *out, bool chunked, size_t header_len, size_t body_len)
{
	size_t len = (size_t)sprintf(out, "%s%s", HEAD, chunked ? "Transfer-Encoding: chunked\r\n" : "");

	while (header_len > len + 2) {
		size_t line = header_len - len - 2 > 1000 ? 1000 : header_len - len - 2;
		memset(out + len, 'x', line);
		memcpy(out + len, "X: ", 3);
		memcpy(out + len + line - 2, "\r\n", 2);
		len += line;
		if (header_len - len - 2 > 0 && header_len - len - 2 < 8)
			break;
	}
	len += (size_t)sprintf(out + len, "\r\n");
	if (chunked)
		len += (size_t)sprintf(out + len, "%zx\r\n", body_len);
	memset(out + len, 'b', body_len);
	len += body_len;
	if (chunked)
		len += (size_t)sprintf(out + len, "\r\n0\r\n\r\n");
	return len;
}

static void test_limits(void **state)
{
	static const struct {
		const char *what;
		bool chunked;
		size_t header_len;
		size_t body_len;
		const char *reason;
	} rows[] = {
		{ "the longest", false, 0, STS_TEXT_MAX, "" },
		{ "one more", false, 0, STS_TEXT_MAX + 1, "the policy is longer than 65536 octets" },
		{ "the longest, in chunks", true, 0, STS_TEXT_MAX, "" },
		{ "one more, in chunks", true, 0, STS_TEXT_MAX + 1, "the policy is longer than 65536 octets" },
		{ "much more", false, 0, 300000, "the policy is longer than 65536 octets" },
		{ "the longest headers", false, STS_FETCH_HEADER_MAX, 4, "" },
		{ "longer headers", false, STS_FETCH_HEADER_MAX + 500, 4, "more than 16384 octets of headers" },
	};
	static char answer[400000];
	struct world w;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct https_options served = { .made = &made[GOOD], .answer = answer };
		served.answer_len = fill(answer, rows[i].chunked, rows[i].header_len, rows[i].body_len);
		open_world_of(&w, &served, LONG_MS);
		fetch(&w, "d.example");
		expect(&w, rows[i].what, rows[i].reason[0] == '\0' ? RESULT_NONE : RESULT_STS_POLICY_FETCH_ERROR,
		       rows[i].reason);
		if (w.last.ok)
			assert_int_equal(w.last.len, rows[i].body_len);
		close_world(&w);
	}
}

/* --- the server --------------------------------------------------------------------------------------------------- */

static void test_certificates(void **state)
{
	static const struct {
		enum who who;
		const char *reason; /* NULL: accepted */
	} rows[] = {
		{ GOOD, NULL },
		{ WILDCARD, NULL },
		{ MANY_NAMES, NULL },
		{ INTERMEDIATE_ALONE, "unable to get local issuer certificate" },
		{ EXPIRED, "certificate has expired" },
		{ NOT_YET, "certificate is not yet valid" },
		{ WRONG_NAME, "it is for another name" },
		{ DOMAIN_NAME, "it is for another name" },
		{ CN_ONLY, "it is for another name" },
		{ CN_BESIDE_IP, "it is for another name" },
		{ PARTIAL_WILDCARD, "it is for another name" },
		{ HIGH_WILDCARD, "it is for another name" },
		{ SELF_SIGNED, "self-signed certificate" },
		{ OTHER_CA, "unable to get local issuer certificate" },
		{ FOR_CLIENTS, "unsuitable certificate purpose" },
	};
	struct world w;
	char what[16];
	char reason[VERDICT_REASON_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		open_world(&w, rows[i].who, CLOSED TEXT);
		fetch(&w, "d.example");
		(void)snprintf(what, sizeof(what), "%d", rows[i].who);
		(void)snprintf(reason, sizeof(reason), "the policy host's certificate: %s",
			       rows[i].reason != NULL ? rows[i].reason : "");
		if (rows[i].reason == NULL)
			expect(&w, what, RESULT_NONE, "");
		else
			expect(&w, what, RESULT_STS_WEBPKI_INVALID, reason);
		/* It was asked for nothing. */
		assert_int_equal(w.server.seen->request[0] == '\0', rows[i].reason != NULL);
		close_world(&w);
	}
}

static void test_faults(void **state)
{
	static const struct {
		enum https_fault fault;
		uint32_t deadline_ms;
		const char *reason;
	} rows[] = {
		{ HTTPS_SILENT, 300, "timed out in the policy host's TLS handshake" },
		{ HTTPS_NO_ANSWER, 300, "timed out waiting for the policy host's answer" },
		{ HTTPS_SLOW, 500, "timed out waiting for the policy host's answer" },
		{ HTTPS_NOT_TLS, LONG_MS, "TLS with the policy host failed: " },
		{ HTTPS_TLS11, LONG_MS, "TLS with the policy host failed: " },
		{ HTTPS_HANGS_UP, LONG_MS, "TLS with the policy host failed: " },
		{ HTTPS_CUT, LONG_MS, "the policy host's answer is not whole: it has no length, and no end in TLS" },
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct https_options served = { .made = &made[GOOD],
						      .answer = CLOSED TEXT,
						      .fault = rows[i].fault };
		open_world_of(&w, &served, rows[i].deadline_ms);
		fetch(&w, "d.example");
		if (w.last.result != RESULT_STS_POLICY_FETCH_ERROR ||
		    strncmp(w.last.reason, rows[i].reason, strlen(rows[i].reason)) != 0)
			fail_msg("fault %d: %d, %s", rows[i].fault, w.last.result, w.last.reason);
		close_world(&w);
	}
}

/* --- addresses ---------------------------------------------------------------------------------------------------- */

static void test_addresses(void **state)
{
	static const struct {
		const char *domain;
		const char *reason;
	} rows[] = {
		{ "alias.example", "" },
		{ "two.example", "" },  /* the first is dead */
		{ "both.example", "" }, /* so is IPv6 */
		{ "some.example", "" }, /* the first must not be tried */
		{ "dead.example", "cannot connect to the policy host: Connection refused" },
		{ "private.example",
		  "the policy host's address fd00::1 is private, and mta-sts-private does not have it" },
		{ "mapped.example",
		  "the policy host's address 10.0.0.1 is private, and mta-sts-private does not have it" },
		{ "absent.example", "the policy host has no address" },
		{ "nothing.example", "the policy host has no address" },
		{ "evil.example/x", "the domain's name is not one for a policy host" },
		{ "evil.example:25", "the domain's name is not one for a policy host" },
		{ "a@evil.example", "the domain's name is not one for a policy host" },
		{ "", "the domain's name is not one for a policy host" },
	};
	struct world w;

	(void)state;
	open_world(&w, MANY_NAMES, CLOSED TEXT);
	for (size_t i = 0; i < COUNT(rows); i++) {
		fetch(&w, rows[i].domain);
		expect(&w, rows[i].domain, rows[i].reason[0] == '\0' ? RESULT_NONE : RESULT_STS_POLICY_FETCH_ERROR,
		       rows[i].reason);
	}
	close_world(&w);
}

/* A name that is none is asked about nowhere, whoever else starts a fetch before it is told so. */
static void test_bad_name_beside_others(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, GOOD, CLOSED TEXT);
	assert_non_null(sts_fetch_start(w.fetcher, w.dns, "d.example/x", on_fetched, &w));
	fetch(&w, "d.example");
	while (w.answers < 2)
		assert_int_equal(event_base_loop(w.base, EVLOOP_ONCE), 0);
	expect(&w, "the other", RESULT_NONE, "");
	assert_int_equal(w.fake.asked_udp, 2);
	close_world(&w);
}

/* Loopback is an address like others that nobody permitted. */
static void test_not_permitted(void **state)
{
	struct world w;
	char err[256];

	(void)state;
	open_world(&w, GOOD, CLOSED TEXT);
	struct sts_fetch_options options = options_of(&w, LONG_MS);
	options.permitted = NULL;
	assert_true(sts_fetcher_reload(w.fetcher, &options, err, sizeof(err)));
	fetch(&w, "d.example");
	expect(&w, "loopback", RESULT_STS_POLICY_FETCH_ERROR,
	       "the policy host's address 127.0.0.1 is loopback, and mta-sts-private does not have it");
	assert_int_equal(w.server.seen->connections, 0);
	close_world(&w);
}

static void test_lookup_failed(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, GOOD, CLOSED TEXT);
	w.fake.broken = HOST;
	fetch(&w, "d.example");
	expect(&w, "broken", RESULT_STS_POLICY_FETCH_ERROR,
	       "the policy host's addresses cannot be looked up: SERVFAIL");
	assert_int_equal(w.server.seen->connections, 0);
	close_world(&w);
	/* One family that fails does no harm where the other has an address. */
	open_world(&w, GOOD, CLOSED TEXT);
	w.fake.lie = LIE_SERVFAIL;
	w.fake.lies = 1;
	fetch(&w, "d.example");
	expect(&w, "half broken", RESULT_NONE, "");
	close_world(&w);
	const struct https_options served = { .made = &made[GOOD], .answer = CLOSED TEXT };
	open_world_of(&w, &served, 200);
	w.fake.silent = HOST;
	fetch(&w, "d.example");
	expect(&w, "silent", RESULT_STS_POLICY_FETCH_ERROR, "timed out looking up the policy host's addresses");
	close_world(&w);
}

/* --- options ------------------------------------------------------------------------------------------------------ */

/* What the environment says is not asked. */
static void test_no_proxy(void **state)
{
	struct world w;

	(void)state;
	assert_int_equal(setenv("https_proxy", "http://127.0.0.1:1", 1), 0);
	assert_int_equal(setenv("ALL_PROXY", "http://127.0.0.1:1", 1), 0);
	open_world(&w, GOOD, CLOSED TEXT);
	fetch(&w, "d.example");
	expect(&w, "proxy", RESULT_NONE, "");
	close_world(&w);
	(void)unsetenv("https_proxy");
	(void)unsetenv("ALL_PROXY");
}

static void test_bundles(void **state)
{
	struct world w;
	char err[256];
	char *other = made_pem(&other_ca);
	char *middle = made_pem(&intermediate);

	(void)state;
	open_world(&w, INTERMEDIATE_ALONE, CLOSED TEXT);
	struct sts_fetch_options options = options_of(&w, LONG_MS);
	options.ca_pem = "";
	assert_false(sts_fetcher_reload(w.fetcher, &options, err, sizeof(err)));
	assert_string_equal(err, "there is no certificate in the CA bundle");
	options.ca_pem = NULL;
	assert_false(sts_fetcher_reload(w.fetcher, &options, err, sizeof(err)));
	assert_null(sts_fetcher_new(w.base, &options, err, sizeof(err)));
	options.ca_pem = other;
	assert_true(sts_fetcher_reload(w.fetcher, &options, err, sizeof(err)));
	fetch(&w, "d.example");
	assert_int_equal(w.last.result, RESULT_STS_WEBPKI_INVALID);
	/* A certificate of the bundle is trusted for itself, as it is of mail servers. */
	options.ca_pem = middle;
	assert_true(sts_fetcher_reload(w.fetcher, &options, err, sizeof(err)));
	fetch(&w, "d.example");
	expect(&w, "middle", RESULT_NONE, "");
	close_world(&w);
	free(other);
	free(middle);
}

/* --- many --------------------------------------------------------------------------------------------------------- */

static uint64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void on_slow(void *arg, const struct sts_fetched *fetched)
{
	struct world *w = arg;
	const char *reason = w->slow++ == 0 ? "too slow while others waited: looking up the policy host's addresses"
					    : "timed out looking up the policy host's addresses";

	assert_string_equal(fetched->reason, reason);
	assert_int_equal(fetched->ours, w->slow == 1);
}

static void on_one_of_many(void *arg, const struct sts_fetched *fetched)
{
	struct world *w = arg;

	w->answers += fetched->ok;
}

static void test_many(void **state)
{
	struct world w;
	struct sts_fetch *all[STS_FETCH_AT_ONCE + 20];

	(void)state;
	open_world(&w, GOOD, CLOSED TEXT);
	for (size_t i = 0; i < COUNT(all); i++) {
		all[i] = sts_fetch_start(w.fetcher, w.dns, "d.example", on_one_of_many, &w);
		assert_non_null(all[i]);
	}
	sts_fetch_cancel(all[0]);              /* running */
	sts_fetch_cancel(all[COUNT(all) - 1]); /* waiting */
	sts_fetch_cancel(NULL);
	while (w.answers < COUNT(all) - 2)
		assert_int_equal(event_base_loop(w.base, EVLOOP_ONCE), 0);
	assert_in_range(w.server.seen->connections, COUNT(all) - 2, COUNT(all));
	close_world(&w);
}

/* Silent hosts of made-up domains hold up others only for so long; and where nobody waits, all their time is theirs. */
static void test_patience(void **state)
{
	struct world w;
	char err[256];

	(void)state;
	open_world(&w, GOOD, CLOSED TEXT);
	struct sts_fetch_options options = options_of(&w, 1000);
	options.patience_ms = 200;
	assert_true(sts_fetcher_reload(w.fetcher, &options, err, sizeof(err)));
	w.fake.silent = "mta-sts.silent.example";
	uint64_t begin_ms = now_ms();
	for (size_t i = 0; i < STS_FETCH_AT_ONCE; i++)
		assert_non_null(sts_fetch_start(w.fetcher, w.dns, "silent.example", on_slow, &w));
	(void)event_base_loop(w.base, EVLOOP_NONBLOCK);
	fetch(&w, "d.example");
	expect(&w, "one that waited", RESULT_NONE, "");
	assert_in_range(now_ms() - begin_ms, 150, 700);
	assert_int_equal(w.slow, 1); /* no more than had to give way */
	while (w.slow < STS_FETCH_AT_ONCE)
		assert_int_equal(event_base_loop(w.base, EVLOOP_ONCE), 0);
	assert_in_range(now_ms() - begin_ms, 950, 3000);
	close_world(&w);
}

static void on_any(void *arg, const struct sts_fetched *fetched)
{
	struct world *w = arg;

	assert_false(fetched->ok);
	w->slow++;
}

/* The more there are, the less time each has: however many are silent, an honest one has its turn in its time. */
static void test_crowd(void **state)
{
	struct world w;
	char err[256];

	(void)state;
	open_world(&w, GOOD, CLOSED TEXT);
	struct sts_fetch_options options = options_of(&w, 5000);
	options.patience_ms = 1000;
	assert_true(sts_fetcher_reload(w.fetcher, &options, err, sizeof(err)));
	w.fake.silent = "mta-sts.silent.example";
	for (size_t i = 0; i < 6 * (size_t)STS_FETCH_AT_ONCE; i++)
		assert_non_null(sts_fetch_start(w.fetcher, w.dns, "silent.example", on_any, &w));
	fetch(&w, "d.example");
	expect(&w, "one behind many", RESULT_NONE, "");
	assert_in_range(w.slow, 5 * STS_FETCH_AT_ONCE + 1, 6 * STS_FETCH_AT_ONCE);
	close_world(&w);
}

/* Who had no turn at all says nothing of the domain. */
static void test_no_turn(void **state)
{
	struct world w;
	char err[256];

	(void)state;
	open_world(&w, GOOD, CLOSED TEXT);
	struct sts_fetch_options options = options_of(&w, 200);
	assert_true(sts_fetcher_reload(w.fetcher, &options, err, sizeof(err)));
	w.fake.silent = "mta-sts.silent.example";
	for (size_t i = 0; i < STS_FETCH_AT_ONCE; i++)
		assert_non_null(sts_fetch_start(w.fetcher, w.dns, "silent.example", on_any, &w));
	options.deadline_ms = 100;
	options.patience_ms = 60000;
	assert_true(sts_fetcher_reload(w.fetcher, &options, err, sizeof(err)));
	fetch(&w, "d.example");
	expect(&w, "without a turn", RESULT_STS_POLICY_FETCH_ERROR, "timed out while others were fetched");
	assert_true(w.last.ours);
	close_world(&w);
}

struct chain {
	struct world *w;
	unsigned called;
	struct sts_fetch *victim;
};

/* The call starts another and cancels another. */
static void on_link(void *arg, const struct sts_fetched *fetched)
{
	struct chain *chain = arg;

	assert_true(fetched->ok);
	sts_fetch_cancel(chain->victim);
	chain->victim = NULL;
	if (++chain->called < 3)
		assert_non_null(sts_fetch_start(chain->w->fetcher, chain->w->dns, "d.example", on_link, chain));
}

static void on_never(void *arg, const struct sts_fetched *fetched)
{
	(void)arg;
	(void)fetched;
	fail_msg("called after the cancel");
}

static void test_from_inside(void **state)
{
	struct world w;
	struct chain chain = { &w, 0, NULL };

	(void)state;
	open_world(&w, GOOD, CLOSED TEXT);
	w.fake.silent = "mta-sts.silent.example";
	chain.victim = sts_fetch_start(w.fetcher, w.dns, "silent.example", on_never, NULL);
	assert_non_null(sts_fetch_start(w.fetcher, w.dns, "d.example", on_link, &chain));
	while (chain.called < 3)
		assert_int_equal(event_base_loop(w.base, EVLOOP_ONCE), 0);
	close_world(&w);
}

/* At whatever moment it is given up or the fetcher goes: nothing is called, nothing is left. */
static void test_given_up(void **state)
{
	(void)state;
	for (unsigned steps = 0; steps < 24; steps++) {
		struct world w;
		open_world(&w, GOOD, CLOSED TEXT);
		struct sts_fetch *one = sts_fetch_start(w.fetcher, w.dns, "d.example", on_fetched, &w);
		assert_non_null(one);
		for (unsigned i = 0; i < steps && w.answers == 0; i++)
			(void)event_base_loop(w.base, EVLOOP_ONCE);
		if (w.answers == 0 && steps % 2 == 0) {
			sts_fetch_cancel(one);
			(void)event_base_loop(w.base, EVLOOP_NONBLOCK);
			assert_int_equal(w.answers, 0);
		}
		close_world(&w);
	}
}

/* --- the sandbox -------------------------------------------------------------------------------------------------- */

static int in_sandbox(void)
{
	const struct sandbox_limits limits = { 0 };
	struct world w;
	bool landlock;
	char err[256];

	open_world(&w, MANY_NAMES, CLOSED TEXT);
	if (!sandbox_enter(SANDBOX_POLICY, &limits, &landlock, err, sizeof(err)))
		return 1;
	fetch(&w, "d.example");
	if (!w.last.ok)
		return 2;
	fetch(&w, "both.example");
	if (!w.last.ok)
		return 3;
	fetch(&w, "dead.example");
	if (strcmp(w.last.reason, "cannot connect to the policy host: Connection refused") != 0)
		return 4;
	/* Another bundle, and another fetcher. */
	struct sts_fetch_options options = options_of(&w, LONG_MS);
	if (!sts_fetcher_reload(w.fetcher, &options, err, sizeof(err)))
		return 5;
	fetch(&w, "d.example");
	if (!w.last.ok)
		return 6;
	sts_fetcher_free(w.fetcher);
	w.fetcher = sts_fetcher_new(w.base, &options, err, sizeof(err));
	if (w.fetcher == NULL)
		return 7;
	fetch(&w, "d.example");
	return w.last.ok && forbidden_calls == 0 ? 0 : 8;
}

static void test_sandbox(void **state)
{
	int status = -1;
	pid_t child;

	(void)state;
	child = fork();
	if (child == 0)
		_exit(in_sandbox());
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fetched),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_certificates),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_bad_name_beside_others),
		cmocka_unit_test(test_not_permitted),
		cmocka_unit_test(test_lookup_failed),
		cmocka_unit_test(test_no_proxy),
		cmocka_unit_test(test_bundles),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_patience),
		cmocka_unit_test(test_crowd),
		cmocka_unit_test(test_no_turn),
		cmocka_unit_test(test_from_inside),
		cmocka_unit_test(test_given_up),
		cmocka_unit_test(test_sandbox),
	};

	return cmocka_run_group_tests_name("sts_fetch", tests, make_all, free_all);
}

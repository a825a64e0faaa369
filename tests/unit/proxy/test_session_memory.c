/* What the sessions of a worker remember about destinations, and the names tried at one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proxy/session/ehlo_memory.h"
#include "proxy/session/host_memory.h"
#include "proxy/session/session_candidates.h"

static struct endpoint host(unsigned n)
{
	char text[ENDPOINT_TEXT_MAX];
	struct endpoint out;

	(void)snprintf(text, sizeof(text), "10.%u.%u.%u:25", n >> 16 & 255, n >> 8 & 255, n & 255);
	assert_true(endpoint_parse(&out, text, 25));
	return out;
}

static struct host_key key(unsigned n)
{
	return (struct host_key){ .host = host(n) };
}

static void test_host_failure_ends(void **state)
{
	struct host_memory *memory = host_memory_new(16);
	struct host_key a = key(1);
	struct host_key other_port = a;
	struct host_key of_client = a;

	(void)state;
	other_port.host.port = 26;
	assert_true(addr_parse(&of_client.client, "10.9.9.9"));
	assert_int_equal(host_memory_ask(memory, &a, 100), HOST_FINE);
	host_memory_note(memory, &a, HOST_NO_STARTTLS, 100);
	assert_int_equal(host_memory_ask(memory, &a, 100), HOST_NO_STARTTLS);
	assert_int_equal(host_memory_ask(memory, &a, 100 + HOST_HELD_S - 1), HOST_NO_STARTTLS);
	assert_int_equal(host_memory_ask(memory, &a, 100 + HOST_HELD_S), HOST_FINE);
	assert_int_equal(host_memory_ask(memory, &other_port, 100), HOST_FINE);
	assert_int_equal(host_memory_ask(memory, &of_client, 100), HOST_FINE);
	host_memory_note(memory, &a, HOST_UNREACHABLE, 100);
	assert_int_equal(host_memory_ask(memory, &a, 100), HOST_UNREACHABLE);
	host_memory_note(memory, &a, HOST_FINE, 100);
	assert_int_equal(host_memory_ask(memory, &a, 100), HOST_UNREACHABLE);
	host_memory_disprove(memory, &a, HOST_SILENT);
	assert_int_equal(host_memory_ask(memory, &a, 100), HOST_UNREACHABLE);
	host_memory_disprove(memory, &a, HOST_UNREACHABLE);
	assert_int_equal(host_memory_ask(memory, &a, 100), HOST_FINE);
	host_memory_note(memory, &a, HOST_HANDSHAKE_FAILED, 100);
	host_memory_disprove(memory, &a, HOST_UNREACHABLE); /* that it can be connected to is nothing new */
	assert_int_equal(host_memory_ask(memory, &a, 100), HOST_HANDSHAKE_FAILED);
	host_memory_disprove(memory, &a, HOST_FINE);
	assert_int_equal(host_memory_ask(memory, &a, 100), HOST_FINE);
	host_memory_note(memory, &a, HOST_HANDSHAKE_FAILED, 100);
	host_memory_note(memory, &of_client, HOST_SILENT, 100);
	host_memory_forget(memory);
	assert_int_equal(host_memory_ask(memory, &a, 100), HOST_FINE);
	assert_int_equal(host_memory_ask(memory, &of_client, 100), HOST_FINE);
	host_memory_free(memory);
}

/* One session a minute tries whether the host answers again; the others are refused as long as it has not. */
static void test_host_is_tried_again(void **state)
{
	const enum host_failure failures[] = { HOST_UNREACHABLE, HOST_SILENT };

	(void)state;
	for (size_t i = 0; i < COUNT(failures); i++) {
		struct host_memory *memory = host_memory_new(16);
		struct host_key a = key(1);

		host_memory_note(memory, &a, failures[i], 1000);
		assert_int_equal(host_memory_ask(memory, &a, 1000 + HOST_DOWN_S - 1), failures[i]);
		assert_int_equal(host_memory_ask(memory, &a, 1000 + HOST_DOWN_S), HOST_FINE);
		assert_int_equal(host_memory_ask(memory, &a, 1000 + HOST_DOWN_S), failures[i]);
		assert_int_equal(host_memory_ask(memory, &a, 1000 + 2 * HOST_DOWN_S - 1), failures[i]);
		assert_int_equal(host_memory_ask(memory, &a, 1000 + 2 * HOST_DOWN_S), HOST_FINE);
		assert_int_equal(host_memory_ask(memory, &a, 1000 + HOST_HELD_S - 1), HOST_FINE);
		assert_int_equal(host_memory_ask(memory, &a, 1000 + HOST_HELD_S), HOST_FINE); /* over, and not held */
		assert_int_equal(host_memory_ask(memory, &a, 1000 + HOST_HELD_S), HOST_FINE);
		host_memory_free(memory);
	}
}

static struct host_news told[8];
static size_t told_count;

static void on_told(void *arg, const struct host_news *news)
{
	assert_ptr_equal(arg, told);
	assert_true(told_count < COUNT(told));
	told[told_count++] = *news;
}

/* What it learns itself is told; what it hears is not, or it would go round for ever. */
static void test_host_news(void **state)
{
	struct host_memory *memory = host_memory_new(16);
	struct host_news news = { HOST_NO_STARTTLS, key(7) };
	struct host_key a = key(1);

	(void)state;
	told_count = 0;
	host_memory_tell(memory, on_told, told);
	host_memory_disprove(memory, &a, HOST_FINE);
	assert_int_equal(told_count, 0);
	host_memory_note(memory, &a, HOST_UNREACHABLE, 100);
	assert_int_equal(told_count, 1);
	assert_int_equal(told[0].failure, HOST_UNREACHABLE);
	assert_true(host_key_equal(&told[0].key, &a));
	host_memory_disprove(memory, &a, HOST_UNREACHABLE);
	assert_int_equal(told_count, 2);
	assert_int_equal(told[1].failure, HOST_FINE);
	host_memory_hear(memory, &news, 100);
	assert_int_equal(host_memory_ask(memory, &news.key, 100), HOST_NO_STARTTLS);
	news.failure = HOST_FINE;
	host_memory_hear(memory, &news, 100);
	assert_int_equal(host_memory_ask(memory, &news.key, 100), HOST_FINE);
	assert_int_equal(told_count, 2);
	host_memory_free(memory);
}

static void test_host_memory_is_bounded(void **state)
{
	struct host_memory *memory = host_memory_new(64);
	unsigned kept = 0;

	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		struct host_key e = key(i);
		host_memory_note(memory, &e, HOST_HANDSHAKE_FAILED, 100 + i);
	}
	for (unsigned i = 0; i < 10000; i++) {
		struct host_key e = key(i);
		kept += host_memory_ask(memory, &e, 100) != HOST_FINE;
	}
	assert_true(kept > 0 && kept <= 64);
	host_memory_free(memory);
}

static void test_no_memory_at_all(void **state)
{
	struct host_key a = key(1);
	const struct host_news news = { HOST_SILENT, a };

	(void)state;
	host_memory_tell(NULL, on_told, told);
	host_memory_note(NULL, &a, HOST_UNREACHABLE, 1);
	host_memory_disprove(NULL, &a, HOST_FINE);
	host_memory_hear(NULL, &news, 1);
	host_memory_forget(NULL);
	assert_int_equal(host_memory_ask(NULL, &a, 1), HOST_FINE);
	ehlo_memory_note(NULL, &a.host, &(struct smtp_ehlo){ 0 }, 1);
	assert_null(ehlo_memory_find(NULL, &a.host, 1));
	host_memory_free(NULL);
	ehlo_memory_free(NULL);
}

static void test_keywords_are_kept_a_day(void **state)
{
	struct ehlo_memory *memory = ehlo_memory_new(16);
	struct smtp_ehlo ehlo = { .keywords = SMTP_KEYWORD_DSN | SMTP_KEYWORD_SIZE, .size = 77 };
	struct endpoint a = host(1);

	(void)state;
	ehlo_memory_note(memory, &a, &ehlo, 1000);
	assert_non_null(ehlo_memory_find(memory, &a, 1000));
	assert_int_equal(ehlo_memory_find(memory, &a, 1000 + EHLO_MEMORY_S - 1)->size, 77);
	assert_null(ehlo_memory_find(memory, &a, 1000 + EHLO_MEMORY_S));
	ehlo.size = 78;
	ehlo_memory_note(memory, &a, &ehlo, 2000);
	assert_int_equal(ehlo_memory_find(memory, &a, 2000)->size, 78);
	ehlo_memory_forget(memory, &a);
	assert_null(ehlo_memory_find(memory, &a, 2000));
	ehlo_memory_free(memory);
}

/* --- candidates: "name@address" for each MX, best first; '.' before an exact name that is a suffix ------------------
 */

static const struct {
	enum level level;
	const char *servername;
	const char *names[3];
	const char *mx[5];
	const char *expect; /* names with spaces between; "-" is no SNI */
} cases[] = {
	{ LEVEL_VERIFY, "", { NULL }, { "mx1.b@192.0.2.1", "mx2.b@192.0.2.2" }, "mx1.b" },
	{ LEVEL_VERIFY, "", { NULL }, { "mx1.b@192.0.2.2", "mx2.b@192.0.2.1" }, "mx2.b" },
	{ LEVEL_VERIFY, "", { NULL }, { "mx1.b@192.0.2.1", "mx2.b@192.0.2.1" }, "mx1.b mx2.b" },
	{ LEVEL_VERIFY, "", { NULL }, { "mx1.b@192.0.2.8", "mx2.b@192.0.2.9" }, "mx1.b mx2.b" },
	{ LEVEL_VERIFY, "", { NULL }, { "m1@192.0.2.8", "m2@192.0.2.8", "m3@192.0.2.8", "m4@192.0.2.8" }, "m1 m2 m3" },
	{ LEVEL_VERIFY, "", { "x.b" }, { "mx1.b@192.0.2.8" }, "x.b mx1.b" },
	{ LEVEL_VERIFY, "", { ".b", "x.b" }, { "mx1.b@192.0.2.8" }, "x.b mx1.b" },
	{ LEVEL_VERIFY, "", { "mx1.b" }, { "mx1.b@192.0.2.8" }, "mx1.b" },
	{ LEVEL_SECURE, "", { "b" }, { "mx1.b@192.0.2.1" }, "mx1.b" },
	{ LEVEL_VERIFY, "sni.b", { "x.b" }, { "mx1.b@192.0.2.1" }, "sni.b" },
	{ LEVEL_ENCRYPT, "", { NULL }, { "mx1.b@192.0.2.8", "mx2.b@192.0.2.9" }, "mx1.b" },
	{ LEVEL_MAY, "", { NULL }, { NULL }, "-" },
	{ LEVEL_SECURE, "", { ".b" }, { NULL }, "-" },
};

static struct verdict *verdict_of(size_t i)
{
	struct verdict *v = verdict_new();

	assert_non_null(v);
	v->status = VERDICT_OK;
	v->source = VERDICT_SOURCE_DOMAIN;
	v->level = cases[i].level;
	(void)snprintf(v->servername, sizeof(v->servername), "%s", cases[i].servername);
	v->names = calloc(3, sizeof(*v->names));
	v->mx = calloc(5, sizeof(*v->mx));
	assert_non_null(v->names);
	assert_non_null(v->mx);
	for (; v->names_count < 3 && cases[i].names[v->names_count] != NULL; v->names_count++) {
		const char *name = cases[i].names[v->names_count];
		struct verdict_name *to = &v->names[v->names_count];
		to->subdomains = name[0] == '.';
		(void)snprintf(to->name, sizeof(to->name), "%s", name + to->subdomains);
	}
	for (; v->mx_count < 5 && cases[i].mx[v->mx_count] != NULL; v->mx_count++) {
		const char *text = cases[i].mx[v->mx_count];
		const char *at = strchr(text, '@');
		struct verdict_mx *mx = &v->mx[v->mx_count];
		(void)snprintf(mx->name, sizeof(mx->name), "%.*s", (int)(at - text), text);
		mx->addrs = calloc(1, sizeof(*mx->addrs));
		assert_non_null(mx->addrs);
		assert_true(addr_parse(mx->addrs, at + 1));
		mx->addrs_count = 1;
	}
	return v;
}

static void test_candidates(void **state)
{
	struct addr dst;

	(void)state;
	assert_true(addr_parse(&dst, "192.0.2.1"));
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct verdict *v = verdict_of(i);
		struct candidates got;
		char text[1024] = "";
		candidates_of(&got, v, &dst);
		for (size_t j = 0; j < got.count; j++) {
			(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", j > 0 ? " " : "",
				       got.names[j][0] != '\0' ? got.names[j] : "-");
			assert_true(candidates_have(&got, got.names[j]));
		}
		assert_string_equal(text, cases[i].expect);
		assert_false(candidates_have(&got, "other"));
		verdict_unref(v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host_failure_ends),   cmocka_unit_test(test_host_memory_is_bounded),
		cmocka_unit_test(test_host_is_tried_again), cmocka_unit_test(test_host_news),
		cmocka_unit_test(test_no_memory_at_all),    cmocka_unit_test(test_keywords_are_kept_a_day),
		cmocka_unit_test(test_candidates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

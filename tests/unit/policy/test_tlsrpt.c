/* test_tlsrpt.c - reports from their message to a collector's socket, with a fake resolver and a collector that is
 * there, away, full or another one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <event2/event.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "policy/tlsrpt/tlsrpt.h"
#include "proxy/base/log.h"
#include "tests/unit/policy/fake_dns.h"

#define RECORD "v=TLSRPTv1; rua=mailto:r@x.example"

static const struct fake_record records[] = {
	{ "_smtp._tls.a.example", T_TXT, 300, 0, "v=TLSRPTv1; |rua=mailto:r@x.example" },
	{ "_smtp._tls.b.example", T_TXT, 300, 0, RECORD },
	{ "_smtp._tls.c.example", T_CNAME, 300, 0, "elsewhere.example" },
	{ "elsewhere.example", T_TXT, 300, 0, RECORD },
	{ "_smtp._tls.two.example", T_TXT, 300, 0, RECORD },
	{ "_smtp._tls.two.example", T_TXT, 300, 0, "v=TLSRPTv1; rua=mailto:s@x.example" },
	{ "_smtp._tls.other.example", T_TXT, 300, 0, "v=spf1 -all" },
	{ "_smtp._tls.broken.example", T_TXT, 300, 0, "v=TLSRPTv1; nothing" },
	{ NULL, 0, 0, 0, NULL },
};

static unsigned lines; /* of losses, in the log */
static char told[512]; /* its last line about a report */

static void on_line(enum log_level level, const char *line, size_t len)
{
	(void)level;
	lines += strstr(line, "tlsrpt-lost") != NULL;
	if (strncmp(line, "tlsrpt ", 7) == 0)
		(void)snprintf(told, sizeof(told), "%.*s", (int)len, line);
}

struct world {
	struct event_base *base;
	struct fake_dns fake;
	struct dns *dns;
	struct tlsrpt *tlsrpt;
	char folder[64];
	char path[96];
	int collector; /* -1: away */
	const char *text;
	char asked[VERDICT_POLICY_ID_MAX];
};

static bool on_text(void *arg, const char *domain, const char *id, struct tlsrpt_text *out)
{
	struct world *w = arg;

	(void)domain;
	(void)snprintf(w->asked, sizeof(w->asked), "%s", id);
	if (w->text == NULL)
		return false;
	*out = (struct tlsrpt_text){ w->text, strlen(w->text) };
	return true;
}

static void open_collector(struct world *w)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", w->path);
	w->collector = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(w->collector >= 0);
	assert_int_equal(bind(w->collector, (struct sockaddr *)&at, sizeof(at)), 0);
}

static void close_collector(struct world *w)
{
	(void)close(w->collector);
	(void)unlink(w->path);
	w->collector = -1;
}

static struct dns *open_dns(struct world *w)
{
	const struct dns_resolver resolver = { w->fake.at, false };
	const struct dns_options options = {
		.mode = DNS_OFF, .resolvers = &resolver, .resolvers_count = 1, .limits = DNS_LIMITS_DEFAULT
	};
	char err[DNS_REASON_MAX];
	struct dns *dns = dns_new(w->base, &options, err, sizeof(err));

	assert_non_null(dns);
	return dns;
}

static void open_world(struct world *w, const struct tlsrpt_limits *limits)
{
	char err[256];

	memset(w, 0, sizeof(*w));
	lines = 0;
	log_init("test", LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT);
	log_set_sink(on_line);
	(void)snprintf(w->folder, sizeof(w->folder), "/tmp/gate25-tlsrpt-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	(void)snprintf(w->path, sizeof(w->path), "%s/socket", w->folder);
	w->base = event_base_new();
	assert_non_null(w->base);
	fake_dns_open(&w->fake, w->base, records);
	w->dns = open_dns(w);
	w->tlsrpt = tlsrpt_new(w->base, limits, on_text, w, err, sizeof(err));
	assert_non_null(w->tlsrpt);
	tlsrpt_use_dns(w->tlsrpt, w->dns);
	tlsrpt_socket(w->tlsrpt, w->path);
	open_collector(w);
}

static void close_world(struct world *w)
{
	tlsrpt_free(w->tlsrpt);
	dns_free(w->dns);
	fake_dns_close(&w->fake);
	event_base_free(w->base);
	if (w->collector >= 0)
		close_collector(w);
	(void)rmdir(w->folder);
	log_set_sink(NULL);
}

static void turn(struct world *w, unsigned ms)
{
	const struct timeval time = { .tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000 };

	(void)event_base_loopexit(w->base, &time);
	(void)event_base_loop(w->base, 0);
}

/* report sends one about |domain|, whose result is |word|. */
static void report(struct world *w, const char *domain, enum result_word word)
{
	static struct tls_report report;
	static uint8_t bytes[WIRE_MAX];
	struct wire_writer writer;

	memset(&report, 0, sizeof(report));
	(void)snprintf(report.domain, sizeof(report.domain), "%s", domain);
	report.policies_count = 1;
	report.policies[0].type = TLS_REPORT_NO_POLICY;
	report.policies[0].failed = word != RESULT_NONE;
	report.failures_count = word != RESULT_NONE;
	report.failures[0].word = word;
	wire_writer_init(&writer, bytes, TLS_REPORT_BYTES_MAX);
	tls_report_put(&writer, &report);
	assert_false(writer.failed);
	assert_true(tlsrpt_take(w->tlsrpt, bytes, writer.len));
}

/* next waits for a datagram; "": none came in |ms|. */
static const char *next(struct world *w, unsigned ms)
{
	static char got[TLSRPT_DATAGRAM_MAX + 1];

	for (unsigned waited = 0;; waited += 10) {
		ssize_t n = recv(w->collector, got, TLSRPT_DATAGRAM_MAX, 0);
		got[n > 0 ? n : 0] = '\0';
		if (n > 0 || waited >= ms)
			return got;
		turn(w, 10);
	}
}

static void assert_from(const char *datagram, const char *domain)
{
	char head[128];

	(void)snprintf(head, sizeof(head), "{\"dpv\":\"1\",\"d\":\"%s\",\"pr\":\"" RECORD "\",\"policies\":[{", domain);
	assert_memory_equal(datagram, head, strlen(head));
}

static void test_asks_once(void **state)
{
	const struct tlsrpt_limits limits = TLSRPT_LIMITS_DEFAULT;
	struct world w;

	(void)state;
	open_world(&w, &limits);
	report(&w, "a.example", RESULT_NONE);
	report(&w, "a.example", RESULT_TLSA_INVALID);
	assert_string_equal(next(&w, 2000), "{\"dpv\":\"1\",\"d\":\"a.example\",\"pr\":\"" RECORD
					    "\",\"policies\":[{\"policy-type\":9,\"t\":0,\"f\":0}]}");
	assert_non_null(strstr(next(&w, 2000), "\"failure-details\":[{\"c\":304}],\"t\":1,\"f\":1}]}"));
	assert_string_equal(told, "tlsrpt domain=a.example policies=\"no-policy-found failed\"");
	report(&w, "a.example", RESULT_NONE);
	assert_from(next(&w, 0), "a.example"); /* at once */
	assert_int_equal(w.fake.asked_udp, 1);
	report(&w, "c.example", RESULT_NONE); /* aliases are followed */
	assert_from(next(&w, 2000), "c.example");
	assert_int_equal(tlsrpt_count(w.tlsrpt).sent, 4);
	assert_int_equal(tlsrpt_count(w.tlsrpt).lost, 0);
	close_world(&w);
}

static void test_who_does_not_ask(void **state)
{
	static const char *const domains[] = { "two.example", "other.example", "broken.example", "nothing.example",
					       "servfail.example" };
	const struct tlsrpt_limits limits = TLSRPT_LIMITS_DEFAULT;
	struct world w;
	char longest[VERDICT_NAME_MAX];

	(void)state;
	open_world(&w, &limits);
	w.fake.broken = "_smtp._tls.servfail.example";
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	for (size_t i = 63; i < sizeof(longest) - 1; i += 64)
		longest[i] = '.';
	for (size_t i = 0; i < COUNT(domains); i++)
		report(&w, domains[i], RESULT_NONE);
	report(&w, longest, RESULT_NONE); /* no such name can have a record */
	assert_string_equal(next(&w, 500), "");
	for (size_t i = 0; i < COUNT(domains); i++)
		report(&w, domains[i], RESULT_NONE);
	assert_string_equal(next(&w, 50), "");
	assert_int_equal(tlsrpt_count(w.tlsrpt).lost, 0);
	report(&w, "a.example", RESULT_NONE);
	assert_from(next(&w, 2000), "a.example");
	close_world(&w);
}

static void test_malformed(void **state)
{
	const struct tlsrpt_limits limits = TLSRPT_LIMITS_DEFAULT;
	struct world w;

	(void)state;
	open_world(&w, &limits);
	assert_false(tlsrpt_take(w.tlsrpt, (const uint8_t *)"nothing", 7));
	close_world(&w);
}

static void test_collector_goes_and_comes(void **state)
{
	const struct tlsrpt_limits limits = TLSRPT_LIMITS_DEFAULT;
	struct world w;

	(void)state;
	open_world(&w, &limits);
	report(&w, "a.example", RESULT_NONE);
	assert_from(next(&w, 2000), "a.example");
	close_collector(&w);
	report(&w, "a.example", RESULT_NONE);
	report(&w, "b.example", RESULT_NONE);
	turn(&w, 100);
	assert_int_equal(tlsrpt_count(w.tlsrpt).waiting, 2);
	open_collector(&w); /* another socket at the same path */
	assert_from(next(&w, 3000), "a.example");
	assert_from(next(&w, 3000), "b.example");
	assert_int_equal(tlsrpt_count(w.tlsrpt).lost, 0);
	assert_int_equal(lines, 0);
	close_world(&w);
}

/* Reports that nobody takes are given up, and told of once in a while. */
static void test_nobody(void **state)
{
	struct tlsrpt_limits limits = TLSRPT_LIMITS_DEFAULT;
	struct world w;

	(void)state;
	limits.outbox.patience_s = 0;
	open_world(&w, &limits);
	close_collector(&w);
	report(&w, "a.example", RESULT_NONE);
	turn(&w, 100);
	for (unsigned i = 0; i < 10; i++)
		report(&w, "a.example", RESULT_NONE);
	assert_int_equal(tlsrpt_count(w.tlsrpt).lost, 11);
	assert_int_equal(lines, 1);
	close_world(&w);
}

static void test_full(void **state)
{
	struct tlsrpt_limits limits = TLSRPT_LIMITS_DEFAULT;
	struct tlsrpt_outbox_count count;
	struct world w;
	unsigned came = 0;

	(void)state;
	limits.outbox.datagrams_max = 20;
	limits.outbox.quiet_s = 1;
	open_world(&w, &limits);
	report(&w, "a.example", RESULT_NONE);
	assert_from(next(&w, 2000), "a.example");
	for (unsigned i = 0; i < 2000; i++)
		report(&w, "a.example", RESULT_NONE);
	count = tlsrpt_count(w.tlsrpt);
	assert_int_equal(count.waiting, 20);
	assert_true(count.lost > 0);
	assert_int_equal(count.sent + count.waiting + count.lost, 2001);
	assert_int_equal(lines, 1);
	while (next(&w, 300)[0] != '\0')
		came++;
	assert_int_equal(came + count.lost, 2000); /* those that waited came too */
	turn(&w, 1100);
	assert_int_equal(lines, 2); /* the rest of the losses, together */
	turn(&w, 1100);
	assert_int_equal(lines, 2);
	close_world(&w);
}

static void test_bounds(void **state)
{
	struct tlsrpt_limits limits = TLSRPT_LIMITS_DEFAULT;
	struct world w;

	(void)state;
	limits.lookups_max = 2;
	limits.domains_max = 1;
	limits.bytes_max = sizeof(struct tls_report) * 5 / 2;
	open_world(&w, &limits);
	for (unsigned i = 0; i < 3; i++)
		report(&w, "a.example", RESULT_NONE); /* room for two */
	assert_int_equal(tlsrpt_count(w.tlsrpt).lost, 1);
	report(&w, "b.example", RESULT_NONE); /* none left, and yet it is looked up */
	assert_int_equal(tlsrpt_count(w.tlsrpt).lost, 2);
	report(&w, "c.example", RESULT_NONE);
	assert_int_equal(tlsrpt_count(w.tlsrpt).lost, 3);
	assert_from(next(&w, 2000), "a.example");
	assert_from(next(&w, 2000), "a.example");
	turn(&w, 200);
	assert_int_equal(w.fake.asked_udp, 2);
	report(&w, "b.example", RESULT_NONE); /* the one that is remembered */
	assert_from(next(&w, 0), "b.example");
	report(&w, "a.example", RESULT_NONE);
	assert_from(next(&w, 2000), "a.example");
	assert_int_equal(w.fake.asked_udp, 3);
	close_world(&w);
}

static void test_other_dns(void **state)
{
	const struct tlsrpt_limits limits = TLSRPT_LIMITS_DEFAULT;
	struct world w;

	(void)state;
	open_world(&w, &limits);
	w.fake.silent = "_smtp._tls.a.example";
	report(&w, "a.example", RESULT_NONE);
	turn(&w, 50);
	tlsrpt_use_dns(w.tlsrpt, NULL);
	dns_free(w.dns);
	report(&w, "b.example", RESULT_NONE);
	turn(&w, 50);
	w.fake.silent = NULL;
	w.dns = open_dns(&w);
	tlsrpt_use_dns(w.tlsrpt, w.dns);
	(void)next(&w, 2000);
	assert_string_not_equal(next(&w, 2000), "");
	assert_int_equal(tlsrpt_count(w.tlsrpt).sent, 2);
	/* What is under way when all ends is forgotten. */
	w.fake.silent = "_smtp._tls.c.example";
	report(&w, "c.example", RESULT_NONE);
	turn(&w, 50);
	close_world(&w);
}

static void test_switched_off(void **state)
{
	const struct tlsrpt_limits limits = TLSRPT_LIMITS_DEFAULT;
	struct world w;
	char longest[200];

	(void)state;
	open_world(&w, &limits);
	report(&w, "a.example", RESULT_NONE);
	tlsrpt_socket(w.tlsrpt, NULL);
	report(&w, "b.example", RESULT_NONE);
	assert_string_equal(next(&w, 300), "");
	assert_int_equal(w.fake.asked_udp, 1); /* nobody is asked in vain */
	tlsrpt_socket(w.tlsrpt, w.path);
	report(&w, "b.example", RESULT_NONE);
	assert_from(next(&w, 2000), "b.example");
	memset(longest, '/', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	tlsrpt_socket(w.tlsrpt, longest);
	report(&w, "b.example", RESULT_NONE);
	assert_string_equal(next(&w, 100), "");
	close_world(&w);
}

/* The text is told where the policy that was applied is still the one at hand. */
static void test_text(void **state)
{
	const struct tlsrpt_limits limits = TLSRPT_LIMITS_DEFAULT;
	static const struct verdict_pattern pattern = { "mx.a.example", false };
	static uint8_t bytes[WIRE_MAX];
	struct tls_report sts = { .domain = "a.example",
				  .policies_count = 1,
				  .policies[0] = { .type = TLS_REPORT_STS,
						   .domain = "a.example",
						   .id = "20260101",
						   .max_age_s = 7,
						   .patterns = &pattern,
						   .patterns_count = 1 } };
	struct wire_writer writer;
	struct world w;

	(void)state;
	open_world(&w, &limits);
	wire_writer_init(&writer, bytes, TLS_REPORT_BYTES_MAX);
	tls_report_put(&writer, &sts);
	w.text = "version: STSv1\nmode: enforce\nmx: mx.a.example\nmax_age: 7\nextra: yes\n";
	assert_true(tlsrpt_take(w.tlsrpt, bytes, writer.len));
	assert_non_null(strstr(next(&w, 2000), "\"mx: mx.a.example\",\"max_age: 7\",\"extra: yes\"]"));
	assert_string_equal(w.asked, "20260101");
	w.text = NULL;
	assert_true(tlsrpt_take(w.tlsrpt, bytes, writer.len));
	assert_non_null(strstr(next(&w, 2000), "\"mode: enforce\",\"mx: mx.a.example\",\"max_age: 7\"]"));
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_asks_once),    cmocka_unit_test(test_who_does_not_ask),
		cmocka_unit_test(test_malformed),    cmocka_unit_test(test_collector_goes_and_comes),
		cmocka_unit_test(test_nobody),       cmocka_unit_test(test_full),
		cmocka_unit_test(test_bounds),       cmocka_unit_test(test_other_dns),
		cmocka_unit_test(test_switched_off), cmocka_unit_test(test_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

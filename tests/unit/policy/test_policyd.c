/* test_policyd.c - the service as workers see it: over its channels, with a fake resolver behind it and policy hosts
 * that are a row here (tests.mk wraps the fetcher). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/un.h>

#include "policy/daemon/policyd.h"
#include "policy/sts/sts_fetch.h"
#include "policy/verdict/demand.h"
#include "policy/verdict/tls_report.h"
#include "policy/verdict/verdict.h"
#include "proxy/base/ipc.h"
#include "proxy/base/log.h"
#include "tests/unit/policy/fake_dns.h"

static const struct addr none; /* no address: no MX host is known by it */

static const struct fake_record records[] = {
	{ "d.example", T_MX, 300, 10, "mx.d.example" },
	{ "mx.d.example", T_A, 300, 0, "192.0.2.1" },
	{ "mx.d.example", T_AAAA, 300, 0, "2001:db8::1" },
	{ "s.example", T_MX, 300, 10, "mx.d.example" },
	{ "_mta-sts.s.example", T_TXT, 300, 0, "v=STSv1; id=one;" },
	{ "_smtp._tls.s.example", T_TXT, 300, 0, "v=TLSRPTv1; rua=mailto:r@s.example" },
	{ "down.example", T_MX, 300, 10, "mx.d.example" },
	{ "_mta-sts.down.example", T_TXT, 300, 0, "v=STSv1; id=one;" },
	{ "l.example", T_MX, 300, 10, "mx.d.example" },
	{ NULL, 0, 0, 0, NULL },
};

/* --- policy hosts ------------------------------------------------------------------------------------------------- */

struct sts_fetcher {
	struct event_base *base;
	unsigned fetches; /* under way */
};

struct sts_fetch {
	struct sts_fetcher *fetcher;
	struct event *event;
	sts_fetched_fn *fn;
	void *arg;
	bool down;
};

static struct {
	bool hangs; /* until told otherwise */
	bool no_fetcher;
	unsigned fetchers;
	unsigned started;
	const char *mode;
} hosts;

struct sts_fetcher *__wrap_sts_fetcher_new(struct event_base *base, const struct sts_fetch_options *options, char *err,
					   size_t err_len);
void __wrap_sts_fetcher_free(struct sts_fetcher *fetcher);
struct sts_fetch *__wrap_sts_fetch_start(struct sts_fetcher *fetcher, struct dns *dns, const char *domain,
					 sts_fetched_fn *fn, void *arg);
void __wrap_sts_fetch_cancel(struct sts_fetch *fetch);

struct sts_fetcher *__wrap_sts_fetcher_new(struct event_base *base, const struct sts_fetch_options *options, char *err,
					   size_t err_len)
{
	struct sts_fetcher *fetcher = hosts.no_fetcher ? NULL : calloc(1, sizeof(*fetcher));

	assert_string_equal(options->ca_pem, "the gate's bundle");
	(void)snprintf(err, err_len, "no certificates");
	if (fetcher == NULL)
		return NULL;
	fetcher->base = base;
	hosts.fetchers++;
	return fetcher;
}

void __wrap_sts_fetcher_free(struct sts_fetcher *fetcher)
{
	if (fetcher == NULL)
		return;
	assert_int_equal(fetcher->fetches, 0);
	hosts.fetchers--;
	free(fetcher);
}

void __wrap_sts_fetch_cancel(struct sts_fetch *fetch)
{
	if (fetch == NULL)
		return;
	fetch->fetcher->fetches--;
	event_free(fetch->event);
	free(fetch);
}

static void on_fetch(evutil_socket_t fd, short what, void *arg)
{
	struct sts_fetch *fetch = arg;
	struct sts_fetched fetched = { .ok = !fetch->down, .result = RESULT_STS_POLICY_FETCH_ERROR };
	sts_fetched_fn *fn = fetch->fn;
	void *fn_arg = fetch->arg;
	char text[256];

	(void)fd;
	(void)what;
	(void)snprintf(text, sizeof(text), "version: STSv1\nmode: %s\nmx: *.d.example\nmax_age: 86400\n", hosts.mode);
	fetched.text = text;
	fetched.len = strlen(text);
	(void)snprintf(fetched.reason, sizeof(fetched.reason), "the policy host is down");
	__wrap_sts_fetch_cancel(fetch);
	fn(fn_arg, &fetched);
}

struct sts_fetch *__wrap_sts_fetch_start(struct sts_fetcher *fetcher, struct dns *dns, const char *domain,
					 sts_fetched_fn *fn, void *arg)
{
	struct sts_fetch *fetch = calloc(1, sizeof(*fetch));

	assert_non_null(dns);
	assert_non_null(fetch);
	*fetch = (struct sts_fetch){ .fetcher = fetcher, .fn = fn, .arg = arg, .down = strstr(domain, "down") != NULL };
	fetch->event = event_new(fetcher->base, -1, 0, on_fetch, fetch);
	assert_non_null(fetch->event);
	fetcher->fetches++;
	hosts.started++;
	if (!hosts.hangs)
		event_active(fetch->event, EV_TIMEOUT, 0);
	return fetch;
}

/* --- workers ------------------------------------------------------------------------------------------------------ */

#define ANSWERS_MAX 2000

struct peer { /* a worker */
	struct world *world;
	struct ipc *ipc;
	bool closed;
	unsigned count;
	uint32_t ids[ANSWERS_MAX];
	struct verdict *last;
};

struct world {
	struct event_base *base;
	struct fake_dns fake;
	struct conf conf;
	struct policyd *policyd;
	struct peer peers[2];
};

static void quiet(enum log_level level, const char *line, size_t len)
{
	(void)level;
	(void)line;
	(void)len;
}

static bool on_answer(void *arg, uint16_t type, const uint8_t *body, size_t len, int fd)
{
	struct peer *peer = arg;
	struct wire_reader r;

	assert_int_equal(type, VERDICT_MSG_ANSWER);
	assert_int_equal(fd, -1);
	assert_true(peer->count < ANSWERS_MAX);
	wire_reader_init(&r, body, len);
	verdict_unref(peer->last);
	peer->last = verdict_get(&r, &peer->ids[peer->count++]);
	assert_non_null(peer->last);
	(void)event_base_loopbreak(peer->world->base);
	return true;
}

static void on_closed(void *arg)
{
	struct peer *peer = arg;

	ipc_free(peer->ipc);
	peer->ipc = NULL;
	peer->closed = true;
	(void)event_base_loopbreak(peer->world->base);
}

static int connect_peer(struct world *w, unsigned slot)
{
	int fds[2];

	assert_true(ipc_pair(fds));
	policyd_add_worker(w->policyd, slot, fds[0]);
	return fds[1];
}

static void open_peer(struct world *w, unsigned slot)
{
	struct peer *peer = &w->peers[slot];

	ipc_free(peer->ipc);
	peer->world = w;
	peer->closed = false;
	peer->ipc = ipc_new(w->base, connect_peer(w, slot), on_answer, on_closed, peer);
	assert_non_null(peer->ipc);
}

static void parse(struct conf *out, const struct fake_dns *fake, const char *text)
{
	char whole[1024];

	/* Without DNSSEC, so that the questions that come are the workers' own; unless the test is about that. */
	(void)snprintf(whole, sizeof(whole), "%sresolvers = {\"127.0.0.1:%u\"}\n%s",
		       strstr(text, "dnssec") != NULL ? "" : "dnssec = off\n", fake->at.port, text);
	assert_true(conf_parse(out, "test.conf", whole, NULL, NULL));
}

static struct policyd_inputs inputs_of(const struct conf *conf, uint32_t generation)
{
	static const char list[] =
		"{\"version\": \"0.1\", \"timestamp\": 1700000000, \"expires\": 4000000000, \"policy-aliases\": {}, "
		"\"policies\": {\"l.example\": {\"mode\": \"enforce\", \"mxs\": [\".list.example\"]}, "
		"\"s.example\": {\"mode\": \"enforce\", \"mxs\": [\".list.example\"]}}}";

	return (struct policyd_inputs){ .conf = conf,
					.ca_text = "the gate's bundle",
					.list_text = conf->list_file != NULL ? list : NULL,
					.generation = generation };
}

static void open_world(struct world *w, const char *conf)
{
	struct dns_limits dns_limits = { .attempt_ms = 250, .deadline_ms = 4000, .sockets_max = 64 };
	struct mx_cache_limits mx_limits = {
		.domains_max = 100, .bytes_max = 1u << 20, .lookups_max = 100, .deadline_ms = 10000
	};

	memset(w, 0, sizeof(*w));
	memset(&hosts, 0, sizeof(hosts));
	hosts.mode = "enforce";
	log_set_sink(quiet);
	w->base = event_base_new();
	assert_non_null(w->base);
	fake_dns_open(&w->fake, w->base, records);
	parse(&w->conf, &w->fake, conf);
	struct policyd_inputs inputs = inputs_of(&w->conf, 1);
	w->policyd = policyd_new(w->base, &inputs, &dns_limits, &mx_limits);
	assert_non_null(w->policyd);
	open_peer(w, 0);
	open_peer(w, 1);
}

static void close_world(struct world *w)
{
	policyd_free(w->policyd);
	for (unsigned i = 0; i < 2; i++) {
		ipc_free(w->peers[i].ipc);
		verdict_unref(w->peers[i].last);
	}
	assert_int_equal(hosts.fetchers, 0);
	fake_dns_close(&w->fake);
	conf_cleanup(&w->conf);
	event_base_free(w->base);
	log_set_sink(NULL);
}

static bool put(struct peer *peer, uint32_t id, enum verdict_question_kind kind, const char *domain,
		const char *destination)
{
	struct verdict_question q = { .id = id, .kind = kind };
	uint8_t bytes[1024];
	struct wire_writer w;

	(void)snprintf(q.domain, sizeof(q.domain), "%s", domain);
	assert_true(endpoint_parse(&q.destination, destination, 25));
	wire_writer_init(&w, bytes, sizeof(bytes));
	verdict_question_put(&w, &q);
	return ipc_send(peer->ipc, VERDICT_MSG_QUESTION, bytes, w.len, -1);
}

static void wait_for(struct world *w, struct peer *peer, unsigned count)
{
	while (peer->count < count && !peer->closed)
		assert_int_equal(event_base_dispatch(w->base), 0);
	assert_true(peer->closed || peer->count == count);
}

static void test_answers(void **state)
{
	static struct world w;
	struct peer *peer = &w.peers[0];

	(void)state;
	open_world(&w, "domain \"d.example\" { level = secure }\ndestination \"192.0.2.9\" { level = may }\n");
	assert_true(put(peer, 7, VERDICT_ASK_RECIPIENT, "d.example", "192.0.2.1"));
	wait_for(&w, peer, 1);
	assert_int_equal(peer->ids[0], 7);
	assert_int_equal(peer->last->status, VERDICT_OK);
	assert_int_equal(peer->last->level, LEVEL_SECURE);
	assert_int_equal(peer->last->source, VERDICT_SOURCE_DOMAIN);
	assert_string_equal(peer->last->domain, "d.example");
	assert_int_equal(peer->last->mx_count, 1);
	assert_int_equal(peer->last->mx[0].addrs_count, 2);
	assert_int_equal(peer->last->generation, 1);
	unsigned asked = w.fake.asked_udp;
	assert_true(put(peer, 8, VERDICT_ASK_RECIPIENT, "d.example", "203.0.113.1")); /* known by now */
	wait_for(&w, peer, 2);
	assert_int_equal(peer->last->mx_count, 1);
	assert_int_equal(w.fake.asked_udp, asked);
	assert_true(put(peer, 9, VERDICT_ASK_DESTINATION, "", "203.0.113.1"));
	wait_for(&w, peer, 3);
	assert_int_equal(peer->last->source, VERDICT_SOURCE_NONE);
	assert_true(put(peer, 10, VERDICT_ASK_RECIPIENT, "d.example", "192.0.2.9"));
	wait_for(&w, peer, 4);
	assert_int_equal(peer->last->source, VERDICT_SOURCE_DESTINATION);
	assert_int_equal(peer->last->level, LEVEL_MAY);
	assert_true(put(peer, 11, VERDICT_ASK_RECIPIENT, "", "203.0.113.1"));
	wait_for(&w, peer, 5);
	assert_int_equal(peer->last->source, VERDICT_SOURCE_DEFAULT);
	assert_int_equal(w.fake.asked_udp, asked);
	close_world(&w);
}

static void test_failed_lookup(void **state)
{
	static struct world w;

	(void)state;
	open_world(&w, "domain \"d.example\" { level = verify }\n");
	w.fake.broken = "d.example";
	assert_true(put(&w.peers[0], 1, VERDICT_ASK_RECIPIENT, "d.example", "192.0.2.1"));
	wait_for(&w, &w.peers[0], 1);
	assert_int_equal(w.peers[0].last->status, VERDICT_FAILED);
	assert_false(demand_permits_clear(w.peers[0].last, &none));
	assert_non_null(strstr(w.peers[0].last->reason, "SERVFAIL"));
	close_world(&w);
}

/* One lookup for many askers, of two workers. */
static void test_coalesced(void **state)
{
	static struct world w;

	(void)state;
	open_world(&w, "");
	for (uint32_t i = 0; i < 20; i++)
		assert_true(put(&w.peers[i % 2], i + 1, VERDICT_ASK_RECIPIENT, "d.example", "192.0.2.1"));
	wait_for(&w, &w.peers[0], 10);
	wait_for(&w, &w.peers[1], 10);
	assert_int_equal(w.fake.asked_udp, 4); /* MX, two families, _mta-sts */
	close_world(&w);
}

/* A malformed message costs its sender the channel and nobody else anything. */
static void test_malformed(void **state)
{
	/* by meaning, not by size: NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
	static const struct {
		uint16_t type;
		const char *body;
		size_t len;
		bool with_fd;
	} bad[] = {
		{ VERDICT_MSG_QUESTION, "", 0, false },
		{ VERDICT_MSG_QUESTION, "\0\0\0\1\7", 5, false },
		{ VERDICT_MSG_QUESTION, "\0\0\0\1\0\0\0\0\31\0\1d!", 13, false },
		{ VERDICT_MSG_QUESTION, "\0\0\0\1\0\0\0\0\31\0\1d", 12, true },
		{ VERDICT_MSG_ANSWER, "\0\0\0\1\0\0\0\0\31\0\1d", 12, false },
		{ 999, "", 0, false },
	};
	static struct world w;

	(void)state;
	open_world(&w, "");
	for (uint32_t i = 0; i < COUNT(bad); i++) {
		assert_true(put(&w.peers[0], 1, VERDICT_ASK_RECIPIENT, "slow.example", "192.0.2.1"));
		assert_true(ipc_send(w.peers[0].ipc, bad[i].type, bad[i].body, bad[i].len, bad[i].with_fd ? 0 : -1));
		while (!w.peers[0].closed)
			assert_int_equal(event_base_dispatch(w.base), 0);
		assert_true(put(&w.peers[1], 100 + i, VERDICT_ASK_RECIPIENT, "d.example", "192.0.2.1"));
		wait_for(&w, &w.peers[1], i + 1);
		assert_int_equal(w.peers[1].ids[i], 100 + i);
		w.peers[0].count = 0;
		open_peer(&w, 0); /* the parent brings a new one */
		assert_true(put(&w.peers[0], 5, VERDICT_ASK_DESTINATION, "", "192.0.2.1"));
		wait_for(&w, &w.peers[0], 1);
		w.peers[0].count = 0;
	}
	close_world(&w);
}

/* A worker that does not read for a while gets every answer in the end. */
static void test_slow_reader(void **state)
{
	static struct world w;
	const unsigned all = 1500;
	bool seen[1501] = { false };

	(void)state;
	open_world(&w, "");
	int fd = connect_peer(&w, 0);
	/* Questions go straight to the socket, so that nothing reads the answers yet. */
	uint8_t bytes[512];
	for (uint32_t i = 1; i <= all; i++) {
		struct verdict_question q = { .id = i, .kind = VERDICT_ASK_DESTINATION };
		struct wire_writer writer;
		assert_true(endpoint_parse(&q.destination, "192.0.2.1", 25));
		bytes[0] = 0;
		bytes[1] = VERDICT_MSG_QUESTION;
		wire_writer_init(&writer, bytes + 2, sizeof(bytes) - 2);
		verdict_question_put(&writer, &q);
		while (send(fd, bytes, writer.len + 2, MSG_DONTWAIT) < 0)
			assert_int_equal(event_base_loop(w.base, EVLOOP_ONCE | EVLOOP_NONBLOCK), 0);
	}
	for (unsigned i = 0; i < 100; i++)
		(void)event_base_loop(w.base, EVLOOP_NONBLOCK);
	ipc_free(w.peers[0].ipc);
	w.peers[0].count = 0;
	w.peers[0].closed = false;
	w.peers[0].ipc = ipc_new(w.base, fd, on_answer, on_closed, &w.peers[0]);
	assert_non_null(w.peers[0].ipc);
	wait_for(&w, &w.peers[0], all);
	for (unsigned i = 0; i < all; i++) {
		assert_true(w.peers[0].ids[i] >= 1 && w.peers[0].ids[i] <= all && !seen[w.peers[0].ids[i]]);
		seen[w.peers[0].ids[i]] = true;
	}
	close_world(&w);
}

/* What is pending at a reload is decided by the new configuration. */
static void test_reload(void **state)
{
	static struct world w;
	struct conf next;

	(void)state;
	open_world(&w, "domain \"d.example\" { level = may }\n");
	w.fake.lie = LIE_SILENCE;
	w.fake.lies = 1;
	assert_true(put(&w.peers[0], 1, VERDICT_ASK_RECIPIENT, "d.example", "192.0.2.1"));
	while (w.fake.asked_udp == 0)
		assert_int_equal(event_base_loop(w.base, EVLOOP_ONCE), 0);
	parse(&next, &w.fake, "domain \"d.example\" { level = secure }\n");
	struct policyd_inputs inputs = inputs_of(&next, 2);
	assert_true(policyd_reload(w.policyd, &inputs));
	conf_cleanup(&w.conf);
	w.conf = next;
	wait_for(&w, &w.peers[0], 1);
	assert_int_equal(w.peers[0].last->level, LEVEL_SECURE);
	assert_int_equal(w.peers[0].last->generation, 2);
	close_world(&w);
}

static void on_dnssec(void *arg, const struct dnssec_report *report)
{
	*(struct dnssec_report *)arg = *report;
}

/* The self-test puts another mode in force while a question is pending: it is asked again, and answered once. */
static void test_mode_switch(void **state)
{
	static struct world w;
	struct dnssec_report report = { 0 };

	(void)state;
	open_world(&w, "dnssec = trust-ad\nbogus-names = bogus.example\ndomain \"d.example\" { level = may }\n");
	policyd_report_to(w.policyd, on_dnssec, &report);
	w.fake.validates = true;
	w.fake.broken = "bogus.example";
	w.fake.silent = "d.example";
	assert_true(put(&w.peers[0], 1, VERDICT_ASK_RECIPIENT, "d.example", "192.0.2.1"));
	while (report.state != DNSSEC_PROVED)
		assert_int_equal(event_base_loop(w.base, EVLOOP_ONCE), 0);
	assert_string_equal(report.mode, "trust-ad");
	assert_int_equal(w.peers[0].count, 0);
	w.fake.silent = NULL;
	wait_for(&w, &w.peers[0], 1);
	assert_int_equal(w.peers[0].last->mx_count, 1);
	close_world(&w);
}

/* A worker that goes takes its questions along; the lookup ends for the next who asks. */
static void test_worker_gone(void **state)
{
	static struct world w;

	(void)state;
	open_world(&w, "");
	assert_true(put(&w.peers[0], 1, VERDICT_ASK_RECIPIENT, "d.example", "192.0.2.1"));
	while (w.fake.asked_udp == 0)
		assert_int_equal(event_base_loop(w.base, EVLOOP_ONCE), 0);
	ipc_free(w.peers[0].ipc);
	w.peers[0].ipc = NULL;
	assert_true(put(&w.peers[1], 2, VERDICT_ASK_RECIPIENT, "d.example", "192.0.2.1"));
	wait_for(&w, &w.peers[1], 1);
	assert_int_equal(w.peers[1].last->mx_count, 1);
	assert_int_equal(w.fake.asked_udp, 4);
	close_world(&w);
}

static void ask(struct world *w, const char *domain)
{
	struct peer *peer = &w->peers[0];

	assert_true(put(peer, peer->count + 1, VERDICT_ASK_RECIPIENT, domain, "192.0.2.1"));
	wait_for(w, peer, peer->count + 1);
}

static void assert_published(const struct world *w, const char *status, const char *by)
{
	const struct verdict_policy *policy = &w->peers[0].last->published;

	assert_int_equal(w->peers[0].last->status, VERDICT_OK);
	assert_string_equal(verdict_published_name(policy->status), status);
	assert_string_equal(verdict_publisher_name(policy->by), by);
}

/* What domains publish, and what the list says of those that do not. */
static void test_published(void **state)
{
	static struct world w;

	(void)state;
	open_world(&w, "list-file = \"/list\"\n");
	ask(&w, "s.example");
	assert_published(&w, "enforce", "sts");
	assert_string_equal(w.peers[0].last->published.id, "one");
	assert_string_equal(w.peers[0].last->published.patterns[0].name, "d.example");
	assert_int_equal(w.peers[0].last->level, LEVEL_DANE);
	assert_int_equal(w.peers[0].last->ttl_s, 300);
	unsigned asked = w.fake.asked_udp;
	ask(&w, "s.example"); /* known by now */
	assert_published(&w, "enforce", "sts");
	assert_int_equal(w.fake.asked_udp, asked);
	assert_int_equal(hosts.started, 1);
	ask(&w, "l.example");
	assert_published(&w, "enforce", "list");
	assert_string_equal(w.peers[0].last->published.patterns[0].name, "list.example");
	ask(&w, "d.example");
	assert_published(&w, "none", "nobody");
	ask(&w, "down.example");
	assert_published(&w, "none", "nobody");
	assert_int_equal(w.peers[0].last->published.result, RESULT_STS_POLICY_FETCH_ERROR);
	w.fake.broken = "_mta-sts.mx.d.example";
	ask(&w, "mx.d.example");
	assert_published(&w, "failed", "nobody");
	close_world(&w);
}

/* What is switched off, and what a level leaves no room for, is not asked. */
static void test_not_asked(void **state)
{
	static struct world w;

	(void)state;
	open_world(&w, "mta-sts = no\n");
	ask(&w, "s.example");
	assert_published(&w, "none", "nobody");
	assert_int_equal(w.peers[0].last->level, LEVEL_ENCRYPT);
	assert_int_equal(w.fake.asked_udp, 3);
	close_world(&w);
	open_world(&w, "domain \"s.example\" { level = encrypt }\n");
	ask(&w, "s.example");
	assert_published(&w, "none", "nobody");
	assert_int_equal(w.fake.asked_udp, 3);
	close_world(&w);
}

/* reload: the configuration that is left is one that nobody has any more. */
static void reload(struct world *w, struct conf *next, const char *text, uint32_t generation)
{
	parse(next, &w->fake, text);
	struct policyd_inputs inputs = inputs_of(next, generation);
	assert_true(policyd_reload(w->policyd, &inputs));
}

/* A reload has another fetcher and another list, and keeps what is remembered; what waited is asked anew. */
static void test_published_reload(void **state)
{
	static struct world w;
	struct conf next[4];

	(void)state;
	open_world(&w, "list-file = \"/list\"\n");
	ask(&w, "s.example");
	ask(&w, "l.example");
	assert_published(&w, "enforce", "list");
	reload(&w, &next[0], "", 2);
	ask(&w, "l.example");
	assert_published(&w, "none", "nobody");
	assert_int_equal(w.peers[0].last->generation, 2);
	ask(&w, "s.example");
	assert_published(&w, "enforce", "sts");
	assert_int_equal(hosts.started, 1);
	reload(&w, &next[1], "mta-sts = no\nlist-file = \"/list\"\n", 3);
	ask(&w, "s.example");
	assert_published(&w, "enforce", "list");
	reload(&w, &next[2], "", 4);
	ask(&w, "s.example");
	assert_published(&w, "enforce", "sts");
	/* While a policy is being fetched. */
	hosts.hangs = true;
	assert_true(put(&w.peers[0], 99, VERDICT_ASK_RECIPIENT, "down.example", "192.0.2.1"));
	while (hosts.started < 2)
		assert_int_equal(event_base_loop(w.base, EVLOOP_ONCE), 0);
	unsigned before = w.peers[0].count;
	hosts.hangs = false;
	reload(&w, &next[3], "", 5);
	wait_for(&w, &w.peers[0], before + 1);
	assert_int_equal(w.peers[0].last->generation, 5);
	assert_int_equal(w.peers[0].last->published.result, RESULT_STS_POLICY_FETCH_ERROR);
	close_world(&w);
	for (size_t i = 0; i < COUNT(next); i++)
		conf_cleanup(&next[i]);
}

/* --- TLS reports -------------------------------------------------------------------------------------------------- */

static int bind_collector(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

/* put_report reports on |domain| and its policy |id|, with an MX pattern that is told where the text is not. */
static bool put_report(struct peer *peer, const char *domain, const char *id)
{
	static const struct verdict_pattern pattern = { "told.by.fields.example", false };
	static uint8_t bytes[WIRE_MAX];
	struct tls_report report = {
		.policies_count = 1,
		.policies[0] = { .type = TLS_REPORT_STS, .max_age_s = 7, .patterns = &pattern, .patterns_count = 1 },
	};
	struct wire_writer w;

	(void)snprintf(report.domain, sizeof(report.domain), "%s", domain);
	(void)snprintf(report.policies[0].domain, sizeof(report.policies[0].domain), "%s", domain);
	(void)snprintf(report.policies[0].id, sizeof(report.policies[0].id), "%s", id);
	wire_writer_init(&w, bytes, TLS_REPORT_BYTES_MAX);
	tls_report_put(&w, &report);
	assert_false(w.failed);
	return ipc_send(peer->ipc, VERDICT_MSG_REPORT, bytes, w.len, -1);
}

static const char *next_datagram(struct world *w, int collector)
{
	const struct timeval little = { .tv_usec = 10000 };
	static char got[65536];

	for (unsigned i = 0; i < 300; i++) {
		ssize_t n = recv(collector, got, sizeof(got) - 1, MSG_DONTWAIT);
		got[n > 0 ? n : 0] = '\0';
		if (n > 0)
			return got;
		(void)event_base_loopexit(w->base, &little);
		(void)event_base_loop(w->base, 0);
	}
	return "";
}

static void test_tls_reports(void **state)
{
	static struct world w;
	char folder[] = "/tmp/gate25-policyd-XXXXXX";
	char path[64];
	char conf[128];
	struct conf next[2];
	char octet;
	int collector;

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/socket", folder);
	(void)snprintf(conf, sizeof(conf), "tlsrpt-socket = \"%s\"\n", path);
	collector = bind_collector(path);
	open_world(&w, conf);
	ask(&w, "s.example");
	assert_published(&w, "enforce", "sts");
	assert_true(put_report(&w.peers[0], "s.example", "one"));
	assert_non_null(strstr(next_datagram(&w, collector), "\"mx: *.d.example\",\"max_age: 86400\"]"));
	assert_true(put_report(&w.peers[0], "s.example", "another")); /* than the one that is known */
	assert_non_null(strstr(next_datagram(&w, collector), "\"mx: told.by.fields.example\",\"max_age: 7\"]"));
	/* Not to a collector that the configuration has no more, and of nobody who does not ask. */
	reload(&w, &next[0], "", 2);
	assert_true(put_report(&w.peers[0], "s.example", "one"));
	ask(&w, "s.example"); /* messages are taken in their order */
	reload(&w, &next[1], conf, 3);
	assert_true(put_report(&w.peers[0], "d.example", "one"));
	ask(&w, "s.example");
	assert_int_equal(recv(collector, &octet, 1, MSG_DONTWAIT), -1);
	assert_true(put_report(&w.peers[0], "s.example", "one"));
	assert_non_null(strstr(next_datagram(&w, collector), "\"d\":\"s.example\""));
	assert_false(w.peers[0].closed);
	assert_true(ipc_send(w.peers[0].ipc, VERDICT_MSG_REPORT, "nothing", 7, -1));
	(void)next_datagram(&w, collector);
	assert_true(w.peers[0].closed);
	(void)close(collector);
	(void)unlink(path);
	(void)rmdir(folder);
	close_world(&w);
	conf_cleanup(&next[0]);
	conf_cleanup(&next[1]);
}

/* Without a fetcher there is no MTA-STS, and a gate that is to have it does not start as if there were none. */
static void test_no_fetcher(void **state)
{
	static struct world w;

	(void)state;
	open_world(&w, "mta-sts = no\n");
	struct policyd_inputs inputs = inputs_of(&w.conf, 2);
	struct dns_limits dns_limits = DNS_LIMITS_DEFAULT;
	struct mx_cache_limits mx_limits = MX_CACHE_LIMITS_DEFAULT;
	hosts.no_fetcher = true;
	w.conf.mta_sts = true;
	assert_null(policyd_new(w.base, &inputs, &dns_limits, &mx_limits));
	w.conf.mta_sts = false;
	struct policyd *other = policyd_new(w.base, &inputs, &dns_limits, &mx_limits);
	assert_non_null(other);
	policyd_free(other);
	inputs.list_text = "no list";
	assert_null(policyd_new(w.base, &inputs, &dns_limits, &mx_limits));
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),          cmocka_unit_test(test_failed_lookup),
		cmocka_unit_test(test_coalesced),        cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_slow_reader),      cmocka_unit_test(test_reload),
		cmocka_unit_test(test_worker_gone),      cmocka_unit_test(test_mode_switch),
		cmocka_unit_test(test_published),        cmocka_unit_test(test_not_asked),
		cmocka_unit_test(test_published_reload), cmocka_unit_test(test_tls_reports),
		cmocka_unit_test(test_no_fetcher),
	};

	return cmocka_run_group_tests_name("policyd", tests, NULL, NULL);
}

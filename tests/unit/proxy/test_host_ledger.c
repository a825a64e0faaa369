/* test_host_ledger.c - what the parent makes of its workers' news: who is told, what nftables is asked for, and what a
 * flood of news, or many hosts, come to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/base/log.h"
#include "proxy/monitor/monitor_gate.h"
#include "proxy/gate/host_ledger.h"

struct world {
	struct event_base *base;
	struct host_ledger *ledger;
	unsigned spreads;
	unsigned spread_slot;
	struct host_news spread;
	unsigned downs;
	struct host_news down;
	unsigned down_seconds;
	unsigned changes;
};

static char logged[4096];

static void on_log(enum log_level level, const char *line, size_t len)
{
	(void)level;
	(void)snprintf(logged + strlen(logged), sizeof(logged) - strlen(logged), "%.*s\n", (int)len, line);
}

static void on_spread(void *arg, unsigned slot, const struct host_news *news)
{
	struct world *w = arg;

	w->spreads++;
	w->spread_slot = slot;
	w->spread = *news;
}

static void on_down(void *arg, const struct host_news *news, unsigned seconds)
{
	struct world *w = arg;

	w->downs++;
	w->down = *news;
	w->down_seconds = seconds;
}

static void on_changed(void *arg)
{
	((struct world *)arg)->changes++;
}

static void open_world(struct world *w)
{
	static const struct host_ledger_events events = { on_spread, on_down, on_changed };

	*w = (struct world){ .base = event_base_new() };
	assert_non_null(w->base);
	w->ledger = host_ledger_new(w->base, &events, w);
	assert_non_null(w->ledger);
	logged[0] = '\0';
	log_set_sink(on_log);
}

static void close_world(struct world *w)
{
	log_set_sink(NULL);
	host_ledger_free(w->ledger);
	event_base_free(w->base);
}

static struct host_news news_of(enum host_failure failure, unsigned n)
{
	struct host_news news = { .failure = failure };
	char text[32];

	(void)snprintf(text, sizeof(text), "198.51.%u.%u", n >> 8 & 255, n & 255);
	assert_true(addr_parse(&news.key.host.addr, text));
	news.key.host.port = 25;
	return news;
}

static void take(struct world *w, unsigned slot, enum host_failure failure, unsigned n, int64_t now_s)
{
	const struct host_news news = news_of(failure, n);

	host_ledger_take(w->ledger, slot, &news, now_s);
}

static unsigned held(const struct world *w, int64_t now_s)
{
	struct monitor_hosts hosts;
	unsigned sum = 0;

	host_ledger_show(w->ledger, &hosts, now_s, 1700000000);
	for (int i = 0; i < HOST_FAILURE_COUNT; i++)
		sum += hosts.held[i];
	return sum;
}

static unsigned times(const char *what)
{
	unsigned n = 0;

	for (const char *at = logged; (at = strstr(at, what)) != NULL; at++)
		n++;
	return n;
}

static void test_down_and_back(void **state)
{
	struct world w;
	struct monitor_hosts hosts;

	(void)state;
	open_world(&w);
	take(&w, 1, HOST_UNREACHABLE, 7, 1000);
	assert_int_equal(w.spreads, 1);
	assert_int_equal(w.spread_slot, 1);
	assert_int_equal(w.spread.failure, HOST_UNREACHABLE);
	assert_int_equal(w.downs, 1);
	assert_int_equal(w.down_seconds, HOST_DOWN_S);
	take(&w, 0, HOST_UNREACHABLE, 7, 1061);
	assert_int_equal(w.downs, 2);
	assert_int_equal(times("host-down"), 1); /* it is the same entry */
	host_ledger_show(w.ledger, &hosts, 1062, 1700000000);
	assert_int_equal(hosts.count, 1);
	assert_int_equal(hosts.totals[HOST_UNREACHABLE], 1);
	assert_int_equal(hosts.held[HOST_UNREACHABLE], 1);
	assert_int_equal(hosts.items[0].since, 1700000000 - 62);
	assert_int_equal(hosts.items[0].until, 1700000000 + HOST_HELD_S - 1);
	assert_int_equal(hosts.items[0].down_until, 1700000000 + HOST_DOWN_S - 1);
	take(&w, 1, HOST_FINE, 7, 1063);
	assert_int_equal(w.downs, 3);
	assert_int_equal(w.down_seconds, 0);
	assert_int_equal(held(&w, 1063), 0);
	assert_int_equal(times("host-back"), 1);
	take(&w, 1, HOST_FINE, 7, 1064); /* known; but another worker may hold it yet */
	assert_int_equal(w.downs, 3);
	assert_int_equal(w.spreads, 4);
	close_world(&w);
}

/* Who took the connection is not down, whatever else is held against it. */
static void test_not_down(void **state)
{
	const enum host_failure failures[] = { HOST_SILENT, HOST_NO_STARTTLS, HOST_HANDSHAKE_FAILED };
	struct world w;

	(void)state;
	open_world(&w);
	for (size_t i = 0; i < COUNT(failures); i++) {
		take(&w, 0, failures[i], (unsigned)i, 1000);
		take(&w, 0, HOST_FINE, (unsigned)i, 1001);
	}
	assert_int_equal(w.downs, 0);
	assert_int_equal(w.spreads, 6);
	assert_int_equal(times("host-held"), 3);
	assert_int_equal(times("host-down"), 0);
	close_world(&w);
}

static void test_flood(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	for (unsigned i = 0; i < 5000; i++)
		take(&w, 3, HOST_NO_STARTTLS, i, 1000);
	assert_int_equal(w.spreads, HOST_LEDGER_BURST);
	take(&w, 4, HOST_NO_STARTTLS, 6000, 1000); /* another worker is heard all the same */
	assert_int_equal(w.spreads, HOST_LEDGER_BURST + 1);
	for (unsigned i = 0; i < 5000; i++)
		take(&w, 3, HOST_NO_STARTTLS, i, 1001);
	assert_int_equal(w.spreads, HOST_LEDGER_BURST + 1 + HOST_LEDGER_RATE);
	close_world(&w);
}

static void test_bounded(void **state)
{
	struct world w;
	struct monitor_hosts hosts;
	unsigned taken_out = 0;

	(void)state;
	open_world(&w);
	for (unsigned i = 0; i < HOST_LEDGER_MAX + 100; i++) {
		take(&w, i / HOST_LEDGER_BURST, HOST_UNREACHABLE, i, 1000 + (i >= 500));
		taken_out += w.down_seconds == 0;
	}
	assert_int_equal(held(&w, 1001), HOST_LEDGER_MAX);
	/* Each that was pushed out, the oldest of them, was taken out of the tables too. */
	assert_int_equal(w.downs, HOST_LEDGER_MAX + 200);
	host_ledger_show(w.ledger, &hosts, 1001, 1700000000);
	assert_int_equal(hosts.count, MONITOR_HOSTS_MAX);
	for (size_t i = 0; i < hosts.count; i++)
		assert_int_equal(hosts.items[i].since, 1700000000);
	assert_int_equal(taken_out, 0); /* the last word of each turn is the new one's */
	close_world(&w);
}

static void test_reloaded(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	take(&w, 0, HOST_UNREACHABLE, 1, 1000);
	take(&w, 0, HOST_UNREACHABLE, 2, 1050);
	take(&w, 0, HOST_NO_STARTTLS, 3, 1050);
	w.downs = 0;
	host_ledger_reloaded(w.ledger, false, 1070);
	assert_int_equal(held(&w, 1070), 3);
	assert_int_equal(w.downs, 1); /* told again, for the tables may be new ones */
	assert_int_equal(w.down_seconds, 40);
	host_ledger_reloaded(w.ledger, true, 1080);
	assert_int_equal(w.downs, 2);
	assert_int_equal(w.down_seconds, 30);
	assert_int_equal(held(&w, 1080), 1);
	close_world(&w);
}

static void test_status_is_told(void **state)
{
	struct world w;

	(void)state;
	open_world(&w);
	take(&w, 0, HOST_UNREACHABLE, 1, 1000); /* long ago by the real clock, or yet to come: one tick tells either */
	for (int i = 0; i < 100 && w.changes == 0; i++)
		(void)event_base_loop(w.base, EVLOOP_ONCE);
	assert_int_equal(w.changes, 1);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_down_and_back), cmocka_unit_test(test_not_down),
		cmocka_unit_test(test_flood),         cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_reloaded),      cmocka_unit_test(test_status_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

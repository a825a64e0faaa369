/* host_ledger.c - see host_ledger.h. */
#include "proxy/gate/host_ledger.h"

#include <event2/event.h>
#include <stdlib.h>

#include "proxy/base/log.h"
#include "proxy/base/role.h"
#include "proxy/monitor/monitor_gate.h"

struct held {
	struct host_news news;
	int64_t since_s;
	int64_t until_s;
	int64_t down_until_s; /* 0: not down */
};

struct allowance {
	unsigned left;
	int64_t at_s;
};

struct host_ledger {
	struct host_ledger_events events;
	void *arg;
	struct event *tick; /* while there is anything */
	struct held items[HOST_LEDGER_MAX];
	size_t count;
	bool changed;
	uint64_t totals[HOST_FAILURE_COUNT];
	struct allowance allowances[ROLE_SLOTS_MAX];
};

static int64_t monotonic_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* --- the list ------------------------------------------------------------------------------------------------------
 */

static struct held *find(struct host_ledger *ledger, const struct host_key *key)
{
	for (size_t i = 0; i < ledger->count; i++) {
		if (host_key_equal(&ledger->items[i].news.key, key))
			return &ledger->items[i];
	}
	return NULL;
}

static void drop(struct host_ledger *ledger, struct held *held)
{
	*held = ledger->items[--ledger->count];
	ledger->changed = true;
}

static void end_overdue(struct host_ledger *ledger, int64_t now_s)
{
	for (size_t i = ledger->count; i-- > 0;) {
		if (ledger->items[i].until_s <= now_s)
			drop(ledger, &ledger->items[i]);
	}
}

/* make_room pushes out what would end soonest; forgetting is always allowed. */
static void make_room(struct host_ledger *ledger, int64_t now_s)
{
	struct held *soonest = &ledger->items[0];

	end_overdue(ledger, now_s);
	if (ledger->count < HOST_LEDGER_MAX)
		return;
	for (size_t i = 1; i < ledger->count; i++) {
		if (ledger->items[i].until_s < soonest->until_s)
			soonest = &ledger->items[i];
	}
	if (soonest->down_until_s > now_s)
		ledger->events.down(ledger->arg, &soonest->news, 0);
	drop(ledger, soonest);
}

/* --- news ----------------------------------------------------------------------------------------------------------
 */

static bool may_speak(struct host_ledger *ledger, unsigned slot, int64_t now_s)
{
	struct allowance *a;
	int64_t more;

	if (slot >= ROLE_SLOTS_MAX)
		return false;
	a = &ledger->allowances[slot];
	more = a->at_s == 0 ? HOST_LEDGER_BURST : (now_s - a->at_s) * HOST_LEDGER_RATE;
	a->left = more >= HOST_LEDGER_BURST - (int64_t)a->left ? HOST_LEDGER_BURST : a->left + (unsigned)more;
	a->at_s = now_s;
	if (a->left == 0)
		return false;
	a->left--;
	return true;
}

static void say(const struct host_news *news, enum log_level level, const char *event, unsigned seconds)
{
	struct log_line line;
	char text[ENDPOINT_TEXT_MAX];

	log_open(&line, level, event);
	log_add(&line, "destination", "%s", endpoint_format(&news->key.host, text));
	if (news->key.client.family != 0)
		log_add(&line, "client", "%s", addr_format(&news->key.client, text));
	if (seconds > 0) {
		log_add(&line, "failure", "%s", host_failure_name(news->failure));
		log_add(&line, "seconds", "%u", seconds);
	}
	log_close(&line);
}

static void begin_tick(struct host_ledger *ledger)
{
	const struct timeval second = { .tv_sec = 1 };

	if (!evtimer_pending(ledger->tick, NULL))
		(void)evtimer_add(ledger->tick, &second);
}

static void take_back(struct host_ledger *ledger, struct held *held, int64_t now_s)
{
	say(&held->news, LOG_LEVEL_INFO, "host-back", 0);
	if (held->down_until_s > now_s)
		ledger->events.down(ledger->arg, &held->news, 0);
	drop(ledger, held);
}

static void hold(struct host_ledger *ledger, struct held *held, const struct host_news *news, int64_t now_s)
{
	bool down = news->failure == HOST_UNREACHABLE;

	if (held == NULL || held->news.failure != news->failure || held->until_s <= now_s) {
		say(news, LOG_LEVEL_WARNING, down ? "host-down" : "host-held", HOST_HELD_S);
		ledger->totals[news->failure]++;
		if (held == NULL) {
			make_room(ledger, now_s);
			held = &ledger->items[ledger->count++];
			*held = (struct held){ .since_s = now_s };
		}
		held->since_s = now_s;
	}
	held->news = *news;
	held->until_s = now_s + HOST_HELD_S;
	held->down_until_s = down ? now_s + HOST_DOWN_S : 0;
	if (down)
		ledger->events.down(ledger->arg, news, HOST_DOWN_S);
	ledger->changed = true;
}

void host_ledger_take(struct host_ledger *ledger, unsigned slot, const struct host_news *news, int64_t now_s)
{
	struct held *held = find(ledger, &news->key);

	if (!may_speak(ledger, slot, now_s))
		return;
	if (news->failure != HOST_FINE)
		hold(ledger, held, news, now_s);
	else if (held != NULL)
		take_back(ledger, held, now_s);
	ledger->events.spread(ledger->arg, slot, news);
	begin_tick(ledger);
}

void host_ledger_reloaded(struct host_ledger *ledger, bool forget, int64_t now_s)
{
	for (size_t i = ledger->count; i-- > 0;) {
		struct held *held = &ledger->items[i];

		if (held->down_until_s > now_s) {
			ledger->events.down(ledger->arg, &held->news, (unsigned)(held->down_until_s - now_s));
			held->until_s = forget ? held->down_until_s : held->until_s;
		} else if (forget) {
			drop(ledger, held);
		}
	}
}

/* --- shown ---------------------------------------------------------------------------------------------------------
 */

static int newest_first(const void *a, const void *b)
{
	const struct held *x = *(const struct held *const *)a;
	const struct held *y = *(const struct held *const *)b;

	return (x->until_s < y->until_s) - (x->until_s > y->until_s);
}

void host_ledger_show(const struct host_ledger *ledger, struct monitor_hosts *out, int64_t now_s, time_t now)
{
	const struct held *sorted[HOST_LEDGER_MAX] = { NULL };

	*out = (struct monitor_hosts){ .count = 0 };
	for (int i = 0; i < HOST_FAILURE_COUNT; i++)
		out->totals[i] = ledger->totals[i];
	for (size_t i = 0; i < ledger->count; i++) {
		sorted[i] = &ledger->items[i];
		out->held[sorted[i]->news.failure]++;
	}
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): pointers are what is sorted */
	qsort(sorted, ledger->count, sizeof(sorted[0]), newest_first);
	for (size_t i = 0; i < ledger->count && i < MONITOR_HOSTS_MAX; i++)
		out->items[out->count++] = (struct monitor_host){
			.news = sorted[i]->news,
			.since = now - (time_t)(now_s - sorted[i]->since_s),
			.until = now + (time_t)(sorted[i]->until_s - now_s),
			.down_until =
				sorted[i]->down_until_s > now_s ? now + (time_t)(sorted[i]->down_until_s - now_s) : 0,
		};
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct host_ledger *ledger = arg;
	bool changed;

	(void)fd;
	(void)what;
	end_overdue(ledger, monotonic_s());
	changed = ledger->changed;
	ledger->changed = false;
	if (ledger->count > 0)
		begin_tick(ledger);
	if (changed)
		ledger->events.changed(ledger->arg);
}

/* --- life ----------------------------------------------------------------------------------------------------------
 */

struct host_ledger *host_ledger_new(struct event_base *base, const struct host_ledger_events *events, void *arg)
{
	struct host_ledger *ledger = calloc(1, sizeof(*ledger));

	if (ledger == NULL)
		return NULL;
	ledger->events = *events;
	ledger->arg = arg;
	ledger->tick = evtimer_new(base, on_tick, ledger);
	if (ledger->tick != NULL)
		return ledger;
	free(ledger);
	return NULL;
}

void host_ledger_free(struct host_ledger *ledger)
{
	if (ledger == NULL)
		return;
	event_free(ledger->tick);
	free(ledger);
}

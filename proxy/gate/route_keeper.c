/* route_keeper.c - see route_keeper.h. */
#include "proxy/gate/route_keeper.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "netfilter/fence.h"
#include "netfilter/route.h"
#include "netfilter/route_watch.h"
#include "proxy/base/log.h"

#define RETRY_S 5 /* after a repair that did not succeed */

struct route_keeper {
	struct event_base *base;
	const struct gate_spec *spec;
	void (*restored)(void *arg);
	void *arg;
	int fd; /* -1: nobody watches, until |retry| */
	struct event *news;
	struct event *retry;
};

static void on_news(evutil_socket_t fd, short what, void *arg);

static void stop_watching(struct route_keeper *keeper)
{
	if (keeper->news != NULL)
		event_free(keeper->news);
	keeper->news = NULL;
	if (keeper->fd >= 0)
		(void)close(keeper->fd);
	keeper->fd = -1;
}

static bool watch(struct route_keeper *keeper, char *err, size_t err_len)
{
	stop_watching(keeper);
	keeper->fd = route_watch_open(err, err_len);
	if (keeper->fd < 0)
		return false;
	keeper->news = event_new(keeper->base, keeper->fd, EV_READ | EV_PERSIST, on_news, keeper);
	if (keeper->news != NULL && event_add(keeper->news, NULL) == 0)
		return true;
	stop_watching(keeper);
	(void)snprintf(err, err_len, "cannot watch the routing rules: out of memory");
	return false;
}

static void retry_later(struct route_keeper *keeper, const char *err)
{
	const struct timeval later = { .tv_sec = RETRY_S };

	log_say(LOG_LEVEL_ERROR, "routes-altered", "%s; tried again in %d s", err, RETRY_S);
	(void)evtimer_add(keeper->retry, &later);
}

static void restore(struct route_keeper *keeper)
{
	char err[GATE_ERR_MAX];
	unsigned added;
	unsigned fences;

	if (!fence_restore(keeper->spec, &fences, err, sizeof(err)) ||
	    !route_restore(keeper->spec, &added, err, sizeof(err))) {
		retry_later(keeper, err);
		return;
	}
	added += fences;
	if (added == 0)
		return;
	log_say(LOG_LEVEL_WARNING, "routes-restored",
		"%u of gate25's routing rules and routes (ip rule pref %d to %d, table %u) had been taken away: put "
		"back",
		added, ROUTE_PREF_MAIN, ROUTE_PREF_FENCE, keeper->spec->route_table);
	keeper->restored(keeper->arg);
}

/* Whoever takes one rule away mostly takes several: those that went while the first was put back are news as well. */
static void on_news(evutil_socket_t fd, short what, void *arg)
{
	struct route_keeper *keeper = arg;
	char err[GATE_ERR_MAX];
	bool broken;

	(void)what;
	if (!route_watch_read(fd, keeper->spec, &broken))
		return;
	if (broken && !watch(keeper, err, sizeof(err)))
		retry_later(keeper, err);
	restore(keeper);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct route_keeper *keeper = arg;
	char err[GATE_ERR_MAX];

	(void)fd;
	(void)what;
	if (keeper->fd < 0 && !watch(keeper, err, sizeof(err)))
		retry_later(keeper, err);
	restore(keeper);
}

struct route_keeper *route_keeper_new(struct event_base *base, const struct gate_spec *spec,
				      void (*restored)(void *arg), void *arg, char *err, size_t err_len)
{
	struct route_keeper *keeper = calloc(1, sizeof(*keeper));

	if (keeper == NULL) {
		(void)snprintf(err, err_len, "out of memory");
		return NULL;
	}
	*keeper = (struct route_keeper){ .base = base, .spec = spec, .restored = restored, .arg = arg, .fd = -1 };
	keeper->retry = evtimer_new(base, on_retry, keeper);
	if (keeper->retry != NULL && watch(keeper, err, err_len))
		return keeper;
	route_keeper_free(keeper);
	return NULL;
}

void route_keeper_free(struct route_keeper *keeper)
{
	if (keeper == NULL)
		return;
	stop_watching(keeper);
	if (keeper->retry != NULL)
		event_free(keeper->retry);
	free(keeper);
}

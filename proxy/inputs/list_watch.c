/* list_watch.c - see list_watch.h. */
#include "proxy/inputs/list_watch.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "proxy/base/log.h"

#define LOOK_S 3600 /* at least so often: the clock may be set */

struct list_watch {
	struct event *timer;
	const struct list_input *list;
	const struct conf *conf;
};

static void on_warning(void *arg, const char *file, unsigned line, const char *message)
{
	(void)arg;
	(void)file;
	(void)line;
	log_say(LOG_LEVEL_WARNING, "list", "%s", message);
}

/* wait until it expires, or for an hour. */
static void wait(struct list_watch *watch)
{
	const uint64_t now = (uint64_t)time(NULL);
	const uint64_t left_s = watch->list->expires > now ? watch->list->expires - now : 0;
	const struct timeval next = { .tv_sec = (time_t)(left_s < LOOK_S ? left_s : LOOK_S) };

	(void)evtimer_add(watch->timer, &next);
}

static void on_time(evutil_socket_t fd, short what, void *arg)
{
	struct list_watch *watch = arg;

	(void)fd;
	(void)what;
	if (watch->list->expires > (uint64_t)time(NULL))
		wait(watch);
	else
		list_input_warn(watch->list, watch->conf, "", on_warning, NULL);
}

struct list_watch *list_watch_new(struct event_base *base)
{
	struct list_watch *watch = calloc(1, sizeof(*watch));

	if (watch == NULL)
		return NULL;
	watch->timer = evtimer_new(base, on_time, watch);
	if (watch->timer != NULL)
		return watch;
	free(watch);
	return NULL;
}

void list_watch_free(struct list_watch *watch)
{
	if (watch == NULL)
		return;
	event_free(watch->timer);
	free(watch);
}

void list_watch_use(struct list_watch *watch, const struct list_input *list, const struct conf *conf)
{
	struct log_line line;
	char at[LIST_TIME_MAX];

	(void)evtimer_del(watch->timer);
	watch->list = list;
	watch->conf = conf;
	if (list->fd < 0)
		return;
	log_open(&line, LOG_LEVEL_INFO, "list");
	log_add(&line, "entries", "%" PRIu64, list->entries);
	log_add(&line, "timestamp", "%s", list_input_time(list->timestamp, at));
	log_add(&line, "expires", "%s", list_input_time(list->expires, at));
	log_add(&line, "file", "%s", list->is_copy ? "the last accepted copy" : conf->list_file);
	log_close(&line);
	list_input_warn(list, conf, "", on_warning, NULL);
	list_input_accept(list, conf);
	if (list->expires > (uint64_t)time(NULL))
		wait(watch);
}

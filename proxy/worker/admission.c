/* admission.c - see admission.h. */
#include "proxy/worker/admission.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "proxy/base/addr.h"
#include "proxy/base/conf.h"
#include "proxy/base/log.h"
#include "proxy/base/log_quota.h"
#include "proxy/monitor/counters.h"
#include "proxy/worker/conn.h"
#include "proxy/worker/crowd.h"

/* How long a session may be without coming any further before it gives way. Servers are slow by design at times
 * (tarpits, callouts), so nobody has to go while there is room; where somebody must, it is whoever waits longest. */
#define STUCK_NEAR_S 60 /* from nine tenths of a limit on */
#define STUCK_AT_S   20 /* at the limit: else the new one is refused */

enum limit { LIMIT_ALL = 0, LIMIT_CLIENT, LIMIT_DESTINATION, LIMIT_LOOP, LIMIT_FILES, LIMIT_PAUSE, LIMITS };

static const struct limit_row {
	const char *name;
	enum counter counter;
	const char *reply;
	const char *reason;
} rows[LIMITS] = {
	[LIMIT_ALL] = { "max-sessions", COUNTER_LIMIT_ALL, "421 4.3.2 too many sessions, try again later",
			"there are max-sessions of them" },
	[LIMIT_CLIENT] = { "max-sessions-client", COUNTER_LIMIT_CLIENT,
			   "421 4.7.0 too many sessions from your address, try again later",
			   "the client has max-sessions-client of them" },
	[LIMIT_DESTINATION] = { "max-sessions-destination", COUNTER_LIMIT_DESTINATION,
				"421 4.7.0 too many sessions to this server, try again later",
				"the server has max-sessions-destination of them" },
	[LIMIT_LOOP] = { "loop", COUNTER_LOOPS, "421 4.4.6 this port is for intercepted connections only", NULL },
	[LIMIT_FILES] = { "files", COUNTER_LIMIT_FILES, "421 4.3.2 too many sessions, try again later",
			  "this worker may open no more files (LimitNOFILE, ulimit -n)" },
	[LIMIT_PAUSE] = { "pause", COUNTER_ACCEPT_PAUSED, NULL, NULL },
};

struct admission {
	struct admission_plan plan;
	struct crowd *clients;
	struct crowd *destinations;
	struct log_quota quotas[LIMITS];
	struct event *quota_over;
	uint64_t looked; /* see room */
};

static uint64_t now_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec;
}

/* --- telling -------------------------------------------------------------------------------------------------------
 */

static void on_quota_over(evutil_socket_t fd, short what, void *arg)
{
	struct admission *admission = arg;
	const struct timeval again = { .tv_sec = 1 };
	bool left = false;

	(void)fd;
	(void)what;
	for (unsigned i = 0; i < LIMITS; i++) {
		struct log_quota *quota = &admission->quotas[i];
		unsigned unlogged = log_quota_over(quota, now_s());
		struct log_line line;
		left = left || quota->unlogged > 0;
		if (unlogged == 0)
			continue;
		log_open(&line, LOG_LEVEL_WARNING, i == LIMIT_PAUSE ? "accept" : "refused");
		log_add(&line, "limit", "%s", rows[i].name);
		log_add(&line, "unlogged", "%u", unlogged);
		log_add(&line, "reason", "so many more like those above, within %d seconds", LOG_QUOTA_S);
		log_close(&line);
	}
	if (left)
		(void)evtimer_add(admission->quota_over, &again);
}

/* may_log: whether the log still takes a line of that kind. */
static bool may_log(struct admission *admission, enum limit limit)
{
	const struct timeval soon = { .tv_sec = 1 };

	if (log_quota_take(&admission->quotas[limit], now_s()))
		return true;
	if (!evtimer_pending(admission->quota_over, NULL))
		(void)evtimer_add(admission->quota_over, &soon);
	return false;
}

/* refuse says one line and closes; a client that does not read it loses only that line. */
static void refuse(struct admission *admission, enum limit limit, int fd, const struct endpoint *client,
		   const struct endpoint *destination, const char *why)
{
	const struct limit_row *row = &rows[limit];
	char text[ENDPOINT_TEXT_MAX];
	char reply[128];
	struct log_line line;
	int len = snprintf(reply, sizeof(reply), "%s\r\n", row->reply);

	(void)!send(fd, reply, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)shutdown(fd, SHUT_WR);
	(void)close(fd);
	counters_add(admission->plan.counters, row->counter, 1);
	if (!may_log(admission, limit))
		return;
	log_open(&line, LOG_LEVEL_WARNING, "refused");
	log_add(&line, "client", "%s", endpoint_format(client, text));
	if (destination != NULL)
		log_add(&line, "destination", "%s", endpoint_format(destination, text));
	log_add(&line, "limit", "%s", row->name);
	log_add(&line, "reply", "%s", row->reply);
	log_add(&line, "reason", "%s", why);
	log_close(&line);
}

void admission_refuse_loop(struct admission *admission, int fd, const struct endpoint *client, const char *why)
{
	refuse(admission, LIMIT_LOOP, fd, client, NULL, why);
}

void admission_refuse_poor(struct admission *admission, int fd, const struct endpoint *client)
{
	refuse(admission, LIMIT_FILES, fd, client, NULL, rows[LIMIT_FILES].reason);
}

void admission_paused(struct admission *admission)
{
	counters_add(admission->plan.counters, COUNTER_ACCEPT_PAUSED, 1);
	if (may_log(admission, LIMIT_PAUSE))
		log_errno(LOG_LEVEL_WARNING, "accept", "clients wait");
}

/* --- the limits ----------------------------------------------------------------------------------------------------
 */

/* room makes some where it is scarce, and tells whether there is any. |*looked| is when all sessions were looked
 * through in vain, and whether at the limit: that is not for every connection of a flood. */
static bool room(struct admission *admission, const struct crowd_group *crowd, uint64_t *looked, unsigned count,
		 unsigned max)
{
	bool full = count >= max;
	uint64_t look = now_s() * 2 + full;

	if ((uint64_t)count * 10 < (uint64_t)max * 9)
		return true;
	if (*looked >= look)
		return !full;
	if (admission->plan.shed(admission->plan.arg, crowd, full ? STUCK_AT_S : STUCK_NEAR_S))
		return true;
	*looked = look;
	return !full;
}

static bool room_in(struct admission *admission, struct crowd *crowd, const struct endpoint *key, unsigned max)
{
	struct crowd_group *group = crowd_find(crowd, key);
	uint64_t looked;
	bool ok;

	if (group == NULL)
		return true;
	looked = group->looked;
	ok = room(admission, group, &looked, group->count, max);
	group = crowd_find(crowd, key); /* its last session may have gone */
	if (group != NULL)
		group->looked = looked;
	return ok;
}

bool admission_refuses(struct admission *admission, const struct conf *conf, int fd, const struct endpoint *client,
		       const struct endpoint *destination)
{
	struct endpoint key = crowd_client(client);
	enum limit limit = LIMITS;

	/* The narrow ones first: whoever exceeds his own share is told so, and makes nobody else give way. */
	if (!room_in(admission, admission->clients, &key, conf->max_sessions_client))
		limit = LIMIT_CLIENT;
	else if (!room_in(admission, admission->destinations, destination, conf->max_sessions_destination))
		limit = LIMIT_DESTINATION;
	else if (!room(admission, NULL, &admission->looked, admission->plan.count(admission->plan.arg),
		       conf->max_sessions))
		limit = LIMIT_ALL;
	if (limit == LIMITS)
		return false;
	refuse(admission, limit, fd, client, destination, rows[limit].reason);
	return true;
}

bool admission_began(struct admission *admission, struct conn_link *link, const struct endpoint *client,
		     const struct endpoint *destination)
{
	struct endpoint key = crowd_client(client);

	link->same_client = crowd_join(admission->clients, &key);
	link->same_destination = crowd_join(admission->destinations, destination);
	return link->same_client != NULL && link->same_destination != NULL;
}

void admission_ended(struct conn_link *link)
{
	crowd_leave(link->same_client);
	crowd_leave(link->same_destination);
	link->same_client = NULL;
	link->same_destination = NULL;
}

/* --- life ----------------------------------------------------------------------------------------------------------
 */

struct admission *admission_new(const struct admission_plan *plan)
{
	struct admission *admission = calloc(1, sizeof(*admission));

	if (admission == NULL)
		return NULL;
	admission->plan = *plan;
	admission->clients = crowd_new();
	admission->destinations = crowd_new();
	admission->quota_over = evtimer_new(plan->base, on_quota_over, admission);
	if (admission->clients != NULL && admission->destinations != NULL && admission->quota_over != NULL)
		return admission;
	admission_free(admission);
	return NULL;
}

void admission_free(struct admission *admission)
{
	if (admission == NULL)
		return;
	crowd_free(admission->clients);
	crowd_free(admission->destinations);
	if (admission->quota_over != NULL)
		event_free(admission->quota_over);
	free(admission);
}

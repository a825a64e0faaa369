/* parent_stop.c - a stop: sessions finish, for a while, and then the loop ends. */
#include <event2/event.h>

#include "proxy/base/log.h"
#include "proxy/host/notify.h"
#include "proxy/parent/parent_private.h"

#define END_S 10 /* for what follows the last session */

void parent_end_loop(struct parent *parent)
{
	(void)event_base_loopexit(parent->base, NULL);
}

bool parent_is_stopping(const struct parent *parent)
{
	return parent->drain_limit != NULL && evtimer_pending(parent->drain_limit, NULL);
}

/* end_if_drained: neither this program's sessions run any more nor those of one before. */
static void end_if_drained(struct parent *parent)
{
	unsigned programs;

	if (parent->young_drained && children_older(parent->children, &programs) == 0)
		parent_end_loop(parent);
}

void parent_on_drained(void *arg)
{
	struct parent *parent = arg;

	parent->young_drained = true;
	end_if_drained(parent);
}

void parent_on_older_gone(void *arg)
{
	struct parent *parent = arg;

	log_say(LOG_LEVEL_INFO, "upgrade", "the sessions of the program before are over");
	if (parent_is_stopping(parent))
		end_if_drained(parent);
	else
		parent_tell_status(parent);
}

void parent_on_drain_limit(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	log_say(LOG_LEVEL_WARNING, "stop", "sessions do not end: their workers are killed");
	parent_end_loop(arg);
}

void parent_on_terminate(evutil_socket_t signal_number, short what, void *arg)
{
	struct parent *parent = arg;
	const unsigned limit_s = parent->inputs.conf.drain_limit_s;
	const struct timeval limit = { .tv_sec = limit_s + ROLE_GRACE_S };

	(void)what;
	if (parent_is_stopping(parent)) {
		log_say(LOG_LEVEL_WARNING, "stop", "second signal: running sessions are cut");
		parent_end_loop(parent);
		return;
	}
	log_say(LOG_LEVEL_INFO, "stop", "signal %d: sessions finish, for %u s at most, then port 25 stays closed",
		(int)signal_number, limit_s);
	notify_stopping(limit_s + ROLE_GRACE_S + END_S);
	(void)evtimer_add(parent->drain_limit, &limit);
	parent_close_listeners(parent);
	children_drain_older(parent->children, limit_s);
	children_drain(parent->children, limit_s);
}

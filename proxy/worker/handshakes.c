/* handshakes.c - see handshakes.h. */
#include "proxy/worker/handshakes.h"

#include <event2/event.h>
#include <stdlib.h>
#include <time.h>

TAILQ_HEAD(turns, handshake_turn);

struct handshakes {
	struct handshakes_plan plan;
	struct event *look;   /* is a turn free, is one overdue? */
	struct turns running; /* the oldest first, both */
	struct turns waiting;
	unsigned count; /* of |running| */
	unsigned max;
};

static uint64_t now_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec;
}

static void run(struct handshakes *handshakes, struct handshake_turn *turn)
{
	turn->state = HANDSHAKE_RUNS;
	turn->since_s = now_s();
	TAILQ_INSERT_TAIL(&handshakes->running, turn, at);
	handshakes->count++;
	counters_add(handshakes->plan.counters, handshakes->plan.running, 1);
}

static void next(struct handshakes *handshakes)
{
	struct handshake_turn *turn;

	while (handshakes->count < handshakes->max && (turn = TAILQ_FIRST(&handshakes->waiting)) != NULL) {
		handshakes_leave(handshakes, turn);
		turn->waited_s = now_s() - turn->since_s;
		run(handshakes, turn);
		handshakes->plan.go(turn->arg);
	}
}

/* cut ends what is overdue, as many as wait. */
static void cut(struct handshakes *handshakes)
{
	struct handshake_turn *turn;
	const struct handshake_turn *waiter;
	unsigned wanted = 0;
	uint64_t patience_s;

	TAILQ_FOREACH(waiter, &handshakes->waiting, at)
	wanted++;
	patience_s = wanted >= handshakes->max ? HANDSHAKES_RUSH_S : HANDSHAKES_OVERDUE_S;
	while (wanted-- > 0 && (turn = TAILQ_FIRST(&handshakes->running)) != NULL &&
	       now_s() - turn->since_s >= patience_s) {
		/* Its owner may be gone after the call, and the turn with it. */
		void *arg = turn->arg;
		handshakes_leave(handshakes, turn);
		handshakes->plan.overdue(arg);
	}
}

static void on_look(evutil_socket_t fd, short what, void *arg)
{
	struct handshakes *handshakes = arg;
	const struct timeval again = { .tv_sec = 1 };

	(void)fd;
	(void)what;
	next(handshakes);
	if (TAILQ_EMPTY(&handshakes->waiting))
		return;
	cut(handshakes);
	next(handshakes);
	(void)evtimer_add(handshakes->look, &again);
}

struct handshakes *handshakes_new(const struct handshakes_plan *plan)
{
	struct handshakes *handshakes = calloc(1, sizeof(*handshakes));

	if (handshakes == NULL)
		return NULL;
	handshakes->plan = *plan;
	TAILQ_INIT(&handshakes->running);
	TAILQ_INIT(&handshakes->waiting);
	handshakes->look = evtimer_new(plan->base, on_look, handshakes);
	if (handshakes->look == NULL) {
		free(handshakes);
		return NULL;
	}
	return handshakes;
}

void handshakes_free(struct handshakes *handshakes)
{
	if (handshakes == NULL)
		return;
	event_free(handshakes->look);
	free(handshakes);
}

bool handshakes_enter(struct handshakes *handshakes, struct handshake_turn *turn, void *arg, unsigned max)
{
	const struct timeval soon = { .tv_sec = 1 };

	handshakes_leave(handshakes, turn);
	handshakes->max = max;
	turn->arg = arg;
	turn->waited_s = 0;
	turn->since_s = now_s();
	if (handshakes->count < max && TAILQ_EMPTY(&handshakes->waiting)) {
		run(handshakes, turn);
		return true;
	}
	turn->state = HANDSHAKE_WAITS;
	TAILQ_INSERT_TAIL(&handshakes->waiting, turn, at);
	counters_add(handshakes->plan.counters, handshakes->plan.waiting, 1);
	if (!evtimer_pending(handshakes->look, NULL))
		(void)evtimer_add(handshakes->look, &soon);
	return false;
}

void handshakes_leave(struct handshakes *handshakes, struct handshake_turn *turn)
{
	switch (turn->state) {
	case HANDSHAKE_NONE: return;
	case HANDSHAKE_WAITS:
		TAILQ_REMOVE(&handshakes->waiting, turn, at);
		counters_sub(handshakes->plan.counters, handshakes->plan.waiting, 1);
		break;
	case HANDSHAKE_RUNS:
		TAILQ_REMOVE(&handshakes->running, turn, at);
		handshakes->count--;
		counters_sub(handshakes->plan.counters, handshakes->plan.running, 1);
		/* Not from within: whoever leaves is about to do something else. */
		if (!TAILQ_EMPTY(&handshakes->waiting))
			event_active(handshakes->look, EV_TIMEOUT, 0);
		break;
	}
	turn->state = HANDSHAKE_NONE;
}

bool handshake_waits(const struct handshake_turn *turn)
{
	return turn->state == HANDSHAKE_WAITS;
}

bool handshake_came_late(const struct handshake_turn *turn)
{
	return turn->state == HANDSHAKE_RUNS && turn->waited_s > 0 && now_s() - turn->since_s < HANDSHAKES_OVERDUE_S;
}

bool handshake_was_held(const struct handshake_turn *turn)
{
	return turn->state == HANDSHAKE_RUNS && turn->waited_s >= HANDSHAKES_OVERDUE_S;
}

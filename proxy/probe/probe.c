/* probe.c - see probe.h: who is spoken to when, and until when. */
#include "proxy/probe/probe.h"

#include <event2/event.h>
#include <signal.h>

#include "proxy/probe/probe_talker.h"

struct run {
	struct probe *probe;
	struct event_base *base;
	struct probe_talker *talkers[PROBE_AT_ONCE];
	struct event *all;
	struct event *signals[2];
	size_t next; /* target to begin */
	size_t done;
	probe_progress_fn *progress;
	void *arg;
};

static void forget_limits(struct run *run)
{
	(void)event_del(run->all);
	for (size_t i = 0; i < COUNT(run->signals); i++)
		(void)event_del(run->signals[i]);
}

static void begin_next(struct run *run, struct probe_talker *talker)
{
	if (run->done == run->probe->count)
		forget_limits(run); /* then the loop ends with the last farewell */
	if (run->next < run->probe->count)
		probe_talker_begin(talker, &run->probe->targets[run->next++]);
}

static void on_moved(void *arg, const struct probe_target *target)
{
	struct run *run = arg;

	if (run->progress != NULL)
		run->progress(run->arg, run->done, target);
}

static void on_over(void *arg, struct probe_talker *talker, const struct probe_target *target)
{
	struct run *run = arg;

	run->done++;
	on_moved(run, target);
	begin_next(run, talker);
}

static const struct probe_talker_events talker_events = { .moved = on_moved, .over = on_over };

/* --- the end of patience ------------------------------------------------------------------------------------------ */

static void end_all(struct run *run, const char *reason)
{
	const struct probe_event event = { .kind = PROBE_GIVEN_UP, .reason = reason };

	for (; run->next < run->probe->count; run->next++, run->done++)
		(void)probe_talk_feed(&run->probe->targets[run->next].talk, &event);
	for (size_t i = 0; i < COUNT(run->talkers); i++) {
		if (probe_talker_busy(run->talkers[i]))
			probe_talker_give_up(run->talkers[i], reason);
	}
}

static void on_all_over(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	end_all(arg, "the time for the whole probe is over");
}

static void on_signal(evutil_socket_t fd, short what, void *arg)
{
	struct run *run = arg;

	(void)fd;
	(void)what;
	run->probe->interrupted = true;
	end_all(run, "interrupted");
}

/* --- the run ------------------------------------------------------------------------------------------------------ */

static bool prepare(struct run *run)
{
	static const int numbers[] = { SIGINT, SIGTERM };
	const struct timeval limit = { .tv_sec = PROBE_ALL_S };

	for (size_t i = 0; i < COUNT(run->talkers); i++) {
		run->talkers[i] = probe_talker_new(run->base, run->probe, &talker_events, run);
		if (run->talkers[i] == NULL)
			return false;
	}
	for (size_t i = 0; i < COUNT(run->signals); i++) {
		run->signals[i] = evsignal_new(run->base, numbers[i], on_signal, run);
		if (run->signals[i] == NULL || event_add(run->signals[i], NULL) != 0)
			return false;
	}
	run->all = evtimer_new(run->base, on_all_over, run);
	return run->all != NULL && event_add(run->all, &limit) == 0;
}

static void clean_up(struct run *run)
{
	for (size_t i = 0; i < COUNT(run->talkers); i++)
		probe_talker_free(run->talkers[i]);
	for (size_t i = 0; i < COUNT(run->signals); i++) {
		if (run->signals[i] != NULL)
			event_free(run->signals[i]);
	}
	if (run->all != NULL)
		event_free(run->all);
}

bool probe_run(struct probe *probe, struct event_base *base, probe_progress_fn *progress, void *arg)
{
	struct run run = { .probe = probe, .base = base, .progress = progress, .arg = arg };
	bool ok = prepare(&run);

	for (size_t i = 0; ok && i < COUNT(run.talkers); i++)
		begin_next(&run, run.talkers[i]);
	ok = ok && event_base_dispatch(base) >= 0;
	clean_up(&run);
	return ok;
}

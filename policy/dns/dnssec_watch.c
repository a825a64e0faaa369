/* dnssec_watch.c - see dnssec_watch.h. */
#include "policy/dns/dnssec_watch.h"

#include <event2/event.h>
#include <stdlib.h>
#include <time.h>

#include "policy/dns/dnssec_machine.h"
#include "policy/dns/dnssec_probe.h"
#include "proxy/base/log.h"

struct dnssec_watch {
	struct event_base *base;
	const struct dnssec_plan *plan;
	const struct conf *conf;
	struct dnssec_watch_events events;
	void *arg;
	struct dnssec_machine machine;
	struct dnssec_probe *probe;
	struct event *timer;
	struct event *first; /* what a start comes to is told from the loop, too */
	struct dnssec_step pending;
};

static void follow(struct dnssec_watch *watch, const struct dnssec_step *step);

static uint64_t now_s(void)
{
	return (uint64_t)time(NULL);
}

/* --- the log ------------------------------------------------------------------------------------------------------ */

static void log_state(const struct dnssec_watch *watch, enum log_level level, const char *reason, const char *meaning,
		      uint32_t wait_ms)
{
	const struct dnssec_machine *m = &watch->machine;
	struct log_line line;

	log_open(&line, level, "dnssec");
	log_add(&line, "state", "%s", dnssec_state_name(m->state));
	log_add(&line, "mode", "%s", dnssec_mode_name(m->mode));
	log_add(&line, "reason", "%s", reason);
	if (meaning[0] != '\0')
		log_add(&line, "meaning", "%s", meaning);
	if (wait_ms > 0)
		log_add(&line, "next-test", "%u", (unsigned)(wait_ms / 1000));
	log_close(&line);
}

static void log_failure(const struct dnssec_watch *watch, const struct dnssec_step *step)
{
	const struct dnssec_machine *m = &watch->machine;
	char sentence[DNSSEC_SENTENCE_MAX];

	if (m->wanted) {
		dnssec_sentence(sentence, watch->conf, m->state, m->reason);
		log_state(watch, step->news == DNSSEC_NEWS_FAILED ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, sentence, "",
			  step->wait_ms);
	} else if (step->news == DNSSEC_NEWS_FAILED) {
		log_state(watch, LOG_LEVEL_INFO, m->reason, "nothing wants DANE: mail goes on as configured",
			  step->wait_ms);
	}
}

static void log_news(const struct dnssec_watch *watch, const struct dnssec_step *step)
{
	const struct dnssec_machine *m = &watch->machine;

	switch (step->news) {
	case DNSSEC_NEWS_NONE: break;
	case DNSSEC_NEWS_PROVED: log_state(watch, LOG_LEVEL_INFO, m->reason, "", 0); break;
	case DNSSEC_NEWS_SWITCHED:
		if (m->mode == m->modes[0])
			log_state(watch, LOG_LEVEL_INFO, m->reason, "the preferred mode passes again and is taken", 0);
		else
			log_state(watch, LOG_LEVEL_WARNING, m->reason,
				  "the preferred mode passes no more: another is taken", 0);
		break;
	case DNSSEC_NEWS_FAILED:
	case DNSSEC_NEWS_FAILS: log_failure(watch, step); break;
	}
}

/* --- the test ----------------------------------------------------------------------------------------------------- */

static void on_found(void *arg, const struct dnssec_finding *finding)
{
	struct dnssec_watch *watch = arg;
	struct dnssec_step step = dnssec_machine_result(&watch->machine, finding, now_s());

	dnssec_probe_free(watch->probe);
	watch->probe = NULL;
	follow(watch, &step);
}

static void wait_for(struct dnssec_watch *watch, uint32_t wait_ms)
{
	const struct timeval delay = { .tv_sec = wait_ms / 1000, .tv_usec = (wait_ms % 1000) * 1000 };

	(void)event_add(watch->timer, &delay);
}

static void begin_test(struct dnssec_watch *watch, enum dns_mode mode)
{
	(void)event_del(watch->timer);
	dnssec_probe_free(watch->probe);
	watch->probe = dnssec_probe_new(watch->base, watch->plan, mode, &watch->conf->bogus_names, on_found, watch);
	if (watch->probe == NULL) {
		static const struct dnssec_finding none = { .state = DNSSEC_SILENT, .reason = "out of memory" };
		struct dnssec_step step = dnssec_machine_result(&watch->machine, &none, now_s());
		follow(watch, &step);
	}
}

static void report(struct dnssec_watch *watch)
{
	struct dnssec_report report;

	dnssec_machine_report(&report, &watch->machine);
	watch->events.report(watch->arg, &report);
}

/* follow does what the machine says; the switch first, so that no report speaks of what is not so yet. */
static void follow(struct dnssec_watch *watch, const struct dnssec_step *step)
{
	if (step->switched)
		watch->events.mode(watch->arg, watch->machine.mode);
	log_news(watch, step);
	if (step->ended || step->switched)
		report(watch);
	if (step->wait_ms > 0)
		wait_for(watch, step->wait_ms);
	if (step->test)
		begin_test(watch, step->mode);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct dnssec_watch *watch = arg;
	struct dnssec_step step = dnssec_machine_timer(&watch->machine);

	(void)fd;
	(void)what;
	follow(watch, &step);
}

void dnssec_watch_suspect(struct dnssec_watch *watch)
{
	if (dnssec_machine_suspects(&watch->machine, now_s()))
		event_active(watch->timer, EV_TIMEOUT, 0);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static void on_first(evutil_socket_t fd, short what, void *arg)
{
	struct dnssec_watch *watch = arg;

	(void)fd;
	(void)what;
	follow(watch, &watch->pending);
}

void dnssec_watch_restart(struct dnssec_watch *watch, const struct dnssec_plan *plan, const struct conf *conf)
{
	dnssec_probe_free(watch->probe);
	watch->probe = NULL;
	(void)event_del(watch->timer);
	watch->plan = plan;
	watch->conf = conf;
	watch->pending = dnssec_machine_start(&watch->machine, plan, conf_wants_dane(conf), now_s());
	watch->pending.switched = false; /* whoever restarts opens a new struct dns in any case */
	watch->pending.ended = true;
	event_active(watch->first, EV_TIMEOUT, 0);
}

struct dnssec_watch *dnssec_watch_new(struct event_base *base, const struct dnssec_plan *plan, const struct conf *conf,
				      const struct dnssec_watch_events *events, void *arg)
{
	struct dnssec_watch *watch = calloc(1, sizeof(*watch));

	if (watch == NULL)
		return NULL;
	*watch = (struct dnssec_watch){ .base = base, .events = *events, .arg = arg };
	watch->timer = evtimer_new(base, on_timer, watch);
	watch->first = event_new(base, -1, 0, on_first, watch);
	if (watch->timer == NULL || watch->first == NULL) {
		dnssec_watch_free(watch);
		return NULL;
	}
	dnssec_watch_restart(watch, plan, conf);
	return watch;
}

void dnssec_watch_free(struct dnssec_watch *watch)
{
	if (watch == NULL)
		return;
	dnssec_probe_free(watch->probe);
	if (watch->timer != NULL)
		event_free(watch->timer);
	if (watch->first != NULL)
		event_free(watch->first);
	free(watch);
}

enum dns_mode dnssec_watch_mode(const struct dnssec_watch *watch)
{
	return watch->machine.mode;
}

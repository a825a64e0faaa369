/* policyd.c - see policyd.h: the workers' questions and their answers. */
#include "policy/daemon/policyd.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "policy/daemon/lookups.h"
#include "policy/decide/decide.h"
#include "policy/verdict/verdict.h"
#include "proxy/base/ipc.h"
#include "proxy/base/log.h"
#include "proxy/base/role.h"

#define RETRY_MS 20 /* until a full channel is tried again */

/* A question that waits for the DNS, or whose answer waits for room in the channel. */
struct pending {
	TAILQ_ENTRY(pending) next;
	struct worker *worker;
	struct verdict_question question;
	struct mx_ask *ask;      /* NULL: not, or no more, waiting for the DNS */
	struct verdict *verdict; /* decided; not sent yet */
};

struct worker {
	struct policyd *policyd;
	unsigned slot;
	struct ipc *ipc; /* NULL: no such worker */
	size_t count;
	TAILQ_HEAD(, pending) pendings;
	struct event *retry;
};

struct policyd {
	struct event_base *base;
	const struct conf *conf;
	uint32_t generation;
	struct lookups *lookups;
	dnssec_report_fn *report;
	void *report_arg;
	struct worker workers[ROLE_SLOTS_MAX];
	uint8_t out[WIRE_MAX];
};

/* --- answers ------------------------------------------------------------------------------------------------------ */

static void pending_free(struct pending *pending)
{
	struct worker *worker = pending->worker;

	TAILQ_REMOVE(&worker->pendings, pending, next);
	worker->count--;
	mx_cache_cancel(pending->ask);
	verdict_unref(pending->verdict);
	free(pending);
}

static void retry_soon(struct worker *worker)
{
	const struct timeval soon = { .tv_usec = RETRY_MS * 1000 };

	if (!event_pending(worker->retry, EV_TIMEOUT, NULL))
		(void)event_add(worker->retry, &soon);
}

/* send sends a decided answer and forgets the question, or leaves both for later. */
static void send_answer(struct pending *pending)
{
	struct worker *worker = pending->worker;
	struct policyd *policyd = worker->policyd;
	struct wire_writer w;

	if (!ipc_room(worker->ipc)) {
		retry_soon(worker);
		return;
	}
	wire_writer_init(&w, policyd->out, sizeof(policyd->out) - 2);
	verdict_put_or_fail(&w, pending->question.id, pending->verdict);
	if (w.failed || !ipc_send(worker->ipc, VERDICT_MSG_ANSWER, policyd->out, w.len, -1))
		log_say(LOG_LEVEL_ERROR, "answer-lost", "the answer for \"%s\" could not be sent",
			pending->question.domain);
	pending_free(pending);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct worker *worker = arg;
	struct pending *pending = TAILQ_FIRST(&worker->pendings);

	(void)fd;
	(void)what;
	while (pending != NULL && worker->ipc != NULL && ipc_room(worker->ipc)) {
		struct pending *after = TAILQ_NEXT(pending, next);
		if (pending->verdict != NULL)
			send_answer(pending);
		pending = after;
	}
	/* What is still decided and unsent meets no room and asks for another try. */
	for (; pending != NULL && worker->ipc != NULL; pending = TAILQ_NEXT(pending, next)) {
		if (pending->verdict != NULL) {
			retry_soon(worker);
			return;
		}
	}
}

static void log_verdict(const struct verdict *verdict)
{
	struct log_line line;

	log_open(&line, LOG_LEVEL_DEBUG, "verdict");
	log_add(&line, "domain", "%s", verdict->domain);
	log_add(&line, "source", "%s", verdict_source_name(verdict->source));
	log_add(&line, "level", "%s", level_name(verdict->level));
	log_add(&line, "mx", "%zu", verdict->mx_count);
	log_add(&line, "ttl", "%u", (unsigned)verdict->ttl_s);
	if (verdict->reason[0] != '\0')
		log_add(&line, "reason", "%s", verdict->reason);
	log_close(&line);
}

static void answer(struct pending *pending, const struct rules_match *match, const struct mx_result *mx)
{
	struct policyd *policyd = pending->worker->policyd;

	/* Nobody asks for MTA-STS yet, so that nobody can have it. */
	const struct decide_facts facts = { .mx = mx,
					    .mx_ttl_s = mx != NULL ? mx->ttl_s : 0,
					    .sts_known = true,
					    .sts = { .status = VERDICT_PUBLISHED_NONE, .ttl_s = DECIDE_TTL_MAX_S } };

	pending->verdict = decide(policyd->conf, policyd->generation, match, &pending->question, &facts);
	if (pending->verdict == NULL) { /* the asker's own deadline answers for it */
		log_say(LOG_LEVEL_ERROR, "answer-lost", "out of memory");
		pending_free(pending);
		return;
	}
	log_verdict(pending->verdict);
	send_answer(pending);
}

static void on_mx(void *arg, const struct mx_result *result, uint32_t ttl_s)
{
	struct pending *pending = arg;
	struct rules_match match;
	struct mx_result mx = *result;

	pending->ask = NULL;
	if (mx.lookup == VERDICT_LOOKUP_FAILED)
		lookups_suspect(pending->worker->policyd->lookups);
	mx.ttl_s = ttl_s;
	rules_find(&match, pending->worker->policyd->conf, &pending->question);
	answer(pending, &match, &mx);
}

/* consider answers at once where nothing needs to be looked up, or everything is known. */
static void consider(struct pending *pending)
{
	static const struct mx_result busy = { .lookup = VERDICT_LOOKUP_FAILED,
					       .reason = "the MX hosts could not be looked up: too much to do" };
	struct policyd *policyd = pending->worker->policyd;
	struct rules_match match;
	const struct mx_result *known;
	struct decide_want want;
	uint32_t ttl_s;

	rules_find(&match, policyd->conf, &pending->question);
	if (!decide_want(&want, policyd->conf, &match, &pending->question)) {
		answer(pending, &match, NULL);
		return;
	}
	known = mx_cache_find(lookups_cache(policyd->lookups), &want.mx, &ttl_s);
	if (known != NULL) {
		on_mx(pending, known, ttl_s);
		return;
	}
	pending->ask = mx_cache_ask(lookups_cache(policyd->lookups), &want.mx, on_mx, pending);
	if (pending->ask == NULL)
		answer(pending, &match, &busy);
}

/* --- workers ------------------------------------------------------------------------------------------------------ */

static bool on_message(void *arg, uint16_t type, const uint8_t *body, size_t len, int fd)
{
	struct worker *worker = arg;
	struct verdict_question question;
	struct wire_reader r;
	struct pending *pending;

	if (fd >= 0)
		(void)close(fd);
	wire_reader_init(&r, body, len);
	if (fd >= 0 || type != VERDICT_MSG_QUESTION || !verdict_question_get(&r, &question) ||
	    worker->count >= POLICYD_QUESTIONS_MAX) {
		log_say(LOG_LEVEL_WARNING, "worker-dropped", "worker %u sent what is no question, or too many",
			worker->slot);
		return false;
	}
	pending = calloc(1, sizeof(*pending));
	if (pending == NULL)
		return false;
	*pending = (struct pending){ .worker = worker, .question = question };
	TAILQ_INSERT_TAIL(&worker->pendings, pending, next);
	worker->count++;
	consider(pending);
	return true;
}

/* disconnect forgets the worker's questions; the lookups for them go on and fill the cache. */
static void disconnect(struct worker *worker)
{
	struct pending *pending;

	while ((pending = TAILQ_FIRST(&worker->pendings)) != NULL)
		/* clang 14 loses sight of the list's head. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		pending_free(pending);
	ipc_free(worker->ipc);
	worker->ipc = NULL;
	if (worker->retry != NULL)
		event_free(worker->retry);
	worker->retry = NULL;
}

static void on_closed(void *arg)
{
	disconnect(arg);
}

void policyd_add_worker(struct policyd *policyd, unsigned slot, int fd)
{
	struct worker *worker = &policyd->workers[slot];

	disconnect(worker);
	worker->retry = evtimer_new(policyd->base, on_retry, worker);
	if (worker->retry == NULL) {
		(void)close(fd);
		return;
	}
	worker->ipc = ipc_new(policyd->base, fd, on_message, on_closed, worker);
	if (worker->ipc == NULL)
		disconnect(worker);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static void on_forget(void *arg)
{
	struct policyd *policyd = arg;
	struct pending *pending;

	for (unsigned i = 0; i < ROLE_SLOTS_MAX; i++) {
		TAILQ_FOREACH(pending, &policyd->workers[i].pendings, next)
		{
			mx_cache_cancel(pending->ask);
			pending->ask = NULL;
		}
	}
}

/* ask_again puts every question that is not decided yet to the new configuration and resolvers. */
static void ask_again(struct worker *worker)
{
	struct pending *pending = TAILQ_FIRST(&worker->pendings);

	while (pending != NULL) {
		struct pending *after = TAILQ_NEXT(pending, next);
		if (pending->verdict == NULL)
			consider(pending);
		pending = after;
	}
}

static void on_again(void *arg)
{
	struct policyd *policyd = arg;

	for (unsigned i = 0; i < ROLE_SLOTS_MAX; i++)
		ask_again(&policyd->workers[i]);
}

static void on_report(void *arg, const struct dnssec_report *report)
{
	const struct policyd *policyd = arg;

	if (policyd->report != NULL)
		policyd->report(policyd->report_arg, report);
}

struct policyd *policyd_new(struct event_base *base, const struct policyd_inputs *inputs,
			    const struct dns_limits *dns_limits, const struct mx_cache_limits *mx_limits)
{
	static const struct lookups_events events = { .forget = on_forget, .again = on_again, .report = on_report };
	struct policyd *policyd = calloc(1, sizeof(*policyd));

	if (policyd == NULL)
		return NULL;
	policyd->base = base;
	policyd->conf = inputs->conf;
	policyd->generation = inputs->generation;
	for (unsigned i = 0; i < ROLE_SLOTS_MAX; i++) {
		policyd->workers[i].policyd = policyd;
		policyd->workers[i].slot = i;
		TAILQ_INIT(&policyd->workers[i].pendings);
	}
	policyd->lookups =
		lookups_new(base, inputs->conf, inputs->trust_anchors, dns_limits, mx_limits, &events, policyd);
	if (policyd->lookups == NULL) {
		free(policyd);
		return NULL;
	}
	return policyd;
}

void policyd_free(struct policyd *policyd)
{
	if (policyd == NULL)
		return;
	for (unsigned i = 0; i < ROLE_SLOTS_MAX; i++)
		disconnect(&policyd->workers[i]);
	lookups_free(policyd->lookups);
	free(policyd);
}

void policyd_report_to(struct policyd *policyd, dnssec_report_fn *fn, void *arg)
{
	policyd->report = fn;
	policyd->report_arg = arg;
}

bool policyd_reload(struct policyd *policyd, const struct policyd_inputs *inputs)
{
	struct pending *pending;

	if (!lookups_reload(policyd->lookups, inputs->conf, inputs->trust_anchors))
		return false;
	policyd->conf = inputs->conf;
	policyd->generation = inputs->generation;
	for (unsigned i = 0; i < ROLE_SLOTS_MAX; i++) {
		TAILQ_FOREACH(pending, &policyd->workers[i].pendings, next)
		{
			verdict_unref(pending->verdict);
			pending->verdict = NULL;
		}
	}
	on_again(policyd);
	return true;
}

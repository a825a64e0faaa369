/* workers.c - see workers.h. */
#include "policy/daemon/workers.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "policy/decide/decide.h"
#include "policy/verdict/verdict.h"
#include "proxy/base/ipc.h"
#include "proxy/base/log.h"
#include "proxy/base/role.h"

#define RETRY_MS 20 /* until a full channel is tried again */

/* A question that waits for what has to be known, or whose answer waits for room in the channel. */
struct pending {
	TAILQ_ENTRY(pending) next;
	struct worker *worker;
	struct verdict_question question;
	struct gather *gather;   /* NULL: not, or no more, waiting */
	struct verdict *verdict; /* decided; not sent yet */
};

struct worker {
	struct workers *workers;
	unsigned slot;
	struct ipc *ipc; /* NULL: no such worker */
	size_t count;
	TAILQ_HEAD(, pending) pendings;
	struct event *retry;
};

struct workers {
	struct event_base *base;
	workers_suspect_fn *suspect;
	workers_report_fn *report;
	void *arg;
	struct workers_means means;
	struct worker all[ROLE_SLOTS_MAX];
	uint8_t out[WIRE_MAX];
};

/* --- answers ------------------------------------------------------------------------------------------------------ */

static void pending_free(struct pending *pending)
{
	struct worker *worker = pending->worker;

	TAILQ_REMOVE(&worker->pendings, pending, next);
	worker->count--;
	gather_cancel(pending->gather);
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
	struct workers *workers = worker->workers;
	struct wire_writer w;

	if (!ipc_room(worker->ipc)) {
		retry_soon(worker);
		return;
	}
	wire_writer_init(&w, workers->out, sizeof(workers->out) - 2);
	verdict_put_or_fail(&w, pending->question.id, pending->verdict);
	if (w.failed || !ipc_send(worker->ipc, VERDICT_MSG_ANSWER, workers->out, w.len, -1))
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
	log_add(&line, "published", "%s", verdict_published_name(verdict->published.status));
	log_add(&line, "by", "%s", verdict_publisher_name(verdict->published.by));
	log_add(&line, "ttl", "%u", (unsigned)verdict->ttl_s);
	if (verdict->reason[0] != '\0')
		log_add(&line, "reason", "%s", verdict->reason);
	log_close(&line);
}

static void answer(struct pending *pending, const struct rules_match *match, const struct decide_facts *facts)
{
	const struct workers_means *means = &pending->worker->workers->means;

	pending->verdict = decide(means->conf, means->generation, match, &pending->question, facts);
	if (pending->verdict == NULL) { /* the asker's own deadline answers for it */
		log_say(LOG_LEVEL_ERROR, "answer-lost", "out of memory");
		pending_free(pending);
		return;
	}
	log_verdict(pending->verdict);
	send_answer(pending);
}

static void on_facts(void *arg, const struct decide_facts *facts)
{
	struct pending *pending = arg;
	struct workers *workers = pending->worker->workers;
	struct rules_match match;

	pending->gather = NULL;
	if (facts->mx->lookup == VERDICT_LOOKUP_FAILED ||
	    (facts->sts_known && facts->sts.status == VERDICT_PUBLISHED_FAILED))
		workers->suspect(workers->arg);
	rules_find(&match, workers->means.conf, &pending->question);
	answer(pending, &match, facts);
}

/* consider answers at once where nothing needs to be found out, or everything is known. */
static void consider(struct pending *pending)
{
	const struct workers_means *means = &pending->worker->workers->means;
	struct rules_match match;
	struct decide_want want;
	struct decide_facts facts;

	rules_find(&match, means->conf, &pending->question);
	if (!decide_want(&want, means->conf, &match, &pending->question)) {
		answer(pending, &match, NULL);
	} else if (gather_find(&means->sources, &want, &facts)) {
		answer(pending, &match, &facts);
	} else {
		pending->gather = gather_start(&means->sources, &want, on_facts, pending);
		if (pending->gather == NULL) /* out of memory */
			answer(pending, &match, NULL);
	}
}

/* --- workers ------------------------------------------------------------------------------------------------------ */

static bool take_question(struct worker *worker, const uint8_t *body, size_t len)
{
	struct verdict_question question;
	struct wire_reader r;
	struct pending *pending;

	wire_reader_init(&r, body, len);
	if (!verdict_question_get(&r, &question) || worker->count >= WORKERS_QUESTIONS_MAX)
		return false;
	pending = calloc(1, sizeof(*pending));
	if (pending == NULL)
		return false;
	*pending = (struct pending){ .worker = worker, .question = question };
	TAILQ_INSERT_TAIL(&worker->pendings, pending, next);
	worker->count++;
	consider(pending);
	return true;
}

static bool on_message(void *arg, uint16_t type, const uint8_t *body, size_t len, int fd)
{
	struct worker *worker = arg;
	struct workers *workers = worker->workers;
	bool ok = false;

	if (fd >= 0)
		(void)close(fd);
	else if (type == VERDICT_MSG_QUESTION)
		ok = take_question(worker, body, len);
	else if (type == VERDICT_MSG_REPORT)
		ok = workers->report(workers->arg, body, len);
	if (!ok)
		log_say(LOG_LEVEL_WARNING, "worker-dropped",
			"worker %u sent what is neither question nor report, or too many", worker->slot);
	return ok;
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

void workers_add(struct workers *workers, unsigned slot, int fd)
{
	struct worker *worker = &workers->all[slot];

	disconnect(worker);
	worker->retry = evtimer_new(workers->base, on_retry, worker);
	if (worker->retry == NULL) {
		(void)close(fd);
		return;
	}
	worker->ipc = ipc_new(workers->base, fd, on_message, on_closed, worker);
	if (worker->ipc == NULL)
		disconnect(worker);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

void workers_forget(struct workers *workers)
{
	struct pending *pending;

	for (unsigned i = 0; i < ROLE_SLOTS_MAX; i++) {
		TAILQ_FOREACH(pending, &workers->all[i].pendings, next)
		{
			gather_cancel(pending->gather);
			pending->gather = NULL;
		}
	}
}

static void ask_again(struct worker *worker, bool again)
{
	struct pending *pending = TAILQ_FIRST(&worker->pendings);

	while (pending != NULL) {
		struct pending *after = TAILQ_NEXT(pending, next);
		if (again) {
			verdict_unref(pending->verdict);
			pending->verdict = NULL;
		}
		if (pending->verdict == NULL)
			consider(pending);
		pending = after;
	}
}

void workers_use(struct workers *workers, const struct workers_means *means, bool again)
{
	workers->means = *means;
	for (unsigned i = 0; i < ROLE_SLOTS_MAX; i++)
		ask_again(&workers->all[i], again);
}

struct workers *workers_new(struct event_base *base, workers_suspect_fn *suspect, workers_report_fn *report, void *arg)
{
	struct workers *workers = calloc(1, sizeof(*workers));

	if (workers == NULL)
		return NULL;
	workers->base = base;
	workers->suspect = suspect;
	workers->report = report;
	workers->arg = arg;
	for (unsigned i = 0; i < ROLE_SLOTS_MAX; i++) {
		workers->all[i].workers = workers;
		workers->all[i].slot = i;
		TAILQ_INIT(&workers->all[i].pendings);
	}
	return workers;
}

void workers_free(struct workers *workers)
{
	if (workers == NULL)
		return;
	for (unsigned i = 0; i < ROLE_SLOTS_MAX; i++)
		disconnect(&workers->all[i]);
	free(workers);
}

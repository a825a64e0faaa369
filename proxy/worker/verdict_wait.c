/* verdict_wait.c - see verdict_wait.h. */
#include "proxy/worker/verdict_wait.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define BUCKETS 1024 /* a power of two */

struct pending {
	TAILQ_ENTRY(pending) order; /* in the unsent or in the sent list, oldest first */
	LIST_ENTRY(pending) same_hash;
	bool sent;
	uint64_t deadline_ms;
	void *waiter;
	struct verdict_question question;
};

TAILQ_HEAD(pendings, pending);
LIST_HEAD(bucket, pending);

struct verdict_wait {
	size_t max;
	size_t count;
	uint32_t last_id;
	struct pendings unsent;
	struct pendings sent;
	struct bucket buckets[BUCKETS];
};

struct verdict_wait *verdict_wait_new(size_t max)
{
	struct verdict_wait *wait = calloc(1, sizeof(*wait));

	if (wait == NULL)
		return NULL;
	wait->max = max;
	TAILQ_INIT(&wait->unsent);
	TAILQ_INIT(&wait->sent);
	return wait;
}

static struct pendings *list_of(struct verdict_wait *wait, const struct pending *pending)
{
	return pending->sent ? &wait->sent : &wait->unsent;
}

static void drop(struct verdict_wait *wait, struct pending *pending)
{
	TAILQ_REMOVE(list_of(wait, pending), pending, order);
	LIST_REMOVE(pending, same_hash);
	wait->count--;
	free(pending);
}

void verdict_wait_free(struct verdict_wait *wait)
{
	struct pending *pending;

	if (wait == NULL)
		return;
	while ((pending = TAILQ_FIRST(&wait->unsent)) != NULL || (pending = TAILQ_FIRST(&wait->sent)) != NULL)
		/* clang 14 loses sight of the list's head. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		drop(wait, pending);
	free(wait);
}

static struct pending *find(struct verdict_wait *wait, uint32_t id)
{
	struct pending *pending;

	LIST_FOREACH(pending, &wait->buckets[id % BUCKETS], same_hash)
	{
		if (pending->question.id == id)
			return pending;
	}
	return NULL;
}

/* Ids count up, so that one comes again only after four thousand million others. */
static uint32_t next_id(struct verdict_wait *wait)
{
	do {
		wait->last_id++;
	} while (wait->last_id == 0 || find(wait, wait->last_id) != NULL);
	return wait->last_id;
}

uint32_t verdict_wait_add(struct verdict_wait *wait, const struct verdict_question *question, void *waiter,
			  uint64_t deadline_ms)
{
	struct pending *pending;

	if (wait->count >= wait->max || waiter == NULL)
		return 0;
	pending = malloc(sizeof(*pending));
	if (pending == NULL)
		return 0;
	*pending = (struct pending){ .deadline_ms = deadline_ms, .waiter = waiter, .question = *question };
	pending->question.id = next_id(wait);
	TAILQ_INSERT_TAIL(&wait->unsent, pending, order);
	LIST_INSERT_HEAD(&wait->buckets[pending->question.id % BUCKETS], pending, same_hash);
	wait->count++;
	return pending->question.id;
}

void *verdict_wait_take(struct verdict_wait *wait, uint32_t id, const struct verdict *answer,
			struct verdict_question *out_question)
{
	struct pending *pending = find(wait, id);
	void *waiter;

	if (pending == NULL || strcmp(pending->question.domain, answer->domain) != 0)
		return NULL;
	waiter = pending->waiter;
	if (out_question != NULL)
		*out_question = pending->question;
	drop(wait, pending);
	return waiter;
}

void verdict_wait_cancel(struct verdict_wait *wait, uint32_t id)
{
	struct pending *pending = find(wait, id);

	if (pending != NULL)
		drop(wait, pending);
}

static const struct pending *earliest(const struct verdict_wait *wait)
{
	const struct pending *best = NULL;
	const struct pending *pending;

	TAILQ_FOREACH(pending, &wait->unsent, order)
	{
		if (best == NULL || pending->deadline_ms < best->deadline_ms)
			best = pending;
	}
	TAILQ_FOREACH(pending, &wait->sent, order)
	{
		if (best == NULL || pending->deadline_ms < best->deadline_ms)
			best = pending;
	}
	return best;
}

void *verdict_wait_expire(struct verdict_wait *wait, uint64_t now_ms, uint32_t *out_id)
{
	const struct pending *pending = earliest(wait);
	void *waiter;

	if (pending == NULL || pending->deadline_ms > now_ms)
		return NULL;
	waiter = pending->waiter;
	*out_id = pending->question.id;
	verdict_wait_cancel(wait, *out_id);
	return waiter;
}

bool verdict_wait_deadline(const struct verdict_wait *wait, uint64_t *out_ms)
{
	const struct pending *pending = earliest(wait);

	*out_ms = pending != NULL ? pending->deadline_ms : 0;
	return pending != NULL;
}

const struct verdict_question *verdict_wait_unsent(const struct verdict_wait *wait)
{
	const struct pending *pending = TAILQ_FIRST(&wait->unsent);

	return pending != NULL ? &pending->question : NULL;
}

void verdict_wait_sent(struct verdict_wait *wait, uint32_t id)
{
	struct pending *pending = find(wait, id);

	if (pending == NULL || pending->sent)
		return;
	TAILQ_REMOVE(&wait->unsent, pending, order);
	pending->sent = true;
	TAILQ_INSERT_TAIL(&wait->sent, pending, order);
}

void verdict_wait_resend(struct verdict_wait *wait)
{
	struct pending *pending;

	TAILQ_FOREACH(pending, &wait->sent, order)
	pending->sent = false;
	/* The sent ones are older than any that was not. */
	TAILQ_CONCAT(&wait->sent, &wait->unsent, order);
	TAILQ_CONCAT(&wait->unsent, &wait->sent, order);
}

void verdict_wait_again(struct verdict_wait *wait, uint32_t id)
{
	struct pending *pending = find(wait, id);

	if (pending == NULL || !pending->sent)
		return;
	TAILQ_REMOVE(&wait->sent, pending, order);
	pending->sent = false;
	TAILQ_INSERT_TAIL(&wait->unsent, pending, order);
}

size_t verdict_wait_count(const struct verdict_wait *wait)
{
	return wait->count;
}

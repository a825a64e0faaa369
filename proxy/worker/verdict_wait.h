/* verdict_wait.h - a worker's questions that policyd has not answered yet, by id. Pure: no clock, no I/O.
 *
 * A question is added, sent (at once, or when the channel has room: verdict_wait_unsent), and taken by its answer,
 * cancelled, or expired. When policyd is restarted every question left is to be sent again. An id is not used twice
 * while an answer to it could be under way. */
#ifndef GATE25_PROXY_WORKER_VERDICT_WAIT_H
#define GATE25_PROXY_WORKER_VERDICT_WAIT_H

#include <stddef.h>
#include <stdint.h>

#include "policy/verdict/verdict.h"

struct verdict_wait;

/* At most |max| questions at a time. NULL when out of memory. */
struct verdict_wait *verdict_wait_new(size_t max);
void verdict_wait_free(struct verdict_wait *wait); /* NULL is fine; waiters are not touched */

/* verdict_wait_add copies |question|, gives it an id of its own, and returns that; 0 when there is no room. |waiter| is
 * what verdict_wait_take and _expire give back; it is never looked at. */
MUST_CHECK uint32_t verdict_wait_add(struct verdict_wait *wait, const struct verdict_question *question, void *waiter,
				     uint64_t deadline_ms);
/* The waiter of |id|, which waits no longer. NULL: nobody waits (a stale answer), or the answer is for another domain
 * than was asked about; drop it. |out_question|, if not NULL, receives the question. */
void *verdict_wait_take(struct verdict_wait *wait, uint32_t id, const struct verdict *answer,
			struct verdict_question *out_question);
void verdict_wait_cancel(struct verdict_wait *wait, uint32_t id); /* an unknown id is fine */
/* One waiter whose deadline is at or before |now_ms|, which waits no longer; NULL: no more. */
void *verdict_wait_expire(struct verdict_wait *wait, uint64_t now_ms, uint32_t *out_id);
/* The earliest deadline; false when nobody waits. */
MUST_CHECK bool verdict_wait_deadline(const struct verdict_wait *wait, uint64_t *out_ms);

/* The oldest question to be sent, borrowed until the next call; NULL: none. */
const struct verdict_question *verdict_wait_unsent(const struct verdict_wait *wait);
void verdict_wait_sent(struct verdict_wait *wait, uint32_t id);
/* The channel is gone or new: every question is to be sent again. */
void verdict_wait_resend(struct verdict_wait *wait);
/* verdict_wait_again: the question |id|, whose answer will not do, is to be sent once more. */
void verdict_wait_again(struct verdict_wait *wait, uint32_t id);

size_t verdict_wait_count(const struct verdict_wait *wait);

#endif

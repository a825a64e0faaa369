/* workers.h - the workers' channels: their questions (verdict.h), and the answers.
 *
 * A worker that sends what cannot be read loses its channel, nobody else notices. Answers wait, in bounds, for a worker
 * whose channel is full. */
#ifndef GATE25_POLICY_DAEMON_WORKERS_H
#define GATE25_POLICY_DAEMON_WORKERS_H

#include <stdint.h>

#include "policy/gather/gather.h"
#include "proxy/base/attrib.h"
#include "proxy/base/conf.h"

#define WORKERS_QUESTIONS_MAX 20000 /* of one worker, pending; one more costs it the channel */

struct workers;

/* By what questions are decided; borrowed until workers_forget. */
struct workers_means {
	const struct conf *conf;
	uint32_t generation;
	struct gather_sources sources;
};

/* |suspect| is told that a lookup failed. |report| takes the body of a VERDICT_MSG_REPORT; false: it is malformed.
 * NULL: out of memory. */
typedef void workers_suspect_fn(void *arg);
typedef bool workers_report_fn(void *arg, const uint8_t *body, size_t len);
struct workers *workers_new(struct event_base *base, workers_suspect_fn *suspect, workers_report_fn *report, void *arg);
void workers_free(struct workers *workers); /* NULL is fine */

/* workers_add takes |fd|, the channel of worker |slot| (below ROLE_SLOTS_MAX); an earlier one is closed. */
void workers_add(struct workers *workers, unsigned slot, int fd);

/* workers_forget: nobody is asked any more; the questions wait for workers_use. */
void workers_forget(struct workers *workers);
/* workers_use: questions are decided by |means| from now on, those too that are not decided yet. |again|: and those
 * whose answers are not sent yet. */
void workers_use(struct workers *workers, const struct workers_means *means, bool again);

#endif

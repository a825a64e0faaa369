/* verdict_client.h - a worker's way to verdicts: its own cache first, else a question to gate25-policyd.
 *
 * A question outlives the channel: when policyd is restarted it is asked again on the new one. How long somebody waits
 * is that one's own affair. */
#ifndef GATE25_PROXY_WORKER_VERDICT_CLIENT_H
#define GATE25_PROXY_WORKER_VERDICT_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/verdict/tls_report.h"
#include "policy/verdict/verdict.h"
#include "proxy/base/attrib.h"

struct counters;
struct event_base;
struct verdict_client;

/* The answer to what |asker| asked; borrowed; NULL: there will be none. Never called from inside verdict_client_ask. */
typedef void verdict_answer_fn(void *arg, void *asker, struct verdict *verdict);

/* The channel broke: whoever owns the client sees to another (verdict_client_connect). */
typedef void verdict_lost_fn(void *arg);

struct verdict_client *verdict_client_new(struct event_base *base, uint32_t generation, struct counters *counters,
					  verdict_answer_fn *answer, verdict_lost_fn *lost, void *arg);
void verdict_client_free(struct verdict_client *client); /* NULL is fine */

/* verdict_client_connect takes |fd|, the (new) channel to policyd, and asks again what is pending. */
void verdict_client_connect(struct verdict_client *client, int fd);
bool verdict_client_connected(const struct verdict_client *client);
/* verdict_client_ask sets |*out| to the answer, the caller's reference, if it is known already; else it returns the id
 * of the question that was put, or will be once policyd is back. 0 and NULL: too many wait, or the client is
 * abandoned. */
uint32_t verdict_client_ask(struct verdict_client *client, void *asker, const struct verdict_question *question,
			    struct verdict **out);
void verdict_client_cancel(struct verdict_client *client, uint32_t id);
/* verdict_client_abandon: policyd is away and nobody is left who could start it anew. Who waits is answered NULL from
 * the loop, and so is at once whoever asks for what the cache does not know. */
void verdict_client_abandon(struct verdict_client *client);
/* verdict_client_report sends a report on its way. Questions go first: where many messages wait, or policyd is away,
 * the report is lost, which the log tells once a minute at most. */
void verdict_client_report(struct verdict_client *client, const struct tls_report *report);
/* verdict_client_forget: verdicts of an older generation are worth nothing any more. */
void verdict_client_forget(struct verdict_client *client, uint32_t generation);

#endif

/* verdict_client.c - see verdict_client.h. */
#include "proxy/worker/verdict_client.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "proxy/base/ipc.h"
#include "proxy/base/log.h"
#include "proxy/monitor/counters.h"
#include "proxy/worker/verdict_cache.h"
#include "proxy/worker/verdict_wait.h"

#define PENDING_MAX      10000
#define REPORT_QUEUE_MAX 32         /* messages that wait when a report is still sent */
#define REPORT_QUIET_S   60         /* between two lines about lost ones */
#define NO_DEADLINE      UINT64_MAX /* each session has its own timer */

struct verdict_client {
	struct event_base *base;
	uint32_t generation; /* of the worker's configuration */
	struct ipc *ipc;     /* NULL: policyd is away */
	struct verdict_cache *cache;
	struct verdict_wait *wait;
	struct counters *counters;
	verdict_answer_fn *answer;
	verdict_lost_fn *lost;
	void *arg;
	struct event *retry; /* the channel was full, or who waits is to be told that it is abandoned */
	bool abandoned;
	uint64_t reports_lost; /* and not told of */
	uint64_t told_s;       /* when losses were told of; 0: never */
	uint8_t report[TLS_REPORT_BYTES_MAX];
};

static uint64_t now_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec;
}

/* send_unsent sends what the present channel has not seen yet, as far as it takes it. */
static void send_unsent(struct verdict_client *client)
{
	const struct timeval soon = { .tv_usec = 50000 };
	const struct verdict_question *question;

	while (client->ipc != NULL && (question = verdict_wait_unsent(client->wait)) != NULL) {
		uint8_t body[1024];
		struct wire_writer w;
		wire_writer_init(&w, body, sizeof(body));
		verdict_question_put(&w, question);
		if (w.failed || !ipc_send(client->ipc, VERDICT_MSG_QUESTION, body, w.len, -1)) {
			(void)evtimer_add(client->retry, &soon);
			return;
		}
		verdict_wait_sent(client->wait, question->id);
	}
}

/* answer_none: the sessions may ask again, and are told there and then. */
static void answer_none(struct verdict_client *client)
{
	void *asker;
	uint32_t id;

	while ((asker = verdict_wait_expire(client->wait, NO_DEADLINE, &id)) != NULL)
		client->answer(client->arg, asker, NULL);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct verdict_client *client = arg;

	(void)fd;
	(void)what;
	if (client->abandoned)
		answer_none(client);
	else
		send_unsent(client);
}

/* While a reload goes round, policyd has the new configuration and this worker not yet, or the other way round; CA
 * files are known by their number in one configuration. Soon both are of one mind, at the latest when the RCPT's time
 * is over.
 */
static bool of_another_configuration(struct verdict_client *client, uint32_t id, const struct verdict *verdict)
{
	const struct timeval soon = { .tv_usec = 50000 };

	if (verdict->generation == client->generation)
		return false;
	verdict_wait_again(client->wait, id);
	(void)evtimer_add(client->retry, &soon);
	return true;
}

static void answered(struct verdict_client *client, uint32_t id, struct verdict *verdict)
{
	struct verdict_question question;
	void *asker;

	if (of_another_configuration(client, id, verdict))
		return;
	asker = verdict_wait_take(client->wait, id, verdict, &question);

	if (asker == NULL)
		return;
	verdict_cache_put(client->cache, &question, verdict, now_s());
	if (verdict->status != VERDICT_OK)
		counters_add(client->counters, COUNTER_VERDICT_FAILED, 1);
	client->answer(client->arg, asker, verdict);
}

static bool on_message(void *arg, uint16_t type, const uint8_t *body, size_t len, int fd)
{
	struct wire_reader r;
	struct verdict *verdict;
	uint32_t id;

	if (fd >= 0)
		(void)close(fd);
	if (fd >= 0 || type != VERDICT_MSG_ANSWER)
		return false;
	wire_reader_init(&r, body, len);
	verdict = verdict_get(&r, &id);
	if (verdict == NULL)
		return false;
	answered(arg, id, verdict);
	verdict_unref(verdict);
	return true;
}

static void on_closed(void *arg)
{
	struct verdict_client *client = arg;

	ipc_free(client->ipc);
	client->ipc = NULL;
	verdict_wait_resend(client->wait);
	log_say(LOG_LEVEL_WARNING, "policyd-away", "%zu question(s) wait for its return",
		verdict_wait_count(client->wait));
	client->lost(client->arg);
}

struct verdict_client *verdict_client_new(struct event_base *base, uint32_t generation, struct counters *counters,
					  verdict_answer_fn *answer, verdict_lost_fn *lost, void *arg)
{
	struct verdict_client *client = calloc(1, sizeof(*client));

	if (client == NULL)
		return NULL;
	*client = (struct verdict_client){
		.base = base, .generation = generation, .counters = counters, .answer = answer, .lost = lost, .arg = arg
	};
	client->cache = verdict_cache_new(VERDICT_CACHE_BYTES);
	client->wait = verdict_wait_new(PENDING_MAX);
	client->retry = evtimer_new(base, on_retry, client);
	if (client->cache == NULL || client->wait == NULL || client->retry == NULL) {
		verdict_client_free(client);
		return NULL;
	}
	verdict_cache_generation(client->cache, generation);
	return client;
}

void verdict_client_free(struct verdict_client *client)
{
	if (client == NULL)
		return;
	ipc_free(client->ipc);
	verdict_cache_free(client->cache);
	verdict_wait_free(client->wait);
	if (client->retry != NULL)
		event_free(client->retry);
	free(client);
}

void verdict_client_connect(struct verdict_client *client, int fd)
{
	ipc_free(client->ipc);
	client->ipc = ipc_new(client->base, fd, on_message, on_closed, client);
	if (client->ipc == NULL) {
		log_say(LOG_LEVEL_ERROR, "policyd-away", "no channel to it: out of memory");
		client->lost(client->arg);
		return;
	}
	verdict_wait_resend(client->wait);
	send_unsent(client);
}

bool verdict_client_connected(const struct verdict_client *client)
{
	return client->ipc != NULL;
}

uint32_t verdict_client_ask(struct verdict_client *client, void *asker, const struct verdict_question *question,
			    struct verdict **out)
{
	struct verdict *known = verdict_cache_find(client->cache, question, now_s());
	uint32_t id;

	*out = NULL;
	if (known != NULL) {
		counters_add(client->counters, COUNTER_VERDICT_CACHED, 1);
		*out = verdict_ref(known);
		return 0;
	}
	id = client->abandoned ? 0 : verdict_wait_add(client->wait, question, asker, NO_DEADLINE);
	if (id == 0)
		return 0;
	counters_add(client->counters, COUNTER_VERDICT_ASKED, 1);
	send_unsent(client);
	return id;
}

void verdict_client_abandon(struct verdict_client *client)
{
	const struct timeval now = { 0 };

	client->abandoned = true;
	(void)evtimer_add(client->retry, &now);
}

void verdict_client_cancel(struct verdict_client *client, uint32_t id)
{
	verdict_wait_cancel(client->wait, id);
}

static void report_lost(struct verdict_client *client)
{
	client->reports_lost++;
	if (client->told_s != 0 && now_s() - client->told_s < REPORT_QUIET_S)
		return;
	log_say(LOG_LEVEL_WARNING, "tlsrpt-lost", "%" PRIu64 " TLS report(s) did not reach policyd: it is away or busy",
		client->reports_lost);
	client->reports_lost = 0;
	client->told_s = now_s();
}

void verdict_client_report(struct verdict_client *client, const struct tls_report *report)
{
	struct wire_writer w;

	wire_writer_init(&w, client->report, sizeof(client->report));
	tls_report_put(&w, report);
	if (w.failed || client->ipc == NULL || ipc_queued(client->ipc) > REPORT_QUEUE_MAX ||
	    !ipc_send(client->ipc, VERDICT_MSG_REPORT, client->report, w.len, -1))
		report_lost(client);
}

void verdict_client_forget(struct verdict_client *client, uint32_t generation)
{
	client->generation = generation;
	verdict_cache_generation(client->cache, generation);
}

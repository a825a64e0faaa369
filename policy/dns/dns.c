/* dns.c - see dns.h and dns_job.h: who asked what, what may run, and until when. */
#include "policy/dns/dns.h"

#include <ctype.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/dns/dns_job.h"
#include "policy/dns/dns_message.h"

#define BUCKETS 1024 /* a power of two */

struct dns_query {
	LIST_ENTRY(dns_query) same_job;
	struct dns_job *job;
	dns_answer_fn *fn;
	void *arg;
};

struct dns {
	struct event_base *base;
	const struct dns_engine *engine;
	void *state; /* the engine's */
	struct dns_limits limits;
	size_t running_count;
	TAILQ_HEAD(, dns_job) running;
	TAILQ_HEAD(, dns_job) waiting;
	LIST_HEAD(, dns_job) jobs[BUCKETS];
};

uint64_t dns_now_ms(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void set_timer(struct dns_job *job, uint64_t ms)
{
	struct timeval tv = { .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000) * 1000 };

	(void)event_add(job->timer, &tv);
}

/* --- jobs --------------------------------------------------------------------------------------------------------- */

/* detach takes the job out of every list, so that nothing finds it any more. */
static void detach(struct dns_job *job)
{
	struct dns *dns = job->dns;

	if (job->work != NULL)
		dns->engine->stop(job);
	LIST_REMOVE(job, same_hash);
	if (job->waiting)
		TAILQ_REMOVE(&dns->waiting, job, queued);
	if (job->running) {
		TAILQ_REMOVE(&dns->running, job, queued);
		dns->running_count--;
	}
	job->waiting = job->running = false;
	event_free(job->timer);
	job->timer = NULL;
}

/* start_waiting lets the oldest waiting job start, through its timer. */
static void start_waiting(struct dns *dns)
{
	struct dns_job *job = TAILQ_FIRST(&dns->waiting);

	if (job == NULL || dns->running_count >= dns->limits.sockets_max)
		return;
	TAILQ_REMOVE(&dns->waiting, job, queued);
	job->waiting = false;
	TAILQ_INSERT_TAIL(&dns->running, job, queued);
	job->running = true;
	job->since_ms = dns_now_ms();
	dns->running_count++;
	event_active(job->timer, EV_TIMEOUT, 0);
}

/* hurry_oldest: somebody waits. Whoever's name servers are silent must not hold up the mail of others for as long as
 * the deadline lets him; what answers at all mostly does so at once. */
static void hurry_oldest(struct dns *dns)
{
	uint32_t patience_ms = dns->engine->patience_ms;
	uint64_t now_ms = dns_now_ms();
	struct dns_job *job;

	TAILQ_FOREACH(job, &dns->running, queued)
	{
		if (patience_ms == 0 || now_ms - job->since_ms < patience_ms)
			return;
		if (job->hurried)
			continue;
		job->hurried = true;
		event_active(job->timer, EV_TIMEOUT, 0);
		return;
	}
}

static void job_free(struct dns_job *job)
{
	struct dns_query *query;

	if (job->timer != NULL)
		detach(job);
	while ((query = LIST_FIRST(&job->queries)) != NULL) {
		LIST_REMOVE(query, same_job);
		free(query);
	}
	dns_answer_drop(&job->answer);
	free(job->message);
	free(job);
}

void dns_job_done(struct dns_job *job)
{
	struct dns *dns = job->dns;
	struct dns_query *query;

	detach(job);
	start_waiting(dns);
	while ((query = LIST_FIRST(&job->queries)) != NULL) {
		dns_answer_fn *fn = query->fn;
		void *arg = query->arg;
		LIST_REMOVE(query, same_job);
		free(query);
		fn(arg, &job->answer);
	}
	job_free(job);
}

void dns_job_fail(struct dns_job *job, const char *reason)
{
	job->answer.status = DNS_FAILED;
	job->answer.message = NULL;
	dns_answer_drop(&job->answer);
	if (job->answer.reason[0] == '\0')
		(void)snprintf(job->answer.reason, sizeof(job->answer.reason), "%s", reason);
	dns_job_done(job);
}

static void start(struct dns_job *job, uint64_t left_ms)
{
	const struct dns_engine *engine = job->dns->engine;
	bool hurry = engine->patience_ms > 0 && engine->patience_ms < left_ms;

	job->started = true;
	set_timer(job, hurry ? engine->patience_ms : left_ms);
	engine->start(job);
}

/* on_timer: the job's turn has come, or it has run for long, or its time is up. */
static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct dns_job *job = arg;
	uint64_t now_ms = dns_now_ms();

	(void)fd;
	(void)what;
	job->hurried = false;
	if (job->waiting)
		dns_job_fail(job, "too many questions at once");
	else if (now_ms >= job->deadline_ms)
		dns_job_fail(job, "no answer in time");
	else if (!job->started)
		start(job, job->deadline_ms - now_ms);
	else if (job->dns->engine->patience_ms > 0 && !TAILQ_EMPTY(&job->dns->waiting))
		dns_job_fail(job, "no answer so far, and others wait");
	else
		set_timer(job, job->deadline_ms - now_ms);
}

static size_t bucket_of(const char *name, enum dns_type type)
{
	uint32_t hash = 2166136261u ^ (uint32_t)type;

	for (; *name != '\0'; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	return hash % BUCKETS;
}

static struct dns_job *job_new(struct dns *dns, const char *name, enum dns_type type)
{
	struct dns_job *job = calloc(1, sizeof(*job));

	if (job == NULL || (job->timer = evtimer_new(dns->base, on_timer, job)) == NULL) {
		free(job);
		return NULL;
	}
	job->dns = dns;
	job->engine = dns->state;
	job->type = type;
	(void)snprintf(job->name, sizeof(job->name), "%s", name);
	(void)snprintf(job->answer.canonical, sizeof(job->answer.canonical), "%s", name);
	job->deadline_ms = dns_now_ms() + dns->limits.deadline_ms;
	job->answer.asked = 1;
	LIST_INIT(&job->queries);
	LIST_INSERT_HEAD(&dns->jobs[bucket_of(name, type)], job, same_hash);
	TAILQ_INSERT_TAIL(&dns->waiting, job, queued);
	job->waiting = true;
	set_timer(job, dns->limits.deadline_ms);
	start_waiting(dns);
	if (job->waiting)
		hurry_oldest(dns);
	return job;
}

static struct dns_job *job_find(struct dns *dns, const char *name, enum dns_type type)
{
	struct dns_job *job;

	LIST_FOREACH(job, &dns->jobs[bucket_of(name, type)], same_hash)
	{
		if (job->type == type && strcmp(job->name, name) == 0)
			return job;
	}
	return job_new(dns, name, type);
}

/* --- the contract ------------------------------------------------------------------------------------------------- */

struct dns *dns_new(struct event_base *base, const struct dns_options *options, char *err, size_t err_len)
{
	struct dns *dns = calloc(1, sizeof(*dns));

	if (dns == NULL) {
		(void)snprintf(err, err_len, "out of memory");
		return NULL;
	}
	dns->base = base;
	dns->engine = options->mode == DNS_VALIDATE ? &dns_unbound : &dns_stub;
	dns->limits = options->limits;
	TAILQ_INIT(&dns->running);
	TAILQ_INIT(&dns->waiting);
	dns->state = dns->engine->open(base, options, err, err_len);
	if (dns->state == NULL) {
		free(dns);
		return NULL;
	}
	return dns;
}

void dns_free(struct dns *dns)
{
	struct dns_job *job;

	if (dns == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while ((job = LIST_FIRST(&dns->jobs[i])) != NULL)
			/* clang 14 loses sight of the list's head. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
			job_free(job);
	}
	dns->engine->close(dns->state);
	free(dns);
}

struct dns_query *dns_ask(struct dns *dns, const char *name, enum dns_type type, dns_answer_fn *fn, void *arg)
{
	char small[DNS_NAME_MAX] = ""; /* stays empty, and so cannot be asked about, where |name| is too long */
	struct dns_query *query = calloc(1, sizeof(*query));
	size_t len = strlen(name);

	if (query == NULL)
		return NULL;
	for (size_t i = 0; i < len && len < sizeof(small); i++)
		small[i] = (char)tolower((unsigned char)name[i]);
	query->job = job_find(dns, small, type);
	if (query->job == NULL) {
		free(query);
		return NULL;
	}
	query->fn = fn;
	query->arg = arg;
	LIST_INSERT_HEAD(&query->job->queries, query, same_job);
	return query;
}

void dns_cancel(struct dns_query *query)
{
	struct dns_job *job;

	if (query == NULL)
		return;
	job = query->job;
	LIST_REMOVE(query, same_job);
	free(query);
	/* A job being finished has left every list already (no timer), and ends by itself. */
	if (LIST_EMPTY(&job->queries) && job->timer != NULL) {
		struct dns *dns = job->dns;
		job_free(job);
		start_waiting(dns);
	}
}

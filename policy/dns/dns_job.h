/* dns_job.h - a question under way, for however many that asked it, and the engine that works on it. For dns_*.c only.
 *
 * dns.c keeps the jobs: alike ones are one, so many run at a time, each has its deadline. An engine answers them. */
#ifndef GATE25_POLICY_DNS_DNS_JOB_H
#define GATE25_POLICY_DNS_DNS_JOB_H

#include <sys/queue.h>

#include "policy/dns/dns.h"

struct event;

struct dns_job {
	LIST_ENTRY(dns_job) same_hash;
	TAILQ_ENTRY(dns_job) queued; /* in dns->waiting or dns->running, oldest first */
	LIST_HEAD(, dns_query) queries;
	struct dns *dns;
	void *engine; /* what open returned */
	char name[DNS_NAME_MAX];
	enum dns_type type;
	bool waiting; /* in dns->waiting */
	bool running; /* in dns->running */
	bool started;
	bool hurried;      /* its timer has been told to look whether others wait */
	uint64_t since_ms; /* running */
	uint64_t deadline_ms;
	struct event *timer; /* NULL: ended, in no list any more */
	void *work;          /* the engine's, between start and stop; NULL: none */
	uint8_t *message;    /* where the answer's message is the job's own; freed with it */
	struct dns_answer answer;
};

/* How questions are answered. */
struct dns_engine {
	/* How long a question may run while others cannot. 0: until its deadline. */
	uint32_t patience_ms;
	/* NULL: |err| says why. */
	void *(*open)(struct event_base *base, const struct dns_options *options, char *err, size_t err_len);
	void (*close)(void *engine); /* every job was stopped before */
	/* start works on |job|, until it fills |job|'s answer and calls dns_job_done, or dns_job_fail; at once if it
	 * likes. What it leaves in the answer's reason meanwhile is said if the time is up. */
	void (*start)(struct dns_job *job);
	void (*stop)(struct dns_job *job); /* forgets it: |work| becomes NULL and nothing comes any more */
};

extern const struct dns_engine dns_stub;    /* the resolvers are asked; DNS_OFF and DNS_TRUST_AD */
extern const struct dns_engine dns_unbound; /* DNS_VALIDATE */

uint64_t dns_now_ms(void); /* of the monotonic clock */

/* The job is gone afterwards, and so are the records of its answer. */
void dns_job_done(struct dns_job *job);
void dns_job_fail(struct dns_job *job, const char *reason); /* |reason|: unless the answer says one already */

#endif

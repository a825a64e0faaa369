/* dns_stub.c - see dns.h: a stub resolver that asks the configured resolvers and believes them no more than their
 * transport allows.
 *
 * What makes forging hard (RFC 5452): a random id, a socket and so a random port for each attempt, connected, so that
 * the kernel drops what comes from elsewhere; and the question must come back with the answer. A socket that hears
 * strays is being guessed at: the attempt is repeated over TCP. */
#include "policy/dns/dns.h"

#include <ctype.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "policy/dns/dns_message.h"

#define BUCKETS      1024 /* a power of two */
#define STRAYS_MAX   8
#define ATTEMPTS_MIN 3
#define ATTEMPTS_MAX 8
#define UDP_MAX      4096 /* more than was asked for, so that a resolver that ignores our 1,232 is heard */
#define TCP_MAX      65535

struct dns_query {
	LIST_ENTRY(dns_query) same_job;
	struct job *job;
	dns_answer_fn *fn;
	void *arg;
};

struct tcp {
	uint8_t out[DNS_QUERY_MAX + 2];
	size_t out_len;
	size_t out_at;
	uint8_t in[TCP_MAX + 2];
	size_t in_at;
};

/* One question under way, for however many queries. */
struct job {
	LIST_ENTRY(job) same_hash;
	TAILQ_ENTRY(job) queued; /* while it waits for a socket */
	LIST_HEAD(, dns_query) queries;
	struct dns *dns;
	char name[DNS_NAME_MAX]; /* asked about */
	char at[DNS_NAME_MAX];   /* asked now: an alias's end */
	enum dns_type type;
	bool waiting; /* in dns->waiting */
	bool running; /* counted in dns->running */
	bool started;
	bool tcp_next; /* the next attempt goes over TCP, to the same resolver */
	unsigned attempt;
	size_t resolver;
	unsigned strays;
	uint64_t deadline_ms;
	int fd;
	struct event *io;
	struct event *timer;
	struct tcp *tcp; /* NULL: UDP */
	struct dns_message_query query;
	struct dns_answer answer;
};

struct dns {
	struct event_base *base;
	struct endpoint resolvers[DNS_RESOLVERS_MAX];
	size_t resolvers_count;
	size_t preferred; /* the one that answered last */
	struct dns_limits limits;
	size_t running;
	TAILQ_HEAD(, job) waiting;
	LIST_HEAD(, job) jobs[BUCKETS];
};

static void start_attempt(struct job *job);

static uint64_t now_ms(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void set_timer(struct job *job, uint64_t ms)
{
	struct timeval tv = { .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000) * 1000 };

	(void)event_add(job->timer, &tv);
}

/* --- jobs --------------------------------------------------------------------------------------------------------- */

static void close_socket(struct job *job)
{
	if (job->io != NULL)
		event_free(job->io);
	job->io = NULL;
	if (job->fd >= 0)
		(void)close(job->fd);
	job->fd = -1;
	free(job->tcp);
	job->tcp = NULL;
}

/* detach takes the job out of every list, so that nothing finds it any more. */
static void detach(struct job *job)
{
	struct dns *dns = job->dns;

	LIST_REMOVE(job, same_hash);
	if (job->waiting)
		TAILQ_REMOVE(&dns->waiting, job, queued);
	if (job->running)
		dns->running--;
	job->waiting = job->running = false;
	close_socket(job);
	event_free(job->timer);
	job->timer = NULL;
}

/* start_waiting lets the oldest waiting job start, through its timer. */
static void start_waiting(struct dns *dns)
{
	struct job *job = TAILQ_FIRST(&dns->waiting);

	if (job == NULL || dns->running >= dns->limits.sockets_max)
		return;
	TAILQ_REMOVE(&dns->waiting, job, queued);
	job->waiting = false;
	job->running = true;
	dns->running++;
	event_active(job->timer, EV_TIMEOUT, 0);
}

static void finish(struct job *job)
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
	free(job);
}

static void finish_failed(struct job *job, const char *reason)
{
	job->answer.status = DNS_FAILED;
	job->answer.mx_count = 0;
	job->answer.addrs_count = 0;
	if (job->answer.reason[0] == '\0')
		(void)snprintf(job->answer.reason, sizeof(job->answer.reason), "%s", reason);
	finish(job);
}

/* --- attempts ----------------------------------------------------------------------------------------------------- */

/* next_attempt: this one came to nothing. The next asks the next resolver, and so does the next question. */
static void next_attempt(struct job *job)
{
	struct dns *dns = job->dns;

	close_socket(job);
	job->tcp_next = false;
	job->attempt++;
	if (job->resolver == dns->preferred)
		dns->preferred = (dns->preferred + 1) % dns->resolvers_count;
	job->resolver = (job->resolver + 1) % dns->resolvers_count;
	start_attempt(job);
}

static void over_tcp(struct job *job)
{
	close_socket(job);
	job->tcp_next = true;
	start_attempt(job);
}

static bool take_alias(struct job *job)
{
	(void)snprintf(job->at, sizeof(job->at), "%s", job->answer.canonical);
	job->answer.asked++;
	job->attempt = 0;
	job->tcp_next = false;
	return job->answer.asked <= DNS_ALIASES_MAX;
}

/* take_message serves one message. False: keep listening. */
static bool take_message(struct job *job, const uint8_t *bytes, size_t len)
{
	bool tcp = job->tcp != NULL;

	switch (dns_message_read(&job->answer, &job->query, job->at, job->type, bytes, len)) {
	case DNS_REPLY_FOREIGN:
		if (!tcp && ++job->strays <= STRAYS_MAX)
			return false;
		tcp ? next_attempt(job) : over_tcp(job);
		return true;
	case DNS_REPLY_TRUNCATED: tcp ? next_attempt(job) : over_tcp(job); return true;
	case DNS_REPLY_FAILED: next_attempt(job); return true;
	case DNS_REPLY_ALIAS:
		close_socket(job);
		if (take_alias(job))
			start_attempt(job);
		else
			finish_failed(job, "too many aliases");
		return true;
	case DNS_REPLY_ANSWER:
		job->dns->preferred = job->resolver;
		job->answer.reason[0] = '\0';
		finish(job);
		return true;
	}
	return true;
}

static void on_udp(evutil_socket_t fd, short what, void *arg)
{
	struct job *job = arg;
	uint8_t bytes[UDP_MAX];

	(void)what;
	for (unsigned i = 0; i <= STRAYS_MAX + 1; i++) {
		ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
			return;
		if (n < 0) { /* ICMP: nobody there */
			next_attempt(job);
			return;
		}
		if (take_message(job, bytes, (size_t)n))
			return;
	}
}

/* tcp_write and tcp_read return 1 when done, 0 for later, -1 for a dead connection. */
static int tcp_write(int fd, struct tcp *tcp)
{
	while (tcp->out_at < tcp->out_len) {
		ssize_t n = send(fd, tcp->out + tcp->out_at, tcp->out_len - tcp->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -1;
		tcp->out_at += (size_t)n;
	}
	return 1;
}

static size_t tcp_wanted(const struct tcp *tcp)
{
	return tcp->in_at < 2 ? 2 : 2 + ((size_t)tcp->in[0] << 8 | tcp->in[1]);
}

static int tcp_read(int fd, struct tcp *tcp)
{
	while (tcp->in_at < tcp_wanted(tcp)) {
		ssize_t n = recv(fd, tcp->in + tcp->in_at, tcp_wanted(tcp) - tcp->in_at, MSG_DONTWAIT);
		if (n < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -1;
		if (n == 0)
			return -1;
		tcp->in_at += (size_t)n;
	}
	return 1;
}

/* on_tcp writes, then reads; each event arms the next, for what it waits for. */
static void on_tcp(evutil_socket_t fd, short what, void *arg)
{
	struct job *job = arg;
	struct tcp *tcp = job->tcp;
	int written = tcp_write(fd, tcp);
	int done = written > 0 ? tcp_read(fd, tcp) : written;

	(void)what;
	if (done > 0) {
		(void)take_message(job, tcp->in + 2, tcp->in_at - 2);
		return;
	}
	if (done < 0 || event_assign(job->io, job->dns->base, fd, written > 0 ? EV_READ : EV_WRITE, on_tcp, job) != 0 ||
	    event_add(job->io, NULL) != 0)
		next_attempt(job);
}

static bool open_udp(struct job *job)
{
	job->io = event_new(job->dns->base, job->fd, EV_READ | EV_PERSIST, on_udp, job);
	return job->io != NULL && event_add(job->io, NULL) == 0 &&
	       send(job->fd, job->query.bytes, job->query.len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)job->query.len;
}

static bool open_tcp(struct job *job)
{
	job->tcp = calloc(1, sizeof(*job->tcp));
	if (job->tcp == NULL)
		return false;
	job->tcp->out[0] = (uint8_t)(job->query.len >> 8);
	job->tcp->out[1] = (uint8_t)job->query.len;
	memcpy(job->tcp->out + 2, job->query.bytes, job->query.len);
	job->tcp->out_len = job->query.len + 2;
	job->io = event_new(job->dns->base, job->fd, EV_WRITE, on_tcp, job);
	return job->io != NULL && event_add(job->io, NULL) == 0;
}

static bool open_socket(struct job *job)
{
	struct sockaddr_storage to;
	socklen_t to_len = endpoint_to_sockaddr(&job->dns->resolvers[job->resolver], &to);
	int kind = job->tcp_next ? SOCK_STREAM : SOCK_DGRAM;

	job->fd = socket(to.ss_family, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (job->fd < 0)
		return false;
	if (connect(job->fd, (struct sockaddr *)&to, to_len) != 0 && errno != EINPROGRESS)
		return false;
	return job->tcp_next ? open_tcp(job) : open_udp(job);
}

static unsigned attempts_max(const struct dns *dns)
{
	size_t twice = 2 * dns->resolvers_count;

	if (twice < ATTEMPTS_MIN)
		return ATTEMPTS_MIN;
	return twice > ATTEMPTS_MAX ? ATTEMPTS_MAX : (unsigned)twice;
}

static uint64_t attempt_ms(const struct job *job, uint64_t left_ms)
{
	uint64_t ms = (uint64_t)job->dns->limits.attempt_ms * (1 + job->attempt / job->dns->resolvers_count);

	return ms < left_ms ? ms : left_ms;
}

/* start_attempt opens a socket and asks. It never calls back at once: where even that fails the timer goes on. */
static void start_attempt(struct job *job)
{
	uint64_t now = now_ms();
	uint16_t id;

	if (now >= job->deadline_ms) {
		finish_failed(job, "no answer in time");
		return;
	}
	if (job->attempt >= attempts_max(job->dns)) {
		finish_failed(job, "no answer");
		return;
	}
	job->started = true;
	job->strays = 0;
	if (getrandom(&id, sizeof(id), 0) != (ssize_t)sizeof(id) ||
	    !dns_message_ask(&job->query, job->at, job->type, id)) {
		finish_failed(job, "not a name that can be asked about");
		return;
	}
	set_timer(job, open_socket(job) ? attempt_ms(job, job->deadline_ms - now) : 0);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct job *job = arg;

	(void)fd;
	(void)what;
	if (job->waiting)
		finish_failed(job, "too many questions at once");
	else if (job->started)
		next_attempt(job);
	else
		start_attempt(job);
}

/* --- the contract ------------------------------------------------------------------------------------------------- */

struct dns *dns_new(struct event_base *base, const struct dns_options *options, char *err, size_t err_len)
{
	size_t count = options->resolvers_count < DNS_RESOLVERS_MAX ? options->resolvers_count : DNS_RESOLVERS_MAX;
	struct dns *dns = count > 0 && options->mode == DNS_OFF ? calloc(1, sizeof(*dns)) : NULL;

	if (dns == NULL) {
		(void)snprintf(err, err_len, "%s", count > 0 ? "out of memory" : "no resolver");
		return NULL;
	}
	dns->base = base;
	dns->resolvers_count = count;
	for (size_t i = 0; i < count; i++)
		dns->resolvers[i] = options->resolvers[i].at;
	dns->limits = options->limits;
	TAILQ_INIT(&dns->waiting);
	return dns;
}

static void job_free(struct job *job)
{
	struct dns_query *query;

	detach(job);
	while ((query = LIST_FIRST(&job->queries)) != NULL) {
		LIST_REMOVE(query, same_job);
		free(query);
	}
	free(job);
}

void dns_free(struct dns *dns)
{
	struct job *job;

	if (dns == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while ((job = LIST_FIRST(&dns->jobs[i])) != NULL)
			/* clang 14 loses sight of the list's head. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
			job_free(job);
	}
	free(dns);
}

static size_t bucket_of(const char *name, enum dns_type type)
{
	uint32_t hash = 2166136261u ^ (uint32_t)type;

	for (; *name != '\0'; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	return hash % BUCKETS;
}

static struct job *job_new(struct dns *dns, const char *name, enum dns_type type)
{
	struct job *job = calloc(1, sizeof(*job));

	if (job == NULL || (job->timer = evtimer_new(dns->base, on_timer, job)) == NULL) {
		free(job);
		return NULL;
	}
	job->dns = dns;
	job->type = type;
	(void)snprintf(job->name, sizeof(job->name), "%s", name);
	(void)snprintf(job->at, sizeof(job->at), "%s", name);
	job->fd = -1;
	job->resolver = dns->preferred;
	job->deadline_ms = now_ms() + dns->limits.deadline_ms;
	job->answer.ttl_s = UINT32_MAX;
	job->answer.asked = 1;
	LIST_INIT(&job->queries);
	LIST_INSERT_HEAD(&dns->jobs[bucket_of(name, type)], job, same_hash);
	TAILQ_INSERT_TAIL(&dns->waiting, job, queued);
	job->waiting = true;
	set_timer(job, dns->limits.deadline_ms);
	start_waiting(dns);
	return job;
}

static struct job *job_find(struct dns *dns, const char *name, enum dns_type type)
{
	struct job *job;

	LIST_FOREACH(job, &dns->jobs[bucket_of(name, type)], same_hash)
	{
		if (job->type == type && strcmp(job->name, name) == 0)
			return job;
	}
	return job_new(dns, name, type);
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
	struct job *job;

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

/* dns_stub.c - the engine that asks the configured resolvers and believes them no more than it is told to: nothing as
 * proved in DNS_OFF, a trusted one's AD bit in DNS_TRUST_AD.
 *
 * A random id, and the question must come back with the answer. Who hears strays is being guessed at: the attempt is
 * repeated over TCP.
 *
 * An answer without AD says "insecure" only where the resolver would have said AD otherwise (RFC 7672 s. 2.1.1). So a
 * resolver has to show now and then that it validates: the root's SOA is signed, and comes with AD. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "policy/dns/dns_exchange.h"
#include "policy/dns/dns_job.h"
#include "policy/dns/dns_message.h"

#define PATIENCE_MS  1000 /* nearly all that answer at all do so at once */
#define STRAYS_MAX   8
#define ATTEMPTS_MIN 3
#define ATTEMPTS_MAX 8

struct resolver {
	struct dns_resolver is;
	char text[ADDR_TEXT_MAX];
	bool proved;
	uint64_t proved_ms; /* when it last showed that it validates */
};

struct stub {
	struct event_base *base;
	bool trust_ad;
	struct dns_limits limits;
	struct resolver resolvers[DNS_RESOLVERS_MAX];
	size_t resolvers_count;
	size_t preferred; /* the one that answered last */
};

/* What is being done for a job. */
struct work {
	struct dns_job *job;
	struct stub *stub;
	struct dns_exchange *exchange;
	char at[DNS_NAME_MAX]; /* asked now: the name, or an alias's end */
	unsigned attempt;
	size_t resolver;
	unsigned strays;
	bool insecure; /* a link of the chain was not proved */
	/* of the links before this one */
	unsigned aliases;
	uint32_t ttl_s;
	struct dns_message_query query;
	bool proving; /* the resolver is asked for the root's SOA; |reply|, read before, waits for the outcome */
	enum dns_reply reply; /* DNS_REPLY_ALIAS or DNS_REPLY_ANSWER */
	struct dns_answer read;
};

static void start_attempt(struct work *work);

static struct resolver *resolver_of(struct work *work)
{
	return &work->stub->resolvers[work->resolver];
}

/* --- attempts ----------------------------------------------------------------------------------------------------- */

static void close_exchange(struct work *work)
{
	dns_exchange_free(work->exchange);
	work->exchange = NULL;
	work->strays = 0;
}

/* note keeps why an attempt came to nothing. That the data are wrong is said rather than that a resolver is silent. */
static void note(struct work *work, const char *reason, bool bogus)
{
	struct dns_answer *answer = &work->job->answer;

	if (answer->bogus && !bogus)
		return;
	(void)snprintf(answer->reason, sizeof(answer->reason), "%s", reason);
	answer->bogus = bogus;
}

/* next_attempt: this one came to nothing. The next asks the next resolver, and so does the next question. */
static void next_attempt(struct work *work)
{
	struct stub *stub = work->stub;

	close_exchange(work);
	work->proving = false;
	work->attempt++;
	if (work->resolver == stub->preferred)
		stub->preferred = (stub->preferred + 1) % stub->resolvers_count;
	work->resolver = (work->resolver + 1) % stub->resolvers_count;
	start_attempt(work);
}

static void PRINTF_LIKE(2, 3) disbelieve(struct work *work, const char *format, ...)
{
	char reason[DNS_REASON_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	note(work, reason, false);
	next_attempt(work);
}

/* --- what came back ----------------------------------------------------------------------------------------------- */

static void take_alias(struct work *work)
{
	struct dns_job *job = work->job;

	(void)snprintf(work->at, sizeof(work->at), "%s", work->read.canonical);
	job->answer.asked++;
	work->attempt = 0;
	close_exchange(work);
	if (job->answer.asked <= DNS_ALIASES_MAX)
		start_attempt(work);
	else
		dns_job_fail(job, "too many aliases");
}

static void finish(struct work *work)
{
	struct dns_job *job = work->job;
	unsigned asked = job->answer.asked;

	work->stub->preferred = work->resolver;
	job->answer = work->read;
	work->read.tlsa = NULL; /* now the job's */
	work->read.tlsa_count = 0;
	work->read.txt = NULL;
	work->read.txt_count = 0;
	job->answer.asked = asked;
	job->answer.reason[0] = '\0';
	if (work->stub->trust_ad && !work->insecure)
		job->answer.status = job->answer.status == DNS_FOUND_INSECURE ? DNS_FOUND_SECURE : DNS_ABSENT_SECURE;
	dns_job_done(job);
}

/* accept: what was read counts. */
static void accept_reply(struct work *work)
{
	work->aliases = work->read.aliases;
	work->ttl_s = work->read.ttl_s;
	if (work->reply == DNS_REPLY_ALIAS)
		take_alias(work);
	else
		finish(work);
}

/* keep_message: without memory the records cannot be printed, and hold all the same. */
static void keep_message(struct work *work, const uint8_t *bytes, size_t len)
{
	struct dns_job *job = work->job;

	free(job->message);
	job->message = malloc(len);
	if (job->message != NULL)
		memcpy(job->message, bytes, len);
	work->read.message = job->message;
	work->read.message_len = job->message != NULL ? len : 0;
}

static bool has_proved(const struct work *work)
{
	const struct resolver *resolver = &work->stub->resolvers[work->resolver];

	return resolver->proved && dns_now_ms() - resolver->proved_ms < work->stub->limits.proof_ms;
}

/* weigh: the answer is one; whether it is believed. */
static void weigh(struct work *work, const struct dns_message *message)
{
	const char *text = resolver_of(work)->text;
	bool positive = work->reply == DNS_REPLY_ALIAS || work->read.status == DNS_FOUND_INSECURE;

	if (work->stub->trust_ad && message->ad && positive && !message->signs) {
		disbelieve(work, "%s says AD and leaves the signatures out", text);
	} else if (!work->stub->trust_ad || message->ad || has_proved(work)) {
		work->insecure |= !message->ad;
		accept_reply(work);
	} else {
		close_exchange(work);
		work->proving = true;
		start_attempt(work);
	}
}

/* take_proof: the answer about the root's SOA. Nothing of it is kept. */
static void take_proof(struct work *work, enum dns_reply reply, const struct dns_message *message,
		       const struct dns_answer *proof)
{
	const char *text = resolver_of(work)->text;

	if (reply != DNS_REPLY_ANSWER || proof->status != DNS_FOUND_INSECURE) {
		disbelieve(work, "%s does not show that it validates: no SOA of the root%s%s", text,
			   proof->reason[0] != '\0' ? ": " : "", proof->reason);
	} else if (!message->ad) {
		disbelieve(work, "%s does not validate: its answer for the root's SOA has no AD bit", text);
	} else if (!message->signs) {
		disbelieve(work, "%s says AD and leaves the signatures out", text);
	} else {
		resolver_of(work)->proved = true;
		resolver_of(work)->proved_ms = dns_now_ms();
		work->proving = false;
		work->insecure = true;
		accept_reply(work);
	}
}

static bool over_tcp(struct work *work);

/* give_up: nothing will come. What another attempt heard is worth more than that this one heard nothing. */
static void give_up(struct work *work)
{
	char reason[DNS_REASON_MAX];

	if (work->job->answer.reason[0] == '\0') {
		(void)snprintf(reason, sizeof(reason), "%s does not answer%s", resolver_of(work)->text,
			       dns_exchange_is_tcp(work->exchange) ? " over TCP" : "");
		note(work, reason, false);
	}
	next_attempt(work);
}

/* on_message serves one message. True: keep listening. */
static bool on_message(void *arg, const uint8_t *bytes, size_t len)
{
	struct work *work = arg;
	struct dns_message message = { .bytes = bytes, .len = len, .now_s = (int64_t)time(NULL) };
	static struct dns_answer proof; /* large; used up at once */
	struct dns_answer *read = work->proving ? &proof : &work->read;
	bool tcp = dns_exchange_is_tcp(work->exchange);

	if (bytes == NULL) {
		give_up(work);
		return false;
	}
	dns_answer_drop(read);
	memset(read, 0, sizeof(*read));
	read->aliases = work->proving ? 0 : work->aliases;
	read->ttl_s = work->proving ? UINT32_MAX : work->ttl_s;
	enum dns_reply reply = dns_message_read(read, &message, &work->query);
	if (reply == DNS_REPLY_FOREIGN && !tcp && ++work->strays <= STRAYS_MAX)
		return true;
	if ((reply == DNS_REPLY_FOREIGN || reply == DNS_REPLY_TRUNCATED) && !tcp)
		return over_tcp(work);
	if (work->proving) {
		take_proof(work, reply, &message, read);
		return false;
	}
	if (reply != DNS_REPLY_ALIAS && reply != DNS_REPLY_ANSWER) {
		if (reply == DNS_REPLY_FAILED)
			note(work, read->reason, read->bogus);
		next_attempt(work);
		return false;
	}
	work->reply = reply;
	keep_message(work, bytes, len);
	weigh(work, &message);
	return false;
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

static unsigned attempts_max(const struct stub *stub)
{
	size_t twice = 2 * stub->resolvers_count;

	if (twice < ATTEMPTS_MIN)
		return ATTEMPTS_MIN;
	return twice > ATTEMPTS_MAX ? ATTEMPTS_MAX : (unsigned)twice;
}

static void open_exchange(struct work *work, bool tcp)
{
	const struct stub *stub = work->stub;
	uint64_t ms = (uint64_t)stub->limits.attempt_ms * (1 + work->attempt / stub->resolvers_count);
	const char *name = work->proving ? "." : work->at;
	uint16_t id;

	close_exchange(work);
	if (getrandom(&id, sizeof(id), 0) != (ssize_t)sizeof(id) ||
	    !dns_message_ask(&work->query, name, work->proving ? DNS_SOA : work->job->type, id)) {
		dns_job_fail(work->job, "not a name that can be asked about");
		return;
	}
	work->exchange = dns_exchange_new(stub->base, &resolver_of(work)->is.at, tcp, work->query.bytes,
					  work->query.len, ms, on_message, work);
	if (work->exchange == NULL)
		dns_job_fail(work->job, "out of memory");
}

static bool over_tcp(struct work *work)
{
	open_exchange(work, true);
	return false;
}

/* start_attempt asks the resolver whose turn it is. */
static void start_attempt(struct work *work)
{
	if (work->attempt >= attempts_max(work->stub))
		dns_job_fail(work->job, "no usable answer");
	else if (work->stub->trust_ad && !resolver_of(work)->is.trusted)
		disbelieve(work, "%s is not on loopback and not among the trusted resolvers", resolver_of(work)->text);
	else
		open_exchange(work, false);
}

/* --- the engine --------------------------------------------------------------------------------------------------- */

static void *stub_open(struct event_base *base, const struct dns_options *options, char *err, size_t err_len)
{
	size_t count = options->resolvers_count < DNS_RESOLVERS_MAX ? options->resolvers_count : DNS_RESOLVERS_MAX;
	struct stub *stub = count > 0 ? calloc(1, sizeof(*stub)) : NULL;

	if (stub == NULL) {
		(void)snprintf(err, err_len, "%s", count > 0 ? "out of memory" : "no resolver");
		return NULL;
	}
	stub->base = base;
	stub->trust_ad = options->mode == DNS_TRUST_AD;
	stub->limits = options->limits;
	stub->resolvers_count = count;
	for (size_t i = 0; i < count; i++) {
		stub->resolvers[i].is = options->resolvers[i];
		(void)addr_format(&options->resolvers[i].at.addr, stub->resolvers[i].text);
	}
	return stub;
}

static void stub_start(struct dns_job *job)
{
	struct work *work = calloc(1, sizeof(*work));

	if (work == NULL) {
		dns_job_fail(job, "out of memory");
		return;
	}
	job->work = work;
	work->job = job;
	work->stub = job->engine;
	work->resolver = work->stub->preferred;
	work->ttl_s = UINT32_MAX;
	(void)snprintf(work->at, sizeof(work->at), "%s", job->name);
	start_attempt(work);
}

static void stub_stop(struct dns_job *job)
{
	struct work *work = job->work;

	close_exchange(work);
	dns_answer_drop(&work->read);
	free(work);
	job->work = NULL;
}

const struct dns_engine dns_stub = { PATIENCE_MS, stub_open, free, stub_start, stub_stop };

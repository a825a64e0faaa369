/* dnssec_probe.c - see dnssec_probe.h. */
#include "policy/dns/dnssec_probe.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

/* Short, for a start waits for it; nothing that works takes so long. */
#define ATTEMPT_MS  1500
#define DEADLINE_MS 4000

#define DNS_PORT 53 /* goes without saying */

struct subject;

struct question {
	struct subject *subject;
	struct dnssec_word *word;
	struct dns_query *query; /* NULL: answered, or not asked */
};

struct subject { /* who is asked: one resolver, or all of them where gate25 proves by itself */
	struct dnssec_probe *probe;
	struct dns *plain;
	struct dns *proving;
	struct question questions[DNSSEC_BOGUS_MAX + 2];
	size_t questions_count;
	size_t unanswered;
	bool settled;
};

struct dnssec_probe {
	dnssec_found_fn *fn;
	void *arg;
	struct event *done; /* the end is told from the loop, for no questioner may be freed while it tells an answer */
	size_t unsettled;
	struct subject subjects[DNS_RESOLVERS_MAX];
	struct dnssec_evidence evidence[DNS_RESOLVERS_MAX]; /* as |subjects| are */
	size_t count;
};

/* is_open: |word|, one of the subject's, is still to come. */
static bool is_open(const struct subject *subject, const struct dnssec_word *word)
{
	for (size_t i = 0; i < subject->questions_count; i++) {
		if (subject->questions[i].word == word)
			return subject->questions[i].query != NULL;
	}
	return false;
}

static void on_done(evutil_socket_t fd, short what, void *arg)
{
	struct dnssec_probe *probe = arg;
	struct dnssec_finding finding;

	(void)fd;
	(void)what;
	dnssec_judge_all(&finding, probe->evidence, probe->count);
	probe->fn(probe->arg, &finding);
}

/* is_settled: where the root is not proved, the other names matter no more, and some take long to fail. */
static bool is_settled(const struct subject *subject, const struct dnssec_evidence *evidence)
{
	const struct dnssec_word *root = &evidence->root;

	if (subject->unanswered == 0)
		return true;
	if (is_open(subject, root) || root->status == DNS_FOUND_SECURE)
		return false;
	return root->status != DNS_FAILED || root->bogus || !is_open(subject, &evidence->plain);
}

/* settle counts a subject once. */
static void settle(struct subject *subject)
{
	struct dnssec_probe *probe = subject->probe;

	if (subject->settled || !is_settled(subject, &probe->evidence[subject - probe->subjects]))
		return;
	subject->settled = true;
	if (--probe->unsettled == 0)
		event_active(probe->done, EV_TIMEOUT, 0);
}

static void on_answer(void *arg, const struct dns_answer *answer)
{
	struct question *question = arg;

	question->query = NULL;
	question->word->status = answer->status;
	question->word->bogus = answer->bogus;
	(void)snprintf(question->word->reason, sizeof(question->word->reason), "%s", answer->reason);
	question->subject->unanswered--;
	settle(question->subject);
}

/* ask: what cannot be asked about is a failed lookup. */
static void ask(struct subject *subject, struct dns *dns, const char *name, enum dns_type type,
		struct dnssec_word *word)
{
	struct question *question = &subject->questions[subject->questions_count];

	if (dns == NULL)
		return;
	*question = (struct question){ .subject = subject, .word = word };
	question->query = dns_ask(dns, name, type, on_answer, question);
	if (question->query == NULL) {
		(void)snprintf(word->reason, sizeof(word->reason), "out of memory");
		return;
	}
	subject->questions_count++;
	subject->unanswered++;
}

static void ask_all(struct subject *subject, struct dnssec_evidence *evidence, const struct string_list *bogus_names)
{
	ask(subject, subject->plain, ".", DNS_SOA, &evidence->plain);
	ask(subject, subject->proving, ".", DNS_SOA, &evidence->root);
	for (size_t i = 0; i < bogus_names->count && i < DNSSEC_BOGUS_MAX; i++) {
		evidence->bogus_names[i] = bogus_names->items[i];
		evidence->bogus_count = i + 1;
		ask(subject, subject->proving, bogus_names->items[i], DNS_A, &evidence->bogus[i]);
	}
}

static void add_subject(struct dnssec_probe *probe, struct event_base *base, struct dns_options options,
			const struct string_list *bogus_names)
{
	struct subject *subject = &probe->subjects[probe->count];
	struct dnssec_evidence *evidence = &probe->evidence[probe->count++];
	char at[ENDPOINT_TEXT_MAX] = "";
	struct dnssec_word *root = &evidence->root;

	options.limits.attempt_ms = ATTEMPT_MS;
	options.limits.deadline_ms = DEADLINE_MS;
	subject->probe = probe;
	if (options.resolvers_count > 0 && options.resolvers[0].at.port == DNS_PORT)
		(void)addr_format(&options.resolvers[0].at.addr, at);
	else if (options.resolvers_count > 0)
		(void)endpoint_format(&options.resolvers[0].at, at);
	if (options.recurse)
		(void)snprintf(evidence->who, sizeof(evidence->who), "validation over the internet's name servers");
	else if (options.mode == DNS_VALIDATE)
		(void)snprintf(evidence->who, sizeof(evidence->who), "validation over %s%s", at,
			       options.resolvers_count > 1 ? " and others" : "");
	else
		(void)snprintf(evidence->who, sizeof(evidence->who), "%s", at);
	evidence->validated = options.mode == DNS_VALIDATE;
	subject->proving = dns_new(base, &options, root->reason, sizeof(root->reason));
	options.mode = DNS_OFF;
	options.trust_anchors = NULL;
	if (!options.recurse)
		subject->plain = dns_new(base, &options, evidence->plain.reason, sizeof(evidence->plain.reason));
	probe->unsettled++;
	ask_all(subject, evidence, bogus_names);
}

struct dnssec_probe *dnssec_probe_new(struct event_base *base, const struct dnssec_plan *plan, enum dns_mode mode,
				      const struct string_list *bogus_names, dnssec_found_fn *fn, void *arg)
{
	struct dnssec_probe *probe = calloc(1, sizeof(*probe));
	struct dns_options options = dnssec_plan_options(plan, mode);

	if (probe == NULL)
		return NULL;
	probe->fn = fn;
	probe->arg = arg;
	probe->done = event_new(base, -1, 0, on_done, probe);
	if (probe->done == NULL) {
		free(probe);
		return NULL;
	}
	if (mode == DNS_TRUST_AD) {
		const size_t count = options.resolvers_count;
		options.resolvers_count = 1;
		for (size_t i = 0; i < count; i++) {
			add_subject(probe, base, options, bogus_names);
			options.resolvers++;
		}
	} else {
		add_subject(probe, base, options, bogus_names);
	}
	/* Whom nothing could be asked: nothing will come that settles it. */
	for (size_t i = 0; i < probe->count; i++)
		settle(&probe->subjects[i]);
	if (probe->count == 0)
		event_active(probe->done, EV_TIMEOUT, 0);
	return probe;
}

void dnssec_probe_free(struct dnssec_probe *probe)
{
	if (probe == NULL)
		return;
	for (size_t i = 0; i < probe->count; i++) {
		dns_free(probe->subjects[i].proving);
		dns_free(probe->subjects[i].plain);
	}
	event_free(probe->done);
	free(probe);
}

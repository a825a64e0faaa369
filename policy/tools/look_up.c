/* look_up.c - see look_up.h. */
#include "policy/tools/look_up.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/dns/dnssec.h"
#include "policy/gather/gather.h"
#include "policy/mx/tlsa_der.h"
#include "proxy/base/guarded_file.h"
#include "proxy/base/log.h"

#define POLICY_QUESTIONS 3 /* the record, and the policy host's two families */

struct question {
	struct looking *looking;
	struct dns_query *query; /* NULL: answered */
	enum dns_type type;
	char name[DNS_NAME_MAX];
	struct trail trail;
};

struct looking {
	const struct conf *conf;
	struct event_base *base;
	struct dns *dns;
	struct sts_fetcher *fetcher;
	struct sts *sts;
	struct list *list;
	struct gather *gather;
	struct question questions[POLICY_QUESTIONS];
	struct trail trail;
	struct trail policy;
	struct looked_up found;
	looked_up_fn *fn;
	void *arg;
};

static const char *proof_of(enum dns_mode mode)
{
	switch (mode) {
	case DNS_TRUST_AD: return "trust-ad: proved by the resolvers, whose AD bit is believed";
	case DNS_VALIDATE: return "validate: proved here, from the trust anchors";
	case DNS_OFF: break;
	}
	return "off: nothing is proved";
}

/* What there is to say is in the answer. */
static void say_nothing(enum log_level level, const char *line, size_t len)
{
	(void)level;
	(void)line;
	(void)len;
}

/* --- what is published -------------------------------------------------------------------------------------------- */

static bool open_list(struct looking *l)
{
	const char *path = l->conf->list_file;
	char err[LIST_REASON_MAX];
	char *text;
	size_t len;

	if (path == NULL)
		return true;
	text = guarded_file_read(path, LIST_TEXT_MAX, &len, err, sizeof(err));
	if (text == NULL) {
		(void)fprintf(stderr, "gate25-policyd: %s %s\n", path, err);
		return false;
	}
	l->list = list_parse(text, len, err, sizeof(err));
	free(text);
	if (l->list == NULL)
		(void)fprintf(stderr, "gate25-policyd: %s: refused whole: %s\n", path, err);
	return l->list != NULL;
}

/* find_folder: of what the service remembers; |out| is "" where it cannot be read, and the note says so. */
static void find_folder(struct looking *l, char out[], size_t out_len)
{
	char *note = l->found.note;

	out[0] = '\0';
	if (l->conf->state_dir[0] == '\0')
		return;
	if (snprintf(out, out_len, "%s/policy", l->conf->state_dir) >= (int)out_len) {
		out[0] = '\0';
		return;
	}
	if (access(out, R_OK | X_OK) == 0)
		return;
	if (errno != ENOENT)
		(void)snprintf(note, LOOK_UP_NOTE_MAX,
			       "what the service remembers is not looked at: %.200s: %.60s (root may)", out,
			       strerror(errno));
	out[0] = '\0';
}

static bool open_sts(struct looking *l)
{
	struct sts_fetch_options fetch = { .permitted = &l->conf->sts_private };
	struct sts_options options = { .read_only = true, .lookup_failed = l->conf->sts_lookup };
	char folder[512];
	char err[VERDICT_REASON_MAX] = "out of memory";
	char *ca = conf_read_file(l->conf->ca_file);

	if (ca == NULL) {
		(void)fprintf(stderr, "gate25-policyd: cannot read %s: %s\n", l->conf->ca_file, strerror(errno));
		return false;
	}
	fetch.ca_pem = ca;
	l->fetcher = sts_fetcher_new(l->base, &fetch, err, sizeof(err));
	free(ca);
	options.fetcher = l->fetcher;
	find_folder(l, folder, sizeof(folder));
	options.folder = folder;
	if (l->fetcher != NULL)
		l->sts = sts_new(l->base, &options, err, sizeof(err));
	if (l->sts == NULL)
		(void)fprintf(stderr, "gate25-policyd: MTA-STS: %s\n", err);
	return l->sts != NULL;
}

static void on_answer(void *arg, const struct dns_answer *answer)
{
	struct question *question = arg;

	question->query = NULL;
	trail_add(&question->trail, question->name, question->type, answer);
}

/* The same questions as MTA-STS puts, so put once; they are asked here for their answers to be shown. */
static void ask_for_trail(struct looking *l, const char *domain)
{
	static const struct {
		const char *label;
		enum dns_type type;
	} all[POLICY_QUESTIONS] = { { "_mta-sts", DNS_TXT }, { "mta-sts", DNS_A }, { "mta-sts", DNS_AAAA } };

	for (size_t i = 0; i < POLICY_QUESTIONS; i++) {
		struct question *question = &l->questions[i];
		question->looking = l;
		question->type = all[i].type;
		if (snprintf(question->name, sizeof(question->name), "%s.%s", all[i].label, domain) <
		    (int)sizeof(question->name))
			question->query = dns_ask(l->dns, question->name, question->type, on_answer, question);
	}
}

/* take_trail: of the policy host only where it was asked for the policy. */
static void take_trail(struct looking *l, const struct sts_answer *sts)
{
	size_t count = sts->fetched_now ? POLICY_QUESTIONS : 1;

	for (size_t i = 0; i < count; i++) {
		struct trail *from = &l->questions[i].trail;
		struct trail_step *grown =
			from->count > 0 ? realloc(l->policy.steps, (l->policy.count + 1) * sizeof(*grown)) : NULL;
		if (grown == NULL)
			continue;
		l->policy.steps = grown;
		grown[l->policy.count++] = from->steps[0];
		from->count = 0;
	}
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static void on_facts(void *arg, const struct decide_facts *facts)
{
	struct looking *l = arg;

	l->gather = NULL;
	if (facts->sts_known)
		take_trail(l, &facts->sts);
	l->found.facts = facts;
	l->fn(l->arg, &l->found);
	l->fn = NULL;
	if (l->base != NULL)
		(void)event_base_loopbreak(l->base);
}

/* open_dns: false: |err| says why. */
static bool open_dns(struct looking *l, char err[DNS_REASON_MAX])
{
	enum dns_mode mode = DNS_OFF;

	tlsa_der_init();
	l->base = event_base_new();
	l->dns = l->base != NULL ? dnssec_open(l->base, l->conf, &mode, err, DNS_REASON_MAX) : NULL;
	if (l->dns != NULL)
		l->found.proof = proof_of(mode);
	return l->dns != NULL;
}

/* fail: there is nobody to ask, so that every lookup has failed. */
static void fail(struct looking *l, const char *why)
{
	struct mx_result mx = { .lookup = VERDICT_LOOKUP_FAILED };
	struct decide_facts facts = { .mx = &mx, .sts_known = true };

	(void)snprintf(mx.reason, sizeof(mx.reason), "%s", why);
	(void)snprintf(facts.sts.reason, sizeof(facts.sts.reason), "%s", why);
	on_facts(l, &facts);
}

static bool open_published(struct looking *l, const struct decide_want *want)
{
	if (want->list && !open_list(l))
		return false;
	if (want->sts && !open_sts(l))
		return false;
	if (want->sts)
		sts_use_dns(l->sts, l->dns);
	return true;
}

static void gather(struct looking *l, const struct decide_want *want, bool shown)
{
	const struct gather_sources sources = { .base = l->base,
						.dns = l->dns,
						.watch = trail_add,
						.watch_arg = &l->trail,
						.sts = l->sts,
						.list = l->list,
						.lookup_failed = l->conf->sts_lookup,
						.patient = true };

	l->gather = gather_start(&sources, want, on_facts, l);
	if (l->gather == NULL)
		return;
	if (want->sts && shown)
		ask_for_trail(l, want->mx.domain); /* after: who asks last is told first */
	(void)event_base_dispatch(l->base);
}

static void close_all(struct looking *l)
{
	gather_cancel(l->gather);
	for (size_t i = 0; i < POLICY_QUESTIONS; i++) {
		dns_cancel(l->questions[i].query);
		trail_cleanup(&l->questions[i].trail);
	}
	sts_free(l->sts);
	sts_fetcher_free(l->fetcher);
	list_free(l->list);
	trail_cleanup(&l->trail);
	trail_cleanup(&l->policy);
	dns_free(l->dns);
	if (l->base != NULL)
		event_base_free(l->base);
}

enum exit_status look_up(const struct conf *conf, const struct decide_want *want, bool shown, looked_up_fn *fn,
			 void *arg)
{
	struct looking l = { .conf = conf, .fn = fn, .arg = arg };
	char err[DNS_REASON_MAX] = "out of memory";
	enum exit_status status = CLI_USAGE;

	log_set_sink(say_nothing);
	l.found.trail = &l.trail;
	l.found.policy = &l.policy;
	if (!open_dns(&l, err)) {
		fail(&l, err);
		status = CLI_OK;
	} else if (open_published(&l, want)) {
		gather(&l, want, shown);
		status = l.fn == NULL ? CLI_OK : CLI_UNDECIDED;
	}
	if (status == CLI_UNDECIDED)
		(void)fprintf(stderr, "gate25-policyd: out of memory\n");
	close_all(&l);
	log_set_sink(NULL);
	return status;
}

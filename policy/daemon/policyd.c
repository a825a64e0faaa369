/* policyd.c - see policyd.h: who is there to answer the workers' questions, from start to end. */
#include "policy/daemon/policyd.h"

#include <stdlib.h>
#include <string.h>

#include "policy/daemon/lookups.h"
#include "policy/daemon/published.h"
#include "policy/daemon/workers.h"
#include "policy/tlsrpt/tlsrpt.h"
#include "proxy/base/log.h"

struct policyd {
	struct event_base *base;
	const struct conf *conf;
	uint32_t generation;
	struct lookups *lookups;
	struct published *published;
	struct workers *workers;
	struct tlsrpt *tlsrpt;
	dnssec_report_fn *report;
	void *report_arg;
};

static void use(struct policyd *policyd, bool again)
{
	const struct workers_means means = { .conf = policyd->conf,
					     .generation = policyd->generation,
					     .sources = { .base = policyd->base,
							  .cache = lookups_cache(policyd->lookups),
							  .sts = published_sts(policyd->published),
							  .list = published_list(policyd->published),
							  .lookup_failed = policyd->conf->sts_lookup } };

	published_use_dns(policyd->published, lookups_dns(policyd->lookups));
	tlsrpt_use_dns(policyd->tlsrpt, lookups_dns(policyd->lookups));
	tlsrpt_socket(policyd->tlsrpt, policyd->conf->tlsrpt_socket);
	workers_use(policyd->workers, &means, again);
}

static void on_forget(void *arg)
{
	const struct policyd *policyd = arg;

	workers_forget(policyd->workers);
	published_use_dns(policyd->published, NULL);
	tlsrpt_use_dns(policyd->tlsrpt, NULL);
}

static void on_again(void *arg)
{
	use(arg, false);
}

static void on_report(void *arg, const struct dnssec_report *report)
{
	const struct policyd *policyd = arg;

	if (policyd->report != NULL)
		policyd->report(policyd->report_arg, report);
}

static void on_suspect(void *arg)
{
	const struct policyd *policyd = arg;

	lookups_suspect(policyd->lookups);
}

static bool on_tls_report(void *arg, const uint8_t *body, size_t len)
{
	const struct policyd *policyd = arg;

	return tlsrpt_take(policyd->tlsrpt, body, len);
}

/* The text of the policy that a report is about, if it is still the one that is known. */
static bool on_policy_text(void *arg, const char *domain, const char *id, struct tlsrpt_text *out)
{
	const struct policyd *policyd = arg;
	struct sts *sts = published_sts(policyd->published);
	struct sts_answer answer;

	if (sts == NULL || !sts_find(sts, domain, &answer) || !answer.present || strcmp(answer.id, id) != 0)
		return false;
	*out = (struct tlsrpt_text){ answer.text, answer.text_len };
	return true;
}

static struct tlsrpt *new_tlsrpt(struct event_base *base, struct policyd *policyd)
{
	const struct tlsrpt_limits limits = TLSRPT_LIMITS_DEFAULT;
	char err[128];
	struct tlsrpt *tlsrpt = tlsrpt_new(base, &limits, on_policy_text, policyd, err, sizeof(err));

	if (tlsrpt == NULL)
		log_say(LOG_LEVEL_ERROR, "tlsrpt", "%s", err);
	return tlsrpt;
}

static struct published_inputs published_of(const struct policyd_inputs *inputs)
{
	return (struct published_inputs){ .conf = inputs->conf,
					  .ca_text = inputs->ca_text,
					  .list_text = inputs->list_text,
					  .folder = inputs->folder };
}

struct policyd *policyd_new(struct event_base *base, const struct policyd_inputs *inputs,
			    const struct dns_limits *dns_limits, const struct mx_cache_limits *mx_limits)
{
	static const struct lookups_events events = { .forget = on_forget, .again = on_again, .report = on_report };
	const struct published_inputs published = published_of(inputs);
	struct policyd *policyd = calloc(1, sizeof(*policyd));

	if (policyd == NULL)
		return NULL;
	policyd->base = base;
	policyd->conf = inputs->conf;
	policyd->generation = inputs->generation;
	policyd->published = published_new(base, &published);
	policyd->workers = workers_new(base, on_suspect, on_tls_report, policyd);
	policyd->tlsrpt = new_tlsrpt(base, policyd);
	policyd->lookups =
		lookups_new(base, inputs->conf, inputs->trust_anchors, dns_limits, mx_limits, &events, policyd);
	if (policyd->published == NULL || policyd->workers == NULL || policyd->tlsrpt == NULL ||
	    policyd->lookups == NULL) {
		policyd_free(policyd);
		return NULL;
	}
	use(policyd, false);
	return policyd;
}

void policyd_free(struct policyd *policyd)
{
	if (policyd == NULL)
		return;
	workers_free(policyd->workers);
	tlsrpt_free(policyd->tlsrpt);
	published_free(policyd->published);
	lookups_free(policyd->lookups);
	free(policyd);
}

void policyd_report_to(struct policyd *policyd, dnssec_report_fn *fn, void *arg)
{
	policyd->report = fn;
	policyd->report_arg = arg;
}

void policyd_add_worker(struct policyd *policyd, unsigned slot, int fd)
{
	workers_add(policyd->workers, slot, fd);
}

void policyd_let_go(struct policyd *policyd)
{
	struct sts *sts = published_sts(policyd->published);

	if (sts != NULL)
		sts_let_go(sts);
}

bool policyd_reload(struct policyd *policyd, const struct policyd_inputs *inputs)
{
	const struct published_inputs published = published_of(inputs);

	/* Its |forget| comes first: nobody asks whoever is replaced then. */
	if (!lookups_reload(policyd->lookups, inputs->conf, inputs->trust_anchors) ||
	    !published_reload(policyd->published, &published))
		return false;
	policyd->conf = inputs->conf;
	policyd->generation = inputs->generation;
	use(policyd, true);
	return true;
}

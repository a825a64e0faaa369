/* gather.c - see gather.h. Each source is asked once; what it says is kept until the last of those that matter has
 * spoken. */
#include "policy/gather/gather.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct gather {
	struct gather_sources sources;
	struct decide_want want; /* its domain is |domain| */
	char domain[DNS_NAME_MAX];
	gather_fn *fn;
	void *arg;
	struct event *timer; /* the deadline, or at once where everything was there from the beginning */
	struct mx_ask *mx_ask;
	struct mx_lookup *mx_lookup;
	struct sts_ask *sts_ask;
	bool mx_known;
	struct mx_result mx;
	uint32_t mx_ttl_s;
	uint64_t mx_at_s;
	bool sts_known;
	struct sts_answer sts; /* |policy| is the copy, |text| is left out */
	struct sts_policy policy;
	uint64_t sts_at_s;
};

static uint64_t clock_s(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec;
}

static uint32_t left_of(uint32_t ttl_s, uint64_t since_s)
{
	uint64_t gone_s = clock_s() - since_s;

	return gone_s < ttl_s ? ttl_s - (uint32_t)gone_s : 0;
}

void gather_cancel(struct gather *gather)
{
	if (gather == NULL)
		return;
	mx_cache_cancel(gather->mx_ask);
	mx_lookup_cancel(gather->mx_lookup);
	sts_cancel(gather->sts_ask);
	mx_result_cleanup(&gather->mx);
	free(gather->policy.patterns);
	if (gather->timer != NULL)
		event_free(gather->timer);
	free(gather);
}

/* --- what is known ------------------------------------------------------------------------------------------------ */

/* add_list: the list is at hand, so it is never waited for. */
static void add_list(struct decide_facts *out, const struct gather_sources *sources, const struct decide_want *want)
{
	out->now_s = (uint64_t)time(NULL);
	if (!want->list || sources->list == NULL)
		return;
	out->listed = list_find(sources->list, want->mx.domain, &out->entry);
	out->list_expires_s = list_expires(sources->list);
}

static bool waits_for_sts(const struct gather_sources *sources, const struct decide_want *want,
			  const struct mx_result *mx)
{
	return want->sts && (sources->patient || !decide_needs_no_policy(&want->mx, mx));
}

bool gather_find(const struct gather_sources *sources, const struct decide_want *want, struct decide_facts *out)
{
	*out = (struct decide_facts){ 0 };
	out->mx = mx_cache_find(sources->cache, &want->mx, &out->mx_ttl_s);
	if (out->mx == NULL)
		return false;
	if (want->sts && sources->sts != NULL)
		out->sts_known = sts_find(sources->sts, want->mx.domain, &out->sts);
	if (waits_for_sts(sources, want, out->mx) && !out->sts_known)
		return false;
	add_list(out, sources, want);
	return true;
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

static bool is_complete(const struct gather *gather)
{
	if (!gather->mx_known)
		return false;
	return gather->sts_known || !waits_for_sts(&gather->sources, &gather->want, &gather->mx);
}

static void tell(struct gather *gather)
{
	struct decide_facts facts = { .mx = &gather->mx,
				      .mx_ttl_s = left_of(gather->mx_ttl_s, gather->mx_at_s),
				      .sts_known = gather->sts_known,
				      .sts = gather->sts };

	facts.sts.ttl_s = left_of(facts.sts.ttl_s, gather->sts_at_s);
	add_list(&facts, &gather->sources, &gather->want);
	gather->fn(gather->arg, &facts);
	gather_cancel(gather);
}

static void tell_if_complete(struct gather *gather)
{
	if (is_complete(gather))
		tell(gather);
}

/* --- MX hosts ----------------------------------------------------------------------------------------------------- */

static void mx_failed(struct gather *gather, const char *why)
{
	mx_end_with(&gather->mx, VERDICT_LOOKUP_FAILED, gather->domain, why);
	gather->mx_ttl_s = DECIDE_TTL_FAILED_S;
	gather->mx_at_s = clock_s();
	gather->mx_known = true;
}

static void take_mx(struct gather *gather, const struct mx_result *result, uint32_t ttl_s)
{
	if (!mx_result_copy(&gather->mx, result)) {
		mx_failed(gather, "has no MX to be had: out of memory");
		return;
	}
	gather->mx_ttl_s = ttl_s;
	gather->mx_at_s = clock_s();
	gather->mx_known = true;
}

static void on_cached_mx(void *arg, const struct mx_result *result, uint32_t ttl_s)
{
	struct gather *gather = arg;

	gather->mx_ask = NULL;
	take_mx(gather, result, ttl_s);
	tell_if_complete(gather);
}

static void on_mx(void *arg, struct mx_result *result)
{
	struct gather *gather = arg;

	gather->mx_lookup = NULL;
	gather->mx = *result;
	*result = (struct mx_result){ 0 };
	gather->mx_ttl_s = gather->mx.ttl_s;
	gather->mx_at_s = clock_s();
	gather->mx_known = true;
	tell_if_complete(gather);
}

static void ask_cache(struct gather *gather)
{
	uint32_t ttl_s;
	const struct mx_result *known = mx_cache_find(gather->sources.cache, &gather->want.mx, &ttl_s);

	if (known != NULL) {
		take_mx(gather, known, ttl_s);
		return;
	}
	gather->mx_ask = mx_cache_ask(gather->sources.cache, &gather->want.mx, on_cached_mx, gather);
	if (gather->mx_ask == NULL)
		mx_failed(gather, "has no MX to be had: too much to do");
}

static void ask_dns(struct gather *gather)
{
	gather->mx_lookup = mx_lookup_start(gather->sources.base, gather->sources.dns, &gather->want.mx, GATHER_MX_MS,
					    on_mx, gather);
	if (gather->mx_lookup == NULL)
		mx_failed(gather, "has no MX to be had: out of memory");
	else if (gather->sources.watch != NULL)
		mx_lookup_watch(gather->mx_lookup, gather->sources.watch, gather->sources.watch_arg);
}

/* --- MTA-STS ------------------------------------------------------------------------------------------------------ */

static void sts_failed(struct gather *gather, enum verdict_published status, const char *why)
{
	gather->sts = (struct sts_answer){ .status = status, .ttl_s = DECIDE_TTL_FAILED_S };
	(void)snprintf(gather->sts.reason, sizeof(gather->sts.reason), "the MTA-STS policy of %.150s %s",
		       gather->domain, why);
	gather->sts_at_s = clock_s();
	gather->sts_known = true;
}

static bool copy_policy(struct gather *gather, const struct sts_policy *policy)
{
	gather->policy = *policy;
	gather->policy.patterns = NULL;
	if (policy->patterns_count == 0)
		return true;
	gather->policy.patterns = calloc(policy->patterns_count, sizeof(*policy->patterns));
	if (gather->policy.patterns == NULL)
		return false;
	memcpy(gather->policy.patterns, policy->patterns, policy->patterns_count * sizeof(*policy->patterns));
	return true;
}

static void take_sts(struct gather *gather, const struct sts_answer *answer)
{
	gather->sts = *answer;
	gather->sts.text = NULL;
	gather->sts.text_len = 0;
	if (answer->present) {
		if (!copy_policy(gather, answer->policy)) {
			sts_failed(gather, VERDICT_PUBLISHED_FAILED, "could not be kept: out of memory");
			return;
		}
		gather->sts.policy = &gather->policy;
	}
	gather->sts_at_s = clock_s();
	gather->sts_known = true;
}

/* sts_missed: no answer came. A policy that is remembered holds all the same (RFC 8461 s. 3.3). */
static void sts_missed(struct gather *gather, enum verdict_published otherwise, const char *why)
{
	struct sts_answer remembered;

	if (gather->sources.sts != NULL && sts_remembered(gather->sources.sts, gather->domain, &remembered))
		take_sts(gather, &remembered);
	else
		sts_failed(gather, otherwise, why);
}

static void on_sts(void *arg, const struct sts_answer *answer)
{
	struct gather *gather = arg;

	gather->sts_ask = NULL;
	take_sts(gather, answer);
	tell_if_complete(gather);
}

static void ask_sts(struct gather *gather)
{
	struct sts_answer known;

	if (gather->sources.sts == NULL) {
		sts_failed(gather, VERDICT_PUBLISHED_FAILED, "cannot be looked up");
	} else if (sts_find(gather->sources.sts, gather->domain, &known)) {
		take_sts(gather, &known);
	} else {
		gather->sts_ask = sts_ask(gather->sources.sts, gather->domain, on_sts, gather);
		if (gather->sts_ask == NULL)
			sts_missed(gather, VERDICT_PUBLISHED_FAILED, "could not be looked up: too much to do");
	}
}

/* --- life --------------------------------------------------------------------------------------------------------- */

/* on_timer: what is not known by now has failed. */
static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct gather *gather = arg;
	bool ignore = gather->sources.lookup_failed == CONF_STS_LOOKUP_IGNORE;

	(void)fd;
	(void)what;
	if (!gather->mx_known)
		mx_failed(gather, "has no MX to be had: no answer in time");
	if (!is_complete(gather))
		sts_missed(gather, ignore ? VERDICT_PUBLISHED_NONE : VERDICT_PUBLISHED_FAILED,
			   "could not be had in time");
	tell(gather);
}

static bool start_timer(struct gather *gather)
{
	uint32_t ms = gather->sources.deadline_ms != 0 ? gather->sources.deadline_ms : GATHER_MS;
	const struct timeval deadline = { .tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000 };

	gather->timer = evtimer_new(gather->sources.base, on_timer, gather);
	return gather->timer != NULL && evtimer_add(gather->timer, &deadline) == 0;
}

struct gather *gather_start(const struct gather_sources *sources, const struct decide_want *want, gather_fn *fn,
			    void *arg)
{
	struct gather *gather = calloc(1, sizeof(*gather));

	if (gather == NULL)
		return NULL;
	gather->sources = *sources;
	gather->want = *want;
	(void)snprintf(gather->domain, sizeof(gather->domain), "%s", want->mx.domain);
	gather->want.mx.domain = gather->domain;
	gather->fn = fn;
	gather->arg = arg;
	if (!start_timer(gather)) {
		gather_cancel(gather);
		return NULL;
	}
	if (sources->cache != NULL)
		ask_cache(gather);
	else
		ask_dns(gather);
	if (want->sts)
		ask_sts(gather);
	if (is_complete(gather))
		event_active(gather->timer, EV_TIMEOUT, 0);
	return gather;
}

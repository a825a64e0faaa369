/* gather.h - all that has to be known to decide one question, found out at the same time: the MX hosts with their TLSA
 * records, what the next hop publishes by MTA-STS, what the list says of it.
 *
 * MTA-STS is not waited for where it would change nothing (decide_needs_no_policy). What has not come in time has
 * failed: a question is answered within GATHER_MS. Lookups go on when an answer does not wait for them, and when the
 * asker has left, so that the next question finds what they found. */
#ifndef GATE25_POLICY_GATHER_GATHER_H
#define GATE25_POLICY_GATHER_GATHER_H

#include "policy/decide/decide.h"
#include "policy/mx/mx_cache.h"

#define GATHER_MS    45000 /* a lookup and a fetch, which have deadlines of their own, fit in */
#define GATHER_MX_MS 30000 /* without a cache */

/* Who is asked; everything is borrowed until the answer or the cancel. */
struct gather_sources {
	struct event_base *base;
	struct mx_cache *cache; /* NULL: |dns| is asked, and nothing remembered */
	struct dns *dns;
	mx_watch_fn *watch; /* without a cache: told of each answer; NULL: nobody is */
	void *watch_arg;
	struct sts *sts;         /* NULL: wanting MTA-STS fails */
	const struct list *list; /* NULL: it has no domain */
	enum conf_sts_lookup lookup_failed;
	bool patient;         /* MTA-STS is waited for in any case, for whoever wants to show it */
	uint32_t deadline_ms; /* 0: GATHER_MS */
};

struct gather;
/* |facts| is borrowed for the call, which may start and cancel others. */
typedef void gather_fn(void *arg, const struct decide_facts *facts);

/* gather_find answers from what is known, without asking anybody; needs a cache. False: something is not known.
 * Borrowed until the next call or event of a source. */
MUST_CHECK bool gather_find(const struct gather_sources *sources, const struct decide_want *want,
			    struct decide_facts *out);
/* gather_start: |fn| is called once, never from inside. NULL: out of memory, nothing will be called. */
MUST_CHECK struct gather *gather_start(const struct gather_sources *sources, const struct decide_want *want,
				       gather_fn *fn, void *arg);
void gather_cancel(struct gather *gather); /* before |fn| was called; NULL is fine */

#endif

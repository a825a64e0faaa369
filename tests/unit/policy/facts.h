/* facts.h - facts for decide, of a domain that publishes nothing. Each test program includes its own copy. */
#ifndef GATE25_TESTS_FACTS_H
#define GATE25_TESTS_FACTS_H

#include "policy/decide/decide.h"

static inline struct decide_facts facts_of(const struct mx_result *mx)
{
	return (struct decide_facts){ .mx = mx,
				      .mx_ttl_s = mx != NULL ? mx->ttl_s : 0,
				      .sts_known = true,
				      .sts = { .status = VERDICT_PUBLISHED_NONE, .ttl_s = DECIDE_TTL_MAX_S } };
}

#endif

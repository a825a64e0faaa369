/* rules.h - the operator's table: which rule holds for a recipient domain at a destination. Pure. */
#ifndef GATE25_POLICY_DECIDE_RULES_H
#define GATE25_POLICY_DECIDE_RULES_H

#include "policy/verdict/verdict.h"
#include "proxy/base/conf.h"

struct rules_match {
	enum verdict_source source;                 /* NONE: only where no rule was asked for a domain */
	const struct conf_rule *rule;               /* NULL: the default level */
	const struct conf_destination *destination; /* VERDICT_SOURCE_DESTINATION */
	const struct conf_domain *domain;           /* VERDICT_SOURCE_DOMAIN */
};

/* rules_find: the destination's rule (longest prefix), else the domain's (exact, then the longest .parent), else the
 * default. An address literal and "" (<postmaster>) have no domain rule. Borrowed from |conf|. */
void rules_find(struct rules_match *out, const struct conf *conf, const struct verdict_question *question);

bool rules_is_domain(const char *domain); /* a name, neither an address literal nor "" */

#endif

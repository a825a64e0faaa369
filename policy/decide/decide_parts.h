/* decide_parts.h - the parts of decide.c, for its neighbours only. Each adds to a verdict; false: it has failed it. */
#ifndef GATE25_POLICY_DECIDE_DECIDE_PARTS_H
#define GATE25_POLICY_DECIDE_DECIDE_PARTS_H

#include "policy/decide/decide.h"

/* decide_names: those that |level|, verify or secure, accepts. A |nexthop| of NULL adds none. */
bool decide_names(struct verdict *verdict, enum level level, const struct conf_rule *rule, const char *nexthop);
bool decide_fingerprints(struct verdict *verdict, const struct conf_rule *rule);
void decide_servername(struct verdict *verdict, const struct conf_rule *rule, const char *nexthop);

/* decide_mx copies the MX hosts; at a level of DANE with their TLSA records, as far as the configuration lets them
 * count. */
bool decide_mx(struct verdict *verdict, const struct conf *conf, const struct mx_result *mx);
/* decide_published fills what was published, at level dane. False: out of memory. */
MUST_CHECK bool decide_published(struct verdict *verdict, const struct conf *conf, const struct mx_want *want,
				 const struct decide_facts *facts);
/* decide_published_ttl: |ttl_s|, or what is published does not hold for so long. */
uint32_t decide_published_ttl(const struct verdict *verdict, const struct conf *conf, const struct decide_facts *facts,
			      uint32_t ttl_s);
/* decide_fits: what is more than one verdict, or one message, can carry is never shortened. */
bool decide_fits(struct verdict *verdict);

#endif

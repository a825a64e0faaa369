/* dnssec_probe.h - one self-test of one mode: the questions are put, over questioners of their own that remember
 * nothing, and judged (dnssec_judge.h). */
#ifndef GATE25_POLICY_DNS_DNSSEC_PROBE_H
#define GATE25_POLICY_DNS_DNSSEC_PROBE_H

#include "policy/dns/dnssec.h"
#include "policy/dns/dnssec_judge.h"

struct dnssec_probe;

/* Called once, never from inside dnssec_probe_new; |finding| is borrowed. It may free the probe. */
typedef void dnssec_found_fn(void *arg, const struct dnssec_finding *finding);

/* |plan| and |bogus_names| are borrowed until dnssec_probe_free. NULL: out of memory. */
struct dnssec_probe *dnssec_probe_new(struct event_base *base, const struct dnssec_plan *plan, enum dns_mode mode,
				      const struct string_list *bogus_names, dnssec_found_fn *fn, void *arg);
void dnssec_probe_free(struct dnssec_probe *probe); /* NULL is fine */

#endif

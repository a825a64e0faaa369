/* readback.h - what the kernel has, held against a plan. */
#ifndef GATE25_NETFILTER_READBACK_H
#define GATE25_NETFILTER_READBACK_H

#include <stdbool.h>
#include <stddef.h>

#include "netfilter/plan.h"
#include "proxy/base/attrib.h"

/* readback_compare: whether each table of |plan| is in the kernel with exactly the plan's chains, rules and sets, and
 * not dormant. Counts of counters do not matter. False: a sentence that names the first difference. */
MUST_CHECK bool readback_compare(const struct plan *plan, char *err, size_t err_len);

#endif

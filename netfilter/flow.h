/* flow.h - one entry of connection tracking, as far as the gate asks about it, and what the gate thinks of it. Pure. */
#ifndef GATE25_NETFILTER_FLOW_H
#define GATE25_NETFILTER_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netfilter/gate.h"
#include "netfilter/prefixes.h"
#include "proxy/base/addr.h"
#include "proxy/base/attrib.h"

struct flow {
	uint8_t protocol;
	struct endpoint from; /* original direction */
	struct endpoint to;
	struct endpoint replies_from; /* after any DNAT: where the packets really go */
	uint32_t mark;
	bool dnat;
};

/* Who is who, in a form that is quick to ask; index 0 is IPv4, 1 is IPv6. */
struct flow_judge {
	const struct gate_spec *spec;
	struct interval_list own[2]; /* this host's addresses, 127/8 and ::1 too */
	struct interval_list sources[2];
	struct interval_list exempt[2];
	struct interval_list exempt_source[2];
};

/* The caller cleans |out| up whatever is returned. |own| may be freed then. False: out of memory. */
MUST_CHECK bool flow_judge_init(struct flow_judge *out, const struct gate_spec *spec, const struct prefix_list *own);
void flow_judge_cleanup(struct flow_judge *judge);
/* flow_is_clear: an outbound port-25 flow past the gate that nobody approved; conntrack.h has the rule. */
bool flow_is_clear(const struct flow_judge *judge, const struct flow *flow);

#endif

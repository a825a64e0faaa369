/* conntrack.h - flows older than the gate. */
#ifndef GATE25_NETFILTER_CONNTRACK_H
#define GATE25_NETFILTER_CONNTRACK_H

#include <stdbool.h>
#include <stddef.h>

#include "netfilter/gate.h"
#include "proxy/base/attrib.h"

/* conntrack_forget deletes the connection tracking entries of outbound port-25 flows that nobody approved, so that
 * their next packet is judged anew (offloaded flows too). To be called after the tables are in place.
 *
 * Outbound is: TCP, original destination port intercepted, destination none of this host's, and the source one of this
 * host's (local scope) or one of |sources| (forward scope). Kept are flows with the approved bit, with the local bit,
 * flows redirected to the listener (they cannot leave the host, and an older worker may still serve them), and flows
 * that are exempt now by source or destination. An exempt user's flow is not known by its entry; it is deleted and
 * approved again by its next packet. Inbound mail is kept: neither its source is inside nor ours.
 * Needs CAP_NET_ADMIN. */
MUST_CHECK bool conntrack_forget(const struct gate_spec *spec, size_t *out_deleted, char *err, size_t err_len);

#endif

/* route.h - the policy routes of tproxy: packets that carry the tproxy mark are delivered to this host.
 *
 *	ip rule pref 25 iif lo fwmark TP/TP lookup main      (reverse path checks of marked packets: rp_filter=1 with
 *	ip rule pref 26 fwmark TP/TP lookup TABLE             src_valid_mark=1 would find the local table and drop)
 *	ip route local default dev lo table TABLE
 *
 * for IPv4 and IPv6. Idempotent. Needs CAP_NET_ADMIN. */
#ifndef GATE25_NETFILTER_ROUTE_H
#define GATE25_NETFILTER_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "netfilter/gate.h"
#include "proxy/base/attrib.h"

#define ROUTE_PREF_MAIN   25
#define ROUTE_PREF_TPROXY 26
#define ROUTE_PREF_FENCE  27 /* fence.h */

/* Does nothing, and well, where |spec| has no tproxy. A host without IPv6 gets IPv4 alone. */
MUST_CHECK bool route_install(const struct gate_spec *spec, char *err, size_t err_len);
/* The same; tells how many of the rules and routes were not there. */
MUST_CHECK bool route_restore(const struct gate_spec *spec, unsigned *out_added, char *err, size_t err_len);
/* Takes away exactly what route_install puts there; what is absent is fine. */
MUST_CHECK bool route_remove(const struct gate_spec *spec, char *err, size_t err_len);

#endif

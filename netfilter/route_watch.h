/* route_watch.h - tells when the policy routes of tproxy (route.h), or rules of the fence (fence.h), may be gone.
 *
 * Network managers take rules and routes away that are not theirs when they start, `ip rule flush` does, and loopback
 * takes its routes along when it goes down. */
#ifndef GATE25_NETFILTER_ROUTE_WATCH_H
#define GATE25_NETFILTER_ROUTE_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "netfilter/gate.h"
#include "proxy/base/attrib.h"

/* route_watch_open: a descriptor for the caller's event loop, the caller's to close; -1 with |err|. */
MUST_CHECK int route_watch_open(char *err, size_t err_len);
/* route_watch_read takes all news that wait. True: a rule, a route of |spec|'s table or an interface went away, or news
 * was lost: route_restore and fence_restore. |*out_broken|: the descriptor is of no more use. */
MUST_CHECK bool route_watch_read(int fd, const struct gate_spec *spec, bool *out_broken);

#endif

/* route_keeper.h - puts the policy routes of tproxy and the fence back when another program takes them away. Without
 * the routes the gate is shut: intercepted connections come to nobody. Without the fence a flush of nftables opens it.
 */
#ifndef GATE25_PROXY_GATE_ROUTE_KEEPER_H
#define GATE25_PROXY_GATE_ROUTE_KEEPER_H

#include <stddef.h>

#include "netfilter/gate.h"
#include "proxy/base/attrib.h"

struct event_base;
struct route_keeper;

/* |spec| is borrowed, and may change: what is in force is what it says. |restored| is called from the loop. NULL with
 * |err|. */
struct route_keeper *route_keeper_new(struct event_base *base, const struct gate_spec *spec,
				      void (*restored)(void *arg), void *arg, char *err, size_t err_len);
void route_keeper_free(struct route_keeper *keeper); /* NULL is fine; the routes stay */

#endif

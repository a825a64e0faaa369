/* sts_guard.h - which addresses are none of the internet's. Whoever owns a domain says where its policy host is:
 * without a guard, anyone could have this host connect to its own services and its neighbours'. Pure. */
#ifndef GATE25_POLICY_STS_STS_GUARD_H
#define GATE25_POLICY_STS_STS_GUARD_H

#include "proxy/base/addr.h"
#include "proxy/base/conf.h"

/* sts_guard_refusal is NULL where |addr| may be connected to: it is an address of the internet at large, or |permitted|
 * (NULL: none) has it. Else what it is: "private", "loopback", ... Addresses that carry an IPv4 address inside (NAT64,
 * 6to4) are what that one is. */
const char *sts_guard_refusal(const struct addr *addr, const struct prefix_list *permitted);

#endif

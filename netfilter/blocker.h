/* blocker.h - who else may be dropping what comes to the listener. */
#ifndef GATE25_NETFILTER_BLOCKER_H
#define GATE25_NETFILTER_BLOCKER_H

#include <stdbool.h>
#include <stddef.h>

#include "proxy/base/attrib.h"

struct blocker {
	char family[8]; /* as nft names it: "inet", "ip", "ip6" */
	char table[64];
	char chain[64];
};

/* blocker_find looks for an input chain with policy drop that is not gate25's; false: none, or not readable. */
MUST_CHECK bool blocker_find(struct blocker *out);

#endif

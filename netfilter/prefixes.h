/* prefixes.h - a list of prefixes as sorted intervals that neither overlap nor touch: what an nftables interval set
 * takes (it refuses overlapping elements). Pure. */
#ifndef GATE25_NETFILTER_PREFIXES_H
#define GATE25_NETFILTER_PREFIXES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/addr.h"
#include "proxy/base/attrib.h"
#include "proxy/base/conf.h"

/* From |first| to |last|, both inside, in network order; IPv4 uses the first 4 octets. */
struct interval {
	uint8_t first[16];
	uint8_t last[16];
};

struct interval_list {
	struct interval *items; /* ascending; between two of them at least one address is missing */
	size_t count;
	uint8_t family; /* AF_INET or AF_INET6 */
};

/* prefixes_merge takes those of |family| out of |list|. The caller cleans |out| up whatever is returned. False: out of
 * memory. */
MUST_CHECK bool prefixes_merge(struct interval_list *out, const struct prefix_list *list, uint8_t family);
void interval_list_cleanup(struct interval_list *list);

bool interval_list_contains(const struct interval_list *list, const struct addr *addr);

/* interval_end gives the address after |last|, the half-open end. False: there is none, |last| is all ones. */
MUST_CHECK bool interval_end(const struct interval *interval, uint8_t family, uint8_t out[16]);
/* interval_bits returns the prefix length if the interval is exactly a prefix, else -1. */
int interval_bits(const struct interval *interval, uint8_t family);

#endif

/* siphash.h - SipHash-2-4 (Aumasson, Bernstein 2012): a hash for tables whose keys a stranger chooses. Whoever does not
 * know the table's key cannot choose names or addresses that meet in one place of it. Not for anything secret. */
#ifndef GATE25_BASE_SIPHASH_H
#define GATE25_BASE_SIPHASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/attrib.h"

struct siphash_key {
	uint64_t k[2];
};

/* siphash_key_make: one for each table, at random; false where the kernel has no random numbers to give. */
MUST_CHECK bool siphash_key_make(struct siphash_key *out);
uint64_t siphash(const struct siphash_key *key, const void *bytes, size_t len);

#endif

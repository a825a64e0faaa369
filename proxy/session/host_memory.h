/* host_memory.h - failures that are a host's and not a domain's, remembered for five minutes: meanwhile a
 * new session gets 421 as its greeting and its client tries the next MX. Remembering never permits anything. */
#ifndef GATE25_PROXY_SESSION_HOST_MEMORY_H
#define GATE25_PROXY_SESSION_HOST_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "proxy/base/addr.h"

struct host_memory;

#define HOST_MEMORY_S 300

enum host_failure {
	HOST_FINE = 0, /* nothing is known against it */
	HOST_UNREACHABLE,
	HOST_NO_STARTTLS,
	HOST_HANDSHAKE_FAILED,
};

struct host_memory *host_memory_new(size_t entries);
void host_memory_free(struct host_memory *memory); /* NULL is fine, here and below */

void host_memory_note(struct host_memory *memory, const struct endpoint *host, enum host_failure failure,
		      uint64_t now_s);
/* The host did well: what was held against it is forgotten. */
void host_memory_clear(struct host_memory *memory, const struct endpoint *host);
enum host_failure host_memory_find(const struct host_memory *memory, const struct endpoint *host, uint64_t now_s);

#endif

/* crowd.h - how many sessions have one thing in common: the client's address, or the server's. Keyed hashing, so that
 * nobody can choose addresses that make it slow. It holds no more groups than there are sessions. */
#ifndef GATE25_PROXY_WORKER_CROWD_H
#define GATE25_PROXY_WORKER_CROWD_H

#include <stdint.h>
#include <sys/queue.h>

#include "proxy/base/addr.h"
#include "proxy/base/attrib.h"

struct crowd;

struct crowd_group {
	LIST_ENTRY(crowd_group) same_hash;
	struct endpoint key;
	unsigned count;
	uint64_t looked; /* the owner's */
};

struct crowd *crowd_new(void);
void crowd_free(struct crowd *crowd); /* NULL is fine */

/* Borrowed until the last of the group leaves; NULL: there is none of |key|. */
struct crowd_group *crowd_find(struct crowd *crowd, const struct endpoint *key);
/* crowd_join counts one more; NULL when out of memory. */
struct crowd_group *crowd_join(struct crowd *crowd, const struct endpoint *key);
void crowd_leave(struct crowd_group *group); /* NULL is fine */

/* crowd_client is what |client| is counted by: its address, of IPv6 the /64, for one host has all of it. */
struct endpoint crowd_client(const struct endpoint *client);

#endif

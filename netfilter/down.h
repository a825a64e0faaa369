/* down.h - destinations that are down: the elements of the sets down4 and down6 of the interception, which new
 * connections are refused for. The kernel ends each when its time is over. */
#ifndef GATE25_NETFILTER_DOWN_H
#define GATE25_NETFILTER_DOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/addr.h"
#include "proxy/base/attrib.h"

struct batch;
struct ruleset;

struct down_host {
	struct addr client; /* no address: for every client (gate_down_by_client) */
	struct endpoint host;
	uint32_t seconds; /* from now; 0: take it out */
};

#define DOWN_KEY_MAX 36
/* down_key writes the element's key as the kernel has it, and returns its length; 0: the two families differ. */
size_t down_key(const struct down_host *host, uint8_t out[DOWN_KEY_MAX]);
/* down_put adds to |batch| what puts the element in, or takes it out, whether or not it is there. */
void down_put(struct batch *batch, const struct down_host *host);

/* ruleset_down does so for |count| of them, in one transaction. All have a client, or none, as the tables that are
 * installed want it. False: none of them. */
MUST_CHECK bool ruleset_down(struct ruleset *rs, const struct down_host *hosts, size_t count, char *err,
			     size_t err_len);

#endif

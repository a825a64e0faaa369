/* batch.h - one nftables transaction: messages gathered, sent in one piece, answers read.
 *
 * Each message carries a label, so that a refusal can say what was refused. */
#ifndef GATE25_NETFILTER_BATCH_H
#define GATE25_NETFILTER_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/attrib.h"

struct mnl_socket;
struct nlmsghdr;

struct batch_label {
	const char *what; /* "table", "chain", "set", "rule of chain" */
	const char *table;
	const char *name;
	const char *module; /* the kernel module it may lack; NULL */
};

struct batch {
	uint8_t *buf;
	size_t len;
	size_t cap;
	struct batch_label *labels; /* by sequence number, from 1 */
	size_t count;
	bool failed; /* out of memory */
};

#define BATCH_MESSAGE_MAX 32768 /* a single message is kept under this */

void batch_begin(struct batch *b); /* |b| zeroed */
void batch_cleanup(struct batch *b);

/* batch_message starts a message, NULL when failed; fill it in at once, then batch_done. */
struct nlmsghdr *batch_message(struct batch *b, uint16_t type, uint16_t flags, const struct batch_label *label);
void batch_done(struct batch *b, const struct nlmsghdr *nlh);

/* batch_commit sends all. */
MUST_CHECK bool batch_commit(struct batch *b, struct mnl_socket *nl, char *err, size_t err_len);

#endif

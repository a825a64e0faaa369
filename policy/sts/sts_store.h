/* sts_store.h - remembered policies on disk: one file, to which a line is added for each policy that was fetched, and
 * which is written anew when too much of it is outdated. For sts*.c only.
 *
 * Whatever kills the process, what was put before is there: a line is a record or none (sts_kept.h), the last one of a
 * domain counts, and the new file takes the old one's place as a whole. When the machine loses power, what was put
 * before the last sts_store_sync is there. Where nothing can be written memory goes on without, and the log hears of it
 * once. Nothing here needs more than the system calls that the sandbox leaves to policyd's folder. */
#ifndef GATE25_POLICY_STS_STS_STORE_H
#define GATE25_POLICY_STS_STS_STORE_H

#include "policy/sts/sts_kept.h"

#define STS_STORE_FILE "policies"
#define STS_STORE_NEW  "policies.new" /* on its way to be the file */

struct sts_store;

/* A record, in the file's order; takes what |kept| points to. */
typedef void sts_store_fn(void *arg, const char *domain, struct sts_kept *kept);

/* sts_store_open reads what is there; what is damaged is left out and said. The file grows to |max| octets at most,
 * that of its successor included. NULL: nothing is kept on disk; the log says why, but to a |read_only| command. */
struct sts_store *sts_store_open(const char *folder, bool read_only, size_t max, sts_store_fn *fn, void *arg);
void sts_store_close(struct sts_store *store); /* NULL is fine */

/* sts_store_put: false: it is not on disk; a rewrite is wanted. */
bool sts_store_put(struct sts_store *store, const char *domain, const struct sts_kept *kept);
void sts_store_sync(struct sts_store *store); /* to the disk itself */

bool sts_store_wants_rewrite(const struct sts_store *store);
bool sts_store_is_failing(const struct sts_store *store); /* the last write did not work: try again later */
/* A rewrite: begin, add whatever is remembered, end. False: it is off, the old file stays, and neither is called. */
MUST_CHECK bool sts_store_begin(struct sts_store *store);
MUST_CHECK bool sts_store_add(struct sts_store *store, const char *domain, const struct sts_kept *kept);
bool sts_store_end(struct sts_store *store);

#endif

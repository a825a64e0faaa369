/* endpoint_table.h - a bounded memory of values by destination, or client and destination, each with its own end. Pure:
 * time is handed in.
 *
 * What does not fit pushes out what would have ended soonest among its neighbours: forgetting is always allowed here,
 * so nothing that is kept in such a table may be needed for security. */
#ifndef GATE25_PROXY_SESSION_ENDPOINT_TABLE_H
#define GATE25_PROXY_SESSION_ENDPOINT_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "proxy/base/host_news.h"
#include "proxy/base/attrib.h"

struct endpoint_table;

/* endpoint_table_new holds at most |entries| (rounded up to a multiple of 8) values of |value_len| octets. */
struct endpoint_table *endpoint_table_new(size_t entries, size_t value_len);
void endpoint_table_free(struct endpoint_table *table); /* NULL is fine */

/* Borrowed until the next call on |table|; NULL if unknown, or ended at |now_s|. */
const void *endpoint_table_find(const struct endpoint_table *table, const struct host_key *key, uint64_t now_s);
/* endpoint_table_put copies |value|; it ends at |until_s|. */
void endpoint_table_put(struct endpoint_table *table, const struct host_key *key, const void *value, uint64_t now_s,
			uint64_t until_s);
void endpoint_table_remove(struct endpoint_table *table, const struct host_key *key);
void endpoint_table_clear(struct endpoint_table *table);

#endif

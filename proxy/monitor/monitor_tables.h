/* monitor_tables.h - what the monitor remembers of refusals: the last ones, sums per (domain, destination, result), and
 * the destinations that look like relays. All bounded: clients choose the domains, so a full table forgets the row that
 * was quiet for longest, and says how many it forgot. */
#ifndef GATE25_PROXY_MONITOR_MONITOR_TABLES_H
#define GATE25_PROXY_MONITOR_MONITOR_TABLES_H

#include <stddef.h>
#include <stdint.h>

#include "proxy/monitor/monitor_record.h"

#define MONITOR_RECENT_MAX  100
#define MONITOR_ROWS_MAX    500
#define MONITOR_RELAYS_MAX  50
#define MONITOR_NOTICES_MAX 100

struct monitor_row {
	uint64_t count;
	uint64_t first_s;
	struct monitor_record last; /* its time is the row's last */
};

struct monitor_tables;

struct monitor_tables *monitor_tables_new(void); /* NULL when out of memory */
void monitor_tables_free(struct monitor_tables *tables);

void monitor_tables_add(struct monitor_tables *tables, const struct monitor_record *record);

/* monitor_tables_notice takes one of kind NOTICED, which is no refusal. */
void monitor_tables_notice(struct monitor_tables *tables, const struct monitor_record *record);

/* Each reads entry |i|, NULL past the end; valid until the next monitor_tables_add. Recent ones: newest first. */
const struct monitor_record *monitor_tables_recent(const struct monitor_tables *tables, size_t i);
/* Rows of one kind, result, domain and destination address; and of relays, of one destination address. No order. */
const struct monitor_row *monitor_tables_row(const struct monitor_tables *tables, size_t i);
const struct monitor_row *monitor_tables_relay(const struct monitor_tables *tables, size_t i);
/* Of one notice and one client, or server. */
const struct monitor_row *monitor_tables_notice_at(const struct monitor_tables *tables, size_t i);
uint64_t monitor_tables_forgotten(const struct monitor_tables *tables); /* rows of any table */

#endif

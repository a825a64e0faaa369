/* monitor_tables.c - see monitor_tables.h. Searched from end to end: the tables are small, refusals few. */
#include "proxy/monitor/monitor_tables.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct monitor_tables {
	struct monitor_record recent[MONITOR_RECENT_MAX];
	size_t recent_count;
	size_t recent_next;
	struct monitor_row rows[MONITOR_ROWS_MAX];
	size_t rows_count;
	struct monitor_row relays[MONITOR_RELAYS_MAX];
	size_t relays_count;
	struct monitor_row notices[MONITOR_NOTICES_MAX];
	size_t notices_count;
	uint64_t forgotten;
};

/* Whether two records belong in one row. */
typedef bool same_fn(const struct monitor_record *a, const struct monitor_record *b);

struct monitor_tables *monitor_tables_new(void)
{
	return calloc(1, sizeof(struct monitor_tables));
}

void monitor_tables_free(struct monitor_tables *tables)
{
	free(tables);
}

static bool same_destination(const struct monitor_record *a, const struct monitor_record *b)
{
	return a->destination.addr.family == b->destination.addr.family &&
	       memcmp(a->destination.addr.bytes, b->destination.addr.bytes, sizeof(a->destination.addr.bytes)) == 0;
}

static bool same_notice(const struct monitor_record *a, const struct monitor_record *b)
{
	bool of_client = a->notice == SESSION_NOTICE_CLIENT || a->notice == SESSION_NOTICE_CLIENT_PROBABLY;

	return a->notice == b->notice &&
	       (of_client ? addr_equal(&a->client.addr, &b->client.addr) : same_destination(a, b));
}

static bool same_cause(const struct monitor_record *a, const struct monitor_record *b)
{
	return a->kind == b->kind && a->result == b->result && same_destination(a, b) &&
	       strcmp(a->domain, b->domain) == 0;
}

/* place returns the row for |record|: its own, a fresh one, or that of the longest quiet one. */
static struct monitor_row *place(struct monitor_row *rows, size_t *count, size_t max, same_fn *same,
				 const struct monitor_record *record, uint64_t *forgotten)
{
	struct monitor_row *oldest = &rows[0];

	for (size_t i = 0; i < *count; i++) {
		if (same(&rows[i].last, record))
			return &rows[i];
		if (rows[i].last.time_s < oldest->last.time_s)
			oldest = &rows[i];
	}
	if (*count < max) {
		oldest = &rows[(*count)++];
	} else {
		(*forgotten)++;
	}
	*oldest = (struct monitor_row){ .first_s = record->time_s };
	return oldest;
}

static void note(struct monitor_row *row, const struct monitor_record *record)
{
	row->count++;
	row->last = *record;
}

void monitor_tables_add(struct monitor_tables *tables, const struct monitor_record *record)
{
	tables->recent[tables->recent_next] = *record;
	tables->recent_next = (tables->recent_next + 1) % MONITOR_RECENT_MAX;
	if (tables->recent_count < MONITOR_RECENT_MAX)
		tables->recent_count++;
	note(place(tables->rows, &tables->rows_count, MONITOR_ROWS_MAX, same_cause, record, &tables->forgotten),
	     record);
	if (record->looks_like_relay)
		note(place(tables->relays, &tables->relays_count, MONITOR_RELAYS_MAX, same_destination, record,
			   &tables->forgotten),
		     record);
}

void monitor_tables_notice(struct monitor_tables *tables, const struct monitor_record *record)
{
	note(place(tables->notices, &tables->notices_count, MONITOR_NOTICES_MAX, same_notice, record,
		   &tables->forgotten),
	     record);
}

const struct monitor_record *monitor_tables_recent(const struct monitor_tables *tables, size_t i)
{
	if (i >= tables->recent_count)
		return NULL;
	return &tables->recent[(tables->recent_next + MONITOR_RECENT_MAX - 1 - i) % MONITOR_RECENT_MAX];
}

const struct monitor_row *monitor_tables_row(const struct monitor_tables *tables, size_t i)
{
	return i < tables->rows_count ? &tables->rows[i] : NULL;
}

const struct monitor_row *monitor_tables_relay(const struct monitor_tables *tables, size_t i)
{
	return i < tables->relays_count ? &tables->relays[i] : NULL;
}

const struct monitor_row *monitor_tables_notice_at(const struct monitor_tables *tables, size_t i)
{
	return i < tables->notices_count ? &tables->notices[i] : NULL;
}

uint64_t monitor_tables_forgotten(const struct monitor_tables *tables)
{
	return tables->forgotten;
}

/* history_table.h - the rows of the hour that runs, bounded: clients choose domains and destinations, so what finds no
 * room of its own is summed up in rows of domain HISTORY_REST, one for each outcome.
 *
 * Half of the room is for what servers took, half for the rest: names that somebody makes up mostly end there. And one
 * interval takes no more than a quarter of it, so that a flood leaves some for what comes after it. */
#ifndef GATE25_PROXY_REPORT_HISTORY_TABLE_H
#define GATE25_PROXY_REPORT_HISTORY_TABLE_H

#include "proxy/report/history.h"

#define HISTORY_ROWS_MAX 50000 /* whatever the room */

struct history_entry {
	struct history_row row;
	/* What of its numbers is in the file already. */
	uint64_t told_sessions;
	uint64_t told_messages;
	uint64_t told_events;
};

struct history_table;

/* |bytes_max|: of the text of all rows together. NULL: out of memory. */
struct history_table *history_table_new(uint64_t bytes_max);
void history_table_free(struct history_table *table);                       /* NULL is fine */
void history_table_resize(struct history_table *table, uint64_t bytes_max); /* holds from now on */
void history_table_clear(struct history_table *table);
void history_table_interval(struct history_table *table); /* another interval begins */

/* history_table_add adds |row|'s numbers; out of memory they are lost. |row|'s hour is taken as it is. |known|: it is
 * from the file already, for which there is always room while there is memory. */
void history_table_add(struct history_table *table, const struct history_row *row, bool known);

size_t history_table_count(const struct history_table *table);
/* Entry |i|, in the order in which they came; valid until the next history_table_add or _clear. */
struct history_entry *history_table_at(struct history_table *table, size_t i);

#endif

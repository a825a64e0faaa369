/* history_table.c - see history_table.h. Found by a balanced tree, which strangers' names cannot make slow. */
#include "proxy/report/history_table.h"

#include <search.h>
#include <stdlib.h>

struct history_table {
	uint64_t bytes_max;
	uint64_t bytes[2]; /* of the rows that have room: not served, served */
	uint64_t interval_bytes;
	void *tree; /* of entries, by row */
	struct history_entry **items;
	size_t count;
	size_t cap;
};

struct history_table *history_table_new(uint64_t bytes_max)
{
	struct history_table *table = calloc(1, sizeof(*table));

	if (table != NULL)
		table->bytes_max = bytes_max;
	return table;
}

static void forget(void *entry)
{
	(void)entry; /* |items| has it too */
}

void history_table_clear(struct history_table *table)
{
	tdestroy(table->tree, forget);
	for (size_t i = 0; i < table->count; i++)
		free(table->items[i]);
	free(table->items);
	*table = (struct history_table){ .bytes_max = table->bytes_max };
}

void history_table_free(struct history_table *table)
{
	if (table == NULL)
		return;
	history_table_clear(table);
	free(table);
}

void history_table_resize(struct history_table *table, uint64_t bytes_max)
{
	table->bytes_max = bytes_max;
}

void history_table_interval(struct history_table *table)
{
	table->interval_bytes = 0;
}

static int compare(const void *a, const void *b)
{
	return history_compare(&((const struct history_entry *)a)->row, &((const struct history_entry *)b)->row);
}

static struct history_entry *find(struct history_table *table, const struct history_row *row)
{
	const struct history_entry key = { .row = *row };
	struct history_entry *const *found = tfind(&key, &table->tree, compare);

	return found != NULL ? *found : NULL;
}

static bool grow(struct history_table *table)
{
	size_t cap = table->cap > 0 ? table->cap * 2 : 64;
	struct history_entry **items = reallocarray(table->items, cap, sizeof(struct history_entry *));

	if (items == NULL)
		return false;
	table->items = items;
	table->cap = cap;
	return true;
}

/* insert makes an entry without numbers. */
static struct history_entry *insert(struct history_table *table, const struct history_row *row)
{
	struct history_entry *entry;

	if (table->count == table->cap && !grow(table))
		return NULL;
	entry = calloc(1, sizeof(*entry));
	if (entry == NULL)
		return NULL;
	entry->row = *row;
	entry->row.sessions = entry->row.messages = entry->row.events = 0;
	if (tsearch(entry, &table->tree, compare) == NULL) {
		free(entry);
		return NULL;
	}
	table->items[table->count++] = entry;
	return entry;
}

static bool is_served(enum history_outcome outcome)
{
	return outcome != HISTORY_NONE && outcome != HISTORY_REFUSED && outcome != HISTORY_FAILED;
}

/* take_room: whether |row| may have an entry of its own; its room is then taken. */
static bool take_room(struct history_table *table, const struct history_row *row, bool known)
{
	char line[HISTORY_LINE_MAX];
	uint64_t bytes = history_row_write(line, row);
	uint64_t *taken = &table->bytes[is_served(row->outcome)];

	if (table->count >= HISTORY_ROWS_MAX)
		return false;
	if (!known && (*taken + bytes > table->bytes_max / 2 || table->interval_bytes + bytes > table->bytes_max / 4))
		return false;
	*taken += bytes;
	if (!known)
		table->interval_bytes += bytes;
	return true;
}

void history_table_add(struct history_table *table, const struct history_row *row, bool known)
{
	struct history_entry *entry = find(table, row);
	struct history_row rest = { .hour_s = row->hour_s, .domain = HISTORY_REST, .outcome = row->outcome };

	if (entry == NULL && take_room(table, row, known))
		entry = insert(table, row);
	if (entry == NULL)
		entry = find(table, &rest);
	if (entry == NULL)
		entry = insert(table, &rest);
	if (entry == NULL)
		return;
	if (history_compare(&entry->row, row) == 0) {
		history_add_counts(&entry->row, row);
	} else {
		rest.sessions = row->sessions;
		rest.messages = row->messages;
		rest.events = row->events;
		history_add_counts(&entry->row, &rest);
	}
}

size_t history_table_count(const struct history_table *table)
{
	return table->count;
}

struct history_entry *history_table_at(struct history_table *table, size_t i)
{
	return i < table->count ? table->items[i] : NULL;
}

/* sts_table.c - see sts_table.h. */
#include "policy/sts/sts_table.h"

#include <stdlib.h>
#include <string.h>

void sts_table_init(struct sts_table *table)
{
	for (unsigned i = 0; i < STS_LISTS; i++)
		TAILQ_INIT(&table->lists[i]);
}

static size_t bucket_of(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name != '\0'; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	return hash % STS_BUCKETS;
}

struct sts_entry *sts_table_find(const struct sts_table *table, const char *domain)
{
	struct sts_entry *entry;

	LIST_FOREACH(entry, &table->buckets[bucket_of(domain)], same_hash)
	{
		if (strcmp(entry->name, domain) == 0)
			return entry;
	}
	return NULL;
}

bool sts_entry_is_busy(const struct sts_entry *entry)
{
	return entry->stage != STS_IDLE || entry->is_ready || entry->telling || !LIST_EMPTY(&entry->asks);
}

/* --- the lists ---------------------------------------------------------------------------------------------------- */

/* long_part: what of |bytes| counts as a long policy's. */
static size_t long_part(enum sts_list list, size_t bytes)
{
	return list != STS_PASSING && bytes > STS_LONG ? bytes : 0;
}

static void list_remove(struct sts_table *table, struct sts_entry *entry)
{
	TAILQ_REMOVE(&table->lists[entry->list], entry, used);
	table->counts[entry->list]--;
	table->bytes[entry->list] -= entry->bytes;
	table->long_bytes -= long_part(entry->list, entry->bytes);
}

static void list_insert(struct sts_table *table, struct sts_entry *entry, enum sts_list list, size_t bytes)
{
	entry->list = list;
	entry->bytes = bytes;
	TAILQ_INSERT_HEAD(&table->lists[list], entry, used);
	table->counts[list]++;
	table->bytes[list] += bytes;
	table->long_bytes += long_part(list, bytes);
}

static size_t passing_bytes(const struct sts_entry *entry)
{
	size_t bytes = sizeof(*entry) + strlen(entry->name) + 1 + entry->kept.text_len;

	bytes += entry->reason != NULL ? strlen(entry->reason) + 1 : 0;
	bytes += entry->txt_reason != NULL ? strlen(entry->txt_reason) + 1 : 0;
	return bytes;
}

static enum sts_list list_of(const struct sts_entry *entry, uint64_t now_s)
{
	if (!sts_kept_holds(&entry->kept, now_s))
		return STS_PASSING;
	return entry->kept.mode == STS_MODE_ENFORCE ? STS_ENFORCED : STS_OTHER_MODES;
}

void sts_entry_free(struct sts_table *table, struct sts_entry *entry)
{
	list_remove(table, entry);
	LIST_REMOVE(entry, same_hash);
	sts_kept_cleanup(&entry->kept);
	free(entry->txt_reason);
	free(entry->reason);
	free(entry);
}

/* forget_one lets the least recently used of |list| go that can. */
static bool forget_one(struct sts_table *table, enum sts_list list, const struct sts_entry *spared)
{
	struct sts_entry *entry;

	TAILQ_FOREACH_REVERSE(entry, &table->lists[list], sts_entries, used)
	{
		if (entry != spared && !sts_entry_is_busy(entry)) {
			/* clang 14 loses sight of the list's head. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
			sts_entry_free(table, entry);
			return true;
		}
	}
	return false;
}

static void trim_passing(struct sts_table *table, const struct sts_entry *spared)
{
	while (table->counts[STS_PASSING] > STS_PASSING_MAX || table->bytes[STS_PASSING] > STS_PASSING_BYTES_MAX) {
		if (!forget_one(table, STS_PASSING, spared))
			return;
	}
}

/* pass_expired: policies that no longer hold are no policies. */
static void pass_expired(struct sts_table *table, uint64_t now_s)
{
	for (unsigned list = STS_OTHER_MODES; list < STS_LISTS; list++) {
		struct sts_entry *entry = TAILQ_FIRST(&table->lists[list]);
		while (entry != NULL) {
			struct sts_entry *next = TAILQ_NEXT(entry, used);
			if (!sts_kept_holds(&entry->kept, now_s)) {
				list_remove(table, entry);
				list_insert(table, entry, STS_PASSING, passing_bytes(entry));
			}
			entry = next;
		}
	}
}

static bool fits(const struct sts_table *table, size_t count, size_t bytes)
{
	return table->counts[STS_ENFORCED] + table->counts[STS_OTHER_MODES] + count <= table->policies_max &&
	       table->bytes[STS_ENFORCED] + table->bytes[STS_OTHER_MODES] + bytes <= table->policies_bytes_max;
}

/* is_too_long: for a long policy there is no place among the long ones; |instead_of| so many octets of it before. */
static bool is_too_long(const struct sts_table *table, size_t bytes, size_t instead_of)
{
	return bytes > STS_LONG && table->long_bytes - long_part(STS_ENFORCED, instead_of) + bytes >
					   table->policies_bytes_max / STS_LONG_PART;
}

static bool make_room(struct sts_table *table, size_t count, size_t bytes, uint64_t now_s)
{
	if (is_too_long(table, bytes, 0)) {
		pass_expired(table, now_s);
		if (is_too_long(table, bytes, 0))
			return false; /* others would go for nothing */
	}
	if (fits(table, count, bytes))
		return true;
	pass_expired(table, now_s);
	while (!fits(table, count, bytes)) {
		if (!forget_one(table, STS_OTHER_MODES, NULL))
			return false;
	}
	return true;
}

/* recount: |entry| stays where it is, with what it takes now. */
static void recount(struct sts_table *table, struct sts_entry *entry, size_t bytes)
{
	table->bytes[entry->list] += bytes - entry->bytes;
	table->long_bytes += long_part(entry->list, bytes) - long_part(entry->list, entry->bytes);
	entry->bytes = bytes;
}

static bool stays(const struct sts_table *table, const struct sts_entry *entry, enum sts_list list, size_t bytes)
{
	return list == entry->list &&
	       (list == STS_PASSING || bytes <= entry->bytes ||
		(!is_too_long(table, bytes, entry->bytes) && fits(table, 0, bytes - entry->bytes)));
}

bool sts_table_place(struct sts_table *table, struct sts_entry *entry, uint64_t now_s)
{
	enum sts_list list = list_of(entry, now_s);
	bool holds = list != STS_PASSING;
	size_t bytes = holds ? sts_line_put(NULL, SIZE_MAX, entry->name, &entry->kept) : passing_bytes(entry);

	if (stays(table, entry, list, bytes)) {
		recount(table, entry, bytes);
	} else {
		list_remove(table, entry);
		if (holds && (bytes == 0 || !make_room(table, 1, bytes, now_s)))
			list = STS_PASSING;
		list_insert(table, entry, list, list == STS_PASSING ? passing_bytes(entry) : bytes);
	}
	trim_passing(table, entry);
	return !holds || list != STS_PASSING;
}

bool sts_table_return(struct sts_table *table, struct sts_entry *entry, uint64_t now_s)
{
	enum sts_list list = list_of(entry, now_s);
	size_t bytes = list != STS_PASSING ? sts_line_put(NULL, SIZE_MAX, entry->name, &entry->kept) : 0;

	if (entry->list != STS_PASSING || bytes == 0 || is_too_long(table, bytes, 0) || !fits(table, 1, bytes))
		return false;
	list_remove(table, entry);
	list_insert(table, entry, list, bytes);
	return true;
}

void sts_table_touch(struct sts_table *table, struct sts_entry *entry)
{
	TAILQ_REMOVE(&table->lists[entry->list], entry, used);
	TAILQ_INSERT_HEAD(&table->lists[entry->list], entry, used);
}

void sts_table_trim(struct sts_table *table, uint64_t now_s)
{
	pass_expired(table, now_s);
	(void)make_room(table, 0, 0, now_s);
	trim_passing(table, NULL);
}

struct sts_entry *sts_table_add(struct sts_table *table, const char *domain)
{
	size_t size = strlen(domain) + 1;
	struct sts_entry *entry = calloc(1, sizeof(*entry) + size);

	if (entry == NULL)
		return NULL;
	memcpy(entry->name, domain, size);
	LIST_INIT(&entry->asks);
	LIST_INSERT_HEAD(&table->buckets[bucket_of(entry->name)], entry, same_hash);
	list_insert(table, entry, STS_PASSING, passing_bytes(entry));
	trim_passing(table, entry);
	return entry;
}

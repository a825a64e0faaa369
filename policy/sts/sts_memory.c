/* sts_memory.c - which policies are remembered, in memory and on disk. See sts_work.h. */
#include "policy/sts/sts_work.h"

#include <string.h>

#include "proxy/base/log.h"

#define SAY_NO_ROOM_S 3600

bool sts_memory_open(struct sts *sts, const char *folder)
{
	(void)sts;
	(void)folder;
	return true;
}

void sts_memory_close(struct sts *sts)
{
	(void)sts;
}

void sts_memory_write(struct sts_entry *entry)
{
	(void)entry;
}

void sts_memory_tick(struct sts *sts)
{
	(void)sts;
}

static void say_no_room(const struct sts_entry *entry, uint64_t now_s)
{
	struct sts *sts = entry->sts;

	if (sts->no_room_s != 0 && sts_within(now_s, sts->no_room_s, SAY_NO_ROOM_S))
		return;
	sts->no_room_s = now_s;
	log_say(LOG_LEVEL_WARNING, "sts-no-room",
		"the MTA-STS policy of %s is used and not remembered: there is room for %zu policies and %zu octets, "
		"and "
		"none of those is forgotten before it expires",
		entry->name, sts->table.policies_max, sts->table.policies_bytes_max);
}

void sts_memory_retry(struct sts_entry *entry, uint64_t now_s)
{
	if (sts_table_place(&entry->sts->table, entry, now_s))
		sts_memory_write(entry);
}

static void say_changed(const struct sts_entry *entry, const struct sts_kept *kept, uint64_t now_s)
{
	bool held = sts_kept_holds(&entry->kept, now_s);
	struct log_line line;

	if (held && strcmp(entry->kept.id, kept->id) == 0 && entry->kept.mode == kept->mode)
		return;
	log_open(&line, LOG_LEVEL_INFO, "sts-policy");
	log_add(&line, "domain", "%s", entry->name);
	log_add(&line, "id", "%s", kept->id);
	log_add(&line, "mode", "%s", sts_mode_name(kept->mode));
	log_add(&line, "was", "%s", held ? sts_mode_name(entry->kept.mode) : "nothing");
	log_add(&line, "max-age", "%u", kept->life_s);
	log_close(&line);
}

void sts_memory_keep(struct sts_entry *entry, struct sts_kept *kept)
{
	uint64_t now_s = sts_now(entry->sts);
	uint64_t used_s = entry->kept.used_s; /* a refresh is no use */

	say_changed(entry, kept, now_s);
	sts_kept_cleanup(&entry->kept);
	entry->kept = *kept;
	entry->kept.used_s = used_s;
	*kept = (struct sts_kept){ 0 };
	if (sts_table_place(&entry->sts->table, entry, now_s))
		sts_memory_write(entry);
	else
		say_no_room(entry, now_s);
}

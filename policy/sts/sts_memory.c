/* sts_memory.c - which policies are remembered, in memory and on disk. See sts_work.h. */
#include "policy/sts/sts_work.h"

#include <string.h>

#include "proxy/base/log.h"

#define SYNC_S        1 /* what is lost with the power: no more than was learnt in so long */
#define SAY_NO_ROOM_S 3600

static void on_sync(evutil_socket_t fd, short what, void *arg)
{
	struct sts *sts = arg;

	(void)fd;
	(void)what;
	sts_store_sync(sts->store);
}

/* A record of the store; the last one of a domain counts. */
static void on_record(void *arg, const char *domain, struct sts_kept *kept)
{
	struct sts *sts = arg;
	struct sts_entry *entry = sts_entry_of(sts, domain);

	if (entry == NULL) {
		sts_kept_cleanup(kept);
		return;
	}
	sts_kept_cleanup(&entry->kept);
	entry->kept = *kept;
	(void)sts_table_place(&sts->table, entry, sts_now(sts));
	sts_refresh_plan(entry, entry->kept.fetched_s);
}

bool sts_memory_open(struct sts *sts, const char *folder)
{
	sts->sync_event = event_new(sts->base, -1, 0, on_sync, sts);
	if (sts->sync_event == NULL)
		return false;
	if (folder != NULL && folder[0] != '\0')
		sts->store = sts_store_open(folder, sts->options.read_only, sts->options.store_max, on_record, sts);
	return true;
}

void sts_let_go(struct sts *sts)
{
	(void)event_del(sts->sync_event);
	sts_store_close(sts->store);
	sts->store = NULL;
}

void sts_memory_close(struct sts *sts)
{
	sts_store_close(sts->store);
	if (sts->sync_event != NULL)
		event_free(sts->sync_event);
}

/* The least recently used first: so they are read again. */
static bool add_list(struct sts *sts, enum sts_list list)
{
	struct sts_entry *entry;

	TAILQ_FOREACH_REVERSE(entry, &sts->table.lists[list], sts_entries, used)
	{
		if (!sts_store_add(sts->store, entry->name, &entry->kept))
			return false;
	}
	return true;
}

static void rewrite(struct sts *sts)
{
	if (sts_store_begin(sts->store) && add_list(sts, STS_OTHER_MODES) && add_list(sts, STS_ENFORCED))
		(void)sts_store_end(sts->store);
}

void sts_memory_write(struct sts_entry *entry)
{
	const struct timeval soon = { .tv_sec = SYNC_S };
	struct sts *sts = entry->sts;

	if (sts->store == NULL || entry->list == STS_PASSING)
		return;
	if (sts_store_put(sts->store, entry->name, &entry->kept)) {
		if (!evtimer_pending(sts->sync_event, NULL))
			(void)event_add(sts->sync_event, &soon);
	} else if (!sts_store_is_failing(sts->store)) {
		rewrite(sts);
	}
}

void sts_memory_tick(struct sts *sts)
{
	if (sts->store != NULL && sts_store_wants_rewrite(sts->store))
		rewrite(sts);
}

static void say_no_room(const struct sts_entry *entry, uint64_t now_s)
{
	struct sts *sts = entry->sts;

	if (sts->no_room_s != 0 && sts_within(now_s, sts->no_room_s, SAY_NO_ROOM_S))
		return;
	sts->no_room_s = now_s;
	log_say(LOG_LEVEL_WARNING, "sts-no-room",
		"the MTA-STS policy of %s is used and not remembered: there is room for %zu policies and %zu octets, "
		"of which "
		"long ones have a quarter, and none of those is forgotten before it expires",
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

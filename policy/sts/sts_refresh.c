/* sts_refresh.c - policies are fetched anew about daily, whatever the TXT record says: so that they do not run out
 * while somebody holds the record back (RFC 8461 s. 3.3, s. 10.2). See sts_work.h. */
#include "policy/sts/sts_work.h"

#include "proxy/base/log.h"

#define RETRY_MAX_S (STS_REFRESH_S / 6)
#define FAILS_TOLD  3            /* in a row, and the operator hears of it */
#define UNUSED_S    (90 * 86400) /* a policy that nobody asked about for so long runs out */

/* Sooner than a day by up to a quarter, so that not all fall on one hour; at half its life where that is short. One
 * that lives no longer than a host is left alone is fetched when somebody asks. */
static uint32_t span_of(const struct sts_kept *kept)
{
	uint32_t span_s = kept->life_s / 2 < STS_REFRESH_S ? kept->life_s / 2 : STS_REFRESH_S;

	return span_s < STS_BACK_OFF_S ? kept->life_s : span_s - sts_random(span_s / 4 + 1);
}

void sts_refresh_plan(struct sts_entry *entry, uint64_t now_s)
{
	if (entry->refresh_fails >= FAILS_TOLD)
		log_say(LOG_LEVEL_INFO, "sts-refresh", "the MTA-STS policy of %s could be fetched again", entry->name);
	entry->refresh_fails = 0;
	entry->refresh_s = now_s + span_of(&entry->kept);
}

static void say_failing(const struct sts_entry *entry, uint64_t now_s)
{
	uint64_t left_s = sts_kept_expires(&entry->kept, now_s) - now_s;
	struct log_line line;

	log_open(&line, LOG_LEVEL_WARNING, "sts-refresh-failed");
	log_add(&line, "domain", "%s", entry->name);
	log_add(&line, "mode", "%s", sts_mode_name(entry->kept.mode));
	log_add(&line, "times", "%u", entry->refresh_fails);
	log_add(&line, "days-left", "%.1f", (double)left_s / 86400);
	log_add(&line, "result", "%s", result_word_name(entry->result));
	log_add(&line, "reason", "%s", entry->reason != NULL ? entry->reason : "");
	log_close(&line);
}

void sts_refresh_failed(struct sts_entry *entry, uint64_t now_s)
{
	uint32_t wait_s = STS_BACK_OFF_S;

	if (!sts_kept_holds(&entry->kept, now_s))
		return;
	entry->refresh_fails++;
	for (unsigned i = 1; i < entry->refresh_fails && wait_s < RETRY_MAX_S; i++)
		wait_s *= 2;
	wait_s = wait_s < RETRY_MAX_S ? wait_s : RETRY_MAX_S;
	entry->refresh_s = now_s + wait_s + sts_random(wait_s / 8 + 1);
	if (entry->refresh_fails == FAILS_TOLD && entry->kept.mode != STS_MODE_NONE)
		say_failing(entry, now_s);
}

/* One that is planned further ahead than any is due as well: the clock was wrong then, or is now. */
bool sts_refresh_is_due(const struct sts_entry *entry, uint64_t now_s)
{
	if (entry->sts->options.read_only || entry->list == STS_PASSING || !sts_kept_holds(&entry->kept, now_s))
		return false;
	if (now_s > entry->kept.used_s + UNUSED_S)
		return false;
	return now_s >= entry->refresh_s || entry->refresh_s - now_s > STS_REFRESH_S;
}

static void start_due(struct sts *sts, enum sts_list list, uint64_t now_s)
{
	struct sts_entry *entry = TAILQ_FIRST(&sts->table.lists[list]);

	while (entry != NULL && sts->refreshing < STS_REFRESHES_MAX && sts->under_way < STS_UNDER_WAY_MAX) {
		struct sts_entry *next = TAILQ_NEXT(entry, used);
		if (entry->stage == STS_IDLE && !entry->telling && sts_refresh_is_due(entry, now_s)) {
			sts_work_start(entry);
			if (entry->stage == STS_IDLE)
				return; /* out of memory; and the list may be another now */
		}
		entry = next;
	}
}

/* watch: the clock, and what ran out because it could not be fetched. */
static void watch(struct sts *sts, enum sts_list list, uint64_t now_s)
{
	struct sts_entry *entry;

	TAILQ_FOREACH(entry, &sts->table.lists[list], used)
	{
		if (sts_kept_watch(&entry->kept, now_s))
			sts_memory_write(entry);
		if (!sts_kept_holds(&entry->kept, now_s) && entry->refresh_fails > 0)
			log_say(LOG_LEVEL_WARNING, "sts-expired",
				"the MTA-STS policy of %s has expired and could not be fetched again", entry->name);
	}
}

/* take_back: the clock was ahead, and what had expired by it holds again. */
static void take_back(struct sts *sts, uint64_t now_s)
{
	struct sts_entry *entry = TAILQ_FIRST(&sts->table.lists[STS_PASSING]);

	while (entry != NULL) {
		struct sts_entry *next = TAILQ_NEXT(entry, used);
		if (sts_table_return(&sts->table, entry, now_s))
			sts_memory_write(entry);
		entry = next;
	}
}

void sts_tick(struct sts *sts)
{
	uint64_t now_s = sts_now(sts);

	if (sts_within(now_s, sts->ticked_s, STS_TICK_S / 2))
		return;
	if (now_s < sts->ticked_s)
		take_back(sts, now_s);
	sts->ticked_s = now_s;
	watch(sts, STS_ENFORCED, now_s);
	watch(sts, STS_OTHER_MODES, now_s);
	sts_table_trim(&sts->table, now_s);
	sts_memory_tick(sts);
	if (sts->dns == NULL)
		return;
	start_due(sts, STS_ENFORCED, now_s);
	start_due(sts, STS_OTHER_MODES, now_s);
}

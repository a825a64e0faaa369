/* sts_work.h - the parts of sts.c: what is done for one domain, what is said of it, and the daily refresh. For sts*.c
 * only. */
#ifndef GATE25_POLICY_STS_STS_WORK_H
#define GATE25_POLICY_STS_STS_WORK_H

#include <event2/event.h>

#include "policy/sts/sts_store.h"
#include "policy/sts/sts_table.h"

#define STS_UNDER_WAY_MAX 1000 /* lookups and fetches */
#define STS_ASKS_MAX      8192
#define STS_REFRESHES_MAX 8 /* refreshes at a time: whoever waits for mail to go comes first */
#define STS_TICK_S        60

#define STS_TTL_MIN_S    30 /* of what a TXT lookup came to */
#define STS_TTL_MAX_S    3600
#define STS_TTL_FAILED_S 15

struct sts {
	struct event_base *base;
	struct sts_options options; /* without |folder| */
	struct dns *dns;            /* NULL: what is asked is put off */
	struct sts_table table;
	struct sts_store *store; /* NULL: memory only */
	struct sts_policy shown; /* by sts_find */
	struct event *ready_event;
	struct event *tick_event;
	struct event *sync_event;
	struct sts_entries ready;
	size_t asks;
	size_t under_way;
	size_t refreshing;
	uint64_t ticked_s;
	uint64_t no_room_s; /* when the log was told that there is none */
};

struct sts_entry *sts_entry_of(struct sts *sts, const char *domain); /* found or made; NULL: out of memory */
uint64_t sts_now(const struct sts *sts);
/* sts_within: |now_s| is less than |span_s| after |since_s|, and not before it: a clock that was set back ends it. */
bool sts_within(uint64_t now_s, uint64_t since_s, uint64_t span_s);
uint32_t sts_random(uint32_t below);

/* sts_work.c */
void sts_work_start(struct sts_entry *entry); /* idle, and there is a dns */
void sts_work_stop(struct sts_entry *entry);  /* whatever is under way; nobody is told */

/* sts_answer.c */
bool sts_is_known(const struct sts_entry *entry, uint64_t now_s); /* it can be answered without asking anybody */
/* sts_answer_fill: |policy| is the caller's, to be cleaned up after |out|. */
void sts_answer_fill(const struct sts_entry *entry, uint64_t now_s, struct sts_policy *policy, struct sts_answer *out);
void sts_make_ready(struct sts_entry *entry); /* its askers are told from the loop */
void sts_tell(struct sts_entry *entry, bool fetched_now);

/* sts_refresh.c */
void sts_refresh_plan(struct sts_entry *entry, uint64_t now_s);   /* after a fetch that worked */
void sts_refresh_failed(struct sts_entry *entry, uint64_t now_s); /* after one that did not */
bool sts_refresh_is_due(const struct sts_entry *entry, uint64_t now_s);
void sts_tick(struct sts *sts); /* when it is time for one */

/* sts_memory.c: memory and disk. */
bool sts_memory_open(struct sts *sts, const char *folder);
void sts_memory_close(struct sts *sts);
void sts_memory_keep(struct sts_entry *entry, struct sts_kept *kept); /* takes what |kept| points to */
void sts_memory_retry(struct sts_entry *entry, uint64_t now_s); /* there was no room for its policy: is there now */
void sts_memory_write(struct sts_entry *entry);
void sts_memory_tick(struct sts *sts);

#endif

/* sts_table.h - what is known of each domain, in memory, and which of it may be forgotten. For sts*.c only.
 *
 * Three lists, each with the most recently used first. Policies of mode enforce go when they have expired, and never
 * before. Those of other modes go when there is no room for a policy. All else, which whoever makes up domains can add
 * to, has bounds of its own and takes nothing from the others. Nor do long policies: a few hundred of them, made up
 * for the purpose and good for a year, would leave no octet to anybody else. */
#ifndef GATE25_POLICY_STS_STS_TABLE_H
#define GATE25_POLICY_STS_STS_TABLE_H

#include <sys/queue.h>

#include "policy/sts/sts.h"
#include "policy/sts/sts_kept.h"

#define STS_PASSING_MAX       10000 /* domains without a policy that is remembered */
#define STS_PASSING_BYTES_MAX (16U << 20)
#define STS_LONG              2048 /* octets of a line; ordinary policies have a tenth of that */
#define STS_LONG_PART         4    /* of all the room, long ones have no more than one in so many */

enum sts_stage {
	STS_IDLE,
	STS_LOOKUP,  /* the TXT record is asked for */
	STS_FETCH,   /* the policy is fetched, and whoever asks waits for it */
	STS_REFRESH, /* the policy is fetched, and the one that is remembered answers */
};

enum sts_list { STS_PASSING, STS_OTHER_MODES, STS_ENFORCED, STS_LISTS };

struct sts_ask {
	LIST_ENTRY(sts_ask) same_domain;
	struct sts *sts;
	sts_answer_fn *fn;
	void *arg;
};
LIST_HEAD(sts_asks, sts_ask);

struct sts_entry {
	TAILQ_ENTRY(sts_entry) used;
	LIST_ENTRY(sts_entry) same_hash;
	TAILQ_ENTRY(sts_entry) ready;
	enum sts_list list;
	size_t bytes; /* as counted in |list| */
	struct sts *sts;
	struct sts_asks asks;
	bool is_ready; /* among those whose askers can be told */
	bool telling;  /* its askers are being told */

	enum sts_stage stage;
	struct dns_query *query;
	struct sts_fetch *fetch;
	bool refreshing; /* what is under way is the daily refresh: fetch whatever the TXT record says */

	/* The last TXT lookup, and for how long what came of it stands. */
	bool looked;
	bool held; /* a policy held then */
	uint64_t looked_s;
	uint32_t fresh_s;
	enum dns_status txt_status;
	bool txt_bogus;
	enum sts_record txt_record;
	char txt_id[VERDICT_POLICY_ID_MAX];
	char *txt_reason; /* NULL: nothing to say */

	/* The last fetch. */
	bool fetched_now; /* it belongs to the last lookup */
	struct addr fetched_from;
	enum result_word result; /* RESULT_NONE: it worked, or there was none */
	bool ours;               /* it failed, and that says nothing of the domain (sts_fetched) */
	char *reason;
	char failed_id[VERDICT_POLICY_ID_MAX];
	uint64_t failed_s;

	/* What the log was told. */
	bool told;
	char told_id[VERDICT_POLICY_ID_MAX];
	bool told_lookup;

	struct sts_kept kept;
	uint64_t refresh_s;     /* due */
	unsigned refresh_fails; /* in a row */
	char name[];
};
TAILQ_HEAD(sts_entries, sts_entry);

#define STS_BUCKETS 8192 /* a power of two */

struct sts_table {
	struct sts_entries lists[STS_LISTS];
	size_t counts[STS_LISTS];
	size_t bytes[STS_LISTS];
	size_t long_bytes; /* of policies that are remembered, those of long ones */
	size_t policies_max;
	size_t policies_bytes_max; /* as lines of the store */
	LIST_HEAD(, sts_entry) buckets[STS_BUCKETS];
};

void sts_table_init(struct sts_table *table);
struct sts_entry *sts_table_find(const struct sts_table *table, const char *domain);
/* sts_table_add: an empty entry. NULL: out of memory. */
struct sts_entry *sts_table_add(struct sts_table *table, const char *domain);
void sts_table_touch(struct sts_table *table, struct sts_entry *entry); /* it was used */
/* sts_table_place puts |entry| into the list where its policy belongs, and makes room. False: there is none, and it is
 * remembered only in passing. */
bool sts_table_place(struct sts_table *table, struct sts_entry *entry, uint64_t now_s);
/* sts_table_return puts |entry|, which is remembered only in passing, back where its policy belongs if there is room as
 * it is; no other entry is touched. True: it was, and there is. */
bool sts_table_return(struct sts_table *table, struct sts_entry *entry, uint64_t now_s);
/* sts_table_trim forgets what is beyond the bounds, as far as it may be. */
void sts_table_trim(struct sts_table *table, uint64_t now_s);
void sts_entry_free(struct sts_table *table, struct sts_entry *entry); /* of which nothing is under way */
bool sts_entry_is_busy(const struct sts_entry *entry);

#endif

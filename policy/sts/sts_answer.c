/* sts_answer.c - what is said of one domain, and to whom. See sts_work.h and sts.h. */
#include "policy/sts/sts_work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool sts_is_known(const struct sts_entry *entry, uint64_t now_s)
{
	return entry->looked && entry->stage != STS_FETCH && sts_within(now_s, entry->looked_s, entry->fresh_s) &&
	       entry->held == sts_kept_holds(&entry->kept, now_s);
}

/* The fetch that failed matters where it was of what the record names, or to refresh the policy in force. */
static bool fetch_matters(const struct sts_entry *entry, uint64_t now_s)
{
	if (entry->result == RESULT_NONE)
		return false;
	return sts_kept_holds(&entry->kept, now_s) ||
	       (entry->txt_record == STS_RECORD_VALID && strcmp(entry->txt_id, entry->failed_id) == 0);
}

static void set_problem(const struct sts_entry *entry, uint64_t now_s, struct sts_answer *out)
{
	const char *reason = entry->txt_reason;

	if (entry->txt_status != DNS_FAILED && entry->txt_record == STS_RECORD_INVALID) {
		out->result = RESULT_STS_POLICY_INVALID;
	} else if (entry->txt_status != DNS_FAILED && fetch_matters(entry, now_s)) {
		out->result = entry->ours ? RESULT_NONE : entry->result;
		reason = entry->reason;
	}
	(void)snprintf(out->reason, sizeof(out->reason), "%s", reason != NULL ? reason : "");
}

static void set_policy(const struct sts_entry *entry, uint64_t now_s, const struct sts_policy *policy,
		       struct sts_answer *out)
{
	static const enum verdict_published published[] = {
		[STS_MODE_UNSET] = VERDICT_PUBLISHED_FAILED,
		[STS_MODE_NONE] = VERDICT_PUBLISHED_NONE,
		[STS_MODE_TESTING] = VERDICT_PUBLISHED_TESTING,
		[STS_MODE_ENFORCE] = VERDICT_PUBLISHED_ENFORCE,
	};

	out->status = published[policy->mode];
	out->present = true;
	out->policy = policy;
	out->text = entry->kept.text;
	out->text_len = entry->kept.text_len;
	memcpy(out->id, entry->kept.id, sizeof(out->id));
	out->fetched_s = entry->kept.fetched_s;
	out->expires_s = sts_kept_expires(&entry->kept, now_s);
}

/* may_have_policy: its record says so, and it was not for want of a policy host that none was fetched. */
static bool may_have_policy(const struct sts_entry *entry)
{
	return entry->txt_record == STS_RECORD_VALID && entry->result != RESULT_NONE && entry->ours &&
	       strcmp(entry->txt_id, entry->failed_id) == 0;
}

/* Without a policy: one whose record could not be looked up may have one. Signatures that are wrong are no accident,
 * and are never ignored. */
static enum verdict_published absence(const struct sts_entry *entry)
{
	bool ignored = entry->sts->options.lookup_failed == CONF_STS_LOOKUP_IGNORE && !entry->txt_bogus;

	if (!entry->looked || ((entry->txt_status == DNS_FAILED || may_have_policy(entry)) && !ignored))
		return VERDICT_PUBLISHED_FAILED;
	return VERDICT_PUBLISHED_NONE;
}

static uint32_t ttl_of(const struct sts_entry *entry, uint64_t now_s)
{
	uint64_t until_s = entry->looked_s + entry->fresh_s;

	if (!entry->looked || !sts_within(now_s, entry->looked_s, entry->fresh_s))
		return 1;
	if (sts_kept_holds(&entry->kept, now_s) && sts_kept_expires(&entry->kept, now_s) < until_s)
		until_s = sts_kept_expires(&entry->kept, now_s);
	return (uint32_t)(until_s - now_s);
}

void sts_answer_fill(const struct sts_entry *entry, uint64_t now_s, struct sts_policy *policy, struct sts_answer *out)
{
	char err[STS_REASON_MAX];

	*policy = (struct sts_policy){ 0 };
	*out = (struct sts_answer){ .ttl_s = ttl_of(entry, now_s), .txt_status = entry->txt_status };
	out->txt_record = entry->txt_record;
	memcpy(out->txt_id, entry->txt_id, sizeof(out->txt_id));
	set_problem(entry, now_s, out);
	if (!sts_kept_holds(&entry->kept, now_s)) {
		out->status = absence(entry);
	} else if (sts_policy_parse(policy, entry->kept.text, entry->kept.text_len, err, sizeof(err))) {
		set_policy(entry, now_s, policy, out);
	} else {
		(void)snprintf(out->reason, sizeof(out->reason), "the remembered policy cannot be read: %.200s", err);
		out->ttl_s = 1;
	}
}

/* --- telling ------------------------------------------------------------------------------------------------------ */

/* sts_tell: an asker may ask again, or cancel another that waits. */
void sts_tell(struct sts_entry *entry, bool fetched_now)
{
	struct sts_asks asks = entry->asks;
	struct sts_policy policy;
	struct sts_answer answer;
	struct sts_ask *ask;

	if (LIST_EMPTY(&asks))
		return;
	LIST_FIRST(&asks)->same_domain.le_prev = &LIST_FIRST(&asks);
	LIST_INIT(&entry->asks);
	entry->telling = true;
	sts_answer_fill(entry, sts_now(entry->sts), &policy, &answer);
	answer.fetched_now = fetched_now;
	if (fetched_now)
		answer.fetched_from = entry->fetched_from;
	while ((ask = LIST_FIRST(&asks)) != NULL) {
		/* clang 14 loses sight of the list's head. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		sts_answer_fn *fn = ask->fn;
		void *fn_arg = ask->arg;
		LIST_REMOVE(ask, same_domain);
		entry->sts->asks--;
		free(ask);
		fn(fn_arg, &answer);
	}
	sts_policy_cleanup(&policy);
	entry->telling = false;
}

void sts_make_ready(struct sts_entry *entry)
{
	if (!entry->is_ready)
		TAILQ_INSERT_TAIL(&entry->sts->ready, entry, ready);
	entry->is_ready = true;
	event_active(entry->sts->ready_event, EV_TIMEOUT, 0);
}

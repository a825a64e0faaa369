/* sts_work.c - what is done for one domain: the TXT record is looked up, and where it names a policy that is not
 * remembered, that is fetched (RFC 8461 s. 3.3, s. 5.1). See sts_work.h. */
#include "policy/sts/sts_work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/log.h"

#define PREFIX "_mta-sts."

static void set_text(char **text, const char *value)
{
	free(*text);
	*text = value != NULL ? strdup(value) : NULL;
}

/* --- the log: once for each domain and id ------------------------------------------------------------------------- */

static void say_failed(struct sts_entry *entry, const char *id, enum result_word result, const char *reason)
{
	bool holds = sts_kept_holds(&entry->kept, sts_now(entry->sts));
	struct log_line line;

	if (entry->told && strcmp(entry->told_id, id) == 0)
		return;
	entry->told = true;
	(void)snprintf(entry->told_id, sizeof(entry->told_id), "%s", id);
	log_open(&line, holds ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, "sts-failed");
	log_add(&line, "domain", "%s", entry->name);
	if (id[0] != '\0')
		log_add(&line, "id", "%s", id);
	log_add(&line, "result", "%s", result_word_name(result));
	log_add(&line, "remembered", "%s", holds ? sts_mode_name(entry->kept.mode) : "nothing");
	log_add(&line, "reason", "%s", reason);
	log_close(&line);
}

static void say_lookup_failed(struct sts_entry *entry)
{
	struct log_line line;

	if (entry->told_lookup)
		return;
	entry->told_lookup = true;
	log_open(&line, LOG_LEVEL_INFO, "sts-lookup-failed");
	log_add(&line, "domain", "%s", entry->name);
	log_add(&line, "reason", "%s", entry->txt_reason != NULL ? entry->txt_reason : "");
	log_close(&line);
}

/* --- the end of it ------------------------------------------------------------------------------------------------ */

static bool is_backed_off(const struct sts_entry *entry, const char *id, uint64_t now_s)
{
	return entry->result != RESULT_NONE && !entry->ours && strcmp(entry->failed_id, id) == 0 &&
	       sts_within(now_s, entry->failed_s, STS_BACK_OFF_S);
}

/* settle: what is known now stands for |fresh_s|, and no longer than a fetch of what the record names is put off. */
static void settle(struct sts_entry *entry, uint32_t fresh_s, uint64_t now_s)
{
	entry->looked = true;
	entry->looked_s = now_s;
	entry->fresh_s = fresh_s;
	if (entry->txt_record == STS_RECORD_VALID && is_backed_off(entry, entry->txt_id, now_s)) {
		uint64_t left_s = entry->failed_s + STS_BACK_OFF_S - now_s;
		if (left_s < fresh_s)
			entry->fresh_s = (uint32_t)left_s;
	}
	if (entry->list == STS_PASSING && sts_kept_holds(&entry->kept, now_s))
		sts_memory_retry(entry, now_s);
	else
		(void)sts_table_place(&entry->sts->table, entry, now_s);
	entry->held = sts_kept_holds(&entry->kept, now_s);
}

static void stop_counting(struct sts_entry *entry)
{
	if (entry->stage != STS_IDLE) {
		entry->sts->under_way--;
		entry->sts->refreshing -= entry->refreshing;
	}
	entry->stage = STS_IDLE;
	entry->refreshing = false;
}

void sts_work_stop(struct sts_entry *entry)
{
	dns_cancel(entry->query);
	entry->query = NULL;
	sts_fetch_cancel(entry->fetch);
	entry->fetch = NULL;
	if (entry->stage == STS_FETCH) /* the record names a policy, which is not known for that */
		entry->fresh_s = 0;
	stop_counting(entry);
}

/* --- the fetch ---------------------------------------------------------------------------------------------------- */

/* The id under which a policy is fetched: the record's, or where there is none that of the policy it replaces. */
static const char *fetched_id(const struct sts_entry *entry)
{
	return entry->txt_record == STS_RECORD_VALID ? entry->txt_id : entry->kept.id;
}

static void take_failure(struct sts_entry *entry, enum result_word result, const char *reason, bool ours)
{
	uint64_t now_s = sts_now(entry->sts);

	entry->result = result;
	entry->ours = ours;
	set_text(&entry->reason, reason);
	(void)snprintf(entry->failed_id, sizeof(entry->failed_id), "%s", fetched_id(entry));
	entry->failed_s = now_s;
	say_failed(entry, entry->failed_id, result, reason);
	sts_refresh_failed(entry, now_s);
}

static void take_fetched(struct sts_entry *entry, const struct sts_fetched *fetched)
{
	char reason[VERDICT_REASON_MAX];
	char err[STS_REASON_MAX];
	struct sts_kept kept;

	entry->fetched_from = fetched->addr;
	if (!fetched->ok) {
		take_failure(entry, fetched->result, fetched->reason, fetched->ours);
		return;
	}
	if (!sts_kept_make(&kept, fetched_id(entry), fetched->text, fetched->len, sts_now(entry->sts), err,
			   sizeof(err))) {
		(void)snprintf(reason, sizeof(reason), "the policy of %s is invalid: %.160s", entry->name, err);
		take_failure(entry, RESULT_STS_POLICY_INVALID, reason, false);
		return;
	}
	entry->result = RESULT_NONE;
	entry->ours = false;
	set_text(&entry->reason, NULL);
	entry->told = false;
	sts_memory_keep(entry, &kept);
	sts_refresh_plan(entry, sts_now(entry->sts));
}

static void on_fetched(void *arg, const struct sts_fetched *fetched)
{
	struct sts_entry *entry = arg;
	uint64_t now_s = sts_now(entry->sts);
	uint32_t left_s = STS_TTL_MIN_S;

	entry->fetch = NULL;
	entry->fetched_now = true;
	take_fetched(entry, fetched);
	if (sts_within(now_s, entry->looked_s, entry->fresh_s)) {
		uint64_t rest_s = entry->looked_s + entry->fresh_s - now_s;
		left_s = rest_s > left_s ? (uint32_t)rest_s : left_s;
	}
	if (entry->ours)
		left_s = STS_TTL_FAILED_S;
	stop_counting(entry);
	settle(entry, left_s, now_s);
	sts_tell(entry, true);
}

/* start_fetch: |fn| is never called from inside, so a fetch that cannot start fails by the loop as well. */
static void start_fetch(struct sts_entry *entry, enum sts_stage stage)
{
	struct sts *sts = entry->sts;

	entry->stage = stage;
	entry->fetch = sts_fetch_start(sts->options.fetcher, sts->dns, entry->name, on_fetched, entry);
	if (entry->fetch != NULL)
		return;
	take_failure(entry, RESULT_STS_POLICY_FETCH_ERROR, "the policy could not be fetched: out of memory", true);
	stop_counting(entry);
	settle(entry, STS_TTL_FAILED_S, sts_now(sts));
}

/* --- the record --------------------------------------------------------------------------------------------------- */

static void take_lookup_failure(struct sts_entry *entry, bool bogus, const char *why)
{
	char reason[VERDICT_REASON_MAX];

	entry->txt_status = DNS_FAILED;
	entry->txt_bogus = bogus;
	entry->txt_record = STS_RECORD_NONE;
	entry->txt_id[0] = '\0';
	(void)snprintf(reason, sizeof(reason), "the TXT record " PREFIX "%.80s could not be looked up: %.120s",
		       entry->name, why);
	set_text(&entry->txt_reason, reason);
	say_lookup_failed(entry);
}

static void choose_record(struct sts_entry *entry, const struct dns_answer *answer)
{
	char reason[VERDICT_REASON_MAX];
	char err[STS_REASON_MAX];

	entry->txt_record = sts_record_choose(entry->txt_id, answer->txt, answer->txt_count, err, sizeof(err));
	if (entry->txt_record != STS_RECORD_INVALID)
		return;
	(void)snprintf(reason, sizeof(reason), "the TXT record " PREFIX "%.80s is invalid: %.120s", entry->name, err);
	set_text(&entry->txt_reason, reason);
	say_failed(entry, "", RESULT_STS_POLICY_INVALID, reason);
}

static uint32_t take_record(struct sts_entry *entry, const struct dns_answer *answer)
{
	if (answer->status == DNS_FAILED) {
		take_lookup_failure(entry, answer->bogus, answer->reason);
		return STS_TTL_FAILED_S;
	}
	entry->told_lookup = false;
	entry->txt_status = answer->status;
	entry->txt_bogus = false;
	entry->txt_id[0] = '\0';
	entry->txt_record = STS_RECORD_NONE;
	set_text(&entry->txt_reason, NULL);
	if (dns_found(answer))
		choose_record(entry, answer);
	if (answer->ttl_s > STS_TTL_MAX_S)
		return STS_TTL_MAX_S;
	return answer->ttl_s < STS_TTL_MIN_S ? STS_TTL_MIN_S : answer->ttl_s;
}

/* is_new: the record names a policy that is not the one in force. */
static bool is_new(const struct sts_entry *entry, uint64_t now_s)
{
	if (entry->txt_record != STS_RECORD_VALID)
		return false;
	return !sts_kept_holds(&entry->kept, now_s) || strcmp(entry->kept.id, entry->txt_id) != 0;
}

/* decide: after the lookup. A policy that is new is waited for; a refresh is not. */
static void decide(struct sts_entry *entry, uint32_t fresh_s)
{
	uint64_t now_s = sts_now(entry->sts);

	settle(entry, fresh_s, now_s);
	if (is_new(entry, now_s) && !is_backed_off(entry, entry->txt_id, now_s)) {
		start_fetch(entry, STS_FETCH);
		if (entry->stage == STS_FETCH)
			return;
	} else if (entry->refreshing && !is_backed_off(entry, fetched_id(entry), now_s)) {
		start_fetch(entry, STS_REFRESH);
	} else {
		stop_counting(entry);
	}
	sts_tell(entry, false);
}

static void on_record(void *arg, const struct dns_answer *answer)
{
	struct sts_entry *entry = arg;

	entry->query = NULL;
	decide(entry, take_record(entry, answer));
}

/* start_failed: nothing was asked, and that is told from the loop. */
static void start_failed(struct sts_entry *entry, uint32_t fresh_s)
{
	stop_counting(entry);
	settle(entry, fresh_s, sts_now(entry->sts));
	sts_make_ready(entry);
}

void sts_work_start(struct sts_entry *entry)
{
	struct sts *sts = entry->sts;
	char name[sizeof(PREFIX) + VERDICT_NAME_MAX];

	entry->stage = STS_LOOKUP;
	sts->under_way++;
	entry->refreshing = sts_refresh_is_due(entry, sts_now(sts));
	sts->refreshing += entry->refreshing;
	entry->fetched_now = false;
	(void)snprintf(name, sizeof(name), PREFIX "%s", entry->name);
	if (strlen(name) >= DNS_NAME_MAX) { /* no such name can exist */
		entry->txt_status = DNS_ABSENT_INSECURE;
		entry->txt_record = STS_RECORD_NONE;
		start_failed(entry, STS_TTL_MAX_S);
		return;
	}
	entry->query = dns_ask(sts->dns, name, DNS_TXT, on_record, entry);
	if (entry->query == NULL) {
		take_lookup_failure(entry, false, "out of memory");
		start_failed(entry, STS_TTL_FAILED_S);
	}
}

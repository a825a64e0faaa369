/* tls_report_message.c - a report on its way from worker to policyd; see tls_report.h. What its reader would refuse is
 * not written, and what is too much is left out. */
#include "policy/verdict/tls_report.h"

#include <stdlib.h>

#include "policy/verdict/verdict_wire.h"

static void put_tlsa(struct wire_writer *w, const struct tls_report_policy *policy, struct tlsa_room *room)
{
	struct tlsa_room left = *room;
	uint8_t count = 0;

	for (size_t i = 0; i < policy->tlsa_count; i++)
		count += tlsa_room_takes(&left, policy->tlsa[i].len);
	wire_put_u8(w, count);
	for (size_t i = 0; i < policy->tlsa_count; i++) {
		if (tlsa_room_takes(room, policy->tlsa[i].len))
			tlsa_put(w, &policy->tlsa[i]);
	}
}

static void get_tlsa(struct wire_reader *r, struct tls_report_policy *policy, struct tlsa_room *room)
{
	size_t count = wire_get_enum(r, TLS_REPORT_TLSA_MAX + 1);
	struct tlsa *records;

	if (count == 0)
		return;
	records = calloc(count, sizeof(*records));
	policy->tlsa = records;
	policy->tlsa_count = records != NULL ? count : 0;
	r->failed |= records == NULL || policy->type != TLS_REPORT_TLSA;
	for (size_t i = 0; i < count && !r->failed; i++)
		r->failed |= !tlsa_get(r, &records[i], room);
}

static void put_policy(struct wire_writer *w, const struct tls_report_policy *policy, struct tlsa_room *room)
{
	wire_put_u8(w, (uint8_t)policy->type);
	wire_put_str(w, policy->domain);
	wire_put_u8(w, policy->failed);
	put_tlsa(w, policy, room);
	wire_put_u8(w, policy->testing);
	wire_put_str(w, policy->id);
	wire_put_u32(w, policy->max_age_s);
	patterns_put(w, policy->patterns, policy->patterns_count);
}

static void get_policy(struct wire_reader *r, struct tls_report_policy *policy, struct tlsa_room *room)
{
	policy->type = (enum tls_report_type)wire_get_enum(r, TLS_REPORT_TYPE_COUNT);
	wire_get_str(r, policy->domain, sizeof(policy->domain));
	policy->failed = wire_get_bool(r);
	get_tlsa(r, policy, room);
	policy->testing = wire_get_bool(r);
	wire_get_str(r, policy->id, sizeof(policy->id));
	policy->max_age_s = wire_get_u32(r);
	policy->patterns = patterns_get(r, &policy->patterns_count);
	r->failed |= policy->patterns_count > 0 && policy->type != TLS_REPORT_STS;
}

static void put_failure(struct wire_writer *w, const struct tls_report_failure *failure)
{
	wire_put_u8(w, (uint8_t)failure->policy);
	wire_put_u8(w, (uint8_t)failure->word);
	wire_put_str(w, failure->mx);
	wire_put_str(w, failure->helo);
	wire_put_str(w, failure->reason);
}

static void get_failure(struct wire_reader *r, struct tls_report_failure *failure, size_t policies)
{
	failure->policy = wire_get_u8(r);
	failure->word = (enum result_word)wire_get_enum(r, RESULT_COUNT);
	wire_get_str(r, failure->mx, sizeof(failure->mx));
	wire_get_str(r, failure->helo, sizeof(failure->helo));
	wire_get_str(r, failure->reason, sizeof(failure->reason));
	r->failed |= failure->policy >= policies || failure->word == RESULT_NONE;
}

void tls_report_put(struct wire_writer *w, const struct tls_report *report)
{
	struct tlsa_room room = { TLS_REPORT_TLSA_MAX, TLS_REPORT_TLSA_BYTES_MAX };

	wire_put_str(w, report->domain);
	wire_put_addr(w, &report->sender);
	wire_put_addr(w, &report->receiver);
	wire_put_u8(w, (uint8_t)report->policies_count);
	for (size_t i = 0; i < report->policies_count; i++)
		put_policy(w, &report->policies[i], &room);
	wire_put_u8(w, (uint8_t)report->failures_count);
	for (size_t i = 0; i < report->failures_count; i++)
		put_failure(w, &report->failures[i]);
}

struct tls_report *tls_report_get(struct wire_reader *r)
{
	struct tls_report *report = calloc(1, sizeof(*report));
	struct tlsa_room room = { TLS_REPORT_TLSA_MAX, TLS_REPORT_TLSA_BYTES_MAX };

	if (report == NULL)
		return NULL;
	wire_get_str(r, report->domain, sizeof(report->domain));
	wire_get_addr(r, &report->sender);
	wire_get_addr(r, &report->receiver);
	report->policies_count = wire_get_enum(r, TLS_REPORT_POLICIES_MAX + 1);
	for (size_t i = 0; i < report->policies_count && !r->failed; i++)
		get_policy(r, &report->policies[i], &room);
	if (!r->failed)
		report->failures_count = wire_get_enum(r, TLS_REPORT_FAILURES_MAX + 1);
	for (size_t i = 0; i < report->failures_count && !r->failed; i++)
		get_failure(r, &report->failures[i], report->policies_count);
	if (wire_done(r) && report->domain[0] != '\0' && report->policies_count > 0)
		return report;
	tls_report_free(report);
	return NULL;
}

void tls_report_free(struct tls_report *report)
{
	if (report == NULL)
		return;
	for (size_t i = 0; i < report->policies_count; i++) {
		tlsa_free((struct tlsa *)report->policies[i].tlsa, report->policies[i].tlsa_count);
		free((struct verdict_pattern *)report->policies[i].patterns);
	}
	free(report);
}

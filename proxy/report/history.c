/* history.c - see history.h: what a row is. */
#include "proxy/report/history.h"

#include <string.h>

static enum history_outcome outcome_of_leg(const struct session_record *record)
{
	bool in_tls = record->tls_version[0] != '\0';

	if (record->authenticated)
		return HISTORY_PROVED;
	if (strcmp(record->verdict, "none") == 0)
		return HISTORY_NONE;
	if (record->decided && level_permits_clear(record->level))
		return in_tls ? HISTORY_ENCRYPTED : HISTORY_CLEAR;
	if (in_tls && (strcmp(record->verdict, "pass") == 0 || strcmp(record->verdict, "unauthenticated") == 0))
		return HISTORY_ENCRYPTED;
	if (!record->enforce)
		return HISTORY_WOULD_REFUSE;
	return strcmp(record->verdict, "failed") == 0 ? HISTORY_FAILED : HISTORY_REFUSED;
}

enum history_outcome history_outcome_of(const struct session_record *record)
{
	switch (record->kind) {
	case SESSION_RECORD_REFUSED:
		return record->verdict != NULL && strcmp(record->verdict, "failed") == 0 ? HISTORY_FAILED
											 : HISTORY_REFUSED;
	case SESSION_RECORD_REPORTED: return record->testing ? HISTORY_TESTING : HISTORY_WOULD_REFUSE;
	case SESSION_RECORD_END:
	case SESSION_RECORD_MESSAGE: return outcome_of_leg(record);
	case SESSION_RECORD_NOTED:
	case SESSION_RECORD_CLIENT_ERROR:
	case SESSION_RECORD_SIGN:
	case SESSION_RECORD_NOTICED:
	case SESSION_RECORD_COUNT: break;
	}
	return HISTORY_NONE;
}

const char *history_outcome_name(enum history_outcome outcome)
{
	static const char *const names[HISTORY_OUTCOME_COUNT] = {
		[HISTORY_NONE] = "none",
		[HISTORY_PROVED] = "proved",
		[HISTORY_ENCRYPTED] = "encrypted",
		[HISTORY_CLEAR] = "clear",
		[HISTORY_WOULD_REFUSE] = "would-refuse",
		[HISTORY_TESTING] = "testing",
		[HISTORY_REFUSED] = "refused",
		[HISTORY_FAILED] = "failed",
	};

	return (unsigned)outcome < HISTORY_OUTCOME_COUNT ? names[outcome] : "none";
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_destinations(const struct endpoint *a, const struct endpoint *b)
{
	int order = compare_numbers(a->addr.family, b->addr.family);

	if (order == 0)
		order = memcmp(a->addr.bytes, b->addr.bytes, sizeof(a->addr.bytes));
	return order != 0 ? order : compare_numbers(a->port, b->port);
}

int history_compare(const struct history_row *a, const struct history_row *b)
{
	int order = strcmp(a->domain, b->domain);

	if (order == 0)
		order = compare_destinations(&a->destination, &b->destination);
	if (order == 0)
		order = compare_numbers(a->outcome, b->outcome);
	if (order == 0)
		order = compare_numbers(a->policy, b->policy);
	if (order == 0)
		order = compare_numbers(a->level, b->level);
	if (order == 0)
		order = compare_numbers(a->result, b->result);
	if (order == 0)
		order = strcmp(a->tls, b->tls);
	return order != 0 ? order : strcmp(a->reason, b->reason);
}

/* A sum that would overflow stays where it is: files may say anything. */
static uint64_t add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

void history_add_counts(struct history_row *to, const struct history_row *from)
{
	to->sessions = add(to->sessions, from->sessions);
	to->messages = add(to->messages, from->messages);
	to->events = add(to->events, from->events);
	to->relay = to->relay || from->relay;
	if (from->mx[0] != '\0')
		memcpy(to->mx, from->mx, sizeof(to->mx));
	if (from->client.family != 0)
		to->client = from->client;
}

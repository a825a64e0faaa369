/* report_json.c - see report.h: the whole report for programs. Keys stay; new ones may come. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/printable.h"
#include "proxy/report/report.h"

static void set(json_t *object, const char *key, json_t *value)
{
	(void)json_object_set_new(object, key, value);
}

/* text: what is not printable comes as '?'. */
static json_t *text(const char *from)
{
	char copy[REPORT_TEXT_MAX];

	(void)snprintf(copy, sizeof(copy), "%s", from);
	printable_text(copy);
	return json_string(copy);
}

static json_t *number(uint64_t value)
{
	return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

static json_t *by_outcome(const uint64_t numbers[HISTORY_OUTCOME_COUNT])
{
	json_t *object = json_object();

	for (unsigned i = 0; i < HISTORY_OUTCOME_COUNT; i++)
		set(object, history_outcome_name((enum history_outcome)i), number(numbers[i]));
	return object;
}

static void set_sums(json_t *object, const struct report_sums *sums)
{
	set(object, "sessions", number(report_sum(sums->sessions)));
	set(object, "messages", number(report_sum(sums->messages)));
	set(object, "would_refuse", number(sums->events[HISTORY_WOULD_REFUSE]));
	set(object, "would_refuse_messages", number(sums->messages[HISTORY_WOULD_REFUSE]));
	set(object, "refusals", number(report_refusals(sums)));
	set(object, "sessions_by_outcome", by_outcome(sums->sessions));
	set(object, "messages_by_outcome", by_outcome(sums->messages));
	set(object, "events_by_outcome", by_outcome(sums->events));
}

static json_t *event_json(const struct history_row *row)
{
	json_t *object = json_object();
	char hint[REPORT_TEXT_MAX];

	report_hint(hint, row);
	set(object, "outcome", json_string(history_outcome_name(row->outcome)));
	set(object, "result", json_string(result_word_name(row->result)));
	set(object, "reason", text(row->reason));
	set(object, "policy", json_string(demand_basis_name(row->policy)));
	set(object, "level", json_string(level_name(row->level)));
	set(object, "count", number(row->events));
	set(object, "last_hour", number(row->hour_s));
	set(object, "hint", text(hint));
	return object;
}

/* add_count adds to the number under |key|. */
static void add_count(json_t *object, const char *key, uint64_t value)
{
	json_int_t old = json_integer_value(json_object_get(object, key));

	if (value > 0)
		set(object, key, number((uint64_t)old > INT64_MAX - value ? INT64_MAX : (uint64_t)old + value));
}

static json_t *place_json(const struct report_place *place)
{
	json_t *object = json_object();
	json_t *events = json_array();
	json_t *tls = json_object();
	json_t *policy = json_object();
	json_t *clients = json_array();
	char addr[ADDR_TEXT_MAX];
	char version[HISTORY_TLS_MAX];

	for (size_t i = 0; i < place->rows_count; i++) {
		const struct history_row *row = &place->rows[i];
		if (row->events > 0)
			(void)json_array_append_new(events, event_json(row));
		(void)snprintf(version, sizeof(version), "%s", row->tls[0] != '\0' ? row->tls : "none");
		printable_text(version);
		add_count(tls, version, row->sessions);
		add_count(policy, demand_basis_name(row->policy), row->sessions);
	}
	for (size_t i = 0; i < place->clients_count; i++)
		(void)json_array_append_new(clients, json_string(addr_format(&place->clients[i], addr)));
	set(object, "destination", json_string(addr_format(&place->rows->destination.addr, addr)));
	set(object, "port", json_integer(place->rows->destination.port));
	set(object, "mx", text(place->mx));
	set(object, "looks_like_relay", json_boolean(place->relay));
	set_sums(object, &place->sums);
	set(object, "tls", tls);
	set(object, "policy", policy);
	set(object, "clients", clients);
	set(object, "more_clients", json_boolean(place->clients_more));
	set(object, "events", events);
	return object;
}

static json_t *domain_json(const struct report_domain *domain)
{
	json_t *object = json_object();
	json_t *places = json_array();
	bool rest = strcmp(domain->name, HISTORY_REST) == 0;

	for (size_t i = 0; i < domain->places_count; i++)
		(void)json_array_append_new(places, place_json(&domain->places[i]));
	set(object, "domain", text(rest ? "" : domain->name));
	set(object, "not_listed", json_boolean(rest));
	set_sums(object, &domain->sums);
	set(object, "destinations", places);
	return object;
}

static json_t *relay_json(const struct report_relay *relay)
{
	json_t *object = json_object();
	char addr[ADDR_TEXT_MAX];

	set(object, "destination", json_string(addr_format(&relay->destination.addr, addr)));
	set(object, "port", json_integer(relay->destination.port));
	set(object, "count", number(relay->events));
	set(object, "would_refuse_messages", number(relay->messages));
	set(object, "domains", number(relay->domains));
	set(object, "domain", text(relay->domain));
	set(object, "rule", text(relay->rule));
	return object;
}

static json_t *answer_json(const struct report *report)
{
	json_t *object = json_object();
	json_t *notes = json_array();
	struct report_answer answer;

	report_answer_of(&answer, report);
	for (size_t i = 0; i < answer.notes_count; i++)
		(void)json_array_append_new(notes, text(answer.notes[i]));
	set(object, "answer", json_string(report_answer_name(answer.kind)));
	set(object, "headline", text(answer.headline));
	set(object, "notes", notes);
	return object;
}

static json_t *period_json(const struct report *report)
{
	json_t *object = json_object();
	json_t *gaps = json_array();

	for (size_t i = 0; i < report->gaps_count && i < REPORT_GAPS_MAX; i++) {
		json_t *gap = json_object();
		set(gap, "from", number(report->gaps[i].from_s));
		set(gap, "until", number(report->gaps[i].until_s));
		(void)json_array_append_new(gaps, gap);
	}
	set(object, "since", number(report->since_s));
	set(object, "until", number(report->until_s));
	set(object, "first", number(report->first_s));
	set(object, "last", number(report->last_s));
	set(object, "hours", number(report->hours));
	set(object, "gaps_hours", number(report->gaps_hours));
	set(object, "gaps_count", number(report->gaps_count));
	set(object, "gaps", gaps);
	set(object, "damaged_lines", number(report->damaged));
	set(object, "unreadable_files", number(report->unreadable));
	return object;
}

bool report_json(const struct report *report, FILE *out)
{
	json_t *whole = json_object();
	json_t *domains = json_array();
	json_t *relays = json_array();
	bool ok;

	for (size_t i = 0; i < report->domains_count; i++)
		(void)json_array_append_new(domains, domain_json(&report->domains[i]));
	for (size_t i = 0; i < report->relays_count; i++)
		(void)json_array_append_new(relays, relay_json(&report->relays[i]));
	set(whole, "version", json_integer(1));
	set(whole, "report_only", json_boolean(report->report_only));
	set(whole, "enforcement", answer_json(report));
	set(whole, "period", period_json(report));
	set_sums(whole, &report->sums);
	set(whole, "relays", relays);
	set(whole, "domains", domains);
	ok = json_dumpf(whole, out, JSON_INDENT(1)) == 0 && fputc('\n', out) != EOF && fflush(out) == 0 &&
	     ferror(out) == 0;
	json_decref(whole);
	return ok;
}

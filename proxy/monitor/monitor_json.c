/* monitor_json.c - the state as JSON: /status.json, and what the page and `gate25 status` show. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/monitor/monitor_state.h"

/* text makes a string of peer text, which need not be UTF-8. */
static json_t *text(const char *bytes)
{
	json_t *string = json_string(bytes);
	char *copy;

	if (string != NULL)
		return string;
	copy = strdup(bytes);
	if (copy == NULL)
		return NULL;
	for (char *c = copy; *c != '\0'; c++) {
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	}
	string = json_string(copy);
	free(copy);
	return string;
}

static void set(json_t *object, const char *key, json_t *value)
{
	(void)json_object_set_new(object, key, value);
}

static json_t *record_json(const struct monitor_record *record)
{
	json_t *object = json_object();
	char buf[ENDPOINT_TEXT_MAX];

	set(object, "kind", json_string(record->kind == SESSION_RECORD_REFUSED ? "refused" : "would-refuse"));
	set(object, "time", json_integer((json_int_t)record->time_s));
	set(object, "client", json_string(addr_format(&record->client.addr, buf)));
	set(object, "destination", json_string(addr_format(&record->destination.addr, buf)));
	set(object, "domain", text(record->domain));
	set(object, "mx", text(record->mx));
	set(object, "source", json_string(record->decided ? verdict_source_name(record->source) : ""));
	set(object, "level", json_string(record->decided ? level_name(record->level) : ""));
	set(object, "policy", json_string(record->decided ? demand_basis_name(record->policy) : ""));
	set(object, "tls", text(record->tls_version));
	set(object, "result", json_string(result_word_name(record->result)));
	set(object, "reply", text(record->reply));
	set(object, "reason", text(record->reason));
	return object;
}

static json_t *row_json(const struct monitor_row *row)
{
	json_t *object = record_json(&row->last);

	set(object, "count", json_integer((json_int_t)row->count));
	set(object, "first", json_integer((json_int_t)row->first_s));
	return object;
}

/* relay_json adds the rule to paste: the strictest that can work, so that who fills in the name is safe. */
static json_t *relay_json(const struct monitor_row *row)
{
	json_t *object = row_json(row);
	char addr[ADDR_TEXT_MAX];
	char rule[192];

	(void)snprintf(rule, sizeof(rule),
		       "destination \"%s\" { level = \"secure\" match = { \"NAME.OF.THE.RELAY\" } auth = yes }",
		       addr_format(&row->last.destination.addr, addr));
	set(object, "rule", json_string(rule));
	return object;
}

static json_t *notice_json(const struct monitor_row *row)
{
	json_t *object = json_object();
	char buf[ADDR_TEXT_MAX];

	set(object, "notice", json_string(session_notice_name(row->last.notice)));
	set(object, "client", json_string(addr_format(&row->last.client.addr, buf)));
	set(object, "destination", json_string(addr_format(&row->last.destination.addr, buf)));
	set(object, "text", text(row->last.reason));
	set(object, "time", json_integer((json_int_t)row->last.time_s));
	set(object, "first", json_integer((json_int_t)row->first_s));
	set(object, "count", json_integer((json_int_t)row->count));
	return object;
}

/* Newest first; among equals the more frequent. */
static int by_time(const void *a, const void *b)
{
	const struct monitor_row *x = *(const struct monitor_row *const *)a;
	const struct monitor_row *y = *(const struct monitor_row *const *)b;

	if (x->last.time_s != y->last.time_s)
		return x->last.time_s < y->last.time_s ? 1 : -1;
	return (x->count < y->count) - (x->count > y->count);
}

typedef const struct monitor_row *row_fn(const struct monitor_tables *tables, size_t i);

static json_t *rows_json(const struct monitor_tables *tables, row_fn *row_at,
			 json_t *(*make)(const struct monitor_row *))
{
	const struct monitor_row *rows[MONITOR_ROWS_MAX];
	json_t *array = json_array();
	size_t count = 0;

	while (count < COUNT(rows) && (rows[count] = row_at(tables, count)) != NULL)
		count++;
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): pointers are what is sorted */
	qsort(rows, count, sizeof(rows[0]), by_time);
	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(array, make(rows[i]));
	return array;
}

static json_t *recent_json(const struct monitor_tables *tables)
{
	json_t *array = json_array();
	const struct monitor_record *record;

	for (size_t i = 0; (record = monitor_tables_recent(tables, i)) != NULL; i++)
		(void)json_array_append_new(array, record_json(record));
	return array;
}

/* Named as in /metrics; what is absent is zero. */
static json_t *counters_json(const struct monitor_totals *totals)
{
	json_t *object = json_object();
	char labels[COUNTER_LABELS_MAX];
	char key[COUNTER_LABELS_MAX + 64];

	for (unsigned i = 0; i < COUNTER_COUNT; i++) {
		uint64_t value = monitor_totals_get(totals, (enum counter)i);
		if (value == 0)
			continue;
		(void)snprintf(key, sizeof(key), "%s%s", counter_family_name(counter_family((enum counter)i)),
			       counter_labels((enum counter)i, labels));
		set(object, key, json_integer((json_int_t)value));
	}
	return object;
}

static json_t *workers_json(const struct monitor_totals *totals)
{
	json_t *array = json_array();

	for (unsigned slot = 0; slot < ROLE_SLOTS_MAX; slot++) {
		const struct counters *page = monitor_totals_worker(totals, slot);
		json_t *worker;
		if (page == NULL)
			continue;
		worker = json_object();
		set(worker, "slot", json_integer(slot));
		set(worker, "sessions", json_integer((json_int_t)counters_get(page, COUNTER_SESSIONS)));
		set(worker, "active", json_integer((json_int_t)counters_get(page, COUNTER_SESSIONS_ACTIVE)));
		(void)json_array_append_new(array, worker);
	}
	return array;
}

/* crowding_json: what came of there being too many at a time. */
static json_t *crowding_json(const struct monitor_totals *totals)
{
	static const struct {
		const char *name;
		enum counter counter;
	} rows[] = {
		{ "refused_all", COUNTER_LIMIT_ALL },
		{ "refused_client", COUNTER_LIMIT_CLIENT },
		{ "refused_destination", COUNTER_LIMIT_DESTINATION },
		{ "shed", COUNTER_END_SHED },
		{ "accept_paused", COUNTER_ACCEPT_PAUSED },
		{ "handshakes_waiting_server", COUNTER_HANDSHAKES_WAIT_SERVER },
		{ "handshakes_waiting_client", COUNTER_HANDSHAKES_WAIT_CLIENT },
	};
	json_t *object = json_object();

	for (size_t i = 0; i < COUNT(rows); i++)
		set(object, rows[i].name, json_integer((json_int_t)monitor_totals_get(totals, rows[i].counter)));
	return object;
}

json_t *monitor_json(const struct monitor_state *state, uint64_t now_s)
{
	json_t *status = json_object();

	set(status, "ready", json_boolean(monitor_state_ready(state)));
	set(status, "time", json_integer((json_int_t)now_s));
	set(status, "monitor_started", json_integer((json_int_t)state->started_s));
	set(status, "gate", state->gate != NULL ? json_incref(state->gate) : json_object());
	set(status, "sessions", json_integer((json_int_t)monitor_totals_get(&state->totals, COUNTER_SESSIONS)));
	set(status, "active", json_integer((json_int_t)monitor_totals_get(&state->totals, COUNTER_SESSIONS_ACTIVE)));
	set(status, "messages",
	    json_integer((json_int_t)monitor_totals_get(&state->totals, COUNTER_MESSAGES_ACCEPTED)));
	set(status, "workers", workers_json(&state->totals));
	set(status, "crowding", crowding_json(&state->totals));
	set(status, "refusals", rows_json(state->tables, monitor_tables_row, row_json));
	set(status, "relays", rows_json(state->tables, monitor_tables_relay, relay_json));
	set(status, "notices", rows_json(state->tables, monitor_tables_notice_at, notice_json));
	set(status, "recent", recent_json(state->tables));
	set(status, "forgotten", json_integer((json_int_t)monitor_tables_forgotten(state->tables)));
	set(status, "counters", counters_json(&state->totals));
	return status;
}

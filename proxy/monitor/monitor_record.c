/* monitor_record.c - see monitor_record.h. */
#include "proxy/monitor/monitor_record.h"

#include <stdio.h>
#include <string.h>

/* Both replies that the session has for a destination which seems to be a relay name the remedy in these words. */
static const char relay_remedy[] = "destination rule";

void monitor_record_of(struct monitor_record *out, const struct session_record *record, uint64_t time_s)
{
	*out = (struct monitor_record){
		.kind = record->kind,
		.outcome = history_outcome_of(record),
		.notice = record->notice,
		.time_s = time_s,
		.client = record->client,
		.destination = record->destination,
		.looks_like_relay = strstr(record->reply, relay_remedy) != NULL,
		.enforce = record->enforce,
		.decided = record->decided,
		.source = record->source,
		.level = record->level,
		.policy = record->policy,
		.result = record->result,
	};
	(void)snprintf(out->domain, sizeof(out->domain), "%s", record->domain);
	(void)snprintf(out->mx, sizeof(out->mx), "%s", record->mx);
	(void)snprintf(out->tls_version, sizeof(out->tls_version), "%s", record->tls_version);
	(void)snprintf(out->reply, sizeof(out->reply), "%s", record->reply);
	(void)snprintf(out->reason, sizeof(out->reason), "%s", record->reason);
}

static void put_endpoint(struct wire_writer *w, const struct endpoint *endpoint)
{
	wire_put_addr(w, &endpoint->addr);
	wire_put_u16(w, endpoint->port);
}

static void get_endpoint(struct wire_reader *r, struct endpoint *out)
{
	wire_get_addr(r, &out->addr);
	out->port = wire_get_u16(r);
}

void monitor_record_put(struct wire_writer *w, const struct monitor_record *record)
{
	wire_put_u8(w, (uint8_t)record->kind);
	wire_put_u8(w, (uint8_t)record->outcome);
	wire_put_u8(w, (uint8_t)record->notice);
	wire_put_u64(w, record->time_s);
	put_endpoint(w, &record->client);
	put_endpoint(w, &record->destination);
	wire_put_u8(w, record->looks_like_relay);
	wire_put_u8(w, record->enforce);
	wire_put_u8(w, record->decided);
	wire_put_u8(w, (uint8_t)record->source);
	wire_put_u8(w, (uint8_t)record->level);
	wire_put_u8(w, (uint8_t)record->policy);
	wire_put_u8(w, (uint8_t)record->result);
	wire_put_str(w, record->domain);
	wire_put_str(w, record->mx);
	wire_put_str(w, record->tls_version);
	wire_put_str(w, record->reply);
	wire_put_str(w, record->reason);
}

bool monitor_record_get(struct wire_reader *r, struct monitor_record *out)
{
	*out = (struct monitor_record){ .kind = (enum session_record_kind)wire_get_enum(r, SESSION_RECORD_COUNT) };
	out->outcome = (enum history_outcome)wire_get_enum(r, HISTORY_OUTCOME_COUNT);
	out->notice = (enum session_notice)wire_get_enum(r, SESSION_NOTICE_COUNT);
	out->time_s = wire_get_u64(r);
	get_endpoint(r, &out->client);
	get_endpoint(r, &out->destination);
	out->looks_like_relay = wire_get_bool(r);
	out->enforce = wire_get_bool(r);
	out->decided = wire_get_bool(r);
	out->source = (enum verdict_source)wire_get_enum(r, VERDICT_SOURCE_COUNT);
	out->level = (enum level)wire_get_enum(r, LEVEL_COUNT);
	out->policy = (enum demand_basis)wire_get_enum(r, DEMAND_BASIS_COUNT);
	out->result = (enum result_word)wire_get_enum(r, RESULT_COUNT);
	wire_get_str(r, out->domain, sizeof(out->domain));
	wire_get_str(r, out->mx, sizeof(out->mx));
	wire_get_str(r, out->tls_version, sizeof(out->tls_version));
	wire_get_str(r, out->reply, sizeof(out->reply));
	wire_get_str(r, out->reason, sizeof(out->reason));
	return wire_done(r);
}

bool monitor_record_send(struct ipc *ipc, const struct monitor_record *record)
{
	uint8_t body[MONITOR_RECORD_BYTES_MAX];
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	monitor_record_put(&w, record);
	return ipc != NULL && !w.failed && ipc_send(ipc, MONITOR_MSG_RECORD, body, w.len, -1);
}

void monitor_record_row(struct history_row *out, const struct monitor_record *record)
{
	bool event = record->kind == SESSION_RECORD_REFUSED || record->kind == SESSION_RECORD_REPORTED;

	*out = (struct history_row){
		.destination = record->destination,
		.policy = record->policy,
		.level = record->decided ? record->level : LEVEL_UNSET,
		.outcome = record->outcome,
		.result = event ? record->result : RESULT_NONE,
		.relay = record->looks_like_relay,
		.client = record->client.addr,
		.sessions = record->kind == SESSION_RECORD_END,
		.messages = record->kind == SESSION_RECORD_MESSAGE,
		.events = event,
	};
	(void)snprintf(out->domain, sizeof(out->domain), "%s", record->domain);
	(void)snprintf(out->tls, sizeof(out->tls), "%s", record->tls_version);
	(void)snprintf(out->mx, sizeof(out->mx), "%s", record->mx);
	if (event)
		(void)snprintf(out->reason, sizeof(out->reason), "%.*s", (int)sizeof(out->reason) - 1, record->reason);
}

/* monitor_gate.c - see monitor_gate.h. */
#include "proxy/monitor/monitor_gate.h"

#include <jansson.h>
#include <stdio.h>

#include "proxy/tls/tls.h"

static json_t *dnssec_json(const struct dnssec_report *report)
{
	return json_pack("{s:s, s:s, s:b, s:I, s:I, s:I, s:s}", "mode", report->mode, "state",
			 dnssec_state_name(report->state), "ok", (int)dnssec_state_good(report->state), "since",
			 (json_int_t)report->since_s, "tested", (json_int_t)report->tested_s, "failures",
			 (json_int_t)report->failures, "reason", report->reason);
}

static json_t *list_json(const struct monitor_list *list)
{
	return json_pack("{s:I, s:I, s:I, s:b}", "entries", (json_int_t)list->entries, "timestamp",
			 (json_int_t)list->timestamp, "expires", (json_int_t)list->expires, "copy", (int)list->is_copy);
}

static json_t *host_json(const struct monitor_host *host)
{
	char text[ENDPOINT_TEXT_MAX];
	json_t *object = json_pack("{s:s, s:s, s:I, s:I}", "destination", endpoint_format(&host->news.key.host, text),
				   "failure", host_failure_name(host->news.failure), "since", (json_int_t)host->since,
				   "until", (json_int_t)host->until);

	if (host->news.key.client.family != 0)
		(void)json_object_set_new(object, "client", json_string(addr_format(&host->news.key.client, text)));
	if (host->down_until != 0)
		(void)json_object_set_new(object, "reset_until", json_integer((json_int_t)host->down_until));
	return object;
}

static json_t *hosts_json(const struct monitor_hosts *hosts)
{
	json_t *held = json_object();
	json_t *totals = json_object();
	json_t *list = json_array();

	for (int i = HOST_FINE + 1; i < HOST_FAILURE_COUNT; i++) {
		const char *name = host_failure_name((enum host_failure)i);

		(void)json_object_set_new(held, name, json_integer((json_int_t)hosts->held[i]));
		(void)json_object_set_new(totals, name, json_integer((json_int_t)hosts->totals[i]));
	}
	for (size_t i = 0; i < hosts->count; i++)
		(void)json_array_append_new(list, host_json(&hosts->items[i]));
	return json_pack("{s:o, s:o, s:o}", "held", held, "failed", totals, "list", list);
}

char *monitor_gate_json(const struct monitor_gate *gate)
{
	bool old;
	char library[256];
	json_t *status;
	char *text;

	(void)snprintf(library, sizeof(library), "%s", tls_library(&old));
	if (old)
		(void)snprintf(library, sizeof(library), "%s%s", tls_library(NULL), TLS_OLD_NOTE);
	status = json_pack("{s:s, s:s, s:I, s:b, s:i, s:i, s:i, s:b, s:b, s:i}", "version", GATE25_VERSION,
			   "tls_library", library, "started", (json_int_t)gate->started, "ready",
			   gate->not_ready == NULL, "roles", (int)gate->roles, "roles_up", (int)gate->roles_up,
			   "generation", (int)gate->generation, "enforce", (int)gate->enforce, "rules",
			   (int)gate->rules, "repairs", (int)gate->repairs);
	if (gate->not_ready != NULL)
		(void)json_object_set_new(status, "reason", json_string(gate->not_ready));
	(void)json_object_set_new(status, "draining",
				  json_pack("{s:i, s:i}", "programs", (int)gate->draining_programs, "workers",
					    (int)gate->draining_workers));
	(void)json_object_set_new(status, "dnssec", dnssec_json(gate->dnssec));
	if (gate->list != NULL)
		(void)json_object_set_new(status, "list", list_json(gate->list));
	if (gate->hosts != NULL)
		(void)json_object_set_new(status, "hosts", hosts_json(gate->hosts));
	text = json_dumps(status, JSON_COMPACT);
	json_decref(status);
	return text;
}

/* monitor_metrics.c - the state as Prometheus' text format 0.0.4. */
#include <inttypes.h>
#include <stdio.h>

#include "proxy/monitor/monitor_state.h"

static void head(FILE *out, const char *name, const char *type, const char *help)
{
	(void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void lone(FILE *out, const char *name, const char *type, uint64_t value, const char *help)
{
	head(out, name, type, help);
	(void)fprintf(out, "%s %" PRIu64 "\n", name, value);
}

/* label writes a label's value; backslash, quote and newline are what the format escapes. */
static void label(FILE *out, const char *name, const char *value)
{
	(void)fprintf(out, "%s=\"", name);
	for (; *value != '\0'; value++) {
		if (*value == '\n')
			(void)fprintf(out, "\\n");
		else
			(void)fprintf(out, "%s%c", *value == '"' || *value == '\\' ? "\\" : "", *value);
	}
	(void)fprintf(out, "\"");
}

static void write_gate(const struct monitor_state *state, FILE *out)
{
	unsigned workers = 0;

	for (unsigned slot = 0; slot < ROLE_SLOTS_MAX; slot++)
		workers += monitor_totals_worker(&state->totals, slot) != NULL;
	head(out, "gate25_build_info", "gauge", "The program and the TLS library in it.");
	(void)fprintf(out, "gate25_build_info{");
	label(out, "version", monitor_state_text(state, "version"));
	(void)fprintf(out, ",");
	label(out, "tls_library", monitor_state_text(state, "tls_library"));
	(void)fprintf(out, "} 1\n");
	lone(out, "gate25_ready", "gauge", monitor_state_ready(state), "Whether every part of the gate is up.");
	lone(out, "gate25_workers", "gauge", workers, "Workers that run.");
	lone(out, "gate25_start_time_seconds", "gauge", monitor_state_number(state, "started"),
	     "When the gate started, seconds since 1970.");
	lone(out, "gate25_monitor_start_time_seconds", "gauge", state->started_s,
	     "When the monitor began to add up; all counters may start anew then.");
	lone(out, "gate25_config_generation", "gauge", monitor_state_number(state, "generation"),
	     "1 at start, one more at each reload.");
	lone(out, "gate25_rules_repaired_total", "counter", monitor_state_number(state, "repairs"),
	     "Times that gate25 had to put its nftables tables back.");
	lone(out, "gate25_status_rows_forgotten_total", "counter", monitor_tables_forgotten(state->tables),
	     "Rows that the status page gave up because its tables were full.");
}

static void write_dnssec(const struct monitor_state *state, FILE *out)
{
	const json_t *dnssec = json_object_get(state->gate, "dnssec");
	const char *mode = json_string_value(json_object_get(dnssec, "mode"));
	const json_int_t failures = json_integer_value(json_object_get(dnssec, "failures"));

	lone(out, "gate25_dnssec_ok", "gauge", json_is_true(json_object_get(dnssec, "ok")),
	     "Whether the last DNSSEC self-test passed, or dnssec is off.");
	head(out, "gate25_dnssec_mode", "gauge", "Who proves DNSSEC at the moment.");
	(void)fprintf(out, "gate25_dnssec_mode{");
	label(out, "mode", mode != NULL ? mode : "");
	(void)fprintf(out, "} 1\n");
	lone(out, "gate25_dnssec_selftest_failures_total", "counter", failures > 0 ? (uint64_t)failures : 0,
	     "DNSSEC self-tests that did not pass.");
}

static void write_list(const struct monitor_state *state, FILE *out)
{
	const json_t *list = json_object_get(state->gate, "list");
	const json_int_t entries = json_integer_value(json_object_get(list, "entries"));
	const json_int_t expires = json_integer_value(json_object_get(list, "expires"));

	if (list == NULL)
		return;
	lone(out, "gate25_list_entries", "gauge", entries > 0 ? (uint64_t)entries : 0,
	     "Domains on the STARTTLS-Everywhere list.");
	lone(out, "gate25_list_expires_seconds", "gauge", expires > 0 ? (uint64_t)expires : 0,
	     "When that list expires, seconds since 1970.");
	lone(out, "gate25_list_copy", "gauge", json_is_true(json_object_get(list, "copy")),
	     "Whether list-file could not be taken and the last accepted copy is in force.");
}

static void write_hosts_family(FILE *out, json_t *values, const char *name, const char *type, const char *help)
{
	const char *failure;
	json_t *value;

	head(out, name, type, help);
	json_object_foreach(values, failure, value)
	{
		(void)fprintf(out, "%s{", name);
		label(out, "failure", failure);
		(void)fprintf(out, "} %" JSON_INTEGER_FORMAT "\n", json_integer_value(value));
	}
}

static void write_hosts(const struct monitor_state *state, FILE *out)
{
	const json_t *hosts = json_object_get(state->gate, "hosts");

	if (hosts == NULL)
		return;
	write_hosts_family(out, json_object_get(hosts, "held"), "gate25_hosts_held", "gauge",
			   "Destinations that something is held against now, by failure.");
	write_hosts_family(out, json_object_get(hosts, "failed"), "gate25_hosts_failed_total", "counter",
			   "Times that something began to be held against a destination, by failure.");
}

static void write_family(const struct monitor_state *state, enum counter_family family, FILE *out)
{
	const char *name = counter_family_name(family);
	char labels[COUNTER_LABELS_MAX];

	head(out, name, counter_family_type(family) == COUNTER_TYPE_GAUGE ? "gauge" : "counter",
	     counter_family_help(family));
	for (unsigned i = 0; i < COUNTER_COUNT; i++) {
		if (counter_family((enum counter)i) == family)
			(void)fprintf(out, "%s%s %" PRIu64 "\n", name, counter_labels((enum counter)i, labels),
				      monitor_totals_get(&state->totals, (enum counter)i));
	}
}

bool monitor_metrics(const struct monitor_state *state, FILE *out)
{
	write_gate(state, out);
	write_dnssec(state, out);
	write_list(state, out);
	write_hosts(state, out);
	for (unsigned i = 0; i < COUNTER_FAMILY_COUNT; i++)
		write_family(state, (enum counter_family)i, out);
	return fflush(out) == 0 && ferror(out) == 0;
}

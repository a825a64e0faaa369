/* monitor_state.c - see monitor_state.h. */
#include "proxy/monitor/monitor_state.h"

bool monitor_state_init(struct monitor_state *state, uint64_t now_s)
{
	*state = (struct monitor_state){ .started_s = now_s, .tables = monitor_tables_new() };
	return state->tables != NULL;
}

void monitor_state_cleanup(struct monitor_state *state)
{
	monitor_totals_cleanup(&state->totals);
	monitor_tables_free(state->tables);
	json_decref(state->gate);
	*state = (struct monitor_state){ 0 };
}

bool monitor_state_gate(struct monitor_state *state, const char *text, size_t len)
{
	json_t *gate = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);

	json_decref(state->gate);
	state->gate = NULL;
	if (!json_is_object(gate)) {
		json_decref(gate);
		return false;
	}
	state->gate = gate;
	return true;
}

bool monitor_state_ready(const struct monitor_state *state)
{
	return json_is_true(json_object_get(state->gate, "ready"));
}

const char *monitor_state_text(const struct monitor_state *state, const char *key)
{
	const char *text = json_string_value(json_object_get(state->gate, key));

	return text != NULL ? text : "";
}

uint64_t monitor_state_number(const struct monitor_state *state, const char *key)
{
	json_int_t number = json_integer_value(json_object_get(state->gate, key));

	return number > 0 ? (uint64_t)number : 0;
}

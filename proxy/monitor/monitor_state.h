/* monitor_state.h - all that the monitor knows, and the forms in which it tells it: JSON, Prometheus text, a page. */
#ifndef GATE25_PROXY_MONITOR_MONITOR_STATE_H
#define GATE25_PROXY_MONITOR_MONITOR_STATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "proxy/monitor/monitor_tables.h"
#include "proxy/monitor/monitor_totals.h"

struct monitor_state {
	uint64_t started_s; /* when this process began to count, time of day */
	struct monitor_totals totals;
	struct monitor_tables *tables;
	json_t *gate; /* an object: what the parent last said of the gate; NULL before it said anything */
};

MUST_CHECK bool monitor_state_init(struct monitor_state *state, uint64_t now_s);
void monitor_state_cleanup(struct monitor_state *state);

/* monitor_state_gate takes the parent's JSON text. False: no JSON object; what was known before is forgotten, so the
 * gate counts as not ready. */
MUST_CHECK bool monitor_state_gate(struct monitor_state *state, const char *text, size_t len);
bool monitor_state_ready(const struct monitor_state *state); /* only if the parent says so */
/* What the parent said under |key|: a text ("" if nothing), a number (0). */
const char *monitor_state_text(const struct monitor_state *state, const char *key);
uint64_t monitor_state_number(const struct monitor_state *state, const char *key);

/* monitor_json returns the whole state as one new object, the caller's; out of memory it is NULL or lacks parts. Peer
 * text that is no UTF-8 comes with '?' for its octets. */
json_t *monitor_json(const struct monitor_state *state, uint64_t now_s);
/* The writers below are true if all of it was written.
 *
 * monitor_metrics writes Prometheus' text format 0.0.4. */
MUST_CHECK bool monitor_metrics(const struct monitor_state *state, FILE *out);
/* monitor_page writes the status page from what monitor_json made; all text in it is escaped here. */
MUST_CHECK bool monitor_page(const json_t *status, FILE *out);
extern const char monitor_page_style[]; /* its style sheet */
/* monitor_html writes |text| so that it is text in HTML, and inside a quoted attribute too. */
void monitor_html(FILE *out, const char *text);

/* monitor_answer is what the monitor's paths say, as monitor_http_fn; |arg| is the struct monitor_state. */
int monitor_answer(void *arg, const char *path, FILE *out, const char **out_type);

#endif

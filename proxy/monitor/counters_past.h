/* counters_past.h - what workers counted that are gone: kept by the parent, so that neither a monitor's restart nor an
 * upgrade of the program sets a metric back. */
#ifndef GATE25_PROXY_MONITOR_COUNTERS_PAST_H
#define GATE25_PROXY_MONITOR_COUNTERS_PAST_H

#include <stdbool.h>
#include <stdint.h>

#include "proxy/base/attrib.h"
#include "proxy/base/wire.h"
#include "proxy/monitor/counters.h"

/* Zero state is an empty one. Gauges stay 0: they say what is, not what was. */
struct counters_past {
	uint64_t values[COUNTER_COUNT];
};

/* counters_past_add adds what the page |fd| (which stays the caller's) says now. False: it is none that is read here.
 */
MUST_CHECK bool counters_past_add(struct counters_past *past, int fd);
void counters_past_add_page(struct counters_past *past, const struct counters *page); /* NULL: nothing */

/* counters_past_page makes a page of the values, a copy that nobody writes any more. The caller closes it; -1 with
 * errno. */
MUST_CHECK int counters_past_page(const struct counters_past *past);

/* Writer and reader go by name, since a program of another version counts other things: what the reader does not know
 * it leaves out. False: malformed. */
void counters_past_put(struct wire_writer *w, const struct counters_past *past);
MUST_CHECK bool counters_past_get(struct wire_reader *r, struct counters_past *out);

#endif

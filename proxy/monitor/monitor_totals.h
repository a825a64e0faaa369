/* monitor_totals.h - the counters of all workers, living and dead, as one set of values.
 *
 * A worker that dies takes nothing back: what its page said is added to a sum when its successor's page arrives, so
 * that counters never run backwards while the monitor lives. Gauges of a worker that is gone count as nothing. */
#ifndef GATE25_PROXY_MONITOR_MONITOR_TOTALS_H
#define GATE25_PROXY_MONITOR_MONITOR_TOTALS_H

#include <stdbool.h>
#include <stdint.h>

#include "proxy/base/role.h"
#include "proxy/monitor/counters_past.h"

struct monitor_totals {
	const struct counters *pages[ROLE_SLOTS_MAX];
	bool gone[ROLE_SLOTS_MAX]; /* its writer has left */
	struct counters_past dead;
};

/* monitor_totals_take makes |fd| (which stays the caller's) the page of |slot|. False where it is no readable page:
 * then the slot has none. */
MUST_CHECK bool monitor_totals_take(struct monitor_totals *totals, unsigned slot, int fd);
/* monitor_totals_past adds the page |fd| (which stays the caller's) of workers that are gone. */
MUST_CHECK bool monitor_totals_past(struct monitor_totals *totals, int fd);
void monitor_totals_gone(struct monitor_totals *totals, unsigned slot); /* the worker's channel ended */
void monitor_totals_cleanup(struct monitor_totals *totals);             /* zero state is clean */

uint64_t monitor_totals_get(const struct monitor_totals *totals, enum counter which);
/* monitor_totals_worker: the page of a worker that lives; NULL for none. */
const struct counters *monitor_totals_worker(const struct monitor_totals *totals, unsigned slot);

#endif

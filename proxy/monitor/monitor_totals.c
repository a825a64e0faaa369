/* monitor_totals.c - see monitor_totals.h. */
#include "proxy/monitor/monitor_totals.h"

static bool is_gauge(enum counter which)
{
	return counter_family_type(counter_family(which)) == COUNTER_TYPE_GAUGE;
}

/* bury adds the page of |slot| to the sum of the dead and lets go of it. */
static void bury(struct monitor_totals *totals, unsigned slot)
{
	counters_past_add_page(&totals->dead, totals->pages[slot]);
	counters_unmap(totals->pages[slot]);
	totals->pages[slot] = NULL;
}

bool monitor_totals_past(struct monitor_totals *totals, int fd)
{
	return counters_past_add(&totals->dead, fd);
}

bool monitor_totals_take(struct monitor_totals *totals, unsigned slot, int fd)
{
	if (slot >= ROLE_SLOTS_MAX)
		return false;
	bury(totals, slot);
	totals->gone[slot] = false;
	totals->pages[slot] = counters_map(fd);
	return totals->pages[slot] != NULL;
}

void monitor_totals_gone(struct monitor_totals *totals, unsigned slot)
{
	if (slot < ROLE_SLOTS_MAX)
		totals->gone[slot] = true;
}

void monitor_totals_cleanup(struct monitor_totals *totals)
{
	for (unsigned slot = 0; slot < ROLE_SLOTS_MAX; slot++)
		counters_unmap(totals->pages[slot]);
	*totals = (struct monitor_totals){ 0 };
}

const struct counters *monitor_totals_worker(const struct monitor_totals *totals, unsigned slot)
{
	return slot < ROLE_SLOTS_MAX && !totals->gone[slot] ? totals->pages[slot] : NULL;
}

uint64_t monitor_totals_get(const struct monitor_totals *totals, enum counter which)
{
	uint64_t sum;

	if ((unsigned)which >= COUNTER_COUNT)
		return 0;
	sum = totals->dead.values[which];
	for (unsigned slot = 0; slot < ROLE_SLOTS_MAX; slot++) {
		if (!is_gauge(which) || !totals->gone[slot])
			sum += counters_get(totals->pages[slot], which);
	}
	return sum;
}

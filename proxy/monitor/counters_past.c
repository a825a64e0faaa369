/* counters_past.c - see counters_past.h. */
#include "proxy/monitor/counters_past.h"

#include <stdio.h>
#include <string.h>

#define NAME_LEN  192
#define NAMES_MAX 4096

static bool is_gauge(enum counter which)
{
	return counter_family_type(counter_family(which)) == COUNTER_TYPE_GAUGE;
}

void counters_past_add_page(struct counters_past *past, const struct counters *page)
{
	for (unsigned i = 0; i < COUNTER_COUNT; i++) {
		if (!is_gauge((enum counter)i))
			past->values[i] += counters_get(page, (enum counter)i);
	}
}

bool counters_past_add(struct counters_past *past, int fd)
{
	const struct counters *page = counters_map(fd);

	if (page == NULL)
		return false;
	counters_past_add_page(past, page);
	counters_unmap(page);
	return true;
}

int counters_past_page(const struct counters_past *past)
{
	int fd;
	struct counters *page = counters_create(&fd);

	if (page == NULL)
		return -1;
	for (unsigned i = 0; i < COUNTER_COUNT; i++)
		counters_add(page, (enum counter)i, past->values[i]);
	counters_unmap(page);
	return fd;
}

static const char *name_of(enum counter which, char name[NAME_LEN])
{
	char labels[COUNTER_LABELS_MAX];

	(void)snprintf(name, NAME_LEN, "%s%s", counter_family_name(counter_family(which)),
		       counter_labels(which, labels));
	return name;
}

void counters_past_put(struct wire_writer *w, const struct counters_past *past)
{
	char name[NAME_LEN];

	wire_put_u16(w, COUNTER_COUNT);
	for (unsigned i = 0; i < COUNTER_COUNT; i++) {
		wire_put_str(w, name_of((enum counter)i, name));
		wire_put_u64(w, past->values[i]);
	}
}

/* take: a name that stands where it stands here too is found at once. */
static void take(struct counters_past *out, unsigned expected, const char *wanted, uint64_t value)
{
	char name[NAME_LEN];

	for (unsigned i = 0; i < COUNTER_COUNT; i++) {
		unsigned at = (expected + i) % COUNTER_COUNT;
		if (strcmp(name_of((enum counter)at, name), wanted) != 0)
			continue;
		if (!is_gauge((enum counter)at))
			out->values[at] = value;
		return;
	}
}

bool counters_past_get(struct wire_reader *r, struct counters_past *out)
{
	unsigned count = wire_get_u16(r);
	char name[NAME_LEN];

	*out = (struct counters_past){ 0 };
	if (count > NAMES_MAX)
		r->failed = true;
	for (unsigned i = 0; i < count && !r->failed; i++) {
		wire_get_str(r, name, sizeof(name));
		uint64_t value = wire_get_u64(r);
		if (!r->failed)
			take(out, i, name, value);
	}
	return !r->failed;
}

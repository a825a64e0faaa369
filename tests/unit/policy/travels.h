/* travels.h - a verdict through the message that carries it. */
#ifndef GATE25_TESTS_TRAVELS_H
#define GATE25_TESTS_TRAVELS_H

#include "policy/verdict/demand.h"

/* Whatever is decided travels, and demands the same where it arrives. */
static inline void assert_travels(const struct verdict *v, const struct addr *dst)
{
	static uint8_t bytes[WIRE_MAX];
	struct demand here;
	struct demand there;
	struct wire_writer w;
	struct wire_reader r;
	uint32_t id;

	wire_writer_init(&w, bytes, sizeof(bytes) - 2);
	verdict_put(&w, 5, v);
	assert_false(w.failed);
	wire_reader_init(&r, bytes, w.len);
	struct verdict *got = verdict_get(&r, &id);
	assert_non_null(got);
	demand_of(&here, v, dst);
	demand_of(&there, got, dst);
	assert_int_equal(here.level, there.level);
	assert_int_equal(here.hosts_count, there.hosts_count);
	assert_int_equal(demand_permits_clear(v, dst), demand_permits_clear(got, dst));
	verdict_unref(got);
}

#endif

/* fuzz_monitor_record.c - a worker's message to the monitor: what is understood reads the same when written again. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/monitor/monitor_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len);

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len)
{
	uint8_t again[MONITOR_RECORD_BYTES_MAX];
	struct monitor_record record;
	struct wire_reader r;
	struct wire_writer w;

	wire_reader_init(&r, in, in_len);
	if (!monitor_record_get(&r, &record))
		return 0;
	wire_writer_init(&w, again, sizeof(again));
	monitor_record_put(&w, &record);
	if (w.failed || w.len != in_len || memcmp(in, again, in_len) != 0)
		abort();
	return 0;
}

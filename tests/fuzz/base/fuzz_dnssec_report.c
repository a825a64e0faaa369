/* fuzz_dnssec_report.c - what a policyd that was taken over could tell the parent: refused, or printable and the same
 * when written again. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/dnssec_report.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len);

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len)
{
	uint8_t again[DNSSEC_REPORT_MAX];
	struct dnssec_report report;
	struct wire_reader r;
	struct wire_writer w;

	wire_reader_init(&r, in, in_len);
	if (!dnssec_report_get(&r, &report))
		return 0;
	wire_writer_init(&w, again, sizeof(again));
	dnssec_report_put(&w, &report);
	if (w.failed || w.len != in_len || memcmp(in, again, in_len) != 0)
		abort();
	for (const char *c = report.reason; *c != '\0'; c++) {
		if (*c < ' ' || *c > '~')
			abort();
	}
	return 0;
}

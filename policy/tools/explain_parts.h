/* explain_parts.h - the parts of explain, for its neighbours only. */
#ifndef GATE25_POLICY_TOOLS_EXPLAIN_PARTS_H
#define GATE25_POLICY_TOOLS_EXPLAIN_PARTS_H

#include "policy/tools/explain.h"

/* append adds to a text of EXPLAIN_TEXT_MAX; what does not fit is cut. */
void PRINTF_LIKE(2, 3) append(char *out, const char *format, ...);

/* The two sources that are published. */
void explain_source_sts(const struct explain *explain, struct explain_source *out);
void explain_source_list(const struct explain *explain, struct explain_source *out);

/* explain_time appends a UNIX time as 2026-11-26T17:30:00Z. */
void explain_time(char *out, uint64_t at_s);
void explain_patterns(char *out, const struct verdict_pattern *patterns, size_t count); /* appends "mx.a, *.b" */

#endif

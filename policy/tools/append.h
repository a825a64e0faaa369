/* append.h - sentences put together piece by piece. */
#ifndef GATE25_POLICY_TOOLS_APPEND_H
#define GATE25_POLICY_TOOLS_APPEND_H

#include "policy/tools/explain.h"

/* append adds to a text of EXPLAIN_TEXT_MAX; what does not fit is cut. */
void PRINTF_LIKE(2, 3) append(char *out, const char *format, ...);

#endif

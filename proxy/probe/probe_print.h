/* probe_print.h - what a probe found, for a person and for programs. Everything that came from a server or from the DNS
 * is printable ASCII there. */
#ifndef GATE25_PROXY_PROBE_PROBE_PRINT_H
#define GATE25_PROXY_PROBE_PROBE_PRINT_H

#include <stdio.h>
#include <time.h>

#include "proxy/probe/probe.h"

void probe_print(FILE *out, const struct probe *probe, time_t now);
/* One object. False: out of memory, or |out| takes no more. */
MUST_CHECK bool probe_json(FILE *out, const struct probe *probe, time_t now);

#endif

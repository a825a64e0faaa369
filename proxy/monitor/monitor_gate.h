/* monitor_gate.h - what the parent tells the monitor about the gate itself: a plain value, and its JSON form. */
#ifndef GATE25_PROXY_MONITOR_MONITOR_GATE_H
#define GATE25_PROXY_MONITOR_MONITOR_GATE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "proxy/base/dnssec_report.h"

struct monitor_gate {
	const char *not_ready; /* a sentence; NULL: the gate is ready */
	time_t started;
	unsigned roles;
	unsigned roles_up;
	uint32_t generation; /* of the configuration */
	bool enforce;
	bool rules;       /* nftables is gate25's matter here */
	unsigned repairs; /* how often its tables were put back */
	const struct dnssec_report *dnssec;
};

/* monitor_gate_json returns the body of ROLE_MSG_STATUS, which the caller frees; NULL: out of memory. */
char *monitor_gate_json(const struct monitor_gate *gate);

#endif

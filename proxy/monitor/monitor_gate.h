/* monitor_gate.h - what the parent tells the monitor about the gate itself: a plain value, and its JSON form. */
#ifndef GATE25_PROXY_MONITOR_MONITOR_GATE_H
#define GATE25_PROXY_MONITOR_MONITOR_GATE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "proxy/base/dnssec_report.h"

struct monitor_list { /* the STARTTLS-Everywhere list in force; UNIX times */
	uint64_t entries;
	uint64_t timestamp;
	uint64_t expires;
	bool is_copy; /* of the last accepted one, for list-file cannot be taken */
};

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
	const struct monitor_list *list; /* NULL: there is none */
};

/* monitor_gate_json returns the body of ROLE_MSG_STATUS, which the caller frees; NULL: out of memory. */
char *monitor_gate_json(const struct monitor_gate *gate);

#endif

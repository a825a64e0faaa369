/* monitor_gate.h - what the parent tells the monitor about the gate itself: a plain value, and its JSON form. */
#ifndef GATE25_PROXY_MONITOR_MONITOR_GATE_H
#define GATE25_PROXY_MONITOR_MONITOR_GATE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "proxy/base/dnssec_report.h"
#include "proxy/base/host_news.h"

struct monitor_list { /* the STARTTLS-Everywhere list in force; UNIX times */
	uint64_t entries;
	uint64_t timestamp;
	uint64_t expires;
	bool is_copy; /* of the last accepted one, for list-file cannot be taken */
};

#define MONITOR_HOSTS_MAX 100 /* shown; the latest */

struct monitor_host { /* what is held against a destination; UNIX times */
	struct host_news news;
	time_t since;
	time_t until;
	time_t down_until; /* new connections to it are refused by nftables; 0: they are not */
};

struct monitor_hosts {
	unsigned held[HOST_FAILURE_COUNT];   /* now, shown or not */
	uint64_t totals[HOST_FAILURE_COUNT]; /* since the start */
	size_t count;
	struct monitor_host items[MONITOR_HOSTS_MAX];
};

struct monitor_gate {
	const char *not_ready; /* a sentence; NULL: the gate is ready */
	time_t started;
	unsigned roles;
	unsigned roles_up;
	uint32_t generation;        /* of the configuration */
	unsigned draining_workers;  /* of programs before an upgrade, finishing their sessions */
	unsigned draining_programs; /* so many */
	bool enforce;
	bool rules;       /* nftables is gate25's matter here */
	unsigned repairs; /* how often its tables were put back */
	const struct dnssec_report *dnssec;
	const struct monitor_list *list; /* NULL: there is none */
	const struct monitor_hosts *hosts;
};

/* monitor_gate_json returns the body of ROLE_MSG_STATUS, which the caller frees; NULL: out of memory. */
char *monitor_gate_json(const struct monitor_gate *gate);

#endif

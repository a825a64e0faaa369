/* specs.h - a gate_spec that is good, for tests to spoil. */
#ifndef GATE25_TESTS_SPECS_H
#define GATE25_TESTS_SPECS_H

#include "netfilter/gate.h"

static char *spec_interfaces[] = { (char[]){ "lan0" } };
static uint16_t spec_ports[] = { 25 };
static uid_t spec_uids[] = { 7 };

/* 10.0.0.0/8 and fd00::/8 are sources; 192.0.2.0/24 is exempt, and 10.9.9.9 as a source. */
static inline struct gate_spec spec_good(void)
{
	static struct prefix sources[2];
	static struct prefix exempt[1];
	static struct prefix exempt_source[1];

	if (!prefix_parse(&sources[0], "10.0.0.0/8") || !prefix_parse(&sources[1], "fd00::/8") ||
	    !prefix_parse(&exempt[0], "192.0.2.0/24") || !prefix_parse(&exempt_source[0], "10.9.9.9"))
		return (struct gate_spec){ 0 };
	return (struct gate_spec){
		.scope_local = true,
		.scope_forward = true,
		.interfaces = { .items = spec_interfaces, .count = 1 },
		.sources = { .items = sources, .count = 2 },
		.exempt = { .items = exempt, .count = 1 },
		.exempt_source = { .items = exempt_source, .count = 1 },
		.exempt_uids = spec_uids,
		.exempt_uids_count = 1,
		.ports = spec_ports,
		.ports_count = 1,
		.listen_port = 825,
		.own_uid = 825,
		.mark_own = 0x08000000,
		.mark_tproxy = 0x10000000,
		.ctmark_approved = 0x20000000,
		.ctmark_local = 0x40000000,
		.route_table = 825,
		.mark_seen = 0x04000000,
	};
}

#endif

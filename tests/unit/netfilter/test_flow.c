/* Which tracked connections are outbound, in clear and past the gate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>

#include "netfilter/flow.h"
#include "tests/unit/netfilter/specs.h"

#define APPROVED 0x20000000U
#define LOCAL    0x40000000U

static const struct {
	const char *name;
	const char *from, *to, *replies_from;
	uint16_t port;
	uint16_t replies_port;
	uint32_t mark;
	uint8_t protocol;
	bool dnat;
	bool both, local_only, forward_only; /* what is expected in each scope */
} cases[] = {
	{ "from inside", "10.1.1.1", "203.0.113.9", NULL, 25, 0, 0, IPPROTO_TCP, false, true, false, true },
	{ "from inside, IPv6", "fd00::5", "2001:db8::9", NULL, 25, 0, 0, IPPROTO_TCP, false, true, false, true },
	{ "of this host", "198.51.100.1", "203.0.113.9", NULL, 25, 0, 0, IPPROTO_TCP, false, true, true, false },
	{ "of this host, IPv6", "2001:db8::1", "2001:db8::9", NULL, 25, 0, 0, IPPROTO_TCP, false, true, true, false },
	{ "foreign mark bits", "10.1.1.1", "203.0.113.9", NULL, 25, 0, 0x1ff, IPPROTO_TCP, false, true, false, true },
	{ "port rewritten", "10.1.1.1", "203.0.113.9", "203.0.113.9", 25, 2525, 0, IPPROTO_TCP, true, true, false,
	  true },
	{ "approved", "10.1.1.1", "203.0.113.9", NULL, 25, 0, APPROVED, IPPROTO_TCP, false, false, false, false },
	{ "hairpin", "10.1.1.1", "203.0.113.9", NULL, 25, 0, LOCAL, IPPROTO_TCP, false, false, false, false },
	{ "to this host", "10.1.1.1", "198.51.100.1", NULL, 25, 0, 0, IPPROTO_TCP, false, false, false, false },
	{ "to loopback", "127.0.0.1", "127.0.0.9", NULL, 25, 0, 0, IPPROTO_TCP, false, false, false, false },
	{ "inbound", "203.0.113.9", "10.1.1.1", NULL, 25, 0, 0, IPPROTO_TCP, false, false, false, false },
	{ "at the listener", "10.1.1.1", "203.0.113.9", "198.51.100.1", 25, 825, 0, IPPROTO_TCP, true, false, false,
	  false },
	{ "another host's 825", "10.1.1.1", "203.0.113.9", "203.0.113.8", 25, 825, 0, IPPROTO_TCP, true, true, false,
	  true },
	{ "exempt destination", "10.1.1.1", "192.0.2.7", NULL, 25, 0, 0, IPPROTO_TCP, false, false, false, false },
	{ "exempt source", "10.9.9.9", "203.0.113.9", NULL, 25, 0, 0, IPPROTO_TCP, false, false, false, false },
	{ "another port", "10.1.1.1", "203.0.113.9", NULL, 587, 0, 0, IPPROTO_TCP, false, false, false, false },
	{ "UDP", "10.1.1.1", "203.0.113.9", NULL, 25, 0, 0, IPPROTO_UDP, false, false, false, false },
	{ "not a source", "172.16.1.1", "203.0.113.9", NULL, 25, 0, 0, IPPROTO_TCP, false, false, false, false },
};

static void check(size_t i, const struct flow_judge *judge, bool expected)
{
	struct flow flow = {
		.protocol = cases[i].protocol,
		.to = { .port = cases[i].port },
		.replies_from = { .port = cases[i].replies_port },
		.mark = cases[i].mark,
		.dnat = cases[i].dnat,
	};

	assert_true(addr_parse(&flow.from.addr, cases[i].from) && addr_parse(&flow.to.addr, cases[i].to));
	if (cases[i].replies_from != NULL)
		assert_true(addr_parse(&flow.replies_from.addr, cases[i].replies_from));
	if (flow_is_clear(judge, &flow) != expected)
		fail_msg("%s: expected %d", cases[i].name, expected);
}

static void check_all(bool local, bool forward, struct prefix_list *own)
{
	struct gate_spec spec = spec_good();
	struct flow_judge judge;
	struct flow nothing = { 0 };

	spec.scope_local = local;
	spec.scope_forward = forward;
	assert_true(flow_judge_init(&judge, &spec, own));
	for (size_t i = 0; i < COUNT(cases); i++)
		check(i, &judge,
		      local && forward ? cases[i].both
		      : local          ? cases[i].local_only
				       : cases[i].forward_only);
	assert_false(flow_is_clear(&judge, &nothing));
	flow_judge_cleanup(&judge);
}

static void test_flows(void **unused)
{
	struct prefix items[3];
	struct prefix_list own = { .items = items, .count = 3 };

	(void)unused;
	assert_true(prefix_parse(&items[0], "198.51.100.1") && prefix_parse(&items[1], "2001:db8::1") &&
		    prefix_parse(&items[2], "127.0.0.0/8"));
	check_all(true, true, &own);
	check_all(true, false, &own);
	check_all(false, true, &own);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_flows) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

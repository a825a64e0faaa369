/* What gate_spec_check refuses, and what the rules' text holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "netfilter/down.h"
#include "netfilter/fence.h"
#include "netfilter/rules_text.h"
#include "tests/unit/netfilter/specs.h"

static void no_scope(struct gate_spec *s)
{
	s->scope_local = s->scope_forward = false;
}
static void no_mark(struct gate_spec *s)
{
	s->mark_own = 0;
}
static void two_bits(struct gate_spec *s)
{
	s->mark_tproxy = 3;
}
static void shared_bit(struct gate_spec *s)
{
	s->ctmark_local = s->mark_own;
}
static void uid_root(struct gate_spec *s)
{
	s->own_uid = 0;
}
static void uid_nobody(struct gate_spec *s)
{
	s->own_uid = 65534;
}
static void uid_unset(struct gate_spec *s)
{
	s->own_uid = (uid_t)-1;
}
static void uid_exempt(struct gate_spec *s)
{
	s->own_uid = 7;
}
static void no_ports(struct gate_spec *s)
{
	s->ports_count = 0;
}
static void no_listener(struct gate_spec *s)
{
	s->listen_port = 0;
}
static void loop(struct gate_spec *s)
{
	s->listen_port = 25;
}
static void no_interfaces(struct gate_spec *s)
{
	s->interfaces.count = 0;
}
static void no_sources(struct gate_spec *s)
{
	s->sources.count = 0;
}
static void no_table(struct gate_spec *s)
{
	s->route_table = 0;
}
static void main_table(struct gate_spec *s)
{
	s->route_table = 254;
}
static void uid_alone(struct gate_spec *s)
{
	s->by_uid_alone = true;
}

static void loopback(struct gate_spec *s)
{
	static char name[] = "lo";
	static char *lo[] = { name };

	s->interfaces.items = lo;
}

static void long_name(struct gate_spec *s)
{
	static char letters[] = "sixteen-letters-";
	static char *name[] = { letters };

	s->interfaces.items = name;
}

static void test_refused(void **unused)
{
	void (*const spoil[])(struct gate_spec *) = {
		no_scope,    no_mark, two_bits,      shared_bit, uid_root, uid_nobody, uid_unset, uid_exempt, no_ports,
		no_listener, loop,    no_interfaces, no_sources, no_table, main_table, uid_alone, loopback,   long_name,
	};
	struct gate_spec spec = spec_good();
	char err[GATE_ERR_MAX];

	(void)unused;
	assert_true(gate_spec_check(&spec, err, sizeof(err)));
	for (size_t i = 0; i < COUNT(spoil); i++) {
		spec = spec_good();
		spoil[i](&spec);
		err[0] = '\0';
		assert_false(gate_spec_check(&spec, err, sizeof(err)));
		assert_true(strlen(err) > 10);
		assert_null(rules_text(&spec, false, err, sizeof(err)));
	}
	spec = (struct gate_spec){ 0 };
	assert_false(gate_spec_check(&spec, err, sizeof(err)));
}

static size_t occurrences(const char *text, const char *what)
{
	size_t count = 0;

	while ((text = strstr(text, what)) != NULL) {
		text += strlen(what);
		count++;
	}
	return count;
}

static void expect(const struct gate_spec *spec, bool guard_only, const char *what, size_t count)
{
	char err[GATE_ERR_MAX];
	char *text = rules_text(spec, guard_only, err, sizeof(err));

	assert_non_null(text);
	if (occurrences(text, what) != count)
		fail_msg("\"%s\" is there %zu times, not %zu, in:\n%s", what, occurrences(text, what), count, text);
	free(text);
}

static void test_text(void **unused)
{
	struct gate_spec spec = spec_good();

	(void)unused;
	expect(&spec, false, "table inet gate25_guard {", 1);
	expect(&spec, false, "table inet gate25 {", 1);
	expect(&spec, true, "table inet gate25 {", 0);
	expect(&spec, false, "elements = { 192.0.2.0/24 }", 2); /* exempt in both tables */
	expect(&spec, false, "elements = { 10.9.9.9 }", 2);
	expect(&spec, false, "elements = { \"lan0\" }", 2);
	expect(&spec, false, "tproxy ip to :825", 1);
	expect(&spec, false, "tproxy ip6 to :825", 1);
	expect(&spec, false, "redirect to :825", 1); /* local */
	expect(&spec, false, GATE_SELFTEST_TUN, 0);
	/* Each judging chain ends in an unconditional reject: forward, output, listener, tproxy. */
	expect(&spec, false, "\t\tmeta l4proto tcp counter reject with tcp reset\n\t}", 4);
	expect(&spec, false, "socket mark & 0x08000000 != 0x08000000 counter reject with tcp reset", 1);
	/* Those, the listener's other, and four of hosts that are down. */
	expect(&spec, false, "reject", 9);
	expect(&spec, false, "established", 0);
	spec.source = CONF_SOURCE_GATEWAY;
	expect(&spec, false, "tproxy", 0);
	expect(&spec, false, "redirect to :825", 3);
	spec.scope_forward = false;
	expect(&spec, false, "redirect to :825", 1);
	expect(&spec, false, "forward", 0);
	spec = spec_good();
	spec.scope_local = false;
	expect(&spec, false, "redirect", 0);
	expect(&spec, false, "reject", 6); /* port 25 of this host is not judged, gate25's own is approved */
	expect(&spec, false, "meta skuid 825 meta mark & 0x08000000 == 0x08000000 jump approve", 1);
	spec.selftest = true;
	expect(&spec, false, GATE_SELFTEST_TUN, 2);
	spec = spec_good();
	spec.scope_forward = false;
	spec.by_uid_alone = true;
	expect(&spec, false, "socket mark", 0);
	expect(&spec, false, "meta mark", 0);
	expect(&spec, false, "ct status dnat", 1);
	expect(&spec, false, "socket transparent", 0);
}

/* Whose: each client's where servers see it, else everybody's. Behind what is exempt, ahead of interception, of new
 * connections only; and none where nobody could fill the sets. */
static void test_down(void **unused)
{
	struct gate_spec spec = spec_good();

	(void)unused;
	expect(&spec, false, "set down4 {\n\t\ttype ipv4_addr . ipv4_addr . inet_service\n\t\tflags timeout\n\t}\n", 1);
	expect(&spec, false, "set down6 {\n\t\ttype ipv6_addr . ipv6_addr . inet_service\n\t\tflags timeout\n\t}\n", 1);
	expect(&spec, false,
	       "\t\tip saddr @exempt_source4 accept\n"
	       "\t\tct state new,untracked ip saddr . ip daddr . tcp dport @down4 counter reject with tcp reset\n"
	       "\t\tct state new,untracked ip6 saddr . ip6 daddr . tcp dport @down6 counter reject with tcp reset\n"
	       "\t\tip saddr @sources4 ",
	       1);
	expect(&spec, false, "@down", 4);
	expect(&spec, true, "down", 0);
	spec.source = CONF_SOURCE_GATEWAY;
	expect(&spec, false, "set down4 {\n\t\ttype ipv4_addr . inet_service\n", 1);
	expect(&spec, false,
	       "\t\tct state new,untracked ip daddr . tcp dport @down4 counter reject with tcp reset\n"
	       "\t\tct state new,untracked ip6 daddr . tcp dport @down6 counter reject with tcp reset\n"
	       "\t\tmeta l4proto tcp redirect to :825\n",
	       1);
	spec.scope_forward = false;
	spec.by_uid_alone = true;
	expect(&spec, false, "down", 0);
}

/* A rule for each interface, port and family, and the bit that lets pass: given last of all in prerouting. */
static void test_fence(void **unused)
{
	struct gate_spec spec = spec_good();
	uint16_t ports[] = { 25, 2525 };
	char err[GATE_ERR_MAX];
	char *text = fence_text(&spec);

	(void)unused;
	assert_string_equal(text, "");
	free(text);
	expect(&spec, false, "seen_prerouting", 0);
	spec.fence = true;
	spec.ports = ports;
	spec.ports_count = 2;
	expect(&spec, true,
	       "\tchain seen_prerouting {\n\t\ttype filter hook prerouting priority 300; policy accept;\n"
	       "\t\tiifname @inside tcp dport @ports meta mark set meta mark | 0x04000000\n"
	       "\t\ttcp sport @ports meta mark set meta mark | 0x04000000\n\t}\n",
	       1);
	text = fence_text(&spec);
	assert_string_equal(text,
			    "# ip rule add pref 27 iif lan0 ipproto tcp dport 25 fwmark 0/0x04000000 prohibit\n"
			    "# ip rule add pref 27 iif lan0 ipproto tcp dport 2525 fwmark 0/0x04000000 prohibit\n"
			    "# ip -6 rule add pref 27 iif lan0 ipproto tcp dport 25 fwmark 0/0x04000000 prohibit\n"
			    "# ip -6 rule add pref 27 iif lan0 ipproto tcp dport 2525 fwmark 0/0x04000000 prohibit\n");
	free(text);
	spec.scope_forward = false;
	assert_false(gate_spec_check(&spec, err, sizeof(err)));
	assert_non_null(strstr(err, "fence"));
	spec = spec_good();
	spec.mark_seen = spec.mark_tproxy;
	assert_false(gate_spec_check(&spec, err, sizeof(err)));
}

static struct down_host down_of(const char *client, const char *host)
{
	struct down_host down = { .seconds = 60 };

	assert_true(endpoint_parse(&down.host, host, 25));
	assert_true(client == NULL || addr_parse(&down.client, client));
	return down;
}

/* As the kernel has it: each part filled up to four octets. */
static void test_down_key(void **unused)
{
	uint8_t key[DOWN_KEY_MAX];
	struct down_host down = down_of(NULL, "198.51.100.7:2525");

	(void)unused;
	assert_int_equal(down_key(&down, key), 8);
	assert_memory_equal(key, "\xc6\x33\x64\x07\x09\xdd\x00\x00", 8);
	down = down_of("10.0.0.9", "198.51.100.7");
	assert_int_equal(down_key(&down, key), 12);
	assert_memory_equal(key, "\x0a\x00\x00\x09\xc6\x33\x64\x07\x00\x19\x00\x00", 12);
	down = down_of(NULL, "2001:db8::7");
	assert_int_equal(down_key(&down, key), 20);
	down = down_of("fd00::9", "2001:db8::7");
	assert_int_equal(down_key(&down, key), 36);
	down = down_of("10.0.0.9", "2001:db8::7");
	assert_int_equal(down_key(&down, key), 0);
	down = (struct down_host){ .seconds = 1 };
	assert_int_equal(down_key(&down, key), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused), cmocka_unit_test(test_text),     cmocka_unit_test(test_down),
		cmocka_unit_test(test_fence),   cmocka_unit_test(test_down_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

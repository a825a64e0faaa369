/* What gate_spec_check refuses, and what the rules' text holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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
	expect(&spec, false, "reject", 5);
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
	expect(&spec, false, "reject", 4); /* port 25 of this host is not judged, gate25's own is approved */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

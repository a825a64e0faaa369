/* test_dnssec.c - what a configuration means for the DNS, as a table: whose AD bit is believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "policy/dns/dnssec.h"

static void plan_of(struct dnssec_plan *plan, const char *text, const char *anchors)
{
	struct conf conf;

	assert_true(conf_parse(&conf, "test.conf", text, NULL, NULL));
	dnssec_plan(plan, &conf, anchors);
	conf_cleanup(&conf);
}

static void test_modes(void **state)
{
	static const struct {
		const char *text;
		const char *modes; /* names in order, each with a blank */
	} cases[] = {
		{ "resolvers = {127.0.0.1}", "trust-ad validate " },
		{ "resolvers = {127.0.0.53, [::1]:5353}", "trust-ad validate " },
		{ "resolvers = {127.0.0.1, 192.0.2.1}", "validate " },
		{ "resolvers = {192.0.2.1}", "validate " },
		{ "resolvers = {127.0.0.1, 192.0.2.1} trusted-resolvers = {192.0.2.1}", "trust-ad validate " },
		{ "resolvers = {192.0.2.2} trusted-resolvers = {192.0.2.1}", "validate " },
		{ "resolvers = {127.0.0.1} dnssec = trust-ad", "trust-ad " },
		{ "resolvers = {127.0.0.1, 192.0.2.1} dnssec = trust-ad", "trust-ad " },
		{ "resolvers = {192.0.2.1} dnssec = trust-ad", "" },
		{ "resolvers = {2001:db8::1} dnssec = trust-ad trusted-resolvers = {2001:db8::1}", "trust-ad " },
		{ "resolvers = {127.0.0.1} dnssec = validate", "validate " },
		{ "resolvers = {127.0.0.1} dnssec = validate recursion = yes", "validate " },
		{ "resolvers = {127.0.0.1} dnssec = off", "off " },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct dnssec_plan plan;
		char modes[64] = "";
		plan_of(&plan, cases[i].text, NULL);
		for (size_t k = 0; k < plan.modes_count; k++) {
			(void)strcat(modes, dnssec_mode_name(plan.modes[k]));
			(void)strcat(modes, " ");
		}
		if (strcmp(modes, cases[i].modes) != 0)
			fail_msg("%s: %s", cases[i].text, modes);
		assert_int_equal(plan.problem[0] != '\0', plan.modes_count == 0);
	}
}

/* Only who is trusted is asked where the AD bit counts; all are where gate25 proves. */
static void test_who_is_asked(void **state)
{
	static const char text[] = "resolvers = {192.0.2.1, 127.0.0.1:5300, [2001:db8::1]:54}\n"
				   "trusted-resolvers = {2001:db8::1}";
	static const char anchors[] = ". DS 1 8 2 00";
	struct dnssec_plan plan;
	struct dns_options options;

	(void)state;
	plan_of(&plan, text, anchors);
	options = dnssec_plan_options(&plan, DNS_TRUST_AD);
	assert_int_equal(options.mode, DNS_TRUST_AD);
	assert_int_equal(options.resolvers_count, 2);
	assert_int_equal(options.resolvers[0].at.port, 5300);
	assert_int_equal(options.resolvers[1].at.port, 54);
	assert_true(options.resolvers[0].trusted && options.resolvers[1].trusted);
	assert_null(options.trust_anchors);
	options = dnssec_plan_options(&plan, DNS_VALIDATE);
	assert_int_equal(options.resolvers_count, 3);
	assert_int_equal(options.resolvers[0].at.port, 53);
	assert_false(options.resolvers[0].trusted);
	assert_false(options.recurse);
	assert_string_equal(options.trust_anchors, anchors);
	options = dnssec_plan_options(&plan, DNS_OFF);
	assert_int_equal(options.mode, DNS_OFF);
	assert_int_equal(options.resolvers_count, 3);
	assert_true(options.limits.deadline_ms > 0);
}

static void test_recursion(void **state)
{
	struct dnssec_plan plan;
	struct dns_options options;
	struct addr root;

	(void)state;
	assert_true(addr_parse(&root, "198.51.100.53"));
	plan_of(&plan, "dnssec = validate recursion = yes root-servers = {198.51.100.53, 2001:db8::53}", NULL);
	options = dnssec_plan_options(&plan, DNS_VALIDATE);
	assert_true(options.recurse);
	assert_int_equal(options.resolvers_count, 0);
	assert_int_equal(options.root_servers_count, 2);
	assert_true(addr_equal(&options.root_servers[0], &root));
	plan_of(&plan, "resolvers = {127.0.0.1} dnssec = validate", NULL);
	options = dnssec_plan_options(&plan, DNS_VALIDATE);
	assert_false(options.recurse);
	assert_int_equal(options.resolvers_count, 1);
	assert_int_equal(options.root_servers_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_who_is_asked),
		cmocka_unit_test(test_recursion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

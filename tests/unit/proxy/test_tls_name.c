/* Names in certificates against names of hosts: proxy/tls_name.h. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proxy/base/attrib.h"
#include "proxy/tls/tls_name.h"

#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *presented; /* '|' stands for a NUL octet */
	const char *reference;
	bool subdomains;
	bool matches;
} cases[] = {
	{ "mx.example.com", "mx.example.com", false, true },
	{ "MX.Example.COM", "mx.example.com", false, true },
	{ "mx.example.com", "MX.EXAMPLE.COM", false, true },
	{ "mx.example.com", "mx.example.com.", false, true },
	{ "mx.example.com.", "mx.example.com", false, false },
	{ "mx.example.com.", "mx.example.com.", false, false },
	{ "mx.example.com", "mx.example.com..", false, false },
	{ "mx1.example.com", "mx.example.com", false, false },
	{ "example.com", "mx.example.com", false, false },
	{ "mx.example.com", "example.com", false, false },
	{ "mx.example.com", "", false, false },
	{ "", "mx.example.com", false, false },
	{ "", "", false, false },
	{ "mx|.example.com", "mx.example.com", false, false },
	{ "mx.example.com|", "mx.example.com", false, false },
	{ "mx.example.com|.evil.test", "mx.example.com", false, false },
	{ "mx.example.com ", "mx.example.com", false, false },
	{ "mx..example.com", "mx..example.com", false, false },
	{ ".example.com", ".example.com", false, false },
	{ "mx_1.example.com", "mx_1.example.com", false, true },
	{ "mx-1.example.com", "mx-1.example.com", false, true },
	{ "m\xc3\xbcx.example.com", "m\xc3\xbcx.example.com", false, false },
	{ "192.0.2.1", "192.0.2.1", false, false },
	{ "localhost", "localhost", false, true },
	{ L63 ".example.com", L63 ".example.com", false, true },
	{ "a" L63 ".example.com", "a" L63 ".example.com", false, false },
	{ L63 "." L63 "." L63 "." L63, L63 "." L63 "." L63 "." L63, false, false }, /* 255 octets */
	/* wildcards */
	{ "*.example.com", "mx.example.com", false, true },
	{ "*.EXAMPLE.com", "MX.example.COM", false, true },
	{ "*.example.com", "mx.example.com.", false, true },
	{ "*.example.com", "example.com", false, false },
	{ "*.example.com", "a.mx.example.com", false, false },
	{ "*.example.com", ".example.com", false, false },
	{ "*.mx.example.com", "a.mx.example.com", false, true },
	{ "*.com", "example.com", false, false },
	{ "*.com", "mx.example.com", false, false },
	{ "*", "example.com", false, false },
	{ "*", "com", false, false },
	{ "*.", "com.", false, false },
	{ "**.example.com", "mx.example.com", false, false },
	{ "*x.example.com", "mx.example.com", false, false },
	{ "m*.example.com", "mx.example.com", false, false },
	{ "*.*.com", "mx.example.com", false, false },
	{ "mx.*.com", "mx.example.com", false, false },
	{ "*.example.com", "*.example.com", false, false },
	{ "*.2.0.192", "1.2.0.192", false, false },
	{ "*..example.com", "mx.example.com", false, false },
	/* .example.com, as Postfix's dot-nexthop */
	{ "mx.example.com", "example.com", true, true },
	{ "a.b.mx.example.com", "example.com", true, true },
	{ "MX.EXAMPLE.com", "example.COM", true, true },
	{ "example.com", "example.com", true, false },
	{ "badexample.com", "example.com", true, false },
	{ "*.example.com", "example.com", true, true },
	{ "*.mx.example.com", "example.com", true, true },
	{ "*.com", "com", true, false },
	{ "*.com", "example.com", true, false },
	{ "mx|.example.com", "example.com", true, false },
	{ "mx.example.com", "", true, false },
	{ "mx.example.com.evil.test", "example.com", true, false },
};

static void names_match_as_the_table_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char presented[300];
		size_t len = strlen(cases[i].presented);
		for (size_t k = 0; k < len; k++)
			presented[k] = (char)(cases[i].presented[k] == '|' ? '\0' : cases[i].presented[k]);
		bool matches = tls_name_matches(presented, len, cases[i].reference, cases[i].subdomains);
		if (matches != cases[i].matches)
			fail_msg("\"%s\" for \"%s\" (subdomains %d): %d", cases[i].presented, cases[i].reference,
				 cases[i].subdomains, matches);
	}
}

/* What the pattern *.example.com of a policy allows (RFC 8461 s. 4.1). */
static void children_are_one_label_below(void **state)
{
	static const struct {
		const char *presented;
		const char *parent;
		bool is;
	} rows[] = {
		{ "mx.example.com", "example.com", true },
		{ "MX.EXAMPLE.com", "example.COM", true },
		{ "*.example.com", "example.com", true },
		{ "*.EXAMPLE.com", "example.com", true },
		{ "mx.example.com", "example.com.", true },
		{ "mx.com", "com", true },
		{ "example.com", "example.com", false },
		{ "a.mx.example.com", "example.com", false },
		{ "*.mx.example.com", "example.com", false },
		{ "badexample.com", "example.com", false },
		{ ".example.com", "example.com", false },
		{ "mx.example.com.", "example.com", false },
		{ "*.com", "com", false },
		{ "*.com", "example.com", false },
		{ "*", "com", false },
		{ "com", "", false },
		{ "m*.example.com", "example.com", false },
		{ "*.*.example.com", "example.com", false },
		{ "mx.example.com.evil", "com.evil", false },
		{ "", "example.com", false },
		{ "1.2.0.192", "2.0.192", false },
		{ "mx.example.com", "*.example.com", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (tls_name_is_child(rows[i].presented, strlen(rows[i].presented), rows[i].parent) != rows[i].is)
			fail_msg("\"%s\" below \"%s\"", rows[i].presented, rows[i].parent);
	assert_false(tls_name_is_child("mx\0.example.com", 15, "example.com"));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(names_match_as_the_table_says),
					    cmocka_unit_test(children_are_one_label_below) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

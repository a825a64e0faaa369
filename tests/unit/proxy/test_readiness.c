/* test_readiness.c - what a start waits for and what is said of readiness, as scripts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "proxy/base/attrib.h"
#include "proxy/parent/readiness.h"

/* Events: u, d roles are up, down; p, x the interception's self-test is over: passed, failed; DNSSEC: t testing, o off,
 * g proved, s silent, n unproved; * it is an upgrade; w, v DANE is wanted, no more wanted (by a reload).
 * Steps after each: T test, F fail, A announce, R ready, N not ready; '.' none. After the slash what is lacking: r
 * roles, p paths, d DNSSEC, - nothing. */
static const struct {
	const char *what;
	bool intercepts;
	bool wants_dane;
	const char *events;
	const char *says;
} scripts[] = {
	{ "all is well", true, true, "tugp", "./r T/d ./- AR/-" },
	{ "DNSSEC is the last", true, true, "tupg", "./r T/d ./d AR/-" },
	{ "no interception", false, true, "tug", "./r ./d AR/-" },
	{ "DANE is not wanted: nothing is waited for", true, false, "tup", "./r T/- AR/-" },
	{ "nor does it matter what DNSSEC does", true, false, "nupsgn", "./r T/- AR/- ./- ./- ./-" },
	{ "nobody proves", true, true, "tun", "./r T/d F/d" },
	{ "nobody proves, known before the roles are up", true, true, "tnupg", "./r F/r ./d ./d ./-" },
	{ "nobody answers, then somebody proves", true, true, "tusspsg", "./r T/d ./d ./d AN/d ./d R/-" },
	{ "nobody answers, then nobody proves: too late to fail", true, true, "upsn", "T/d ./d AN/d ./d" },
	{ "off", true, true, "oup", "./r T/- AR/-" },
	{ "stops being proved, and is again", false, true, "ugngngs", "./d AR/- N/d R/- N/d R/- N/d" },
	{ "a test under way says nothing", false, true, "ugtg", "./d AR/- ./d ./-" },
	{ "policyd died and found nothing when it was back", false, true, "ugdtusg", "./d AR/- ./r ./r ./d N/d R/-" },
	{ "a role that comes back begins no second test", true, true, "gupdu", "./r T/- AR/- ./r ./-" },
	{ "the paths fail: announced all the same", true, true, "gux", "./r T/- AR/p" },
	{ "an upgrade does not fail, whoever proves nothing", true, true, "*tunp", "./r ./r T/d ./d AN/d" },
	{ "a reload that wants DANE, unproved", false, false, "nuwvw", "./r AR/- N/d R/- N/d" },
};

static void happen(struct readiness *r, char event)
{
	switch (event) {
	case '*': r->resumed = true; break;
	case 'u': r->roles_up = true; break;
	case 'd': r->roles_up = false; break;
	case 'p': r->test_over = true; break;
	case 'x': r->test_over = r->test_failed = true; break;
	case 't': r->dnssec = DNSSEC_TESTING; break;
	case 'o': r->dnssec = DNSSEC_OFF; break;
	case 'g': r->dnssec = DNSSEC_PROVED; break;
	case 's': r->dnssec = DNSSEC_SILENT; break;
	case 'n': r->dnssec = DNSSEC_UNPROVED; break;
	case 'w': r->wants_dane = true; break;
	default: r->wants_dane = false; break;
	}
}

static void test_scripts(void **state)
{
	static const char steps[] = { '.', 'T', 'F', 'A', 'R', 'N' };
	static const char lacks[] = { '-', 'r', 'p', 'd' };

	(void)state;
	for (size_t i = 0; i < COUNT(scripts); i++) {
		struct readiness r = { .intercepts = scripts[i].intercepts, .wants_dane = scripts[i].wants_dane };
		char says[256] = "";
		size_t len = 0;
		for (const char *event = scripts[i].events; *event != '\0'; event++) {
			enum readiness_step step;
			size_t before;
			happen(&r, *event);
			if (len > 0)
				says[len++] = ' ';
			before = len;
			while ((step = readiness_next(&r)) != READINESS_WAIT)
				says[len++] = steps[step];
			if (len == before)
				says[len++] = '.';
			says[len++] = '/';
			says[len++] = lacks[readiness_lacks(&r)];
		}
		if (strcmp(says, scripts[i].says) != 0)
			fail_msg("%s: %s\nis        %s\nshould be %s", scripts[i].what, scripts[i].events, says,
				 scripts[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_scripts) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_dnssec_machine.c - when the DNSSEC self-test is made and which mode is in force then: scripts of events, and
 * what is to be done after each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "policy/dns/dnssec_machine.h"

/* A configuration by one letter: A auto with two modes, T trust-ad, V validate, O off, 0 none possible; R (restart)
 * goes before it. Events: p proved, u unproved, s silent, t timer, + a minute goes by. After each event: [mode in
 * force]/[state] with state t(esting) o(ff) p s u, then what is to be done: >MODE test it, =N wait N seconds, ! another
 * mode, and the news P S F f. */
struct script {
	const char *what;
	bool wanted;
	const char *events;
	const char *says;
};

static const struct script scripts[] = {
	{ "the resolver proves", true, "A p", "T/t>T! T/p=3600P" },
	{ "gate25 itself proves", true, "A u p", "T/t>T! T/t>V V/p=3600!P" },
	{ "validate alone", true, "V p", "V/t>V! V/p=3600P" },
	{ "off", true, "O t", "O/o! O/o" },
	{ "nobody proves: it stays as it was", true, "A u u", "T/t>T! T/t>V T/u=1F" },
	{ "one silent, one unproved", true, "A s u", "T/t>T! T/t>V T/u=1F" },
	{ "one unproved, one silent", true, "A u s", "T/t>T! T/t>V T/u=1F" },
	{ "nobody answers", true, "A s s", "T/t>T! T/t>V T/s=1F" },
	{ "the back-off", true, "T s t s t s t s t s t s t s t s t s t s t s",
	  "T/t>T! T/s=1F T/s>T T/s=2f T/s>T T/s=4f T/s>T T/s=8f T/s>T T/s=16f T/s>T T/s=32f T/s>T T/s=64f T/s>T "
	  "T/s=128f "
	  "T/s>T T/s=256f T/s>T T/s=300f T/s>T T/s=300f" },
	{ "passes at last, and the next failure begins anew", true, "T s t s t p t s",
	  "T/t>T! T/s=1F T/s>T T/s=2f T/s>T T/p=3600P T/p>T T/s=1F" },
	{ "hourly", true, "T p t p t p", "T/t>T! T/p=3600P T/p>T T/p=3600 T/p>T T/p=3600" },
	{ "silent, then there without a proof: that is news", true, "T s t u t u",
	  "T/t>T! T/s=1F T/s>T T/u=2F T/u>T T/u=4f" },
	{ "stops proving: the other way", true, "A p t u p", "T/t>T! T/p=3600P T/p>T T/p>V V/p=3600!S" },
	{ "and back", true, "A p t u p t p", "T/t>T! T/p=3600P T/p>T T/p>V V/p=3600!S V/p>T T/p=3600!S" },
	{ "stops proving, and there is no other way", true, "T p t u t p",
	  "T/t>T! T/p=3600P T/p>T T/u=1F T/u>T T/p=3600P" },
	{ "no way, then another way", true, "A u u t u p", "T/t>T! T/t>V T/u=1F T/u>T T/u>V V/p=3600!P" },
	{ "a timer while a test is made", true, "A t p", "T/t>T! T/t T/p=3600P" },
	{ "an answer that nobody waits for", true, "A p p", "T/t>T! T/p=3600P T/p" },
	{ "suspicion soon after a test", true, "A p x", "T/t>T! T/p=3600P no" },
	{ "suspicion later", true, "A p + x", "T/t>T! T/p=3600P T/p yes" },
	{ "suspicion during a test", true, "A p + t x", "T/t>T! T/p=3600P T/p T/p>T no" },
	{ "suspicion of what failed anyway", true, "A s s + x", "T/t>T! T/t>V T/s=1F T/s no" },
	{ "no way is possible at all", true, "0 t", "T/u!F T/u" },
	{ "no way, and nothing wants one", false, "0", "O/u!F" },
	/* Where nothing wants DANE nobody suffers. */
	{ "unwanted: nothing until proved", false, "A p", "O/t>T! T/p=3600!P" },
	{ "unwanted and unproved", false, "A u u t u u", "O/t>T! O/t>V O/u=1F O/u>T O/u>V O/u=2f" },
	{ "unwanted, silent, then there", false, "A s s t p", "O/t>T! O/t>V O/s=1F O/s>T T/p=3600!P" },
	{ "unwanted, stops proving", false, "T p t u", "O/t>T! T/p=3600!P T/p>T O/u=1!F" },
	{ "unwanted, falls silent: nothing else would answer either", false, "T p t s",
	  "O/t>T! T/p=3600!P T/p>T T/s=1F" },
	{ "unwanted and told", false, "V u", "O/t>V! O/u=1F" },
	/* Reloads. */
	{ "a reload keeps what is in force, and tests", true, "A p RA p", "T/t>T! T/p=3600P T/p>T T/p=3600" },
	{ "also in the middle of a test", true, "A p t RA u p", "T/t>T! T/p=3600P T/p>T T/p>T T/p>V V/p=3600!S" },
	{ "a reload without that mode", true, "A p RV p", "T/t>T! T/p=3600P V/t>V! V/p=3600P" },
	{ "the fallback stays, too", true, "A u p RA u p", "T/t>T! T/t>V V/p=3600!P V/p>T V/p>V V/p=3600" },
	{ "a reload to off", true, "A p RO", "T/t>T! T/p=3600P O/o!" },
	{ "a reload from off", true, "O RA p", "O/o! T/t>T! T/p=3600P" },
	{ "a reload from off, unwanted", false, "O RA u u", "O/o! O/t>T O/t>V O/u=1F" },
	{ "a reload of what failed tells it again", true, "T u RT u", "T/t>T! T/u=1F T/u>T T/u=1F" },
};

static const char modes[] = { [DNS_OFF] = 'O', [DNS_TRUST_AD] = 'T', [DNS_VALIDATE] = 'V' };
static const char states[] = { [DNSSEC_TESTING] = 't',
			       [DNSSEC_OFF] = 'o',
			       [DNSSEC_PROVED] = 'p',
			       [DNSSEC_SILENT] = 's',
			       [DNSSEC_UNPROVED] = 'u' };

static void plan_for(struct dnssec_plan *plan, char letter)
{
	*plan = (struct dnssec_plan){ .modes = { DNS_TRUST_AD, DNS_VALIDATE }, .modes_count = 1 };
	switch (letter) {
	case 'A': plan->modes_count = 2; break;
	case 'T': break;
	case 'V': plan->modes[0] = DNS_VALIDATE; break;
	case 'O': plan->modes[0] = DNS_OFF; break;
	default: plan->modes_count = 0; break;
	}
}

static struct dnssec_step happen(struct dnssec_machine *m, bool wanted, const char *event, uint64_t now_s)
{
	struct dnssec_finding finding = { .reason = "reason" };
	struct dnssec_plan plan;

	switch (event[0]) {
	case 'p': finding.state = DNSSEC_PROVED; break;
	case 'u': finding.state = DNSSEC_UNPROVED; break;
	case 's': finding.state = DNSSEC_SILENT; break;
	case 't': return dnssec_machine_timer(m);
	case '+': return (struct dnssec_step){ 0 };
	default:
		plan_for(&plan, event[0] == 'R' ? event[1] : event[0]);
		return dnssec_machine_start(m, &plan, wanted, now_s);
	}
	return dnssec_machine_result(m, &finding, now_s);
}

static size_t write_step(char *out, size_t cap, const struct dnssec_machine *m, const struct dnssec_step *step)
{
	static const char news[] = { [DNSSEC_NEWS_PROVED] = 'P',
				     [DNSSEC_NEWS_SWITCHED] = 'S',
				     [DNSSEC_NEWS_FAILED] = 'F',
				     [DNSSEC_NEWS_FAILS] = 'f' };
	size_t len = (size_t)snprintf(out, cap, "%c/%c", modes[m->mode], states[m->state]);

	if (step->test)
		len += (size_t)snprintf(out + len, cap - len, ">%c", modes[step->mode]);
	if (step->wait_ms > 0)
		len += (size_t)snprintf(out + len, cap - len, "=%u", (unsigned)step->wait_ms / 1000);
	if (step->switched)
		len += (size_t)snprintf(out + len, cap - len, "!");
	if (step->news != DNSSEC_NEWS_NONE)
		len += (size_t)snprintf(out + len, cap - len, "%c", news[step->news]);
	return len;
}

static void run(const struct script *script)
{
	struct dnssec_machine m = { 0 };
	char events[256];
	char *rest = events;
	char says[512] = "";
	size_t len = 0;
	uint64_t now_s = 1700000000;

	(void)snprintf(events, sizeof(events), "%s", script->events);
	for (char *event = strsep(&rest, " "); event != NULL; event = strsep(&rest, " ")) {
		if (len > 0)
			says[len++] = ' ';
		if (event[0] == '+')
			now_s += DNSSEC_SUSPECT_S;
		if (event[0] == 'x') {
			len += (size_t)snprintf(says + len, sizeof(says) - len, "%s",
						dnssec_machine_suspects(&m, now_s) ? "yes" : "no");
			continue;
		}
		struct dnssec_step step = happen(&m, script->wanted, event, now_s);
		len += write_step(says + len, sizeof(says) - len, &m, &step);
		/* Whatever happens: where proofs are wanted, a mode without any is never in force. */
		assert_true(!script->wanted || m.mode != DNS_OFF || m.state == DNSSEC_OFF);
		assert_int_not_equal(m.since_s, 0);
	}
	if (strcmp(says, script->says) != 0)
		fail_msg("%s:\n%s is\n%s and should be\n%s", script->what, script->events, says, script->says);
}

static void test_scripts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(scripts); i++)
		run(&scripts[i]);
}

/* The report: since when, when tested, how often it failed, and the reasons of all modes. */
static void test_report(void **state)
{
	const struct dnssec_finding no = { DNSSEC_UNPROVED, "127.0.0.1 answers\n without a proof" };
	const struct dnssec_finding silent = { DNSSEC_SILENT, "validation: no answer" };
	const struct dnssec_finding yes = { DNSSEC_PROVED, "validation proves the root" };
	struct dnssec_machine m = { 0 };
	struct dnssec_plan plan;
	struct dnssec_report report;

	(void)state;
	plan_for(&plan, 'A');
	(void)dnssec_machine_start(&m, &plan, true, 100);
	dnssec_machine_report(&report, &m);
	assert_int_equal(report.state, DNSSEC_TESTING);
	assert_int_equal(report.tested_s, 0);
	(void)dnssec_machine_result(&m, &no, 101);
	(void)dnssec_machine_result(&m, &silent, 105);
	dnssec_machine_report(&report, &m);
	assert_string_equal(report.mode, "trust-ad");
	assert_string_equal(report.reason, "127.0.0.1 answers? without a proof; validation: no answer");
	assert_int_equal(report.since_s, 100);
	assert_int_equal(report.tested_s, 105);
	assert_int_equal(report.failures, 1);
	(void)dnssec_machine_timer(&m);
	(void)dnssec_machine_result(&m, &no, 106);
	(void)dnssec_machine_result(&m, &yes, 107);
	dnssec_machine_report(&report, &m);
	assert_string_equal(report.mode, "validate");
	assert_string_equal(report.reason, "validation proves the root (but 127.0.0.1 answers? without a proof)");
	assert_int_equal(report.since_s, 107);
	assert_int_equal(report.failures, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_scripts), cmocka_unit_test(test_report) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_dnssec_judge.c - what the answers to a self-test mean, as tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "policy/dns/dnssec_judge.h"

#define SECURE   DNS_FOUND_SECURE
#define INSECURE DNS_FOUND_INSECURE
#define NOTHING  DNS_ABSENT_INSECURE
#define DENIED   DNS_ABSENT_SECURE
#define FAILED   DNS_FAILED

struct row {
	const char *what;
	enum dns_status plain;
	enum dns_status root;
	bool root_bogus;
	enum dns_status names[2]; /* what is said of the names that are signed wrongly */
	size_t names_count;
	enum dnssec_state state;
	const char *reason; /* a part of it */
};

/* By meaning, not by size. */
static const struct row rows[] = {
	{ "all as it should be", INSECURE, SECURE, false, { FAILED }, 1, DNSSEC_PROVED, "proves the root" },
	{ "no name to try", INSECURE, SECURE, false, { FAILED }, 0, DNSSEC_PROVED, "proves the root" },
	{ "a wrong name answered", INSECURE, SECURE, false, { INSECURE }, 1, DNSSEC_UNPROVED, "answers for a.example" },
	{ "answered and called proved", INSECURE, SECURE, false, { SECURE }, 1, DNSSEC_UNPROVED, "a.example" },
	{ "the second one", INSECURE, SECURE, false, { FAILED, INSECURE }, 2, DNSSEC_UNPROVED, "for b.example" },
	{ "the name is not there", INSECURE, SECURE, false, { NOTHING }, 1, DNSSEC_PROVED, "a.example, which should" },
	{ "proved not to be there", INSECURE, SECURE, false, { DENIED }, 1, DNSSEC_PROVED, "not there" },
	{ "absent, then answered", INSECURE, SECURE, false, { DENIED, INSECURE }, 2, DNSSEC_UNPROVED, "b.example" },
	{ "no AD", INSECURE, INSECURE, false, { FAILED }, 1, DNSSEC_UNPROVED, "answers without a proof" },
	{ "no AD, and a wrong name answered", INSECURE, INSECURE, false, { INSECURE }, 1, DNSSEC_UNPROVED, "proof" },
	{ "the root does not exist", INSECURE, NOTHING, false, { FAILED }, 1, DNSSEC_UNPROVED, "without a proof" },
	{ "proved not to exist", INSECURE, DENIED, false, { FAILED }, 1, DNSSEC_UNPROVED, "without a proof" },
	{ "signatures are missing", INSECURE, FAILED, true, { FAILED }, 1, DNSSEC_UNPROVED, "not signed as it should" },
	{ "and nobody answers plainly", FAILED, FAILED, true, { FAILED }, 1, DNSSEC_UNPROVED, "signed" },
	{ "answers, and fails where asked for proof", INSECURE, FAILED, false, { FAILED }, 1, DNSSEC_UNPROVED, "why" },
	{ "answers plainly that there is no root", NOTHING, FAILED, false, { FAILED }, 1, DNSSEC_UNPROVED, "why" },
	{ "silence", FAILED, FAILED, false, { FAILED }, 1, DNSSEC_SILENT, "192.0.2.1: why" },
	{ "silence to the plain question alone", FAILED, SECURE, false, { FAILED }, 1, DNSSEC_PROVED, "proves" },
};

/* Proved by libunbound in this process: a name that is answered for was mended. */
static const struct row validated_rows[] = {
	{ "validated here, and a wrong name answered",
	  INSECURE,
	  SECURE,
	  false,
	  { FAILED, SECURE },
	  2,
	  DNSSEC_PROVED,
	  "take it out of bogus-names" },
	{ "validated here, in a zone that is signed no more",
	  INSECURE,
	  SECURE,
	  false,
	  { INSECURE },
	  1,
	  DNSSEC_PROVED,
	  "take it out of bogus-names" },
	{ "validated here, and the root is not", INSECURE, INSECURE, false, { FAILED }, 1, DNSSEC_UNPROVED, "proof" },
	{ "validated here: the root is bogus", INSECURE, FAILED, true, { SECURE }, 1, DNSSEC_UNPROVED, "signed" },
};

static void fill(struct dnssec_evidence *out, const struct row *row)
{
	static const char *const names[] = { "a.example", "b.example" };

	memset(out, 0, sizeof(*out));
	(void)strcpy(out->who, "192.0.2.1");
	out->plain.status = row->plain;
	out->root.status = row->root;
	out->root.bogus = row->root_bogus;
	if (row->root == DNS_FAILED)
		(void)strcpy(out->root.reason, "why");
	out->bogus_count = row->names_count;
	for (size_t i = 0; i < row->names_count; i++) {
		out->bogus_names[i] = names[i];
		out->bogus[i].status = row->names[i];
	}
}

static void judge_rows(const struct row *table, size_t count, bool validated)
{
	for (size_t i = 0; i < count; i++) {
		struct dnssec_evidence evidence;
		struct dnssec_finding finding = { 0 };
		fill(&evidence, &table[i]);
		evidence.validated = validated;
		dnssec_judge(&finding, &evidence);
		if (finding.state != table[i].state || strstr(finding.reason, table[i].reason) == NULL)
			fail_msg("%s: %s, %s", table[i].what, dnssec_state_name(finding.state), finding.reason);
	}
}

static void test_judge(void **state)
{
	(void)state;
	judge_rows(rows, COUNT(rows), false);
	judge_rows(validated_rows, COUNT(validated_rows), true);
}

/* Evidence that was never filled in proves nothing. */
static void test_nothing(void **state)
{
	const struct dnssec_evidence evidence = { 0 };
	struct dnssec_finding finding = { 0 };

	(void)state;
	dnssec_judge(&finding, &evidence);
	assert_int_equal(finding.state, DNSSEC_SILENT);
}

static void test_several(void **state)
{
	static const struct {
		const char *resolvers; /* p: proves, u: does not, s: silent */
		enum dnssec_state state;
	} cases[] = {
		{ "p", DNSSEC_PROVED },     { "s", DNSSEC_SILENT },     { "u", DNSSEC_UNPROVED },
		{ "ps", DNSSEC_PROVED },    { "sp", DNSSEC_PROVED },    { "ss", DNSSEC_SILENT },
		{ "pu", DNSSEC_UNPROVED },  { "up", DNSSEC_UNPROVED },  { "su", DNSSEC_UNPROVED },
		{ "usp", DNSSEC_UNPROVED }, { "psu", DNSSEC_UNPROVED }, { "ssp", DNSSEC_PROVED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct dnssec_evidence evidence[3] = { 0 };
		struct dnssec_finding finding;
		size_t count = strlen(cases[i].resolvers);
		for (size_t k = 0; k < count; k++) {
			char c = cases[i].resolvers[k];
			evidence[k].plain.status = c == 's' ? DNS_FAILED : DNS_FOUND_INSECURE;
			evidence[k].root.status = c == 'p' ? SECURE : c == 'u' ? INSECURE : FAILED;
		}
		dnssec_judge_all(&finding, evidence, count);
		if (finding.state != cases[i].state)
			fail_msg("%s: %s", cases[i].resolvers, dnssec_state_name(finding.state));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_several),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_host_search.c - RFC 7672 s. 2.2.2 and 2.2.3 as a table, each row a name: answers in, questions and the result
 * out. No network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/mx/host_search.h"

#define F   DNS_FAILED
#define AI  DNS_ABSENT_INSECURE
#define AS  DNS_ABSENT_SECURE
#define FI  DNS_FOUND_INSECURE
#define FS  DNS_FOUND_SECURE
#define MX  "mx.example"
#define END "end.example"

/* An answer: its status; where its aliases end (NULL: none); the TLSA records, in tlsa_parse's words, "|" between. */
struct told {
	enum dns_status status;
	const char *canonical;
	const char *tlsa;
};

#define JUST(status)               \
	{                          \
		status, NULL, NULL \
	}
#define ALIAS(status, end)        \
	{                         \
		status, end, NULL \
	}
#define WITH(status, records)         \
	{                             \
		status, NULL, records \
	}

#define DIGEST  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define EE      "3 1 1 " DIGEST
#define TA      "2 0 1 " DIGEST
#define STRONG  "3 1 2 " DIGEST DIGEST
#define PKIX    "1 1 1 " DIGEST
#define SHORT   "3 1 1 aaaa"
#define RUBBISH "2 1 0 30030201"

struct row {
	const char *name;
	struct told a, aaaa;
	struct told after[4]; /* to each further question; those beyond its end must not be asked */
	const char *asked;    /* the further questions */
	enum host_addrs addrs;
	enum verdict_dane dane;
	const char *base;
	size_t usable;
	const char *reason; /* a part of it; NULL: no matter */
};

/* by meaning, not by size: NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
static const struct row rows[] = {
	/* RFC 7672 s. 2.2.2: the addresses */
	{ "s. 2.2.2: both families fail: the host must be skipped",
	  JUST(F),
	  JUST(F),
	  { { 0 } },
	  "",
	  HOST_ADDRS_FAILED,
	  VERDICT_DANE_FAILED,
	  "",
	  0,
	  "addresses could not be had: told so" },
	{ "s. 2.2.2: one fails, the other is not there: likewise",
	  JUST(AS),
	  JUST(F),
	  { { 0 } },
	  "",
	  HOST_ADDRS_FAILED,
	  VERDICT_DANE_FAILED,
	  "",
	  0,
	  "addresses could not be had" },
	{ "s. 2.2.2: no address of either kind, proved: unreachable",
	  JUST(AS),
	  JUST(AS),
	  { { 0 } },
	  "",
	  HOST_ADDRS_NONE,
	  VERDICT_DANE_NONE,
	  "",
	  0,
	  NULL },
	{ "s. 2.2.2: no address of either kind, not proved",
	  JUST(AI),
	  JUST(AI),
	  { { 0 } },
	  "",
	  HOST_ADDRS_NONE,
	  VERDICT_DANE_NONE,
	  "",
	  0,
	  NULL },
	{ "s. 2.2.2: an alias without addresses: unreachable",
	  ALIAS(AI, END),
	  ALIAS(AI, END),
	  { { 0 } },
	  "",
	  HOST_ADDRS_NONE,
	  VERDICT_DANE_NONE,
	  "",
	  0,
	  NULL },
	{ "s. 2.2.2: no alias, secure: the host is the candidate",
	  JUST(FS),
	  JUST(AS),
	  { WITH(FS, EE) },
	  "TLSA _25._tcp.mx.example ",
	  HOST_ADDRS_SECURE,
	  VERDICT_DANE_USABLE,
	  MX,
	  1,
	  NULL },
	{ "s. 2.2.2: no alias, secure by AAAA alone",
	  JUST(AS),
	  JUST(FS),
	  { WITH(FS, EE) },
	  "TLSA _25._tcp.mx.example ",
	  HOST_ADDRS_SECURE,
	  VERDICT_DANE_USABLE,
	  MX,
	  1,
	  NULL },
	{ "s. 2.2.2: no alias, insecure: nothing is asked in an unsigned zone",
	  JUST(FI),
	  JUST(AI),
	  { { 0 } },
	  "",
	  HOST_ADDRS_INSECURE,
	  VERDICT_DANE_NONE,
	  "",
	  0,
	  NULL },
	{ "s. 2.2.2: no alias, both insecure",
	  JUST(FI),
	  JUST(FI),
	  { { 0 } },
	  "",
	  HOST_ADDRS_INSECURE,
	  VERDICT_DANE_NONE,
	  "",
	  0,
	  NULL },
	{ "s. 2.2.2: alias, secure to its end: the end, then the host",
	  ALIAS(FS, END),
	  ALIAS(FS, END),
	  { WITH(FS, EE) },
	  "TLSA _25._tcp.end.example ",
	  HOST_ADDRS_SECURE,
	  VERDICT_DANE_USABLE,
	  END,
	  1,
	  NULL },
	{ "s. 2.2.2: alias, secure to its end, nothing at the end: the host",
	  ALIAS(FS, END),
	  ALIAS(AS, END),
	  { JUST(AS), WITH(FS, EE) },
	  "TLSA _25._tcp.end.example TLSA _25._tcp.mx.example ",
	  HOST_ADDRS_SECURE,
	  VERDICT_DANE_USABLE,
	  MX,
	  1,
	  NULL },
	{ "s. 2.2.2: alias, insecure end, first link secure: the host only",
	  ALIAS(FI, END),
	  ALIAS(AI, END),
	  { ALIAS(FS, END), WITH(FS, EE) },
	  "CNAME mx.example TLSA _25._tcp.mx.example ",
	  HOST_ADDRS_ALIAS_FIRST,
	  VERDICT_DANE_USABLE,
	  MX,
	  1,
	  NULL },
	{ "s. 2.2.2: alias, insecure end, first link secure, no records",
	  ALIAS(FI, END),
	  ALIAS(FI, END),
	  { ALIAS(FS, END), JUST(AS) },
	  "CNAME mx.example TLSA _25._tcp.mx.example ",
	  HOST_ADDRS_ALIAS_FIRST,
	  VERDICT_DANE_NONE,
	  "",
	  0,
	  NULL },
	{ "s. 2.2.2: alias, first link insecure",
	  ALIAS(FI, END),
	  ALIAS(AI, END),
	  { ALIAS(FI, END) },
	  "CNAME mx.example ",
	  HOST_ADDRS_ALIAS,
	  VERDICT_DANE_NONE,
	  "",
	  0,
	  NULL },
	{ "s. 2.2.2: alias, first link cannot be had",
	  ALIAS(FI, END),
	  ALIAS(AI, END),
	  { JUST(F) },
	  "CNAME mx.example ",
	  HOST_ADDRS_ALIAS,
	  VERDICT_DANE_FAILED,
	  "",
	  0,
	  "alias could not be had: told so" },
	{ "s. 2.2.2: alias, that is none a moment later, proved: doubt",
	  ALIAS(FI, END),
	  ALIAS(AI, END),
	  { JUST(AS) },
	  "CNAME mx.example ",
	  HOST_ADDRS_ALIAS,
	  VERDICT_DANE_FAILED,
	  "",
	  0,
	  "is none now" },
	{ "s. 2.2.2: alias, that is none a moment later, in an unsigned zone",
	  ALIAS(FI, END),
	  ALIAS(AI, END),
	  { JUST(AI) },
	  "CNAME mx.example ",
	  HOST_ADDRS_ALIAS,
	  VERDICT_DANE_NONE,
	  "",
	  0,
	  NULL },
	{ "s. 2.2.2: A secure, AAAA fails: the good family counts",
	  JUST(FS),
	  JUST(F),
	  { WITH(FS, EE) },
	  "TLSA _25._tcp.mx.example ",
	  HOST_ADDRS_SECURE,
	  VERDICT_DANE_USABLE,
	  MX,
	  1,
	  NULL },
	{ "s. 2.2.2: A insecure, AAAA fails: the good family counts",
	  JUST(FI),
	  JUST(F),
	  { { 0 } },
	  "",
	  HOST_ADDRS_INSECURE,
	  VERDICT_DANE_NONE,
	  "",
	  0,
	  NULL },
	{ "s. 2.2.2: A insecure through an alias, AAAA secure: the secure one counts",
	  ALIAS(FI, "other.example"),
	  JUST(FS),
	  { WITH(FS, EE) },
	  "TLSA _25._tcp.mx.example ",
	  HOST_ADDRS_SECURE,
	  VERDICT_DANE_USABLE,
	  MX,
	  1,
	  NULL },
	/* RFC 7672 s. 2.2.3: the records of the first candidate, then of the second */
	{ "s. 2.2.3: secure, one record: the first candidate is the base",
	  ALIAS(FS, END),
	  ALIAS(AS, END),
	  { WITH(FS, TA) },
	  "TLSA _25._tcp.end.example ",
	  HOST_ADDRS_SECURE,
	  VERDICT_DANE_USABLE,
	  END,
	  1,
	  NULL },
	{ "s. 2.2.3: no such name, proved: next",
	  ALIAS(FS, END),
	  ALIAS(AS, END),
	  { JUST(AS), WITH(FS, TA) },
	  "TLSA _25._tcp.end.example TLSA _25._tcp.mx.example ",
	  HOST_ADDRS_SECURE,
	  VERDICT_DANE_USABLE,
	  MX,
	  1,
	  NULL },
	{ "s. 2.2.3: no such record, not proved (opt-out): next",
	  ALIAS(FS, END),
	  ALIAS(AS, END),
	  { JUST(AI), WITH(FS, TA) },
	  "TLSA _25._tcp.end.example TLSA _25._tcp.mx.example ",
	  HOST_ADDRS_SECURE,
	  VERDICT_DANE_USABLE,
	  MX,
	  1,
	  NULL },
	{ "s. 2.2.3: insecure records: next",
	  ALIAS(FS, END),
	  ALIAS(AS, END),
	  { WITH(FI, EE), WITH(FS, TA) },
	  "TLSA _25._tcp.end.example TLSA _25._tcp.mx.example ",
	  HOST_ADDRS_SECURE,
	  VERDICT_DANE_USABLE,
	  MX,
	  1,
	  NULL },
	{ "s. 2.2.3: an insecure alias in the way: next",
	  ALIAS(FS, END),
	  ALIAS(AS, END),
	  { { FI, "tlsa.elsewhere.example", EE }, JUST(AS) },
	  "TLSA _25._tcp.end.example TLSA _25._tcp.mx.example ",
	  HOST_ADDRS_SECURE,
	  VERDICT_DANE_NONE,
	  "",
	  0,
	  NULL },
	{ "s. 2.2.3: none left: DANE does not apply",
	  ALIAS(FS, END),
	  ALIAS(AS, END),
	  { JUST(AS), JUST(AS) },
	  "TLSA _25._tcp.end.example TLSA _25._tcp.mx.example ",
	  HOST_ADDRS_SECURE,
	  VERDICT_DANE_NONE,
	  "",
	  0,
	  NULL },
	{ "s. 2.2.3: an alias of the records is followed, the base stays",
	  JUST(FS),
	  JUST(AS),
	  { { FS, "tlsa.elsewhere.example", EE } },
	  "TLSA _25._tcp.mx.example ",
	  HOST_ADDRS_SECURE,
	  VERDICT_DANE_USABLE,
	  MX,
	  1,
	  NULL },
	{ "s. 2.2.3: the lookup fails at the first candidate: the second is never tried",
	  ALIAS(FS, END),
	  ALIAS(AS, END),
	  { JUST(F) },
	  "TLSA _25._tcp.end.example ",
	  HOST_ADDRS_SECURE,
	  VERDICT_DANE_FAILED,
	  "",
	  0,
	  "TLSA records could not be had: told so" },
	{ "s. 2.2.3: the lookup fails at the second candidate",
	  ALIAS(FS, END),
	  ALIAS(AS, END),
	  { JUST(AS), JUST(F) },
	  "TLSA _25._tcp.end.example TLSA _25._tcp.mx.example ",
	  HOST_ADDRS_SECURE,
	  VERDICT_DANE_FAILED,
	  "",
	  0,
	  NULL },
	{ "s. 2.2.3: found, and empty: no such answer is sound",
	  JUST(FS),
	  JUST(AS),
	  { JUST(FS) },
	  "TLSA _25._tcp.mx.example ",
	  HOST_ADDRS_SECURE,
	  VERDICT_DANE_FAILED,
	  "",
	  0,
	  "without any" },
	/* RFC 7672 s. 2.2: which of them can be used */
	{ "s. 2.2: usable ones are kept, weaker digests too",
	  JUST(FS),
	  JUST(AS),
	  { WITH(FS, EE "|" STRONG "|" TA) },
	  "TLSA _25._tcp.mx.example ",
	  HOST_ADDRS_SECURE,
	  VERDICT_DANE_USABLE,
	  MX,
	  3,
	  NULL },
	{ "s. 2.2: unusable ones are dropped",
	  JUST(FS),
	  JUST(AS),
	  { WITH(FS, PKIX "|" SHORT "|" EE "|" RUBBISH) },
	  "TLSA _25._tcp.mx.example ",
	  HOST_ADDRS_SECURE,
	  VERDICT_DANE_USABLE,
	  MX,
	  1,
	  NULL },
	{ "s. 2.2: all unusable: TLS, and the base stands",
	  JUST(FS),
	  JUST(AS),
	  { WITH(FS, PKIX "|" SHORT "|" RUBBISH) },
	  "TLSA _25._tcp.mx.example ",
	  HOST_ADDRS_SECURE,
	  VERDICT_DANE_UNUSABLE,
	  MX,
	  0,
	  NULL },
	{ "s. 2.2: unusable at the first candidate: the second is not tried",
	  ALIAS(FS, END),
	  ALIAS(FS, END),
	  { WITH(FS, PKIX) },
	  "TLSA _25._tcp.end.example ",
	  HOST_ADDRS_SECURE,
	  VERDICT_DANE_UNUSABLE,
	  END,
	  0,
	  NULL },
};

static struct dns_answer answer;

static const struct dns_answer *answer_of(const struct told *told, const char *name)
{
	char text[1024];
	char *at = text;

	tlsa_free(answer.tlsa, answer.tlsa_count);
	memset(&answer, 0, sizeof(answer));
	answer.status = told->status;
	(void)snprintf(answer.canonical, sizeof(answer.canonical), "%s",
		       told->canonical != NULL ? told->canonical : name);
	(void)snprintf(answer.reason, sizeof(answer.reason), "told so");
	if (told->tlsa == NULL)
		return &answer;
	(void)snprintf(text, sizeof(text), "%s", told->tlsa);
	answer.tlsa = calloc(8, sizeof(*answer.tlsa));
	assert_non_null(answer.tlsa);
	for (const char *one = strsep(&at, "|"); one != NULL; one = strsep(&at, "|"))
		assert_true(tlsa_parse(&answer.tlsa[answer.tlsa_count++], one));
	return &answer;
}

static void run(struct host_search *search, const struct row *row, bool aaaa_first, char asked[512])
{
	char name[DNS_NAME_MAX];
	enum dns_type type;
	size_t n = 0;

	asked[0] = '\0';
	host_search_take(search, aaaa_first ? DNS_AAAA : DNS_A, answer_of(aaaa_first ? &row->aaaa : &row->a, MX));
	if (search->step != HOST_STEP_ADDRS || host_search_next(search, name, &type))
		fail_msg("%s: goes on with one family", row->name);
	host_search_take(search, aaaa_first ? DNS_A : DNS_AAAA, answer_of(aaaa_first ? &row->a : &row->aaaa, MX));
	while (host_search_next(search, name, &type)) {
		size_t len = strlen(asked);
		(void)snprintf(asked + len, 512 - len, "%s %s ", type == DNS_TLSA ? "TLSA" : "CNAME", name);
		if (n == COUNT(row->after))
			fail_msg("%s: does not end", row->name);
		host_search_take(search, type, answer_of(&row->after[n++], name));
	}
}

static void check(const struct row *row, bool aaaa_first)
{
	struct host_search search;
	char asked[512];

	host_search_init(&search, MX, 25, true);
	run(&search, row, aaaa_first, asked);
	if (strcmp(asked, row->asked) != 0)
		fail_msg("%s: asks %s", row->name, asked);
	if (search.step != HOST_STEP_DONE || search.addrs != row->addrs || search.dane != row->dane ||
	    search.tlsa_count != row->usable || strcmp(host_search_base(&search), row->base) != 0)
		fail_msg("%s: addrs %d dane %d base %s usable %zu", row->name, (int)search.addrs, (int)search.dane,
			 host_search_base(&search), search.tlsa_count);
	if (row->reason != NULL && strstr(search.reason, row->reason) == NULL)
		fail_msg("%s: %s", row->name, search.reason);
	host_search_cleanup(&search);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		check(&rows[i], false);
		check(&rows[i], true);
	}
}

/* Without DANE wanted nothing further is asked, and nothing about it fails. */
static void test_unwanted(void **state)
{
	char asked[512];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct host_search search;
		host_search_init(&search, MX, 25, false);
		run(&search, &rows[i], false, asked);
		if (asked[0] != '\0' || search.dane != VERDICT_DANE_NONE || search.step != HOST_STEP_DONE ||
		    host_search_base(&search)[0] != '\0' || search.tlsa_count != 0)
			fail_msg("%s: asks %s", rows[i].name, asked);
		host_search_cleanup(&search);
	}
}

static void test_port(void **state)
{
	static const struct row row = { .name = "port", .a = JUST(FS), .aaaa = JUST(FS), .after = { JUST(AS) } };
	struct host_search search;
	char asked[512];

	(void)state;
	host_search_init(&search, MX, 2525, true);
	run(&search, &row, false, asked);
	assert_string_equal(asked, "TLSA _2525._tcp.mx.example ");
	host_search_cleanup(&search);
}

/* Where a candidate leaves no room for the labels before it, there can be no records. */
static void test_long_name(void **state)
{
	static const struct row row = { .name = "long", .a = JUST(FS), .aaaa = JUST(FS), .after = { JUST(F) } };
	struct host_search search;
	char host[DNS_NAME_MAX];
	char asked[512];

	(void)state;
	for (size_t i = 0; i < 253; i++)
		host[i] = i % 50 == 49 ? '.' : 'a';
	host[253] = '\0';
	host_search_init(&search, host, 25, true);
	host_search_take(&search, DNS_A, answer_of(&row.a, host));
	host_search_take(&search, DNS_AAAA, answer_of(&row.aaaa, host));
	assert_int_equal(search.step, HOST_STEP_DONE);
	assert_int_equal(search.dane, VERDICT_DANE_NONE);
	host_search_cleanup(&search);
	/* At the end of an alias it is passed over. */
	host_search_init(&search, MX, 25, true);
	host_search_take(&search, DNS_A, answer_of(&(struct told){ FS, host, NULL }, MX));
	host_search_take(&search, DNS_AAAA, answer_of(&(struct told){ FS, host, NULL }, MX));
	enum dns_type type;
	assert_true(host_search_next(&search, asked, &type));
	assert_string_equal(asked, "_25._tcp.mx.example");
	host_search_cleanup(&search);
}

/* An answer to what was not asked changes nothing; an end from outside is an end. */
static void test_order(void **state)
{
	struct host_search search;
	char name[DNS_NAME_MAX];
	enum dns_type type;

	(void)state;
	host_search_init(&search, MX, 25, true);
	host_search_take(&search, DNS_TLSA, answer_of(&(struct told)WITH(FS, EE), MX));
	host_search_take(&search, DNS_CNAME, answer_of(&(struct told){ FS, END, NULL }, MX));
	assert_int_equal(search.step, HOST_STEP_ADDRS);
	host_search_take(&search, DNS_A, answer_of(&(struct told)WITH(FS, NULL), MX));
	host_search_fail(&search, "no answer in time");
	assert_int_equal(search.dane, VERDICT_DANE_FAILED);
	assert_string_equal(search.reason, "no answer in time");
	host_search_take(&search, DNS_AAAA, answer_of(&(struct told)WITH(FS, NULL), MX));
	host_search_take(&search, DNS_TLSA, answer_of(&(struct told)WITH(FS, EE), MX));
	assert_int_equal(search.dane, VERDICT_DANE_FAILED);
	assert_false(host_search_next(&search, name, &type));
	host_search_cleanup(&search);
	/* A zeroed one permits nothing. */
	search = (struct host_search){ 0 };
	assert_int_equal(search.dane, VERDICT_DANE_FAILED);
}

static int forget(void **state)
{
	(void)state;
	tlsa_free(answer.tlsa, answer.tlsa_count);
	memset(&answer, 0, sizeof(answer));
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),      cmocka_unit_test(test_unwanted), cmocka_unit_test(test_port),
		cmocka_unit_test(test_long_name), cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests_name("host search", tests, NULL, forget);
}

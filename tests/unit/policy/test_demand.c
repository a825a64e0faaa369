/* test_demand.c - what a verdict demands of the server at one address (RFC 7672 s. 2.2), as tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "demand_world.h"

/* The numbers of the hosts demanded, "13". */
static const char *hosts_of(const struct demand *demand, const struct verdict *v, char out[VERDICT_MX_MAX + 1])
{
	size_t i;

	for (i = 0; i < demand->hosts_count; i++)
		out[i] = (char)('1' + (demand->hosts[i] - v->mx));
	out[i] = '\0';
	return out;
}

enum { SECURE = 0, INSECURE = 1, STRICT = 2, MX_FAILED = 4, STRICT_INSECURE = STRICT | INSECURE };

struct row {
	const char *what;
	const char *mx;
	unsigned dst; /* 192.0.2.N; 9 is nobody's, 0 no address at all */
	unsigned how;
	enum level floor;
	enum level level; /* that it comes to */
	enum demand_basis basis;
	const char *hosts;
	enum level also;
	enum result_word result;
	const char *code;
};

/* clang-format off */
#define DANE(hosts)      LEVEL_DANE, DEMAND_OF_DANE, hosts, LEVEL_UNSET, RESULT_NONE, ""
#define DANE_ALSO(hosts, also) LEVEL_DANE, DEMAND_OF_DANE, hosts, also, RESULT_NONE, ""
#define FLOOR(level)     level, DEMAND_OF_FLOOR, "", LEVEL_UNSET, RESULT_NONE, ""
#define UNUSABLE(level)  level, DEMAND_OF_DANE_UNUSABLE, "", LEVEL_UNSET, RESULT_NONE, ""
#define FAILED           LEVEL_UNSET, DEMAND_OF_DANE, "", LEVEL_UNSET, RESULT_DNSSEC_INVALID, "4.7.5"
#define LIST_FAILED      LEVEL_UNSET, DEMAND_OF_DANE, "", LEVEL_UNSET, RESULT_DNSSEC_INVALID, "4.4.3"
#define REQUIRED         LEVEL_UNSET, DEMAND_OF_DANE, "", LEVEL_UNSET, RESULT_DANE_REQUIRED, "4.7.5"
#define UNKNOWN          LEVEL_UNSET, DEMAND_OF_DANE, "", LEVEL_UNSET, RESULT_NONE, "4.4.3"
#define MAY              LEVEL_MAY
#define ENCRYPT          LEVEL_ENCRYPT
#define VERIFY           LEVEL_VERIFY

static const struct row dane_rows[] = {
	/* RFC 7672 s. 2.2.1: the list */
	{ "list failed",                          "",         1, MX_FAILED, ENCRYPT, LIST_FAILED },
	{ "list failed, the floor is may",        "",         1, MX_FAILED, MAY, LIST_FAILED },
	{ "list failed, hosts in it all the same", "n1",      1, MX_FAILED, MAY, LIST_FAILED },
	{ "no such domain, or a null MX",         "",         1, SECURE,   ENCRYPT, FLOOR(ENCRYPT) },
	{ "and insecurely so",                    "",         1, INSECURE, MAY, FLOOR(MAY) },

	/* RFC 7672 s. 2.2: one host, dialled */
	{ "usable",                               "U1",       1, SECURE,   ENCRYPT, DANE("1") },
	{ "usable, the floor authenticates",      "U1",       1, SECURE,   VERIFY, DANE("1") },
	{ "usable, insecure list",                "U1",       1, INSECURE, ENCRYPT, DANE("1") },
	{ "usable, insecure list, names as well", "U1",       1, INSECURE, VERIFY, DANE_ALSO("1", VERIFY) },
	{ "usable, insecure list, likewise",      "U1",       1, INSECURE, LEVEL_SECURE, DANE_ALSO("1", LEVEL_SECURE) },
	{ "unusable raises may",                  "u1",       1, SECURE,   MAY, UNUSABLE(ENCRYPT) },
	{ "unusable raises none",                 "u1",       1, SECURE,   LEVEL_NONE, UNUSABLE(ENCRYPT) },
	{ "unusable, encrypt",                    "u1",       1, SECURE,   ENCRYPT, UNUSABLE(ENCRYPT) },
	{ "unusable lowers nothing",              "u1",       1, SECURE,   VERIFY, UNUSABLE(VERIFY) },
	{ "unusable, insecure list",              "u1",       1, INSECURE, MAY, UNUSABLE(ENCRYPT) },
	{ "none: the floor",                      "n1",       1, SECURE,   ENCRYPT, FLOOR(ENCRYPT) },
	{ "none: the floor is may",               "n1",       1, SECURE,   MAY, FLOOR(MAY) },
	{ "none: the floor authenticates",        "n1",       1, SECURE,   VERIFY, FLOOR(VERIFY) },
	{ "failed",                               "f1",       1, SECURE,   ENCRYPT, FAILED },
	{ "failed, the floor is may",             "f1",       1, SECURE,   MAY, FAILED },
	{ "failed, insecure list",                "f1",       1, INSECURE, MAY, FAILED },

	/* the address chooses, and others change nothing */
	{ "the host dialled is judged",           "U1 U2",    2, SECURE,   ENCRYPT, DANE("2") },
	{ "none beside usable",                   "U1 n2",    2, SECURE,   ENCRYPT, FLOOR(ENCRYPT) },
	{ "none beside usable, insecure list",    "U1 n2",    2, INSECURE, MAY, FLOOR(MAY) },
	{ "none beside failed: it is well",       "f1 n2",    2, SECURE,   ENCRYPT, FLOOR(ENCRYPT) },
	{ "usable beside failed: it is well",     "f1 U2",    2, SECURE,   ENCRYPT, DANE("2") },
	{ "failed beside usable: it is not",      "f1 U2",    1, SECURE,   ENCRYPT, FAILED },
	{ "failed beside none: it is not",        "f1 n2",    1, SECURE,   MAY, FAILED },
	{ "unusable beside usable",               "U1 u2",    2, SECURE,   MAY, UNUSABLE(ENCRYPT) },

	/* several have the address */
	{ "shared, usable and none",              "U1 n1",    1, SECURE,   ENCRYPT, DANE("1") },
	{ "shared, none and usable",              "n1 U1",    1, SECURE,   ENCRYPT, DANE("2") },
	{ "shared, two usable",                   "U1 U1",    1, SECURE,   ENCRYPT, DANE("12") },
	{ "shared, usable and unusable",          "u1 U1",    1, SECURE,   ENCRYPT, DANE("2") },
	{ "shared, usable and failed",            "f1 U1",    1, SECURE,   ENCRYPT, DANE("2") },
	{ "shared, unusable and none",            "n1 u1",    1, SECURE,   MAY, UNUSABLE(ENCRYPT) },
	{ "shared, failed and none",              "n1 f1",    1, SECURE,   MAY, FAILED },
	{ "shared, failed and unusable",          "u1 f1",    1, SECURE,   MAY, FAILED },
	{ "shared, none and none",                "n1 n1",    1, SECURE,   MAY, FLOOR(MAY) },
	{ "shared, another one is not asked",     "U1 n1 U2", 1, SECURE,   ENCRYPT, DANE("1") },

	/* nobody has the address: all are candidates, and that never lowers the demand */
	{ "nobody's, one usable",                 "U1",       9, SECURE,   MAY, DANE("1") },
	{ "nobody's, usable and none",            "n1 U2",    9, SECURE,   MAY, DANE("2") },
	{ "nobody's, several usable",             "U1 n2 U3", 9, SECURE,   MAY, DANE("13") },
	{ "nobody's, usable and failed",          "f1 U2",    9, SECURE,   MAY, DANE("2") },
	{ "nobody's, unusable and none",          "n1 u2",    9, SECURE,   MAY, UNUSABLE(ENCRYPT) },
	{ "nobody's, unusable and failed",        "u1 f2",    9, SECURE,   MAY, FAILED },
	{ "nobody's, none and failed",            "n1 f2",    9, SECURE,   MAY, FAILED },
	{ "nobody's, all failed",                 "f1 f2",    9, SECURE,   MAY, FAILED },
	{ "nobody's, all none",                   "n1 n2",    9, SECURE,   MAY, FLOOR(MAY) },
	{ "nobody's, insecure list",              "n1 U2",    9, INSECURE, VERIFY, DANE_ALSO("2", VERIFY) },
	{ "no address at all",                    "n1 U2",    0, SECURE,   MAY, DANE("2") },
	{ "hosts without addresses",              "n U",      1, SECURE,   MAY, DANE("2") },

	/* lists of addresses that may lack some */
	{ "usable, not all addresses known",      "U!1",      1, SECURE,   ENCRYPT, DANE("1") },
	{ "none, not all addresses known",        "n!1",      1, SECURE,   ENCRYPT, FLOOR(ENCRYPT) },
	{ "none, of addresses that are not known", "n!",      1, SECURE,   MAY, FAILED },
	{ "and the one dialled is another",       "n! n1",    1, SECURE,   MAY, FLOOR(MAY) },

	/* strict-mx: a match with a host without TLSA is not believed while another one has TLSA */
	{ "strict, all none",                     "n1 n2",    1, STRICT,   MAY, FLOOR(MAY) },
	{ "strict, none beside usable",           "n1 U2",    1, STRICT,   MAY, DANE("2") },
	{ "strict, none beside unusable",         "n1 u2",    1, STRICT,   MAY, UNUSABLE(ENCRYPT) },
	{ "strict, none beside failed",           "n1 f2",    1, STRICT,   MAY, FAILED },
	{ "strict, unusable beside usable",       "u1 U2",    1, STRICT,   MAY, DANE("2") },
	{ "strict, unusable beside none",         "u1 n2",    1, STRICT,   MAY, UNUSABLE(ENCRYPT) },
	{ "strict, usable beside usable",         "U1 U2",    1, STRICT,   MAY, DANE("1") },
	{ "strict, usable beside failed",         "U1 f2",    1, STRICT,   MAY, DANE("1") },
	{ "strict, failed beside usable",         "f1 U2",    1, STRICT,   MAY, FAILED },
	{ "strict, insecure list",                "n1 U2",    1, STRICT_INSECURE, VERIFY, DANE_ALSO("2", VERIFY) },

	/* floors that are none */
	{ "no floor, none",                       "n1",       1, SECURE,   LEVEL_UNSET, UNKNOWN },
	{ "no floor, unusable",                   "u1",       1, SECURE,   LEVEL_UNSET, UNKNOWN },
	{ "no floor, usable",                     "U1",       1, SECURE,   LEVEL_UNSET, UNKNOWN },
	{ "no floor, no domain",                  "",         1, SECURE,   LEVEL_UNSET, UNKNOWN },
	{ "the floor is dane",                    "n1",       1, SECURE,   LEVEL_DANE, UNKNOWN },
	{ "the floor is dane-only",               "n1",       1, SECURE,   LEVEL_DANE_ONLY, UNKNOWN },
	{ "the floor has fingerprints",           "n1",       1, SECURE,   LEVEL_FINGERPRINT, UNKNOWN },
	{ "the floor is no level",                "n1",       1, SECURE,   LEVEL_COUNT, UNKNOWN },
};

static const struct row only_rows[] = {
	{ "usable",                               "U1",       1, SECURE,   ENCRYPT, DANE("1") },
	{ "unusable",                             "u1",       1, SECURE,   ENCRYPT, REQUIRED },
	{ "none",                                 "n1",       1, SECURE,   MAY, REQUIRED },
	{ "failed",                               "f1",       1, SECURE,   MAY, FAILED },
	{ "no such domain",                       "",         1, SECURE,   MAY, REQUIRED },
	{ "list failed",                          "",         1, MX_FAILED, MAY, LIST_FAILED },
	{ "insecure list, usable",                "U1",       1, INSECURE, MAY, REQUIRED },
	{ "insecure list, failed",                "f1",       1, INSECURE, MAY, REQUIRED },
	{ "insecurely no such domain",            "",         1, INSECURE, MAY, REQUIRED },
	{ "none beside usable",                   "n1 U2",    1, SECURE,   MAY, REQUIRED },
	{ "none beside failed",                   "n1 f2",    1, SECURE,   MAY, REQUIRED },
	{ "nobody's, usable and none",            "n1 U2",    9, SECURE,   MAY, DANE("2") },
	{ "nobody's, unusable and failed",        "u1 f2",    9, SECURE,   MAY, FAILED },
	{ "nobody's, unusable and none",          "u1 n2",    9, SECURE,   MAY, REQUIRED },
	{ "shared, usable and failed",            "U1 f1",    1, SECURE,   MAY, DANE("1") },
	{ "strict, none beside usable",           "n1 U2",    1, STRICT,   MAY, DANE("2") },
};
/* clang-format on */

static void check_row(const struct row *row, enum level level)
{
	struct verdict *v = verdict_of(level, row->floor, row->mx);
	struct addr dst = at(row->dst);
	struct demand demand;
	char hosts[VERDICT_MX_MAX + 1];

	v->mx_secure = (row->how & INSECURE) == 0;
	v->strict_mx = (row->how & STRICT) != 0;
	if ((row->how & MX_FAILED) != 0)
		v->mx_lookup = VERDICT_LOOKUP_FAILED;
	memset(&demand, 0xff, sizeof(demand));
	demand_of(&demand, v, &dst);
	if (demand.level != row->level || demand.basis != row->basis || demand.also != row->also ||
	    demand.result != row->result || strcmp(demand.code, row->code) != 0 ||
	    strcmp(hosts_of(&demand, v, hosts), row->hosts) != 0)
		fail_msg("%s, %s: level %s, basis %s, also %s, hosts \"%s\", %s %s: %s", level_name(level), row->what,
			 level_name(demand.level), demand_basis_name(demand.basis), level_name(demand.also),
			 hosts_of(&demand, v, hosts), result_word_name(demand.result), demand.code, demand.reason);
	/* A demand that nobody meets says why, and no other one does. */
	if ((demand.level == LEVEL_UNSET) != (demand.reason[0] != '\0'))
		fail_msg("%s, %s: reason \"%s\"", level_name(level), row->what, demand.reason);
	if (demand_permits_clear(v, &dst) != level_permits_clear(row->level))
		fail_msg("%s, %s: clear text", level_name(level), row->what);
	v->enforce = false; /* report only: whatever it demands, it stops nothing */
	if (!demand_permits_clear(v, &dst))
		fail_msg("%s, %s: report only", level_name(level), row->what);
	verdict_unref(v);
}

static void test_dane(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(dane_rows); i++)
		check_row(&dane_rows[i], LEVEL_DANE);
}

static void test_dane_only(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(only_rows); i++)
		check_row(&only_rows[i], LEVEL_DANE_ONLY);
}

/* The strictest first; a demand further down is a lower one. */
static unsigned rank(const struct demand *demand)
{
	switch (demand->level) {
	case LEVEL_UNSET: return 3;
	case LEVEL_DANE: return 2;
	case LEVEL_ENCRYPT: return 1;
	default: return 0;
	}
}

/* Every list of up to three hosts of every kind, at every address: nobody's address is never asked for less than any
 * host's own, strict-mx never for less than without, and nothing is ever asked of a host that is no candidate. */
static void test_downgrade_rule(void **state)
{
	static const char kinds[] = "nufU";
	char hosts[16];

	(void)state;
	for (unsigned mix = 0; mix < 64; mix++) {
		struct demand nobodys;
		struct demand own;
		struct demand strict;
		struct addr dst = at(9);
		(void)snprintf(hosts, sizeof(hosts), "%c1 %c2 %c3", kinds[mix & 3], kinds[mix >> 2 & 3],
			       kinds[mix >> 4 & 3]);
		struct verdict *v = verdict_of(LEVEL_DANE, LEVEL_MAY, hosts);
		demand_of(&nobodys, v, &dst);
		for (unsigned i = 1; i <= 3; i++) {
			dst = at(i);
			v->strict_mx = false;
			demand_of(&own, v, &dst);
			v->strict_mx = true;
			demand_of(&strict, v, &dst);
			if (rank(&nobodys) == 0 && rank(&own) > 0)
				fail_msg("%s: clear text at nobody's address", hosts);
			if (rank(&own) == 2 && rank(&nobodys) < 2)
				fail_msg("%s: authentication at .%u only", hosts, i);
			if (rank(&strict) < rank(&own))
				fail_msg("%s: strict-mx lowers .%u", hosts, i);
			for (size_t j = 0; j < own.hosts_count; j++)
				assert_ptr_equal(own.hosts[j], &v->mx[i - 1]);
		}
		verdict_unref(v);
	}
}

static void test_as_it_stands(void **state)
{
	static const enum level levels[] = { LEVEL_NONE,        LEVEL_MAY,    LEVEL_ENCRYPT,
					     LEVEL_FINGERPRINT, LEVEL_VERIFY, LEVEL_SECURE };
	struct addr dst = at(1);
	struct demand demand;

	(void)state;
	for (size_t i = 0; i < COUNT(levels); i++) {
		/* Neither records nor a failed lookup nor another host has a say. */
		struct verdict *v = verdict_of(levels[i], LEVEL_UNSET, i % 2 == 0 ? "U1" : "f1");
		if (i >= 4)
			v->mx_lookup = VERDICT_LOOKUP_FAILED;
		demand_of(&demand, v, &dst);
		assert_int_equal(demand.level, levels[i]);
		assert_int_equal(demand.basis, DEMAND_OF_DEFAULT);
		assert_int_equal(demand.hosts_count, 0);
		assert_int_equal(demand.also, LEVEL_UNSET);
		assert_string_equal(demand.code, "");
		v->source = VERDICT_SOURCE_DOMAIN;
		demand_of(&demand, v, &dst);
		assert_int_equal(demand.basis, DEMAND_OF_RULE);
		verdict_unref(v);
	}
}

static void assert_nobody(const struct verdict *v)
{
	struct addr dst = at(1);
	struct demand demand;

	memset(&demand, 0xff, sizeof(demand));
	demand_of(&demand, v, &dst);
	assert_int_equal(demand.level, LEVEL_UNSET);
	assert_int_equal(demand.also, LEVEL_UNSET);
	assert_int_equal(demand.hosts_count, 0);
	assert_string_equal(demand.code, "4.4.3");
	assert_true(demand.reason[0] != '\0');
	assert_false(demand_permits_clear(v, &dst));
}

static void test_what_is_no_verdict(void **state)
{
	struct verdict zero = { 0 };
	struct verdict *v = verdict_of(LEVEL_MAY, LEVEL_UNSET, "n1");

	(void)state;
	assert_nobody(NULL);
	assert_nobody(&zero);
	v->status = (enum verdict_status)2;
	assert_nobody(v);
	v->status = VERDICT_FAILED;
	assert_nobody(v);
	v->status = VERDICT_OK;
	v->source = VERDICT_SOURCE_NONE;
	assert_nobody(v);
	v->source = VERDICT_SOURCE_COUNT;
	assert_nobody(v);
	v->source = VERDICT_SOURCE_DOMAIN;
	v->level = LEVEL_UNSET;
	assert_nobody(v);
	v->level = LEVEL_COUNT;
	assert_nobody(v);
	verdict_unref(v);
}

static void test_failed_verdict_keeps_its_words(void **state)
{
	struct verdict *v = verdict_of(LEVEL_UNSET, LEVEL_UNSET, "");
	struct demand demand;
	struct addr dst = at(1);

	(void)state;
	v->status = VERDICT_FAILED;
	v->result = RESULT_DNSSEC_INVALID;
	(void)snprintf(v->reason, sizeof(v->reason), "the signature of d.example MX is bogus");
	demand_of(&demand, v, &dst);
	assert_int_equal(demand.result, RESULT_DNSSEC_INVALID);
	assert_string_equal(demand.reason, v->reason);
	v->status = VERDICT_OK;
	v->level = LEVEL_DANE;
	v->floor = LEVEL_MAY;
	v->mx_lookup = VERDICT_LOOKUP_FAILED;
	demand_of(&demand, v, &dst);
	assert_string_equal(demand.reason, v->reason);
	v->reason[0] = '\0';
	demand_of(&demand, v, &dst);
	assert_non_null(strstr(demand.reason, "d.example"));
	verdict_unref(v);
}

/* Searches that nothing sound leaves behind are failed ones. */
static void test_unsound_hosts(void **state)
{
	struct verdict *v = verdict_of(LEVEL_DANE, LEVEL_MAY, "U1 n2");
	struct addr dst = at(1);
	struct demand demand;

	(void)state;
	v->mx[0].tlsa_base[0] = '\0';
	demand_of(&demand, v, &dst);
	assert_int_equal(demand.result, RESULT_DNSSEC_INVALID);
	assert_non_null(strstr(demand.reason, "mx1.d.example"));
	(void)snprintf(v->mx[0].tlsa_base, sizeof(v->mx[0].tlsa_base), "mx1.d.example");
	v->mx[0].dane = (enum verdict_dane)(VERDICT_DANE_USABLE + 1);
	demand_of(&demand, v, &dst);
	assert_int_equal(demand.result, RESULT_DNSSEC_INVALID);
	v->mx[0].dane = VERDICT_DANE_USABLE;
	tlsa_free(v->mx[0].tlsa, v->mx[0].tlsa_count);
	v->mx[0].tlsa = NULL;
	v->mx[0].tlsa_count = 0;
	demand_of(&demand, v, &dst);
	assert_int_equal(demand.result, RESULT_DNSSEC_INVALID);
	v->mx_lookup = (enum verdict_lookup)3;
	demand_of(&demand, v, &dst);
	assert_string_equal(demand.code, "4.4.3");
	verdict_unref(v);
}

/* No address is nobody's, and never that of a host which has an empty one in its list. */
static void test_no_address_matches_none(void **state)
{
	struct verdict *v = verdict_of(LEVEL_DANE, LEVEL_MAY, "U1 n2");
	struct addr none = { 0 };
	struct demand demand;

	(void)state;
	v->mx[1].addrs[0] = none;
	demand_of(&demand, v, &none);
	assert_int_equal(demand.level, LEVEL_DANE);
	verdict_unref(v);
}

static void test_lists_at_their_bounds(void **state)
{
	char words[3 * (VERDICT_MX_MAX + 1) + 1] = "";
	struct addr dst = at(9);
	struct demand demand;

	(void)state;
	for (size_t i = 0; i < VERDICT_MX_MAX; i++)
		(void)snprintf(words + 3 * i, sizeof(words) - 3 * i, "U1 ");
	struct verdict *v = verdict_of(LEVEL_DANE, LEVEL_MAY, words);
	demand_of(&demand, v, &dst);
	assert_int_equal(demand.hosts_count, VERDICT_MX_MAX);
	/* One more, which has no records: no shortened list, but a failed lookup. */
	add_host(v, "n9", 2);
	demand_of(&demand, v, &dst);
	assert_int_equal(demand.level, LEVEL_UNSET);
	assert_int_equal(demand.hosts_count, 0);
	assert_string_equal(demand.code, "4.4.3");
	verdict_unref(v);
	v = verdict_of(LEVEL_DANE, LEVEL_MAY, "");
	v->mx_lookup = VERDICT_LOOKUP_FOUND; /* and nothing in it */
	demand_of(&demand, v, &dst);
	assert_int_equal(demand.level, LEVEL_UNSET);
	verdict_unref(v);
}

/* Two MX records may name one host. */
static void test_duplicates(void **state)
{
	struct verdict *v = verdict_of(LEVEL_DANE, LEVEL_MAY, "U1 U1");
	struct addr dst = at(1);
	struct demand demand;

	(void)state;
	memcpy(v->mx[1].name, v->mx[0].name, sizeof(v->mx[0].name));
	demand_of(&demand, v, &dst);
	assert_int_equal(demand.level, LEVEL_DANE);
	assert_true(demand.hosts_count >= 1 && demand.hosts[0] == &v->mx[0]);
	verdict_unref(v);
}

static void test_reasons_name_the_host(void **state)
{
	static const struct {
		enum level level;
		const char *hosts;
		unsigned how;
		const char *says;
	} rows[] = {
		{ LEVEL_DANE, "n2 f1", SECURE, "the TLSA records of mx2.d.example could not be looked up" },
		{ LEVEL_DANE, "f1 f1", SECURE, "the TLSA records of mx1.d.example could not be looked up" },
		{ LEVEL_DANE_ONLY, "n1", SECURE, "DANE is required, and d.example has no TLSA records" },
		{ LEVEL_DANE_ONLY, "", INSECURE, "DANE is required, and d.example has no TLSA records" },
		{ LEVEL_DANE_ONLY, "u1", SECURE, "DANE is required, and no TLSA record of d.example can be used" },
		{ LEVEL_DANE_ONLY, "U1", INSECURE, "DANE is required, and the MX hosts of d.example are not signed" },
	};
	struct addr dst = at(1);
	struct demand demand;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct verdict *v = verdict_of(rows[i].level, LEVEL_MAY, rows[i].hosts);
		v->mx_secure = rows[i].how != INSECURE;
		demand_of(&demand, v, &dst);
		if (strstr(demand.reason, rows[i].says) != demand.reason)
			fail_msg("%s", demand.reason);
		v->nexthop[0] = '\0';
		demand_of(&demand, v, &dst);
		assert_true(strstr(demand.reason, "  ") == NULL && strstr(demand.reason, "of  ") == NULL);
		verdict_unref(v);
	}
}

/* RFC 7672 s. 2.2.1: by TLSA records alone, an insecure list of MX hosts leaves the domain unproved. */
static void test_proves_domain(void **state)
{
	static const struct {
		enum level level;
		enum level floor;
		const char *hosts;
		bool secure;
		bool proves;
	} rows[] = {
		{ LEVEL_DANE, LEVEL_MAY, "U1", true, true },        { LEVEL_DANE, LEVEL_MAY, "U1", false, false },
		{ LEVEL_DANE, LEVEL_VERIFY, "U1", false, true },    { LEVEL_DANE, LEVEL_VERIFY, "n1", false, true },
		{ LEVEL_DANE, LEVEL_ENCRYPT, "u1", true, false },   { LEVEL_DANE, LEVEL_MAY, "f1", true, false },
		{ LEVEL_DANE_ONLY, LEVEL_MAY, "U1", true, true },   { LEVEL_DANE_ONLY, LEVEL_MAY, "U1", false, false },
		{ LEVEL_SECURE, LEVEL_UNSET, "n1", false, true },   { LEVEL_ENCRYPT, LEVEL_UNSET, "n1", true, false },
		{ LEVEL_FINGERPRINT, LEVEL_UNSET, "", true, true },
	};
	struct addr dst = at(1);
	struct demand demand;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct verdict *v = verdict_of(rows[i].level, rows[i].floor, rows[i].hosts);
		v->mx_secure = rows[i].secure;
		demand_of(&demand, v, &dst);
		if (demand_proves_domain(&demand, v) != rows[i].proves)
			fail_msg("row %zu", i);
		verdict_unref(v);
	}
}

static void test_basis_names(void **state)
{
	(void)state;
	assert_string_equal(demand_basis_name(DEMAND_OF_NOBODY), "none");
	assert_string_equal(demand_basis_name(DEMAND_OF_RULE), "rule");
	assert_string_equal(demand_basis_name(DEMAND_OF_DEFAULT), "default");
	assert_string_equal(demand_basis_name(DEMAND_OF_DANE), "dane");
	assert_string_equal(demand_basis_name(DEMAND_OF_DANE_UNUSABLE), "dane-unusable");
	assert_string_equal(demand_basis_name(DEMAND_OF_FLOOR), "floor");
	assert_string_equal(demand_basis_name(DEMAND_BASIS_COUNT), "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dane),
		cmocka_unit_test(test_dane_only),
		cmocka_unit_test(test_downgrade_rule),
		cmocka_unit_test(test_as_it_stands),
		cmocka_unit_test(test_what_is_no_verdict),
		cmocka_unit_test(test_failed_verdict_keeps_its_words),
		cmocka_unit_test(test_unsound_hosts),
		cmocka_unit_test(test_no_address_matches_none),
		cmocka_unit_test(test_lists_at_their_bounds),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_reasons_name_the_host),
		cmocka_unit_test(test_proves_domain),
		cmocka_unit_test(test_basis_names),
	};

	return cmocka_run_group_tests_name("demand", tests, NULL, NULL);
}

/* test_decide_dane.c - levels dane and dane-only: RFC 7672 s. 2.2.1 from the answer about the MX to the verdict and to
 * what it demands, dane-insecure-mx, floors and their names, and what is too much for a verdict. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/decide/decide.h"
#include "policy/tools/explain.h"
#include "policy/verdict/demand.h"
#include "tests/unit/policy/facts.h"
#include "tests/unit/policy/travels.h"

static void on_error(void *arg, const char *file, unsigned line, const char *message)
{
	(void)arg;
	print_message("%s:%u: %s\n", file, line, message);
}

static struct conf parse(const char *text)
{
	struct conf conf;

	if (!conf_parse(&conf, "test.conf", text, on_error, NULL))
		fail_msg("the configuration of the test is wrong: %s", text);
	return conf;
}

static struct verdict_question question(const char *domain, const char *destination)
{
	struct verdict_question q = { .kind = VERDICT_ASK_RECIPIENT };

	(void)snprintf(q.domain, sizeof(q.domain), "%s", domain);
	assert_true(endpoint_parse(&q.destination, destination, 25));
	return q;
}

static void add_records(struct verdict_mx *host, size_t count, size_t len)
{
	host->tlsa = calloc(count, sizeof(*host->tlsa));
	assert_non_null(host->tlsa);
	for (size_t i = 0; i < count; i++) {
		struct tlsa *record = &host->tlsa[host->tlsa_count++];
		*record = (struct tlsa){ .usage = 3, .selector = 1, .mtype = len == 32 ? 1 : 0, .len = (uint16_t)len };
		record->data = calloc(1, len);
		assert_non_null(record->data);
		record->data[0] = (uint8_t)i;
	}
}

/* Hosts in words: U usable, u unusable, n none, f failed; host N has the address 192.0.2.N. */
static void add_hosts(struct mx_result *mx, const char *words)
{
	mx->hosts_count = strlen(words);
	mx->hosts = calloc(mx->hosts_count, sizeof(*mx->hosts));
	assert_non_null(mx->hosts);
	for (size_t i = 0; i < mx->hosts_count; i++) {
		struct verdict_mx *host = &mx->hosts[i];
		char text[32];
		(void)snprintf(host->name, sizeof(host->name), "mx%zu.d.example", i + 1);
		(void)snprintf(text, sizeof(text), "192.0.2.%zu", i + 1);
		host->addrs = calloc(1, sizeof(*host->addrs));
		assert_true(host->addrs != NULL && addr_parse(host->addrs, text));
		host->addrs_count = 1;
		mx->addrs[i] = HOST_ADDRS_SECURE;
		host->dane = words[i] == 'U'   ? VERDICT_DANE_USABLE
			     : words[i] == 'u' ? VERDICT_DANE_UNUSABLE
			     : words[i] == 'n' ? VERDICT_DANE_NONE
					       : VERDICT_DANE_FAILED;
		if (words[i] == 'U' || words[i] == 'u')
			(void)snprintf(host->tlsa_base, sizeof(host->tlsa_base), "base%zu.d.example", i + 1);
		if (words[i] == 'U')
			add_records(host, 1, 32);
	}
}

/* "failed", "nx", "null", or hosts in words; "-" before: not proved. "=": the domain is an alias of c.example. */
static struct mx_result result_of(const char *words)
{
	struct mx_result mx = { .lookup = VERDICT_LOOKUP_FOUND, .secure = true, .ttl_s = 300 };

	(void)snprintf(mx.canonical, sizeof(mx.canonical), "d.example");
	for (; *words == '-' || *words == '='; words++) {
		mx.secure &= *words != '-';
		if (*words == '=')
			(void)snprintf(mx.canonical, sizeof(mx.canonical), "c.example");
	}
	if (strcmp(words, "failed") == 0) {
		mx.lookup = VERDICT_LOOKUP_FAILED;
		mx.secure = false;
		(void)snprintf(mx.reason, sizeof(mx.reason), "SERVFAIL");
	} else if (strcmp(words, "nx") == 0 || strcmp(words, "null") == 0) {
		mx.lookup = VERDICT_LOOKUP_ABSENT;
	} else {
		add_hosts(&mx, words);
	}
	return mx;
}

#define DANE      "default-level = dane\n"
#define DANE_ONLY "default-level = dane-only\n"
#define OFF       "dnssec = off\n"
#define NO_STS    "mta-sts = no\n"

/* What is wanted of the DNS. */
static void test_want(void **state)
{
	static const struct {
		const char *what, *conf, *domain, *destination, *want; /* domain dane insecure port; "": nothing */
	} rows[] = {
		{ "dane", DANE, "d.example", "192.0.2.1", "d.example 1 1 25 sts" },
		{ "dane-only never counts an insecure list", DANE_ONLY, "d.example", "192.0.2.1", "d.example 1 0 25" },
		{ "another port", DANE, "d.example", "192.0.2.1:2525", "d.example 1 1 2525 sts" },
		{ "insecure-mx = encrypt has to know", DANE "dane-insecure-mx = encrypt\n", "d.example", "192.0.2.1",
		  "d.example 1 1 25 sts" },
		{ "insecure-mx = may does not", DANE "dane-insecure-mx = may\n", "d.example", "192.0.2.1",
		  "d.example 1 0 25 sts" },
		{ "another level", "default-level = encrypt\n", "d.example", "192.0.2.1", "d.example 0 0 25" },
		{ "dnssec off: hosts without records", DANE OFF, "d.example", "192.0.2.1", "d.example 0 0 25 sts" },
		{ "dnssec off, no MTA-STS: the floor's lookup", DANE OFF NO_STS, "d.example", "192.0.2.1",
		  "d.example 0 0 25" },
		{ "no MTA-STS", DANE NO_STS, "d.example", "192.0.2.1", "d.example 1 1 25" },
		{ "a list", DANE "list-file = \"/l\"\n", "d.example", "192.0.2.1", "d.example 1 1 25 sts list" },
		{ "dnssec off, a list alone", DANE OFF NO_STS "list-file = \"/l\"\n", "d.example", "192.0.2.1",
		  "d.example 0 0 25 list" },
		{ "dane-only asks for nothing else", DANE_ONLY "list-file = \"/l\"\n", "d.example", "192.0.2.1",
		  "d.example 1 0 25" },
		{ "nor does another level", "default-level = secure\nlist-file = \"/l\"\n", "d.example", "192.0.2.1",
		  "d.example 0 0 25" },
		{ "dnssec off and dane-only: none", OFF "domain \"d.example\" { level = dane-only }\n", "d.example",
		  "192.0.2.1", "" },
		{ "an address literal", DANE, "[192.0.2.9]", "192.0.2.1", "" },
		{ "postmaster", DANE, "", "192.0.2.1", "" },
		{ "a destination rule: its next hop",
		  "destination \"192.0.2.0/24\" { level = dane nexthop = \"r.example\" }\n", "d.example", "192.0.2.1",
		  "r.example 1 1 25 sts" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct conf conf = parse(rows[i].conf);
		struct verdict_question q = question(rows[i].domain, rows[i].destination);
		struct rules_match match;
		struct decide_want want;
		char got[128] = "";
		rules_find(&match, &conf, &q);
		if (decide_want(&want, &conf, &match, &q))
			(void)snprintf(got, sizeof(got), "%s %d %d %u%s%s", want.mx.domain, want.mx.dane,
				       want.mx.insecure_mx, want.mx.port, want.sts ? " sts" : "",
				       want.list ? " list" : "");
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%s: %s", rows[i].what, got);
		conf_cleanup(&conf);
	}
}

/* --- verdicts ----------------------------------------------------------------------------------------------------- */

/* The verdict: status, level, floor, SNI if set, "+names"; then the demand at the address: level, basis, hosts' bases,
 * "also" a level, or the failure's word. */
static void describe(const struct verdict *v, const struct addr *dst, char out[512])
{
	struct demand demand;
	size_t at = (size_t)snprintf(out, 512, "%s %s/%s", v->status == VERDICT_OK ? "ok" : "failed",
				     level_name(v->level), level_name(v->floor));

	if (v->expanded[0] != '\0')
		at += (size_t)snprintf(out + at, 512 - at, " =%s", v->expanded);
	if (v->servername[0] != '\0')
		at += (size_t)snprintf(out + at, 512 - at, " sni=%s", v->servername);
	for (size_t i = 0; i < v->names_count; i++)
		at += (size_t)snprintf(out + at, 512 - at, " +%s%s", v->names[i].subdomains ? "." : "",
				       v->names[i].name);
	demand_of(&demand, v, dst);
	at += (size_t)snprintf(out + at, 512 - at, "; %s %s", level_name(demand.level),
			       demand_basis_name(demand.basis));
	for (size_t i = 0; i < demand.hosts_count; i++)
		at += (size_t)snprintf(out + at, 512 - at, " %s", demand.hosts[i]->tlsa_base);
	if (demand.also != LEVEL_UNSET)
		at += (size_t)snprintf(out + at, 512 - at, " also %s", level_name(demand.also));
	if (demand.result != RESULT_NONE)
		(void)snprintf(out + at, 512 - at, " %s", result_word_name(demand.result));
}

struct row {
	const char *what, *conf, *domain, *dst, *mx; /* NULL: nothing was looked up */
	const char *verdict;
};

/* clang-format off */
static const struct row rows[] = {
	/* what has no domain */
	{ "s. 2.2: an address literal: the floor", DANE, "[192.0.2.9]", "192.0.2.9", NULL, "ok dane/encrypt; encrypt floor" },
	{ "s. 2.2: postmaster: the floor", DANE, "", "192.0.2.9", NULL, "ok dane/encrypt; encrypt floor" },
	{ "s. 2.2: an address literal cannot meet dane-only", DANE_ONLY, "[192.0.2.9]", "192.0.2.9", NULL, "ok dane-only/secure; unset dane dane-required" },
	{ "s. 2.2: a destination rule: the next hop's records", "destination \"192.0.2.0/24\" { level = dane nexthop = \"d.example\" }\n",
	  "other.example", "192.0.2.1", "U", "ok dane/encrypt; dane dane base1.d.example" },
	/* the MX (RFC 7672 s. 2.2.1) */
	{ "s. 2.2.1: the lookup fails: deferred", DANE, "d.example", "192.0.2.1", "failed", "failed unset/unset; unset none dnssec-invalid" },
	{ "s. 2.2.1: the lookup fails, whatever the floor", DANE "floor = may\n", "d.example", "192.0.2.1", "failed", "failed unset/unset; unset none dnssec-invalid" },
	{ "s. 2.2.1: the lookup fails, dane-only", DANE_ONLY, "d.example", "192.0.2.1", "failed", "failed unset/unset; unset none dnssec-invalid" },
	{ "s. 2.2.1: never looked up", DANE, "d.example", "192.0.2.1", NULL, "failed unset/unset; unset none dnssec-invalid" },
	{ "s. 2.2.1: no such domain, proved: no policy", DANE, "d.example", "192.0.2.1", "nx", "ok dane/encrypt; encrypt floor" },
	{ "s. 2.2.1: no such domain, not proved: no policy", DANE, "d.example", "192.0.2.1", "-nx", "ok dane/encrypt; encrypt floor" },
	{ "s. 2.2.1: no such domain, dane-only: refused", DANE_ONLY, "d.example", "192.0.2.1", "nx", "ok dane-only/secure; unset dane dane-required" },
	{ "s. 2.2.1: null MX: no policy", DANE, "d.example", "192.0.2.1", "null", "ok dane/encrypt; encrypt floor" },
	{ "s. 2.2.1: secure, with records", DANE, "d.example", "192.0.2.1", "U", "ok dane/encrypt; dane dane base1.d.example" },
	{ "s. 2.2.1: secure, the domain is an alias", DANE, "d.example", "192.0.2.1", "=U", "ok dane/encrypt =c.example; dane dane base1.d.example" },
	{ "s. 2.2.1: an alias that is not proved is no name", DANE, "d.example", "192.0.2.1", "-=U", "ok dane/encrypt; dane dane base1.d.example" },
	{ "s. 2.2.1: insecure, dane-only: delayed", DANE_ONLY, "d.example", "192.0.2.1", "-n", "ok dane-only/secure; unset dane dane-required" },
	{ "s. 2.2.1: insecure, dane-only, records or not", DANE_ONLY, "d.example", "192.0.2.1", "-U", "ok dane-only/secure; unset dane dane-required" },
	/* dane-insecure-mx, Postfix's three settings */
	{ "insecure MX, dane: records must match", DANE "dane-insecure-mx = dane\n", "d.example", "192.0.2.1", "-U", "ok dane/encrypt; dane dane base1.d.example" },
	{ "insecure MX, dane: unusable ones mean TLS", DANE "dane-insecure-mx = dane\nfloor = may\n", "d.example", "192.0.2.1", "-u", "ok dane/may; encrypt dane-unusable" },
	{ "insecure MX, dane: a failed lookup is one", DANE "dane-insecure-mx = dane\n", "d.example", "192.0.2.1", "-f", "ok dane/encrypt; unset dane dnssec-invalid" },
	{ "insecure MX, dane, a floor with names: both", DANE "floor = secure\n", "d.example", "192.0.2.1", "-U",
	  "ok dane/secure +d.example +.d.example; dane dane base1.d.example also secure" },
	{ "insecure MX, encrypt: records mean TLS", DANE "dane-insecure-mx = encrypt\nfloor = may\n", "d.example", "192.0.2.1", "-U", "ok dane/may; encrypt dane-unusable" },
	{ "insecure MX, encrypt: unusable ones too", DANE "dane-insecure-mx = encrypt\nfloor = may\n", "d.example", "192.0.2.1", "-u", "ok dane/may; encrypt dane-unusable" },
	{ "insecure MX, encrypt: none is none", DANE "dane-insecure-mx = encrypt\nfloor = may\n", "d.example", "192.0.2.1", "-n", "ok dane/may; may floor" },
	{ "insecure MX, encrypt: a failed lookup is one", DANE "dane-insecure-mx = encrypt\nfloor = may\n", "d.example", "192.0.2.1", "-f", "ok dane/may; unset dane dnssec-invalid" },
	{ "insecure MX, may: records are nothing", DANE "dane-insecure-mx = may\nfloor = may\n", "d.example", "192.0.2.1", "-U", "ok dane/may; may floor" },
	{ "insecure MX, may: nor unusable ones", DANE "dane-insecure-mx = may\nfloor = may\n", "d.example", "192.0.2.1", "-u", "ok dane/may; may floor" },
	{ "insecure MX, may: nor a failed lookup", DANE "dane-insecure-mx = may\nfloor = may\n", "d.example", "192.0.2.1", "-f", "ok dane/may; may floor" },
	{ "a secure MX does not care: encrypt", DANE "dane-insecure-mx = encrypt\n", "d.example", "192.0.2.1", "U", "ok dane/encrypt; dane dane base1.d.example" },
	{ "a secure MX does not care: may", DANE "dane-insecure-mx = may\n", "d.example", "192.0.2.1", "U", "ok dane/encrypt; dane dane base1.d.example" },
	/* one sick host among others */
	{ "at the sound host", DANE, "d.example", "192.0.2.2", "fUn", "ok dane/encrypt; dane dane base2.d.example" },
	{ "at the sick host", DANE, "d.example", "192.0.2.1", "fUn", "ok dane/encrypt; unset dane dnssec-invalid" },
	{ "at the host without", DANE, "d.example", "192.0.2.3", "fUn", "ok dane/encrypt; encrypt floor" },
	{ "at the host without, strictly", DANE "strict-mx = yes\n", "d.example", "192.0.2.3", "fUn", "ok dane/encrypt; dane dane base2.d.example" },
	{ "at nobody's address", DANE, "d.example", "192.0.2.9", "fUn", "ok dane/encrypt; dane dane base2.d.example" },
	/* floors, with their names */
	{ "floor may", DANE "floor = may\n", "d.example", "192.0.2.1", "n", "ok dane/may; may floor" },
	{ "floor verify", DANE "floor = verify\n", "d.example", "192.0.2.1", "n", "ok dane/verify; verify floor" },
	{ "floor secure: its names, and the SNI for them", DANE "floor = secure\n", "d.example", "192.0.2.1", "n", "ok dane/secure +d.example +.d.example; secure floor" },
	{ "floor of a rule with names of its own", "domain \"d.example\" { level = dane floor = secure match = {\"a.example\"} }\n", "d.example", "192.0.2.1", "n",
	  "ok dane/secure sni=a.example +a.example; secure floor" },
	{ "floor verify with a failed MX lookup: deferred", DANE "floor = verify\n", "d.example", "192.0.2.1", "failed", "failed unset/unset; unset none dnssec-invalid" },
	{ "unusable records and floor secure: secure", DANE "floor = secure\n", "d.example", "192.0.2.1", "u", "ok dane/secure +d.example +.d.example; secure dane-unusable" },
	/* dane-only */
	{ "dane-only, records", DANE_ONLY, "d.example", "192.0.2.1", "U", "ok dane-only/secure; dane dane base1.d.example" },
	{ "dane-only, none", DANE_ONLY, "d.example", "192.0.2.1", "n", "ok dane-only/secure; unset dane dane-required" },
	{ "dane-only, unusable", DANE_ONLY, "d.example", "192.0.2.1", "u", "ok dane-only/secure; unset dane dane-required" },
	{ "dane-only, failed", DANE_ONLY, "d.example", "192.0.2.1", "f", "ok dane-only/secure; unset dane dnssec-invalid" },
	/* dnssec = off */
	{ "off: nothing published: the floor", DANE OFF, "d.example", "192.0.2.1", "-n", "ok dane/encrypt; encrypt floor" },
	{ "off: the MX hosts are not known: deferred", DANE OFF "floor = may\n", "d.example", "192.0.2.1", "failed", "failed unset/unset; unset none dnssec-invalid" },
	{ "off: a floor with names", DANE OFF "floor = secure\n", "d.example", "192.0.2.1", "-n", "ok dane/secure +d.example +.d.example; secure floor" },
	{ "off, no MTA-STS: dane is its floor", DANE OFF NO_STS, "d.example", "192.0.2.1", "-n", "ok encrypt/unset; encrypt default" },
	{ "off, no MTA-STS: also where the lookup fails", DANE OFF NO_STS "floor = may\n", "d.example", "192.0.2.1", "failed", "ok may/unset; may default" },
	{ "off, no MTA-STS: a floor with names", DANE OFF NO_STS "floor = secure\n", "d.example", "192.0.2.1", "-n", "ok secure/unset +d.example +.d.example; secure default" },
	{ "off, no MTA-STS: a rule's own floor", OFF NO_STS "domain \"d.example\" { level = dane floor = verify }\n", "d.example", "192.0.2.1", "-n", "ok verify/unset; verify rule" },
	{ "off: dane-only fails", OFF "domain \"d.example\" { level = dane-only }\n", "d.example", "192.0.2.1", NULL, "failed unset/unset; unset none dane-required" },
};
/* clang-format on */

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct conf conf = parse(rows[i].conf);
		struct verdict_question q = question(rows[i].domain, rows[i].dst);
		struct mx_result mx = { 0 };
		struct rules_match match;
		char got[512];
		rules_find(&match, &conf, &q);
		if (rows[i].mx != NULL)
			mx = result_of(rows[i].mx);
		struct decide_facts facts = facts_of(rows[i].mx != NULL ? &mx : NULL);
		struct verdict *v = decide(&conf, 1, &match, &q, &facts);
		assert_non_null(v);
		describe(v, &q.destination.addr, got);
		if (strcmp(got, rows[i].verdict) != 0)
			fail_msg("%s: \"%s\"; wanted \"%s\"", rows[i].what, got, rows[i].verdict);
		if (v->status != VERDICT_OK && v->reason[0] == '\0')
			fail_msg("%s: fails without a reason", rows[i].what);
		assert_string_equal(v->nexthop, rows[i].mx != NULL ? "d.example" : "");
		assert_int_equal(v->mx_secure, rows[i].mx != NULL && mx.secure);
		assert_travels(v, &q.destination.addr);
		verdict_unref(v);
		mx_result_cleanup(&mx);
		conf_cleanup(&conf);
	}
}

/* What is proved is kept to the second, and a failure of one host not for long. */
static void test_ttl(void **state)
{
	static const struct {
		const char *conf, *mx;
		uint32_t dns_s, want_s;
	} ttl_rows[] = {
		{ DANE, "U", 0, 0 },
		{ DANE, "U", 7, 7 },
		{ DANE, "-n", 7, 7 },
		{ DANE, "U", 86400, DECIDE_TTL_MAX_S },
		{ DANE, "Uf", 300, DECIDE_TTL_FAILED_S },
		{ DANE, "nx", 7, 7 },
		{ DANE, "failed", 300, DECIDE_TTL_FAILED_S },
		{ "default-level = encrypt\n", "Uf", 7, DECIDE_TTL_MIN_S },
		{ DANE OFF, "n", 7, DECIDE_TTL_MIN_S },
	};
	struct verdict_question q = question("d.example", "192.0.2.1");

	(void)state;
	for (size_t i = 0; i < COUNT(ttl_rows); i++) {
		struct conf conf = parse(ttl_rows[i].conf);
		struct mx_result mx = result_of(ttl_rows[i].mx);
		struct rules_match match;
		mx.ttl_s = ttl_rows[i].dns_s;
		rules_find(&match, &conf, &q);
		struct decide_facts facts = facts_of(&mx);
		struct verdict *v = decide(&conf, 1, &match, &q, &facts);
		if (v->ttl_s != ttl_rows[i].want_s)
			fail_msg("row %zu: %u", i, (unsigned)v->ttl_s);
		verdict_unref(v);
		mx_result_cleanup(&mx);
		conf_cleanup(&conf);
	}
}

/* Records are never left out: what a verdict cannot carry whole is a failure. */
static void test_too_much(void **state)
{
	static const struct {
		const char *what;
		size_t hosts, records, len, addrs; /* of each host */
		bool fits;
	} sizes[] = {
		{ "128 records", 1, 128, 32, 1, true },
		{ "128 records of 32 hosts", 32, 4, 32, 1, true },
		{ "160 records of 32 hosts", 32, 5, 32, 1, false },
		{ "48 KiB", 3, 1, 16384, 1, true },
		{ "more than 48 KiB", 4, 1, 12289, 1, false },
		{ "64 KiB", 4, 1, 16384, 1, false },
		{ "48 KiB and every address there can be: no message holds it", 32, 1, 1536, 64, false },
	};
	struct conf conf = parse(DANE);
	struct verdict_question q = question("d.example", "192.0.2.1");
	struct rules_match match;

	(void)state;
	rules_find(&match, &conf, &q);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		char words[33] = "";
		memset(words, 'n', sizes[i].hosts);
		struct mx_result mx = result_of(words);
		for (size_t j = 0; j < mx.hosts_count; j++) {
			struct verdict_mx *host = &mx.hosts[j];
			host->dane = VERDICT_DANE_USABLE;
			(void)snprintf(host->tlsa_base, sizeof(host->tlsa_base), "base");
			add_records(host, sizes[i].records, sizes[i].len);
			host->addrs = realloc(host->addrs, sizes[i].addrs * sizeof(*host->addrs));
			assert_non_null(host->addrs);
			for (; host->addrs_count < sizes[i].addrs; host->addrs_count++)
				assert_true(addr_parse(&host->addrs[host->addrs_count], "2001:db8::1"));
		}
		struct decide_facts facts = facts_of(&mx);
		struct verdict *v = decide(&conf, 1, &match, &q, &facts);
		if ((v->status == VERDICT_OK) != sizes[i].fits || (sizes[i].fits && v->mx_count != sizes[i].hosts))
			fail_msg("%s: %s", sizes[i].what, v->reason);
		if (!sizes[i].fits) {
			assert_int_equal(v->result, RESULT_DNSSEC_INVALID);
			assert_non_null(strstr(v->reason, "more than"));
			assert_int_equal(v->ttl_s, DECIDE_TTL_FAILED_S);
			assert_false(demand_permits_clear(v, &q.destination.addr));
		}
		assert_travels(v, &q.destination.addr);
		verdict_unref(v);
		mx_result_cleanup(&mx);
	}
	conf_cleanup(&conf);
}

/* The exit status of explain: with a destination its demand's, without one the best of the hosts'. */
static void test_explain_status(void **state)
{
	static const struct {
		const char *conf, *dst, *mx;
		int status;
	} status_rows[] = {
		{ DANE, "192.0.2.1", "U", 0 },
		{ DANE, "192.0.2.1", "n", 0 },
		{ DANE, "192.0.2.1", "fU", 3 },
		{ DANE, "192.0.2.2", "fU", 0 },
		{ DANE, "", "fU", 0 },
		{ DANE, "", "ff", 3 },
		{ DANE, "", "failed", 3 },
		{ DANE_ONLY, "192.0.2.1", "n", 1 },
		{ DANE_ONLY, "", "nU", 0 },
		{ DANE_ONLY, "", "nf", 1 },
		{ DANE_ONLY, "", "-U", 1 },
		{ DANE_ONLY "enforce = no\n", "", "n", 0 },
		{ DANE "enforce = no\n", "", "f", 3 },
		{ DANE "floor = secure\n", "", "n", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(status_rows); i++) {
		struct conf conf = parse(status_rows[i].conf);
		struct verdict_question q = { .kind = VERDICT_ASK_RECIPIENT, .domain = "d.example" };
		struct mx_result mx = result_of(status_rows[i].mx);
		struct trail trail = { 0 };
		struct rules_match match;
		char *text;
		size_t len;
		q.destination.port = 25;
		if (status_rows[i].dst[0] != '\0')
			q = question("d.example", status_rows[i].dst);
		rules_find(&match, &conf, &q);
		struct decide_facts facts = facts_of(&mx);
		struct verdict *v = decide(&conf, 1, &match, &q, &facts);
		struct explain explain = { .recipient = "a@d.example",
					   .file = "t.conf",
					   .conf = &conf,
					   .question = &q,
					   .match = &match,
					   .dane = true,
					   .proof = "test",
					   .lookup_name = "d.example",
					   .mx = &mx,
					   .trail = &trail,
					   .verdict = v };
		if (explain_status(&explain) != status_rows[i].status)
			fail_msg("row %zu: %d", i, explain_status(&explain));
		FILE *out = open_memstream(&text, &len);
		assert_non_null(out);
		explain_text(out, &explain);
		assert_true(explain_json(out, &explain));
		assert_int_equal(fclose(out), 0);
		assert_non_null(strstr(text, "\ndemand "));
		free(text);
		verdict_unref(v);
		mx_result_cleanup(&mx);
		conf_cleanup(&conf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_want),     cmocka_unit_test(test_rows),           cmocka_unit_test(test_ttl),
		cmocka_unit_test(test_too_much), cmocka_unit_test(test_explain_status),
	};

	return cmocka_run_group_tests_name("decide dane", tests, NULL, NULL);
}

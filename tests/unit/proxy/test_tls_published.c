/* Peers against published policies: proxy/tls/tls_published.h, by way of tls_verify.h (RFC 8461 s. 4). */
#include "tlsa_made.h"

#include "policy/verdict/demand.h"
#include "proxy/tls/tls_chain.h"
#include "proxy/tls/tls_published.h"

#define D "b.test"

struct policed { /* a verdict and what it points to */
	struct verdict verdict;
	struct verdict_mx mx[4];
	struct addr addrs[4];
	struct verdict_pattern patterns[4];
	struct verdict_name name;
};

/* world_of makes a verdict of level dane for D, whose MX hosts are |hosts| ("mx1.b.test mx2.b.test"; the n-th at
 * 192.0.2.n), under a policy that allows |patterns| ("*.b.test mx.c.test"). */
static void world_of(struct policed *out, const char *hosts, enum verdict_publisher by, const char *patterns)
{
	char word[VERDICT_NAME_MAX];
	int used;

	*out = (struct policed){ .verdict = verdict_at(LEVEL_DANE) };
	out->verdict.floor = LEVEL_ENCRYPT;
	out->verdict.mx_lookup = hosts[0] != '\0' ? VERDICT_LOOKUP_FOUND : VERDICT_LOOKUP_ABSENT;
	out->verdict.mx = out->mx;
	(void)snprintf(out->verdict.domain, sizeof(out->verdict.domain), D);
	(void)snprintf(out->verdict.nexthop, sizeof(out->verdict.nexthop), D);
	for (; sscanf(hosts, "%200s%n", word, &used) == 1; hosts += used) {
		size_t i = out->verdict.mx_count++;
		assert_true(i < COUNT(out->mx));
		out->addrs[i] = (struct addr){ .family = AF_INET, .bytes = { 192, 0, 2, (uint8_t)(i + 1) } };
		out->mx[i] =
			(struct verdict_mx){ .addrs = &out->addrs[i], .addrs_count = 1, .dane = VERDICT_DANE_NONE };
		memcpy(out->mx[i].name, word, sizeof(word));
	}
	out->verdict.published = (struct verdict_policy){ .status = VERDICT_PUBLISHED_ENFORCE, .by = by };
	out->verdict.published.patterns = out->patterns;
	for (; sscanf(patterns, "%200s%n", word, &used) == 1; patterns += used) {
		struct verdict_pattern *pattern = &out->patterns[out->verdict.published.patterns_count++];
		pattern->wildcard = strncmp(word, "*.", 2) == 0;
		(void)snprintf(pattern->name, sizeof(pattern->name), "%s", word + (pattern->wildcard ? 2 : 0));
	}
}

static struct addr nth(unsigned n)
{
	return (struct addr){ .family = AF_INET, .bytes = { 192, 0, 2, (uint8_t)n } };
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

#define STS  VERDICT_BY_STS
#define LIST VERDICT_BY_LIST

/* clang-format off */
static const struct {
	const char *name;
	struct recipe leaf;
	enum by by;
	const char *hosts;
	unsigned dst; /* 192.0.2.N */
	enum verdict_publisher publisher;
	const char *patterns;
	enum result_word word;
	const char *says; /* what matched, or part of the refusal */
} rows[] = {
	/* the MX host's name, and nothing else (RFC 8461 s. 4.2) */
	{ "the host", { .sans = "mx.b.test" }, BY_INTER, "mx.b.test", 1, STS, "mx.b.test", GOOD, "mx.b.test" },
	{ "the host, by a wildcard pattern", { .sans = "mx.b.test" }, BY_INTER,
	  "mx.b.test", 1, STS, "*.b.test", GOOD, "mx.b.test" },
	{ "the host, of another domain", { .sans = "mx.c.test" }, BY_INTER,
	  "mx.c.test", 1, STS, "mx.c.test", GOOD, "mx.c.test" },
	{ "second of several names", { .sans = "a.test,mx.b.test" }, BY_INTER,
	  "mx.b.test", 1, STS, "*.b.test", GOOD, "mx.b.test" },
	{ "upper case", { .sans = "MX.B.Test" }, BY_INTER, "mx.b.test", 1, STS, "*.b.test", GOOD, "mx.b.test" },
	{ "a wildcard certificate", { .sans = "*.b.test" }, BY_INTER,
	  "mx.b.test", 1, STS, "mx.b.test", GOOD, "mx.b.test" },
	{ "a wildcard of two labels", { .sans = "*.b.test" }, BY_INTER,
	  "mx.a.b.test", 1, STS, "mx.a.b.test", MISMATCH, "is for *.b.test and not for mx.a.b.test, which the MTA-STS policy of b.test allows" },
	{ "the domain itself", { .sans = D }, BY_INTER,
	  "mx.b.test", 1, STS, "mx.b.test", MISMATCH, "is for b.test and not for mx.b.test, which the MTA-STS policy of b.test allows" },
	{ "another host that the policy allows", { .sans = "mx2.b.test" }, BY_INTER,
	  "mx.b.test", 1, STS, "*.b.test", MISMATCH, "is for mx2.b.test and not for mx.b.test" },
	{ "another MX host that it allows", { .sans = "mx2.b.test" }, BY_INTER,
	  "mx1.b.test mx2.b.test", 1, STS, "*.b.test", MISMATCH, "not for mx1.b.test" },
	{ "the pattern for a name", { .sans = "*.b.test" }, BY_INTER,
	  "mx.a.b.test", 1, STS, "*.a.b.test", MISMATCH, "not for mx.a.b.test" },
	{ "common name only", { .cn = "mx.b.test" }, BY_INTER,
	  "mx.b.test", 1, STS, "mx.b.test", MISMATCH, "is for no host and not for mx.b.test" },
	{ "common name beside another", { .cn = "mx.b.test", .sans = "x.test" }, BY_INTER,
	  "mx.b.test", 1, STS, "mx.b.test", MISMATCH, "is for x.test" },
	{ "NUL behind the name", { .sans = "mx.b.test|.evil.test" }, BY_INTER,
	  "mx.b.test", 1, STS, "*.b.test", MISMATCH, "mx.b.test" },
	{ "a host that the policy does not allow", { .sans = "mx.c.test" }, BY_INTER,
	  "mx.c.test", 1, STS, "*.b.test", INVALID, "mx.c.test is not an MX host that the MTA-STS policy of b.test allows" },
	/* the chain */
	{ "signed by itself", { .sans = "mx.b.test" }, BY_SELF, "mx.b.test", 1, STS, "*.b.test", DISTRUST, "" },
	{ "unknown authority", { .sans = "mx.b.test" }, BY_STRANGER, "mx.b.test", 1, STS, "*.b.test", DISTRUST, "" },
	{ "expired", { .sans = "mx.b.test", .from_days = -90, .to_days = -1 }, BY_INTER,
	  "mx.b.test", 1, STS, "*.b.test", EXPIRED, "" },
	{ "expired issuer", { .sans = "mx.b.test" }, BY_EXPIRED, "mx.b.test", 1, STS, "*.b.test", EXPIRED, "" },
	{ "for clients", { .sans = "mx.b.test", .eku = "clientAuth" }, BY_INTER,
	  "mx.b.test", 1, STS, "*.b.test", DISTRUST, "" },
	{ "weak key", { .sans = "mx.b.test", .key = MADE_RSA1024 }, BY_INTER,
	  "mx.b.test", 1, STS, "*.b.test", DISTRUST, "" },
	/* a server at nobody's address: one of those allowed, by its name */
	{ "nobody's: the first", { .sans = "mx1.b.test" }, BY_INTER,
	  "mx1.b.test mx2.b.test", 9, STS, "*.b.test", GOOD, "mx1.b.test" },
	{ "nobody's: the second", { .sans = "mx2.b.test" }, BY_INTER,
	  "mx1.b.test mx2.b.test", 9, STS, "*.b.test", GOOD, "mx2.b.test" },
	{ "nobody's: only those allowed", { .sans = "mx2.b.test" }, BY_INTER,
	  "mx1.b.test mx2.b.test", 9, STS, "mx1.b.test", MISMATCH, "not for mx1.b.test, which" },
	{ "nobody's: none of them", { .sans = "mx3.b.test" }, BY_INTER,
	  "mx1.b.test mx2.b.test", 9, STS, "*.b.test", MISMATCH, "not for mx1.b.test or another host that the MTA-STS policy of b.test allows" },
	/* no MX host is known: a name within the patterns */
	{ "none known, a host", { .sans = "mx.b.test" }, BY_INTER, "", 1, STS, "mx.b.test", GOOD, "mx.b.test" },
	{ "none known, below a wildcard", { .sans = "mx.b.test" }, BY_INTER,
	  "", 1, STS, "x.test *.b.test", GOOD, "*.b.test" },
	{ "none known, wildcard for wildcard", { .sans = "*.b.test" }, BY_INTER,
	  "", 1, STS, "*.b.test", GOOD, "*.b.test" },
	{ "none known, a wildcard that stands for the host", { .sans = "*.b.test" }, BY_INTER,
	  "", 1, STS, "mx.b.test", GOOD, "mx.b.test" },
	{ "none known, two labels below", { .sans = "mx.a.b.test" }, BY_INTER,
	  "", 1, STS, "*.b.test", MISMATCH, "is for mx.a.b.test and not for a host that the MTA-STS policy of b.test allows" },
	{ "none known, a wildcard two below", { .sans = "*.a.b.test" }, BY_INTER,
	  "", 1, STS, "*.b.test", MISMATCH, "" },
	{ "none known, the wildcard's own name", { .sans = D }, BY_INTER, "", 1, STS, "*.b.test", MISMATCH, "" },
	{ "none known, a wildcard of a top-level domain", { .sans = "*.test" }, BY_INTER,
	  "", 1, STS, "*.test", MISMATCH, "" },
	{ "none known, common name only", { .cn = "mx.b.test" }, BY_INTER, "", 1, STS, "*.b.test", MISMATCH, "" },
	{ "none known, unknown authority", { .sans = "mx.b.test" }, BY_STRANGER, "", 1, STS, "*.b.test", DISTRUST, "" },
	/* the list: any name that it allows */
	{ "list, the host", { .sans = "mx.b.test" }, BY_INTER, "mx.b.test", 1, LIST, "mx.b.test", GOOD, "mx.b.test" },
	{ "list, another name that it allows", { .sans = "other.b.test" }, BY_INTER,
	  "mx.b.test", 1, LIST, "*.b.test", GOOD, "*.b.test" },
	{ "list, by its second entry", { .sans = "x.test" }, BY_INTER,
	  "mx.b.test", 1, LIST, "*.b.test x.test", GOOD, "x.test" },
	{ "list, wildcard for wildcard", { .sans = "*.b.test" }, BY_INTER,
	  "mx.b.test", 1, LIST, "*.b.test", GOOD, "*.b.test" },
	{ "list, two labels", { .sans = "a.mx.b.test" }, BY_INTER,
	  "mx.b.test", 1, LIST, "*.b.test", MISMATCH, "is for a.mx.b.test and not for a name that the STARTTLS-Everywhere list allows for b.test" },
	{ "list, common name only", { .cn = "mx.b.test" }, BY_INTER, "mx.b.test", 1, LIST, "*.b.test", MISMATCH, "" },
	{ "list, the host is not on it", { .sans = "x.test" }, BY_INTER,
	  "mx.b.test", 1, LIST, "x.test", INVALID, "mx.b.test is not an MX host that the STARTTLS-Everywhere list allows for b.test" },
	{ "list, unknown authority", { .sans = "mx.b.test" }, BY_STRANGER,
	  "mx.b.test", 1, LIST, "*.b.test", DISTRUST, "" },
	{ "list, expired", { .sans = "mx.b.test", .from_days = -90, .to_days = -1 }, BY_INTER,
	  "mx.b.test", 1, LIST, "*.b.test", EXPIRED, "" },
	{ "list, none known", { .sans = "mx.b.test" }, BY_INTER, "", 1, LIST, "*.b.test", GOOD, "*.b.test" },
};
/* clang-format on */

static void check_row(size_t i, const struct judgement *got, const char *how)
{
	bool good = rows[i].word == GOOD;

	if (got->satisfied != good || got->authenticated != good || got->result != rows[i].word ||
	    (good ? strcmp(got->matched, rows[i].says) != 0 : strstr(got->reason, rows[i].says) == NULL) ||
	    good != (got->reason[0] == '\0') || good == (got->matched[0] == '\0'))
		fail_msg("%s%s: satisfied %d, %s, matched \"%s\": %s", rows[i].name, how, got->satisfied,
			 result_word_name(got->result), got->matched, got->reason);
}

/* Enforced, the policy decides; in testing it says the same, and what holds without it holds. */
static void certificates_against_policies(void **state)
{
	static struct policed w;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct made leaf = made_cert(&rows[i].leaf, rows[i].by == BY_SELF ? NULL : &made[rows[i].by]);
		struct tls_peer *peer = peer_by(&leaf, rows[i].by);
		struct addr dst = nth(rows[i].dst);
		struct judgement got;
		world_of(&w, rows[i].hosts, rows[i].publisher, rows[i].patterns);
		got = tls_judge(peer, &w.verdict, &dst, MADE_NOW, trust);
		check_row(i, &got, "");
		got = tls_judge_in_test(peer, &w.verdict, &dst, MADE_NOW, trust);
		check(rows[i].name, &got, false, false, INVALID); /* nothing is in testing */
		/* The names of the rule and the hosts of its match have no say. */
		w.verdict.floor = LEVEL_VERIFY;
		w.verdict.match_mx = true;
		w.verdict.names = &w.name;
		w.verdict.names_count = 1;
		(void)snprintf(w.name.name, sizeof(w.name.name), "x.test");
		got = tls_judge(peer, &w.verdict, &dst, MADE_NOW, trust);
		check_row(i, &got, " (beside a floor)");
		w.verdict.floor = LEVEL_ENCRYPT;
		w.verdict.published.status = VERDICT_PUBLISHED_TESTING;
		got = tls_judge_in_test(peer, &w.verdict, &dst, MADE_NOW, trust);
		check_row(i, &got, " (in testing)");
		got = tls_judge(peer, &w.verdict, &dst, MADE_NOW, trust);
		check(rows[i].name, &got, true, false, GOOD);
		got = tls_judge_in_test(NULL, &w.verdict, &dst, MADE_NOW, trust);
		check(rows[i].name, &got, false, false, INVALID);
		tls_peer_free(peer);
		made_free(&leaf);
	}
}

/* --- the session -------------------------------------------------------------------------------------------------- */

static void sessions_and_stores(void **state)
{
	static const struct {
		const char *name;
		const struct tls_session_facts *facts;
		enum conf_tls_version minimum;
		unsigned ca;
		enum result_word word;
	} cases[] = {
		{ "TLS 1.3", &tls13, CONF_TLS12, 0, GOOD },      { "TLS 1.2", &tls12, CONF_TLS12, 0, GOOD },
		{ "too old", &tls12, CONF_TLS13, 0, INVALID },   { "weak cipher", &cbc, CONF_TLS12, 0, INVALID },
		{ "other CA", &tls13, CONF_TLS12, 1, DISTRUST }, { "no CA", &tls13, CONF_TLS12, 2, DISTRUST },
		{ "no store", &tls13, CONF_TLS12, 9, DISTRUST },
	};
	static struct policed w;
	struct made leaf = made_cert(&(struct recipe){ .sans = "mx.b.test" }, &made[BY_INTER]);
	struct addr dst = nth(1);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (enum verdict_publisher by = STS; by <= LIST; by++) {
			struct tls_peer *peer =
				peer_of((const struct made *[]){ &leaf, &made[BY_INTER] }, 2, cases[i].facts);
			struct judgement got;
			world_of(&w, "mx.b.test", by, "*.b.test");
			w.verdict.min_protocol = cases[i].minimum;
			w.verdict.ca = cases[i].ca;
			got = tls_judge(peer, &w.verdict, &dst, MADE_NOW, trust);
			check(cases[i].name, &got, cases[i].word == GOOD, cases[i].word == GOOD, cases[i].word);
			tls_peer_free(peer);
		}
	made_free(&leaf);
}

/* --- beside TLSA records ------------------------------------------------------------------------------------------ */

static void records_and_a_policy(void **state)
{
	static const struct {
		const char *name;
		const char *sans;
		const char *records;
		bool proved;
		enum verdict_published status;
		enum verdict_publisher by;
		const char *patterns;
		bool satisfied;
		bool authenticated;
		enum result_word word;
	} cases[] = {
		/* DANE alone, where the list is proved */
		{ "proved", "x.test", "311l", true, VERDICT_PUBLISHED_ENFORCE, STS, "no.test", true, true, GOOD },
		{ "proved, no match, the name is right", "mx.b.test", "311x", true, VERDICT_PUBLISHED_ENFORCE, STS,
		  "*.b.test", false, false, RESULT_TLSA_INVALID },
		{ "proved, no match, testing", "mx.b.test", "311x", true, VERDICT_PUBLISHED_TESTING, STS, "*.b.test",
		  false, false, RESULT_TLSA_INVALID },
		/* both, where it is not */
		{ "unproved, both", "mx.b.test", "311l", false, VERDICT_PUBLISHED_ENFORCE, STS, "*.b.test", true, true,
		  GOOD },
		{ "unproved, both, the list", "mx.b.test", "311l", false, VERDICT_PUBLISHED_ENFORCE, LIST, "*.b.test",
		  true, true, GOOD },
		{ "unproved, the record alone", "x.test", "311l", false, VERDICT_PUBLISHED_ENFORCE, STS, "*.b.test",
		  false, false, MISMATCH },
		{ "unproved, the record alone, the list", "x.test", "311l", false, VERDICT_PUBLISHED_ENFORCE, LIST,
		  "*.b.test", false, false, MISMATCH },
		{ "unproved, the policy alone", "mx.b.test", "311x", false, VERDICT_PUBLISHED_ENFORCE, STS, "*.b.test",
		  false, false, RESULT_TLSA_INVALID },
		{ "unproved, not allowed", "mx.b.test", "311l", false, VERDICT_PUBLISHED_ENFORCE, STS, "no.test", false,
		  false, INVALID },
		{ "unproved, testing", "x.test", "311l", false, VERDICT_PUBLISHED_TESTING, STS, "*.b.test", true, false,
		  GOOD },
		{ "unproved, not known", "mx.b.test", "311l", false, VERDICT_PUBLISHED_FAILED, STS, "*.b.test", false,
		  false, INVALID },
	};
	static struct policed w;
	struct addr dst = nth(1);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct made leaf = made_cert(&(struct recipe){ .sans = cases[i].sans }, &made[BY_INTER]);
		const struct cast cast = { &leaf, &made[BY_INTER], NULL, NULL };
		struct tls_peer *peer = peer_sending("li", &cast, &tls13);
		struct judgement got;
		size_t count;
		struct tlsa *records = tlsa_made(cases[i].records, &cast, &count);
		world_of(&w, "mx.b.test", cases[i].by, cases[i].patterns);
		w.mx[0].dane = VERDICT_DANE_USABLE;
		w.mx[0].tlsa = records;
		w.mx[0].tlsa_count = count;
		(void)snprintf(w.mx[0].tlsa_base, sizeof(w.mx[0].tlsa_base), "mx.b.test");
		w.verdict.mx_secure = cases[i].proved;
		w.verdict.published.status = cases[i].status;
		got = tls_judge(peer, &w.verdict, &dst, MADE_NOW, trust);
		if (got.satisfied != cases[i].satisfied || got.authenticated != cases[i].authenticated ||
		    got.result != cases[i].word)
			fail_msg("%s: %d %d %s: %s", cases[i].name, got.satisfied, got.authenticated,
				 result_word_name(got.result), got.reason);
		assert_string_equal(got.tlsa, got.satisfied ? "3 1 1" : "");
		tls_peer_free(peer);
		tlsa_free(records, count);
		made_free(&leaf);
	}
}

/* A policy in testing beside records by way of an unproved list: it would tie the host to the domain. */
static void records_and_a_policy_in_testing(void **state)
{
	static struct policed w;
	struct made leaf = made_cert(&(struct recipe){ .sans = "x.test" }, &made[BY_INTER]);
	const struct cast cast = { &leaf, &made[BY_INTER], NULL, NULL };
	struct tls_peer *peer = peer_sending("li", &cast, &tls13);
	struct addr dst = nth(1);
	struct judgement got;
	size_t count;
	struct tlsa *records = tlsa_made("311l", &cast, &count);

	(void)state;
	world_of(&w, "mx.b.test", STS, "*.b.test");
	w.verdict.published.status = VERDICT_PUBLISHED_TESTING;
	w.mx[0].dane = VERDICT_DANE_USABLE;
	w.mx[0].tlsa = records;
	w.mx[0].tlsa_count = count;
	(void)snprintf(w.mx[0].tlsa_base, sizeof(w.mx[0].tlsa_base), "mx.b.test");
	got = tls_judge_in_test(peer, &w.verdict, &dst, MADE_NOW, trust);
	check("unproved", &got, false, false, MISMATCH);
	w.verdict.mx_secure = true; /* DANE decides alone: nothing is tested */
	got = tls_judge_in_test(peer, &w.verdict, &dst, MADE_NOW, trust);
	check("proved", &got, false, false, INVALID);
	tls_peer_free(peer);
	tlsa_free(records, count);
	made_free(&leaf);
}

/* --- what is no policy -------------------------------------------------------------------------------------------- */

static void nothing_sound_is_refused(void **state)
{
	static struct policed w;
	struct made leaf = made_cert(&(struct recipe){ .sans = "mx.b.test" }, &made[BY_INTER]);
	struct tls_peer *peer = peer_by(&leaf, BY_INTER);
	struct tls_finding finding;
	struct tls_chain *chain = tls_chain_new(peer, &finding);
	struct demand demand;
	struct addr dst = nth(1);
	struct judgement got;

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		world_of(&w, "mx.b.test", STS, "*.b.test");
		switch (i) {
		case 0: w.verdict.published.status = (enum verdict_published)0; break;
		case 1: w.verdict.published.status = VERDICT_PUBLISHED_COUNT; break;
		case 2: w.verdict.published.by = VERDICT_BY_NOBODY; break;
		case 3: w.verdict.published.by = VERDICT_PUBLISHER_COUNT; break;
		case 4: w.verdict.published.patterns_count = 0; break;
		default: w.verdict.published.patterns = NULL; break;
		}
		got = tls_judge(peer, &w.verdict, &dst, MADE_NOW, trust);
		check("unsound", &got, false, false, INVALID);
	}
	/* And the judge of names asks nobody else what it was asked for. */
	world_of(&w, "mx.b.test", STS, "*.b.test");
	demand_of(&demand, &w.verdict, &dst);
	for (enum demand_basis basis = DEMAND_OF_NOBODY; basis <= DEMAND_BASIS_COUNT; basis++) {
		got = tls_published_judge(chain, &w.verdict, &demand, basis);
		assert_int_equal(got.satisfied, basis == DEMAND_OF_STS || basis == DEMAND_OF_LIST);
	}
	tls_chain_free(chain);
	tls_peer_free(peer);
	made_free(&leaf);
}

static void long_names_leave_the_sentence_whole(void **state)
{
	static struct policed w;
	char name[201];
	struct made leaf;
	struct tls_peer *peer;
	struct judgement got;

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	for (size_t i = 50; i < sizeof(name) - 1; i += 50)
		name[i] = '.';
	name[sizeof(name) - 1] = '\0';
	leaf = made_cert(&(struct recipe){ .sans = name }, &made[BY_INTER]);
	peer = peer_by(&leaf, BY_INTER);
	name[0] = 'm';
	for (unsigned i = 0; i < 4; i++) {
		world_of(&w, i == 3 ? "" : i == 1 ? "mx.b.test mx.b.test" : "mx.b.test", i == 2 ? LIST : STS, name);
		memcpy(w.verdict.nexthop, name, sizeof(name));
		for (size_t k = 0; k < w.verdict.mx_count; k++)
			memcpy(w.mx[k].name, name, sizeof(name));
		got = tls_judge(peer, &w.verdict, NULL, MADE_NOW, trust);
		check("long", &got, false, false, MISMATCH);
		assert_true(strlen(got.reason) < sizeof(got.reason) - 1);
		assert_non_null(strstr(got.reason, "allows"));
	}
	tls_peer_free(peer);
	made_free(&leaf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificates_against_policies), cmocka_unit_test(sessions_and_stores),
		cmocka_unit_test(records_and_a_policy),          cmocka_unit_test(records_and_a_policy_in_testing),
		cmocka_unit_test(nothing_sound_is_refused),      cmocka_unit_test(long_names_leave_the_sentence_whole),
	};

	return cmocka_run_group_tests_name("tls_published", tests, make_world, unmake_world);
}

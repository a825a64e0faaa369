/* Whose TLSA records count, which names the certificate may have, and what an unproved MX list is worth: proxy/tls/
 * tls_dane.h by way of tls_verify.h (RFC 7672 s. 2.2, 3.2; RFC 8461 s. 2). */
#include "tlsa_made.h"

/* --- reference names, RFC 7672 s. 3.2.2 and 3.2.3 ----------------------------------------------------------------- */

enum mx_list { PROVED, UNPROVED, IMPLICIT /* proved that there is none */ };

static const struct {
	const char *name;
	struct recipe leaf;
	const char *base; /* the TLSA base domain */
	const char *nexthop;
	const char *expanded;
	enum mx_list list;
	const char *matched; /* NULL: host-mismatch */
} names[] = {
	{ "base", { .sans = "mx.a.test" }, "mx.a.test", "d.test", "", PROVED, "mx.a.test" },
	{ "next hop", { .sans = "d.test" }, "mx.a.test", "d.test", "", PROVED, "d.test" },
	{ "its alias", { .sans = "e.test" }, "mx.a.test", "d.test", "e.test", PROVED, "e.test" },
	{ "all three: the base",
	  { .sans = "e.test,d.test,mx.a.test" },
	  "mx.a.test",
	  "d.test",
	  "e.test",
	  PROVED,
	  "mx.a.test" },
	{ "base is an alias' end, next hop", { .sans = "d.test" }, "end.test", "d.test", "e.test", PROVED, "d.test" },
	{ "base is an alias' end, the MX name", { .sans = "mx.a.test" }, "end.test", "d.test", "e.test", PROVED, NULL },
	{ "none", { .sans = "x.test" }, "mx.a.test", "d.test", "e.test", PROVED, NULL },
	{ "nothing below the next hop", { .sans = "mx.d.test" }, "mx.a.test", "d.test", "", PROVED, NULL },
	{ "unproved, base", { .sans = "mx.a.test" }, "mx.a.test", "d.test", "e.test", UNPROVED, "mx.a.test" },
	{ "unproved, next hop", { .sans = "d.test" }, "mx.a.test", "d.test", "e.test", UNPROVED, NULL },
	{ "unproved, its alias", { .sans = "e.test" }, "mx.a.test", "d.test", "e.test", UNPROVED, NULL },
	{ "no MX, the domain", { .sans = "d.test" }, "d.test", "d.test", "", IMPLICIT, "d.test" },
	{ "no MX, base is the alias' end", { .sans = "e.test" }, "e.test", "d.test", "e.test", IMPLICIT, "e.test" },
	{ "no MX, base is the alias' end, the domain",
	  { .sans = "d.test" },
	  "e.test",
	  "d.test",
	  "e.test",
	  IMPLICIT,
	  "d.test" },
	{ "no MX, base is the domain, the alias' end",
	  { .sans = "e.test" },
	  "d.test",
	  "d.test",
	  "e.test",
	  IMPLICIT,
	  NULL },
	/* as presented */
	{ "case", { .sans = "MX.A.Test" }, "mx.a.test", "d.test", "", PROVED, "mx.a.test" },
	{ "wildcard", { .sans = "*.a.test" }, "mx.a.test", "d.test", "", PROVED, "mx.a.test" },
	{ "wildcard of two labels", { .sans = "*.test" }, "mx.a.test", "d.test", "", PROVED, NULL },
	{ "wildcard for none", { .sans = "*.d.test" }, "mx.a.test", "d.test", "", PROVED, NULL },
	{ "wildcard in a label", { .sans = "m*.a.test" }, "mx.a.test", "d.test", "", PROVED, NULL },
	{ "wildcard inside", { .sans = "mx.*.test" }, "mx.a.test", "d.test", "", PROVED, NULL },
	{ "NUL", { .sans = "mx.a.test|.x.test" }, "mx.a.test", "d.test", "", PROVED, NULL },
	{ "CN alone", { .cn = "mx.a.test" }, "mx.a.test", "d.test", "", PROVED, "mx.a.test" },
	{ "CN alone, next hop", { .cn = "d.test" }, "mx.a.test", "d.test", "", PROVED, "d.test" },
	{ "CN alone, wildcard", { .cn = "*.a.test" }, "mx.a.test", "d.test", "", PROVED, "mx.a.test" },
	{ "CN alone, another's", { .cn = "x.test" }, "mx.a.test", "d.test", "", PROVED, NULL },
	{ "CN, unproved, next hop", { .cn = "d.test" }, "mx.a.test", "d.test", "", UNPROVED, NULL },
	{ "CN beside a dNSName", { .cn = "mx.a.test", .sans = "x.test" }, "mx.a.test", "d.test", "", PROVED, NULL },
	{ "CN beside an address", { .cn = "mx.a.test", .sans = "ip" }, "mx.a.test", "d.test", "", PROVED, "mx.a.test" },
	{ "CN beside a mailbox",
	  { .cn = "mx.a.test", .sans = "@mx.a.test" },
	  "mx.a.test",
	  "d.test",
	  "",
	  PROVED,
	  "mx.a.test" },
	{ "a mailbox", { .sans = "@mx.a.test" }, "mx.a.test", "d.test", "", PROVED, NULL },
	{ "an address", { .sans = "ip" }, "192.0.2.1", "d.test", "", PROVED, NULL },
	{ "no next hop", { .sans = "mx.a.test" }, "x.test", "", "", PROVED, NULL },
};

static void each_reference_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		bool proved = names[i].list != UNPROVED;
		struct made leaf = made_cert(&names[i].leaf, &made[BY_INTER]);
		const struct cast cast = { &leaf, &made[BY_INTER], NULL, NULL };
		size_t count;
		struct tlsa *records = tlsa_made("211i", &cast, &count);
		struct verdict_mx mx;
		struct verdict verdict = dane_at(&mx, records, count);
		struct tls_peer *peer = peer_sending("li", &cast, &tls13);
		struct judgement got;
		(void)snprintf(mx.name, sizeof(mx.name), "%s",
			       names[i].list == IMPLICIT ? names[i].nexthop : "mx.a.test");
		(void)snprintf(mx.tlsa_base, sizeof(mx.tlsa_base), "%s", names[i].base);
		(void)snprintf(verdict.nexthop, sizeof(verdict.nexthop), "%s", names[i].nexthop);
		(void)snprintf(verdict.expanded, sizeof(verdict.expanded), "%s", names[i].expanded);
		verdict.mx_secure = proved;
		got = tls_judge(peer, &verdict, NULL, MADE_NOW, trust);
		if (got.satisfied != (names[i].matched != NULL) || got.authenticated != (got.satisfied && proved) ||
		    got.result != (got.satisfied ? GOOD : MISMATCH) ||
		    strcmp(got.matched, got.satisfied ? names[i].matched : "") != 0)
			fail_msg("%s: %d \"%s\" %s", names[i].name, got.satisfied, got.matched, got.reason);
		tls_peer_free(peer);
		tlsa_free(records, count);
		made_free(&leaf);
	}
}

/* --- which host's records ----------------------------------------------------------------------------------------- */

#define ONE  "192.0.2.1"
#define TWO  "192.0.2.2"
#define BOTH "192.0.2.3"
#define NONE "192.0.2.9"

/* Two MX hosts: mx1 is ONE and BOTH, mx2 is TWO and BOTH. "" for no records; "!" for a failed search; "-" for records
 * that cannot be used. */
static const struct {
	const char *name;
	const char *sans;
	const char *destination;
	const char *records[2];
	const char *matched; /* NULL: |word| */
	enum result_word word;
} hosts[] = {
	{ "its own", "x.test", ONE, { "311l", "" }, "mx1.test", GOOD },
	{ "the other's", "x.test", ONE, { "311x", "311l" }, NULL, TLSA_INVALID },
	{ "the other one", "x.test", TWO, { "311x", "311l" }, "mx2.test", GOOD },
	{ "shared address", "x.test", BOTH, { "311x", "311l" }, "mx2.test", GOOD },
	{ "shared address, neither", "x.test", BOTH, { "311x", "311x" }, NULL, TLSA_INVALID },
	{ "nobody's address", "x.test", NONE, { "311x", "311l" }, "mx2.test", GOOD },
	{ "nobody's address, neither", "x.test", NONE, { "311x", "311x" }, NULL, TLSA_INVALID },
	{ "nobody's address, one has none", "x.test", NONE, { "", "311x" }, NULL, TLSA_INVALID },
	{ "records go with their host's name", "mx1.test", ONE, { "211i", "" }, "mx1.test", GOOD },
	{ "and not with another's", "mx1.test", BOTH, { "211x", "211i" }, NULL, MISMATCH },
	{ "a sick host among candidates", "x.test", BOTH, { "!", "311l" }, "mx2.test", GOOD },
	{ "a sick host among candidates, no match", "x.test", BOTH, { "!", "311x" }, NULL, TLSA_INVALID },
	{ "a sick host", "x.test", ONE, { "!", "311l" }, NULL, RESULT_DNSSEC_INVALID },
	{ "another host is sick", "x.test", TWO, { "!", "311l" }, "mx2.test", GOOD },
	{ "unusable beside usable: it must match", "x.test", BOTH, { "-", "311x" }, NULL, TLSA_INVALID },
	{ "unusable", "x.test", ONE, { "-", "311x" }, "", GOOD },
	{ "no records", "x.test", ONE, { "", "311x" }, "", GOOD },
};

static void make_host(struct verdict_mx *mx, const char *name, struct addr *addrs, const char *text,
		      const struct cast *cast)
{
	*mx = (struct verdict_mx){ .addrs = addrs, .addrs_count = 2, .dane = VERDICT_DANE_NONE };
	(void)snprintf(mx->name, sizeof(mx->name), "%s", name);
	if (text[0] == '!' || text[0] == '-') {
		mx->dane = text[0] == '!' ? VERDICT_DANE_FAILED : VERDICT_DANE_UNUSABLE;
	} else if (text[0] != '\0') {
		(void)snprintf(mx->tlsa_base, sizeof(mx->tlsa_base), "%s", name);
		mx->dane = VERDICT_DANE_USABLE;
		mx->tlsa = tlsa_made(text, cast, &mx->tlsa_count);
	}
}

static void records_of_the_host_that_was_dialled(void **state)
{
	struct addr addrs[2][2];
	struct addr to;

	(void)state;
	assert_true(addr_parse(&addrs[0][0], ONE) && addr_parse(&addrs[0][1], BOTH) && addr_parse(&addrs[1][0], TWO) &&
		    addr_parse(&addrs[1][1], BOTH));
	for (size_t i = 0; i < COUNT(hosts); i++) {
		struct made leaf = made_cert(&(struct recipe){ .sans = hosts[i].sans }, &made[BY_INTER]);
		const struct cast cast = { &leaf, &made[BY_INTER], NULL, NULL };
		struct tls_peer *peer = peer_sending("li", &cast, &tls13);
		struct verdict_mx mx[2];
		struct verdict verdict = dane_at(&mx[0], NULL, 0);
		bool good = hosts[i].matched != NULL;
		struct judgement got;
		make_host(&mx[0], "mx1.test", addrs[0], hosts[i].records[0], &cast);
		make_host(&mx[1], "mx2.test", addrs[1], hosts[i].records[1], &cast);
		verdict.mx_count = 2;
		assert_true(addr_parse(&to, hosts[i].destination));
		got = tls_judge(peer, &verdict, &to, MADE_NOW, trust);
		check(hosts[i].name, &got, good, good && hosts[i].matched[0] != '\0', hosts[i].word);
		assert_string_equal(got.matched, good ? hosts[i].matched : "");
		tlsa_free(mx[0].tlsa, mx[0].tlsa_count);
		tlsa_free(mx[1].tlsa, mx[1].tlsa_count);
		tls_peer_free(peer);
		made_free(&leaf);
	}
}

/* --- an MX list that was not proved (RFC 8461 s. 2) --------------------------------------------------------------- */

static void unproved_needs_the_floor_as_well(void **state)
{
	static const struct {
		const char *name;
		const char *sans;
		const char *records;
		bool proved;
		enum level floor;
		bool satisfied;
		bool authenticated;
		enum result_word word;
	} cases[] = {
		{ "proved", "x.test", "311l", true, LEVEL_ENCRYPT, true, true, GOOD },
		{ "proved, the floor has no say", "x.test", "311l", true, LEVEL_SECURE, true, true, GOOD },
		{ "unproved: nobody knows whose host it is", "x.test", "311l", false, LEVEL_ENCRYPT, true, false,
		  GOOD },
		{ "unproved, no match", MX, "311x", false, LEVEL_ENCRYPT, false, false, TLSA_INVALID },
		{ "unproved, both", MX, "311l", false, LEVEL_SECURE, true, true, GOOD },
		{ "unproved, the record alone", "x.test", "311l", false, LEVEL_SECURE, false, false, MISMATCH },
		{ "unproved, the floor alone", MX, "311x", false, LEVEL_SECURE, false, false, TLSA_INVALID },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct made leaf = made_cert(&(struct recipe){ .sans = cases[i].sans }, &made[BY_INTER]);
		const struct cast cast = { &leaf, &made[BY_INTER], NULL, NULL };
		size_t count;
		struct tlsa *records = tlsa_made(cases[i].records, &cast, &count);
		struct verdict_name name = { .name = MX };
		struct verdict_mx mx;
		struct verdict verdict = dane_at(&mx, records, count);
		struct tls_peer *peer = peer_sending("li", &cast, &tls13);
		struct judgement got;
		verdict.mx_secure = cases[i].proved;
		verdict.floor = cases[i].floor;
		verdict.names = &name;
		verdict.names_count = 1;
		got = tls_judge(peer, &verdict, NULL, MADE_NOW, trust);
		if (got.satisfied != cases[i].satisfied || got.authenticated != cases[i].authenticated ||
		    got.result != cases[i].word)
			fail_msg("%s: %d %d %s", cases[i].name, got.satisfied, got.authenticated, got.reason);
		assert_string_equal(got.tlsa, got.satisfied ? "3 1 1" : "");
		tls_peer_free(peer);
		tlsa_free(records, count);
		made_free(&leaf);
	}
}

/* --- the session, and other outcomes of the search ---------------------------------------------------------------- */

static void what_the_search_came_to(void **state)
{
	static const struct {
		const char *name;
		enum level level;
		enum verdict_dane dane;
		enum level floor;
		const struct tls_session_facts *facts;
		enum conf_tls_version minimum;
		bool satisfied;
		bool authenticated;
		enum result_word word;
	} cases[] = {
		{ "usable", LEVEL_DANE, VERDICT_DANE_USABLE, LEVEL_MAY, &tls13, CONF_TLS12, true, true, GOOD },
		{ "usable, TLS 1.2", LEVEL_DANE, VERDICT_DANE_USABLE, LEVEL_MAY, &tls12, CONF_TLS12, true, true, GOOD },
		{ "usable, too old", LEVEL_DANE, VERDICT_DANE_USABLE, LEVEL_MAY, &tls12, CONF_TLS13, 0, 0, INVALID },
		{ "usable, weak cipher", LEVEL_DANE, VERDICT_DANE_USABLE, LEVEL_MAY, &cbc, CONF_TLS12, 0, 0, INVALID },
		{ "only, usable", LEVEL_DANE_ONLY, VERDICT_DANE_USABLE, 0, &tls13, CONF_TLS12, true, true, GOOD },
		{ "only, weak cipher", LEVEL_DANE_ONLY, VERDICT_DANE_USABLE, 0, &cbc, CONF_TLS12, 0, 0, INVALID },
		{ "unusable", LEVEL_DANE, VERDICT_DANE_UNUSABLE, LEVEL_MAY, &cbc, CONF_TLS12, true, false, GOOD },
		{ "unusable, too old", LEVEL_DANE, VERDICT_DANE_UNUSABLE, LEVEL_MAY, &tls12, CONF_TLS13, 0, 0,
		  INVALID },
		{ "unusable, the floor wants more", LEVEL_DANE, VERDICT_DANE_UNUSABLE, LEVEL_SECURE, &tls13, CONF_TLS12,
		  0, 0, MISMATCH },
		{ "only, unusable", LEVEL_DANE_ONLY, VERDICT_DANE_UNUSABLE, 0, &tls13, CONF_TLS12, 0, 0,
		  RESULT_DANE_REQUIRED },
		{ "none", LEVEL_DANE, VERDICT_DANE_NONE, LEVEL_ENCRYPT, &tls13, CONF_TLS12, true, false, GOOD },
		{ "none, the floor wants more", LEVEL_DANE, VERDICT_DANE_NONE, LEVEL_SECURE, &tls13, CONF_TLS12, 0, 0,
		  MISMATCH },
		{ "only, none", LEVEL_DANE_ONLY, VERDICT_DANE_NONE, 0, &tls13, CONF_TLS12, 0, 0, RESULT_DANE_REQUIRED },
		{ "failed", LEVEL_DANE, VERDICT_DANE_FAILED, LEVEL_MAY, &tls13, CONF_TLS12, 0, 0,
		  RESULT_DNSSEC_INVALID },
		{ "only, failed", LEVEL_DANE_ONLY, VERDICT_DANE_FAILED, 0, &tls13, CONF_TLS12, 0, 0,
		  RESULT_DNSSEC_INVALID },
		{ "unknown", LEVEL_DANE, (enum verdict_dane)9, LEVEL_MAY, &tls13, CONF_TLS12, 0, 0,
		  RESULT_DNSSEC_INVALID },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct made leaf = made_cert(&(struct recipe){ .sans = "x.test" }, &made[BY_INTER]);
		const struct cast cast = { &leaf, &made[BY_INTER], NULL, NULL };
		bool usable = cases[i].dane == VERDICT_DANE_USABLE;
		size_t count;
		struct tlsa *records = tlsa_made("311l", &cast, &count);
		struct verdict_name name = { .name = MX };
		struct verdict_mx mx;
		struct verdict verdict = dane_at(&mx, usable ? records : NULL, usable ? count : 0);
		struct tls_peer *peer = peer_sending("li", &cast, cases[i].facts);
		struct judgement got;
		mx.dane = cases[i].dane;
		verdict.level = cases[i].level;
		verdict.floor = cases[i].floor;
		verdict.min_protocol = cases[i].minimum;
		verdict.names = &name;
		verdict.names_count = 1;
		got = tls_judge(peer, &verdict, NULL, MADE_NOW, trust);
		check(cases[i].name, &got, cases[i].satisfied, cases[i].authenticated, cases[i].word);
		tls_peer_free(peer);
		tlsa_free(records, count);
		made_free(&leaf);
	}
}

/* A server, or whoever writes its records, has a bounded share of the worker's time. */
static void tries_are_bounded(void **state)
{
	struct made leaf = made_cert(&(struct recipe){ .sans = MX }, &made[BY_INTER]);
	const struct cast cast = { &leaf, &made[BY_INTER], NULL, NULL };
	char text[TLSA_MAX * 5 + 1] = "";
	struct verdict_mx mx;

	(void)state;
	for (size_t strangers = 0; strangers < TLSA_MAX; strangers += TLSA_MAX - 1) {
		struct tls_peer *peer = peer_sending("li", &cast, &tls13);
		struct verdict verdict;
		struct tlsa *records;
		struct judgement got;
		size_t count;
		text[0] = '\0';
		for (size_t i = 0; i < strangers; i++)
			(void)strcat(text, "200s ");
		(void)strcat(text, "200r");
		records = tlsa_made(text, &cast, &count);
		verdict = dane_at(&mx, records, count);
		got = tls_judge(peer, &verdict, NULL, MADE_NOW, NULL);
		check("tries", &got, strangers == 0, strangers == 0, strangers == 0 ? GOOD : DISTRUST);
		tlsa_free(records, count);
		tls_peer_free(peer);
	}
	made_free(&leaf);
}

/* long_chain makes |count| certificates: a leaf for |name|, and issuers up to one that signed itself. */
static void long_chain(struct made *out, size_t count, const char *name)
{
	char cn[16];

	for (size_t i = count; i-- > 0;) {
		(void)snprintf(cn, sizeof(cn), "issuer %zu", i);
		out[i] = made_cert(i > 0 ? &(struct recipe){ .cn = cn, .basic = CA_BASIC, .key_usage = CA_USAGE }
					 : &(struct recipe){ .sans = name },
				   i + 1 < count ? &out[i + 1] : NULL);
	}
}

/* found_as_last: whether the last of 32 hosts is found, all of which have the end of a chain of |certs| in a record. */
static bool found_as_last(size_t certs)
{
	static struct verdict_mx named[VERDICT_MX_MAX];
	struct made chain[TLS_CHAIN_CERTS_MAX];
	const struct made *sent[TLS_CHAIN_CERTS_MAX];
	size_t count;
	struct verdict_mx mx;
	struct verdict verdict;
	struct tls_peer *peer;
	struct judgement got;

	long_chain(chain, certs, "mx31.test");
	for (size_t i = 0; i < certs; i++)
		sent[i] = &chain[i];
	peer = peer_of(sent, certs, &tls13);
	const struct cast cast = { .issuer = &chain[certs - 1] };
	struct tlsa *records = tlsa_made("201i", &cast, &count);
	verdict = dane_at(&mx, records, count);
	for (size_t i = 0; i < COUNT(named); i++) {
		named[i] = mx;
		(void)snprintf(named[i].tlsa_base, sizeof(named[i].tlsa_base), "mx%zu.test", i);
	}
	verdict.mx = named;
	verdict.mx_count = COUNT(named);
	got = tls_judge(peer, &verdict, NULL, MADE_NOW, NULL);
	assert_int_equal(got.result, got.satisfied ? GOOD : MISMATCH);
	tlsa_free(records, count);
	tls_peer_free(peer);
	for (size_t i = 0; i < certs; i++)
		made_free(&chain[i]);
	return got.satisfied;
}

/* With chains as they are it is. One of ten certificates, looked at anew for each host, would take half a second. */
static void signatures_are_bounded(void **state)
{
	(void)state;
	assert_true(found_as_last(2));
	assert_true(found_as_last(4));
	assert_false(found_as_last(TLS_CHAIN_CERTS_MAX));
}

/* What is no chain is refused by usage 2; usage 3 wants the leaf alone, and of it what it compares. */
static void chains_that_cannot_be_read(void **state)
{
	struct made leaf = made_cert(&(struct recipe){ .sans = MX }, &made[BY_INTER]);
	const struct cast cast = { &leaf, &made[BY_INTER], NULL, NULL };
	static const char junk[] = "no certificate";
	static const struct {
		const char *records;
		bool leaf_is_junk;
		enum result_word word;
	} cases[] = {
		{ "311l", false, GOOD },        { "301l", false, GOOD },      { "311x", false, TLSA_INVALID },
		{ "201i", false, INVALID },     { "201i 301l", false, GOOD }, { "311l", true, TLSA_INVALID },
		{ "301l", true, TLSA_INVALID },
	};
	struct tls_der chain[2];
	uint8_t *der;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tls_der good = { NULL, made_der(&leaf, &der) };
		struct verdict_mx mx;
		struct verdict verdict;
		struct tlsa *records;
		struct tls_peer *peer;
		struct judgement got;
		size_t count;
		good.bytes = der;
		chain[cases[i].leaf_is_junk ? 1 : 0] = good;
		chain[cases[i].leaf_is_junk ? 0 : 1] = (struct tls_der){ (const uint8_t *)junk, sizeof(junk) };
		peer = tls_peer_new(chain, 2, &tls13);
		OPENSSL_free(der);
		records = tlsa_made(cases[i].records, &cast, &count);
		verdict = dane_at(&mx, records, count);
		got = tls_judge(peer, &verdict, NULL, MADE_NOW, trust);
		check(cases[i].records, &got, cases[i].word == GOOD, cases[i].word == GOOD, cases[i].word);
		tlsa_free(records, count);
		tls_peer_free(peer);
	}
	made_free(&leaf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_reference_name),
		cmocka_unit_test(records_of_the_host_that_was_dialled),
		cmocka_unit_test(unproved_needs_the_floor_as_well),
		cmocka_unit_test(what_the_search_came_to),
		cmocka_unit_test(tries_are_bounded),
		cmocka_unit_test(signatures_are_bounded),
		cmocka_unit_test(chains_that_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, make_world, unmake_world);
}

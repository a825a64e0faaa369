/* TLSA records against what servers send: proxy/tls/tls_dane.h. RFC 7672 s. 3 and RFC 7671 s. 5, row by row. */
#include "tlsa_made.h"

#define SIGNED_ITSELF BY_SELF

static struct made other;

static const struct row {
	const char *name;
	struct recipe leaf;
	enum by by;
	const char *sends;
	const char *records;
	enum result_word word;
	const char *tlsa; /* GOOD: the record that is named */
	int depth;
} rows[] = {
	/* each usage, selector and matching type */
	{ "3 0 0", { .sans = MX }, BY_INTER, "li", "300l", GOOD, "3 0 0", 0 },
	{ "3 0 1", { .sans = MX }, BY_INTER, "li", "301l", GOOD, "3 0 1", 0 },
	{ "3 0 2", { .sans = MX }, BY_INTER, "li", "302l", GOOD, "3 0 2", 0 },
	{ "3 1 0", { .sans = MX }, BY_INTER, "li", "310l", GOOD, "3 1 0", 0 },
	{ "3 1 1", { .sans = MX }, BY_INTER, "li", "311l", GOOD, "3 1 1", 0 },
	{ "3 1 2", { .sans = MX }, BY_INTER, "li", "312l", GOOD, "3 1 2", 0 },
	{ "2 0 0", { .sans = MX }, BY_INTER, "lir", "200r", GOOD, "2 0 0", 2 },
	{ "2 0 1", { .sans = MX }, BY_INTER, "lir", "201r", GOOD, "2 0 1", 2 },
	{ "2 0 2", { .sans = MX }, BY_INTER, "lir", "202r", GOOD, "2 0 2", 2 },
	{ "2 1 0", { .sans = MX }, BY_INTER, "lir", "210r", GOOD, "2 1 0", 2 },
	{ "2 1 1", { .sans = MX }, BY_INTER, "lir", "211r", GOOD, "2 1 1", 2 },
	{ "2 1 2", { .sans = MX }, BY_INTER, "lir", "212r", GOOD, "2 1 2", 2 },
	{ "RSA, 3 1 1", { .sans = MX, .key = MADE_RSA2048 }, BY_RSA, "li", "311l", GOOD, "3 1 1", 0 },
	{ "RSA, 2 1 1", { .sans = MX, .key = MADE_RSA2048 }, BY_RSA, "li", "211i", GOOD, "2 1 1", 1 },
	{ "RSA-PSS, 2 1 0 not sent", { .sans = MX, .pss = true }, BY_RSA, "l", "210i", GOOD, "2 1 0", 0 },
	/* usages that are none for SMTP match nothing: 1 is not 3, 0 is not 2 */
	{ "1 1 1", { .sans = MX }, BY_INTER, "lir", "111l", TLSA_INVALID, NULL, 0 },
	{ "0 0 1", { .sans = MX }, BY_INTER, "lir", "001r", TLSA_INVALID, NULL, 0 },
	{ "4 1 1", { .sans = MX }, BY_INTER, "lir", "411l", TLSA_INVALID, NULL, 0 },
	{ "3 2 1", { .sans = MX }, BY_INTER, "lir", "321l", TLSA_INVALID, NULL, 0 },
	{ "3 1 3", { .sans = MX }, BY_INTER, "lir", "313l", TLSA_INVALID, NULL, 0 },
	/* usage 3: the leaf, and nothing else of it */
	{ "3: wrong key", { .sans = MX }, BY_INTER, "li", "311x", TLSA_INVALID, NULL, 0 },
	{ "3: wrong digest of the right length", { .sans = MX }, BY_INTER, "li", "312x", TLSA_INVALID, NULL, 0 },
	{ "3: another selector's digest", { .sans = MX }, BY_INTER, "li", "301x", TLSA_INVALID, NULL, 0 },
	{ "3: only the issuer has it", { .sans = MX }, BY_INTER, "lir", "311i", TLSA_INVALID, NULL, 0 },
	{ "3: right certificate, not first", { .sans = MX }, BY_INTER, "oli", "311l", TLSA_INVALID, NULL, 0 },
	{ "3: no name", { .cn = "nobody" }, BY_INTER, "li", "311l", GOOD, "3 1 1", 0 },
	{ "3: another's name", { .sans = "mx.evil.test" }, BY_INTER, "li", "301l", GOOD, "3 0 1", 0 },
	{ "3: expired", { .sans = MX, .from_days = -90, .to_days = -1 }, BY_INTER, "li", "311l", GOOD, "3 1 1", 0 },
	{ "3: not yet valid", { .sans = MX, .from_days = 1, .to_days = 9 }, BY_INTER, "l", "311l", GOOD, "3 1 1", 0 },
	{ "3: signed by itself", { .sans = MX }, SIGNED_ITSELF, "l", "311l", GOOD, "3 1 1", 0 },
	{ "3: an unknown CA", { .sans = MX }, BY_STRANGER, "l", "301l", GOOD, "3 0 1", 0 },
	{ "3: for TLS clients", { .sans = MX, .eku = "clientAuth" }, BY_INTER, "li", "311l", GOOD, "3 1 1", 0 },
	{ "3: key usage of a CA", { .sans = MX, .key_usage = "keyCertSign" }, BY_INTER, "l", "311l", GOOD, "3 1 1", 0 },
	{ "3: weak key", { .sans = MX, .key = MADE_RSA1024 }, BY_INTER, "l", "311l", GOOD, "3 1 1", 0 },
	{ "3: outside name constraints", { .sans = "a.test" }, BY_CONSTRAINED, "li", "311l", GOOD, "3 1 1", 0 },
	/* usage 2: any certificate sent, in any order (RFC 7671 s. 5.2) */
	{ "2: the intermediate", { .sans = MX }, BY_INTER, "li", "201i", GOOD, "2 0 1", 1 },
	{ "2: the intermediate, root sent", { .sans = MX }, BY_INTER, "lir", "211i", GOOD, "2 1 1", 1 },
	{ "2: root before intermediate", { .sans = MX }, BY_INTER, "lri", "211r", GOOD, "2 1 1", 2 },
	{ "2: strangers in between", { .sans = MX }, BY_INTER, "losir", "201r", GOOD, "2 0 1", 2 },
	{ "2: twice", { .sans = MX }, BY_INTER, "lliirr", "201r", GOOD, "2 0 1", 2 },
	{ "2: both match, the nearer one", { .sans = MX }, BY_INTER, "lri", "211r 201i", GOOD, "2 0 1", 1 },
	{ "2: two records for one", { .sans = MX }, BY_INTER, "lir", "201r 211r", GOOD, "2 1 1", 2 },
	{ "2: intermediate missing", { .sans = MX }, BY_INTER, "lr", "201r", DISTRUST, NULL, 0 },
	{ "2: sent, but not the issuer", { .sans = MX }, BY_INTER, "lis", "201s", DISTRUST, NULL, 0 },
	{ "2: sent and no issuer, and one that is", { .sans = MX }, BY_INTER, "lis", "201s 211i", GOOD, "2 1 1", 1 },
	/* RFC 7671 s. 5.2.2: a digest of what was not sent */
	{ "2 0 1, not sent", { .sans = MX }, BY_INTER, "li", "201r", TLSA_INVALID, NULL, 0 },
	{ "2 0 2, not sent", { .sans = MX }, BY_INTER, "li", "202r", TLSA_INVALID, NULL, 0 },
	{ "2 1 1, not sent", { .sans = MX }, BY_INTER, "li", "211r", TLSA_INVALID, NULL, 0 },
	{ "2 1 2, not sent", { .sans = MX }, BY_INTER, "li", "212r", TLSA_INVALID, NULL, 0 },
	/* RFC 7671 s. 5.2.2: the certificate in DNS */
	{ "2 0 0, root not sent", { .sans = MX }, BY_INTER, "li", "200r", GOOD, "2 0 0", 2 },
	{ "2 0 0, nothing sent", { .sans = MX }, BY_INTER, "l", "200i", GOOD, "2 0 0", 1 },
	{ "2 0 0, a hole in the middle", { .sans = MX }, BY_INTER, "l", "200r", DISTRUST, NULL, 0 },
	{ "2 0 0, a stranger", { .sans = MX }, BY_INTER, "li", "200s", DISTRUST, NULL, 0 },
	{ "2 0 0, no certificate", { .sans = MX }, BY_INTER, "li", "200x", DISTRUST, NULL, 0 },
	{ "2 0 0, the leaf of a CA", { .sans = MX }, BY_INTER, "li", "200l", TLSA_INVALID, NULL, 0 },
	{ "2 0 1, the leaf of a CA, sent twice", { .sans = MX }, BY_INTER, "lli", "201l", TLSA_INVALID, NULL, 0 },
	/* RFC 7671 s. 5.2.3: the key in DNS */
	{ "2 1 0, root not sent", { .sans = MX }, BY_INTER, "li", "210r", GOOD, "2 1 0", 1 },
	{ "2 1 0, nothing sent", { .sans = MX }, BY_INTER, "l", "210i", GOOD, "2 1 0", 0 },
	{ "2 1 0, a hole in the middle", { .sans = MX }, BY_INTER, "l", "210r", TLSA_INVALID, NULL, 0 },
	{ "2 1 0, a stranger's", { .sans = MX }, BY_INTER, "li", "210s", TLSA_INVALID, NULL, 0 },
	{ "2 1 0, no key", { .sans = MX }, BY_INTER, "li", "210x", TLSA_INVALID, NULL, 0 },
	{ "2 1 0, topmost expired", { .sans = MX }, BY_EXPIRED, "li", "210r", EXPIRED, NULL, 0 },
	{ "2 1 0, leaf expired",
	  { .sans = MX, .from_days = -9, .to_days = -1 },
	  BY_INTER,
	  "li",
	  "210r",
	  EXPIRED,
	  0,
	  0 },
	{ "2 1 0, topmost signed with SHA-1", { .sans = MX }, BY_SHA1, "li", "210r", DISTRUST, NULL, 0 },
	{ "2 1 0, topmost of a weak key", { .sans = MX }, BY_WEAK_RSA, "li", "210r", DISTRUST, NULL, 0 },
	{ "2 1 0, topmost no CA", { .sans = MX }, BY_NOT_CA, "li", "210r", DISTRUST, NULL, 0 },
	{ "2 1 0, another's name", { .sans = "mx.evil.test" }, BY_INTER, "li", "210r", MISMATCH, NULL, 0 },
	/* dates, signatures, constraints below the anchor */
	{ "2: leaf expired", { .sans = MX, .from_days = -90, .to_days = -1 }, BY_INTER, "lir", "201r", EXPIRED, 0, 0 },
	{ "2: leaf not yet valid",
	  { .sans = MX, .from_days = 1, .to_days = 9 },
	  BY_INTER,
	  "lir",
	  "211r",
	  DISTRUST,
	  0,
	  0 },
	{ "2: intermediate expired", { .sans = MX }, BY_EXPIRED, "lir", "201r", EXPIRED, NULL, 0 },
	{ "2: intermediate not yet valid", { .sans = MX }, BY_EARLY, "lir", "201r", DISTRUST, NULL, 0 },
	{ "2: anchor expired", { .sans = MX }, BY_EXPIRED, "li", "201i", EXPIRED, NULL, 0 },
	{ "2: intermediate is no CA", { .sans = MX }, BY_NOT_CA, "lir", "211r", DISTRUST, NULL, 0 },
	{ "2: anchor is no CA", { .sans = MX }, BY_NOT_CA, "li", "211i", DISTRUST, NULL, 0 },
	{ "2: intermediate may not sign", { .sans = MX }, BY_NO_CERTSIGN, "lir", "201r", DISTRUST, NULL, 0 },
	{ "2: path too long", { .sans = MX }, BY_NO_PATH, "linr", "201r", DISTRUST, NULL, 0 },
	{ "2: path too long for the anchor", { .sans = MX }, BY_NO_PATH, "lin", "201n", DISTRUST, NULL, 0 },
	{ "2 1 0, path too long for the anchor that is sent",
	  { .sans = MX },
	  BY_NO_PATH,
	  "lin",
	  "210n",
	  DISTRUST,
	  0,
	  0 },
	{ "2: trust stops below the path length", { .sans = MX }, BY_NO_PATH, "linr", "201i", GOOD, "2 0 1", 1 },
	{ "2: inside name constraints", { .sans = MX }, BY_CONSTRAINED, "lir", "201r", GOOD, "2 0 1", 2 },
	{ "2: outside name constraints", { .sans = MX ",a.test" }, BY_CONSTRAINED, "lir", "201r", DISTRUST, NULL, 0 },
	{ "2: outside the anchor's name constraints",
	  { .sans = MX ",a.test" },
	  BY_CONSTRAINED,
	  "li",
	  "201i",
	  DISTRUST,
	  NULL,
	  0 },
	{ "2: issuer for TLS clients", { .sans = MX }, BY_CLIENTS, "lir", "201r", DISTRUST, NULL, 0 },
	{ "2: leaf for TLS clients", { .sans = MX, .eku = "clientAuth" }, BY_INTER, "li", "201i", DISTRUST, NULL, 0 },
	{ "2: issuer for any purpose", { .sans = MX }, BY_ANY, "lir", "201r", GOOD, "2 0 1", 2 },
	{ "2: weak leaf", { .sans = MX, .key = MADE_RSA1024 }, BY_INTER, "li", "201i", DISTRUST, NULL, 0 },
	{ "2: weak issuer", { .sans = MX }, BY_WEAK_RSA, "lir", "201r", DISTRUST, NULL, 0 },
	{ "2: weak anchor, by the operator's word", { .sans = MX }, BY_WEAK_RSA, "li", "201i", GOOD, "2 0 1", 1 },
	{ "2: signed with SHA-1", { .sans = MX }, BY_SHA1, "lir", "201r", DISTRUST, NULL, 0 },
	{ "2: a CA that is in the CA file is nobody here", { .sans = MX }, BY_ROOT, "lr", "201s", TLSA_INVALID, 0, 0 },
	/* the leaf as its own anchor */
	{ "2 0 1, own anchor", { .sans = MX }, SIGNED_ITSELF, "l", "201l", GOOD, "2 0 1", 0 },
	{ "2 1 1, own anchor", { .sans = MX }, SIGNED_ITSELF, "l", "211l", GOOD, "2 1 1", 0 },
	{ "2 0 0, own anchor", { .sans = MX }, SIGNED_ITSELF, "l", "200l", GOOD, "2 0 0", 0 },
	{ "2 1 0, own anchor", { .sans = MX }, SIGNED_ITSELF, "l", "210l", GOOD, "2 1 0", 0 },
	{ "2 0 1, own anchor, another's name", { .sans = "a.test" }, SIGNED_ITSELF, "l", "201l", MISMATCH, NULL, 0 },
	{ "2 0 1, own anchor, expired",
	  { .sans = MX, .from_days = -9, .to_days = -1 },
	  SIGNED_ITSELF,
	  "l",
	  "201l",
	  EXPIRED,
	  NULL,
	  0 },
	{ "2 0 1, a CA's leaf is not its own anchor", { .sans = MX }, BY_INTER, "lir", "201l", TLSA_INVALID, NULL, 0 },
	{ "2 1 1, nor is its key", { .sans = MX }, BY_INTER, "lir", "211l", TLSA_INVALID, NULL, 0 },
	/* mixed usages: any match */
	{ "mixed, 3 matches", { .sans = MX }, BY_INTER, "li", "201x 311l", GOOD, "3 1 1", 0 },
	{ "mixed, 2 matches", { .sans = MX }, BY_INTER, "li", "311x 201i", GOOD, "2 0 1", 1 },
	{ "mixed, both match: the leaf", { .sans = MX }, BY_INTER, "li", "201i 311l", GOOD, "3 1 1", 0 },
	{ "mixed, 3 saves what 2 refuses", { .sans = "a.test" }, BY_INTER, "li", "201i 311l", GOOD, "3 1 1", 0 },
	{ "mixed, none", { .sans = MX }, BY_INTER, "li", "201x 311x", TLSA_INVALID, NULL, 0 },
	{ "several keys", { .sans = MX }, BY_INTER, "li", "311x 311i 311l 311r", GOOD, "3 1 1", 0 },
	/* RFC 7671 s. 9: digest agility, by usage and selector */
	{ "outdone", { .sans = MX }, BY_INTER, "li", "311l 312x", TLSA_INVALID, NULL, 0 },
	{ "the stronger one", { .sans = MX }, BY_INTER, "li", "311x 312l", GOOD, "3 1 2", 0 },
	{ "another selector does not outdo", { .sans = MX }, BY_INTER, "li", "311l 302x", GOOD, "3 1 1", 0 },
	{ "another usage does not outdo", { .sans = MX }, BY_INTER, "li", "311l 212x", GOOD, "3 1 1", 0 },
	{ "full data is not outdone", { .sans = MX }, BY_INTER, "li", "310l 312x", GOOD, "3 1 0", 0 },
	{ "full data outdoes nothing", { .sans = MX }, BY_INTER, "li", "310x 311l", GOOD, "3 1 1", 0 },
	{ "outdone anchor", { .sans = MX }, BY_INTER, "lir", "201r 202x", TLSA_INVALID, NULL, 0 },
	{ "the stronger anchor", { .sans = MX }, BY_INTER, "lir", "201x 202r", GOOD, "2 0 2", 2 },
	{ "both digests", { .sans = MX }, BY_INTER, "li", "311l 312l", GOOD, "3 1 2", 0 },
	/* what got furthest is told */
	{ "name before distrust", { .sans = "a.test" }, BY_INTER, "lis", "201s 201i", MISMATCH, NULL, 0 },
};

static void check_row(const struct row *row, const struct judgement *got)
{
	bool good = row->word == GOOD;

	check(row->name, got, good, good, row->word);
	if (strcmp(got->tlsa, good ? row->tlsa : "") != 0 || (good && got->depth != row->depth))
		fail_msg("%s: matched \"%s\" at depth %d", row->name, got->tlsa, got->depth);
	assert_string_equal(got->matched, good ? MX : "");
}

static void each_row_of_the_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		const struct made *issuer = row->by == SIGNED_ITSELF ? NULL : &made[row->by];
		struct made leaf = made_cert(&row->leaf, issuer);
		const struct cast cast = { &leaf, issuer, &other, NULL };
		size_t count;
		struct tlsa *records = tlsa_made(row->records, &cast, &count);
		struct verdict_mx mx;
		struct verdict verdict = dane_at(&mx, records, count);
		struct tls_peer *peer = peer_sending(row->sends, &cast, &tls13);
		struct judgement got = tls_judge(peer, &verdict, NULL, MADE_NOW, NULL);
		check_row(row, &got);
		/* The CA file has no say, and a level that demands a match says the same. */
		verdict.level = LEVEL_DANE_ONLY;
		got = tls_judge(peer, &verdict, NULL, MADE_NOW, trust);
		check_row(row, &got);
		tls_peer_free(peer);
		tlsa_free(records, count);
		made_free(&leaf);
	}
}

static int make_all(void **state)
{
	(void)make_world(state);
	other = made_cert(&(struct recipe){ .sans = "other.test" }, &made[BY_INTER]);
	return 0;
}

static int unmake_all(void **state)
{
	made_free(&other);
	return unmake_world(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_of_the_rules),
	};

	return cmocka_run_group_tests(tests, make_all, unmake_all);
}

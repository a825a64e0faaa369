/* Peers against verdicts: proxy/tls_verify.h. */
#include "tls_world.h"

/* --- one certificate, every level --------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	struct recipe leaf;
	enum by by;
	const char *wanted; /* NULL: MX */
	bool subdomains;
	enum result_word word; /* of verify and secure */
} leaves[] = {
	{ "good", { .sans = MX }, BY_INTER, NULL, false, GOOD },
	{ "good, straight from the root", { .sans = MX }, BY_ROOT, NULL, false, GOOD },
	{ "good, all extensions",
	  { .sans = MX,
	    .basic = "critical,CA:FALSE",
	    .key_usage = "critical,digitalSignature",
	    .eku = "serverAuth,clientAuth" },
	  BY_INTER,
	  NULL,
	  false,
	  GOOD },
	{ "good, second of several names", { .sans = "a.test," MX ",b.test" }, BY_INTER, NULL, false, GOOD },
	{ "good, RSA", { .sans = MX, .key = MADE_RSA2048, .key_usage = "keyEncipherment" }, BY_RSA, NULL, false, GOOD },
	{ "good, RSASSA-PSS", { .sans = MX, .pss = true }, BY_RSA, NULL, false, GOOD },
	{ "good no more: the library ends validity a second early",
	  { .sans = MX, .from_days = -90, .to_days = 0 },
	  BY_INTER,
	  NULL,
	  false,
	  EXPIRED },
	{ "expired", { .sans = MX, .from_days = -90, .to_days = -1 }, BY_INTER, NULL, false, EXPIRED },
	{ "not yet valid", { .sans = MX, .from_days = 1, .to_days = 90 }, BY_INTER, NULL, false, DISTRUST },
	{ "expired issuer", { .sans = MX }, BY_EXPIRED, NULL, false, EXPIRED },
	{ "issuer not yet valid", { .sans = MX }, BY_EARLY, NULL, false, DISTRUST },
	/* names */
	{ "wrong name", { .sans = "mx.evil.test" }, BY_INTER, NULL, false, MISMATCH },
	{ "the domain, not the host", { .sans = "example.com" }, BY_INTER, NULL, false, MISMATCH },
	{ "CN only", { .cn = MX }, BY_INTER, NULL, false, MISMATCH },
	{ "CN right, SAN wrong", { .cn = MX, .sans = "mx.evil.test" }, BY_INTER, NULL, false, MISMATCH },
	{ "IP SAN only", { .cn = MX, .sans = "ip" }, BY_INTER, NULL, false, MISMATCH },
	{ "IP SAN and a name", { .sans = "ip," MX }, BY_INTER, NULL, false, GOOD },
	{ "IP as a dNSName", { .sans = "192.0.2.1" }, BY_INTER, "192.0.2.1", false, MISMATCH },
	{ "a mailbox of that name", { .sans = "@" MX }, BY_INTER, NULL, false, MISMATCH },
	{ "NUL after the name", { .sans = MX "|.evil.test" }, BY_INTER, NULL, false, MISMATCH },
	{ "NUL at the end", { .sans = MX "|" }, BY_INTER, NULL, false, MISMATCH },
	{ "upper case in the certificate", { .sans = "MX.EXAMPLE.COM" }, BY_INTER, NULL, false, GOOD },
	{ "upper case in the policy", { .sans = MX }, BY_INTER, "MX.Example.Com", false, GOOD },
	{ "trailing dot in the policy", { .sans = MX }, BY_INTER, MX ".", false, GOOD },
	{ "trailing dot in the certificate", { .sans = MX "." }, BY_INTER, NULL, false, MISMATCH },
	{ "wildcard", { .sans = "*.example.com" }, BY_INTER, NULL, false, GOOD },
	{ "wildcard, two labels", { .sans = "*.example.com" }, BY_INTER, "a.mx.example.com", false, MISMATCH },
	{ "wildcard, no label", { .sans = "*.example.com" }, BY_INTER, "example.com", false, MISMATCH },
	{ "wildcard of a top-level domain", { .sans = "*.com" }, BY_INTER, "example.com", false, MISMATCH },
	{ "wildcard of all", { .sans = "*" }, BY_INTER, "com", false, MISMATCH },
	{ "wildcard in a label", { .sans = "m*.example.com" }, BY_INTER, NULL, false, MISMATCH },
	{ "wildcard inside", { .sans = "mx.*.com" }, BY_INTER, NULL, false, MISMATCH },
	{ "below .example.com", { .sans = "a.mx.example.com" }, BY_INTER, "example.com", true, GOOD },
	{ "wildcard below .example.com", { .sans = "*.example.com" }, BY_INTER, "example.com", true, GOOD },
	{ "not below .example.com", { .sans = "example.com,badexample.com" }, BY_INTER, "example.com", true, MISMATCH },
	/* trust */
	{ "signed by itself", { .sans = MX }, BY_SELF, NULL, false, DISTRUST },
	{ "unknown CA", { .sans = MX }, BY_STRANGER, NULL, false, DISTRUST },
	{ "issuer is no CA", { .sans = MX }, BY_NOT_CA, NULL, false, DISTRUST },
	{ "issuer may not sign", { .sans = MX }, BY_NO_CERTSIGN, NULL, false, DISTRUST },
	{ "path too long", { .sans = MX }, BY_NO_PATH, NULL, false, DISTRUST },
	{ "inside name constraints", { .sans = MX }, BY_CONSTRAINED, NULL, false, GOOD },
	{ "outside name constraints", { .sans = "mx.evil.test" }, BY_CONSTRAINED, "mx.evil.test", false, DISTRUST },
	{ "partly outside name constraints", { .sans = MX ",mx.evil.test" }, BY_CONSTRAINED, NULL, false, DISTRUST },
	{ "name excluded", { .sans = MX }, BY_EXCLUDED, NULL, false, DISTRUST },
	/* purpose */
	{ "for TLS servers", { .sans = MX, .eku = "serverAuth" }, BY_INTER, NULL, false, GOOD },
	{ "for any purpose", { .sans = MX, .eku = "anyExtendedKeyUsage" }, BY_ANY, NULL, false, GOOD },
	{ "for TLS clients", { .sans = MX, .eku = "clientAuth" }, BY_INTER, NULL, false, DISTRUST },
	{ "for mail", { .sans = MX, .eku = "emailProtection" }, BY_INTER, NULL, false, DISTRUST },
	{ "issuer for TLS clients", { .sans = MX }, BY_CLIENTS, NULL, false, DISTRUST },
	{ "key usage of a CA", { .sans = MX, .key_usage = "critical,keyCertSign" }, BY_INTER, NULL, false, DISTRUST },
	/* As with Postfix: what a CA signed for a host is the host's, whatever else it may do. */
	{ "a CA as server", { .sans = MX, .basic = CA_BASIC }, BY_ROOT, NULL, false, GOOD },
	{ "name constraints on a server",
	  { .sans = MX, .constraints = "critical,permitted;DNS:example.com", .basic = CA_BASIC },
	  BY_ROOT,
	  NULL,
	  false,
	  GOOD },
	/* strength */
	{ "RSA of 1024 bits", { .sans = MX, .key = MADE_RSA1024 }, BY_INTER, NULL, false, DISTRUST },
	{ "issuer's RSA of 1024 bits", { .sans = MX }, BY_WEAK_RSA, NULL, false, DISTRUST },
	{ "issuer signed with SHA-1", { .sans = MX }, BY_SHA1, NULL, false, DISTRUST },
};

static void check_plain_levels(const char *name, const struct tls_peer *peer)
{
	static const enum level refused[] = { LEVEL_UNSET, LEVEL_COUNT, (enum level)77 };

	for (enum level level = LEVEL_NONE; level <= LEVEL_ENCRYPT; level++) {
		struct verdict verdict = verdict_at(level);
		struct judgement got = tls_judge(peer, &verdict, NULL, MADE_NOW, trust);
		check(name, &got, true, false, RESULT_NONE);
	}
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct verdict verdict = verdict_at(refused[i]);
		struct judgement got = tls_judge(peer, &verdict, NULL, MADE_NOW, trust);
		check(name, &got, false, false, INVALID);
	}
}

/* A fingerprint is compared and nothing else: names, dates and issuers do not matter. */
static void check_fingerprints(const char *name, const struct tls_peer *peer, const struct made *leaf)
{
	uint8_t listed[2][32] = { { 1 }, { 2 } };
	struct verdict verdict = verdict_at(LEVEL_FINGERPRINT);
	struct judgement got;
	uint8_t *der;
	size_t len = made_der(leaf, &der);

	verdict.fingerprints = listed;
	got = tls_judge(peer, &verdict, NULL, MADE_NOW, NULL);
	check(name, &got, false, false, DISTRUST); /* count is still 0 */
	verdict.fingerprints_count = 2;
	got = tls_judge(peer, &verdict, NULL, MADE_NOW, NULL);
	check(name, &got, false, false, DISTRUST);

	(void)SHA256(der, len, listed[1]);
	OPENSSL_free(der);
	got = tls_judge(peer, &verdict, NULL, MADE_NOW, NULL);
	check(name, &got, true, true, RESULT_NONE);
	assert_memory_equal(got.matched, "certificate ", 12);

	der = NULL;
	len = (size_t)i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf->cert), &der);
	(void)SHA256(der, len, listed[1]);
	OPENSSL_free(der);
	got = tls_judge(peer, &verdict, NULL, MADE_NOW, NULL);
	check(name, &got, true, true, RESULT_NONE);
	assert_memory_equal(got.matched, "key ", 4);

	listed[1][31] ^= 1;
	got = tls_judge(peer, &verdict, NULL, MADE_NOW, NULL);
	check(name, &got, false, false, DISTRUST);
}

static void check_trusted_levels(size_t i, const struct tls_peer *peer)
{
	struct verdict_name name = { .subdomains = leaves[i].subdomains };
	bool good = leaves[i].word == GOOD;

	(void)snprintf(name.name, sizeof(name.name), "%s", leaves[i].wanted != NULL ? leaves[i].wanted : MX);
	for (enum level level = LEVEL_VERIFY; level <= LEVEL_SECURE; level++) {
		struct verdict verdict = verdict_at(level);
		struct judgement got;
		verdict.names = &name;
		verdict.names_count = 1;
		got = tls_judge(peer, &verdict, NULL, MADE_NOW, trust);
		check(leaves[i].name, &got, good, good, leaves[i].word);
		verdict.ca = 2; /* a store that trusts nobody */
		got = tls_judge(peer, &verdict, NULL, MADE_NOW, trust);
		check(leaves[i].name, &got, false, false, DISTRUST);
		verdict.ca = 3; /* no such store */
		got = tls_judge(peer, &verdict, NULL, MADE_NOW, trust);
		check(leaves[i].name, &got, false, false, DISTRUST);
		verdict.ca = 0;
		got = tls_judge(peer, &verdict, NULL, MADE_NOW, NULL);
		check(leaves[i].name, &got, false, false, DISTRUST);
		verdict.names_count = 0; /* no name to demand */
		got = tls_judge(peer, &verdict, NULL, MADE_NOW, trust);
		assert_false(got.satisfied);
	}
}

static void each_certificate_at_each_level(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(leaves); i++) {
		struct made leaf = made_cert(&leaves[i].leaf, leaves[i].by == BY_SELF ? NULL : &made[leaves[i].by]);
		struct tls_peer *peer = peer_by(&leaf, leaves[i].by);
		check_plain_levels(leaves[i].name, peer);
		check_fingerprints(leaves[i].name, peer, &leaf);
		check_trusted_levels(i, peer);
		tls_peer_free(peer);
		made_free(&leaf);
	}
}

/* --- what is sent, and in which order ----------------------------------------------------------------------------- */

static void chains_as_servers_send_them(void **state)
{
	struct made leaf = made_cert(&(struct recipe){ .sans = MX }, &made[BY_INTER]);
	struct made other = made_cert(&(struct recipe){ .sans = "other.test" }, &made[BY_INTER]);
	const struct made *inter = &made[BY_INTER];
	const struct made *root = &made[BY_ROOT];
	const struct {
		const char *name;
		const struct made *certs[TLS_CHAIN_CERTS_MAX];
		unsigned ca;
		enum result_word word;
	} cases[] = {
		{ "leaf, intermediate", { &leaf, inter }, 0, GOOD },
		{ "root too", { &leaf, inter, root }, 0, GOOD },
		{ "out of order", { &leaf, root, inter }, 0, GOOD },
		{ "strangers in between", { &leaf, &other, &made[BY_STRANGER], inter }, 0, GOOD },
		{ "twice", { &leaf, &leaf, inter, inter }, 0, GOOD },
		{ "intermediate missing", { &leaf }, 0, DISTRUST },
		{ "wrong intermediate", { &leaf, &made[BY_ANY] }, 0, DISTRUST },
		{ "root in place of the intermediate", { &leaf, root }, 0, DISTRUST },
		{ "right leaf not first", { &other, &leaf, inter }, 0, MISMATCH },
		{ "another store", { &leaf, inter, root }, 1, DISTRUST },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t count = 0;
		struct judgement got;
		while (count < TLS_CHAIN_CERTS_MAX && cases[i].certs[count] != NULL)
			count++;
		got = judge_chain(cases[i].certs, count, cases[i].ca);
		check(cases[i].name, &got, cases[i].word == GOOD, cases[i].word == GOOD, cases[i].word);
	}
	made_free(&other);
	made_free(&leaf);
}

static void what_the_store_holds_is_trusted_as_such(void **state)
{
	struct made self = made_cert(&(struct recipe){ .sans = MX }, NULL);
	struct made leaf = made_cert(&(struct recipe){ .sans = MX }, &made[BY_INTER]);
	struct made client = made_cert(&(struct recipe){ .sans = MX, .eku = "clientAuth" }, NULL);
	struct made weak = made_cert(&(struct recipe){ .sans = MX, .key = MADE_RSA1024 }, NULL);
	struct made late = made_cert(&(struct recipe){ .sans = MX, .from_days = -9, .to_days = -1 }, NULL);
	const struct made *anchors[] = { &self, &made[BY_INTER], &leaf, &late, &client, &weak };
	const struct {
		unsigned ca;
		const struct made *leaf;
		enum result_word word;
	} cases[] = {
		{ 3, &self, GOOD },     { 4, &leaf, GOOD },    { 5, &leaf, GOOD },       { 3, &leaf, DISTRUST },
		{ 5, &self, DISTRUST }, { 6, &late, EXPIRED }, { 7, &client, DISTRUST }, { 8, &weak, DISTRUST },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(anchors); i++) {
		char pem[4096] = "";
		char error[TLS_ERROR_MAX];
		made_pem(anchors[i], pem, sizeof(pem));
		assert_true(tls_trust_add(trust, "anchor.pem", pem, strlen(pem), error));
	}
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct judgement got = judge_chain(&cases[i].leaf, 1, cases[i].ca);
		check("anchor", &got, cases[i].word == GOOD, cases[i].word == GOOD, cases[i].word);
	}
	made_free(&self);
	made_free(&leaf);
	made_free(&late);
	made_free(&client);
	made_free(&weak);
}

/* The time is the caller's, to the second. */
static void validity_ends_with_the_second(void **state)
{
	struct made leaf = made_cert(&(struct recipe){ .sans = MX, .from_days = -1, .to_days = 1 }, &made[BY_ROOT]);
	struct verdict_name name = { .name = MX };
	struct verdict verdict = verdict_at(LEVEL_SECURE);
	struct tls_peer *peer = peer_by(&leaf, BY_ROOT);
	static const struct {
		long at;
		enum result_word word;
	} cases[] = {
		{ -MADE_DAY - 1, DISTRUST },
		{ -MADE_DAY, GOOD },
		{ MADE_DAY - 1, GOOD },
		{ MADE_DAY, EXPIRED },
	};

	(void)state;
	verdict.names = &name;
	verdict.names_count = 1;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct judgement got = tls_judge(peer, &verdict, NULL, MADE_NOW + cases[i].at, trust);
		check("second", &got, cases[i].word == GOOD, cases[i].word == GOOD, cases[i].word);
	}
	tls_peer_free(peer);
	made_free(&leaf);
}

/* --- the MX host's name ------------------------------------------------------------------------------------------- */

static void the_address_picks_the_mx_host(void **state)
{
	struct addr a1;
	struct addr a2;
	struct addr both;
	struct addr none;
	static const struct {
		const char *name;
		const char *sans;
		const char *destination;
		const char *further; /* a name of the policy; NULL: none */
		bool match_mx;
		enum verdict_lookup lookup;
		const char *matched; /* NULL: refused with |word| */
		enum result_word word;
	} cases[] = {
		{ "its own name", "mx1.example.com", "192.0.2.1", NULL, true, VERDICT_LOOKUP_FOUND, "mx1.example.com",
		  GOOD },
		{ "the other's name", "mx2.example.com", "192.0.2.1", NULL, true, VERDICT_LOOKUP_FOUND, NULL,
		  MISMATCH },
		{ "other address", "mx2.example.com", "192.0.2.2", NULL, true, VERDICT_LOOKUP_FOUND, "mx2.example.com",
		  GOOD },
		{ "shared address, first", "mx1.example.com", "2001:db8::1", NULL, true, VERDICT_LOOKUP_FOUND,
		  "mx1.example.com", GOOD },
		{ "shared address, second", "mx2.example.com", "2001:db8::1", NULL, true, VERDICT_LOOKUP_FOUND,
		  "mx2.example.com", GOOD },
		{ "no host's address", "mx2.example.com", "198.51.100.9", NULL, true, VERDICT_LOOKUP_FOUND,
		  "mx2.example.com", GOOD },
		{ "no host's address, no host's name", "example.com", "198.51.100.9", NULL, true, VERDICT_LOOKUP_FOUND,
		  NULL, MISMATCH },
		{ "not asked for", "mx1.example.com", "192.0.2.1", NULL, false, VERDICT_LOOKUP_FOUND, NULL, INVALID },
		{ "lookup failed", "mx1.example.com", "192.0.2.1", NULL, true, VERDICT_LOOKUP_FAILED, NULL, INVALID },
		{ "no MX hosts", "mx1.example.com", "192.0.2.1", NULL, true, VERDICT_LOOKUP_ABSENT, NULL, INVALID },
		{ "unknown outcome", "mx1.example.com", "192.0.2.1", NULL, true, (enum verdict_lookup)9, NULL,
		  INVALID },
		{ "lookup failed, further name", "example.com", "192.0.2.1", "example.com", true, VERDICT_LOOKUP_FAILED,
		  "example.com", GOOD },
		{ "lookup failed, further name not there", "mx1.example.com", "192.0.2.1", "example.com", true,
		  VERDICT_LOOKUP_FAILED, NULL, MISMATCH },
		{ "further name", "example.com", "192.0.2.1", "example.com", true, VERDICT_LOOKUP_FOUND, "example.com",
		  GOOD },
		{ "mapped address", "mx1.example.com", "::ffff:192.0.2.1", NULL, true, VERDICT_LOOKUP_FOUND,
		  "mx1.example.com", GOOD },
	};

	(void)state;
	assert_true(addr_parse(&a1, "192.0.2.1") && addr_parse(&a2, "192.0.2.2") && addr_parse(&both, "2001:db8::1"));
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct addr one[] = { a1, both };
		struct addr two[] = { a2, both };
		struct verdict_mx mx[] = { { .name = "mx1.example.com", .addrs = one, .addrs_count = 2 },
					   { .name = "mx2.example.com", .addrs = two, .addrs_count = 2 } };
		struct verdict_name name = { .name = "" };
		struct verdict verdict = verdict_at(LEVEL_VERIFY);
		struct made leaf = made_cert(&(struct recipe){ .sans = cases[i].sans }, &made[BY_ROOT]);
		struct tls_peer *peer = peer_by(&leaf, BY_ROOT);
		struct judgement got;
		verdict.match_mx = cases[i].match_mx;
		verdict.mx_lookup = cases[i].lookup;
		verdict.mx = mx;
		verdict.mx_count = 2;
		verdict.names = &name;
		if (cases[i].further != NULL) {
			(void)snprintf(name.name, sizeof(name.name), "%s", cases[i].further);
			verdict.names_count = 1;
		}
		assert_true(addr_parse(&none, cases[i].destination));
		got = tls_judge(peer, &verdict, &none, MADE_NOW, trust);
		check(cases[i].name, &got, cases[i].matched != NULL, cases[i].matched != NULL, cases[i].word);
		assert_string_equal(got.matched, cases[i].matched != NULL ? cases[i].matched : "");
		tls_peer_free(peer);
		made_free(&leaf);
	}
}

/* --- the digest of a policy --------------------------------------------------------------------------------------- */

static void any_demand_changes_the_digest(void **state)
{
	struct verdict_name names[] = { { .name = "a.test" }, { .name = "a.test", .subdomains = true } };
	struct verdict_mx mx[] = { { .name = "mx1.test" }, { .name = "mx2.test" } };
	uint8_t prints[2][32] = { { 1 }, { 2 } };
	struct verdict verdicts[10];
	uint8_t digests[COUNT(verdicts)][32];
	uint8_t none[32];

	(void)state;
	for (size_t i = 0; i < COUNT(verdicts); i++)
		verdicts[i] = verdict_at(LEVEL_SECURE);
	verdicts[1].level = LEVEL_VERIFY;
	verdicts[2].ca = 1;
	verdicts[3].min_protocol = CONF_TLS13;
	verdicts[4].generation = 1;
	verdicts[5].names = names;
	verdicts[5].names_count = 1;
	verdicts[6].names = names + 1;
	verdicts[6].names_count = 1;
	verdicts[7].fingerprints = prints;
	verdicts[7].fingerprints_count = 1;
	verdicts[8].match_mx = true;
	verdicts[8].mx = mx;
	verdicts[8].mx_count = 1;
	verdicts[9].match_mx = true;
	verdicts[9].mx = mx + 1;
	verdicts[9].mx_count = 1;
	for (size_t i = 0; i < COUNT(verdicts); i++) {
		tls_policy_digest(&verdicts[i], digests[i]);
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(digests[i], digests[k], 32);
	}
	tls_policy_digest(&verdicts[9], none);
	assert_memory_equal(none, digests[9], 32);
	tls_policy_digest(NULL, none);
	assert_memory_not_equal(none, digests[0], 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_certificate_at_each_level),
		cmocka_unit_test(chains_as_servers_send_them),
		cmocka_unit_test(what_the_store_holds_is_trusted_as_such),
		cmocka_unit_test(validity_ends_with_the_second),
		cmocka_unit_test(the_address_picks_the_mx_host),
		cmocka_unit_test(any_demand_changes_the_digest),
	};

	return cmocka_run_group_tests(tests, make_world, unmake_world);
}

/* Peers against verdicts: proxy/tls_verify.h. Every certificate is made here; the clock is MADE_NOW. */
#include "tls_made.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/sha.h>

#include "proxy/tls_trust.h"
#include "proxy/tls_verify.h"
#include "proxy/tls_peer.h"

#define MX "mx.example.com"

#define CA_BASIC "critical,CA:TRUE"
#define CA_USAGE "critical,keyCertSign,cRLSign"

/* --- the authorities ---------------------------------------------------------------------------------------------- */

enum by {
	BY_INTER, /* an intermediate of the trusted root */
	BY_ROOT,
	BY_SELF,
	BY_STRANGER, /* a root in no store */
	BY_EXPIRED,
	BY_EARLY,
	BY_NOT_CA,      /* a certificate without CA:TRUE */
	BY_NO_CERTSIGN, /* a CA whose key usage does not allow it */
	BY_CONSTRAINED, /* permitted: .example.com */
	BY_EXCLUDED,    /* excluded: example.com */
	BY_CLIENTS,     /* an intermediate for TLS clients only */
	BY_ANY,         /* an intermediate for any purpose */
	BY_WEAK_RSA,
	BY_RSA,
	BY_SHA1,    /* an intermediate that its root signed with SHA-1 */
	BY_NO_PATH, /* an intermediate below one of pathlen 0 */
	BY_COUNT
};

static const struct {
	struct recipe recipe;
	enum by issuer;
} authorities[BY_COUNT] = {
	[BY_ROOT] = { { .cn = "root", .basic = CA_BASIC, .key_usage = CA_USAGE }, BY_SELF },
	[BY_STRANGER] = { { .cn = "stranger", .basic = CA_BASIC, .key_usage = CA_USAGE }, BY_SELF },
	[BY_INTER] = { { .cn = "inter", .basic = CA_BASIC ",pathlen:0", .key_usage = CA_USAGE }, BY_ROOT },
	[BY_EXPIRED] = { { .cn = "expired", .basic = CA_BASIC, .from_days = -90, .to_days = -1 }, BY_ROOT },
	[BY_EARLY] = { { .cn = "early", .basic = CA_BASIC, .from_days = 1, .to_days = 90 }, BY_ROOT },
	[BY_NOT_CA] = { { .cn = "not a ca", .sans = MX }, BY_ROOT },
	[BY_NO_CERTSIGN] = { { .cn = "no certsign", .basic = CA_BASIC, .key_usage = "digitalSignature" }, BY_ROOT },
	[BY_CONSTRAINED] = { { .cn = "constrained",
			       .basic = CA_BASIC,
			       .constraints = "critical,permitted;DNS:example.com" },
			     BY_ROOT },
	[BY_EXCLUDED] = { { .cn = "excluded", .basic = CA_BASIC, .constraints = "critical,excluded;DNS:example.com" },
			  BY_ROOT },
	[BY_CLIENTS] = { { .cn = "clients", .basic = CA_BASIC, .eku = "clientAuth" }, BY_ROOT },
	[BY_ANY] = { { .cn = "any", .basic = CA_BASIC, .eku = "anyExtendedKeyUsage" }, BY_ROOT },
	[BY_WEAK_RSA] = { { .cn = "weak", .basic = CA_BASIC, .key = MADE_RSA1024 }, BY_ROOT },
	[BY_RSA] = { { .cn = "rsa", .basic = CA_BASIC, .key = MADE_RSA2048 }, BY_ROOT },
	[BY_SHA1] = { { .cn = "sha1", .basic = CA_BASIC }, BY_ROOT },
	[BY_NO_PATH] = { { .cn = "too deep", .basic = CA_BASIC, .key_usage = CA_USAGE }, BY_INTER },
};

static struct made made[BY_COUNT];
static struct tls_trust *trust; /* 0: root; 1: stranger; 2: nobody */

static void make_authority(enum by by)
{
	struct recipe recipe = authorities[by].recipe;

	if (by == BY_SHA1)
		recipe.digest = EVP_sha1();
	made[by] = made_cert(&recipe, authorities[by].issuer == BY_SELF ? NULL : &made[authorities[by].issuer]);
}

static int make_world(void **state)
{
	char pem[4096] = "";
	char error[TLS_ERROR_MAX];

	(void)state;
	make_authority(BY_ROOT);
	make_authority(BY_STRANGER);
	make_authority(BY_INTER);
	for (enum by by = BY_STRANGER + 1; by < BY_COUNT; by++)
		make_authority(by);
	trust = tls_trust_new();
	made_pem(&made[BY_ROOT], pem, sizeof(pem));
	assert_true(tls_trust_add(trust, "root.pem", pem, strlen(pem), error));
	pem[0] = '\0';
	made_pem(&made[BY_STRANGER], pem, sizeof(pem));
	assert_true(tls_trust_add(trust, "stranger.pem", pem, strlen(pem), error));
	assert_true(tls_trust_add(trust, "nobody.pem", NULL, 0, error));
	return 0;
}

static int unmake_world(void **state)
{
	(void)state;
	for (enum by by = 0; by < BY_COUNT; by++)
		made_free(&made[by]);
	tls_trust_free(trust);
	return 0;
}

/* --- peers and verdicts ------------------------------------------------------------------------------------------- */

static const struct tls_session_facts tls13 = { .version = CONF_TLS13, .version_name = "TLSv1.3", .cipher = "TLS_AES" };
static const struct tls_session_facts tls12 = { .version = CONF_TLS12, .version_name = "TLSv1.2", .cipher = "ECDHE" };
static const struct tls_session_facts cbc = {
	.version = CONF_TLS12, .weak = true, .version_name = "TLSv1.2", .cipher = "CBC"
};

static struct tls_peer *peer_of(const struct made *const *certs, size_t count, const struct tls_session_facts *facts)
{
	struct tls_der chain[TLS_CHAIN_CERTS_MAX];
	uint8_t *der[TLS_CHAIN_CERTS_MAX];
	struct tls_peer *peer;

	assert_true(count <= COUNT(chain));
	for (size_t i = 0; i < count; i++) {
		chain[i].len = made_der(certs[i], &der[i]);
		chain[i].bytes = der[i];
	}
	peer = tls_peer_new(chain, count, facts);
	assert_non_null(peer);
	for (size_t i = 0; i < count; i++)
		OPENSSL_free(der[i]);
	return peer;
}

/* peer_by sends |leaf|, its issuer and that one's, up to the root, which stays at home. */
static struct tls_peer *peer_by(const struct made *leaf, enum by by)
{
	const struct made *certs[TLS_CHAIN_CERTS_MAX] = { leaf };
	size_t count = 1;

	for (; by != BY_SELF && by != BY_ROOT && by != BY_STRANGER; by = authorities[by].issuer)
		certs[count++] = &made[by];
	return peer_of(certs, count, &tls13);
}

static struct verdict verdict_at(enum level level)
{
	return (struct verdict){
		.refs = 1, .status = VERDICT_OK, .level = level, .source = VERDICT_SOURCE_DOMAIN, .enforce = true
	};
}

static void check(const char *what, const struct judgement *got, bool satisfied, bool authenticated,
		  enum result_word word)
{
	if (got->satisfied != satisfied || got->authenticated != authenticated || got->result != word)
		fail_msg("%s: satisfied %d authenticated %d word %d: %s", what, got->satisfied, got->authenticated,
			 got->result, got->reason);
	/* A refusal says why, and an acceptance nothing. */
	assert_int_equal(got->reason[0] == '\0', satisfied);
	assert_int_equal(got->matched[0] == '\0', !authenticated);
	assert_non_null(memchr(got->reason, '\0', sizeof(got->reason)));
}

/* --- one certificate, every level --------------------------------------------------------------------------------- */

#define GOOD     RESULT_NONE
#define MISMATCH RESULT_CERTIFICATE_HOST_MISMATCH
#define EXPIRED  RESULT_CERTIFICATE_EXPIRED
#define DISTRUST RESULT_CERTIFICATE_NOT_TRUSTED
#define INVALID  RESULT_VALIDATION_FAILURE

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
	static const enum level refused[] = { LEVEL_DANE, LEVEL_DANE_ONLY, LEVEL_UNSET, LEVEL_COUNT, (enum level)77 };

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

static struct judgement judge_chain(const struct made *const *certs, size_t count, unsigned ca)
{
	struct verdict_name name = { .name = MX };
	struct verdict verdict = verdict_at(LEVEL_SECURE);
	struct tls_peer *peer = peer_of(certs, count, &tls13);
	struct judgement out;

	verdict.names = &name;
	verdict.names_count = 1;
	verdict.ca = ca;
	out = tls_judge(peer, &verdict, NULL, MADE_NOW, trust);
	tls_peer_free(peer);
	return out;
}

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

/* --- session, limits, verdicts that say nothing ------------------------------------------------------------------- */

static void the_session_must_suffice(void **state)
{
	struct made leaf = made_cert(&(struct recipe){ .sans = MX }, &made[BY_ROOT]);
	static const struct {
		const struct tls_session_facts *facts;
		enum conf_tls_version minimum;
		enum level level;
		bool satisfied;
	} cases[] = {
		{ &tls12, CONF_TLS12, LEVEL_SECURE, true },
		{ &tls12, CONF_TLS13, LEVEL_SECURE, false },
		{ &tls13, CONF_TLS13, LEVEL_SECURE, true },
		{ &tls12, CONF_TLS13, LEVEL_VERIFY, false },
		{ &tls12, CONF_TLS13, LEVEL_ENCRYPT, false },
		{ &tls13, CONF_TLS13, LEVEL_ENCRYPT, true },
		{ &tls12, CONF_TLS13, LEVEL_FINGERPRINT, false },
		{ &tls12, CONF_TLS13, LEVEL_MAY, true },
		{ &cbc, CONF_TLS12, LEVEL_ENCRYPT, true },
		{ &cbc, CONF_TLS12, LEVEL_MAY, true },
		{ &cbc, CONF_TLS12, LEVEL_SECURE, false },
		{ &cbc, CONF_TLS12, LEVEL_VERIFY, false },
		{ &cbc, CONF_TLS12, LEVEL_FINGERPRINT, false },
		{ &tls13, (enum conf_tls_version)9, LEVEL_ENCRYPT, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct made *certs[] = { &leaf };
		struct verdict_name name = { .name = MX };
		struct verdict verdict = verdict_at(cases[i].level);
		struct tls_peer *peer = peer_of(certs, 1, cases[i].facts);
		struct judgement got;
		verdict.min_protocol = cases[i].minimum;
		verdict.names = &name;
		verdict.names_count = 1;
		got = tls_judge(peer, &verdict, NULL, MADE_NOW, trust);
		check("session", &got, cases[i].satisfied, cases[i].satisfied && level_authenticates(cases[i].level),
		      cases[i].satisfied ? GOOD : INVALID);
		tls_peer_free(peer);
	}
	made_free(&leaf);
}

static void no_verdict_permits_anything(void **state)
{
	struct made leaf = made_cert(&(struct recipe){ .sans = MX }, &made[BY_ROOT]);
	struct tls_peer *peer = peer_by(&leaf, BY_ROOT);
	struct verdict zero = { 0 };
	struct verdict failed = verdict_at(LEVEL_NONE);
	struct verdict may = verdict_at(LEVEL_MAY);
	struct judgement got;

	(void)state;
	got = tls_judge(peer, NULL, NULL, MADE_NOW, trust);
	check("no verdict", &got, false, false, INVALID);
	got = tls_judge(peer, &zero, NULL, MADE_NOW, trust);
	check("zero", &got, false, false, INVALID);
	failed.status = VERDICT_FAILED;
	failed.result = RESULT_STARTTLS_NOT_SUPPORTED;
	(void)snprintf(failed.reason, sizeof(failed.reason), "because");
	got = tls_judge(peer, &failed, NULL, MADE_NOW, trust);
	check("failed", &got, false, false, RESULT_STARTTLS_NOT_SUPPORTED);
	assert_string_equal(got.reason, "because");
	failed.status = (enum verdict_status)9;
	got = tls_judge(peer, &failed, NULL, MADE_NOW, trust);
	assert_false(got.satisfied);
	got = tls_judge(NULL, &may, NULL, MADE_NOW, trust);
	check("no peer", &got, false, false, INVALID);
	tls_peer_free(peer);
	made_free(&leaf);
}

static struct judgement judge_octets(const struct tls_der *chain, size_t count, enum level level)
{
	struct verdict_name name = { .name = MX };
	uint8_t listed[1][32] = { { 0 } };
	struct verdict verdict = verdict_at(level);
	struct tls_peer *peer = tls_peer_new(chain, count, &tls13);
	struct judgement out;

	assert_non_null(peer);
	verdict.names = &name;
	verdict.names_count = 1;
	verdict.fingerprints = listed;
	verdict.fingerprints_count = 1;
	out = tls_judge(peer, &verdict, NULL, MADE_NOW, trust);
	tls_peer_free(peer);
	return out;
}

/* The key of a certificate that has an octet too many is nobody's. */
static void a_listed_key_in_no_certificate_is_refused(void **state)
{
	struct made leaf = made_cert(&(struct recipe){ .sans = MX }, &made[BY_ROOT]);
	struct verdict verdict = verdict_at(LEVEL_FINGERPRINT);
	uint8_t listed[1][32];
	uint8_t octets[2048] = { 0 };
	uint8_t *der;
	uint8_t *key = NULL;
	size_t len = made_der(&leaf, &der);
	size_t key_len = (size_t)i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf.cert), &key);

	(void)state;
	assert_true(len < sizeof(octets));
	memcpy(octets, der, len);
	(void)SHA256(key, key_len, listed[0]);
	verdict.fingerprints = listed;
	verdict.fingerprints_count = 1;
	for (size_t more = 0; more < 2; more++) {
		const struct tls_der chain = { octets, len + more };
		struct tls_peer *peer = tls_peer_new(&chain, 1, &tls13);
		struct judgement got = tls_judge(peer, &verdict, NULL, MADE_NOW, NULL);
		check("octet more", &got, more == 0, more == 0, more == 0 ? GOOD : INVALID);
		tls_peer_free(peer);
	}
	OPENSSL_free(key);
	OPENSSL_free(der);
	made_free(&leaf);
}

/* Every cut of a certificate, and octets behind one, are no certificate; at no level that looks at it. */
static void octets_that_are_no_certificate_are_refused(void **state)
{
	struct made leaf = made_cert(&(struct recipe){ .sans = MX }, &made[BY_ROOT]);
	struct judgement got;
	uint8_t *der;
	size_t len = made_der(&leaf, &der);
	uint8_t *more = calloc(1, len + 1);
	struct tls_der chain[2];

	(void)state;
	memcpy(more, der, len);
	for (size_t i = 0; i <= len + 1; i++) {
		if (i == len)
			continue;
		chain[0] = (struct tls_der){ more, i };
		got = judge_octets(chain, 1, LEVEL_SECURE);
		check("cut leaf", &got, false, false, INVALID);
		got = judge_octets(chain, 1, LEVEL_FINGERPRINT);
		assert_false(got.satisfied);
		got = judge_octets(chain, 1, LEVEL_ENCRYPT);
		check("cut leaf", &got, true, false, GOOD);
		chain[0] = (struct tls_der){ der, len };
		chain[1] = (struct tls_der){ more, i };
		got = judge_octets(chain, 2, LEVEL_SECURE);
		check("cut second", &got, false, false, INVALID);
	}
	free(more);
	OPENSSL_free(der);
	made_free(&leaf);
}

static void a_thousand_names_are_the_limit(void **state)
{
	static char sans[16 * 1100];
	static const struct {
		size_t names;
		enum result_word word;
	} cases[] = { { 1024, GOOD }, { 1025, INVALID } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t at = 0;
		struct made leaf;
		const struct made *certs[] = { &leaf };
		struct judgement got;
		for (size_t k = 0; k + 1 < cases[i].names; k++)
			at += (size_t)snprintf(sans + at, sizeof(sans) - at, "h%zu.test,", k);
		(void)snprintf(sans + at, sizeof(sans) - at, "%s", MX);
		leaf = made_cert(&(struct recipe){ .sans = sans }, &made[BY_ROOT]);
		got = judge_chain(certs, 1, 0);
		check("names", &got, cases[i].word == GOOD, cases[i].word == GOOD, cases[i].word);
		made_free(&leaf);
	}
}

#ifndef SSL_GROUP_X25519_MLKEM768
/* Only the old library makes such a signature, or takes it. */
static void pss_with_sha1_is_weak(void **state)
{
	const struct recipe recipe = { .sans = MX, .pss = true, .digest = EVP_sha1() };
	struct made leaf = made_cert(&recipe, &made[BY_RSA]);
	const struct made *certs[] = { &leaf, &made[BY_RSA] };
	struct judgement got = judge_chain(certs, 2, 0);

	(void)state;
	check("PSS with SHA-1", &got, false, false, DISTRUST);
	assert_non_null(strstr(got.reason, "weak or unknown algorithm"));
	made_free(&leaf);
}
#endif

/* made_rsa_of gives |cert| an RSA key of |bits| that nobody has, and signs it anew. */
static void made_rsa_of(struct made *cert, unsigned bits, const struct made *issuer)
{
	X509_PUBKEY *key = X509_get_X509_PUBKEY(cert->cert);
	uint8_t modulus[2048];
	uint8_t *der;
	size_t len;
	CBB cbb;
	CBB sequence;
	CBB integer;

	memset(modulus, 0xff, sizeof(modulus));
	assert_int_equal(CBB_init(&cbb, 0), 1);
	assert_int_equal(CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE), 1);
	assert_int_equal(CBB_add_asn1(&sequence, &integer, CBS_ASN1_INTEGER), 1);
	assert_int_equal(CBB_add_u8(&integer, 0), 1);
	assert_int_equal(CBB_add_bytes(&integer, modulus, bits / 8), 1);
	assert_int_equal(CBB_add_asn1_uint64(&sequence, RSA_F4), 1);
	assert_int_equal(CBB_finish(&cbb, &der, &len), 1);
	assert_int_equal(X509_PUBKEY_set0_param(key, OBJ_nid2obj(NID_rsaEncryption), V_ASN1_NULL, NULL, der, (int)len),
			 1);
	assert_true(X509_sign(cert->cert, issuer->key, EVP_sha256()) > 0);
}

static void rsa_keys_have_8192_bits_at_most(void **state)
{
	static const unsigned sizes[] = { 8192, 8200, 16384 };
	struct made leaf = made_cert(&(struct recipe){ .sans = MX }, &made[BY_ROOT]);

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct made issuer = made_cert(&(struct recipe){ .cn = "huge", .basic = CA_BASIC }, &made[BY_ROOT]);
		const struct made *certs[] = { &leaf, &issuer };
		const struct made *first[] = { &issuer };
		struct judgement got;
		made_rsa_of(&issuer, sizes[i], &made[BY_ROOT]);
		got = judge_chain(certs, 2, 0);
		check("huge extra", &got, sizes[i] <= 8192, sizes[i] <= 8192, sizes[i] <= 8192 ? GOOD : INVALID);
		if (sizes[i] > 8192) {
			got = judge_chain(first, 1, 0);
			check("huge leaf", &got, false, false, INVALID);
		}
		made_free(&issuer);
	}
	made_free(&leaf);
}

static void a_chain_has_ten_certificates_at_most(void **state)
{
	struct made leaf = made_cert(&(struct recipe){ .sans = MX }, &made[BY_ROOT]);
	uint8_t *der;
	size_t len = made_der(&leaf, &der);
	static uint8_t big[TLS_CHAIN_BYTES_MAX + 1];
	struct tls_der chain[TLS_CHAIN_CERTS_MAX + 1];
	struct judgement got;

	(void)state;
	for (size_t i = 0; i < COUNT(chain); i++)
		chain[i] = (struct tls_der){ der, len };
	got = judge_octets(chain, TLS_CHAIN_CERTS_MAX, LEVEL_SECURE);
	check("ten", &got, true, true, GOOD);
	assert_null(tls_peer_new(chain, TLS_CHAIN_CERTS_MAX + 1, &tls13));
	assert_null(tls_peer_new(chain, 0, &tls13));
	chain[0] = (struct tls_der){ big, sizeof(big) };
	assert_null(tls_peer_new(chain, 1, &tls13));
	chain[0].len--;
	assert_null(tls_peer_new(chain, 2, &tls13));
	got = judge_octets(chain, 1, LEVEL_SECURE);
	check("zeros", &got, false, false, INVALID);
	OPENSSL_free(der);
	made_free(&leaf);
}

/* What the server wrote into its certificate reaches the log as plain characters. */
static void reasons_hold_no_octet_of_the_server(void **state)
{
	struct made leaf = made_cert(&(struct recipe){ .sans = "a\x01\x1b[31m.test,b\"c|d" }, &made[BY_ROOT]);
	const struct made *certs[] = { &leaf };
	struct judgement got = judge_chain(certs, 1, 0);

	(void)state;
	check("control", &got, false, false, MISMATCH);
	assert_non_null(strstr(got.reason, "a??[31m.test, b?c?d"));
	for (const char *at = got.reason; *at != '\0'; at++)
		assert_true(*at >= ' ' && *at < 0x7f && *at != '"');
	made_free(&leaf);
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
		cmocka_unit_test(the_session_must_suffice),
		cmocka_unit_test(no_verdict_permits_anything),
		cmocka_unit_test(octets_that_are_no_certificate_are_refused),
		cmocka_unit_test(a_thousand_names_are_the_limit),
#ifndef SSL_GROUP_X25519_MLKEM768
		cmocka_unit_test(pss_with_sha1_is_weak),
#endif
		cmocka_unit_test(a_listed_key_in_no_certificate_is_refused),
		cmocka_unit_test(rsa_keys_have_8192_bits_at_most),
		cmocka_unit_test(a_chain_has_ten_certificates_at_most),
		cmocka_unit_test(reasons_hold_no_octet_of_the_server),
		cmocka_unit_test(any_demand_changes_the_digest),
	};

	return cmocka_run_group_tests(tests, make_world, unmake_world);
}

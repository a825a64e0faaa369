/* tls_world.h - authorities, peers made of their certificates, and verdicts, for the tests of proxy/tls_verify.h. The
 * clock is MADE_NOW. */
#ifndef GATE25_TESTS_TLS_WORLD_H
#define GATE25_TESTS_TLS_WORLD_H

#include "tls_made.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/sha.h>

#include "proxy/tls/tls_peer.h"
#include "proxy/tls/tls_trust.h"
#include "proxy/tls/tls_verify.h"

#define GOOD     RESULT_NONE
#define MISMATCH RESULT_CERTIFICATE_HOST_MISMATCH
#define EXPIRED  RESULT_CERTIFICATE_EXPIRED
#define DISTRUST RESULT_CERTIFICATE_NOT_TRUSTED
#define INVALID  RESULT_VALIDATION_FAILURE

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

static inline void make_authority(enum by by)
{
	struct recipe recipe = authorities[by].recipe;

	if (by == BY_SHA1)
		recipe.digest = EVP_sha1();
	made[by] = made_cert(&recipe, authorities[by].issuer == BY_SELF ? NULL : &made[authorities[by].issuer]);
}

static inline int make_world(void **state)
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

static inline int unmake_world(void **state)
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

static inline struct tls_peer *peer_of(const struct made *const *certs, size_t count,
				       const struct tls_session_facts *facts)
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
static inline struct tls_peer *peer_by(const struct made *leaf, enum by by)
{
	const struct made *certs[TLS_CHAIN_CERTS_MAX] = { leaf };
	size_t count = 1;

	for (; by != BY_SELF && by != BY_ROOT && by != BY_STRANGER; by = authorities[by].issuer)
		certs[count++] = &made[by];
	return peer_of(certs, count, &tls13);
}

static inline struct verdict verdict_at(enum level level)
{
	return (struct verdict){ .refs = 1,
				 .status = VERDICT_OK,
				 .level = level,
				 .source = VERDICT_SOURCE_DOMAIN,
				 .enforce = true,
				 .published = { .status = VERDICT_PUBLISHED_NONE } };
}

static inline void check(const char *what, const struct judgement *got, bool satisfied, bool authenticated,
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

static inline struct judgement judge_chain(const struct made *const *certs, size_t count, unsigned ca)
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

#endif

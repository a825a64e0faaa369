/* tls_verify.c - see tls_verify.h. */
#include "proxy/tls/tls_verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/sha.h>

#include "policy/verdict/demand.h"
#include "proxy/tls/tls_chain.h"
#include "proxy/tls/tls_dane.h"
#include "proxy/tls/tls_path.h"
#include "proxy/tls/tls_peer.h"
#include "proxy/tls/tls_published.h"
#include "proxy/tls/tls_trust.h"

struct dispute { /* what is before the judge */
	const struct tls_peer *peer;
	const struct verdict *verdict;
	const struct demand *demand;
	const struct addr *destination;
	time_t now;
	const struct tls_trust *trust;
};

static struct judgement PRINTF_LIKE(2, 3) refuse(enum result_word word, const char *format, ...)
{
	struct judgement out = { .result = word };
	va_list args;

	va_start(args, format);
	(void)vsnprintf(out.reason, sizeof(out.reason), format, args);
	va_end(args);
	return out;
}

static struct judgement accept_as(const char *kind, const char *what)
{
	struct judgement out = { .satisfied = true, .authenticated = true };

	(void)snprintf(out.matched, sizeof(out.matched), "%s%s", kind, what);
	return out;
}

/* --- the session -------------------------------------------------------------------------------------------------- */

static bool version_suffices(const struct tls_session_facts *facts, enum conf_tls_version minimum)
{
	switch (minimum) {
	case CONF_TLS12: return facts->version == CONF_TLS12 || facts->version == CONF_TLS13;
	case CONF_TLS13: return facts->version == CONF_TLS13;
	}
	return false;
}

/* session_suffices fills |out| with a refusal where the TLS session is too weak for the level. */
static bool session_suffices(const struct dispute *d, enum level level, struct judgement *out)
{
	const struct tls_session_facts *facts = tls_peer_facts(d->peer);

	if (!version_suffices(facts, d->verdict->min_protocol)) {
		*out = refuse(RESULT_VALIDATION_FAILURE, "the session is %s, and a newer version is demanded",
			      facts->version_name);
		return false;
	}
	if (facts->weak && level_authenticates(level)) {
		*out = refuse(RESULT_VALIDATION_FAILURE, "the session's cipher %s is too weak for level %s",
			      facts->cipher, level_name(level));
		return false;
	}
	return true;
}

/* --- fingerprint -------------------------------------------------------------------------------------------------- */

static bool is_listed(const struct verdict *verdict, const uint8_t digest[SHA256_DIGEST_LENGTH])
{
	for (size_t i = 0; i < verdict->fingerprints_count; i++)
		if (memcmp(verdict->fingerprints[i], digest, SHA256_DIGEST_LENGTH) == 0)
			return true;
	return false;
}

static const char *to_hex(const uint8_t digest[SHA256_DIGEST_LENGTH], char out[2 * SHA256_DIGEST_LENGTH + 1])
{
	for (size_t i = 0; i < SHA256_DIGEST_LENGTH; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", digest[i]);
	return out;
}

static struct judgement judge_fingerprint(const struct dispute *d)
{
	struct tls_der leaf = tls_peer_cert(d->peer, 0);
	struct tls_der key;
	uint8_t digest[SHA256_DIGEST_LENGTH];
	char hex[2 * SHA256_DIGEST_LENGTH + 1];

	if (!tls_leaf_key(leaf, &key))
		return refuse(RESULT_VALIDATION_FAILURE, "the certificate of the server cannot be read");
	(void)SHA256(key.bytes, key.len, digest);
	if (is_listed(d->verdict, digest))
		return accept_as("key ", to_hex(digest, hex));
	(void)SHA256(leaf.bytes, leaf.len, digest);
	if (is_listed(d->verdict, digest))
		return accept_as("certificate ", to_hex(digest, hex));
	return refuse(RESULT_CERTIFICATE_NOT_TRUSTED,
		      "neither the server's certificate (SHA-256 %s) nor its key has a listed fingerprint",
		      to_hex(digest, hex));
}

/* --- names -------------------------------------------------------------------------------------------------------- */

static bool mx_has(const struct verdict_mx *mx, const struct addr *destination)
{
	for (size_t i = 0; destination != NULL && i < mx->addrs_count; i++)
		if (addr_equal(&mx->addrs[i], destination))
			return true;
	return false;
}

static bool mx_is_known(const struct dispute *d)
{
	return d->verdict->match_mx && d->verdict->mx_lookup == VERDICT_LOOKUP_FOUND;
}

/* mx_references lists the MX hosts that the server may be: those that have the destination as an address; else all. */
static size_t mx_references(const struct dispute *d, const struct verdict_mx *out[VERDICT_MX_MAX])
{
	const struct verdict *verdict = d->verdict;
	size_t count = 0;

	if (!mx_is_known(d) || verdict->mx_count > VERDICT_MX_MAX)
		return 0;
	for (size_t i = 0; i < verdict->mx_count; i++)
		if (mx_has(&verdict->mx[i], d->destination))
			out[count++] = &verdict->mx[i];
	for (size_t i = 0; count == 0 && i < verdict->mx_count; i++)
		out[i] = &verdict->mx[i];
	return count > 0 ? count : verdict->mx_count;
}

static struct judgement refuse_names(const struct dispute *d, const struct tls_chain *chain,
				     const struct verdict_mx *const *mx, size_t mx_count)
{
	const struct verdict *verdict = d->verdict;
	bool dot = mx_count == 0 && verdict->names[0].subdomains;
	char shown[120];

	return refuse(RESULT_CERTIFICATE_HOST_MISMATCH, "the certificate of the server is for %s and not for %s%.90s%s",
		      tls_chain_show_names(chain, shown, sizeof(shown)), dot ? "." : "",
		      mx_count > 0 ? mx[0]->name : verdict->names[0].name,
		      verdict->names_count + mx_count > 1 ? " or another name allowed" : "");
}

static struct judgement judge_names(const struct dispute *d, const struct tls_chain *chain)
{
	const struct verdict *verdict = d->verdict;
	const struct verdict_mx *mx[VERDICT_MX_MAX];
	size_t mx_count = mx_references(d, mx);

	for (size_t i = 0; i < verdict->names_count; i++) {
		const struct verdict_name *name = &verdict->names[i];
		if (tls_chain_has_name(chain, name->name, name->subdomains))
			return accept_as(name->subdomains ? "." : "", name->name);
	}
	for (size_t i = 0; i < mx_count; i++)
		if (tls_chain_has_name(chain, mx[i]->name, false))
			return accept_as("", mx[i]->name);
	if (verdict->names_count + mx_count == 0)
		return refuse(RESULT_VALIDATION_FAILURE, "%s",
			      verdict->match_mx ? "the MX hosts are not known, so no name can be demanded"
						: "the policy has no name to demand of the server");
	return refuse_names(d, chain, mx, mx_count);
}

/* --- trust -------------------------------------------------------------------------------------------------------- */

static bool is_published(enum demand_basis basis)
{
	return basis == DEMAND_OF_STS || basis == DEMAND_OF_LIST;
}

static struct judgement judge_pkix(const struct dispute *d, enum demand_basis basis)
{
	struct tls_finding finding = { RESULT_NONE, "" };
	struct x509_store_st *store = tls_trust_store(d->trust, d->verdict->ca);
	struct tls_chain *chain;
	struct judgement out;

	if (store == NULL)
		return refuse(RESULT_CERTIFICATE_NOT_TRUSTED, "there is no CA file to trust the server by");
	chain = tls_chain_new(d->peer, &finding);
	if (chain == NULL)
		return refuse(finding.word, "%s", finding.reason);
	if (!tls_path_to_store(chain, store, d->now, &finding))
		out = refuse(finding.word, "%s", finding.reason);
	else if (is_published(basis))
		out = tls_published_judge(chain, d->verdict, d->demand, basis);
	else
		out = judge_names(d, chain);
	tls_chain_free(chain);
	return out;
}

/* --- the levels --------------------------------------------------------------------------------------------------- */

static struct judgement judge_dane(const struct dispute *d)
{
	struct judgement out = tls_dane_judge(d->peer, d->verdict, d->demand, d->now);

	out.authenticated = out.satisfied && demand_proves_domain(d->demand, d->verdict);
	return out;
}

static struct judgement judge_level(const struct dispute *d, enum level level, enum demand_basis basis)
{
	const struct judgement plain = { .satisfied = true };
	struct judgement out;

	switch (level) {
	case LEVEL_NONE:
	case LEVEL_MAY: return plain; /* clear text would do */
	case LEVEL_ENCRYPT: return session_suffices(d, level, &out) ? plain : out;
	case LEVEL_FINGERPRINT: return session_suffices(d, level, &out) ? judge_fingerprint(d) : out;
	case LEVEL_VERIFY:
	case LEVEL_SECURE: return session_suffices(d, level, &out) ? judge_pkix(d, basis) : out;
	case LEVEL_DANE: return session_suffices(d, level, &out) ? judge_dane(d) : out;
	case LEVEL_DANE_ONLY: /* no demand is that */
	case LEVEL_UNSET:
	case LEVEL_COUNT: break;
	}
	return refuse(d->demand->result != RESULT_NONE ? d->demand->result : RESULT_VALIDATION_FAILURE, "%s",
		      d->demand->reason[0] != '\0' ? d->demand->reason
						   : "the policy says nothing that could be held to");
}

/* judge_both: the TLSA records prove the host, the other level that it is the domain's. */
static struct judgement judge_both(const struct dispute *d)
{
	struct judgement out = judge_level(d, d->demand->level, d->demand->basis);
	struct judgement also;

	if (!out.satisfied || d->demand->also == LEVEL_UNSET)
		return out;
	also = judge_level(d, d->demand->also, d->demand->also_basis);
	also.also = !also.satisfied;
	return also.satisfied ? out : also;
}

static struct judgement judge_demand(const struct dispute *d)
{
	return d->peer != NULL ? judge_both(d) : refuse(RESULT_VALIDATION_FAILURE, "there is no TLS session to judge");
}

struct judgement tls_judge(const struct tls_peer *peer, const struct verdict *verdict, const struct addr *destination,
			   time_t now, const struct tls_trust *trust)
{
	struct demand demand;
	const struct dispute d = { peer, verdict, &demand, destination, now, trust };

	if (verdict == NULL || verdict->status != VERDICT_OK)
		return refuse(verdict != NULL && verdict->result != RESULT_NONE ? verdict->result
										: RESULT_VALIDATION_FAILURE,
			      "%s",
			      verdict != NULL && verdict->reason[0] != '\0' ? verdict->reason
									    : "the policy could not be decided");
	demand_of(&demand, verdict, destination);
	return judge_demand(&d);
}

struct judgement tls_judge_in_test(const struct tls_peer *peer, const struct verdict *verdict,
				   const struct addr *destination, time_t now, const struct tls_trust *trust)
{
	struct demand demand;
	const struct dispute d = { peer, verdict, &demand, destination, now, trust };

	if (!demand_in_test(&demand, verdict, destination))
		return refuse(RESULT_VALIDATION_FAILURE, "no policy is in testing");
	return judge_demand(&d);
}

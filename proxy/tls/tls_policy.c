/* tls_policy.c - the digest of a policy: see tls_verify.h. */
#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#include "proxy/tls/tls_verify.h"

static void digest_number(SHA256_CTX *sha, uint32_t number)
{
	const uint8_t bytes[4] = { (uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8),
				   (uint8_t)number };

	(void)SHA256_Update(sha, bytes, sizeof(bytes));
}

static void digest_name(SHA256_CTX *sha, const char *name, bool subdomains)
{
	digest_number(sha, subdomains);
	(void)SHA256_Update(sha, name, strlen(name) + 1);
}

static void digest_text(SHA256_CTX *sha, const char *text)
{
	(void)SHA256_Update(sha, text, strlen(text) + 1);
}

/* A set: what it holds counts, and not the order that a name server happened to give it. */
struct set {
	size_t count;
	uint8_t digests[TLSA_MAX][SHA256_DIGEST_LENGTH]; /* no less than any bound of verdict.h */
};

static void set_add(struct set *set, SHA256_CTX *element)
{
	if (set->count < COUNT(set->digests))
		(void)SHA256_Final(set->digests[set->count++], element);
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, SHA256_DIGEST_LENGTH);
}

static void digest_set(SHA256_CTX *sha, struct set *set)
{
	qsort(set->digests, set->count, sizeof(set->digests[0]), compare);
	digest_number(sha, (uint32_t)set->count);
	(void)SHA256_Update(sha, set->digests, set->count * sizeof(set->digests[0]));
}

static void digest_addrs(SHA256_CTX *sha, const struct verdict_mx *mx)
{
	struct set set = { 0 };

	for (size_t i = 0; i < mx->addrs_count; i++) {
		SHA256_CTX element;
		(void)SHA256_Init(&element);
		digest_number(&element, mx->addrs[i].family);
		(void)SHA256_Update(&element, mx->addrs[i].bytes, sizeof(mx->addrs[i].bytes));
		set_add(&set, &element);
	}
	digest_set(sha, &set);
}

static void digest_tlsa(SHA256_CTX *sha, const struct verdict_mx *mx)
{
	struct set set = { 0 };

	for (size_t i = 0; i < mx->tlsa_count; i++) {
		const struct tlsa *record = &mx->tlsa[i];
		SHA256_CTX element;
		(void)SHA256_Init(&element);
		digest_number(&element,
			      (uint32_t)record->usage << 16 | (uint32_t)record->selector << 8 | record->mtype);
		(void)SHA256_Update(&element, record->data, record->len);
		set_add(&set, &element);
	}
	digest_set(sha, &set);
}

/* digest_hosts: the addresses too, by which a server is taken for one of them. */
static void digest_hosts(SHA256_CTX *sha, const struct verdict *verdict)
{
	struct set set = { 0 };

	digest_number(sha, verdict->mx_lookup);
	for (size_t i = 0; i < verdict->mx_count; i++) {
		const struct verdict_mx *mx = &verdict->mx[i];
		SHA256_CTX element;
		(void)SHA256_Init(&element);
		digest_text(&element, mx->name);
		digest_text(&element, mx->tlsa_base);
		digest_number(&element, mx->dane);
		digest_addrs(&element, mx);
		digest_tlsa(&element, mx);
		set_add(&set, &element);
	}
	digest_set(sha, &set);
}

/* digest_published: its id and its age are no demands. */
static void digest_published(SHA256_CTX *sha, const struct verdict_policy *policy)
{
	struct set set = { 0 };

	digest_number(sha, policy->status);
	digest_number(sha, policy->by);
	for (size_t i = 0; i < policy->patterns_count; i++) {
		SHA256_CTX element;
		(void)SHA256_Init(&element);
		digest_name(&element, policy->patterns[i].name, policy->patterns[i].wildcard);
		set_add(&set, &element);
	}
	digest_set(sha, &set);
}

static void digest_dane(SHA256_CTX *sha, const struct verdict *verdict)
{
	digest_number(sha, verdict->floor);
	digest_number(sha, verdict->mx_secure);
	digest_number(sha, verdict->strict_mx);
	digest_text(sha, verdict->nexthop);
	digest_text(sha, verdict->expanded);
}

void tls_policy_digest(const struct verdict *verdict, uint8_t out[32])
{
	SHA256_CTX sha;
	bool dane;

	memset(out, 0, 32);
	if (verdict == NULL)
		return;
	dane = level_is_dane(verdict->level);
	(void)SHA256_Init(&sha);
	digest_number(&sha, verdict->generation);
	digest_number(&sha, verdict->status);
	digest_number(&sha, verdict->level);
	digest_number(&sha, verdict->source);
	digest_number(&sha, verdict->min_protocol);
	digest_number(&sha, verdict->ca);
	digest_number(&sha, verdict->match_mx);
	digest_number(&sha, (uint32_t)verdict->names_count);
	for (size_t i = 0; i < verdict->names_count; i++)
		digest_name(&sha, verdict->names[i].name, verdict->names[i].subdomains);
	digest_number(&sha, (uint32_t)verdict->fingerprints_count);
	for (size_t i = 0; i < verdict->fingerprints_count; i++)
		(void)SHA256_Update(&sha, verdict->fingerprints[i], sizeof(verdict->fingerprints[i]));
	/* The MX hosts, where the level asks for them: elsewhere domains of one policy share their sessions. */
	if (dane) {
		digest_dane(&sha, verdict);
		digest_published(&sha, &verdict->published);
	}
	if (dane || verdict->match_mx)
		digest_hosts(&sha, verdict);
	(void)SHA256_Final(out, &sha);
}

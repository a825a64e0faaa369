/* Certificate chains as servers send them, judged: octet 0 says how, then certificates, each with a u16 length. At the
 * levels of DANE the last item is a TLSA record instead: usage, selector, matching type, then its data; or one octet
 * only, which names the certificate that the record is made of. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>

#include "proxy/base/attrib.h"
#include "proxy/tls/tls_chain.h"
#include "proxy/tls/tls_peer.h"
#include "proxy/tls/tls_tlsa.h"
#include "proxy/tls/tls_trust.h"
#include "proxy/tls/tls_verify.h"

#define NOW 1800000000

/* Of octet 0. The low bits are the level. */
#define LEVEL_BITS     0x0f
#define LEAF_IS_ANCHOR 0x10 /* trust what the input presents: names and key usage of any certificate are reached */
#define WEAK           0x20
#define SUBDOMAINS     0x40
#define FROM_MX        0x80

/* The key was thrown away. Valid until 2126. */
static const char root[] = "-----BEGIN CERTIFICATE-----\n"
			   "MIIBITCByKADAgECAgEBMAoGCCqGSM49BAMCMA8xDTALBgNVBAMMBHJvb3QwIBcN\n"
			   "MjcwMTA1MDgwMDAwWhgPMjEyNjEyMjIwODAwMDBaMA8xDTALBgNVBAMMBHJvb3Qw\n"
			   "WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARN4cTGgmw2idCHm4VZ1MDbLzTFQPMa\n"
			   "mu9yY8lNx9ybOj2etq++TsA/6NjKRJ2ILg1eDrPL1c+UZbPURWgzPvZ2oxMwETAP\n"
			   "BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQCObG5hsNqfh6YxKm5p\n"
			   "hKOAHrOyNX4k3FQ7zoiN7ENeQAIgFOP5DswGbQ+3XrbuBbHqGqIY8gRrhnZJ1WV8\n"
			   "CSAkWP8=\n"
			   "-----END CERTIFICATE-----\n";

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len);

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	(void)fprintf(stderr, "fuzz_chain: %s\n", what);
	abort();
}

/* add_anchor makes a store of the certificate |der|; of nobody where it is none. */
static void add_anchor(struct tls_trust *trust, struct tls_der der)
{
	char error[TLS_ERROR_MAX];
	BIO *bio = BIO_new(BIO_s_mem());
	const uint8_t *pem = NULL;
	size_t len = 0;

	must(bio != NULL && (der.len == 0 || PEM_write_bio(bio, "CERTIFICATE", "", der.bytes, (long)der.len) > 0) &&
		     BIO_mem_contents(bio, &pem, &len) == 1,
	     "PEM cannot be written");
	if (!tls_trust_add(trust, "leaf", (const char *)pem, len, error)) {
		must(error[0] != '\0' && strlen(error) < sizeof(error), "a bundle is refused without a sentence");
		must(tls_trust_add(trust, "nobody", NULL, 0, error), "a store of nobody is refused");
	}
	BIO_free(bio);
}

static size_t split(struct tls_der *out, size_t max, const uint8_t *in, size_t in_len)
{
	size_t count = 0;

	while (in_len >= 2 && count < max) {
		size_t len = (size_t)in[0] << 8 | in[1];
		in += 2;
		in_len -= 2;
		if (len > in_len)
			len = in_len;
		out[count++] = (struct tls_der){ in, len };
		in += len;
		in_len -= len;
	}
	return count;
}

static void check(const struct judgement *out, enum level level, bool weak)
{
	must(memchr(out->reason, '\0', sizeof(out->reason)) != NULL, "a reason has no end");
	must(memchr(out->matched, '\0', sizeof(out->matched)) != NULL, "a match has no end");
	must(out->satisfied == (out->reason[0] == '\0'), "a reason for nothing, or none for a refusal");
	must(out->satisfied == (out->result == RESULT_NONE), "a word for nothing, or none for a refusal");
	must(out->authenticated == (out->satisfied && level_authenticates(level)), "authenticated at a wrong level");
	must(out->authenticated == (out->matched[0] != '\0'), "nothing matched, and yet authenticated");
	must(!out->satisfied || (level >= LEVEL_NONE && level < LEVEL_COUNT), "an unknown level is satisfied");
	must((out->satisfied && level_is_dane(level)) == (out->tlsa[0] != '\0'), "a record of nothing, or no record");
	must(!out->authenticated || !weak, "authenticated over a weak cipher");
	for (const char *at = out->reason; *at != '\0'; at++)
		must(*at >= ' ' && *at < 0x7f, "an octet of the server in a reason");
}

/* record_of makes a TLSA record of the last item of the input. */
static struct tlsa record_of(struct tls_der item, const struct tls_peer *peer, uint8_t digest[SHA512_DIGEST_LENGTH])
{
	struct tlsa record = { 0 };
	struct tls_der part;

	if (item.len < 4)
		return record;
	record = (struct tlsa){ item.bytes[0], item.bytes[1], item.bytes[2], (uint16_t)(item.len - 3), NULL };
	record.data = (uint8_t *)item.bytes + 3;
	if (item.len > 4)
		return record;
	part = tls_peer_cert(peer, item.bytes[3]);
	if (part.len == 0 || (record.selector == TLSA_SPKI && !tls_leaf_key(part, &part)))
		return record;
	record.data = (uint8_t *)part.bytes;
	record.len = (uint16_t)part.len;
	if (record.mtype != TLSA_FULL) {
		record.len = record.mtype == TLSA_SHA256 ? SHA256_DIGEST_LENGTH : SHA512_DIGEST_LENGTH;
		record.data = record.mtype == TLSA_SHA256 ? SHA256(part.bytes, part.len, digest)
							  : SHA512(part.bytes, part.len, digest);
	}
	return record;
}

static void judge(const struct tls_peer *peer, uint8_t control, struct tls_der last, const struct tls_trust *trust)
{
	struct verdict_name names[] = { { .name = "example.com" }, { .name = "mx.example.com" } };
	struct verdict_mx mx[] = { { .name = "mx.example.com", .tlsa_base = "mx.example.com" } };
	uint8_t prints[1][32] = { { 0 } };
	enum level level = (enum level)(control & LEVEL_BITS);
	struct verdict verdict = { .status = VERDICT_OK,
				   .level = level,
				   .source = VERDICT_SOURCE_DEFAULT,
				   .published = { .status = VERDICT_PUBLISHED_NONE } };
	uint8_t digest[SHA512_DIGEST_LENGTH];
	struct tlsa record;
	struct judgement out;

	names[0].subdomains = (control & SUBDOMAINS) != 0;
	verdict.ca = (control & LEAF_IS_ANCHOR) != 0;
	verdict.fingerprints = prints;
	verdict.fingerprints_count = 1;
	if ((control & FROM_MX) != 0 || level_is_dane(level)) {
		verdict.match_mx = true;
		verdict.mx_lookup = VERDICT_LOOKUP_FOUND;
		verdict.mx_secure = true;
		verdict.mx = mx;
		verdict.mx_count = 1;
	} else {
		verdict.names = names;
		verdict.names_count = COUNT(names);
	}
	if (level_is_dane(level)) {
		record = record_of(last, peer, digest);
		(void)tls_tlsa_der(record.selector, record.data, record.len);
		must(ERR_peek_error() == 0, "an error of a record is left behind");
		mx[0].dane = VERDICT_DANE_USABLE;
		mx[0].tlsa = &record;
		mx[0].tlsa_count = 1;
	}
	out = tls_judge(peer, &verdict, NULL, NOW, trust);
	check(&out, level, (control & WEAK) != 0);
	must(ERR_peek_error() == 0, "an error is left behind");
}

/* judge_published: under each policy, with its MX host known and not; in testing it says the same as enforced. */
static void judge_published(const struct tls_peer *peer, uint8_t control, const struct tls_trust *trust)
{
	struct verdict_pattern patterns[] = { { .name = "example.com", .wildcard = true },
					      { .name = "mx.example.com" } };
	struct verdict_mx mx = { .name = "mx.example.com", .dane = VERDICT_DANE_NONE };

	for (unsigned i = 0; i < 4; i++) {
		bool known = (i & 1) != 0;
		struct verdict verdict = { .status = VERDICT_OK,
					   .level = LEVEL_DANE,
					   .floor = LEVEL_ENCRYPT,
					   .source = VERDICT_SOURCE_DEFAULT,
					   .ca = (control & LEAF_IS_ANCHOR) != 0,
					   .mx_lookup = known ? VERDICT_LOOKUP_FOUND : VERDICT_LOOKUP_ABSENT,
					   .mx = &mx,
					   .mx_count = known,
					   .published = { .status = VERDICT_PUBLISHED_ENFORCE,
							  .by = (i & 2) != 0 ? VERDICT_BY_STS : VERDICT_BY_LIST,
							  .patterns = patterns,
							  .patterns_count = COUNT(patterns) } };
		struct judgement enforced = tls_judge(peer, &verdict, NULL, NOW, trust);
		check(&enforced, LEVEL_VERIFY, (control & WEAK) != 0);
		verdict.published.status = VERDICT_PUBLISHED_TESTING;
		struct judgement tested = tls_judge_in_test(peer, &verdict, NULL, NOW, trust);
		must(tested.satisfied == enforced.satisfied && tested.result == enforced.result,
		     "a policy in testing says something else");
		must(ERR_peek_error() == 0, "an error is left behind");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len)
{
	struct tls_session_facts facts = { .version = CONF_TLS13, .version_name = "TLSv1.3", .cipher = "a cipher" };
	struct tls_der chain[TLS_CHAIN_CERTS_MAX + 1] = { { NULL, 0 } };
	char error[TLS_ERROR_MAX];
	struct tls_der last = { NULL, 0 };
	struct tls_trust *trust;
	struct tls_peer *peer;
	size_t count;

	if (in_len == 0)
		return 0;
	facts.weak = (in[0] & WEAK) != 0;
	count = split(chain, COUNT(chain), in + 1, in_len - 1);
	if (count > 0 && level_is_dane((enum level)(in[0] & LEVEL_BITS)))
		last = chain[--count];
	peer = tls_peer_new(chain, count, &facts);
	must(peer != NULL || count == 0 || count > TLS_CHAIN_CERTS_MAX || in_len > TLS_CHAIN_BYTES_MAX,
	     "a chain within the limits is refused");
	trust = tls_trust_new();
	must(trust != NULL && tls_trust_add(trust, "root", root, sizeof(root) - 1, error), "the root is refused");
	if (peer != NULL && (in[0] & LEAF_IS_ANCHOR) != 0)
		add_anchor(trust, tls_peer_cert(peer, 0));
	if (peer != NULL)
		judge(peer, in[0], last, trust);
	if (peer != NULL && (enum level)(in[0] & LEVEL_BITS) == LEVEL_VERIFY)
		judge_published(peer, in[0], trust);
	tls_trust_free(trust);
	tls_peer_free(peer);
	return 0;
}

/* cli_verify.c - gate25 verify: a chain of certificates judged offline, by the very code that judges servers. */
#include "proxy/cli/cli_verify.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/cli/cli.h"
#include "proxy/cli/cli_args.h"
#include "proxy/tls/tls_peer.h"
#include "proxy/tls/tls_tlsa.h"
#include "proxy/tls/tls_trust.h"
#include "proxy/tls/tls_verify.h"

/* --- files -------------------------------------------------------------------------------------------------------- */

static int read_chain(struct verify_request *r)
{
	char error[TLS_ERROR_MAX];
	char *text = cli_read_file(r->chain_path);
	int status = CLI_OK;

	if (text == NULL)
		return CLI_USAGE;
	if (!tls_pem_read(&r->verify.chain, r->chain_path, text, error))
		status = cli_wrong("%s", error);
	free(text);
	return status;
}

/* read_trust: a store where the level asks for one. */
static int read_trust(const struct verify_request *r, struct tls_trust *trust)
{
	const char *path = r->ca_path != NULL ? r->ca_path : CONF_CA_FILE;
	char error[TLS_ERROR_MAX];
	int status = CLI_OK;
	char *text;

	if (!level_is_named(r->verify.level))
		return CLI_OK;
	text = cli_read_file(path);
	if (text == NULL)
		return CLI_USAGE;
	if (!tls_trust_add(trust, path, text, strlen(text), error))
		status = cli_wrong("%s", error);
	free(text);
	return status;
}

/* --- the verdict -------------------------------------------------------------------------------------------------- */

static void add_name(struct verdict *verdict, const char *name, bool subdomains)
{
	struct verdict_name *slot = &verdict->names[verdict->names_count++];

	slot->subdomains = subdomains;
	(void)snprintf(slot->name, sizeof(slot->name), "%s", name);
}

/* add_names: what the keys of gate25.conf mean, the first name being the MX host's and the second the next hop's. */
static void add_names(struct verdict *verdict, const struct verify_request *r)
{
	const char *nexthop = r->names_count > 1 ? r->names[1] : NULL;

	for (size_t i = 0; r->match_count == 0 && i < r->names_count; i++)
		add_name(verdict, r->names[i], false);
	for (size_t i = 0; i < r->match_count; i++) {
		const char *item = r->match[i];
		if (strcmp(item, "hostname") == 0)
			add_name(verdict, r->names[0], false);
		else if (strcmp(item, "nexthop") != 0 && strcmp(item, "dot-nexthop") != 0)
			add_name(verdict, item[0] == '.' ? item + 1 : item, item[0] == '.');
		else if (nexthop != NULL)
			add_name(verdict, nexthop, item[0] == 'd');
	}
}

static int find_cert(const struct tls_pem *chain, const struct tlsa *record)
{
	for (size_t i = 0; i < chain->count; i++)
		if (tls_tlsa_is(record, chain->certs[i]))
			return (int)i;
	return -1;
}

/* sort_records says of each record what it is good for; |usable| are those that go into the verdict. */
static size_t sort_records(struct verify *verify, struct tlsa usable[TLSA_MAX])
{
	size_t count = 0;
	size_t at = 0;

	for (size_t i = 0; i < verify->records_count; i++) {
		struct verify_record *record = &verify->records[i];
		record->unusable = tlsa_unusable(&record->tlsa, tls_tlsa_der);
		record->certificate = find_cert(&verify->chain, &record->tlsa);
		if (record->unusable == NULL)
			usable[count++] = record->tlsa;
	}
	for (size_t i = 0; i < verify->records_count; i++)
		if (verify->records[i].unusable == NULL)
			verify->records[i].outdone = tlsa_outdone(usable, count, at++);
	return count;
}

static enum verdict_dane dane_of(size_t records, size_t usable)
{
	if (usable > 0)
		return VERDICT_DANE_USABLE;
	return records > 0 ? VERDICT_DANE_UNUSABLE : VERDICT_DANE_NONE;
}

static void copy_name(char out[VERDICT_NAME_MAX], const struct verify_request *r, size_t index)
{
	(void)snprintf(out, VERDICT_NAME_MAX, "%s", index < r->names_count ? r->names[index] : "");
}

/* judge makes the verdict that policy would make of the request, an MX list proved by DNSSEC included. */
static struct judgement judge(struct verify_request *r, const struct tls_peer *peer, const struct tls_trust *trust)
{
	struct tlsa usable[TLSA_MAX];
	struct verdict_mx mx = { .tlsa_count = sort_records(&r->verify, usable), .tlsa = usable };
	struct verdict_name names[VERDICT_NAMES_MAX] = { { .subdomains = false } };
	struct verdict verdict = {
		.refs = 1,
		.status = VERDICT_OK,
		.level = r->verify.level,
		.source = VERDICT_SOURCE_DOMAIN,
		.enforce = true,
		.floor = level_is_dane(r->verify.level) ? LEVEL_ENCRYPT : LEVEL_UNSET,
		.names = names,
		.fingerprints = r->fingerprints,
		.fingerprints_count = r->fingerprints_count,
		.mx_lookup = VERDICT_LOOKUP_FOUND,
		.mx_secure = true,
		.mx = &mx,
		.mx_count = 1,
		.published = { .status = VERDICT_PUBLISHED_NONE },
	};

	mx.dane = dane_of(r->verify.records_count, mx.tlsa_count);
	copy_name(mx.name, r, 0);
	copy_name(mx.tlsa_base, r, 0);
	copy_name(verdict.nexthop, r, 1);
	copy_name(verdict.expanded, r, 2);
	if (level_is_named(r->verify.level))
		add_names(&verdict, r);
	return tls_judge(peer, &verdict, NULL, r->verify.at, trust);
}

/* --- the command -------------------------------------------------------------------------------------------------- */

/* peer_of: NULL where no TLS handshake with such a server would end well. */
static struct tls_peer *peer_of(const struct tls_pem *chain)
{
	static const struct tls_session_facts facts = {
		.version = CONF_TLS13, .version_name = "TLSv1.3", .cipher = "TLS_AES_128_GCM_SHA256", .group = "X25519"
	};

	return tls_peer_new(chain->certs, chain->count, &facts);
}

static int verify(struct verify_request *r, const struct tls_trust *trust)
{
	struct judgement *judgement = &r->verify.judgement;
	struct tls_peer *peer = peer_of(&r->verify.chain);

	*judgement = judge(r, peer, trust);
	if (peer == NULL)
		(void)snprintf(judgement->reason, sizeof(judgement->reason),
			       "a server that sends more than %d certificates or %d octets of them is not spoken to",
			       TLS_CHAIN_CERTS_MAX, TLS_CHAIN_BYTES_MAX);
	tls_peer_free(peer);
	if (!r->json)
		verify_print(&r->verify);
	else if (!verify_print_json(&r->verify))
		return cli_wrong("out of memory"), CLI_UNDECIDED;
	return judgement->satisfied ? CLI_OK : CLI_FAILED;
}

static void cleanup(struct verify_request *r)
{
	for (size_t i = 0; i < r->verify.records_count; i++)
		free(r->verify.records[i].tlsa.data);
	tls_pem_cleanup(&r->verify.chain);
	free(r);
}

int cli_verify(int argc, char **argv)
{
	struct verify_request *r = calloc(1, sizeof(*r));
	struct tls_trust *trust = tls_trust_new();
	int status = CLI_UNDECIDED;

	if (r == NULL || trust == NULL) {
		(void)cli_wrong("out of memory");
	} else {
		r->verify.at = time(NULL);
		status = verify_parse(r, argc, argv);
		if (status == CLI_OK && r->help)
			status = verify_usage(stdout, CLI_OK);
		else if (status == CLI_OK && (status = read_chain(r)) == CLI_OK &&
			 (status = read_trust(r, trust)) == CLI_OK)
			status = verify(r, trust);
	}
	tls_trust_free(trust);
	if (r != NULL)
		cleanup(r);
	return status;
}

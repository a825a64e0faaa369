/* test_probe_print.c - tests of proxy/probe/probe_print.h and probe_detail.h, and of what probe.h makes of a verdict:
 * targets, their verdicts, the exit status. */
#include "tls_made.h"

#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include <openssl/sha.h>

#include "proxy/base/exit_status.h"
#include "proxy/probe/probe_detail.h"
#include "proxy/probe/probe_print.h"
#include "proxy/tls/tls_chain.h"

static const struct tls_session_facts facts = {
	.version = CONF_TLS13, .version_name = "TLSv1.3", .cipher = "TLS_AES_128_GCM_SHA256", .group = "X25519"
};

/* --- a small world ------------------------------------------------------------------------------------------------ */

static struct made root;
static struct made leaf;
static uint8_t *ders[2];
static struct tls_der chain[2];
static uint8_t digests[4][SHA512_DIGEST_LENGTH]; /* leaf key, leaf key in SHA-512, root, nobody's */

static int make_world(void **state)
{
	struct tls_der key;

	(void)state;
	root = made_cert(&(struct recipe){ .cn = "Root", .basic = "critical,CA:TRUE", .to_days = 400 }, NULL);
	leaf = made_cert(&(struct recipe){ .cn = "mx1.example.org", .sans = "mx1.example.org,mail.example.org" },
			 &root);
	chain[0] = (struct tls_der){ NULL, made_der(&leaf, &ders[0]) };
	chain[1] = (struct tls_der){ NULL, made_der(&root, &ders[1]) };
	chain[0].bytes = ders[0];
	chain[1].bytes = ders[1];
	assert_true(tls_leaf_key(chain[0], &key));
	(void)SHA256(key.bytes, key.len, digests[0]);
	(void)SHA512(key.bytes, key.len, digests[1]);
	(void)SHA256(chain[1].bytes, chain[1].len, digests[2]);
	return 0;
}

static int unmake_world(void **state)
{
	(void)state;
	OPENSSL_free(ders[0]);
	OPENSSL_free(ders[1]);
	made_free(&leaf);
	made_free(&root);
	return 0;
}

static struct tlsa record_of(uint8_t usage, uint8_t selector, uint8_t mtype, const uint8_t *digest)
{
	struct tlsa record = { usage, selector, mtype, mtype == TLSA_SHA512 ? 64 : 32, malloc(64) };

	assert_non_null(record.data);
	memcpy(record.data, digest, record.len);
	return record;
}

static void add_host(struct verdict *verdict, const char *name, enum verdict_dane dane, const char *const *addresses,
		     size_t count)
{
	struct verdict_mx *mx = &verdict->mx[verdict->mx_count++];

	(void)snprintf(mx->name, sizeof(mx->name), "%s", name);
	mx->dane = dane;
	mx->addrs = calloc(count, sizeof(*mx->addrs));
	assert_non_null(mx->addrs);
	for (; mx->addrs_count < count; mx->addrs_count++)
		assert_true(addr_parse(&mx->addrs[mx->addrs_count], addresses[mx->addrs_count]));
}

static struct verdict *verdict_at(enum level level)
{
	struct verdict *verdict = verdict_new();

	assert_non_null(verdict);
	verdict->status = VERDICT_OK;
	verdict->source = VERDICT_SOURCE_DEFAULT;
	verdict->level = level;
	verdict->enforce = true;
	verdict->mx_lookup = VERDICT_LOOKUP_FOUND;
	verdict->published.status = VERDICT_PUBLISHED_NONE;
	verdict->mx = calloc(8, sizeof(*verdict->mx));
	assert_non_null(verdict->mx);
	(void)snprintf(verdict->domain, sizeof(verdict->domain), "example.org");
	(void)snprintf(verdict->nexthop, sizeof(verdict->nexthop), "example.org");
	return verdict;
}

/* dane_verdict: mx1 (two addresses, four records), mx2 (an address of its own and one of mx1's; no record that can be
 * used), mx3 (its search failed), mx4 (DANE does not apply). */
static struct verdict *dane_verdict(void)
{
	struct verdict *verdict = verdict_at(LEVEL_DANE);
	struct verdict_mx *mx = &verdict->mx[0];

	verdict->floor = LEVEL_ENCRYPT;
	verdict->mx_secure = true;
	add_host(verdict, "mx1.example.org", VERDICT_DANE_USABLE, (const char *[]){ "192.0.2.1", "2001:db8::1" }, 2);
	add_host(verdict, "mx2.example.org", VERDICT_DANE_UNUSABLE, (const char *[]){ "192.0.2.2", "192.0.2.1" }, 2);
	add_host(verdict, "mx3.example.org", VERDICT_DANE_FAILED, (const char *[]){ "192.0.2.3" }, 1);
	add_host(verdict, "mx4.example.org", VERDICT_DANE_NONE, (const char *[]){ "192.0.2.4" }, 1);
	(void)snprintf(mx->tlsa_base, sizeof(mx->tlsa_base), "mx1.example.org");
	mx->tlsa = calloc(4, sizeof(*mx->tlsa));
	assert_non_null(mx->tlsa);
	mx->tlsa[mx->tlsa_count++] = record_of(3, TLSA_SPKI, TLSA_SHA256, digests[0]);
	mx->tlsa[mx->tlsa_count++] = record_of(3, TLSA_CERT, TLSA_SHA512, digests[3]);
	mx->tlsa[mx->tlsa_count++] = record_of(3, TLSA_CERT, TLSA_SHA256, digests[3]);
	mx->tlsa[mx->tlsa_count++] = record_of(2, TLSA_CERT, TLSA_SHA256, digests[2]);
	return verdict;
}

static void open_probe(struct probe *probe, struct verdict *verdict)
{
	char error[TLS_ERROR_MAX];
	struct addr any = { 0 };

	*probe = (struct probe){ .asked = "example.org", .verdict = verdict };
	probe->settings = settings_new(&(struct settings_texts){ .conf = "" }, 0, error);
	assert_non_null(probe->settings);
	(void)snprintf(probe->hello, sizeof(probe->hello), "probe.example");
	assert_true(probe_add_targets(probe, &any, 25));
}

static void answer(struct probe_target *target, enum probe_outcome outcome, enum result_word result, const char *reason)
{
	struct probe_talk *talk = &target->talk;

	talk->outcome = outcome;
	talk->ended_in = outcome == PROBE_UNREACHABLE ? PROBE_GREETING : PROBE_TLS_HELLO;
	talk->stage = PROBE_OVER;
	talk->result = result;
	(void)snprintf(talk->reason, sizeof(talk->reason), "%s", reason);
	if (outcome == PROBE_UNREACHABLE)
		return;
	(void)snprintf(talk->greeting, sizeof(talk->greeting), "220 mx ESMTP");
	talk->hello_done = true;
	talk->clear.keywords = SMTP_KEYWORD_SIZE | SMTP_KEYWORD_STARTTLS;
	talk->tls = true;
	talk->tls_hello_done = true;
	talk->secure.keywords = SMTP_KEYWORD_SIZE;
	target->peer = tls_peer_new(chain, 2, &facts);
	assert_non_null(target->peer);
	talk->judgement.satisfied = outcome == PROBE_PASS;
	talk->judgement.authenticated = outcome == PROBE_PASS;
}

/* full_probe: one target of each outcome. */
static void full_probe(struct probe *probe)
{
	open_probe(probe, dane_verdict());
	assert_int_equal(probe->count, 5);
	answer(&probe->targets[0], PROBE_PASS, RESULT_NONE, "");
	(void)snprintf(probe->targets[0].talk.judgement.tlsa, sizeof(probe->targets[0].talk.judgement.tlsa), "3 1 1");
	answer(&probe->targets[1], PROBE_REFUSE, RESULT_TLSA_INVALID, "no TLSA record matches");
	answer(&probe->targets[2], PROBE_UNAUTHENTICATED, RESULT_NONE, "none can be used");
	answer(&probe->targets[3], PROBE_REFUSE, RESULT_DNSSEC_INVALID, "the TLSA records could not be looked up");
	answer(&probe->targets[4], PROBE_UNREACHABLE, RESULT_NONE, "no greeting: silence");
}

static char *text_of(const struct probe *probe, bool json)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	if (json)
		assert_true(probe_json(out, probe, MADE_NOW));
	else
		probe_print(out, probe, MADE_NOW);
	assert_int_equal(fclose(out), 0);
	for (const char *c = text; *c != '\0'; c++)
		assert_true((*c >= ' ' && *c < 0x7f) || *c == '\n');
	return text;
}

/* --- tests -------------------------------------------------------------------------------------------------------- */

static void has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("not there: %s\nin:\n%s", part, text);
}

static void test_text(void **state)
{
	static const char *const parts[] = {
		"DOMAIN example.org source=default level=dane floor=encrypt mx=found mx-secure=yes\n"
		"MX mx1.example.org 192.0.2.1 verdict=pass result=none tls=TLSv1.3 match=\"3 1 1\" depth=0\n"
		"    demand     dane, by dane\n"
		"    greeting   220 mx ESMTP\n"
		"    EHLO       SIZE STARTTLS\n",
		"    TLS        TLSv1.3 TLS_AES_128_GCM_SHA256 X25519\n"
		"    EHLO/TLS   SIZE\n"
		"    chain      0 CN = mx1.example.org, EC 256, expires in 90 days, by CN = Root\n"
		"               1 CN = Root, EC 256, expires in 400 days, by itself\n"
		"    names      mx1.example.org mail.example.org\n"
		"    TLSA       of mx1.example.org\n"
		"               matched   3 1 1 ",
		"\n               unmatched 3 0 2 ",
		"\n               outdone   3 0 1 ",
		"\n               present   2 0 1 ",
		"\n    TLSA       of mx2.example.org: none that can be used: TLS without authentication\n",
		"MX mx1.example.org 2001:db8::1 verdict=refuse result=tlsa-invalid tls=TLSv1.3 match=\"-\" depth=-\n"
		"    reason     no TLSA record matches\n",
		"\n    they can   the TLSA records of mx1.example.org must be of the certificate in use",
		"\n    you can    do not lower the level for it",
		"MX mx2.example.org 192.0.2.2 verdict=unauthenticated result=none tls=TLSv1.3 match=\"-\" depth=-\n",
		"\n    demand     encrypt, by dane-unusable\n",
		"\n    they can   the TLSA records of mx2.example.org must be of usage 3 or 2",
		"MX mx3.example.org 192.0.2.3 verdict=refuse result=dnssec-invalid tls=TLSv1.3 match=\"-\" depth=-\n",
		"\n    demand     no server can meet it: the TLSA records of mx3.example.org could not be looked up",
		"\n    TLSA       of mx3.example.org: could not be looked up\n",
		"MX mx4.example.org 192.0.2.4 verdict=unreachable result=none tls=none match=\"-\" depth=-\n"
		"    reason     no greeting: silence\n"
		"    demand     encrypt, by floor\n"
		"    TLSA       of mx4.example.org: none: DANE does not apply\n"
		"5 addresses: 1 pass, 1 unauthenticated, 2 refuse, 1 unreachable\n",
	};
	struct probe probe;
	char *text;

	(void)state;
	full_probe(&probe);
	text = text_of(&probe, false);
	for (size_t i = 0; i < COUNT(parts); i++)
		has(text, parts[i]);
	assert_null(strstr(text, "Interrupted"));
	assert_null(strstr(text, "is not signed"));
	free(text);
	probe.interrupted = true;
	probe.left_out = 3;
	probe.targets[0].talk.judgement.authenticated = false;
	text = text_of(&probe, false);
	has(text, "1 unreachable; 3 more were left out\nInterrupted.\n");
	has(text, "\n    note       the MX list is not signed");
	free(text);
	probe_cleanup(&probe);
	probe_cleanup(&probe);
}

static const char *at(const json_t *target, const char *key)
{
	return json_string_value(json_object_get(target, key));
}

static void test_json(void **state)
{
	static const char *const verdicts[] = { "pass", "refuse", "unauthenticated", "refuse", "unreachable" };
	static const char *const states[] = { "matched", "unmatched", "outdone", "present" };
	struct probe probe;
	char *text;
	json_t *root_json;
	const json_t *targets;
	const json_t *one;
	const json_t *records;

	(void)state;
	full_probe(&probe);
	text = text_of(&probe, true);
	root_json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root_json);
	assert_string_equal(at(root_json, "asked"), "example.org");
	assert_true(json_is_true(json_object_get(root_json, "mx_secure")));
	assert_int_equal(json_integer_value(json_object_get(root_json, "status")), CLI_FAILED);
	targets = json_object_get(root_json, "addresses");
	assert_int_equal(json_array_size(targets), COUNT(verdicts));
	for (size_t i = 0; i < COUNT(verdicts); i++)
		assert_string_equal(at(json_array_get(targets, i), "verdict"), verdicts[i]);
	one = json_array_get(targets, 0);
	assert_string_equal(at(one, "match"), "3 1 1");
	assert_true(json_is_true(json_object_get(one, "authenticated")));
	assert_int_equal(json_integer_value(json_object_get(one, "depth")), 0);
	assert_int_equal(json_array_size(json_object_get(one, "chain")), 2);
	assert_int_equal(
		json_integer_value(json_object_get(json_array_get(json_object_get(one, "chain"), 0), "not_after")),
		MADE_NOW + 90 * MADE_DAY);
	records = json_object_get(json_array_get(json_object_get(one, "tlsa"), 0), "records");
	assert_int_equal(json_array_size(records), COUNT(states));
	for (size_t i = 0; i < COUNT(states); i++)
		assert_string_equal(at(json_array_get(records, i), "state"), states[i]);
	one = json_array_get(targets, 4);
	assert_true(json_is_null(json_object_get(one, "tls")));
	assert_true(json_is_null(json_object_get(one, "depth")));
	assert_string_equal(at(one, "stage"), "greeting");
	json_decref(root_json);
	free(text);
	probe_cleanup(&probe);
}

/* Whatever a server, the DNS or the command line brought: one line stays one line. */
static void test_hostile_text(void **state)
{
	static const char evil[] = "a\nMX b verdict=pass\x1b[31m\xff\"\\";
	struct probe probe;
	char *text;
	size_t lines = 0;

	(void)state;
	open_probe(&probe, verdict_at(LEVEL_MAY));
	assert_int_equal(probe.count, 0);
	add_host(probe.verdict, "mx.example.org", VERDICT_DANE_NONE, (const char *[]){ "192.0.2.1" }, 1);
	assert_true(probe_add_targets(&probe, &(struct addr){ 0 }, 2525));
	probe.asked = evil;
	answer(&probe.targets[0], PROBE_REFUSE, RESULT_VALIDATION_FAILURE, evil);
	(void)snprintf(probe.targets[0].host, VERDICT_NAME_MAX, "%s", evil);
	(void)snprintf(probe.targets[0].talk.greeting, 256, "%s", evil);
	(void)snprintf(probe.targets[0].talk.judgement.matched, 64, "%s", evil);
	(void)snprintf(probe.verdict->reason, VERDICT_REASON_MAX, "%s", evil);
	text = text_of(&probe, false);
	for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1)
		lines += strncmp(line, "MX ", 3) == 0;
	assert_int_equal(lines, 1);
	has(text, "192.0.2.1:2525 verdict=refuse");
	free(text);
	free(text_of(&probe, true));
	probe_cleanup(&probe);
}

static void test_no_address(void **state)
{
	struct probe probe;
	char *text;

	(void)state;
	open_probe(&probe, verdict_at(LEVEL_NONE));
	text = text_of(&probe, false);
	has(text, "level none looks up no MX hosts");
	assert_int_equal(probe_status(&probe), CLI_UNDECIDED);
	free(text);
	probe.verdict->level = LEVEL_MAY;
	probe.verdict->enforce = false;
	text = text_of(&probe, false);
	has(text, " enforce=no ");
	has(text, "No address to probe.");
	free(text);
	probe_cleanup(&probe);
}

static void test_targets(void **state)
{
	struct probe probe;
	struct verdict *other;
	struct addr only;

	(void)state;
	/* Every address once, by preference; mx1's is not mx2's too. */
	open_probe(&probe, dane_verdict());
	assert_int_equal(probe.count, 5);
	assert_string_equal(probe.targets[2].host, "mx2.example.org");
	assert_string_equal(probe.targets[1].terms.names.names[0], "mx1.example.org");
	/* A destination's rule. */
	other = verdict_at(LEVEL_NONE);
	probe_set_verdict(&probe, 1, other);
	assert_int_equal(probe.targets[1].terms.demand.level, LEVEL_NONE);
	assert_int_equal(probe.targets[0].terms.demand.level, LEVEL_DANE);
	probe_cleanup(&probe);
	/* One alone, the domain's or not. */
	for (int known = 0; known < 2; known++) {
		open_probe(&probe, verdict_at(LEVEL_MAY));
		add_host(probe.verdict, "mx.example.org", VERDICT_DANE_NONE, (const char *[]){ "192.0.2.1" }, 1);
		assert_true(addr_parse(&only, known ? "192.0.2.1" : "192.0.2.99"));
		assert_true(probe_add_targets(&probe, &only, 26));
		assert_int_equal(probe.count, 1);
		assert_string_equal(probe.targets[0].host, known ? "mx.example.org" : "");
		assert_int_equal(probe.targets[0].at.port, 26);
		probe_cleanup(&probe);
	}
	/* Too many: what is left out is counted. */
	open_probe(&probe, verdict_at(LEVEL_MAY));
	for (unsigned i = 0; i < 3; i++) {
		struct verdict_mx *mx;
		add_host(probe.verdict, "mx.example.org", VERDICT_DANE_NONE, (const char *[]){ "192.0.2.1" }, 1);
		mx = &probe.verdict->mx[i];
		free(mx->addrs);
		mx->addrs = calloc(40, sizeof(*mx->addrs));
		assert_non_null(mx->addrs);
		for (mx->addrs_count = 0; mx->addrs_count < 40; mx->addrs_count++)
			mx->addrs[mx->addrs_count] =
				(struct addr){ AF_INET, { 192, 0, (uint8_t)i, (uint8_t)mx->addrs_count } };
	}
	assert_true(probe_add_targets(&probe, &(struct addr){ 0 }, 25));
	assert_int_equal(probe.count, PROBE_TARGETS_MAX);
	assert_int_equal(probe.left_out, 20);
	probe_cleanup(&probe);
}

static void test_status(void **state)
{
	static const struct {
		enum verdict_status status;
		enum probe_outcome outcomes[2];
		int exit_status;
	} cases[] = {
		{ VERDICT_OK, { PROBE_PASS, PROBE_PASS }, CLI_OK },
		{ VERDICT_OK, { PROBE_PASS, PROBE_UNREACHABLE }, CLI_OK },
		{ VERDICT_OK, { PROBE_UNAUTHENTICATED, PROBE_PASS }, CLI_OK },
		{ VERDICT_OK, { PROBE_PASS, PROBE_REFUSE }, CLI_FAILED },
		{ VERDICT_OK, { PROBE_REFUSE, PROBE_UNREACHABLE }, CLI_FAILED },
		{ VERDICT_OK, { PROBE_UNREACHABLE, PROBE_UNREACHABLE }, CLI_UNDECIDED },
		{ VERDICT_FAILED, { PROBE_REFUSE, PROBE_REFUSE }, CLI_UNDECIDED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct probe probe;
		struct verdict *verdict = verdict_at(LEVEL_MAY);
		add_host(verdict, "mx.example.org", VERDICT_DANE_NONE, (const char *[]){ "192.0.2.1", "192.0.2.2" }, 2);
		open_probe(&probe, verdict);
		verdict->status = cases[i].status;
		for (size_t k = 0; k < 2; k++)
			probe.targets[k].talk.outcome = cases[i].outcomes[k];
		assert_int_equal(probe_status(&probe), cases[i].exit_status);
		probe_cleanup(&probe);
	}
}

/* Each word that refuses has something to say to both sides, within its room. */
static void test_hints(void **state)
{
	struct probe probe;
	struct probe_hint hint;

	(void)state;
	full_probe(&probe);
	memset(probe.verdict->domain, 'd', VERDICT_NAME_MAX - 1);
	memset(probe.targets[1].host, 'h', VERDICT_NAME_MAX - 1);
	for (enum result_word word = RESULT_NONE; word < RESULT_COUNT; word++) {
		probe.targets[1].talk.result = word;
		probe_hint_of(&hint, &probe, &probe.targets[1]);
		assert_int_equal(hint.theirs[0] != '\0', word != RESULT_NONE);
		assert_int_equal(hint.yours[0] != '\0', word != RESULT_NONE);
		assert_null(strchr(hint.theirs, '%'));
		assert_null(strchr(hint.yours, '%'));
	}
	probe_hint_of(&hint, &probe, &probe.targets[0]);
	assert_string_equal(hint.theirs, "");
	probe_cleanup(&probe);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),       cmocka_unit_test(test_json),    cmocka_unit_test(test_hostile_text),
		cmocka_unit_test(test_no_address), cmocka_unit_test(test_targets), cmocka_unit_test(test_status),
		cmocka_unit_test(test_hints),
	};

	return cmocka_run_group_tests(tests, make_world, unmake_world);
}

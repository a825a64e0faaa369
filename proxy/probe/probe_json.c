/* probe_json.c - the same as one JSON object; see probe_print.h. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/probe/probe_detail.h"
#include "proxy/probe/probe_print.h"
#include "proxy/probe/probe_published.h"
#include "proxy/tls/tls_show.h"

/* text makes a string of what may be anybody's octets. */
static json_t *text(const char *octets)
{
	char out[1024];

	(void)smtp_text_sanitize(out, sizeof(out), octets, strlen(octets), false);
	return json_string(out);
}

static json_t *text_or_null(const char *octets)
{
	return octets[0] != '\0' ? text(octets) : json_null();
}

static json_t *level_json(enum level level)
{
	return level != LEVEL_UNSET ? json_string(level_name(level)) : json_null();
}

static json_t *published_json(const struct verdict *verdict)
{
	const struct verdict_policy *policy = &verdict->published;
	json_t *patterns;
	char pattern[PROBE_PATTERN_MAX];

	if (!probe_publishes(verdict))
		return json_null();
	patterns = json_array();
	for (size_t i = 0; i < policy->patterns_count; i++)
		(void)json_array_append_new(patterns, text(probe_pattern(&policy->patterns[i], pattern)));
	return json_pack("{s:s, s:s, s:o, s:I, s:o, s:s, s:o}", "by", probe_publisher(verdict), "mode",
			 verdict_published_name(policy->status), "id", text_or_null(policy->id), "max_age",
			 (json_int_t)policy->max_age_s, "allows", patterns, "result", result_word_name(policy->result),
			 "reason", text_or_null(policy->reason));
}

static json_t *policy_json(const struct verdict *verdict)
{
	return json_pack("{s:s, s:o, s:o, s:b, s:o}", "source", verdict_source_name(verdict->source), "level",
			 level_json(verdict->level), "floor", level_json(verdict->floor), "enforce", verdict->enforce,
			 "published", published_json(verdict));
}

static json_t *demand_json(const struct demand *demand)
{
	json_t *allowed = json_array();

	for (size_t i = 0; i < demand->allowed_count; i++)
		(void)json_array_append_new(allowed, text(demand->allowed[i]->name));
	return json_pack("{s:o, s:o, s:s, s:o, s:o, s:o}", "level", level_json(demand->level), "also",
			 level_json(demand->also), "policy", demand_basis_name(demand->basis), "also_policy",
			 demand->also != LEVEL_UNSET ? json_string(demand_basis_name(demand->also_basis)) : json_null(),
			 "allowed", allowed, "reason", text_or_null(demand->reason));
}

static json_t *test_json(const struct probe_target *target)
{
	struct probe_test test;

	probe_test_of(&test, target);
	if (!test.known)
		return json_null();
	return json_pack("{s:s, s:b, s:s, s:o}", "policy", demand_basis_name(test.basis), "satisfied", test.passes,
			 "result", result_word_name(test.result), "reason", text_or_null(test.reason));
}

static json_t *hello_json(bool done, const struct smtp_ehlo *ehlo)
{
	char keywords[256];

	if (!done)
		return json_null();
	return json_pack("{s:o, s:s}", "name", text(ehlo->name), "keywords",
			 smtp_keywords_format(ehlo->keywords, keywords));
}

static json_t *tls_json(const struct probe_target *target)
{
	const struct tls_session_facts *facts;

	if (target->peer == NULL)
		return json_null();
	facts = tls_peer_facts(target->peer);
	return json_pack("{s:o, s:o, s:o}", "version", text(facts->version_name), "cipher", text(facts->cipher),
			 "group", text(facts->group));
}

static json_t *chain_json(const struct tls_peer *peer, time_t now)
{
	json_t *chain = json_array();

	for (size_t i = 0; peer != NULL && i < tls_peer_count(peer); i++) {
		struct tls_shown shown;
		bool read = tls_show_cert(&shown, tls_peer_cert(peer, i), now);
		(void)json_array_append_new(
			chain, json_pack("{s:b, s:o, s:o, s:o, s:o, s:I, s:I}", "readable", read, "subject",
					 text(shown.subject), "issuer", text(shown.issuer), "names", text(shown.names),
					 "key", text(shown.key), "not_before", (json_int_t)shown.not_before,
					 "not_after", (json_int_t)shown.not_after));
	}
	return chain;
}

static json_t *records_json(const struct probe_target *target, const struct verdict_mx *mx)
{
	json_t *records = json_array();
	char record[TLSA_TEXT_MAX];

	for (size_t i = 0; i < mx->tlsa_count; i++)
		(void)json_array_append_new(records,
					    json_pack("{s:s, s:s}", "record", tlsa_format(&mx->tlsa[i], record),
						      "state", probe_record_name(probe_record_of(target, mx, i))));
	return records;
}

static json_t *tlsa_json(const struct probe_target *target)
{
	json_t *hosts = json_array();
	const struct verdict_mx *mx;

	for (size_t i = 0; (mx = probe_tlsa_host(target, i)) != NULL; i++)
		(void)json_array_append_new(hosts,
					    json_pack("{s:o, s:s, s:o, s:o}", "host", text(mx->name), "dane",
						      verdict_dane_name(mx->dane), "base", text_or_null(mx->tlsa_base),
						      "records", records_json(target, mx)));
	return hosts;
}

static json_t *outcome_json(const struct probe_target *target)
{
	const struct probe_talk *talk = &target->talk;
	char address[ADDR_TEXT_MAX];

	return json_pack("{s:o, s:s, s:i, s:s, s:s, s:o, s:s, s:i, s:o, s:o, s:o}", "host", text_or_null(target->host),
			 "address", addr_format(&target->at.addr, address), "port", (int)target->at.port, "verdict",
			 probe_outcome_name(talk->outcome), "result", result_word_name(talk->result), "reason",
			 text_or_null(talk->reason), "stage", probe_stage_name(talk->ended_in), "took_ms",
			 (int)target->took_ms, "policy", policy_json(target->verdict), "demand",
			 demand_json(&target->terms.demand), "testing", test_json(target));
}

static json_t *said_json(const struct probe_target *target)
{
	const struct probe_talk *talk = &target->talk;
	const char *sni = talk->ended_in >= PROBE_HANDSHAKE ? talk->terms->names.names[talk->name] : "";

	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "greeting", text_or_null(talk->greeting), "ehlo",
			 hello_json(talk->hello_done, &talk->clear), "sni", text_or_null(sni), "tls", tls_json(target),
			 "tls_ehlo", hello_json(talk->tls_hello_done, &talk->secure));
}

static json_t *proof_json(const struct probe_target *target, time_t now)
{
	const struct judgement *judgement = &target->talk.judgement;
	const char *match = probe_match(target);

	return json_pack("{s:b, s:o, s:o, s:o, s:o, s:o}", "authenticated",
			 target->talk.tls && judgement->authenticated, "match", text_or_null(match), "depth",
			 match[0] != '\0' ? json_integer(judgement->depth) : json_null(), "matched",
			 text_or_null(probe_matched(target)), "chain", chain_json(target->peer, now), "tlsa",
			 tlsa_json(target));
}

static json_t *hint_json(const struct probe *probe, const struct probe_target *target)
{
	struct probe_hint hint;

	probe_hint_of(&hint, probe, target);
	return json_pack("{s:o, s:o}", "they_can", text_or_null(hint.theirs), "you_can", text_or_null(hint.yours));
}

static json_t *target_json(const struct probe *probe, const struct probe_target *target, time_t now)
{
	json_t *parts[] = { outcome_json(target), said_json(target), proof_json(target, now),
			    hint_json(probe, target) };
	json_t *whole = json_object();
	bool ok = true;

	for (size_t i = 0; i < COUNT(parts); i++) {
		ok = ok && parts[i] != NULL && json_object_update(whole, parts[i]) == 0;
		json_decref(parts[i]);
	}
	if (ok)
		return whole;
	json_decref(whole);
	return NULL;
}

bool probe_json(FILE *out, const struct probe *probe, time_t now)
{
	const struct verdict *verdict = probe->verdict;
	json_t *addresses = json_array();
	json_t *root;
	bool ok;

	for (size_t i = 0; i < probe->count; i++)
		(void)json_array_append_new(addresses, target_json(probe, &probe->targets[i], now));
	root = json_pack("{s:o, s:o, s:o, s:s, s:b, s:o, s:o, s:i, s:b, s:i}", "asked", text(probe->asked), "domain",
			 text_or_null(verdict->domain), "policy", policy_json(verdict), "mx_lookup",
			 verdict_lookup_name(verdict->mx_lookup), "mx_secure", verdict->mx_secure, "reason",
			 text_or_null(verdict->reason), "addresses", addresses, "left_out", (int)probe->left_out,
			 "interrupted", probe->interrupted, "status", probe_status(probe));
	ok = root != NULL && json_array_size(addresses) == probe->count && json_dumpf(root, out, JSON_INDENT(2)) == 0 &&
	     fputc('\n', out) != EOF;
	json_decref(root);
	return ok;
}

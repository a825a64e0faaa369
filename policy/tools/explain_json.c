/* explain_json.c - the same decision as one JSON object. The only user of jansson in gate25-policyd so far. */
#include <jansson.h>

#include "policy/tools/explain.h"

static json_t *step_json(const struct trail_step *step)
{
	json_t *values = json_array();
	char value[TRAIL_VALUE_MAX];

	for (size_t i = 0; i < trail_values(step); i++)
		(void)json_array_append_new(values, json_string(trail_value(step, i, value)));
	return json_pack("{s:s, s:s, s:s, s:b, s:i, s:s, s:o, s:s}", "name", step->name, "type",
			 dns_type_name(step->type), "status", dns_status_name(step->status), "bogus", step->bogus,
			 "ttl", (int)step->ttl_s, "canonical", step->canonical, "answer", values, "reason",
			 step->reason);
}

static void add_steps(json_t *lookups, const struct trail *trail)
{
	for (size_t i = 0; trail != NULL && i < trail->count; i++)
		(void)json_array_append_new(lookups, step_json(&trail->steps[i]));
}

static json_t *lookups_json(const struct explain *explain)
{
	json_t *lookups = json_array();

	add_steps(lookups, explain->trail);
	add_steps(lookups, explain->policy_trail);
	return lookups;
}

static json_t *sources_json(const struct explain *explain)
{
	struct explain_source sources[EXPLAIN_SOURCES_MAX];
	size_t count = explain_sources(explain, sources);
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(list, json_pack("{s:s, s:b, s:s}", "source", sources[i].name, "applies",
							    sources[i].applies, "why", sources[i].why));
	return list;
}

/* --- MX hosts ----------------------------------------------------------------------------------------------------- */

static json_t *records_json(const struct explain *explain, size_t host)
{
	struct explain_record records[TLSA_MAX];
	size_t count = explain_records(explain, host, records);
	json_t *list = json_array();
	char text[TLSA_TEXT_MAX];

	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(list, json_pack("{s:s, s:b, s:b, s:s*}", "record",
							    tlsa_format(records[i].record, text), "usable",
							    records[i].unusable == NULL, "counts",
							    records[i].unusable == NULL && !records[i].outdone, "why",
							    records[i].unusable));
	return list;
}

static json_t *addrs_json(const struct verdict_mx *mx)
{
	json_t *addrs = json_array();
	char text[ADDR_TEXT_MAX];

	for (size_t i = 0; i < mx->addrs_count; i++)
		(void)json_array_append_new(addrs, json_string(addr_format(&mx->addrs[i], text)));
	return addrs;
}

static json_t *host_json(const struct explain *explain, size_t host)
{
	const struct verdict_mx *mx = &explain->mx->hosts[host];
	json_t *object = json_pack("{s:s, s:i, s:o, s:b}", "name", mx->name, "preference", (int)mx->preference,
				   "addresses", addrs_json(mx), "addresses_failed", mx->addrs_failed);
	char demand[EXPLAIN_TEXT_MAX] = "";

	if (explain->verdict->published.patterns_count > 0)
		(void)json_object_set_new(object, "policy_allows",
					  json_boolean(verdict_policy_allows(&explain->verdict->published, mx->name)));
	if (host < explain->verdict->mx_count)
		explain_demand(explain, explain_at(explain->verdict, host), demand);
	(void)json_object_set_new(object, "demand", json_string(demand));
	if (!explain->dane)
		return object;
	(void)json_object_set_new(object, "addresses_status", json_string(explain_addrs(explain->mx->addrs[host])));
	(void)json_object_set_new(object, "dane", json_string(verdict_dane_name(mx->dane)));
	(void)json_object_set_new(object, "tlsa_base", json_string(mx->tlsa_base));
	(void)json_object_set_new(object, "tlsa", records_json(explain, host));
	return object;
}

static json_t *mx_json(const struct explain *explain)
{
	json_t *hosts = json_array();

	for (size_t i = 0; explain->mx != NULL && i < explain->mx->hosts_count; i++)
		(void)json_array_append_new(hosts, host_json(explain, i));
	return hosts;
}

/* --- what is published -------------------------------------------------------------------------------------------- */

static json_t *patterns_json(const struct verdict_pattern *patterns, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(list,
					    json_sprintf("%s%s", patterns[i].wildcard ? "*." : "", patterns[i].name));
	return list;
}

static json_t *policy_json(const struct sts_answer *sts)
{
	if (!sts->present)
		return json_null();
	return json_pack("{s:s, s:s, s:I, s:o, s:I, s:I}", "mode", sts_mode_name(sts->policy->mode), "id", sts->id,
			 "max_age", (json_int_t)sts->policy->max_age_s, "mx",
			 patterns_json(sts->policy->patterns, sts->policy->patterns_count), "since",
			 (json_int_t)sts->fetched_s, "until", (json_int_t)sts->expires_s);
}

static const char *record_word(enum sts_record record)
{
	switch (record) {
	case STS_RECORD_NONE: return "none";
	case STS_RECORD_VALID: return "valid";
	case STS_RECORD_INVALID: break;
	}
	return "invalid";
}

static json_t *sts_json(const struct explain *explain)
{
	const struct sts_answer *sts = explain->facts != NULL ? &explain->facts->sts : NULL;
	char addr[ADDR_TEXT_MAX];

	if (sts == NULL || !explain_has_sts(explain))
		return json_null();
	return json_pack("{s:s, s:s, s:s, s:o, s:b, s:s, s:s, s:s, s:s}", "record_status",
			 dns_status_name(sts->txt_status), "record",
			 sts->txt_status == DNS_FAILED ? "unknown" : record_word(sts->txt_record), "record_id",
			 sts->txt_id, "policy", policy_json(sts), "fetched_now", sts->fetched_now, "fetched_from",
			 addr_format(&sts->fetched_from, addr), "result", result_word_name(sts->result), "reason",
			 sts->reason, "note", explain->note != NULL ? explain->note : "");
}

static json_t *list_json(const struct explain *explain)
{
	const struct decide_facts *facts = explain->facts;

	if (facts == NULL || !facts->listed)
		return json_null();
	return json_pack("{s:s, s:o, s:I}", "mode", facts->entry.enforce ? "enforce" : "testing", "mx",
			 patterns_json(facts->entry.patterns, facts->entry.patterns_count), "until",
			 (json_int_t)facts->list_expires_s);
}

static void add_published(json_t *root, const struct explain *explain)
{
	const struct verdict_policy *policy = &explain->verdict->published;
	char text[EXPLAIN_TEXT_MAX];

	(void)json_object_set_new(root, "published", json_string(verdict_published_name(policy->status)));
	(void)json_object_set_new(root, "published_by", json_string(verdict_publisher_name(policy->by)));
	(void)json_object_set_new(root, "mta_sts", sts_json(explain));
	(void)json_object_set_new(root, "list", list_json(explain));
	(void)json_object_set_new(root, "testing",
				  explain_in_test(explain, NULL, text) ? json_string(text) : json_null());
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static json_t *names_json(const struct verdict *verdict)
{
	json_t *names = json_array();

	if (verdict->match_mx)
		(void)json_array_append_new(names, json_string("hostname"));
	for (size_t i = 0; i < verdict->names_count; i++)
		(void)json_array_append_new(
			names, json_sprintf("%s%s", verdict->names[i].subdomains ? "." : "", verdict->names[i].name));
	return names;
}

static json_t *rule_json(const struct explain *explain)
{
	if (explain->match->rule == NULL)
		return json_null();
	return json_pack("{s:s, s:i}", "file", explain->file, "line", (int)explain->match->rule->line);
}

/* "": by the MX host dialled, or none. */
static const char *sni_of(const struct verdict *verdict, const struct addr *dst)
{
	struct demand demand;

	demand_of(&demand, verdict, dst);
	if (demand.level == LEVEL_DANE)
		return demand.hosts_count == 1 ? demand.hosts[0]->tlsa_base : "";
	if (demand.basis == DEMAND_OF_STS || demand.basis == DEMAND_OF_LIST)
		return demand.allowed_count == 1 ? demand.allowed[0]->name : "";
	return verdict->servername;
}

static void add_dane(json_t *root, const struct explain *explain)
{
	const struct verdict *verdict = explain->verdict;
	struct demand demand;

	demand_of(&demand, verdict, &explain->question->destination.addr);
	(void)json_object_set_new(root, "floor", json_string(level_name(verdict->floor)));
	(void)json_object_set_new(root, "dnssec", explain->proof != NULL ? json_string(explain->proof) : json_null());
	(void)json_object_set_new(root, "mx_secure", json_boolean(verdict->mx_secure));
	(void)json_object_set_new(root, "expanded", json_string(verdict->expanded));
	(void)json_object_set_new(root, "sources", sources_json(explain));
	(void)json_object_set_new(root, "lookups", lookups_json(explain));
	(void)json_object_set_new(root, "demand_level", json_string(level_name(demand.level)));
	(void)json_object_set_new(root, "policy", json_string(demand_basis_name(demand.basis)));
	(void)json_object_set_new(root, "result", json_string(result_word_name(demand.result)));
	(void)json_object_set_new(root, "exit_status", json_integer(explain_status(explain)));
}

bool explain_json(FILE *out, const struct explain *explain)
{
	const struct verdict *verdict = explain->verdict;
	char demand[EXPLAIN_TEXT_MAX];
	char address[ADDR_TEXT_MAX];
	json_t *root;
	bool ok;

	explain_demand(explain, NULL, demand);
	root = json_pack("{s:s, s:s, s:s, s:i, s:s, s:o, s:s, s:b, s:s*, s:s, s:o, s:o, s:s, s:s, s:b, s:i, s:s, s:s}",
			 "recipient", explain->recipient, "domain", verdict->domain, "destination",
			 addr_format(&explain->question->destination.addr, address), "port",
			 (int)explain->question->destination.port, "source", verdict_source_name(verdict->source),
			 "rule", rule_json(explain), "level", level_name(verdict->level), "enforce", verdict->enforce,
			 "mx_of", explain->lookup_name, "mx_lookup",
			 explain->mx != NULL ? verdict_lookup_name(explain->mx->lookup) : "not-needed", "mx",
			 mx_json(explain), "names", names_json(verdict), "sni",
			 sni_of(verdict, &explain->question->destination.addr), "min_protocol",
			 verdict->min_protocol == CONF_TLS13 ? "TLSv1.3" : "TLSv1.2", "auth", verdict->auth, "ttl",
			 (int)verdict->ttl_s, "reason", verdict->reason, "demand", demand);
	if (root != NULL) {
		add_dane(root, explain);
		add_published(root, explain);
	}
	ok = root != NULL && json_dumpf(root, out, JSON_INDENT(2)) == 0 && fputc('\n', out) != EOF;
	json_decref(root);
	return ok;
}

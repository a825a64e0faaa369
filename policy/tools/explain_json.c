/* explain_json.c - the same decision as one JSON object. The only user of jansson in gate25-policyd so far. */
#include <jansson.h>

#include "policy/tools/explain.h"

static json_t *mx_json(const struct verdict *verdict)
{
	json_t *hosts = json_array();
	char text[ADDR_TEXT_MAX];

	for (size_t i = 0; i < verdict->mx_count; i++) {
		const struct verdict_mx *mx = &verdict->mx[i];
		json_t *addrs = json_array();
		for (size_t j = 0; j < mx->addrs_count; j++)
			(void)json_array_append_new(addrs, json_string(addr_format(&mx->addrs[j], text)));
		(void)json_array_append_new(hosts, json_pack("{s:s, s:i, s:o, s:b}", "name", mx->name, "preference",
							     (int)mx->preference, "addresses", addrs,
							     "addresses_failed", mx->addrs_failed));
	}
	return hosts;
}

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

bool explain_json(FILE *out, const struct explain *explain)
{
	static const char *const lookups[] = { "failed", "absent", "found" };
	const struct verdict *verdict = explain->verdict;
	char demand[EXPLAIN_TEXT_MAX];
	char address[ADDR_TEXT_MAX];
	json_t *root;
	bool ok;

	explain_demand(explain, demand);
	root = json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:b, s:s*, s:s, s:o, s:o, s:s, s:s, s:b, s:i, s:s, s:s}",
			 "recipient", explain->recipient, "domain", verdict->domain, "destination",
			 addr_format(&explain->question->destination.addr, address), "source",
			 verdict_source_name(verdict->source), "rule", rule_json(explain), "level",
			 level_name(verdict->level), "enforce", verdict->enforce, "mx_of", explain->lookup_name,
			 "mx_lookup", explain->mx != NULL ? lookups[explain->mx->lookup] : "not-needed", "mx",
			 mx_json(verdict), "names", names_json(verdict), "sni", verdict->servername, "min_protocol",
			 verdict->min_protocol == CONF_TLS13 ? "TLSv1.3" : "TLSv1.2", "auth", verdict->auth, "ttl",
			 (int)verdict->ttl_s, "reason", verdict->reason, "demand", demand);
	ok = root != NULL && json_dumpf(root, out, JSON_INDENT(2)) == 0 && fputc('\n', out) != EOF;
	json_decref(root);
	return ok;
}

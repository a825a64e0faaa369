/* resolve_json.c - the same answer as one JSON object. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "policy/tools/resolve.h"

/* records_json: a line of text each. */
static json_t *records_json(const struct dns_answer *answer)
{
	json_t *records = json_array();
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return records;
	dns_answer_print(out, answer);
	(void)fclose(out);
	for (char *line = text; line != NULL && *line != '\0';) {
		char *end = strchrnul(line, '\n');
		(void)json_array_append_new(records, json_stringn(line, (size_t)(end - line)));
		line = *end != '\0' ? end + 1 : NULL;
	}
	free(text);
	return records;
}

static json_t *resolvers_json(const struct resolve_report *report)
{
	struct dns_options options = dnssec_plan_options(report->plan, report->mode);
	json_t *resolvers = json_array();
	char text[ENDPOINT_TEXT_MAX];

	for (size_t i = 0; i < options.resolvers_count; i++)
		(void)json_array_append_new(resolvers, json_string(endpoint_format(&options.resolvers[i].at, text)));
	return resolvers;
}

bool resolve_json(FILE *out, const struct resolve_report *report)
{
	const struct dns_answer *answer = report->answer;
	bool failed = answer->status == DNS_FAILED;
	json_t *json =
		json_pack("{s:s, s:s, s:s, s:b, s:b, s:b, s:s, s:o, s:s, s:i, s:i, s:s?, s:o}", "name", report->name,
			  "type", dns_type_name(report->type), "status", dns_status_name(answer->status), "secure",
			  dns_secure(answer), "bogus", answer->bogus, "nxdomain", answer->nxdomain, "mode",
			  dnssec_mode_name(report->mode), "resolvers", resolvers_json(report), "canonical",
			  answer->canonical, "aliases", (int)answer->aliases, "ttl", failed ? 0 : (int)answer->ttl_s,
			  "reason", failed ? answer->reason : NULL, "records", records_json(answer));
	bool ok = json != NULL && json_dumpf(json, out, JSON_INDENT(2)) == 0 && fputc('\n', out) != EOF;

	json_decref(json);
	return ok;
}

/* decide_names.c - what the certificate may show, and the name that is asked for (SNI); see decide.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/decide/decide_parts.h"

static bool add_name(struct verdict *verdict, const char *name, bool subdomains)
{
	struct verdict_name *slot = &verdict->names[verdict->names_count];

	if (verdict->names_count >= VERDICT_NAMES_MAX || strlen(name) >= sizeof(slot->name))
		return verdict_fail(verdict, RESULT_NONE, "the rule lists more names than a verdict can carry");
	*slot = (struct verdict_name){ .subdomains = subdomains };
	(void)snprintf(slot->name, sizeof(slot->name), "%s", name);
	verdict->names_count++;
	return true;
}

/* add_match adds what one item of match means. A next hop that there is none of adds nothing, so accepts nothing. */
static bool add_match(struct verdict *verdict, const char *item, const char *nexthop)
{
	if (strcmp(item, "hostname") == 0) {
		verdict->match_mx = true;
		return true;
	}
	if (strcmp(item, "nexthop") == 0)
		return nexthop == NULL || add_name(verdict, nexthop, false);
	if (strcmp(item, "dot-nexthop") == 0)
		return nexthop == NULL || add_name(verdict, nexthop, true);
	return item[0] == '.' ? add_name(verdict, item + 1, true) : add_name(verdict, item, false);
}

bool decide_names(struct verdict *verdict, enum level level, const struct conf_rule *rule, const char *nexthop)
{
	verdict->names = calloc(VERDICT_NAMES_MAX, sizeof(*verdict->names));
	if (verdict->names == NULL)
		return verdict_fail(verdict, RESULT_NONE, "out of memory");
	if (rule == NULL || rule->match.count == 0) {
		if (level == LEVEL_VERIFY)
			return add_match(verdict, "hostname", nexthop);
		return add_match(verdict, "nexthop", nexthop) && add_match(verdict, "dot-nexthop", nexthop);
	}
	for (size_t i = 0; i < rule->match.count; i++) {
		if (!add_match(verdict, rule->match.items[i], nexthop))
			return false;
	}
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_fingerprint(uint8_t out[32], const char *hex)
{
	if (strlen(hex) != 64)
		return false;
	for (size_t i = 0; i < 32; i++) {
		int high = hex_digit(hex[2 * i]);
		int low = hex_digit(hex[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

bool decide_fingerprints(struct verdict *verdict, const struct conf_rule *rule)
{
	size_t count = rule != NULL ? rule->fingerprints.count : 0;

	if (count == 0)
		return verdict_fail(verdict, RESULT_NONE, "level fingerprint without a fingerprint");
	if (count > VERDICT_FINGERPRINTS_MAX)
		return verdict_fail(verdict, RESULT_NONE, "the rule lists more fingerprints than a verdict can carry");
	verdict->fingerprints = calloc(count, sizeof(*verdict->fingerprints));
	if (verdict->fingerprints == NULL)
		return verdict_fail(verdict, RESULT_NONE, "out of memory");
	for (size_t i = 0; i < count; i++) {
		if (!parse_fingerprint(verdict->fingerprints[i], rule->fingerprints.items[i]))
			return verdict_fail(verdict, RESULT_NONE,
					    "a fingerprint that is no SHA-256 in hexadecimal digits");
		verdict->fingerprints_count++;
	}
	return true;
}

/* --- the name that is asked for ----------------------------------------------------------------------------------- */

static bool name_fits(const struct verdict_name *name, const char *host)
{
	size_t name_len = strlen(name->name);
	size_t host_len = strlen(host);

	if (!name->subdomains)
		return strcmp(name->name, host) == 0;
	return host_len > name_len + 1 && host[host_len - name_len - 1] == '.' &&
	       strcmp(host + host_len - name_len, name->name) == 0;
}

static bool some_mx_fits(const struct verdict *verdict)
{
	for (size_t i = 0; i < verdict->mx_count; i++) {
		for (size_t j = 0; j < verdict->names_count; j++) {
			if (name_fits(&verdict->names[j], verdict->mx[i].name))
				return true;
		}
	}
	return false;
}

void decide_servername(struct verdict *verdict, const struct conf_rule *rule, const char *nexthop)
{
	const char *name = rule != NULL ? rule->servername : NULL;

	if (name == NULL && !verdict->match_mx && !some_mx_fits(verdict)) {
		for (size_t i = 0; i < verdict->names_count && name == NULL; i++)
			name = verdict->names[i].subdomains ? NULL : verdict->names[i].name;
	}
	if (name == NULL && verdict->source == VERDICT_SOURCE_DESTINATION && verdict->mx_count == 0)
		name = nexthop; /* the host itself, by the operator's word */
	if (name != NULL)
		(void)snprintf(verdict->servername, sizeof(verdict->servername), "%s", name);
}

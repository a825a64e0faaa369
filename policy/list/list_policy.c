/* list_policy.c - the policy of one domain or alias: mode and mxs, or a policy-alias alone. */
#include "policy/list/list_internal.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/name.h"

static bool read_mode(struct list_policy *out, const json_t *value, const struct list_place *place)
{
	const char *mode = json_string_value(value);

	/* The list's own default: whoever wrote no mode asked for no enforcement. */
	if (value == NULL)
		return true;
	if (mode == NULL || (strcmp(mode, "enforce") != 0 && strcmp(mode, "testing") != 0))
		return list_wrong(place, "neither \"enforce\" nor \"testing\"");
	out->enforce = strcmp(mode, "enforce") == 0;
	return true;
}

/* read_pattern: HOST, or .NAME for every host that is one label below it. */
static bool read_pattern(struct verdict_pattern *out, const json_t *value, const struct list_place *place)
{
	const char *text = json_string_value(value);
	char name[CONF_NAME_MAX];
	const char *wrong;

	if (text == NULL)
		return list_wrong(place, "an entry that is not a string");
	wrong = name_read(name, text, true);
	out->wildcard = text[0] == '.';
	if (wrong == NULL && strchr(name + 1, '.') == NULL)
		wrong = out->wildcard ? "would allow every host below a top-level domain"
				      : "is a single label and not an MX host";
	if (wrong != NULL)
		return list_wrong(place, "\"%s\" %s", text, wrong);
	memcpy(out->name, name + (out->wildcard ? 1 : 0), strlen(name) + (out->wildcard ? 0 : 1));
	return true;
}

static bool is_repeated(const struct list_policy *policy, size_t index)
{
	const struct verdict_pattern *pattern = &policy->patterns[index];

	for (size_t i = 0; i < index; i++) {
		if (policy->patterns[i].wildcard == pattern->wildcard &&
		    strcmp(policy->patterns[i].name, pattern->name) == 0)
			return true;
	}
	return false;
}

static bool read_mxs(struct list_policy *out, const json_t *value, const struct list_place *place)
{
	const size_t count = json_array_size(value);

	if (!json_is_array(value))
		return list_wrong(place, "not an array");
	if (count == 0)
		return list_wrong(place, "no entry, so no server could ever be right");
	if (count > VERDICT_PATTERNS_MAX)
		return list_wrong(place, "more than %d entries", VERDICT_PATTERNS_MAX);
	out->patterns = calloc(count, sizeof(*out->patterns));
	if (out->patterns == NULL)
		return list_wrong(place, "out of memory");
	out->patterns_count = count;
	for (size_t i = 0; i < count; i++) {
		if (!read_pattern(&out->patterns[i], json_array_get(value, i), place))
			return false;
		if (is_repeated(out, i))
			return list_wrong(place, "\"%s\" is there twice", json_string_value(json_array_get(value, i)));
	}
	return true;
}

static bool read_alias(struct list_policy *out, const json_t *value, const struct list_place *place)
{
	if (!json_is_string(value))
		return list_wrong(place, "not a string");
	out->alias = strdup(json_string_value(value));
	return out->alias != NULL || list_wrong(place, "out of memory");
}

/* check_members: what stands beside a policy-alias would be ignored by some readers and not by others. */
static bool check_members(json_t *value, bool alias_allowed, const struct list_place *place)
{
	const bool aliased = json_object_get(value, "policy-alias") != NULL;
	const char *name;
	json_t *member;

	if (aliased && !alias_allowed)
		return list_wrong(place, "an alias of an alias");
	json_object_foreach(value, name, member)
	{
		const bool rest = strcmp(name, "mode") == 0 || strcmp(name, "mxs") == 0;
		if (!rest && strcmp(name, "policy-alias") != 0)
			return list_wrong(place, "\"%s\" is not a member that version 0.1 has", name);
		if (rest && aliased)
			return list_wrong(place, "\"%s\" beside policy-alias: one of them has to go", name);
	}
	return true;
}

bool list_policy_read(struct list_policy *out, json_t *value, bool alias_allowed, const struct list_place *place)
{
	const struct list_place alias_at = list_at(place, "policy-alias");
	const struct list_place mode_at = list_at(place, "mode");
	const struct list_place mxs_at = list_at(place, "mxs");
	const json_t *alias = json_object_get(value, "policy-alias");
	const json_t *mxs = json_object_get(value, "mxs");

	if (!json_is_object(value))
		return list_wrong(place, "not an object");
	if (!check_members(value, alias_allowed, place))
		return false;
	if (alias != NULL)
		return read_alias(out, alias, &alias_at);
	if (mxs == NULL)
		return list_wrong(place, "neither mxs nor policy-alias");
	return read_mode(out, json_object_get(value, "mode"), &mode_at) && read_mxs(out, mxs, &mxs_at);
}

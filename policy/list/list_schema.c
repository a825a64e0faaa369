/* list_schema.c - the document as a whole: its members, and what they hold. What the schema does not know is a defect:
 * a member that was written for a later version may be one that demands more. */
#include "policy/list/list_internal.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/name.h"

#define TIME_MAX_S 253402300799 /* the last second that four digits of a year can say */

static bool read_time(uint64_t *out, const json_t *value, const struct list_place *place)
{
	if (json_is_string(value)) {
		if (list_time(out, json_string_value(value)))
			return true;
		return list_wrong(place, "\"%s\" is no time such as 2026-11-26T17:30:00Z or 2026-11-26T17:30:00+00:00",
				  json_string_value(value));
	}
	if (!json_is_integer(value))
		return list_wrong(place, "neither a string nor a whole number of seconds since 1970");
	if (json_integer_value(value) < 0 || json_integer_value(value) > TIME_MAX_S)
		return list_wrong(place, "%lld is no number of seconds since 1970, before the year 10000",
				  (long long)json_integer_value(value));
	*out = (uint64_t)json_integer_value(value);
	return true;
}

static bool read_timestamp(struct list *out, json_t *value, const struct list_place *place)
{
	return read_time(&out->timestamp, value, place);
}

static bool read_expires(struct list *out, json_t *value, const struct list_place *place)
{
	return read_time(&out->expires, value, place);
}

static bool read_version(struct list *out, json_t *value, const struct list_place *place)
{
	(void)out;
	if (json_is_string(value) && strcmp(json_string_value(value), "0.1") == 0)
		return true;
	return list_wrong(place, "not \"0.1\", the one version that is known here");
}

static bool read_author(struct list *out, json_t *value, const struct list_place *place)
{
	(void)out;
	return json_is_string(value) || list_wrong(place, "not a string");
}

/* --- policies and aliases ----------------------------------------------------------------------------------------- */

/* read_domain: a domain has two labels at least, as the schema has it. */
static bool read_domain(char out[CONF_NAME_MAX], const char *text, const struct list_place *place)
{
	const char *wrong = name_read(out, text, false);

	if (wrong == NULL && strchr(out, '.') == NULL)
		wrong = "is a single label and not a mail domain";
	return wrong == NULL || list_wrong(place, "\"%s\" %s", text, wrong);
}

static bool name_policy(struct list_policy *out, const char *name, bool alias, const struct list_place *place)
{
	char domain[CONF_NAME_MAX];

	if (!alias && !read_domain(domain, name, place))
		return false;
	if (alias && name[0] == '\0')
		return list_wrong(place, "an alias without a name");
	out->name = strdup(alias ? name : domain);
	return out->name != NULL || list_wrong(place, "out of memory");
}

static int by_names(const void *a, const void *b)
{
	return strcmp(((const struct list_policy *)a)->name, ((const struct list_policy *)b)->name);
}

static bool read_policies(struct list_policies *out, json_t *value, bool aliases, const struct list_place *place)
{
	const char *name;
	json_t *member;

	if (!json_is_object(value))
		return list_wrong(place, "not an object");
	out->items = calloc(json_object_size(value) + 1, sizeof(*out->items));
	if (out->items == NULL)
		return list_wrong(place, "out of memory");
	json_object_foreach(value, name, member)
	{
		const struct list_place deeper = list_at(place, name);
		struct list_policy *policy = &out->items[out->count++];
		if (!name_policy(policy, name, aliases, place) || !list_policy_read(policy, member, !aliases, &deeper))
			return false;
	}
	qsort(out->items, out->count, sizeof(*out->items), by_names);
	for (size_t i = 1; i < out->count; i++) {
		if (by_names(&out->items[i - 1], &out->items[i]) == 0)
			return list_wrong(place, "%s is there twice, in letters of different case", out->items[i].name);
	}
	return true;
}

static bool read_aliased(struct list *out, json_t *value, const struct list_place *place)
{
	return read_policies(&out->aliases, value, true, place);
}

static bool read_domains(struct list *out, json_t *value, const struct list_place *place)
{
	return read_policies(&out->policies, value, false, place);
}

static bool follow_aliases(const struct list *list, const struct list_place *place)
{
	for (size_t i = 0; i < list->policies.count; i++) {
		const struct list_policy *policy = &list->policies.items[i];
		const struct list_place policies = list_at(place, "policies");
		const struct list_place deeper = list_at(&policies, policy->name);
		const struct list_place deepest = list_at(&deeper, "policy-alias");
		if (policy->alias != NULL && list_policies_find(&list->aliases, policy->alias) == NULL)
			return list_wrong(&deepest, "policy-aliases has no \"%s\"", policy->alias);
	}
	return true;
}

/* --- the document ------------------------------------------------------------------------------------------------- */

static const struct member {
	const char *name;
	bool required;
	bool (*read)(struct list *out, json_t *value, const struct list_place *place);
} members[] = {
	{ "timestamp", true, read_timestamp }, { "expires", true, read_expires },
	{ "version", true, read_version },     { "author", false, read_author },
	{ "policies", true, read_domains },    { "policy-aliases", true, read_aliased },
};

static bool is_known(const char *name)
{
	for (size_t i = 0; i < COUNT(members); i++) {
		if (strcmp(members[i].name, name) == 0)
			return true;
	}
	return false;
}

bool list_schema(struct list *out, json_t *root, const struct list_place *place)
{
	const char *name;
	json_t *value;

	if (!json_is_object(root))
		return list_wrong(place, "the document is not an object");
	json_object_foreach(root, name, value)
	{
		if (!is_known(name))
			return list_wrong(place, "\"%s\" is not a member that version 0.1 has", name);
	}
	for (size_t i = 0; i < COUNT(members); i++) {
		const struct list_place deeper = list_at(place, members[i].name);
		value = json_object_get(root, members[i].name);
		if (value == NULL && members[i].required)
			return list_wrong(place, "\"%s\" is missing", members[i].name);
		if (value != NULL && !members[i].read(out, value, &deeper))
			return false;
	}
	return follow_aliases(out, place);
}

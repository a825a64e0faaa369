/* list.c - see list.h. */
#include "policy/list/list_internal.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/printable.h"

bool list_wrong(const struct list_place *place, const char *format, ...)
{
	size_t len = 0;
	va_list args;

	place->err[0] = '\0';
	for (size_t i = 0; i < COUNT(place->members) && place->members[i] != NULL && len < place->err_len; i++)
		len += (size_t)snprintf(place->err + len, place->err_len - len, "%s%s", i > 0 ? ", " : "",
					place->members[i]);
	if (len > 0 && len < place->err_len)
		len += (size_t)snprintf(place->err + len, place->err_len - len, ": ");
	va_start(args, format);
	if (len < place->err_len) /* clang 14 loses sight of va_start here. */
		/* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
		(void)vsnprintf(place->err + len, place->err_len - len, format, args);
	va_end(args);
	printable_text(place->err);
	return false;
}

struct list_place list_at(const struct list_place *place, const char *member)
{
	struct list_place deeper = *place;
	size_t depth = 0;

	while (depth < COUNT(deeper.members) - 1 && deeper.members[depth] != NULL)
		depth++;
	deeper.members[depth] = member;
	return deeper;
}

static int by_name(const void *key, const void *item)
{
	return strcmp(key, ((const struct list_policy *)item)->name);
}

const struct list_policy *list_policies_find(const struct list_policies *policies, const char *name)
{
	if (policies->count == 0)
		return NULL;
	return bsearch(name, policies->items, policies->count, sizeof(*policies->items), by_name);
}

static json_t *load(const char *text, size_t len, const struct list_place *place)
{
	json_error_t error;
	json_t *root;

	if (len > LIST_TEXT_MAX) {
		(void)list_wrong(place, "larger than %d MiB", LIST_TEXT_MAX >> 20);
		return NULL;
	}
	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (root == NULL)
		(void)list_wrong(place, "line %d: %s", error.line > 0 ? error.line : 1, error.text);
	return root;
}

struct list *list_parse(const char *text, size_t len, char *err, size_t err_len)
{
	const struct list_place place = { .err = err, .err_len = err_len };
	json_t *root = load(text, len, &place);
	struct list *list;

	if (root == NULL)
		return NULL;
	list = calloc(1, sizeof(*list));
	if (list == NULL || !list_schema(list, root, &place)) {
		if (list == NULL)
			(void)list_wrong(&place, "out of memory");
		list_free(list);
		list = NULL;
	}
	json_decref(root);
	return list;
}

static void policies_free(struct list_policies *policies)
{
	for (size_t i = 0; i < policies->count; i++) {
		free(policies->items[i].name);
		free(policies->items[i].alias);
		free(policies->items[i].patterns);
	}
	free(policies->items);
}

void list_free(struct list *list)
{
	if (list == NULL)
		return;
	policies_free(&list->policies);
	policies_free(&list->aliases);
	free(list);
}

uint64_t list_timestamp(const struct list *list)
{
	return list->timestamp;
}

uint64_t list_expires(const struct list *list)
{
	return list->expires;
}

size_t list_count(const struct list *list)
{
	return list->policies.count;
}

bool list_find(const struct list *list, const char *domain, struct list_entry *out)
{
	const struct list_policy *policy = list_policies_find(&list->policies, domain);

	if (policy != NULL && policy->alias != NULL)
		policy = list_policies_find(&list->aliases, policy->alias);
	if (policy == NULL) {
		*out = (struct list_entry){ 0 };
		return false;
	}
	*out = (struct list_entry){ .enforce = policy->enforce,
				    .patterns = policy->patterns,
				    .patterns_count = policy->patterns_count };
	return true;
}

/* list_internal.h - what the list*.c files share. Nobody else includes it. */
#ifndef GATE25_POLICY_LIST_LIST_INTERNAL_H
#define GATE25_POLICY_LIST_LIST_INTERNAL_H

#include "policy/list/list.h"

struct json_t;

/* One member of policies or policy-aliases. */
struct list_policy {
	char *name;
	char *alias; /* of policies: the member of aliases that has the rest; NULL: none */
	bool enforce;
	struct verdict_pattern *patterns; /* NULL where |alias| is not */
	size_t patterns_count;
};

struct list_policies {
	struct list_policy *items;
	size_t count;
};

struct list {
	uint64_t timestamp;
	uint64_t expires;
	struct list_policies policies; /* by name, sorted */
	struct list_policies aliases;  /* likewise */
};

/* Where in the file one looks, and the first thing that is wrong. */
struct list_place {
	const char *members[3]; /* from the outside in; NULL: not so deep */
	char *err;
	size_t err_len;
};

/* list_wrong says in |place| what is wrong, printable, and returns false. */
bool list_wrong(const struct list_place *place, const char *format, ...) PRINTF_LIKE(2, 3);

/* list_at: one member deeper than |place|. */
struct list_place list_at(const struct list_place *place, const char *member);

/* list_schema fills |out| from the whole document, and sees that every alias is there. What it has filled list_free
 * frees, also when it returns false: |place| then says why. */
MUST_CHECK bool list_schema(struct list *out, struct json_t *root, const struct list_place *place);
/* list_policy_read fills |out| from one member's value; |alias_allowed|: a policy-alias may stand there. */
MUST_CHECK bool list_policy_read(struct list_policy *out, struct json_t *value, bool alias_allowed,
				 const struct list_place *place);
/* list_time reads a time as RFC 3339 s. 5.6 writes it, in capitals and without leap seconds: UNIX time, a fraction of a
 * second cut off. */
MUST_CHECK bool list_time(uint64_t *out, const char *text);

/* list_policies_find: NULL: there is none. */
const struct list_policy *list_policies_find(const struct list_policies *policies, const char *name);

#endif

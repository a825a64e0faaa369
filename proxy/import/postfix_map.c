/* postfix_map.c - see postfix_map.h: one entry after the other, and which ones Postfix would not look at. */
#include "proxy/import/postfix_internal.h"

#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/printable.h"

/* --- telling ------------------------------------------------------------------------------------------------------ */

static void PRINTF_LIKE(3, 0)
	tell(struct postfix_teller *teller, enum postfix_told kind, const char *format, va_list args)
{
	char text[2048];
	size_t len = 0;

	if (teller->key != NULL)
		len = (size_t)snprintf(text, sizeof(text), "%.400s: ", teller->key);
	(void)vsnprintf(text + len, sizeof(text) - len, format, args);
	printable_text(text);
	teller->lost = teller->lost || kind == POSTFIX_LOST;
	teller->fn(teller->arg, kind, teller->line, text);
}

void postfix_note(struct postfix_teller *teller, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tell(teller, POSTFIX_NOTE, format, args);
	va_end(args);
}

bool postfix_lost(struct postfix_teller *teller, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tell(teller, POSTFIX_LOST, format, args);
	va_end(args);
	return false;
}

/* --- what was there before ---------------------------------------------------------------------------------------- */

/* A key of the table, or the name or address that a rule in force is for. */
struct known {
	char *text; /* first: by_text compares a bare string with it */
	char *value;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void known_free(void *item)
{
	struct known *known = item;

	if (known == NULL)
		return;
	free(known->text);
	free(known->value);
	free(known);
}

static const struct known *find(void *const *root, const char *text)
{
	void *node = tfind(&text, root, by_text);

	return node != NULL ? *(struct known *const *)node : NULL;
}

static bool remember(void **root, const char *text, const char *value, struct postfix_teller *teller)
{
	struct known *known = calloc(1, sizeof(*known));

	if (known != NULL) {
		known->text = strdup(text);
		known->value = strdup(value);
		if (known->text != NULL && known->value != NULL && tsearch(known, root, by_text) != NULL)
			return true;
	}
	known_free(known);
	return postfix_lost(teller, "out of memory");
}

/* target_of: what two keys have in common that come to the same rule. */
static void target_of(char out[CONF_NAME_MAX], const struct postfix_key *key)
{
	char text[ADDR_TEXT_MAX];

	(void)snprintf(out, CONF_NAME_MAX, "%s",
		       key->kind == POSTFIX_KEY_ADDRESS ? addr_format(&key->addr, text) : key->name);
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

struct fallen { /* a domain whose policy was lost */
	unsigned line;
	char *name;
};

struct work {
	FILE *out;
	const char *name;
	void *keys;  /* that Postfix has seen */
	void *ruled; /* targets with a rule in force */
	struct fallen *fallen;
	size_t fallen_count;
	struct postfix_teller teller;
};

static bool note_fallen(struct work *work, const struct postfix_key *key)
{
	struct fallen *fallen;

	if (key->kind != POSTFIX_KEY_DOMAIN)
		return true;
	fallen = realloc(work->fallen, (work->fallen_count + 1) * sizeof(*fallen));
	if (fallen == NULL)
		return postfix_lost(&work->teller, "out of memory");
	work->fallen = fallen;
	fallen += work->fallen_count;
	*fallen = (struct fallen){ .line = work->teller.line, .name = strdup(key->name) };
	if (fallen->name == NULL)
		return postfix_lost(&work->teller, "out of memory");
	work->fallen_count++;
	return true;
}

/* tell_fallen says of each such domain what holds for it now: a parent's rule may demand less. */
static void tell_fallen(struct work *work)
{
	for (size_t i = 0; i < work->fallen_count; i++) {
		const char *name = work->fallen[i].name;
		const char *parent = strchr(name + 1, '.');
		while (parent != NULL && find(&work->ruled, parent) == NULL)
			parent = strchr(parent + 1, '.');
		work->teller.line = work->fallen[i].line;
		work->teller.key = name;
		if (parent != NULL)
			(void)postfix_lost(&work->teller, "as long as it has no rule, that of %s holds for it", parent);
		else
			(void)postfix_lost(&work->teller, "as long as it has no rule, default-level holds for it");
	}
}

static bool print(struct work *work, const struct postfix_entry *entry, const struct postfix_key *key,
		  const struct postfix_policy *policy)
{
	char target[CONF_NAME_MAX];
	char origin[1024];
	const struct known *before;

	target_of(target, key);
	before = find(&work->ruled, target);
	if (before != NULL && postfix_key_is_smtp(key) && key->kind == POSTFIX_KEY_ADDRESS &&
	    strcmp(before->value, entry->value) == 0) {
		postfix_note(&work->teller, "the same as before in other words: one rule is enough");
		return true;
	}
	(void)snprintf(origin, sizeof(origin), "%.500s:%u: %.400s", work->name, entry->line, entry->key);
	if (!postfix_rule_print(work->out, origin, key, policy, before != NULL, &work->teller))
		return true;
	return remember(&work->ruled, target, entry->value, &work->teller);
}

/* convert: false: out of memory. */
static bool convert(struct work *work, const struct postfix_entry *entry)
{
	struct postfix_policy policy = { 0 };
	struct postfix_key key;
	bool ok;

	if (find(&work->keys, entry->key) != NULL) {
		(void)postfix_lost(&work->teller, "is there twice, and Postfix uses the first: remove this one");
		return true;
	}
	if (!remember(&work->keys, entry->key, "", &work->teller))
		return false;
	if (!postfix_key_read(&key, entry->key, &work->teller))
		return true;
	if (postfix_policy_read(&policy, entry->value, &work->teller))
		ok = print(work, entry, &key, &policy);
	else
		ok = note_fallen(work, &key);
	postfix_policy_cleanup(&policy);
	return ok;
}

/* next reads and converts one entry. False: the end. */
static bool next(struct work *work, struct postfix_lines *lines)
{
	struct postfix_entry entry;
	const char *why;
	enum postfix_read read = postfix_lines_next(lines, &entry, &why);
	bool more = read == POSTFIX_READ_WRONG;

	work->teller.line = entry.line;
	work->teller.key = NULL;
	if (read == POSTFIX_READ_NO_MEMORY) {
		(void)postfix_lost(&work->teller, "out of memory");
	} else if (read == POSTFIX_READ_WRONG) {
		(void)postfix_lost(&work->teller, "%s; Postfix passes over it: correct it, or remove it", why);
	} else if (read == POSTFIX_READ_ENTRY) {
		work->teller.key = entry.key;
		more = convert(work, &entry);
	}
	postfix_entry_cleanup(&entry);
	return more;
}

bool postfix_map_import(FILE *out, const char *name, const char *text, postfix_tell_fn *fn, void *arg)
{
	struct work work = { .out = out, .name = name, .teller = { .fn = fn, .arg = arg } };
	struct postfix_lines lines = { .at = text, .line = 1 };

	(void)fprintf(out, "# From ");
	printable_print(out, name);
	(void)fprintf(out, ", by gate25 import-postfix.\n");
	while (next(&work, &lines))
		;
	tell_fallen(&work);
	for (size_t i = 0; i < work.fallen_count; i++)
		free(work.fallen[i].name);
	free(work.fallen);
	tdestroy(work.keys, known_free);
	tdestroy(work.ruled, known_free);
	return !work.teller.lost;
}

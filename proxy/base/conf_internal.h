/* conf_internal.h - what the conf*.c files share. Nobody else includes it.
 *
 * conf_scan looks at the text first and closes what libConfuse leaves open; libConfuse parses what is left of it and
 * hands every value to conf_keys; conf_checks sees the whole. All of them add to one list of problems. */
#ifndef GATE25_BASE_CONF_INTERNAL_H
#define GATE25_BASE_CONF_INTERNAL_H

#include "proxy/base/conf.h"

/* --- problems (conf_problems.c) --------------------------------------------------------------------------------- */

struct conf_problem {
	unsigned line;
	size_t order; /* as added, so that sorting keeps it among those of one line */
	char *text;
};

struct conf_problems {
	struct conf_problem *items;
	size_t count;
	bool out_of_memory;
};

void conf_problem(struct conf_problems *problems, unsigned line, const char *format, ...) PRINTF_LIKE(3, 4);
/* conf_problems_tell sorts by line, tells all, and empties the list. Returns whether there was any. */
bool conf_problems_tell(struct conf_problems *problems, const char *name, conf_error_fn *error, void *arg);

/* --- keys (conf_keys.c) ----------------------------------------------------------------------------------------- */

enum conf_where { CONF_IN_GATE = 1, CONF_IN_DOMAIN = 2, CONF_IN_DESTINATION = 4, CONF_IN_CLIENT = 8 };

#define CONF_KEYS_MAX 80 /* rows of conf_keys */

/* While the file is read: no source was named yet. */
#define CONF_SOURCE_UNSET ((enum conf_source)0xff)

struct conf_key;
/* Stores one value below |base|, a struct conf, conf_rule or conf_client. Returns NULL, or what is wrong with it as the
 * end of a sentence that began with the value; CONF_OUT_OF_MEMORY for that. */
typedef const char *conf_set_fn(const struct conf_key *key, void *base, const char *value);

struct conf_key {
	const char *name;
	unsigned where; /* enum conf_where, or-ed */
	bool list;      /* takes several values */
	conf_set_fn *set;
	size_t offset;            /* of the field that |set| stores to, where it needs to be told */
	const char *expect;       /* "is not ...": the usual complaint */
	unsigned min, max;        /* numbers */
	const char *const *words; /* NULL-terminated; the value is the index */
};

extern const struct conf_key conf_keys[];
extern const size_t conf_keys_count;
extern const char CONF_OUT_OF_MEMORY[];

/* conf_key_index returns the row of |name| in |where|, -1 if there is none. */
int conf_key_index(const char *name, unsigned where);

/* --- values (conf_values.c): NULL when sound, else the end of a sentence ------------------------------------------ */

/* conf_name_make copies a domain name in lower case; |dot|: with a leading dot or without. */
const char *conf_name_make(char **out, const char *text, bool dot);
const char *conf_fingerprint_make(char **out, const char *text);
bool conf_number(const char *text, unsigned long min, unsigned long max, unsigned long *out);
bool conf_is_user(const char *text);
bool conf_is_interface(const char *text);
const char *conf_string_set(char **out, const char *text);
const char *conf_strings_add(struct string_list *list, char *taken); /* takes |taken|, also when it fails */
const char *conf_prefixes_add(struct prefix_list *list, const struct prefix *prefix);

/* --- scan (conf_scan.c) ------------------------------------------------------------------------------------------ */

struct conf_section {
	enum conf_where where;
	unsigned line;
	char *title;
	unsigned lines[CONF_KEYS_MAX]; /* where each key stands; 0: nowhere */
};

struct conf_scan {
	char *text;      /* what libConfuse may see: no comments, titles or refused statements; the same lines */
	bool understood; /* down to the end; if not, libConfuse must find an error */
	struct conf_section gate;
	struct conf_section *sections; /* in the order in which libConfuse will meet them */
	size_t sections_count;
};

/* conf_scan returns false where the text cannot be given to libConfuse; problems are added either way. */
MUST_CHECK bool conf_scan(struct conf_scan *scan, const char *text, struct conf_problems *problems);
void conf_scan_cleanup(struct conf_scan *scan);
/* conf_line_of: where key |name| stands in |section|; 0: nowhere. */
unsigned conf_line_of(const struct conf_section *section, const char *name);

/* --- cross checks (conf_checks.c) -------------------------------------------------------------------------------- */

void conf_check_gate(const struct conf *conf, const struct conf_section *gate, struct conf_problems *problems);
void conf_check_client(const struct conf_section *section, struct conf_problems *problems);
void conf_check_rule(const struct conf_rule *rule, const struct conf_section *section, struct conf_problems *problems);
void conf_check_duplicates(const struct conf *conf, struct conf_problems *problems);

#endif

/* scenario_verdict.h - a verdict from a scenario's words: "level=verify mx=mx.b.example@192.0.2.1 enforce=no". */
#ifndef GATE25_TESTS_SCENARIO_VERDICT_H
#define GATE25_TESTS_SCENARIO_VERDICT_H

#include "session_harness.h"

/* --- verdicts by words ---------------------------------------------------------------------------------------------
 */

static inline bool value_of(const char *text, const char *key, char out[600])
{
	size_t len = strlen(key);

	for (const char *at = text; (at = strstr(at, key)) != NULL; at += len) {
		if ((at != text && at[-1] != ' ') || at[len] != '=')
			continue;
		(void)snprintf(out, 600, "%.*s", (int)strcspn(at + len + 1, " "), at + len + 1);
		return true;
	}
	out[0] = '\0';
	return false;
}

static inline void add_names(struct verdict *v, char *list)
{
	char *save = NULL;

	for (char *word = strtok_r(list, ",", &save); word != NULL; word = strtok_r(NULL, ",", &save)) {
		v->names = realloc(v->names, (v->names_count + 1) * sizeof(*v->names));
		MUST_HOLD(v->names != NULL);
		v->names[v->names_count].subdomains = word[0] == '.';
		(void)snprintf(v->names[v->names_count].name, VERDICT_NAME_MAX, "%s", word + (word[0] == '.'));
		v->names_count++;
	}
}

static inline void add_mx(struct verdict *v, char *list)
{
	char *save = NULL;

	for (char *word = strtok_r(list, ",", &save); word != NULL; word = strtok_r(NULL, ",", &save)) {
		struct verdict_mx *mx;
		char *at = strchr(word, '@');
		MUST_HOLD(at != NULL);
		*at = '\0';
		v->mx = realloc(v->mx, (v->mx_count + 1) * sizeof(*v->mx));
		MUST_HOLD(v->mx != NULL);
		mx = memset(&v->mx[v->mx_count++], 0, sizeof(*mx));
		(void)snprintf(mx->name, sizeof(mx->name), "%s", word);
		mx->addrs_failed = strcmp(at + 1, "failed") == 0;
		if (mx->addrs_failed)
			continue;
		mx->addrs = calloc(1, sizeof(*mx->addrs));
		MUST_HOLD(mx->addrs != NULL && addr_parse(mx->addrs, at + 1));
		mx->addrs_count = 1;
	}
}

static inline struct verdict *verdict_from(const char *domain, const char *text, bool gate_enforces)
{
	struct verdict *v = verdict_new();
	char value[600];

	MUST_HOLD(v != NULL);
	(void)snprintf(v->domain, sizeof(v->domain), "%s", domain);
	v->status = value_of(text, "status", value) && strcmp(value, "failed") == 0 ? VERDICT_FAILED : VERDICT_OK;
	v->source = VERDICT_SOURCE_DOMAIN;
	if (value_of(text, "source", value))
		v->source = strcmp(value, "default") == 0       ? VERDICT_SOURCE_DEFAULT
			    : strcmp(value, "destination") == 0 ? VERDICT_SOURCE_DESTINATION
			    : strcmp(value, "none") == 0        ? VERDICT_SOURCE_NONE
								: VERDICT_SOURCE_DOMAIN;
	if (value_of(text, "level", value) && strcmp(value, "unset") != 0)
		MUST_HOLD(level_parse(&v->level, value));
	v->enforce = gate_enforces;
	if (value_of(text, "enforce", value))
		v->enforce = strcmp(value, "no") != 0;
	v->auth = value_of(text, "auth", value) && strcmp(value, "yes") == 0;
	v->min_protocol = value_of(text, "min", value) && strcmp(value, "1.3") == 0 ? CONF_TLS13 : CONF_TLS12;
	(void)value_of(text, "servername", value);
	(void)snprintf(v->servername, sizeof(v->servername), "%.200s", value);
	if (value_of(text, "reason", value))
		(void)snprintf(v->reason, sizeof(v->reason), "%.200s", value);
	v->match_mx = v->level == LEVEL_VERIFY;
	v->mx_lookup = VERDICT_LOOKUP_FOUND;
	if (value_of(text, "lookup", value))
		v->mx_lookup = strcmp(value, "absent") == 0 ? VERDICT_LOOKUP_ABSENT : VERDICT_LOOKUP_FAILED;
	if (value_of(text, "names", value))
		add_names(v, value);
	if (value_of(text, "mx", value))
		add_mx(v, value);
	return v;
}

#endif

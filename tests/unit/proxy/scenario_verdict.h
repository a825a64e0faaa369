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

/* What the TLSA searches for the MX hosts came to, in their order: none, failed, unusable, or the words of usable
 * records with the base domain where that is not the host's name: key1+key2/base.example. */
static inline void add_dane(struct verdict *v, char *list)
{
	char *save = NULL;
	size_t i = 0;

	for (char *word = strtok_r(list, ",", &save); word != NULL; word = strtok_r(NULL, ",", &save), i++) {
		struct verdict_mx *mx = &v->mx[i];
		char *base = strchr(word, '/');
		char *rest = NULL;
		MUST_HOLD(i < v->mx_count);
		mx->dane = strcmp(word, "none") == 0       ? VERDICT_DANE_NONE
			   : strcmp(word, "failed") == 0   ? VERDICT_DANE_FAILED
			   : strcmp(word, "unusable") == 0 ? VERDICT_DANE_UNUSABLE
							   : VERDICT_DANE_USABLE;
		if (mx->dane != VERDICT_DANE_USABLE)
			continue;
		if (base != NULL)
			*base++ = '\0';
		(void)snprintf(mx->tlsa_base, sizeof(mx->tlsa_base), "%.200s", base != NULL ? base : mx->name);
		mx->tlsa = calloc(8, sizeof(*mx->tlsa));
		MUST_HOLD(mx->tlsa != NULL);
		for (char *key = strtok_r(word, "+", &rest); key != NULL; key = strtok_r(NULL, "+", &rest)) {
			MUST_HOLD(mx->tlsa_count < 8);
			struct tlsa *record = &mx->tlsa[mx->tlsa_count++];
			*record = (struct tlsa){ 3, 1, 1, (uint16_t)strlen(key), (uint8_t *)strdup(key) };
			MUST_HOLD(record->data != NULL);
		}
	}
}

/* What is published: by/status of sts or list, and the patterns it allows: sts/enforce/mx.b.example,*.c.example. */
static inline void add_published(struct verdict *v, char *words)
{
	struct verdict_policy *policy = &v->published;
	char *save = NULL;
	const char *by = strtok_r(words, "/", &save);
	const char *status = strtok_r(NULL, "/", &save);

	MUST_HOLD(by != NULL && status != NULL);
	policy->by = strcmp(by, "sts") == 0 ? VERDICT_BY_STS : VERDICT_BY_LIST;
	for (unsigned i = 0; i < VERDICT_PUBLISHED_COUNT; i++)
		if (strcmp(status, verdict_published_name((enum verdict_published)i)) == 0)
			policy->status = (enum verdict_published)i;
	for (char *word; (word = strtok_r(NULL, "/,", &save)) != NULL;) {
		policy->patterns = realloc(policy->patterns, (policy->patterns_count + 1) * sizeof(*policy->patterns));
		MUST_HOLD(policy->patterns != NULL);
		struct verdict_pattern *pattern =
			memset(&policy->patterns[policy->patterns_count++], 0, sizeof(*pattern));
		pattern->wildcard = strncmp(word, "*.", 2) == 0;
		(void)snprintf(pattern->name, sizeof(pattern->name), "%.200s", word + (pattern->wildcard ? 2 : 0));
	}
}

static inline enum result_word word_of(const char *name)
{
	for (unsigned i = 0; i < RESULT_COUNT; i++)
		if (strcmp(name, result_word_name((enum result_word)i)) == 0)
			return (enum result_word)i;
	return RESULT_NONE;
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
	if (value_of(text, "floor", value))
		MUST_HOLD(level_parse(&v->floor, value));
	v->match_mx = v->level == LEVEL_VERIFY || v->floor == LEVEL_VERIFY;
	v->mx_secure = !value_of(text, "secure", value) || strcmp(value, "no") != 0;
	v->strict_mx = value_of(text, "strict", value) && strcmp(value, "yes") == 0;
	(void)snprintf(v->nexthop, sizeof(v->nexthop), "%s", domain);
	if (value_of(text, "result", value))
		v->result = word_of(value);
	v->mx_lookup = VERDICT_LOOKUP_FOUND;
	v->published.status = VERDICT_PUBLISHED_NONE;
	if (value_of(text, "lookup", value))
		v->mx_lookup = strcmp(value, "absent") == 0 ? VERDICT_LOOKUP_ABSENT : VERDICT_LOOKUP_FAILED;
	if (value_of(text, "names", value))
		add_names(v, value);
	if (value_of(text, "mx", value))
		add_mx(v, value);
	if (value_of(text, "dane", value))
		add_dane(v, value);
	else if (v->level == LEVEL_DANE)
		for (size_t i = 0; i < v->mx_count; i++)
			v->mx[i].dane = VERDICT_DANE_NONE;
	if (value_of(text, "published", value))
		add_published(v, value);
	if (value_of(text, "trouble", value)) {
		v->published.result = word_of(value);
		(void)snprintf(v->published.reason, sizeof(v->published.reason), "the policy host is down");
	}
	return v;
}

#endif

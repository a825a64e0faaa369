/* sts_policy.c - the text of a policy, by the grammar of RFC 8461 s. 3.2: lines in any order, each of them well-formed,
 * what is required there. Of a key that may stand once the first counts, and unknown keys do not. See sts_policy.h. */
#include "policy/sts/sts_policy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/sts/sts_chars.h"

struct reader {
	struct sts_policy policy;
	size_t patterns_room;
	bool has_version;
	bool has_max_age;
	struct sts_span rest;
	unsigned line; /* 0: of the whole */
	char *err;
	size_t err_len;
};

static bool wrong(struct reader *r, const char *format, ...) PRINTF_LIKE(2, 3);

static bool wrong(struct reader *r, const char *format, ...)
{
	char clause[STS_REASON_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(clause, sizeof(clause), format, args);
	va_end(args);
	if (r->line > 0)
		(void)snprintf(r->err, r->err_len, "line %u: %s", r->line, clause);
	else
		(void)snprintf(r->err, r->err_len, "%s", clause);
	return false;
}

/* --- the values --------------------------------------------------------------------------------------------------- */

static bool take_version(struct reader *r, struct sts_span value)
{
	char quoted[STS_QUOTE_MAX];

	if (r->has_version)
		return true;
	r->has_version = true;
	return sts_span_is(value, "STSv1") || wrong(r, "version \"%s\" is not STSv1", sts_quote(quoted, value));
}

static bool take_mode(struct reader *r, struct sts_span value)
{
	static const enum sts_mode modes[] = { STS_MODE_ENFORCE, STS_MODE_TESTING, STS_MODE_NONE };
	char quoted[STS_QUOTE_MAX];

	if (r->policy.mode != STS_MODE_UNSET)
		return true;
	for (size_t i = 0; i < COUNT(modes); i++) {
		if (sts_span_is(value, sts_mode_name(modes[i]))) {
			r->policy.mode = modes[i];
			return true;
		}
	}
	return wrong(r, "mode \"%s\" is none of enforce, testing and none", sts_quote(quoted, value));
}

static bool take_max_age(struct reader *r, struct sts_span value)
{
	char quoted[STS_QUOTE_MAX];
	uint64_t seconds = 0;

	if (r->has_max_age)
		return true;
	for (size_t i = 0; i < value.len; i++) {
		if (!sts_is_digit(value.at[i]) || value.len > 10)
			return wrong(r, "max_age \"%s\" is not a number of at most 10 digits",
				     sts_quote(quoted, value));
		seconds = seconds * 10 + (uint64_t)(value.at[i] - '0');
	}
	r->has_max_age = true;
	r->policy.max_age_s = seconds < STS_MAX_AGE_S ? (uint32_t)seconds : STS_MAX_AGE_S;
	return true;
}

static struct verdict_pattern *add_pattern(struct reader *r)
{
	if (r->policy.patterns_count == r->patterns_room) {
		size_t room = r->patterns_room > 0 ? r->patterns_room * 2 : 4;
		struct verdict_pattern *grown = realloc(r->policy.patterns, room * sizeof(*grown));
		if (grown == NULL)
			return NULL;
		r->policy.patterns = grown;
		r->patterns_room = room;
	}
	return memset(&r->policy.patterns[r->policy.patterns_count++], 0, sizeof(struct verdict_pattern));
}

static bool take_mx(struct reader *r, struct sts_span value)
{
	bool wildcard = value.len >= 2 && memcmp(value.at, "*.", 2) == 0;
	struct sts_span name = value;
	struct verdict_pattern *pattern;
	char quoted[STS_QUOTE_MAX];
	const char *defect;

	if (wildcard) {
		name.at += 2;
		name.len -= 2;
	}
	defect = sts_host_defect(name);
	if (defect != NULL)
		return wrong(r, "mx \"%s\" %s", sts_quote(quoted, value), defect);
	if (r->policy.patterns_count == VERDICT_PATTERNS_MAX)
		return wrong(r, "more than %d times mx", VERDICT_PATTERNS_MAX);
	pattern = add_pattern(r);
	if (pattern == NULL)
		return wrong(r, "out of memory");
	pattern->wildcard = wildcard;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.at[i];
		pattern->name[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
	}
	return true;
}

/* Unknown values: sts-policy-ext-value, in which spaces may be, but no tabs. */
static bool check_unknown(struct reader *r, struct sts_span key, struct sts_span value)
{
	char quoted[STS_QUOTE_MAX];

	if (memchr(value.at, '\t', value.len) != NULL)
		return wrong(r, "key \"%s\" has a tab in its value", sts_quote(quoted, key));
	return true;
}

/* --- lines -------------------------------------------------------------------------------------------------------- */

static bool check_octets(struct reader *r, struct sts_span line)
{
	size_t len;

	for (size_t i = 0; i < line.len; i += len) {
		unsigned char c = (unsigned char)line.at[i];
		len = 1;
		if (c == '\r')
			return wrong(r, "a CR that no LF follows");
		if (c == '\0')
			return wrong(r, "a NUL octet");
		if (sts_is_control(line.at[i]) && c != '\t')
			return wrong(r, "the control character 0x%02x", c);
		if (c >= 0x80)
			len = sts_utf8_len(line.at + i, line.len - i);
		if (len == 0)
			return wrong(r, "the octet 0x%02x, which is not UTF-8", c);
	}
	return true;
}

static bool check_key(struct reader *r, struct sts_span key)
{
	char quoted[STS_QUOTE_MAX];

	if (key.len == 0)
		return wrong(r, "no key before the colon");
	if (sts_is_wsp(key.at[0]))
		return wrong(r, "white space before the key");
	if (sts_is_wsp(key.at[key.len - 1]))
		return wrong(r, "white space before the colon");
	if (!sts_is_name(key))
		return wrong(r, "\"%s\" cannot be a key", sts_quote(quoted, key));
	return true;
}

static bool take_pair(struct reader *r, struct sts_span key, struct sts_span value)
{
	char quoted[STS_QUOTE_MAX];

	if (value.len == 0)
		return wrong(r, "key \"%s\" has no value", sts_quote(quoted, key));
	if (sts_span_is(key, "version"))
		return take_version(r, value);
	if (sts_span_is(key, "mode"))
		return take_mode(r, value);
	if (sts_span_is(key, "max_age"))
		return take_max_age(r, value);
	if (sts_span_is(key, "mx"))
		return take_mx(r, value);
	return check_unknown(r, key, value);
}

static bool take_line(struct reader *r, struct sts_span line)
{
	const char *colon = line.len > 0 ? memchr(line.at, ':', line.len) : NULL;
	struct sts_span key = line;
	struct sts_span value;

	if (line.len == 0)
		return wrong(r, "it is empty");
	if (r->line == 1 && line.len >= 3 && memcmp(line.at, "\xef\xbb\xbf", 3) == 0)
		return wrong(r, "a byte order mark");
	if (!check_octets(r, line))
		return false;
	if (colon == NULL)
		return wrong(r, "no colon, which parts key from value");
	key.len = (size_t)(colon - line.at);
	value = (struct sts_span){ .at = colon + 1, .len = line.len - key.len - 1 };
	while (value.len > 0 && sts_is_wsp(value.at[0])) {
		value.at++;
		value.len--;
	}
	while (value.len > 0 && sts_is_wsp(value.at[value.len - 1]))
		value.len--;
	return check_key(r, key) && take_pair(r, key, value);
}

/* next_line takes a line without its LF or CRLF, which may be missing at the end. */
static struct sts_span next_line(struct reader *r)
{
	const char *end = memchr(r->rest.at, '\n', r->rest.len);
	struct sts_span line = r->rest;

	r->line++;
	if (end == NULL) {
		r->rest.len = 0;
		return line;
	}
	line.len = (size_t)(end - line.at);
	r->rest.at = end + 1;
	r->rest.len -= line.len + 1;
	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	return line;
}

static bool check_whole(struct reader *r)
{
	r->line = 0;
	if (!r->has_version)
		return wrong(r, "it has no \"version\"");
	if (r->policy.mode == STS_MODE_UNSET)
		return wrong(r, "it has no \"mode\"");
	if (!r->has_max_age)
		return wrong(r, "it has no \"max_age\"");
	if (r->policy.mode != STS_MODE_NONE && r->policy.patterns_count == 0)
		return wrong(r, "it has no \"mx\", with mode %s", sts_mode_name(r->policy.mode));
	return true;
}

static bool parse(struct reader *r)
{
	if (r->rest.len == 0)
		return wrong(r, "it is empty");
	if (r->rest.len > STS_TEXT_MAX)
		return wrong(r, "it is longer than %d octets", STS_TEXT_MAX);
	while (r->rest.len > 0) {
		if (!take_line(r, next_line(r)))
			return false;
	}
	return check_whole(r);
}

bool sts_policy_parse(struct sts_policy *out, const char *text, size_t len, char *err, size_t err_len)
{
	struct reader r = { .rest = { .at = text, .len = len }, .err = err, .err_len = err_len };
	bool ok = parse(&r);

	if (!ok)
		sts_policy_cleanup(&r.policy);
	*out = r.policy;
	return ok;
}

void sts_policy_cleanup(struct sts_policy *policy)
{
	free(policy->patterns);
	*policy = (struct sts_policy){ 0 };
}

const char *sts_mode_name(enum sts_mode mode)
{
	switch (mode) {
	case STS_MODE_NONE: return "none";
	case STS_MODE_TESTING: return "testing";
	case STS_MODE_ENFORCE: return "enforce";
	case STS_MODE_UNSET: break;
	}
	return "unset";
}

/* sts_record.c - the TXT record _mta-sts.DOMAIN (RFC 8461 s. 3.1). See sts_policy.h. */
#include "policy/sts/sts_policy.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "policy/sts/sts_chars.h"

#define VERSION     "v=STSv1"
#define VERSION_LEN (sizeof(VERSION) - 1)

static bool wrong(char *err, size_t err_len, const char *format, ...) PRINTF_LIKE(3, 4);

static bool wrong(char *err, size_t err_len, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(err, err_len, format, args);
	va_end(args);
	return false;
}

static bool has_version(const struct dns_txt *text)
{
	return text->len >= VERSION_LEN && memcmp(text->bytes, VERSION, VERSION_LEN) == 0;
}

/* A record whose version is followed by anything but a delimiter, of which white space is a part, is discarded. */
static bool is_candidate(const struct dns_txt *text)
{
	size_t i = VERSION_LEN;

	if (!has_version(text))
		return false;
	while (i < text->len && sts_is_wsp(text->bytes[i]))
		i++;
	return i < text->len && text->bytes[i] == ';';
}

/* Likewise, but meant to be one: what is worth telling when there is no other. */
static bool lacks_semicolon(const struct dns_txt *text)
{
	return has_version(text) && (text->len == VERSION_LEN || sts_is_wsp(text->bytes[VERSION_LEN]));
}

/* next_field takes the field up to the next ";" or the end of |rest|. The white space around ";" is the delimiter's. */
static struct sts_span next_field(struct sts_span *rest, bool *out_last)
{
	struct sts_span field = *rest;
	const char *end = rest->len > 0 ? memchr(rest->at, ';', rest->len) : NULL;

	*out_last = end == NULL;
	if (end != NULL) {
		field.len = (size_t)(end - rest->at);
		rest->at = end + 1;
		rest->len -= field.len + 1;
		while (field.len > 0 && sts_is_wsp(field.at[field.len - 1]))
			field.len--;
	}
	while (field.len > 0 && sts_is_wsp(field.at[0])) {
		field.at++;
		field.len--;
	}
	return field;
}

static bool take_id(char out_id[VERDICT_POLICY_ID_MAX], struct sts_span value, char *err, size_t err_len)
{
	char quoted[STS_QUOTE_MAX];

	if (value.len >= VERDICT_POLICY_ID_MAX)
		return wrong(err, err_len, "id \"%s\" has more than 32 characters", sts_quote(quoted, value));
	for (size_t i = 0; i < value.len; i++) {
		if (!sts_is_alnum(value.at[i]))
			return wrong(err, err_len, "id \"%s\" has characters other than letters and digits",
				     sts_quote(quoted, value));
	}
	memcpy(out_id, value.at, value.len);
	out_id[value.len] = '\0';
	return true;
}

/* check_value: sts-ext-value, of which an id's value is a part. */
static bool check_value(struct sts_span name, struct sts_span value, char *err, size_t err_len)
{
	char quoted[STS_QUOTE_MAX];

	if (value.len == 0)
		return wrong(err, err_len, "field \"%s\" has no value", sts_quote(quoted, name));
	for (size_t i = 0; i < value.len; i++) {
		if (sts_is_wsp(value.at[i]))
			return wrong(err, err_len, "field \"%s\" has white space in or after its value, and no \";\"",
				     sts_quote(quoted, name));
		if (!is_printable(value.at[i]) || value.at[i] == '=')
			return wrong(err, err_len, "field \"%s\" has the octet 0x%02x in its value",
				     sts_quote(quoted, name), (unsigned char)value.at[i]);
	}
	return true;
}

static bool take_field(char out_id[VERDICT_POLICY_ID_MAX], bool *has_id, struct sts_span field, char *err,
		       size_t err_len)
{
	const char *equals = field.len > 0 ? memchr(field.at, '=', field.len) : NULL;
	char quoted[STS_QUOTE_MAX];
	struct sts_span name = field;
	struct sts_span value;

	if (field.len == 0)
		return wrong(err, err_len, "a field is empty");
	if (equals == NULL)
		return wrong(err, err_len, "field \"%s\" has no \"=\"", sts_quote(quoted, field));
	name.len = (size_t)(equals - field.at);
	value = (struct sts_span){ .at = equals + 1, .len = field.len - name.len - 1 };
	if (!sts_is_name(name))
		return wrong(err, err_len, "field \"%s\" has a name that is none", sts_quote(quoted, field));
	if (!check_value(name, value, err, err_len))
		return false;
	if (*has_id || !sts_span_is(name, "id"))
		return true; /* further ones of a kind and unknown ones are ignored */
	*has_id = true;
	return take_id(out_id, value, err, err_len);
}

static bool parse(char out_id[VERDICT_POLICY_ID_MAX], const struct dns_txt *text, char *err, size_t err_len)
{
	struct sts_span rest = { .at = text->bytes, .len = text->len };
	bool has_id = false;
	bool last = false;

	(void)next_field(&rest, &last); /* the version */
	while (!last) {
		struct sts_span field = next_field(&rest, &last);
		if (last && field.len == 0)
			break; /* a ";" at the end */
		if (!take_field(out_id, &has_id, field, err, err_len))
			return false;
	}
	return has_id || wrong(err, err_len, "it has no \"id\"");
}

enum sts_record sts_record_choose(char out_id[VERDICT_POLICY_ID_MAX], const struct dns_txt *texts, size_t count,
				  char *err, size_t err_len)
{
	const struct dns_txt *chosen = NULL;
	size_t candidates = 0;
	bool broken = false;

	out_id[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		if (is_candidate(&texts[i])) {
			chosen = &texts[i];
			candidates++;
		}
		broken = broken || lacks_semicolon(&texts[i]);
	}
	if (candidates == 1) {
		if (parse(out_id, chosen, err, err_len))
			return STS_RECORD_VALID;
		out_id[0] = '\0';
		return STS_RECORD_INVALID;
	}
	if (candidates > 1)
		(void)wrong(err, err_len, "%zu records begin with \"v=STSv1;\", and there must be one", candidates);
	else if (broken)
		(void)wrong(err, err_len, "no \";\" follows \"v=STSv1\"");
	else
		return STS_RECORD_NONE;
	return STS_RECORD_INVALID;
}

/* tlsrpt_record.c - see tlsrpt_record.h. */
#include "policy/tlsrpt/tlsrpt_record.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define VERSION      "v=TLSRPTv1"
#define VERSION_LEN  (sizeof(VERSION) - 1)
#define EXT_NAME_MAX 32

/* A part of a record. */
struct span {
	const char *at;
	size_t len;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static struct span trimmed(struct span text)
{
	while (text.len > 0 && is_blank(text.at[0])) {
		text.at++;
		text.len--;
	}
	while (text.len > 0 && is_blank(text.at[text.len - 1]))
		text.len--;
	return text;
}

/* take_until cuts what is before the next |end| off |rest|, |end| with it. */
static struct span take_until(struct span *rest, char end)
{
	const char *found = memchr(rest->at, end, rest->len);
	struct span part = { rest->at, found != NULL ? (size_t)(found - rest->at) : rest->len };
	size_t used = found != NULL ? part.len + 1 : part.len;

	rest->at += used;
	rest->len -= used;
	return part;
}

/* Records that do not begin so are somebody else's (s. 3). */
static bool is_ours(const struct dns_txt *text)
{
	size_t at = VERSION_LEN;

	if (text->len < VERSION_LEN || memcmp(text->bytes, VERSION, VERSION_LEN) != 0)
		return false;
	while (at < text->len && is_blank(text->bytes[at]))
		at++;
	return at < text->len && text->bytes[at] == ';';
}

/* RFC 3986's characters, without those that s. 3 wants encoded. */
static bool is_uri_char(char c)
{
	return is_alpha(c) || is_digit(c) || (c != '\0' && strchr("-._~:/?#[]@$&'()*+=", c) != NULL);
}

static bool has_scheme(struct span uri, const char *scheme)
{
	size_t len = strlen(scheme);

	return uri.len > len && uri.at[len] == ':' && strncasecmp(uri.at, scheme, len) == 0;
}

static bool is_uri(struct span uri)
{
	size_t scheme = 0;

	if (uri.len == 0 || !is_alpha(uri.at[0]))
		return false;
	while (scheme < uri.len && (is_alpha(uri.at[scheme]) || is_digit(uri.at[scheme]) ||
				    (uri.at[scheme] != '\0' && strchr("+-.", uri.at[scheme]) != NULL)))
		scheme++;
	if (scheme + 1 >= uri.len || uri.at[scheme] != ':')
		return false;
	for (size_t i = scheme + 1; i < uri.len; i++) {
		if (uri.at[i] == '%') {
			if (i + 2 >= uri.len || !is_hex(uri.at[i + 1]) || !is_hex(uri.at[i + 2]))
				return false;
			i += 2;
		} else if (!is_uri_char(uri.at[i])) {
			return false;
		}
	}
	return true;
}

/* Other schemes than the two of s. 3 are for others to use. */
static bool read_rua(struct span value, bool *out_usable)
{
	struct span rest = value;

	do {
		struct span uri = trimmed(take_until(&rest, ','));
		if (!is_uri(uri))
			return false;
		*out_usable |= has_scheme(uri, "mailto") || has_scheme(uri, "https");
	} while (rest.len > 0);
	return value.len > 0 && value.at[value.len - 1] != ',';
}

static bool is_extension(struct span field)
{
	const char *equals = memchr(field.at, '=', field.len);
	size_t name = equals != NULL ? (size_t)(equals - field.at) : 0;

	if (name == 0 || name > EXT_NAME_MAX || name + 1 == field.len ||
	    (!is_alpha(field.at[0]) && !is_digit(field.at[0])))
		return false;
	for (size_t i = 1; i < name; i++) {
		char c = field.at[i];
		if (!is_alpha(c) && !is_digit(c) && c != '_' && c != '-' && c != '.')
			return false;
	}
	for (size_t i = name + 1; i < field.len; i++) {
		if (field.at[i] < 0x21 || field.at[i] > 0x7e || field.at[i] == '=')
			return false;
	}
	return true;
}

/* read_fields goes through what follows the version. NULL: sound; else what is wrong. */
static const char *read_fields(struct span rest)
{
	bool rua = false;
	bool usable = false;

	while (rest.len > 0) {
		struct span field = trimmed(take_until(&rest, ';'));
		if (field.len == 0 && trimmed(rest).len == 0)
			break; /* the last delimiter */
		if (field.len >= 4 && memcmp(field.at, "rua=", 4) == 0) {
			rua = true;
			if (!read_rua((struct span){ field.at + 4, field.len - 4 }, &usable))
				return "its rua is no list of URIs";
		} else if (!is_extension(field)) {
			return "a field of it is no name=value";
		}
	}
	if (!rua)
		return "it has no rua";
	return usable ? NULL : "its rua has neither a mailto nor an https URI";
}

enum tlsrpt_record tlsrpt_record_choose(char out[TLSRPT_RECORD_MAX], const struct dns_txt *texts, size_t count,
					char *err, size_t err_len)
{
	const struct dns_txt *chosen = NULL;
	const char *wrong;
	struct span rest;

	out[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		if (!is_ours(&texts[i]))
			continue;
		if (chosen != NULL) {
			(void)snprintf(err, err_len, "there is more than one TLSRPT record");
			return TLSRPT_RECORD_INVALID;
		}
		chosen = &texts[i];
	}
	if (chosen == NULL)
		return TLSRPT_RECORD_NONE;
	rest = (struct span){ chosen->bytes, chosen->len };
	(void)take_until(&rest, ';');
	wrong = chosen->len < TLSRPT_RECORD_MAX ? read_fields(rest) : "it is too long";
	if (wrong != NULL) {
		(void)snprintf(err, err_len, "the TLSRPT record is not valid: %s", wrong);
		return TLSRPT_RECORD_INVALID;
	}
	memcpy(out, chosen->bytes, chosen->len);
	out[chosen->len] = '\0';
	return TLSRPT_RECORD_VALID;
}

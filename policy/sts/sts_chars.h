/* sts_chars.h - the characters of RFC 8461's grammars, and strangers' text fit for a reason. For sts_*.c only. */
#ifndef GATE25_POLICY_STS_STS_CHARS_H
#define GATE25_POLICY_STS_STS_CHARS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "proxy/base/printable.h"

static inline bool sts_is_wsp(char c)
{
	return c == ' ' || c == '\t';
}

static inline bool sts_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool sts_is_alnum(char c)
{
	return sts_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool sts_is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

/* A run of octets inside a longer text. */
struct sts_span {
	const char *at;
	size_t len;
};

static inline bool sts_span_is(struct sts_span span, const char *word)
{
	return span.len == strlen(word) && memcmp(span.at, word, span.len) == 0;
}

/* sts_is_name: whether |name| may be the name of a field: a letter or digit, then at most 31 of these and "_", "-", "."
 * (sts-ext-name, sts-policy-ext-name). */
static inline bool sts_is_name(struct sts_span name)
{
	if (name.len < 1 || name.len > 32 || !sts_is_alnum(name.at[0]))
		return false;
	for (size_t i = 1; i < name.len; i++) {
		if (!sts_is_alnum(name.at[i]) && strchr("_-.", name.at[i]) == NULL)
			return false;
	}
	return memchr(name.at, '\0', name.len) == NULL;
}

/* sts_host_defect: what is wrong with |name| as a Domain (RFC 5321 s. 4.1.2), the end of a sentence that began with it;
 * NULL: nothing. */
const char *sts_host_defect(struct sts_span name);

/* sts_utf8_len: octets of the character at |text|, which is of more than one (RFC 3629 s. 4), with |left| there; 0: it
 * is none. C1 controls are characters here, as the grammar has them. */
size_t sts_utf8_len(const char *text, size_t left);

#define STS_QUOTE_MAX 48

/* sts_quote writes |span| for a reason: printable, and cut where it is long. Returns |out|. */
static inline const char *sts_quote(char out[STS_QUOTE_MAX], struct sts_span span)
{
	size_t len = span.len < STS_QUOTE_MAX - 4 ? span.len : STS_QUOTE_MAX - 4;

	for (size_t i = 0; i < len; i++)
		out[i] = printable(span.at[i]);
	memcpy(out + len, len < span.len ? "..." : "", len < span.len ? 4 : 1);
	return out;
}

#endif

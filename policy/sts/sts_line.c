/* sts_line.c - a remembered policy as a line of the store. See sts_kept.h. */
#include "policy/sts/sts_kept.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/sts/sts_chars.h"

#define WORD     "sts1 "
#define WORD_LEN (sizeof(WORD) - 1)
#define SUM_LEN  16
#define TIME_MAX ((uint64_t)1 << 40) /* later than any clock; so that sums of times do not overflow */

/* FNV-1a, against damage, not against malice: whoever can write to the folder can do as he likes. */
static uint64_t checksum(const char *bytes, size_t len)
{
	uint64_t sum = 14695981039346656037u;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ (unsigned char)bytes[i]) * 1099511628211u;
	return sum;
}

static bool is_domain(const char *domain, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!sts_is_alnum(domain[i]) && strchr("-_.", domain[i]) == NULL)
			return false;
	}
	return len > 0 && len < VERDICT_NAME_MAX && memchr(domain, '\0', len) == NULL;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

/* What stands for an octet of the text that a line cannot have; 0: itself. */
static char escape_of(char c)
{
	switch (c) {
	case '\n': return 'n';
	case '\r': return 'r';
	case '\\': return '\\';
	default: return 0;
	}
}

static size_t escaped_len(const char *text, size_t len)
{
	size_t extra = 0;

	for (size_t i = 0; i < len; i++)
		extra += escape_of(text[i]) != 0;
	return len + extra;
}

static char *put_escaped(char *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char escape = escape_of(text[i]);
		if (escape != 0)
			*out++ = '\\';
		*out++ = escape != 0 ? escape : text[i];
	}
	return out;
}

size_t sts_line_put(char *out, size_t room, const char *domain, const struct sts_kept *kept)
{
	char fields[VERDICT_NAME_MAX + VERDICT_POLICY_ID_MAX + 3 * 20 + 8];
	size_t fields_len;
	size_t len;
	char *at;

	if (!is_domain(domain, strlen(domain)))
		return 0;
	fields_len = (size_t)snprintf(fields, sizeof(fields), " %s %s %" PRIu64 " %" PRIu64 " %" PRIu64 " ", domain,
				      kept->id, kept->fetched_s, kept->seen_s, kept->used_s);
	len = 1 + WORD_LEN + SUM_LEN + fields_len + escaped_len(kept->text, kept->text_len) + 1;
	if (out == NULL || len > room)
		return len <= room ? len : 0;
	at = out + 1 + WORD_LEN + SUM_LEN;
	memcpy(at, fields, fields_len);
	at = put_escaped(at + fields_len, kept->text, kept->text_len);
	*at++ = '\n';
	/* the sum is written last, with a NUL that the first blank after it takes the place of again */
	(void)snprintf(out, 1 + WORD_LEN + SUM_LEN + 1, "\n" WORD "%016" PRIx64,
		       checksum(out + 1 + WORD_LEN + SUM_LEN, len - 2 - WORD_LEN - SUM_LEN));
	out[1 + WORD_LEN + SUM_LEN] = ' ';
	return (size_t)(at - out);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static bool get_sum(uint64_t *out, const char *digits)
{
	*out = 0;
	for (size_t i = 0; i < SUM_LEN; i++) {
		const char *all = "0123456789abcdef";
		const char *digit = digits[i] != '\0' ? strchr(all, digits[i]) : NULL;
		if (digit == NULL)
			return false;
		*out = *out << 4 | (uint64_t)(digit - all);
	}
	return true;
}

/* next_word takes what is before the next blank. */
static bool next_word(struct sts_span *out, struct sts_span *rest)
{
	const char *blank = rest->len > 0 ? memchr(rest->at, ' ', rest->len) : NULL;

	if (blank == NULL)
		return false;
	*out = (struct sts_span){ .at = rest->at, .len = (size_t)(blank - rest->at) };
	rest->at = blank + 1;
	rest->len -= out->len + 1;
	return true;
}

static bool next_time(uint64_t *out, struct sts_span *rest)
{
	struct sts_span word;

	*out = 0;
	if (!next_word(&word, rest) || word.len == 0 || word.len > 13)
		return false;
	for (size_t i = 0; i < word.len; i++) {
		if (!sts_is_digit(word.at[i]))
			return false;
		*out = *out * 10 + (uint64_t)(word.at[i] - '0');
	}
	return *out < TIME_MAX;
}

static bool next_domain(char out[VERDICT_NAME_MAX], struct sts_span *rest)
{
	struct sts_span word;

	if (!next_word(&word, rest) || !is_domain(word.at, word.len))
		return false;
	memcpy(out, word.at, word.len);
	out[word.len] = '\0';
	return true;
}

static bool next_id(char out[VERDICT_POLICY_ID_MAX], struct sts_span *rest)
{
	struct sts_span word;

	if (!next_word(&word, rest) || word.len == 0 || word.len >= VERDICT_POLICY_ID_MAX)
		return false;
	for (size_t i = 0; i < word.len; i++) {
		if (!sts_is_alnum(word.at[i]))
			return false;
	}
	memcpy(out, word.at, word.len);
	out[word.len] = '\0';
	return true;
}

/* unescape returns the text, which the caller owns; NULL: it is none, or out of memory. */
static char *unescape(struct sts_span escaped, size_t *out_len)
{
	char *text = malloc(escaped.len > 0 ? escaped.len : 1);
	size_t len = 0;

	for (size_t i = 0; text != NULL && i < escaped.len; i++) {
		char c = escaped.at[i];
		if (c == '\\') {
			c = ++i < escaped.len ? escaped.at[i] : '\0';
			c = (char)(c == 'n' ? '\n' : c == 'r' ? '\r' : c == '\\' ? '\\' : '\0');
			if (c == '\0') {
				free(text);
				return NULL;
			}
		}
		text[len++] = c;
	}
	*out_len = len;
	return text;
}

static bool get_policy(struct sts_kept *out, const char *id, struct sts_span escaped)
{
	char err[STS_REASON_MAX];
	size_t len;
	char *text = unescape(escaped, &len);
	bool ok = text != NULL && sts_kept_make(out, id, text, len, 0, err, sizeof(err));

	free(text);
	return ok;
}

bool sts_line_get(char out_domain[VERDICT_NAME_MAX], struct sts_kept *out, const char *line, size_t len)
{
	struct sts_span rest = { .at = line, .len = len };
	char id[VERDICT_POLICY_ID_MAX];
	struct sts_kept times;
	uint64_t sum;

	*out = (struct sts_kept){ 0 };
	if (len <= WORD_LEN + SUM_LEN + 1 || memcmp(line, WORD, WORD_LEN) != 0 || line[WORD_LEN + SUM_LEN] != ' ' ||
	    !get_sum(&sum, line + WORD_LEN))
		return false;
	rest.at += WORD_LEN + SUM_LEN;
	rest.len -= WORD_LEN + SUM_LEN;
	if (checksum(rest.at, rest.len) != sum)
		return false;
	rest.at++;
	rest.len--;
	if (!next_domain(out_domain, &rest) || !next_id(id, &rest) || !next_time(&times.fetched_s, &rest) ||
	    !next_time(&times.seen_s, &rest) || !next_time(&times.used_s, &rest) || !get_policy(out, id, rest))
		return false;
	out->fetched_s = times.fetched_s;
	out->seen_s = times.seen_s;
	out->used_s = times.used_s;
	return true;
}

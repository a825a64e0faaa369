/* smtp_param.c - see smtp_param.h. */
#include "proxy/smtp/smtp_param.h"

#include <string.h>
#include <strings.h>

#include "proxy/smtp/smtp_utf8.h"

static const char bad_param[] = "501 5.5.4 Bad parameter";
static const char unknown_param[] = "555 5.5.4 Unsupported parameter";

/* A value of a parameter; text NULL where there is no `=`. */
struct value {
	const char *text;
	size_t len;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(const struct value *v, const char *word)
{
	return v->text != NULL && v->len == strlen(word) && strncasecmp(v->text, word, v->len) == 0;
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'A' && c <= 'F');
}

/* xtext: RFC 3461 s. 4. */
static bool is_xtext(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '!' || text[i] > '~' || text[i] == '=')
			return false;
		if (text[i] != '+')
			continue;
		if (len - i < 3 || !is_hex(text[i + 1]) || !is_hex(text[i + 2]))
			return false;
		i += 2;
	}
	return len > 0;
}

static bool take_size(struct smtp_envelope *out, const struct value *v)
{
	if (v->text == NULL || v->len < 1 || v->len > 20)
		return false;
	out->size = 0;
	for (size_t i = 0; i < v->len; i++) {
		if (!is_digit(v->text[i]))
			return false;
		uint64_t digit = (uint64_t)(v->text[i] - '0');
		out->size = out->size > (UINT64_MAX - digit) / 10 ? UINT64_MAX : out->size * 10 + digit;
	}
	out->has_size = true;
	return true;
}

static bool take_body(struct smtp_envelope *out, const struct value *v)
{
	if (is_word(v, "BINARYMIME"))
		out->needs |= SMTP_KEYWORD_BINARYMIME;
	return is_word(v, "7BIT") || is_word(v, "8BITMIME") || is_word(v, "BINARYMIME");
}

static bool take_smtputf8(struct smtp_envelope *out, const struct value *v)
{
	out->smtputf8 = true;
	return v->text == NULL;
}

static bool take_requiretls(struct smtp_envelope *out, const struct value *v)
{
	out->requiretls = true;
	return v->text == NULL;
}

static bool take_ret(struct smtp_envelope *out, const struct value *v)
{
	(void)out;
	return is_word(v, "FULL") || is_word(v, "HDRS");
}

static bool take_xtext(struct smtp_envelope *out, const struct value *v)
{
	(void)out;
	return v->text != NULL && is_xtext(v->text, v->len);
}

/* take_notify: NEVER stands alone; of the others each may stand once. */
static bool take_notify(struct smtp_envelope *out, const struct value *v)
{
	static const char *const words[] = { "SUCCESS", "FAILURE", "DELAY" };
	unsigned seen = 0;

	(void)out;
	if (v->text == NULL || is_word(v, "NEVER"))
		return v->text != NULL;
	for (size_t at = 0; at <= v->len;) {
		const char *comma = memchr(v->text + at, ',', v->len - at);
		size_t end = comma != NULL ? (size_t)(comma - v->text) : v->len;
		struct value word = { v->text + at, end - at };
		unsigned bit = 0;
		for (size_t i = 0; i < COUNT(words); i++)
			bit |= is_word(&word, words[i]) ? 1U << i : 0;
		if (bit == 0 || (seen & bit) != 0)
			return false;
		seen |= bit;
		at = end + 1;
	}
	return true;
}

/* take_orcpt: `type;xtext`; with `utf-8;` the text may be UTF-8 (RFC 6533 s. 3; whether SMTPUTF8 is in force,
 * smtp_command.c has checked). */
static bool take_orcpt(struct smtp_envelope *out, const struct value *v)
{
	const char *semicolon = v->text != NULL ? memchr(v->text, ';', v->len) : NULL;
	size_t type_len = semicolon != NULL ? (size_t)(semicolon - v->text) : 0;
	struct value type = { v->text, type_len };
	size_t at = type_len + 1;

	(void)out;
	if (type_len == 0 || !is_xtext(v->text, type_len))
		return false;
	if (!is_word(&type, "utf-8"))
		return is_xtext(v->text + at, v->len - at);
	if (at == v->len)
		return false;
	while (at < v->len) {
		size_t octets = smtp_utf8_len(v->text + at, v->len - at);
		if (octets == 0 || (octets == 1 && (v->text[at] < '!' || v->text[at] > '~' || v->text[at] == '=')))
			return false;
		at += octets;
	}
	return true;
}

static const struct param {
	const char *name;
	enum smtp_verb verb;
	unsigned needs;
	bool (*take)(struct smtp_envelope *out, const struct value *value);
} params[] = {
	{ "SIZE", SMTP_VERB_MAIL, SMTP_KEYWORD_SIZE, take_size },
	{ "BODY", SMTP_VERB_MAIL, SMTP_KEYWORD_8BITMIME, take_body },
	{ "SMTPUTF8", SMTP_VERB_MAIL, SMTP_KEYWORD_SMTPUTF8, take_smtputf8 },
	{ "RET", SMTP_VERB_MAIL, SMTP_KEYWORD_DSN, take_ret },
	{ "ENVID", SMTP_VERB_MAIL, SMTP_KEYWORD_DSN, take_xtext },
	{ "AUTH", SMTP_VERB_MAIL, SMTP_KEYWORD_AUTH, take_xtext },
	{ "REQUIRETLS", SMTP_VERB_MAIL, SMTP_KEYWORD_REQUIRETLS, take_requiretls },
	{ "NOTIFY", SMTP_VERB_RCPT, SMTP_KEYWORD_DSN, take_notify },
	{ "ORCPT", SMTP_VERB_RCPT, SMTP_KEYWORD_DSN, take_orcpt },
};

static bool keyword_ok(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bool alnum =
			is_digit(text[i]) || (text[i] >= 'A' && text[i] <= 'Z') || (text[i] >= 'a' && text[i] <= 'z');
		if (!alnum && (text[i] != '-' || i == 0))
			return false;
	}
	return len > 0;
}

/* take_one reads one `keyword[=value]`; |seen| has a bit for each row of the table. */
static const char *take_one(struct smtp_envelope *out, enum smtp_verb verb, const char *text, size_t len,
			    unsigned *seen)
{
	const char *equals = memchr(text, '=', len);
	size_t keyword_len = equals != NULL ? (size_t)(equals - text) : len;
	struct value value = { 0 };

	if (equals != NULL)
		value = (struct value){ equals + 1, len - keyword_len - 1 };
	if (!keyword_ok(text, keyword_len))
		return bad_param;
	for (size_t i = 0; i < COUNT(params); i++) {
		if (strlen(params[i].name) != keyword_len || strncasecmp(params[i].name, text, keyword_len) != 0)
			continue;
		if (params[i].verb != verb)
			return unknown_param;
		if ((*seen & (1U << i)) != 0)
			return bad_param;
		*seen |= 1U << i;
		out->needs |= params[i].needs;
		return params[i].take(out, &value) ? NULL : bad_param;
	}
	return unknown_param;
}

const char *smtp_params_parse(struct smtp_envelope *out, enum smtp_verb verb, const char *text, size_t len)
{
	size_t n = 0;
	unsigned seen = 0;

	for (size_t at = 0; at < len;) {
		size_t end = at;
		while (end < len && text[end] != ' ')
			end++;
		if (end > at) {
			const char *error = take_one(out, verb, text + at, end - at, &seen);
			if (error != NULL)
				return error;
			if (n + (end - at) + 2 > sizeof(out->params))
				return bad_param;
			if (n > 0)
				out->params[n++] = ' ';
			memcpy(out->params + n, text + at, end - at);
			n += end - at;
			out->params[n] = '\0';
		}
		at = end + 1;
	}
	return NULL;
}

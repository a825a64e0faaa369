/* smtp_ehlo.c - see smtp_ehlo.h. */
#include "proxy/smtp/smtp_ehlo.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct keyword {
	const char *name;
	unsigned bit;
} keywords[] = {
	{ "SIZE", SMTP_KEYWORD_SIZE },
	{ "8BITMIME", SMTP_KEYWORD_8BITMIME },
	{ "SMTPUTF8", SMTP_KEYWORD_SMTPUTF8 },
	{ "DSN", SMTP_KEYWORD_DSN },
	{ "ENHANCEDSTATUSCODES", SMTP_KEYWORD_ENHANCEDSTATUSCODES },
	{ "STARTTLS", SMTP_KEYWORD_STARTTLS },
	{ "PIPELINING", SMTP_KEYWORD_PIPELINING },
	{ "AUTH", SMTP_KEYWORD_AUTH },
	{ "REQUIRETLS", SMTP_KEYWORD_REQUIRETLS },
	{ "CHUNKING", SMTP_KEYWORD_CHUNKING },
	{ "BINARYMIME", SMTP_KEYWORD_BINARYMIME },
	{ "LIMITS", SMTP_KEYWORD_LIMITS },
	{ "X-ANONYMOUSTLS", SMTP_KEYWORD_EXCHANGE },
	{ "X-EXPS", SMTP_KEYWORD_EXCHANGE },
};

/* What the caller decides of, by setting or clearing it. */
#define OFFERABLE                                                                                     \
	(SMTP_KEYWORDS_PASSED | SMTP_KEYWORD_STARTTLS | SMTP_KEYWORD_AUTH | SMTP_KEYWORD_REQUIRETLS | \
	 SMTP_KEYWORD_LIMITS)

/* word_len: octets up to the next space, tab or |also|. */
static size_t word_len(const char *text, size_t len, char also)
{
	size_t i = 0;

	while (i < len && text[i] != ' ' && text[i] != '\t' && text[i] != also)
		i++;
	return i;
}

static size_t spaces_len(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len && (text[i] == ' ' || text[i] == '\t'))
		i++;
	return i;
}

/* is_mangled knows the two marks that boxes on the path leave where STARTTLS was. */
static bool is_mangled(const char *word, size_t len)
{
	size_t stars = 0;
	size_t exes = 0;

	for (size_t i = 0; i < len; i++) {
		stars += word[i] == '*';
		exes += word[i] == 'X' || word[i] == 'x';
	}
	return len >= 4 && (stars == len || (len == 8 && exes >= 7));
}

static unsigned keyword_of(const char *word, size_t len)
{
	for (size_t i = 0; i < COUNT(keywords); i++)
		if (strlen(keywords[i].name) == len && strncasecmp(keywords[i].name, word, len) == 0)
			return keywords[i].bit;
	return is_mangled(word, len) ? SMTP_KEYWORD_MANGLED : 0;
}

/* read_size: nothing but digits, and not more than fit; else there is no number. */
static uint64_t read_size(const char *text, size_t len)
{
	uint64_t n = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned digit = (unsigned)(unsigned char)text[i] - '0';
		if (digit > 9 || n > (UINT64_MAX - digit) / 10)
			return 0;
		n = n * 10 + digit;
	}
	return n;
}

/* copy_words copies words of printable ASCII with one space between, as many as fit. */
static void copy_words(char *out, size_t cap, const char *text, size_t len)
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = spaces_len(text, len); i < len; i += spaces_len(text + i, len - i)) {
		size_t word = word_len(text + i, len - i, ' ');
		bool first = n == 0;
		for (size_t k = 0; k < word; k++)
			if (text[i + k] <= ' ' || text[i + k] > '~')
				return;
		if (n + !first + word >= cap)
			return;
		if (!first)
			out[n++] = ' ';
		memcpy(out + n, text + i, word);
		n += word;
		out[n] = '\0';
		i += word;
	}
}

static void read_name(struct smtp_ehlo *out, const char *text, size_t len)
{
	copy_words(out->name, sizeof(out->name), text, word_len(text, len, ' '));
}

static void read_keyword(struct smtp_ehlo *out, const char *text, size_t len)
{
	size_t word = word_len(text, len, '=');
	unsigned bit = keyword_of(text, word);
	bool old_form = word < len && text[word] == '='; /* AUTH=LOGIN, of before RFC 4954 */
	const char *rest = text + word + old_form;
	size_t rest_len = len - word - old_form;

	if (old_form && bit != SMTP_KEYWORD_AUTH)
		return;
	out->keywords |= bit;
	rest_len -= spaces_len(rest, rest_len);
	rest = text + len - rest_len;
	if (bit == SMTP_KEYWORD_SIZE)
		out->size = read_size(rest, word_len(rest, rest_len, ' '));
	if (bit == SMTP_KEYWORD_AUTH && (!old_form || out->auth[0] == '\0'))
		copy_words(out->auth, sizeof(out->auth), rest, rest_len);
}

void smtp_ehlo_read(struct smtp_ehlo *out, const struct smtp_reply *reply)
{
	memset(out, 0, sizeof(*out));
	if (reply->code / 100 != 2)
		return;
	for (size_t i = 0; i < reply->lines_count; i++) {
		size_t len;
		const char *text = smtp_reply_text(reply, i, &len);
		if (i == 0)
			read_name(out, text, len);
		else
			read_keyword(out, text, len);
	}
}

/* --- the client's side -------------------------------------------------------------------------------------------- */

unsigned smtp_ehlo_offered(const struct smtp_ehlo *ehlo)
{
	unsigned offered = ehlo->keywords & OFFERABLE;

	if (ehlo->auth[0] == '\0')
		offered &= ~(unsigned)SMTP_KEYWORD_AUTH;
	return offered | SMTP_KEYWORD_PIPELINING;
}

/* write_line: all lines together are far below SMTP_EHLO_REPLY_MAX, as every part of them is bounded. */
static size_t write_line(char *out, size_t at, const char *name, const char *params)
{
	return at + (size_t)snprintf(out + at, SMTP_EHLO_REPLY_MAX - at, "250-%s%s%s\r\n", name,
				     params[0] != '\0' ? " " : "", params);
}

size_t smtp_ehlo_write(const struct smtp_ehlo *ehlo, char out[SMTP_EHLO_REPLY_MAX])
{
	unsigned offered = smtp_ehlo_offered(ehlo) & ~(unsigned)SMTP_KEYWORD_PIPELINING;
	char size[24];
	size_t len = write_line(out, 0, ehlo->name, "");

	(void)snprintf(size, sizeof(size), "%" PRIu64, ehlo->size);
	for (size_t i = 0; i < COUNT(keywords); i++) {
		const char *params = "";
		if ((keywords[i].bit & offered) == 0)
			continue;
		if (keywords[i].bit == SMTP_KEYWORD_SIZE && ehlo->size != 0)
			params = size;
		if (keywords[i].bit == SMTP_KEYWORD_AUTH)
			params = ehlo->auth;
		if (keywords[i].bit == SMTP_KEYWORD_LIMITS)
			params = "RCPTDOMAINMAX=1";
		len = write_line(out, len, keywords[i].name, params);
	}
	return len + (size_t)snprintf(out + len, SMTP_EHLO_REPLY_MAX - len, "250 PIPELINING\r\n");
}

const char *smtp_keywords_format(unsigned set, char out[256])
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < COUNT(keywords); i++)
		if ((keywords[i].bit & set) != 0)
			len += (size_t)snprintf(out + len, 256 - len, "%s%s", len > 0 ? " " : "", keywords[i].name);
	if ((set & SMTP_KEYWORD_MANGLED) != 0)
		(void)snprintf(out + len, 256 - len, "%smangled", len > 0 ? " " : "");
	return out;
}

/* smtp_address.c - see smtp_address.h. The only file that knows libidn2. */
#include "proxy/smtp/smtp_address.h"

#include <idn2.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "proxy/base/addr.h"
#include "proxy/smtp/smtp_utf8.h"

#define DNS_NAME_MAX  253
#define DNS_LABEL_MAX 63

/* What is left to read. */
struct scan {
	const char *at;
	const char *end;
};

static size_t left(const struct scan *s)
{
	return (size_t)(s->end - s->at);
}

static bool next_is(const struct scan *s, char c)
{
	return s->at < s->end && *s->at == c;
}

static bool skip(struct scan *s, char c)
{
	bool there = next_is(s, c);

	s->at += there;
	return there;
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* RFC 5322 atext, and the dot: where dots may stand, the server decides. */
static bool is_atext_or_dot(char c)
{
	return is_alnum(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~.", c) != NULL);
}

static char to_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* --- domains ------------------------------------------------------------------------------------------------------ */

static bool label_ok(const char *label, size_t len)
{
	if (len == 0 || len > DNS_LABEL_MAX || label[0] == '-' || label[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_alnum(label[i]) && label[i] != '-' && label[i] != '_')
			return false;
	return true;
}

/* labels_ok: a DNS name in ASCII without a dot at the end. |out_idn| tells of a label that begins with xn--. */
static bool labels_ok(const char *name, size_t len, bool *out_idn)
{
	size_t begin = 0;

	*out_idn = false;
	if (len == 0 || len > DNS_NAME_MAX)
		return false;
	for (size_t i = 0; i <= len; i++) {
		if (i < len && name[i] != '.')
			continue;
		if (!label_ok(name + begin, i - begin))
			return false;
		if (i - begin > 4 && strncasecmp(name + begin, "xn--", 4) == 0)
			*out_idn = true;
		begin = i + 1;
	}
	return true;
}

static size_t count_dots(const char *name)
{
	size_t dots = 0;

	for (; *name != '\0'; name++)
		dots += *name == '.';
	return dots;
}

/* to_alabels: IDNA2008, non-transitional. libidn2 maps as TR46 says (case, width), which may make other ASCII out of
 * what is not: so its answer is checked like any other name. A mapping that makes a dot is refused: no two programs
 * would agree on the labels. A-labels are decoded and encoded again by libidn2 and must come out the same. */
static bool to_alabels(char out[SMTP_DOMAIN_MAX], const char *name)
{
	uint8_t *ascii = NULL;
	bool idn;
	bool ok = false;

	if (idn2_lookup_u8((const uint8_t *)name, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK) {
		const char *text = (const char *)ascii;
		size_t len = strlen(text);
		ok = labels_ok(text, len, &idn) && count_dots(text) == count_dots(name);
		for (size_t i = 0; ok && i <= len; i++)
			out[i] = to_lower(text[i]);
	}
	idn2_free(ascii);
	return ok;
}

/* utf8_ok: all of it UTF-8 without controls; |out_eight_bit| tells whether any of it is not ASCII. */
static bool utf8_ok(const char *in, size_t in_len, bool *out_eight_bit)
{
	*out_eight_bit = false;
	for (size_t i = 0; i < in_len;) {
		size_t len = smtp_utf8_len(in + i, in_len - i);
		if (len == 0 || (unsigned char)in[i] < 0x20 || in[i] == 0x7f)
			return false;
		*out_eight_bit = *out_eight_bit || len > 1;
		i += len;
	}
	return true;
}

bool smtp_domain_parse(char out[SMTP_DOMAIN_MAX], const char *in, size_t in_len)
{
	char name[SMTP_PATH_MAX];
	bool eight_bit;
	bool idn = false;
	bool ok;

	out[0] = '\0';
	if (in_len == 0 || in_len >= sizeof(name) || !utf8_ok(in, in_len, &eight_bit))
		return false;
	for (size_t i = 0; i < in_len; i++)
		name[i] = to_lower(in[i]);
	name[in_len] = '\0';
	if (!eight_bit && !labels_ok(name, in_len, &idn))
		return false;
	if (eight_bit || idn) {
		ok = to_alabels(out, name);
	} else {
		memcpy(out, name, in_len + 1);
		ok = true;
	}
	if (!ok)
		out[0] = '\0';
	return ok;
}

/* parse_literal reads what stands between the brackets of an address literal. */
static bool parse_literal(char out[SMTP_DOMAIN_MAX], const char *in, size_t in_len)
{
	static const char tag[] = "IPv6:";
	char text[ADDR_TEXT_MAX];
	struct addr addr;
	bool six = in_len >= sizeof(tag) - 1 && strncasecmp(in, tag, sizeof(tag) - 1) == 0;

	if (six) {
		in += sizeof(tag) - 1;
		in_len -= sizeof(tag) - 1;
	}
	if (in_len >= sizeof(text) || memchr(in, '\0', in_len) != NULL)
		return false;
	memcpy(text, in, in_len);
	text[in_len] = '\0';
	if ((strchr(text, ':') != NULL) != six || !addr_parse(&addr, text))
		return false;
	(void)snprintf(out, SMTP_DOMAIN_MAX, "[%s%s]", addr.family == AF_INET6 ? "ipv6:" : "",
		       addr_format(&addr, text));
	return true;
}

/* domain_or_literal reads up to, and not including, one of |stops|. */
static bool domain_or_literal(struct scan *s, const char *stops, char out[SMTP_DOMAIN_MAX], bool *out_literal)
{
	const char *begin = s->at;

	*out_literal = next_is(s, '[');
	if (*out_literal) {
		const char *close = memchr(begin, ']', left(s));
		if (close == NULL)
			return false;
		s->at = close + 1;
		return parse_literal(out, begin + 1, (size_t)(close - begin - 1));
	}
	while (s->at < s->end && (*s->at == '\0' || strchr(stops, *s->at) == NULL))
		s->at++;
	return smtp_domain_parse(out, begin, (size_t)(s->at - begin));
}

/* --- paths -------------------------------------------------------------------------------------------------------- */

/* source_route reads `@a,@b:`; it is recognised to be left out (RFC 5321 appendix C). */
static bool source_route(struct scan *s)
{
	char domain[SMTP_DOMAIN_MAX];
	bool literal;

	do {
		if (!skip(s, '@') || !domain_or_literal(s, ",:>", domain, &literal))
			return false;
	} while (skip(s, ','));
	return skip(s, ':');
}

static bool quoted_string(struct scan *s)
{
	if (!skip(s, '"'))
		return false;
	while (s->at < s->end && *s->at != '"') {
		bool escaped = skip(s, '\\');
		size_t len = smtp_utf8_len(s->at, left(s));
		if (len == 0 || (unsigned char)*s->at < 0x20 || *s->at == 0x7f || (escaped && len > 1))
			return false;
		s->at += len;
	}
	return skip(s, '"');
}

static bool dot_string(struct scan *s)
{
	const char *begin = s->at;

	while (s->at < s->end) {
		size_t len = smtp_utf8_len(s->at, left(s));
		if (len == 0 || (len == 1 && !is_atext_or_dot(*s->at)))
			break;
		s->at += len;
	}
	return s->at > begin;
}

/* without_domain: may the path do without `@domain`? */
static bool without_domain(enum smtp_path_kind kind, bool routed, const char *local, size_t local_len)
{
	static const char postmaster[] = "postmaster";

	if (routed)
		return false;
	if (kind == SMTP_PATH_SENDER)
		return true;
	return local_len == sizeof(postmaster) - 1 && strncasecmp(local, postmaster, local_len) == 0;
}

static bool parse_path(struct smtp_path *out, enum smtp_path_kind kind, struct scan *s)
{
	const char *mailbox;
	size_t local_len;
	size_t len;
	bool routed;

	if (!skip(s, '<'))
		return false;
	if (kind == SMTP_PATH_SENDER && skip(s, '>'))
		return true;
	routed = next_is(s, '@');
	if (routed && !source_route(s))
		return false;
	mailbox = s->at;
	if (next_is(s, '"') ? !quoted_string(s) : !dot_string(s))
		return false;
	local_len = (size_t)(s->at - mailbox);
	if (local_len > SMTP_LOCAL_MAX)
		return false;
	if (skip(s, '@')) {
		if (!domain_or_literal(s, ">", out->domain, &out->literal))
			return false;
	} else if (!without_domain(kind, routed, mailbox, local_len)) {
		return false;
	}
	len = (size_t)(s->at - mailbox);
	if (len >= sizeof(out->text) || !skip(s, '>') || !utf8_ok(mailbox, len, &out->utf8))
		return false;
	memcpy(out->text, mailbox, len);
	return true;
}

enum smtp_path_status smtp_path_parse(struct smtp_path *out, enum smtp_path_kind kind, const char *in, size_t in_len,
				      size_t *out_used)
{
	struct scan s = { .at = in, .end = in + in_len };

	memset(out, 0, sizeof(*out));
	*out_used = 0;
	if (!parse_path(out, kind, &s)) {
		memset(out, 0, sizeof(*out));
		return SMTP_PATH_BAD;
	}
	*out_used = (size_t)(s.at - in);
	return SMTP_PATH_OK;
}

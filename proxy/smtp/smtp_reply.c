/* smtp_reply.c - see smtp_reply.h. */
#include "proxy/smtp/smtp_reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/smtp/smtp_utf8.h"

void smtp_reply_init(struct smtp_reply *reply)
{
	memset(reply, 0, sizeof(*reply));
}

void smtp_reply_cleanup(struct smtp_reply *reply)
{
	free(reply->text);
	smtp_reply_init(reply);
}

void smtp_reply_take(struct smtp_reply *to, struct smtp_reply *from)
{
	free(to->text);
	*to = *from;
	smtp_reply_init(from);
}

bool smtp_reply_idle(const struct smtp_reply *reply)
{
	return reply->error == NULL && (reply->done || reply->seen == 0);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static void start(struct smtp_reply *reply)
{
	*reply = (struct smtp_reply){ .text = reply->text, .text_cap = reply->text_cap };
}

static bool fail(struct smtp_reply *reply, const char *error)
{
	reply->code = 0;
	reply->lines_count = 0;
	reply->error = error;
	return false;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_text(char c)
{
	return c == '\t' || (c >= ' ' && c <= '~');
}

static bool append(struct smtp_reply *reply, char c)
{
	if (reply->text_len == reply->text_cap) {
		size_t cap = reply->text_cap == 0 ? 256 : reply->text_cap * 2;
		char *text = realloc(reply->text, cap);
		if (text == NULL)
			return fail(reply, "out of memory");
		reply->text = text;
		reply->text_cap = cap;
	}
	reply->text[reply->text_len++] = c;
	return true;
}

/* read_enhanced takes class.subject.detail from the start of the first line (RFC 3463 s. 2). */
static void read_enhanced(struct smtp_reply *reply)
{
	size_t len;
	const char *text = smtp_reply_text(reply, 0, &len);
	size_t at = 1;

	if (len < 5 || text[0] != (char)('0' + reply->code / 100) || reply->code / 100 == 3)
		return;
	for (int part = 0; part < 2; part++) {
		size_t digits = 0;
		if (at >= len || text[at++] != '.')
			return;
		for (; at < len && is_digit(text[at]); at++)
			digits++;
		if (digits < 1 || digits > 3)
			return;
	}
	if (at < len && text[at] != ' ' && text[at] != '\t')
		return;
	memcpy(reply->enhanced, text, at);
}

static bool end_line(struct smtp_reply *reply)
{
	if (reply->line_at < 3)
		return fail(reply, "a reply line without a code");
	if (!append(reply, '\n'))
		return false;
	if (!reply->cr)
		reply->bare_lf = true;
	reply->lines_count++;
	/* A line of the code alone is a last one (RFC 5321 s. 4.2.1). */
	reply->done = reply->last || reply->line_at == 3;
	reply->line_at = 0;
	reply->cr = false;
	if (reply->done)
		read_enhanced(reply);
	return true;
}

static bool put_code(struct smtp_reply *reply, char c)
{
	if (reply->line_at == 0) {
		reply->line_code = 0;
		reply->last = false;
		if (reply->lines_count == SMTP_REPLY_IN_LINES_MAX)
			return fail(reply, "a reply of too many lines");
		if (c < '2' || c > '5')
			return fail(reply, "a reply whose code does not begin with 2 to 5");
	}
	if (!is_digit(c))
		return fail(reply, "a reply whose code is not three digits");
	reply->line_code = reply->line_code * 10 + (unsigned)(c - '0');
	if (reply->line_at < 2)
		return true;
	if (reply->lines_count == 0)
		reply->code = reply->line_code;
	return reply->code == reply->line_code || fail(reply, "a reply whose code changes between its lines");
}

/* put takes one octet that neither ends the line nor is a CR that may begin its end. */
static bool put(struct smtp_reply *reply, char c)
{
	bool ok = true;

	if (reply->line_at + 1 + 2 > SMTP_REPLY_IN_LINE_MAX)
		ok = fail(reply, "a reply line of too many octets");
	else if (reply->line_at < 3)
		ok = put_code(reply, c);
	else if (reply->line_at == 3 && c != ' ' && c != '-')
		ok = fail(reply, "a reply whose code is followed by neither space nor hyphen");
	else if (reply->line_at == 3)
		reply->last = c == ' ';
	else
		ok = append(reply, is_text(c) || (unsigned char)c >= 0x80 ? c : '?');
	reply->line_at++;
	return ok;
}

static bool take_octet(struct smtp_reply *reply, char c)
{
	if (reply->seen == SMTP_REPLY_IN_MAX)
		return fail(reply, "a reply of too many octets");
	reply->seen++;
	if (c == '\n')
		return end_line(reply);
	if (reply->cr && !put(reply, '\r'))
		return false;
	reply->cr = c == '\r';
	return reply->cr || put(reply, c);
}

enum smtp_reply_status smtp_reply_feed(struct smtp_reply *reply, const char *in, size_t in_len, size_t *out_used)
{
	*out_used = 0;
	if (reply->done)
		start(reply);
	for (size_t i = 0; i < in_len && reply->error == NULL; i++) {
		*out_used = i + 1;
		if (take_octet(reply, in[i]) && reply->done)
			return SMTP_REPLY_DONE;
	}
	return reply->error != NULL ? SMTP_REPLY_BROKEN : SMTP_REPLY_MORE;
}

/* --- telling ------------------------------------------------------------------------------------------------------ */

const char *smtp_reply_text(const struct smtp_reply *reply, size_t index, size_t *out_len)
{
	const char *line = reply->text;
	const char *end = reply->text + reply->text_len;

	for (size_t i = 0;; i++) {
		const char *lf = memchr(line, '\n', (size_t)(end - line));
		if (i == index) {
			*out_len = (size_t)(lf - line);
			return line;
		}
		line = lf + 1;
	}
}

size_t smtp_text_sanitize(char *out, size_t cap, const char *in, size_t in_len, bool utf8)
{
	size_t len = 0;

	for (size_t i = 0; i < in_len;) {
		size_t octets = is_text(in[i]) ? 1 : 0;
		if (octets == 0 && utf8 && (unsigned char)in[i] >= 0x80)
			octets = smtp_utf8_len(in + i, in_len - i);
		if (len + (octets > 0 ? octets : 1) >= cap)
			break;
		if (octets == 0)
			out[len++] = '?';
		for (size_t k = 0; k < octets; k++)
			out[len++] = in[i + k];
		i += octets > 0 ? octets : 1;
	}
	out[len] = '\0';
	return len;
}

static size_t add_crlf(char out[SMTP_REPLY_LINE_MAX + 1], size_t len)
{
	memcpy(out + len, "\r\n", 3);
	return len + 2;
}

size_t smtp_reply_line(const struct smtp_reply *reply, size_t index, bool utf8, char out[SMTP_REPLY_LINE_MAX + 1])
{
	size_t text_len;
	const char *text = smtp_reply_text(reply, index, &text_len);
	char separator = index + 1 == reply->lines_count ? ' ' : '-';

	(void)snprintf(out, SMTP_REPLY_LINE_MAX + 1, "%03u%c", reply->code % 1000, separator);
	return add_crlf(out, 4 + smtp_text_sanitize(out + 4, SMTP_REPLY_LINE_MAX + 1 - 2 - 4, text, text_len, utf8));
}

const char *smtp_reply_log(const struct smtp_reply *reply, char *out, size_t cap)
{
	char text[SMTP_REPLY_LINE_MAX + 1] = "";
	size_t len;

	if (reply->lines_count > 0) {
		const char *first = smtp_reply_text(reply, 0, &len);
		(void)smtp_text_sanitize(text, sizeof(text), first, len, false);
	}
	for (char *tab = strchr(text, '\t'); tab != NULL; tab = strchr(tab, '\t'))
		*tab = ' ';
	(void)snprintf(out, cap, "%03u %s", reply->code % 1000, text);
	return out;
}

size_t smtp_reply_local(char out[SMTP_REPLY_LINE_MAX + 1], const char *format, ...)
{
	char text[SMTP_REPLY_LINE_MAX + 1];
	va_list args;

	va_start(args, format);
	int len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len < 0)
		text[0] = '\0';
	return add_crlf(out, smtp_text_sanitize(out, SMTP_REPLY_LINE_MAX + 1 - 2, text, strlen(text), false));
}

bool smtp_reply_set(struct smtp_reply *reply, const char *line)
{
	char wire[SMTP_REPLY_LINE_MAX + 1];
	size_t len = smtp_reply_local(wire, "%s", line);
	size_t used;

	smtp_reply_cleanup(reply);
	if (smtp_reply_feed(reply, wire, len, &used) == SMTP_REPLY_DONE)
		return true;
	smtp_reply_cleanup(reply);
	return false;
}

/* smtp_line.c - see smtp_line.h. */
#include "proxy/smtp/smtp_line.h"

#include <string.h>

void smtp_line_init(struct smtp_line *line)
{
	*line = (struct smtp_line){ .limit = SMTP_LINE_MAX };
}

void smtp_line_set_limit(struct smtp_line *line, size_t limit)
{
	line->limit = limit < SMTP_LINE_AUTH_MAX ? limit : SMTP_LINE_AUTH_MAX;
}

static void start(struct smtp_line *line)
{
	line->len = 0;
	line->seen = 0;
	line->bad = false;
	line->eight_bit = false;
	line->cr = false;
	line->over = false;
	line->done = false;
}

/* put keeps one octet of the line; the CRLF and the NUL after the text have their room kept free. */
static void put(struct smtp_line *line, char c)
{
	unsigned char octet = (unsigned char)c;

	if ((octet < 0x20 && octet != '\t') || octet == 0x7f)
		line->bad = true;
	if (octet >= 0x80)
		line->eight_bit = true;
	if (line->len + 2 >= line->limit) {
		line->over = true;
		return;
	}
	line->text[line->len++] = c;
}

static enum smtp_line_status finish(struct smtp_line *line)
{
	line->done = true;
	if (line->over)
		line->len = 0;
	line->text[line->len] = '\0';
	return line->over ? SMTP_LINE_TOO_LONG : SMTP_LINE_READY;
}

enum smtp_line_status smtp_line_feed(struct smtp_line *line, const char *in, size_t in_len, size_t *out_used)
{
	*out_used = 0;
	if (line->done)
		start(line);
	for (size_t i = 0; i < in_len; i++) {
		if (line->seen >= SMTP_LINE_FATAL)
			return SMTP_LINE_BROKEN;
		*out_used = i + 1;
		line->seen++;
		if (line->cr && in[i] == '\n')
			return finish(line);
		if (line->cr)
			put(line, '\r');
		line->cr = in[i] == '\r';
		if (!line->cr)
			put(line, in[i]);
	}
	return line->seen >= SMTP_LINE_FATAL ? SMTP_LINE_BROKEN : SMTP_LINE_MORE;
}

/* smtp_line.h - one command line out of the client's octets (RFC 5321 s. 2.3.8, 4.5.3.1).
 *
 * A line ends at CRLF and nowhere else. What else is wrong with it is flagged, not acted on: smtp_command_parse answers
 * for it. No I/O, no allocation; a struct of all zeros plus smtp_line_init is a fresh reader. */
#ifndef GATE25_PROXY_SMTP_SMTP_LINE_H
#define GATE25_PROXY_SMTP_SMTP_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "proxy/base/attrib.h"

#define SMTP_LINE_MAX      2048  /* octets with CRLF */
#define SMTP_LINE_AUTH_MAX 12288 /* within an AUTH exchange (RFC 4954 s. 4) */
#define SMTP_LINE_FATAL    65536 /* octets without a CRLF: no mail client */

enum smtp_line_status {
	SMTP_LINE_MORE = 0, /* all octets taken, the line is not complete */
	SMTP_LINE_READY,
	SMTP_LINE_TOO_LONG, /* the line is over, its text thrown away: 500 5.5.2 and go on */
	SMTP_LINE_BROKEN,   /* 64 KiB without CRLF: close. Stays so. */
};

struct smtp_line {
	size_t len;                    /* of text */
	char text[SMTP_LINE_AUTH_MAX]; /* without CRLF, NUL-terminated; may hold NULs of the client's own, see bad */
	bool bad;                      /* has a bare CR, a bare LF, a NUL, or a control character other than HT */
	bool eight_bit;                /* has an octet of 0x80 or above */
	/* private */
	size_t limit;
	size_t seen;
	bool cr;
	bool over;
	bool done;
};

void smtp_line_init(struct smtp_line *line);
/* smtp_line_set_limit sets the longest line with CRLF, SMTP_LINE_MAX or SMTP_LINE_AUTH_MAX, from the next line on. */
void smtp_line_set_limit(struct smtp_line *line, size_t limit);
/* smtp_line_feed takes octets up to the end of one line; |out_used| says how many. READY: text, len, bad and eight_bit
 * are valid until the next call, which starts the next line. */
MUST_CHECK enum smtp_line_status smtp_line_feed(struct smtp_line *line, const char *in, size_t in_len,
						size_t *out_used);

#endif

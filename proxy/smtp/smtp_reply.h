/* smtp_reply.h - replies of a server, read octet by octet, and what of them the client is told (RFC 5321 s. 4.2).
 *
 * A line ends at LF, with or without a CR before it: servers that send bare LF exist and every client takes them. No
 * text of a server ever makes a new line or a control character towards the client. */
#ifndef GATE25_PROXY_SMTP_SMTP_REPLY_H
#define GATE25_PROXY_SMTP_SMTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "proxy/base/attrib.h"

#define SMTP_REPLY_IN_LINE_MAX  2048 /* octets with CRLF that a server may send */
#define SMTP_REPLY_IN_LINES_MAX 100
#define SMTP_REPLY_IN_MAX       65536
#define SMTP_REPLY_LINE_MAX     512 /* octets with CRLF that the client gets */

enum smtp_reply_status {
	SMTP_REPLY_MORE = 0, /* all octets taken, the reply is not complete */
	SMTP_REPLY_DONE,
	SMTP_REPLY_BROKEN, /* not SMTP, or over a limit: close the leg. |error| says what. Stays so. */
};

struct smtp_reply {
	unsigned code;      /* 200..599 once DONE, else 0 */
	size_t lines_count; /* at least 1 once DONE */
	char enhanced[12];  /* "4.7.1" of the first line, "" if it has none or its class is not that of the code */
	const char *error;  /* BROKEN: a static sentence for the log */
	bool bare_lf;       /* some line ended without CR */
	/* private */
	char *text; /* texts without code and separator, each ended by LF; control characters replaced */
	size_t text_len;
	size_t text_cap;
	size_t seen;
	size_t line_at; /* octets of the current line so far */
	unsigned line_code;
	bool last; /* the current line is the last */
	bool cr;
	bool done;
};

void smtp_reply_init(struct smtp_reply *reply);    /* or all zeros */
void smtp_reply_cleanup(struct smtp_reply *reply); /* frees; leaves it as after init */

/* smtp_reply_feed takes octets up to the end of one reply; |out_used| says how many. DONE: valid until the next call,
 * which starts the next reply. Memory grows with the reply, up to SMTP_REPLY_IN_MAX; out of memory is BROKEN. */
MUST_CHECK enum smtp_reply_status smtp_reply_feed(struct smtp_reply *reply, const char *in, size_t in_len,
						  size_t *out_used);
/* smtp_reply_take moves a reply that is DONE from |from| to |to| (whose old content is freed); |from| is as after init.
 */
void smtp_reply_take(struct smtp_reply *to, struct smtp_reply *from);
/* smtp_reply_idle: no octet of a next reply has been taken yet. */
bool smtp_reply_idle(const struct smtp_reply *reply);

/* smtp_reply_text borrows the text of line |index| (code and separator aside), not sanitised against 8-bit, not
 * NUL-terminated. |index| must be below lines_count. */
const char *smtp_reply_text(const struct smtp_reply *reply, size_t index, size_t *out_len);
/* smtp_reply_line writes line |index| as the client gets it: code, `-` or space, text of HT and SP to `~` only (valid
 * UTF-8 too if |utf8|, which is for a transaction with SMTPUTF8), cut to 512 octets with CRLF; a NUL after it. Returns
 * the length without the NUL. */
size_t smtp_reply_line(const struct smtp_reply *reply, size_t index, bool utf8, char out[SMTP_REPLY_LINE_MAX + 1]);
/* smtp_reply_log writes code and the first line's text for a log line, at most |cap|-1 octets, printable ASCII. */
const char *smtp_reply_log(const struct smtp_reply *reply, char *out, size_t cap);

/* smtp_reply_local writes one reply line of gate25's own, e.g. ("451 4.7.5 %s", reason), sanitised and cut likewise,
 * CRLF appended, NUL after. Returns the length without the NUL. The format begins with the code and a space. */
size_t smtp_reply_local(char out[SMTP_REPLY_LINE_MAX + 1], const char *format, ...) PRINTF_LIKE(2, 3);
/* smtp_reply_set makes |reply| a one-line reply of gate25's own. False when out of memory: then it is as after init. */
MUST_CHECK bool smtp_reply_set(struct smtp_reply *reply, const char *line);
/* smtp_text_sanitize copies |in| to |out| (at most |cap|-1 octets and a NUL) with everything but HT and SP to `~`
 * replaced by `?`, and with |utf8| valid UTF-8 kept, never cut inside a character. Returns the length. */
size_t smtp_text_sanitize(char *out, size_t cap, const char *in, size_t in_len, bool utf8);

#endif

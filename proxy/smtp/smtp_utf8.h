/* smtp_utf8.h - what is UTF-8 (RFC 3629) and what is not. */
#ifndef GATE25_PROXY_SMTP_SMTP_UTF8_H
#define GATE25_PROXY_SMTP_SMTP_UTF8_H

#include <stddef.h>

/* smtp_utf8_len returns the octets (1 to 4) of the one character that begins at |in|; 0 if none does: over-long forms,
 * surrogates, beyond U+10FFFF, cut off, and the C1 controls U+0080 to U+009F, which no text of ours may carry. */
size_t smtp_utf8_len(const char *in, size_t in_len);

#endif

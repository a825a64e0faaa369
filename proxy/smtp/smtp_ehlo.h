/* smtp_ehlo.h - what a server's EHLO reply offers, and the EHLO reply for the client (an allow-list). */
#ifndef GATE25_PROXY_SMTP_SMTP_EHLO_H
#define GATE25_PROXY_SMTP_SMTP_EHLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/attrib.h"
#include "proxy/smtp/smtp_address.h"
#include "proxy/smtp/smtp_reply.h"

/* A set of keywords is the OR of these. */
enum smtp_keyword {
	SMTP_KEYWORD_SIZE = 1 << 0,
	SMTP_KEYWORD_8BITMIME = 1 << 1,
	SMTP_KEYWORD_SMTPUTF8 = 1 << 2,
	SMTP_KEYWORD_DSN = 1 << 3,
	SMTP_KEYWORD_ENHANCEDSTATUSCODES = 1 << 4,
	SMTP_KEYWORD_STARTTLS = 1 << 5,
	SMTP_KEYWORD_PIPELINING = 1 << 6,
	SMTP_KEYWORD_AUTH = 1 << 7,
	SMTP_KEYWORD_REQUIRETLS = 1 << 8,
	SMTP_KEYWORD_CHUNKING = 1 << 9,
	SMTP_KEYWORD_BINARYMIME = 1 << 10,
	SMTP_KEYWORD_LIMITS = 1 << 11,
	SMTP_KEYWORD_EXCHANGE = 1 << 12, /* X-ANONYMOUSTLS or X-EXPS: an Exchange peer */
	SMTP_KEYWORD_MANGLED = 1 << 13,  /* XXXXXXXA or ****: something on the path strips STARTTLS */
};
/* Those that pass from server to client as they are. */
#define SMTP_KEYWORDS_PASSED                                                                    \
	(SMTP_KEYWORD_SIZE | SMTP_KEYWORD_8BITMIME | SMTP_KEYWORD_SMTPUTF8 | SMTP_KEYWORD_DSN | \
	 SMTP_KEYWORD_ENHANCEDSTATUSCODES)

#define SMTP_AUTH_TEXT_MAX  256
#define SMTP_EHLO_REPLY_MAX 2048

struct smtp_ehlo {
	unsigned keywords;
	uint64_t size;                 /* of SIZE; 0: no number, or no fixed limit */
	char name[SMTP_DOMAIN_MAX];    /* the server's own, sanitised; "" if it gave none */
	char auth[SMTP_AUTH_TEXT_MAX]; /* mechanisms after AUTH, as one line; cut to whole words; "" if none */
};

/* smtp_ehlo_read: a reply that is not 2xx offers nothing and has no name. */
void smtp_ehlo_read(struct smtp_ehlo *out, const struct smtp_reply *reply);

/* smtp_ehlo_write writes the 250 reply for the client to |out|, CRLFs and NUL included, and returns its length. Of
 * |ehlo|->keywords it offers SMTP_KEYWORDS_PASSED and, if set, STARTTLS, AUTH (with ehlo->auth) and REQUIRETLS: the
 * caller clears or sets those three, they are its own decision. SIZE has its number if |ehlo|->size is not 0. LIMITS
 * set: `LIMITS RCPTDOMAINMAX=1`. PIPELINING is always there. |ehlo|->name must not be "": use the address literal of
 * the destination for a server that gave none. The caller makes a copy of what smtp_ehlo_read gave and clears in it. */
size_t smtp_ehlo_write(const struct smtp_ehlo *ehlo, char out[SMTP_EHLO_REPLY_MAX]);
/* smtp_ehlo_offered: the keywords that smtp_ehlo_write would show; what MAIL and RCPT may then use. */
unsigned smtp_ehlo_offered(const struct smtp_ehlo *ehlo);
/* smtp_keywords_format writes the names in |keywords|, space between, for the log. */
const char *smtp_keywords_format(unsigned keywords, char out[256]);

#endif

/* smtp_command.h - a command line of the client: verb, argument, path and parameters (RFC 5321 s. 4.1). */
#ifndef GATE25_PROXY_SMTP_SMTP_COMMAND_H
#define GATE25_PROXY_SMTP_SMTP_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/attrib.h"
#include "proxy/smtp/smtp_address.h"
#include "proxy/smtp/smtp_ehlo.h"
#include "proxy/smtp/smtp_line.h"

enum smtp_verb {
	SMTP_VERB_UNKNOWN = 0,
	SMTP_VERB_EHLO,
	SMTP_VERB_HELO,
	SMTP_VERB_MAIL,
	SMTP_VERB_RCPT,
	SMTP_VERB_DATA,
	SMTP_VERB_RSET,
	SMTP_VERB_NOOP,
	SMTP_VERB_QUIT,
	SMTP_VERB_HELP,
	SMTP_VERB_VRFY,
	SMTP_VERB_EXPN,
	SMTP_VERB_STARTTLS,
	SMTP_VERB_AUTH,
	SMTP_VERB_BDAT,
	SMTP_VERB_BURL,
	SMTP_VERB_ETRN,
	SMTP_VERB_ATRN,
	SMTP_VERB_TURN,
	SMTP_VERB_XCLIENT,
	SMTP_VERB_XFORWARD,
	SMTP_VERB_HTTP, /* GET, POST, CONNECT, ...: not a mail client (a browser made to speak); close */
	SMTP_VERB_COUNT
};

/* What MAIL and RCPT carry; a plain value that may be copied and held. */
struct smtp_envelope {
	struct smtp_path path;
	char params[SMTP_LINE_MAX]; /* the ESMTP parameters as the client wrote them, one space between; "" if none */
	unsigned needs;             /* keywords (smtp_ehlo.h) that the parameters need, all of them known ones */
	bool smtputf8;              /* MAIL ... SMTPUTF8 */
	bool requiretls;            /* MAIL ... REQUIRETLS */
	bool has_size;
	uint64_t size; /* MAIL ... SIZE=; UINT64_MAX for more */
};

struct smtp_command {
	enum smtp_verb verb; /* set in any case, also with an error */
	const char *error;   /* NULL: well-formed; else a static reply line without CRLF. Never act on it then */
	const char *arg;     /* after the verb and spaces, trailing spaces cut; borrowed from the line; "" */
	size_t arg_len;
	struct smtp_envelope envelope; /* MAIL and RCPT */
};

/* smtp_command_parse reads |line|. Syntax only: whether the command is in sequence is the caller's business.
 * |utf8|: RCPT and VRFY within a transaction whose MAIL said SMTPUTF8, so that 8-bit is right there (MAIL needs its own
 * SMTPUTF8 parameter and ignores |utf8|); without it a path with 8-bit gets 553 5.6.7 and any other command 500 5.5.2.
 * Arguments are checked for EHLO, HELO (there must be one, without spaces), MAIL, RCPT, VRFY, EXPN (one), DATA, RSET,
 * QUIT, STARTTLS (none); the others' are left to the caller.
 * Tolerated as every server does: spaces after the colon of FROM: and TO:, several spaces between parameters, trailing
 * spaces, any case. Not: a missing colon, missing < >, text after > without a space. */
void smtp_command_parse(struct smtp_command *out, const struct smtp_line *line, bool utf8);

/* smtp_command_check_params: NULL if |offered| has all keywords that |envelope| needs, else a static 555 reply line. */
const char *smtp_command_check_params(const struct smtp_envelope *envelope, unsigned offered);

/* smtp_envelope_write writes the line to forward, with CRLF and NUL: `MAIL FROM:<path> params`, exact octets of the
 * path without its source route. |verb| is SMTP_VERB_MAIL or SMTP_VERB_RCPT. Returns the length. */
#define SMTP_ENVELOPE_LINE_MAX (SMTP_PATH_MAX + SMTP_LINE_MAX + 16)
size_t smtp_envelope_write(const struct smtp_envelope *envelope, enum smtp_verb verb, char out[SMTP_ENVELOPE_LINE_MAX]);

/* smtp_envelope_drop_requiretls takes the parameter REQUIRETLS out; the others stay as they are. */
void smtp_envelope_drop_requiretls(struct smtp_envelope *envelope);

const char *smtp_verb_name(enum smtp_verb verb); /* "MAIL"; "?" for unknown */

/* smtp_command_show: how many octets of |line| a log may have. Names and addresses are shown; of any other command the
 * first word. |hushed|: the line may also be a password or the text of a message, so that a first word that is no
 * command is not shown either. */
#define SMTP_COMMAND_SHOWN_MAX 400
size_t smtp_command_show(const struct smtp_line *line, bool hushed);

#endif

/* message_data.h - the content of a message on its way from client to server (RFC 5321 s. 4.1.1.4, 4.5.2): the
 * defence against SMTP smuggling.
 *
 * The message ends at the client's own CRLF.CRLF, or at .CRLF straight after the DATA command, and nowhere else. What
 * goes out has no bare CR, no bare LF, and exactly one CRLF.CRLF: its end. So every receiver, strict or lenient,
 * sees the same single end. Dots are neither added nor taken away, with one exception each mode handles:
 *
 *   normalize: a bare CR or LF is written as CRLF; a line that would thereby be a lone dot is written `..`. A line of
 * one dot and NULs gets a second dot at its end (a receiver that drops NULs would see a lone dot). reject:    the first
 * of these stops the filter before anything of it went out: no end has been written and none may be. The caller drops
 * the server and answers 554 5.5.2.
 *
 * No I/O, no allocation. */
#ifndef GATE25_PROXY_SMTP_MESSAGE_DATA_H
#define GATE25_PROXY_SMTP_MESSAGE_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/attrib.h"

#define MESSAGE_DATA_OUT_MIN 8 /* octets of output room with which a call always gets on */

enum message_data_mode { MESSAGE_DATA_REJECT = 0, MESSAGE_DATA_NORMALIZE };

enum message_data_status {
	MESSAGE_DATA_MORE = 0, /* all input taken; up to two octets of it may be held back until the next */
	MESSAGE_DATA_FULL,     /* no room in the output: call again with the rest of the input */
	MESSAGE_DATA_ENDED,    /* the end is written; what is left of the input is the next command. Stays so. */
	MESSAGE_DATA_REJECTED, /* stays so */
};

struct message_data {
	enum message_data_mode mode;
	uint64_t taken;    /* octets from the client, the end's included */
	uint64_t written;  /* octets for the server, likewise */
	uint64_t repaired; /* bare CR and LF, and dots with NULs, that were normalised */
	/* private */
	unsigned state;
	unsigned before; /* REJECTED: the state that it was found in */
};

void message_data_init(struct message_data *data, enum message_data_mode mode);
/* message_data_to_end makes a filter that is REJECTED go on from there, to find the end; its output is for nobody. */
void message_data_to_end(struct message_data *data);
MUST_CHECK enum message_data_status message_data_feed(struct message_data *data, const char *in, size_t in_len,
						      size_t *out_used, char *out, size_t out_cap, size_t *out_len);

#endif

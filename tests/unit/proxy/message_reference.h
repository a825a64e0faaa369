/* message_reference.h - what a message must look like upstream, told a second time and another way: whole lines instead
 * of a machine for octets. For the tests of message_data.h and of the session. */
#ifndef GATE25_TESTS_MESSAGE_REFERENCE_H
#define GATE25_TESTS_MESSAGE_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct message_reference {
	size_t taken;     /* octets up to and with the end, or all */
	size_t len;       /* of the output; what stands in a line that is not over yet is in it as it is */
	size_t clean_len; /* of the output up to the first thing that had to be repaired; its line's text is in it */
	bool ended;
	bool repaired;
};

/* A line of one dot, NULs or not. */
static inline bool reference_is_dot(const char *text, size_t len)
{
	size_t dots = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] != '.' && text[i] != '\0')
			return false;
		dots += text[i] == '.';
	}
	return dots == 1;
}

static inline void reference_repair(struct message_reference *r)
{
	if (!r->repaired)
		r->clean_len = r->len;
	r->repaired = true;
}

static inline void reference_line(struct message_reference *r, char *out, const char *text, size_t len, bool own_before,
				  bool own)
{
	bool dot = reference_is_dot(text, len);

	memcpy(out + r->len, text, len);
	r->len += len;
	r->ended = dot && len == 1 && own_before && own;
	if (!own || (dot && len > 1))
		reference_repair(r);
	if (dot && !r->ended)
		out[r->len++] = '.';
	memcpy(out + r->len, "\r\n", 2);
	r->len += 2;
}

/* |out| has room for 3 * |len| octets. */
static inline struct message_reference message_reference(char *out, const char *in, size_t len)
{
	struct message_reference r = { 0 };
	size_t begin = 0;
	bool own_before = true; /* the client's own CRLF, that of DATA to begin with */

	for (size_t i = 0; i < len && !r.ended; i++) {
		bool own = in[i] == '\r' && i + 1 < len && in[i + 1] == '\n';
		if (in[i] != '\n' && (in[i] != '\r' || i + 1 == len))
			continue;
		reference_line(&r, out, in + begin, i - begin, own_before, own);
		i += own;
		begin = i + 1;
		own_before = own;
	}
	r.taken = r.ended ? begin : len;
	if (!r.ended) {
		size_t rest = len - begin;
		rest -= rest > 0 && in[len - 1] == '\r';
		memcpy(out + r.len, in + begin, rest);
		r.len += rest;
	}
	if (!r.repaired)
		r.clean_len = r.len;
	return r;
}

#endif

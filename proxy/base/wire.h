/* wire.h - bounds-checked reading and writing of the bodies of IPC messages.
 *
 * A writer or reader that runs over its bounds stays failed: callers do all their steps and ask once, at the end.
 * Integers are in network order; a byte string carries a u16 length. The writer and the reader of a message stand side
 * by side in one file. */
#ifndef GATE25_BASE_WIRE_H
#define GATE25_BASE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/addr.h"
#include "proxy/base/attrib.h"

#define WIRE_MAX 65536 /* of a whole message */

struct wire_writer {
	uint8_t *buf; /* the caller's */
	size_t cap;
	size_t len;
	bool failed;
};

struct wire_reader {
	const uint8_t *buf; /* the caller's */
	size_t len;
	size_t at;
	bool failed;
};

void wire_writer_init(struct wire_writer *w, void *buf, size_t cap);
void wire_put_u8(struct wire_writer *w, uint8_t value);
void wire_put_u16(struct wire_writer *w, uint16_t value);
void wire_put_u32(struct wire_writer *w, uint32_t value);
void wire_put_u64(struct wire_writer *w, uint64_t value);
void wire_put_bytes(struct wire_writer *w, const void *bytes, size_t len); /* at most 65,535 */
void wire_put_str(struct wire_writer *w, const char *text);                /* without its NUL */
void wire_put_addr(struct wire_writer *w, const struct addr *addr);

void wire_reader_init(struct wire_reader *r, const void *buf, size_t len);
uint8_t wire_get_u8(struct wire_reader *r);
uint16_t wire_get_u16(struct wire_reader *r);
uint32_t wire_get_u32(struct wire_reader *r);
uint64_t wire_get_u64(struct wire_reader *r);
bool wire_get_bool(struct wire_reader *r); /* a byte that is neither 0 nor 1 fails */
/* wire_get_enum reads a u8 that must be in 0..|count|-1. */
unsigned wire_get_enum(struct wire_reader *r, unsigned count);
/* Borrowed from the message. NULL and length 0 when failed. */
const uint8_t *wire_get_bytes(struct wire_reader *r, size_t *out_len);
/* wire_get_str copies into |out| with a NUL; too long, or a NUL inside, fails. */
void wire_get_str(struct wire_reader *r, char *out, size_t cap);
void wire_get_addr(struct wire_reader *r, struct addr *out);
/* wire_done: nothing failed and nothing is left over. */
MUST_CHECK bool wire_done(const struct wire_reader *r);

#endif

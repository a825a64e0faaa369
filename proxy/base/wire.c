/* wire.c - see wire.h. */
#include "proxy/base/wire.h"

#include <string.h>

void wire_writer_init(struct wire_writer *w, void *buf, size_t cap)
{
	*w = (struct wire_writer){ .buf = buf, .cap = cap };
}

static void put_raw(struct wire_writer *w, const void *bytes, size_t len)
{
	if (w->failed || len > w->cap - w->len) {
		w->failed = true;
		return;
	}
	if (len > 0)
		memcpy(w->buf + w->len, bytes, len);
	w->len += len;
}

static void put_number(struct wire_writer *w, uint64_t value, size_t len)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(value >> (8 * (len - 1 - i)));
	put_raw(w, bytes, len);
}

void wire_put_u8(struct wire_writer *w, uint8_t value)
{
	put_number(w, value, 1);
}

void wire_put_u16(struct wire_writer *w, uint16_t value)
{
	put_number(w, value, 2);
}

void wire_put_u32(struct wire_writer *w, uint32_t value)
{
	put_number(w, value, 4);
}

void wire_put_u64(struct wire_writer *w, uint64_t value)
{
	put_number(w, value, 8);
}

void wire_put_bytes(struct wire_writer *w, const void *bytes, size_t len)
{
	if (len > UINT16_MAX) {
		w->failed = true;
		return;
	}
	wire_put_u16(w, (uint16_t)len);
	put_raw(w, bytes, len);
}

void wire_put_str(struct wire_writer *w, const char *text)
{
	wire_put_bytes(w, text, strlen(text));
}

void wire_put_addr(struct wire_writer *w, const struct addr *addr)
{
	wire_put_bytes(w, addr->bytes, addr_len(addr));
}

void wire_reader_init(struct wire_reader *r, const void *buf, size_t len)
{
	*r = (struct wire_reader){ .buf = buf, .len = len };
}

static const uint8_t *get_raw(struct wire_reader *r, size_t len)
{
	if (r->failed || len > r->len - r->at) {
		r->failed = true;
		return NULL;
	}
	r->at += len;
	return r->buf + r->at - len;
}

static uint64_t get_number(struct wire_reader *r, size_t len)
{
	const uint8_t *bytes = get_raw(r, len);
	uint64_t value = 0;

	if (bytes == NULL)
		return 0;
	for (size_t i = 0; i < len; i++)
		value = value << 8 | bytes[i];
	return value;
}

uint8_t wire_get_u8(struct wire_reader *r)
{
	return (uint8_t)get_number(r, 1);
}

uint16_t wire_get_u16(struct wire_reader *r)
{
	return (uint16_t)get_number(r, 2);
}

uint32_t wire_get_u32(struct wire_reader *r)
{
	return (uint32_t)get_number(r, 4);
}

uint64_t wire_get_u64(struct wire_reader *r)
{
	return get_number(r, 8);
}

bool wire_get_bool(struct wire_reader *r)
{
	return wire_get_enum(r, 2) == 1;
}

unsigned wire_get_enum(struct wire_reader *r, unsigned count)
{
	uint8_t value = wire_get_u8(r);

	if (value >= count) {
		r->failed = true;
		return 0;
	}
	return value;
}

const uint8_t *wire_get_bytes(struct wire_reader *r, size_t *out_len)
{
	size_t len = wire_get_u16(r);
	const uint8_t *bytes = get_raw(r, len);

	*out_len = bytes == NULL ? 0 : len;
	return bytes;
}

void wire_get_str(struct wire_reader *r, char *out, size_t cap)
{
	size_t len;
	const uint8_t *bytes = wire_get_bytes(r, &len);

	out[0] = '\0';
	if (bytes == NULL)
		return;
	if (len >= cap || memchr(bytes, '\0', len) != NULL) {
		r->failed = true;
		return;
	}
	memcpy(out, bytes, len);
	out[len] = '\0';
}

void wire_get_addr(struct wire_reader *r, struct addr *out)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	size_t len;
	const uint8_t *bytes = wire_get_bytes(r, &len);

	*out = (struct addr){ 0 };
	if (bytes == NULL || len == 0)
		return;
	/* addr.h: an IPv4-mapped address never appears, so nobody honest sends one. */
	if ((len != 4 && len != 16) || (len == 16 && memcmp(bytes, mapped, sizeof(mapped)) == 0)) {
		r->failed = true;
		return;
	}
	out->family = len == 4 ? AF_INET : AF_INET6;
	memcpy(out->bytes, bytes, len);
}

bool wire_done(const struct wire_reader *r)
{
	return !r->failed && r->at == r->len;
}

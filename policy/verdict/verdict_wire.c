/* verdict_wire.c - see verdict_wire.h. */
#include "policy/verdict/verdict_wire.h"

#include <stdlib.h>
#include <string.h>

bool tlsa_room_takes(struct tlsa_room *room, size_t len)
{
	if (len == 0 || len > TLSA_DATA_MAX || len > room->bytes || room->records == 0)
		return false;
	room->bytes -= len;
	room->records--;
	return true;
}

void tlsa_put(struct wire_writer *w, const struct tlsa *record)
{
	wire_put_u8(w, record->usage);
	wire_put_u8(w, record->selector);
	wire_put_u8(w, record->mtype);
	wire_put_bytes(w, record->data, record->len);
}

bool tlsa_get(struct wire_reader *r, struct tlsa *out, struct tlsa_room *room)
{
	size_t len;
	const uint8_t *bytes;

	out->usage = wire_get_u8(r);
	out->selector = wire_get_u8(r);
	out->mtype = wire_get_u8(r);
	bytes = wire_get_bytes(r, &len);
	if (bytes == NULL || !tlsa_room_takes(room, len))
		return false;
	out->data = malloc(len);
	if (out->data == NULL)
		return false;
	memcpy(out->data, bytes, len);
	out->len = (uint16_t)len;
	return true;
}

void patterns_put(struct wire_writer *w, const struct verdict_pattern *patterns, size_t count)
{
	w->failed |= count > VERDICT_PATTERNS_MAX;
	wire_put_u8(w, (uint8_t)count);
	for (size_t i = 0; i < count && !w->failed; i++) {
		wire_put_str(w, patterns[i].name);
		wire_put_u8(w, patterns[i].wildcard);
	}
}

struct verdict_pattern *patterns_get(struct wire_reader *r, size_t *out_count)
{
	size_t count = wire_get_enum(r, VERDICT_PATTERNS_MAX + 1);
	struct verdict_pattern *patterns;

	*out_count = 0;
	if (r->failed || count == 0)
		return NULL;
	patterns = calloc(count, sizeof(*patterns));
	r->failed |= patterns == NULL;
	for (size_t i = 0; i < count && !r->failed; i++) {
		wire_get_str(r, patterns[i].name, sizeof(patterns[i].name));
		patterns[i].wildcard = wire_get_bool(r);
		r->failed |= patterns[i].name[0] == '\0';
	}
	if (r->failed) {
		free(patterns);
		return NULL;
	}
	*out_count = count;
	return patterns;
}

/* prefixes.c - see prefixes.h. */
#include "netfilter/prefixes.h"

#include <stdlib.h>
#include <string.h>

static size_t octets(uint8_t family)
{
	return family == AF_INET ? 4 : 16;
}

static void interval_of(struct interval *out, const struct prefix *prefix)
{
	size_t len = octets(prefix->addr.family);

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < len; i++) {
		unsigned fixed = prefix->bits >= 8 * (i + 1) ? 8 : prefix->bits > 8 * i ? prefix->bits - 8 * i : 0;
		uint8_t host = (uint8_t)(0xffU >> fixed);

		out->first[i] = (uint8_t)(prefix->addr.bytes[i] & ~host);
		out->last[i] = prefix->addr.bytes[i] | host;
	}
}

static int by_first(const void *a, const void *b)
{
	return memcmp(((const struct interval *)a)->first, ((const struct interval *)b)->first, 16);
}

bool interval_end(const struct interval *interval, uint8_t family, uint8_t out[16])
{
	memcpy(out, interval->last, 16);
	for (size_t i = octets(family); i-- > 0;)
		if (++out[i] != 0)
			return true;
	return false;
}

/* Whether |next|, which does not begin before |prev|, overlaps or touches it. */
static bool joins(const struct interval *prev, const struct interval *next, uint8_t family)
{
	uint8_t end[16];

	return !interval_end(prev, family, end) || memcmp(next->first, end, 16) <= 0;
}

bool prefixes_merge(struct interval_list *out, const struct prefix_list *list, uint8_t family)
{
	size_t count = 0;

	*out = (struct interval_list){ .family = family };
	out->items = calloc(list->count + 1, sizeof(*out->items));
	if (out->items == NULL)
		return false;
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].addr.family == family)
			interval_of(&out->items[count++], &list->items[i]);
	qsort(out->items, count, sizeof(*out->items), by_first);
	for (size_t i = 0; i < count; i++) {
		struct interval *prev = out->count > 0 ? &out->items[out->count - 1] : NULL;

		if (prev == NULL || !joins(prev, &out->items[i], family))
			out->items[out->count++] = out->items[i];
		else if (memcmp(out->items[i].last, prev->last, 16) > 0)
			memcpy(prev->last, out->items[i].last, 16);
	}
	return true;
}

void interval_list_cleanup(struct interval_list *list)
{
	free(list->items);
	*list = (struct interval_list){ 0 };
}

bool interval_list_contains(const struct interval_list *list, const struct addr *addr)
{
	size_t low = 0;
	size_t high = list->count;

	if (addr->family != list->family)
		return false;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (memcmp(addr->bytes, list->items[mid].first, 16) < 0)
			high = mid;
		else if (memcmp(addr->bytes, list->items[mid].last, 16) > 0)
			low = mid + 1;
		else
			return true;
	}
	return false;
}

int interval_bits(const struct interval *interval, uint8_t family)
{
	int total = (int)octets(family) * 8;
	int bits = 0;

	while (bits < total && ((interval->first[bits / 8] ^ interval->last[bits / 8]) & (0x80 >> (bits % 8))) == 0)
		bits++;
	for (int i = bits; i < total; i++) {
		int bit = 0x80 >> (i % 8);

		if ((interval->first[i / 8] & bit) != 0 || (interval->last[i / 8] & bit) == 0)
			return -1;
	}
	return bits;
}

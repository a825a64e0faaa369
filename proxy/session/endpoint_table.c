#include "proxy/session/endpoint_table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/siphash.h"

#define WAYS 8 /* neighbours that compete for the same slots */

struct slot {
	struct host_key key;
	uint64_t until_s; /* 0: free */
};

struct endpoint_table {
	struct siphash_key hash_key;
	size_t sets;
	size_t value_len;
	struct slot *slots; /* sets * WAYS */
	uint8_t *values;
};

struct endpoint_table *endpoint_table_new(size_t entries, size_t value_len)
{
	struct endpoint_table *table = calloc(1, sizeof(*table));

	if (table == NULL)
		return NULL;
	table->sets = entries == 0 ? 1 : (entries + WAYS - 1) / WAYS;
	table->value_len = value_len;
	table->slots = calloc(table->sets * WAYS, sizeof(*table->slots));
	table->values = calloc(table->sets * WAYS, value_len);
	if (table->slots == NULL || table->values == NULL || !siphash_key_make(&table->hash_key)) {
		endpoint_table_free(table);
		return NULL;
	}
	return table;
}

void endpoint_table_free(struct endpoint_table *table)
{
	if (table == NULL)
		return;
	free(table->slots);
	free(table->values);
	free(table);
}

/* The first slot of |key|'s neighbourhood. */
static size_t set_of(const struct endpoint_table *table, const struct host_key *key)
{
	uint8_t bytes[sizeof(key->host.addr.bytes) + sizeof(key->client.bytes) + 2];

	memcpy(bytes, key->host.addr.bytes, sizeof(key->host.addr.bytes));
	memcpy(bytes + sizeof(key->host.addr.bytes), key->client.bytes, sizeof(key->client.bytes));
	bytes[sizeof(bytes) - 2] = (uint8_t)(key->host.port >> 8);
	bytes[sizeof(bytes) - 1] = (uint8_t)key->host.port;
	return (size_t)(siphash(&table->hash_key, bytes, sizeof(bytes)) % table->sets) * WAYS;
}

static struct slot *slot_of(const struct endpoint_table *table, const struct host_key *key)
{
	struct slot *set = table->slots + set_of(table, key);

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].until_s != 0 && host_key_equal(&set[i].key, key))
			return &set[i];
	}
	return NULL;
}

static uint8_t *value_of(const struct endpoint_table *table, const struct slot *slot)
{
	return table->values + (size_t)(slot - table->slots) * table->value_len;
}

const void *endpoint_table_find(const struct endpoint_table *table, const struct host_key *key, uint64_t now_s)
{
	const struct slot *slot = slot_of(table, key);

	return slot != NULL && slot->until_s > now_s ? value_of(table, slot) : NULL;
}

void endpoint_table_put(struct endpoint_table *table, const struct host_key *key, const void *value, uint64_t now_s,
			uint64_t until_s)
{
	struct slot *slot = slot_of(table, key);

	if (until_s <= now_s)
		return;
	if (slot == NULL) {
		struct slot *set = table->slots + set_of(table, key);
		slot = set;
		for (size_t i = 1; i < WAYS; i++) {
			if (set[i].until_s < slot->until_s)
				slot = &set[i];
		}
	}
	slot->key = *key;
	slot->until_s = until_s;
	memcpy(value_of(table, slot), value, table->value_len);
}

void endpoint_table_remove(struct endpoint_table *table, const struct host_key *key)
{
	struct slot *slot = slot_of(table, key);

	if (slot != NULL)
		slot->until_s = 0;
}

void endpoint_table_clear(struct endpoint_table *table)
{
	for (size_t i = 0; i < table->sets * WAYS; i++)
		table->slots[i].until_s = 0;
}

#include "proxy/session/ehlo_memory.h"

#include <stdlib.h>

#include "proxy/session/endpoint_table.h"

struct ehlo_memory {
	struct endpoint_table *table;
};

struct ehlo_memory *ehlo_memory_new(size_t entries)
{
	struct ehlo_memory *memory = calloc(1, sizeof(*memory));

	if (memory == NULL)
		return NULL;
	memory->table = endpoint_table_new(entries, sizeof(struct smtp_ehlo));
	if (memory->table == NULL) {
		free(memory);
		return NULL;
	}
	return memory;
}

void ehlo_memory_free(struct ehlo_memory *memory)
{
	if (memory == NULL)
		return;
	endpoint_table_free(memory->table);
	free(memory);
}

static struct host_key key_of(const struct endpoint *host)
{
	return (struct host_key){ .host = *host };
}

void ehlo_memory_note(struct ehlo_memory *memory, const struct endpoint *host, const struct smtp_ehlo *ehlo,
		      uint64_t now_s)
{
	const struct host_key key = key_of(host);

	if (memory != NULL)
		endpoint_table_put(memory->table, &key, ehlo, now_s, now_s + EHLO_MEMORY_S);
}

void ehlo_memory_forget(struct ehlo_memory *memory, const struct endpoint *host)
{
	const struct host_key key = key_of(host);

	if (memory != NULL)
		endpoint_table_remove(memory->table, &key);
}

const struct smtp_ehlo *ehlo_memory_find(const struct ehlo_memory *memory, const struct endpoint *host, uint64_t now_s)
{
	const struct host_key key = key_of(host);

	return memory != NULL ? endpoint_table_find(memory->table, &key, now_s) : NULL;
}

#include "proxy/session/host_memory.h"

#include <stdlib.h>

#include "proxy/session/endpoint_table.h"

struct host_memory {
	struct endpoint_table *table;
};

struct host_memory *host_memory_new(size_t entries)
{
	struct host_memory *memory = calloc(1, sizeof(*memory));

	if (memory == NULL)
		return NULL;
	memory->table = endpoint_table_new(entries, sizeof(enum host_failure));
	if (memory->table == NULL) {
		free(memory);
		return NULL;
	}
	return memory;
}

void host_memory_free(struct host_memory *memory)
{
	if (memory == NULL)
		return;
	endpoint_table_free(memory->table);
	free(memory);
}

void host_memory_note(struct host_memory *memory, const struct endpoint *host, enum host_failure failure,
		      uint64_t now_s)
{
	if (memory != NULL && failure != HOST_FINE)
		endpoint_table_put(memory->table, host, &failure, now_s, now_s + HOST_MEMORY_S);
}

void host_memory_clear(struct host_memory *memory, const struct endpoint *host)
{
	if (memory != NULL)
		endpoint_table_remove(memory->table, host);
}

enum host_failure host_memory_find(const struct host_memory *memory, const struct endpoint *host, uint64_t now_s)
{
	const enum host_failure *found = memory != NULL ? endpoint_table_find(memory->table, host, now_s) : NULL;

	return found != NULL ? *found : HOST_FINE;
}

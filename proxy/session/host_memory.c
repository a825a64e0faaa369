#include "proxy/session/host_memory.h"

#include <stdbool.h>
#include <stdlib.h>

#include "proxy/session/endpoint_table.h"

struct host_memory {
	struct endpoint_table *table; /* of struct held */
	void (*tell)(void *arg, const struct host_news *news);
	void *arg;
};

struct held {
	enum host_failure failure;
	uint64_t since_s;
	uint64_t try_s; /* from then on one session may try */
};

struct host_memory *host_memory_new(size_t entries)
{
	struct host_memory *memory = calloc(1, sizeof(*memory));

	if (memory == NULL)
		return NULL;
	memory->table = endpoint_table_new(entries, sizeof(struct held));
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

void host_memory_tell(struct host_memory *memory, void (*tell)(void *arg, const struct host_news *news), void *arg)
{
	if (memory == NULL)
		return;
	memory->tell = tell;
	memory->arg = arg;
}

static void tell(const struct host_memory *memory, const struct host_key *key, enum host_failure failure)
{
	const struct host_news news = { failure, *key };

	if (memory->tell != NULL)
		memory->tell(memory->arg, &news);
}

static void hold(struct host_memory *memory, const struct host_key *key, enum host_failure failure, uint64_t now_s)
{
	const struct held held = { failure, now_s, now_s + HOST_DOWN_S };

	endpoint_table_put(memory->table, key, &held, now_s, now_s + HOST_HELD_S);
}

void host_memory_note(struct host_memory *memory, const struct host_key *key, enum host_failure failure, uint64_t now_s)
{
	if (memory == NULL || failure == HOST_FINE)
		return;
	hold(memory, key, failure, now_s);
	tell(memory, key, failure);
}

void host_memory_disprove(struct host_memory *memory, const struct host_key *key, enum host_failure failure)
{
	const struct held *held = memory != NULL ? endpoint_table_find(memory->table, key, 0) : NULL;

	if (held == NULL || (failure != HOST_FINE && failure != held->failure))
		return;
	endpoint_table_remove(memory->table, key);
	tell(memory, key, HOST_FINE);
}

static bool did_not_answer(enum host_failure failure)
{
	return failure == HOST_UNREACHABLE || failure == HOST_SILENT;
}

enum host_failure host_memory_ask(struct host_memory *memory, const struct host_key *key, uint64_t now_s)
{
	const struct held *found = memory != NULL ? endpoint_table_find(memory->table, key, now_s) : NULL;
	struct held held;

	if (found == NULL)
		return HOST_FINE;
	if (!did_not_answer(found->failure) || found->try_s > now_s)
		return found->failure;
	held = *found;
	held.try_s = now_s + HOST_DOWN_S;
	endpoint_table_put(memory->table, key, &held, now_s, held.since_s + HOST_HELD_S);
	return HOST_FINE;
}

void host_memory_hear(struct host_memory *memory, const struct host_news *news, uint64_t now_s)
{
	if (memory == NULL)
		return;
	if (news->failure == HOST_FINE)
		endpoint_table_remove(memory->table, &news->key);
	else
		hold(memory, &news->key, news->failure, now_s);
}

void host_memory_forget(struct host_memory *memory)
{
	if (memory != NULL)
		endpoint_table_clear(memory->table);
}

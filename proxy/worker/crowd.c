/* crowd.c - see crowd.h. */
#include "proxy/worker/crowd.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/base/siphash.h"

#define BUCKETS 4096 /* 32 KiB; a power of two */

LIST_HEAD(bucket, crowd_group);

struct crowd {
	struct siphash_key hash_key;
	struct bucket buckets[BUCKETS];
};

struct crowd *crowd_new(void)
{
	struct crowd *crowd = calloc(1, sizeof(*crowd));

	if (crowd != NULL && siphash_key_make(&crowd->hash_key))
		return crowd;
	free(crowd);
	return NULL;
}

void crowd_free(struct crowd *crowd)
{
	for (size_t i = 0; crowd != NULL && i < BUCKETS; i++) {
		struct crowd_group *group;
		while ((group = LIST_FIRST(&crowd->buckets[i])) != NULL) {
			LIST_REMOVE(group, same_hash);
			free(group);
		}
	}
	free(crowd);
}

static struct bucket *bucket_of(struct crowd *crowd, const struct endpoint *key)
{
	uint8_t bytes[sizeof(key->addr.bytes) + 2];

	memcpy(bytes, key->addr.bytes, sizeof(key->addr.bytes));
	bytes[sizeof(bytes) - 2] = (uint8_t)(key->port >> 8);
	bytes[sizeof(bytes) - 1] = (uint8_t)key->port;
	return &crowd->buckets[siphash(&crowd->hash_key, bytes, sizeof(bytes)) % BUCKETS];
}

struct crowd_group *crowd_find(struct crowd *crowd, const struct endpoint *key)
{
	struct crowd_group *group;

	LIST_FOREACH(group, bucket_of(crowd, key), same_hash)
	{
		if (group->key.port == key->port && addr_equal(&group->key.addr, &key->addr))
			return group;
	}
	return NULL;
}

struct crowd_group *crowd_join(struct crowd *crowd, const struct endpoint *key)
{
	struct crowd_group *group = crowd_find(crowd, key);

	if (group == NULL) {
		group = calloc(1, sizeof(*group));
		if (group == NULL)
			return NULL;
		group->key = *key;
		LIST_INSERT_HEAD(bucket_of(crowd, key), group, same_hash);
	}
	group->count++;
	return group;
}

void crowd_leave(struct crowd_group *group)
{
	if (group == NULL || --group->count > 0)
		return;
	LIST_REMOVE(group, same_hash);
	free(group);
}

struct endpoint crowd_client(const struct endpoint *client)
{
	struct endpoint key = { .addr = client->addr };

	if (addr_len(&key.addr) == 16)
		memset(key.addr.bytes + 8, 0, 8);
	return key;
}

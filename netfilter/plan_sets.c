/* plan_sets.c - the named sets. Both tables get the same ones, so that interception and guard never differ over who is
 * exempt. A list that is empty has no set. */
#include <linux/netfilter/nf_tables.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "netfilter/plan.h"

/* Type numbers are nft's own (its datatype.h); the kernel only stores them, for nft to print the set. Those of a
 * concatenation stand side by side in one number, and its parts fill up to 4 octets each. */
enum { IPV4 = 7, IPV6 = 8, SERVICE = 13 };
#define JOINED(left, right) ((left) << 6 | (right))

static const struct set_type {
	const char *name;
	size_t key_len;
	uint32_t number;
	uint32_t flags;
} types[] = {
	[PLAN_SET_IPV4] = { "ipv4_addr", 4, IPV4, NFT_SET_INTERVAL },
	[PLAN_SET_IPV6] = { "ipv6_addr", 16, IPV6, NFT_SET_INTERVAL },
	[PLAN_SET_PORT] = { "inet_service", 2, SERVICE, 0 },
	[PLAN_SET_UID] = { "uid", 4, 24, 0 },
	[PLAN_SET_IFNAME] = { "ifname", IFNAMSIZ, 41, 0 },
	[PLAN_SET_DOWN4] = { "ipv4_addr . inet_service", 8, JOINED(IPV4, SERVICE), NFT_SET_TIMEOUT },
	[PLAN_SET_DOWN6] = { "ipv6_addr . inet_service", 20, JOINED(IPV6, SERVICE), NFT_SET_TIMEOUT },
	[PLAN_SET_DOWN_CLIENT4] = { "ipv4_addr . ipv4_addr . inet_service", 12, JOINED(JOINED(IPV4, IPV4), SERVICE),
				    NFT_SET_TIMEOUT },
	[PLAN_SET_DOWN_CLIENT6] = { "ipv6_addr . ipv6_addr . inet_service", 36, JOINED(JOINED(IPV6, IPV6), SERVICE),
				    NFT_SET_TIMEOUT },
};

const char *plan_set_type_name(enum plan_set_type type)
{
	return types[type].name;
}

uint32_t plan_set_type_number(enum plan_set_type type)
{
	return types[type].number;
}

size_t plan_set_key_len(enum plan_set_type type)
{
	return types[type].key_len;
}

bool plan_set_is_interval(enum plan_set_type type)
{
	return (types[type].flags & NFT_SET_INTERVAL) != 0;
}

bool plan_set_is_dynamic(enum plan_set_type type)
{
	return (types[type].flags & NFT_SET_TIMEOUT) != 0;
}

uint32_t plan_set_flags(enum plan_set_type type)
{
	return types[type].flags;
}

const struct plan_set *plan_set_find(const struct plan_table *table, const char *name)
{
	for (size_t i = 0; i < table->sets_count; i++)
		if (strcmp(table->sets[i].name, name) == 0)
			return &table->sets[i];
	return NULL;
}

static struct plan_set *set_add(struct plan *plan, struct plan_table *table, const char *name, enum plan_set_type type)
{
	struct plan_set *set = &table->sets[table->sets_count];

	if (table->sets_count == PLAN_SETS) {
		plan->failed = true;
		return NULL;
	}
	table->sets_count++;
	set->name = name;
	set->type = type;
	return set;
}

static void add_prefixes(struct plan *plan, struct plan_table *table, const char *name, enum plan_set_type type,
			 const struct prefix_list *list)
{
	struct interval_list merged;

	if (!prefixes_merge(&merged, list, type == PLAN_SET_IPV4 ? AF_INET : AF_INET6))
		plan->failed = true;
	if (merged.count > 0) {
		struct plan_set *set = set_add(plan, table, name, type);

		if (set != NULL) {
			set->list = merged;
			return;
		}
	}
	interval_list_cleanup(&merged);
}

/* The sources, and while it runs those of the self-test. */
static void add_sources(struct plan *plan, struct plan_table *table, const struct gate_spec *spec)
{
	struct prefix_list list = { .count = spec->sources.count };

	list.items = calloc(spec->sources.count + 2, sizeof(*list.items));
	if (list.items == NULL) {
		plan->failed = true;
		return;
	}
	for (size_t i = 0; i < spec->sources.count; i++)
		list.items[i] = spec->sources.items[i];
	if (spec->selftest && (!prefix_parse(&list.items[list.count++], GATE_SELFTEST_SRC4) ||
			       !prefix_parse(&list.items[list.count++], GATE_SELFTEST_SRC6)))
		plan->failed = true;
	add_prefixes(plan, table, SET_SOURCES4, PLAN_SET_IPV4, &list);
	add_prefixes(plan, table, SET_SOURCES6, PLAN_SET_IPV6, &list);
	free(list.items);
}

/* As nft orders them: numbers by value, names as the numbers that their octets make on a little-endian machine. */
static int by_key(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(((struct interval *)NULL)->first));
}

static int by_host_key(const void *a, const void *b)
{
	const struct interval *x = a;
	const struct interval *y = b;

	for (size_t i = sizeof(x->first); i-- > 0;)
		if (x->first[i] != y->first[i])
			return x->first[i] - y->first[i];
	return 0;
}

/* A set of single keys, sorted, each once. |keys| may hold more room than |count|. */
static void add_keys(struct plan *plan, struct plan_table *table, const char *name, enum plan_set_type type,
		     struct interval *keys, size_t count)
{
	struct plan_set *set = count > 0 ? set_add(plan, table, name, type) : NULL;
	size_t kept = 0;

	if (set == NULL || keys == NULL) {
		if (keys == NULL)
			plan->failed = true;
		free(keys);
		return;
	}
	qsort(keys, count, sizeof(*keys), type == PLAN_SET_PORT ? by_key : by_host_key);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || by_key(&keys[kept - 1], &keys[i]) != 0)
			keys[kept++] = keys[i];
	set->list = (struct interval_list){ .items = keys, .count = kept };
}

static void add_ports(struct plan *plan, struct plan_table *table, const struct gate_spec *spec)
{
	struct interval *keys = calloc(spec->ports_count + 1, sizeof(*keys));

	for (size_t i = 0; keys != NULL && i < spec->ports_count; i++) {
		keys[i].first[0] = (uint8_t)(spec->ports[i] >> 8);
		keys[i].first[1] = (uint8_t)spec->ports[i];
	}
	add_keys(plan, table, SET_PORTS, PLAN_SET_PORT, keys, spec->ports_count);
}

static void put_name(uint8_t *out, const char *name)
{
	for (size_t i = 0; i < IFNAMSIZ - 1 && name[i] != '\0'; i++)
		out[i] = (uint8_t)name[i];
}

static void add_inside(struct plan *plan, struct plan_table *table, const struct gate_spec *spec)
{
	struct interval *keys = calloc(spec->interfaces.count + 1, sizeof(*keys));
	size_t count = 0;

	for (; keys != NULL && count < spec->interfaces.count; count++)
		put_name(keys[count].first, spec->interfaces.items[count]);
	if (keys != NULL && spec->selftest)
		put_name(keys[count++].first, GATE_SELFTEST_TUN);
	add_keys(plan, table, SET_INSIDE, PLAN_SET_IFNAME, keys, count);
}

static void add_users(struct plan *plan, struct plan_table *table, const struct gate_spec *spec)
{
	struct interval *keys = calloc(spec->exempt_uids_count + 1, sizeof(*keys));

	for (size_t i = 0; keys != NULL && i < spec->exempt_uids_count; i++) {
		uint32_t uid = spec->exempt_uids[i]; /* the kernel compares it in host order */

		memcpy(keys[i].first, &uid, sizeof(uid));
	}
	add_keys(plan, table, SET_EXEMPT_USERS, PLAN_SET_UID, keys, spec->exempt_uids_count);
}

void plan_sets(struct plan *plan, struct plan_table *table, const struct gate_spec *spec)
{
	add_ports(plan, table, spec);
	if (spec->scope_forward) {
		add_inside(plan, table, spec);
		add_sources(plan, table, spec);
	}
	add_prefixes(plan, table, SET_EXEMPT4, PLAN_SET_IPV4, &spec->exempt);
	add_prefixes(plan, table, SET_EXEMPT6, PLAN_SET_IPV6, &spec->exempt);
	add_prefixes(plan, table, SET_EXEMPT_SOURCE4, PLAN_SET_IPV4, &spec->exempt_source);
	add_prefixes(plan, table, SET_EXEMPT_SOURCE6, PLAN_SET_IPV6, &spec->exempt_source);
	add_users(plan, table, spec);
}

/* In the interception alone: the guard has nothing to say about hosts that are down. */
void plan_sets_down(struct plan *plan, struct plan_table *table, const struct gate_spec *spec)
{
	bool by_client = gate_down_by_client(spec);

	if (!gate_has_down(spec))
		return;
	(void)set_add(plan, table, SET_DOWN4, by_client ? PLAN_SET_DOWN_CLIENT4 : PLAN_SET_DOWN4);
	(void)set_add(plan, table, SET_DOWN6, by_client ? PLAN_SET_DOWN_CLIENT6 : PLAN_SET_DOWN6);
}

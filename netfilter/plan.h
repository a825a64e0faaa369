/* plan.h - the two tables as a description in memory: sets, chains, rules made of terms. Both the netlink transaction
 * (plan_nftnl.h) and the text (rules_text.h) are made from it. */
#ifndef GATE25_NETFILTER_PLAN_H
#define GATE25_NETFILTER_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netfilter/gate.h"
#include "netfilter/prefixes.h"
#include "netfilter/terms.h"
#include "proxy/base/attrib.h"

#define PLAN_TABLES 2
#define PLAN_SETS   12
#define PLAN_CHAINS 14
#define PLAN_RULES  16
#define PLAN_TERMS  8

struct plan_rule {
	struct term terms[PLAN_TERMS];
	size_t count;
};

struct plan_chain {
	const char *name;
	const char *type; /* "filter", "nat"; NULL: not a base chain, and what follows means nothing */
	const char *hook;
	uint32_t hooknum;
	int32_t priority;
	const char *priority_name; /* as nft prints it */
	struct plan_rule rules[PLAN_RULES];
	size_t count;
};

/* DOWN: destination . port; with CLIENT, source . destination . port. */
enum plan_set_type {
	PLAN_SET_IPV4,
	PLAN_SET_IPV6,
	PLAN_SET_PORT,
	PLAN_SET_UID,
	PLAN_SET_IFNAME,
	PLAN_SET_DOWN4,
	PLAN_SET_DOWN6,
	PLAN_SET_DOWN_CLIENT4,
	PLAN_SET_DOWN_CLIENT6,
};

/* Addresses are an interval set; of the other types each item stands for its |first|. The elements of DOWN come and go
 * (down.h) and are no part of a plan. */
struct plan_set {
	const char *name;
	enum plan_set_type type;
	struct interval_list list;
};

struct plan_table {
	const char *name;
	struct plan_set sets[PLAN_SETS];
	size_t sets_count;
	struct plan_chain chains[PLAN_CHAINS];
	size_t chains_count;
};

struct plan {
	struct plan_table tables[PLAN_TABLES]; /* the guard first */
	size_t count;
	bool failed; /* while it is being made: out of memory or of room */
};

/* plan_new describes what |spec| asks for; NULL with a sentence. */
struct plan *plan_new(const struct gate_spec *spec, bool guard_only, char *err, size_t err_len);
void plan_free(struct plan *plan); /* NULL is fine */

/* For the makers of tables. A plan that runs out of room is failed. */
struct plan_table *plan_table(struct plan *plan, const char *name);
struct plan_chain *plan_chain(struct plan *plan, struct plan_table *table, const char *name);
void plan_rule(struct plan *plan, struct plan_chain *chain, const struct term *terms); /* up to TERM_END */
#define RULE(plan, chain, ...) plan_rule(plan, chain, (const struct term[]){ __VA_ARGS__, TERM(TERM_END) })

void plan_guard(struct plan *plan, const struct gate_spec *spec);                          /* plan_guard.c */
void plan_intercept(struct plan *plan, const struct gate_spec *spec);                      /* plan_intercept.c */
void plan_sets(struct plan *plan, struct plan_table *table, const struct gate_spec *spec); /* plan_sets.c */
void plan_sets_down(struct plan *plan, struct plan_table *table, const struct gate_spec *spec);
const struct plan_set *plan_set_find(const struct plan_table *table, const char *name);
/* How a set of |type| is called by nft, its kernel type number, and the length of a key. */
const char *plan_set_type_name(enum plan_set_type type);
uint32_t plan_set_type_number(enum plan_set_type type);
size_t plan_set_key_len(enum plan_set_type type);
bool plan_set_is_interval(enum plan_set_type type);
bool plan_set_is_dynamic(enum plan_set_type type); /* elements have a timeout, and are not compared */
uint32_t plan_set_flags(enum plan_set_type type);  /* the kernel's NFT_SET_... */

/* Names that both tables use. */
#define SET_PORTS          "ports"
#define SET_INSIDE         "inside"
#define SET_SOURCES4       "sources4"
#define SET_SOURCES6       "sources6"
#define SET_EXEMPT4        "exempt4"
#define SET_EXEMPT6        "exempt6"
#define SET_EXEMPT_SOURCE4 "exempt_source4"
#define SET_EXEMPT_SOURCE6 "exempt_source6"
#define SET_EXEMPT_USERS   "exempt_users"
#define SET_DOWN4          "down4" /* of the interception alone */
#define SET_DOWN6          "down6"

#endif

/* plan_nftnl.c - see plan_nftnl.h. */
#include "netfilter/plan_nftnl.h"

#include <errno.h>
#include <stdio.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "netfilter/batch.h"

/* Of the elements of a set in one message. The kernel's limit is 64 KiB for the list, and libnftnl cuts what is longer
 * without saying so. */
#define ELEMENTS_PER_MESSAGE 250

static void put_table(struct batch *batch, const char *name, uint16_t type, uint16_t flags)
{
	struct batch_label label = { .what = "table", .table = name, .name = name };
	struct nlmsghdr *nlh = batch_message(batch, type, flags, &label);
	struct nftnl_table *table = nftnl_table_alloc();

	if (nlh == NULL || table == NULL) {
		batch->failed = true;
	} else {
		nftnl_table_set_str(table, NFTNL_TABLE_NAME, name);
		nftnl_table_nlmsg_build_payload(nlh, table);
		batch_done(batch, nlh);
	}
	if (table != NULL)
		nftnl_table_free(table);
}

/* Adding first makes the deletion succeed on a table that is not there. */
void plan_put_delete(struct batch *batch, const char *name)
{
	put_table(batch, name, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	put_table(batch, name, NFT_MSG_DELTABLE, 0);
}

/* nft must be told that keys of these types are in host order, else it prints them the wrong way round. */
static bool name_byte_order(struct nftnl_set *set, enum plan_set_type type)
{
	enum { HOST_ENDIAN = 1 }; /* nft's datatype.h */
	struct nftnl_udata_buf *udata;
	bool ok;

	if (type != PLAN_SET_UID && type != PLAN_SET_IFNAME)
		return true;
	udata = nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN);
	if (udata == NULL)
		return false;
	ok = nftnl_udata_put_u32(udata, NFTNL_UDATA_SET_KEYBYTEORDER, HOST_ENDIAN) &&
	     nftnl_set_set_data(set, NFTNL_SET_USERDATA, nftnl_udata_buf_data(udata), nftnl_udata_buf_len(udata)) == 0;
	nftnl_udata_buf_free(udata);
	return ok;
}

static struct nftnl_set *set_new(const char *table, const struct plan_set *from, uint32_t id)
{
	struct nftnl_set *set = nftnl_set_alloc();

	if (set == NULL)
		return NULL;
	nftnl_set_set_str(set, NFTNL_SET_TABLE, table);
	nftnl_set_set_str(set, NFTNL_SET_NAME, from->name);
	nftnl_set_set_u32(set, NFTNL_SET_ID, id);
	nftnl_set_set_u32(set, NFTNL_SET_FAMILY, NFPROTO_INET);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_TYPE, plan_set_type_number(from->type));
	nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, (uint32_t)plan_set_key_len(from->type));
	nftnl_set_set_u32(set, NFTNL_SET_FLAGS, plan_set_flags(from->type));
	if (!name_byte_order(set, from->type)) {
		nftnl_set_free(set);
		return NULL;
	}
	return set;
}

int plan_element_compare(const void *a, const void *b)
{
	const struct plan_element *x = a;
	const struct plan_element *y = b;
	int by_key = memcmp(x->key, y->key, sizeof(x->key));

	return by_key != 0 ? by_key : (int)y->end - (int)x->end;
}

struct plan_element *plan_elements(const struct plan_set *set, size_t *out_count)
{
	struct plan_element *elements = calloc(2 * set->list.count + 1, sizeof(*elements));
	size_t count = 0;

	for (size_t i = 0; elements != NULL && i < set->list.count; i++) {
		memcpy(elements[count++].key, set->list.items[i].first, sizeof(elements->key));
		if (!plan_set_is_interval(set->type) ||
		    !interval_end(&set->list.items[i], set->list.family, elements[count].key)) {
			memset(&elements[count], 0, sizeof(*elements));
			continue;
		}
		elements[count++].end = true;
	}
	*out_count = count;
	return elements;
}

static bool add_element(struct nftnl_set *set, const struct plan_element *element, size_t key_len)
{
	struct nftnl_set_elem *elem = nftnl_set_elem_alloc();

	if (elem == NULL)
		return false;
	nftnl_set_elem_add(set, elem);
	if (element->end)
		nftnl_set_elem_set_u32(elem, NFTNL_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
	return nftnl_set_elem_set(elem, NFTNL_SET_ELEM_KEY, element->key, (uint32_t)key_len) == 0;
}

static void put_elements_part(struct batch *batch, const char *table, const struct plan_set *from, uint32_t id,
			      const struct plan_element *elements, size_t count)
{
	struct batch_label label = { .what = "elements of set", .table = table, .name = from->name };
	struct nlmsghdr *nlh = batch_message(batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE, &label);
	struct nftnl_set *set = set_new(table, from, id);
	bool ok = nlh != NULL && set != NULL;

	for (size_t i = 0; ok && i < count; i++)
		ok = add_element(set, &elements[i], plan_set_key_len(from->type));
	if (ok) {
		nftnl_set_elems_nlmsg_build_payload(nlh, set);
		batch_done(batch, nlh);
	} else {
		batch->failed = true;
	}
	if (set != NULL)
		nftnl_set_free(set);
}

static void put_elements(struct batch *batch, const char *table, const struct plan_set *from, uint32_t id)
{
	size_t count;
	struct plan_element *elements = plan_elements(from, &count);

	if (elements == NULL)
		batch->failed = true;
	for (size_t at = 0; elements != NULL && at < count; at += ELEMENTS_PER_MESSAGE)
		put_elements_part(batch, table, from, id, elements + at,
				  count - at < ELEMENTS_PER_MESSAGE ? count - at : ELEMENTS_PER_MESSAGE);
	free(elements);
}

static void put_set(struct batch *batch, const char *table, const struct plan_set *from, uint32_t id)
{
	struct batch_label label = { .what = "set", .table = table, .name = from->name };
	struct nlmsghdr *nlh = batch_message(batch, NFT_MSG_NEWSET, NLM_F_CREATE, &label);
	struct nftnl_set *set = set_new(table, from, id);

	if (nlh == NULL || set == NULL) {
		batch->failed = true;
	} else {
		nftnl_set_nlmsg_build_payload(nlh, set);
		batch_done(batch, nlh);
	}
	if (set != NULL)
		nftnl_set_free(set);
	put_elements(batch, table, from, id);
}

static void put_chain(struct batch *batch, const char *table, const struct plan_chain *from)
{
	struct batch_label label = { .what = "chain", .table = table, .name = from->name };
	struct nlmsghdr *nlh = batch_message(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE, &label);
	struct nftnl_chain *chain = nftnl_chain_alloc();

	if (nlh == NULL || chain == NULL) {
		batch->failed = true;
	} else {
		nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, table);
		nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, from->name);
		if (from->type != NULL) {
			nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, from->type);
			nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, from->hooknum);
			nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, from->priority);
			nftnl_chain_set_u32(chain, NFTNL_CHAIN_POLICY, NF_ACCEPT);
		}
		nftnl_chain_nlmsg_build_payload(nlh, chain);
		batch_done(batch, nlh);
	}
	if (chain != NULL)
		nftnl_chain_free(chain);
}

struct nftnl_rule *plan_rule_new(const struct plan_table *table, const struct plan_chain *chain,
				 const struct plan_rule *from)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();

	if (rule == NULL)
		return NULL;
	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, table->name);
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, chain->name);
	nftnl_rule_set_u32(rule, NFTNL_RULE_FAMILY, NFPROTO_INET);
	if (!terms_build(rule, from->terms, from->count)) {
		nftnl_rule_free(rule);
		return NULL;
	}
	return rule;
}

/* The term of a rule that is likeliest to be missing from a kernel: the last that needs a module of its own. */
static const char *module_of(const struct plan_rule *rule)
{
	const char *module = NULL;

	for (size_t i = 0; i < rule->count; i++)
		if (term_module(&rule->terms[i]) != NULL)
			module = term_module(&rule->terms[i]);
	return module;
}

static void put_rule(struct batch *batch, const struct plan_table *table, const struct plan_chain *chain,
		     const struct plan_rule *from)
{
	struct batch_label label = {
		.what = "a rule in chain", .table = table->name, .name = chain->name, .module = module_of(from)
	};
	struct nlmsghdr *nlh = batch_message(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, &label);
	struct nftnl_rule *rule = plan_rule_new(table, chain, from);

	if (nlh == NULL || rule == NULL) {
		batch->failed = true;
	} else {
		nftnl_rule_nlmsg_build_payload(nlh, rule);
		batch_done(batch, nlh);
	}
	if (rule != NULL)
		nftnl_rule_free(rule);
}

static void put_rules(struct batch *batch, const struct plan_table *table)
{
	for (size_t i = 0; i < table->chains_count; i++)
		for (size_t k = 0; k < table->chains[i].count; k++)
			put_rule(batch, table, &table->chains[i], &table->chains[i].rules[k]);
}

/* Chains before the rules that jump to them. */
void plan_put(struct batch *batch, const struct plan *plan)
{
	uint32_t id = 0;

	for (size_t t = 0; t < plan->count; t++) {
		const struct plan_table *table = &plan->tables[t];

		plan_put_delete(batch, table->name);
		put_table(batch, table->name, NFT_MSG_NEWTABLE, NLM_F_CREATE);
		for (size_t i = 0; i < table->sets_count; i++)
			put_set(batch, table->name, &table->sets[i], ++id);
		for (size_t i = 0; i < table->chains_count; i++)
			put_chain(batch, table->name, &table->chains[i]);
		put_rules(batch, table);
	}
}

static void put_delete_rules(struct batch *batch, const char *table)
{
	struct batch_label label = { .what = "the rules of table", .table = table, .name = table };
	struct nlmsghdr *nlh = batch_message(batch, NFT_MSG_DELRULE, 0, &label);
	struct nftnl_rule *rule = nftnl_rule_alloc();

	if (nlh == NULL || rule == NULL) {
		batch->failed = true;
	} else {
		nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, table);
		nftnl_rule_nlmsg_build_payload(nlh, rule);
		batch_done(batch, nlh);
	}
	if (rule != NULL)
		nftnl_rule_free(rule);
}

static void put_delete_set(struct batch *batch, const char *table, const char *name)
{
	struct batch_label label = { .what = "set", .table = table, .name = name };
	struct nlmsghdr *nlh = batch_message(batch, NFT_MSG_DELSET, 0, &label);
	struct nftnl_set *set = nftnl_set_alloc();

	if (nlh == NULL || set == NULL) {
		batch->failed = true;
	} else {
		nftnl_set_set_str(set, NFTNL_SET_TABLE, table);
		nftnl_set_set_str(set, NFTNL_SET_NAME, name);
		nftnl_set_nlmsg_build_payload(nlh, set);
		batch_done(batch, nlh);
	}
	if (set != NULL)
		nftnl_set_free(set);
}

/* Whether |table| has the very same set. */
static bool has_set(const struct plan_table *table, const struct plan_set *set)
{
	const struct plan_set *other = plan_set_find(table, set->name);
	bool same = other != NULL && other->type == set->type && other->list.count == set->list.count;

	for (size_t i = 0; same && i < set->list.count; i++)
		same = memcmp(other->list.items[i].first, set->list.items[i].first, sizeof(set->list.items[i].first)) ==
			       0 &&
		       memcmp(other->list.items[i].last, set->list.items[i].last, sizeof(set->list.items[i].last)) == 0;
	return same;
}

void plan_put_change(struct batch *batch, const struct plan *from, const struct plan *to)
{
	uint32_t id = 0;

	for (size_t t = 0; t < to->count; t++) {
		const struct plan_table *old = &from->tables[t];
		const struct plan_table *new = &to->tables[t];

		put_delete_rules(batch, new->name);
		for (size_t i = 0; i < old->sets_count; i++)
			if (!has_set(new, &old->sets[i]))
				put_delete_set(batch, new->name, old->sets[i].name);
		for (size_t i = 0; i < new->sets_count; i++)
			if (!has_set(old, &new->sets[i]))
				put_set(batch, new->name, &new->sets[i], ++id);
		put_rules(batch, new);
	}
}

static bool same_chain(const struct plan_chain *a, const struct plan_chain *b)
{
	if (strcmp(a->name, b->name) != 0 || (a->type == NULL) != (b->type == NULL))
		return false;
	return a->type == NULL ||
	       (strcmp(a->type, b->type) == 0 && a->hooknum == b->hooknum && a->priority == b->priority);
}

bool plan_same_chains(const struct plan *a, const struct plan *b)
{
	bool same = a->count == b->count;

	for (size_t t = 0; same && t < a->count; t++) {
		same = strcmp(a->tables[t].name, b->tables[t].name) == 0 &&
		       a->tables[t].chains_count == b->tables[t].chains_count;
		for (size_t i = 0; same && i < a->tables[t].chains_count; i++)
			same = same_chain(&a->tables[t].chains[i], &b->tables[t].chains[i]);
	}
	return same;
}

/* readback.c - see readback.h.
 *
 * A dump that was interrupted by somebody's change is asked for again; expressions are compared in libnftnl's own
 * words, which cover every attribute that we set. */
#include "netfilter/readback.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdio.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netfilter/plan_nftnl.h"
#include "netfilter/say.h"

#define DUMP_TRIES    5
#define DUMP_BUFFER   32768
#define EXPR_TEXT_MAX 1024

/* What is being read, and how it stands. */
struct reader {
	struct mnl_socket *nl;
	uint32_t seq;
	const struct plan_table *table;
	const struct plan_set *set; /* of a dump of elements */
	size_t seen;                /* tables, chains or sets of ours */
	size_t rules_seen[PLAN_CHAINS];
	struct plan_element *elements;
	size_t elements_count;
	bool bad; /* a difference was found and told */
	char *err;
	size_t err_len;
};

typedef void fill_fn(struct nlmsghdr *nlh, const struct reader *r);

static int differs(struct reader *r, const char *what, const char *name)
{
	r->bad = true;
	(void)say(r->err, r->err_len, "table %s is not what was installed: %s %s", r->table->name, what,
		  name != NULL ? name : "?");
	return MNL_CB_STOP;
}

static bool ours(const struct reader *r, const char *table)
{
	return table != NULL && strcmp(table, r->table->name) == 0;
}

/* One dump, message by message to |each|. After a failure the socket is of no more use. */
static bool dump(struct reader *r, uint16_t type, fill_fn *fill, mnl_cb_t each)
{
	char buf[DUMP_BUFFER];
	struct nlmsghdr *nlh = nftnl_nlmsg_build_hdr(buf, type, NFPROTO_INET, NLM_F_DUMP, ++r->seq);
	int run = MNL_CB_OK;

	fill(nlh, r);
	if (mnl_socket_sendto(r->nl, nlh, nlh->nlmsg_len) < 0)
		return say_errno(r->err, r->err_len, "cannot ask nftables what it has");
	while (run > MNL_CB_STOP) {
		ssize_t n = mnl_socket_recvfrom(r->nl, buf, sizeof(buf));

		run = n < 0 ? MNL_CB_ERROR : mnl_cb_run(buf, (size_t)n, r->seq, mnl_socket_get_portid(r->nl), each, r);
	}
	if (r->bad)
		return false;
	if (run == MNL_CB_ERROR && errno == ENOENT)
		return say(r->err, r->err_len, "table %s is gone", r->table->name);
	if (run == MNL_CB_ERROR)
		return say_errno(r->err, r->err_len, "cannot read what nftables has");
	return true;
}

static void fill_nothing(struct nlmsghdr *nlh, const struct reader *r)
{
	(void)nlh;
	(void)r;
}

/* --- tables and chains -------------------------------------------------------------------------------------------- */

static int each_table(const struct nlmsghdr *nlh, void *arg)
{
	struct reader *r = arg;
	struct nftnl_table *table = nftnl_table_alloc();
	int run = MNL_CB_ERROR;

	if (table != NULL && nftnl_table_nlmsg_parse(nlh, table) == 0) {
		run = MNL_CB_OK;
		if (ours(r, nftnl_table_get_str(table, NFTNL_TABLE_NAME))) {
			r->seen++;
			if (nftnl_table_get_u32(table, NFTNL_TABLE_FLAGS) != 0)
				run = differs(r, "its flags (dormant?)", "");
		}
	}
	if (table != NULL)
		nftnl_table_free(table);
	return run;
}

static const struct plan_chain *chain_find(const struct plan_table *table, const char *name, size_t *out_index)
{
	for (size_t i = 0; name != NULL && i < table->chains_count; i++) {
		if (strcmp(table->chains[i].name, name) == 0) {
			*out_index = i;
			return &table->chains[i];
		}
	}
	return NULL;
}

static bool same_chain(const struct plan_chain *want, const struct nftnl_chain *have)
{
	const char *type = nftnl_chain_get_str(have, NFTNL_CHAIN_TYPE);

	if (want->type == NULL)
		return !nftnl_chain_is_set(have, NFTNL_CHAIN_HOOKNUM);
	return type != NULL && strcmp(type, want->type) == 0 &&
	       nftnl_chain_get_u32(have, NFTNL_CHAIN_HOOKNUM) == want->hooknum &&
	       nftnl_chain_get_s32(have, NFTNL_CHAIN_PRIO) == want->priority &&
	       nftnl_chain_get_u32(have, NFTNL_CHAIN_POLICY) == NF_ACCEPT;
}

static int each_chain(const struct nlmsghdr *nlh, void *arg)
{
	struct reader *r = arg;
	struct nftnl_chain *chain = nftnl_chain_alloc();
	int run = MNL_CB_ERROR;

	if (chain != NULL && nftnl_chain_nlmsg_parse(nlh, chain) == 0) {
		run = MNL_CB_OK;
		if (ours(r, nftnl_chain_get_str(chain, NFTNL_CHAIN_TABLE))) {
			const char *name = nftnl_chain_get_str(chain, NFTNL_CHAIN_NAME);
			size_t index;
			const struct plan_chain *want = chain_find(r->table, name, &index);

			r->seen++;
			if (want == NULL || !same_chain(want, chain))
				run = differs(r, "chain", name);
		}
	}
	if (chain != NULL)
		nftnl_chain_free(chain);
	return run;
}

/* --- rules ---------------------------------------------------------------------------------------------------------
 */

static bool same_expr(const struct nftnl_expr *want, const struct nftnl_expr *have)
{
	const char *name = nftnl_expr_get_str(want, NFTNL_EXPR_NAME);
	char want_text[EXPR_TEXT_MAX];
	char have_text[EXPR_TEXT_MAX];

	if (strcmp(name, nftnl_expr_get_str(have, NFTNL_EXPR_NAME)) != 0)
		return false;
	if (strcmp(name, "counter") == 0)
		return true;
	if (nftnl_expr_snprintf(want_text, sizeof(want_text), want, NFTNL_OUTPUT_DEFAULT, 0) < 0 ||
	    nftnl_expr_snprintf(have_text, sizeof(have_text), have, NFTNL_OUTPUT_DEFAULT, 0) < 0)
		return false;
	return strcmp(want_text, have_text) == 0;
}

static bool same_exprs(const struct nftnl_rule *want, const struct nftnl_rule *have)
{
	struct nftnl_expr_iter *w = nftnl_expr_iter_create(want);
	struct nftnl_expr_iter *h = nftnl_expr_iter_create(have);
	bool same = w != NULL && h != NULL;

	while (same) {
		struct nftnl_expr *a = nftnl_expr_iter_next(w);
		struct nftnl_expr *b = nftnl_expr_iter_next(h);

		if (a == NULL && b == NULL)
			break;
		same = a != NULL && b != NULL && same_expr(a, b);
	}
	if (w != NULL)
		nftnl_expr_iter_destroy(w);
	if (h != NULL)
		nftnl_expr_iter_destroy(h);
	return same;
}

/* Rules arrive in the order in which they stand in their chain. */
static int check_rule(struct reader *r, const struct nftnl_rule *have)
{
	const char *name = nftnl_rule_get_str(have, NFTNL_RULE_CHAIN);
	size_t index = 0;
	const struct plan_chain *chain = chain_find(r->table, name, &index);
	struct nftnl_rule *want;
	bool same;

	if (chain == NULL || r->rules_seen[index] == chain->count)
		return differs(r, "a rule too many in chain", name);
	want = plan_rule_new(r->table, chain, &chain->rules[r->rules_seen[index]++]);
	if (want == NULL)
		return MNL_CB_ERROR;
	same = same_exprs(want, have);
	nftnl_rule_free(want);
	return same ? MNL_CB_OK : differs(r, "a rule of chain", name);
}

static int each_rule(const struct nlmsghdr *nlh, void *arg)
{
	struct reader *r = arg;
	struct nftnl_rule *rule = nftnl_rule_alloc();
	int run = MNL_CB_ERROR;

	if (rule != NULL && nftnl_rule_nlmsg_parse(nlh, rule) == 0)
		run = ours(r, nftnl_rule_get_str(rule, NFTNL_RULE_TABLE)) ? check_rule(r, rule) : MNL_CB_OK;
	if (rule != NULL)
		nftnl_rule_free(rule);
	return run;
}

static void fill_rule(struct nlmsghdr *nlh, const struct reader *r)
{
	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, r->table->name);
}

static bool compare_rules(struct reader *r)
{
	if (!dump(r, NFT_MSG_GETRULE, fill_rule, each_rule))
		return false;
	for (size_t i = 0; i < r->table->chains_count; i++)
		if (r->rules_seen[i] != r->table->chains[i].count)
			return differs(r, "a rule is missing in chain", r->table->chains[i].name), false;
	return true;
}

/* --- sets ----------------------------------------------------------------------------------------------------------
 */

static int each_set(const struct nlmsghdr *nlh, void *arg)
{
	struct reader *r = arg;
	struct nftnl_set *set = nftnl_set_alloc();
	int run = MNL_CB_ERROR;

	if (set != NULL && nftnl_set_nlmsg_parse(nlh, set) == 0) {
		run = MNL_CB_OK;
		if (ours(r, nftnl_set_get_str(set, NFTNL_SET_TABLE))) {
			const char *name = nftnl_set_get_str(set, NFTNL_SET_NAME);
			const struct plan_set *want = plan_set_find(r->table, name);

			r->seen++;
			if (want == NULL ||
			    nftnl_set_get_u32(set, NFTNL_SET_KEY_TYPE) != plan_set_type_number(want->type) ||
			    nftnl_set_get_u32(set, NFTNL_SET_FLAGS) != plan_set_flags(want->type))
				run = differs(r, "set", name);
		}
	}
	if (set != NULL)
		nftnl_set_free(set);
	return run;
}

static void fill_set(struct nlmsghdr *nlh, const struct reader *r)
{
	mnl_attr_put_strz(nlh, NFTA_SET_TABLE, r->table->name);
}

static int add_element(struct nftnl_set_elem *elem, void *arg)
{
	struct reader *r = arg;
	struct plan_element *grown = reallocarray(r->elements, r->elements_count + 1, sizeof(*grown));
	uint32_t len = 0;
	const void *key;

	if (grown == NULL)
		return -1;
	r->elements = grown;
	key = nftnl_set_elem_get(elem, NFTNL_SET_ELEM_KEY, &len);
	if (key == NULL || len != plan_set_key_len(r->set->type))
		return -1;
	grown += r->elements_count++;
	*grown = (struct plan_element){ .end = false };
	memcpy(grown->key, key, len);
	if (nftnl_set_elem_is_set(elem, NFTNL_SET_ELEM_FLAGS))
		grown->end = (nftnl_set_elem_get_u32(elem, NFTNL_SET_ELEM_FLAGS) & NFT_SET_ELEM_INTERVAL_END) != 0;
	return 0;
}

static int each_elements(const struct nlmsghdr *nlh, void *arg)
{
	struct nftnl_set *set = nftnl_set_alloc();
	int run = MNL_CB_ERROR;

	if (set != NULL && nftnl_set_elems_nlmsg_parse(nlh, set) == 0 &&
	    nftnl_set_elem_foreach(set, add_element, arg) == 0)
		run = MNL_CB_OK;
	if (set != NULL)
		nftnl_set_free(set);
	return run;
}

static void fill_elements(struct nlmsghdr *nlh, const struct reader *r)
{
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, r->table->name);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, r->set->name);
}

static bool same_elements(struct reader *r)
{
	size_t count;
	struct plan_element *want = plan_elements(r->set, &count);
	bool same = want != NULL && count == r->elements_count;

	if (same && count > 0) {
		qsort(r->elements, count, sizeof(*want), plan_element_compare);
		qsort(want, count, sizeof(*want), plan_element_compare);
	}
	for (size_t i = 0; same && i < count; i++)
		same = plan_element_compare(&want[i], &r->elements[i]) == 0;
	free(want);
	return same;
}

static bool compare_elements(struct reader *r, const struct plan_set *set)
{
	bool ok;

	r->set = set;
	ok = dump(r, NFT_MSG_GETSETELEM, fill_elements, each_elements);
	if (ok && !same_elements(r)) {
		char what[64];

		(void)snprintf(what, sizeof(what), "%zu elements in set", r->elements_count);
		(void)differs(r, what, set->name);
		ok = false;
	}
	free(r->elements);
	r->elements = NULL;
	r->elements_count = 0;
	return ok;
}

/* --- all of it -----------------------------------------------------------------------------------------------------
 */

/* Counts what |each| sees of ours against |want|. */
static bool count_dump(struct reader *r, uint16_t type, fill_fn *fill, mnl_cb_t each, size_t want, const char *what)
{
	r->seen = 0;
	if (!dump(r, type, fill, each))
		return false;
	return r->seen == want || (differs(r, "missing:", what), false);
}

static bool compare_table(struct reader *r)
{
	bool ok = count_dump(r, NFT_MSG_GETTABLE, fill_nothing, each_table, 1, "the table itself") &&
		  count_dump(r, NFT_MSG_GETCHAIN, fill_nothing, each_chain, r->table->chains_count, "a chain") &&
		  compare_rules(r) && count_dump(r, NFT_MSG_GETSET, fill_set, each_set, r->table->sets_count, "a set");

	for (size_t i = 0; ok && i < r->table->sets_count; i++)
		ok = plan_set_is_dynamic(r->table->sets[i].type) || compare_elements(r, &r->table->sets[i]);
	return ok;
}

/* One look at everything, on a socket of its own. |again|: a dump was cut short by somebody's change. */
static bool compare_once(const struct plan *plan, bool *again, char *err, size_t err_len)
{
	struct reader r = { .err = err, .err_len = err_len };
	bool ok = true;

	*again = false;
	r.nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (r.nl == NULL)
		return say_errno(err, err_len, "cannot open a channel to nftables");
	if (mnl_socket_bind(r.nl, 0, MNL_SOCKET_AUTOPID) < 0)
		ok = say_errno(err, err_len, "cannot open a channel to nftables");
	for (size_t i = 0; ok && i < plan->count; i++) {
		r.table = &plan->tables[i];
		memset(r.rules_seen, 0, sizeof(r.rules_seen));
		errno = 0;
		ok = compare_table(&r);
		*again = !ok && !r.bad && errno == EINTR;
	}
	mnl_socket_close(r.nl);
	return ok;
}

bool readback_compare(const struct plan *plan, char *err, size_t err_len)
{
	bool again = true;
	bool ok = false;

	for (int i = 0; again && i < DUMP_TRIES; i++)
		ok = compare_once(plan, &again, err, err_len);
	return ok;
}

/* down.c - see down.h. */
#include "netfilter/down.h"

#include <libnftnl/set.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <string.h>

#include "netfilter/batch.h"
#include "netfilter/plan.h"
#include "netfilter/ruleset.h"

#define MS_PER_S 1000

size_t down_key(const struct down_host *host, uint8_t out[DOWN_KEY_MAX])
{
	const size_t len = addr_len(&host->host.addr);
	const size_t client_len = addr_len(&host->client);

	if (len == 0 || (client_len != 0 && client_len != len))
		return 0;
	memset(out, 0, DOWN_KEY_MAX);
	memcpy(out, host->client.bytes, client_len);
	memcpy(out + client_len, host->host.addr.bytes, len);
	out[client_len + len] = (uint8_t)(host->host.port >> 8);
	out[client_len + len + 1] = (uint8_t)host->host.port;
	return client_len + len + sizeof(uint32_t);
}

static bool fill(struct nftnl_set *set, const struct down_host *host, const char *name, bool timeout)
{
	struct nftnl_set_elem *elem = nftnl_set_elem_alloc();
	uint8_t key[DOWN_KEY_MAX];

	if (elem == NULL)
		return false;
	nftnl_set_elem_add(set, elem);
	if (timeout)
		nftnl_set_elem_set_u64(elem, NFTNL_SET_ELEM_TIMEOUT, (uint64_t)host->seconds * MS_PER_S);
	return nftnl_set_set_str(set, NFTNL_SET_TABLE, RULESET_TABLE) == 0 &&
	       nftnl_set_set_str(set, NFTNL_SET_NAME, name) == 0 &&
	       nftnl_set_elem_set(elem, NFTNL_SET_ELEM_KEY, key, (uint32_t)down_key(host, key)) == 0;
}

static void put(struct batch *batch, uint16_t type, const struct down_host *host)
{
	bool add = type == NFT_MSG_NEWSETELEM;
	const char *name = host->host.addr.family == AF_INET ? SET_DOWN4 : SET_DOWN6;
	struct batch_label label = { .what = "element of set", .table = RULESET_TABLE, .name = name };
	struct nlmsghdr *nlh = batch_message(batch, type, add ? NLM_F_CREATE : 0, &label);
	struct nftnl_set *set = nftnl_set_alloc();

	if (nlh == NULL || set == NULL || !fill(set, host, name, add && host->seconds > 0)) {
		batch->failed = true;
	} else {
		nftnl_set_elems_nlmsg_build_payload(nlh, set);
		batch_done(batch, nlh);
	}
	if (set != NULL)
		nftnl_set_free(set);
}

/* An element that is there keeps its old time when it is added again, and one that is not there cannot be taken out:
 * added, taken out, and added is right for both. */
void down_put(struct batch *batch, const struct down_host *host)
{
	uint8_t key[DOWN_KEY_MAX];

	if (down_key(host, key) == 0)
		return;
	put(batch, NFT_MSG_NEWSETELEM, host);
	put(batch, NFT_MSG_DELSETELEM, host);
	if (host->seconds > 0)
		put(batch, NFT_MSG_NEWSETELEM, host);
}

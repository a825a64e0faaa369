/* blocker.c - see blocker.h. */
#include "netfilter/blocker.h"

#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "netfilter/ruleset.h"

static const char *family_name(uint32_t family)
{
	return family == NFPROTO_IPV4 ? "ip" : family == NFPROTO_IPV6 ? "ip6" : "inet";
}

static bool drops_input(const struct nftnl_chain *chain)
{
	const char *table = nftnl_chain_get_str(chain, NFTNL_CHAIN_TABLE);

	return nftnl_chain_is_set(chain, NFTNL_CHAIN_HOOKNUM) && table != NULL &&
	       nftnl_chain_get_u32(chain, NFTNL_CHAIN_HOOKNUM) == NF_INET_LOCAL_IN &&
	       nftnl_chain_get_u32(chain, NFTNL_CHAIN_POLICY) == NF_DROP && strcmp(table, RULESET_TABLE_GUARD) != 0 &&
	       strcmp(table, RULESET_TABLE) != 0;
}

static int each_chain(const struct nlmsghdr *nlh, void *arg)
{
	struct blocker *out = arg;
	struct nftnl_chain *chain = nftnl_chain_alloc();

	if (chain == NULL)
		return MNL_CB_ERROR;
	if (out->table[0] == '\0' && nftnl_chain_nlmsg_parse(nlh, chain) == 0 && drops_input(chain)) {
		(void)snprintf(out->family, sizeof(out->family), "%s",
			       family_name(nftnl_chain_get_u32(chain, NFTNL_CHAIN_FAMILY)));
		(void)snprintf(out->table, sizeof(out->table), "%s", nftnl_chain_get_str(chain, NFTNL_CHAIN_TABLE));
		(void)snprintf(out->chain, sizeof(out->chain), "%s", nftnl_chain_get_str(chain, NFTNL_CHAIN_NAME));
	}
	nftnl_chain_free(chain);
	return MNL_CB_OK;
}

bool blocker_find(struct blocker *out)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	char buf[32768];
	const struct nlmsghdr *nlh = nftnl_nlmsg_build_hdr(buf, NFT_MSG_GETCHAIN, NFPROTO_UNSPEC, NLM_F_DUMP, 1);
	int run = MNL_CB_ERROR;

	*out = (struct blocker){ 0 };
	if (nl == NULL)
		return false;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) == 0 && mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) > 0)
		run = MNL_CB_OK;
	while (run > MNL_CB_STOP) {
		ssize_t n = mnl_socket_recvfrom(nl, buf, sizeof(buf));

		run = n < 0 ? MNL_CB_ERROR : mnl_cb_run(buf, (size_t)n, 1, mnl_socket_get_portid(nl), each_chain, out);
	}
	mnl_socket_close(nl);
	return out->table[0] != '\0';
}

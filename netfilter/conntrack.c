/* conntrack.c - see conntrack.h. The entries are read first and deleted then: a table that changes under its own dump
 * would be read askew. */
#include "netfilter/conntrack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netfilter/flow.h"
#include "netfilter/rtnl.h"
#include "netfilter/say.h"

#define KEY_MAX     256
#define DUMP_BUFFER 32768

/* What names an entry in a deletion: its original tuple, zone and id, as the kernel wrote them. */
struct key {
	uint8_t family;
	uint16_t len;
	uint8_t attrs[KEY_MAX];
};

struct keys {
	const struct flow_judge *judge;
	struct key *items;
	size_t count;
};

/* --- this host's addresses ---------------------------------------------------------------------------------------- */

static bool own_add(struct prefix_list *own, uint8_t family, const void *bytes)
{
	struct prefix *grown = reallocarray(own->items, own->count + 1, sizeof(*grown));
	struct prefix *added;

	if (grown == NULL)
		return false;
	own->items = grown;
	added = &own->items[own->count++];
	*added = (struct prefix){ .addr = { .family = family }, .bits = family == AF_INET ? 32 : 128 };
	memcpy(added->addr.bytes, bytes, addr_len(&added->addr));
	return true;
}

static int each_address(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *found = NULL;
	const struct nlattr *attr;

	if (ifa->ifa_family != AF_INET && ifa->ifa_family != AF_INET6)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(*ifa))
	{
		/* IFA_ADDRESS is the peer of a point-to-point link; where IFA_LOCAL exists it is ours. */
		if (mnl_attr_get_type(attr) == IFA_LOCAL || (mnl_attr_get_type(attr) == IFA_ADDRESS && found == NULL))
			found = attr;
	}
	if (found == NULL || mnl_attr_get_payload_len(found) != (ifa->ifa_family == AF_INET ? 4 : 16))
		return MNL_CB_OK;
	return own_add(arg, ifa->ifa_family, mnl_attr_get_payload(found)) ? MNL_CB_OK : MNL_CB_ERROR;
}

static int run_dump(struct mnl_socket *nl, const struct nlmsghdr *nlh, mnl_cb_t each, void *arg)
{
	char buf[DUMP_BUFFER];
	int run = MNL_CB_OK;

	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return MNL_CB_ERROR;
	while (run > MNL_CB_STOP) {
		ssize_t n = mnl_socket_recvfrom(nl, buf, sizeof(buf));

		if (n < 0)
			return MNL_CB_ERROR;
		run = mnl_cb_run(buf, (size_t)n, nlh->nlmsg_seq, mnl_socket_get_portid(nl), each, arg);
		if (run == MNL_CB_ERROR && errno == EINTR)
			run = MNL_CB_OK; /* the table changed meanwhile; what was read is still true */
	}
	return run;
}

static bool own_addresses(struct prefix_list *out, char *err, size_t err_len)
{
	char buf[RTNL_BUFFER];
	struct mnl_socket *nl = rtnl_open();
	struct nlmsghdr *nlh = rtnl_request(buf, RTM_GETADDR, NLM_F_DUMP);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	struct prefix loopback;
	bool ok;

	ifa->ifa_family = AF_UNSPEC;
	nlh->nlmsg_flags &= (uint16_t)~NLM_F_ACK;
	ok = nl != NULL && run_dump(nl, nlh, each_address, out) != MNL_CB_ERROR;
	if (nl != NULL)
		mnl_socket_close(nl);
	if (!ok)
		return say_errno(err, err_len, "cannot read this host's addresses");
	if (!prefix_parse(&loopback, "127.0.0.0/8") || !own_add(out, AF_INET, loopback.addr.bytes))
		return say(err, err_len, "out of memory");
	out->items[out->count - 1] = loopback;
	return true;
}

/* --- entries -------------------------------------------------------------------------------------------------------
 */

static void read_address(struct addr *out, const struct nlattr *attr, uint8_t family)
{
	size_t len = family == AF_INET ? 4 : 16;

	if (mnl_attr_get_payload_len(attr) != len)
		return;
	out->family = family;
	memcpy(out->bytes, mnl_attr_get_payload(attr), len);
}

static void read_ip(const struct nlattr *nest, struct endpoint *from, struct endpoint *to)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest)
	{
		switch (mnl_attr_get_type(attr)) {
		case CTA_IP_V4_SRC: read_address(&from->addr, attr, AF_INET); break;
		case CTA_IP_V4_DST: read_address(&to->addr, attr, AF_INET); break;
		case CTA_IP_V6_SRC: read_address(&from->addr, attr, AF_INET6); break;
		case CTA_IP_V6_DST: read_address(&to->addr, attr, AF_INET6); break;
		default: break;
		}
	}
}

static void read_tuple(const struct nlattr *nest, struct endpoint *from, struct endpoint *to, uint8_t *protocol)
{
	const struct nlattr *part;
	const struct nlattr *attr;

	mnl_attr_for_each_nested(part, nest)
	{
		if (mnl_attr_get_type(part) == CTA_TUPLE_IP)
			read_ip(part, from, to);
		if (mnl_attr_get_type(part) != CTA_TUPLE_PROTO)
			continue;
		mnl_attr_for_each_nested(attr, part)
		{
			if (mnl_attr_get_type(attr) == CTA_PROTO_NUM)
				*protocol = mnl_attr_get_u8(attr);
			else if (mnl_attr_get_type(attr) == CTA_PROTO_SRC_PORT)
				from->port = ntohs(mnl_attr_get_u16(attr));
			else if (mnl_attr_get_type(attr) == CTA_PROTO_DST_PORT)
				to->port = ntohs(mnl_attr_get_u16(attr));
		}
	}
}

static bool key_put(struct key *key, const struct nlattr *attr)
{
	size_t len = MNL_ALIGN(attr->nla_len);

	if (key->len + len > sizeof(key->attrs))
		return false;
	memcpy(key->attrs + key->len, attr, attr->nla_len);
	key->len = (uint16_t)(key->len + len);
	return true;
}

static bool read_entry(const struct nlmsghdr *nlh, struct flow *flow, struct key *key)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	struct endpoint replies_to = { 0 };
	const struct nlattr *attr;
	uint8_t ignored = 0;
	bool ok = true;

	key->family = nfg->nfgen_family;
	mnl_attr_for_each(attr, nlh, sizeof(*nfg))
	{
		switch (mnl_attr_get_type(attr)) {
		case CTA_TUPLE_ORIG:
			read_tuple(attr, &flow->from, &flow->to, &flow->protocol);
			ok = key_put(key, attr) && ok;
			break;
		case CTA_TUPLE_REPLY: read_tuple(attr, &flow->replies_from, &replies_to, &ignored); break;
		case CTA_MARK: flow->mark = ntohl(mnl_attr_get_u32(attr)); break;
		case CTA_STATUS: flow->dnat = (ntohl(mnl_attr_get_u32(attr)) & IPS_DST_NAT) != 0; break;
		case CTA_ID:
		case CTA_ZONE: ok = key_put(key, attr) && ok; break;
		default: break;
		}
	}
	return ok;
}

static int each_entry(const struct nlmsghdr *nlh, void *arg)
{
	struct keys *keys = arg;
	struct flow flow = { 0 };
	struct key key = { 0 };
	struct key *grown;

	if (!read_entry(nlh, &flow, &key))
		return MNL_CB_ERROR;
	if (!flow_is_clear(keys->judge, &flow))
		return MNL_CB_OK;
	grown = reallocarray(keys->items, keys->count + 1, sizeof(*grown));
	if (grown == NULL)
		return MNL_CB_ERROR;
	keys->items = grown;
	keys->items[keys->count++] = key;
	return MNL_CB_OK;
}

static struct nlmsghdr *ct_request(void *buf, uint16_t type, uint16_t flags, uint8_t family)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg;

	nlh->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8) | type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = 1;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = family;
	nfg->version = NFNETLINK_V0;
	return nlh;
}

/* An entry that is gone already is as good as deleted, but not counted. */
static bool delete_entry(struct mnl_socket *nl, const struct key *key, size_t *deleted)
{
	char buf[RTNL_BUFFER];
	struct nlmsghdr *nlh = ct_request(buf, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, key->family);
	int error;

	memcpy(mnl_nlmsg_get_payload_tail(nlh), key->attrs, key->len);
	nlh->nlmsg_len += key->len;
	error = rtnl_do(nl, nlh);
	if (error == 0)
		(*deleted)++;
	errno = error;
	return error == 0 || error == ENOENT;
}

static bool forget(struct mnl_socket *nl, const struct flow_judge *judge, size_t *deleted, char *err, size_t err_len)
{
	char buf[RTNL_BUFFER];
	struct keys keys = { .judge = judge };
	bool ok = true;

	if (run_dump(nl, ct_request(buf, IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC), each_entry, &keys) == MNL_CB_ERROR)
		ok = say_errno(err, err_len,
			       "cannot read the tracked connections (try: modprobe nf_conntrack_netlink)");
	for (size_t i = 0; ok && i < keys.count; i++)
		if (!delete_entry(nl, &keys.items[i], deleted))
			ok = say_errno(err, err_len, "cannot delete a tracked connection");
	free(keys.items);
	return ok;
}

bool conntrack_forget(const struct gate_spec *spec, size_t *out_deleted, char *err, size_t err_len)
{
	struct prefix_list own = { 0 };
	struct flow_judge judge = { 0 };
	struct mnl_socket *nl = NULL;
	bool ok = own_addresses(&own, err, err_len);

	*out_deleted = 0;
	if (ok && !flow_judge_init(&judge, spec, &own))
		ok = say(err, err_len, "out of memory");
	free(own.items);
	if (ok) {
		nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
		if (nl == NULL || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0)
			ok = say_errno(err, err_len, "cannot open a channel to connection tracking");
	}
	ok = ok && forget(nl, &judge, out_deleted, err, err_len);
	if (nl != NULL)
		mnl_socket_close(nl);
	flow_judge_cleanup(&judge);
	return ok;
}

/* route.c - see route.h. */
#include "netfilter/route.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "netfilter/rtnl.h"
#include "netfilter/say.h"

static void put_rule(struct nlmsghdr *nlh, uint8_t family, uint32_t pref, uint32_t mark, uint32_t table, bool from_lo)
{
	struct fib_rule_hdr *rule = mnl_nlmsg_put_extra_header(nlh, sizeof(*rule));

	rule->family = family;
	rule->action = FR_ACT_TO_TBL;
	rule->table = table < 256 ? (uint8_t)table : RT_TABLE_UNSPEC;
	mnl_attr_put_u32(nlh, FRA_PRIORITY, pref);
	mnl_attr_put_u32(nlh, FRA_FWMARK, mark);
	mnl_attr_put_u32(nlh, FRA_FWMASK, mark);
	mnl_attr_put_u32(nlh, FRA_TABLE, table);
	if (from_lo)
		mnl_attr_put_strz(nlh, FRA_IIFNAME, "lo");
}

static void put_route(struct nlmsghdr *nlh, uint8_t family, uint32_t table)
{
	struct rtmsg *route = mnl_nlmsg_put_extra_header(nlh, sizeof(*route));

	route->rtm_family = family;
	route->rtm_table = table < 256 ? (uint8_t)table : RT_TABLE_UNSPEC;
	route->rtm_protocol = RTPROT_STATIC;
	route->rtm_scope = RT_SCOPE_HOST;
	route->rtm_type = RTN_LOCAL;
	mnl_attr_put_u32(nlh, RTA_TABLE, table);
	mnl_attr_put_u32(nlh, RTA_OIF, if_nametoindex("lo"));
}

/* One of the three parts, for one family; 0 or an error number. */
static int change(struct mnl_socket *nl, const struct gate_spec *spec, uint8_t family, int part, bool add)
{
	char buf[RTNL_BUFFER];
	uint16_t flags = add ? NLM_F_CREATE | NLM_F_EXCL : 0;
	struct nlmsghdr *nlh;

	if (part == 0) {
		nlh = rtnl_request(buf, add ? RTM_NEWROUTE : RTM_DELROUTE, flags);
		put_route(nlh, family, spec->route_table);
	} else {
		nlh = rtnl_request(buf, add ? RTM_NEWRULE : RTM_DELRULE, flags);
		put_rule(nlh, family, part == 1 ? ROUTE_PREF_MAIN : ROUTE_PREF_TPROXY, spec->mark_tproxy,
			 part == 1 ? RT_TABLE_MAIN : spec->route_table, part == 1);
	}
	return rtnl_do(nl, nlh);
}

/* Whether |error| of an addition or a removal is what idempotence expects. */
static bool already_so(int error, bool add)
{
	return add ? error == EEXIST : error == ENOENT || error == ESRCH;
}

/* Without IPv6, on the host or on its loopback, its packets are not routed to anybody: the gate stays closed. */
static bool no_ipv6(int error, uint8_t family)
{
	return family == AF_INET6 && (error == EAFNOSUPPORT || error == EOPNOTSUPP || error == EACCES);
}

/* |out_changed|: how many parts were not so before. */
static bool change_all(const struct gate_spec *spec, bool add, unsigned *out_changed, char *err, size_t err_len)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct mnl_socket *nl = rtnl_open();
	bool ok = true;

	*out_changed = 0;
	if (nl == NULL)
		return say_errno(err, err_len, "cannot open a channel to the routing tables");
	for (size_t f = 0; ok && f < COUNT(families); f++) {
		for (int part = 0; ok && part < 3; part++) {
			/* The route first, the rule that leads to it last; taken away the other way round. */
			int error = change(nl, spec, families[f], add ? part : 2 - part, add);

			*out_changed += error == 0;
			if (error != 0 && !already_so(error, add) && !no_ipv6(error, families[f])) {
				errno = error;
				ok = say_errno(err, err_len, "cannot %s the %s policy route of tproxy (table %u)",
					       add ? "add" : "remove", families[f] == AF_INET ? "IPv4" : "IPv6",
					       spec->route_table);
			}
		}
	}
	mnl_socket_close(nl);
	return ok;
}

bool route_restore(const struct gate_spec *spec, unsigned *out_added, char *err, size_t err_len)
{
	*out_added = 0;
	return !gate_uses_tproxy(spec) || change_all(spec, true, out_added, err, err_len);
}

bool route_install(const struct gate_spec *spec, char *err, size_t err_len)
{
	unsigned added;

	return route_restore(spec, &added, err, err_len);
}

bool route_remove(const struct gate_spec *spec, char *err, size_t err_len)
{
	unsigned removed;

	return change_all(spec, false, &removed, err, err_len);
}

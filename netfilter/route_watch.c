/* route_watch.c - see route_watch.h. */
#include "netfilter/route_watch.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netfilter/say.h"

#define NEWS_BUFFER (1024 * 1024) /* of a router whose routes come and go */

int route_watch_open(char *err, size_t err_len)
{
	static const int groups[] = { RTNLGRP_LINK, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE, RTNLGRP_IPV4_ROUTE,
				      RTNLGRP_IPV6_ROUTE };
	const struct sockaddr_nl self = { .nl_family = AF_NETLINK };
	int room = NEWS_BUFFER;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	bool ok = fd >= 0 && bind(fd, (const struct sockaddr *)&self, sizeof(self)) == 0;

	for (size_t i = 0; ok && i < COUNT(groups); i++)
		ok = setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof(groups[i])) == 0;
	if (ok) {
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
		return fd;
	}
	(void)say_errno(err, err_len, "cannot watch the routing rules");
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

static bool of_table(const struct nlmsghdr *nlh, uint32_t table)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*route))
		return true;
	mnl_attr_for_each(attr, nlh, sizeof(*route))
	{
		if (mnl_attr_get_type(attr) == RTA_TABLE && mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			return mnl_attr_get_u32(attr) == table;
	}
	return route->rtm_table == table;
}

/* Of IPv4 routes that an interface takes along when it goes down nothing is said but that it went down. */
static bool interface_down(const struct nlmsghdr *nlh)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(nlh);

	return mnl_nlmsg_get_payload_len(nlh) < sizeof(*link) || (link->ifi_flags & IFF_LOOPBACK) != 0;
}

static bool concerns(const struct nlmsghdr *nlh, const struct gate_spec *spec)
{
	switch (nlh->nlmsg_type) {
	case RTM_DELRULE: return true;
	case RTM_DELROUTE: return of_table(nlh, spec->route_table);
	case RTM_NEWLINK: return interface_down(nlh);
	default: return false;
	}
}

bool route_watch_read(int fd, const struct gate_spec *spec, bool *out_broken)
{
	bool news = false;
	char buf[32768];

	*out_broken = false;
	for (;;) {
		ssize_t n = recv(fd, buf, sizeof(buf), MSG_TRUNC);
		int left = (int)n;

		if (n > (ssize_t)sizeof(buf) || (n < 0 && errno == ENOBUFS)) {
			news = true;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			*out_broken = n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
			return news || *out_broken;
		}
		for (const struct nlmsghdr *nlh = (const void *)buf; mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left))
			news |= concerns(nlh, spec);
	}
}

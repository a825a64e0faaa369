/* watchdog.c - see watchdog.h. */
#include "netfilter/watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netfilter/say.h"

struct watchdog {
	struct mnl_socket *nl;
	uint32_t own_portid;
};

#define NEWS_BUFFER (4 * 1024 * 1024) /* our own reload with thousands of prefixes should fit */

static bool subscribe(struct watchdog *w)
{
	int group = NFNLGRP_NFTABLES;
	int room = NEWS_BUFFER;

	if (mnl_socket_bind(w->nl, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_setsockopt(w->nl, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		return false;
	(void)setsockopt(mnl_socket_get_fd(w->nl), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	return true;
}

struct watchdog *watchdog_open(uint32_t own_portid, char *err, size_t err_len)
{
	struct watchdog *w = calloc(1, sizeof(*w));

	if (w == NULL) {
		(void)say(err, err_len, "out of memory");
		return NULL;
	}
	w->own_portid = own_portid;
	w->nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (w->nl == NULL || !subscribe(w)) {
		(void)say_errno(err, err_len, "cannot watch nftables for changes");
		watchdog_close(w);
		return NULL;
	}
	return w;
}

void watchdog_close(struct watchdog *w)
{
	if (w == NULL)
		return;
	if (w->nl != NULL)
		mnl_socket_close(w->nl);
	free(w);
}

int watchdog_fd(const struct watchdog *w)
{
	return mnl_socket_get_fd(w->nl);
}

/* Attribute 1 names the table in messages about tables, chains, rules, sets, elements, objects and flow tables alike.
 */
static bool about_us(const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;

	if (NFNL_SUBSYS_ID(nlh->nlmsg_type) != NFNL_SUBSYS_NFTABLES || NFNL_MSG_TYPE(nlh->nlmsg_type) == NFT_MSG_NEWGEN)
		return false;
	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attr) != NFTA_TABLE_NAME)
			continue;
		if (mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0)
			return true;
		return strcmp(mnl_attr_get_str(attr), RULESET_TABLE) == 0 ||
		       strcmp(mnl_attr_get_str(attr), RULESET_TABLE_GUARD) == 0;
	}
	return false;
}

static bool changed(const struct watchdog *w, const void *buf, size_t len)
{
	int left = (int)len;

	for (const struct nlmsghdr *nlh = buf; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
		if (nlh->nlmsg_pid != w->own_portid && about_us(nlh))
			return true;
	return false;
}

enum watchdog_news watchdog_read(struct watchdog *w)
{
	enum watchdog_news news = WATCHDOG_NOTHING;
	char buf[65536];

	for (;;) {
		ssize_t n = recv(watchdog_fd(w), buf, sizeof(buf), MSG_TRUNC);

		/* ENOBUFS: the kernel dropped news; it says so once. */
		if (n > (ssize_t)sizeof(buf) || (n > 0 && changed(w, buf, (size_t)n)) || (n < 0 && errno == ENOBUFS))
			news = WATCHDOG_CHANGED;
		else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return news;
		else if (n == 0 || (n < 0 && errno != EINTR))
			return WATCHDOG_BROKEN;
	}
}

/* mark_clash.c - see mark_clash.h. */
#include "netfilter/mark_clash.h"

#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <sys/socket.h>

#include "netfilter/route.h"
#include "netfilter/rtnl.h"

#define DUMP_BUFFER 65536

struct search {
	uint32_t bit;
	bool hides; /* what is looked for is the bit in the mask alone */
	bool found;
	char *text;
	size_t text_len;
};

static int take_attribute(const struct nlattr *attribute, void *arg)
{
	const struct nlattr **attributes = arg;

	if (mnl_attr_get_type(attribute) <= FRA_MAX)
		attributes[mnl_attr_get_type(attribute)] = attribute;
	return MNL_CB_OK;
}

static uint32_t number(const struct nlattr *attribute, uint32_t fallback)
{
	return attribute != NULL && mnl_attr_get_payload_len(attribute) == sizeof(uint32_t)
		       ? mnl_attr_get_u32(attribute)
		       : fallback;
}

/* A rule acts on our bit if it is in the value that it looks for. (In the mask alone, as with fwmark 0x1, it means that
 * packets with our bit are not the rule's.) */
static int take_rule(const struct nlmsghdr *nlh, void *arg)
{
	struct search *search = arg;
	const struct nlattr *attributes[FRA_MAX + 1] = { NULL };
	const struct fib_rule_hdr *rule = mnl_nlmsg_get_payload(nlh);
	uint32_t pref;
	uint32_t mark;
	uint32_t mask;

	if (mnl_attr_parse(nlh, sizeof(*rule), take_attribute, attributes) < 0)
		return MNL_CB_OK;
	pref = number(attributes[FRA_PRIORITY], 0);
	mark = number(attributes[FRA_FWMARK], 0);
	mask = number(attributes[FRA_FWMASK], mark != 0 ? UINT32_MAX : 0);
	if (search->found || pref == ROUTE_PREF_MAIN || pref == ROUTE_PREF_TPROXY || pref == ROUTE_PREF_FENCE)
		return MNL_CB_OK;
	if ((mark & search->bit) != 0 ? search->hides : !search->hides || mark == 0 || (mask & search->bit) == 0)
		return MNL_CB_OK;
	search->found = true;
	(void)snprintf(search->text, search->text_len, "ip %srule %u: fwmark 0x%x/0x%x",
		       rule->family == AF_INET6 ? "-6 " : "", pref, mark, mask);
	return MNL_CB_OK;
}

static void search_family(struct mnl_socket *nl, uint8_t family, struct search *search)
{
	char request[RTNL_BUFFER];
	static char answer[DUMP_BUFFER];
	struct nlmsghdr *nlh = rtnl_request(request, RTM_GETRULE, NLM_F_DUMP);
	struct fib_rule_hdr *rule = mnl_nlmsg_put_extra_header(nlh, sizeof(*rule));
	ssize_t n;

	rule->family = family;
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return;
	do
		n = mnl_socket_recvfrom(nl, answer, sizeof(answer));
	while (n > 0 &&
	       mnl_cb_run(answer, (size_t)n, nlh->nlmsg_seq, mnl_socket_get_portid(nl), take_rule, search) > 0);
}

static bool find(uint32_t bit, bool hides, char *text, size_t text_len)
{
	struct search search = { .bit = bit, .hides = hides, .text = text, .text_len = text_len };
	struct mnl_socket *nl = rtnl_open();

	if (nl == NULL)
		return false;
	search_family(nl, AF_INET, &search);
	search_family(nl, AF_INET6, &search);
	mnl_socket_close(nl);
	return search.found;
}

bool mark_clash_find(uint32_t bit, char *text, size_t text_len)
{
	return find(bit, false, text, text_len);
}

bool mark_clash_hides(uint32_t bit, char *text, size_t text_len)
{
	return find(bit, true, text, text_len);
}

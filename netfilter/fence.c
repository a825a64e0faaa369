/* fence.c - see fence.h. */
#include "netfilter/fence.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netfilter/route.h"
#include "netfilter/rtnl.h"
#include "netfilter/say.h"

#define DUMP_BUFFER 65536
#define STALE_MAX   512 /* rules that one look finds; it is looked again */

/* One rule, as it is wanted or as the kernel has it. */
struct fence_rule {
	uint8_t family;
	char interface[IFNAMSIZ];
	uint16_t port;
	uint16_t last_port;
	uint32_t mark;
	uint32_t mask;
};

static struct fence_rule wanted(const struct gate_spec *spec, uint8_t family, const char *interface, uint16_t port)
{
	struct fence_rule rule = { .family = family, .port = port, .last_port = port, .mask = spec->mark_seen };

	(void)snprintf(rule.interface, sizeof(rule.interface), "%s", interface);
	return rule;
}

static void put(struct nlmsghdr *nlh, const struct fence_rule *from)
{
	const struct fib_rule_port_range ports = { from->port, from->last_port };
	struct fib_rule_hdr *rule = mnl_nlmsg_put_extra_header(nlh, sizeof(*rule));

	rule->family = from->family;
	rule->action = FR_ACT_PROHIBIT;
	mnl_attr_put_u32(nlh, FRA_PRIORITY, ROUTE_PREF_FENCE);
	mnl_attr_put_strz(nlh, FRA_IIFNAME, from->interface);
	mnl_attr_put_u32(nlh, FRA_FWMARK, from->mark);
	mnl_attr_put_u32(nlh, FRA_FWMASK, from->mask);
	mnl_attr_put_u8(nlh, FRA_IP_PROTO, IPPROTO_TCP);
	mnl_attr_put(nlh, FRA_DPORT_RANGE, sizeof(ports), &ports);
}

static int change(struct mnl_socket *nl, const struct fence_rule *rule, bool add)
{
	char buf[RTNL_BUFFER];
	struct nlmsghdr *nlh = rtnl_request(buf, add ? RTM_NEWRULE : RTM_DELRULE, add ? NLM_F_CREATE | NLM_F_EXCL : 0);

	put(nlh, rule);
	return rtnl_do(nl, nlh);
}

/* --- what is wanted ------------------------------------------------------------------------------------------------
 */

typedef bool each_fn(void *arg, const struct fence_rule *rule);

static bool each_wanted(const struct gate_spec *spec, each_fn *each, void *arg)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };

	for (size_t f = 0; spec->fence && f < COUNT(families); f++) {
		for (size_t i = 0; i < spec->interfaces.count; i++) {
			for (size_t p = 0; p < spec->ports_count; p++) {
				const struct fence_rule rule =
					wanted(spec, families[f], spec->interfaces.items[i], spec->ports[p]);
				if (!each(arg, &rule))
					return false;
			}
		}
	}
	return true;
}

struct adding {
	struct mnl_socket *nl;
	unsigned added;
	char *err;
	size_t err_len;
};

/* Without IPv6 on the host nobody's IPv6 is forwarded either. */
static bool add(void *arg, const struct fence_rule *rule)
{
	struct adding *a = arg;
	int error = change(a->nl, rule, true);

	a->added += error == 0;
	if (error == 0 || error == EEXIST ||
	    (rule->family == AF_INET6 && (error == EAFNOSUPPORT || error == EOPNOTSUPP)))
		return true;
	errno = error;
	return say_errno(a->err, a->err_len, "cannot add the fence for %s (ip %srule)", rule->interface,
			 rule->family == AF_INET6 ? "-6 " : "");
}

static bool add_all(struct mnl_socket *nl, const struct gate_spec *spec, unsigned *out_added, char *err, size_t err_len)
{
	struct adding a = { .nl = nl, .err = err, .err_len = err_len };
	bool ok = each_wanted(spec, add, &a);

	*out_added = a.added;
	return ok;
}

/* --- what is there -------------------------------------------------------------------------------------------------
 */

struct look {
	const struct gate_spec *spec; /* NULL: nothing is wanted */
	struct fence_rule stale[STALE_MAX];
	size_t count;
};

static bool differs(void *arg, const struct fence_rule *rule)
{
	const struct fence_rule *other = arg;

	return other->family != rule->family || strcmp(other->interface, rule->interface) != 0 ||
	       other->port != rule->port || other->last_port != rule->last_port || other->mark != rule->mark ||
	       other->mask != rule->mask;
}

static int take_attribute(const struct nlattr *attribute, void *arg)
{
	const struct nlattr **attributes = arg;

	if (mnl_attr_get_type(attribute) <= FRA_MAX)
		attributes[mnl_attr_get_type(attribute)] = attribute;
	return MNL_CB_OK;
}

static bool has(const struct nlattr *attribute, size_t len)
{
	return attribute != NULL && mnl_attr_get_payload_len(attribute) >= len;
}

/* read_rule: false for a rule that cannot be of a fence. */
static bool read_rule(struct fence_rule *out, const struct nlmsghdr *nlh)
{
	const struct nlattr *a[FRA_MAX + 1] = { NULL };
	const struct fib_rule_hdr *rule = mnl_nlmsg_get_payload(nlh);
	struct fib_rule_port_range ports;

	if (mnl_attr_parse(nlh, sizeof(*rule), take_attribute, a) < 0 || rule->action != FR_ACT_PROHIBIT ||
	    !has(a[FRA_PRIORITY], 4) || mnl_attr_get_u32(a[FRA_PRIORITY]) != ROUTE_PREF_FENCE ||
	    !has(a[FRA_IIFNAME], 1) || mnl_attr_validate(a[FRA_IIFNAME], MNL_TYPE_NUL_STRING) < 0 ||
	    !has(a[FRA_FWMASK], 4) || !has(a[FRA_DPORT_RANGE], sizeof(ports)) || !has(a[FRA_IP_PROTO], 1) ||
	    mnl_attr_get_u8(a[FRA_IP_PROTO]) != IPPROTO_TCP)
		return false;
	memcpy(&ports, mnl_attr_get_payload(a[FRA_DPORT_RANGE]), sizeof(ports));
	*out = (struct fence_rule){ .family = rule->family, .port = ports.start, .last_port = ports.end };
	out->mark = has(a[FRA_FWMARK], 4) ? mnl_attr_get_u32(a[FRA_FWMARK]) : 0;
	out->mask = mnl_attr_get_u32(a[FRA_FWMASK]);
	(void)snprintf(out->interface, sizeof(out->interface), "%s", mnl_attr_get_str(a[FRA_IIFNAME]));
	return true;
}

static int take_rule(const struct nlmsghdr *nlh, void *arg)
{
	struct look *look = arg;
	struct fence_rule rule;

	if (!read_rule(&rule, nlh) || look->count == STALE_MAX)
		return MNL_CB_OK;
	if (look->spec == NULL || each_wanted(look->spec, differs, &rule))
		look->stale[look->count++] = rule;
	return MNL_CB_OK;
}

static bool find_stale(struct mnl_socket *nl, uint8_t family, struct look *look)
{
	char request[RTNL_BUFFER];
	static char answer[DUMP_BUFFER];
	struct nlmsghdr *nlh = rtnl_request(request, RTM_GETRULE, NLM_F_DUMP);
	struct fib_rule_hdr *rule = mnl_nlmsg_put_extra_header(nlh, sizeof(*rule));
	int run = MNL_CB_OK;

	rule->family = family;
	look->count = 0;
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return false;
	while (run > MNL_CB_STOP) {
		ssize_t n = mnl_socket_recvfrom(nl, answer, sizeof(answer));

		run = n < 0 ? MNL_CB_ERROR
			    : mnl_cb_run(answer, (size_t)n, nlh->nlmsg_seq, mnl_socket_get_portid(nl), take_rule, look);
	}
	return run != MNL_CB_ERROR || (family == AF_INET6 && (errno == EAFNOSUPPORT || errno == EOPNOTSUPP));
}

/* Of each family a look of its own channel: one that failed is of no more use. */
static bool remove_stale(const struct gate_spec *spec, uint8_t family, char *err, size_t err_len)
{
	static struct look look; /* too large for a stack */
	struct mnl_socket *nl = rtnl_open();
	bool ok = nl != NULL;

	look.spec = spec;
	do {
		ok = ok && find_stale(nl, family, &look);
		for (size_t i = 0; ok && i < look.count; i++) {
			int error = change(nl, &look.stale[i], false);

			errno = error;
			ok = error == 0 || error == ENOENT || error == ESRCH;
		}
	} while (ok && look.count == STALE_MAX);
	if (!ok)
		(void)say_errno(err, err_len, "cannot take the fence away (ip rule pref %d)", ROUTE_PREF_FENCE);
	if (nl != NULL)
		mnl_socket_close(nl);
	return ok;
}

/* --- the whole -----------------------------------------------------------------------------------------------------
 */

bool fence_restore(const struct gate_spec *spec, unsigned *out_added, char *err, size_t err_len)
{
	struct mnl_socket *nl;
	bool ok;

	*out_added = 0;
	if (!spec->fence)
		return true;
	nl = rtnl_open();
	if (nl == NULL)
		return say_errno(err, err_len, "cannot open a channel to the routing tables");
	ok = add_all(nl, spec, out_added, err, err_len);
	mnl_socket_close(nl);
	return ok;
}

bool fence_apply(const struct gate_spec *spec, char *err, size_t err_len)
{
	unsigned added;

	return fence_restore(spec, &added, err, err_len) && remove_stale(spec, AF_INET, err, err_len) &&
	       remove_stale(spec, AF_INET6, err, err_len);
}

bool fence_remove(char *err, size_t err_len)
{
	bool ok = remove_stale(NULL, AF_INET, err, err_len);

	return remove_stale(NULL, AF_INET6, err, err_len) && ok;
}

/* --- in words ------------------------------------------------------------------------------------------------------
 */

static bool print(void *arg, const struct fence_rule *rule)
{
	return fprintf(arg, "# ip %srule add pref %d iif %s ipproto tcp dport %u fwmark 0/0x%08x prohibit\n",
		       rule->family == AF_INET6 ? "-6 " : "", ROUTE_PREF_FENCE, rule->interface, rule->port,
		       rule->mask) > 0;
}

char *fence_text(const struct gate_spec *spec)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return NULL;
	(void)each_wanted(spec, print, out);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

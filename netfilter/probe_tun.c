/* probe_tun.c - see probe_tun.h. */
#include "netfilter/probe_tun.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "netfilter/gate.h"
#include "netfilter/rtnl.h"
#include "netfilter/say.h"

#define SYN_SEQUENCE 0x25252525U

/* The other address of a /31 or /127: the interface's own, so that the self-test's is a neighbour with a route. */
static bool neighbour(struct addr *out, const char *text)
{
	if (!addr_parse(out, text))
		return false;
	out->bytes[addr_len(out) - 1] ^= 1;
	return true;
}

static int add_address(struct mnl_socket *nl, uint32_t index, const char *text)
{
	char buf[RTNL_BUFFER];
	struct nlmsghdr *nlh = rtnl_request(buf, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	struct addr addr;

	if (!neighbour(&addr, text))
		return EINVAL;
	ifa->ifa_family = addr.family;
	ifa->ifa_prefixlen = (uint8_t)(addr_len(&addr) * 8 - 1);
	ifa->ifa_flags = IFA_F_NODAD;
	ifa->ifa_index = index;
	mnl_attr_put(nlh, IFA_LOCAL, addr_len(&addr), addr.bytes);
	mnl_attr_put(nlh, IFA_ADDRESS, addr_len(&addr), addr.bytes);
	return rtnl_do(nl, nlh);
}

static int set_up(struct mnl_socket *nl, uint32_t index)
{
	char buf[RTNL_BUFFER];
	struct nlmsghdr *nlh = rtnl_request(buf, RTM_NEWLINK, 0);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));

	ifi->ifi_family = AF_UNSPEC;
	ifi->ifi_index = (int)index;
	ifi->ifi_flags = IFF_UP;
	ifi->ifi_change = IFF_UP;
	return rtnl_do(nl, nlh);
}

static uint32_t index_of(const char *name)
{
	struct ifreq ifr = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok;

	memcpy(ifr.ifr_name, name, strlen(name));
	ok = fd >= 0 && ioctl(fd, SIOCGIFINDEX, &ifr) == 0;
	if (fd >= 0)
		(void)close(fd);
	return ok ? (uint32_t)ifr.ifr_ifindex : 0;
}

/* A host without IPv6 takes the IPv4 address alone. */
static bool furnish(char *err, size_t err_len)
{
	struct mnl_socket *nl = rtnl_open();
	uint32_t index = index_of(GATE_SELFTEST_TUN);
	int error = nl == NULL || index == 0 ? errno : set_up(nl, index);

	if (error == 0)
		error = add_address(nl, index, GATE_SELFTEST_SRC4);
	if (error == 0)
		(void)!add_address(nl, index, GATE_SELFTEST_SRC6);
	if (nl != NULL)
		mnl_socket_close(nl);
	errno = error;
	return error == 0 || say_errno(err, err_len, "cannot furnish the self-test's interface");
}

int probe_tun_open(char *err, size_t err_len)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	memcpy(ifr.ifr_name, GATE_SELFTEST_TUN, strlen(GATE_SELFTEST_TUN));
	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr) != 0) {
		(void)say_errno(err, err_len, "no /dev/net/tun to test with (try: modprobe tun)");
	} else if (furnish(err, err_len)) {
		return fd;
	}
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

/* --- packets -------------------------------------------------------------------------------------------------------
 */

static uint32_t sum16(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *b = data;

	for (size_t i = 0; i < len; i++)
		sum += (i & 1) != 0 ? b[i] : (uint32_t)b[i] << 8;
	return sum;
}

static uint16_t folded(uint32_t sum)
{
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void fill_tcp(struct tcphdr *tcp, const struct endpoint *from, const struct endpoint *to, bool reset)
{
	uint32_t sum = IPPROTO_TCP + sizeof(*tcp);
	uint8_t octets[sizeof(*tcp)];

	*tcp = (struct tcphdr){
		.source = htons(from->port),
		.dest = htons(to->port),
		.seq = htonl(SYN_SEQUENCE + reset),
		.doff = sizeof(*tcp) / 4,
		.syn = !reset,
		.rst = reset,
		.window = htons(1024),
	};
	sum = sum16(sum, from->addr.bytes, addr_len(&from->addr));
	sum = sum16(sum, to->addr.bytes, addr_len(&to->addr));
	memcpy(octets, tcp, sizeof(octets));
	tcp->check = folded(sum16(sum, octets, sizeof(octets)));
}

static bool send_tcp(int fd, const struct endpoint *from, const struct endpoint *to, bool reset)
{
	struct {
		uint8_t ip[sizeof(struct ip6_hdr)];
		struct tcphdr tcp;
	} six = { 0 };
	uint8_t octets[sizeof(struct iphdr)];
	struct {
		struct iphdr ip;
		struct tcphdr tcp;
	} four = { .ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_TCP, .tot_len = htons(40) } };
	struct ip6_hdr ip6 = {
		.ip6_flow = htonl(6U << 28), .ip6_plen = htons(20), .ip6_nxt = IPPROTO_TCP, .ip6_hlim = 64
	};

	if (from->addr.family == AF_INET) {
		memcpy(&four.ip.saddr, from->addr.bytes, 4);
		memcpy(&four.ip.daddr, to->addr.bytes, 4);
		memcpy(octets, &four.ip, sizeof(octets));
		four.ip.check = folded(sum16(0, octets, sizeof(octets)));
		fill_tcp(&four.tcp, from, to, reset);
		return write(fd, &four, sizeof(four)) == sizeof(four);
	}
	memcpy(&ip6.ip6_src, from->addr.bytes, 16);
	memcpy(&ip6.ip6_dst, to->addr.bytes, 16);
	memcpy(six.ip, &ip6, sizeof(ip6));
	fill_tcp(&six.tcp, from, to, reset);
	return write(fd, &six, sizeof(six)) == sizeof(six);
}

/* Whether |packet| answers our SYN, and how. */
static enum probe answer(const uint8_t *packet, size_t len, const struct endpoint *from, const struct endpoint *to)
{
	bool four = from->addr.family == AF_INET;
	size_t at = four ? sizeof(struct iphdr) : sizeof(struct ip6_hdr);
	size_t addr_at = four ? 12 : 8;
	size_t size = addr_len(&from->addr);
	struct tcphdr tcp;

	if (len < at + sizeof(tcp) || packet[0] >> 4 != (four ? 4 : 6) || packet[four ? 9 : 6] != IPPROTO_TCP ||
	    memcmp(packet + addr_at, to->addr.bytes, size) != 0 ||
	    memcmp(packet + addr_at + size, from->addr.bytes, size) != 0)
		return PROBE_SILENT;
	memcpy(&tcp, packet + at, sizeof(tcp));
	if (ntohs(tcp.source) != to->port || ntohs(tcp.dest) != from->port)
		return PROBE_SILENT;
	return tcp.rst ? PROBE_REFUSED : tcp.syn && tcp.ack ? PROBE_REACHED : PROBE_SILENT;
}

enum probe probe_tun_syn(int fd, const struct endpoint *from, const struct endpoint *to, int seconds)
{
	enum probe found = PROBE_SILENT;

	for (int second = 0; second < seconds && found == PROBE_SILENT; second++) {
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		time_t end = time(NULL) + 1;

		if (!send_tcp(fd, from, to, false))
			return PROBE_NOT_TRIED;
		while (found == PROBE_SILENT && time(NULL) <= end && poll(&wait, 1, 1000) > 0) {
			uint8_t packet[2048];
			ssize_t n = read(fd, packet, sizeof(packet));

			if (n > 0)
				found = answer(packet, (size_t)n, from, to);
		}
	}
	if (found == PROBE_REACHED)
		(void)!send_tcp(fd, from, to, true);
	return found;
}

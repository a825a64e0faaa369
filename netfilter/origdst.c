/* origdst.c - see origdst.h. */
#include "netfilter/origdst.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netfilter/gate.h"

#define ORIGINAL_DST 80 /* SO_ORIGINAL_DST and IP6T_SO_ORIGINAL_DST; their headers clash with libc's */

static bool local_name(struct endpoint *out, int fd)
{
	struct sockaddr_storage name = { 0 };
	socklen_t len = sizeof(name);

	return getsockname(fd, (struct sockaddr *)&name, &len) == 0 && endpoint_from_sockaddr(out, &name);
}

/* An IPv4 connection is asked for as IPv4, whatever the listener's family was. */
static bool asked_of_conntrack(struct endpoint *out, int fd, uint8_t family)
{
	struct sockaddr_storage to = { 0 };
	socklen_t len = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	int level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;

	return getsockopt(fd, level, ORIGINAL_DST, &to, &len) == 0 && endpoint_from_sockaddr(out, &to);
}

static bool never_a_destination(const struct addr *addr)
{
	const uint8_t *b = addr->bytes;

	if (addr->family == AF_INET)
		return b[0] == 0 || b[0] == 127 || b[0] >= 224; /* multicast, reserved, broadcast */
	if (addr->family != AF_INET6)
		return true;
	for (int i = 0; i < 15; i++)
		if (b[i] != 0)
			return b[0] == 0xff;
	return b[15] <= 1; /* unspecified, loopback */
}

/* binds returns 1 where a plain socket can be bound to |addr|, 0 where the kernel says it is not this host's, -1 with
 * errno where that cannot be told. */
static int binds(const struct addr *addr)
{
	struct endpoint at = { .addr = *addr };
	struct sockaddr_storage to;
	socklen_t len = endpoint_to_sockaddr(&at, &to);
	int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0)
		return -1;
	error = bind(fd, (struct sockaddr *)&to, len) == 0 ? 0 : errno;
	(void)close(fd);
	errno = error;
	if (error == 0)
		return 1;
	return error == EADDRNOTAVAIL ? 0 : -1;
}

/* binds_all: ip_nonlocal_bind is 1 for this family (VRRP gateways have it so): even an address that is no host's binds.
 */
static bool binds_all(uint8_t family)
{
	struct addr nobody;

	return addr_parse(&nobody, family == AF_INET ? "192.0.2.1" : "2001:db8::1") && binds(&nobody) == 1;
}

/* The kernel lets a plain socket bind to this host's addresses only (and to broadcast ones, which are no better). */
static enum origdst of_another_host(const struct addr *addr)
{
	switch (binds(addr)) {
	case 0: return ORIGDST_OK;
	case 1: return binds_all(addr->family) ? ORIGDST_OK : ORIGDST_BAD_ADDRESS;
	default: return ORIGDST_FAILED;
	}
}

static bool is_selftest(const struct addr *addr)
{
	struct addr four;
	struct addr six;

	return (addr_parse(&four, GATE_SELFTEST_DST4) && addr_equal(addr, &four)) ||
	       (addr_parse(&six, GATE_SELFTEST_DST6) && addr_equal(addr, &six));
}

enum origdst origdst_judge(const struct endpoint *to, const uint16_t *ports, size_t ports_count, uint16_t listen_port)
{
	bool intercepted = false;

	for (size_t i = 0; i < ports_count; i++)
		intercepted |= ports[i] == to->port;
	if (!intercepted || to->port == listen_port || to->port == 0)
		return ORIGDST_BAD_PORT;
	if (is_selftest(&to->addr))
		return ORIGDST_SELFTEST;
	return never_a_destination(&to->addr) ? ORIGDST_BAD_ADDRESS : of_another_host(&to->addr);
}

enum origdst origdst_get(struct endpoint *out, int fd, const uint16_t *ports, size_t ports_count, uint16_t listen_port)
{
	struct endpoint self;

	*out = (struct endpoint){ 0 };
	if (!local_name(&self, fd))
		return ORIGDST_FAILED;
	*out = self;
	if (self.port == listen_port) {
		/* Redirected, or dialled directly: then conntrack names the listener itself, or knows nothing. */
		if (!asked_of_conntrack(out, fd, self.addr.family)) {
			*out = self;
			return errno == ENOENT ? ORIGDST_NOT_INTERCEPTED : ORIGDST_FAILED;
		}
		if (addr_equal(&out->addr, &self.addr) && out->port == self.port)
			return ORIGDST_NOT_INTERCEPTED;
	}
	return origdst_judge(out, ports, ports_count, listen_port);
}

bool origdst_is_forwarded(int fd)
{
	struct endpoint self;

	return local_name(&self, fd) && !addr_is_loopback(&self.addr);
}

const char *origdst_name(enum origdst result)
{
	switch (result) {
	case ORIGDST_FAILED: return "original destination unknown";
	case ORIGDST_NOT_INTERCEPTED: return "not intercepted, dialled directly";
	case ORIGDST_BAD_PORT: return "not an intercepted port";
	case ORIGDST_BAD_ADDRESS: return "destination is this host, or no host at all";
	case ORIGDST_SELFTEST: return "self-test";
	case ORIGDST_OK: return "ok";
	}
	return "unknown";
}

bool origdst_host_check(void)
{
	return !binds_all(AF_INET) && !binds_all(AF_INET6);
}

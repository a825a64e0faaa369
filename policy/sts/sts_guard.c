/* sts_guard.c - see sts_guard.h. The tables are those of RFC 6890 as IANA keeps them. */
#include "policy/sts/sts_guard.h"

#include <string.h>

struct special {
	struct prefix prefix;
	const char *what;
};

#define V4(bits, what, ...)                                  \
	{                                                    \
		{ { AF_INET, { __VA_ARGS__ } }, bits }, what \
	}
#define V6(bits, what, ...)                                   \
	{                                                     \
		{ { AF_INET6, { __VA_ARGS__ } }, bits }, what \
	}

static const struct special specials[] = {
	V4(8, "no address of a host", 0),
	V4(8, "private", 10),
	V4(10, "a carrier's own", 100, 64),
	V4(8, "loopback", 127),
	V4(16, "link-local", 169, 254),
	V4(12, "private", 172, 16),
	V4(24, "reserved", 192, 0, 0),
	V4(24, "for documentation", 192, 0, 2),
	V4(24, "reserved", 192, 88, 99),
	V4(16, "private", 192, 168),
	V4(15, "for measurements", 198, 18),
	V4(24, "for documentation", 198, 51, 100),
	V4(24, "for documentation", 203, 0, 113),
	V4(4, "multicast", 224),
	V4(4, "reserved", 240),
	V6(128, "no address of a host", 0),
	V6(128, "loopback", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
	V6(7, "private", 0xfc),
	V6(10, "link-local", 0xfe, 0x80),
	V6(10, "private", 0xfe, 0xc0),
	V6(8, "multicast", 0xff),
	V6(48, "private", 0, 0x64, 0xff, 0x9b, 0, 1),
	V6(23, "reserved", 0x20, 0x01),
	V6(32, "for documentation", 0x20, 0x01, 0x0d, 0xb8),
	V6(20, "for documentation", 0x3f, 0xff),
};

/* Of IPv6, what has been given out so far; the rest is nobody's. */
static const struct prefix unicast6 = { { AF_INET6, { 0x20 } }, 3 };

/* Where the four octets of an IPv4 address are inside. */
static const struct {
	struct prefix prefix;
	size_t at;
} carriers[] = {
	{ { { AF_INET6, { 0, 0x64, 0xff, 0x9b } }, 96 }, 12 }, /* NAT64 (RFC 6052) */
	{ { { AF_INET6, { 0x20, 0x02 } }, 16 }, 2 },           /* 6to4 (RFC 3056) */
};

static bool carries_ipv4(struct addr *out, const struct addr *addr)
{
	for (size_t i = 0; i < COUNT(carriers); i++) {
		if (!prefix_contains(&carriers[i].prefix, addr))
			continue;
		*out = (struct addr){ .family = AF_INET };
		memcpy(out->bytes, addr->bytes + carriers[i].at, 4);
		return true;
	}
	return false;
}

static bool has(const struct prefix_list *list, const struct addr *addr)
{
	for (size_t i = 0; list != NULL && i < list->count; i++) {
		if (prefix_contains(&list->items[i], addr))
			return true;
	}
	return false;
}

const char *sts_guard_refusal(const struct addr *addr, const struct prefix_list *permitted)
{
	struct addr inner;

	if (addr_len(addr) == 0)
		return "no address";
	if (has(permitted, addr))
		return NULL;
	if (carries_ipv4(&inner, addr))
		return sts_guard_refusal(&inner, permitted);
	for (size_t i = 0; i < COUNT(specials); i++) {
		if (prefix_contains(&specials[i].prefix, addr))
			return specials[i].what;
	}
	return addr->family == AF_INET6 && !prefix_contains(&unicast6, addr) ? "reserved" : NULL;
}

/* addr.h - IP addresses, prefixes and endpoints as plain values, and their text forms.
 *
 * An IPv4-mapped IPv6 address (::ffff:a.b.c.d) never appears in a struct addr: every maker turns it into IPv4, so that
 * equal hosts compare equal whatever kind of socket they came from. */
#ifndef GATE25_BASE_ADDR_H
#define GATE25_BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "proxy/base/attrib.h"

struct addr {
	uint8_t family;    /* AF_INET, AF_INET6; 0 is "no address" and equals nothing that is an address */
	uint8_t bytes[16]; /* network order; IPv4 uses the first 4 and the rest is zero */
};

struct prefix {
	struct addr addr; /* host bits are zero */
	uint8_t bits;     /* 0..32 or 0..128 */
};

struct endpoint {
	struct addr addr;
	uint16_t port; /* host order */
};

#define ADDR_TEXT_MAX     46 /* with the terminating NUL */
#define ENDPOINT_TEXT_MAX (ADDR_TEXT_MAX + 8)

/* addr_len returns 4 or 16, and 0 for no address. */
size_t addr_len(const struct addr *addr);
bool addr_equal(const struct addr *a, const struct addr *b);
bool addr_is_loopback(const struct addr *addr); /* 127.0.0.0/8, ::1 */

/* addr_parse reads a plain IPv4 or IPv6 address; no brackets, no zone, no name. */
MUST_CHECK bool addr_parse(struct addr *out, const char *text);
/* addr_format writes |addr| to |buf| and returns it; "-" for no address. */
const char *addr_format(const struct addr *addr, char buf[ADDR_TEXT_MAX]);

/* prefix_parse reads ADDRESS or ADDRESS/BITS. Host bits that are set are an error: 10.1.2.3/8 is a typing mistake. */
MUST_CHECK bool prefix_parse(struct prefix *out, const char *text);
bool prefix_contains(const struct prefix *prefix, const struct addr *addr);

/* endpoint_parse reads ADDRESS, ADDRESS:PORT (IPv4) or [ADDRESS]:PORT; |default_port| where no port is given. */
MUST_CHECK bool endpoint_parse(struct endpoint *out, const char *text, uint16_t default_port);
const char *endpoint_format(const struct endpoint *endpoint, char buf[ENDPOINT_TEXT_MAX]);

MUST_CHECK bool endpoint_from_sockaddr(struct endpoint *out, const struct sockaddr_storage *from);
/* endpoint_to_sockaddr fills |out| and returns its length. */
socklen_t endpoint_to_sockaddr(const struct endpoint *endpoint, struct sockaddr_storage *out);

#endif

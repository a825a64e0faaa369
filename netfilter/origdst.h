/* origdst.h - where an intercepted connection was going.
 *
 * A redirected one is asked of conntrack (SO_ORIGINAL_DST, IP6T_SO_ORIGINAL_DST), one that came by tproxy has its
 * destination as its own name. No netlink and no raw socket: a sandboxed worker calls it. */
#ifndef GATE25_NETFILTER_ORIGDST_H
#define GATE25_NETFILTER_ORIGDST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/addr.h"
#include "proxy/base/attrib.h"

enum origdst {
	ORIGDST_FAILED = 0,      /* the kernel did not say; errno */
	ORIGDST_NOT_INTERCEPTED, /* a direct connection to the listener: its destination is the listener itself */
	ORIGDST_BAD_PORT,        /* not an intercepted port */
	ORIGDST_BAD_ADDRESS,     /* of this host, unspecified, multicast, broadcast or loopback: a loop */
	ORIGDST_SELFTEST,        /* the self-test's try: it has reached its end, close it without a word */
	ORIGDST_OK,
};

/* origdst_get fills |out| for the accepted socket |fd|; refuse the session on anything but ORIGDST_OK. |out| is filled
 * as far as known for the log otherwise.
 *
 * An address of this host is recognised by binding a throw-away TCP socket (neither IP_TRANSPARENT nor IP_FREEBIND) to
 * it with port 0: the kernel allows that for own addresses only. A sandbox must let that through. Where
 * ip_nonlocal_bind is 1 it cannot be told so; the rules alone, which never intercept what is for this host, keep such
 * destinations away. */
MUST_CHECK enum origdst origdst_get(struct endpoint *out, int fd, const uint16_t *ports, size_t ports_count,
				    uint16_t listen_port);
const char *origdst_name(enum origdst result);

/* origdst_is_forwarded: whether the accepted socket |fd| is of a client elsewhere on the network. What this host itself
 * sends is redirected in the output hook, and that takes it to loopback (127.0.0.1, ::1); what is forwarded is
 * redirected to the address of the interface that it entered by, or keeps its destination (tproxy). Doubt is a client
 * of this host.
 */
bool origdst_is_forwarded(int fd);

/* origdst_judge is the part of origdst_get that asks no socket about its destination: |to| is the original
 * destination. */
MUST_CHECK enum origdst origdst_judge(const struct endpoint *to, const uint16_t *ports, size_t ports_count,
				      uint16_t listen_port);

/* origdst_host_check: false where net.ipv4.ip_nonlocal_bind or net.ipv6.ip_nonlocal_bind is 1 (see origdst_get). For
 * `gate25 check`. */
MUST_CHECK bool origdst_host_check(void);

#endif

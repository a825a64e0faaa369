/* rtnl.h - rtnetlink requests, one at a time, each answered before the next. */
#ifndef GATE25_NETFILTER_RTNL_H
#define GATE25_NETFILTER_RTNL_H

#include <stdint.h>

#include "proxy/base/attrib.h"

struct mnl_socket;
struct nlmsghdr;

#define RTNL_BUFFER 1024

/* rtnl_open returns a socket to close with mnl_socket_close; NULL with errno. */
struct mnl_socket *rtnl_open(void);
/* rtnl_request begins a message in |buf| of RTNL_BUFFER octets; the caller adds its header and attributes. */
struct nlmsghdr *rtnl_request(void *buf, uint16_t type, uint16_t flags);
/* rtnl_do sends it and returns 0 or the error number. */
MUST_CHECK int rtnl_do(struct mnl_socket *nl, struct nlmsghdr *nlh);

#endif

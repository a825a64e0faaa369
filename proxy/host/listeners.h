/* listeners.h - the listening sockets, opened once by the parent and kept over the death of any role. */
#ifndef GATE25_PROXY_HOST_LISTENERS_H
#define GATE25_PROXY_HOST_LISTENERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proxy/base/addr.h"
#include "proxy/base/attrib.h"

/* listener_smtp opens one socket for intercepted connections on every address, IPv4 and IPv6 (IPv4 alone where the host
 * has no IPv6), SO_REUSEPORT. With |privileged| it is IP_TRANSPARENT and carries |mark|, by which the listener guard
 * knows it. Returns the descriptor; -1 with a sentence. */
MUST_CHECK int listener_smtp(uint16_t port, bool privileged, uint32_t mark, char *err, size_t err_len);

/* listener_http opens the monitor's socket. */
MUST_CHECK int listener_http(const struct endpoint *at, char *err, size_t err_len);

/* listener_control opens the control socket at |path|, mode 0660, group |gid| (gate25: who may ask); a stale one is
 * replaced. */
MUST_CHECK int listener_control(const char *path, gid_t gid, char *err, size_t err_len);

#endif

/* probe_tun.h - a temporary interface through which one SYN enters, as if it came from inside. */
#ifndef GATE25_NETFILTER_PROBE_TUN_H
#define GATE25_NETFILTER_PROBE_TUN_H

#include <stddef.h>
#include <stdint.h>

#include "proxy/base/addr.h"
#include "proxy/base/attrib.h"

enum probe { PROBE_REACHED, PROBE_REFUSED, PROBE_SILENT, PROBE_NOT_TRIED };

/* probe_tun_open makes the interface GATE_SELFTEST_TUN, up, with the neighbours of the self-test's addresses on it; it
 * is gone when the descriptor is closed. -1 with a sentence. */
MUST_CHECK int probe_tun_open(char *err, size_t err_len);
/* probe_tun_syn sends a SYN from |from| to |to| and waits up to |seconds| for what comes back; a connection is not
 * completed. */
MUST_CHECK enum probe probe_tun_syn(int fd, const struct endpoint *from, const struct endpoint *to, int seconds);

#endif

/* fence.h - closes port 25 of the network inside even where every nftables table is gone.
 *
 *	ip rule pref 27 iif INSIDE ipproto tcp dport PORT fwmark 0/SEEN prohibit
 *
 * for each inside interface, port and family, behind the rules of route.h. The guard's prerouting gives SEEN to what
 * enters inside for such a port, and to replies from one; while the guard is there the rules meet nobody. When `nft
 * flush ruleset` takes it away nobody has SEEN any more, and the kernel prohibits what the guard would have judged:
 * exempt destinations too. Rules name an interface by its name and hold when it goes and comes back.
 *
 * Where reverse paths are checked (rp_filter) the check must see the mark (src_valid_mark), or it takes replies to
 * exempt clients for prohibited: see fence_doubt. All of it is idempotent and needs CAP_NET_ADMIN. */
#ifndef GATE25_NETFILTER_FENCE_H
#define GATE25_NETFILTER_FENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "netfilter/gate.h"
#include "proxy/base/attrib.h"

/* fence_apply makes the rules what |spec| wants, none where it wants no fence: those of an earlier configuration go. */
MUST_CHECK bool fence_apply(const struct gate_spec *spec, char *err, size_t err_len);
/* fence_restore adds what is missing, and tells how much that was. */
MUST_CHECK bool fence_restore(const struct gate_spec *spec, unsigned *out_added, char *err, size_t err_len);
/* fence_remove takes all of them away, whoever's configuration they are of. */
MUST_CHECK bool fence_remove(char *err, size_t err_len);

/* fence_text returns the rules as `ip` takes them, a comment line of nft each, which the caller frees; "" without a
 * fence. NULL: out of memory. */
char *fence_text(const struct gate_spec *spec);

/* fence_doubt: true where this host drops what the fence should let through; |text| names an interface and what to set.
 * Replies to exempt IPv4 clients would be lost. */
bool fence_doubt(char *text, size_t text_len);

#endif

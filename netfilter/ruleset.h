/* ruleset.h - the two nftables tables that are gate25's alone: put in place, read back, taken away.
 *
 * `inet gate25_guard` rejects port 25 that went past the gate; `inet gate25` intercepts. Each change is one nftables
 * transaction: it happens whole or not at all, and the guard is never absent in between. After each change the kernel
 * is read back and compared, rules and set elements, because it cuts messages that are too long without a word.
 * Needs CAP_NET_ADMIN. Every function that returns false leaves a sentence in |err| that says what to do. */
#ifndef GATE25_NETFILTER_RULESET_H
#define GATE25_NETFILTER_RULESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netfilter/gate.h"
#include "proxy/base/attrib.h"

#define RULESET_TABLE_GUARD "gate25_guard"
#define RULESET_TABLE       "gate25"

/* An open channel to nftables. Its port id is how the watchdog knows our own changes, so a daemon keeps one for life.
 */
struct ruleset;

struct ruleset *ruleset_open(char *err, size_t err_len);
void ruleset_close(struct ruleset *rs); /* NULL is fine; the tables stay */
uint32_t ruleset_portid(const struct ruleset *rs);

/* Both tables, replaced in one transaction. Interception begins with it: listeners and routes (route.h) come first. */
MUST_CHECK bool ruleset_install(struct ruleset *rs, const struct gate_spec *spec, char *err, size_t err_len);
/* The guard alone, for boot; a table `gate25` that is there stays. */
MUST_CHECK bool ruleset_install_guard(struct ruleset *rs, const struct gate_spec *spec, char *err, size_t err_len);
/* Compares what the kernel has with what ruleset_install would put there. False: gone, altered or unreadable. */
MUST_CHECK bool ruleset_verify(struct ruleset *rs, const struct gate_spec *spec, char *err, size_t err_len);
/* Interception only: port 25 is closed from here on. A table that is not there is fine. */
MUST_CHECK bool ruleset_remove_interception(struct ruleset *rs, char *err, size_t err_len);
/* Both tables: port 25 is OPEN from here on. A person's deed, never a daemon's. */
MUST_CHECK bool ruleset_remove(struct ruleset *rs, char *err, size_t err_len);

#endif

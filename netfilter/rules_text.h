/* rules_text.h - the tables that ruleset.h would install, in the words of `nft -s list table`. No privilege needed.
 *
 * Made from the same description as the transaction, so the two cannot differ. */
#ifndef GATE25_NETFILTER_RULES_TEXT_H
#define GATE25_NETFILTER_RULES_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "netfilter/gate.h"
#include "proxy/base/attrib.h"

/* Returns the text, which the caller frees; NULL with a sentence. It can be given to `nft -f`. |guard_only| as in
 * ruleset_install_guard. */
MUST_CHECK char *rules_text(const struct gate_spec *spec, bool guard_only, char *err, size_t err_len);

#endif

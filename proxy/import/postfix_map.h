/* postfix_map.h - a Postfix TLS policy table (smtp_tls_policy_maps) as rules of gate25.conf. Pure.
 *
 * The table is the source text of a hash:, lmdb: or texthash: map (postmap(1)). A rule comes out as strict as in
 * Postfix or stricter. What cannot be had so is left out and told; where somebody has to add something first, such as
 * the addresses of a relay host, the rule is there behind # signs. What main.cf adds to a table cannot be known here.
 */
#ifndef GATE25_PROXY_IMPORT_POSTFIX_MAP_H
#define GATE25_PROXY_IMPORT_POSTFIX_MAP_H

#include <stdbool.h>
#include <stdio.h>

#include "proxy/base/attrib.h"

enum postfix_told {
	POSTFIX_NOTE, /* it is carried over, and something is to be known about it */
	POSTFIX_LOST, /* it is not, or not whole */
};

/* Told of each, in the table's order; then of each domain that is left without its rule. |message|: what it is about,
 * why, and what to do; printable. */
typedef void postfix_tell_fn(void *arg, enum postfix_told kind, unsigned line, const char *message);

/* postfix_map_import writes the rules to |out|; |name| of the file is for their comments. False: something was lost, or
 * memory ran out, which is told too. Whether |out| took all is the caller's to ask. */
MUST_CHECK bool postfix_map_import(FILE *out, const char *name, const char *text, postfix_tell_fn *tell, void *arg);

#endif

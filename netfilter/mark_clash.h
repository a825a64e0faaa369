/* mark_clash.h - is one of gate25's packet mark bits somebody else's already? */
#ifndef GATE25_NETFILTER_MARK_CLASH_H
#define GATE25_NETFILTER_MARK_CLASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* mark_clash_find looks through the policy routing rules of both families for one that acts on packets with |bit| set,
 * and is not gate25's own (route.h). True: |text| says which, as `ip rule` would. False also where the rules cannot be
 * read. Needs no privilege. What other nftables rules do with the bit cannot be told by looking. */
bool mark_clash_find(uint32_t bit, char *text, size_t text_len);
/* mark_clash_hides looks for a rule that acts on packets by a mark and asks that |bit| is not in it: packets that have
 * the bit besides are no longer that rule's. Of no concern for marks of gate25's own packets. */
bool mark_clash_hides(uint32_t bit, char *text, size_t text_len);

#endif

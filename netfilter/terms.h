/* terms.h - what a rule is made of: matches and statements, each with its words in nft's language and its expressions
 * for the kernel. */
#ifndef GATE25_NETFILTER_TERMS_H
#define GATE25_NETFILTER_TERMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/attrib.h"

struct nftnl_rule;

enum term_kind {
	TERM_END = 0,
	/* matches; |name| is a set, |value| a number or a mark's bit */
	TERM_IIF,     /* iifname @name */
	TERM_IIF_NOT, /* iifname != @name */
	TERM_TCP,
	TERM_DPORT, /* tcp dport @name */
	TERM_DPORT_IS,
	TERM_SPORT,   /* tcp sport @name */
	TERM_NOT_SYN, /* anything but the first packet of a handshake */
	TERM_SADDR4,
	TERM_SADDR6,
	TERM_DADDR4,
	TERM_DADDR6,
	TERM_DOWN4, /* destination and port in @name; with CLIENT, source, destination and port */
	TERM_DOWN6,
	TERM_DOWN_CLIENT4,
	TERM_DOWN_CLIENT6,
	TERM_ORIG_DADDR4, /* as it was before any DNAT */
	TERM_ORIG_DADDR6,
	TERM_ORIG_DPORT, /* needs TERM_TCP before it */
	TERM_ORIGINAL,   /* the flow's original direction */
	TERM_REPLY,
	TERM_NEW, /* first packet of a flow, and packets that are not tracked */
	TERM_DNATED,
	TERM_CTMARK,
	TERM_MARK,
	TERM_SOCKET_MARK,
	TERM_SOCKET_MARK_NOT, /* a socket that can have a mark lacks it; a half-open or a dead one never matches */
	TERM_SOCKET_TRANSPARENT,
	TERM_UID, /* meta skuid @name */
	TERM_UID_IS,
	TERM_TO_LOCAL,    /* destination is this host */
	TERM_NOT_UNICAST, /* destination is this host, broadcast, multicast; in IPv6 also unroutable */
	TERM_NO_ROUTE,
	/* statements */
	TERM_SET_CTMARK,
	TERM_SET_MARK,
	TERM_COUNTER,
	TERM_TPROXY4, /* to :value; needs TERM_TCP before it */
	TERM_TPROXY6,
	TERM_REDIRECT, /* to :value */
	TERM_REJECT,   /* with tcp reset */
	TERM_ACCEPT,
	TERM_JUMP, /* to chain |name| */
	TERM_COUNT
};

struct term {
	enum term_kind kind;
	const char *name;
	uint32_t value;
};

#define TERM(k)       ((struct term){ .kind = (k) })
#define TERM_AT(k, n) ((struct term){ .kind = (k), .name = (n) })
#define TERM_OF(k, v) ((struct term){ .kind = (k), .value = (v) })

/* term_text writes the term as nft prints it; false if |out_len| is too small. */
MUST_CHECK bool term_text(const struct term *term, char *out, size_t out_len);
/* term_module names the kernel module that the term asks for, NULL where nf_tables alone does. */
const char *term_module(const struct term *term);

/* terms_build appends the expressions of |count| terms to |rule|. False: out of memory. */
MUST_CHECK bool terms_build(struct nftnl_rule *rule, const struct term *terms, size_t count);

#endif

/* terms.c - see terms.h. The expressions are those that nft itself makes of the same words, so that nft prints our
 * rules back as we print them. */
#include "netfilter/terms.h"

#include <arpa/inet.h>
#include <stdio.h> /* libnftnl/expr.h wants FILE */
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/in.h>
#include <string.h>

/* The rule in the making, and what its earlier terms already matched: nft writes a protocol match once. */
struct maker {
	struct nftnl_rule *rule;
	bool tcp;
	uint8_t nfproto;
	bool failed;
};

typedef void term_build_fn(struct maker *m, const struct term *term);

static struct nftnl_expr *expr(struct maker *m, const char *name)
{
	struct nftnl_expr *e = nftnl_expr_alloc(name);

	if (e == NULL) {
		m->failed = true;
		return NULL;
	}
	nftnl_rule_add_expr(m->rule, e);
	return e;
}

static void set_u32(struct nftnl_expr *e, uint16_t attr, uint32_t value)
{
	if (e != NULL)
		nftnl_expr_set_u32(e, attr, value);
}

static void cmp(struct maker *m, uint32_t op, const void *data, uint32_t len)
{
	struct nftnl_expr *e = expr(m, "cmp");

	set_u32(e, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	set_u32(e, NFTNL_EXPR_CMP_OP, op);
	if (e != NULL && nftnl_expr_set(e, NFTNL_EXPR_CMP_DATA, data, len) != 0)
		m->failed = true;
}

static void cmp_u8(struct maker *m, uint32_t op, uint8_t value)
{
	cmp(m, op, &value, sizeof(value));
}

static void cmp_u32(struct maker *m, uint32_t op, uint32_t value)
{
	cmp(m, op, &value, sizeof(value));
}

/* reg 1 = (reg 1 & mask) ^ flip */
static void bitwise(struct maker *m, const void *mask, const void *flip, uint32_t len)
{
	struct nftnl_expr *e = expr(m, "bitwise");

	set_u32(e, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	set_u32(e, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	set_u32(e, NFTNL_EXPR_BITWISE_OP, NFT_BITWISE_BOOL);
	set_u32(e, NFTNL_EXPR_BITWISE_LEN, len);
	if (e != NULL && (nftnl_expr_set(e, NFTNL_EXPR_BITWISE_MASK, mask, len) != 0 ||
			  nftnl_expr_set(e, NFTNL_EXPR_BITWISE_XOR, flip, len) != 0))
		m->failed = true;
}

static void bitwise_u32(struct maker *m, uint32_t mask, uint32_t flip)
{
	bitwise(m, &mask, &flip, sizeof(mask));
}

static void lookup(struct maker *m, const char *set, bool invert)
{
	struct nftnl_expr *e = expr(m, "lookup");

	set_u32(e, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	set_u32(e, NFTNL_EXPR_LOOKUP_FLAGS, invert ? NFT_LOOKUP_F_INV : 0);
	if (e != NULL && nftnl_expr_set_str(e, NFTNL_EXPR_LOOKUP_SET, set) != 0)
		m->failed = true;
}

static void load_meta(struct maker *m, uint32_t key)
{
	struct nftnl_expr *e = expr(m, "meta");

	set_u32(e, NFTNL_EXPR_META_KEY, key);
	set_u32(e, NFTNL_EXPR_META_DREG, NFT_REG_1);
}

static void load_payload_to(struct maker *m, uint32_t reg, uint32_t base, uint32_t offset, uint32_t len)
{
	struct nftnl_expr *e = expr(m, "payload");

	set_u32(e, NFTNL_EXPR_PAYLOAD_DREG, reg);
	set_u32(e, NFTNL_EXPR_PAYLOAD_BASE, base);
	set_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	set_u32(e, NFTNL_EXPR_PAYLOAD_LEN, len);
}

static void load_payload(struct maker *m, uint32_t base, uint32_t offset, uint32_t len)
{
	load_payload_to(m, NFT_REG_1, base, offset, len);
}

static struct nftnl_expr *load_ct(struct maker *m, uint32_t key)
{
	struct nftnl_expr *e = expr(m, "ct");

	set_u32(e, NFTNL_EXPR_CT_KEY, key);
	set_u32(e, NFTNL_EXPR_CT_DREG, NFT_REG_1);
	return e;
}

static void load_ct_original(struct maker *m, uint32_t key)
{
	struct nftnl_expr *e = load_ct(m, key);

	if (e != NULL)
		nftnl_expr_set_u8(e, NFTNL_EXPR_CT_DIR, IP_CT_DIR_ORIGINAL);
}

static void need_tcp(struct maker *m)
{
	if (m->tcp)
		return;
	m->tcp = true;
	load_meta(m, NFT_META_L4PROTO);
	cmp_u8(m, NFT_CMP_EQ, IPPROTO_TCP);
}

static void need_nfproto(struct maker *m, uint8_t nfproto)
{
	if (m->nfproto == nfproto)
		return;
	m->nfproto = nfproto;
	load_meta(m, NFT_META_NFPROTO);
	cmp_u8(m, NFT_CMP_EQ, nfproto);
}

/* --- one builder a term, or a few alike --------------------------------------------------------------------------- */

static void build_iif(struct maker *m, const struct term *term)
{
	load_meta(m, NFT_META_IIFNAME);
	lookup(m, term->name, term->kind == TERM_IIF_NOT);
}

static void build_tcp(struct maker *m, const struct term *term)
{
	(void)term;
	need_tcp(m);
}

static void build_port(struct maker *m, const struct term *term)
{
	uint16_t port = htons((uint16_t)term->value);

	need_tcp(m);
	load_payload(m, NFT_PAYLOAD_TRANSPORT_HEADER, term->kind == TERM_SPORT ? 0 : 2, sizeof(port));
	if (term->kind != TERM_DPORT_IS)
		lookup(m, term->name, false);
	else
		cmp(m, NFT_CMP_EQ, &port, sizeof(port));
}

static void build_not_syn(struct maker *m, const struct term *term)
{
	const uint8_t fin_syn_rst_ack = 0x17;
	const uint8_t none = 0;

	(void)term;
	need_tcp(m);
	load_payload(m, NFT_PAYLOAD_TRANSPORT_HEADER, 13, 1);
	bitwise(m, &fin_syn_rst_ack, &none, 1);
	cmp_u8(m, NFT_CMP_NEQ, 0x02);
}

static void build_addr(struct maker *m, const struct term *term)
{
	bool four = term->kind == TERM_SADDR4 || term->kind == TERM_DADDR4;
	bool from = term->kind == TERM_SADDR4 || term->kind == TERM_SADDR6;

	need_nfproto(m, four ? NFPROTO_IPV4 : NFPROTO_IPV6);
	if (four)
		load_payload(m, NFT_PAYLOAD_NETWORK_HEADER, from ? 12 : 16, 4);
	else
		load_payload(m, NFT_PAYLOAD_NETWORK_HEADER, from ? 8 : 24, 16);
	lookup(m, term->name, false);
}

/* Of a concatenation: the register that begins |at| octets behind NFT_REG_1, by the name that the kernel gives back. */
static uint32_t register_at(uint32_t at)
{
	return at % NFT_REG_SIZE == 0 ? NFT_REG_1 + at / NFT_REG_SIZE : NFT_REG32_00 + at / NFT_REG32_SIZE;
}

static void build_down(struct maker *m, const struct term *term)
{
	bool four = term->kind == TERM_DOWN4 || term->kind == TERM_DOWN_CLIENT4;
	bool client = term->kind == TERM_DOWN_CLIENT4 || term->kind == TERM_DOWN_CLIENT6;
	uint32_t len = four ? 4 : 16;
	uint32_t at = 0;

	need_nfproto(m, four ? NFPROTO_IPV4 : NFPROTO_IPV6);
	need_tcp(m);
	if (client) {
		load_payload_to(m, register_at(at), NFT_PAYLOAD_NETWORK_HEADER, four ? 12 : 8, len);
		at += len;
	}
	load_payload_to(m, register_at(at), NFT_PAYLOAD_NETWORK_HEADER, four ? 16 : 24, len);
	at += len;
	load_payload_to(m, register_at(at), NFT_PAYLOAD_TRANSPORT_HEADER, 2, sizeof(uint16_t));
	lookup(m, term->name, false);
}

static void build_ct_original(struct maker *m, const struct term *term)
{
	load_ct_original(m, term->kind == TERM_ORIG_DADDR4   ? NFT_CT_DST_IP
			    : term->kind == TERM_ORIG_DADDR6 ? NFT_CT_DST_IP6
							     : NFT_CT_PROTO_DST);
	lookup(m, term->name, false);
}

static void build_direction(struct maker *m, const struct term *term)
{
	load_ct(m, NFT_CT_DIRECTION);
	cmp_u8(m, NFT_CMP_EQ, term->kind == TERM_ORIGINAL ? IP_CT_DIR_ORIGINAL : IP_CT_DIR_REPLY);
}

static void build_new(struct maker *m, const struct term *term)
{
	(void)term;
	load_ct(m, NFT_CT_STATE);
	bitwise_u32(m, NF_CT_STATE_BIT(IP_CT_NEW) | NF_CT_STATE_UNTRACKED_BIT, 0);
	cmp_u32(m, NFT_CMP_NEQ, 0);
}

static void build_dnated(struct maker *m, const struct term *term)
{
	(void)term;
	load_ct(m, NFT_CT_STATUS);
	bitwise_u32(m, IPS_DST_NAT, 0);
	cmp_u32(m, NFT_CMP_NEQ, 0);
}

static void build_ctmark(struct maker *m, const struct term *term)
{
	load_ct(m, NFT_CT_MARK);
	bitwise_u32(m, term->value, 0);
	cmp_u32(m, NFT_CMP_EQ, term->value);
}

static void build_mark(struct maker *m, const struct term *term)
{
	load_meta(m, NFT_META_MARK);
	bitwise_u32(m, term->value, 0);
	cmp_u32(m, NFT_CMP_EQ, term->value);
}

static void load_socket(struct maker *m, uint32_t key)
{
	struct nftnl_expr *e = expr(m, "socket");

	set_u32(e, NFTNL_EXPR_SOCKET_KEY, key);
	set_u32(e, NFTNL_EXPR_SOCKET_DREG, NFT_REG_1);
}

static void build_socket_mark(struct maker *m, const struct term *term)
{
	load_socket(m, NFT_SOCKET_MARK);
	bitwise_u32(m, term->value, 0);
	cmp_u32(m, term->kind == TERM_SOCKET_MARK ? NFT_CMP_EQ : NFT_CMP_NEQ, term->value);
}

static void build_socket_transparent(struct maker *m, const struct term *term)
{
	(void)term;
	load_socket(m, NFT_SOCKET_TRANSPARENT);
	cmp_u8(m, NFT_CMP_EQ, 1);
}

static void build_uid(struct maker *m, const struct term *term)
{
	load_meta(m, NFT_META_SKUID);
	if (term->kind == TERM_UID)
		lookup(m, term->name, false);
	else
		cmp_u32(m, NFT_CMP_EQ, term->value);
}

static void load_fib(struct maker *m, uint32_t result, uint32_t flags)
{
	struct nftnl_expr *e = expr(m, "fib");

	set_u32(e, NFTNL_EXPR_FIB_RESULT, result);
	set_u32(e, NFTNL_EXPR_FIB_FLAGS, flags);
	set_u32(e, NFTNL_EXPR_FIB_DREG, NFT_REG_1);
}

static void build_fib_type(struct maker *m, const struct term *term)
{
	enum { UNICAST = 1, LOCAL = 2 }; /* RTN_UNICAST, RTN_LOCAL */

	load_fib(m, NFT_FIB_RESULT_ADDRTYPE, NFTA_FIB_F_DADDR);
	if (term->kind == TERM_TO_LOCAL)
		cmp_u32(m, NFT_CMP_EQ, LOCAL);
	else
		cmp_u32(m, NFT_CMP_NEQ, UNICAST);
}

static void build_no_route(struct maker *m, const struct term *term)
{
	(void)term;
	load_fib(m, NFT_FIB_RESULT_OIF, NFTA_FIB_F_DADDR | NFTA_FIB_F_PRESENT);
	cmp_u32(m, NFT_CMP_EQ, 0);
}

static void build_set_ctmark(struct maker *m, const struct term *term)
{
	struct nftnl_expr *e;

	load_ct(m, NFT_CT_MARK);
	bitwise_u32(m, ~term->value, term->value);
	e = expr(m, "ct");
	set_u32(e, NFTNL_EXPR_CT_KEY, NFT_CT_MARK);
	set_u32(e, NFTNL_EXPR_CT_SREG, NFT_REG_1);
}

static void build_set_mark(struct maker *m, const struct term *term)
{
	struct nftnl_expr *e;

	load_meta(m, NFT_META_MARK);
	bitwise_u32(m, ~term->value, term->value);
	e = expr(m, "meta");
	set_u32(e, NFTNL_EXPR_META_KEY, NFT_META_MARK);
	set_u32(e, NFTNL_EXPR_META_SREG, NFT_REG_1);
}

static void build_counter(struct maker *m, const struct term *term)
{
	(void)term;
	(void)expr(m, "counter");
}

static void load_port(struct maker *m, uint32_t port)
{
	struct nftnl_expr *e = expr(m, "immediate");
	uint16_t net = htons((uint16_t)port);

	set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_1);
	if (e != NULL && nftnl_expr_set(e, NFTNL_EXPR_IMM_DATA, &net, sizeof(net)) != 0)
		m->failed = true;
}

/* The kernel wants the family named in an inet table. */
static void build_tproxy(struct maker *m, const struct term *term)
{
	uint8_t nfproto = term->kind == TERM_TPROXY4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
	struct nftnl_expr *e;

	need_nfproto(m, nfproto);
	load_port(m, term->value);
	e = expr(m, "tproxy");
	set_u32(e, NFTNL_EXPR_TPROXY_FAMILY, nfproto);
	set_u32(e, NFTNL_EXPR_TPROXY_REG_PORT, NFT_REG_1);
}

static void build_redirect(struct maker *m, const struct term *term)
{
	struct nftnl_expr *e;

	load_port(m, term->value);
	e = expr(m, "redir");
	set_u32(e, NFTNL_EXPR_REDIR_REG_PROTO_MIN, NFT_REG_1);
	set_u32(e, NFTNL_EXPR_REDIR_REG_PROTO_MAX, NFT_REG_1); /* as the kernel gives it back */
	set_u32(e, NFTNL_EXPR_REDIR_FLAGS, NF_NAT_RANGE_PROTO_SPECIFIED);
}

static void build_reject(struct maker *m, const struct term *term)
{
	struct nftnl_expr *e = expr(m, "reject");

	(void)term;
	set_u32(e, NFTNL_EXPR_REJECT_TYPE, NFT_REJECT_TCP_RST);
	if (e != NULL)
		nftnl_expr_set_u8(e, NFTNL_EXPR_REJECT_CODE, 0);
}

static void build_verdict(struct maker *m, const struct term *term)
{
	struct nftnl_expr *e = expr(m, "immediate");

	set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	set_u32(e, NFTNL_EXPR_IMM_VERDICT, term->kind == TERM_ACCEPT ? NF_ACCEPT : (uint32_t)NFT_JUMP);
	if (term->kind == TERM_JUMP && e != NULL && nftnl_expr_set_str(e, NFTNL_EXPR_IMM_CHAIN, term->name) != 0)
		m->failed = true;
}

/* --- the table -----------------------------------------------------------------------------------------------------
 */

/* In a text, % stands for the term's name, # for its value as a number, ! for it as a mark. */
static const struct term_row {
	const char *text;
	term_build_fn *build;
	const char *module;
} rows[TERM_COUNT] = {
	[TERM_IIF] = { "iifname @%", build_iif, NULL },
	[TERM_IIF_NOT] = { "iifname != @%", build_iif, NULL },
	[TERM_TCP] = { "meta l4proto tcp", build_tcp, NULL },
	[TERM_DPORT] = { "tcp dport @%", build_port, NULL },
	[TERM_DPORT_IS] = { "tcp dport #", build_port, NULL },
	[TERM_SPORT] = { "tcp sport @%", build_port, NULL },
	[TERM_NOT_SYN] = { "tcp flags != syn / fin,syn,rst,ack", build_not_syn, NULL },
	[TERM_SADDR4] = { "ip saddr @%", build_addr, NULL },
	[TERM_SADDR6] = { "ip6 saddr @%", build_addr, NULL },
	[TERM_DADDR4] = { "ip daddr @%", build_addr, NULL },
	[TERM_DADDR6] = { "ip6 daddr @%", build_addr, NULL },
	[TERM_DOWN4] = { "ip daddr . tcp dport @%", build_down, NULL },
	[TERM_DOWN6] = { "ip6 daddr . tcp dport @%", build_down, NULL },
	[TERM_DOWN_CLIENT4] = { "ip saddr . ip daddr . tcp dport @%", build_down, NULL },
	[TERM_DOWN_CLIENT6] = { "ip6 saddr . ip6 daddr . tcp dport @%", build_down, NULL },
	[TERM_ORIG_DADDR4] = { "ct original ip daddr @%", build_ct_original, "nft_ct" },
	[TERM_ORIG_DADDR6] = { "ct original ip6 daddr @%", build_ct_original, "nft_ct" },
	[TERM_ORIG_DPORT] = { "ct original proto-dst @%", build_ct_original, "nft_ct" },
	[TERM_ORIGINAL] = { "ct direction original", build_direction, "nft_ct" },
	[TERM_REPLY] = { "ct direction reply", build_direction, "nft_ct" },
	[TERM_NEW] = { "ct state new,untracked", build_new, "nft_ct" },
	[TERM_DNATED] = { "ct status dnat", build_dnated, "nft_ct" },
	[TERM_CTMARK] = { "ct mark & ! == !", build_ctmark, "nft_ct" },
	[TERM_MARK] = { "meta mark & ! == !", build_mark, NULL },
	[TERM_SOCKET_MARK] = { "socket mark & ! == !", build_socket_mark, "nft_socket" },
	[TERM_SOCKET_MARK_NOT] = { "socket mark & ! != !", build_socket_mark, "nft_socket" },
	[TERM_SOCKET_TRANSPARENT] = { "socket transparent 1", build_socket_transparent, "nft_socket" },
	[TERM_UID] = { "meta skuid @%", build_uid, NULL },
	[TERM_UID_IS] = { "meta skuid #", build_uid, NULL },
	[TERM_TO_LOCAL] = { "fib daddr type local", build_fib_type, "nft_fib_inet" },
	[TERM_NOT_UNICAST] = { "fib daddr type != unicast", build_fib_type, "nft_fib_inet" },
	[TERM_NO_ROUTE] = { "fib daddr oif missing", build_no_route, "nft_fib_inet" },
	[TERM_SET_CTMARK] = { "ct mark set ct mark | !", build_set_ctmark, "nft_ct" },
	[TERM_SET_MARK] = { "meta mark set meta mark | !", build_set_mark, NULL },
	[TERM_COUNTER] = { "counter", build_counter, NULL },
	[TERM_TPROXY4] = { "tproxy ip to :#", build_tproxy, "nft_tproxy" },
	[TERM_TPROXY6] = { "tproxy ip6 to :#", build_tproxy, "nft_tproxy" },
	[TERM_REDIRECT] = { "redirect to :#", build_redirect, "nft_redir" },
	[TERM_REJECT] = { "reject with tcp reset", build_reject, "nft_reject_inet" },
	[TERM_ACCEPT] = { "accept", build_verdict, NULL },
	[TERM_JUMP] = { "jump %", build_verdict, NULL },
};

bool term_text(const struct term *term, char *out, size_t out_len)
{
	size_t at = 0;

	for (const char *in = rows[term->kind].text; *in != '\0'; in++) {
		int n;

		if (*in == '%')
			n = snprintf(out + at, out_len - at, "%s", term->name);
		else if (*in == '#')
			n = snprintf(out + at, out_len - at, "%u", term->value);
		else if (*in == '!' && in[1] != '=')
			n = snprintf(out + at, out_len - at, "0x%08x", term->value);
		else
			n = snprintf(out + at, out_len - at, "%c", *in);
		if (n < 0 || (size_t)n >= out_len - at)
			return false;
		at += (size_t)n;
	}
	return true;
}

const char *term_module(const struct term *term)
{
	return rows[term->kind].module;
}

bool terms_build(struct nftnl_rule *rule, const struct term *terms, size_t count)
{
	struct maker m = { .rule = rule };

	for (size_t i = 0; i < count; i++)
		rows[terms[i].kind].build(&m, &terms[i]);
	return !m.failed;
}

/* plan_intercept.c - the table that hands port 25 to the listener. Before the operator's own DNAT, so that what is
 * looked at is what the client dialled. Never touched: destinations of this host, without a route, exempt ones. */
#include <linux/netfilter.h>

#include "netfilter/plan.h"
#include "netfilter/ruleset.h"

static void pass_if(struct plan *plan, const struct plan_table *table, struct plan_chain *chain, enum term_kind match,
		    const char *set)
{
	if (plan_set_find(table, set) != NULL)
		RULE(plan, chain, TERM_AT(match, set), TERM(TERM_ACCEPT));
}

static void pass_exempt(struct plan *plan, const struct plan_table *table, struct plan_chain *chain)
{
	pass_if(plan, table, chain, TERM_DADDR4, SET_EXEMPT4);
	pass_if(plan, table, chain, TERM_DADDR6, SET_EXEMPT6);
	pass_if(plan, table, chain, TERM_SADDR4, SET_EXEMPT_SOURCE4);
	pass_if(plan, table, chain, TERM_SADDR6, SET_EXEMPT_SOURCE6);
}

/* A new connection to a host that is down: the client is refused as the host itself would, so that it goes on to the
 * next address. Behind everything that must not be touched, ahead of interception. */
static void reject_down(struct plan *plan, const struct gate_spec *spec, struct plan_chain *chain)
{
	bool by_client = gate_down_by_client(spec);

	if (!gate_has_down(spec))
		return;
	RULE(plan, chain, TERM(TERM_NEW), TERM_AT(by_client ? TERM_DOWN_CLIENT4 : TERM_DOWN4, SET_DOWN4),
	     TERM(TERM_COUNTER), TERM(TERM_REJECT));
	RULE(plan, chain, TERM(TERM_NEW), TERM_AT(by_client ? TERM_DOWN_CLIENT6 : TERM_DOWN6, SET_DOWN6),
	     TERM(TERM_COUNTER), TERM(TERM_REJECT));
}

static void tproxy_if(struct plan *plan, const struct plan_table *table, const struct gate_spec *spec,
		      struct plan_chain *chain, enum term_kind match, const char *set, enum term_kind tproxy)
{
	if (plan_set_find(table, set) != NULL)
		RULE(plan, chain, TERM_AT(match, set), TERM(TERM_TCP), TERM_OF(tproxy, spec->listen_port),
		     TERM_OF(TERM_SET_MARK, spec->mark_tproxy), TERM(TERM_ACCEPT));
}

/* What follows a port-25 packet from inside that belongs to no socket of ours. A source that may not speak SMTP falls
 * out at the end and meets the guard, as does everything while no listener is there. Later packets of a forwarded flow
 * that was approved (exempt until a reload) go on; its SYN would not, see plan_guard.c. */
static void forward_tproxy(struct plan *plan, struct plan_table *table, const struct gate_spec *spec)
{
	struct plan_chain *chain = plan_chain(plan, table, "intercept_forward");

	RULE(plan, chain, TERM(TERM_NOT_SYN), TERM_OF(TERM_CTMARK, spec->ctmark_approved), TERM(TERM_ACCEPT));
	RULE(plan, chain, TERM(TERM_NOT_UNICAST), TERM(TERM_ACCEPT));
	RULE(plan, chain, TERM(TERM_NO_ROUTE), TERM(TERM_ACCEPT));
	pass_exempt(plan, table, chain);
	reject_down(plan, spec, chain);
	tproxy_if(plan, table, spec, chain, TERM_SADDR4, SET_SOURCES4, TERM_TPROXY4);
	tproxy_if(plan, table, spec, chain, TERM_SADDR6, SET_SOURCES6, TERM_TPROXY6);
}

/* Packets of sockets that hold another host's address, on every interface: the client's leg from inside, the server's
 * replies to the client's address from outside (their port as it was dialled). A first packet belongs to none of them,
 * though it may meet what is left of an ended session with the same ports: tproxy gives it to the listener. */
static void prerouting_tproxy(struct plan *plan, struct plan_table *table, const struct gate_spec *spec)
{
	struct plan_chain *chain = plan_chain(plan, table, "prerouting_tproxy");

	chain->type = "filter";
	chain->hook = "prerouting";
	chain->hooknum = NF_INET_PRE_ROUTING;
	chain->priority = -150;
	chain->priority_name = "mangle";
	RULE(plan, chain, TERM_AT(TERM_DPORT, SET_PORTS), TERM(TERM_NOT_SYN), TERM(TERM_SOCKET_TRANSPARENT),
	     TERM_OF(TERM_SET_MARK, spec->mark_tproxy), TERM(TERM_ACCEPT));
	RULE(plan, chain, TERM(TERM_TCP), TERM(TERM_REPLY), TERM_AT(TERM_ORIG_DPORT, SET_PORTS),
	     TERM(TERM_SOCKET_TRANSPARENT), TERM_OF(TERM_SET_MARK, spec->mark_tproxy), TERM(TERM_ACCEPT));
	RULE(plan, chain, TERM_AT(TERM_IIF, SET_INSIDE), TERM_AT(TERM_DPORT, SET_PORTS),
	     TERM_AT(TERM_JUMP, "intercept_forward"));
}

static void redirect_if(struct plan *plan, const struct plan_table *table, const struct gate_spec *spec,
			struct plan_chain *chain, enum term_kind match, const char *set)
{
	if (plan_set_find(table, set) != NULL)
		RULE(plan, chain, TERM_AT(match, set), TERM(TERM_TCP), TERM_OF(TERM_REDIRECT, spec->listen_port));
}

static void forward_redirect(struct plan *plan, struct plan_table *table, const struct gate_spec *spec)
{
	struct plan_chain *chain = plan_chain(plan, table, "intercept_forward");

	RULE(plan, chain, TERM(TERM_NOT_UNICAST), TERM(TERM_ACCEPT));
	RULE(plan, chain, TERM(TERM_NO_ROUTE), TERM(TERM_ACCEPT));
	pass_exempt(plan, table, chain);
	reject_down(plan, spec, chain);
	redirect_if(plan, table, spec, chain, TERM_SADDR4, SET_SOURCES4);
	redirect_if(plan, table, spec, chain, TERM_SADDR6, SET_SOURCES6);
}

/* -110: ahead of the operator's DNAT at -100. */
static void prerouting_redirect(struct plan *plan, struct plan_table *table)
{
	struct plan_chain *chain = plan_chain(plan, table, "prerouting_redirect");

	chain->type = "nat";
	chain->hook = "prerouting";
	chain->hooknum = NF_INET_PRE_ROUTING;
	chain->priority = -110;
	chain->priority_name = "dstnat - 10";
	RULE(plan, chain, TERM_AT(TERM_IIF, SET_INSIDE), TERM_AT(TERM_DPORT, SET_PORTS),
	     TERM_AT(TERM_JUMP, "intercept_forward"));
}

static void local(struct plan *plan, struct plan_table *table, const struct gate_spec *spec)
{
	struct plan_chain *chain = plan_chain(plan, table, "intercept_local");

	if (spec->by_uid_alone)
		RULE(plan, chain, TERM_OF(TERM_UID_IS, spec->own_uid), TERM(TERM_ACCEPT));
	else
		RULE(plan, chain, TERM_OF(TERM_UID_IS, spec->own_uid), TERM_OF(TERM_MARK, spec->mark_own),
		     TERM(TERM_ACCEPT));
	RULE(plan, chain, TERM(TERM_TO_LOCAL), TERM(TERM_ACCEPT));
	pass_if(plan, table, chain, TERM_UID, SET_EXEMPT_USERS);
	pass_exempt(plan, table, chain);
	reject_down(plan, spec, chain);
	RULE(plan, chain, TERM(TERM_TCP), TERM_OF(TERM_REDIRECT, spec->listen_port));

	chain = plan_chain(plan, table, "output_redirect");
	chain->type = "nat";
	chain->hook = "output";
	chain->hooknum = NF_INET_LOCAL_OUT;
	chain->priority = -110;
	chain->priority_name = "-110";
	RULE(plan, chain, TERM_AT(TERM_DPORT, SET_PORTS), TERM_AT(TERM_JUMP, "intercept_local"));
}

void plan_intercept(struct plan *plan, const struct gate_spec *spec)
{
	struct plan_table *table = plan_table(plan, RULESET_TABLE);

	plan_sets(plan, table, spec);
	plan_sets_down(plan, table, spec);
	if (gate_uses_tproxy(spec)) {
		forward_tproxy(plan, table, spec);
		prerouting_tproxy(plan, table, spec);
	} else if (spec->scope_forward) {
		forward_redirect(plan, table, spec);
		prerouting_redirect(plan, table);
	}
	if (spec->scope_local)
		local(plan, table, spec);
}

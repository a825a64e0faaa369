/* plan_guard.c - the table that keeps port 25 closed when interception is not there, or was gone past.
 *
 * Port 25 means: the packet's destination port, or in the original direction the destination port that the flow had
 * before another table rewrote it. In the reply direction too the packet's port counts: a flow that connection tracking
 * first met when the server spoke has its directions the wrong way round.
 *
 * A flow is judged by accept-lists that end in an unconditional reject. What is accepted by uid and mark or as exempt
 * gets the approved bit, and the bit alone carries the rest of the flow: packets of a socket whose process is gone have
 * no uid. No rule says `new`: an exempt flow older than the gate, and gate25's own flow whose connection mark was
 * wiped, are approved again by any packet that proves what it is. */
#include <linux/netfilter.h>

#include "netfilter/plan.h"
#include "netfilter/ruleset.h"

#define CHAIN_APPROVE "approve"

/* Before every DNAT, and before tproxy: was the destination this host as the client saw it? A hairpin (client to the
 * gateway's public address, then the operator's DNAT to a mail server inside) is not ours to judge. */
static void note_local(struct plan *plan, struct plan_table *table, const struct gate_spec *spec)
{
	if (spec->scope_forward) {
		struct plan_chain *chain = plan_chain(plan, table, "note_prerouting");

		chain->type = "filter";
		chain->hook = "prerouting";
		chain->hooknum = NF_INET_PRE_ROUTING;
		chain->priority = -151;
		chain->priority_name = "mangle - 1";
		RULE(plan, chain, TERM_AT(TERM_IIF, SET_INSIDE), TERM_AT(TERM_DPORT, SET_PORTS), TERM(TERM_ORIGINAL),
		     TERM(TERM_TO_LOCAL), TERM_OF(TERM_SET_CTMARK, spec->ctmark_local));
	}
	if (spec->scope_local) {
		struct plan_chain *chain = plan_chain(plan, table, "note_output");

		chain->type = "filter";
		chain->hook = "output";
		chain->hooknum = NF_INET_LOCAL_OUT;
		chain->priority = -151;
		chain->priority_name = "mangle - 1";
		RULE(plan, chain, TERM_AT(TERM_DPORT, SET_PORTS), TERM(TERM_ORIGINAL), TERM(TERM_TO_LOCAL),
		     TERM_OF(TERM_SET_CTMARK, spec->ctmark_local));
	}
}

/* Last of all in prerouting, behind whoever sets marks anew and by the port that the packet is routed by: the fence
 * lets pass what was here. Replies too, whose reverse path is looked up as if they went the other way. */
static void mark_seen(struct plan *plan, struct plan_table *table, const struct gate_spec *spec)
{
	struct plan_chain *chain = plan_chain(plan, table, "seen_prerouting");

	chain->type = "filter";
	chain->hook = "prerouting";
	chain->hooknum = NF_INET_PRE_ROUTING;
	chain->priority = 300;
	chain->priority_name = "300";
	RULE(plan, chain, TERM_AT(TERM_IIF, SET_INSIDE), TERM_AT(TERM_DPORT, SET_PORTS),
	     TERM_OF(TERM_SET_MARK, spec->mark_seen));
	RULE(plan, chain, TERM_AT(TERM_SPORT, SET_PORTS), TERM_OF(TERM_SET_MARK, spec->mark_seen));
}

static void reject(struct plan *plan, struct plan_chain *chain)
{
	RULE(plan, chain, TERM(TERM_TCP), TERM(TERM_COUNTER), TERM(TERM_REJECT));
}

/* Two rules, so that a packet that is not tracked, and has no mark to set, is still accepted. */
static void approve(struct plan *plan, struct plan_table *table, const struct gate_spec *spec)
{
	struct plan_chain *chain = plan_chain(plan, table, CHAIN_APPROVE);

	RULE(plan, chain, TERM_OF(TERM_SET_CTMARK, spec->ctmark_approved));
	RULE(plan, chain, TERM(TERM_ACCEPT));
}

static void approve_if(struct plan *plan, const struct plan_table *table, struct plan_chain *chain,
		       enum term_kind match, const char *set)
{
	if (plan_set_find(table, set) != NULL)
		RULE(plan, chain, TERM_AT(match, set), TERM_AT(TERM_JUMP, CHAIN_APPROVE));
}

/* By the destination as the client dialled it, and as it is: another table may have changed it, and packets that are
 * not tracked have only the latter. */
static void approve_exempt(struct plan *plan, const struct plan_table *table, struct plan_chain *chain)
{
	approve_if(plan, table, chain, TERM_DADDR4, SET_EXEMPT4);
	approve_if(plan, table, chain, TERM_DADDR6, SET_EXEMPT6);
	approve_if(plan, table, chain, TERM_ORIG_DADDR4, SET_EXEMPT4);
	approve_if(plan, table, chain, TERM_ORIG_DADDR6, SET_EXEMPT6);
	approve_if(plan, table, chain, TERM_SADDR4, SET_EXEMPT_SOURCE4);
	approve_if(plan, table, chain, TERM_SADDR6, SET_EXEMPT_SOURCE6);
}

static void approve_own(struct plan *plan, const struct gate_spec *spec, struct plan_chain *chain)
{
	if (spec->by_uid_alone)
		RULE(plan, chain, TERM_OF(TERM_UID_IS, spec->own_uid), TERM_AT(TERM_JUMP, CHAIN_APPROVE));
	else
		RULE(plan, chain, TERM_OF(TERM_UID_IS, spec->own_uid), TERM_OF(TERM_MARK, spec->mark_own),
		     TERM_AT(TERM_JUMP, CHAIN_APPROVE));
}

static void jump_port25(struct plan *plan, struct plan_chain *chain, const char *to)
{
	RULE(plan, chain, TERM_AT(TERM_DPORT, SET_PORTS), TERM_AT(TERM_JUMP, to));
	RULE(plan, chain, TERM(TERM_TCP), TERM(TERM_ORIGINAL), TERM_AT(TERM_ORIG_DPORT, SET_PORTS),
	     TERM_AT(TERM_JUMP, to));
}

/* The approved bit does not carry a SYN: a client inside may pick the very port that gate25 uses towards that server in
 * its name, and would be taken for the approved flow. */
static void forward_judge(struct plan *plan, struct plan_table *table, const struct gate_spec *spec)
{
	struct plan_chain *chain = plan_chain(plan, table, "judge_forward");

	RULE(plan, chain, TERM_OF(TERM_CTMARK, spec->ctmark_local), TERM(TERM_ACCEPT));
	RULE(plan, chain, TERM(TERM_NOT_SYN), TERM_OF(TERM_CTMARK, spec->ctmark_approved), TERM(TERM_ACCEPT));
	approve_exempt(plan, table, chain);
	reject(plan, chain);
}

static void forward(struct plan *plan, struct plan_table *table)
{
	struct plan_chain *chain = plan_chain(plan, table, "forward_guard");

	chain->type = "filter";
	chain->hook = "forward";
	chain->hooknum = NF_INET_FORWARD;
	chain->priority = 0;
	chain->priority_name = "filter";
	RULE(plan, chain, TERM_AT(TERM_IIF_NOT, SET_INSIDE), TERM(TERM_ACCEPT));
	jump_port25(plan, chain, "judge_forward");
}

/* gate25's own flows are approved in either scope: in the client's name they look like a client's to conntrack.h. */
static void output_judge(struct plan *plan, struct plan_table *table, const struct gate_spec *spec)
{
	struct plan_chain *chain = plan_chain(plan, table, "judge_output");

	if (spec->scope_local) {
		RULE(plan, chain, TERM(TERM_TO_LOCAL), TERM(TERM_ACCEPT)); /* redirected ones too */
		RULE(plan, chain, TERM_OF(TERM_CTMARK, spec->ctmark_local), TERM(TERM_ACCEPT));
		RULE(plan, chain, TERM_OF(TERM_CTMARK, spec->ctmark_approved), TERM(TERM_ACCEPT));
	}
	approve_own(plan, spec, chain);
	if (!spec->scope_local)
		return;
	approve_if(plan, table, chain, TERM_UID, SET_EXEMPT_USERS);
	approve_exempt(plan, table, chain);
	reject(plan, chain);
}

static void output(struct plan *plan, struct plan_table *table)
{
	struct plan_chain *chain = plan_chain(plan, table, "output_guard");

	chain->type = "filter";
	chain->hook = "output";
	chain->hooknum = NF_INET_LOCAL_OUT;
	chain->priority = 0;
	chain->priority_name = "filter";
	jump_port25(plan, chain, "judge_output");
}

static void listener_is_own(struct plan *plan, const struct gate_spec *spec, struct plan_chain *chain)
{
	RULE(plan, chain, TERM(TERM_TCP), TERM(TERM_DNATED), TERM_AT(TERM_ORIG_DPORT, SET_PORTS),
	     TERM_OF(TERM_SOCKET_MARK, spec->mark_own), TERM(TERM_ACCEPT));
	RULE(plan, chain, TERM(TERM_TCP), TERM(TERM_DNATED), TERM_AT(TERM_ORIG_DPORT, SET_PORTS),
	     TERM(TERM_SOCKET_TRANSPARENT), TERM(TERM_ACCEPT));
}

/* Who comes to the listener must have been intercepted, and the listener must be gate25's: while gate25 is down nobody
 * else takes the port and reads mail. First packets only: a connection that is being made has no mark yet. One that
 * ended has none any more, and stands in the way of a client that uses its port again; it is known as gate25's by being
 * transparent. Who took the port in the meantime would get that first packet, so later ones are looked at too, in the
 * original direction: others' connections may happen to have the port at their near end.
 *
 * A redirected packet arrives at the listener's port and its flow has the dnat status; one that came by tproxy still
 * has its own port, no status, and the tproxy mark, with the listener already chosen. */
static void listener(struct plan *plan, struct plan_table *table, const struct gate_spec *spec)
{
	struct plan_chain *redirected = plan_chain(plan, table, "judge_listener");
	struct plan_chain *chain;

	if (spec->by_uid_alone)
		RULE(plan, redirected, TERM(TERM_TCP), TERM(TERM_DNATED), TERM_AT(TERM_ORIG_DPORT, SET_PORTS),
		     TERM(TERM_ACCEPT));
	else
		listener_is_own(plan, spec, redirected);
	reject(plan, redirected);
	if (gate_uses_tproxy(spec)) {
		struct plan_chain *tproxied = plan_chain(plan, table, "judge_tproxy");

		RULE(plan, tproxied, TERM_OF(TERM_SOCKET_MARK, spec->mark_own), TERM(TERM_ACCEPT));
		reject(plan, tproxied);
	}
	chain = plan_chain(plan, table, "input_guard");
	chain->type = "filter";
	chain->hook = "input";
	chain->hooknum = NF_INET_LOCAL_IN;
	chain->priority = 0;
	chain->priority_name = "filter";
	if (!spec->by_uid_alone)
		RULE(plan, chain, TERM_OF(TERM_DPORT_IS, spec->listen_port), TERM(TERM_ORIGINAL),
		     TERM_OF(TERM_SOCKET_MARK_NOT, spec->mark_own), TERM(TERM_COUNTER), TERM(TERM_REJECT));
	RULE(plan, chain, TERM_OF(TERM_DPORT_IS, spec->listen_port), TERM(TERM_NEW),
	     TERM_AT(TERM_JUMP, "judge_listener"));
	if (gate_uses_tproxy(spec))
		RULE(plan, chain, TERM_OF(TERM_MARK, spec->mark_tproxy), TERM_AT(TERM_DPORT, SET_PORTS), TERM(TERM_NEW),
		     TERM_AT(TERM_JUMP, "judge_tproxy"));
}

void plan_guard(struct plan *plan, const struct gate_spec *spec)
{
	struct plan_table *table = plan_table(plan, RULESET_TABLE_GUARD);

	plan_sets(plan, table, spec);
	note_local(plan, table, spec);
	if (spec->fence)
		mark_seen(plan, table, spec);
	approve(plan, table, spec);
	if (spec->scope_forward) {
		forward_judge(plan, table, spec);
		forward(plan, table);
	}
	output_judge(plan, table, spec);
	output(plan, table);
	listener(plan, table, spec);
}

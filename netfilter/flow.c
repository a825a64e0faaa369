/* flow.c - see flow.h. */
#include "netfilter/flow.h"

#include <netinet/in.h>

static bool merge_both(struct interval_list out[2], const struct prefix_list *list)
{
	bool four = prefixes_merge(&out[0], list, AF_INET);
	bool six = prefixes_merge(&out[1], list, AF_INET6);

	return four && six;
}

static bool in(const struct interval_list lists[2], const struct addr *addr)
{
	return interval_list_contains(&lists[addr->family == AF_INET6], addr);
}

bool flow_judge_init(struct flow_judge *out, const struct gate_spec *spec, const struct prefix_list *own)
{
	bool ok;

	*out = (struct flow_judge){ .spec = spec };
	ok = merge_both(out->own, own);
	ok = merge_both(out->sources, &spec->sources) && ok;
	ok = merge_both(out->exempt, &spec->exempt) && ok;
	ok = merge_both(out->exempt_source, &spec->exempt_source) && ok;
	return ok;
}

void flow_judge_cleanup(struct flow_judge *judge)
{
	for (int i = 0; i < 2; i++) {
		interval_list_cleanup(&judge->own[i]);
		interval_list_cleanup(&judge->sources[i]);
		interval_list_cleanup(&judge->exempt[i]);
		interval_list_cleanup(&judge->exempt_source[i]);
	}
}

static bool port_intercepted(const struct gate_spec *spec, uint16_t port)
{
	for (size_t i = 0; i < spec->ports_count; i++)
		if (spec->ports[i] == port)
			return true;
	return false;
}

static bool from_in_scope(const struct flow_judge *judge, const struct addr *from)
{
	if (judge->spec->scope_local && in(judge->own, from))
		return true;
	return judge->spec->scope_forward && in(judge->sources, from);
}

bool flow_is_clear(const struct flow_judge *judge, const struct flow *flow)
{
	const struct gate_spec *spec = judge->spec;

	if (flow->protocol != IPPROTO_TCP || !port_intercepted(spec, flow->to.port))
		return false;
	if ((flow->mark & (spec->ctmark_approved | spec->ctmark_local)) != 0)
		return false;
	if (flow->dnat && flow->replies_from.port == spec->listen_port && in(judge->own, &flow->replies_from.addr))
		return false; /* at our listener */
	if (in(judge->own, &flow->to.addr) || !from_in_scope(judge, &flow->from.addr))
		return false;
	return !in(judge->exempt, &flow->to.addr) && !in(judge->exempt_source, &flow->from.addr);
}

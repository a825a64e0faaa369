/* gate.c - see gate.h. */
#include "netfilter/gate.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "netfilter/say.h"

#define UID_NOBODY 65534

bool gate_uses_tproxy(const struct gate_spec *spec)
{
	return spec->scope_forward && spec->source == CONF_SOURCE_CLIENT;
}

bool gate_has_down(const struct gate_spec *spec)
{
	return !spec->by_uid_alone;
}

bool gate_down_by_client(const struct gate_spec *spec)
{
	return spec->source == CONF_SOURCE_CLIENT;
}

static bool check_marks(const struct gate_spec *spec, char *err, size_t err_len)
{
	const uint32_t marks[] = { spec->mark_own, spec->mark_tproxy, spec->ctmark_approved, spec->ctmark_local,
				   spec->mark_seen };
	uint32_t seen = 0;

	for (size_t i = 0; i < COUNT(marks); i++) {
		if (marks[i] == 0 || (marks[i] & (marks[i] - 1)) != 0)
			return say(err, err_len, "mark 0x%08x is not a single bit", marks[i]);
		if ((seen & marks[i]) != 0)
			return say(err, err_len, "mark 0x%08x is used twice: each mark needs a bit of its own",
				   marks[i]);
		seen |= marks[i];
	}
	return true;
}

static bool check_forward(const struct gate_spec *spec, char *err, size_t err_len)
{
	if (spec->by_uid_alone)
		return say(err, err_len, "forward scope needs root: own packets cannot be told by uid alone");
	if (spec->interfaces.count == 0)
		return say(err, err_len, "forward scope needs interfaces: on which does mail come in from inside?");
	if (spec->sources.count == 0)
		return say(err, err_len, "forward scope needs sources: who may speak SMTP outwards?");
	for (size_t i = 0; i < spec->interfaces.count; i++) {
		size_t len = strlen(spec->interfaces.items[i]);

		if (len == 0 || len >= IFNAMSIZ)
			return say(err, err_len, "\"%s\" is no interface name: 1 to %d characters",
				   spec->interfaces.items[i], IFNAMSIZ - 1);
		if (strcmp(spec->interfaces.items[i], "lo") == 0)
			return say(err, err_len, "lo is no inside interface: use local scope for this host");
	}
	if (gate_uses_tproxy(spec) &&
	    (spec->route_table == 0 || (spec->route_table >= 253 && spec->route_table <= 255)))
		return say(err, err_len, "route table %u is the system's own: choose another", spec->route_table);
	return true;
}

static bool check_ports(const struct gate_spec *spec, char *err, size_t err_len)
{
	if (spec->ports_count == 0 || spec->listen_port == 0)
		return say(err, err_len, "no port to intercept, or none to listen on");
	for (size_t i = 0; i < spec->ports_count; i++) {
		if (spec->ports[i] == 0)
			return say(err, err_len, "port 0 cannot be intercepted");
		if (spec->ports[i] == spec->listen_port)
			return say(err, err_len, "port %u is both listened on and intercepted", spec->listen_port);
	}
	return true;
}

static bool check_uids(const struct gate_spec *spec, char *err, size_t err_len)
{
	if (spec->own_uid == 0 || spec->own_uid == UID_NOBODY || spec->own_uid == (uid_t)-1)
		return say(err, err_len, "gate25 needs a uid of its own, not %u: others have it too", spec->own_uid);
	for (size_t i = 0; i < spec->exempt_uids_count; i++)
		if (spec->exempt_uids[i] == spec->own_uid)
			return say(err, err_len, "gate25's own user %u cannot be exempt", spec->own_uid);
	return true;
}

bool gate_spec_check(const struct gate_spec *spec, char *err, size_t err_len)
{
	if (!spec->scope_local && !spec->scope_forward)
		return say(err, err_len, "nothing to intercept: neither local nor forward scope");
	if (spec->fence && !spec->scope_forward)
		return say(err, err_len, "a fence needs forward scope: packets of this host are not routed past it");
	return check_marks(spec, err, err_len) && check_ports(spec, err, err_len) && check_uids(spec, err, err_len) &&
	       (!spec->scope_forward || check_forward(spec, err, err_len));
}

bool gate_spec_from_conf(struct gate_spec *out, const struct conf *conf, uid_t own_uid, const uid_t *uids,
			 size_t uids_count, char *err, size_t err_len)
{
	*out = (struct gate_spec){
		.scope_local = conf->scope_local,
		.scope_forward = conf->scope_forward,
		.interfaces = conf->interfaces,
		.sources = conf->sources,
		.source = conf->source,
		.exempt = conf->exempt,
		.exempt_source = conf->exempt_source,
		.exempt_uids = uids,
		.exempt_uids_count = uids_count,
		.ports = conf->ports,
		.ports_count = conf->ports_count,
		.listen_port = conf->listen_port,
		.own_uid = own_uid,
		.mark_own = conf->mark_own,
		.mark_tproxy = conf->mark_tproxy,
		.ctmark_approved = conf->ctmark_approved,
		.ctmark_local = conf->ctmark_local,
		.route_table = conf->route_table,
		.fence = conf->fence,
		.mark_seen = conf->mark_seen,
	};
	return gate_spec_check(out, err, err_len);
}

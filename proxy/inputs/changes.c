/* changes.c - see changes.h. */
#include "proxy/inputs/changes.h"

#include <string.h>

static bool same_users(const struct conf *old, const struct conf *new)
{
	return strcmp(old->user, new->user) == 0 && strcmp(old->policy_user, new->policy_user) == 0 &&
	       strcmp(old->monitor_user, new->monitor_user) == 0;
}

static bool same_ports(const struct conf *old, const struct conf *new)
{
	return old->ports_count ==
	       new->ports_count &&memcmp(old->ports, new->ports, old->ports_count * sizeof(*old->ports)) == 0;
}

/* An auto that is a number now, or the other way, cannot be told to be more. */
static bool fewer_workers(const struct conf *old, const struct conf *new)
{
	return new->workers != 0 && (old->workers == 0 || new->workers < old->workers);
}

bool changes_same_monitor(const struct conf *old, const struct conf *new)
{
	return addr_equal(&old->monitor_listen.addr, &new->monitor_listen.addr) &&
	       old->monitor_listen.port == new->monitor_listen.port;
}

/* Running sessions of the old workers still go by these, or root's rights of the start are needed. */
const char *changes_need_restart(const struct conf *old, const struct conf *new)
{
	return old->listen_port != new->listen_port                 ? "listen-port"
	       : !same_users(old, new)                              ? "user"
	       : old->monitor != new->monitor                       ? "monitor on or off"
	       : strcmp(old->state_dir, new->state_dir) != 0        ? "state-dir"
	       : (old->history_mib == 0) != (new->history_mib == 0) ? "history-size to or from 0"
	       : old->mark_own != new->mark_own                     ? "mark-own"
	       : old->mark_tproxy != new->mark_tproxy               ? "mark-tproxy"
	       : old->mark_seen != new->mark_seen                   ? "mark-seen"
	       : old->route_table != new->route_table               ? "route-table"
	       : old->ctmark_local != new->ctmark_local             ? "ctmark-local"
	       : old->ctmark_approved != new->ctmark_approved       ? "ctmark-approved"
	       : fewer_workers(old, new)                            ? "workers to fewer"
								    : NULL;
}

const char *changes_need_upgrade(const struct conf *old, const struct conf *new)
{
	return !same_ports(old, new)                             ? "ports"
	       : old->workers != new->workers                    ? "workers"
	       : old->monitor && !changes_same_monitor(old, new) ? "monitor"
								 : NULL;
}

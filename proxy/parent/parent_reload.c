/* parent_reload.c - SIGHUP: the configuration is read again; the old one stays until the new is sound. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/log.h"
#include "proxy/base/sealed.h"
#include "proxy/parent/client_certificate.h"
#include "proxy/parent/host_ledger.h"
#include "proxy/parent/last_conf.h"
#include "proxy/parent/notify.h"
#include "proxy/parent/parent_private.h"

/* What a running gate cannot change. */
static bool changed_too_much(const struct conf *old, const struct conf *new, const char **out_key)
{
	const bool same_user = strcmp(old->user, new->user) == 0 && strcmp(old->policy_user, new->policy_user) == 0 &&
			       strcmp(old->monitor_user, new->monitor_user) == 0;

	const bool same_ports =
		old->ports_count ==
		new->ports_count &&memcmp(old->ports, new->ports, old->ports_count * sizeof(*old->ports)) == 0;

	*out_key = !same_ports                                          ? "ports"
		   : old->listen_port != new->listen_port               ? "listen-port"
		   : old->workers != new->workers                       ? "workers"
		   : !same_user                                         ? "user"
		   : old->monitor != new->monitor                       ? "monitor"
		   : strcmp(old->state_dir, new->state_dir) != 0        ? "state-dir"
		   : (old->history_mib == 0) != (new->history_mib == 0) ? "history-size to or from 0"
		   : old->mark_own != new->mark_own                     ? "mark-own"
		   : old->mark_tproxy != new->mark_tproxy               ? "mark-tproxy"
		   : old->mark_seen != new->mark_seen                   ? "mark-seen"
		   : old->route_table != new->route_table               ? "route-table"
		   : old->ctmark_local != new->ctmark_local             ? "ctmark-local"
		   : old->ctmark_approved != new->ctmark_approved       ? "ctmark-approved"
									: NULL;
	return *out_key != NULL;
}

void parent_keep_conf(const struct parent *parent)
{
	size_t len;
	char *text;

	/* Where no role has a folder state-dir itself is not to be trusted, and that was said. */
	if (parent->keeper == NULL ||
	    (parent->state_dir.fds[ROLE_POLICY] < 0 && parent->state_dir.fds[ROLE_MONITOR] < 0))
		return;
	text = sealed_read(parent->inputs.conf_fd, &len);
	if (text == NULL || !last_conf_keep(&parent->inputs.conf, parent->options->conf_path, text))
		log_errno(LOG_LEVEL_WARNING, "state-dir", "no copy of the configuration is kept for the guard at boot");
	free(text);
}

void parent_on_reload(evutil_socket_t signal_number, short what, void *arg)
{
	struct parent *parent = arg;
	struct inputs inputs;
	const char *key;
	char err[512];

	(void)signal_number;
	(void)what;
	notify_service("RELOADING=1");
	if (!inputs_load_for_run(&inputs, parent->options->conf_path, &parent->inputs, conf_log_error, NULL)) {
		log_say(LOG_LEVEL_ERROR, "reload", "refused: the old configuration stays in force");
	} else if (changed_too_much(&parent->inputs.conf, &inputs.conf, &key)) {
		log_say(LOG_LEVEL_ERROR, "reload",
			"refused: %s can change only by a restart; the old configuration stays in force", key);
		inputs_cleanup(&inputs);
	} else if (parent->keeper != NULL && !gatekeeper_reload(parent->keeper, &inputs.conf, err, sizeof(err))) {
		log_say(LOG_LEVEL_ERROR, "reload", "refused: %s; the old configuration stays in force", err);
		inputs_cleanup(&inputs);
	} else {
		bool same = inputs_same_conf(&parent->inputs, &inputs);

		inputs_cleanup(&parent->inputs);
		parent->inputs = inputs;
		children_reload(parent->children, &parent->inputs);
		host_ledger_reloaded(parent->hosts, !same, parent_now_s());
		list_watch_use(parent->list_watch, &parent->inputs.list, &parent->inputs.conf);
		parent_log_apply(&parent->inputs.conf);
		log_say(LOG_LEVEL_INFO, "reload", "configuration %u is in force", inputs.generation);
		parent_keep_conf(parent);
		client_certificate_warnings(&inputs.conf, parent->options->conf_path, parent_log_warning, NULL);
		parent_go_on(parent);
	}
	notify_service("READY=1");
}

/* parent_reload.c - SIGHUP: the configuration is read again; the old one stays until the new is sound. */
#include <stdio.h>
#include <stdlib.h>

#include "proxy/base/log.h"
#include "proxy/base/sealed.h"
#include "proxy/inputs/changes.h"
#include "proxy/inputs/client_certificate.h"
#include "proxy/gate/host_ledger.h"
#include "proxy/inputs/last_conf.h"
#include "proxy/host/notify.h"
#include "proxy/parent/parent_private.h"

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
	if (parent_is_stopping(parent))
		return;
	if (parent->readiness.announced) /* else whoever waits for the start would take this for its end */
		notify_service("RELOADING=1");
	if (!inputs_load_for_run(&inputs, parent->options->conf_path, &parent->inputs, conf_log_error, NULL)) {
		log_say(LOG_LEVEL_ERROR, "reload", "refused: the old configuration stays in force");
	} else if ((key = changes_need_restart(&parent->inputs.conf, &inputs.conf)) != NULL) {
		log_say(LOG_LEVEL_ERROR, "reload",
			"refused: %s can change only by a restart; the old configuration stays in force", key);
		inputs_cleanup(&inputs);
	} else if ((key = changes_need_upgrade(&parent->inputs.conf, &inputs.conf)) != NULL) {
		log_say(LOG_LEVEL_ERROR, "reload",
			"refused: %s can change only by gate25 upgrade or a restart; the old configuration stays in "
			"force",
			key);
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
	if (parent->readiness.announced)
		notify_service("READY=1");
}

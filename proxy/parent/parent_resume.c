/* parent_resume.c - the start of a parent that takes another program's place in the same process: what is there already
 * is taken over, the rest is made as at any start. */
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "proxy/base/log.h"
#include "proxy/base/sealed.h"
#include "proxy/inputs/changes.h"
#include "proxy/host/listeners.h"
#include "proxy/parent/parent_private.h"
#include "proxy/upgrade/upgrade_fds.h"

bool parent_inherit(struct parent *parent, char *err, size_t err_len)
{
	int fd = parent->options->state_fd;
	struct upgrade_state *state;

	/* It was run by descriptor, and is called by its number. */
	(void)prctl(PR_SET_NAME, "gate25", 0, 0, 0);
	if (!upgrade_state_read(&state, fd, err, err_len))
		return false;
	parent->inherited = state;
	if (!upgrade_fds_take(state, fd)) {
		(void)snprintf(err, err_len, "not all descriptors of the program before came along");
		return false;
	}
	parent->started = (time_t)state->started_s;
	parent->upgrade.attempt = state->attempt;
	parent->repairs_before = state->repairs;
	parent->past = state->past;
	parent->readiness.resumed = true;
	return true;
}

/* --- listeners -----------------------------------------------------------------------------------------------------
 */

static bool take_smtp(struct parent *parent, char *err, size_t err_len)
{
	const struct upgrade_state *state = parent->inherited;
	const struct conf *conf = &parent->inputs.conf;

	if (parent->workers < state->sockets_count)
		parent->workers = state->sockets_count; /* of auto, on fewer cores: each socket has who accepts */
	parent->smtp_fds = calloc(parent->workers, sizeof(*parent->smtp_fds));
	if (parent->smtp_fds == NULL) {
		(void)snprintf(err, err_len, "out of memory");
		return false;
	}
	for (unsigned i = 0; i < parent->workers; i++) {
		parent->smtp_fds[i] = i < state->sockets_count ? state->sockets[i]
							       : listener_smtp(conf->listen_port, parent->root,
									       conf->mark_own, err, err_len);
		if (parent->smtp_fds[i] < 0)
			return false;
	}
	return true;
}

static bool take_listeners(struct parent *parent, const struct conf *before, char *err, size_t err_len)
{
	const struct upgrade_state *state = parent->inherited;
	const struct conf *conf = &parent->inputs.conf;

	if (!take_smtp(parent, err, err_len))
		return false;
	if (!conf->monitor)
		return true;
	if (state->http_fd < 0 || state->control_fd < 0)
		return parent_listen_monitor(parent, err, err_len);
	/* Its path is the same; and whoever has to take over again could not be reached by another. */
	parent->control_fd = state->control_fd;
	parent->http_fd = changes_same_monitor(before, conf) ? state->http_fd
							     : listener_http(&conf->monitor_listen, err, err_len);
	return parent->http_fd >= 0;
}

/* --- roles ---------------------------------------------------------------------------------------------------------
 */

/* take_counts: pages of another layout cannot be read here. What they say now is not lost; what they will say is. */
static void take_counts(struct parent *parent)
{
	struct upgrade_state *state = parent->inherited;
	struct counters_past probe;
	bool readable = true;

	for (unsigned i = 0; i < state->children_count && readable; i++) {
		int fd = state->children[i].counters_fd;
		probe = (struct counters_past){ 0 };
		readable = fd < 0 || counters_past_add(&probe, fd);
	}
	if (readable)
		return;
	for (unsigned i = 0; i < COUNTER_COUNT; i++)
		parent->past.values[i] += state->living.values[i];
	for (unsigned i = 0; i < state->children_count; i++) {
		if (state->children[i].counters_fd >= 0)
			(void)close(state->children[i].counters_fd);
		state->children[i].counters_fd = -1;
	}
}

static void on_older_gone_yet(void *arg)
{
	(void)arg;
}

static void on_host_of_older(void *arg, unsigned slot, const struct host_news *news)
{
	const struct parent *parent = arg;

	if (parent->children != NULL) /* else there is nobody yet to be told */
		parent_on_host(arg, slot, news);
}

static bool take_roles(struct parent *parent, char *err, size_t err_len)
{
	static const struct children_events events = { .log = parent_log_role,
						       .host = on_host_of_older,
						       .older_gone = on_older_gone_yet };
	struct upgrade_state *state = parent->inherited;

	take_counts(parent);
	parent->older = children_adopt(parent->base, state, &events, parent, &parent->past);
	if (parent->older == NULL) {
		(void)snprintf(err, err_len, "out of memory");
		return false;
	}
	/* The monitor ends when its channel does, so there must be one end of it here. */
	for (unsigned i = 0; i < state->children_count; i++) {
		struct upgrade_child *child = &state->children[i];
		if (child->role == ROLE_MONITOR && child->ipc_fd >= 0) {
			(void)close(child->ipc_fd);
			child->ipc_fd = -1;
		}
	}
	children_hush(parent->older);
	return true;
}

static bool take_programs(struct parent *parent, char *err, size_t err_len)
{
	struct programs *programs = &parent->programs;

	if (!programs_find(programs, err, err_len) || !programs_open(programs, err, err_len))
		return false;
	(void)snprintf(programs->gate25, sizeof(programs->gate25), "%s", parent->inherited->program);
	if (!parent->options->back || parent->inherited->policy_fd < 0)
		return true;
	/* At its path lies the one that did not do. */
	(void)close(programs->policy_fd);
	programs->policy_fd = fcntl(parent->inherited->policy_fd, F_DUPFD_CLOEXEC, 3);
	return programs->policy_fd >= 0;
}

static bool resume(struct parent *parent, const struct conf *before, char *err, size_t err_len)
{
	if (!take_programs(parent, err, err_len) ||
	    (parent->root && !users_find(parent->users, &parent->inputs.conf, err, err_len)) ||
	    !parent_catch_signals(parent, err, err_len) || !parent_close_gate(parent, err, err_len) ||
	    !take_listeners(parent, before, err, err_len) || !parent_limit(parent, err, err_len) ||
	    (parent->keeper != NULL && !gatekeeper_resume(parent->keeper, before, err, err_len)) ||
	    !take_roles(parent, err, err_len) || !parent_start_roles(parent, err, err_len))
		return false;
	parent_keep_conf(parent);
	return true;
}

bool parent_resume(struct parent *parent, char *err, size_t err_len)
{
	const struct upgrade_state *state = parent->inherited;
	size_t len;
	char *text = sealed_read(state->conf_fd, &len);
	struct conf before;
	bool ok;

	parent_raise_limits(&parent->inputs.conf);
	parent->inputs.generation = state->generation + 1;
	parent->pid_fd = state->pid_fd;
	memcpy(parent->state_dir.fds, state->folder_fds, sizeof(parent->state_dir.fds));
	(void)snprintf(err, err_len, "the configuration of before is not understood");
	if (text == NULL)
		return false;
	ok = conf_parse(&before, "the configuration before", text, conf_log_error, NULL) &&
	     resume(parent, &before, err, err_len);
	conf_cleanup(&before);
	free(text);
	return ok;
}

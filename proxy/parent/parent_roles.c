/* parent_roles.c - the parent's roles: what they are started with, and what their lives mean to it. */
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "proxy/base/exit_status.h"
#include "proxy/base/log.h"
#include "proxy/inputs/client_renewal.h"
#include "proxy/parent/parent_private.h"

static void on_ready(void *arg)
{
	parent_go_on(arg);
}

static void on_lost(void *arg)
{
	parent_tell_status(arg);
}

static void on_failed(void *arg, enum role role)
{
	struct parent *parent = arg;

	parent_upgrade_back(parent, "a new process ended before it was ready");
	log_say(LOG_LEVEL_ERROR, "start",
		"the %s ended before it was ready: gate25 does not start; port 25 stays closed", role_name(role));
	parent->status = CLI_FAILED;
	parent_end_loop(parent);
}

static void on_stranger(void *arg, pid_t pid, int status)
{
	(void)parent_upgrade_answered(arg, pid, status); /* else it was the self-test's */
}

static bool start_children(struct parent *parent, char *err, size_t err_len)
{
	static const struct children_events events = { .ready = on_ready,
						       .lost = on_lost,
						       .failed = on_failed,
						       .drained = parent_on_drained,
						       .dnssec = parent_on_dnssec,
						       .host = parent_on_host,
						       .log = parent_log_role,
						       .older_gone = parent_on_older_gone,
						       .stranger = on_stranger };
	struct children_plan plan = {
		.workers = parent->workers,
		.monitor = parent->inputs.conf.monitor,
		.root = parent->root,
		.flags = (uint8_t)((parent->options->no_rules ? ROLE_FLAG_NO_RULES : 0) |
				   (parent->root ? 0 : ROLE_FLAG_NO_ROOT)),
		.smtp_fds = parent->smtp_fds,
		.http_fd = parent->http_fd,
		.control_fd = parent->control_fd,
		.folder_fds = parent->state_dir.fds,
		.program = parent->programs.gate25,
		.program_fd = parent->programs.gate25_fd,
		.policy_program = parent->programs.policy,
		.policy_program_fd = parent->programs.policy_fd,
		.past = &parent->past,
		.older = parent->older,
	};

	memcpy(plan.users, parent->users, sizeof(plan.users));
	parent->children = children_new(parent->base, &plan, &parent->inputs, &events, parent);
	if (parent->children != NULL)
		parent->older = NULL;
	if (parent->children != NULL && children_start(parent->children))
		return true;
	(void)snprintf(err, err_len, "the roles cannot be started");
	return false;
}

static void on_renewed(void *arg)
{
	children_reload_workers(((struct parent *)arg)->children);
}

static bool start_renewal(struct parent *parent, char *err, size_t err_len)
{
	const struct timeval every = { .tv_sec = CLIENT_RENEWAL_EVERY_S };

	parent->client_renewal = client_renewal_new(parent->base, &every, &parent->inputs, on_renewed, parent);
	if (parent->client_renewal == NULL)
		(void)snprintf(err, err_len, "out of memory");
	return parent->client_renewal != NULL;
}

bool parent_start_roles(struct parent *parent, char *err, size_t err_len)
{
	return start_children(parent, err, err_len) && start_renewal(parent, err, err_len);
}

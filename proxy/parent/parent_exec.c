/* parent_exec.c - one program in the place of another: what goes over, the exec itself, and the end of it on the other
 * side. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proxy/base/log.h"
#include "proxy/base/sealed.h"
#include "proxy/parent/parent_private.h"
#include "proxy/upgrade/upgrade_fds.h"

/* --- the state -----------------------------------------------------------------------------------------------------
 */

static void add_living(struct upgrade_state *state)
{
	for (unsigned i = 0; i < state->children_count; i++) {
		int fd = state->children[i].counters_fd;
		if (fd >= 0)
			(void)!counters_past_add(&state->living, fd);
	}
}

struct upgrade_state *parent_upgrade_collect(const struct parent *parent, bool for_good, char *err, size_t err_len)
{
	struct upgrade_state *state = calloc(1, sizeof(*state));

	if (state == NULL) {
		(void)snprintf(err, err_len, "out of memory");
		return NULL;
	}
	(void)snprintf(state->conf_path, sizeof(state->conf_path), "%s", parent->options->conf_path);
	(void)snprintf(state->program, sizeof(state->program), "%s", parent->programs.gate25);
	state->attempt = parent->upgrade.attempt;
	state->generation = parent->inputs.generation;
	state->repairs = parent_repairs(parent);
	state->started_s = (uint64_t)parent->started;
	state->conf_fd = parent->inputs.conf_fd;
	state->pid_fd = parent->pid_fd;
	state->http_fd = parent->http_fd;
	state->control_fd = parent->control_fd;
	state->program_fd = parent->programs.gate25_fd;
	state->policy_fd = parent->programs.policy_fd;
	memcpy(state->folder_fds, parent->state_dir.fds, sizeof(state->folder_fds));
	state->sockets_count = parent->workers;
	memcpy(state->sockets, parent->smtp_fds, parent->workers * sizeof(*state->sockets));
	state->past = parent->past;
	if (children_export(parent->children, state, for_good, err, err_len)) {
		add_living(state);
		return state;
	}
	free(state);
	return NULL;
}

/* --- the exec ------------------------------------------------------------------------------------------------------
 */

static void block_signals(bool block)
{
	/* What comes in between waits for the new program. */
	static const int numbers[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR2, SIGCHLD };
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < COUNT(numbers); i++)
		(void)sigaddset(&set, numbers[i]);
	(void)sigprocmask(block ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

void parent_unblock_signals(void)
{
	block_signals(false);
}

void parent_run_instead(const struct parent *parent, struct upgrade_state *state, int state_fd, int program_fd,
			bool back)
{
	char name[PROGRAMS_PATH_MAX];
	char number[16];
	char words[][20] = { "run", "--config", "--run-dir", "--upgrade-state", "--upgrade-back", "--no-rules" };
	char *conf = strdup(parent->options->conf_path);
	char *run_dir = strdup(parent->options->run_dir);
	char *argv[16] = { name, words[0], words[1], conf, words[2], run_dir, words[3], number };
	size_t count = 8;
	int saved;

	(void)snprintf(name, sizeof(name), "%s", parent->programs.gate25);
	(void)snprintf(number, sizeof(number), "%d", state_fd);
	if (back)
		argv[count++] = words[4];
	if (parent->options->no_rules)
		argv[count++] = words[5];
	block_signals(true);
	if (parent->upgrade.wanted) /* once more, which is not for this program to do any more */
		(void)kill(getpid(), SIGUSR2);
	upgrade_fds_keep(state, state_fd, true);
	if (conf != NULL && run_dir != NULL)
		(void)syscall(SYS_execveat, program_fd, "", argv, environ, AT_EMPTY_PATH);
	saved = errno;
	upgrade_fds_keep(state, state_fd, false);
	block_signals(false);
	free(conf);
	free(run_dir);
	errno = saved;
}

/* --- in the new program --------------------------------------------------------------------------------------------
 */

static void close_role_fds(struct upgrade_state *state)
{
	for (unsigned i = 0; i < state->children_count; i++) {
		if (state->children[i].ipc_fd >= 0)
			(void)close(state->children[i].ipc_fd);
		if (state->children[i].counters_fd >= 0)
			(void)close(state->children[i].counters_fd);
	}
}

void parent_upgrade_done(struct parent *parent)
{
	struct upgrade_state *state = parent->inherited;
	unsigned programs;
	unsigned workers;

	if (state == NULL)
		return;
	parent->inherited = NULL;
	close_role_fds(state);
	if (state->http_fd >= 0 && state->http_fd != parent->http_fd)
		(void)close(state->http_fd); /* of an address that is no more the monitor's */
	(void)close(state->conf_fd);
	if (state->program_fd >= 0)
		(void)close(state->program_fd);
	if (state->policy_fd >= 0)
		(void)close(state->policy_fd);
	(void)close(parent->options->state_fd);
	free(state);
	children_drain_older(parent->children, parent->inputs.conf.drain_limit_s);
	workers = children_older(parent->children, &programs);
	if (parent->options->back) {
		log_say(LOG_LEVEL_ERROR, "upgrade", "refused: the new program did not get ready; version %s runs again",
			GATE25_VERSION);
		parent_upgrade_result(parent, UPGRADE_REFUSED, "the new program did not get ready: see the log");
	} else {
		log_say(LOG_LEVEL_INFO, "upgrade",
			"done: version %s runs; %u worker(s) of before finish their sessions", GATE25_VERSION, workers);
		parent_upgrade_result(parent, UPGRADE_DONE, GATE25_VERSION);
	}
}

/* tables_of_before: who takes over again finds its own: else it would judge all running connections anew. */
static void tables_of_before(struct parent *parent)
{
	char err[GATE_ERR_MAX] = "its configuration cannot be read";
	struct conf before = { 0 };
	size_t len;
	char *text;

	if (parent->keeper == NULL)
		return;
	text = sealed_read(parent->inherited->conf_fd, &len);
	if (text == NULL || !conf_parse(&before, "the configuration before", text, conf_log_error, NULL) ||
	    !gatekeeper_reload(parent->keeper, &before, err, sizeof(err)))
		log_say(LOG_LEVEL_WARNING, "upgrade", "the tables of before are not put back yet: %s", err);
	conf_cleanup(&before);
	free(text);
}

void parent_upgrade_back(struct parent *parent, const char *why)
{
	if (parent->inherited == NULL || parent->options->back || parent->inherited->program_fd < 0)
		return;
	log_say(LOG_LEVEL_ERROR, "upgrade", "%s; the program before this one takes over again", why);
	if (parent->children != NULL)
		children_kill_young(parent->children);
	tables_of_before(parent);
	parent_run_instead(parent, parent->inherited, parent->options->state_fd, parent->inherited->program_fd, true);
	log_errno(LOG_LEVEL_ERROR, "upgrade", "it cannot: port 25 is closed from here on");
}

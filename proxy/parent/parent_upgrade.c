/* parent_upgrade.c - SIGUSR2: the program that lies at gate25's path now takes this one's place in this process.
 *
 * It is asked first, as a process of its own, whether it would get ready with this state and this configuration. Until
 * it says yes nothing is given up. What then goes over the exec is in upgrade_state.h; the tables and routes are the
 * kernel's, and stay. */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/base/exit_status.h"
#include "proxy/base/log.h"
#include "proxy/base/printable.h"
#include "proxy/parent/notify.h"
#include "proxy/parent/parent_private.h"
#include "proxy/parent/upgrade_fds.h"

#define ASK_S    60  /* the new program has to answer */
#define LOOKS    100 /* for messages to the roles to be sent, */
#define LOOK_MS  20  /* so far apart */
#define IMAGE_FD 5   /* of the program that is asked, until it runs */

static void result(const struct parent *parent, enum upgrade_outcome outcome, const char *text)
{
	struct upgrade_result r = { .attempt = parent->upgrade.attempt, .outcome = outcome };

	(void)snprintf(r.text, sizeof(r.text), "%s", text);
	upgrade_result_write(parent->options->run_dir, &r);
}

static void forget(struct upgrade *upgrade)
{
	if (upgrade->program_fd > 0)
		(void)close(upgrade->program_fd);
	if (upgrade->said_fd > 0)
		(void)close(upgrade->said_fd);
	upgrade->program_fd = upgrade->said_fd = 0;
	upgrade->asked = 0;
	upgrade->under_way = false;
}

static void refuse(struct parent *parent, const char *why)
{
	log_say(LOG_LEVEL_ERROR, "upgrade", "refused: %s; this program goes on", why);
	forget(&parent->upgrade);
	result(parent, UPGRADE_REFUSED, why);
	parent_upgrade_next(parent);
}

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

static struct upgrade_state *collect(const struct parent *parent, bool for_good, char *err, size_t err_len)
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

/* run_instead returns only where that fails, with errno. */
static void run_instead(const struct parent *parent, struct upgrade_state *state, int state_fd, int program_fd,
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

static void go(struct parent *parent)
{
	char err[UPGRADE_TEXT_MAX];
	struct upgrade_state *state = collect(parent, true, err, sizeof(err));
	int fd = state != NULL ? upgrade_state_seal(state) : -1;

	if (fd >= 0) {
		log_say(LOG_LEVEL_INFO, "upgrade", "%s takes over", parent->programs.gate25);
		notify_service("RELOADING=1");
		run_instead(parent, state, fd, parent->upgrade.program_fd, false);
		(void)snprintf(err, sizeof(err), "cannot run %.256s: %s", parent->programs.gate25, strerror(errno));
		notify_service("READY=1");
		(void)close(fd);
	} else if (state != NULL) {
		(void)snprintf(err, sizeof(err), "the state cannot be kept: %s", strerror(errno));
	}
	free(state);
	refuse(parent, err);
}

static void on_look(evutil_socket_t fd, short what, void *arg)
{
	const struct timeval again = { .tv_usec = LOOK_MS * 1000 };
	struct parent *parent = arg;

	(void)fd;
	(void)what;
	if (children_settled(parent->children) || ++parent->upgrade.looks > LOOKS)
		go(parent);
	else
		(void)evtimer_add(parent->upgrade.look, &again);
}

/* --- the question --------------------------------------------------------------------------------------------------
 */

/* ask is the child between fork and exec. */
static NO_RETURN void ask(const struct parent *parent, int image, int out, int state)
{
	char name[PROGRAMS_PATH_MAX];
	char word[] = "--upgrade-check";
	char *argv[] = { name, word, NULL };
	int conf = parent->inputs.conf_fd;

	(void)snprintf(name, sizeof(name), "%s", parent->programs.gate25);
	for (int i = 1; i < NSIG; i++)
		(void)signal(i, SIG_DFL);
	(void)alarm(ASK_S);
	/* Above all numbers that are given out, so that none overwrites another. */
	image = fcntl(image, F_DUPFD_CLOEXEC, IMAGE_FD + 1);
	out = fcntl(out, F_DUPFD_CLOEXEC, IMAGE_FD + 1);
	state = fcntl(state, F_DUPFD_CLOEXEC, IMAGE_FD + 1);
	conf = fcntl(conf, F_DUPFD_CLOEXEC, IMAGE_FD + 1);
	if (dup2(out, 1) < 0 || dup2(state, 3) < 0 || dup2(conf, 4) < 0 || dup3(image, IMAGE_FD, O_CLOEXEC) < 0 ||
	    syscall(SYS_close_range, IMAGE_FD + 1, ~0U, 0) != 0)
		_exit(CLI_UNDECIDED);
	(void)syscall(SYS_execveat, IMAGE_FD, "", argv, environ, AT_EMPTY_PATH);
	(void)dprintf(1, "cannot run %s: %s\n", name, strerror(errno));
	_exit(CLI_UNDECIDED);
}

static bool begin(struct parent *parent, char *err, size_t err_len)
{
	struct upgrade *upgrade = &parent->upgrade;
	struct upgrade_state *state;
	int fds[2];
	int state_fd;

	upgrade->program_fd = open(parent->programs.gate25, O_PATH | O_CLOEXEC);
	if (upgrade->program_fd < 0) {
		(void)snprintf(err, err_len, "cannot open %.256s: %s", parent->programs.gate25, strerror(errno));
		return false;
	}
	if (!programs_trusted(upgrade->program_fd, parent->programs.gate25, err, err_len))
		return false;
	state = collect(parent, false, err, err_len);
	if (state == NULL)
		return false;
	state_fd = upgrade_state_seal(state);
	free(state);
	if (state_fd < 0 || pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0) {
		(void)snprintf(err, err_len, "the new program cannot be asked: %s", strerror(errno));
		if (state_fd >= 0)
			(void)close(state_fd);
		return false;
	}
	upgrade->asked = fork();
	if (upgrade->asked == 0)
		ask(parent, upgrade->program_fd, fds[1], state_fd);
	(void)close(fds[1]);
	(void)close(state_fd);
	upgrade->said_fd = fds[0];
	(void)snprintf(err, err_len, "the new program cannot be asked: %s", strerror(errno));
	return upgrade->asked > 0;
}

bool parent_upgrade_answered(struct parent *parent, pid_t pid, int status)
{
	struct upgrade *upgrade = &parent->upgrade;
	char said[UPGRADE_TEXT_MAX] = "";
	ssize_t n;

	if (upgrade->asked <= 0 || pid != upgrade->asked)
		return false;
	upgrade->asked = 0;
	n = read(upgrade->said_fd, said, sizeof(said) - 1);
	said[n > 0 ? n : 0] = '\0';
	said[strcspn(said, "\n")] = '\0';
	printable_text(said);
	if (parent_is_stopping(parent)) {
		refuse(parent, "the gate is stopping");
	} else if (WIFEXITED(status) && WEXITSTATUS(status) == CLI_OK && strncmp(said, "ok ", 3) == 0) {
		upgrade->looks = 0;
		on_look(-1, 0, parent);
	} else if (WIFEXITED(status) && said[0] != '\0' && strncmp(said, "ok ", 3) != 0) {
		refuse(parent, said);
	} else {
		(void)snprintf(said, sizeof(said), "%.256s does not answer as a gate25 that knows upgrades (%s %d)",
			       parent->programs.gate25, WIFSIGNALED(status) ? "signal" : "exit status",
			       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		refuse(parent, said);
	}
	return true;
}

void parent_upgrade_next(struct parent *parent)
{
	struct upgrade *upgrade = &parent->upgrade;
	char err[UPGRADE_TEXT_MAX];

	if (!upgrade->wanted || upgrade->under_way || !parent->readiness.announced)
		return; /* later: a start, an upgrade or its question is under way */
	upgrade->wanted = false;
	upgrade->under_way = true;
	upgrade->attempt++;
	result(parent, UPGRADE_UNDER_WAY, "");
	log_say(LOG_LEVEL_INFO, "upgrade", "asked for: %s", parent->programs.gate25);
	if (parent_is_stopping(parent))
		refuse(parent, "the gate is stopping");
	else if (!begin(parent, err, sizeof(err)))
		refuse(parent, err);
}

void parent_on_upgrade(evutil_socket_t signal_number, short what, void *arg)
{
	struct parent *parent = arg;

	(void)signal_number;
	(void)what;
	parent->upgrade.wanted = true;
	if (!parent->readiness.announced)
		log_say(LOG_LEVEL_INFO, "upgrade", "asked for: it begins when this start is over");
	parent_upgrade_next(parent);
}

bool parent_upgrade_init(struct parent *parent)
{
	parent->upgrade.look = evtimer_new(parent->base, on_look, parent);
	return parent->upgrade.look != NULL;
}

void parent_upgrade_cleanup(struct parent *parent)
{
	struct upgrade *upgrade = &parent->upgrade;

	if (upgrade->asked > 0) {
		(void)kill(upgrade->asked, SIGKILL);
		(void)waitpid(upgrade->asked, NULL, 0);
	}
	if (upgrade->under_way) {
		forget(upgrade);
		result(parent, UPGRADE_REFUSED, "the gate is stopping");
	}
	if (upgrade->look != NULL)
		event_free(upgrade->look);
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
		result(parent, UPGRADE_REFUSED, "the new program did not get ready: see the log");
	} else {
		log_say(LOG_LEVEL_INFO, "upgrade",
			"done: version %s runs; %u worker(s) of before finish their sessions", GATE25_VERSION, workers);
		result(parent, UPGRADE_DONE, GATE25_VERSION);
	}
}

void parent_upgrade_back(struct parent *parent, const char *why)
{
	if (parent->inherited == NULL || parent->options->back || parent->inherited->program_fd < 0)
		return;
	log_say(LOG_LEVEL_ERROR, "upgrade", "%s; the program before this one takes over again", why);
	if (parent->children != NULL)
		children_kill_young(parent->children);
	run_instead(parent, parent->inherited, parent->options->state_fd, parent->inherited->program_fd, true);
	log_errno(LOG_LEVEL_ERROR, "upgrade", "it cannot: port 25 is closed from here on");
}

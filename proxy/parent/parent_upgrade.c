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
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/base/exit_status.h"
#include "proxy/base/log.h"
#include "proxy/base/printable.h"
#include "proxy/host/notify.h"
#include "proxy/parent/parent_private.h"
#include "proxy/upgrade/upgrade_fds.h"

#define ASK_S    60  /* the new program has to answer */
#define LOOKS    100 /* for messages to the roles to be sent, */
#define LOOK_MS  20  /* so far apart */
#define IMAGE_FD 5   /* of the program that is asked, until it runs */

void parent_upgrade_result(const struct parent *parent, enum upgrade_outcome outcome, const char *text)
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
	parent_upgrade_result(parent, UPGRADE_REFUSED, why);
	parent_upgrade_next(parent);
}

/* --- the exec ---------------------------------------------------------------------------------------------------
 */

static void go(struct parent *parent)
{
	char err[UPGRADE_TEXT_MAX];
	struct upgrade_state *state = parent_upgrade_collect(parent, true, err, sizeof(err));
	int fd = state != NULL ? upgrade_state_seal(state) : -1;

	if (fd >= 0) {
		log_say(LOG_LEVEL_INFO, "upgrade", "%s takes over", parent->programs.gate25);
		notify_service("RELOADING=1");
		parent_run_instead(parent, state, fd, parent->upgrade.program_fd, false);
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
	if (parent_is_stopping(parent)) /* its listeners are closed */
		refuse(parent, "the gate is stopping");
	else if (children_settled(parent->children) || ++parent->upgrade.looks > LOOKS)
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
	sigset_t none;

	(void)snprintf(name, sizeof(name), "%s", parent->programs.gate25);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
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
	int policy_fd = programs_open_trusted(parent->programs.policy, err, err_len);
	int fds[2];
	int state_fd;

	if (policy_fd < 0)
		return false;
	(void)close(policy_fd); /* the new program opens it by itself */
	upgrade->program_fd = programs_open_trusted(parent->programs.gate25, err, err_len);
	if (upgrade->program_fd < 0)
		return false;
	state = parent_upgrade_collect(parent, false, err, err_len);
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
	parent_upgrade_result(parent, UPGRADE_UNDER_WAY, "");
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
		parent_upgrade_result(parent, UPGRADE_REFUSED, "the gate is stopping");
	}
	if (upgrade->look != NULL)
		event_free(upgrade->look);
}

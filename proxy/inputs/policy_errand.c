/* policy_errand.c - see policy_errand.h. */
#include "proxy/inputs/policy_errand.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/base/printable.h"
#include "proxy/base/privdrop.h"
#include "proxy/base/role.h"
#include "proxy/host/programs.h"
#include "proxy/host/users.h"

#define PATIENCE_S 30 /* an errand that takes longer is ended by its own alarm */

struct errand {
	const char *words[2];
	const char *program;
	int fds[2]; /* become descriptors 0 and 3; -1: none */
	bool drop;  /* to |user| */
	struct role_user user;
};

/* go is the child between fork and exec. */
static NO_RETURN void go(const struct errand *errand, int out)
{
	char name[] = "gate25-policyd";
	char words[2][32];
	char *argv[] = { name, words[0], errand->words[1] != NULL ? words[1] : NULL, NULL };
	char err[256];
	int image = open(errand->program, O_PATH | O_CLOEXEC);
	int in = errand->fds[0] >= 0 ? errand->fds[0] : open("/dev/null", O_RDONLY | O_CLOEXEC);
	int second = errand->fds[1];
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	for (int i = 1; i < NSIG; i++)
		(void)signal(i, SIG_DFL);
	for (size_t i = 0; i < COUNT(words) && errand->words[i] != NULL; i++)
		(void)snprintf(words[i], sizeof(words[i]), "%s", errand->words[i]);
	(void)alarm(PATIENCE_S);
	/* Above all numbers that are given out, so that none overwrites another. */
	image = fcntl(image, F_DUPFD_CLOEXEC, 10);
	in = fcntl(in, F_DUPFD_CLOEXEC, 10);
	out = fcntl(out, F_DUPFD_CLOEXEC, 10);
	if (second >= 0)
		second = fcntl(second, F_DUPFD_CLOEXEC, 10);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 ||
	    (second >= 0 ? dup2(second, 3) < 0 : close(3) != 0 && errno != EBADF))
		_exit(CLI_UNDECIDED);
	if (errand->drop && !privdrop_become(errand->user.uid, errand->user.gid, 0, err, sizeof(err)))
		_exit(CLI_UNDECIDED);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	/* By descriptor: that user may have no way to the folder that the program lies in. */
	(void)syscall(SYS_execveat, image, "", argv, environ, AT_EMPTY_PATH);
	_exit(CLI_UNDECIDED);
}

/* listen_to reads all there is, keeps the first line, and makes it printable. */
static void listen_to(int fd, char said[POLICY_ERRAND_MAX])
{
	char rest[256];
	size_t len = 0;
	ssize_t n;

	do {
		n = len < POLICY_ERRAND_MAX - 1 ? read(fd, said + len, POLICY_ERRAND_MAX - 1 - len)
						: read(fd, rest, sizeof(rest));
		if (n > 0 && len < POLICY_ERRAND_MAX - 1)
			len += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	said[len] = '\0';
	said[strcspn(said, "\n")] = '\0';
	printable_text(said);
}

static enum exit_status run(const struct errand *errand, char said[POLICY_ERRAND_MAX])
{
	int fds[2];
	int status = 0;
	pid_t pid;

	(void)snprintf(said, POLICY_ERRAND_MAX, "gate25-policyd cannot be run: %s", strerror(errno));
	if (pipe2(fds, O_CLOEXEC) != 0)
		return CLI_UNDECIDED;
	pid = fork();
	if (pid == 0)
		go(errand, fds[1]);
	(void)close(fds[1]);
	if (pid > 0)
		listen_to(fds[0], said);
	(void)close(fds[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid > 0 && WIFEXITED(status) && said[0] != '\0')
		return (enum exit_status)WEXITSTATUS(status);
	if (said[0] == '\0')
		(void)snprintf(said, POLICY_ERRAND_MAX, "gate25-policyd says nothing");
	return CLI_UNDECIDED;
}

static enum exit_status send_on(struct errand errand, const struct conf *conf, char said[POLICY_ERRAND_MAX])
{
	struct role_user users[ROLE_COUNT];
	struct programs programs;
	char err[512];

	if (!programs_find(&programs, said, POLICY_ERRAND_MAX))
		return CLI_UNDECIDED;
	errand.program = programs.policy;
	/* Without such users nothing starts, and that is said elsewhere. */
	errand.drop = geteuid() == 0 && users_find(users, conf, err, sizeof(err));
	if (errand.drop)
		errand.user = users[ROLE_POLICY];
	return run(&errand, said);
}

enum exit_status policy_errand_anchors(const struct conf *conf, int fd, char said[POLICY_ERRAND_MAX])
{
	const struct errand errand = { .words = { "--check-anchors" }, .fds = { fd, -1 } };

	return send_on(errand, conf, said);
}

enum exit_status policy_errand_list(const struct conf *conf, int fd, char said[POLICY_ERRAND_MAX])
{
	const struct errand errand = { .words = { "--check-list" }, .fds = { fd, -1 } };

	return send_on(errand, conf, said);
}

enum exit_status policy_errand_selftest(const struct conf *conf, int conf_fd, int anchors_fd,
					char said[POLICY_ERRAND_MAX])
{
	const struct errand errand = { .words = { "--self-test", "--inherited" }, .fds = { conf_fd, anchors_fd } };

	return send_on(errand, conf, said);
}

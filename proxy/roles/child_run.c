/* child_run.c - from the parent's fork to the role's program: descriptors, user, exec. */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proxy/base/log.h"
#include "proxy/base/privdrop.h"
#include "proxy/roles/children_private.h"
#include "proxy/host/programs.h"

#define IMAGE_FD (ROLE_FD + 1) /* of the program, until it runs */

NO_RETURN void child_run(const struct child *child, int fd)
{
	const struct children_plan *plan = &child->owner->plan;
	const struct role_user *user = &plan->users[child->role];
	const char *program = child->role == ROLE_POLICY ? plan->policy_program : plan->program;
	int image = child->role == ROLE_POLICY ? plan->policy_program_fd : plan->program_fd;
	char role_option[] = "--role";
	char role_text[16];
	char name[PROGRAMS_PATH_MAX];
	char *argv[] = { name, role_option, role_text, NULL };
	char err[256];
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	for (int i = 1; i < NSIG; i++)
		(void)signal(i, SIG_DFL);
	(void)setsid();
	(void)snprintf(name, sizeof(name), "%s", program);
	(void)snprintf(role_text, sizeof(role_text), "%s", role_name(child->role));
	/* Above both numbers first, so that neither overwrites the other. */
	fd = fcntl(fd, F_DUPFD_CLOEXEC, IMAGE_FD + 1);
	image = fcntl(image, F_DUPFD_CLOEXEC, IMAGE_FD + 1);
	if (dup2(fd, ROLE_FD) < 0 || dup3(image, IMAGE_FD, O_CLOEXEC) < 0 ||
	    syscall(SYS_close_range, IMAGE_FD + 1, ~0U, 0) != 0)
		log_die("start", "cannot hand over the channel: %s", strerror(errno));
	if (plan->root) {
		uint64_t caps = child->role == ROLE_WORKER ? privdrop_worker_caps() : 0;
		if (!privdrop_become(user->uid, user->gid, caps, err, sizeof(err)))
			log_die("start", "%s", err);
	} else if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
		log_die("start", "cannot set no-new-privs: %s", strerror(errno));
	}
	/* By descriptor: the role's user may have no way to the folder that the program lies in. */
	(void)syscall(SYS_execveat, IMAGE_FD, "", argv, environ, AT_EMPTY_PATH);
	log_die("start", "cannot run %s: %s", program, strerror(errno));
}

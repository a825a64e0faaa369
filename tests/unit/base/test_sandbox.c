/* test_sandbox.c - each sandbox, entered for real in a child: what it lets through and what it does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/base/sandbox.h"
#include "tests/unit/sanitized.h"

static bool refused(int result)
{
	return result < 0 && (errno == EPERM || errno == EACCES);
}

static bool may_socket(int family, int type)
{
	int fd = socket(family, type | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0 || !refused(fd);
}

/* try_all runs in the child. Each digit of the exit status is a finding; 0 is all as it should be. */
static int try_all(enum sandbox which)
{
	struct sandbox_limits limits = { 0 };
	char err[256];
	bool landlock;
	bool tcp = which != SANDBOX_MONITOR;
	bool udp = which == SANDBOX_POLICY;

	if (!sandbox_enter(which, &limits, &landlock, err, sizeof(err))) {
		(void)fprintf(stderr, "%s\n", err);
		return 1;
	}
	if (!refused(open("/etc/hostname", O_RDONLY | O_CLOEXEC)))
		return 2;
	if (may_socket(AF_INET, SOCK_STREAM) != tcp || may_socket(AF_INET6, SOCK_STREAM) != tcp)
		return 3;
	if (may_socket(AF_INET, SOCK_DGRAM) != udp || may_socket(AF_INET6, SOCK_DGRAM) != udp)
		return 4;
	if (may_socket(AF_UNIX, SOCK_STREAM) || may_socket(AF_NETLINK, SOCK_RAW) || may_socket(AF_PACKET, SOCK_RAW))
		return 5;
	void *memory = malloc(1 << 20);
	if (memory == NULL || write(STDOUT_FILENO, "", 0) != 0)
		return 8;
	free(memory);
	return 0;
}

static char folder[] = "/tmp/gate25-sandbox-XXXXXX";

static int try_files(void)
{
	char text[8];
	int fd = open("new", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, "text", 4) != 4 || fsync(fd) != 0 || ftruncate(fd, 2) != 0 || close(fd) != 0)
		return 3;
	fd = open("new", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text)) != 2)
		return 4;
	return rename("new", "other") == 0 && unlink("other") == 0 ? 0 : 5;
}

/* try_folder: one folder is open, and nothing beside or above it. */
static int try_folder(enum sandbox which)
{
	struct sandbox_limits limits = { .write_folder = "." };
	char beside[64];
	char err[256];
	bool landlock;

	(void)snprintf(beside, sizeof(beside), "%s-beside", folder);
	if (chdir(folder) != 0)
		return 1;
	if (!sandbox_enter(which, &limits, &landlock, err, sizeof(err)) || !landlock) {
		(void)fprintf(stderr, "%s\n", err);
		return 2;
	}
	if (!refused(open(beside, O_WRONLY | O_CREAT | O_CLOEXEC, 0644)) ||
	    !refused(open("../gate25-sandbox", O_WRONLY | O_CREAT | O_CLOEXEC, 0644)) ||
	    !refused(open("/etc/hostname", O_RDONLY | O_CLOEXEC)))
		return 6;
	return try_files();
}

/* --- what ends the process ---------------------------------------------------------------------------------------- */

static void do_fork(void)
{
	if (fork() == 0)
		_exit(0);
}

static void do_exec(void)
{
	(void)execl("/bin/true", "true", (char *)NULL);
}

static void do_kill(void)
{
	(void)kill(getppid(), 0);
}

static void do_ptrace(void)
{
	(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static void do_map_code(void)
{
	(void)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void do_make_code(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static void do_setuid(void)
{
	(void)!setuid(0);
}

static void do_mkdir(void)
{
	(void)mkdir("folder", 0755);
}

static void do_symlink(void)
{
	(void)!symlink("/etc", "link");
}

static void do_chmod(void)
{
	(void)chmod(".", 0777);
}

static void do_filter(void)
{
	(void)syscall(SYS_seccomp, 0, 0, NULL);
}

static void (*const deeds[])(void) = { do_fork,   do_exec,  do_kill,    do_ptrace, do_map_code, do_make_code,
				       do_setuid, do_mkdir, do_symlink, do_chmod,  do_filter };
static void (*deed)(void);

/* try_deed: whoever does it has ended. Within its folder too. */
static int try_deed(enum sandbox which)
{
	struct sandbox_limits limits = { .write_folder = sandbox_has_folders() ? "." : NULL };
	char err[256];
	bool landlock;

	if (!sandbox_enter(which, &limits, &landlock, err, sizeof(err)))
		return 1;
	deed();
	return 2;
}

/* status_of runs it in a child. */
static int status_of(int (*try)(enum sandbox which), enum sandbox which)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(try(which));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void run(int (*try)(enum sandbox which), enum sandbox which)
{
	int status;

	if (SANITIZED) {
		skip(); /* a sanitizer needs calls that the sandbox takes away */
		return;
	}
	status = status_of(try, which);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_worker(void **state)
{
	(void)state;
	run(try_all, SANDBOX_WORKER);
}

static void test_policy(void **state)
{
	(void)state;
	run(try_all, SANDBOX_POLICY);
}

static void test_monitor(void **state)
{
	(void)state;
	run(try_all, SANDBOX_MONITOR);
}

static void test_folder(void **state)
{
	(void)state;
	if (!sandbox_has_folders()) {
		skip();
		return;
	}
	assert_non_null(mkdtemp(folder));
	run(try_folder, SANDBOX_POLICY);
	run(try_folder, SANDBOX_MONITOR);
	assert_int_equal(rmdir(folder), 0);
}

static void test_killed(void **state)
{
	static const enum sandbox all[] = { SANDBOX_WORKER, SANDBOX_POLICY, SANDBOX_MONITOR };

	(void)state;
	if (SANITIZED) {
		skip();
		return;
	}
	for (size_t i = 0; i < COUNT(all); i++) {
		for (size_t k = 0; k < COUNT(deeds); k++) {
			int status;
			deed = deeds[k];
			status = status_of(try_deed, all[i]);
			if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
				fail_msg("sandbox %zu, deed %zu: status %#x", i, k, (unsigned)status);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_worker), cmocka_unit_test(test_policy), cmocka_unit_test(test_monitor),
		cmocka_unit_test(test_folder), cmocka_unit_test(test_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

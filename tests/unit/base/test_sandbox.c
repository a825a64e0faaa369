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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/base/sandbox.h"

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define SANITIZED true
#endif
#endif
#if !defined(SANITIZED) && defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

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
	if (!refused(open("/etc/hostname", O_RDONLY | O_CLOEXEC)) || !refused(unlink("/tmp/nothing-of-this-name")))
		return 2;
	if (may_socket(AF_INET, SOCK_STREAM) != tcp || may_socket(AF_INET6, SOCK_STREAM) != tcp)
		return 3;
	if (may_socket(AF_INET, SOCK_DGRAM) != udp || may_socket(AF_INET6, SOCK_DGRAM) != udp)
		return 4;
	if (may_socket(AF_UNIX, SOCK_STREAM) || may_socket(AF_NETLINK, SOCK_RAW) || may_socket(AF_PACKET, SOCK_RAW))
		return 5;
	if (!refused(fork()) || !refused((int)kill(getppid(), 0)))
		return 6;
	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
		return 7;
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
	if (!refused(mkdir("folder", 0755)) || !refused(symlink("/etc", "link")) || !refused(chmod(".", 0777)))
		return 7;
	return try_files();
}

static void run(int (*try)(enum sandbox which), enum sandbox which)
{
	int status;
	pid_t pid;

	if (SANITIZED) {
		skip(); /* a sanitizer needs calls that the sandbox takes away */
		return;
	}
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(try(which));
	assert_int_equal(waitpid(pid, &status, 0), pid);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_worker),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_monitor),
		cmocka_unit_test(test_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* sandbox.c - see sandbox.h. */
#include "proxy/base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Newer than Debian 12's kernel headers. */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#define FS_IOCTL_DEV    (1ULL << 15) /* ABI 5 */
#define NET_CONNECT_TCP (1ULL << 1)  /* ABI 4 */
#define RULE_NET_PORT   2

struct ruleset_attr {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
};

struct net_port_attr {
	uint64_t allowed_access;
	uint64_t port;
};

/* What every role needs to live: memory, its event loop, its descriptors, its end. */
static const int common_calls[] = {
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(pread64),
	SCMP_SYS(close),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(shutdown),
	SCMP_SYS(accept4),
	SCMP_SYS(getsockopt),
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
	SCMP_SYS(fcntl),
	SCMP_SYS(fstat),
	SCMP_SYS(lseek),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(eventfd2),
	SCMP_SYS(timerfd_create),
	SCMP_SYS(timerfd_settime),
	SCMP_SYS(futex),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(getrandom),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(tgkill),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(sched_yield),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

static const int network_calls[] = { SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(setsockopt) };
static const int folder_calls[] = {
	SCMP_SYS(openat),    SCMP_SYS(newfstatat), SCMP_SYS(renameat),   SCMP_SYS(renameat2),
	SCMP_SYS(rename),    SCMP_SYS(unlinkat),   SCMP_SYS(unlink),     SCMP_SYS(fsync),
	SCMP_SYS(fdatasync), SCMP_SYS(ftruncate),  SCMP_SYS(getdents64),
};

/* What libraries try in good faith, and live without: zone files, terminals, page counts, threads' bookkeeping. Refused
 * with EPERM. Whatever else is not allowed ends the process. */
static const int tried_calls[] = {
	SCMP_SYS(open),
	SCMP_SYS(openat),
	SCMP_SYS(openat2),
	SCMP_SYS(stat),
	SCMP_SYS(lstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(statx),
	SCMP_SYS(fstatfs),
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(getcwd),
	SCMP_SYS(ioctl),
	SCMP_SYS(dup),
	SCMP_SYS(pipe),
	SCMP_SYS(pipe2),
	SCMP_SYS(socket),
	SCMP_SYS(socketpair),
	SCMP_SYS(setsockopt),
	SCMP_SYS(sendmmsg),
	SCMP_SYS(recvmmsg),
	SCMP_SYS(uname),
	SCMP_SYS(sysinfo),
	SCMP_SYS(times),
	SCMP_SYS(getrusage),
	SCMP_SYS(getrlimit),
	SCMP_SYS(prlimit64),
	SCMP_SYS(prctl),
	SCMP_SYS(getppid),
	SCMP_SYS(clock_getres),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(membarrier),
};

static bool allow_all(scmp_filter_ctx filter, const int *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0) != 0)
			return false;
	}
	return true;
}

/* allow_socket permits socket(|family|, |type| with any flags). */
static bool allow_socket(scmp_filter_ctx filter, int family, int type)
{
	const scmp_datum_t mask = 0xf; /* SOCK_TYPE_MASK: the rest are SOCK_NONBLOCK and SOCK_CLOEXEC */

	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
				SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family, 0),
				SCMP_A1(SCMP_CMP_MASKED_EQ, mask, (scmp_datum_t)type)) == 0;
}

/* allow_memory permits mapping memory, never executable. */
static bool allow_memory(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) ==
		       0 &&
	       seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0;
}

static bool fill_filter(scmp_filter_ctx filter, enum sandbox which, bool folder)
{
	if (!allow_all(filter, common_calls, COUNT(common_calls)) || !allow_memory(filter))
		return false;
	if (folder && !allow_all(filter, folder_calls, COUNT(folder_calls)))
		return false;
	switch (which) {
	case SANDBOX_WORKER:
		return allow_all(filter, network_calls, COUNT(network_calls)) &&
		       allow_socket(filter, AF_INET, SOCK_STREAM) && allow_socket(filter, AF_INET6, SOCK_STREAM);
	case SANDBOX_POLICY:
		return allow_all(filter, network_calls, COUNT(network_calls)) &&
		       allow_socket(filter, AF_INET, SOCK_STREAM) && allow_socket(filter, AF_INET6, SOCK_STREAM) &&
		       allow_socket(filter, AF_INET, SOCK_DGRAM) && allow_socket(filter, AF_INET6, SOCK_DGRAM);
	case SANDBOX_MONITOR: return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), 0) == 0;
	}
	return false;
}

/* A sanitizer reads files and maps of its own where it reports: such a build refuses and does not kill. */
#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED true
#endif
#endif
#if !defined(SANITIZED) && defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

static bool no_seccomp(char *err, size_t err_len)
{
	(void)snprintf(err, err_len,
		       "seccomp is not to be had in this kernel or container, and gate25 does not run without it");
	return false;
}

/* refuse_calls is the filter that decides what works: anything else is EPERM. Only kill_calls may follow. */
static bool refuse_calls(enum sandbox which, bool folder)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	bool ok = filter != NULL && fill_filter(filter, which, folder) &&
		  seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(seccomp), 0) == 0 && seccomp_load(filter) == 0;

	if (filter != NULL)
		seccomp_release(filter);
	return ok;
}

/* kill_calls ends the process at a call that gate25 never makes. Of two filters the stricter answer counts, so that
 * what is let through here and not above stays refused. */
static bool kill_calls(enum sandbox which, bool folder)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	bool ok = filter != NULL && seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0) == 0 &&
		  fill_filter(filter, which, folder) && allow_all(filter, tried_calls, COUNT(tried_calls)) &&
		  seccomp_load(filter) == 0;

	if (filter != NULL)
		seccomp_release(filter);
	return ok;
}

static int abi_version(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

/* handled_fs is every file system access that this kernel's Landlock knows of. */
static uint64_t handled_fs(int abi)
{
	uint64_t all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1; /* ABI 1: bits 0 to 12 */

	if (abi >= 2)
		all |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= 3)
		all |= LANDLOCK_ACCESS_FS_TRUNCATE;
	if (abi >= 5)
		all |= FS_IOCTL_DEV;
	return all;
}

static bool allow_folder(int ruleset, const char *folder, int abi)
{
	uint64_t wanted = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
			  LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_TRUNCATE;
	int fd = open(folder, O_PATH | O_CLOEXEC | O_DIRECTORY);
	struct landlock_path_beneath_attr rule = { .allowed_access = wanted & handled_fs(abi), .parent_fd = fd };
	bool ok;

	if (fd < 0)
		return false;
	ok = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
	(void)close(fd);
	return ok;
}

static bool allow_ports(int ruleset, const struct sandbox_limits *limits)
{
	for (size_t i = 0; i < limits->connect_ports_count; i++) {
		struct net_port_attr rule = { .allowed_access = NET_CONNECT_TCP, .port = limits->connect_ports[i] };
		if (syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0) != 0)
			return false;
	}
	return true;
}

static bool enter_landlock(const struct sandbox_limits *limits, bool *out_landlock, char *err, size_t err_len)
{
	int abi = abi_version();
	struct ruleset_attr attr = { 0 };
	bool ports = abi >= 4 && limits->connect_ports_count > 0;
	int ruleset;
	bool ok;

	*out_landlock = abi >= 1;
	if (abi < 1)
		return true;
	attr.handled_access_fs = handled_fs(abi);
	attr.handled_access_net = ports ? NET_CONNECT_TCP : 0;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr,
			       abi >= 4 ? sizeof(attr) : sizeof(attr.handled_access_fs), 0);
	ok = ruleset >= 0 && (limits->write_folder == NULL || allow_folder(ruleset, limits->write_folder, abi)) &&
	     (!ports || allow_ports(ruleset, limits)) && syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
	if (!ok)
		(void)snprintf(err, err_len, "cannot enter Landlock: %s", strerror(errno));
	if (ruleset >= 0)
		(void)close(ruleset);
	return ok;
}

bool sandbox_has_folders(void)
{
	return abi_version() >= 1;
}

static bool refused(void)
{
	return errno == EPERM || errno == EACCES;
}

static bool is_open(int fd)
{
	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

/* prove tries what the sandbox must not let through. */
static bool prove(char *err, size_t err_len)
{
	char *argv[] = { (char[]){ "/bin/true" }, NULL };
	char *envp[] = { NULL };
	const char *leak = NULL;
	int fd;

	(void)execve(argv[0], argv, envp);
	if (!refused())
		leak = "execve";
	fd = socket(AF_INET, SOCK_RAW, 255);
	if (is_open(fd) || !refused())
		leak = "a raw socket";
	fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	if (is_open(fd) || !refused())
		leak = "opening a file";
	if (leak != NULL)
		(void)snprintf(err, err_len, "the sandbox does not hold: %s was not refused", leak);
	return leak == NULL;
}

bool sandbox_enter(enum sandbox which, const struct sandbox_limits *limits, bool *out_landlock, char *err,
		   size_t err_len)
{
	bool folder;

	*out_landlock = false;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
		(void)snprintf(err, err_len, "prctl: %s", strerror(errno));
		return false;
	}
	if (!enter_landlock(limits, out_landlock, err, err_len))
		return false;
	folder = *out_landlock && limits->write_folder != NULL;
	if (!refuse_calls(which, folder))
		return no_seccomp(err, err_len);
	if (!prove(err, err_len))
		return false;
	return SANITIZED || kill_calls(which, folder) || no_seccomp(err, err_len);
}

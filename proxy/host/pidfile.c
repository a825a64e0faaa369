/* pidfile.c - see pidfile.h. */
#include "proxy/host/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_file(const char *run_dir, int flags)
{
	char path[512];

	if ((size_t)snprintf(path, sizeof(path), "%s/pid", run_dir) >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

int pidfile_take(const char *run_dir, char *err, size_t err_len)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd;

	if (mkdir(run_dir, 0755) != 0 && errno != EEXIST) {
		(void)snprintf(err, err_len, "cannot make %s: %s; --run-dir names another folder", run_dir,
			       strerror(errno));
		return -1;
	}
	fd = open_file(run_dir, O_RDWR | O_CREAT);
	if (fd < 0) {
		(void)snprintf(err, err_len, "cannot open %s/pid: %s; --run-dir names another folder", run_dir,
			       strerror(errno));
		return -1;
	}
	/* A POSIX lock, because F_GETLK tells who holds it and it is not inherited by the roles. */
	if (fcntl(fd, F_SETLK, &lock) != 0) {
		(void)snprintf(err, err_len, "gate25 is already running with %s (pid %d)", run_dir,
			       (int)pidfile_holder(run_dir));
		(void)close(fd);
		return -1;
	}
	/* Nobody else's: who may open a file for reading may lock it, so that no other gets this lock. */
	if (fchmod(fd, 0600) != 0 || ftruncate(fd, 0) != 0 || dprintf(fd, "%d\n", (int)getpid()) < 0) {
		(void)snprintf(err, err_len, "cannot write %s/pid: %s", run_dir, strerror(errno));
		(void)close(fd);
		return -1;
	}
	return fd;
}

pid_t pidfile_holder(const char *run_dir)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open_file(run_dir, O_RDONLY);
	int got;

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	got = fcntl(fd, F_GETLK, &lock);
	(void)close(fd);
	if (got != 0)
		return -1;
	return lock.l_type == F_UNLCK ? 0 : lock.l_pid;
}

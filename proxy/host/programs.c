/* programs.c - see programs.h. */
#include "proxy/host/programs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FALLBACK "/usr/libexec/gate25/gate25-policyd"
#define SELF     "/proc/self/exe"
#define DELETED  " (deleted)" /* what the kernel writes behind the name of a file that was replaced */

static void cut_deleted(char *path)
{
	size_t len = strlen(path);

	if (len > strlen(DELETED) && strcmp(path + len - strlen(DELETED), DELETED) == 0)
		path[len - strlen(DELETED)] = '\0';
}

bool programs_find(struct programs *out, char *err, size_t err_len)
{
	ssize_t len = readlink(SELF, out->gate25, sizeof(out->gate25) - 1);
	const char *slash;

	out->gate25_fd = out->policy_fd = -1;
	if (len <= 0 || (size_t)len >= sizeof(out->gate25) - sizeof("gate25-policyd")) {
		(void)snprintf(err, err_len, "cannot find my own program: is /proc mounted?");
		return false;
	}
	out->gate25[len] = '\0';
	cut_deleted(out->gate25);
	slash = strrchr(out->gate25, '/');
	if ((size_t)snprintf(out->policy, sizeof(out->policy), "%.*s/gate25-policyd", (int)(slash - out->gate25),
			     out->gate25) >= sizeof(out->policy) ||
	    access(out->policy, X_OK) != 0)
		(void)snprintf(out->policy, sizeof(out->policy), "%s", FALLBACK);
	if (access(out->policy, X_OK) == 0)
		return true;
	(void)snprintf(err, err_len, "gate25-policyd is neither beside gate25 nor at %s", FALLBACK);
	return false;
}

bool programs_open(struct programs *programs, char *err, size_t err_len)
{
	programs->gate25_fd = open(SELF, O_PATH | O_CLOEXEC);
	programs->policy_fd = open(programs->policy, O_PATH | O_CLOEXEC);
	if (programs->gate25_fd >= 0 && programs->policy_fd >= 0)
		return true;
	(void)snprintf(err, err_len, "cannot open gate25's own programs: %s", strerror(errno));
	programs_close(programs);
	return false;
}

void programs_close(struct programs *programs)
{
	if (programs->gate25_fd >= 0)
		(void)close(programs->gate25_fd);
	if (programs->policy_fd >= 0)
		(void)close(programs->policy_fd);
	programs->gate25_fd = programs->policy_fd = -1;
}

static bool is_trusted(int fd, const char *path, char *err, size_t err_len)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		(void)snprintf(err, err_len, "cannot look at %s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		(void)snprintf(err, err_len, "%s is no regular file", path);
	else if (st.st_uid != 0 && st.st_uid != geteuid())
		(void)snprintf(err, err_len, "%s belongs to user %u: it must be root's", path, (unsigned)st.st_uid);
	else if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		(void)snprintf(err, err_len, "others can write to %s: take that right away (chmod go-w)", path);
	else
		return true;
	return false;
}

int programs_open_trusted(const char *path, char *err, size_t err_len)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0) {
		(void)snprintf(err, err_len, "cannot open %.256s: %s", path, strerror(errno));
		return -1;
	}
	if (is_trusted(fd, path, err, err_len))
		return fd;
	(void)close(fd);
	return -1;
}

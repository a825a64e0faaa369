/* guarded_file.c - see guarded_file.h. */
#include "proxy/base/guarded_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/base/write_all.h"

/* is_guarded: what the descriptor leads to, so that nobody exchanges it meanwhile. */
static bool is_guarded(int fd, size_t max, char *err, size_t err_len)
{
	struct stat file;

	if (fstat(fd, &file) != 0)
		(void)snprintf(err, err_len, "cannot be read: %s", strerror(errno));
	else if (!S_ISREG(file.st_mode))
		(void)snprintf(err, err_len, "is not a regular file");
	else if (file.st_uid != 0 && file.st_uid != geteuid())
		(void)snprintf(err, err_len, "is owned by user %u, who could change it, and not by root: chown it",
			       (unsigned)file.st_uid);
	else if ((file.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		(void)snprintf(err, err_len, "can be changed by others than its owner: chmod go-w");
	else if ((size_t)file.st_size > max)
		(void)snprintf(err, err_len, "is larger than %zu octets", max);
	else
		return true;
	return false;
}

static char *read_all(int fd, size_t max, size_t *out_len, char *err, size_t err_len)
{
	size_t room = 65536;
	size_t have = 0;
	char *text = NULL;
	ssize_t n = 1;

	while (n > 0 && have <= max) {
		char *more = realloc(text, room + 1);
		if (more == NULL) {
			n = -1;
			errno = ENOMEM;
			break;
		}
		text = more;
		while (have < room && ((n = read(fd, text + have, room - have)) > 0 || (n < 0 && errno == EINTR)))
			have += n > 0 ? (size_t)n : 0;
		room *= 2;
	}
	if (n == 0 && have <= max) {
		text[have] = '\0';
		*out_len = have;
		return text;
	}
	/* It grew meanwhile, or could not be read. */
	(void)snprintf(err, err_len, "cannot be read: %s", n < 0 ? strerror(errno) : strerror(EFBIG));
	free(text);
	return NULL;
}

char *guarded_file_read(const char *path, size_t max, size_t *out_len, char *err, size_t err_len)
{
	/* Non-blocking: a pipe would wait for its writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *text = NULL;
	int saved;

	if (fd < 0) {
		saved = errno;
		(void)snprintf(err, err_len, "cannot be read: %s", strerror(saved));
		errno = saved;
		return NULL;
	}
	if (is_guarded(fd, max, err, err_len))
		text = read_all(fd, max, out_len, err, err_len);
	(void)close(fd);
	errno = 0;
	return text;
}

/* sync_folder makes the new name of a file last. */
static bool sync_folder(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t len = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
	int fd;
	bool ok;

	if (len >= sizeof(folder))
		return false;
	memcpy(folder, len > 0 ? path : ".", len > 0 ? len : 1);
	folder[len > 0 ? len : 1] = '\0';
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ok = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		(void)close(fd);
	return ok;
}

bool guarded_file_write(const char *path, const void *bytes, size_t len, mode_t mode)
{
	char new[PATH_MAX];
	int saved;
	int fd;
	bool ok;

	if ((size_t)snprintf(new, sizeof(new), "%s.new", path) >= sizeof(new)) {
		errno = ENAMETOOLONG;
		return false;
	}
	if (unlink(new) != 0 && errno != ENOENT)
		return false;
	fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	ok = write_all(fd, bytes, len) && fchmod(fd, mode) == 0 && fsync(fd) == 0 && rename(new, path) == 0 &&
	     sync_folder(path);
	saved = errno;
	(void)close(fd);
	if (!ok)
		(void)unlink(new);
	errno = saved;
	return ok;
}

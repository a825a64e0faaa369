/* sealed.c - see sealed.h. */
#include "proxy/base/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "proxy/base/write_all.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

int sealed_new(const char *name, const void *bytes, size_t len)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -1;
	if (!write_all(fd, bytes, len) || fcntl(fd, F_ADD_SEALS, SEALS | F_SEAL_SEAL) != 0) {
		int saved = errno;
		(void)close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

char *sealed_read(int fd, size_t *out_len)
{
	char *text;
	size_t have = 0;
	int seals = fcntl(fd, F_GET_SEALS);
	/* Not fstat: libc may make it newfstatat, which takes paths and is therefore not in the sandbox. */
	off_t size = lseek(fd, 0, SEEK_END);

	if (seals < 0 || (seals & SEALS) != SEALS) {
		errno = EINVAL;
		return NULL;
	}
	if (size < 0)
		return NULL;
	if (size > SEALED_MAX) {
		errno = EFBIG;
		return NULL;
	}
	text = malloc((size_t)size + 1);
	if (text == NULL)
		return NULL;
	while (have < (size_t)size) {
		ssize_t n = pread(fd, text + have, (size_t)size - have, (off_t)have);
		if (n <= 0) {
			free(text);
			errno = EIO;
			return NULL;
		}
		have += (size_t)n;
	}
	text[have] = '\0';
	*out_len = have;
	return text;
}

/* write_all.c - see write_all.h. */
#include "proxy/base/write_all.h"

#include <errno.h>
#include <unistd.h>

bool write_all(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t n = write(fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (n == 0) { /* a file never says so; without a reason nobody could tell what was wrong */
			errno = EIO;
			return false;
		}
		at += n;
		len -= (size_t)n;
	}
	return true;
}

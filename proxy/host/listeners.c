/* listeners.c - see listeners.h. */
#include "proxy/host/listeners.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 1024

static int fail(int fd, char *err, size_t err_len, const char *what)
{
	int saved = errno;

	(void)snprintf(err, err_len, "%s: %s", what, strerror(saved));
	if (fd >= 0)
		(void)close(fd);
	errno = saved;
	return -1;
}

static bool set_on(int fd, int level, int option)
{
	int on = 1;

	return setsockopt(fd, level, option, &on, sizeof(on)) == 0;
}

/* mark_transparent prepares the socket for tproxy (either family: a dual-stack socket takes IPv4 too) and the guard. */
static bool mark_transparent(int fd, int family, uint32_t mark)
{
	if (!set_on(fd, SOL_IP, IP_TRANSPARENT) || (family == AF_INET6 && !set_on(fd, SOL_IPV6, IPV6_TRANSPARENT)))
		return false;
	return setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) == 0;
}

int listener_smtp(uint16_t port, bool privileged, uint32_t mark, char *err, size_t err_len)
{
	struct endpoint any = { .addr.family = AF_INET6, .port = port };
	struct sockaddr_storage storage;
	socklen_t len;
	char what[96];
	int off = 0;
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 && errno == EAFNOSUPPORT) {
		any.addr.family = AF_INET;
		fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	}
	if (fd < 0)
		return fail(fd, err, err_len, "cannot make a socket");
	if (any.addr.family == AF_INET6 && setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, &off, sizeof(off)) != 0)
		return fail(fd, err, err_len, "cannot make a dual-stack socket");
	if (!set_on(fd, SOL_SOCKET, SO_REUSEADDR) || !set_on(fd, SOL_SOCKET, SO_REUSEPORT))
		return fail(fd, err, err_len, "cannot share the port among workers");
	if (privileged && !mark_transparent(fd, any.addr.family, mark))
		return fail(fd, err, err_len, "cannot make the listener transparent (this needs CAP_NET_ADMIN)");
	len = endpoint_to_sockaddr(&any, &storage);
	(void)snprintf(what, sizeof(what), "cannot listen on port %u (is another program there, or another gate25?)",
		       (unsigned)port);
	if (bind(fd, (struct sockaddr *)&storage, len) != 0 || listen(fd, BACKLOG) != 0)
		return fail(fd, err, err_len, what);
	return fd;
}

int listener_http(const struct endpoint *at, char *err, size_t err_len)
{
	struct sockaddr_storage storage;
	socklen_t len = endpoint_to_sockaddr(at, &storage);
	char text[ENDPOINT_TEXT_MAX];
	char what[96];
	int fd = socket(at->addr.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	(void)snprintf(what, sizeof(what), "cannot listen on %s for the monitor", endpoint_format(at, text));
	if (fd < 0 || !set_on(fd, SOL_SOCKET, SO_REUSEADDR) || bind(fd, (struct sockaddr *)&storage, len) != 0 ||
	    listen(fd, BACKLOG) != 0)
		return fail(fd, err, err_len, what);
	return fd;
}

int listener_control(const char *path, gid_t gid, char *err, size_t err_len)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	char what[160];
	gid_t own = getegid();
	mode_t old;
	bool switched;
	bool bound;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	(void)snprintf(what, sizeof(what), "cannot make the control socket %s", path);
	if (strlen(path) >= sizeof(un.sun_path)) {
		errno = ENAMETOOLONG;
		return fail(fd, err, err_len, what);
	}
	memcpy(un.sun_path, path, strlen(path));
	if (fd < 0)
		return fail(fd, err, err_len, what);
	(void)unlink(path);
	/* Made as a member of the group, which needs no privilege to give files away. */
	old = umask(0117);
	switched = own != gid && setegid(gid) == 0;
	bound = bind(fd, (struct sockaddr *)&un, sizeof(un)) == 0;
	if (switched && setegid(own) != 0)
		bound = false;
	(void)umask(old);
	if (!bound || listen(fd, 64) != 0)
		return fail(fd, err, err_len, what);
	return fd;
}

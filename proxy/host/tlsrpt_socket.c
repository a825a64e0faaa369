/* tlsrpt_socket.c - see tlsrpt_socket.h. */
#include "proxy/host/tlsrpt_socket.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static const char *PRINTF_LIKE(2, 3) say(char out[TLSRPT_SOCKET_TEXT_MAX], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	/* clang 14 loses sight of va_start here. NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
	(void)vsnprintf(out, TLSRPT_SOCKET_TEXT_MAX, format, args);
	va_end(args);
	return out;
}

/* A role has its own group and no other. Access lists are not looked at. */
static bool may(const struct stat *st, const struct role_user *user, mode_t wanted)
{
	mode_t mode = st->st_mode;

	if (st->st_uid == user->uid)
		return (mode >> 6 & wanted) == wanted;
	if (st->st_gid == user->gid)
		return (mode >> 3 & wanted) == wanted;
	return (mode & wanted) == wanted;
}

/* The first folder on the way to |path| that |user| may not pass; "": none. */
static void closed_folder(const char *path, const struct role_user *user, char *out, size_t cap)
{
	struct stat st;

	for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		int len = slash > path ? (int)(slash - path) : 1;
		(void)snprintf(out, cap, "%.*s", len, path);
		if (stat(out, &st) == 0 && !may(&st, user, S_IXOTH))
			return;
	}
	out[0] = '\0';
}

/* try connects as a sender would; nothing is sent. Returns errno. */
static int try_it(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err = 0;

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	if (fd < 0)
		return errno;
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) != 0)
		err = errno;
	(void)close(fd);
	return err;
}

static const char *check_rights(const char *path, const struct stat *st, const struct role_user *sender,
				char out[TLSRPT_SOCKET_TEXT_MAX])
{
	char folder[sizeof(((struct sockaddr_un *)NULL)->sun_path)];

	closed_folder(path, sender, folder, sizeof(folder));
	if (folder[0] != '\0')
		return say(out,
			   "tlsrpt-socket %s: policy-user may not pass through %s, and no report will arrive; give its "
			   "group the right to (mode 0750)",
			   path, folder);
	if (!may(st, sender, S_IWOTH))
		return say(
			out,
			"tlsrpt-socket %s: policy-user may not write to it, and no report will arrive; let the "
			"collector give it to the group of policy-user (tlsrpt-collectd: socketgroup, and socketmode "
			"= 0220)",
			path);
	return NULL;
}

const char *tlsrpt_socket_check(const char *path, const struct role_user *sender, char out[TLSRPT_SOCKET_TEXT_MAX])
{
	struct stat st;
	int err;

	if (stat(path, &st) != 0)
		return say(out, "tlsrpt-socket %s: %s (now); TLS reports are lost while no collector is there", path,
			   strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return say(out, "tlsrpt-socket %s is not a socket; TLS reports are lost", path);
	err = try_it(path);
	if (err == ECONNREFUSED)
		return say(out, "tlsrpt-socket %s: nobody listens there (now); TLS reports are lost meanwhile", path);
	if (err == EPROTOTYPE)
		return say(out, "tlsrpt-socket %s is not a datagram socket, as a TLSRPT collector's is", path);
	if (err != 0 && err != EACCES)
		return say(out, "tlsrpt-socket %s: %s; TLS reports are lost", path, strerror(err));
	return sender != NULL ? check_rights(path, &st, sender, out) : NULL;
}

/* upstream.c - see upstream.h. */
#include "proxy/worker/upstream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT_TRIES 16

static bool set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

static int make_socket(const struct upstream_plan *plan)
{
	int family = plan->destination.addr.family;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool ok = fd >= 0;

	/* The mark comes first: a socket that cannot be marked must never send a SYN, it would come back to us. */
	if (ok && plan->mark != 0)
		ok = setsockopt(fd, SOL_SOCKET, SO_MARK, &plan->mark, sizeof(plan->mark)) == 0;
	if (ok && plan->source_foreign)
		ok = family == AF_INET ? set(fd, SOL_IP, IP_TRANSPARENT, 1) : set(fd, SOL_IPV6, IPV6_TRANSPARENT, 1);
	if (ok) {
		(void)set(fd, SOL_TCP, TCP_NODELAY, 1);
		(void)set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
		return fd;
	}
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

/* bind_source binds to the source and a port of the kernel's choice. Returns 1 done, 0 try another socket, -1 error. */
static int bind_source(int fd, const struct upstream_plan *plan)
{
	struct endpoint from = { .addr = plan->source };
	struct sockaddr_storage storage;
	socklen_t len = endpoint_to_sockaddr(&from, &storage);

	if (bind(fd, (struct sockaddr *)&storage, len) != 0)
		return -1;
	len = sizeof(storage);
	if (getsockname(fd, (struct sockaddr *)&storage, &len) != 0 || !endpoint_from_sockaddr(&from, &storage))
		return -1;
	return plan->port_taken == NULL ||
	       !plan->port_taken(plan->port_arg, &plan->client, &plan->destination, from.port);
}

static int fail(int fd, char *err, size_t err_len, const char *what)
{
	(void)snprintf(err, err_len, "%s: %s", what, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

/* make_bound makes sockets until one has a port that may be used. Those refused stay open meanwhile, so that the kernel
 * does not offer their ports again. */
static int make_bound(const struct upstream_plan *plan, char *err, size_t err_len)
{
	int refused[PORT_TRIES];
	int count = 0;
	int fd = -1;
	int bound = 0;

	while (count < PORT_TRIES) {
		fd = make_socket(plan);
		if (fd < 0)
			break;
		bound = bind_source(fd, plan);
		if (bound != 0)
			break;
		refused[count++] = fd;
		fd = -1;
	}
	if (fd < 0 || bound < 0)
		fd = fail(fd, err, err_len, "cannot use the source address");
	while (count > 0)
		(void)close(refused[--count]);
	return fd;
}

int upstream_socket(const struct upstream_plan *plan, char *err, size_t err_len)
{
	int fd = plan->source.family != 0 ? make_bound(plan, err, err_len) : make_socket(plan);

	if (fd < 0 && plan->source.family == 0)
		return fail(fd, err, err_len, "cannot make a socket");
	return fd;
}

bool upstream_connect(int fd, const struct endpoint *destination, char *err, size_t err_len)
{
	struct sockaddr_storage storage;
	socklen_t len = endpoint_to_sockaddr(destination, &storage);

	if (connect(fd, (struct sockaddr *)&storage, len) == 0 || errno == EINPROGRESS)
		return true;
	(void)snprintf(err, err_len, "connect: %s", strerror(errno));
	return false;
}

int upstream_dial(const struct upstream_plan *plan, char *err, size_t err_len)
{
	int fd = upstream_socket(plan, err, err_len);

	if (fd < 0 || upstream_connect(fd, &plan->destination, err, err_len))
		return fd;
	(void)close(fd);
	return -1;
}

/* relay.c - the smallest gate, for the lab: takes intercepted connections as gate25's worker does, dials the original
 * destination, and copies bytes both ways. What it sends upstream begins with "GATED ", so that a server can tell what
 * went through it.
 *
 *	relay PORT MARK client|gateway [INTERCEPTED-PORT]
 *
 * Each connection that origdst_get refuses is closed, and its reason printed. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netfilter/origdst.h"
#include "proxy/base/addr.h"

static uint16_t port;
static uint32_t mark;
static bool as_client;
static uint16_t intercepted = 25;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void set(int fd, int level, int name, int value, const char *what)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)) != 0)
		die(what);
}

static void make_transparent(int fd, int family)
{
	if (family == AF_INET6)
		set(fd, SOL_IPV6, IPV6_TRANSPARENT, 1, "IPV6_TRANSPARENT");
	else
		set(fd, SOL_IP, IP_TRANSPARENT, 1, "IP_TRANSPARENT");
}

static int listen_at(void)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	set(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
	if (mark != 0)
		set(fd, SOL_SOCKET, SO_MARK, (int)mark, "SO_MARK");
	if (as_client)
		make_transparent(fd, AF_INET6);
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) != 0 || listen(fd, 64) != 0)
		die("listen");
	return fd;
}

static int dial(const struct endpoint *to, const struct endpoint *client)
{
	struct sockaddr_storage name;
	struct sockaddr_storage from;
	struct endpoint source = { .addr = client->addr };
	socklen_t len = endpoint_to_sockaddr(to, &name);
	socklen_t from_len = endpoint_to_sockaddr(&source, &from);
	int fd = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	if (mark != 0)
		set(fd, SOL_SOCKET, SO_MARK, (int)mark, "SO_MARK");
	if (as_client && source.addr.family == to->addr.family) {
		make_transparent(fd, name.ss_family);
		if (bind(fd, (struct sockaddr *)&from, from_len) != 0)
			die("bind to the client's address");
	}
	if (connect(fd, (struct sockaddr *)&name, len) != 0)
		die("connect");
	return fd;
}

/* Copies what waits on |from|; false at its end. */
static bool copy(int from, int to)
{
	char buf[4096];
	ssize_t n = read(from, buf, sizeof(buf));

	if (n > 0 && write(to, buf, (size_t)n) == n)
		return true;
	(void)shutdown(to, SHUT_WR);
	return false;
}

static void serve(int client)
{
	struct sockaddr_storage name;
	socklen_t len = sizeof(name);
	struct endpoint from;
	struct endpoint to;
	enum origdst found = origdst_get(&to, client, &intercepted, 1, port);
	char text[ENDPOINT_TEXT_MAX];
	int server;
	struct pollfd fds[2] = { { .fd = client, .events = POLLIN }, { .events = POLLIN } };

	(void)printf("to %s: %s\n", endpoint_format(&to, text), origdst_name(found));
	(void)fflush(stdout);
	if (found != ORIGDST_OK || getpeername(client, (struct sockaddr *)&name, &len) != 0 ||
	    !endpoint_from_sockaddr(&from, &name))
		exit(1);
	server = dial(&to, &from);
	fds[1].fd = server;
	if (write(server, "GATED ", 6) != 6)
		die("write");
	while (fds[1].fd >= 0) {
		if (poll(fds, 2, -1) < 0)
			die("poll");
		if (fds[0].fd >= 0 && fds[0].revents != 0 && !copy(client, server))
			fds[0].fd = -1;
		if (fds[1].revents != 0 && !copy(server, client))
			fds[1].fd = -1; /* the server is done */
	}
	exit(0);
}

int main(int argc, char **argv)
{
	int listener;

	if (argc < 4)
		return 2;
	port = (uint16_t)strtoul(argv[1], NULL, 0);
	mark = (uint32_t)strtoul(argv[2], NULL, 0);
	as_client = strcmp(argv[3], "client") == 0;
	if (argc > 4)
		intercepted = (uint16_t)strtoul(argv[4], NULL, 0);
	(void)signal(SIGCHLD, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	listener = listen_at();
	for (;;) {
		int client = accept(listener, NULL, NULL);

		if (client < 0 && errno == EINTR)
			continue;
		if (client < 0)
			die("accept");
		if (fork() == 0) {
			(void)close(listener);
			serve(client);
		}
		(void)close(client);
	}
}

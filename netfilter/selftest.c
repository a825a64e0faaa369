/* selftest.c - see selftest.h. A path that is not intercepted ends at the guard's reset, so an answer is the
 * listener's. */
#include "netfilter/selftest.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netfilter/blocker.h"
#include "netfilter/probe_tun.h"
#include "netfilter/say.h"

#define WAIT_SECONDS 3
#define REFUSALS     10
#define UID_NOBODY   65534

struct report {
	const struct gate_spec *spec;
	enum selftest_result result;
	char text[GATE_ERR_MAX];
};

static void tell(struct report *r, const char *format, ...) PRINTF_LIKE(2, 3);

static void tell(struct report *r, const char *format, ...)
{
	size_t len = strlen(r->text);
	va_list args;

	if (len > 0 && len + 2 < sizeof(r->text)) {
		memcpy(r->text + len, "; ", 3);
		len += 2;
	}
	va_start(args, format);
	(void)vsnprintf(r->text + len, sizeof(r->text) - len, format, args);
	va_end(args);
}

/* Whether |addr| is in |list|. */
static bool listed(const struct prefix_list *list, const struct addr *addr)
{
	for (size_t i = 0; i < list->count; i++)
		if (prefix_contains(&list->items[i], addr))
			return true;
	return false;
}

/* A documentation address: nobody is there, and a worker knows by it that it is being tried (origdst.h). False: it is
 * exempt. */
static bool pick_destination(struct endpoint *out, const struct gate_spec *spec, uint8_t family)
{
	out->port = spec->ports[0];
	return addr_parse(&out->addr, family == AF_INET ? GATE_SELFTEST_DST4 : GATE_SELFTEST_DST6) &&
	       !listed(&spec->exempt, &out->addr);
}

/* Routing is asked with a datagram socket that sends nothing. */
static bool has_route(const struct endpoint *to)
{
	struct sockaddr_storage name;
	socklen_t len = endpoint_to_sockaddr(to, &name);
	int fd = socket(name.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok = fd >= 0 && connect(fd, (struct sockaddr *)&name, len) == 0;

	if (fd >= 0)
		(void)close(fd);
	return ok;
}

static void judge(struct report *r, const char *path, uint8_t family, enum probe found, bool tproxy)
{
	const char *version = family == AF_INET ? "IPv4" : "IPv6";
	struct blocker b;

	switch (found) {
	case PROBE_REACHED: tell(r, "%s %s reaches the listener", path, version); return;
	case PROBE_NOT_TRIED: return;
	case PROBE_REFUSED:
		r->result = SELFTEST_FAILED;
		tell(r, "%s %s is refused: nobody listens on port %u, or another table redirects or rejects port %u",
		     path, version, r->spec->listen_port, r->spec->ports[0]);
		return;
	case PROBE_SILENT: break;
	}
	r->result = SELFTEST_FAILED;
	tell(r, "%s %s gets no answer from the listener", path, version);
	if (!blocker_find(&b))
		tell(r, "look for another firewall that drops it");
	else if (tproxy)
		tell(r, "table %s %s drops by default: nft insert rule %s %s %s meta mark and 0x%08x != 0 accept",
		     b.family, b.table, b.family, b.table, b.chain, r->spec->mark_tproxy);
	else
		tell(r, "table %s %s drops by default: nft insert rule %s %s %s tcp dport %u accept", b.family, b.table,
		     b.family, b.table, b.chain, r->spec->listen_port);
}

static void skip(struct report *r, const char *path, uint8_t family, const char *why)
{
	if (r->result == SELFTEST_REACHED)
		r->result = SELFTEST_SKIPPED;
	tell(r, "%s %s was not tried: %s", path, family == AF_INET ? "IPv4" : "IPv6", why);
}

/* --- local ---------------------------------------------------------------------------------------------------------
 */

static enum probe connect_to(const struct endpoint *to)
{
	struct sockaddr_storage name;
	socklen_t len = endpoint_to_sockaddr(to, &name);
	int fd = socket(name.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct pollfd wait = { .fd = fd, .events = POLLOUT };
	socklen_t error_len = sizeof(int);
	int error = 0;

	if (fd < 0)
		return PROBE_NOT_TRIED;
	if (connect(fd, (struct sockaddr *)&name, len) != 0)
		error = errno;
	if (error == EINPROGRESS)
		error = poll(&wait, 1, WAIT_SECONDS * 1000) <= 0                        ? ETIMEDOUT
			: getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_len) != 0 ? errno
											: error;
	(void)close(fd);
	return error == 0 ? PROBE_REACHED : error == ETIMEDOUT ? PROBE_SILENT : PROBE_REFUSED;
}

static void test_local(struct report *r, uint8_t family)
{
	struct endpoint to;

	if (!pick_destination(&to, r->spec, family))
		skip(r, "local", family, "the test's destinations are exempt");
	else if (!has_route(&to) && family == AF_INET)
		skip(r, "local", family, "no route");
	else if (has_route(&to))
		judge(r, "local", family, connect_to(&to), false);
}

/* --- forwarded -----------------------------------------------------------------------------------------------------
 */

/* The kernel makes an address of its own reachable a moment after it accepted it, and meanwhile the guard refuses what
 * is not delivered here: a refusal counts when it lasts. */
static enum probe try_syn(int tun, struct endpoint *from, const struct endpoint *to)
{
	enum probe found = PROBE_REFUSED;

	for (int i = 0; i < REFUSALS && found == PROBE_REFUSED; i++) {
		if (i > 0)
			(void)usleep(100 * 1000);
		from->port++;
		found = probe_tun_syn(tun, from, to, WAIT_SECONDS);
	}
	return found;
}

static void test_forward(struct report *r, int tun, uint8_t family)
{
	struct endpoint from = { .port = (uint16_t)(40000 + getpid() % 20000) };
	struct endpoint to;
	bool wanted = false;

	for (size_t i = 0; i < r->spec->sources.count; i++)
		wanted |= r->spec->sources.items[i].addr.family == family;
	if (!wanted)
		return;
	if (!addr_parse(&from.addr, family == AF_INET ? GATE_SELFTEST_SRC4 : GATE_SELFTEST_SRC6))
		return;
	if (!pick_destination(&to, r->spec, family) || listed(&r->spec->exempt_source, &from.addr))
		skip(r, "forwarded", family, "the test's addresses are exempt");
	else if (!has_route(&to))
		skip(r, "forwarded", family, "no route to the outside");
	else
		judge(r, "forwarded", family, try_syn(tun, &from, &to), gate_uses_tproxy(r->spec));
}

static void test_all(struct report *r)
{
	char err[GATE_ERR_MAX];
	int tun;

	if (r->spec->scope_forward) {
		tun = probe_tun_open(err, sizeof(err));
		if (tun < 0) {
			skip(r, "forwarded", AF_INET, err);
		} else {
			test_forward(r, tun, AF_INET);
			test_forward(r, tun, AF_INET6);
			(void)close(tun);
		}
	}
	if (!r->spec->scope_local)
		return;
	for (size_t i = 0; i < r->spec->exempt_uids_count; i++)
		if (r->spec->exempt_uids[i] == geteuid() && seteuid(UID_NOBODY) != 0)
			tell(r, "root is exempt");
	test_local(r, AF_INET);
	test_local(r, AF_INET6);
}

/* --- parent and child ----------------------------------------------------------------------------------------------
 */

pid_t selftest_start(const struct gate_spec *spec, int *out_fd, char *err, size_t err_len)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0) {
		(void)say_errno(err, err_len, "cannot start the self-test");
		return -1;
	}
	pid = fork();
	if (pid == 0) {
		struct report r = { .spec = spec, .result = SELFTEST_REACHED };
		char result;

		(void)alarm(SELFTEST_SECONDS);
		test_all(&r);
		result = (char)('0' + (int)r.result);
		_exit(write(fds[1], &result, 1) == 1 && write(fds[1], r.text, strlen(r.text)) >= 0 ? 0 : 1);
	}
	(void)close(fds[1]);
	if (pid < 0) {
		(void)say_errno(err, err_len, "cannot start the self-test");
		(void)close(fds[0]);
		return -1;
	}
	*out_fd = fds[0];
	return pid;
}

enum selftest_result selftest_read(int fd, char *text, size_t text_len)
{
	char buf[GATE_ERR_MAX + 1];
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0 && len < sizeof(buf) - 1) {
		n = read(fd, buf + len, sizeof(buf) - 1 - len);
		if (n > 0)
			len += (size_t)n;
		else if (n < 0 && errno == EINTR)
			n = 1;
	}
	buf[len] = '\0';
	if (len < 1 || buf[0] < '0' + SELFTEST_FAILED || buf[0] > '0' + SELFTEST_SKIPPED) {
		(void)say(text, text_len, "the self-test ended without a result");
		return SELFTEST_FAILED;
	}
	(void)snprintf(text, text_len, "%s", buf + 1);
	return (enum selftest_result)(buf[0] - '0');
}

/* dns_exchange.c - see dns_exchange.h. */
#include "policy/dns/dns_exchange.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define UDP_MAX   4096 /* more than was asked for, so that a resolver that ignores our 1,232 is heard */
#define UDP_BURST 16   /* messages read before others have their turn */
#define TCP_MAX   65535

struct dns_exchange {
	struct event_base *base;
	bool tcp;
	int fd;
	struct event *io;
	struct event *timer;
	dns_exchange_fn *fn;
	void *arg;
	uint8_t out[DNS_EXCHANGE_MAX + 2]; /* with TCP's length in front */
	size_t out_len;
	size_t out_at;
	size_t in_at;
	uint8_t in[]; /* TCP only */
};

static bool over(struct dns_exchange *exchange)
{
	return exchange->fn(exchange->arg, NULL, 0);
}

static bool is_later(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static void on_udp(evutil_socket_t fd, short what, void *arg)
{
	struct dns_exchange *exchange = arg;
	uint8_t bytes[UDP_MAX];

	(void)what;
	for (unsigned i = 0; i < UDP_BURST; i++) {
		ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n < 0 && is_later())
			return;
		if (n < 0) { /* ICMP: nobody there */
			(void)over(exchange);
			return;
		}
		if (!exchange->fn(exchange->arg, bytes, (size_t)n))
			return;
	}
}

/* tcp_write and tcp_read return 1 when done, 0 for later, -1 for a dead connection. */
static int tcp_write(struct dns_exchange *x)
{
	while (x->out_at < x->out_len) {
		ssize_t n = send(x->fd, x->out + x->out_at, x->out_len - x->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0)
			return is_later() ? 0 : -1;
		x->out_at += (size_t)n;
	}
	return 1;
}

static size_t tcp_wanted(const struct dns_exchange *x)
{
	return x->in_at < 2 ? 2 : 2 + ((size_t)x->in[0] << 8 | x->in[1]);
}

static int tcp_read(struct dns_exchange *x)
{
	while (x->in_at < tcp_wanted(x)) {
		ssize_t n = recv(x->fd, x->in + x->in_at, tcp_wanted(x) - x->in_at, MSG_DONTWAIT);
		if (n < 0)
			return is_later() ? 0 : -1;
		if (n == 0)
			return -1;
		x->in_at += (size_t)n;
	}
	return 1;
}

/* on_tcp writes, then reads; each event arms the next, for what it waits for. */
static void on_tcp(evutil_socket_t fd, short what, void *arg)
{
	struct dns_exchange *x = arg;
	int written = tcp_write(x);
	int done = written > 0 ? tcp_read(x) : written;

	(void)what;
	if (done > 0)
		(void)x->fn(x->arg, x->in + 2, x->in_at - 2);
	else if (done < 0 || event_assign(x->io, x->base, fd, written > 0 ? EV_READ : EV_WRITE, on_tcp, x) != 0 ||
		 event_add(x->io, NULL) != 0)
		(void)over(x);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)over(arg);
}

/* open_socket: where it fails, the timer goes on. */
static bool open_socket(struct dns_exchange *x, const struct endpoint *to)
{
	struct sockaddr_storage native;
	socklen_t native_len = endpoint_to_sockaddr(to, &native);

	x->fd = socket(native.ss_family, (x->tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (x->fd < 0 || (connect(x->fd, (struct sockaddr *)&native, native_len) != 0 && errno != EINPROGRESS))
		return false;
	x->io = event_new(x->base, x->fd, x->tcp ? EV_WRITE : EV_READ | EV_PERSIST, x->tcp ? on_tcp : on_udp, x);
	if (x->io == NULL || event_add(x->io, NULL) != 0)
		return false;
	return x->tcp ||
	       send(x->fd, x->out + 2, x->out_len - 2, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)x->out_len - 2;
}

struct dns_exchange *dns_exchange_new(struct event_base *base, const struct endpoint *to, bool tcp,
				      const uint8_t *bytes, size_t len, uint64_t timeout_ms, dns_exchange_fn *fn,
				      void *arg)
{
	struct dns_exchange *x = len <= DNS_EXCHANGE_MAX ? calloc(1, sizeof(*x) + (tcp ? TCP_MAX + 2 : 0)) : NULL;
	struct timeval tv = { 0 };

	if (x == NULL || (x->timer = evtimer_new(base, on_timer, x)) == NULL) {
		free(x);
		return NULL;
	}
	x->base = base;
	x->tcp = tcp;
	x->fn = fn;
	x->arg = arg;
	x->out[0] = (uint8_t)(len >> 8);
	x->out[1] = (uint8_t)len;
	memcpy(x->out + 2, bytes, len);
	x->out_len = len + 2;
	if (open_socket(x, to))
		tv = (struct timeval){ .tv_sec = (time_t)(timeout_ms / 1000),
				       .tv_usec = (suseconds_t)(timeout_ms % 1000) * 1000 };
	(void)event_add(x->timer, &tv);
	return x;
}

bool dns_exchange_is_tcp(const struct dns_exchange *exchange)
{
	return exchange->tcp;
}

void dns_exchange_free(struct dns_exchange *exchange)
{
	if (exchange == NULL)
		return;
	if (exchange->io != NULL)
		event_free(exchange->io);
	if (exchange->fd >= 0)
		(void)close(exchange->fd);
	event_free(exchange->timer);
	free(exchange);
}

/* test_leg.c - one side of a session over real sockets: octets both ways, back-pressure, ends, lingering, and what
 * waits in clear where TLS should begin. TLS itself: test_tls_*.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/worker/leg.h"
#include "proxy/tls/tls.h"

struct fixture {
	struct event_base *base;
	struct leg *leg;
	int peer;
	unsigned changed;
	unsigned connected;
	unsigned not_connected;
	unsigned tls_failed;
	char reason[128];
};

static void on_changed(void *arg)
{
	((struct fixture *)arg)->changed++;
}

static void on_connected(void *arg)
{
	((struct fixture *)arg)->connected++;
}

static void on_not_connected(void *arg, const char *reason)
{
	struct fixture *f = arg;

	f->not_connected++;
	strncpy(f->reason, reason, sizeof(f->reason) - 1);
}

static void on_tls_ready(void *arg)
{
	(void)arg;
	fail_msg("TLS cannot be ready here");
}

static void on_tls_failed(void *arg, const char *reason)
{
	struct fixture *f = arg;

	f->tls_failed++;
	strncpy(f->reason, reason, sizeof(f->reason) - 1);
}

static const struct leg_events events = { on_changed, on_connected, on_not_connected, on_tls_ready, on_tls_failed };

/* tcp_pair connects two TCP sockets over loopback, without blocking on either. */
static void tcp_pair(int out[2])
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	out[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(out[0], (struct sockaddr *)&at, sizeof(at)), 0);
	out[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(out[1] >= 0);
	assert_int_equal(close(listener), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(fcntl(out[i], F_SETFL, O_NONBLOCK), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int fds[2];

	(void)signal(SIGPIPE, SIG_IGN);
	tcp_pair(fds);
	f->base = event_base_new();
	f->peer = fds[1];
	f->leg = leg_new(f->base, fds[0], false, &events, f);
	assert_non_null(f->leg);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	leg_free(f->leg);
	if (f->peer >= 0)
		(void)close(f->peer);
	event_base_free(f->base);
	free(f);
	return 0;
}

/* turn runs the loop until nothing is ready at once. */
static void turn(struct fixture *f)
{
	for (int i = 0; i < 200; i++)
		(void)event_base_loop(f->base, EVLOOP_NONBLOCK);
}

static void peer_says(const struct fixture *f, const char *text)
{
	assert_int_equal(send(f->peer, text, strlen(text), 0), (ssize_t)strlen(text));
}

static void test_octets_both_ways(void **state)
{
	struct fixture *f = *state;
	char buf[64];
	size_t len;

	peer_says(f, "220 mx\r\n");
	turn(f);
	assert_true(f->changed > 0);
	const uint8_t *in = leg_input(f->leg, &len);
	assert_int_equal(len, 8);
	assert_memory_equal(in, "220 mx\r\n", 8);
	leg_consume(f->leg, 4);
	in = leg_input(f->leg, &len);
	assert_int_equal(len, 4);
	assert_memory_equal(in, "mx\r\n", 4);

	leg_write(f->leg, "EHLO a\r\n", 8);
	assert_int_equal(leg_unsent(f->leg), 8);
	turn(f);
	assert_int_equal(leg_unsent(f->leg), 0);
	assert_int_equal(recv(f->peer, buf, sizeof(buf), 0), 8);
	assert_memory_equal(buf, "EHLO a\r\n", 8);
	assert_false(leg_is_tls(f->leg));
}

static void test_back_pressure(void **state)
{
	struct fixture *f = *state;
	static char block[65536];
	size_t sent = 0;
	size_t len;
	ssize_t n;

	/* The peer sends as much as the kernel takes: the leg stops at its bound, the rest waits in the sockets. */
	for (int i = 0; i < 1000; i++) {
		n = send(f->peer, block, sizeof(block), 0);
		if (n < 0)
			break;
		sent += (size_t)n;
		turn(f);
	}
	assert_true(sent > LEG_INPUT_MAX);
	(void)leg_input(f->leg, &len);
	assert_in_range(len, LEG_INPUT_MAX, LEG_INPUT_MAX + 16384);
	/* Taken little by little, not one octet is lost. */
	size_t got = 0;
	for (int i = 0; i < 100000 && got < sent; i++) {
		(void)leg_input(f->leg, &len);
		leg_consume(f->leg, len > 1000 ? 1000 : len);
		got += len > 1000 ? 1000 : len;
		(void)event_base_loop(f->base, EVLOOP_NONBLOCK);
	}
	assert_int_equal(got, sent);
}

static void test_peer_ends(void **state)
{
	struct fixture *f = *state;
	size_t len;

	peer_says(f, "bye\r\n");
	assert_int_equal(shutdown(f->peer, SHUT_WR), 0);
	turn(f);
	assert_int_equal(leg_ended(f->leg), LEG_CLOSED);
	(void)leg_input(f->leg, &len);
	assert_int_equal(len, 5); /* what came before the end is there */
	/* Half closed: we may still speak. */
	leg_write(f->leg, "221\r\n", 5);
	turn(f);
	char buf[8];
	assert_int_equal(recv(f->peer, buf, sizeof(buf), 0), 5);
}

static void test_peer_breaks(void **state)
{
	struct fixture *f = *state;
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	assert_int_equal(setsockopt(f->peer, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	assert_int_equal(close(f->peer), 0);
	f->peer = -1;
	turn(f);
	assert_int_equal(leg_ended(f->leg), LEG_BROKEN);
	leg_write(f->leg, "x", 1);
	assert_int_equal(leg_unsent(f->leg), 0);
}

static void test_linger_delivers_all(void **state)
{
	struct fixture *f = *state;
	static char big[300000];
	size_t got = 0;
	char buf[65536];
	ssize_t n;

	memset(big, 'x', sizeof(big));
	peer_says(f, "unread input must not become a reset\r\n");
	turn(f);
	leg_write(f->leg, big, sizeof(big));
	leg_linger(f->leg, 5);
	f->leg = NULL;
	for (int i = 0; i < 100000; i++) {
		(void)event_base_loop(f->base, EVLOOP_NONBLOCK);
		n = recv(f->peer, buf, sizeof(buf), 0);
		if (n == 0)
			break;
		if (n > 0)
			got += (size_t)n;
	}
	assert_int_equal(n, 0); /* an end, no reset */
	assert_int_equal(got, sizeof(big));
	/* The peer's end is the leg's. */
	assert_int_equal(close(f->peer), 0);
	f->peer = -1;
	turn(f);
}

static void test_connect_refused(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int taken = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* bound, does not listen */
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(taken, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(taken, (struct sockaddr *)&at, &len), 0);
	(void)connect(fd, (struct sockaddr *)&at, sizeof(at));
	leg_free(f->leg);
	f->leg = leg_new(f->base, fd, true, &events, f);
	turn(f);
	assert_int_equal(f->not_connected, 1);
	assert_int_equal(f->connected, 0);
	assert_string_equal(f->reason, "Connection refused");
	assert_int_equal(close(taken), 0);
}

static struct tls *tls_on(struct tls_client_ctx *ctx, const struct leg *leg)
{
	struct tls_options options = { .servername = "mx.example" };
	struct tls *tls = tls_new(ctx, leg_fd(leg), &options);

	assert_non_null(tls);
	return tls;
}

/* Response injection: octets in clear behind the 220, in the buffer or still in the socket. */
static void test_octets_where_tls_should_begin(void **state)
{
	struct fixture *f = *state;
	struct conf conf = { 0 };
	char error[TLS_ERROR_MAX];
	struct tls_client_ctx *ctx = tls_client_ctx_new(&conf, 0, error);
	size_t len;

	assert_non_null(ctx);
	peer_says(f, "220 go\r\n250 injected\r\n");
	turn(f);
	leg_consume(f->leg, 8);
	leg_start_tls(f->leg, tls_on(ctx, f->leg));
	assert_int_equal(f->tls_failed, 0); /* never from inside the call */
	turn(f);
	assert_int_equal(f->tls_failed, 1);
	assert_int_equal(leg_ended(f->leg), LEG_BROKEN);
	leg_write(f->leg, "MAIL", 4);
	assert_int_equal(leg_unsent(f->leg), 0);
	assert_false(leg_is_tls(f->leg));
	leg_free(f->leg);

	int fds[2];
	assert_int_equal(close(f->peer), 0);
	tcp_pair(fds);
	f->peer = fds[1];
	f->leg = leg_new(f->base, fds[0], false, &events, f);
	peer_says(f, "250 injected, not read yet\r\n");
	leg_start_tls(f->leg, tls_on(ctx, f->leg));
	turn(f);
	assert_int_equal(f->tls_failed, 2);
	(void)leg_input(f->leg, &len);
	assert_int_equal(leg_ended(f->leg), LEG_BROKEN);
	leg_free(f->leg);
	f->leg = NULL;
	tls_client_ctx_free(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_octets_both_ways, setup, teardown),
		cmocka_unit_test_setup_teardown(test_back_pressure, setup, teardown),
		cmocka_unit_test_setup_teardown(test_peer_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_peer_breaks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_linger_delivers_all, setup, teardown),
		cmocka_unit_test_setup_teardown(test_connect_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_octets_where_tls_should_begin, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

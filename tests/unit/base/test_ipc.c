/* test_ipc.c - channels: whole messages, descriptors, the bounded queue, and how a channel dies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/base/ipc.h"
#include "proxy/base/wire.h"

/* One end under test and what it told; the other end is a bare socket. */
struct end {
	struct event_base *base;
	struct ipc *ipc;
	int peer;
	unsigned messages;
	unsigned closed;
	uint16_t type;
	size_t len;
	uint8_t body[WIRE_MAX];
	int fd;
	bool refuse;        /* the handler calls the next message malformed */
	bool free_on_close; /* the closed callback frees the channel */
	bool sending;       /* inside ipc_send */
	bool echo;          /* the handler sends from inside */
};

static bool on_message(void *arg, uint16_t type, const uint8_t *body, size_t len, int fd)
{
	struct end *end = arg;

	assert_false(end->sending);
	end->messages++;
	end->type = type;
	end->len = len;
	memcpy(end->body, body, len);
	if (end->fd >= 0)
		(void)close(end->fd);
	end->fd = fd;
	if (end->echo)
		(void)!ipc_send(end->ipc, type, body, len, -1);
	return !end->refuse;
}

static void on_closed(void *arg)
{
	struct end *end = arg;

	assert_false(end->sending);
	end->closed++;
	if (end->free_on_close) {
		ipc_free(end->ipc);
		end->ipc = NULL;
	}
}

static int set_up(void **state)
{
	struct end *end = calloc(1, sizeof(*end));
	int fds[2];

	assert_non_null(end);
	assert_true(ipc_pair(fds));
	end->base = event_base_new();
	assert_non_null(end->base);
	end->peer = fds[1];
	end->fd = -1;
	end->ipc = ipc_new(end->base, fds[0], on_message, on_closed, end);
	assert_non_null(end->ipc);
	*state = end;
	return 0;
}

static int tear_down(void **state)
{
	struct end *end = *state;

	ipc_free(end->ipc);
	if (end->fd >= 0)
		(void)close(end->fd);
	if (end->peer >= 0)
		(void)close(end->peer);
	event_base_free(end->base);
	free(end);
	return 0;
}

/* run serves whatever is ready, and returns when nothing is. */
static void run(struct end *end)
{
	for (int i = 0; i < 64; i++)
		(void)event_base_loop(end->base, EVLOOP_NONBLOCK);
}

static bool send_it(struct end *end, uint16_t type, const void *body, size_t len, int fd)
{
	bool ok;

	end->sending = true;
	ok = ipc_send(end->ipc, type, body, len, fd);
	end->sending = false;
	return ok;
}

/* send_fds sends |len| octets and |count| copies of |fd| from the bare end. */
static ssize_t send_fds(int peer, const void *bytes, size_t len, int fd, size_t count)
{
	union {
		char buf[CMSG_SPACE(sizeof(int) * 8)];
		struct cmsghdr align;
	} control;
	char copy[8];
	struct iovec part = { .iov_base = copy, .iov_len = len };
	struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };

	assert_true(len <= sizeof(copy));
	memcpy(copy, bytes, len);
	memset(&control, 0, sizeof(control));
	header.msg_control = control.buf;
	header.msg_controllen = CMSG_SPACE(sizeof(int) * count);
	struct cmsghdr *c = CMSG_FIRSTHDR(&header);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * count);
	for (size_t i = 0; i < count; i++)
		memcpy(CMSG_DATA(c) + i * sizeof(int), &fd, sizeof(int));
	return sendmsg(peer, &header, MSG_NOSIGNAL);
}

/* readers_gone: whether nobody holds the pipe's reading end any more. */
static bool readers_gone(int writing_end)
{
	return write(writing_end, "x", 1) < 0 && errno == EPIPE;
}

static void test_whole_messages_in_order(void **state)
{
	struct end *end = *state;
	uint8_t got[16];

	assert_true(send_it(end, 0x1234, "abc", 3, -1));
	assert_true(send_it(end, 7, NULL, 0, -1));
	assert_int_equal(recv(end->peer, got, sizeof(got), MSG_DONTWAIT), 5);
	assert_memory_equal(got,
			    "\x12\x34"
			    "abc",
			    5);
	assert_int_equal(recv(end->peer, got, sizeof(got), MSG_DONTWAIT), 2);
	assert_memory_equal(got, "\0\7", 2);

	assert_int_equal(send(end->peer, "\xab\xcdxy", 4, 0), 4);
	run(end);
	assert_int_equal(end->messages, 1);
	assert_int_equal(end->type, 0xabcd);
	assert_int_equal(end->len, 2);
	assert_memory_equal(end->body, "xy", 2);
	assert_int_equal(end->fd, -1);
	assert_int_equal(end->closed, 0);
}

static void test_largest_message(void **state)
{
	struct end *end = *state;
	static uint8_t bytes[WIRE_MAX + 1];
	static uint8_t got[WIRE_MAX + 1];

	memset(bytes, 'x', sizeof(bytes));
	assert_false(send_it(end, 1, bytes, WIRE_MAX - 1, -1));
	assert_true(send_it(end, 1, bytes, WIRE_MAX - 2, -1));
	assert_int_equal(recv(end->peer, got, sizeof(got), MSG_DONTWAIT), WIRE_MAX);

	assert_int_equal(send(end->peer, bytes, WIRE_MAX, 0), WIRE_MAX);
	run(end);
	assert_int_equal(end->messages, 1);
	assert_int_equal(end->len, WIRE_MAX - 2);
	assert_int_equal(send(end->peer, bytes, WIRE_MAX + 1, 0), WIRE_MAX + 1);
	run(end);
	assert_int_equal(end->messages, 1);
	assert_int_equal(end->closed, 1);
}

static void test_descriptor_passes_both_ways(void **state)
{
	struct end *end = *state;
	struct end other = { .base = end->base, .peer = -1, .fd = -1 };
	int fds[2];
	int pipes[2];

	/* Two channels against each other: what one sends, the other gets. */
	ipc_free(end->ipc);
	assert_true(ipc_pair(fds));
	end->ipc = ipc_new(end->base, fds[0], on_message, on_closed, end);
	other.ipc = ipc_new(end->base, fds[1], on_message, on_closed, &other);
	assert_non_null(end->ipc);
	assert_non_null(other.ipc);

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_true(send_it(end, 5, "fd", 2, pipes[0]));
	(void)close(pipes[0]); /* the channel has its own */
	run(end);
	assert_int_equal(other.messages, 1);
	assert_true(other.fd >= 0);
	assert_int_equal(fcntl(other.fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(write(pipes[1], "z", 1), 1);
	char got = 0;
	assert_int_equal(read(other.fd, &got, 1), 1);
	assert_int_equal(got, 'z');

	/* The next message has none. */
	assert_true(send_it(end, 6, NULL, 0, -1));
	run(end);
	assert_int_equal(other.messages, 2);
	assert_int_equal(other.fd, -1);
	assert_true(readers_gone(pipes[1]));
	(void)close(pipes[1]);
	ipc_free(other.ipc);
}

static void test_bad_descriptor_is_not_sent(void **state)
{
	struct end *end = *state;
	uint8_t got[4];

	assert_false(send_it(end, 1, NULL, 0, 1 << 20));
	assert_int_equal(recv(end->peer, got, sizeof(got), MSG_DONTWAIT), -1);
	assert_true(send_it(end, 1, NULL, 0, -1));
	assert_int_equal(end->closed, 0);
}

/* Of descriptors that come along unasked, none stays open. */
static void test_surplus_descriptors_are_closed(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		size_t count;
		unsigned messages;
		unsigned closed;
	} cases[] = {
		{ "\0\1", 2, 1, 1, 0 }, /* one: the handler's */
		{ "\0\1", 2, 3, 1, 0 }, /* three: the first is the handler's */
		{ "\0\1", 2, 8, 0, 1 }, /* more than there is room for */
		{ "\0", 1, 2, 0, 1 },   /* no type */
		{ "", 0, 2, 0, 1 },     /* nothing at all */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		void *one = NULL;
		int pipes[2];
		assert_int_equal(set_up(&one), 0);
		struct end *end = one;
		assert_int_equal(pipe2(pipes, O_CLOEXEC | O_NONBLOCK), 0);
		assert_int_equal(send_fds(end->peer, cases[i].bytes, cases[i].len, pipes[0], cases[i].count),
				 (ssize_t)cases[i].len);
		(void)close(pipes[0]);
		run(end);
		assert_int_equal(end->messages, cases[i].messages);
		assert_int_equal(end->closed, cases[i].closed);
		if (cases[i].messages > 0) {
			assert_true(end->fd >= 0);
			(void)close(end->fd);
			end->fd = -1;
		}
		assert_true(readers_gone(pipes[1]));
		(void)close(pipes[1]);
		(void)tear_down(&one);
	}
}

/* fill sends until the channel has no room, and returns how many messages it took. */
static unsigned fill(struct end *end)
{
	static const uint8_t body[1000];
	unsigned taken = 0;

	while (ipc_room(end->ipc)) {
		assert_true(send_it(end, (uint16_t)taken, body, sizeof(body), -1));
		taken++;
	}
	assert_false(send_it(end, 0xffff, body, sizeof(body), -1));
	return taken;
}

static void test_queue_is_bounded_and_in_order(void **state)
{
	struct end *end = *state;
	uint8_t got[2000];
	unsigned taken = fill(end);
	unsigned seen = 0;

	/* The kernel's buffer and the queue: the queue alone has IPC_QUEUE_MAX. */
	assert_true(taken >= IPC_QUEUE_MAX);
	for (int idle = 0; idle < 2;) {
		ssize_t n = recv(end->peer, got, sizeof(got), MSG_DONTWAIT);
		if (n < 0) {
			idle++;
			run(end);
			continue;
		}
		idle = 0;
		assert_int_equal(n, 1002);
		assert_int_equal(got[0] << 8 | got[1], seen);
		seen++;
	}
	assert_int_equal(seen, taken);
	assert_true(ipc_room(end->ipc));
	assert_true(send_it(end, 1, NULL, 0, -1));
	assert_int_equal(end->closed, 0);
}

static void test_freeing_a_full_channel_closes_its_descriptors(void **state)
{
	struct end *end = *state;
	int pipes[2];
	unsigned taken = 0;

	assert_int_equal(pipe2(pipes, O_CLOEXEC | O_NONBLOCK), 0);
	while (ipc_room(end->ipc) && send_it(end, 1, NULL, 0, pipes[0]))
		taken++;
	assert_true(taken > 0);
	(void)close(pipes[0]);
	ipc_free(end->ipc);
	end->ipc = NULL;
	(void)close(end->peer);
	end->peer = -1;
	assert_true(readers_gone(pipes[1]));
	(void)close(pipes[1]);
}

static void test_malformed_message_ends_the_channel(void **state)
{
	struct end *end = *state;

	end->refuse = true;
	assert_int_equal(send(end->peer, "\0\1a", 3, 0), 3);
	assert_int_equal(send(end->peer, "\0\2b", 3, 0), 3);
	run(end);
	assert_int_equal(end->messages, 1); /* the second was not even looked at */
	assert_int_equal(end->closed, 1);
	assert_false(ipc_room(end->ipc));
	assert_false(send_it(end, 1, NULL, 0, -1));
	run(end);
	assert_int_equal(end->closed, 1);
}

static void test_last_words_are_heard(void **state)
{
	struct end *end = *state;

	assert_int_equal(send(end->peer, "\0\1", 2, 0), 2);
	assert_int_equal(send(end->peer, "\0\2", 2, 0), 2);
	(void)close(end->peer);
	end->peer = -1;
	end->free_on_close = true;
	run(end);
	assert_int_equal(end->messages, 2);
	assert_int_equal(end->closed, 1);
}

/* The peer is gone when we send: the callback comes later, from the loop, once. */
static void test_death_is_not_told_from_inside_send(void **state)
{
	struct end *end = *state;

	(void)close(end->peer);
	end->peer = -1;
	(void)send_it(end, 1, NULL, 0, -1);
	assert_int_equal(end->closed, 0);
	assert_false(ipc_room(end->ipc));
	assert_false(send_it(end, 2, NULL, 0, -1));
	assert_int_equal(end->closed, 0);
	end->free_on_close = true;
	run(end);
	assert_int_equal(end->closed, 1);
	assert_null(end->ipc);
}

static void test_last_words_are_heard_after_a_failed_send(void **state)
{
	struct end *end = *state;

	assert_int_equal(send(end->peer, "\0\3", 2, 0), 2);
	(void)close(end->peer);
	end->peer = -1;
	(void)send_it(end, 1, NULL, 0, -1);
	run(end);
	assert_int_equal(end->messages, 1);
	assert_int_equal(end->type, 3);
	assert_int_equal(end->closed, 1);
}

static void test_free_before_death_is_told(void **state)
{
	struct end *end = *state;

	(void)close(end->peer);
	end->peer = -1;
	(void)send_it(end, 1, NULL, 0, -1);
	ipc_free(end->ipc);
	end->ipc = NULL;
	run(end);
	assert_int_equal(end->closed, 0);
}

static void test_handler_may_send(void **state)
{
	struct end *end = *state;
	uint8_t got[8];

	end->echo = true;
	assert_int_equal(send(end->peer, "\0\1a", 3, 0), 3);
	run(end);
	assert_int_equal(recv(end->peer, got, sizeof(got), MSG_DONTWAIT), 3);

	/* The peer is gone by the time the handler answers. */
	assert_int_equal(send(end->peer, "\0\2b", 3, 0), 3);
	(void)close(end->peer);
	end->peer = -1;
	run(end);
	assert_int_equal(end->messages, 2);
	assert_int_equal(end->closed, 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_whole_messages_in_order),
		CASE(test_largest_message),
		CASE(test_descriptor_passes_both_ways),
		CASE(test_bad_descriptor_is_not_sent),
		cmocka_unit_test(test_surplus_descriptors_are_closed),
		CASE(test_queue_is_bounded_and_in_order),
		CASE(test_freeing_a_full_channel_closes_its_descriptors),
		CASE(test_malformed_message_ends_the_channel),
		CASE(test_last_words_are_heard),
		CASE(test_death_is_not_told_from_inside_send),
		CASE(test_last_words_are_heard_after_a_failed_send),
		CASE(test_free_before_death_is_told),
		CASE(test_handler_may_send),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

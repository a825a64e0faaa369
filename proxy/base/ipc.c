/* ipc.c - see ipc.h. */
#include "proxy/base/ipc.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/base/wire.h"

struct message {
	STAILQ_ENTRY(message) next;
	int fd;
	size_t len;
	uint8_t bytes[];
};

struct ipc {
	int fd;
	bool broken; /* see break_off */
	bool dead;   /* and nothing is read any more */
	struct event *readable;
	struct event *writable;
	ipc_message_fn *message;
	ipc_closed_fn *closed;
	void *arg;
	size_t queued;
	STAILQ_HEAD(, message) queue;
	uint8_t in[WIRE_MAX];
};

static void message_free(struct message *message)
{
	if (message->fd >= 0)
		(void)close(message->fd);
	free(message);
}

/* break_off: nothing can be sent any more. What the peer said before is still read, and then its end is reported, both
 * from the loop: no caller of ipc_send is called back from inside it. */
static void break_off(struct ipc *ipc)
{
	ipc->broken = true;
	(void)event_del(ipc->writable);
	event_active(ipc->readable, EV_TIMEOUT, 0);
}

/* transmit returns 1 for sent, 0 for try later, -1 for a dead channel. */
static int transmit(int fd, struct message *message)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec part = { .iov_base = message->bytes, .iov_len = message->len };
	struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };

	if (message->fd >= 0) {
		memset(&control, 0, sizeof(control));
		header.msg_control = control.buf;
		header.msg_controllen = sizeof(control.buf);
		struct cmsghdr *c = CMSG_FIRSTHDR(&header);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &message->fd, sizeof(int));
	}
	for (;;) {
		if (sendmsg(fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return 1;
		if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)
			return 0;
		if (errno != EINTR)
			return -1;
	}
}

static void flush_queue(struct ipc *ipc)
{
	struct message *message;

	while ((message = STAILQ_FIRST(&ipc->queue)) != NULL) {
		int sent = transmit(ipc->fd, message);
		if (sent == 0) {
			(void)event_add(ipc->writable, NULL);
			return;
		}
		if (sent < 0) {
			break_off(ipc);
			return;
		}
		STAILQ_REMOVE_HEAD(&ipc->queue, next);
		ipc->queued--;
		message_free(message);
	}
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	flush_queue(arg);
}

/* take_fd returns the first descriptor that came along, -1 for none, and closes any others. */
static int take_fd(struct msghdr *header)
{
	int kept = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (kept < 0)
				kept = fd;
			else
				(void)close(fd);
		}
	}
	return kept;
}

/* receive reads one message. Returns false when there is nothing more to read now. */
static bool receive(struct ipc *ipc)
{
	union {
		char buf[CMSG_SPACE(sizeof(int) * 4)];
		struct cmsghdr align;
	} control;
	struct iovec part = { .iov_base = ipc->in, .iov_len = sizeof(ipc->in) };
	struct msghdr header = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.buf, .msg_controllen = sizeof(control.buf)
	};
	ssize_t n = recvmsg(ipc->fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0 && errno == EINTR)
		return true;
	if (n < 0) {
		ipc->dead = ipc->broken || (errno != EAGAIN && errno != EWOULDBLOCK);
		return false;
	}
	int fd = take_fd(&header); /* of an empty message, too, which looks like the end */
	if (n < 2 || (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
		if (fd >= 0)
			(void)close(fd);
		ipc->dead = true;
		return false;
	}
	uint16_t type = (uint16_t)(ipc->in[0] << 8 | ipc->in[1]);
	ipc->dead = !ipc->message(ipc->arg, type, ipc->in + 2, (size_t)n - 2, fd);
	return !ipc->dead;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct ipc *ipc = arg;

	(void)fd;
	(void)what;
	/* A bounded batch, so that one busy channel does not starve the loop. */
	for (int i = 0; i < 32; i++) {
		if (!receive(ipc))
			break;
	}
	if (ipc->dead) {
		(void)event_del(ipc->readable);
		(void)event_del(ipc->writable);
		ipc->closed(ipc->arg);
	} else if (ipc->broken) {
		event_active(ipc->readable, EV_TIMEOUT, 0);
	}
}

struct ipc *ipc_new(struct event_base *base, int fd, ipc_message_fn *message, ipc_closed_fn *closed, void *arg)
{
	struct ipc *ipc = calloc(1, sizeof(*ipc));

	if (ipc == NULL) {
		(void)close(fd);
		return NULL;
	}
	ipc->fd = fd;
	ipc->message = message;
	ipc->closed = closed;
	ipc->arg = arg;
	STAILQ_INIT(&ipc->queue);
	(void)evutil_make_socket_nonblocking(fd);
	ipc->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, ipc);
	ipc->writable = event_new(base, fd, EV_WRITE, on_writable, ipc);
	if (ipc->readable == NULL || ipc->writable == NULL || event_add(ipc->readable, NULL) != 0) {
		ipc_free(ipc);
		return NULL;
	}
	return ipc;
}

void ipc_free(struct ipc *ipc)
{
	struct message *message;

	if (ipc == NULL)
		return;
	if (ipc->readable != NULL)
		event_free(ipc->readable);
	if (ipc->writable != NULL)
		event_free(ipc->writable);
	while ((message = STAILQ_FIRST(&ipc->queue)) != NULL) {
		STAILQ_REMOVE_HEAD(&ipc->queue, next);
		message_free(message);
	}
	(void)close(ipc->fd);
	free(ipc);
}

bool ipc_room(const struct ipc *ipc)
{
	return !ipc->broken && !ipc->dead && ipc->queued < IPC_QUEUE_MAX;
}

int ipc_fd(const struct ipc *ipc)
{
	return ipc->fd;
}

size_t ipc_queued(const struct ipc *ipc)
{
	return ipc->queued;
}

bool ipc_send(struct ipc *ipc, uint16_t type, const void *body, size_t len, int fd)
{
	struct message *message;

	if (!ipc_room(ipc) || len > WIRE_MAX - 2)
		return false;
	message = malloc(sizeof(*message) + len + 2);
	if (message == NULL)
		return false;
	message->fd = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
	if (fd >= 0 && message->fd < 0) {
		free(message);
		return false;
	}
	message->len = len + 2;
	message->bytes[0] = (uint8_t)(type >> 8);
	message->bytes[1] = (uint8_t)type;
	if (len > 0)
		memcpy(message->bytes + 2, body, len);
	STAILQ_INSERT_TAIL(&ipc->queue, message, next);
	ipc->queued++;
	flush_queue(ipc);
	return true;
}

bool ipc_pair(int out_fds[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, out_fds) == 0;
}

/* tlsrpt_outbox.c - see tlsrpt_outbox.h. */
#include "policy/tlsrpt/tlsrpt_outbox.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "proxy/base/log.h"

#define FULL_MS   50           /* until a collector that is busy is tried again */
#define ABSENT_MS 1000         /* or one that is not there */
#define ROOM      (256 * 1024) /* of the socket: a datagram must fit into it */

struct datagram {
	TAILQ_ENTRY(datagram) next;
	uint64_t at_s;
	size_t len;
	char *bytes;
};

struct tlsrpt_outbox {
	struct tlsrpt_outbox_limits limits;
	int fd;
	struct sockaddr_un to; /* family 0: nowhere */
	TAILQ_HEAD(, datagram) waiting;
	size_t bytes;
	struct event *again;
	struct event *quiet; /* pending: losses were told just now */
	struct tlsrpt_outbox_count count;
	uint64_t untold; /* losses */
	char why[128];   /* of the last one */
};

static uint64_t now_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec;
}

/* --- losses ------------------------------------------------------------------------------------------------------- */

static void tell(struct tlsrpt_outbox *outbox)
{
	const struct timeval later = { .tv_sec = (time_t)outbox->limits.quiet_s };

	log_say(LOG_LEVEL_WARNING, "tlsrpt-lost", "%" PRIu64 " TLS report(s) did not reach the collector: %s",
		outbox->untold, outbox->why);
	outbox->untold = 0;
	(void)event_add(outbox->quiet, &later);
}

static void on_quiet(evutil_socket_t fd, short what, void *arg)
{
	struct tlsrpt_outbox *outbox = arg;

	(void)fd;
	(void)what;
	if (outbox->untold > 0)
		tell(outbox);
}

void tlsrpt_outbox_lost(struct tlsrpt_outbox *outbox, const char *why)
{
	outbox->count.lost++;
	outbox->untold++;
	(void)snprintf(outbox->why, sizeof(outbox->why), "%s", why);
	if (!event_pending(outbox->quiet, EV_TIMEOUT, NULL))
		tell(outbox);
}

/* --- sending ------------------------------------------------------------------------------------------------------ */

static void datagram_free(struct tlsrpt_outbox *outbox, struct datagram *datagram)
{
	TAILQ_REMOVE(&outbox->waiting, datagram, next);
	outbox->count.waiting--;
	outbox->bytes -= datagram->len;
	free(datagram->bytes);
	free(datagram);
}

/* post returns 0, or errno. */
static int post(const struct tlsrpt_outbox *outbox, const char *bytes, size_t len)
{
	ssize_t sent = sendto(outbox->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&outbox->to,
			      sizeof(outbox->to));

	return sent < 0 ? errno : 0;
}

static bool is_full(int err)
{
	return err == EAGAIN || err == EWOULDBLOCK || err == ENOBUFS || err == ENOMEM || err == EINTR;
}

static void lost_of(struct tlsrpt_outbox *outbox, int err)
{
	char why[160];

	if (is_full(err))
		(void)snprintf(why, sizeof(why), "it does not take them fast enough");
	else
		(void)snprintf(why, sizeof(why), "%.60s: %s", outbox->to.sun_path, strerror(err));
	tlsrpt_outbox_lost(outbox, why);
}

static void again_soon(struct tlsrpt_outbox *outbox, int err)
{
	unsigned ms = is_full(err) ? FULL_MS : ABSENT_MS;
	const struct timeval soon = { .tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000 };

	(void)event_add(outbox->again, &soon);
}

static void send_waiting(struct tlsrpt_outbox *outbox)
{
	struct datagram *datagram;

	while ((datagram = TAILQ_FIRST(&outbox->waiting)) != NULL) {
		/* clang 14 loses sight of the list's head. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		int err = post(outbox, datagram->bytes, datagram->len);
		bool old = now_s() - datagram->at_s >= outbox->limits.patience_s;
		if (err == 0) {
			outbox->count.sent++;
		} else if (err != EMSGSIZE && !old) {
			again_soon(outbox, err);
			return;
		} else {
			lost_of(outbox, err);
		}
		datagram_free(outbox, datagram);
	}
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	send_waiting(arg);
}

void tlsrpt_outbox_send(struct tlsrpt_outbox *outbox, char *bytes, size_t len)
{
	struct datagram *datagram = NULL;

	if (outbox->to.sun_family == 0) {
		free(bytes);
		return;
	}
	if (outbox->count.waiting < outbox->limits.datagrams_max && len <= outbox->limits.bytes_max - outbox->bytes)
		datagram = calloc(1, sizeof(*datagram));
	if (datagram == NULL) {
		tlsrpt_outbox_lost(outbox, "too many wait for it");
		free(bytes);
		return;
	}
	*datagram = (struct datagram){ .at_s = now_s(), .len = len, .bytes = bytes };
	TAILQ_INSERT_TAIL(&outbox->waiting, datagram, next);
	outbox->count.waiting++;
	outbox->bytes += len;
	if (!event_pending(outbox->again, EV_TIMEOUT, NULL))
		send_waiting(outbox);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

void tlsrpt_outbox_path(struct tlsrpt_outbox *outbox, const char *path)
{
	struct datagram *datagram;

	if (path != NULL && outbox->to.sun_family != 0 && strcmp(outbox->to.sun_path, path) == 0)
		return;
	memset(&outbox->to, 0, sizeof(outbox->to));
	if (path != NULL && strlen(path) < sizeof(outbox->to.sun_path)) {
		outbox->to.sun_family = AF_UNIX;
		(void)snprintf(outbox->to.sun_path, sizeof(outbox->to.sun_path), "%s", path);
		return;
	}
	if (path != NULL)
		log_say(LOG_LEVEL_ERROR, "tlsrpt",
			"no reports: the path of tlsrpt-socket is longer than a socket's can be");
	while ((datagram = TAILQ_FIRST(&outbox->waiting)) != NULL)
		/* clang 14 loses sight of the list's head. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		datagram_free(outbox, datagram);
}

struct tlsrpt_outbox *tlsrpt_outbox_new(struct event_base *base, const struct tlsrpt_outbox_limits *limits, char *err,
					size_t err_len)
{
	struct tlsrpt_outbox *outbox = calloc(1, sizeof(*outbox));
	int room = ROOM;

	(void)snprintf(err, err_len, "out of memory");
	if (outbox == NULL)
		return NULL;
	outbox->limits = *limits;
	TAILQ_INIT(&outbox->waiting);
	outbox->again = evtimer_new(base, on_again, outbox);
	outbox->quiet = evtimer_new(base, on_quiet, outbox);
	outbox->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (outbox->fd < 0)
		(void)snprintf(err, err_len, "no socket for TLS reports: %s", strerror(errno));
	if (outbox->again == NULL || outbox->quiet == NULL || outbox->fd < 0) {
		tlsrpt_outbox_free(outbox);
		return NULL;
	}
	/* A default that somebody made small must not make reports too large. */
	(void)setsockopt(outbox->fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	return outbox;
}

void tlsrpt_outbox_free(struct tlsrpt_outbox *outbox)
{
	if (outbox == NULL)
		return;
	tlsrpt_outbox_path(outbox, NULL);
	if (outbox->again != NULL)
		event_free(outbox->again);
	if (outbox->quiet != NULL)
		event_free(outbox->quiet);
	if (outbox->fd >= 0)
		(void)close(outbox->fd);
	free(outbox);
}

struct tlsrpt_outbox_count tlsrpt_outbox_count(const struct tlsrpt_outbox *outbox)
{
	return outbox->count;
}

/* role.c - see role.h. */
#include "proxy/base/role.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "proxy/base/log.h"
#include "proxy/base/sealed.h"
#include "proxy/base/wire.h"

static const char *const names[ROLE_COUNT] = { "worker", "policy", "monitor" };

const char *role_name(enum role role)
{
	return (unsigned)role < ROLE_COUNT ? names[role] : "unknown";
}

/* --- bodies: writer and reader side by side ---------------------------------------------------------------------- */

bool role_ca_send(struct ipc *ipc, unsigned index, int fd)
{
	uint8_t body[2];
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	wire_put_u16(&w, (uint16_t)index);
	return ipc_send(ipc, ROLE_MSG_CA, body, w.len, fd);
}

bool role_ca_get(const uint8_t *body, size_t len, unsigned *out_index)
{
	struct wire_reader r;

	wire_reader_init(&r, body, len);
	*out_index = wire_get_u16(&r);
	return wire_done(&r) && *out_index < ROLE_CA_MAX;
}

bool role_client_tls_send(struct ipc *ipc, enum role_client_tls which, int fd)
{
	uint8_t body = (uint8_t)which;

	return ipc_send(ipc, ROLE_MSG_CLIENT_TLS, &body, 1, fd);
}

bool role_client_tls_get(const uint8_t *body, size_t len, enum role_client_tls *out)
{
	struct wire_reader r;

	wire_reader_init(&r, body, len);
	*out = (enum role_client_tls)wire_get_enum(&r, ROLE_CLIENT_TLS_COUNT);
	return wire_done(&r);
}

bool role_conf_send(struct ipc *ipc, uint32_t generation, uint8_t flags, int fd)
{
	uint8_t body[5];
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	wire_put_u32(&w, generation);
	wire_put_u8(&w, flags);
	return ipc_send(ipc, ROLE_MSG_CONF, body, w.len, fd);
}

bool role_conf_get(const uint8_t *body, size_t len, uint32_t *out_generation, uint8_t *out_flags)
{
	struct wire_reader r;

	wire_reader_init(&r, body, len);
	*out_generation = wire_get_u32(&r);
	*out_flags = wire_get_u8(&r);
	return wire_done(&r);
}

bool role_peer_send(struct ipc *ipc, enum role role, unsigned slot, int fd)
{
	uint8_t body[3];
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	wire_put_u8(&w, (uint8_t)role);
	wire_put_u16(&w, (uint16_t)slot);
	return ipc_send(ipc, ROLE_MSG_PEER, body, w.len, fd);
}

bool role_peer_get(const uint8_t *body, size_t len, enum role *out_role, unsigned *out_slot)
{
	struct wire_reader r;

	wire_reader_init(&r, body, len);
	*out_role = (enum role)wire_get_enum(&r, ROLE_COUNT);
	*out_slot = wire_get_u16(&r);
	return wire_done(&r) && *out_slot < ROLE_SLOTS_MAX;
}

bool role_slot_send(struct ipc *ipc, enum role_message type, unsigned slot, int fd)
{
	uint8_t body[2];
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	wire_put_u16(&w, (uint16_t)slot);
	return ipc_send(ipc, (uint16_t)type, body, w.len, fd);
}

bool role_slot_get(const uint8_t *body, size_t len, unsigned *out_slot)
{
	struct wire_reader r;

	wire_reader_init(&r, body, len);
	*out_slot = wire_get_u16(&r);
	return wire_done(&r) && *out_slot < ROLE_SLOTS_MAX;
}

bool role_drain_send(struct ipc *ipc, uint32_t limit_s)
{
	uint8_t body[4];
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	wire_put_u32(&w, limit_s);
	return ipc_send(ipc, ROLE_MSG_DRAIN, body, w.len, -1);
}

bool role_drain_get(const uint8_t *body, size_t len, uint32_t *out_limit_s)
{
	struct wire_reader r;

	wire_reader_init(&r, body, len);
	*out_limit_s = wire_get_u32(&r);
	return wire_done(&r) && *out_limit_s > 0;
}

bool role_listener_send(struct ipc *ipc, enum role_listener kind, int fd)
{
	uint8_t body = (uint8_t)kind;

	return ipc_send(ipc, ROLE_MSG_LISTENER, &body, 1, fd);
}

bool role_dnssec_send(struct ipc *ipc, const struct dnssec_report *report)
{
	uint8_t body[DNSSEC_REPORT_MAX];
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	dnssec_report_put(&w, report);
	return !w.failed && ipc_send(ipc, ROLE_MSG_DNSSEC, body, w.len, -1);
}

/* --- start -------------------------------------------------------------------------------------------------------- */

static char *read_sealed_and_close(int fd)
{
	size_t len;
	char *text = fd >= 0 ? sealed_read(fd, &len) : NULL;

	if (fd >= 0)
		(void)close(fd);
	if (text == NULL)
		log_die("start", "the parent sent no readable memory: %s", strerror(errno));
	return text;
}

static void take_listener(struct role_start *out, const uint8_t *body, size_t len, int fd)
{
	unsigned at = len == 1 && body[0] == ROLE_LISTENER_CONTROL ? 1 : 0;

	if (len != 1 || fd < 0 || body[0] > ROLE_LISTENER_CONTROL)
		log_die("start", "malformed listener message");
	out->listeners[at] = fd;
}

static void replace(int *at, int fd)
{
	if (*at >= 0)
		(void)close(*at);
	*at = fd;
}

static void take_peer(struct role_start *out, const uint8_t *body, size_t len, int fd)
{
	enum role role;
	unsigned slot;

	if (!role_peer_get(body, len, &role, &slot) || fd < 0)
		log_die("start", "malformed peer message");
	switch (role) {
	case ROLE_WORKER: replace(&out->worker_fds[slot], fd); break;
	case ROLE_POLICY: replace(&out->policy_fd, fd); break;
	case ROLE_MONITOR: replace(&out->monitor_fd, fd); break;
	case ROLE_COUNT: break;
	}
}

static void take_ca(struct role_start *out, const uint8_t *body, size_t len, int fd)
{
	unsigned index;

	if (!role_ca_get(body, len, &index))
		log_die("start", "malformed CA message");
	out->ca_text[index] = read_sealed_and_close(fd);
	if (index >= out->ca_count)
		out->ca_count = index + 1;
}

/* take_folder makes the role's folder its working directory: so it needs no way to it, and "." is its path, in the
 * sandbox too. */
static void take_folder(struct role_start *out, int fd)
{
	if (fd < 0)
		log_die("start", "malformed folder message");
	out->has_folder = fchdir(fd) == 0;
	if (!out->has_folder)
		log_errno(LOG_LEVEL_WARNING, "state-dir",
			  "the folder of this process cannot be entered; nothing is kept there");
	(void)close(fd);
}

static void take_client_tls(struct role_start *out, const uint8_t *body, size_t len, int fd)
{
	enum role_client_tls which;

	if (!role_client_tls_get(body, len, &which))
		log_die("start", "malformed client TLS message");
	free(out->client_tls_text[which]);
	out->client_tls_text[which] = read_sealed_and_close(fd);
}

/* take handles one message of the first batch; false after the last. */
static bool take(struct role_start *out, uint16_t type, const uint8_t *body, size_t len, int fd)
{
	unsigned slot;

	switch (type) {
	case ROLE_MSG_CONF:
		if (!role_conf_get(body, len, &out->generation, &out->flags))
			log_die("start", "malformed configuration message");
		out->conf_text = read_sealed_and_close(fd);
		return true;
	case ROLE_MSG_CA: take_ca(out, body, len, fd); return true;
	case ROLE_MSG_ANCHORS:
		free(out->anchors_text);
		out->anchors_text = read_sealed_and_close(fd);
		return true;
	case ROLE_MSG_LIST:
		free(out->list_text);
		out->list_text = read_sealed_and_close(fd);
		return true;
	case ROLE_MSG_FOLDER: take_folder(out, fd); return true;
	case ROLE_MSG_CLIENT_TLS: take_client_tls(out, body, len, fd); return true;
	case ROLE_MSG_LISTENER: take_listener(out, body, len, fd); return true;
	case ROLE_MSG_PEER: take_peer(out, body, len, fd); return true;
	case ROLE_MSG_COUNTERS:
		if (!role_slot_get(body, len, &slot) || fd < 0)
			log_die("start", "malformed counters message");
		replace(&out->counters_fds[slot], fd);
		return true;
	case ROLE_MSG_PAST:
		if (fd < 0)
			log_die("start", "malformed message about the past");
		replace(&out->past_fd, fd);
		return true;
	case ROLE_MSG_START:
		if (!role_slot_get(body, len, &out->slot))
			log_die("start", "malformed start message");
		return false;
	default: log_die("start", "unexpected message %u from the parent", (unsigned)type);
	}
}

/* receive_one reads one whole message from the parent, blocking. */
static size_t receive_one(uint8_t *buf, size_t cap, int *out_fd)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec part = { .iov_base = buf, .iov_len = cap };
	struct msghdr header = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.buf, .msg_controllen = sizeof(control.buf)
	};
	ssize_t n;

	do
		n = recvmsg(ROLE_FD, &header, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 2 || (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
		log_die("start", "a role is started by the gate25 parent, not by hand");
	*out_fd = -1;
	struct cmsghdr *c = CMSG_FIRSTHDR(&header);
	if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(out_fd, CMSG_DATA(c), sizeof(int));
	return (size_t)n;
}

void role_receive(struct role_start *out)
{
	static uint8_t buf[WIRE_MAX];
	bool more = true;

	*out = (struct role_start){ .listeners = { -1, -1 }, .policy_fd = -1, .monitor_fd = -1, .past_fd = -1 };
	for (size_t i = 0; i < ROLE_SLOTS_MAX; i++)
		out->worker_fds[i] = out->counters_fds[i] = -1;
	/* The pair was made non-blocking on the parent's side only; a file status flag belongs to one end. */
	(void)fcntl(ROLE_FD, F_SETFD, FD_CLOEXEC);
	while (more) {
		int fd;
		size_t len = receive_one(buf, sizeof(buf), &fd);
		more = take(out, (uint16_t)(buf[0] << 8 | buf[1]), buf + 2, len - 2, fd);
	}
	if (out->conf_text == NULL)
		log_die("start", "the parent sent no configuration");
	if (!conf_parse(&out->conf, "gate25.conf", out->conf_text, conf_log_error, NULL))
		log_die("start", "the configuration that the parent accepted was not understood here");
	log_init(log_role(), out->conf.log_level, out->conf.log_format);
}

const char *role_folder(const struct role_start *start)
{
	return start->has_folder ? "." : NULL;
}

void role_start_cleanup(struct role_start *start)
{
	free(start->conf_text);
	free(start->anchors_text);
	free(start->list_text);
	for (unsigned i = 0; i < ROLE_CA_MAX; i++)
		free(start->ca_text[i]);
	for (unsigned i = 0; i < ROLE_CLIENT_TLS_COUNT; i++) {
		char *text = start->client_tls_text[i];
		if (text != NULL)
			explicit_bzero(text, strlen(text));
		free(text);
	}
	conf_cleanup(&start->conf);
	*start = (struct role_start){ .listeners = { -1, -1 }, .policy_fd = -1, .monitor_fd = -1, .past_fd = -1 };
}

void role_sandbox(enum sandbox which, const struct sandbox_limits *limits)
{
	char err[256];
	bool landlock;

	/* The C library reads the time zone at its first use: afterwards it could not. */
	tzset();
	if (!sandbox_enter(which, limits, &landlock, err, sizeof(err)))
		log_die("sandbox", "%s", err);
	if (!landlock)
		log_say(LOG_LEVEL_WARNING, "sandbox",
			"this kernel has no Landlock; seccomp alone confines this process");
}

/* --- running ------------------------------------------------------------------------------------------------------ */

/* Process-wide as the logger is: where its lines go. */
static struct ipc *log_ipc;

static void log_to_parent(enum log_level level, const char *line, size_t len)
{
	uint8_t body[LOG_LINE_MAX + 8];
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	wire_put_u8(&w, (uint8_t)level);
	wire_put_bytes(&w, line, len);
	/* A full queue drops the line: a log must not hold up mail. */
	if (log_ipc != NULL && !w.failed)
		(void)!ipc_send(log_ipc, ROLE_MSG_LOG, body, w.len, -1);
}

void role_log_through(struct ipc *ipc)
{
	log_ipc = ipc;
	log_set_sink(ipc != NULL ? log_to_parent : NULL);
}

static struct event *alive; /* likewise: there is one parent */

static void on_alive(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)!ipc_send(arg, ROLE_MSG_ALIVE, NULL, 0, -1);
}

void role_say_alive(struct event_base *base, struct ipc *ipc)
{
	const struct timeval every = { .tv_sec = ROLE_ALIVE_S };

	alive = event_new(base, -1, EV_PERSIST, on_alive, ipc);
	if (alive == NULL || event_add(alive, &every) != 0 || !ipc_send(ipc, ROLE_MSG_READY, NULL, 0, -1))
		log_die("start", "cannot tell the parent that this role is ready");
}

void role_parent_gone(void)
{
	if (alive != NULL)
		event_free(alive);
	alive = NULL;
	role_log_through(NULL);
}

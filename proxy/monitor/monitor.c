/* monitor.c - see monitor.h. */
#include "proxy/monitor/monitor.h"

#include <errno.h>
#include <event2/event.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "proxy/base/ipc.h"
#include "proxy/base/log.h"
#include "proxy/base/role.h"
#include "proxy/base/sealed.h"
#include "proxy/monitor/monitor_http.h"
#include "proxy/monitor/monitor_record.h"
#include "proxy/monitor/monitor_state.h"
#include "proxy/report/history_writer.h"

struct monitor;

struct worker_link {
	struct monitor *monitor;
	struct ipc *ipc; /* NULL: no such worker now */
};

struct monitor {
	struct event_base *base;
	struct ipc *parent;
	int conf_fd; /* the next configuration, until RELOAD; -1: none */
	struct monitor_state state;
	struct monitor_http *servers[2];
	struct history_writer *history; /* NULL: none is kept */
	struct event *history_due;
	struct worker_link workers[ROLE_SLOTS_MAX];
};

static void close_fd(int fd)
{
	if (fd >= 0)
		(void)close(fd);
}

/* --- history ------------------------------------------------------------------------------------------------------ */

static uint64_t now_s(void)
{
	return (uint64_t)time(NULL);
}

static void tell_history(struct monitor *monitor, const struct monitor_record *record)
{
	struct history_row row;

	if (monitor->history == NULL)
		return;
	monitor_record_row(&row, record);
	if (row.sessions + row.messages + row.events > 0)
		history_writer_add(monitor->history, &row);
}

static void on_history_due(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	history_writer_flush(((struct monitor *)arg)->history);
}

static uint64_t history_bytes(const struct conf *conf)
{
	return (uint64_t)conf->history_mib << 20;
}

static void open_history(struct monitor *monitor, const char *folder, const struct conf *conf)
{
	const struct history_writer_options options = { folder, history_bytes(conf), conf->enforce, now_s };
	const struct timeval every = { .tv_sec = HISTORY_FLUSH_S };

	if (folder == NULL || conf->history_mib == 0)
		return;
	(void)umask(022); /* its folder says who may read it */
	monitor->history = history_writer_new(&options);
	if (monitor->history == NULL) {
		log_errno(LOG_LEVEL_WARNING, "history", "no history is kept");
		return;
	}
	monitor->history_due = event_new(monitor->base, -1, EV_PERSIST, on_history_due, monitor);
	if (monitor->history_due == NULL || event_add(monitor->history_due, &every) != 0)
		log_die("start", "out of memory");
}

/* --- workers ------------------------------------------------------------------------------------------------------ */

static bool on_worker_message(void *arg, uint16_t type, const uint8_t *body, size_t len, int fd)
{
	struct worker_link *link = arg;
	struct monitor_record record;
	struct wire_reader r;

	wire_reader_init(&r, body, len);
	if (fd >= 0 || type != MONITOR_MSG_RECORD || !monitor_record_get(&r, &record)) {
		close_fd(fd);
		log_say(LOG_LEVEL_ERROR, "channel", "a worker sent a malformed message; it is heard no more");
		return false;
	}
	if (record.kind == SESSION_RECORD_REFUSED || record.kind == SESSION_RECORD_REPORTED)
		monitor_tables_add(link->monitor->state.tables, &record);
	if (record.kind == SESSION_RECORD_NOTICED)
		monitor_tables_notice(link->monitor->state.tables, &record);
	else
		tell_history(link->monitor, &record);
	return true;
}

static unsigned slot_of(const struct worker_link *link)
{
	return (unsigned)(link - link->monitor->workers);
}

static void on_worker_closed(void *arg)
{
	struct worker_link *link = arg;

	monitor_totals_gone(&link->monitor->state.totals, slot_of(link));
	ipc_free(link->ipc);
	link->ipc = NULL;
}

/* hear_worker takes |fd|, the channel of a worker that has just started; an earlier one in its slot is gone. */
static void hear_worker(struct monitor *monitor, unsigned slot, int fd)
{
	struct worker_link *link = &monitor->workers[slot];

	if (link->ipc != NULL)
		on_worker_closed(link);
	link->monitor = monitor;
	link->ipc = ipc_new(monitor->base, fd, on_worker_message, on_worker_closed, link);
}

static void take_counters(struct monitor *monitor, unsigned slot, int fd)
{
	if (!monitor_totals_take(&monitor->state.totals, slot, fd))
		log_errno(LOG_LEVEL_ERROR, "counters",
			  "the counters of worker %u cannot be read (was the program "
			  "replaced? restart gate25)",
			  slot);
	(void)close(fd);
}

/* --- the parent --------------------------------------------------------------------------------------------------- */

static void apply_log(const struct conf *conf, struct ipc *parent)
{
	log_init(log_role(), conf->log_level, conf->log_format);
	role_log_through(conf->log_syslog ? parent : NULL);
}

/* reload: the log settings and the history's are all of the configuration that concerns the monitor while it runs. */
static void reload(struct monitor *monitor)
{
	struct conf conf;
	size_t len;
	char *text = monitor->conf_fd >= 0 ? sealed_read(monitor->conf_fd, &len) : NULL;

	close_fd(monitor->conf_fd);
	monitor->conf_fd = -1;
	if (text == NULL) {
		log_errno(LOG_LEVEL_ERROR, "reload", "the new configuration cannot be read; the old one stays");
		return;
	}
	if (conf_parse(&conf, "gate25.conf", text, conf_log_error, NULL)) {
		apply_log(&conf, monitor->parent);
		if (monitor->history != NULL)
			history_writer_reload(monitor->history, history_bytes(&conf), conf.enforce);
	}
	conf_cleanup(&conf);
	free(text);
}

static bool take_conf(struct monitor *monitor, const uint8_t *body, size_t len, int fd)
{
	uint32_t generation;
	uint8_t flags;

	close_fd(monitor->conf_fd);
	monitor->conf_fd = fd;
	return fd >= 0 && role_conf_get(body, len, &generation, &flags);
}

/* take_with_fd handles the messages that bring a descriptor; each takes it. */
static bool take_with_fd(struct monitor *monitor, uint16_t type, const uint8_t *body, size_t len, int fd)
{
	enum role role;
	unsigned slot;

	switch (type) {
	case ROLE_MSG_CONF: return take_conf(monitor, body, len, fd);
	case ROLE_MSG_PEER:
		if (!role_peer_get(body, len, &role, &slot))
			break;
		if (role == ROLE_WORKER)
			hear_worker(monitor, slot, fd);
		else
			close_fd(fd); /* the policy role has nothing to say here */
		return true;
	case ROLE_MSG_COUNTERS:
		if (!role_slot_get(body, len, &slot))
			break;
		take_counters(monitor, slot, fd);
		return true;
	default: break;
	}
	close_fd(fd);
	return false;
}

static bool on_parent_message(void *arg, uint16_t type, const uint8_t *body, size_t len, int fd)
{
	struct monitor *monitor = arg;

	if (fd >= 0)
		return take_with_fd(monitor, type, body, len, fd);
	switch (type) {
	case ROLE_MSG_RELOAD: reload(monitor); return true;
	case ROLE_MSG_DRAIN: return true; /* it has nothing to finish, and is of use until the end */
	case ROLE_MSG_STATUS:
		if (!monitor_state_gate(&monitor->state, (const char *)body, len))
			log_say(LOG_LEVEL_ERROR, "status", "what the parent says of the gate is not understood");
		return true;
	default: return false;
	}
}

static void on_parent_closed(void *arg)
{
	struct monitor *monitor = arg;

	role_log_through(NULL);
	(void)event_base_loopexit(monitor->base, NULL);
}

/* --- start and end ------------------------------------------------------------------------------------------------ */

static void serve(struct monitor *monitor, unsigned which, int fd)
{
	if (fd < 0)
		return;
	monitor->servers[which] = monitor_http_new(monitor->base, fd, monitor_answer, &monitor->state);
	if (monitor->servers[which] == NULL)
		log_die("start", "out of memory");
}

static void set_up(struct monitor *monitor, const struct role_start *start)
{
	*monitor = (struct monitor){ .base = event_base_new(), .conf_fd = -1 };
	if (monitor->base == NULL || !monitor_state_init(&monitor->state, (uint64_t)time(NULL)))
		log_die("start", "out of memory");
	monitor->parent = ipc_new(monitor->base, ROLE_FD, on_parent_message, on_parent_closed, monitor);
	if (monitor->parent == NULL)
		log_die("start", "out of memory");
	apply_log(&start->conf, monitor->parent);
	open_history(monitor, role_folder(start), &start->conf);
	serve(monitor, 0, start->listeners[0]);
	serve(monitor, 1, start->listeners[1]);
	close_fd(start->policy_fd);
	if (start->past_fd >= 0 && !monitor_totals_past(&monitor->state.totals, start->past_fd))
		log_errno(LOG_LEVEL_ERROR, "counters", "what was counted before this process began cannot be read");
	close_fd(start->past_fd);
	for (unsigned slot = 0; slot < ROLE_SLOTS_MAX; slot++) {
		if (start->worker_fds[slot] >= 0)
			hear_worker(monitor, slot, start->worker_fds[slot]);
		if (start->counters_fds[slot] >= 0)
			take_counters(monitor, slot, start->counters_fds[slot]);
	}
}

static void tear_down(struct monitor *monitor)
{
	for (unsigned slot = 0; slot < ROLE_SLOTS_MAX; slot++)
		ipc_free(monitor->workers[slot].ipc);
	monitor_http_free(monitor->servers[0]);
	monitor_http_free(monitor->servers[1]);
	if (monitor->history_due != NULL)
		event_free(monitor->history_due);
	history_writer_free(monitor->history);
	ipc_free(monitor->parent);
	close_fd(monitor->conf_fd);
	monitor_state_cleanup(&monitor->state);
}

int monitor_main(void)
{
	static struct monitor monitor; /* too large for a stack */
	struct sandbox_limits limits = { 0 };
	struct role_start start;

	(void)signal(SIGPIPE, SIG_IGN);
	role_receive(&start);
	set_up(&monitor, &start);
	limits.write_folder = role_folder(&start);
	role_start_cleanup(&start);
	json_object_seed(0); /* it would read /dev/urandom at its first use, and take the clock where it cannot */
	role_sandbox(SANDBOX_MONITOR, &limits);
	role_say_alive(monitor.base, monitor.parent);
	(void)event_base_dispatch(monitor.base);
	tear_down(&monitor);
	return 0;
}

/* child_hear.c - what a role says to the parent. */
#include <signal.h>
#include <unistd.h>

#include "proxy/base/log.h"
#include "proxy/base/wire.h"
#include "proxy/roles/children_private.h"

static bool take_counters(struct child *child, int fd)
{
	struct children *young = child->owner;
	struct child *monitor;

	if (fd < 0 || child->role != ROLE_WORKER)
		return false;
	while (young->newer != NULL)
		young = young->newer;
	monitor = children_find(young, ROLE_MONITOR, 0);
	if (child->counters_fd >= 0)
		(void)close(child->counters_fd);
	child->counters_fd = fd;
	if (monitor != NULL && monitor->ipc != NULL)
		(void)!role_slot_send(monitor->ipc, ROLE_MSG_COUNTERS, child->slot, fd);
	return true;
}

static bool take_log(struct child *child, const uint8_t *body, size_t len)
{
	struct wire_reader r;
	enum log_level level;
	size_t line_len;
	const uint8_t *line;

	wire_reader_init(&r, body, len);
	level = (enum log_level)wire_get_enum(&r, LOG_LEVEL_DEBUG + 1);
	line = wire_get_bytes(&r, &line_len);
	if (!wire_done(&r))
		return false;
	child->owner->events.log(child->owner->arg, level, (const char *)line, line_len);
	return true;
}

static bool take_dnssec(const struct child *child, const uint8_t *body, size_t len)
{
	struct wire_reader r;
	struct dnssec_report report;

	wire_reader_init(&r, body, len);
	if (child->role != ROLE_POLICY || !dnssec_report_get(&r, &report))
		return false;
	if (child->owner->over == NULL) /* the gate is as ready as its own policyd */
		child->owner->events.dnssec(child->owner->arg, &report);
	return true;
}

static bool take_host(const struct child *child, const uint8_t *body, size_t len)
{
	struct wire_reader r;
	struct host_news news;

	wire_reader_init(&r, body, len);
	if (child->role != ROLE_WORKER || !host_news_get(&r, &news))
		return false;
	child->owner->events.host(child->owner->arg, child->slot, &news);
	return true;
}

static bool take_ready(struct child *child)
{
	struct children *all = child->owner;

	if (all->over != NULL) /* nobody waits for one of an older program */
		return true;
	child->ready = child->was_ready = true;
	if (children_ready(all) == all->count)
		all->events.ready(all->arg);
	return true;
}

/* rewire: a channel may break while both its ends live, for a message that one of them refused. Who lost one asks until
 * it has another; once a second is enough. */
static bool rewire(struct child *child, const uint8_t *body, size_t len)
{
	enum role role;
	unsigned slot;
	struct child *other;

	if (!role_peer_get(body, len, &role, &slot) || role == child->role)
		return false;
	other = children_find(child->owner, role, slot);
	if (other == NULL || child->rewired_s == child_now_s())
		return true;
	child->rewired_s = child_now_s();
	if (!child_wire(child, other))
		log_say(LOG_LEVEL_ERROR, "role-rewire", "%s and %s cannot be connected", role_name(child->role),
			role_name(role));
	return true;
}

bool child_on_message(void *arg, uint16_t type, const uint8_t *body, size_t len, int fd)
{
	struct child *child = arg;
	const bool foreign = child->owner->protocol != ROLE_PROTOCOL;

	child->heard_s = child_now_s();
	if (type == ROLE_MSG_COUNTERS)
		return take_counters(child, fd);
	if (fd >= 0) {
		(void)close(fd);
		return false;
	}
	switch (type) {
	case ROLE_MSG_READY: return take_ready(child);
	case ROLE_MSG_ALIVE: return true;
	case ROLE_MSG_DRAINED:
		child->drained = true; /* of a worker its exit follows and is what counts */
		return true;
	case ROLE_MSG_LOG: return take_log(child, body, len);
	case ROLE_MSG_DNSSEC: return take_dnssec(child, body, len);
	case ROLE_MSG_DOWN: return foreign || take_host(child, body, len);
	case ROLE_MSG_PEER: return rewire(child, body, len);
	default: return foreign; /* of another program: no fault of its */
	}
}

/* A role whose channel broke can be neither trusted nor told anything: it ends, and is started anew when it is reaped.
 */
void child_on_closed(void *arg)
{
	struct child *child = arg;

	ipc_free(child->ipc);
	child->ipc = NULL;
	child->ready = false;
	if (child->pid > 0 && !child->owner->draining)
		(void)kill(child->pid, SIGKILL);
}

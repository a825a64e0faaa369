/* child_send.c - what the parent sends to a role: configuration and files, sockets, channels to the others. */
#include <unistd.h>

#include "proxy/roles/children_private.h"

bool child_wire(struct child *a, struct child *b)
{
	int fds[2];
	bool ok;

	if (a == NULL || b == NULL || a->ipc == NULL || b->ipc == NULL)
		return true;
	if (!ipc_pair(fds))
		return false;
	ok = role_peer_send(a->ipc, b->role, b->slot, fds[0]) && role_peer_send(b->ipc, a->role, a->slot, fds[1]);
	(void)close(fds[0]);
	(void)close(fds[1]);
	return ok;
}

/* wire_all connects |child| with those it talks to: worker with policy and monitor, monitor with policy. */
static bool wire_all(struct child *child)
{
	struct children *all = child->owner;
	bool ok = true;

	for (size_t i = 0; i < all->count; i++) {
		struct child *other = &all->items[i];
		if (other != child && other->role != child->role)
			ok = child_wire(child, other) && ok;
	}
	return ok;
}

static bool send_client_tls(struct child *worker)
{
	const struct inputs *inputs = worker->owner->inputs;

	if (!conf_may_terminate(&inputs->conf))
		return true;
	for (unsigned i = 0; i < ROLE_CLIENT_TLS_COUNT; i++) {
		if (!role_client_tls_send(worker->ipc, (enum role_client_tls)i, inputs->client_tls_fds[i]))
			return false;
	}
	return true;
}

/* takes_ca: workers judge mail servers, policyd the hosts of MTA-STS, by the gate's bundle alone. */
static bool takes_ca(const struct child *child, unsigned index)
{
	return child->role == ROLE_WORKER || (child->role == ROLE_POLICY && index == 0);
}

bool child_send_inputs(struct child *child)
{
	const struct inputs *inputs = child->owner->inputs;

	if (!role_conf_send(child->ipc, inputs->generation, child->owner->plan.flags, inputs->conf_fd))
		return false;
	if (child->role == ROLE_POLICY && inputs->anchors_fd >= 0 &&
	    !ipc_send(child->ipc, ROLE_MSG_ANCHORS, NULL, 0, inputs->anchors_fd))
		return false;
	if (child->role == ROLE_POLICY && inputs->list.fd >= 0 &&
	    !ipc_send(child->ipc, ROLE_MSG_LIST, NULL, 0, inputs->list.fd))
		return false;
	for (unsigned i = 0; i < inputs->ca_count; i++) {
		if (takes_ca(child, i) && !role_ca_send(child->ipc, i, inputs->ca_fds[i]))
			return false;
	}
	return child->role != ROLE_WORKER || send_client_tls(child);
}

static bool send_folder(struct child *child)
{
	const int *fds = child->owner->plan.folder_fds;

	return fds == NULL || fds[child->role] < 0 || ipc_send(child->ipc, ROLE_MSG_FOLDER, NULL, 0, fds[child->role]);
}

static bool send_listeners(struct child *child)
{
	const struct children_plan *plan = &child->owner->plan;

	switch (child->role) {
	case ROLE_WORKER: return role_listener_send(child->ipc, ROLE_LISTENER_SMTP, plan->smtp_fds[child->socket]);
	case ROLE_MONITOR:
		return (plan->http_fd < 0 || role_listener_send(child->ipc, ROLE_LISTENER_HTTP, plan->http_fd)) &&
		       (plan->control_fd < 0 ||
			role_listener_send(child->ipc, ROLE_LISTENER_CONTROL, plan->control_fd));
	default: return true;
	}
}

static bool send_pages(const struct child *monitor, const struct children *of)
{
	bool ok = true;

	for (size_t i = 0; i < of->count; i++) {
		const struct child *other = &of->items[i];
		if (other->counters_fd >= 0)
			ok = role_slot_send(monitor->ipc, ROLE_MSG_COUNTERS, other->slot, other->counters_fd) && ok;
	}
	return ok;
}

/* send_counters: the past as it is now, for what becomes of the pages later the monitor sees for itself. */
static bool send_counters(const struct child *monitor)
{
	const struct counters_past *past = monitor->owner->plan.past;
	bool ok = true;
	int fd;

	if (monitor->role != ROLE_MONITOR)
		return true;
	for (const struct children *all = monitor->owner; all != NULL; all = all->older)
		ok = send_pages(monitor, all) && ok;
	fd = past != NULL ? counters_past_page(past) : -1;
	if (fd < 0)
		return ok;
	ok = ipc_send(monitor->ipc, ROLE_MSG_PAST, NULL, 0, fd) && ok;
	(void)close(fd);
	return ok;
}

/* wire_older: what the sessions of older programs come to is told to the monitor that there is now, where both mean the
 * same by it. */
static bool wire_older(struct child *monitor)
{
	bool ok = true;

	for (struct children *all = monitor->owner->older; all != NULL; all = all->older) {
		for (size_t i = 0; i < all->count && all->protocol == ROLE_PROTOCOL; i++) {
			if (all->items[i].role == ROLE_WORKER)
				ok = child_wire(monitor, &all->items[i]) && ok;
		}
	}
	return ok;
}

bool child_send_start(struct child *child)
{
	return child_send_inputs(child) && send_folder(child) && send_listeners(child) && send_counters(child) &&
	       wire_all(child) && (child->role != ROLE_MONITOR || wire_older(child)) &&
	       role_slot_send(child->ipc, ROLE_MSG_START, child->slot, -1);
}

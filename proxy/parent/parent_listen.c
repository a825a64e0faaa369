/* parent_listen.c - the parent's listening sockets: one for each worker, two for the monitor. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "proxy/host/listeners.h"
#include "proxy/parent/parent_private.h"

unsigned parent_worker_count(const struct conf *conf)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (conf->workers > 0)
		return conf->workers;
	return cores <= 2 ? 1 : cores > 64 ? 64 : (unsigned)cores;
}

bool parent_listen_monitor(struct parent *parent, char *err, size_t err_len)
{
	char path[512];

	parent->http_fd = listener_http(&parent->inputs.conf.monitor_listen, err, err_len);
	if (parent->http_fd < 0)
		return false;
	(void)snprintf(path, sizeof(path), "%s/control", parent->options->run_dir);
	parent->control_fd = listener_control(path, parent->users[ROLE_WORKER].gid, err, err_len);
	return parent->control_fd >= 0;
}

bool parent_listen(struct parent *parent, char *err, size_t err_len)
{
	const struct conf *conf = &parent->inputs.conf;

	parent->smtp_fds = calloc(parent->workers, sizeof(*parent->smtp_fds));
	for (unsigned i = 0; parent->smtp_fds != NULL && i < parent->workers; i++) {
		parent->smtp_fds[i] = listener_smtp(conf->listen_port, parent->root, conf->mark_own, err, err_len);
		if (parent->smtp_fds[i] < 0)
			return false;
	}
	return parent->smtp_fds != NULL && (!conf->monitor || parent_listen_monitor(parent, err, err_len));
}

/* As long as the parent held them too, the kernel would go on to take connections that nobody accepts. */
void parent_close_listeners(struct parent *parent)
{
	for (unsigned i = 0; i < parent->workers; i++) {
		(void)close(parent->smtp_fds[i]);
		parent->smtp_fds[i] = -1;
	}
}

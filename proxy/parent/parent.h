/* parent.h - the root process: configuration, nftables, watchdog, listeners, roles, signals. It parses no octet that
 * comes from the network. */
#ifndef GATE25_PROXY_PARENT_PARENT_H
#define GATE25_PROXY_PARENT_PARENT_H

#include <stdbool.h>

struct parent_options {
	const char *conf_path;
	const char *run_dir; /* pid file and control socket */
	bool no_rules;       /* nftables is somebody else's: sidecar */
	int state_fd;        /* of the program whose place this one takes in its process (upgrade_state.h); -1: none */
	bool back;           /* and that is because another one did not get ready */
};

/* parent_run runs the gate until SIGTERM or SIGINT. Returns the exit status (exit_status.h). */
int parent_run(const struct parent_options *options);

/* parent_upgrade_check answers a parent that asks whether this program could take its place. */
int parent_upgrade_check(void);

#endif

/* cli_stop.c - gate25 stop: ends the running gate. Port 25 stays closed; opening it is a person's deed, said loudly. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "netfilter/fence.h"
#include "netfilter/gate.h"
#include "netfilter/ruleset.h"
#include "proxy/base/conf.h"
#include "proxy/cli/cli.h"
#include "proxy/host/pidfile.h"

#define WAIT_MS ((CONF_DRAIN_LIMIT_MAX + 60) * 1000) /* the gate has a limit of its own, drain-limit */

static int usage(FILE *out, int status)
{
	(void)fprintf(out, "usage: gate25 stop [--open] [--run-dir DIR]\n\n"
			   "Stops the gate; sessions finish first. Port 25 stays closed.\n"
			   "  --open   then removes gate25's tables: mail leaves in clear again, unchecked\n");
	return status;
}

/* stop ends the process that holds the pid file and waits for its end. */
static int stop(const char *run_dir)
{
	pid_t pid = pidfile_holder(run_dir);
	struct pollfd ended;
	int got;

	if (pid == 0) {
		(void)printf("gate25 is not running with %s.\n", run_dir);
		return CLI_OK;
	}
	ended = (struct pollfd){ .fd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1, .events = POLLIN };
	if (ended.fd < 0 || kill(pid, SIGTERM) != 0) {
		(void)fprintf(stderr, "gate25: cannot stop it: %s\n", strerror(errno));
		if (ended.fd >= 0)
			(void)close(ended.fd);
		return CLI_FAILED;
	}
	(void)printf("Stopping gate25 (pid %d): its sessions finish first.\n", (int)pid);
	(void)fflush(stdout);
	do
		got = poll(&ended, 1, WAIT_MS);
	while (got < 0 && errno == EINTR);
	(void)close(ended.fd);
	if (got == 1)
		return CLI_OK;
	(void)fprintf(stderr, "gate25: pid %d is still there\n", (int)pid);
	return CLI_FAILED;
}

static bool open_the_gate(char *err, size_t err_len)
{
	struct ruleset *ruleset = ruleset_open(err, err_len);
	bool ok = ruleset != NULL && fence_remove(err, err_len) && ruleset_remove(ruleset, err, err_len);

	ruleset_close(ruleset);
	return ok;
}

int cli_stop(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "open", no_argument, NULL, 'o' },
		{ "run-dir", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *run_dir = PIDFILE_RUN_DIR;
	bool open_gate = false;
	char err[GATE_ERR_MAX];
	int option;
	int status;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (option) {
		case 'o': open_gate = true; break;
		case 'r': run_dir = optarg; break;
		case 'h': return usage(stdout, CLI_OK);
		default: return usage(stderr, CLI_USAGE);
		}
	}
	if (optind != argc)
		return usage(stderr, CLI_USAGE);
	status = stop(run_dir);
	if (status != CLI_OK || !open_gate) {
		if (status == CLI_OK)
			(void)printf("Port 25 stays closed. `gate25 stop --open` opens it.\n");
		return status;
	}
	if (!open_the_gate(err, sizeof(err))) {
		(void)fprintf(stderr, "gate25: %s\n", err);
		return CLI_FAILED;
	}
	(void)printf(
		"THE GATE IS OPEN: mail leaves through port 25 unchecked and, where a server or a path wants it so, in "
		"clear text.\n");
	return CLI_OK;
}

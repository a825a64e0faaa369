/* cli_upgrade.c - gate25 upgrade: has the running gate replaced by the program that lies at its path now. The sessions
 * go on, no connection is refused, and the process keeps its id. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/base/conf.h"
#include "proxy/cli/cli.h"
#include "proxy/parent/parent.h"
#include "proxy/host/pidfile.h"
#include "proxy/upgrade/upgrade_result.h"

#define LOOK_MS 100
#define LOOKS   3000 /* five minutes: the question, new processes, the self-test and the first DNSSEC test */

static int usage(FILE *out, int status)
{
	(void)fprintf(out,
		      "usage: gate25 upgrade [--config FILE] [--run-dir DIR]\n\n"
		      "Checks the configuration with this program, then has the running gate replaced by the program "
		      "that lies at\nits path now, and waits until that is ready. Sessions finish, and none is refused "
		      "meanwhile.\n"
		      "  --config FILE   default %s\n"
		      "  --run-dir DIR   of the running gate; default %s\n\n"
		      "Exit status: 0 the new program runs, 1 refused: the old one goes on, or it is not running, 2 "
		      "an error in\nthe configuration, 3 nothing is known yet.\n",
		      CONF_DEFAULT_PATH, PIDFILE_RUN_DIR);
	return status;
}

/* check_here runs gate25 check in a process of its own. */
static bool check_here(const char *conf_path)
{
	char name[] = "check";
	char quiet[] = "--quiet";
	char option[] = "--config";
	char *path = strdup(conf_path);
	char *argv[] = { name, quiet, option, path, NULL };
	int status = 0;
	pid_t pid;

	(void)fflush(NULL);
	pid = path != NULL ? fork() : -1;
	if (pid == 0) {
		optind = 0; /* getopt starts anew */
		exit(cli_check(4, argv));
	}
	free(path);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == CLI_OK;
}

/* What /proc says of the gate. */
struct gate_process {
	bool root;
	bool knows_upgrades; /* one that does not catch the signal would be ended by it */
};

static struct gate_process look_at(pid_t pid)
{
	struct gate_process gate = { 0 };
	char path[64];
	char line[256];
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, "Uid:", 4) == 0)
			gate.root = strtoul(line + 4, NULL, 10) == 0;
		if (strncmp(line, "SigCgt:", 7) == 0)
			gate.knows_upgrades = (strtoull(line + 7, NULL, 16) >> (SIGUSR2 - 1) & 1) != 0;
	}
	if (file != NULL)
		(void)fclose(file);
	return gate;
}

static int tell(const struct upgrade_result *result)
{
	if (result->outcome == UPGRADE_DONE) {
		(void)printf("gate25 %s runs; sessions of the program before finish.\n", result->text);
		return CLI_OK;
	}
	(void)fprintf(stderr, "gate25: refused: %s. The program before goes on.\n", result->text);
	return CLI_FAILED;
}

static int wait_for(const char *run_dir, int ended, uint32_t before)
{
	for (unsigned i = 0; i < LOOKS; i++) {
		struct pollfd look = { .fd = ended, .events = POLLIN };
		struct upgrade_result result;
		if (upgrade_result_read(run_dir, &result) && result.attempt > before &&
		    result.outcome != UPGRADE_UNDER_WAY)
			return tell(&result);
		if (poll(&look, 1, LOOK_MS) > 0) {
			(void)fprintf(stderr, "gate25: it ended: port 25 stays closed; see its log\n");
			return CLI_FAILED;
		}
	}
	(void)fprintf(stderr, "gate25: nothing is known yet: see its log\n");
	return CLI_UNDECIDED;
}

static int upgrade(const char *run_dir, const char *conf_path)
{
	pid_t pid = pidfile_holder(run_dir);
	struct gate_process gate;
	struct upgrade_result before;
	int ended;
	int status;

	if (pid <= 0) {
		(void)fprintf(stderr, "gate25: it is not running with %s%s%s\n", run_dir, pid < 0 ? ": " : "",
			      pid < 0 ? strerror(errno) : "");
		return CLI_FAILED;
	}
	gate = look_at(pid);
	/* One that is not root's needs less of this host than check asks for; its own question to the new program
	 * stays. */
	if (gate.root && !check_here(conf_path)) {
		(void)fprintf(stderr, "gate25: refused: %s is not good for this program. The one before goes on.\n",
			      conf_path);
		return CLI_USAGE;
	}
	if (!gate.knows_upgrades) {
		(void)fprintf(stderr, "gate25: the program that runs (pid %d) knows no upgrade: restart it\n",
			      (int)pid);
		return CLI_FAILED;
	}
	ended = (int)syscall(SYS_pidfd_open, pid, 0);
	if (ended < 0 || !upgrade_result_read(run_dir, &before) || kill(pid, SIGUSR2) != 0) {
		(void)fprintf(stderr, "gate25: it cannot be asked: %s\n", strerror(errno));
		if (ended >= 0)
			(void)close(ended);
		return CLI_FAILED;
	}
	status = wait_for(run_dir, ended, before.attempt);
	(void)close(ended);
	return status;
}

int cli_upgrade(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "run-dir", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *run_dir = PIDFILE_RUN_DIR;
	const char *conf_path = CONF_DEFAULT_PATH;
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (option) {
		case 'c': conf_path = optarg; break;
		case 'r': run_dir = optarg; break;
		case 'h': return usage(stdout, CLI_OK);
		default: return usage(stderr, CLI_USAGE);
		}
	}
	if (optind != argc)
		return usage(stderr, CLI_USAGE);
	return upgrade(run_dir, conf_path);
}

int cli_upgrade_check(void)
{
	return parent_upgrade_check();
}

/* cli_status.c - gate25 status: asks the monitor's control socket. */
#include "proxy/cli/cli_status.h"

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "proxy/cli/cli.h"
#include "proxy/host/pidfile.h"

#define ANSWER_MAX      (16U << 20)
#define ANSWER_WITHIN_S 15

static int usage(FILE *out, int status)
{
	(void)fprintf(out, "usage: gate25 status [--json] [--run-dir DIR]\n\n"
			   "Says what the running gate does: sessions, who is refused and why, probable relays.\n"
			   "  --json   all of it for programs, as /status.json\n"
			   "Exit status: 0 up and ready, 1 up and not ready, 3 no gate answers\n");
	return status;
}

static int dial(const char *path)
{
	const struct timeval within = { .tv_sec = ANSWER_WITHIN_S };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(un.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(un.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &within, sizeof(within)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &within, sizeof(within)) == 0 &&
	    connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0)
		return fd;
	int saved = errno;
	(void)close(fd);
	errno = saved;
	return -1;
}

/* receive reads to the end of |fd|; NULL with errno. */
static char *receive(int fd)
{
	char *answer = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&answer, &len);
	char buf[16384];
	ssize_t n = -1;
	size_t all = 0;

	while (out != NULL && (n = recv(fd, buf, sizeof(buf), 0)) != 0 && all <= ANSWER_MAX) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		all += fwrite(buf, 1, (size_t)n, out);
	}
	int saved = n < 0 ? errno : EPROTO;
	if (out != NULL && fclose(out) == 0 && n == 0)
		return answer;
	free(answer);
	errno = saved;
	return NULL;
}

/* parse takes the JSON out of the answer of an HTTP server. */
static json_t *parse(const char *answer)
{
	static const char good[] = "HTTP/1.1 200 ";
	const char *body = strstr(answer, "\r\n\r\n");
	json_t *status = NULL;

	if (strncmp(answer, good, sizeof(good) - 1) == 0 && body != NULL)
		status = json_loads(body + 4, 0, NULL);
	if (json_is_object(status))
		return status;
	json_decref(status);
	errno = EPROTO;
	return NULL;
}

json_t *status_fetch(const char *path)
{
	static const char request[] = "GET /status.json HTTP/1.1\r\nHost: gate25\r\n\r\n";
	int fd = dial(path);
	char *answer = NULL;
	json_t *status = NULL;

	if (fd < 0)
		return NULL;
	if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) == (ssize_t)sizeof(request) - 1)
		answer = receive(fd);
	if (answer != NULL)
		status = parse(answer);
	int saved = errno;
	(void)close(fd);
	free(answer);
	errno = saved;
	return status;
}

/* explain_silence says in one sentence why there is no status and what to do. */
static int explain_silence(const char *run_dir, const char *path)
{
	int why = errno;
	pid_t pid = pidfile_holder(run_dir);

	if (why == EACCES || why == EPERM || (pid < 0 && errno == EACCES))
		(void)fprintf(stderr, "gate25: %s may be read by root and the monitor's group only: run this as root\n",
			      path);
	else if (pid > 0)
		(void)fprintf(stderr,
			      "gate25: it runs (pid %d), but its monitor does not answer at %s (%s): is monitor = off "
			      "configured? See its log\n",
			      (int)pid, path, strerror(why));
	else
		(void)fprintf(
			stderr,
			"gate25: no gate runs with %s (%s): start it (systemctl start gate25), or name its folder "
			"with --run-dir\n",
			run_dir, strerror(why));
	return CLI_UNDECIDED;
}

static int show(const char *run_dir, bool json)
{
	char path[512];
	json_t *status;
	bool ready;

	if ((size_t)snprintf(path, sizeof(path), "%s/control", run_dir) >= sizeof(path)) {
		(void)fprintf(stderr, "gate25: the name of the folder is too long\n");
		return CLI_USAGE;
	}
	status = status_fetch(path);
	if (status == NULL)
		return explain_silence(run_dir, path);
	if (json) {
		(void)json_dumpf(status, stdout, JSON_INDENT(1));
		(void)putchar('\n');
	} else {
		status_text(status, stdout);
	}
	ready = json_is_true(json_object_get(status, "ready"));
	json_decref(status);
	return ready ? CLI_OK : CLI_FAILED;
}

int cli_status(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "run-dir", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *run_dir = PIDFILE_RUN_DIR;
	bool json = false;
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (option) {
		case 'j': json = true; break;
		case 'r': run_dir = optarg; break;
		case 'h': return usage(stdout, CLI_OK);
		default: return usage(stderr, CLI_USAGE);
		}
	}
	if (optind != argc)
		return usage(stderr, CLI_USAGE);
	return show(run_dir, json);
}

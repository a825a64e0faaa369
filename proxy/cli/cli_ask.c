/* cli_ask.c - see cli_ask.h. */
#include "proxy/cli/cli_ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proxy/base/exit_status.h"
#include "proxy/base/wire.h"

#define ANSWER_WITHIN_S 90 /* policyd has deadlines of its own, and shorter ones */
#define ARGS_MAX        10

static void exec_policyd(const struct cli_question *question, int out)
{
	char destination[ENDPOINT_TEXT_MAX];
	const char *args[ARGS_MAX] = { question->program, "--ask", question->recipient, "--wire" };
	size_t count = 4;

	if (addr_len(&question->destination.addr) > 0) {
		args[count++] = "--destination";
		args[count++] = endpoint_format(&question->destination, destination);
	}
	if (question->config != NULL) {
		args[count++] = "--config";
		args[count++] = question->config;
	}
	if (dup2(out, STDOUT_FILENO) >= 0)
		(void)execv(question->program, (char *const *)args);
	(void)dprintf(STDERR_FILENO, "gate25: cannot run %s: %s\n", question->program, strerror(errno));
	_exit(CLI_UNDECIDED);
}

static int ms_left(const struct timespec *end)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec >= end->tv_sec ? 0 : (int)(end->tv_sec - now.tv_sec) * 1000;
}

/* read_all reads to the end; returns the length, more than |cap| if there is more; -1 where the time is over. */
static ssize_t read_all(int fd, uint8_t *buf, size_t cap)
{
	struct timespec end;
	size_t len = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += ANSWER_WITHIN_S;
	for (;;) {
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		int ready = poll(&wait, 1, ms_left(&end));
		if (ready == 0 || (ready < 0 && errno != EINTR))
			return -1;
		ssize_t n = read(fd, buf + len, cap + 1 - len);
		if (n <= 0)
			return (ssize_t)len;
		len += (size_t)n;
		if (len > cap)
			return (ssize_t)len;
	}
}

/* parse reads four octets of length and that many of verdict_put. */
static struct verdict *parse(const uint8_t *bytes, size_t len)
{
	struct wire_reader head;
	struct wire_reader body;
	uint32_t id;
	uint32_t body_len;

	wire_reader_init(&head, bytes, len < 4 ? len : 4);
	body_len = wire_get_u32(&head);
	if (!wire_done(&head) || body_len != len - 4)
		return NULL;
	wire_reader_init(&body, bytes + 4, body_len);
	return verdict_get(&body, &id);
}

static struct verdict *receive(int fd, pid_t child, int *out_status)
{
	const size_t cap = 4 + WIRE_MAX;
	uint8_t *bytes = malloc(cap + 1);
	ssize_t len = bytes != NULL ? read_all(fd, bytes, cap) : -1;
	struct verdict *verdict = NULL;
	int status = 0;

	if (len < 0)
		(void)kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (len >= 4 && (size_t)len <= cap)
		verdict = parse(bytes, (size_t)len);
	free(bytes);
	*out_status = WIFEXITED(status) && WEXITSTATUS(status) == CLI_USAGE ? CLI_USAGE : CLI_UNDECIDED;
	/* At the end of a usage or configuration error it has said so itself. */
	if (verdict == NULL && *out_status != CLI_USAGE)
		(void)fprintf(stderr, "gate25: %s\n",
			      len < 0 ? "gate25-policyd gave no answer in time"
				      : "gate25-policyd gave no verdict (is it of the same version?)");
	return verdict;
}

struct verdict *cli_ask(const struct cli_question *question, int *out_status)
{
	struct verdict *verdict = NULL;
	int ends[2];
	pid_t child;

	*out_status = CLI_UNDECIDED;
	if (pipe2(ends, O_CLOEXEC) != 0) {
		(void)fprintf(stderr, "gate25: cannot make a pipe: %s\n", strerror(errno));
		return NULL;
	}
	child = fork();
	if (child == 0)
		exec_policyd(question, ends[1]);
	(void)close(ends[1]);
	if (child > 0)
		verdict = receive(ends[0], child, out_status);
	else
		(void)fprintf(stderr, "gate25: cannot start gate25-policyd: %s\n", strerror(errno));
	(void)close(ends[0]);
	return verdict;
}

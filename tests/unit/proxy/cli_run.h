/* cli_run.h - a command of gate25 run in this process, and what it said. */
#ifndef GATE25_TESTS_CLI_RUN_H
#define GATE25_TESTS_CLI_RUN_H

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct cli_said {
	int status;
	char out[16384];
	char err[2048];
};

static inline int cli_catch(int fd, int *out_saved)
{
	char path[] = "/tmp/gate25-said-XXXXXX";
	int file = mkstemp(path);

	assert_true(file >= 0);
	(void)unlink(path);
	*out_saved = dup(fd);
	(void)dup2(file, fd);
	return file;
}

static inline void cli_release(int fd, int saved, int file, char *out, size_t cap)
{
	ssize_t len;

	(void)dup2(saved, fd);
	(void)close(saved);
	len = pread(file, out, cap - 1, 0);
	assert_true(len >= 0);
	out[len] = '\0';
	(void)close(file);
}

/* cli_run_as: |args| end in NULL and do not hold the command's own name. */
static inline void cli_run_as(struct cli_said *said, int (*command)(int, char **), const char *const *args)
{
	char *argv[40] = { (char[]){ "command" } };
	int saved[2];
	int files[2];
	int argc = 1;

	for (; args[argc - 1] != NULL; argc++) {
		assert_true(argc < 39);
		argv[argc] = (char *)args[argc - 1];
	}
	(void)fflush(stdout);
	files[0] = cli_catch(STDOUT_FILENO, &saved[0]);
	files[1] = cli_catch(STDERR_FILENO, &saved[1]);
	optind = 0;
	said->status = command(argc, argv);
	(void)fflush(stdout);
	cli_release(STDOUT_FILENO, saved[0], files[0], said->out, sizeof(said->out));
	cli_release(STDERR_FILENO, saved[1], files[1], said->err, sizeof(said->err));
}

#endif

/* upgrade_fds.c - see upgrade_fds.h. */
#include "proxy/upgrade/upgrade_fds.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static void let_over(void *arg, int *fd)
{
	(void)arg;
	(void)fcntl(*fd, F_SETFD, 0);
}

static void let_end(void *arg, int *fd)
{
	(void)arg;
	(void)fcntl(*fd, F_SETFD, FD_CLOEXEC);
}

void upgrade_fds_keep(struct upgrade_state *state, int state_fd, bool keep)
{
	upgrade_state_each(state, keep ? let_over : let_end, NULL);
	(keep ? let_over : let_end)(NULL, &state_fd);
}

/* drop_missing: only a role's may be missing: it ended, or this is the way back. */
static void drop_missing(void *arg, int *fd)
{
	(void)arg;
	if (fcntl(*fd, F_GETFD) < 0)
		*fd = -1;
}

struct list {
	size_t count;
	int fds[4096];
};

static void note(void *arg, int *fd)
{
	struct list *list = arg;

	if (list->count < COUNT(list->fds))
		list->fds[list->count++] = *fd;
}

static int by_number(const void *a, const void *b)
{
	int x = *(const int *)a;
	int y = *(const int *)b;

	return (x > y) - (x < y);
}

bool upgrade_fds_take(struct upgrade_state *state, int state_fd)
{
	struct list list = { .count = 0 };
	unsigned from = 3;

	upgrade_state_each(state, drop_missing, NULL);
	if (state->conf_fd < 0 || state->pid_fd < 0)
		return false;
	for (unsigned i = 0; i < state->sockets_count; i++) {
		if (state->sockets[i] < 0)
			return false;
	}
	upgrade_state_each(state, note, &list);
	note(&list, &state_fd);
	qsort(list.fds, list.count, sizeof(*list.fds), by_number);
	for (size_t i = 0; i < list.count; i++) {
		unsigned fd = (unsigned)list.fds[i];
		if (fd > from)
			(void)syscall(SYS_close_range, from, fd - 1, 0);
		from = fd + 1;
	}
	(void)syscall(SYS_close_range, from, ~0U, 0);
	upgrade_fds_keep(state, state_fd, false);
	return true;
}

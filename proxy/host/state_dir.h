/* state_dir.h - the folders of what outlives a restart: state-dir itself, which is root's, and in it one of each role
 * that keeps something: "policy", closed to all others, and "report", which the group of the control socket may read.
 *
 * A folder that is a symbolic link, that belongs to somebody else or that others can write to is not taken: the gate
 * runs without it. A gate that is not root's takes what belongs to its own user. */
#ifndef GATE25_PROXY_HOST_STATE_DIR_H
#define GATE25_PROXY_HOST_STATE_DIR_H

#include "proxy/base/conf.h"
#include "proxy/base/role.h"
#include "proxy/host/users.h"

/* Descriptors of the roles' folders, opened with O_PATH; -1: it has none. */
struct state_dir {
	int fds[ROLE_COUNT];
};

#define STATE_DIR_NONE             \
	{                          \
		{                  \
			-1, -1, -1 \
		}                  \
	}

/* What is wrong and what follows from it, in one sentence. */
typedef void state_dir_fn(void *arg, const char *message);

/* state_dir_open makes what is missing (as root: this needs CAP_CHOWN) and opens the folders; |out| is the caller's to
 * close. |users|: of the roles; NULL: all are this process's. */
void state_dir_open(struct state_dir *out, const struct conf *conf, const struct role_user *users, state_dir_fn *tell,
		    void *arg);
void state_dir_close(struct state_dir *dir);
/* state_dir_check tells what a gate of this user would be told, and makes nothing. */
void state_dir_check(const struct conf *conf, const struct role_user *users, state_dir_fn *tell, void *arg);

#endif

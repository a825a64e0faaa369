/* programs.h - where gate25's own programs lie. Roles are run from where gate25 itself lies, and by a parent from the
 * very files that were there when it started, so that nothing ever mixes versions. */
#ifndef GATE25_PROXY_HOST_PROGRAMS_H
#define GATE25_PROXY_HOST_PROGRAMS_H

#include <stdbool.h>
#include <stddef.h>

#include "proxy/base/attrib.h"

#define PROGRAMS_PATH_MAX 4096

struct programs {
	char gate25[PROGRAMS_PATH_MAX];
	char policy[PROGRAMS_PATH_MAX]; /* gate25-policyd */
	int gate25_fd;                  /* O_PATH; -1: not opened */
	int policy_fd;
};

MUST_CHECK bool programs_find(struct programs *out, char *err, size_t err_len);

/* programs_open opens what programs_find found: this very program, and the gate25-policyd that is there now. */
MUST_CHECK bool programs_open(struct programs *programs, char *err, size_t err_len);
void programs_close(struct programs *programs);

/* programs_open_trusted opens (O_PATH) a program that only root, or this process's own user, could have written. The
 * caller closes it. -1 with a sentence. */
int programs_open_trusted(const char *path, char *err, size_t err_len);

#endif

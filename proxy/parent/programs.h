/* programs.h - where gate25's own programs lie. Roles are run from where gate25 itself lies, so that an upgrade never
 * mixes versions. */
#ifndef GATE25_PROXY_PARENT_PROGRAMS_H
#define GATE25_PROXY_PARENT_PROGRAMS_H

#include <stdbool.h>
#include <stddef.h>

#include "proxy/base/attrib.h"

struct programs {
	char gate25[512];
	char policy[544]; /* gate25-policyd */
};

MUST_CHECK bool programs_find(struct programs *out, char *err, size_t err_len);

#endif

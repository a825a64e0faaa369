/* upgrade_result.h - how the last upgrade went: the file "upgrade" in the run folder, which the parent writes and
 * `gate25 upgrade` reads. */
#ifndef GATE25_PROXY_UPGRADE_UPGRADE_RESULT_H
#define GATE25_PROXY_UPGRADE_UPGRADE_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "proxy/base/attrib.h"

#define UPGRADE_TEXT_MAX 512

enum upgrade_outcome { UPGRADE_UNDER_WAY, UPGRADE_REFUSED, UPGRADE_DONE, UPGRADE_OUTCOME_COUNT };

struct upgrade_result {
	uint32_t attempt; /* 0: there was none since the gate started */
	enum upgrade_outcome outcome;
	char text[UPGRADE_TEXT_MAX]; /* a reason, or the version that runs */
};

/* Logs what it cannot do. Who reads finds the old result or the new one. */
void upgrade_result_write(const char *run_dir, const struct upgrade_result *result);
void upgrade_result_forget(const char *run_dir); /* at a start */
/* False: it cannot be read. No file is attempt 0. */
MUST_CHECK bool upgrade_result_read(const char *run_dir, struct upgrade_result *out);

#endif

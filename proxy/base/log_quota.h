/* log_quota.h - how many lines of one kind a stranger may cause: what comes past them is counted, and the count told.
 */
#ifndef GATE25_BASE_LOG_QUOTA_H
#define GATE25_BASE_LOG_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#include "proxy/base/attrib.h"

#define LOG_QUOTA_LINES 20 /* in LOG_QUOTA_S */
#define LOG_QUOTA_S     10

struct log_quota { /* all zeros is a fresh one */
	uint64_t until_s;
	unsigned lines;
	unsigned unlogged;
};

/* log_quota_take: whether one more line may be written at |now_s| (monotonic). If not it is counted; once the quota is
 * over, log_quota_over says how many were, and begins anew. */
MUST_CHECK bool log_quota_take(struct log_quota *quota, uint64_t now_s);
unsigned log_quota_over(struct log_quota *quota, uint64_t now_s); /* 0: nothing to tell, or not yet */

#endif

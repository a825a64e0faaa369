/* log_quota.c - see log_quota.h. */
#include "proxy/base/log_quota.h"

bool log_quota_take(struct log_quota *quota, uint64_t now_s)
{
	if (now_s >= quota->until_s && quota->unlogged == 0) {
		quota->until_s = now_s + LOG_QUOTA_S;
		quota->lines = 0;
	}
	if (quota->lines < LOG_QUOTA_LINES) {
		quota->lines++;
		return true;
	}
	quota->unlogged++;
	return false;
}

unsigned log_quota_over(struct log_quota *quota, uint64_t now_s)
{
	unsigned unlogged = quota->unlogged;

	if (now_s < quota->until_s)
		return 0;
	quota->unlogged = 0;
	return unlogged;
}

/* sts_kept.c - see sts_kept.h. */
#include "policy/sts/sts_kept.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool sts_kept_make(struct sts_kept *out, const char *id, const char *text, size_t len, uint64_t now_s, char *err,
		   size_t err_len)
{
	struct sts_policy policy;

	*out = (struct sts_kept){ 0 };
	if (!sts_policy_parse(&policy, text, len, err, err_len))
		return false;
	out->text = malloc(len);
	if (out->text != NULL) {
		memcpy(out->text, text, len);
		out->text_len = len;
		(void)snprintf(out->id, sizeof(out->id), "%s", id);
		out->mode = policy.mode;
		out->life_s = policy.max_age_s > STS_LIFE_MIN_S ? policy.max_age_s : STS_LIFE_MIN_S;
		out->fetched_s = now_s;
		out->used_s = now_s;
	} else {
		(void)snprintf(err, err_len, "out of memory");
	}
	sts_policy_cleanup(&policy);
	return out->text != NULL;
}

void sts_kept_cleanup(struct sts_kept *kept)
{
	free(kept->text);
	*kept = (struct sts_kept){ 0 };
}

bool sts_kept_watch(struct sts_kept *kept, uint64_t now_s)
{
	if (kept->text == NULL || kept->fetched_s <= now_s || (kept->seen_s != 0 && kept->seen_s <= now_s))
		return false;
	kept->seen_s = now_s;
	return true;
}

uint64_t sts_kept_expires(const struct sts_kept *kept, uint64_t now_s)
{
	uint64_t from_s = kept->fetched_s;

	if (now_s < from_s)
		from_s = kept->seen_s != 0 && kept->seen_s < now_s ? kept->seen_s : now_s;
	return from_s + kept->life_s;
}

bool sts_kept_holds(const struct sts_kept *kept, uint64_t now_s)
{
	return kept->text != NULL && now_s < sts_kept_expires(kept, now_s);
}

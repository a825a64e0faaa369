/* fuzz_sts_policy.c - policies of any content: what is read keeps to its bounds and reads the same when it is written
 * anew; what is not says why, in printable text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/sts/sts_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void check_reason(const char *reason)
{
	must(reason[0] != '\0' && strlen(reason) < STS_REASON_MAX);
	for (; *reason != '\0'; reason++)
		must(*reason >= ' ' && *reason <= '~');
}

static void check_pattern(const struct verdict_pattern *pattern)
{
	static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyz-.";
	size_t len = strlen(pattern->name);

	must(len > 0 && len < VERDICT_NAME_MAX && strspn(pattern->name, letters) == len);
	must(pattern->name[0] != '.' && pattern->name[len - 1] != '.' && strstr(pattern->name, "..") == NULL);
}

/* write_again: the same policy in its plainest form. */
static size_t write_again(char *out, size_t room, const struct sts_policy *policy)
{
	size_t len = (size_t)snprintf(out, room, "version: STSv1\nmode: %s\nmax_age: %u\n", sts_mode_name(policy->mode),
				      policy->max_age_s);

	for (size_t i = 0; i < policy->patterns_count; i++)
		len += (size_t)snprintf(out + len, room - len, "mx: %s%s\n", policy->patterns[i].wildcard ? "*." : "",
					policy->patterns[i].name);
	return len;
}

static void check_again(const struct sts_policy *policy)
{
	static char text[STS_TEXT_MAX];
	size_t len = write_again(text, sizeof(text), policy);
	char err[STS_REASON_MAX];
	struct sts_policy again;

	must(sts_policy_parse(&again, text, len, err, sizeof(err)));
	must(again.mode == policy->mode && again.max_age_s == policy->max_age_s);
	must(again.patterns_count == policy->patterns_count);
	for (size_t i = 0; i < again.patterns_count; i++) {
		must(again.patterns[i].wildcard == policy->patterns[i].wildcard);
		must(strcmp(again.patterns[i].name, policy->patterns[i].name) == 0);
	}
	sts_policy_cleanup(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len)
{
	char *copy = malloc(in_len > 0 ? in_len : 1);
	char err[STS_REASON_MAX] = "";
	struct sts_policy policy;

	must(copy != NULL);
	if (in_len > 0)
		memcpy(copy, in, in_len);
	if (sts_policy_parse(&policy, copy, in_len, err, sizeof(err))) {
		must(policy.mode != STS_MODE_UNSET && policy.max_age_s <= STS_MAX_AGE_S);
		must(policy.patterns_count <= VERDICT_PATTERNS_MAX);
		must(policy.mode == STS_MODE_NONE || policy.patterns_count > 0);
		for (size_t i = 0; i < policy.patterns_count; i++)
			check_pattern(&policy.patterns[i]);
		check_again(&policy);
	} else {
		must(policy.patterns == NULL && policy.patterns_count == 0 && policy.mode == STS_MODE_UNSET);
		check_reason(err);
	}
	sts_policy_cleanup(&policy);
	free(copy);
	return 0;
}

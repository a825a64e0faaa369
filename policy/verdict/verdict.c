/* verdict.c - see verdict.h. */
#include "policy/verdict/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct verdict *verdict_new(void)
{
	struct verdict *verdict = calloc(1, sizeof(*verdict));

	if (verdict != NULL)
		verdict->refs = 1;
	return verdict;
}

struct verdict *verdict_ref(struct verdict *verdict)
{
	verdict->refs++;
	return verdict;
}

void verdict_mx_cleanup(struct verdict_mx *mx)
{
	free(mx->addrs);
	tlsa_free(mx->tlsa, mx->tlsa_count);
	mx->addrs = NULL;
	mx->tlsa = NULL;
	mx->addrs_count = mx->tlsa_count = 0;
}

void verdict_unref(struct verdict *verdict)
{
	if (verdict == NULL || --verdict->refs > 0)
		return;
	for (size_t i = 0; i < verdict->mx_count; i++)
		verdict_mx_cleanup(&verdict->mx[i]);
	free(verdict->mx);
	free(verdict->names);
	free(verdict->fingerprints);
	free(verdict->published.patterns);
	free(verdict);
}

bool verdict_fail(struct verdict *verdict, enum result_word result, const char *reason)
{
	verdict->status = VERDICT_FAILED;
	verdict->level = LEVEL_UNSET;
	verdict->floor = LEVEL_UNSET;
	verdict->result = result;
	(void)snprintf(verdict->reason, sizeof(verdict->reason), "%s", reason);
	return false;
}

const struct verdict_mx *verdict_mx_for(const struct verdict *verdict, const struct addr *dst)
{
	if (addr_len(dst) == 0)
		return NULL;
	for (size_t i = 0; i < verdict->mx_count; i++) {
		const struct verdict_mx *mx = &verdict->mx[i];
		for (size_t j = 0; j < mx->addrs_count; j++) {
			if (addr_equal(&mx->addrs[j], dst))
				return mx;
		}
	}
	return NULL;
}

bool verdict_source_is_real(enum verdict_source source)
{
	return source > VERDICT_SOURCE_NONE && source < VERDICT_SOURCE_COUNT;
}

const char *verdict_source_name(enum verdict_source source)
{
	static const char *const names[VERDICT_SOURCE_COUNT] = {
		[VERDICT_SOURCE_NONE] = "none",
		[VERDICT_SOURCE_DESTINATION] = "destination",
		[VERDICT_SOURCE_DOMAIN] = "domain",
		[VERDICT_SOURCE_DEFAULT] = "default",
	};

	return (unsigned)source < VERDICT_SOURCE_COUNT ? names[source] : "unknown";
}

const char *verdict_lookup_name(enum verdict_lookup lookup)
{
	switch (lookup) {
	case VERDICT_LOOKUP_ABSENT: return "absent";
	case VERDICT_LOOKUP_FOUND: return "found";
	case VERDICT_LOOKUP_FAILED: break;
	}
	return "failed";
}

const char *verdict_dane_name(enum verdict_dane dane)
{
	switch (dane) {
	case VERDICT_DANE_NONE: return "none";
	case VERDICT_DANE_UNUSABLE: return "unusable";
	case VERDICT_DANE_USABLE: return "usable";
	case VERDICT_DANE_FAILED: break;
	}
	return "failed";
}

bool verdict_pattern_has(const struct verdict_pattern *pattern, const char *host)
{
	const char *rest = host;

	if (pattern->name[0] == '\0')
		return false;
	if (pattern->wildcard) {
		rest = strchr(host, '.');
		if (rest == NULL || rest == host)
			return false;
		rest++;
	}
	return strcmp(rest, pattern->name) == 0;
}

bool verdict_policy_allows(const struct verdict_policy *policy, const char *host)
{
	for (size_t i = 0; i < policy->patterns_count; i++) {
		if (verdict_pattern_has(&policy->patterns[i], host))
			return true;
	}
	return false;
}

const char *verdict_published_name(enum verdict_published status)
{
	switch (status) {
	case VERDICT_PUBLISHED_NONE: return "none";
	case VERDICT_PUBLISHED_TESTING: return "testing";
	case VERDICT_PUBLISHED_ENFORCE: return "enforce";
	case VERDICT_PUBLISHED_FAILED:
	case VERDICT_PUBLISHED_COUNT: break;
	}
	return "failed";
}

const char *verdict_publisher_name(enum verdict_publisher by)
{
	switch (by) {
	case VERDICT_BY_STS: return "sts";
	case VERDICT_BY_LIST: return "list";
	case VERDICT_BY_NOBODY:
	case VERDICT_PUBLISHER_COUNT: break;
	}
	return "nobody";
}

const char *result_word_name(enum result_word word)
{
	static const char *const names[RESULT_COUNT] = {
		[RESULT_NONE] = "none",
		[RESULT_STARTTLS_NOT_SUPPORTED] = "starttls-not-supported",
		[RESULT_CERTIFICATE_HOST_MISMATCH] = "certificate-host-mismatch",
		[RESULT_CERTIFICATE_EXPIRED] = "certificate-expired",
		[RESULT_CERTIFICATE_NOT_TRUSTED] = "certificate-not-trusted",
		[RESULT_VALIDATION_FAILURE] = "validation-failure",
		[RESULT_TLSA_INVALID] = "tlsa-invalid",
		[RESULT_DNSSEC_INVALID] = "dnssec-invalid",
		[RESULT_DANE_REQUIRED] = "dane-required",
		[RESULT_STS_POLICY_FETCH_ERROR] = "sts-policy-fetch-error",
		[RESULT_STS_POLICY_INVALID] = "sts-policy-invalid",
		[RESULT_STS_WEBPKI_INVALID] = "sts-webpki-invalid",
	};

	return (unsigned)word < RESULT_COUNT ? names[word] : "validation-failure";
}

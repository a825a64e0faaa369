/* tlsrpt_datagram.c - see tlsrpt_datagram.h. */
#include "policy/tlsrpt/tlsrpt_datagram.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/printable.h"

#define LINE_MAX_OCTETS 1024 /* of a policy's text; a longer line is cut */

/* What is told of a policy. */
enum detail { DETAIL_NO_STRINGS = 0, DETAIL_NO_PATTERNS, DETAIL_ALL };

int tlsrpt_code(enum result_word word)
{
	switch (word) {
	case RESULT_STARTTLS_NOT_SUPPORTED: return 201;
	case RESULT_CERTIFICATE_HOST_MISMATCH: return 202;
	case RESULT_CERTIFICATE_NOT_TRUSTED: return 203;
	case RESULT_CERTIFICATE_EXPIRED: return 204;
	case RESULT_VALIDATION_FAILURE: return 205;
	case RESULT_STS_POLICY_FETCH_ERROR: return 301;
	case RESULT_STS_POLICY_INVALID: return 302;
	case RESULT_STS_WEBPKI_INVALID: return 303;
	case RESULT_TLSA_INVALID: return 304;
	case RESULT_DNSSEC_INVALID: return 305;
	case RESULT_DANE_REQUIRED: return 306;
	case RESULT_NONE:
	case RESULT_COUNT: break;
	}
	return 0;
}

static int type_number(enum tls_report_type type)
{
	switch (type) {
	case TLS_REPORT_TLSA: return 1;
	case TLS_REPORT_STS: return 2;
	case TLS_REPORT_NO_POLICY:
	case TLS_REPORT_TYPE_COUNT: break;
	}
	return 9;
}

/* --- values: jansson takes nothing but UTF-8, and a stranger's text is anything ----------------------------------- */

static json_t *text_of(const char *text)
{
	char copy[LINE_MAX_OCTETS];

	(void)snprintf(copy, sizeof(copy), "%s", text);
	printable_text(copy);
	return json_string(copy);
}

static bool set_text(json_t *object, const char *key, const char *text)
{
	return text[0] == '\0' || json_object_set_new(object, key, text_of(text)) == 0;
}

static bool set_addr(json_t *object, const char *key, const struct addr *addr)
{
	char text[ADDR_TEXT_MAX];

	return addr_len(addr) == 0 || set_text(object, key, addr_format(addr, text));
}

/* set_array takes |array|; an empty one is left out. */
static bool set_array(json_t *object, const char *key, json_t *array)
{
	if (array != NULL && json_array_size(array) == 0) {
		json_decref(array);
		return true;
	}
	return json_object_set_new(object, key, array) == 0;
}

/* append adds |text| to |*array|; out of memory, |*array| is gone and NULL. */
static void append(json_t **array, const char *text)
{
	if (*array == NULL || json_array_append_new(*array, text_of(text)) == 0)
		return;
	json_decref(*array);
	*array = NULL;
}

/* --- policies ----------------------------------------------------------------------------------------------------- */

static json_t *tlsa_string(const struct tlsa *record)
{
	size_t room = 16 + (size_t)record->len * 2;
	char *text = malloc(room);
	json_t *value;
	int at;

	if (text == NULL)
		return NULL;
	at = snprintf(text, room, "%u %u %u ", record->usage, record->selector, record->mtype);
	for (size_t i = 0; i < record->len; i++)
		at += snprintf(text + at, room - (size_t)at, "%02X", record->data[i]);
	value = json_string(text);
	free(text);
	return value;
}

static json_t *tlsa_strings(const struct tls_report_policy *policy)
{
	json_t *array = json_array();

	for (size_t i = 0; i < policy->tlsa_count && array != NULL; i++) {
		if (json_array_append_new(array, tlsa_string(&policy->tlsa[i])) != 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static void pattern_text(const struct verdict_pattern *pattern, char *out, size_t cap)
{
	(void)snprintf(out, cap, "%s%s", pattern->wildcard ? "*." : "", pattern->name);
}

/* The lines as they were fetched (s. 4.4: an array of the policy's lines). */
static json_t *lines_of(const struct tlsrpt_text *text)
{
	const char *at = text->bytes;
	const char *end = text->bytes + text->len;
	json_t *array = json_array();

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((stop != NULL ? stop : end) - at);
		char line[LINE_MAX_OCTETS];
		size_t used = len < sizeof(line) - 1 ? len : sizeof(line) - 1;

		for (size_t i = 0; i < used; i++)
			line[i] = printable(at[i]);
		if (used == len && used > 0 && at[len - 1] == '\r')
			used--;
		line[used] = '\0';
		if (used > 0)
			append(&array, line);
		at += len + (stop != NULL);
	}
	return array;
}

static json_t *fields_of(const struct tls_report_policy *policy)
{
	char line[VERDICT_NAME_MAX + 16];
	char name[VERDICT_NAME_MAX + 4];
	json_t *array = json_array();

	if (policy->patterns_count == 0)
		return array;
	append(&array, "version: STSv1");
	append(&array, policy->testing ? "mode: testing" : "mode: enforce");
	for (size_t i = 0; i < policy->patterns_count; i++) {
		pattern_text(&policy->patterns[i], name, sizeof(name));
		(void)snprintf(line, sizeof(line), "mx: %s", name);
		append(&array, line);
	}
	(void)snprintf(line, sizeof(line), "max_age: %" PRIu32, policy->max_age_s);
	append(&array, line);
	return array;
}

static json_t *strings_of(const struct tls_report_policy *policy, const struct tlsrpt_text *text)
{
	if (policy->type == TLS_REPORT_TLSA)
		return tlsa_strings(policy);
	return text != NULL && policy->patterns_count > 0 ? lines_of(text) : fields_of(policy);
}

static json_t *patterns_of(const struct tls_report_policy *policy)
{
	char name[VERDICT_NAME_MAX + 4];
	json_t *array = json_array();

	for (size_t i = 0; i < policy->patterns_count; i++) {
		pattern_text(&policy->patterns[i], name, sizeof(name));
		append(&array, name);
	}
	return array;
}

/* --- failures ----------------------------------------------------------------------------------------------------- */

static bool is_of_policy_host(enum result_word word)
{
	return word == RESULT_STS_POLICY_FETCH_ERROR || word == RESULT_STS_POLICY_INVALID ||
	       word == RESULT_STS_WEBPKI_INVALID;
}

static json_t *failure_of(const struct tls_report *report, const struct tls_report_failure *failure)
{
	const char *domain = report->policies[failure->policy].domain;
	char url[VERDICT_NAME_MAX + 64];
	json_t *object = json_pack("{s:i}", "c", tlsrpt_code(failure->word));
	bool ok = object != NULL;

	if (is_of_policy_host(failure->word)) { /* no MX host had a part in it */
		(void)snprintf(url, sizeof(url), "https://mta-sts.%s/.well-known/mta-sts.txt", domain);
		ok = ok && set_text(object, "a", url);
	} else {
		ok = ok && set_addr(object, "s", &report->sender) && set_text(object, "n", failure->mx) &&
		     set_text(object, "h", failure->helo) && set_addr(object, "r", &report->receiver);
	}
	if (ok && set_text(object, "f", failure->reason))
		return object;
	json_decref(object);
	return NULL;
}

static json_t *failures_of(const struct tls_report *report, size_t policy)
{
	json_t *array = json_array();

	for (size_t i = 0; i < report->failures_count && array != NULL; i++) {
		if (report->failures[i].policy != policy)
			continue;
		if (json_array_append_new(array, failure_of(report, &report->failures[i])) != 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static json_t *policy_of(const struct tls_report *report, size_t index, const struct tlsrpt_text *text,
			 enum detail detail)
{
	const struct tls_report_policy *policy = &report->policies[index];
	json_t *failures = failures_of(report, index);
	size_t count = json_array_size(failures);
	json_t *object = json_pack("{s:i}", "policy-type", type_number(policy->type));
	bool ok = object != NULL && set_text(object, "policy-domain", policy->domain);

	if (detail > DETAIL_NO_STRINGS)
		ok = ok && set_array(object, "policy-string", strings_of(policy, text));
	if (detail > DETAIL_NO_PATTERNS)
		ok = ok && set_array(object, "mx-host", patterns_of(policy));
	if (!ok)
		json_decref(failures);
	ok = ok && set_array(object, "failure-details", failures) &&
	     json_object_set_new(object, "t", json_integer((json_int_t)count)) == 0 &&
	     json_object_set_new(object, "f", json_integer(policy->failed)) == 0;
	if (ok)
		return object;
	json_decref(object);
	return NULL;
}

static char *render(const struct tls_report *report, const char *record, const struct tlsrpt_text *text,
		    enum detail detail)
{
	json_t *policies = json_array();
	json_t *whole;
	char *out;

	for (size_t i = 0; i < report->policies_count; i++) {
		if (json_array_append_new(policies, policy_of(report, i, text, detail)) != 0) {
			json_decref(policies);
			return NULL;
		}
	}
	/* json_pack takes the values of "o", also where it fails. */
	whole = json_pack("{s:s,s:o,s:s,s:o}", "dpv", "1", "d", text_of(report->domain), "pr", record, "policies",
			  policies);
	out = whole != NULL ? json_dumps(whole, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	json_decref(whole);
	return out;
}

char *tlsrpt_datagram(const struct tls_report *report, const char *record, const struct tlsrpt_text *text,
		      size_t *out_len)
{
	for (int detail = DETAIL_ALL; detail >= DETAIL_NO_STRINGS; detail--) {
		char *out = render(report, record, text, (enum detail)detail);
		if (out == NULL)
			return NULL;
		*out_len = strlen(out);
		if (*out_len <= TLSRPT_DATAGRAM_MAX)
			return out;
		free(out);
	}
	return NULL;
}

/* fuzz_sts_record.c - TXT records of any content, one a line: at most one is chosen, its id is one, and a record more
 * that could be chosen makes none. */
#include <stdlib.h>
#include <string.h>

#include "policy/dns/dns.h"
#include "policy/sts/sts_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len);

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* Exact copies, so that a sanitizer sees one octet read too far. */
static size_t split(struct dns_txt texts[DNS_TXT_MAX + 1], const uint8_t *in, size_t in_len)
{
	size_t count = 0;

	while (in_len > 0 && count < DNS_TXT_MAX) {
		const uint8_t *end = memchr(in, '\n', in_len);
		size_t len = end != NULL ? (size_t)(end - in) : in_len;
		char *copy = malloc(len > 0 ? len : 1);
		must(copy != NULL);
		memcpy(copy, in, len);
		texts[count++] = (struct dns_txt){ .bytes = copy, .len = len };
		len += end != NULL;
		in += len;
		in_len -= len;
	}
	return count;
}

static void check_id(const char *id)
{
	static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t len = strlen(id);

	must(len >= 1 && len < VERDICT_POLICY_ID_MAX && strspn(id, letters) == len);
}

static void check_reason(const char *reason)
{
	must(reason[0] != '\0' && strlen(reason) < STS_REASON_MAX);
	for (; *reason != '\0'; reason++)
		must(*reason >= ' ' && *reason <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len)
{
	static char one_more[] = "v=STSv1; id=more";
	struct dns_txt texts[DNS_TXT_MAX + 1];
	size_t count = split(texts, in, in_len);
	char id[VERDICT_POLICY_ID_MAX];
	char err[STS_REASON_MAX] = "";
	char more[VERDICT_POLICY_ID_MAX];
	enum sts_record record = sts_record_choose(id, texts, count, err, sizeof(err));

	must((record == STS_RECORD_VALID) == (id[0] != '\0'));
	if (record == STS_RECORD_VALID)
		check_id(id);
	if (record == STS_RECORD_INVALID)
		check_reason(err);
	texts[count] = (struct dns_txt){ .bytes = one_more, .len = sizeof(one_more) - 1 };
	if (record == STS_RECORD_VALID)
		must(sts_record_choose(more, texts, count + 1, err, sizeof(err)) == STS_RECORD_INVALID);
	if (record == STS_RECORD_NONE)
		must(sts_record_choose(more, texts, count + 1, err, sizeof(err)) == STS_RECORD_VALID);
	for (size_t i = 0; i < count; i++)
		free(texts[i].bytes);
	return 0;
}

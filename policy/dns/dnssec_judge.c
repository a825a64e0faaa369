/* dnssec_judge.c - see dnssec_judge.h. */
#include "policy/dns/dnssec_judge.h"

#include <stdarg.h>
#include <string.h>

static void PRINTF_LIKE(3, 4) find(struct dnssec_finding *out, enum dnssec_state state, const char *format, ...)
{
	va_list args;

	out->state = state;
	va_start(args, format);
	/* clang 14 loses sight of va_start here. NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
	(void)vsnprintf(out->reason, sizeof(out->reason), format, args);
	va_end(args);
}

static bool is_found(enum dns_status status)
{
	return status == DNS_FOUND_SECURE || status == DNS_FOUND_INSECURE;
}

/* judge_root is false where the root's record was not proved. */
static bool judge_root(struct dnssec_finding *out, const struct dnssec_evidence *evidence)
{
	const struct dnssec_word *root = &evidence->root;

	if (root->status == DNS_FOUND_SECURE)
		return true;
	if (root->status != DNS_FAILED)
		find(out, DNSSEC_UNPROVED, "%s answers without a proof", evidence->who);
	else if (root->bogus)
		find(out, DNSSEC_UNPROVED, "what %s says of the root is not signed as it should be: %s", evidence->who,
		     root->reason);
	else if (evidence->plain.status == DNS_FAILED)
		find(out, DNSSEC_SILENT, "%s: %s", evidence->who,
		     root->reason[0] != '\0' ? root->reason : evidence->plain.reason);
	else if (strncmp(root->reason, evidence->who, strlen(evidence->who)) == 0) /* which says who it is about */
		find(out, DNSSEC_UNPROVED, "%s", root->reason);
	else
		find(out, DNSSEC_UNPROVED, "%s answers, and proves nothing: %s", evidence->who, root->reason);
	return false;
}

void dnssec_judge(struct dnssec_finding *out, const struct dnssec_evidence *evidence)
{
	if (!judge_root(out, evidence))
		return;
	find(out, DNSSEC_PROVED, "%s proves the root", evidence->who);
	for (size_t i = 0; i < evidence->bogus_count; i++) {
		const struct dnssec_word *word = &evidence->bogus[i];
		const char *name = evidence->bogus_names[i];
		if (is_found(word->status) && !evidence->validated) {
			find(out, DNSSEC_UNPROVED, "%s answers for %s, which is signed wrongly on purpose",
			     evidence->who, name);
			return;
		}
		if (is_found(word->status))
			find(out, DNSSEC_PROVED,
			     "%s proves the root; %s, which should be signed wrongly, is not: take it out of "
			     "bogus-names",
			     evidence->who, name);
		else if (word->status != DNS_FAILED)
			find(out, DNSSEC_PROVED,
			     "%s proves the root; %s, which should be signed wrongly, is not there to be asked about",
			     evidence->who, name);
	}
}

void dnssec_judge_all(struct dnssec_finding *out, const struct dnssec_evidence *evidence, size_t count)
{
	struct dnssec_finding one;

	dnssec_judge(out, &evidence[0]);
	for (size_t i = 1; i < count; i++) {
		dnssec_judge(&one, &evidence[i]);
		if (out->state != DNSSEC_UNPROVED &&
		    (one.state == DNSSEC_UNPROVED || (one.state == DNSSEC_PROVED && out->state == DNSSEC_SILENT)))
			*out = one;
	}
}

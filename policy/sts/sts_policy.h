/* sts_policy.h - the text of an MTA-STS policy (RFC 8461 s. 3.2), and what its TXT record says (s. 3.1). Pure. */
#ifndef GATE25_POLICY_STS_STS_POLICY_H
#define GATE25_POLICY_STS_STS_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/dns/dns.h"
#include "policy/verdict/verdict.h"
#include "proxy/base/attrib.h"

#define STS_TEXT_MAX   65536    /* octets; more is a failed fetch (s. 3.3) */
#define STS_MAX_AGE_S  31557600 /* s. 3.2; more is taken for that */
#define STS_REASON_MAX VERDICT_REASON_MAX

enum sts_mode {
	STS_MODE_UNSET = 0, /* no policy */
	STS_MODE_NONE,
	STS_MODE_TESTING,
	STS_MODE_ENFORCE,
};

struct sts_policy {
	enum sts_mode mode;
	uint32_t max_age_s;
	struct verdict_pattern *patterns; /* NULL with STS_MODE_NONE unless the text has some */
	size_t patterns_count;            /* at most VERDICT_PATTERNS_MAX; more makes it invalid */
};

/* sts_policy_parse reads a whole policy. False: |err| says what is wrong, one clause with the line's number where there
 * is one ("line 2: mode \"Enforce\" is none of enforce, testing and none"), printable; |out| is zeroed. */
MUST_CHECK bool sts_policy_parse(struct sts_policy *out, const char *text, size_t len, char *err, size_t err_len);
void sts_policy_cleanup(struct sts_policy *policy);
const char *sts_mode_name(enum sts_mode mode); /* "unset", "none", "testing", "enforce" */

enum sts_record {
	STS_RECORD_INVALID = 0, /* as if there were none, but worth telling: |err| says why */
	STS_RECORD_NONE,        /* no string that begins with v=STSv1 */
	STS_RECORD_VALID,
};

/* sts_record_choose looks for the one record among the |count| of _mta-sts.DOMAIN. VALID: |out_id| is its id, else "".
 */
enum sts_record sts_record_choose(char out_id[VERDICT_POLICY_ID_MAX], const struct dns_txt *texts, size_t count,
				  char *err, size_t err_len);

#endif

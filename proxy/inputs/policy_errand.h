/* policy_errand.h - a short errand for gate25-policyd, run and waited for: what only its libraries can tell. */
#ifndef GATE25_PROXY_INPUTS_POLICY_ERRAND_H
#define GATE25_PROXY_INPUTS_POLICY_ERRAND_H

#include <stddef.h>

#include "proxy/base/conf.h"
#include "proxy/base/exit_status.h"

#define POLICY_ERRAND_MAX 1024 /* of what it says, with the NUL */

/* Each puts the first line that policyd wrote, printable, into |said|, and returns its exit status; CLI_UNDECIDED where
 * it could not be run or did not end in time, and |said| says why. A root runs it as |conf|'s policy-user where there
 * is one. */

/* policy_errand_anchors: whether the sealed text in |fd| has trust anchors: CLI_OK, CLI_USAGE. */
MUST_CHECK enum exit_status policy_errand_anchors(const struct conf *conf, int fd, char said[POLICY_ERRAND_MAX]);
/* policy_errand_list: whether the sealed text in |fd| is a STARTTLS-Everywhere list without a defect: CLI_OK, and
 * |said| is "TIMESTAMP EXPIRES ENTRIES"; CLI_USAGE, and |said| is the defect. */
MUST_CHECK enum exit_status policy_errand_list(const struct conf *conf, int fd, char said[POLICY_ERRAND_MAX]);
/* policy_errand_selftest tests DNSSEC once, for some seconds at most: CLI_OK, CLI_FAILED: unproved, CLI_UNDECIDED:
 * nobody answers. |conf_fd|: the sealed configuration, |anchors_fd|: its trust anchors, -1: none. */
MUST_CHECK enum exit_status policy_errand_selftest(const struct conf *conf, int conf_fd, int anchors_fd,
						   char said[POLICY_ERRAND_MAX]);

#endif

/* resolve.h - gate25-policyd --resolve: one lookup through the very DNS layer of the service, and what is proved of it.
 */
#ifndef GATE25_POLICY_TOOLS_RESOLVE_H
#define GATE25_POLICY_TOOLS_RESOLVE_H

#include <stdbool.h>
#include <stdio.h>

#include "policy/dns/dnssec.h"
#include "proxy/base/attrib.h"

#define RESOLVE_SYNOPSIS                                                                                          \
	"--resolve NAME TYPE [--resolver IP[:PORT]] [--trust-anchor FILE] [--dnssec auto|trust-ad|validate|off] " \
	"[--config FILE] [--json]"

/* Everything is borrowed. */
struct resolve_report {
	const char *name;
	enum dns_type type;
	enum dns_mode mode;
	const struct dnssec_plan *plan; /* who was asked */
	const struct dns_answer *answer;
};

/* resolve_name takes a name to ask about, in lower case and without its last dot; "." is the root. False: none. */
MUST_CHECK bool resolve_name(char out[DNS_NAME_MAX], const char *text);

void resolve_text(FILE *out, const struct resolve_report *report);
MUST_CHECK bool resolve_json(FILE *out, const struct resolve_report *report); /* false: out of memory */

/* resolve_main: the arguments after --resolve. Returns the exit status: 0 found or absent, 2 usage or configuration, 3
 * the lookup failed. */
int resolve_main(int argc, char **argv);

#endif

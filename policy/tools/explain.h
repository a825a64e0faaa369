/* explain.h - a decision and every step to it, for a person or as JSON. */
#ifndef GATE25_POLICY_TOOLS_EXPLAIN_H
#define GATE25_POLICY_TOOLS_EXPLAIN_H

#include <stdbool.h>
#include <stdio.h>

#include "policy/mx/mx.h"
#include "policy/decide/rules.h"
#include "policy/verdict/verdict.h"

#define EXPLAIN_TEXT_MAX 1024

/* Everything is borrowed. */
struct explain {
	const char *recipient; /* as the person gave it */
	const char *file;      /* the configuration's name */
	const struct conf *conf;
	const struct verdict_question *question; /* no destination address: none was given */
	const struct rules_match *match;
	const char *lookup_name;    /* NULL: no MX was looked up */
	const struct mx_result *mx; /* NULL likewise */
	const struct verdict *verdict;
};

/* explain_status: what the program exits with: 0 decided, 1 the mail will be refused whatever the server shows, 3 could
 * not be decided. */
int explain_status(const struct explain *explain);

void explain_rule(const struct explain *explain, char out[EXPLAIN_TEXT_MAX]);   /* which rule holds, and where it is */
void explain_demand(const struct explain *explain, char out[EXPLAIN_TEXT_MAX]); /* one sentence */
void explain_sni(const struct explain *explain, char out[EXPLAIN_TEXT_MAX]);

void explain_text(FILE *out, const struct explain *explain);
MUST_CHECK bool explain_json(FILE *out, const struct explain *explain); /* false: out of memory */

#endif

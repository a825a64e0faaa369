/* explain.h - a decision and every step to it, for a person or as JSON. What is said here is read off what the service
 * itself would have decided with. */
#ifndef GATE25_POLICY_TOOLS_EXPLAIN_H
#define GATE25_POLICY_TOOLS_EXPLAIN_H

#include <stdbool.h>
#include <stdio.h>

#include "policy/decide/decide.h"
#include "policy/tools/trail.h"
#include "policy/verdict/demand.h"
#include "policy/verdict/verdict.h"

#define EXPLAIN_TEXT_MAX    2048
#define EXPLAIN_SOURCES_MAX 6

/* Everything is borrowed. */
struct explain {
	const char *recipient; /* as the person gave it */
	const char *file;      /* the configuration's name */
	const struct conf *conf;
	const struct verdict_question *question; /* no destination address: none was given */
	const struct rules_match *match;
	const char *proof;                /* who proves DNSSEC; NULL: nothing was looked up */
	const char *lookup_name;          /* NULL: no MX was looked up */
	bool dane;                        /* TLSA records were wanted */
	const struct mx_result *mx;       /* NULL likewise */
	const struct trail *trail;        /* NULL likewise */
	const struct decide_facts *facts; /* NULL likewise */
	const struct trail *policy_trail; /* of MTA-STS; NULL: none was kept */
	const char *note;                 /* what is not known of what the service remembers; NULL, "": nothing */
	const struct verdict *verdict;
};

/* --- what there is to say ----------------------------------------------------------------------------------------- */

/* explain_status: what the program exits with: 0 decided, 1 the mail will be refused whatever the server shows, 3 could
 * not be decided. Without a destination the best of the MX hosts counts: a client goes on to it. */
int explain_status(const struct explain *explain);

struct explain_source {
	const char *name;
	bool applies;
	char why[EXPLAIN_TEXT_MAX];
};
/* explain_sources: the sources of policy in the order in which they are asked, and why each applies or not. */
size_t explain_sources(const struct explain *explain, struct explain_source out[EXPLAIN_SOURCES_MAX]);

enum level explain_level(const struct explain *explain); /* as the operator set it */
/* explain_demand: what is demanded of the server at |dst|, one sentence. NULL: at the destination of the question. */
void explain_demand(const struct explain *explain, const struct addr *dst, char out[EXPLAIN_TEXT_MAX]);
/* explain_at is the address to ask demand_of about for the MX host |host| of the verdict: its first, else none. */
const struct addr *explain_at(const struct verdict *verdict, size_t host);
void explain_sni(const struct explain *explain, char out[EXPLAIN_TEXT_MAX]);
void explain_names(const struct verdict *verdict, char out[EXPLAIN_TEXT_MAX]); /* that a certificate may have */

const char *explain_addrs(enum host_addrs addrs); /* "secure", ... */

struct explain_record {
	const struct tlsa *record;
	const char *unusable; /* why; NULL: usable */
	bool outdone;         /* usable, and does not count: RFC 7671 s. 9 */
};
/* explain_records: the TLSA records of host |host| of |explain->mx|, as they were answered. */
size_t explain_records(const struct explain *explain, size_t host, struct explain_record out[TLSA_MAX]);

/* --- what is published -------------------------------------------------------------------------------------------- */

bool explain_has_sts(const struct explain *explain); /* MTA-STS was asked; else the two texts are not to be had */
void explain_record_text(const struct explain *explain, char out[EXPLAIN_TEXT_MAX]); /* the TXT record, one clause */
void explain_policy_text(const struct explain *explain, char out[EXPLAIN_TEXT_MAX]); /* the policy, likewise */
/* explain_in_test: what a policy in testing mode would demand of the server at |dst|, as explain_demand. False:
 * nothing.
 */
MUST_CHECK bool explain_in_test(const struct explain *explain, const struct addr *dst, char out[EXPLAIN_TEXT_MAX]);

/* --- saying it ---------------------------------------------------------------------------------------------------- */

void explain_text(FILE *out, const struct explain *explain);
MUST_CHECK bool explain_json(FILE *out, const struct explain *explain); /* false: out of memory */

#endif

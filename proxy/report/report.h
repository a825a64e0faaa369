/* report.h - gate25 report: the history of a period, added up by recipient domain and destination, what an operator is
 * to know of it before enforcement is switched on, and its three forms.
 *
 * All texts of rows are strangers': whoever shows them escapes them. */
#ifndef GATE25_PROXY_REPORT_REPORT_H
#define GATE25_PROXY_REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "proxy/report/history.h"

#define REPORT_ROWS_MAX    200000 /* more are summed up as HISTORY_REST */
#define REPORT_CLIENTS_MAX 3
#define REPORT_GAPS_MAX    8
#define REPORT_TEXT_MAX    640
#define REPORT_RULE_MAX    420
#define REPORT_WEEK_HOURS  (7 * 24) /* of ordinary mail, before "nothing would be refused" is worth much */

struct report_sums { /* by outcome */
	uint64_t sessions[HISTORY_OUTCOME_COUNT];
	uint64_t messages[HISTORY_OUTCOME_COUNT];
	uint64_t events[HISTORY_OUTCOME_COUNT];
};

/* One destination of one domain. */
struct report_place {
	const struct history_row *rows; /* those of it */
	size_t rows_count;
	struct report_sums sums;
	const char *mx; /* "": unknown */
	bool relay;
	struct addr clients[REPORT_CLIENTS_MAX]; /* whose mail it was, some of them */
	size_t clients_count;
	bool clients_more;
};

struct report_domain {
	const char *name; /* "": a destination rule decided, or no recipient was named; HISTORY_REST */
	const struct report_place *places;
	size_t places_count;
	struct report_sums sums;
};

/* A destination that looks like a relay, whichever domains are sent to it. */
struct report_relay {
	struct endpoint destination;
	uint64_t events;
	uint64_t messages; /* that would have been refused */
	size_t domains;
	const char *domain; /* one of them */
	char rule[REPORT_RULE_MAX];
};

struct report_gap {
	uint64_t from_s;
	uint64_t until_s;
};

struct report {
	uint64_t since_s; /* as asked for */
	uint64_t until_s;
	uint64_t first_s; /* begin of the first hour that is known, end of the last; 0: none is */
	uint64_t last_s;
	uint64_t hours;                          /* that are known */
	struct report_gap gaps[REPORT_GAPS_MAX]; /* between first and last: the gate or its monitor did not run */
	size_t gaps_count;                       /* may be more than there is room for */
	uint64_t gaps_hours;
	bool report_only;  /* the gate, in the last hour that is known */
	size_t damaged;    /* lines */
	size_t unreadable; /* files */
	struct history_row *rows;
	size_t rows_count;
	struct report_place *places;
	size_t places_count;
	struct report_domain *domains; /* what needs attention first, then the largest */
	size_t domains_count;
	struct report_relay *relays; /* the most frequent first */
	size_t relays_count;
	struct report_sums sums;
};

/* report_read reads the hours of the folder |dir| that lie, in part, between |since_s| and |until_s|. |domain|: of this
 * one alone, or with a dot in front of all below it; NULL: of all. False with errno: the folder cannot be listed, or
 * out of memory; |out| is empty. */
MUST_CHECK bool report_read(struct report *out, int dir, uint64_t since_s, uint64_t until_s, const char *domain);
void report_cleanup(struct report *report);

uint64_t report_sum(const uint64_t by_outcome[HISTORY_OUTCOME_COUNT]);
uint64_t report_would(const struct report_sums *sums);    /* refuse: messages; where none got through, events */
uint64_t report_refusals(const struct report_sums *sums); /* events: refused and failed */
bool report_has_trouble(const struct report_sums *sums);  /* something was refused, or would have been */

/* --- what follows from it ----------------------------------------------------------------------------------------- */

enum report_answer_kind {
	REPORT_NOTHING_KNOWN = 0,
	REPORT_NOT_YET,  /* something would have been refused */
	REPORT_WAIT,     /* nothing would have been, and too little is known */
	REPORT_YES,      /* nothing would have been */
	REPORT_ENFORCED, /* enforcement is on already, and no rule is without it */
};

/* May enforcement be switched on? */
struct report_answer {
	enum report_answer_kind kind;
	char headline[REPORT_TEXT_MAX]; /* printable */
	char notes[6][REPORT_TEXT_MAX]; /* what else is worth knowing; printable */
	size_t notes_count;
};

void report_answer_of(struct report_answer *out, const struct report *report);
const char *
report_answer_name(enum report_answer_kind kind); /* "nothing-known", "not-yet", "wait", "yes", "enforced" */

/* One thing to see to: a destination of a domain that would have been refused, or was. */
struct report_action {
	const struct report_domain *domain;
	const struct report_place *place;
	const struct history_row *cause; /* the most frequent */
	size_t causes;                   /* how many different ones */
	uint64_t messages;               /* that would have been refused */
	uint64_t events;                 /* of all causes */
};

/* report_actions returns those of |outcome| (WOULD_REFUSE, REFUSED with FAILED, TESTING), most frequent first, for the
 * caller to free; |*out_count| 0 and NULL: none. Relays are not among those that would be refused: a rule for each is
 * in |report|. False: out of memory. */
MUST_CHECK bool report_actions(const struct report *report, enum history_outcome outcome, struct report_action **out,
			       size_t *out_count);
/* report_hint says what to do about |cause| in a sentence, printable. */
void report_hint(char out[REPORT_TEXT_MAX], const struct history_row *cause);

/* --- its forms ---------------------------------------------------------------------------------------------------- */

/* What a domain is called where it is shown. */
const char *report_domain_label(const char *name);
/* report_tls_text and report_policy_text: "TLSv1.3 12, in clear 1"; "dane 10, floor 3". Printable. */
void report_tls_text(char out[REPORT_TEXT_MAX], const struct history_row *rows, size_t count);
void report_policy_text(char out[REPORT_TEXT_MAX], const struct history_row *rows, size_t count);
void report_clients_text(char out[REPORT_TEXT_MAX], const struct report_place *place);
void report_time_text(char out[32], uint64_t time_s); /* local time to the minute */

/* Each is true if all of it was written. |all|: every domain, not the first ones. */
MUST_CHECK bool report_text(const struct report *report, bool all, FILE *out);
MUST_CHECK bool report_html(const struct report *report, FILE *out);
MUST_CHECK bool report_json(const struct report *report, FILE *out);

#endif

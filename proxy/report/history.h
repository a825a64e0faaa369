/* history.h - what gate25 report is made of: how many sessions and messages there were in one hour for one recipient
 * domain by way of one destination, and what became of them. Plain values, their text and the files of them.
 *
 * The files lie in the folder "report" of state-dir, one for each hour, named after the second that it began with. A
 * file is lines of text: a header, marks, and rows whose numbers add up. Only whole lines count: what a crash cut short
 * is left out. */
#ifndef GATE25_PROXY_REPORT_HISTORY_H
#define GATE25_PROXY_REPORT_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "policy/verdict/demand.h"
#include "proxy/base/addr.h"
#include "proxy/base/attrib.h"
#include "proxy/base/level.h"
#include "proxy/session/session_record.h"

#define HISTORY_HOUR_S     3600
#define HISTORY_REASON_MAX 160
#define HISTORY_TLS_MAX    16
#define HISTORY_LINE_MAX   4096 /* a longer line is a damaged one */
#define HISTORY_REST       "*"  /* the domain of a row that sums up what had no room of its own */

/* How a session stood, or what happened in it. */
enum history_outcome {
	HISTORY_NONE = 0,     /* no recipient was named */
	HISTORY_PROVED,       /* TLS, and the server proved to be one of the domain's */
	HISTORY_ENCRYPTED,    /* TLS, and nothing more was demanded */
	HISTORY_CLEAR,        /* in clear text, which the policy permits */
	HISTORY_WOULD_REFUSE, /* delivered, because enforce = no */
	HISTORY_TESTING,      /* delivered, because the policy is only tested by who published it */
	HISTORY_REFUSED,
	HISTORY_FAILED, /* refused, because a lookup failed */
	HISTORY_OUTCOME_COUNT
};

/* What has everything from |domain| to |reason| in common is one row; |mx|, |relay| and |client| are as last seen. */
struct history_row {
	uint64_t hour_s;              /* when the hour began, seconds since 1970 */
	char domain[CONF_NAME_MAX];   /* "": a destination rule decided, or none was named; HISTORY_REST */
	struct endpoint destination;  /* no address: that of a HISTORY_REST */
	char tls[HISTORY_TLS_MAX];    /* "TLSv1.3"; "": in clear, or refused before */
	enum demand_basis policy;     /* what was demanded came from there */
	enum level level;             /* LEVEL_UNSET: not decided */
	enum history_outcome outcome; /* of sessions and messages: never TESTING */
	enum result_word result;      /* of events */
	char reason[HISTORY_REASON_MAX];
	char mx[CONF_NAME_MAX]; /* the MX host's name that the destination is taken for; "": none */
	bool relay;             /* the destination looks like a relay */
	struct addr client;     /* no address: unknown */
	uint64_t sessions;
	uint64_t messages; /* taken by the server */
	uint64_t events;   /* refusals, of a recipient or of a whole session; or what would have been one */
};

/* history_outcome_of: how the session of |record| stands; of a refusal: of what kind it is. */
enum history_outcome history_outcome_of(const struct session_record *record);
/* "none", "proved", "encrypted", "clear", "would-refuse", "testing", "refused", "failed" */
const char *history_outcome_name(enum history_outcome outcome);
/* history_compare orders rows by what makes them one row; 0: they are. */
int history_compare(const struct history_row *a, const struct history_row *b);
/* history_add_counts adds |from|'s numbers to |to|, and what was last seen. */
void history_add_counts(struct history_row *to, const struct history_row *from);

/* --- text --------------------------------------------------------------------------------------------------------- */

#define HISTORY_HEADER "gate25-history 1\n"

enum history_line {
	HISTORY_LINE_DAMAGED = 0,
	HISTORY_LINE_ROW,
	HISTORY_LINE_MARK, /* in this hour the gate ran; |enforce| as it was from then on */
};

struct history_mark {
	uint64_t hour_s;
	bool enforce;
};

/* Writers of a line with its end; they return its length, less than HISTORY_LINE_MAX. */
size_t history_row_write(char out[HISTORY_LINE_MAX], const struct history_row *row);
size_t history_mark_write(char out[HISTORY_LINE_MAX], const struct history_mark *mark);
/* history_line_read reads one line without its end. Only what a writer writes is understood. */
enum history_line history_line_read(const char *line, size_t len, struct history_row *out_row,
				    struct history_mark *out_mark);

/* Told of each row and mark; the other is NULL. */
typedef void history_fn(void *arg, const struct history_row *row, const struct history_mark *mark);

/* history_text_read reads the text of a file whose hour is |hour_s|. A text without the header, or with another
 * version's, is damaged as a whole. Returns how many lines are damaged; the last is, where it has no end. */
size_t history_text_read(const char *text, size_t len, uint64_t hour_s, history_fn *fn, void *arg);

/* --- files -------------------------------------------------------------------------------------------------------- */

#define HISTORY_NAME_MAX 32

struct history_file {
	uint64_t hour_s;
	uint64_t size; /* octets that it takes */
};

void history_file_name(char out[HISTORY_NAME_MAX], uint64_t hour_s); /* "history-1795712400" */
/* history_files lists those of the folder |dir| (a descriptor), oldest first; what is named otherwise is not seen.
 * False with errno. The caller frees |*out|, NULL where there is none. */
MUST_CHECK bool history_files(int dir, struct history_file **out, size_t *out_count);
/* history_file_read reads one; no link is followed. False with errno: it cannot be read. */
MUST_CHECK bool history_file_read(int dir, uint64_t hour_s, history_fn *fn, void *arg, size_t *out_damaged);

#endif

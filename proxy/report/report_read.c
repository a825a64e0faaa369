/* report_read.c - see report.h: the rows of many hours become one of each kind. */
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/report/report_group.h"

struct reading {
	struct report *report;
	const char *domain;
	void *tree; /* of rows, by what makes them one */
	struct history_row **rows;
	size_t count;
	size_t cap;
	bool failed; /* out of memory */
	bool marked; /* the file that is read */
};

static int compare(const void *a, const void *b)
{
	return history_compare(a, b);
}

static bool wanted(const char *domain, const char *name)
{
	size_t len;

	if (domain == NULL || (domain[0] != '.' && strcmp(domain, name) == 0))
		return true;
	len = strlen(domain);
	return domain[0] == '.' && strlen(name) > len && strcmp(name + strlen(name) - len, domain) == 0;
}

/* keep returns the row that |row| is to be added to; NULL: out of memory. */
static struct history_row *keep(struct reading *r, const struct history_row *row)
{
	struct history_row *const *found = tfind(row, &r->tree, compare);
	struct history_row *own;

	if (found != NULL)
		return *found;
	if (r->count == r->cap) {
		size_t cap = r->cap > 0 ? r->cap * 2 : 256;
		struct history_row **rows = reallocarray(r->rows, cap, sizeof(struct history_row *));
		if (rows == NULL)
			return NULL;
		r->rows = rows;
		r->cap = cap;
	}
	own = malloc(sizeof(*own));
	if (own == NULL)
		return NULL;
	*own = *row;
	own->sessions = own->messages = own->events = 0;
	if (tsearch(own, &r->tree, compare) == NULL) {
		free(own);
		return NULL;
	}
	r->rows[r->count++] = own;
	return own;
}

static void on_row(struct reading *r, const struct history_row *row)
{
	struct history_row rest = { .domain = HISTORY_REST, .outcome = row->outcome };
	struct history_row *to;

	if (!wanted(r->domain, row->domain))
		return;
	rest.hour_s = row->hour_s;
	rest.sessions = row->sessions;
	rest.messages = row->messages;
	rest.events = row->events;
	if (r->count >= REPORT_ROWS_MAX && tfind(row, &r->tree, compare) == NULL)
		row = &rest;
	to = keep(r, row);
	if (to == NULL) {
		r->failed = true;
		return;
	}
	history_add_counts(to, row);
	to->hour_s = row->hour_s; /* files come in their order: the last */
}

static void on_read(void *arg, const struct history_row *row, const struct history_mark *mark)
{
	struct reading *r = arg;

	if (row != NULL)
		on_row(r, row);
	if (mark != NULL) {
		r->marked = true;
		r->report->report_only = !mark->enforce;
	}
}

/* note_hour: |hour_s| is known. */
static void note_hour(struct report *report, uint64_t hour_s)
{
	if (report->hours == 0) {
		report->first_s = hour_s;
	} else if (hour_s > report->last_s) {
		if (report->gaps_count < REPORT_GAPS_MAX)
			report->gaps[report->gaps_count] = (struct report_gap){ report->last_s, hour_s };
		report->gaps_count++;
		report->gaps_hours += (hour_s - report->last_s) / HISTORY_HOUR_S;
	}
	report->hours++;
	report->last_s = hour_s + HISTORY_HOUR_S;
}

static bool read_files(struct reading *r, int dir)
{
	struct report *report = r->report;
	struct history_file *files;
	size_t count;
	size_t damaged;

	if (!history_files(dir, &files, &count))
		return false;
	for (size_t i = 0; i < count && !r->failed; i++) {
		if (files[i].hour_s + HISTORY_HOUR_S <= report->since_s || files[i].hour_s >= report->until_s)
			continue;
		r->marked = false;
		if (!history_file_read(dir, files[i].hour_s, on_read, r, &damaged)) {
			report->unreadable += errno != ENOENT; /* that one was the oldest, and had to go */
			continue;
		}
		report->damaged += damaged;
		if (r->marked)
			note_hour(report, files[i].hour_s);
	}
	free(files);
	if (r->failed)
		errno = ENOMEM;
	return !r->failed;
}

static void forget(void *row)
{
	(void)row; /* reading.rows has it too */
}

/* take_rows sorts the rows into one block. */
static bool take_rows(struct reading *r)
{
	struct report *report = r->report;

	report->rows = calloc(r->count + 1, sizeof(*report->rows));
	if (report->rows == NULL)
		return false;
	for (size_t i = 0; i < r->count; i++)
		report->rows[i] = *r->rows[i];
	report->rows_count = r->count;
	if (r->count > 0)
		qsort(report->rows, r->count, sizeof(*report->rows), compare);
	return true;
}

bool report_read(struct report *out, int dir, uint64_t since_s, uint64_t until_s, const char *domain)
{
	struct reading r = { .report = out, .domain = domain };
	bool ok;
	int saved;

	*out = (struct report){ .since_s = since_s, .until_s = until_s };
	ok = read_files(&r, dir) && take_rows(&r) && report_group(out);
	saved = errno;
	tdestroy(r.tree, forget);
	for (size_t i = 0; i < r.count; i++)
		free(r.rows[i]);
	free(r.rows);
	if (!ok)
		report_cleanup(out);
	errno = saved;
	return ok;
}

void report_cleanup(struct report *report)
{
	free(report->rows);
	free(report->places);
	free(report->domains);
	free(report->relays);
	*report = (struct report){ 0 };
}

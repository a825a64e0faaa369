/* report_read.c - see report.h: rows of many hours become those of domains and destinations. */
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/report/report.h"

/* --- reading ------------------------------------------------------------------------------------------------------ */

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

/* --- grouping ----------------------------------------------------------------------------------------------------- */

static uint64_t add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static void add_sums(struct report_sums *to, const struct report_sums *from)
{
	for (unsigned i = 0; i < HISTORY_OUTCOME_COUNT; i++) {
		to->sessions[i] = add(to->sessions[i], from->sessions[i]);
		to->messages[i] = add(to->messages[i], from->messages[i]);
		to->events[i] = add(to->events[i], from->events[i]);
	}
}

static void add_client(struct report_place *place, const struct addr *client)
{
	if (client->family == 0)
		return;
	for (size_t i = 0; i < place->clients_count; i++) {
		if (addr_equal(&place->clients[i], client))
			return;
	}
	if (place->clients_count < REPORT_CLIENTS_MAX)
		place->clients[place->clients_count++] = *client;
	else
		place->clients_more = true;
}

static void add_row(struct report_place *place, const struct history_row *row)
{
	struct report_sums sums = { 0 };

	sums.sessions[row->outcome] = row->sessions;
	sums.messages[row->outcome] = row->messages;
	sums.events[row->outcome] = row->events;
	add_sums(&place->sums, &sums);
	place->rows_count++;
	place->relay = place->relay || row->relay;
	if (row->mx[0] != '\0')
		place->mx = row->mx;
	add_client(place, &row->client);
}

static bool same_domain(const struct history_row *a, const struct history_row *b)
{
	return strcmp(a->domain, b->domain) == 0;
}

static bool same_place(const struct history_row *a, const struct history_row *b)
{
	return same_domain(a, b) && addr_equal(&a->destination.addr, &b->destination.addr) &&
	       a->destination.addr.family == b->destination.addr.family && a->destination.port == b->destination.port;
}

static bool group(struct report *report)
{
	const struct history_row *rows = report->rows;

	report->places = calloc(report->rows_count + 1, sizeof(*report->places));
	report->domains = calloc(report->rows_count + 1, sizeof(*report->domains));
	if (report->places == NULL || report->domains == NULL)
		return false;
	for (size_t i = 0; i < report->rows_count; i++) {
		bool no_addr = rows[i].destination.addr.family == 0;
		bool next = i == 0 || !same_domain(&rows[i - 1], &rows[i]) ||
			    !(no_addr ? rows[i - 1].destination.addr.family == 0 : same_place(&rows[i - 1], &rows[i]));
		if (next)
			report->places[report->places_count++] = (struct report_place){ .rows = &rows[i], .mx = "" };
		add_row(&report->places[report->places_count - 1], &rows[i]);
	}
	for (size_t i = 0; i < report->places_count; i++) {
		const struct report_place *place = &report->places[i];
		if (i == 0 || !same_domain(place[-1].rows, place->rows))
			report->domains[report->domains_count++] =
				(struct report_domain){ .name = place->rows->domain, .places = place };
		struct report_domain *domain = &report->domains[report->domains_count - 1];
		domain->places_count++;
		add_sums(&domain->sums, &place->sums);
		add_sums(&report->sums, &place->sums);
	}
	return true;
}

static int larger_first(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b);
}

static int by_attention(const void *a, const void *b)
{
	const struct report_domain *x = a;
	const struct report_domain *y = b;
	int order = larger_first(report_would(&x->sums), report_would(&y->sums));

	if (order == 0)
		order = larger_first(report_refusals(&x->sums), report_refusals(&y->sums));
	if (order == 0)
		order = larger_first(report_sum(x->sums.messages), report_sum(y->sums.messages));
	if (order == 0)
		order = larger_first(report_sum(x->sums.sessions), report_sum(y->sums.sessions));
	return order != 0 ? order : strcmp(x->name, y->name);
}

/* --- relays ------------------------------------------------------------------------------------------------------- */

static int by_destination(const void *a, const void *b)
{
	const struct report_relay *x = a;
	const struct report_relay *y = b;
	int order = memcmp(&x->destination.addr, &y->destination.addr, sizeof(x->destination.addr));

	return order != 0 ? order
			  : (x->destination.port > y->destination.port) - (x->destination.port < y->destination.port);
}

static int by_frequency(const void *a, const void *b)
{
	const struct report_relay *x = a;
	const struct report_relay *y = b;
	int order = larger_first(x->events, y->events);

	return order != 0 ? order : by_destination(a, b);
}

/* merge adds up the sorted |relays| that are one destination; returns how many are left. */
static size_t merge(struct report_relay *relays, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || by_destination(&relays[kept - 1], &relays[i]) != 0) {
			relays[kept++] = relays[i];
			continue;
		}
		relays[kept - 1].events = add(relays[kept - 1].events, relays[i].events);
		relays[kept - 1].messages = add(relays[kept - 1].messages, relays[i].messages);
		relays[kept - 1].domains += relays[i].domains;
	}
	return kept;
}

static bool find_relays(struct report *report)
{
	report->relays = calloc(report->places_count + 1, sizeof(*report->relays));
	if (report->relays == NULL)
		return false;
	for (size_t i = 0; i < report->places_count; i++) {
		const struct report_place *place = &report->places[i];
		if (!place->relay || place->rows->destination.addr.family == 0)
			continue;
		struct report_relay *relay = &report->relays[report->relays_count++];
		*relay = (struct report_relay){ .messages = place->sums.messages[HISTORY_WOULD_REFUSE],
						.domains = 1,
						.domain = place->rows->domain };
		relay->destination = place->rows->destination;
		for (size_t k = 0; k < place->rows_count; k++)
			relay->events = add(relay->events, place->rows[k].relay ? place->rows[k].events : 0);
	}
	if (report->relays_count > 0)
		qsort(report->relays, report->relays_count, sizeof(*report->relays), by_destination);
	report->relays_count = merge(report->relays, report->relays_count);
	if (report->relays_count > 0)
		qsort(report->relays, report->relays_count, sizeof(*report->relays), by_frequency);
	for (size_t i = 0; i < report->relays_count; i++) {
		char addr[ADDR_TEXT_MAX];
		(void)snprintf(report->relays[i].rule, sizeof(report->relays[i].rule),
			       "destination \"%s\" { level = \"secure\" match = { \"NAME.OF.THE.RELAY\" } auth = yes }",
			       addr_format(&report->relays[i].destination.addr, addr));
	}
	return true;
}

bool report_read(struct report *out, int dir, uint64_t since_s, uint64_t until_s, const char *domain)
{
	struct reading r = { .report = out, .domain = domain };
	bool ok;
	int saved;

	*out = (struct report){ .since_s = since_s, .until_s = until_s };
	ok = read_files(&r, dir) && take_rows(&r) && group(out) && find_relays(out);
	saved = errno;
	tdestroy(r.tree, forget);
	for (size_t i = 0; i < r.count; i++)
		free(r.rows[i]);
	free(r.rows);
	if (ok && out->domains_count > 0)
		qsort(out->domains, out->domains_count, sizeof(*out->domains), by_attention);
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

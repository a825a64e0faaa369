/* report_group.c - see report_group.h. */
#include "proxy/report/report_group.h"

#include <stdlib.h>
#include <string.h>

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

static bool find_places(struct report *report)
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

/* --- all of it -----------------------------------------------------------------------------------------------------
 */

bool report_group(struct report *report)
{
	if (!find_places(report) || !find_relays(report))
		return false;
	if (report->domains_count > 0)
		qsort(report->domains, report->domains_count, sizeof(*report->domains), by_attention);
	return true;
}

/* report_text.c - see report.h: the report for a terminal. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/printable.h"
#include "proxy/report/report.h"

#define DOMAINS_SHOWN 20
#define PLACES_SHOWN  5
#define ACTIONS_SHOWN 10
#define NAME_WIDTH    44

/* print_name writes |text| in a column of NAME_WIDTH; what is too long loses its middle. */
static void print_name(FILE *out, const char *indent, const char *text)
{
	char name[CONF_NAME_MAX + 2 * ADDR_TEXT_MAX];
	size_t width = NAME_WIDTH - strlen(indent);
	size_t len;

	(void)snprintf(name, sizeof(name), "%s", text);
	printable_text(name);
	len = strlen(name);
	if (len <= width)
		(void)fprintf(out, "%s%-*s", indent, (int)width, name);
	else
		(void)fprintf(out, "%s%.*s..%s", indent, (int)(width / 2), name, name + len - (width - width / 2 - 2));
}

static void print_numbers(FILE *out, const struct report_sums *sums)
{
	(void)fprintf(out, " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64,
		      report_sum(sums->sessions), report_sum(sums->messages), sums->messages[HISTORY_PROVED],
		      sums->messages[HISTORY_ENCRYPTED], sums->messages[HISTORY_CLEAR], report_would(sums),
		      report_refusals(sums));
}

static void print_place(FILE *out, const struct report_place *place)
{
	char addr[ENDPOINT_TEXT_MAX];
	char name[CONF_NAME_MAX + ENDPOINT_TEXT_MAX + 4];
	char tls[REPORT_TEXT_MAX];
	char policy[REPORT_TEXT_MAX];

	(void)addr_format(&place->rows->destination.addr, addr);
	(void)snprintf(name, sizeof(name), place->mx[0] != '\0' ? "%s %s" : "%s", addr, place->mx);
	report_tls_text(tls, place->rows, place->rows_count);
	report_policy_text(policy, place->rows, place->rows_count);
	print_name(out, "  ", name);
	print_numbers(out, &place->sums);
	(void)fprintf(out, "  %s; %s%s\n", tls[0] != '\0' ? tls : "no session", policy[0] != '\0' ? policy : "none",
		      place->relay ? "; looks like a relay" : "");
}

static void print_domain(FILE *out, const struct report_domain *domain, bool all)
{
	size_t shown = all || domain->places_count <= PLACES_SHOWN ? domain->places_count : PLACES_SHOWN;

	print_name(out, "", report_domain_label(domain->name));
	print_numbers(out, &domain->sums);
	(void)fputc('\n', out);
	for (size_t i = 0; i < shown; i++)
		print_place(out, &domain->places[i]);
	if (shown < domain->places_count)
		(void)fprintf(out, "  ... and %zu destinations more (--all)\n", domain->places_count - shown);
}

static void add_sums(struct report_sums *to, const struct report_sums *from)
{
	for (unsigned i = 0; i < HISTORY_OUTCOME_COUNT; i++) {
		to->sessions[i] += from->sessions[i];
		to->messages[i] += from->messages[i];
		to->events[i] += from->events[i];
	}
}

static void print_domains(FILE *out, const struct report *report, bool all)
{
	size_t shown = all || report->domains_count <= DOMAINS_SHOWN ? report->domains_count : DOMAINS_SHOWN;
	struct report_sums rest = { 0 };
	char name[64];

	if (report->domains_count == 0)
		return;
	(void)fprintf(out,
		      "\nDomains and destinations; of the messages: server proved, encrypted only, in clear, would be "
		      "refused\n");
	(void)fprintf(out, "%-*s %8s %8s %8s %8s %8s %8s %8s  %s\n", NAME_WIDTH, "", "sessions", "messages", "proved",
		      "encr.", "clear", "would", "refusals", "TLS of the sessions; what the demand came from");
	for (size_t i = 0; i < shown; i++)
		print_domain(out, &report->domains[i], all);
	for (size_t i = shown; i < report->domains_count; i++)
		add_sums(&rest, &report->domains[i].sums);
	if (shown < report->domains_count) {
		(void)snprintf(name, sizeof(name), "... and %zu domains more (--all)", report->domains_count - shown);
		print_name(out, "", name);
		print_numbers(out, &rest);
		(void)fputc('\n', out);
	}
	print_name(out, "", "all");
	print_numbers(out, &report->sums);
	(void)fputc('\n', out);
}

static void print_cause(FILE *out, const struct report_action *action)
{
	const struct history_row *cause = action->cause;

	(void)fprintf(out, "     %s (policy %s, level %s)", result_word_name(cause->result),
		      demand_basis_name(cause->policy), level_name(cause->level));
	if (cause->reason[0] != '\0') {
		(void)fputs(": ", out);
		printable_print(out, cause->reason);
	}
	if (action->causes > 1)
		(void)fprintf(out, " (and %zu other reasons)", action->causes - 1);
	(void)fputc('\n', out);
}

static void print_action(FILE *out, size_t number, const struct report_action *action, bool with_messages)
{
	char addr[ADDR_TEXT_MAX];
	char clients[REPORT_TEXT_MAX];
	char hint[REPORT_TEXT_MAX];
	char last[32];

	(void)fprintf(out, "  %zu. ", number);
	printable_print(out, report_domain_label(action->domain->name));
	(void)fprintf(out, " by way of %s", addr_format(&action->place->rows->destination.addr, addr));
	if (action->place->mx[0] != '\0') {
		(void)fputs(" (", out);
		printable_print(out, action->place->mx);
		(void)fputc(')', out);
	}
	if (with_messages)
		(void)fprintf(out, ": %" PRIu64 " message%s,", action->messages, action->messages == 1 ? "" : "s");
	else
		(void)fputc(':', out);
	report_time_text(last, action->cause->hour_s);
	(void)fprintf(out, " %" PRIu64 " time%s, last in the hour from %s\n", action->events,
		      action->events == 1 ? "" : "s", last);
	report_clients_text(clients, action->place);
	if (clients[0] != '\0')
		(void)fprintf(out, "     sent by %s\n", clients);
	print_cause(out, action);
	report_hint(hint, action->cause);
	(void)fprintf(out, "     to do: %s\n", hint);
}

static bool print_actions(FILE *out, const struct report *report, enum history_outcome outcome, const char *title,
			  bool all)
{
	struct report_action *actions;
	size_t count;

	if (!report_actions(report, outcome, &actions, &count))
		return false;
	if (count > 0)
		(void)fprintf(out, "\n%s\n", title);
	for (size_t i = 0; i < count && (all || i < ACTIONS_SHOWN); i++)
		print_action(out, i + 1, &actions[i], outcome == HISTORY_WOULD_REFUSE);
	if (!all && count > ACTIONS_SHOWN)
		(void)fprintf(out, "  ... and %zu more (--all)\n", count - ACTIONS_SHOWN);
	free(actions);
	return true;
}

static void print_relays(FILE *out, const struct report *report, bool all)
{
	if (report->relays_count == 0)
		return;
	(void)fprintf(out,
		      "\nDestinations that look like relays. Is one your smarthost? Put its name into the rule and "
		      "the rule into gate25.conf:\n");
	for (size_t i = 0; i < report->relays_count && (all || i < ACTIONS_SHOWN); i++) {
		const struct report_relay *relay = &report->relays[i];
		(void)fprintf(out, "  %s\n    %" PRIu64 " times, %" PRIu64 " messages, for ", relay->rule,
			      relay->events, relay->messages);
		printable_print(out, report_domain_label(relay->domain));
		if (relay->domains > 1)
			(void)fprintf(out, " and %zu domains more", relay->domains - 1);
		(void)fputc('\n', out);
	}
	if (!all && report->relays_count > ACTIONS_SHOWN)
		(void)fprintf(out, "  ... and %zu more (--all)\n", report->relays_count - ACTIONS_SHOWN);
}

bool report_text(const struct report *report, bool all, FILE *out)
{
	struct report_answer answer;
	char since[32];
	char until[32];

	report_answer_of(&answer, report);
	report_time_text(since, report->since_s);
	report_time_text(until, report->until_s);
	(void)fprintf(out, "gate25 report, %s to %s\n\nMay enforcement be switched on?\n  %s\n", since, until,
		      answer.headline);
	for (size_t i = 0; i < answer.notes_count; i++)
		(void)fprintf(out, "  %s\n", answer.notes[i]);
	if (!print_actions(out, report, HISTORY_WOULD_REFUSE, "What would have been refused", all))
		return false;
	print_relays(out, report, all);
	if (!print_actions(out, report, HISTORY_REFUSED, "What was refused", all) ||
	    !print_actions(out, report, HISTORY_TESTING, "Policies that are only tested, and were not met", all))
		return false;
	print_domains(out, report, all);
	return fflush(out) == 0 && ferror(out) == 0;
}

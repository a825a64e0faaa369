/* report_html.c - see report.h: the report as one file that needs nothing else, and runs nothing. */
#include <inttypes.h>
#include <stdlib.h>

#include "proxy/base/printable.h"
#include "proxy/report/report.h"

#define DOMAINS_MAX 2000 /* in the table; a browser has to show it */
#define ACTIONS_MAX 500

static const char style[] =
	"body{font:15px/1.5 system-ui,sans-serif;max-width:75em;margin:2em auto;padding:0 1em;color:#1b1f24}"
	"h1{font-size:1.6em;margin-bottom:0}h2{font-size:1.2em;margin-top:2em}"
	".answer{border-left:.5em solid #999;padding:.6em 1em;background:#f5f6f7;margin:1em 0}"
	".answer p:first-child{font-size:1.15em;font-weight:600}.answer p{margin:.3em 0}"
	".yes,.enforced{border-color:#1a7f37}.not-yet{border-color:#c0392b}.wait{border-color:#d29922}"
	"table{border-collapse:collapse;width:100%;font-size:.9em}"
	"th,td{padding:.3em .6em;text-align:left;border-bottom:1px solid "
	"#ddd;vertical-align:top;overflow-wrap:anywhere}"
	"th{background:#f0f1f2}td.n,th.n{text-align:right;overflow-wrap:normal}tr.d td{font-weight:600}"
	"tr.p td:first-child{padding-left:2em}td.bad{color:#c0392b;font-weight:600}"
	"li{margin:.8em 0}code{background:#f0f1f2;padding:.1em .3em;overflow-wrap:anywhere}.dim{color:#59636e}"
	"@media print{body{max-width:none;margin:0}}";

/* put writes |text| so that it is text in HTML: printable characters, and of those no markup. */
static void put(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '<': (void)fputs("&lt;", out); break;
		case '>': (void)fputs("&gt;", out); break;
		case '&': (void)fputs("&amp;", out); break;
		case '"': (void)fputs("&quot;", out); break;
		case '\'': (void)fputs("&#39;", out); break;
		default: (void)fputc(printable(*text), out);
		}
	}
}

static void put_answer(FILE *out, const struct report *report)
{
	struct report_answer answer;
	char since[32];
	char until[32];

	report_answer_of(&answer, report);
	report_time_text(since, report->since_s);
	report_time_text(until, report->until_s);
	(void)fprintf(out,
		      "<h1>gate25 report</h1><p class=\"dim\">%s to %s</p><h2>May enforcement be switched on?</h2>",
		      since, until);
	(void)fprintf(out, "<div class=\"answer %s\"><p>", report_answer_name(answer.kind));
	put(out, answer.headline);
	(void)fputs("</p>", out);
	for (size_t i = 0; i < answer.notes_count; i++) {
		(void)fputs("<p>", out);
		put(out, answer.notes[i]);
		(void)fputs("</p>", out);
	}
	(void)fputs("</div>\n", out);
}

/* put_figures: the whole in a line or two, for who reads no further. */
static void put_figures(FILE *out, const struct report *report)
{
	const struct report_sums *sums = &report->sums;

	(void)fprintf(out,
		      "<table><tr><th class=\"n\">Sessions</th><th class=\"n\">Messages</th><th class=\"n\">Server "
		      "proved</th><th class=\"n\">Encrypted only</th><th class=\"n\">In clear text</th><th "
		      "class=\"n\">Would be refused</th><th class=\"n\">Refusals</th></tr>");
	(void)fprintf(out,
		      "<tr><td class=\"n\">%" PRIu64 "</td><td class=\"n\">%" PRIu64 "</td><td class=\"n\">%" PRIu64
		      "</td><td class=\"n\">%" PRIu64 "</td><td class=\"n\">%" PRIu64 "</td><td class=\"n\">%" PRIu64
		      "</td><td class=\"n\">%" PRIu64 "</td></tr></table>\n",
		      report_sum(sums->sessions), report_sum(sums->messages), sums->messages[HISTORY_PROVED],
		      sums->messages[HISTORY_ENCRYPTED], sums->messages[HISTORY_CLEAR], report_would(sums),
		      report_refusals(sums));
}

static void put_action(FILE *out, const struct report_action *action, bool with_messages)
{
	const struct history_row *cause = action->cause;
	char addr[ADDR_TEXT_MAX];
	char text[REPORT_TEXT_MAX];

	(void)fputs("<li><b>", out);
	put(out, report_domain_label(action->domain->name));
	(void)fprintf(out, "</b> by way of %s", addr_format(&action->place->rows->destination.addr, addr));
	if (action->place->mx[0] != '\0') {
		(void)fputs(" (", out);
		put(out, action->place->mx);
		(void)fputc(')', out);
	}
	if (with_messages)
		(void)fprintf(out, ": %" PRIu64 " message%s", action->messages, action->messages == 1 ? "" : "s");
	(void)fprintf(out, ", %" PRIu64 " time%s", action->events, action->events == 1 ? "" : "s");
	report_clients_text(text, action->place);
	if (text[0] != '\0') {
		(void)fputs(", sent by ", out);
		put(out, text);
	}
	(void)fprintf(out, "<br>%s <span class=\"dim\">(policy %s, level %s)</span>", result_word_name(cause->result),
		      demand_basis_name(cause->policy), level_name(cause->level));
	if (cause->reason[0] != '\0') {
		(void)fputs(": ", out);
		put(out, cause->reason);
	}
	report_hint(text, cause);
	(void)fputs("<br>To do: ", out);
	put(out, text);
	(void)fputs("</li>\n", out);
}

static bool put_actions(FILE *out, const struct report *report, enum history_outcome outcome, const char *title)
{
	struct report_action *actions;
	size_t count;

	if (!report_actions(report, outcome, &actions, &count))
		return false;
	if (count > 0)
		(void)fprintf(out, "<h2>%s</h2><ol>", title);
	for (size_t i = 0; i < count && i < ACTIONS_MAX; i++)
		put_action(out, &actions[i], outcome == HISTORY_WOULD_REFUSE);
	if (count > 0)
		(void)fputs("</ol>", out);
	if (count > ACTIONS_MAX)
		(void)fprintf(out, "<p>and %zu more</p>", count - ACTIONS_MAX);
	free(actions);
	return true;
}

static void put_relays(FILE *out, const struct report *report)
{
	if (report->relays_count == 0)
		return;
	(void)fputs(
		"<h2>Destinations that look like relays</h2><p>Is one your smarthost? Put its name into the rule and "
		"the rule into gate25.conf.</p><ul>",
		out);
	for (size_t i = 0; i < report->relays_count && i < ACTIONS_MAX; i++) {
		const struct report_relay *relay = &report->relays[i];
		(void)fputs("<li><code>", out);
		put(out, relay->rule);
		(void)fprintf(out, "</code><br>%" PRIu64 " times, %" PRIu64 " messages, for ", relay->events,
			      relay->messages);
		put(out, report_domain_label(relay->domain));
		if (relay->domains > 1)
			(void)fprintf(out, " and %zu domains more", relay->domains - 1);
		(void)fputs("</li>\n", out);
	}
	(void)fputs("</ul>", out);
}

static void put_numbers(FILE *out, const struct report_sums *sums)
{
	const uint64_t numbers[] = { report_sum(sums->sessions), report_sum(sums->messages),
				     sums->messages[HISTORY_PROVED], sums->messages[HISTORY_ENCRYPTED],
				     sums->messages[HISTORY_CLEAR] };

	for (size_t i = 0; i < COUNT(numbers); i++)
		(void)fprintf(out, "<td class=\"n\">%" PRIu64 "</td>", numbers[i]);
	(void)fprintf(out, "<td class=\"n%s\">%" PRIu64 "</td>", report_would(sums) > 0 ? " bad" : "",
		      report_would(sums));
	(void)fprintf(out, "<td class=\"n%s\">%" PRIu64 "</td>", report_refusals(sums) > 0 ? " bad" : "",
		      report_refusals(sums));
}

static void put_place(FILE *out, const struct report_place *place)
{
	char text[REPORT_TEXT_MAX];

	(void)fputs("<tr class=\"p\"><td>", out);
	put(out, addr_format(&place->rows->destination.addr, text));
	(void)fputc(' ', out);
	put(out, place->mx);
	(void)fprintf(out, "%s</td>", place->relay ? " (looks like a relay)" : "");
	put_numbers(out, &place->sums);
	report_tls_text(text, place->rows, place->rows_count);
	(void)fputs("<td>", out);
	put(out, text);
	(void)fputs("</td><td>", out);
	report_policy_text(text, place->rows, place->rows_count);
	put(out, text);
	(void)fputs("</td></tr>\n", out);
}

static void put_domains(FILE *out, const struct report *report)
{
	(void)fputs("<h2>Domains and destinations</h2><table><tr><th>Domain, destination</th><th "
		    "class=\"n\">Sessions</th><th class=\"n\">Messages</th><th class=\"n\">Proved</th><th "
		    "class=\"n\">Encrypted</th><th class=\"n\">Clear</th><th class=\"n\">Would be refused</th><th "
		    "class=\"n\">Refusals</th><th>TLS of sessions</th><th>Demand from</th></tr>\n",
		    out);
	for (size_t i = 0; i < report->domains_count && i < DOMAINS_MAX; i++) {
		const struct report_domain *domain = &report->domains[i];
		(void)fputs("<tr class=\"d\"><td>", out);
		put(out, report_domain_label(domain->name));
		(void)fputs("</td>", out);
		put_numbers(out, &domain->sums);
		(void)fputs("<td></td><td></td></tr>\n", out);
		for (size_t k = 0; k < domain->places_count && k < DOMAINS_MAX; k++)
			put_place(out, &domain->places[k]);
	}
	(void)fputs("</table>", out);
	if (report->domains_count > DOMAINS_MAX)
		(void)fprintf(out, "<p>and %zu domains more; gate25 report --json has them</p>",
			      report->domains_count - DOMAINS_MAX);
}

bool report_html(const struct report *report, FILE *out)
{
	(void)fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv="
		    "\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"><meta "
		    "name=\"viewport\" content=\"width=device-width\"><title>gate25 report</title><style>",
		    out);
	(void)fputs(style, out);
	(void)fputs("</style></head><body>\n", out);
	put_answer(out, report);
	put_figures(out, report);
	if (!put_actions(out, report, HISTORY_WOULD_REFUSE, "What would have been refused"))
		return false;
	put_relays(out, report);
	if (!put_actions(out, report, HISTORY_REFUSED, "What was refused") ||
	    !put_actions(out, report, HISTORY_TESTING, "Policies that are only tested, and were not met"))
		return false;
	if (report->domains_count > 0)
		put_domains(out, report);
	(void)fputs("<p class=\"dim\">Refusals count each attempt: a mail that is deferred comes again. A message "
		    "counts for "
		    "its last recipient's domain, a session for the last domain in it.</p></body></html>\n",
		    out);
	return fflush(out) == 0 && ferror(out) == 0;
}

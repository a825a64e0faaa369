/* report_answer.c - see report.h: what follows from the history. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/report/report.h"

uint64_t report_sum(const uint64_t by_outcome[HISTORY_OUTCOME_COUNT])
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < HISTORY_OUTCOME_COUNT; i++)
		sum = sum > UINT64_MAX - by_outcome[i] ? UINT64_MAX : sum + by_outcome[i];
	return sum;
}

uint64_t report_would(const struct report_sums *sums)
{
	uint64_t messages = sums->messages[HISTORY_WOULD_REFUSE];

	return messages > 0 ? messages : sums->events[HISTORY_WOULD_REFUSE];
}

uint64_t report_refusals(const struct report_sums *sums)
{
	return sums->events[HISTORY_REFUSED] + sums->events[HISTORY_FAILED];
}

bool report_has_trouble(const struct report_sums *sums)
{
	return report_would(sums) > 0 || report_refusals(sums) > 0;
}

const char *report_answer_name(enum report_answer_kind kind)
{
	switch (kind) {
	case REPORT_NOTHING_KNOWN: break;
	case REPORT_NOT_YET: return "not-yet";
	case REPORT_WAIT: return "wait";
	case REPORT_YES: return "yes";
	case REPORT_ENFORCED: return "enforced";
	}
	return "nothing-known";
}

/* --- the answer --------------------------------------------------------------------------------------------------- */

static void PRINTF_LIKE(2, 3) note(struct report_answer *answer, const char *format, ...)
{
	va_list args;

	if (answer->notes_count == COUNT(answer->notes))
		return;
	va_start(args, format);
	/* clang 14 loses sight of va_start here. NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
	(void)vsnprintf(answer->notes[answer->notes_count++], REPORT_TEXT_MAX, format, args);
	va_end(args);
}

/* plural writes "1 message", "2 messages". */
static const char *plural(char out[64], uint64_t count, const char *what)
{
	(void)snprintf(out, 64, "%" PRIu64 " %s%s", count, what, count == 1 ? "" : "s");
	return out;
}

/* is_domain: what a destination rule decides has no domain, and counts as one. */
static bool is_domain(const struct report_domain *domain)
{
	if (domain->name[0] == '\0')
		return report_sum(domain->sums.messages) > 0 || report_would(&domain->sums) > 0;
	return strcmp(domain->name, HISTORY_REST) != 0;
}

static uint64_t named_domains(const struct report *report, bool would)
{
	uint64_t count = 0;

	for (size_t i = 0; i < report->domains_count; i++)
		count += is_domain(&report->domains[i]) && (!would || report_would(&report->domains[i].sums) > 0);
	return count;
}

static void span_text(char out[64], uint64_t hours)
{
	if (hours < 48)
		(void)plural(out, hours, "hour");
	else
		(void)plural(out, hours / 24, "day");
}

static void note_would_be(struct report_answer *answer, const struct report *report)
{
	char messages[64];
	char would[64];
	char domains[64];

	answer->kind = REPORT_NOT_YET;
	if (report->sums.messages[HISTORY_WOULD_REFUSE] > 0)
		(void)snprintf(answer->headline, sizeof(answer->headline),
			       "Not yet. Of %s %" PRIu64 " would have been refused, to %" PRIu64
			       " of %s. What to do for each is said below; do it, and look again.",
			       plural(messages, report_sum(report->sums.messages), "message"),
			       report->sums.messages[HISTORY_WOULD_REFUSE], named_domains(report, true),
			       plural(domains, named_domains(report, false), "domain"));
	else
		(void)snprintf(answer->headline, sizeof(answer->headline),
			       "Not yet. No message of %s got through that would have been refused, but %s would have "
			       "been, for %" PRIu64 " of %s. What to do for each is said below.",
			       plural(messages, report_sum(report->sums.messages), "message"),
			       plural(would, report->sums.events[HISTORY_WOULD_REFUSE], "recipient"),
			       named_domains(report, true), plural(domains, named_domains(report, false), "domain"));
}

static void note_would_not(struct report_answer *answer, const struct report *report)
{
	char messages[64];
	char domains[64];
	char span[64];

	span_text(span, report->hours);
	(void)plural(messages, report_sum(report->sums.messages), "message");
	(void)plural(domains, named_domains(report, false), "domain");
	if (report->hours < REPORT_WEEK_HOURS || report_sum(report->sums.messages) == 0) {
		answer->kind = REPORT_WAIT;
		(void)snprintf(answer->headline, sizeof(answer->headline),
			       "Nothing of what was seen would have been refused, but %s with %s to %s is little to go "
			       "by: wait until a week of ordinary mail was seen.",
			       span, messages, domains);
		return;
	}
	answer->kind = REPORT_YES;
	(void)snprintf(answer->headline, sizeof(answer->headline),
		       "Yes. In %s with %s to %s nothing would have been refused: set enforce = yes and reload.", span,
		       messages, domains);
}

static void note_enforced(struct report_answer *answer, const struct report *report)
{
	char messages[64];
	char refusals[64];

	answer->kind = REPORT_ENFORCED;
	if (report_refusals(&report->sums) == 0)
		(void)snprintf(answer->headline, sizeof(answer->headline),
			       "It is on, and nothing was refused; %s went out.",
			       plural(messages, report_sum(report->sums.messages), "message"));
	else
		(void)snprintf(answer->headline, sizeof(answer->headline),
			       "It is on. %s went out; there were %s, where a mail that is deferred counts at each "
			       "attempt.",
			       plural(messages, report_sum(report->sums.messages), "message"),
			       plural(refusals, report_refusals(&report->sums), "refusal"));
}

static void note_period(struct report_answer *answer, const struct report *report)
{
	char first[32];
	char last[32];
	char span[64];
	char missing[64];
	char gaps[64];

	report_time_text(first, report->first_s);
	report_time_text(last, report->last_s);
	span_text(span, report->hours);
	note(answer, "Known are %s between %s and %s.", span, first, last);
	if (report->gaps_count > 0) {
		span_text(missing, report->gaps_hours);
		report_time_text(first, report->gaps[0].from_s);
		report_time_text(last, report->gaps[0].until_s);
		note(answer,
		     "Of %s in between nothing is known (%s, the first from %s to %s): gate25 or its monitor did "
		     "not run.",
		     missing, plural(gaps, report->gaps_count, "gap"), first, last);
	}
}

static void note_rest(struct report_answer *answer, const struct report *report)
{
	char a[64];
	char b[64];

	for (size_t i = 0; i < report->domains_count; i++) {
		const struct report_domain *domain = &report->domains[i];
		if (strcmp(domain->name, HISTORY_REST) == 0)
			note(answer,
			     "%s with %s are counted and not listed by name: there were more domains than there is "
			     "room for (history-size).",
			     plural(a, report_sum(domain->sums.sessions), "session"),
			     plural(b, report_sum(domain->sums.messages), "message"));
	}
}

void report_answer_of(struct report_answer *out, const struct report *report)
{
	char a[64];

	*out = (struct report_answer){ .kind = REPORT_NOTHING_KNOWN };
	if (report->hours == 0) {
		(void)snprintf(out->headline, sizeof(out->headline), "Nothing is known of this time.");
		return;
	}
	if (report_would(&report->sums) > 0)
		note_would_be(out, report);
	else if (report->report_only)
		note_would_not(out, report);
	else
		note_enforced(out, report);
	note_period(out, report);
	if (!report->report_only && out->kind == REPORT_NOT_YET)
		note(out, "The gate as a whole enforces; this is about rules with enforce = no, or about the time "
			  "before.");
	if (report->sums.events[HISTORY_TESTING] > 0)
		note(out,
		     "Policies that their domains only test (MTA-STS mode testing) were not met %s; enforcement "
		     "changes nothing for those.",
		     plural(a, report->sums.events[HISTORY_TESTING], "time"));
	note_rest(out, report);
	if (report->damaged > 0 || report->unreadable > 0)
		note(out, "%s of the history could not be understood, %zu of its files not read.",
		     plural(a, report->damaged, "line"), report->unreadable);
}

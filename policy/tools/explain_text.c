/* explain_text.c - see explain.h: for a person at a terminal. */
#include <string.h>

#include "policy/tools/explain_parts.h"

#define MARGIN "             "

static void print_destination(FILE *out, const struct explain *explain)
{
	const struct endpoint *at = &explain->question->destination;
	const struct verdict_mx *mx = verdict_mx_for(explain->verdict, &at->addr);
	char text[ADDR_TEXT_MAX];

	if (addr_len(&at->addr) == 0) {
		(void)fprintf(out, "destination  any that has no rule of its own (--destination IP asks for one)\n");
		return;
	}
	(void)fprintf(out, "destination  %s", addr_format(&at->addr, text));
	if (at->port != 25)
		(void)fprintf(out, " port %u", at->port);
	if (mx != NULL)
		(void)fprintf(out, ", which is %s", mx->name);
	else if (explain->verdict->mx_lookup == VERDICT_LOOKUP_FOUND)
		(void)fprintf(out, ", which is no mail exchanger of %s", explain->lookup_name);
	(void)fputc('\n', out);
}

/* --- lookups ------------------------------------------------------------------------------------------------------ */

static void print_step(FILE *out, const struct trail_step *step, const char *label)
{
	char value[TRAIL_VALUE_MAX];
	size_t count = trail_values(step);

	(void)fprintf(out, "%-13s%-15s %-5s %s", label, dns_status_name(step->status), dns_type_name(step->type),
		      step->name);
	if (step->status == DNS_FAILED)
		(void)fprintf(out, ": %s%s", step->bogus ? "bogus: " : "", step->reason);
	else
		(void)fprintf(out, " (%us)", (unsigned)step->ttl_s);
	if (step->type != DNS_CNAME && step->canonical[0] != '\0' && strcmp(step->canonical, step->name) != 0)
		(void)fprintf(out, " alias of %s", step->canonical);
	if (step->type == DNS_TLSA && step->status == DNS_FOUND_SECURE) {
		(void)fprintf(out, " %zu record%s, see below\n", count, count == 1 ? "" : "s");
		return;
	}
	for (size_t i = 0; step->type != DNS_TLSA && i < count; i++)
		(void)fprintf(out, "%s %s", i > 0 ? "," : "", trail_value(step, i, value));
	(void)fputc('\n', out);
	for (size_t i = 0; step->type == DNS_TLSA && i < count; i++)
		(void)fprintf(out, MARGIN "%-15s %-5s %s\n", "", "", trail_value(step, i, value));
}

static void print_lookups(FILE *out, const struct explain *explain)
{
	if (explain->proof != NULL)
		(void)fprintf(out, "DNSSEC       %s\n", explain->proof);
	for (size_t i = 0; explain->trail != NULL && i < explain->trail->count; i++)
		print_step(out, &explain->trail->steps[i], i == 0 ? "lookups" : "");
	for (size_t i = 0; explain->policy_trail != NULL && i < explain->policy_trail->count; i++)
		print_step(out, &explain->policy_trail->steps[i], "");
	if (explain->trail != NULL && explain->trail->incomplete)
		(void)fprintf(out, MARGIN "(not all: out of memory)\n");
}

static void print_sources(FILE *out, const struct explain *explain)
{
	struct explain_source sources[EXPLAIN_SOURCES_MAX];
	size_t count = explain_sources(explain, sources);

	for (size_t i = 0; i < count; i++)
		(void)fprintf(out, "%-13s%-17s %s: %s\n", i == 0 ? "sources" : "", sources[i].name,
			      sources[i].applies ? "yes" : "no", sources[i].why);
}

/* --- MX hosts ----------------------------------------------------------------------------------------------------- */

static void print_records(FILE *out, const struct explain *explain, size_t host)
{
	struct explain_record records[TLSA_MAX];
	size_t count = explain_records(explain, host, records);
	char text[TLSA_TEXT_MAX];

	for (size_t i = 0; i < count; i++) {
		(void)fprintf(out, MARGIN "        %s: ", tlsa_format(records[i].record, text));
		if (records[i].unusable != NULL)
			(void)fprintf(out, "cannot be used: %s\n", records[i].unusable);
		else if (records[i].outdone)
			(void)fprintf(out, "does not count: there is a stronger digest\n");
		else
			(void)fprintf(out, "usable\n");
	}
}

/* The demand depends on the host, and nobody said which one is meant. */
static bool is_by_host(const struct explain *explain)
{
	const struct verdict *verdict = explain->verdict;

	return (explain->dane || verdict->published.patterns_count > 0) && verdict->mx_count > 1 &&
	       addr_len(&explain->question->destination.addr) == 0;
}

/* print_dane: what the host's addresses allow, what was found, and what comes of it for this host. */
static void print_dane(FILE *out, const struct explain *explain, size_t host)
{
	const struct verdict_mx *mx = &explain->mx->hosts[host];

	(void)fprintf(out, MARGIN "      addresses %s; TLSA %s", explain_addrs(explain->mx->addrs[host]),
		      verdict_dane_name(mx->dane));
	if (mx->tlsa_base[0] != '\0')
		(void)fprintf(out, ", base %s", mx->tlsa_base);
	(void)fputc('\n', out);
	print_records(out, explain, host);
}

static void print_host_demand(FILE *out, const struct explain *explain, size_t host)
{
	const struct verdict *verdict = explain->verdict;
	char text[EXPLAIN_TEXT_MAX];

	if (!is_by_host(explain) || host >= verdict->mx_count || verdict->mx[host].addrs_count == 0)
		return;
	explain_demand(explain, explain_at(verdict, host), text);
	(void)fprintf(out, MARGIN "      demand: %s\n", text);
	if (explain_in_test(explain, explain_at(verdict, host), text))
		(void)fprintf(out, MARGIN "      %s\n", text);
}

static void print_host(FILE *out, const struct explain *explain, size_t host)
{
	const struct verdict_mx *mx = &explain->mx->hosts[host];
	char text[ADDR_TEXT_MAX];

	(void)fprintf(out, MARGIN "%5u %s", mx->preference, mx->name);
	for (size_t i = 0; i < mx->addrs_count; i++)
		(void)fprintf(out, " [%s]", addr_format(&mx->addrs[i], text));
	if (mx->addrs_failed)
		(void)fprintf(out, " (a lookup of its addresses failed)");
	else if (mx->addrs_count == 0)
		(void)fprintf(out, " (no address)");
	(void)fputc('\n', out);
	if (explain->dane)
		print_dane(out, explain, host);
	if (explain->verdict->published.patterns_count > 0)
		(void)fprintf(out, MARGIN "      the policy %s it\n",
			      verdict_policy_allows(&explain->verdict->published, mx->name) ? "allows"
											    : "does not allow");
	print_host_demand(out, explain, host);
}

static void print_mx(FILE *out, const struct explain *explain)
{
	static const char *const lookups[] = { "could not be looked up", "none", "found" };
	const struct mx_result *mx = explain->mx;

	if (mx == NULL) {
		(void)fprintf(out, "MX hosts     not needed\n");
		return;
	}
	(void)fprintf(out, "MX hosts     of %s: %s%s%s%s\n", explain->lookup_name, lookups[mx->lookup],
		      mx->implicit ? " (no MX record: the domain itself)" : "",
		      strcmp(mx->canonical, explain->lookup_name) != 0 && mx->canonical[0] != '\0' ? " (by an alias)"
												   : "",
		      mx->lookup == VERDICT_LOOKUP_FAILED ? ""
		      : mx->secure                        ? ", proved by DNSSEC"
							  : ", not proved");
	for (size_t i = 0; i < mx->hosts_count; i++)
		print_host(out, explain, i);
	if (mx->reason[0] != '\0')
		(void)fprintf(out, MARGIN "%s\n", mx->reason);
}

/* --- what is published -------------------------------------------------------------------------------------------- */

static void print_sts(FILE *out, const struct explain *explain)
{
	const struct sts_answer *sts = &explain->facts->sts;
	char text[EXPLAIN_TEXT_MAX];

	explain_record_text(explain, text);
	(void)fprintf(out, "MTA-STS      %s\n", text);
	explain_policy_text(explain, text);
	(void)fprintf(out, MARGIN "%s\n", text);
	if (sts->present && sts->policy->patterns_count > 0) {
		text[0] = '\0';
		explain_patterns(text, sts->policy->patterns, sts->policy->patterns_count);
		(void)fprintf(out, MARGIN "mx %s\n", text);
	}
	if (sts->result != RESULT_NONE)
		(void)fprintf(out, MARGIN "%s: %s\n", result_word_name(sts->result), sts->reason);
	else if (sts->reason[0] != '\0')
		(void)fprintf(out, MARGIN "%s\n", sts->reason);
	if (explain->note != NULL && explain->note[0] != '\0')
		(void)fprintf(out, MARGIN "%s\n", explain->note);
}

static void print_list(FILE *out, const struct explain *explain)
{
	const struct decide_facts *facts = explain->facts;
	char text[EXPLAIN_TEXT_MAX] = "";

	append(text, "mode %s, until ", facts->entry.enforce ? "enforce" : "testing");
	explain_time(text, facts->list_expires_s);
	append(text, ", mx ");
	explain_patterns(text, facts->entry.patterns, facts->entry.patterns_count);
	(void)fprintf(out, "list         %s\n", text);
}

static void print_published(FILE *out, const struct explain *explain)
{
	if (explain_has_sts(explain))
		print_sts(out, explain);
	if (explain->facts != NULL && explain->facts->listed)
		print_list(out, explain);
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static void print_demand(FILE *out, const struct explain *explain)
{
	char text[EXPLAIN_TEXT_MAX];

	if (is_by_host(explain)) {
		(void)fprintf(out,
			      "demand       by the MX host dialled, as above; at an address that is none of theirs:\n");
		explain_demand(explain, NULL, text);
		(void)fprintf(out, MARGIN "%s\n", text);
		if (explain_in_test(explain, NULL, text))
			(void)fprintf(out, MARGIN "%s\n", text);
		return;
	}
	explain_demand(explain, NULL, text);
	(void)fprintf(out, "demand       %s\n", text);
	if (explain_in_test(explain, NULL, text))
		(void)fprintf(out, MARGIN "%s\n", text);
}

void explain_text(FILE *out, const struct explain *explain)
{
	const struct verdict *verdict = explain->verdict;
	char text[EXPLAIN_TEXT_MAX];

	(void)fprintf(out, "recipient    %s\n", explain->recipient);
	print_destination(out, explain);
	print_sources(out, explain);
	(void)fprintf(out, "level        %s", level_name(explain_level(explain)));
	if (verdict->level == LEVEL_DANE)
		(void)fprintf(out, ", floor %s", level_name(verdict->floor));
	(void)fprintf(out, "%s\n", verdict->enforce ? "" : ", report only");
	print_lookups(out, explain);
	print_published(out, explain);
	print_mx(out, explain);
	explain_names(verdict, text);
	if (level_is_named(verdict->level) || text[0] != '\0')
		(void)fprintf(out, "names        %s\n", text[0] != '\0' ? text : "none");
	explain_sni(explain, text);
	(void)fprintf(out, "SNI          %s\n", text);
	if (verdict->auth)
		(void)fprintf(out, "AUTH         offered to the client once the server is authenticated\n");
	print_demand(out, explain);
}

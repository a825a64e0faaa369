/* probe_print.c - see probe_print.h: one line for the domain, one for each address, details indented below. */
#include "proxy/probe/probe_print.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/base/printable.h"
#include "proxy/probe/probe_detail.h"
#include "proxy/probe/probe_published.h"
#include "proxy/tls/tls_show.h"

/* detail writes an indented line; nothing where there is no text. |label| "" continues the one before. */
static void detail(FILE *out, const char *label, const char *text)
{
	if (text[0] == '\0')
		return;
	(void)fprintf(out, "    %-10s ", label);
	printable_print(out, text);
	(void)fputc('\n', out);
}

static const char *yes_no(bool value)
{
	return value ? "yes" : "no";
}

/* --- the domain --------------------------------------------------------------------------------------------------- */

static void print_policy(FILE *out, const struct verdict *verdict)
{
	(void)fprintf(out, " source=%s level=%s", verdict_source_name(verdict->source), level_name(verdict->level));
	if (verdict->floor != LEVEL_UNSET)
		(void)fprintf(out, " floor=%s", level_name(verdict->floor));
	if (probe_publishes(verdict))
		(void)fprintf(out, " %s=%s", probe_publisher(verdict),
			      verdict_published_name(verdict->published.status));
	if (!verdict->enforce)
		(void)fputs(" enforce=no", out);
}

static void print_published(FILE *out, const struct verdict *verdict)
{
	char text[PROBE_TEXT_MAX];

	if (!probe_publishes(verdict))
		return;
	detail(out, "allows", probe_allows(verdict, text, sizeof(text)));
	if (verdict->published.result != RESULT_NONE)
		detail(out, "problem", result_word_name(verdict->published.result));
	detail(out, verdict->published.result != RESULT_NONE ? "" : "problem", verdict->published.reason);
}

static void print_domain(FILE *out, const struct probe *probe)
{
	const struct verdict *verdict = probe->verdict;

	(void)fputs("DOMAIN ", out);
	printable_print(out, probe->asked);
	print_policy(out, verdict);
	if (verdict->nexthop[0] != '\0' || verdict->mx_count > 0)
		(void)fprintf(out, " mx=%s mx-secure=%s", verdict_lookup_name(verdict->mx_lookup),
			      yes_no(verdict->mx_secure));
	(void)fputc('\n', out);
	detail(out, "expanded", verdict->expanded);
	detail(out, "reason", verdict->reason);
	print_published(out, verdict);
	if (!verdict->enforce)
		detail(out, "note",
		       "report only (enforce = no): mail is delivered in any case, and refusals are logged");
}

/* --- an address --------------------------------------------------------------------------------------------------- */

static void print_headline(FILE *out, const struct probe_target *target)
{
	const struct probe_talk *talk = &target->talk;
	char address[ENDPOINT_TEXT_MAX];

	(void)fputs("MX ", out);
	printable_print(out, target->host[0] != '\0' ? target->host : "-");
	(void)fprintf(out, " %s verdict=%s result=%s tls=%s",
		      target->at.port == 25 ? addr_format(&target->at.addr, address)
					    : endpoint_format(&target->at, address),
		      probe_outcome_name(talk->outcome), result_word_name(talk->result),
		      talk->tls && target->peer != NULL ? tls_peer_facts(target->peer)->version_name : "none");
	if (probe_match(target)[0] != '\0')
		(void)fprintf(out, " match=\"%s\" depth=%d\n", probe_match(target), talk->judgement.depth);
	else
		(void)fputs(" match=\"-\" depth=-\n", out);
}

static void print_test(FILE *out, const struct probe_target *target)
{
	struct probe_test test;
	char text[VERDICT_REASON_MAX + 96];

	probe_test_of(&test, target);
	if (!test.known)
		return;
	(void)snprintf(text, sizeof(text), "%s, if it were enforced, would %s%s", demand_basis_name(test.basis),
		       test.passes ? "pass" : "refuse: ", test.reason);
	detail(out, "testing", text);
}

static void print_demand(FILE *out, const struct probe *probe, const struct probe_target *target)
{
	const struct demand *demand = &target->terms.demand;
	char text[PROBE_TEXT_MAX];

	if (target->verdict != probe->verdict) {
		(void)fprintf(out, "    %-10s", "policy");
		print_policy(out, target->verdict);
		(void)fputc('\n', out);
		print_published(out, target->verdict);
	}
	if (demand->level == LEVEL_UNSET)
		(void)snprintf(text, sizeof(text), "no server can meet it: %s", demand->reason);
	else if (demand->also != LEVEL_UNSET)
		(void)snprintf(text, sizeof(text), "%s and %s, by %s and %s", level_name(demand->level),
			       level_name(demand->also), demand_basis_name(demand->basis),
			       demand_basis_name(demand->also_basis));
	else
		(void)snprintf(text, sizeof(text), "%s, by %s", level_name(demand->level),
			       demand_basis_name(demand->basis));
	detail(out, "demand", text);
	detail(out, "MX host", probe_allowed(demand, text, sizeof(text)));
	print_test(out, target);
	detail(out, "matched", probe_matched(target));
	if (probe_match(target)[0] != '\0' && !target->talk.judgement.authenticated)
		detail(out, "note", "the MX list is not signed: this proves the host, not that it is the domain's");
}

static void print_said(FILE *out, const struct probe_target *target)
{
	const struct probe_talk *talk = &target->talk;
	const struct tls_session_facts *facts;
	char text[PROBE_TEXT_MAX];

	detail(out, "greeting", talk->greeting);
	if (talk->hello_done)
		detail(out, "EHLO", smtp_keywords_format(talk->clear.keywords, text));
	if (talk->ended_in >= PROBE_HANDSHAKE)
		detail(out, "SNI",
		       talk->terms->names.names[talk->name][0] != '\0' ? talk->terms->names.names[talk->name] : "none");
	if (target->peer == NULL)
		return;
	facts = tls_peer_facts(target->peer);
	(void)snprintf(text, sizeof(text), "%s %s %s", facts->version_name, facts->cipher, facts->group);
	detail(out, "TLS", text);
	if (talk->tls_hello_done)
		detail(out, "EHLO/TLS", smtp_keywords_format(talk->secure.keywords, text));
}

static void print_certificate(FILE *out, size_t index, struct tls_der cert, time_t now)
{
	struct tls_shown shown;
	char text[3 * TLS_SHOW_MAX];
	bool read = tls_show_cert(&shown, cert, now);
	bool expired = shown.not_after <= now;
	long days = labs((long)((shown.not_after - now) / 86400));

	if (read)
		(void)snprintf(text, sizeof(text), "%zu %s, %s, %s %ld day%s%s%s, by %s", index,
			       shown.subject[0] != '\0' ? shown.subject : "no name", shown.key,
			       expired ? "EXPIRED" : "expires in", days, days == 1 ? "" : "s", expired ? " ago" : "",
			       shown.not_before > now ? " but is NOT YET VALID" : "",
			       strcmp(shown.subject, shown.issuer) == 0 ? "itself" : shown.issuer);
	else
		(void)snprintf(text, sizeof(text), "%zu cannot be read", index);
	detail(out, index == 0 ? "chain" : "", text);
}

static void print_chain(FILE *out, const struct tls_peer *peer, time_t now)
{
	struct tls_shown leaf;

	if (peer == NULL)
		return;
	for (size_t i = 0; i < tls_peer_count(peer); i++)
		print_certificate(out, i, tls_peer_cert(peer, i), now);
	if (tls_show_cert(&leaf, tls_peer_cert(peer, 0), now))
		detail(out, "names", leaf.names[0] != '\0' ? leaf.names : "none (no subjectAltName)");
}

static void print_tlsa(FILE *out, const struct probe_target *target)
{
	const struct verdict_mx *mx;
	char text[TLSA_TEXT_MAX + 64];
	char line[TLSA_TEXT_MAX + VERDICT_NAME_MAX + 64];

	for (size_t i = 0; (mx = probe_tlsa_host(target, i)) != NULL; i++) {
		const char *none = probe_tlsa_none(mx);
		(void)snprintf(line, sizeof(line), "of %s%s%s", none != NULL ? mx->name : mx->tlsa_base,
			       none != NULL ? ": " : "", none != NULL ? none : "");
		detail(out, "TLSA", line);
		for (size_t j = 0; j < mx->tlsa_count; j++) {
			(void)snprintf(line, sizeof(line), "%-9s %s", probe_record_name(probe_record_of(target, mx, j)),
				       tlsa_format(&mx->tlsa[j], text));
			detail(out, "", line);
		}
	}
}

static void print_target(FILE *out, const struct probe *probe, const struct probe_target *target, time_t now)
{
	struct probe_hint hint;

	print_headline(out, target);
	detail(out, "reason", target->talk.reason);
	print_demand(out, probe, target);
	print_said(out, target);
	print_chain(out, target->peer, now);
	print_tlsa(out, target);
	probe_hint_of(&hint, probe, target);
	detail(out, "they can", hint.theirs);
	detail(out, "you can", hint.yours);
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

static void print_sum(FILE *out, const struct probe *probe)
{
	size_t counts[PROBE_OUTCOME_COUNT] = { 0 };
	const char *before = ":";

	for (size_t i = 0; i < probe->count; i++)
		counts[probe->targets[i].talk.outcome]++;
	(void)fprintf(out, "%zu address%s", probe->count, probe->count == 1 ? "" : "es");
	for (size_t i = PROBE_OUTCOME_COUNT; i-- > 0;) {
		if (counts[i] == 0)
			continue;
		(void)fprintf(out, "%s %zu %s", before, counts[i], probe_outcome_name((enum probe_outcome)i));
		before = ",";
	}
	if (probe->left_out > 0)
		(void)fprintf(out, "; %zu more were left out", probe->left_out);
	(void)fputc('\n', out);
}

void probe_print(FILE *out, const struct probe *probe, time_t now)
{
	print_domain(out, probe);
	for (size_t i = 0; i < probe->count; i++)
		print_target(out, probe, &probe->targets[i], now);
	if (probe->count > 0)
		print_sum(out, probe);
	else if (probe->verdict->level == LEVEL_NONE)
		(void)fputs("No address is known: level none looks up no MX hosts (--destination IP names one).\n",
			    out);
	else
		(void)fputs("No address to probe.\n", out);
	if (probe->interrupted)
		(void)fputs("Interrupted.\n", out);
}

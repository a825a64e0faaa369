/* explain.c - see explain.h. */
#include "policy/tools/explain.h"

#include <stdarg.h>
#include <string.h>

/* append adds to a text of EXPLAIN_TEXT_MAX; what does not fit is cut. */
static void PRINTF_LIKE(2, 3) append(char *out, const char *format, ...)
{
	size_t len = strlen(out);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(out + len, EXPLAIN_TEXT_MAX - len, format, args);
	va_end(args);
}

/* Nothing that a server could show would do. */
static bool is_hopeless(const struct verdict *verdict)
{
	if (!level_authenticates(verdict->level))
		return false;
	return verdict->names_count == 0 && verdict->fingerprints_count == 0 &&
	       (!verdict->match_mx || verdict->mx_count == 0);
}

int explain_status(const struct explain *explain)
{
	const struct verdict *verdict = explain->verdict;

	if (verdict->status != VERDICT_OK)
		return 3;
	return verdict->enforce && is_hopeless(verdict) ? 1 : 0;
}

void explain_rule(const struct explain *explain, char out[EXPLAIN_TEXT_MAX])
{
	const struct rules_match *match = explain->match;
	char text[ADDR_TEXT_MAX];

	out[0] = '\0';
	switch (match->source) {
	case VERDICT_SOURCE_DESTINATION:
		append(out, "destination \"%s/%u\", %s:%u", addr_format(&match->destination->prefix.addr, text),
		       match->destination->prefix.bits, explain->file, match->rule->line);
		break;
	case VERDICT_SOURCE_DOMAIN:
		append(out, "domain \"%s\", %s:%u", match->domain->name, explain->file, match->rule->line);
		break;
	case VERDICT_SOURCE_DEFAULT: append(out, "none matches: the default level"); break;
	case VERDICT_SOURCE_NONE:
	case VERDICT_SOURCE_COUNT: append(out, "none"); break;
	}
}

void explain_sni(const struct explain *explain, char out[EXPLAIN_TEXT_MAX])
{
	const struct verdict *verdict = explain->verdict;
	const struct verdict_mx *mx = verdict_mx_for(verdict, &explain->question->destination.addr);

	out[0] = '\0';
	if (verdict->level == LEVEL_NONE)
		append(out, "none: no TLS");
	else if (verdict->servername[0] != '\0')
		append(out, "%s", verdict->servername);
	else if (mx != NULL)
		append(out, "%s (the MX host dialled)", mx->name);
	else if (verdict->mx_count > 0)
		append(out, "the MX host dialled; %s where the address is none of theirs", verdict->mx[0].name);
	else
		append(out, "none: no name is known");
}

static void append_names(char *out, const struct verdict *verdict)
{
	const char *before = "";

	if (verdict->match_mx) {
		append(out, "the MX host");
		before = " or ";
	}
	for (size_t i = 0; i < verdict->names_count; i++) {
		append(out, "%s%s%s", before, verdict->names[i].subdomains ? "." : "", verdict->names[i].name);
		before = " or ";
	}
}

static void append_level(char *out, const struct explain *explain)
{
	const struct verdict *verdict = explain->verdict;
	const char *version = verdict->min_protocol == CONF_TLS13 ? "TLS 1.3" : "TLS 1.2 or newer";
	const char *ca = conf_ca_file(explain->conf, verdict->ca);

	switch (verdict->level) {
	case LEVEL_NONE: append(out, "the mail goes in clear text, TLS is not tried"); break;
	case LEVEL_MAY: append(out, "TLS where the server offers it, else clear text"); break;
	case LEVEL_ENCRYPT: append(out, "%s; any certificate will do", version); break;
	case LEVEL_FINGERPRINT:
		append(out, "%s, and a certificate or key with one of %zu fingerprint%s", version,
		       verdict->fingerprints_count, verdict->fingerprints_count == 1 ? "" : "s");
		break;
	case LEVEL_VERIFY:
	case LEVEL_SECURE:
		append(out, "%s, and a certificate, trusted by %s, for ", version,
		       ca != NULL ? ca : "the gate's CA bundle");
		append_names(out, verdict);
		break;
	case LEVEL_UNSET:
	case LEVEL_DANE:
	case LEVEL_DANE_ONLY:
	case LEVEL_COUNT: append(out, "nothing that could be met"); break;
	}
}

void explain_demand(const struct explain *explain, char out[EXPLAIN_TEXT_MAX])
{
	const struct verdict *verdict = explain->verdict;

	out[0] = '\0';
	if (verdict->status != VERDICT_OK)
		append(out, "undecided: %s", verdict->reason);
	else if (is_hopeless(verdict))
		append(out, "level %s, and no name is known that a certificate could be for",
		       level_name(verdict->level));
	else
		append_level(out, explain);
	if (!verdict->enforce)
		append(out, "; report only (enforce = no): delivered in any case");
	else if (verdict->status != VERDICT_OK)
		append(out, "; the client is told to try again later (451 4.4.3)");
	else if (!level_permits_clear(verdict->level))
		append(out, "; else the mail is refused for now (451)");
	append(out, ".");
}

/* --- for a person ------------------------------------------------------------------------------------------------- */

static void print_host(FILE *out, const struct verdict_mx *host)
{
	char text[ADDR_TEXT_MAX];

	(void)fprintf(out, "             %5u %s", host->preference, host->name);
	for (size_t i = 0; i < host->addrs_count; i++)
		(void)fprintf(out, " [%s]", addr_format(&host->addrs[i], text));
	if (host->addrs_failed)
		(void)fprintf(out, " (a lookup of its addresses failed)");
	else if (host->addrs_count == 0)
		(void)fprintf(out, " (no address)");
	(void)fputc('\n', out);
}

static void print_mx(FILE *out, const struct explain *explain)
{
	static const char *const lookups[] = { "could not be looked up", "none", "found" };
	const struct verdict *verdict = explain->verdict;

	if (explain->lookup_name == NULL) {
		(void)fprintf(out, "MX hosts     not needed\n");
		return;
	}
	(void)fprintf(out, "MX hosts     of %s: %s%s%s\n", explain->lookup_name, lookups[explain->mx->lookup],
		      explain->mx->implicit ? " (no MX record: the domain itself)" : "",
		      strcmp(explain->mx->canonical, explain->lookup_name) != 0 && explain->mx->canonical[0] != '\0'
			      ? " (by an alias)"
			      : "");
	for (size_t i = 0; i < verdict->mx_count; i++)
		print_host(out, &verdict->mx[i]);
	if (explain->mx->reason[0] != '\0')
		(void)fprintf(out, "             %s\n", explain->mx->reason);
}

static void print_destination(FILE *out, const struct explain *explain)
{
	const struct addr *addr = &explain->question->destination.addr;
	const struct verdict_mx *mx = verdict_mx_for(explain->verdict, addr);
	char text[ADDR_TEXT_MAX];

	if (addr_len(addr) == 0) {
		(void)fprintf(out, "destination  any that has no rule of its own (--destination IP asks for one)\n");
		return;
	}
	(void)fprintf(out, "destination  %s", addr_format(addr, text));
	if (mx != NULL)
		(void)fprintf(out, ", which is %s", mx->name);
	else if (explain->verdict->mx_lookup == VERDICT_LOOKUP_FOUND)
		(void)fprintf(out, ", which is no mail exchanger of %s", explain->lookup_name);
	(void)fputc('\n', out);
}

void explain_text(FILE *out, const struct explain *explain)
{
	const struct verdict *verdict = explain->verdict;
	char text[EXPLAIN_TEXT_MAX];

	(void)fprintf(out, "recipient    %s\n", explain->recipient);
	print_destination(out, explain);
	explain_rule(explain, text);
	(void)fprintf(out, "rule         %s\n", text);
	(void)fprintf(out, "level        %s%s\n", level_name(verdict->level), verdict->enforce ? "" : ", report only");
	print_mx(out, explain);
	if (verdict->level == LEVEL_VERIFY || verdict->level == LEVEL_SECURE) {
		text[0] = '\0';
		append_names(text, verdict);
		(void)fprintf(out, "names        %s\n", text[0] != '\0' ? text : "none");
	}
	explain_sni(explain, text);
	(void)fprintf(out, "SNI          %s\n", text);
	if (verdict->auth)
		(void)fprintf(out, "AUTH         offered to the client once the server is authenticated\n");
	explain_demand(explain, text);
	(void)fprintf(out, "demand       %s\n", text);
}

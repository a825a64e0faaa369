/* explain_facts.c - see explain.h: which sources of policy apply, and what the TLSA records are worth. */
#include <stdarg.h>
#include <string.h>

#include "policy/mx/tlsa_der.h"
#include "policy/tools/explain_parts.h"
#include "policy/tools/explain.h"

void append(char *out, const char *format, ...)
{
	size_t len = strlen(out);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(out + len, EXPLAIN_TEXT_MAX - len, format, args);
	va_end(args);
}

/* --- sources ------------------------------------------------------------------------------------------------------ */

static void of_destination(const struct explain *explain, struct explain_source *out)
{
	const struct rules_match *match = explain->match;
	const struct addr *addr = &explain->question->destination.addr;
	char text[ADDR_TEXT_MAX];

	out->name = "destination rule";
	out->applies = match->source == VERDICT_SOURCE_DESTINATION;
	if (out->applies)
		append(out->why, "\"%s/%u\", %s:%u", addr_format(&match->destination->prefix.addr, text),
		       match->destination->prefix.bits, explain->file, match->rule->line);
	else if (addr_len(addr) == 0)
		append(out->why, "no destination was given");
	else
		append(out->why, "none for %s", addr_format(addr, text));
}

static void of_domain(const struct explain *explain, struct explain_source *out)
{
	const struct rules_match *match = explain->match;
	const char *domain = explain->question->domain;

	out->name = "domain rule";
	out->applies = match->source == VERDICT_SOURCE_DOMAIN;
	if (out->applies)
		append(out->why, "\"%s\", %s:%u", match->domain->name, explain->file, match->rule->line);
	else if (match->source == VERDICT_SOURCE_DESTINATION)
		append(out->why, "the destination's rule goes first");
	else if (!rules_is_domain(domain))
		append(out->why, "the recipient has no domain");
	else
		append(out->why, "none for %s nor for a domain above it", domain);
}

static void of_default(const struct explain *explain, struct explain_source *out)
{
	out->name = "default level";
	out->applies = explain->match->source == VERDICT_SOURCE_DEFAULT;
	if (out->applies)
		append(out->why, "default-level = %s", level_name(explain->conf->default_level));
	else
		append(out->why, "a rule goes first");
}

enum level explain_level(const struct explain *explain)
{
	return explain->match->rule != NULL ? explain->match->rule->level : explain->conf->default_level;
}

/* count of the MX hosts whose search came to |dane|. */
static size_t hosts_with(const struct verdict *verdict, enum verdict_dane dane)
{
	size_t count = 0;

	for (size_t i = 0; i < verdict->mx_count; i++)
		count += verdict->mx[i].dane == dane;
	return count;
}

/* why_no_search: NULL where the hosts were searched for records. */
static const char *why_no_search(const struct explain *explain)
{
	const struct verdict *verdict = explain->verdict;

	if (explain->conf->dnssec == CONF_DNSSEC_OFF)
		return "dnssec = off: nobody proves anything";
	if (explain->lookup_name == NULL)
		return "there is no domain whose MX hosts could be looked up";
	if (verdict->mx_lookup == VERDICT_LOOKUP_FAILED)
		return "the MX hosts could not be had: undecided";
	if (verdict->mx_count == 0)
		return "there is no MX host";
	if (!verdict->mx_secure && verdict->level == LEVEL_DANE_ONLY)
		return "the list of MX hosts is not proved";
	if (!verdict->mx_secure && explain->conf->insecure_mx == CONF_INSECURE_MX_MAY)
		return "the list of MX hosts is not proved, and dane-insecure-mx = may";
	return NULL;
}

static void of_dane(const struct explain *explain, struct explain_source *out)
{
	const struct verdict *verdict = explain->verdict;
	enum level level = explain_level(explain);
	const char *why = why_no_search(explain);
	size_t usable = hosts_with(verdict, VERDICT_DANE_USABLE);
	size_t unusable = hosts_with(verdict, VERDICT_DANE_UNUSABLE);
	size_t failed = hosts_with(verdict, VERDICT_DANE_FAILED);

	out->name = "DANE";
	if (level != LEVEL_DANE && level != LEVEL_DANE_ONLY) {
		append(out->why, "the level is %s", level_name(level));
		return;
	}
	if (why != NULL) {
		append(out->why, "%s", why);
		return;
	}
	out->applies = usable + unusable + failed > 0;
	append(out->why, "of %zu MX host%s %zu with TLSA records that can be used, %zu with others, %zu without",
	       verdict->mx_count, verdict->mx_count == 1 ? "" : "s", usable, unusable,
	       hosts_with(verdict, VERDICT_DANE_NONE));
	if (failed > 0)
		append(out->why, ", %zu not known", failed);
	if (!verdict->mx_secure)
		append(out->why, "; the list of MX hosts is not proved (dane-insecure-mx = %s)",
		       explain->conf->insecure_mx == CONF_INSECURE_MX_ENCRYPT ? "encrypt" : "dane");
}

size_t explain_sources(const struct explain *explain, struct explain_source out[EXPLAIN_SOURCES_MAX])
{
	memset(out, 0, EXPLAIN_SOURCES_MAX * sizeof(*out));
	of_destination(explain, &out[0]);
	of_domain(explain, &out[1]);
	of_default(explain, &out[2]);
	of_dane(explain, &out[3]);
	explain_source_sts(explain, &out[4]);
	explain_source_list(explain, &out[5]);
	return EXPLAIN_SOURCES_MAX;
}

/* --- hosts -------------------------------------------------------------------------------------------------------- */

const char *explain_addrs(enum host_addrs addrs)
{
	switch (addrs) {
	case HOST_ADDRS_NONE: return "none";
	case HOST_ADDRS_INSECURE: return "insecure";
	case HOST_ADDRS_ALIAS: return "an alias, insecure";
	case HOST_ADDRS_ALIAS_FIRST: return "an alias that is secure, of a name that is not";
	case HOST_ADDRS_SECURE: return "secure";
	case HOST_ADDRS_FAILED: break;
	}
	return "failed";
}

static void mark_outdone(struct explain_record *records, size_t count)
{
	struct tlsa usable[TLSA_MAX];
	size_t at[TLSA_MAX];
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		if (records[i].unusable != NULL)
			continue;
		at[n] = i;
		usable[n++] = *records[i].record;
	}
	for (size_t i = 0; i < n; i++)
		records[at[i]].outdone = tlsa_outdone(usable, n, i);
}

size_t explain_records(const struct explain *explain, size_t host, struct explain_record out[TLSA_MAX])
{
	const struct verdict_mx *mx = &explain->mx->hosts[host];
	char name[DNS_NAME_MAX + 16];
	const struct trail_step *step;
	size_t count = 0;

	(void)snprintf(name, sizeof(name), "_%u._tcp.%s", explain->question->destination.port, mx->tlsa_base);
	step = mx->tlsa_base[0] != '\0' ? trail_find(explain->trail, name, DNS_TLSA) : NULL;
	for (; step != NULL && count < step->tlsa_count && count < TLSA_MAX; count++) {
		const struct tlsa *record = &step->tlsa[count];
		out[count] =
			(struct explain_record){ .record = record, .unusable = tlsa_unusable(record, tlsa_der_parses) };
	}
	mark_outdone(out, count);
	return count;
}

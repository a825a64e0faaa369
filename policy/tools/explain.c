/* explain.c - see explain.h: the demand in words, and how the program ends. */
#include "policy/tools/explain.h"

#include <string.h>

#include "policy/tools/explain_parts.h"
#include "proxy/base/exit_status.h"

static bool is_published(enum demand_basis basis)
{
	return basis == DEMAND_OF_STS || basis == DEMAND_OF_LIST;
}

/* Nothing that a server could show would do at |level|. What is published has names of its own. */
static bool lacks_names(const struct verdict *verdict, enum level level, enum demand_basis basis)
{
	if (is_published(basis))
		return false;
	switch (level) {
	case LEVEL_VERIFY:
	case LEVEL_SECURE: return verdict->names_count == 0 && (!verdict->match_mx || verdict->mx_count == 0);
	case LEVEL_FINGERPRINT: return verdict->fingerprints_count == 0;
	default: return false;
	}
}

static bool is_hopeless(const struct verdict *verdict, const struct demand *demand)
{
	return lacks_names(verdict, demand->level, demand->basis) ||
	       lacks_names(verdict, demand->also, demand->also_basis);
}

/* is_refusal: what is known refuses; a lookup that failed leaves it undecided. */
static bool is_refusal(const struct demand *demand)
{
	return demand->result == RESULT_DANE_REQUIRED || demand->result == RESULT_VALIDATION_FAILURE;
}

/* --- the exit status ---------------------------------------------------------------------------------------------- */

const struct addr *explain_at(const struct verdict *verdict, size_t host)
{
	static const struct addr none;

	return verdict->mx[host].addrs_count > 0 ? &verdict->mx[host].addrs[0] : &none;
}

static int status_at(const struct verdict *verdict, const struct addr *dst)
{
	struct demand demand;

	demand_of(&demand, verdict, dst);
	if (demand.level != LEVEL_UNSET)
		return is_hopeless(verdict, &demand) ? CLI_FAILED : CLI_OK;
	return is_refusal(&demand) ? CLI_FAILED : CLI_UNDECIDED;
}

int explain_status(const struct explain *explain)
{
	const struct verdict *verdict = explain->verdict;
	const struct addr *dst = &explain->question->destination.addr;
	int best = CLI_UNDECIDED;

	if (addr_len(dst) > 0 || verdict->mx_count == 0)
		best = status_at(verdict, dst);
	for (size_t i = 0; addr_len(dst) == 0 && i < verdict->mx_count; i++) {
		int status = status_at(verdict, explain_at(verdict, i));
		best = status < best ? status : best;
	}
	return best == CLI_FAILED && !verdict->enforce ? CLI_OK : best;
}

/* --- names -------------------------------------------------------------------------------------------------------- */

void explain_sni(const struct explain *explain, char out[EXPLAIN_TEXT_MAX])
{
	const struct verdict *verdict = explain->verdict;
	const struct addr *dst = &explain->question->destination.addr;
	const struct verdict_mx *mx = verdict_mx_for(verdict, dst);
	struct demand demand;

	out[0] = '\0';
	demand_of(&demand, verdict, dst);
	if (verdict->level == LEVEL_NONE)
		append(out, "none: no TLS");
	else if (demand.level == LEVEL_DANE && demand.hosts_count == 1)
		append(out, "%s (the TLSA base domain)", demand.hosts[0]->tlsa_base);
	else if (demand.level == LEVEL_DANE)
		append(out, "the TLSA base domain of the MX host dialled");
	else if (is_published(demand.basis) && demand.allowed_count == 1)
		append(out, "%s (the MX host that the policy allows)", demand.allowed[0]->name);
	else if (verdict->servername[0] != '\0' && !is_published(demand.basis))
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

void explain_names(const struct verdict *verdict, char out[EXPLAIN_TEXT_MAX])
{
	out[0] = '\0';
	append_names(out, verdict);
}

/* --- the demand --------------------------------------------------------------------------------------------------- */

/* With MTA-STS an MX host's own name counts, with the list any that it allows. */
static void append_allowed(char *out, const struct demand *demand, enum demand_basis basis,
			   const struct verdict *verdict)
{
	if (basis == DEMAND_OF_LIST || demand->allowed_count == 0) {
		append(out, "a name that the policy allows: ");
		explain_patterns(out, verdict->published.patterns, verdict->published.patterns_count);
		return;
	}
	for (size_t i = 0; i < demand->allowed_count; i++)
		append(out, "%s%s", i > 0 ? " or " : "", demand->allowed[i]->name);
}

static void append_certificate(char *out, const struct demand *demand, enum demand_basis basis,
			       const struct explain *explain)
{
	const char *ca = conf_ca_file(explain->conf, explain->verdict->ca);

	append(out, "a certificate, trusted by %s, for ", ca != NULL ? ca : "the gate's CA bundle");
	if (is_published(basis))
		append_allowed(out, demand, basis, explain->verdict);
	else
		append_names(out, explain->verdict);
}

static bool has_usage_2(const struct demand *demand)
{
	for (size_t i = 0; i < demand->hosts_count; i++) {
		for (size_t j = 0; j < demand->hosts[i]->tlsa_count; j++) {
			if (demand->hosts[i]->tlsa[j].usage == TLSA_DANE_TA)
				return true;
		}
	}
	return false;
}

/* The reference names, which count where an authority matches (RFC 7672 s. 3.2.2). */
static void append_reference_names(char *out, const struct demand *demand, const struct verdict *verdict)
{
	bool named = false; /* the next hop is a base already */

	append(out, "; where it is an authority's, the server's is to be for ");
	for (size_t i = 0; i < demand->hosts_count; i++) {
		append(out, "%s%s", i > 0 ? " or " : "", demand->hosts[i]->tlsa_base);
		named |= strcmp(demand->hosts[i]->tlsa_base, verdict->nexthop) == 0;
	}
	if (verdict->mx_secure && !named)
		append(out, " or %s", verdict->nexthop);
	if (verdict->mx_secure && verdict->expanded[0] != '\0')
		append(out, " or %s", verdict->expanded);
}

static void append_dane(char *out, const struct demand *demand, const struct explain *explain)
{
	append(out, ", and a certificate or key that a TLSA record of ");
	for (size_t i = 0; i < demand->hosts_count; i++)
		append(out, "%s%s", i > 0 ? " or " : "", demand->hosts[i]->name);
	append(out, " names");
	if (has_usage_2(demand))
		append_reference_names(out, demand, explain->verdict);
	if (level_is_named(demand->also)) {
		append(out, "; and, because the MX list is not proved, ");
		append_certificate(out, demand, demand->also_basis, explain);
	}
}

static void append_level(char *out, const struct demand *demand, const struct explain *explain)
{
	const struct verdict *verdict = explain->verdict;
	const char *version = verdict->min_protocol == CONF_TLS13 ? "TLS 1.3" : "TLS 1.2 or newer";

	switch (demand->level) {
	case LEVEL_NONE: append(out, "the mail goes in clear text, TLS is not tried"); break;
	case LEVEL_MAY: append(out, "TLS where the server offers it, else clear text"); break;
	case LEVEL_ENCRYPT: append(out, "%s; any certificate will do", version); break;
	case LEVEL_FINGERPRINT:
		append(out, "%s, and a certificate or key with one of %zu fingerprint%s", version,
		       verdict->fingerprints_count, verdict->fingerprints_count == 1 ? "" : "s");
		break;
	case LEVEL_VERIFY:
	case LEVEL_SECURE:
		append(out, "%s, and ", version);
		append_certificate(out, demand, demand->basis, explain);
		break;
	case LEVEL_DANE:
		append(out, "%s", version);
		append_dane(out, demand, explain);
		break;
	case LEVEL_UNSET:
	case LEVEL_DANE_ONLY:
	case LEVEL_COUNT: append(out, "nothing that could be met"); break;
	}
}

static void append_basis(char *out, const struct demand *demand)
{
	if (demand->basis == DEMAND_OF_DANE_UNUSABLE)
		append(out, "there are TLSA records and none can be used, so ");
	else if (demand->basis == DEMAND_OF_STS)
		append(out, "DANE does not decide, so MTA-STS: ");
	else if (demand->basis == DEMAND_OF_LIST)
		append(out, "DANE does not decide, so the list: ");
	else if (demand->basis == DEMAND_OF_FLOOR)
		append(out, "DANE does not apply, so the floor (%s): ", level_name(demand->level));
}

static void append_demand(char *out, const struct demand *demand, const struct explain *explain)
{
	if (demand->level == LEVEL_UNSET) {
		append(out, "%s: %s", is_refusal(demand) ? "refused" : "undecided", demand->reason);
	} else if (is_hopeless(explain->verdict, demand)) {
		append(out, "level %s, and no name is known that a certificate could be for",
		       level_name(demand->level == LEVEL_DANE ? demand->also : demand->level));
	} else {
		append_basis(out, demand);
		append_level(out, demand, explain);
	}
}

bool explain_in_test(const struct explain *explain, const struct addr *dst, char out[EXPLAIN_TEXT_MAX])
{
	const struct verdict *verdict = explain->verdict;
	struct demand demand;

	out[0] = '\0';
	if (!demand_in_test(&demand, verdict, dst != NULL ? dst : &explain->question->destination.addr))
		return false;
	append(out, "%s in testing would demand: ",
	       verdict->published.by == VERDICT_BY_LIST ? "the list" : "the MTA-STS policy");
	append_demand(out, &demand, explain);
	append(out, "; a failure is reported, and the mail goes on.");
	return true;
}

void explain_demand(const struct explain *explain, const struct addr *dst, char out[EXPLAIN_TEXT_MAX])
{
	const struct verdict *verdict = explain->verdict;
	struct demand demand;

	out[0] = '\0';
	demand_of(&demand, verdict, dst != NULL ? dst : &explain->question->destination.addr);
	append_demand(out, &demand, explain);
	if (!verdict->enforce)
		append(out, "; report only (enforce = no): delivered in any case");
	else if (demand.level == LEVEL_UNSET)
		append(out, "; the client is told to try again later (451 %s)",
		       demand.code != NULL && demand.code[0] != '\0' ? demand.code : "4.4.3");
	else if (!level_permits_clear(demand.level))
		append(out, "; else the mail is refused for now (451)");
	append(out, ".");
}

/* demand.c - see demand.h. demand_published.c has the part of MTA-STS and of lists. */
#include "policy/verdict/demand_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What the candidates' TLSA searches came to, together. */
struct found {
	size_t count;
	bool failed;
	bool unusable;
	bool usable;
	const char *failed_host;
};

void demand_none_meets(struct demand *out, enum result_word result, const char *code, const char *format, ...)
{
	va_list args;

	*out = (struct demand){ .basis = out->basis, .result = result, .code = code };
	va_start(args, format);
	(void)vsnprintf(out->reason, sizeof(out->reason), format, args);
	va_end(args);
}

bool demand_mx_has(const struct verdict_mx *mx, const struct addr *dst)
{
	for (size_t i = 0; addr_len(dst) > 0 && i < mx->addrs_count; i++) {
		if (addr_equal(&mx->addrs[i], dst))
			return true;
	}
	return false;
}

/* What a host's search came to. Records without a name to ask the server for, a name without records, or addresses of
 * which nothing is known, are what no sound search leaves behind. */
static enum verdict_dane search_of(const struct verdict_mx *mx)
{
	switch (mx->dane) {
	case VERDICT_DANE_USABLE:
		return mx->tlsa_count > 0 && mx->tlsa_base[0] != '\0' ? mx->dane : VERDICT_DANE_FAILED;
	case VERDICT_DANE_UNUSABLE: return mx->dane;
	case VERDICT_DANE_NONE: return mx->addrs_failed && mx->addrs_count == 0 ? VERDICT_DANE_FAILED : mx->dane;
	case VERDICT_DANE_FAILED: break;
	}
	return VERDICT_DANE_FAILED;
}

/* take counts one candidate; those with usable records become the hosts of the demand. */
static void take(struct demand *out, struct found *found, const struct verdict_mx *mx)
{
	enum verdict_dane dane = search_of(mx);

	found->count++;
	found->unusable |= dane == VERDICT_DANE_UNUSABLE;
	if (dane == VERDICT_DANE_USABLE) {
		found->usable = true;
		out->hosts[out->hosts_count++] = mx;
	}
	if (dane == VERDICT_DANE_FAILED && !found->failed) {
		found->failed = true;
		found->failed_host = mx->name; /* the first by preference */
	}
}

/* look_at takes the hosts that have |dst|; all of them where |dst| is NULL. */
static void look_at(struct demand *out, struct found *found, const struct verdict *verdict, const struct addr *dst)
{
	*found = (struct found){ 0 };
	out->hosts_count = 0;
	for (size_t i = 0; i < verdict->mx_count; i++) {
		if (dst == NULL || demand_mx_has(&verdict->mx[i], dst))
			take(out, found, &verdict->mx[i]);
	}
}

/* strict-mx: a host without usable records is only believed where no other MX host has any. One whose search failed is
 * refused anyway. */
static bool must_look_further(const struct verdict *verdict, const struct found *found)
{
	return found->count == 0 || (verdict->strict_mx && !found->usable && !found->failed);
}

static bool is_floor(enum level floor)
{
	return floor == LEVEL_NONE || floor == LEVEL_MAY || floor == LEVEL_ENCRYPT || floor == LEVEL_VERIFY ||
	       floor == LEVEL_SECURE;
}

static void of_lookup_failure(struct demand *out, const struct found *found)
{
	demand_none_meets(out, RESULT_DNSSEC_INVALID, DEMAND_CODE_SECURITY,
			  "the TLSA records of %.150s could not be looked up; see gate25 explain", found->failed_host);
}

static void of_floor(struct demand *out, const struct verdict *verdict, bool unusable)
{
	out->level = verdict->floor;
	out->basis = DEMAND_OF_FLOOR;
	if (!unusable)
		return;
	out->basis = DEMAND_OF_DANE_UNUSABLE;
	if (level_permits_clear(out->level))
		out->level = LEVEL_ENCRYPT;
}

/* of_others: neither TLSA records nor a failed search decide. */
static void of_others(struct demand *out, const struct verdict *verdict, const struct found *found,
		      const struct addr *dst)
{
	enum demand_basis basis;

	switch (demand_published(out, &basis, verdict, dst)) {
	case DEMAND_PUBLISHED_FORBIDS: return;
	case DEMAND_PUBLISHED_SILENT: of_floor(out, verdict, found->unusable); return;
	case DEMAND_PUBLISHED_ALLOWS: break;
	}
	out->level = LEVEL_VERIFY;
	out->basis = basis;
}

/* of_dane_and: TLSA records prove a host that whoever forged the list of MX hosts may have chosen; what else there is
 * ties it to the domain (RFC 8461 s. 2). */
static void of_dane_and(struct demand *out, const struct verdict *verdict, const struct addr *dst)
{
	enum demand_basis basis;

	switch (demand_published(out, &basis, verdict, dst)) {
	case DEMAND_PUBLISHED_FORBIDS: return;
	case DEMAND_PUBLISHED_SILENT:
		if (!level_authenticates(verdict->floor))
			break;
		out->also = verdict->floor;
		out->also_basis = DEMAND_OF_FLOOR;
		break;
	case DEMAND_PUBLISHED_ALLOWS: out->also = LEVEL_VERIFY; out->also_basis = basis;
	}
	out->level = LEVEL_DANE;
}

/* |dst| is NULL where the candidates are all hosts. */
static void of_dane(struct demand *out, const struct verdict *verdict, const struct found *found,
		    const struct addr *dst)
{
	if (!is_floor(verdict->floor))
		demand_none_meets(out, RESULT_NONE, DEMAND_CODE_LOOKUP, "a policy that is not known");
	else if (found->usable && verdict->mx_secure)
		out->level = LEVEL_DANE;
	else if (found->usable)
		of_dane_and(out, verdict, dst);
	else if (found->failed)
		of_lookup_failure(out, found);
	else
		of_others(out, verdict, found, dst);
}

static void of_dane_only(struct demand *out, const struct verdict *verdict, const struct found *found)
{
	const char *whose = verdict->nexthop[0] != '\0' ? verdict->nexthop : "the destination";

	if (verdict->mx_lookup == VERDICT_LOOKUP_FOUND && !verdict->mx_secure)
		demand_none_meets(out, RESULT_DANE_REQUIRED, DEMAND_CODE_SECURITY,
				  "DANE is required, and the MX hosts of %.150s are not signed", whose);
	else if (found->usable)
		out->level = LEVEL_DANE;
	else if (found->failed)
		of_lookup_failure(out, found);
	else if (found->unusable)
		demand_none_meets(out, RESULT_DANE_REQUIRED, DEMAND_CODE_SECURITY,
				  "DANE is required, and no TLSA record of %.150s can be used", whose);
	else
		demand_none_meets(out, RESULT_DANE_REQUIRED, DEMAND_CODE_SECURITY,
				  "DANE is required, and %.150s has no TLSA records", whose);
}

/* The list of MX hosts must be known, and whole. */
static bool has_list(struct demand *out, const struct verdict *verdict)
{
	switch (verdict->mx_lookup) {
	case VERDICT_LOOKUP_ABSENT: return true;
	case VERDICT_LOOKUP_FOUND:
		if (verdict->mx_count > 0 && verdict->mx_count <= VERDICT_MX_MAX && verdict->mx != NULL)
			return true;
		break;
	case VERDICT_LOOKUP_FAILED: break;
	}
	if (verdict->reason[0] != '\0')
		demand_none_meets(out, RESULT_DNSSEC_INVALID, DEMAND_CODE_LOOKUP, "%s", verdict->reason);
	else
		demand_none_meets(out, RESULT_DNSSEC_INVALID, DEMAND_CODE_LOOKUP,
				  "the MX hosts of %.150s could not be looked up; see gate25 explain",
				  verdict->nexthop[0] != '\0' ? verdict->nexthop : verdict->domain);
	return false;
}

static void of_candidates(struct demand *out, const struct verdict *verdict, const struct addr *dst)
{
	struct found found;
	bool known;

	out->basis = DEMAND_OF_DANE;
	if (!has_list(out, verdict))
		return;
	look_at(out, &found, verdict, dst);
	known = found.count > 0;
	if (must_look_further(verdict, &found)) {
		look_at(out, &found, verdict, NULL);
		known &= !found.usable; /* strict-mx takes the server for another host */
	}
	if (verdict->level == LEVEL_DANE)
		of_dane(out, verdict, &found, known ? dst : NULL);
	else
		of_dane_only(out, verdict, &found);
	if (out->level != LEVEL_DANE)
		out->hosts_count = 0;
}

static void of_nothing(struct demand *out, const struct verdict *verdict)
{
	demand_none_meets(out, verdict != NULL ? verdict->result : RESULT_NONE, DEMAND_CODE_LOOKUP, "%s",
			  verdict != NULL && verdict->reason[0] != '\0' ? verdict->reason : "policy lookup failed");
}

void demand_of(struct demand *out, const struct verdict *verdict, const struct addr *dst)
{
	*out = (struct demand){ .code = "" };
	if (verdict == NULL || verdict->status != VERDICT_OK || !verdict_source_is_real(verdict->source)) {
		of_nothing(out, verdict);
		return;
	}
	switch (verdict->level) {
	case LEVEL_NONE:
	case LEVEL_MAY:
	case LEVEL_ENCRYPT:
	case LEVEL_FINGERPRINT:
	case LEVEL_VERIFY:
	case LEVEL_SECURE:
		out->level = verdict->level;
		out->basis = verdict->source == VERDICT_SOURCE_DEFAULT ? DEMAND_OF_DEFAULT : DEMAND_OF_RULE;
		return;
	case LEVEL_DANE:
	case LEVEL_DANE_ONLY: of_candidates(out, verdict, dst); return;
	case LEVEL_UNSET:
	case LEVEL_COUNT: break;
	}
	demand_none_meets(out, RESULT_NONE, DEMAND_CODE_LOOKUP, "a policy that is not known");
}

const char *demand_basis_name(enum demand_basis basis)
{
	static const char *const names[DEMAND_BASIS_COUNT] = {
		[DEMAND_OF_NOBODY] = "none",
		[DEMAND_OF_RULE] = "rule",
		[DEMAND_OF_DEFAULT] = "default",
		[DEMAND_OF_DANE] = "dane",
		[DEMAND_OF_DANE_UNUSABLE] = "dane-unusable",
		[DEMAND_OF_STS] = "sts",
		[DEMAND_OF_LIST] = "list",
		[DEMAND_OF_FLOOR] = "floor",
	};

	return (unsigned)basis < DEMAND_BASIS_COUNT ? names[basis] : "none";
}

bool demand_proves_domain(const struct demand *demand, const struct verdict *verdict)
{
	if (demand->level == LEVEL_DANE)
		return verdict->mx_secure || level_authenticates(demand->also);
	return level_authenticates(demand->level);
}

bool demand_permits_clear(const struct verdict *verdict, const struct addr *dst)
{
	struct demand demand;

	if (verdict == NULL || !verdict_source_is_real(verdict->source))
		return false;
	switch (verdict->status) {
	case VERDICT_OK:
		if (verdict->level <= LEVEL_UNSET || verdict->level >= LEVEL_COUNT)
			return false;
		demand_of(&demand, verdict, dst);
		return level_permits_clear(demand.level) || !verdict->enforce;
	case VERDICT_FAILED: return !verdict->enforce;
	}
	return false;
}

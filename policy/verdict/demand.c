/* demand.c - see demand.h. */
#include "policy/verdict/demand.h"

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

static void PRINTF_LIKE(3, 4) none_meets(struct demand *out, enum result_word result, const char *format, ...)
{
	va_list args;

	*out = (struct demand){ .result = result };
	va_start(args, format);
	(void)vsnprintf(out->reason, sizeof(out->reason), format, args);
	va_end(args);
}

static bool has_addr(const struct verdict_mx *mx, const struct addr *dst)
{
	for (size_t i = 0; addr_len(dst) > 0 && i < mx->addrs_count; i++) {
		if (addr_equal(&mx->addrs[i], dst))
			return true;
	}
	return false;
}

/* take counts one candidate; those with usable records become the hosts of the demand. */
static void take(struct demand *out, struct found *found, const struct verdict_mx *mx)
{
	found->count++;
	switch (mx->dane) {
	case VERDICT_DANE_USABLE:
		found->usable = true;
		out->hosts[out->hosts_count++] = mx;
		return;
	case VERDICT_DANE_UNUSABLE: found->unusable = true; return;
	case VERDICT_DANE_NONE: return;
	case VERDICT_DANE_FAILED: break;
	}
	found->failed = true;
	found->failed_host = mx->name;
}

/* look_at takes the hosts that have |dst|; all of them where |dst| is NULL. */
static void look_at(struct demand *out, struct found *found, const struct verdict *verdict, const struct addr *dst)
{
	*found = (struct found){ 0 };
	out->hosts_count = 0;
	for (size_t i = 0; i < verdict->mx_count && i < VERDICT_MX_MAX; i++) {
		if (dst == NULL || has_addr(&verdict->mx[i], dst))
			take(out, found, &verdict->mx[i]);
	}
}

/* Neither records nor a failed search: DANE does not apply. */
static bool says_nothing(const struct found *found)
{
	return !found->usable && !found->unusable && !found->failed;
}

static void of_floor(struct demand *out, const struct verdict *verdict, bool tls)
{
	bool lower = tls && (level_permits_clear(verdict->floor) || verdict->floor == LEVEL_UNSET);

	out->level = lower ? LEVEL_ENCRYPT : verdict->floor;
}

static void of_lookup_failure(struct demand *out, const struct found *found)
{
	none_meets(out, RESULT_DNSSEC_INVALID, "the TLSA records of %.200s could not be looked up", found->failed_host);
}

static void of_dane(struct demand *out, const struct verdict *verdict, const struct found *found)
{
	if (found->usable) {
		out->level = LEVEL_DANE;
		if (!verdict->mx_secure && level_authenticates(verdict->floor))
			out->also = verdict->floor;
	} else if (found->failed) {
		of_lookup_failure(out, found);
	} else {
		of_floor(out, verdict, found->unusable);
	}
}

static void of_dane_only(struct demand *out, const struct verdict *verdict, const struct found *found)
{
	if (verdict->mx_lookup == VERDICT_LOOKUP_FOUND && !verdict->mx_secure)
		none_meets(out, RESULT_DANE_REQUIRED, "DANE is required, and the MX hosts of %.180s are not signed",
			   verdict->nexthop);
	else if (found->usable)
		out->level = LEVEL_DANE;
	else if (found->failed)
		of_lookup_failure(out, found);
	else if (found->unusable)
		none_meets(out, RESULT_DANE_REQUIRED, "DANE is required, and no TLSA record of %.180s can be used",
			   verdict->nexthop);
	else
		none_meets(out, RESULT_DANE_REQUIRED, "DANE is required, and %.180s has no TLSA records",
			   verdict->nexthop[0] != '\0' ? verdict->nexthop : "the destination");
}

static void of_candidates(struct demand *out, const struct verdict *verdict, const struct addr *dst)
{
	struct found found;

	look_at(out, &found, verdict, dst);
	if (found.count == 0 || (verdict->strict_mx && says_nothing(&found)))
		look_at(out, &found, verdict, NULL);
	if (verdict->level == LEVEL_DANE)
		of_dane(out, verdict, &found);
	else
		of_dane_only(out, verdict, &found);
	if (out->level != LEVEL_DANE)
		out->hosts_count = 0;
}

void demand_of(struct demand *out, const struct verdict *verdict, const struct addr *dst)
{
	*out = (struct demand){ 0 };
	if (verdict == NULL || verdict->status != VERDICT_OK || !verdict_source_is_real(verdict->source)) {
		none_meets(out, verdict != NULL ? verdict->result : RESULT_NONE, "%s",
			   verdict != NULL && verdict->reason[0] != '\0' ? verdict->reason : "policy lookup failed");
		return;
	}
	switch (verdict->level) {
	case LEVEL_NONE:
	case LEVEL_MAY:
	case LEVEL_ENCRYPT:
	case LEVEL_FINGERPRINT:
	case LEVEL_VERIFY:
	case LEVEL_SECURE: out->level = verdict->level; return;
	case LEVEL_DANE:
	case LEVEL_DANE_ONLY: of_candidates(out, verdict, dst); return;
	case LEVEL_UNSET:
	case LEVEL_COUNT: break;
	}
	none_meets(out, RESULT_NONE, "a level that is not known");
}

bool demand_permits_clear(const struct verdict *verdict, const struct addr *dst)
{
	struct demand demand;

	if (!verdict_source_is_real(verdict->source))
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

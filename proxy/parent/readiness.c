/* readiness.c - see readiness.h. */
#include "proxy/parent/readiness.h"

static bool lacks_dnssec(const struct readiness *r)
{
	return r->wants_dane && !dnssec_state_good(r->dnssec);
}

static enum readiness_step next_of_start(struct readiness *r)
{
	if (r->failed)
		return READINESS_WAIT;
	if (lacks_dnssec(r) && r->dnssec == DNSSEC_UNPROVED && !r->resumed) {
		r->failed = true;
		return READINESS_FAIL;
	}
	if (r->roles_up && r->intercepts && !r->test_begun) {
		r->test_begun = true;
		return READINESS_TEST;
	}
	if (!r->roles_up || (r->intercepts && !r->test_over) || (lacks_dnssec(r) && r->dnssec == DNSSEC_TESTING))
		return READINESS_WAIT;
	r->announced = true;
	return READINESS_ANNOUNCE;
}

/* What DNSSEC makes of readiness is said each time that it changes; a test under way changes nothing yet. */
static enum readiness_step next_to_say(struct readiness *r)
{
	enum readiness_step now = lacks_dnssec(r) ? READINESS_NOT_READY : READINESS_READY;

	if (now == r->said || (now == READINESS_NOT_READY && r->dnssec == DNSSEC_TESTING))
		return READINESS_WAIT;
	r->said = now;
	return now;
}

enum readiness_step readiness_next(struct readiness *r)
{
	return r->announced ? next_to_say(r) : next_of_start(r);
}

enum readiness_want readiness_lacks(const struct readiness *r)
{
	if (!r->roles_up)
		return READINESS_ROLES;
	if (r->test_failed)
		return READINESS_PATHS;
	return lacks_dnssec(r) ? READINESS_DNSSEC : READINESS_NOTHING;
}

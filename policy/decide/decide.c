/* decide.c - see decide.h. */
#include "policy/decide/decide.h"

#include <stdio.h>
#include <string.h>

#include "policy/decide/decide_parts.h"

/* --- what has to be known ----------------------------------------------------------------------------------------- */

static bool is_published(const struct conf *conf)
{
	return conf->mta_sts || conf->list_file != NULL;
}

/* level_of is the level in force: where nobody proves DNSSEC, DANE never applies, and level dane is there for the sake
 * of what is published only. */
static enum level level_of(const struct conf *conf, const struct rules_match *match)
{
	enum level level = match->source == VERDICT_SOURCE_DEFAULT ? conf->default_level : LEVEL_UNSET;

	if (match->rule != NULL)
		level = match->rule->level;
	if (level == LEVEL_DANE && conf->dnssec == CONF_DNSSEC_OFF && !is_published(conf))
		return conf_floor(conf, match->rule);
	return level;
}

static bool is_hopeless(const struct conf *conf, enum level level)
{
	return level == LEVEL_DANE_ONLY && conf->dnssec == CONF_DNSSEC_OFF;
}

/* next_hop: whom the mail is for by name, NULL if that is not known. */
static const char *next_hop(const struct rules_match *match, const struct verdict_question *question)
{
	if (match->source == VERDICT_SOURCE_DESTINATION)
		return match->rule->nexthop;
	return question->kind == VERDICT_ASK_RECIPIENT && rules_is_domain(question->domain) ? question->domain : NULL;
}

bool decide_want(struct decide_want *out, const struct conf *conf, const struct rules_match *match,
		 const struct verdict_question *question)
{
	enum level level = level_of(conf, match);

	*out = (struct decide_want){ 0 };
	if (level == LEVEL_UNSET || level == LEVEL_NONE || is_hopeless(conf, level))
		return false;
	out->mx.domain = next_hop(match, question);
	out->mx.dane = level_is_dane(level) && conf->dnssec != CONF_DNSSEC_OFF;
	out->mx.insecure_mx = out->mx.dane && level == LEVEL_DANE && conf->insecure_mx != CONF_INSECURE_MX_MAY;
	out->mx.port = question->destination.port;
	out->sts = level == LEVEL_DANE && conf->mta_sts;
	out->list = level == LEVEL_DANE && conf->list_file != NULL;
	return out->mx.domain != NULL;
}

bool decide_needs_no_policy(const struct mx_want *want, const struct mx_result *mx)
{
	if (mx->lookup == VERDICT_LOOKUP_FAILED)
		return true;
	if (!want->dane || !mx->secure || mx->hosts_count == 0)
		return false;
	for (size_t i = 0; i < mx->hosts_count; i++) {
		if (mx->hosts[i].dane != VERDICT_DANE_USABLE)
			return false;
	}
	return true;
}

/* --- what is demanded --------------------------------------------------------------------------------------------- */

static bool add_level(struct verdict *verdict, enum level level, const struct conf_rule *rule, const char *nexthop)
{
	switch (level) {
	case LEVEL_NONE:
	case LEVEL_MAY:
	case LEVEL_ENCRYPT: return true;
	case LEVEL_FINGERPRINT: return decide_fingerprints(verdict, rule);
	case LEVEL_VERIFY:
	case LEVEL_SECURE: return decide_names(verdict, level, rule, nexthop);
	case LEVEL_DANE:
	case LEVEL_DANE_ONLY:
	case LEVEL_UNSET:
	case LEVEL_COUNT: break;
	}
	return verdict_fail(verdict, RESULT_NONE, "a level that this gate25-policyd cannot serve");
}

/* need_list: DANE stands on the list of MX hosts. A next hop that is not known has none, so DANE does not apply. */
static bool need_list(struct verdict *verdict, const struct mx_result *mx, const char *nexthop)
{
	char reason[VERDICT_REASON_MAX];

	if (nexthop == NULL || (mx != NULL && mx->lookup != VERDICT_LOOKUP_FAILED))
		return true;
	memcpy(reason, verdict->reason, sizeof(reason));
	return verdict_fail(verdict, RESULT_DNSSEC_INVALID,
			    reason[0] != '\0' ? reason : "the MX hosts could not be looked up");
}

/* need_mx: nothing else than the MX host's name could be accepted. */
static bool need_mx(struct verdict *verdict)
{
	char reason[VERDICT_REASON_MAX];

	if (!verdict->match_mx || verdict->names_count > 0 || verdict->mx_lookup != VERDICT_LOOKUP_FAILED)
		return true;
	memcpy(reason, verdict->reason, sizeof(reason));
	verdict->match_mx = false;
	return verdict_fail(verdict, RESULT_NONE, reason[0] != '\0' ? reason : "the MX hosts could not be looked up");
}

static bool add_demand(struct verdict *verdict, const struct conf *conf, const struct conf_rule *rule,
		       const struct mx_result *mx, const char *nexthop)
{
	if (is_hopeless(conf, verdict->level))
		return verdict_fail(verdict, RESULT_DANE_REQUIRED, "level dane-only needs DNSSEC, and dnssec = off");
	if (!level_is_dane(verdict->level))
		return add_level(verdict, verdict->level, rule, nexthop) && need_mx(verdict);
	if (!need_list(verdict, mx, nexthop))
		return false;
	/* Level dane-only has no floor: one that no certificate can meet, for whoever might read it. */
	verdict->floor = verdict->level == LEVEL_DANE ? conf_floor(conf, rule) : LEVEL_SECURE;
	return verdict->level == LEVEL_DANE_ONLY || add_level(verdict, verdict->floor, rule, nexthop);
}

/* mx_ttl: what is proved is kept for as long as the DNS says, to the second (RFC 4035 s. 5.3.3). */
static uint32_t mx_ttl(const struct verdict *verdict, const struct conf *conf, const struct decide_facts *facts)
{
	bool dane = level_is_dane(verdict->level) && conf->dnssec != CONF_DNSSEC_OFF;
	uint32_t least_s = dane ? 0 : DECIDE_TTL_MIN_S;

	if (facts == NULL || facts->mx == NULL)
		return DECIDE_TTL_MAX_S;
	if (facts->mx->lookup == VERDICT_LOOKUP_FAILED)
		return DECIDE_TTL_FAILED_S;
	for (size_t i = 0; i < verdict->mx_count; i++) {
		if (facts->mx->hosts[i].addrs_failed || (dane && verdict->mx[i].dane == VERDICT_DANE_FAILED))
			return DECIDE_TTL_FAILED_S;
	}
	if (facts->mx_ttl_s > DECIDE_TTL_MAX_S)
		return DECIDE_TTL_MAX_S;
	return facts->mx_ttl_s < least_s ? least_s : facts->mx_ttl_s;
}

static uint32_t ttl_of(const struct verdict *verdict, const struct conf *conf, const struct decide_want *want,
		       const struct decide_facts *facts)
{
	uint32_t ttl_s = mx_ttl(verdict, conf, facts);

	if (verdict->status != VERDICT_OK)
		return DECIDE_TTL_FAILED_S;
	if (facts == NULL || !(want->sts || want->list) ||
	    (facts->mx != NULL && decide_needs_no_policy(&want->mx, facts->mx)))
		return ttl_s;
	return decide_published_ttl(verdict, conf, facts, ttl_s);
}

/* add_rule: what stands in the rule and the configuration. */
static void add_rule(struct verdict *verdict, const struct conf *conf, const struct conf_rule *rule)
{
	verdict->min_protocol = rule != NULL ? rule->min_protocol : CONF_TLS12;
	verdict->auth = rule != NULL && rule->auth;
	verdict->ca = rule != NULL ? conf_ca_index(conf, rule->ca_file) : 0;
	verdict->strict_mx = conf->strict_mx;
}

/* add_found: what was found out about the next hop, and what comes of it. */
static void add_found(struct verdict *verdict, const struct conf *conf, const struct conf_rule *rule,
		      const struct decide_want *want, const struct decide_facts *facts)
{
	static const struct decide_facts none;
	const struct mx_result *mx = facts != NULL ? facts->mx : NULL;

	if (want->mx.domain != NULL && (want->sts || want->list) &&
	    !decide_published(verdict, conf, &want->mx, facts != NULL ? facts : &none)) {
		(void)verdict_fail(verdict, RESULT_NONE, "out of memory");
		return;
	}
	if (mx != NULL && want->mx.domain != NULL)
		(void)snprintf(verdict->nexthop, sizeof(verdict->nexthop), "%s", want->mx.domain);
	if (mx == NULL || decide_mx(verdict, conf, mx))
		(void)add_demand(verdict, conf, rule, mx, want->mx.domain);
}

struct verdict *decide(const struct conf *conf, uint32_t generation, const struct rules_match *match,
		       const struct verdict_question *question, const struct decide_facts *facts)
{
	struct verdict *verdict = verdict_new();
	const struct conf_rule *rule = match->rule;
	struct decide_want want;
	bool wanted = decide_want(&want, conf, match, question);

	if (verdict == NULL)
		return NULL;
	verdict->status = VERDICT_OK;
	verdict->source = match->source;
	verdict->generation = generation;
	verdict->enforce = conf->enforce && (rule == NULL || rule->enforce);
	verdict->mx_lookup = VERDICT_LOOKUP_ABSENT;
	verdict->published.status = VERDICT_PUBLISHED_NONE;
	(void)snprintf(verdict->domain, sizeof(verdict->domain), "%s", question->domain);
	if (match->source == VERDICT_SOURCE_NONE) {
		verdict->ttl_s = DECIDE_TTL_MAX_S;
		return verdict;
	}
	verdict->level = level_of(conf, match);
	add_rule(verdict, conf, rule);
	add_found(verdict, conf, rule, &want, wanted ? facts : NULL);
	decide_servername(verdict, rule, next_hop(match, question));
	if (verdict->status == VERDICT_OK && level_is_dane(verdict->level))
		(void)decide_fits(verdict);
	verdict->ttl_s = ttl_of(verdict, conf, &want, wanted ? facts : NULL);
	return verdict;
}

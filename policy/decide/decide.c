/* decide.c - see decide.h. */
#include "policy/decide/decide.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum level level_of(const struct conf *conf, const struct rules_match *match)
{
	if (match->rule != NULL)
		return match->rule->level;
	return match->source == VERDICT_SOURCE_DEFAULT ? conf->default_level : LEVEL_UNSET;
}

/* next_hop: whom the mail is for by name, NULL if that is not known. */
static const char *next_hop(const struct rules_match *match, const struct verdict_question *question)
{
	if (match->source == VERDICT_SOURCE_DESTINATION)
		return match->rule->nexthop;
	return question->kind == VERDICT_ASK_RECIPIENT && rules_is_domain(question->domain) ? question->domain : NULL;
}

const char *decide_lookup_name(const struct conf *conf, const struct rules_match *match,
			       const struct verdict_question *question)
{
	enum level level = level_of(conf, match);

	return level == LEVEL_UNSET || level == LEVEL_NONE ? NULL : next_hop(match, question);
}

/* --- what the certificate may show -------------------------------------------------------------------------------- */

static bool fail_verdict(struct verdict *verdict, const char *reason)
{
	verdict->status = VERDICT_FAILED;
	verdict->level = LEVEL_UNSET;
	(void)snprintf(verdict->reason, sizeof(verdict->reason), "%s", reason);
	return false;
}

static bool add_name(struct verdict *verdict, const char *name, bool subdomains)
{
	struct verdict_name *slot = &verdict->names[verdict->names_count];

	if (verdict->names_count >= VERDICT_NAMES_MAX || strlen(name) >= sizeof(slot->name))
		return fail_verdict(verdict, "the rule lists more names than a verdict can carry");
	*slot = (struct verdict_name){ .subdomains = subdomains };
	(void)snprintf(slot->name, sizeof(slot->name), "%s", name);
	verdict->names_count++;
	return true;
}

/* add_match adds what one item of match means. A next hop that there is none of adds nothing, so accepts nothing. */
static bool add_match(struct verdict *verdict, const char *item, const char *nexthop)
{
	if (strcmp(item, "hostname") == 0) {
		verdict->match_mx = true;
		return true;
	}
	if (strcmp(item, "nexthop") == 0)
		return nexthop == NULL || add_name(verdict, nexthop, false);
	if (strcmp(item, "dot-nexthop") == 0)
		return nexthop == NULL || add_name(verdict, nexthop, true);
	return item[0] == '.' ? add_name(verdict, item + 1, true) : add_name(verdict, item, false);
}

static bool add_names(struct verdict *verdict, const struct conf_rule *rule, const char *nexthop)
{
	verdict->names = calloc(VERDICT_NAMES_MAX, sizeof(*verdict->names));
	if (verdict->names == NULL)
		return fail_verdict(verdict, "out of memory");
	if (rule == NULL || rule->match.count == 0) {
		if (verdict->level == LEVEL_VERIFY)
			return add_match(verdict, "hostname", nexthop);
		return add_match(verdict, "nexthop", nexthop) && add_match(verdict, "dot-nexthop", nexthop);
	}
	for (size_t i = 0; i < rule->match.count; i++) {
		if (!add_match(verdict, rule->match.items[i], nexthop))
			return false;
	}
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_fingerprint(uint8_t out[32], const char *hex)
{
	if (strlen(hex) != 64)
		return false;
	for (size_t i = 0; i < 32; i++) {
		int high = hex_digit(hex[2 * i]);
		int low = hex_digit(hex[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool add_fingerprints(struct verdict *verdict, const struct conf_rule *rule)
{
	size_t count = rule != NULL ? rule->fingerprints.count : 0;

	if (count == 0)
		return fail_verdict(verdict, "level fingerprint without a fingerprint");
	if (count > VERDICT_FINGERPRINTS_MAX)
		return fail_verdict(verdict, "the rule lists more fingerprints than a verdict can carry");
	verdict->fingerprints = calloc(count, sizeof(*verdict->fingerprints));
	if (verdict->fingerprints == NULL)
		return fail_verdict(verdict, "out of memory");
	for (size_t i = 0; i < count; i++) {
		if (!parse_fingerprint(verdict->fingerprints[i], rule->fingerprints.items[i]))
			return fail_verdict(verdict, "a fingerprint that is no SHA-256 in hexadecimal digits");
		verdict->fingerprints_count++;
	}
	return true;
}

static bool add_demand(struct verdict *verdict, const struct conf_rule *rule, const char *nexthop)
{
	switch (verdict->level) {
	case LEVEL_NONE:
	case LEVEL_MAY:
	case LEVEL_ENCRYPT: return true;
	case LEVEL_FINGERPRINT: return add_fingerprints(verdict, rule);
	case LEVEL_VERIFY:
	case LEVEL_SECURE: return add_names(verdict, rule, nexthop);
	case LEVEL_DANE:
	case LEVEL_DANE_ONLY:
	case LEVEL_UNSET:
	case LEVEL_COUNT: break;
	}
	return fail_verdict(verdict, "a level that this gate25-policyd cannot serve");
}

/* --- the MX hosts ------------------------------------------------------------------------------------------------- */

static bool copy_hosts(struct verdict *verdict, const struct mx_result *mx)
{
	verdict->mx = calloc(mx->hosts_count, sizeof(*verdict->mx));
	if (verdict->mx == NULL)
		return false;
	for (size_t i = 0; i < mx->hosts_count; i++) {
		struct verdict_mx *host = &verdict->mx[i];
		*host = mx->hosts[i];
		verdict->mx_count++;
		host->addrs = host->addrs_count > 0 ? calloc(host->addrs_count, sizeof(*host->addrs)) : NULL;
		if (host->addrs == NULL && host->addrs_count > 0) {
			host->addrs_count = 0;
			return false;
		}
		if (host->addrs_count > 0)
			memcpy(host->addrs, mx->hosts[i].addrs, host->addrs_count * sizeof(*host->addrs));
	}
	return true;
}

static bool add_mx(struct verdict *verdict, const struct mx_result *mx)
{
	verdict->mx_lookup = mx->lookup;
	memcpy(verdict->reason, mx->reason, sizeof(verdict->reason));
	if (mx->lookup != VERDICT_LOOKUP_FOUND || copy_hosts(verdict, mx))
		return true;
	return fail_verdict(verdict, "out of memory");
}

static bool name_fits(const struct verdict_name *name, const char *host)
{
	size_t name_len = strlen(name->name);
	size_t host_len = strlen(host);

	if (!name->subdomains)
		return strcmp(name->name, host) == 0;
	return host_len > name_len + 1 && host[host_len - name_len - 1] == '.' &&
	       strcmp(host + host_len - name_len, name->name) == 0;
}

static bool some_mx_fits(const struct verdict *verdict)
{
	for (size_t i = 0; i < verdict->mx_count; i++) {
		for (size_t j = 0; j < verdict->names_count; j++) {
			if (name_fits(&verdict->names[j], verdict->mx[i].name))
				return true;
		}
	}
	return false;
}

static void choose_servername(struct verdict *verdict, const struct conf_rule *rule, const char *nexthop)
{
	const char *name = rule != NULL ? rule->servername : NULL;

	if (name == NULL && !verdict->match_mx && !some_mx_fits(verdict)) {
		for (size_t i = 0; i < verdict->names_count && name == NULL; i++)
			name = verdict->names[i].subdomains ? NULL : verdict->names[i].name;
	}
	if (name == NULL && verdict->source == VERDICT_SOURCE_DESTINATION && verdict->mx_count == 0)
		name = nexthop; /* the host itself, by the operator's word */
	if (name != NULL)
		(void)snprintf(verdict->servername, sizeof(verdict->servername), "%s", name);
}

static uint32_t ttl_of(const struct verdict *verdict, const struct mx_result *mx)
{
	if (verdict->status != VERDICT_OK || (mx != NULL && mx->lookup == VERDICT_LOOKUP_FAILED))
		return DECIDE_TTL_FAILED_S;
	for (size_t i = 0; i < verdict->mx_count; i++) {
		if (verdict->mx[i].addrs_failed)
			return DECIDE_TTL_FAILED_S;
	}
	if (mx == NULL || mx->ttl_s > DECIDE_TTL_MAX_S)
		return DECIDE_TTL_MAX_S;
	return mx->ttl_s < DECIDE_TTL_MIN_S ? DECIDE_TTL_MIN_S : mx->ttl_s;
}

static void need_mx(struct verdict *verdict)
{
	char reason[VERDICT_REASON_MAX];

	if (!verdict->match_mx || verdict->names_count > 0 || verdict->mx_lookup != VERDICT_LOOKUP_FAILED)
		return;
	memcpy(reason, verdict->reason, sizeof(reason));
	(void)fail_verdict(verdict, reason[0] != '\0' ? reason : "the MX hosts could not be looked up");
	verdict->match_mx = false;
}

struct verdict *decide(const struct conf *conf, uint32_t generation, const struct rules_match *match,
		       const struct verdict_question *question, const struct mx_result *mx)
{
	struct verdict *verdict = verdict_new();
	const struct conf_rule *rule = match->rule;
	const char *nexthop = next_hop(match, question);

	if (verdict == NULL)
		return NULL;
	verdict->source = match->source;
	verdict->generation = generation;
	verdict->enforce = conf->enforce && (rule == NULL || rule->enforce);
	verdict->mx_lookup = VERDICT_LOOKUP_ABSENT;
	(void)snprintf(verdict->domain, sizeof(verdict->domain), "%s", question->domain);
	if (match->source == VERDICT_SOURCE_NONE) {
		verdict->status = VERDICT_OK;
		verdict->ttl_s = DECIDE_TTL_MAX_S;
		return verdict;
	}
	verdict->status = VERDICT_OK;
	verdict->level = level_of(conf, match);
	verdict->min_protocol = rule != NULL ? rule->min_protocol : CONF_TLS12;
	verdict->auth = rule != NULL && rule->auth;
	verdict->ca = rule != NULL ? conf_ca_index(conf, rule->ca_file) : 0;
	if ((mx == NULL || add_mx(verdict, mx)) && add_demand(verdict, rule, nexthop))
		need_mx(verdict);
	choose_servername(verdict, rule, nexthop);
	verdict->ttl_s = ttl_of(verdict, mx);
	return verdict;
}

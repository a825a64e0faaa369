/* rules.c - see rules.h. */
#include "policy/decide/rules.h"

#include <string.h>

bool rules_is_domain(const char *domain)
{
	return domain[0] != '\0' && domain[0] != '[';
}

static const struct conf_destination *find_destination(const struct conf *conf, const struct addr *addr)
{
	const struct conf_destination *best = NULL;

	for (size_t i = 0; i < conf->destinations_count; i++) {
		const struct conf_destination *at = &conf->destinations[i];
		if (prefix_contains(&at->prefix, addr) && (best == NULL || at->prefix.bits > best->prefix.bits))
			best = at;
	}
	return best;
}

/* covers_below: |parent| starts with a dot and ends |domain|. */
static bool covers_below(const char *parent, const char *domain)
{
	size_t parent_len = strlen(parent);
	size_t domain_len = strlen(domain);

	return parent[0] == '.' && domain_len > parent_len && strcmp(domain + domain_len - parent_len, parent) == 0;
}

static const struct conf_domain *find_domain(const struct conf *conf, const char *domain)
{
	const struct conf_domain *best = NULL;

	for (size_t i = 0; i < conf->domains_count; i++) {
		const struct conf_domain *at = &conf->domains[i];
		if (strcmp(at->name, domain) == 0)
			return at;
		if (covers_below(at->name, domain) && (best == NULL || strlen(at->name) > strlen(best->name)))
			best = at;
	}
	return best;
}

void rules_find(struct rules_match *out, const struct conf *conf, const struct verdict_question *question)
{
	*out = (struct rules_match){ .source = VERDICT_SOURCE_NONE };
	out->destination = find_destination(conf, &question->destination.addr);
	if (out->destination != NULL) {
		out->source = VERDICT_SOURCE_DESTINATION;
		out->rule = &out->destination->rule;
		return;
	}
	if (question->kind != VERDICT_ASK_RECIPIENT)
		return;
	if (rules_is_domain(question->domain))
		out->domain = find_domain(conf, question->domain);
	out->source = out->domain != NULL ? VERDICT_SOURCE_DOMAIN : VERDICT_SOURCE_DEFAULT;
	out->rule = out->domain != NULL ? &out->domain->rule : NULL;
}

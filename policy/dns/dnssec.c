/* dnssec.c - see dnssec.h. */
#include "policy/dns/dnssec.h"

#include "proxy/base/resolv_conf.h"

const char *dnssec_mode_name(enum dns_mode mode)
{
	switch (mode) {
	case DNS_OFF: return "off";
	case DNS_TRUST_AD: return "trust-ad";
	case DNS_VALIDATE: return "validate";
	}
	return "?";
}

static void add_resolvers(struct dnssec_plan *out, const struct conf *conf)
{
	struct endpoint system[RESOLV_CONF_MAX];
	const struct endpoint *at = conf->resolvers;
	size_t count = conf->resolvers_count;

	if (count == 0) {
		count = resolv_conf_read(system);
		at = system;
	}
	for (size_t i = 0; i < count && i < DNS_RESOLVERS_MAX; i++) {
		struct dns_resolver resolver = { .at = at[i], .trusted = conf_trusts_resolver(conf, &at[i].addr) };
		out->resolvers[out->resolvers_count++] = resolver;
		if (resolver.trusted)
			out->trusted[out->trusted_count++] = resolver;
	}
}

static void add_modes(struct dnssec_plan *out, const struct conf *conf)
{
	switch (conf->dnssec) {
	case CONF_DNSSEC_AUTO:
		/* Were one of them not trusted, it would be there for when the others are down: validating serves then
		 * too. */
		if (out->trusted_count == out->resolvers_count)
			out->modes[out->modes_count++] = DNS_TRUST_AD;
		out->modes[out->modes_count++] = DNS_VALIDATE;
		break;
	case CONF_DNSSEC_TRUST_AD:
		if (out->trusted_count > 0)
			out->modes[out->modes_count++] = DNS_TRUST_AD;
		else
			(void)snprintf(out->problem, sizeof(out->problem),
				       "dnssec = trust-ad needs a resolver on loopback or in trusted-resolvers, and "
				       "there is none");
		break;
	case CONF_DNSSEC_VALIDATE: out->modes[out->modes_count++] = DNS_VALIDATE; break;
	case CONF_DNSSEC_OFF: out->modes[out->modes_count++] = DNS_OFF; break;
	}
}

void dnssec_plan(struct dnssec_plan *out, const struct conf *conf, const char *trust_anchors)
{
	*out = (struct dnssec_plan){ .recurse = conf->recursion, .trust_anchors = trust_anchors };
	add_resolvers(out, conf);
	for (size_t i = 0; i < conf->root_servers.count && i < DNSSEC_ROOTS_MAX; i++)
		out->roots[out->roots_count++] = conf->root_servers.items[i].addr;
	add_modes(out, conf);
}

struct dns_options dnssec_plan_options(const struct dnssec_plan *plan, enum dns_mode mode)
{
	struct dns_options options = { .mode = mode, .limits = DNS_LIMITS_DEFAULT };

	if (mode == DNS_VALIDATE && plan->recurse) {
		options.recurse = true;
		options.root_servers = plan->roots;
		options.root_servers_count = plan->roots_count;
	} else if (mode == DNS_TRUST_AD) {
		options.resolvers = plan->trusted;
		options.resolvers_count = plan->trusted_count;
	} else {
		options.resolvers = plan->resolvers;
		options.resolvers_count = plan->resolvers_count;
	}
	if (mode == DNS_VALIDATE)
		options.trust_anchors = plan->trust_anchors;
	return options;
}

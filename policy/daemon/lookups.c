/* lookups.c - see lookups.h. */
#include "policy/daemon/lookups.h"

#include <stdlib.h>

#include "policy/dns/dnssec.h"
#include "policy/dns/dnssec_watch.h"
#include "proxy/base/log.h"

struct lookups {
	struct event_base *base;
	const struct conf *conf;
	struct dns_limits dns_limits;
	struct mx_cache_limits mx_limits;
	struct lookups_events events;
	void *arg;
	struct dnssec_plan plan;
	struct dnssec_watch *watch;
	struct dns *dns;
	struct mx_cache *cache;
};

static bool open_dns(const struct lookups *lookups, enum dns_mode mode, struct dns **out_dns,
		     struct mx_cache **out_cache)
{
	struct dns_options options = dnssec_plan_options(&lookups->plan, mode);
	char err[DNS_REASON_MAX] = "out of memory";

	options.limits = lookups->dns_limits;
	*out_cache = NULL;
	*out_dns = dns_new(lookups->base, &options, err, sizeof(err));
	if (*out_dns != NULL)
		*out_cache = mx_cache_new(lookups->base, *out_dns, &lookups->mx_limits);
	if (*out_cache != NULL)
		return true;
	dns_free(*out_dns);
	log_say(LOG_LEVEL_ERROR, "dns", "nothing can be looked up in DNSSEC mode %s: %s", dnssec_mode_name(mode), err);
	return false;
}

static void take_dns(struct lookups *lookups, struct dns *dns, struct mx_cache *cache)
{
	lookups->events.forget(lookups->arg);
	mx_cache_free(lookups->cache);
	dns_free(lookups->dns);
	lookups->dns = dns;
	lookups->cache = cache;
}

static void on_mode(void *arg, enum dns_mode mode)
{
	struct lookups *lookups = arg;
	struct dns *dns;
	struct mx_cache *cache;

	/* Out of memory: the old mode does as well as it can until the next test. */
	if (!open_dns(lookups, mode, &dns, &cache))
		return;
	take_dns(lookups, dns, cache);
	lookups->events.again(lookups->arg);
}

static void on_report(void *arg, const struct dnssec_report *report)
{
	struct lookups *lookups = arg;

	lookups->events.report(lookups->arg, report);
}

struct lookups *lookups_new(struct event_base *base, const struct conf *conf, const char *trust_anchors,
			    const struct dns_limits *dns_limits, const struct mx_cache_limits *mx_limits,
			    const struct lookups_events *events, void *arg)
{
	static const struct dnssec_watch_events watched = { .mode = on_mode, .report = on_report };
	struct lookups *lookups = calloc(1, sizeof(*lookups));

	if (lookups == NULL)
		return NULL;
	*lookups = (struct lookups){ .base = base,
				     .conf = conf,
				     .dns_limits = *dns_limits,
				     .mx_limits = *mx_limits,
				     .events = *events,
				     .arg = arg };
	dnssec_plan(&lookups->plan, conf, trust_anchors);
	lookups->watch = dnssec_watch_new(base, &lookups->plan, conf, &watched, lookups);
	if (lookups->watch != NULL &&
	    open_dns(lookups, dnssec_watch_mode(lookups->watch), &lookups->dns, &lookups->cache))
		return lookups;
	dnssec_watch_free(lookups->watch);
	free(lookups);
	return NULL;
}

void lookups_free(struct lookups *lookups)
{
	if (lookups == NULL)
		return;
	dnssec_watch_free(lookups->watch);
	mx_cache_free(lookups->cache);
	dns_free(lookups->dns);
	free(lookups);
}

bool lookups_reload(struct lookups *lookups, const struct conf *conf, const char *trust_anchors)
{
	const struct dnssec_plan before = lookups->plan;
	struct dns *dns;
	struct mx_cache *cache;

	dnssec_plan(&lookups->plan, conf, trust_anchors);
	dnssec_watch_restart(lookups->watch, &lookups->plan, conf);
	if (!open_dns(lookups, dnssec_watch_mode(lookups->watch), &dns, &cache)) {
		lookups->plan = before;
		dnssec_watch_restart(lookups->watch, &lookups->plan, lookups->conf);
		return false;
	}
	lookups->conf = conf;
	take_dns(lookups, dns, cache);
	return true;
}

struct mx_cache *lookups_cache(struct lookups *lookups)
{
	return lookups->cache;
}

struct dns *lookups_dns(struct lookups *lookups)
{
	return lookups->dns;
}

void lookups_suspect(struct lookups *lookups)
{
	dnssec_watch_suspect(lookups->watch);
}

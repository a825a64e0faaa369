/* lookups.h - the DNS of the running service, and what is remembered of it: over the resolvers and in the mode that
 * configuration and DNSSEC self-test say.
 *
 * Another mode, as another configuration, is another struct dns, and nothing learnt over the old one is kept: it was
 * proved by somebody else. What workers remember they may keep: where proofs matter no mode gives an answer without
 * one. */
#ifndef GATE25_POLICY_DAEMON_LOOKUPS_H
#define GATE25_POLICY_DAEMON_LOOKUPS_H

#include "policy/dns/dns.h"
#include "policy/mx/mx_cache.h"
#include "proxy/base/attrib.h"
#include "proxy/base/conf.h"
#include "proxy/base/dnssec_report.h"

struct lookups;

struct lookups_events {
	void (*forget)(void *arg); /* the cache goes: cancel all that is asked of it */
	void (*again)(void *arg);  /* there is a new one: ask again */
	void (*report)(void *arg, const struct dnssec_report *report); /* borrowed for the call */
};

/* |conf| and |trust_anchors| (text; NULL: the root's own) are borrowed until lookups_free or lookups_reload. Events
 * come from the loop; |forget| also from lookups_reload. NULL: the log says why. */
struct lookups *lookups_new(struct event_base *base, const struct conf *conf, const char *trust_anchors,
			    const struct dns_limits *dns_limits, const struct mx_cache_limits *mx_limits,
			    const struct lookups_events *events, void *arg);
void lookups_free(struct lookups *lookups); /* NULL is fine */
/* lookups_reload: after |forget|, and without |again|. False: the log says why, and nothing changed. */
MUST_CHECK bool lookups_reload(struct lookups *lookups, const struct conf *conf, const char *trust_anchors);

/* Never NULL; until the next |forget|. */
struct mx_cache *lookups_cache(struct lookups *lookups);
struct dns *lookups_dns(struct lookups *lookups);
/* lookups_suspect: a lookup failed; DNSSEC is tested if it has not been lately. */
void lookups_suspect(struct lookups *lookups);

#endif

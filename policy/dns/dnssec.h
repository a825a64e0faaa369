/* dnssec.h - from the configuration to the DNS: who is asked, and whose word is a proof (RFC 4035 s. 4.9.3). The one
 * place where the keys resolvers, trusted-resolvers, dnssec, trust-anchor-file, recursion and root-servers become
 * dns_options. */
#ifndef GATE25_POLICY_DNS_DNSSEC_H
#define GATE25_POLICY_DNS_DNSSEC_H

#include "policy/dns/dns.h"
#include "proxy/base/conf.h"
#include "proxy/base/dnssec_report.h"

#define DNSSEC_MODES_MAX 2
#define DNSSEC_ROOTS_MAX 32 /* root servers; further ones are ignored */

/* What a configuration means for the DNS. A plain value, independent of the configuration; only |trust_anchors| is
 * borrowed. */
struct dnssec_plan {
	enum dns_mode modes[DNSSEC_MODES_MAX]; /* to be tried in this order. DNS_OFF stands alone */
	size_t modes_count;                    /* 0: none is possible, and |problem| says why, one sentence */
	char problem[DNSSEC_REASON_MAX];
	struct dns_resolver resolvers[DNS_RESOLVERS_MAX];
	size_t resolvers_count;
	struct dns_resolver trusted[DNS_RESOLVERS_MAX]; /* those of them whose AD bit is believed */
	size_t trusted_count;
	bool recurse;
	struct addr roots[DNSSEC_ROOTS_MAX];
	size_t roots_count;
	const char *trust_anchors; /* text; NULL: the root's own */
};

/* dnssec_plan: |trust_anchors| is the text of trust-anchor-file, NULL where the configuration has none. Where it has no
 * resolvers, resolv.conf's are read; for the sandboxed service the parent has put those into the configuration. */
void dnssec_plan(struct dnssec_plan *out, const struct conf *conf, const char *trust_anchors);
/* dnssec_plan_options: what dns_new needs for |mode|; borrows from |plan|. In mode DNS_TRUST_AD only the trusted
 * resolvers are asked: what another says would never be a proof. */
struct dns_options dnssec_plan_options(const struct dnssec_plan *plan, enum dns_mode mode);

const char *dnssec_mode_name(enum dns_mode mode); /* "off", "trust-ad", "validate" */

/* For programs that end with their answer. |base| is run meanwhile, for some seconds at most.
 *
 * dnssec_once makes one self-test and says in |out| what came of it; returns the mode that the service would have put
 * in force. dnssec_open reads trust-anchor-file and opens the DNS in that mode, tested only where there is a choice.
 * NULL: |err| says why, one sentence. |out_mode| may be NULL. */
enum dns_mode dnssec_once(struct event_base *base, const struct dnssec_plan *plan, const struct conf *conf,
			  struct dnssec_report *out);
struct dns *dnssec_open(struct event_base *base, const struct conf *conf, enum dns_mode *out_mode, char *err,
			size_t err_len);

#endif

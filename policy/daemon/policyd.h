/* policyd.h - gate25-policyd as a role: answers the workers' questions (workers.h). A reload decides every pending
 * question by the new configuration. */
#ifndef GATE25_POLICY_DAEMON_POLICYD_H
#define GATE25_POLICY_DAEMON_POLICYD_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/dns/dns.h"
#include "policy/mx/mx_cache.h"
#include "proxy/base/attrib.h"
#include "proxy/base/conf.h"
#include "proxy/base/dnssec_report.h"

struct policyd;

struct policyd_inputs {
	const struct conf *conf;
	const char *trust_anchors; /* text of trust-anchor-file; NULL: there is none */
	const char *list_text;     /* text of list-file, which the parent found good; NULL: there is none */
	const char *ca_text;       /* the gate's bundle, PEM; NULL: with mta-sts = no only */
	const char *folder;        /* of what outlives the process, at the start; NULL: nothing does */
	uint32_t generation;
};

/* Before the sandbox closes. What |inputs| points to is borrowed until policyd_free or policyd_reload. NULL: out of
 * memory, or the log says why. */
struct policyd *policyd_new(struct event_base *base, const struct policyd_inputs *inputs,
			    const struct dns_limits *dns_limits, const struct mx_cache_limits *mx_limits);
void policyd_free(struct policyd *policyd); /* NULL is fine */

/* policyd_report_to: how DNSSEC does is told to |fn|, from the loop, first soon after policyd_new. Borrowed for the
 * call. */
typedef void dnssec_report_fn(void *arg, const struct dnssec_report *report);
void policyd_report_to(struct policyd *policyd, dnssec_report_fn *fn, void *arg);

/* policyd_add_worker takes |fd|, the channel of worker |slot| (below ROLE_SLOTS_MAX); an earlier one is closed. */
void policyd_add_worker(struct policyd *policyd, unsigned slot, int fd);
/* policyd_reload: |inputs| from now on; the old ones are needed no more when it returns. False: the log says why, and
 * |policyd| is good for policyd_free only. */
MUST_CHECK bool policyd_reload(struct policyd *policyd, const struct policyd_inputs *inputs);

/* policyd_let_go: another process may write the folder from now on. */
void policyd_let_go(struct policyd *policyd);

/* policyd_main: the role from its first message to its end; the exit status. */
int policyd_main(void);

#endif

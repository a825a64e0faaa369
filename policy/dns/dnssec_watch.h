/* dnssec_watch.h - the DNSSEC self-test of the running service: made when the service starts, repeated as
 * dnssec_machine.h says, told in the log and to whoever asks. */
#ifndef GATE25_POLICY_DNS_DNSSEC_WATCH_H
#define GATE25_POLICY_DNS_DNSSEC_WATCH_H

#include "policy/dns/dnssec.h"

struct dnssec_watch;

struct dnssec_watch_events {
	void (*mode)(void *arg, enum dns_mode mode); /* another is in force: questions go to a new struct dns */
	void (*report)(void *arg, const struct dnssec_report *report); /* news; borrowed for the call */
};

/* |plan|, with its trust anchors, and |conf| are borrowed until dnssec_watch_free or _restart. Events are called from
 * the loop, never from inside a function here nor while a struct dns tells an answer. NULL: out of memory. */
struct dnssec_watch *dnssec_watch_new(struct event_base *base, const struct dnssec_plan *plan, const struct conf *conf,
				      const struct dnssec_watch_events *events, void *arg);
void dnssec_watch_free(struct dnssec_watch *watch); /* NULL is fine */
/* dnssec_watch_restart: another configuration. The mode in force stays, where it may, until a test says otherwise; that
 * test is made at once. */
void dnssec_watch_restart(struct dnssec_watch *watch, const struct dnssec_plan *plan, const struct conf *conf);

enum dns_mode dnssec_watch_mode(const struct dnssec_watch *watch); /* in force */
/* dnssec_watch_suspect: a lookup failed; see dnssec_machine_suspects. For any place, an answer's callback too. */
void dnssec_watch_suspect(struct dnssec_watch *watch);

#endif

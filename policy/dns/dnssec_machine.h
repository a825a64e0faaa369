/* dnssec_machine.h - when the DNSSEC self-test is made, and what follows from it: which mode is in force. Pure: what
 * happened goes in, what is to be done comes out.
 *
 * A test tries the modes of the configuration in their order and stops at the first that passes: that one is in force.
 * Where none passes and something wants DANE, the mode stays as it was, for lookups without a proof fail in it and mail
 * waits; where nothing wants DANE, nobody is to suffer: DNS_OFF is in force then. Failed tests are repeated after 1 s,
 * then ever later, at most 5 min; a passed one after an hour, or a minute, where something looks wrong. */
#ifndef GATE25_POLICY_DNS_DNSSEC_MACHINE_H
#define GATE25_POLICY_DNS_DNSSEC_MACHINE_H

#include "policy/dns/dnssec.h"
#include "policy/dns/dnssec_judge.h"

#define DNSSEC_RETRY_MIN_MS 1000U
#define DNSSEC_RETRY_MAX_MS (300U * 1000)
#define DNSSEC_AGAIN_MS     (3600U * 1000)
#define DNSSEC_SUSPECT_S    60U /* no second test for suspicion alone within this */

enum dnssec_news {
	DNSSEC_NEWS_NONE = 0,
	DNSSEC_NEWS_PROVED,   /* for the first time, or again */
	DNSSEC_NEWS_SWITCHED, /* proved, in another mode than until now */
	DNSSEC_NEWS_FAILED,   /* no mode passed, for the first time */
	DNSSEC_NEWS_FAILS,    /* nor now */
};

struct dnssec_machine {
	/* of the configuration */
	enum dns_mode modes[DNSSEC_MODES_MAX];
	size_t modes_count;
	bool wanted; /* something wants DANE */
	/* for all to see */
	enum dns_mode mode; /* in force */
	enum dnssec_state state;
	uint64_t since_s;
	uint64_t tested_s;
	uint64_t failures;
	char reason[DNSSEC_REASON_MAX];
	/* the test under way */
	bool testing;
	size_t at; /* modes[at] */
	struct dnssec_finding worst;
	unsigned failed; /* tests in a row */
};

struct dnssec_step {
	bool test; /* test |mode|, and tell dnssec_machine_result */
	enum dns_mode mode;
	uint32_t wait_ms; /* 0: none; else call dnssec_machine_timer then, and forget an earlier timer */
	bool switched;    /* another mode is in force */
	bool ended;       /* a test: there is something to report */
	enum dnssec_news news;
};

/* dnssec_machine_start begins with |plan|'s modes; at a reload |m| is the one that ran, else zeroed: its mode stays in
 * force if it still may. A test under way is forgotten. */
struct dnssec_step dnssec_machine_start(struct dnssec_machine *m, const struct dnssec_plan *plan, bool wanted,
					uint64_t now_s);
struct dnssec_step dnssec_machine_result(struct dnssec_machine *m, const struct dnssec_finding *finding,
					 uint64_t now_s);
struct dnssec_step dnssec_machine_timer(struct dnssec_machine *m);
/* dnssec_machine_suspects: a lookup failed, which it may have for want of a proof: is it time to test again? */
bool dnssec_machine_suspects(const struct dnssec_machine *m, uint64_t now_s);

void dnssec_machine_report(struct dnssec_report *out, const struct dnssec_machine *m);

#endif

/* readiness.h - whether the gate is ready, and what a start waits for. Pure: facts in, the next step out.
 *
 * A start waits for all roles, then for the interception's self-test, then, where something wants DANE, for the first
 * DNSSEC test. One for which nobody proves anything fails, for that is a mistake to be seen at once; one that nobody
 * answers goes on, not ready: the network may come up after gate25. */
#ifndef GATE25_PROXY_PARENT_READINESS_H
#define GATE25_PROXY_PARENT_READINESS_H

#include "proxy/base/dnssec_report.h"

enum readiness_step {
	READINESS_WAIT = 0,  /* for another fact */
	READINESS_TEST,      /* begin the interception's self-test */
	READINESS_FAIL,      /* the start: nobody proves */
	READINESS_ANNOUNCE,  /* the start is over */
	READINESS_READY,     /* say so */
	READINESS_NOT_READY, /* say so: for want of DNSSEC */
};

struct readiness {
	/* facts */
	bool resumed; /* an upgrade: the program before serves until this one is announced, and nothing makes it fail */
	bool roles_up;
	bool intercepts; /* there is a self-test to make */
	bool test_over;
	bool test_failed;
	bool wants_dane;
	enum dnssec_state dnssec;
	/* steps taken */
	bool test_begun;
	bool failed; /* there is no step after that */
	bool announced;
	enum readiness_step said; /* READY or NOT_READY, whichever was last; WAIT: neither */
};

/* readiness_next: the next step, which counts as taken; to be asked until it says WAIT. */
enum readiness_step readiness_next(struct readiness *r);

enum readiness_want { READINESS_NOTHING = 0, READINESS_ROLES, READINESS_PATHS, READINESS_DNSSEC };
/* readiness_lacks: what the gate lacks to be ready; NOTHING: it is. */
enum readiness_want readiness_lacks(const struct readiness *r);

#endif

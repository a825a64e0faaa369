/* look_up.h - everything that a decision is made of, found out in the foreground as the service would, and how. */
#ifndef GATE25_POLICY_TOOLS_LOOK_UP_H
#define GATE25_POLICY_TOOLS_LOOK_UP_H

#include "policy/decide/decide.h"
#include "policy/tools/trail.h"
#include "proxy/base/attrib.h"
#include "proxy/base/exit_status.h"

#define LOOK_UP_NOTE_MAX 512

/* Borrowed for the call. */
struct looked_up {
	const struct decide_facts *facts;
	const char *proof;           /* who proves DNSSEC */
	const struct trail *trail;   /* of the MX hosts */
	const struct trail *policy;  /* of MTA-STS: its record, and the policy host where it was asked */
	char note[LOOK_UP_NOTE_MAX]; /* why what the service remembers is not looked at; "": it is, or there is none */
};

typedef void looked_up_fn(void *arg, const struct looked_up *found);

/* look_up runs a loop of its own and calls |fn| once. MTA-STS is waited for even where it changes nothing. |shown|: its
 * lookups are wanted for a trail of their own.
 * What the service remembers is read, if the user may, and not written. Other than CLI_OK: |fn| was not called, and
 * standard error says why: CLI_USAGE, a file that the configuration names cannot be used; CLI_UNDECIDED, out of memory.
 */
MUST_CHECK enum exit_status look_up(const struct conf *conf, const struct decide_want *want, bool shown,
				    looked_up_fn *fn, void *arg);

#endif

/* ask.h - gate25-policyd --ask: one question, answered in the foreground with every step.
 *
 * --ask --wire is for `gate25 probe`, which lives with the other TLS library: instead of text, on standard output, the
 * verdict as a worker would get it. Four octets, a length N in network order; then N octets, as verdict_put writes and
 * verdict_get (verdict.h) reads them, with id 0. Nothing else, and only once: where the exit status is 2 there is no
 * output at all, a failed verdict (exit status 3) is written like any other. N is at most WIRE_MAX. What --ask could
 * not decide for want of memory has no output and exit status 3. Messages are on standard error. */
#ifndef GATE25_POLICY_TOOLS_ASK_H
#define GATE25_POLICY_TOOLS_ASK_H

#include <stdbool.h>

#include "policy/verdict/verdict.h"
#include "proxy/base/attrib.h"

#define ASK_SYNOPSIS "--ask ADDRESS|DOMAIN [--destination IP] [--config FILE] [--json | --wire]"

/* ask_recipient takes the domain of "user@domain", "<user@domain>", "domain" or "postmaster" (""), in lower case.
 * False: no such thing; names beyond ASCII are to be given as A-labels. */
MUST_CHECK bool ask_recipient(char out[VERDICT_NAME_MAX], const char *text);

/* ask_main: the arguments after --ask. Returns the exit status: 0 decided, 1 would be refused whatever the server
 * shows, 2 usage or configuration, 3 could not be decided. */
int ask_main(int argc, char **argv);

#endif

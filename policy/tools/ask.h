/* ask.h - gate25-policyd --ask: one question, answered in the foreground with every step. */
#ifndef GATE25_POLICY_TOOLS_ASK_H
#define GATE25_POLICY_TOOLS_ASK_H

#include <stdbool.h>

#include "policy/verdict/verdict.h"
#include "proxy/base/attrib.h"

/* ask_recipient takes the domain of "user@domain", "<user@domain>", "domain" or "postmaster" (""), in lower case.
 * False: no such thing; names beyond ASCII are to be given as A-labels. */
MUST_CHECK bool ask_recipient(char out[VERDICT_NAME_MAX], const char *text);

/* ask_main: the arguments after --ask. Returns the exit status: 0 decided, 1 would be refused whatever the server
 * shows, 2 usage or configuration, 3 could not be decided. */
int ask_main(int argc, char **argv);

#endif

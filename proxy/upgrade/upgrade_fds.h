/* upgrade_fds.h - which descriptors go over an exec of the parent, and which do not. */
#ifndef GATE25_PROXY_UPGRADE_UPGRADE_FDS_H
#define GATE25_PROXY_UPGRADE_UPGRADE_FDS_H

#include "proxy/upgrade/upgrade_state.h"

/* upgrade_fds_keep: |keep|: those of |state| and |state_fd| stay open over an exec; else they do not, as all others. */
void upgrade_fds_keep(struct upgrade_state *state, int state_fd, bool keep);

/* upgrade_fds_take is the new program's: closes whatever is not in |state|, |state_fd| and the first three, and lets
 * nothing over the next exec. False: one is missing that the gate cannot do without. A role's that is no more is -1. */
MUST_CHECK bool upgrade_fds_take(struct upgrade_state *state, int state_fd);

#endif

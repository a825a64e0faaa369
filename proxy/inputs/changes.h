/* changes.h - which keys of the configuration can change while the gate runs. */
#ifndef GATE25_PROXY_INPUTS_CHANGES_H
#define GATE25_PROXY_INPUTS_CHANGES_H

#include "proxy/base/conf.h"

/* The key that differs though only a restart can change it; NULL: there is none. */
const char *changes_need_restart(const struct conf *old, const struct conf *new);

/* Likewise one that an upgrade (SIGUSR2) can change too: it starts new roles. */
const char *changes_need_upgrade(const struct conf *old, const struct conf *new);

/* changes_same_monitor: it listens where it did. */
bool changes_same_monitor(const struct conf *old, const struct conf *new);

#endif

/* watchdog.h - tells when somebody else changed gate25's tables. */
#ifndef GATE25_NETFILTER_WATCHDOG_H
#define GATE25_NETFILTER_WATCHDOG_H

#include <stddef.h>
#include <stdint.h>

#include "netfilter/ruleset.h"
#include "proxy/base/attrib.h"

struct watchdog;

enum watchdog_news {
	WATCHDOG_NOTHING = 0,
	WATCHDOG_CHANGED, /* gate25's tables were touched, or news was lost: ruleset_verify, then ruleset_install */
	WATCHDOG_BROKEN,  /* the descriptor is of no more use: open anew and act as for CHANGED */
};

/* |own_portid| is ruleset_portid: changes made through it are no news. */
struct watchdog *watchdog_open(uint32_t own_portid, char *err, size_t err_len);
void watchdog_close(struct watchdog *w);   /* NULL is fine */
int watchdog_fd(const struct watchdog *w); /* for the caller's event loop; non-blocking, level-triggered */
/* watchdog_read takes all news that wait. Call it when the descriptor is readable. */
MUST_CHECK enum watchdog_news watchdog_read(struct watchdog *w);

#endif

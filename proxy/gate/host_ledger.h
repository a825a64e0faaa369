/* host_ledger.h - the parent's list of what its workers hold against hosts: told on to the other workers, to nftables
 * (the hosts that are down) and to who runs the gate. Bounded in number and in how fast a worker may add to it: whoever
 * is inside can make any number of connections fail. */
#ifndef GATE25_PROXY_GATE_HOST_LEDGER_H
#define GATE25_PROXY_GATE_HOST_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "proxy/base/attrib.h"
#include "proxy/base/host_news.h"

struct event_base;
struct host_ledger;
struct monitor_hosts;

#define HOST_LEDGER_MAX   1024 /* one more pushes out what would end soonest */
#define HOST_LEDGER_BURST 200  /* news of one worker at once; more are not heard */
#define HOST_LEDGER_RATE  20   /* and in a second afterwards */

struct host_ledger_events {
	/* For the workers but the one in |slot|, which knows. */
	void (*spread)(void *arg, unsigned slot, const struct host_news *news);
	/* New connections to the host are to be refused for |seconds| from now; 0: no more. */
	void (*down)(void *arg, const struct host_news *news, unsigned seconds);
	void (*changed)(void *arg); /* what host_ledger_show gives; at most once a second */
};

struct host_ledger *host_ledger_new(struct event_base *base, const struct host_ledger_events *events, void *arg);
void host_ledger_free(struct host_ledger *ledger); /* NULL is fine */

/* host_ledger_take hears the worker in |slot|, at |now_s| (monotonic). */
void host_ledger_take(struct host_ledger *ledger, unsigned slot, const struct host_news *news, int64_t now_s);
/* host_ledger_reloaded: the tables may be new, and are told of every host that is down; with |forget| (the
 * configuration is another one) nothing else is held any more. */
void host_ledger_reloaded(struct host_ledger *ledger, bool forget, int64_t now_s);
/* host_ledger_show writes what there is at |now_s|, which is |now| o'clock, for the status. */
void host_ledger_show(const struct host_ledger *ledger, struct monitor_hosts *out, int64_t now_s, time_t now);

#endif

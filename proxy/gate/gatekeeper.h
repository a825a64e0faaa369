/* gatekeeper.h - the parent's hand on nftables: closes port 25, begins interception, keeps the tables there whatever
 * other programs do, and at the end takes the interception away and leaves the guard. */
#ifndef GATE25_PROXY_GATE_GATEKEEPER_H
#define GATE25_PROXY_GATE_GATEKEEPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "netfilter/gate.h"
#include "proxy/base/host_news.h"
#include "proxy/base/attrib.h"
#include "proxy/base/conf.h"

struct event_base;
struct gatekeeper;

/* What a configuration wants of nftables, with the uids that its names stand for. */
struct gate_wish {
	struct gate_spec spec; /* borrows from the configuration and from |uids| */
	uid_t *uids;
};

/* gate_wish_init: |own_uid| is the worker's. With |by_uid_alone| own sockets carry no mark (sidecar). False with a
 * sentence, and nothing to clean up. */
MUST_CHECK bool gate_wish_init(struct gate_wish *out, const struct conf *conf, uid_t own_uid, bool by_uid_alone,
			       char *err, size_t err_len);
void gate_wish_cleanup(struct gate_wish *wish);

/* gatekeeper_new closes port 25 by the guard, unless |stands|: an upgrade, for which the tables of before stand. |conf|
 * is borrowed until the next gatekeeper_reload. |repaired| is told, from the loop, each time that the tables were put
 * back. NULL with a sentence. */
struct gatekeeper *gatekeeper_new(struct event_base *base, const struct conf *conf, uid_t own_uid, bool stands,
				  void (*repaired)(void *arg), void *arg, char *err, size_t err_len);

/* gatekeeper_begin starts interception, once the listeners are there: routes, both tables in one transaction; then the
 * clear sessions that are older than the gate are cut, and the tables watched. False with a sentence. */
MUST_CHECK bool gatekeeper_begin(struct gatekeeper *keeper, char *err, size_t err_len);
/* gatekeeper_resume takes over tables that stand, those of |before| or whatever became of them: nothing is absent for a
 * moment, and where nobody else was at them no connection is judged anew. */
MUST_CHECK bool gatekeeper_resume(struct gatekeeper *keeper, const struct conf *before, char *err, size_t err_len);

/* gatekeeper_reload replaces rules and sets by those of |conf| in one transaction. False with a sentence: the old
 * stand. */
MUST_CHECK bool gatekeeper_reload(struct gatekeeper *keeper, const struct conf *conf, char *err, size_t err_len);

/* gatekeeper_selftest makes one connection through each interception chain, in a child, and logs what came of it.
 * |done| is called once, from the loop: false where some path does not reach gate25. */
void gatekeeper_selftest(struct gatekeeper *keeper, void (*done)(void *arg, bool ok), void *arg);

/* gatekeeper_down has new connections to a host refused for |seconds| from now, 0: no more; best effort. News that are
 * one client's count where the tables go by client, and others where they do not. */
void gatekeeper_down(struct gatekeeper *keeper, const struct host_news *news, unsigned seconds);

unsigned gatekeeper_repairs(const struct gatekeeper *keeper); /* how often tables were put back */

/* gatekeeper_free removes interception and routes; the guard stays, port 25 stays closed. NULL is fine. */
void gatekeeper_free(struct gatekeeper *keeper);

#endif

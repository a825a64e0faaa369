/* gate.h - what is to be installed, as one plain value. Everything in netfilter/ is told what to do by it.
 *
 * Marks are single bits, all different from each other: three packet marks and two connection marks. Connection marks
 * are often saved from packet marks by other tables, so a bit is used once over both. conf.h has the defaults. */
#ifndef GATE25_NETFILTER_GATE_H
#define GATE25_NETFILTER_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proxy/base/attrib.h"
#include "proxy/base/conf.h"

#define GATE_ERR_MAX 512 /* room that a sentence of netfilter/ wants */

/* The self-test's own interface and addresses (RFC 5737, RFC 3849). */
#define GATE_SELFTEST_TUN  "gate25selftest"
#define GATE_SELFTEST_SRC4 "192.0.2.25"
#define GATE_SELFTEST_SRC6 "2001:db8::25"
#define GATE_SELFTEST_DST4 "203.0.113.225"
#define GATE_SELFTEST_DST6 "2001:db8:ffff::225"

/* Lists are borrowed from the configuration and from the caller: they live as long as the value is used. */
struct gate_spec {
	bool scope_local;              /* intercept and guard port 25 of this host */
	bool scope_forward;            /* intercept and guard port 25 that enters on |interfaces| */
	struct string_list interfaces; /* inside */
	struct prefix_list sources;    /* who may speak SMTP outwards; overlaps are fine */
	enum conf_source source;       /* CLIENT: tproxy; GATEWAY, ADDRESS: redirect */
	struct prefix_list exempt;     /* destinations */
	struct prefix_list exempt_source;
	const uid_t *exempt_uids;
	size_t exempt_uids_count;
	const uint16_t *ports; /* intercepted, host order */
	size_t ports_count;
	uint16_t listen_port;
	uid_t own_uid;        /* gate25's own: never 0, 65534, nor an exempt one */
	bool by_uid_alone;    /* without root: own sockets cannot carry a mark, so neither |mark_own| nor the listener's
			       * mark is asked for. Local scope only */
	bool selftest;        /* let the self-test's interface and addresses in; only while it runs */
	uint32_t mark_own;    /* packet mark of gate25's upstream sockets and of its listening sockets */
	uint32_t mark_tproxy; /* packet mark that routes to the listener */
	uint32_t ctmark_approved;
	uint32_t ctmark_local; /* destination was this host before any DNAT */
	uint32_t route_table;
	bool fence;         /* forward scope: closed where the tables are gone; fence.h */
	uint32_t mark_seen; /* packet mark of what the guard looks at; with |fence| */
};

/* gate_spec_from_conf copies what concerns the gate and checks it. |uids| are those of exempt-user. False: a sentence
 * in |err|. */
MUST_CHECK bool gate_spec_from_conf(struct gate_spec *out, const struct conf *conf, uid_t own_uid, const uid_t *uids,
				    size_t uids_count, char *err, size_t err_len);
/* gate_spec_check: whether |spec| makes sense as a whole; install does it too. */
MUST_CHECK bool gate_spec_check(const struct gate_spec *spec, char *err, size_t err_len);

/* Whether the tproxy way, with its routes, is in use. */
bool gate_uses_tproxy(const struct gate_spec *spec);

/* Whether there are sets of destinations that are down (down.h). Without root nobody could fill them. */
bool gate_has_down(const struct gate_spec *spec);
/* Whether each client has its own: where servers see the clients' addresses, that one of them cannot connect says
 * nothing about the others, and must not be used by one against them. */
bool gate_down_by_client(const struct gate_spec *spec);

#endif

/* probe.h - the servers of one domain, each spoken to as a session would and judged by the daemon's own code: several
 * at a time, within a time that a person waits. Sockets are made beforehand, so that nothing here needs a privilege. */
#ifndef GATE25_PROXY_PROBE_PROBE_H
#define GATE25_PROXY_PROBE_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/base/attrib.h"
#include "proxy/probe/probe_talk.h"
#include "proxy/worker/settings.h"

#define PROBE_AT_ONCE     10
#define PROBE_ADDRESS_S   45  /* all attempts at one address */
#define PROBE_ALL_S       120 /* everything */
#define PROBE_TARGETS_MAX 100 /* addresses; further ones are left out, and it is said */

struct event_base;
struct tls_peer;

struct probe_target {
	char host[VERDICT_NAME_MAX]; /* the MX host; "": the address belongs to none that is known */
	struct endpoint at;
	struct verdict *verdict; /* a reference: a destination's rule may make it another than the domain's */
	struct probe_terms terms;
	int sockets[CANDIDATES_MAX]; /* one for each of terms.names, not connected; -1: none */
	/* the outcome */
	char hello[ADDR_TEXT_MAX + 8];
	struct probe_talk talk;
	struct tls_peer *peer; /* its certificates; NULL: none were seen */
	unsigned took_ms;
};

struct probe {
	const char *asked;            /* as the person gave it; borrowed */
	struct verdict *verdict;      /* of the domain; a reference */
	struct settings *settings;    /* a reference */
	char hello[VERDICT_NAME_MAX]; /* what EHLO says; "": the address that the connection comes from */
	struct probe_target *targets;
	size_t count;
	size_t left_out; /* addresses beyond PROBE_TARGETS_MAX */
	bool interrupted;
};

/* probe_add_targets lists every address of |probe|'s verdict once, MX hosts by preference; |only|, if it is an address:
 * that one alone. False: out of memory. */
MUST_CHECK bool probe_add_targets(struct probe *probe, const struct addr *only, uint16_t port);
/* probe_set_verdict gives target |index| another verdict (taken over) than the domain's. */
void probe_set_verdict(struct probe *probe, size_t index, struct verdict *verdict);

/* probe_open_sockets makes the sockets of all targets, with |mark| (0: none). False with a sentence. */
MUST_CHECK bool probe_open_sockets(struct probe *probe, uint32_t mark, char *err, size_t err_len);

/* Told of each change: |done| targets are over, |moved| is what did. */
typedef void probe_progress_fn(void *arg, size_t done, const struct probe_target *moved);

/* probe_run speaks to every target on |base|, which has nothing else to do; SIGINT and SIGTERM end it early with what
 * is known. False: out of memory. */
MUST_CHECK bool probe_run(struct probe *probe, struct event_base *base, probe_progress_fn *progress, void *arg);

/* probe_status is the exit status (exit_status.h): all reached pass; some refused; nothing could be decided. */
int probe_status(const struct probe *probe);
void probe_cleanup(struct probe *probe); /* a zeroed one is fine */

#endif

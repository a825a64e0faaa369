/* published.h - who knows what domains publish besides their DNS: MTA-STS with its fetcher, and the list. */
#ifndef GATE25_POLICY_DAEMON_PUBLISHED_H
#define GATE25_POLICY_DAEMON_PUBLISHED_H

#include "policy/list/list.h"
#include "policy/sts/sts.h"
#include "proxy/base/attrib.h"
#include "proxy/base/conf.h"

struct published;

struct published_inputs {
	const struct conf *conf;
	const char *ca_text;   /* PEM, whom policy hosts' certificates are trusted by; NULL: none is */
	const char *list_text; /* NULL: there is no list */
	const char *folder;    /* of what is remembered; NULL: memory only. Not looked at by a reload */
};

/* published_new: before the sandbox closes. |inputs| is borrowed for the call. NULL: the log says why. */
struct published *published_new(struct event_base *base, const struct published_inputs *inputs);
void published_free(struct published *published); /* NULL is fine */

/* published_reload: nobody may be asking. False: the log says why, and |published| is good for published_free only. */
MUST_CHECK bool published_reload(struct published *published, const struct published_inputs *inputs);
void published_use_dns(struct published *published, struct dns *dns); /* see sts_use_dns */

/* Until the next reload; NULL: there is none. */
struct sts *published_sts(struct published *published);
const struct list *published_list(const struct published *published);

#endif

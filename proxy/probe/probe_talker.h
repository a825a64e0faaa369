/* probe_talker.h - speaks to one target after another: the socket, TLS and the clock around probe_talk.h. */
#ifndef GATE25_PROXY_PROBE_PROBE_TALKER_H
#define GATE25_PROXY_PROBE_PROBE_TALKER_H

#include "proxy/probe/probe.h"

struct probe_talker;

struct probe_talker_events {
	void (*moved)(void *arg, const struct probe_target *target); /* to another stage */
	/* It is over; the talker is free for the next, which may be begun here. */
	void (*over)(void *arg, struct probe_talker *talker, const struct probe_target *target);
};

/* probe_talker_new: |probe| and |events| outlive it. NULL: out of memory. */
struct probe_talker *probe_talker_new(struct event_base *base, const struct probe *probe,
				      const struct probe_talker_events *events, void *arg);
void probe_talker_free(struct probe_talker *talker); /* between two targets; NULL is fine */

/* probe_talker_begin: |over| may be called before it returns. */
void probe_talker_begin(struct probe_talker *talker, struct probe_target *target);
bool probe_talker_busy(const struct probe_talker *talker);
/* probe_talker_give_up ends a busy one as it stands, with |over|. */
void probe_talker_give_up(struct probe_talker *talker, const char *reason);

#endif

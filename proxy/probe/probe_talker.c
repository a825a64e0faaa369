/* probe_talker.c - see probe_talker.h; what is said is probe_talk.h's. */
#include "proxy/probe/probe_talker.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proxy/tls/tls.h"
#include "proxy/tls/tls_verify.h"
#include "proxy/worker/leg.h"
#include "proxy/worker/upstream.h"

#define LINGER_S 2

struct probe_talker {
	const struct probe *probe;
	struct event_base *base;
	const struct probe_talker_events *events;
	void *arg;
	struct probe_target *target; /* NULL: free */
	struct leg *leg;
	struct smtp_reply reply;
	struct event *timer;   /* of the stage */
	struct event *address; /* of all attempts */
	uint64_t began_ms;
	char error[128];
	bool tls_begun; /* of this leg: what the server says in clear is not read any more */
};

static uint64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* --- doing what the machine says ---------------------------------------------------------------------------------- */

static void hang_up(struct probe_talker *t, bool politely)
{
	if (t->leg != NULL && politely) {
		leg_write(t->leg, "QUIT\r\n", 6);
		leg_linger(t->leg, LINGER_S);
	} else {
		leg_free(t->leg);
	}
	t->leg = NULL;
	smtp_reply_cleanup(&t->reply);
	(void)event_del(t->timer);
}

static void finish(struct probe_talker *t)
{
	struct probe_target *target = t->target;

	hang_up(t, target->talk.can_say);
	(void)event_del(t->address);
	target->took_ms = (unsigned)(now_ms() - t->began_ms);
	t->target = NULL;
	t->events->over(t->arg, t, target);
}

static void say(struct probe_talker *t, const char *line)
{
	leg_write(t->leg, line, strlen(line));
	leg_write(t->leg, "\r\n", 2);
}

/* The two that can fail return why, NULL if they did not. */
static const char *start_tls(struct probe_talker *t)
{
	const struct probe_tls wish = probe_talk_tls(&t->target->talk);
	const struct tls_options options = { .servername = wish.servername,
					     .min_protocol = wish.min_protocol,
					     .compat = wish.compat,
					     .destination = t->target->at,
					     .fresh = true };
	struct tls *tls = tls_new(t->probe->settings->tls, leg_fd(t->leg), &options);

	if (tls == NULL)
		return "TLS cannot be set up for this name";
	t->tls_begun = true;
	leg_start_tls(t->leg, tls);
	return NULL;
}

static const struct leg_events leg_events;

static const char *dial(struct probe_talker *t)
{
	struct probe_target *target = t->target;
	int *slot = &target->sockets[target->talk.name];
	int fd = *slot;

	hang_up(t, target->talk.can_say);
	tls_peer_free(target->peer);
	target->peer = NULL;
	t->tls_begun = false;
	if (fd < 0)
		return "there is no socket";
	if (!upstream_connect(fd, &target->at, t->error, sizeof(t->error)))
		return t->error;
	*slot = -1; /* the leg's from here on */
	t->leg = leg_new(t->base, fd, true, &leg_events, t);
	return t->leg != NULL ? NULL : "out of memory";
}

static void set_timer(struct probe_talker *t)
{
	const struct timeval limit = { .tv_sec = (time_t)probe_stage_timeout_s(t->target->talk.stage) };

	(void)event_del(t->timer);
	(void)event_add(t->timer, &limit);
}

/* feed may end the talk, and then another target has begun when it returns. */
static void feed(struct probe_talker *t, const struct probe_event *event)
{
	struct probe_target *target = t->target;
	struct probe_event failed = { .kind = PROBE_LOST };

	do {
		enum probe_action action = probe_talk_feed(&target->talk, event);
		failed.reason = NULL;
		switch (action) {
		case PROBE_DO_CLOSE: finish(t); return;
		case PROBE_DO_SAY: say(t, target->talk.line); break;
		case PROBE_DO_TLS: failed.reason = start_tls(t); break;
		case PROBE_DO_DIAL: failed.reason = dial(t); break;
		case PROBE_DO_WAIT: break;
		}
		event = &failed;
	} while (failed.reason != NULL);
	set_timer(t);
	t->events->moved(t->arg, target);
}

/* --- what the leg tells ------------------------------------------------------------------------------------------- */

static void lost(struct probe_talker *t, const char *reason)
{
	feed(t, &(struct probe_event){ .kind = PROBE_LOST, .reason = reason });
}

/* name_itself: RFC 5321 s. 4.1.3: who has no name says the address that it comes from. */
static void name_itself(struct probe_talker *t)
{
	struct probe_target *target = t->target;
	struct sockaddr_storage storage;
	socklen_t len = sizeof(storage);
	struct endpoint here = { .port = 0 };
	char text[ADDR_TEXT_MAX];

	if (getsockname(leg_fd(t->leg), (struct sockaddr *)&storage, &len) != 0 ||
	    !endpoint_from_sockaddr(&here, &storage))
		(void)!addr_parse(&here.addr, "127.0.0.1");
	(void)snprintf(target->hello, sizeof(target->hello), "[%s%s]", here.addr.family == AF_INET6 ? "IPv6:" : "",
		       addr_format(&here.addr, text));
	target->talk.hello = target->hello;
}

static void on_connected(void *arg)
{
	struct probe_talker *t = arg;

	if (t->probe->hello[0] == '\0')
		name_itself(t);
	feed(t, &(struct probe_event){ .kind = PROBE_CONNECTED });
}

static void on_lost(void *arg, const char *reason)
{
	lost(arg, reason[0] != '\0' ? reason : "the server closed the connection");
}

static void on_tls_ready(void *arg)
{
	struct probe_talker *t = arg;
	struct probe_target *target = t->target;
	struct judgement judgement;
	struct judgement in_test;
	time_t now = time(NULL);

	target->peer = tls_take_peer(leg_tls(t->leg));
	if (target->peer == NULL) {
		lost(t, "the server's certificates cannot be kept");
		return;
	}
	judgement = tls_judge(target->peer, target->verdict, &target->at.addr, now, t->probe->settings->trust);
	in_test = tls_judge_in_test(target->peer, target->verdict, &target->at.addr, now, t->probe->settings->trust);
	feed(t, &(struct probe_event){ .kind = PROBE_TLS_READY, .judgement = &judgement, .in_test = &in_test });
}

/* take_reply feeds one reply, if it is complete. Returns whether there may be another. */
static bool take_reply(struct probe_talker *t)
{
	struct leg *leg = t->leg;
	size_t len;
	size_t used = 0;
	const char *bytes = (const char *)leg_input(leg, &len);
	enum smtp_reply_status status = len > 0 ? smtp_reply_feed(&t->reply, bytes, len, &used) : SMTP_REPLY_MORE;

	if (used > 0)
		leg_consume(leg, used);
	switch (status) {
	case SMTP_REPLY_DONE:
		feed(t, &(struct probe_event){ .kind = PROBE_REPLY, .reply = &t->reply, .more = used < len });
		return t->leg == leg;
	case SMTP_REPLY_BROKEN: lost(t, t->reply.error); return false;
	case SMTP_REPLY_MORE: break;
	}
	if (leg_ended(leg) != LEG_OPEN)
		lost(t, "the server closed the connection");
	return false;
}

static void on_changed(void *arg)
{
	struct probe_talker *t = arg;
	struct probe_target *target = t->target;

	/* The leg looks by itself at what comes between STARTTLS and TLS. */
	while (t->target == target && t->leg != NULL && (!t->tls_begun || leg_is_tls(t->leg)) && take_reply(t))
		;
}

static const struct leg_events leg_events = {
	.changed = on_changed,
	.connected = on_connected,
	.not_connected = on_lost,
	.tls_ready = on_tls_ready,
	.tls_failed = on_lost,
};

/* --- time --------------------------------------------------------------------------------------------------------- */

static void on_stage_over(evutil_socket_t fd, short what, void *arg)
{
	struct probe_talker *t = arg;
	char reason[64];

	(void)fd;
	(void)what;
	(void)snprintf(reason, sizeof(reason), "nothing came within %u s",
		       probe_stage_timeout_s(t->target->talk.stage));
	lost(t, reason);
}

static void on_address_over(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	feed(arg, &(struct probe_event){ .kind = PROBE_GIVEN_UP, .reason = "the time for one address is over" });
}

/* --- the interface ------------------------------------------------------------------------------------------------ */

struct probe_talker *probe_talker_new(struct event_base *base, const struct probe *probe,
				      const struct probe_talker_events *events, void *arg)
{
	struct probe_talker *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	*t = (struct probe_talker){ .probe = probe, .base = base, .events = events, .arg = arg };
	t->timer = evtimer_new(base, on_stage_over, t);
	t->address = evtimer_new(base, on_address_over, t);
	if (t->timer != NULL && t->address != NULL)
		return t;
	probe_talker_free(t);
	return NULL;
}

void probe_talker_free(struct probe_talker *talker)
{
	if (talker == NULL)
		return;
	if (talker->timer != NULL)
		event_free(talker->timer);
	if (talker->address != NULL)
		event_free(talker->address);
	free(talker);
}

void probe_talker_begin(struct probe_talker *talker, struct probe_target *target)
{
	const struct timeval limit = { .tv_sec = PROBE_ADDRESS_S };
	const char *failure;

	talker->target = target;
	talker->began_ms = now_ms();
	(void)event_add(talker->address, &limit);
	set_timer(talker);
	failure = dial(talker);
	if (failure != NULL)
		lost(talker, failure);
}

bool probe_talker_busy(const struct probe_talker *talker)
{
	return talker->target != NULL;
}

void probe_talker_give_up(struct probe_talker *talker, const char *reason)
{
	feed(talker, &(struct probe_event){ .kind = PROBE_GIVEN_UP, .reason = reason });
}

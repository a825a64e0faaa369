/* worker.c - see worker.h. */
#include "proxy/worker/worker.h"

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proxy/base/log.h"
#include "proxy/base/role.h"
#include "proxy/base/sealed.h"
#include "proxy/session/host_memory.h"
#include "proxy/worker/conn.h"
#include "proxy/monitor/counters.h"
#include "proxy/monitor/monitor_record.h"
#include "proxy/worker/host_link.h"
#include "proxy/worker/noticed.h"
#include "proxy/worker/record_log.h"
#include "proxy/worker/sessions.h"
#include "proxy/worker/settings.h"
#include "proxy/worker/verdict_client.h"

#define NOTICED_ENTRIES 512

struct worker {
	struct event_base *base;
	struct ipc *parent;
	struct ipc *monitor; /* NULL: there is none */
	struct counters *counters;
	struct sessions *sessions;
	struct verdict_client *verdicts;
	struct event *drain_over;
	struct event *ask_peer; /* runs while there is no channel to policyd */
	struct conn_host host;
	struct noticed *noticed;
	struct settings *now;
	char *text; /* of the configuration that |now| came of */
	/* What CONF, CA and CLIENT_TLS messages brought since the last RELOAD. */
	char *next_conf;
	uint32_t next_generation;
	char *next_ca[ROLE_CA_MAX];
	unsigned next_ca_count;
	char *next_client_tls[ROLE_CLIENT_TLS_COUNT];
};

/* --- what sessions need of their worker ----------------------------------------------------------------------------
 */

static uint32_t host_ask(void *arg, struct conn *conn, const struct verdict_question *question, struct verdict **out)
{
	struct worker *worker = arg;

	return verdict_client_ask(worker->verdicts, conn, question, out);
}

static void host_cancel(void *arg, uint32_t id)
{
	struct worker *worker = arg;

	verdict_client_cancel(worker->verdicts, id);
}

static struct settings *host_settings(void *arg)
{
	return ((struct worker *)arg)->now;
}

/* hear_signs: a log line for what is new, a count and a word to the monitor for all of it. */
static void hear_signs(struct worker *worker, const struct session_record *record)
{
	struct timespec now;
	struct session_record told = *record;
	struct monitor_record message;
	struct notice notice;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	if (!noticed_hear(worker->noticed, record, (uint64_t)now.tv_sec, &notice))
		return;
	told.kind = SESSION_RECORD_NOTICED;
	told.notice = notice.what;
	told.reply = "";
	told.reason = notice.text;
	told.result = RESULT_NONE;
	counters_session(worker->counters, &told);
	if (notice.fresh)
		record_log(&told);
	if (worker->monitor == NULL)
		return;
	monitor_record_of(&message, &told, (uint64_t)time(NULL));
	(void)monitor_record_send(worker->monitor, &message);
}

static void host_record(void *arg, const struct session_record *record)
{
	struct worker *worker = arg;
	struct monitor_record told;

	counters_session(worker->counters, record);
	record_log(record);
	hear_signs(worker, record);
	if (worker->monitor == NULL || record->kind == SESSION_RECORD_SIGN || record->kind == SESSION_RECORD_NOTED ||
	    record->kind == SESSION_RECORD_CLIENT_ERROR)
		return; /* a note is no session, no message and no refusal */
	monitor_record_of(&told, record, (uint64_t)time(NULL));
	(void)monitor_record_send(worker->monitor, &told);
}

static void host_report(void *arg, const struct tls_report *report)
{
	const struct worker *worker = arg;

	verdict_client_report(worker->verdicts, report);
}

static void host_ended(void *arg, struct conn *conn)
{
	struct worker *worker = arg;

	sessions_ended(worker->sessions, conn);
}

static void on_host_news(void *arg, const struct host_news *news)
{
	const struct worker *worker = arg;

	host_link_tell(worker->parent, news);
}

static void on_answer(void *arg, void *asker, struct verdict *verdict)
{
	(void)arg;
	conn_answer(asker, verdict);
}

/* Policyd died, and the parent will bring another; or it lives and threw this channel away, and only the parent can
 * make a new one. Without a parent nobody does: RCPTs that wait are deferred now, not when their time is over. */
static void on_policyd_lost(void *arg)
{
	const struct timeval soon = { .tv_sec = 1 };
	struct worker *worker = arg;

	if (worker->parent == NULL)
		verdict_client_abandon(worker->verdicts);
	else
		(void)evtimer_add(worker->ask_peer, &soon);
}

static void on_ask_peer(evutil_socket_t fd, short what, void *arg)
{
	struct worker *worker = arg;

	(void)fd;
	(void)what;
	if (worker->parent == NULL || verdict_client_connected(worker->verdicts))
		return;
	(void)!role_peer_send(worker->parent, ROLE_POLICY, 0, -1);
	on_policyd_lost(worker);
}

/* --- the monitor: it is told, and has nothing to say ----------------------------------------------------------------
 */

static bool on_monitor_message(void *arg, uint16_t type, const uint8_t *body, size_t len, int fd)
{
	(void)arg;
	(void)type;
	(void)body;
	(void)len;
	if (fd >= 0)
		(void)close(fd);
	return false;
}

static void on_monitor_closed(void *arg)
{
	struct worker *worker = arg;

	ipc_free(worker->monitor);
	worker->monitor = NULL;
}

static void connect_monitor(struct worker *worker, int fd)
{
	ipc_free(worker->monitor);
	worker->monitor = ipc_new(worker->base, fd, on_monitor_message, on_monitor_closed, worker);
}

/* --- the parent's messages -----------------------------------------------------------------------------------------
 */

static char *take_text(int fd)
{
	size_t len;
	char *text = fd >= 0 ? sealed_read(fd, &len) : NULL;

	if (fd >= 0)
		(void)close(fd);
	return text;
}

/* wipe frees a text that may be a key. */
static void wipe(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
}

static void forget_next(struct worker *worker)
{
	free(worker->next_conf);
	worker->next_conf = NULL;
	for (unsigned i = 0; i < ROLE_CA_MAX; i++) {
		free(worker->next_ca[i]);
		worker->next_ca[i] = NULL;
	}
	worker->next_ca_count = 0;
	for (unsigned i = 0; i < ROLE_CLIENT_TLS_COUNT; i++) {
		wipe(worker->next_client_tls[i]);
		worker->next_client_tls[i] = NULL;
	}
}

static bool reload(struct worker *worker)
{
	char error[TLS_ERROR_MAX] = "the parent sent no configuration";
	const struct settings_texts texts = { worker->next_conf, worker->next_ca, worker->next_ca_count,
					      worker->next_client_tls };
	struct settings *next = NULL;
	bool changed = false;

	if (worker->next_conf != NULL) {
		next = settings_new(&texts, worker->next_generation, error);
		changed = worker->text == NULL || strcmp(worker->text, worker->next_conf) != 0;
		free(worker->text);
		worker->text = worker->next_conf;
		worker->next_conf = NULL;
	}
	forget_next(worker);
	if (next == NULL) {
		log_say(LOG_LEVEL_ERROR, "reload", "%s; this worker ends and is started anew", error);
		return false;
	}
	settings_unref(worker->now);
	worker->now = next;
	log_init(log_role(), next->conf.log_level, next->conf.log_format);
	role_log_through(next->conf.log_syslog ? worker->parent : NULL);
	verdict_client_forget(worker->verdicts, next->generation);
	if (changed)
		host_memory_forget(sessions_hosts(worker->sessions));
	return true;
}

static bool take_ca(struct worker *worker, const uint8_t *body, size_t len, int fd)
{
	unsigned index;
	char *text = take_text(fd);

	if (text == NULL || !role_ca_get(body, len, &index)) {
		free(text);
		return false;
	}
	free(worker->next_ca[index]);
	worker->next_ca[index] = text;
	if (index >= worker->next_ca_count)
		worker->next_ca_count = index + 1;
	return true;
}

static bool take_client_tls(struct worker *worker, const uint8_t *body, size_t len, int fd)
{
	enum role_client_tls which;
	char *text = take_text(fd);

	if (text == NULL || !role_client_tls_get(body, len, &which)) {
		wipe(text);
		return false;
	}
	wipe(worker->next_client_tls[which]);
	worker->next_client_tls[which] = text;
	return true;
}

static bool take_conf(struct worker *worker, const uint8_t *body, size_t len, int fd)
{
	uint8_t flags;

	forget_next(worker);
	worker->next_conf = take_text(fd);
	return worker->next_conf != NULL && role_conf_get(body, len, &worker->next_generation, &flags);
}

static bool take_peer(struct worker *worker, const uint8_t *body, size_t len, int fd)
{
	enum role role;
	unsigned slot;

	if (fd < 0 || !role_peer_get(body, len, &role, &slot)) {
		if (fd >= 0)
			(void)close(fd);
		return false;
	}
	if (role == ROLE_POLICY)
		verdict_client_connect(worker->verdicts, fd);
	else
		connect_monitor(worker, fd);
	return true;
}

static bool drain(struct worker *worker, const uint8_t *body, size_t len)
{
	struct timeval limit = { 0 };
	uint32_t limit_s;

	if (!role_drain_get(body, len, &limit_s))
		return false;
	limit.tv_sec = limit_s;
	(void)evtimer_add(worker->drain_over, &limit);
	sessions_drain(worker->sessions);
	return true;
}

static bool on_parent_message(void *arg, uint16_t type, const uint8_t *body, size_t len, int fd)
{
	struct worker *worker = arg;

	switch (type) {
	case ROLE_MSG_CONF: return take_conf(worker, body, len, fd);
	case ROLE_MSG_CA: return take_ca(worker, body, len, fd);
	case ROLE_MSG_CLIENT_TLS: return take_client_tls(worker, body, len, fd);
	case ROLE_MSG_PEER: return take_peer(worker, body, len, fd);
	default: break;
	}
	if (fd >= 0)
		(void)close(fd);
	switch (type) {
	case ROLE_MSG_RELOAD: return reload(worker);
	case ROLE_MSG_DRAIN: return drain(worker, body, len);
	case ROLE_MSG_DOWN: return host_link_hear(sessions_hosts(worker->sessions), body, len);
	default: return false;
	}
}

/* What still runs is told so before the parent cuts it: a client that hears 421 tries again sooner. */
static void on_drain_over(evutil_socket_t fd, short what, void *arg)
{
	struct worker *worker = arg;

	(void)fd;
	(void)what;
	log_say(LOG_LEVEL_WARNING, "drain-limit", "%u session(s) still run: each is told 421 and cut",
		sessions_count(worker->sessions));
	sessions_shutdown(worker->sessions);
}

static void leave(struct worker *worker)
{
	(void)event_base_loopexit(worker->base, NULL);
}

/* The parent is gone: nobody keeps the gate's tables any more, so no new session; those that run may finish. */
static void on_parent_closed(void *arg)
{
	struct worker *worker = arg;

	log_say(LOG_LEVEL_WARNING, "worker", "the parent is gone: running sessions finish, then this worker ends");
	role_parent_gone();
	ipc_free(worker->parent);
	worker->parent = NULL;
	if (!verdict_client_connected(worker->verdicts))
		verdict_client_abandon(worker->verdicts);
	sessions_drain(worker->sessions);
}

static void on_empty(void *arg)
{
	struct worker *worker = arg;

	if (worker->parent != NULL)
		(void)!ipc_send(worker->parent, ROLE_MSG_DRAINED, NULL, 0, -1);
	leave(worker);
}

/* --- start ---------------------------------------------------------------------------------------------------------
 */

static void make_counters(struct worker *worker, unsigned slot)
{
	int fd;

	worker->counters = counters_create(&fd);
	if (worker->counters == NULL) {
		log_errno(LOG_LEVEL_WARNING, "counters", "this worker is not counted");
		return;
	}
	if (!role_slot_send(worker->parent, ROLE_MSG_COUNTERS, slot, fd))
		log_say(LOG_LEVEL_WARNING, "counters", "the parent takes none");
	(void)close(fd);
}

static void init(struct worker *worker, struct role_start *start)
{
	struct sessions_plan plan = { .listen_fd = start->listeners[0],
				      .privileged = (start->flags & ROLE_FLAG_NO_ROOT) == 0,
				      .intercepts = (start->flags & ROLE_FLAG_NO_RULES) == 0,
				      .empty = on_empty,
				      .arg = worker };
	const struct settings_texts texts = { start->conf_text, start->ca_text, start->ca_count,
					      start->client_tls_text };
	char error[TLS_ERROR_MAX] = "out of memory";

	worker->base = event_base_new();
	if (worker->base == NULL)
		log_die("start", "cannot make an event loop");
	worker->parent = ipc_new(worker->base, ROLE_FD, on_parent_message, on_parent_closed, worker);
	worker->now = settings_new(&texts, start->generation, error);
	if (worker->parent == NULL || worker->now == NULL)
		log_die("start", "%s", error);
	make_counters(worker, start->slot);
	worker->drain_over = evtimer_new(worker->base, on_drain_over, worker);
	worker->ask_peer = evtimer_new(worker->base, on_ask_peer, worker);
	worker->verdicts = verdict_client_new(worker->base, worker->now->generation, worker->counters, on_answer,
					      on_policyd_lost, worker);
	worker->host = (struct conn_host){
		.base = worker->base,
		.counters = worker->counters,
		.ask = host_ask,
		.cancel = host_cancel,
		.settings = host_settings,
		.record = host_record,
		.report = host_report,
		.ended = host_ended,
		.arg = worker,
	};
	worker->noticed = noticed_new(NOTICED_ENTRIES);
	for (unsigned side = 0; side < CONN_SIDES; side++)
		worker->host.handshakes[side] = conn_handshakes_new(worker->base, worker->counters, side);
	plan.base = worker->base;
	plan.host = &worker->host;
	plan.counters = worker->counters;
	worker->sessions = sessions_new(&plan);
	if (worker->verdicts == NULL || worker->sessions == NULL || worker->noticed == NULL ||
	    worker->ask_peer == NULL || worker->drain_over == NULL || worker->host.handshakes[CONN_SERVER] == NULL ||
	    worker->host.handshakes[CONN_CLIENT] == NULL)
		log_die("start", "out of memory");
	host_memory_tell(sessions_hosts(worker->sessions), on_host_news, worker);
	worker->text = strdup(start->conf_text); /* NULL: each reload is taken for a change */
	if (start->policy_fd >= 0)
		verdict_client_connect(worker->verdicts, start->policy_fd);
	if (start->monitor_fd >= 0)
		connect_monitor(worker, start->monitor_fd);
}

int worker_main(void)
{
	struct worker worker = { 0 };
	struct role_start start;
	struct sandbox_limits limits = { 0 };

	(void)signal(SIGPIPE, SIG_IGN);
	role_receive(&start);
	if (start.listeners[0] < 0)
		log_die("start", "the parent sent no listener");
	init(&worker, &start);
	limits.connect_ports = worker.now->conf.ports;
	limits.connect_ports_count = worker.now->conf.ports_count;
	role_start_cleanup(&start);
	role_sandbox(SANDBOX_WORKER, &limits);
	role_log_through(worker.now->conf.log_syslog ? worker.parent : NULL);
	role_say_alive(worker.base, worker.parent);
	(void)event_base_dispatch(worker.base);

	sessions_free(worker.sessions);
	noticed_free(worker.noticed);
	for (unsigned side = 0; side < CONN_SIDES; side++)
		handshakes_free(worker.host.handshakes[side]);
	verdict_client_free(worker.verdicts);
	event_free(worker.drain_over);
	event_free(worker.ask_peer);
	role_parent_gone();
	ipc_free(worker.monitor);
	ipc_free(worker.parent);
	forget_next(&worker);
	free(worker.text);
	settings_unref(worker.now);
	counters_unmap(worker.counters);
	event_base_free(worker.base);
	return 0;
}

/* sessions.c - see sessions.h. */
#include "proxy/worker/sessions.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "netfilter/origdst.h"
#include "proxy/base/log.h"
#include "proxy/worker/admission.h"
#include "proxy/worker/conn.h"
#include "proxy/monitor/counters.h"
#include "proxy/session/ehlo_memory.h"
#include "proxy/session/host_memory.h"
#include "proxy/session/session.h"
#include "proxy/worker/settings.h"

#define MEMORY_ENTRIES  4096
#define ACCEPT_AT_ONCE  16
#define ACCEPT_PAUSE_MS 200 /* out of descriptors: connections wait in the backlog */
#define SPARE_FILES     32  /* of those that may be open: for what running sessions and channels still need */

struct sessions {
	struct sessions_plan plan;
	struct event *acceptable; /* NULL once draining */
	struct event *resume;
	struct admission *admission;
	struct host_memory *hosts;
	struct ehlo_memory *keywords;
	struct conn *first;
	unsigned count;
	rlim_t files_max; /* a connection with a greater number gets no session */
	bool draining;
};

/* current is the configuration that a new session begins with. */
static const struct conf *current(const struct sessions *sessions)
{
	return &sessions->plan.host->settings(sessions->plan.host->arg)->conf;
}

/* --- the list ------------------------------------------------------------------------------------------------------
 */

static void link_in(struct sessions *sessions, struct conn *conn)
{
	struct conn_link *link = conn_link(conn);

	*link = (struct conn_link){ .next = sessions->first };
	if (sessions->first != NULL)
		conn_link(sessions->first)->prev = conn;
	sessions->first = conn;
	sessions->count++;
	counters_add(sessions->plan.counters, COUNTER_SESSIONS, 1);
	counters_add(sessions->plan.counters, COUNTER_SESSIONS_ACTIVE, 1);
}

void sessions_ended(struct sessions *sessions, struct conn *conn)
{
	struct conn_link *link = conn_link(conn);

	admission_ended(link);
	if (link->prev != NULL)
		conn_link(link->prev)->next = link->next;
	else
		sessions->first = link->next;
	if (link->next != NULL)
		conn_link(link->next)->prev = link->prev;
	sessions->count--;
	counters_sub(sessions->plan.counters, COUNTER_SESSIONS_ACTIVE, 1);
	if (sessions->draining && sessions->count == 0)
		sessions->plan.empty(sessions->plan.arg);
}

static unsigned how_many(void *arg)
{
	return ((const struct sessions *)arg)->count;
}

static bool shed_one(void *arg, const struct crowd_group *crowd, unsigned stuck_s)
{
	struct conn *oldest = NULL;
	uint64_t oldest_s = UINT64_MAX;
	struct timespec now;

	for (struct conn *conn = ((struct sessions *)arg)->first; conn != NULL; conn = conn_link(conn)->next) {
		const struct conn_link *link = conn_link(conn);
		uint64_t since_s;
		if (crowd != NULL && link->same_client != crowd && link->same_destination != crowd)
			continue;
		if (conn_sheddable(conn, &since_s) && since_s < oldest_s) {
			oldest = conn;
			oldest_s = since_s;
		}
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	if (oldest == NULL || (uint64_t)now.tv_sec - oldest_s < stuck_s)
		return false;
	conn_shed(oldest, "too many sessions, and this one had not come any further for a while");
	return true;
}

/* --- one connection ------------------------------------------------------------------------------------------------
 */

/* port_taken: one of the client's own connections to the destination, this one included, has the port. (Those of other
 * workers are not seen; a collision there fails to connect, and the client tries again.) */
static bool port_taken(void *arg, const struct endpoint *client, const struct endpoint *destination, uint16_t port)
{
	const struct sessions *sessions = arg;

	if (port == client->port)
		return true;
	for (struct conn *conn = sessions->first; conn != NULL; conn = conn_link(conn)->next) {
		if (conn_client(conn)->port == port && addr_equal(&conn_client(conn)->addr, &client->addr) &&
		    addr_equal(&conn_destination(conn)->addr, &destination->addr))
			return true;
	}
	return false;
}

static uint64_t random_id(void)
{
	uint64_t id = 0;

	(void)!getrandom(&id, sizeof(id), 0);
	return id;
}

static void choose_source(const struct sessions *sessions, const struct conf *conf, struct upstream_plan *plan)
{
	plan->mark = sessions->plan.privileged ? conf->mark_own : 0;
	if (conf->source == CONF_SOURCE_CLIENT && sessions->plan.privileged) {
		plan->source = plan->client.addr;
		plan->source_foreign = true;
		return;
	}
	for (size_t i = 0; conf->source == CONF_SOURCE_ADDRESS && i < conf->source_addresses.count; i++) {
		if (conf->source_addresses.items[i].addr.family == plan->destination.addr.family)
			plan->source = conf->source_addresses.items[i].addr;
	}
}

static bool is_forwarded(const struct sessions *sessions, int fd)
{
	return sessions->plan.intercepts && origdst_is_forwarded(fd);
}

static enum conf_client_tls client_tls_of(const struct sessions *sessions, const struct settings *settings, int fd,
					  const struct endpoint *client)
{
	enum conf_client_tls mode = conf_client_tls_for(&settings->conf, &client->addr, is_forwarded(sessions, fd));

	/* Rules of somebody else's forward what our scope does not: there is no certificate for those. */
	return mode == CONF_CLIENT_TLS_TERMINATE && settings->client_tls == NULL ? CONF_CLIENT_TLS_OFF : mode;
}

static void begin(struct sessions *sessions, int fd, const struct endpoint *client, const struct endpoint *destination)
{
	const struct settings *settings = sessions->plan.host->settings(sessions->plan.host->arg);
	const struct conf *conf = &settings->conf;
	struct session_options options = {
		.id = random_id(),
		.client = *client,
		.destination = *destination,
		.bare_newline_reject = conf->bare_newline == CONF_BARE_NEWLINE_REJECT,
		.enforce = conf->enforce,
		.clear_possible = conf_may_permit_clear(conf),
		.reports = conf->tlsrpt_socket != NULL,
		.tls_compat = conf->tls_compat,
		.client_is_local = !is_forwarded(sessions, fd),
		.client_tls = client_tls_of(sessions, settings, fd, client),
		.hosts = sessions->hosts,
		.keywords = sessions->keywords,
	};
	struct upstream_plan upstream = {
		.client = *client, .destination = *destination, .port_taken = port_taken, .port_arg = sessions
	};
	struct conn *conn;

	choose_source(sessions, conf, &upstream);
	options.as_client = upstream.source_foreign;
	conn = conn_new(sessions->plan.host, fd, &options, &upstream);
	if (conn == NULL) {
		log_say(LOG_LEVEL_ERROR, "session", "out of memory: connection dropped");
		return;
	}
	link_in(sessions, conn);
	if (!admission_began(sessions->admission, conn_link(conn), client, destination)) {
		log_say(LOG_LEVEL_ERROR, "session", "out of memory: connection dropped");
		conn_free(conn);
	}
}

static bool out_of_files(const struct sessions *sessions, int fd)
{
	return sessions->files_max != RLIM_INFINITY && (rlim_t)fd >= sessions->files_max;
}

static void accepted(struct sessions *sessions, int fd, const struct sockaddr_storage *from)
{
	struct endpoint client;
	struct endpoint destination;
	enum origdst found;
	const struct conf *conf = current(sessions);
	int on = 1;

	(void)setsockopt(fd, SOL_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	if (!endpoint_from_sockaddr(&client, from)) {
		(void)close(fd);
		return;
	}
	found = origdst_get(&destination, fd, conf->ports, conf->ports_count, conf->listen_port);
	if (found == ORIGDST_SELFTEST)
		(void)close(fd);
	else if (out_of_files(sessions, fd) || (found == ORIGDST_FAILED && (errno == EMFILE || errno == ENFILE)))
		admission_refuse_poor(sessions->admission, fd, &client);
	else if (found != ORIGDST_OK)
		admission_refuse_loop(sessions->admission, fd, &client, origdst_name(found));
	else if (!admission_refuses(sessions->admission, conf, fd, &client, &destination))
		begin(sessions, fd, &client, &destination);
}

/* --- accepting -----------------------------------------------------------------------------------------------------
 */

static void pause_accepting(struct sessions *sessions)
{
	const struct timeval delay = { .tv_usec = ACCEPT_PAUSE_MS * 1000 };

	/* Without memory for the timer nobody would go on. */
	if (event_add(sessions->resume, &delay) == 0)
		(void)event_del(sessions->acceptable);
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct sessions *sessions = arg;

	(void)fd;
	(void)what;
	if (sessions->acceptable != NULL)
		(void)event_add(sessions->acceptable, NULL);
}

static void on_acceptable(evutil_socket_t listen_fd, short what, void *arg)
{
	struct sessions *sessions = arg;

	(void)what;
	for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
		struct sockaddr_storage from;
		socklen_t len = sizeof(from);
		int fd = accept4(listen_fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			accepted(sessions, fd, &from);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			admission_paused(sessions->admission);
			pause_accepting(sessions);
		}
		return;
	}
}

/* --- life ----------------------------------------------------------------------------------------------------------
 */

static rlim_t files_max(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY)
		return RLIM_INFINITY;
	return files.rlim_cur - (files.rlim_cur / 4 < SPARE_FILES ? files.rlim_cur / 4 : SPARE_FILES);
}

struct sessions *sessions_new(const struct sessions_plan *plan)
{
	struct sessions *sessions = calloc(1, sizeof(*sessions));

	if (sessions == NULL)
		return NULL;
	sessions->plan = *plan;
	sessions->files_max = files_max();
	sessions->admission = admission_new(&(struct admission_plan){
		.base = plan->base, .counters = plan->counters, .shed = shed_one, .count = how_many, .arg = sessions });
	sessions->hosts = host_memory_new(MEMORY_ENTRIES);
	sessions->keywords = ehlo_memory_new(MEMORY_ENTRIES);
	sessions->resume = evtimer_new(plan->base, on_resume, sessions);
	sessions->acceptable = event_new(plan->base, plan->listen_fd, EV_READ | EV_PERSIST, on_acceptable, sessions);
	if (sessions->admission == NULL || sessions->hosts == NULL || sessions->keywords == NULL ||
	    sessions->resume == NULL || sessions->acceptable == NULL || event_add(sessions->acceptable, NULL) != 0) {
		sessions_free(sessions);
		return NULL;
	}
	return sessions;
}

struct host_memory *sessions_hosts(struct sessions *sessions)
{
	return sessions->hosts;
}

void sessions_drain(struct sessions *sessions)
{
	if (sessions->draining)
		return;
	sessions->draining = true;
	event_free(sessions->acceptable);
	sessions->acceptable = NULL;
	(void)close(sessions->plan.listen_fd);
	if (sessions->count == 0)
		sessions->plan.empty(sessions->plan.arg);
}

unsigned sessions_count(const struct sessions *sessions)
{
	return sessions->count;
}

void sessions_shutdown(struct sessions *sessions)
{
	struct conn *next;

	for (struct conn *conn = sessions->first; conn != NULL; conn = next) {
		next = conn_link(conn)->next;
		conn_shutdown(conn);
	}
}

void sessions_free(struct sessions *sessions)
{
	if (sessions == NULL)
		return;
	sessions->draining = false; /* nobody is told any more */
	while (sessions->first != NULL)
		conn_free(sessions->first);
	if (sessions->acceptable != NULL)
		event_free(sessions->acceptable);
	if (sessions->resume != NULL)
		event_free(sessions->resume);
	admission_free(sessions->admission);
	host_memory_free(sessions->hosts);
	ehlo_memory_free(sessions->keywords);
	free(sessions);
}

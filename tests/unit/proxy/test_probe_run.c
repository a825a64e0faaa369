/* test_probe_run.c - tests of probe_run (proxy/probe/probe.h) over loopback: how many are spoken to at a time, what
 * comes of sockets that cannot connect, and of a signal. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <event2/event.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/base/exit_status.h"
#include "proxy/probe/probe.h"

#define TARGETS 25

/* --- servers: every address of 127.0.0.0/8, one port, in the same event loop -------------------------------------- */

struct servers {
	struct event_base *base;
	struct event *listener;
	int fd;
	uint16_t port;
	unsigned open;
	unsigned most;
	unsigned met;
	const char *greeting; /* NULL: silence */
};

struct visit {
	struct servers *servers;
	struct event *event;
	int fd;
};

static void on_line(evutil_socket_t fd, short what, void *arg)
{
	static const char hello[] = "250 mx.example\r\n";
	struct visit *visit = arg;
	char line[256];
	ssize_t n = recv(fd, line, sizeof(line) - 1, 0);

	(void)what;
	line[n > 0 ? n : 0] = '\0';
	if (strncmp(line, "EHLO probe.example\r\n", 20) == 0) {
		assert_int_equal(send(fd, hello, strlen(hello), 0), strlen(hello));
		return;
	}
	if (n > 0)
		assert_string_equal(line, "QUIT\r\n");
	visit->servers->open--;
	event_free(visit->event);
	(void)close(visit->fd);
	free(visit);
}

/* The greeting takes its time, so that many are open together. */
static void on_greet(evutil_socket_t fd, short what, void *arg)
{
	struct visit *visit = arg;
	const char *greeting = visit->servers->greeting;

	(void)fd;
	(void)what;
	event_free(visit->event);
	visit->event = event_new(visit->servers->base, visit->fd, EV_READ | EV_PERSIST, on_line, visit);
	assert_int_equal(event_add(visit->event, NULL), 0);
	if (greeting != NULL)
		assert_int_equal(send(visit->fd, greeting, strlen(greeting), 0), strlen(greeting));
}

static void on_visit(evutil_socket_t fd, short what, void *arg)
{
	const struct timeval soon = { .tv_usec = 100000 };
	struct servers *servers = arg;
	struct visit *visit = calloc(1, sizeof(*visit));

	(void)what;
	assert_non_null(visit);
	visit->servers = servers;
	visit->fd = accept(fd, NULL, NULL);
	assert_true(visit->fd >= 0);
	visit->event = evtimer_new(servers->base, on_greet, visit);
	assert_int_equal(event_add(visit->event, &soon), 0);
	servers->met++;
	if (++servers->open > servers->most)
		servers->most = servers->open;
}

static void serve(struct servers *servers, const char *greeting)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY) };
	socklen_t len = sizeof(at);

	*servers = (struct servers){ .base = event_base_new(), .greeting = greeting };
	servers->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(servers->fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(servers->fd, 64), 0);
	assert_int_equal(getsockname(servers->fd, (struct sockaddr *)&at, &len), 0);
	servers->port = ntohs(at.sin_port);
	servers->listener = event_new(servers->base, servers->fd, EV_READ | EV_PERSIST, on_visit, servers);
	assert_int_equal(event_add(servers->listener, NULL), 0);
}

static void stop(struct servers *servers)
{
	event_free(servers->listener);
	event_base_free(servers->base);
	(void)close(servers->fd);
}

/* --- the probe ---------------------------------------------------------------------------------------------------- */

static void make_probe(struct probe *probe, unsigned count, uint16_t port)
{
	struct verdict *verdict = verdict_new();
	char error[TLS_ERROR_MAX];
	struct verdict_mx *mx;

	assert_non_null(verdict);
	*probe = (struct probe){ .asked = "example.org", .verdict = verdict };
	verdict->status = VERDICT_OK;
	verdict->level = LEVEL_MAY;
	verdict->source = VERDICT_SOURCE_DEFAULT;
	verdict->enforce = true;
	verdict->mx_lookup = VERDICT_LOOKUP_FOUND;
	verdict->mx = mx = calloc(1, sizeof(*mx));
	assert_non_null(mx);
	verdict->mx_count = 1;
	(void)snprintf(mx->name, sizeof(mx->name), "mx.example");
	mx->addrs = calloc(count + 1, sizeof(*mx->addrs));
	assert_non_null(mx->addrs);
	for (; mx->addrs_count < count; mx->addrs_count++)
		mx->addrs[mx->addrs_count] = (struct addr){ AF_INET, { 127, 0, 0, (uint8_t)(mx->addrs_count + 1) } };
	probe->settings = settings_new(&(struct settings_texts){ .conf = "" }, 0, error);
	assert_non_null(probe->settings);
	(void)snprintf(probe->hello, sizeof(probe->hello), "probe.example");
	assert_true(probe_add_targets(probe, &(struct addr){ 0 }, port));
	assert_true(probe_open_sockets(probe, 0, error, sizeof(error)));
}

/* When all is done the listener is in the way of the loop's end. */
static void on_progress(void *arg, size_t done, const struct probe_target *moved)
{
	struct servers *servers = arg;

	assert_non_null(moved);
	if (done == TARGETS)
		(void)event_del(servers->listener);
}

static void test_ten_at_a_time(void **state)
{
	struct servers servers;
	struct probe probe;

	(void)state;
	serve(&servers, "220 mx.example\r\n");
	make_probe(&probe, TARGETS, servers.port);
	assert_true(probe_run(&probe, servers.base, on_progress, &servers));
	for (size_t i = 0; i < probe.count; i++) {
		assert_int_equal(probe.targets[i].talk.outcome, PROBE_PASS);
		assert_string_equal(probe.targets[i].talk.greeting, "220 mx.example");
	}
	assert_int_equal(servers.met, TARGETS);
	assert_int_equal(servers.open, 0);
	/* Farewells may overlap with the next: at most as many more. */
	assert_in_range(servers.most, PROBE_AT_ONCE, 2 * PROBE_AT_ONCE);
	assert_int_equal(probe_status(&probe), CLI_OK);
	probe_cleanup(&probe);
	stop(&servers);
}

/* Nobody there, sockets that fail at once, none at all: each target has its word, and the run ends. */
static void test_no_connection(void **state)
{
	struct servers servers;
	struct probe probe;

	(void)state;
	serve(&servers, NULL);
	(void)event_del(servers.listener);
	(void)close(servers.fd);
	make_probe(&probe, TARGETS, servers.port);
	for (size_t i = 0; i < probe.count; i += 2) { /* a port that no connect takes, and no socket */
		if (i % 4 == 0)
			probe.targets[i].at.addr = (struct addr){ AF_INET6, { 0x20, 1 } };
		else
			probe.targets[i].sockets[0] = (close(probe.targets[i].sockets[0]), -1);
	}
	assert_true(probe_run(&probe, servers.base, NULL, NULL));
	for (size_t i = 0; i < probe.count; i++) {
		assert_int_equal(probe.targets[i].talk.outcome, PROBE_UNREACHABLE);
		assert_int_equal(probe.targets[i].talk.ended_in, PROBE_CONNECT);
		assert_non_null(strstr(probe.targets[i].talk.reason, "no connection: "));
	}
	assert_int_equal(probe_status(&probe), CLI_UNDECIDED);
	probe_cleanup(&probe);
	servers.fd = -1;
	stop(&servers);
}

static void on_enough(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)event_del(((struct servers *)arg)->listener);
	(void)raise(SIGINT);
}

static void test_interrupted(void **state)
{
	const struct timeval soon = { .tv_usec = 300000 };
	struct servers servers;
	struct probe probe;
	struct event *enough;

	(void)state;
	serve(&servers, NULL);
	make_probe(&probe, TARGETS, servers.port);
	enough = evtimer_new(servers.base, on_enough, &servers);
	assert_int_equal(event_add(enough, &soon), 0);
	assert_true(probe_run(&probe, servers.base, NULL, NULL));
	assert_true(probe.interrupted);
	for (size_t i = 0; i < probe.count; i++) {
		assert_int_equal(probe.targets[i].talk.outcome, PROBE_UNREACHABLE);
		assert_non_null(strstr(probe.targets[i].talk.reason, "interrupted"));
	}
	assert_int_equal(servers.met, PROBE_AT_ONCE);
	assert_int_equal(servers.open, 0);
	event_free(enough);
	probe_cleanup(&probe);
	stop(&servers);
}

static void test_nobody_to_speak_to(void **state)
{
	struct event_base *base = event_base_new();
	struct probe probe;

	(void)state;
	make_probe(&probe, 0, 25);
	assert_true(probe_run(&probe, base, NULL, NULL));
	assert_int_equal(probe_status(&probe), CLI_UNDECIDED);
	probe_cleanup(&probe);
	event_base_free(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ten_at_a_time),
		cmocka_unit_test(test_no_connection),
		cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_nobody_to_speak_to),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

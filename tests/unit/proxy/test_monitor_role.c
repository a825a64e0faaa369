/* test_monitor_role.c - the monitor as it runs: started by a parent, in its sandbox, asked over real sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/base/ipc.h"
#include "proxy/base/log.h"
#include "proxy/base/role.h"
#include "proxy/base/sealed.h"
#include "proxy/cli/cli_status.h"
#include "proxy/monitor/counters.h"
#include "proxy/host/listeners.h"
#include "proxy/monitor/monitor.h"
#include "proxy/monitor/monitor_http.h"
#include "proxy/monitor/monitor_record.h"

/* The sanitizers' run-time libraries need system calls that the sandbox forbids. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(undefined_behavior_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

struct gate {
	pid_t pid;
	int log_fd; /* what the monitor said */
	struct event_base *base;
	struct ipc *ipc;
	bool ready;
	char folder[64];
	char http[96];
	char control[96];
};

static bool on_message(void *arg, uint16_t type, const uint8_t *body, size_t len, int fd)
{
	struct gate *gate = arg;

	(void)body;
	(void)len;
	gate->ready = gate->ready || type == ROLE_MSG_READY;
	return fd < 0;
}

static void on_closed(void *arg)
{
	(void)arg;
	fail_msg("the monitor ended");
}

static NO_RETURN void be_monitor(int channel, int log_fd)
{
	(void)dup2(log_fd, STDERR_FILENO);
	(void)dup2(channel, ROLE_FD);
	(void)syscall(SYS_close_range, ROLE_FD + 1, ~0U, 0);
	log_init("gate25 monitor", LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
	_exit(monitor_main());
}

static void send_conf(struct gate *gate, const char *text, uint32_t generation)
{
	int fd = sealed_new("conf", text, strlen(text));

	assert_true(role_conf_send(gate->ipc, generation, 0, fd));
	(void)close(fd);
}

static void send_listener(struct gate *gate, enum role_listener kind, const char *path)
{
	char err[256];
	int fd = listener_control(path, getgid(), err, sizeof(err));

	assert_true(fd >= 0);
	assert_true(role_listener_send(gate->ipc, kind, fd));
	(void)close(fd);
}

static void start(struct gate *gate)
{
	int pair[2];

	*gate = (struct gate){ .folder = "/tmp/gate25-monitor-XXXXXX" };
	gate->log_fd = memfd_create("log", MFD_CLOEXEC);
	assert_true(ipc_pair(pair));
	gate->pid = fork();
	if (gate->pid == 0)
		be_monitor(pair[1], gate->log_fd);
	assert_true(gate->pid > 0);
	(void)close(pair[1]);
	gate->base = event_base_new();
	gate->ipc = ipc_new(gate->base, pair[0], on_message, on_closed, gate);
	assert_non_null(mkdtemp(gate->folder));
	(void)snprintf(gate->http, sizeof(gate->http), "%s/http", gate->folder);
	(void)snprintf(gate->control, sizeof(gate->control), "%s/control", gate->folder);
	send_conf(gate, "", 1);
	send_listener(gate, ROLE_LISTENER_HTTP, gate->http);
	send_listener(gate, ROLE_LISTENER_CONTROL, gate->control);
	assert_true(role_slot_send(gate->ipc, ROLE_MSG_START, 0, -1));
	while (!gate->ready)
		assert_int_equal(event_base_loop(gate->base, EVLOOP_ONCE), 0);
}

/* stop closes the parent's end, as a parent's death does, and returns what the monitor logged. */
static void stop(struct gate *gate, char *log, size_t cap)
{
	int status = -1;
	ssize_t n;

	ipc_free(gate->ipc);
	event_base_free(gate->base);
	assert_int_equal(waitpid(gate->pid, &status, 0), gate->pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	n = pread(gate->log_fd, log, cap - 1, 0);
	log[n > 0 ? n : 0] = '\0';
	(void)close(gate->log_fd);
	(void)unlink(gate->http);
	(void)unlink(gate->control);
	assert_int_equal(rmdir(gate->folder), 0);
}

static int dial(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	assert_int_equal(connect(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	return fd;
}

static void send_all(int fd, const char *bytes, size_t len, size_t step)
{
	for (size_t at = 0; at < len; at += step) {
		size_t n = len - at < step ? len - at : step;
		assert_int_equal(send(fd, bytes + at, n, MSG_NOSIGNAL), n);
	}
}

/* receive reads to the end, closes |fd| and returns what came, the caller's. */
static char *receive(int fd)
{
	char *answer = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&answer, &len);
	char buf[4096];
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
		(void)fwrite(buf, 1, (size_t)n, out);
	assert_int_equal(n, 0);
	assert_int_equal(fclose(out), 0);
	(void)close(fd);
	return answer;
}

static char *ask(const char *socket_path, const char *request)
{
	int fd = dial(socket_path);

	send_all(fd, request, strlen(request), strlen(request));
	return receive(fd);
}

static void expect(const char *socket_path, const char *request, const char *start_of_answer, const char *holds)
{
	char *answer = ask(socket_path, request);

	if (strncmp(answer, start_of_answer, strlen(start_of_answer)) != 0 || strstr(answer, holds) == NULL)
		fail_msg("asked %s, wanted %s ... %s, got %.2000s", request, start_of_answer, holds, answer);
	free(answer);
}

static void test_answers(void **state)
{
	static const struct {
		const char *request;
		const char *start;
		const char *holds;
	} cases[] = {
		{ "GET /healthz HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n", "\r\n\r\nalive\n" },
		{ "GET /readyz HTTP/1.1\r\n\r\n", "HTTP/1.1 503 ", "\r\n\r\nnot ready\n" },
		{ "GET /nothing HTTP/1.1\r\n\r\n", "HTTP/1.1 404 ", "\r\n\r\nNot Found\n" },
		{ "POST / HTTP/1.1\r\n\r\n", "HTTP/1.1 405 ", "\r\nAllow: GET, HEAD\r\n" },
		{ "nonsense\r\n\r\n", "HTTP/1.1 400 ", "\r\nConnection: close\r\n" },
		{ "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 200 ", "\r\nContent-Security-Policy: default-src 'none'; " },
		{ "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 200 ", "None since the monitor started." },
		{ "GET /metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 200 ",
		  "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n" },
		{ "GET /status.json HTTP/1.1\r\n\r\n", "HTTP/1.1 200 ", "\"ready\": false" },
		{ "GET /style.css HTTP/1.1\r\n\r\n", "HTTP/1.1 200 ", "prefers-color-scheme" },
	};
	struct gate gate;
	char log[4096];

	(void)state;
	if (SANITIZED)
		skip();
	start(&gate);
	for (size_t i = 0; i < COUNT(cases); i++) {
		expect(gate.http, cases[i].request, cases[i].start, cases[i].holds);
		expect(gate.control, cases[i].request, cases[i].start, cases[i].holds);
	}
	stop(&gate, log, sizeof(log));
	assert_string_equal(log, "");
}

static void test_ways_to_ask(void **state)
{
	const char request[] = "GET /status.json HTTP/1.1\r\nHost: a\r\n\r\n";
	static char junk[300000];
	struct gate gate;
	char log[4096];
	char *answer;
	int fd;

	(void)state;
	if (SANITIZED)
		skip();
	start(&gate);
	fd = dial(gate.http); /* octet by octet */
	send_all(fd, request, strlen(request), 1);
	answer = receive(fd);
	assert_non_null(strstr(answer, "\"refusals\": []"));
	free(answer);

	fd = dial(gate.http); /* much more behind the request: the answer still comes whole */
	memset(junk, 'x', sizeof(junk));
	memcpy(junk, request, sizeof(request) - 1);
	send_all(fd, junk, sizeof(junk), sizeof(junk));
	answer = receive(fd);
	assert_non_null(strstr(answer, "\n}\n"));
	free(answer);

	fd = dial(gate.http); /* the client's writing side closed */
	send_all(fd, request, strlen(request), 4096);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	answer = receive(fd);
	assert_non_null(strstr(answer, "\n}\n"));
	free(answer);

	answer = ask(gate.http, "HEAD /metrics HTTP/1.1\r\n\r\n");
	assert_non_null(strstr(answer, "\r\nContent-Length: "));
	assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
	free(answer);

	memset(junk, 'x', sizeof(junk)); /* a head without end */
	fd = dial(gate.http);
	send_all(fd, junk, 8192, 8192);
	answer = receive(fd);
	assert_memory_equal(answer, "HTTP/1.1 431 ", 13);
	free(answer);
	stop(&gate, log, sizeof(log));
	assert_string_equal(log, "");
}

static void test_connections_are_bounded(void **state)
{
	const char request[] = "GET /healthz HTTP/1.1\r\n\r\n";
	int idle[MONITOR_HTTP_CONNECTIONS_MAX];
	struct gate gate;
	char log[4096];
	char *answer;
	int waiting;

	(void)state;
	if (SANITIZED)
		skip();
	start(&gate);
	for (size_t i = 0; i < COUNT(idle); i++)
		idle[i] = dial(gate.http);
	waiting = dial(gate.http);
	send_all(waiting, request, strlen(request), 100);
	/* The control socket has a bound of its own. Its answer also shows that the monitor came by the other one. */
	expect(gate.control, request, "HTTP/1.1 200 ", "alive");
	expect(gate.control, request, "HTTP/1.1 200 ", "alive");
	answer = malloc(1);
	assert_int_equal(recv(waiting, answer, 1, MSG_DONTWAIT), -1);
	free(answer);
	(void)close(idle[0]);
	answer = receive(waiting);
	assert_memory_equal(answer, "HTTP/1.1 200 ", 13);
	free(answer);
	for (size_t i = 1; i < COUNT(idle); i++)
		(void)close(idle[i]);
	stop(&gate, log, sizeof(log));
}

static void tell(struct gate *gate, const char *json)
{
	assert_true(ipc_send(gate->ipc, ROLE_MSG_STATUS, json, strlen(json), -1));
}

/* came_by makes sure that all sent so far was read, also through channels that came with a message. */
static void came_by(const struct gate *gate)
{
	for (int i = 0; i < 2; i++)
		expect(gate->control, "GET /healthz HTTP/1.1\r\n\r\n", "HTTP/1.1 200 ", "alive");
}

static bool no_message(void *arg, uint16_t type, const uint8_t *body, size_t len, int fd)
{
	(void)arg;
	(void)type;
	(void)body;
	(void)len;
	(void)fd;
	return false;
}

static void ignore_closed(void *arg)
{
	(void)arg;
}

/* hire makes a worker's end of things: its channel to the monitor, and its counters. */
static struct ipc *hire(struct gate *gate, unsigned slot, struct counters **out_counters)
{
	int pair[2];
	int fd = -1;

	assert_true(ipc_pair(pair));
	assert_true(role_peer_send(gate->ipc, ROLE_WORKER, slot, pair[1]));
	(void)close(pair[1]);
	*out_counters = counters_create(&fd);
	assert_non_null(*out_counters);
	assert_true(role_slot_send(gate->ipc, ROLE_MSG_COUNTERS, slot, fd));
	(void)close(fd);
	return ipc_new(gate->base, pair[0], no_message, ignore_closed, NULL);
}

static void test_workers_are_heard(void **state)
{
	const char metrics[] = "GET /metrics HTTP/1.1\r\n\r\n";
	struct monitor_record record = { .kind = SESSION_RECORD_REFUSED,
					 .domain = "<i>refused.example",
					 .reply = "451 4.7.5 no" };
	struct counters *counters;
	struct ipc *worker;
	struct gate gate;
	char log[4096];

	(void)state;
	if (SANITIZED)
		skip();
	start(&gate);
	tell(&gate, "{\"ready\":true,\"version\":\"9.9\"}");
	expect(gate.http, "GET /readyz HTTP/1.1\r\n\r\n", "HTTP/1.1 200 ", "ready");

	json_t *status = status_fetch(gate.control); /* as `gate25 status` does */
	assert_true(json_is_true(json_object_get(status, "ready")));
	json_decref(status);

	worker = hire(&gate, 3, &counters);
	counters_add(counters, COUNTER_SESSIONS, 41);
	counters_add(counters, COUNTER_SESSIONS_ACTIVE, 5);
	assert_true(monitor_record_send(worker, &record));
	came_by(&gate);
	expect(gate.http, metrics, "HTTP/1.1 200 ", "\ngate25_sessions_total 41\n");
	expect(gate.http, metrics, "HTTP/1.1 200 ", "\ngate25_sessions_active 5\n");
	expect(gate.http, "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 200 ", "&lt;i&gt;refused.example");

	/* A worker that talks nonsense is heard no more; nobody else is harmed. */
	assert_true(ipc_send(worker, MONITOR_MSG_RECORD, "x", 1, -1));
	came_by(&gate);
	expect(gate.http, metrics, "HTTP/1.1 200 ", "\ngate25_sessions_total 41\n");
	expect(gate.http, metrics, "HTTP/1.1 200 ", "\ngate25_sessions_active 0\n");
	expect(gate.http, metrics, "HTTP/1.1 200 ", "\ngate25_workers 0\n");
	ipc_free(worker);
	counters_unmap(counters);

	worker = hire(&gate, 3, &counters);
	counters_add(counters, COUNTER_SESSIONS, 1);
	came_by(&gate);
	expect(gate.http, metrics, "HTTP/1.1 200 ", "\ngate25_sessions_total 42\n");
	expect(gate.http, metrics, "HTTP/1.1 200 ", "\ngate25_workers 1\n");
	ipc_free(worker);
	counters_unmap(counters);
	stop(&gate, log, sizeof(log));
	assert_non_null(strstr(log, "a worker sent a malformed message"));
}

/* The new configuration is read from inside the sandbox: its log format is in force afterwards. */
static void test_reload(void **state)
{
	struct gate gate;
	char log[4096];

	(void)state;
	if (SANITIZED)
		skip();
	start(&gate);
	send_conf(&gate, "log-format = json\n", 2);
	assert_true(ipc_send(gate.ipc, ROLE_MSG_RELOAD, NULL, 0, -1));
	tell(&gate, "nonsense");
	came_by(&gate);
	stop(&gate, log, sizeof(log));
	assert_memory_equal(log, "{\"severity\":\"error\"", 19);
	assert_null(strstr(log, "cannot be read"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_ways_to_ask),
		cmocka_unit_test(test_connections_are_bounded),
		cmocka_unit_test(test_workers_are_heard),
		cmocka_unit_test(test_reload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

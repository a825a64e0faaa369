/* test_cli_status.c - what `gate25 status` says, and how it asks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/base/attrib.h"
#include "proxy/cli/cli.h"
#include "proxy/cli/cli_status.h"
#include "proxy/host/listeners.h"

static const char full[] =
	"{\"ready\":true,\"sessions\":12,\"active\":3,\"messages\":9,\"workers\":[{},{}],"
	"\"gate\":{\"version\":\"0.1\",\"tls_library\":\"Debian's\",\"started\":1700000000,\"enforce\":false,"
	"\"repairs\":4,\"rules\":false,\"dnssec\":{\"mode\":\"validate\",\"state\":\"proved\",\"ok\":true,"
	"\"since\":1700000000,\"tested\":1700000000,\"reason\":\"validation over ::1 proves the root\"},"
	"\"hosts\":{\"held\":{\"unreachable\":3,\"silent\":1},\"list\":["
	"{\"destination\":\"198.51.100.7:25\",\"client\":\"10.0.0.9\",\"failure\":\"unreachable\","
	"\"since\":1700000000,\"until\":4100000000,\"reset_until\":4000000000},"
	"{\"destination\":\"[2001:db8::7]:25\",\"failure\":\"silent\",\"since\":1700000000,\"until\":4100000000},"
	"{\"destination\":\"192.0.2.77:25\",\"failure\":\"unreachable\",\"since\":1,\"until\":2}]},"
	"\"list\":{\"entries\":926,\"expires\":1600000000,\"copy\":true}},"
	"\"refusals\":["
	"{\"kind\":\"refused\",\"domain\":\"a.example\",\"destination\":\"192.0.2.1\",\"mx\":\"mx.a.example\","
	"\"result\":\"certificate-expired\",\"level\":\"secure\",\"reply\":\"451 4.7.5 no\",\"reason\":\"too old\","
	"\"count\":7,\"time\":1700000000},"
	"{\"kind\":\"would-refuse\",\"domain\":\"b.example\",\"destination\":\"192.0.2.2\",\"result\":\"none\","
	"\"count\":1},"
	"{\"kind\":\"refused\",\"domain\":\"a.example\",\"destination\":\"192.0.2.3\",\"mx\":\"\","
	"\"result\":\"starttls-not-supported\",\"count\":2}],"
	"\"relays\":[{\"rule\":\"destination \\\"192.0.2.9\\\" {}\",\"count\":5,\"domain\":\"c.example\"}],"
	"\"notices\":[{\"notice\":\"exchange-peer\",\"text\":\"exchange-peer: exempt it\",\"client\":\"192.0.2.1\","
	"\"destination\":\"192.0.2.9\",\"time\":1700000000,\"count\":6}]}";

static char *text_of(const char *json)
{
	json_t *status = json_loads(json, 0, NULL);
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(status);
	status_text(status, out);
	assert_int_equal(fclose(out), 0);
	json_decref(status);
	return text;
}

static void test_text(void **state)
{
	static const char *const lines[] = {
		"gate25 0.1: ready, started 20",
		"\n  TLS library: Debian's\n",
		"\n  DNSSEC: proved, mode validate since 20",
		"\n    last test 20",
		": validation over ::1 proves the root\n",
		"\nHosts that failed, 4 in all, latest first\n  198.51.100.7:25 for 10.0.0.9: unreachable since 20",
		", connections reset until 20",
		"\n  [2001:db8::7]:25: silent since 20",
		"\n  ... and others\n",
		"\n  list: 926 domains, EXPIRED 20",
		"; the last accepted copy, for list-file cannot be taken\n",
		"\n  REPORT ONLY",
		"\n  nftables tables put back: 4 times",
		"--no-rules",
		"\n  workers: 2, sessions: 3 now, 12 in all, messages delivered: 9\n",
		"\n    refused 7 times by way of 192.0.2.1 (mx.a.example), last ",
		":\n      certificate-expired at level secure\n      too old\n      client was told: 451 4.7.5 no\n",
		" no\n    refused 2 times by way of 192.0.2.3, last ",
		"\n  b.example\n    would have been refused 1 times by way of 192.0.2.2, last ",
		"\n  destination \"192.0.2.9\" {}\n    5 times, last for c.example\n",
		"\nWho does not fit behind the gate\n  exchange-peer: exempt it\n    6 times, ",
		" times, last by 192.0.2.1 to 192.0.2.9, 20",
	};
	char *text = text_of(full);

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		if (strstr(text, lines[i]) == NULL)
			fail_msg("no %s in:\n%s", lines[i], text);
	}
	assert_null(strstr(strstr(text, "\n  a.example\n") + 1, "\n  a.example\n")); /* one heading a domain */
	free(text);
}

static void test_not_ready(void **state)
{
	static const struct {
		const char *json;
		const char *text;
	} cases[] = {
		{ "{}", "NOT READY, its parent process has said nothing yet" },
		{ "{\"gate\":{}}", "NOT READY, its parent process has said nothing yet" },
		{ "{\"ready\":false,\"gate\":{\"roles_up\":2,\"roles\":4}}", "NOT READY, 2 of 4 processes are up" },
		{ "{\"ready\":\"true\",\"gate\":{\"roles\":4,\"reason\":\"the self-test failed\"}}",
		  "\n  the self-test failed\n" },
		{ "{\"ready\":false,\"gate\":{\"roles_up\":4,\"roles\":4,\"reason\":\"nobody proves\",\"dnssec\":{"
		  "\"ok\":false,\"state\":\"silent\",\"mode\":\"trust-ad\"}}}",
		  ": NOT READY\n  nobody proves\n  DNSSEC: NOT GOOD, silent, mode trust-ad\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *text = text_of(cases[i].json);
		assert_non_null(strstr(text, cases[i].text));
		assert_null(strstr(text, ": ready"));
		assert_non_null(strstr(text, "Refusals: none"));
		free(text);
	}
}

static void test_a_terminal_is_safe(void **state)
{
	char *text = text_of("{\"refusals\":[{\"domain\":\"a\\u001b[2J\\u009b1m\\r\\n\",\"reply\":\"\\u0007\\u202e\","
			     "\"reason\":\"\\u007f\",\"mx\":\"\\t\",\"destination\":\"\\u001b\",\"result\":\"\\u001b\","
			     "\"level\":\"\\u001b\"}],\"relays\":[{\"rule\":\"\\u001b\",\"domain\":\"\\u001b\"}],"
			     "\"gate\":{\"version\":\"\\u001b\",\"tls_library\":\"\\u001b\",\"reason\":\"\\u001b\","
			     "\"dnssec\":{\"state\":\"\\u001b\",\"mode\":\"\\u001b\",\"tested\":1,"
			     "\"reason\":\"\\u001b\"}}}");

	(void)state;
	for (const char *c = text; *c != '\0'; c++)
		assert_true(*c == '\n' || (*c >= ' ' && *c < 0x7f));
	assert_non_null(strstr(text, "a?[2J??1m??\n"));
	free(text);
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

struct server {
	char folder[64];
	char path[96];
	int fd;
	const char *answer;
};

static void *serve_one(void *arg)
{
	const struct server *server = arg;
	char request[256];
	int fd = accept(server->fd, NULL, NULL);

	(void)!recv(fd, request, sizeof(request), 0);
	(void)!send(fd, server->answer, strlen(server->answer), MSG_NOSIGNAL);
	(void)close(fd);
	return NULL;
}

static void server_start(struct server *server)
{
	char err[256];
	int flags;

	*server = (struct server){ .folder = "/tmp/gate25-status-XXXXXX" };
	assert_non_null(mkdtemp(server->folder));
	(void)snprintf(server->path, sizeof(server->path), "%s/control", server->folder);
	server->fd = listener_control(server->path, getgid(), err, sizeof(err));
	assert_true(server->fd >= 0);
	flags = fcntl(server->fd, F_GETFL);
	assert_int_equal(fcntl(server->fd, F_SETFL, flags & ~O_NONBLOCK), 0);
}

static void server_stop(struct server *server)
{
	(void)close(server->fd);
	(void)unlink(server->path);
	assert_int_equal(rmdir(server->folder), 0);
}

/* quiet_status runs the command with its output thrown away. */
static int quiet_status(const char *run_dir, const char *option)
{
	char *argv[] = { (char[]){ "status" }, (char[]){ "--run-dir" }, (char *)run_dir, (char *)option, NULL };
	int out = dup(STDOUT_FILENO);
	int err = dup(STDERR_FILENO);
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int status;

	(void)fflush(stdout);
	(void)dup2(null, STDOUT_FILENO);
	(void)dup2(null, STDERR_FILENO);
	optind = 0;
	status = cli_status(option != NULL ? 4 : 3, argv);
	(void)fflush(stdout);
	(void)dup2(out, STDOUT_FILENO);
	(void)dup2(err, STDERR_FILENO);
	(void)close(out);
	(void)close(err);
	(void)close(null);
	return status;
}

static void test_exit_status(void **state)
{
	static const struct {
		const char *answer;
		const char *option;
		int status;
	} cases[] = {
		{ "HTTP/1.1 200 OK\r\n\r\n{\"ready\":true}", NULL, CLI_OK },
		{ "HTTP/1.1 200 OK\r\nA: b\r\n\r\n{\"ready\":true}\n", "--json", CLI_OK },
		{ "HTTP/1.1 200 OK\r\n\r\n{\"ready\":false}", NULL, CLI_FAILED },
		{ "HTTP/1.1 200 OK\r\n\r\n{}", "--json", CLI_FAILED },
		{ "HTTP/1.1 500 No\r\n\r\n{\"ready\":true}", NULL, CLI_UNDECIDED },
		{ "HTTP/1.1 200 OK\r\n\r\n[true]", NULL, CLI_UNDECIDED },
		{ "HTTP/1.1 200 OK\r\n\r\n{\"ready\":true", NULL, CLI_UNDECIDED },
		{ "HTTP/1.1 200 OK\r\n", NULL, CLI_UNDECIDED },
		{ "", NULL, CLI_UNDECIDED },
	};
	struct server server;

	(void)state;
	server_start(&server);
	for (size_t i = 0; i < COUNT(cases); i++) {
		pthread_t thread;
		server.answer = cases[i].answer;
		assert_int_equal(pthread_create(&thread, NULL, serve_one, &server), 0);
		assert_int_equal(quiet_status(server.folder, cases[i].option), cases[i].status);
		assert_int_equal(pthread_join(thread, NULL), 0);
	}
	server_stop(&server);
	assert_int_equal(quiet_status(server.folder, NULL), CLI_UNDECIDED); /* nobody there */
	assert_int_equal(quiet_status(server.folder, "--nonsense"), CLI_USAGE);
	assert_int_equal(quiet_status(server.folder, "word"), CLI_USAGE);
	assert_int_equal(quiet_status(server.folder, "--help"), CLI_OK);
	assert_null(
		status_fetch("/nonexistent/a/path/that/is/longer/than/a/socket/address/can/be/and/therefore/no/name/"
			     "that/could/be/asked/at/all"));
	assert_int_equal(errno, ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_not_ready),
		cmocka_unit_test(test_a_terminal_is_safe),
		cmocka_unit_test(test_exit_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

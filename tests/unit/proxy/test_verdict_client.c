/* test_verdict_client.c - TLS reports on the worker's channel to policyd: they never stand in the way of a question;
 * and questions that nobody will answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/base/ipc.h"
#include "proxy/base/log.h"
#include "proxy/worker/verdict_client.h"

#define MANY 3000

static unsigned lines; /* about lost reports */

static void on_line(enum log_level level, const char *line, size_t len)
{
	(void)level;
	(void)len;
	lines += strstr(line, "tlsrpt-lost") != NULL;
}

struct policyd {
	struct ipc *ipc;
	unsigned reports;
	unsigned questions;
};

static bool on_message(void *arg, uint16_t type, const uint8_t *body, size_t len, int fd)
{
	struct policyd *policyd = arg;
	struct wire_reader r;

	assert_int_equal(fd, -1);
	wire_reader_init(&r, body, len);
	if (type == VERDICT_MSG_QUESTION) {
		policyd->questions++;
		return true;
	}
	assert_int_equal(type, VERDICT_MSG_REPORT);
	struct tls_report *report = tls_report_get(&r);
	assert_non_null(report);
	assert_string_equal(report->domain, "d.example");
	tls_report_free(report);
	policyd->reports++;
	return true;
}

static void on_closed(void *arg)
{
	(void)arg;
}

static void on_answer(void *arg, void *asker, struct verdict *verdict)
{
	(void)arg;
	(void)asker;
	(void)verdict;
}

static void on_lost(void *arg)
{
	(void)arg;
}

static void turn(struct event_base *base, unsigned ms)
{
	const struct timeval time = { .tv_usec = (suseconds_t)ms * 1000 };

	(void)event_base_loopexit(base, &time);
	(void)event_base_loop(base, 0);
}

static struct tls_report report = { .domain = "d.example",
				    .policies_count = 1,
				    .policies[0] = { .type = TLS_REPORT_NO_POLICY } };

static void test_reports_give_way(void **state)
{
	struct event_base *base = event_base_new();
	struct verdict_question question = { .domain = "d.example" };
	struct policyd policyd = { 0 };
	struct verdict *known;
	int fds[2];

	(void)state;
	log_set_sink(on_line);
	lines = 0;
	assert_non_null(base);
	struct verdict_client *client = verdict_client_new(base, 1, NULL, on_answer, on_lost, NULL);
	assert_non_null(client);
	verdict_client_report(client, &report); /* policyd is away */
	assert_int_equal(lines, 1);
	assert_true(ipc_pair(fds));
	verdict_client_connect(client, fds[0]);
	verdict_client_report(client, &report);
	assert_true(endpoint_parse(&question.destination, "192.0.2.1", 25));
	for (unsigned i = 0; i < MANY; i++) /* and then so busy that it does not listen */
		verdict_client_report(client, &report);
	assert_int_not_equal(verdict_client_ask(client, &policyd, &question, &known), 0);
	assert_null(known);
	policyd.ipc = ipc_new(base, fds[1], on_message, on_closed, &policyd);
	assert_non_null(policyd.ipc);
	turn(base, 300);
	assert_int_equal(policyd.questions, 1);
	assert_true(policyd.reports > 0 && policyd.reports < MANY);
	assert_int_equal(lines, 1); /* once a minute at most */
	unsigned before = policyd.reports;
	verdict_client_report(client, &report);
	turn(base, 50);
	assert_int_equal(policyd.reports, before + 1);
	verdict_client_free(client);
	ipc_free(policyd.ipc);
	event_base_free(base);
	log_set_sink(NULL);
}

static unsigned answered_none;

static void on_none(void *arg, void *asker, struct verdict *verdict)
{
	struct verdict_client *client = *(struct verdict_client **)arg;
	const struct verdict_question question = { .domain = "again.example" };
	struct verdict *known;

	assert_null(verdict);
	assert_ptr_equal(asker, arg);
	answered_none++;
	/* As a session does whose next RCPT is there already. */
	assert_int_equal(verdict_client_ask(client, asker, &question, &known), 0);
	assert_null(known);
}

static void test_nobody_left(void **state)
{
	struct event_base *base = event_base_new();
	const struct verdict_question question = { .domain = "d.example" };
	struct verdict_client *client;
	struct verdict *known;
	int fds[2];

	(void)state;
	assert_non_null(base);
	client = verdict_client_new(base, 1, NULL, on_none, on_lost, &client);
	assert_non_null(client);
	assert_true(ipc_pair(fds));
	verdict_client_connect(client, fds[0]);
	for (unsigned i = 0; i < 3; i++) /* asked, then one that policyd never saw */
		assert_int_not_equal(verdict_client_ask(client, &client, &question, &known), 0);
	(void)close(fds[1]);
	turn(base, 20);
	assert_false(verdict_client_connected(client));
	assert_int_not_equal(verdict_client_ask(client, &client, &question, &known), 0);
	verdict_client_abandon(client);
	assert_int_equal(answered_none, 0); /* not from inside */
	turn(base, 20);
	assert_int_equal(answered_none, 4);
	assert_int_equal(verdict_client_ask(client, &client, &question, &known), 0);
	verdict_client_free(client);
	event_base_free(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_reports_give_way),
					    cmocka_unit_test(test_nobody_left) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

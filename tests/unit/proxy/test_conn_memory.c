/* test_conn_memory.c - what one session holds at most, whoever drives it to its worst: both legs full, a reader that
 * does not read, thousands of recipients. Measured in what malloc has given out, the test's own server included. */
#include "conn_served.h"

#include <malloc.h>

#include "tests/unit/sanitized.h"

/* Of any session at any time. The legs' bounds (96 KiB of input each, 256 KiB of output and what one more reading
 * brings) and TLS of both sides are most of it. */
#define MOST (1024U * 1024)
/* Of one that waits for its client's next command, with TLS to the server. */
#define IDLE (192U * 1024)

static size_t held(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

struct measured {
	struct fixture f;
	size_t before;
	size_t most;
};

static void look(struct measured *m)
{
	size_t now = held();

	if (now - m->before > m->most && now > m->before)
		m->most = now - m->before;
}

static void begin(struct measured *m)
{
	fixture_open(&m->f, NULL);
	m->f.served.tls = server;
	m->most = 0;
	m->before = held();
	client_connects(&m->f);
	hears(&m->f, "220 mx.example");
	client_says(&m->f, "EHLO c.lan\r\n");
	hears(&m->f, "250 PIPELINING\r\n");
	client_says(&m->f, "MAIL FROM:<a@c.lan>\r\nRCPT TO:<b@d.example>\r\n");
	hears(&m->f, "rcpt ok by the server\r\n");
	look(m);
}

static void end(struct measured *m)
{
	conn_free(m->f.conn);
	fixture_close(&m->f);
}

/* push sends |text| again and again until nothing goes any more, |times| at most. */
static void push(struct measured *m, const char *text, size_t len, unsigned times)
{
	unsigned idle = 0;

	for (unsigned i = 0; i < times && idle < 200; i++) {
		idle = send(m->f.client, text, len, MSG_NOSIGNAL) > 0 ? 0 : idle + 1;
		turn(&m->f);
		look(m);
	}
}

static void test_idle(void **state)
{
	static struct measured m;

	(void)state;
	if (SANITIZED) {
		skip(); /* it has a malloc of its own */
		return;
	}
	begin(&m);
	print_message("idle, with TLS to the server: %zu KiB\n", (held() - m.before) / 1024);
	assert_in_range(held() - m.before, 1, IDLE);
	end(&m);
}

static void test_server_does_not_read(void **state)
{
	static struct measured m;
	static char block[65536];

	(void)state;
	if (SANITIZED) {
		skip(); /* it has a malloc of its own */
		return;
	}
	memset(block, '\n', sizeof(block)); /* bare newlines: each is written as two octets */
	begin(&m);
	client_says(&m.f, "DATA\r\n");
	hears(&m.f, "354 ");
	m.f.served.deaf = true;
	push(&m, block, sizeof(block), TURNS_MAX);
	print_message("a server that does not read: %zu KiB\n", m.most / 1024);
	assert_in_range(m.most, 256 * 1024, MOST);
	end(&m);
}

static void test_client_does_not_read(void **state)
{
	static struct measured m;
	static char noops[60000];

	(void)state;
	if (SANITIZED) {
		skip(); /* it has a malloc of its own */
		return;
	}
	for (size_t i = 0; i + 6 <= sizeof(noops); i += 6)
		memcpy(noops + i, "NOOP\r\n", 6);
	begin(&m);
	m.f.client_deaf = true;
	push(&m, noops, sizeof(noops), TURNS_MAX);
	print_message("a client that does not read: %zu KiB\n", m.most / 1024);
	assert_in_range(m.most, 256 * 1024, MOST);
	end(&m);
}

/* Nothing of a recipient is kept: the five thousandth costs what the hundredth did. */
static void test_recipients(void **state)
{
	static struct measured m;
	size_t few = 0;

	(void)state;
	if (SANITIZED) {
		skip(); /* it has a malloc of its own */
		return;
	}
	begin(&m);
	for (unsigned i = 0; i < 5000; i++) {
		char line[64];
		m.f.secret_len = 0;
		(void)snprintf(line, sizeof(line), "RCPT TO:<r%u@d.example>\r\n", i);
		client_says(&m.f, line);
		hears(&m.f, "rcpt ok by the server\r\n");
		if (i == 100)
			few = held();
	}
	print_message("5000 recipients: %zu KiB\n", (held() - m.before) / 1024);
	assert_in_range(held(), 1, few + 16384);
	end(&m);
}

/* A line without an end, and as much behind it as goes. */
static void test_endless_line(void **state)
{
	static struct measured m;
	static char block[65536];

	(void)state;
	if (SANITIZED) {
		skip(); /* it has a malloc of its own */
		return;
	}
	memset(block, 'x', sizeof(block));
	begin(&m);
	push(&m, block, 30000, 2);
	print_message("a line without an end: %zu KiB\n", m.most / 1024);
	assert_in_range(m.most, 1, MOST);
	end(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_server_does_not_read),
		cmocka_unit_test(test_client_does_not_read),
		cmocka_unit_test(test_recipients),
		cmocka_unit_test(test_endless_line),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}

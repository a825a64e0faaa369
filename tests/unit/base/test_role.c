/* test_role.c - a role that outlives its parent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <event2/event.h>
#include <unistd.h>

#include "proxy/base/role.h"

static bool on_message(void *arg, uint16_t type, const uint8_t *body, size_t len, int fd)
{
	(void)arg;
	(void)type;
	(void)body;
	(void)len;
	(void)fd;
	return true;
}

static void on_closed(void *arg)
{
	(void)arg;
}

/* Let everything that is scheduled happen at once, were it due or not. */
static int fire(const struct event_base *base, const struct event *event, void *arg)
{
	(void)base;
	(void)arg;
	event_active((struct event *)(uintptr_t)event, EV_TIMEOUT, 0);
	return 0;
}

static void test_nothing_is_said_to_a_parent_that_is_gone(void **state)
{
	struct event_base *base = event_base_new();
	struct ipc *ipc;
	uint8_t buf[8];
	int fds[2];

	(void)state;
	assert_true(ipc_pair(fds));
	ipc = ipc_new(base, fds[0], on_message, on_closed, NULL);
	assert_non_null(ipc);
	role_say_alive(base, ipc);
	assert_int_equal(read(fds[1], buf, sizeof(buf)), 2);
	assert_int_equal(buf[1], ROLE_MSG_READY);
	(void)event_base_foreach_event(base, fire, NULL);
	(void)event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(read(fds[1], buf, sizeof(buf)), 2);
	assert_int_equal(buf[1], ROLE_MSG_ALIVE);

	role_parent_gone();
	ipc_free(ipc);
	assert_int_equal(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), 0);
	(void)close(fds[1]);
	event_base_free(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_nothing_is_said_to_a_parent_that_is_gone) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

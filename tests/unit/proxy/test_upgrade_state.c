/* test_upgrade_state.c - what one program hands to the next: written and read, cut short, altered, of another version;
 * and the descriptors that go over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/inputs/changes.h"
#include "proxy/upgrade/upgrade_fds.h"
#include "proxy/upgrade/upgrade_result.h"

#define VERSION_AT 9 /* octet: the low one */

static struct upgrade_state *example(void)
{
	struct upgrade_state *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	(void)snprintf(s->conf_path, sizeof(s->conf_path), "/etc/gate25/gate25.conf");
	(void)snprintf(s->program, sizeof(s->program), "/usr/sbin/gate25");
	s->attempt = 7;
	s->generation = 12;
	s->repairs = 3;
	s->started_s = 1764190000;
	s->conf_fd = 10;
	s->pid_fd = 11;
	s->http_fd = 12;
	s->control_fd = 13;
	s->program_fd = 14;
	s->policy_fd = 15;
	s->folder_fds[ROLE_WORKER] = -1;
	s->folder_fds[ROLE_POLICY] = 16;
	s->folder_fds[ROLE_MONITOR] = 17;
	s->sockets_count = 2;
	s->sockets[0] = 18;
	s->sockets[1] = 19;
	s->groups_count = 2;
	s->groups[0] = (struct upgrade_group){ .protocol = 1, .left_s = 42 };
	s->groups[1] = (struct upgrade_group){ .protocol = 2 };
	s->children_count = 3;
	s->children[0] = (struct upgrade_child){ 0, ROLE_WORKER, 0, 1000, 20, 21 };
	s->children[1] = (struct upgrade_child){ 1, ROLE_POLICY, 0, 1001, 22, -1 };
	s->children[2] = (struct upgrade_child){ 1, ROLE_WORKER, 1, 1002, 23, 24 };
	s->past.values[COUNTER_SESSIONS] = 100;
	s->living.values[COUNTER_MESSAGES_ACCEPTED] = 5;
	return s;
}

static size_t put(const struct upgrade_state *s, uint8_t **out)
{
	size_t len;

	*out = malloc(UPGRADE_STATE_MAX);
	assert_non_null(*out);
	len = upgrade_state_put(s, *out, UPGRADE_STATE_MAX);
	assert_true(len > 0);
	return len;
}

static bool reads(struct upgrade_state *out, const uint8_t *bytes, size_t len, char err[512])
{
	err[0] = '\0';
	return upgrade_state_get(out, bytes, len, err, 512);
}

static void test_round_trip(void **unused)
{
	struct upgrade_state *s = example();
	struct upgrade_state *read = NULL;
	char err[512];
	int fd = upgrade_state_seal(s);

	(void)unused;
	assert_true(fd >= 0);
	assert_true(upgrade_state_read(&read, fd, err, sizeof(err)));
	assert_string_equal(read->conf_path, s->conf_path);
	assert_string_equal(read->program, s->program);
	assert_int_equal(read->attempt, 7);
	assert_int_equal(read->generation, 12);
	assert_int_equal(read->repairs, 3);
	assert_int_equal(read->started_s, s->started_s);
	assert_int_equal(read->folder_fds[ROLE_WORKER], -1);
	assert_int_equal(read->folder_fds[ROLE_MONITOR], 17);
	assert_int_equal(read->sockets[1], 19);
	assert_int_equal(read->groups[0].left_s, 42);
	assert_int_equal(read->groups[1].protocol, 2);
	assert_memory_equal(read->children, s->children, 3 * sizeof(*s->children));
	assert_int_equal(read->past.values[COUNTER_SESSIONS], 100);
	assert_int_equal(read->living.values[COUNTER_MESSAGES_ACCEPTED], 5);
	(void)close(fd);
	free(read);
	free(s);
}

/* Cut short at each octet, and with one too many: never taken, never read past its end. */
static void test_truncated(void **unused)
{
	struct upgrade_state *s = example();
	struct upgrade_state *out = malloc(sizeof(*out));
	uint8_t *bytes;
	size_t len = put(s, &bytes);
	char err[512];

	(void)unused;
	assert_non_null(out);
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *exact = malloc(cut + 1); /* so that a sanitizer sees a step too far */
		assert_non_null(exact);
		memcpy(exact, bytes, cut);
		assert_false(reads(out, exact, cut, err));
		assert_true(err[0] != '\0');
		free(exact);
	}
	assert_false(reads(out, bytes, len + 1, err));
	assert_true(reads(out, bytes, len, err));
	free(bytes);
	free(out);
	free(s);
}

static void test_unknown_version(void **unused)
{
	struct upgrade_state *s = example();
	struct upgrade_state *out = malloc(sizeof(*out));
	uint8_t *bytes;
	size_t len = put(s, &bytes);
	char err[512];

	(void)unused;
	bytes[VERSION_AT] = UPGRADE_STATE_VERSION + 1;
	assert_false(reads(out, bytes, len, err));
	assert_non_null(strstr(err, "restart gate25 instead"));
	bytes[VERSION_AT] = 0;
	assert_false(reads(out, bytes, len, err));
	bytes[VERSION_AT] = UPGRADE_STATE_VERSION;
	bytes[0] ^= 1;
	assert_false(reads(out, bytes, len, err));
	assert_non_null(strstr(err, "no state"));
	free(bytes);
	free(out);
	free(s);
}

/* Each spoils one thing; what comes of it is not taken. */
static void spoil_fd_twice(struct upgrade_state *s)
{
	s->http_fd = s->sockets[0];
}
static void spoil_fd_standard(struct upgrade_state *s)
{
	s->pid_fd = 2;
}
static void spoil_fd_large(struct upgrade_state *s)
{
	s->pid_fd = UPGRADE_FD_MAX + 1;
}
static void spoil_no_conf(struct upgrade_state *s)
{
	s->conf_fd = -1;
}
static void spoil_no_pid_file(struct upgrade_state *s)
{
	s->pid_fd = -1;
}
static void spoil_no_socket(struct upgrade_state *s)
{
	s->sockets_count = 0;
}
static void spoil_socket(struct upgrade_state *s)
{
	s->sockets[1] = -1;
}
static void spoil_no_group(struct upgrade_state *s)
{
	s->groups_count = 0;
}
static void spoil_group(struct upgrade_state *s)
{
	s->children[0].group = 2;
}
static void spoil_role(struct upgrade_state *s)
{
	s->children[0].role = ROLE_COUNT;
}
static void spoil_slot(struct upgrade_state *s)
{
	s->children[0].slot = ROLE_SLOTS_MAX;
}
static void spoil_slot_twice(struct upgrade_state *s)
{
	s->children[2].slot = 0;
}
static void spoil_pid_init(struct upgrade_state *s)
{
	s->children[0].pid = 1;
}
static void spoil_pid_all(struct upgrade_state *s)
{
	s->children[0].pid = -1;
}
static void spoil_ipc(struct upgrade_state *s)
{
	s->children[1].ipc_fd = -1;
}
static void spoil_program(struct upgrade_state *s)
{
	(void)snprintf(s->program, sizeof(s->program), "gate25");
}
static void spoil_conf_path(struct upgrade_state *s)
{
	s->conf_path[0] = '\0';
}

static void test_malformed(void **unused)
{
	static void (*const spoilers[])(struct upgrade_state *) = {
		spoil_fd_twice, spoil_fd_standard, spoil_fd_large, spoil_no_conf, spoil_no_pid_file, spoil_no_socket,
		spoil_socket,   spoil_no_group,    spoil_group,    spoil_role,    spoil_slot,        spoil_slot_twice,
		spoil_pid_init, spoil_pid_all,     spoil_ipc,      spoil_program, spoil_conf_path,
	};
	struct upgrade_state *out = malloc(sizeof(*out));
	char err[512];

	(void)unused;
	for (size_t i = 0; i < COUNT(spoilers); i++) {
		struct upgrade_state *s = example();
		uint8_t *bytes;
		size_t len;
		spoilers[i](s);
		len = put(s, &bytes);
		if (reads(out, bytes, len, err))
			fail_msg("spoiler %zu is taken", i);
		free(bytes);
		free(s);
	}
	free(out);
}

static void test_unsealed(void **unused)
{
	struct upgrade_state *out = NULL;
	char err[512];
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)unused;
	assert_false(upgrade_state_read(&out, fd, err, sizeof(err)));
	assert_null(out);
	assert_false(upgrade_state_read(&out, -1, err, sizeof(err)));
	(void)close(fd);
}

/* Counters go by name: what is unknown here is left out, in any order, and gauges begin anew. */
static void test_counters_by_name(void **unused)
{
	static uint8_t buf[4096];
	struct counters_past past;
	struct wire_writer w;
	struct wire_reader r;

	(void)unused;
	wire_writer_init(&w, buf, sizeof(buf));
	wire_put_u16(&w, 4);
	wire_put_str(&w, "gate25_of_tomorrow_total");
	wire_put_u64(&w, 1);
	wire_put_str(&w, "gate25_session_ends_total{cause=\"quit\"}");
	wire_put_u64(&w, 2);
	wire_put_str(&w, "gate25_sessions_active");
	wire_put_u64(&w, 3);
	wire_put_str(&w, "gate25_sessions_total");
	wire_put_u64(&w, 4);
	wire_reader_init(&r, buf, w.len);
	assert_true(counters_past_get(&r, &past));
	assert_true(wire_done(&r));
	for (unsigned i = 0; i < COUNTER_COUNT; i++)
		assert_int_equal(past.values[i], i == COUNTER_SESSIONS ? 4 : i == COUNTER_END_QUIT ? 2 : 0);
}

static void test_counters_page(void **unused)
{
	struct counters_past past = { .values = { [COUNTER_SESSIONS] = 9, [COUNTER_CLEAR] = 1 } };
	struct counters_past sum = { .values = { [COUNTER_SESSIONS] = 1 } };
	int fd = counters_past_page(&past);

	(void)unused;
	assert_true(fd >= 0);
	assert_true(counters_past_add(&sum, fd));
	assert_int_equal(sum.values[COUNTER_SESSIONS], 10);
	assert_int_equal(sum.values[COUNTER_CLEAR], 1);
	(void)close(fd);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_false(counters_past_add(&sum, fd));
	(void)close(fd);
}

static int spare(int above)
{
	int fd = fcntl(0, F_DUPFD_CLOEXEC, above);

	assert_true(fd >= above);
	return fd;
}

static bool is_open(int fd, bool *cloexec)
{
	int flags = fcntl(fd, F_GETFD);

	*cloexec = flags >= 0 && (flags & FD_CLOEXEC) != 0;
	return flags >= 0;
}

static void put_spare(void *arg, int *fd)
{
	int *above = arg;

	*fd = spare(*above);
	*above = *fd + 2;
}

static void test_descriptors(void **unused)
{
	struct upgrade_state *s = example();
	int above = 300;
	int state_fd;
	int stray;
	int gone;
	bool cloexec;

	(void)unused;
	upgrade_state_each(s, put_spare, &above);
	state_fd = spare(above);
	stray = spare(301);
	upgrade_fds_keep(s, state_fd, true);
	assert_true(is_open(s->sockets[1], &cloexec) && !cloexec);
	assert_true(is_open(s->children[2].counters_fd, &cloexec) && !cloexec);
	assert_true(is_open(state_fd, &cloexec) && !cloexec);
	assert_true(is_open(stray, &cloexec) && cloexec);
	gone = s->children[0].ipc_fd;
	(void)close(gone);
	assert_true(upgrade_fds_take(s, state_fd));
	assert_int_equal(s->children[0].ipc_fd, -1); /* a role that ended */
	assert_true(is_open(s->sockets[1], &cloexec) && cloexec);
	assert_true(is_open(state_fd, &cloexec) && cloexec);
	assert_false(is_open(stray, &cloexec));
	(void)close(s->sockets[0]);
	assert_false(upgrade_fds_take(s, state_fd));
	free(s);
}

static void test_result(void **unused)
{
	char dir[] = "/tmp/gate25-result-XXXXXX";
	char path[64];
	struct upgrade_result r = { .attempt = 3, .outcome = UPGRADE_REFUSED, .text = "for a reason" };
	struct upgrade_result read;
	FILE *file;

	(void)unused;
	assert_non_null(mkdtemp(dir));
	assert_true(upgrade_result_read(dir, &read));
	assert_int_equal(read.attempt, 0);
	upgrade_result_write(dir, &r);
	assert_true(upgrade_result_read(dir, &read));
	assert_int_equal(read.attempt, 3);
	assert_int_equal(read.outcome, UPGRADE_REFUSED);
	assert_string_equal(read.text, "for a reason");
	r = (struct upgrade_result){ .attempt = 4, .outcome = UPGRADE_UNDER_WAY };
	upgrade_result_write(dir, &r);
	assert_true(upgrade_result_read(dir, &read));
	assert_int_equal(read.outcome, UPGRADE_UNDER_WAY);
	(void)snprintf(path, sizeof(path), "%s/upgrade", dir);
	file = fopen(path, "we");
	assert_non_null(file);
	(void)fputs("5 perhaps\n", file);
	(void)fclose(file);
	assert_false(upgrade_result_read(dir, &read));
	upgrade_result_forget(dir);
	assert_true(upgrade_result_read(dir, &read));
	assert_int_equal(rmdir(dir), 0);
}

static void quiet(void *arg, const char *file, unsigned line, const char *message)
{
	(void)arg;
	(void)file;
	(void)line;
	print_error("%s\n", message);
}

static void test_changes(void **unused)
{
	static const struct {
		const char *old;
		const char *new;
		const char *restart;
		const char *upgrade;
	} rows[] = {
		{ "", "drain-limit = 5", NULL, NULL },
		{ "", "listen-port = 826", "listen-port", NULL },
		{ "", "user = other", "user", NULL },
		{ "", "monitor = off", "monitor on or off", NULL },
		{ "", "monitor = 127.0.0.1:9999", NULL, "monitor" },
		{ "", "ports = {25, 26}", NULL, "ports" },
		{ "workers = 2", "workers = 3", NULL, "workers" },
		{ "workers = 3", "workers = 2", "workers to fewer", "workers" },
		{ "workers = 3", "workers = auto", NULL, "workers" },
		{ "", "state-dir = \"/elsewhere\"", "state-dir", NULL },
		{ "", "history-size = 0", "history-size to or from 0", NULL },
		{ "", "mark-own = 0x40000", "mark-own", NULL },
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct conf old;
		struct conf new;
		assert_true(conf_parse(&old, "old", rows[i].old, quiet, NULL));
		assert_true(conf_parse(&new, "new", rows[i].new, quiet, NULL));
		const char *restart = changes_need_restart(&old, &new);
		const char *upgrade = changes_need_upgrade(&old, &new);
		assert_string_equal(restart != NULL ? restart : "-", rows[i].restart != NULL ? rows[i].restart : "-");
		assert_string_equal(upgrade != NULL ? upgrade : "-", rows[i].upgrade != NULL ? rows[i].upgrade : "-");
		conf_cleanup(&old);
		conf_cleanup(&new);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),      cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_unknown_version), cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_unsealed),        cmocka_unit_test(test_counters_by_name),
		cmocka_unit_test(test_counters_page),   cmocka_unit_test(test_result),
		cmocka_unit_test(test_changes),         cmocka_unit_test(test_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

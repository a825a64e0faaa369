/* test_children.c - the parent's roles, played by this very program: started, wired, killed, mute, talking nonsense,
 * silent by a clock that the test moves; and a parent that has no descriptors left when it should start one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proxy/base/log.h"
#include "proxy/base/sealed.h"
#include "proxy/base/wire.h"
#include "proxy/roles/children.h"

#define PATIENCE_S 30 /* of a test whose event does not come */

/* --- the roles ---------------------------------------------------------------------------------------------------- */

static void say(uint16_t type, const void *body, size_t len)
{
	uint8_t out[512] = { (uint8_t)(type >> 8), (uint8_t)type };

	memcpy(out + 2, body, len);
	(void)!send(ROLE_FD, out, len + 2, MSG_NOSIGNAL);
}

static void say_log(const char *word, unsigned number)
{
	char text[64];
	uint8_t body[128];
	struct wire_writer w;

	(void)snprintf(text, sizeof(text), "%s %u", word, number);
	wire_writer_init(&w, body, sizeof(body));
	wire_put_u8(&w, LOG_LEVEL_INFO);
	wire_put_str(&w, text);
	say(ROLE_MSG_LOG, body, w.len);
}

/* say_dnssec: a report that says whether trust anchors and the list came. */
static void say_dnssec(bool anchors, bool list)
{
	struct dnssec_report report = { .state = DNSSEC_PROVED, .mode = "validate" };
	uint8_t body[DNSSEC_REPORT_MAX];
	struct wire_writer w;

	(void)snprintf(report.reason, sizeof(report.reason), "%s%s", anchors ? "anchors" : "none",
		       list ? ", list" : "");
	wire_writer_init(&w, body, sizeof(body));
	dnssec_report_put(&w, &report);
	say(ROLE_MSG_DNSSEC, body, w.len);
}

/* hear takes one message; its type, 0 at the end. */
static unsigned hear(void)
{
	uint8_t buf[1024];
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec part = { buf, sizeof(buf) };
	struct msghdr header = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};

	return recvmsg(ROLE_FD, &header, 0) >= 2 ? (unsigned)(buf[0] << 8 | buf[1]) : 0;
}

/* The worker that a test asked for; the others only hold their place. */
static int play(const char *role)
{
	const char *part = strcmp(role, "worker") == 0 ? getenv("GATE25_TEST_PART") : NULL;
	const uint8_t policy[3] = { ROLE_POLICY };
	bool anchors = false;
	bool list = false;
	unsigned peers = 0;
	unsigned type;

	do {
		type = hear();
		anchors = anchors || type == ROLE_MSG_ANCHORS;
		list = list || type == ROLE_MSG_LIST;
	} while (type != 0 && type != ROLE_MSG_START);
	if (part != NULL && strcmp(part, "dies") == 0)
		return 1;
	say(ROLE_MSG_READY, "", 0);
	if (strcmp(role, "policy") == 0 || (part != NULL && strcmp(part, "proves") == 0))
		say_dnssec(anchors, list);
	if (part != NULL && strcmp(part, "nonsense") == 0) {
		(void)unsetenv("GATE25_TEST_PART");
		say(999, "x", 1);
	}
	if (part != NULL && strcmp(part, "floods") == 0) {
		for (unsigned i = 0; i < 5000; i++)
			say_log("flood", i);
	}
	if (part != NULL && strcmp(part, "lost") == 0)
		say(ROLE_MSG_PEER, policy, sizeof(policy));
	while ((type = hear()) != 0) {
		if (type == ROLE_MSG_PEER && part != NULL) /* the other roles hear of channels whenever those come up */
			say_log("peer", ++peers);
		if (type == ROLE_MSG_DRAIN)
			return 0;
	}
	return 0;
}

/* --- the parent --------------------------------------------------------------------------------------------------- */

struct fixture {
	struct event_base *base;
	struct event *sigchld;
	struct event *tick;
	struct inputs inputs;
	struct children *children;
	int listener;
	int program;
	unsigned ready;
	unsigned lost;
	unsigned failed;
	unsigned drained;
	unsigned logs;
	char last_log[128];
	unsigned reports;
	struct dnssec_report report;
	size_t fds;
};

static unsigned starts_failed; /* as logged: the sink has no argument */
static unsigned hung;
static time_t ahead_s; /* of the kernel's clock, in this process */

/* In libc's place, for libevent too. */
int clock_gettime(clockid_t id, struct timespec *out)
{
	int result = (int)syscall(SYS_clock_gettime, id, out);

	out->tv_sec += ahead_s;
	return result;
}

static void note_log(enum log_level level, const char *line, size_t len)
{
	(void)level;
	if (memmem(line, len, "role-start", 10) != NULL)
		starts_failed++;
	hung += memmem(line, len, "role-hung", 9) != NULL;
}

static void on_ready(void *arg)
{
	((struct fixture *)arg)->ready++;
}

static void on_lost(void *arg)
{
	((struct fixture *)arg)->lost++;
}

static void on_failed(void *arg, enum role role)
{
	(void)role;
	((struct fixture *)arg)->failed++;
}

static void on_drained(void *arg)
{
	((struct fixture *)arg)->drained++;
}

static void on_dnssec(void *arg, const struct dnssec_report *report)
{
	struct fixture *f = arg;

	f->reports++;
	f->report = *report;
}

static void on_log(void *arg, enum log_level level, const char *line, size_t len)
{
	struct fixture *f = arg;

	(void)level;
	f->logs++;
	(void)snprintf(f->last_log, sizeof(f->last_log), "%.*s", (int)len, line);
}

static void on_sigchld(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	children_reaped(((struct fixture *)arg)->children);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static size_t open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;

	while (readdir(dir) != NULL)
		count++;
	(void)closedir(dir);
	return count;
}

static int setup(void **state)
{
	static const struct children_events events = { .ready = on_ready,
						       .lost = on_lost,
						       .failed = on_failed,
						       .drained = on_drained,
						       .dnssec = on_dnssec,
						       .log = on_log };
	struct fixture *f = calloc(1, sizeof(*f));
	struct children_plan plan = { .workers = 1,
				      .smtp_fds = &f->listener,
				      .http_fd = -1,
				      .control_fd = -1,
				      .program = "/proc/self/exe",
				      .policy_program = "/proc/self/exe" };
	const struct timeval often = { .tv_usec = 20000 };

	f->fds = open_fds();
	starts_failed = 0;
	hung = 0;
	ahead_s = 0;
	log_set_sink(note_log);
	f->program = plan.program_fd = plan.policy_program_fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	f->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	f->base = event_base_new();
	f->sigchld = evsignal_new(f->base, SIGCHLD, on_sigchld, f);
	f->tick = event_new(f->base, -1, EV_PERSIST, on_tick, f);
	assert_int_equal(event_add(f->sigchld, NULL), 0);
	assert_int_equal(event_add(f->tick, &often), 0);
	f->inputs.generation = 1;
	f->inputs.conf_fd = sealed_new("conf", "", 0);
	f->inputs.anchors_fd = sealed_new("anchors", "", 0);
	f->inputs.list.fd = sealed_new("list", "", 0);
	f->children = children_new(f->base, &plan, &f->inputs, &events, f);
	assert_non_null(f->children);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	children_kill(f->children);
	children_free(f->children);
	event_free(f->sigchld);
	event_free(f->tick);
	event_base_free(f->base);
	(void)close(f->inputs.conf_fd);
	(void)close(f->inputs.anchors_fd);
	list_input_cleanup(&f->inputs.list);
	(void)close(f->listener);
	(void)close(f->program);
	log_set_sink(NULL);
	(void)unsetenv("GATE25_TEST_PART");
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
	assert_int_equal(open_fds(), f->fds);
	free(f);
	return 0;
}

/* until turns the loop until |*what| is |wanted| at least. */
static void until(struct fixture *f, const unsigned *what, unsigned wanted)
{
	time_t end = time(NULL) + PATIENCE_S;

	while (*what < wanted && time(NULL) < end)
		(void)event_base_loop(f->base, EVLOOP_ONCE);
	assert_true(*what >= wanted);
}

static void start(struct fixture *f, const char *part)
{
	if (part != NULL)
		assert_int_equal(setenv("GATE25_TEST_PART", part, 1), 0);
	assert_true(children_start(f->children));
}

/* some_child finds one of this process's children. */
static pid_t some_child(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;

	assert_non_null(dir);
	while (found == 0 && (entry = readdir(dir)) != NULL) {
		char path[300];
		int pid;
		int parent = 0;
		FILE *file;
		(void)snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		file = fopen(path, "r");
		if (file == NULL)
			continue;
		if (fscanf(file, "%d (%*[^)]) %*c %d", &pid, &parent) == 2 && parent == getpid())
			found = pid;
		(void)fclose(file);
	}
	(void)closedir(dir);
	assert_int_not_equal(found, 0);
	return found;
}

static void test_start_kill_drain(void **state)
{
	struct fixture *f = *state;

	start(f, NULL);
	until(f, &f->ready, 1);
	assert_int_equal(children_ready(f->children), 2);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(kill(some_child(), SIGKILL), 0);
		until(f, &f->ready, 2 + i);
		assert_int_equal(f->lost, 1 + i);
	}
	assert_int_equal(f->failed, 0);
	children_drain(f->children, 60);
	until(f, &f->drained, 1);
}

static void turn(struct fixture *f)
{
	for (unsigned i = 0; i < 5; i++)
		(void)event_base_loop(f->base, EVLOOP_ONCE);
}

/* These roles say nothing once they are ready. */
static void test_silence(void **state)
{
	struct fixture *f = *state;

	start(f, NULL);
	until(f, &f->ready, 1);
	for (; ahead_s < ROLE_SILENT_S - ROLE_ALIVE_S; ahead_s += ROLE_ALIVE_S + 1)
		turn(f);
	assert_int_equal(hung, 0);
	for (unsigned i = 0; i < 3; i++, ahead_s += ROLE_ALIVE_S + 1)
		turn(f);
	assert_int_equal(hung, 2);
	until(f, &f->ready, 2);
	assert_int_equal(f->failed, 0);
}

/* The clock of a parent that stood still itself, with its roles, has jumped when it goes on. */
static void test_all_stood_still(void **state)
{
	struct fixture *f = *state;
	pid_t child;

	start(f, NULL);
	until(f, &f->ready, 1);
	child = some_child();
	for (unsigned i = 0; i < 3; i++) {
		ahead_s += 10 * ROLE_SILENT_S;
		turn(f);
	}
	assert_int_equal(hung, 0);
	assert_int_equal(f->lost, 0);
	assert_int_equal(kill(child, 0), 0);
}

static void test_dies_at_first(void **state)
{
	struct fixture *f = *state;

	start(f, "dies");
	until(f, &f->failed, 1);
	assert_int_equal(f->ready, 0);
}

static void test_nonsense_costs_its_sender_its_life(void **state)
{
	struct fixture *f = *state;

	start(f, "nonsense");
	until(f, &f->ready, 1);
	/* The next one is told the same and does the same: it is always the sender who goes. */
	until(f, &f->ready, 3);
	assert_int_equal(f->failed, 0);
}

/* What policyd says of DNSSEC arrives, and it had the trust anchors and the list before it started. */
static void test_dnssec(void **state)
{
	struct fixture *f = *state;

	start(f, NULL);
	until(f, &f->reports, 1);
	assert_int_equal(f->report.state, DNSSEC_PROVED);
	assert_string_equal(f->report.mode, "validate");
	assert_string_equal(f->report.reason, "anchors, list");
}

/* That is not for a worker to say. */
static void test_dnssec_of_a_worker(void **state)
{
	struct fixture *f = *state;

	start(f, "proves");
	until(f, &f->lost, 1);
	assert_true(f->reports <= 1);
}

/* A worker that was taken over from an older program may say what it likes, that it is ready too. */
static void test_older_says_ready(void **state)
{
	static const struct children_events events = { .log = on_log };
	struct fixture *f = *state;
	struct upgrade_state *from = calloc(1, sizeof(*from));
	struct children *older;
	int fds[2];
	pid_t pid;

	assert_non_null(from);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (dup2(fds[1], ROLE_FD) < 0)
			_exit(1);
		say(ROLE_MSG_READY, "", 0);
		say_log("after", 1);
		for (;;)
			(void)pause();
	}
	from->groups_count = from->children_count = 1;
	from->groups[0].protocol = ROLE_PROTOCOL;
	from->children[0] = (struct upgrade_child){ .pid = pid, .ipc_fd = fds[0], .counters_fd = -1 };
	older = children_adopt(f->base, from, &events, f, NULL);
	assert_non_null(older);
	until(f, &f->logs, 1);
	assert_string_equal(f->last_log, "after 1");
	children_kill(older);
	children_free(older);
	(void)close(fds[0]);
	(void)close(fds[1]);
	free(from);
}

static void test_flood(void **state)
{
	struct fixture *f = *state;

	start(f, "floods");
	until(f, &f->logs, 5000);
	assert_int_equal(children_ready(f->children), 2);
}

/* A channel that broke while both ends live is made anew. */
static void test_lost_peer(void **state)
{
	struct fixture *f = *state;

	start(f, "lost");
	until(f, &f->logs, 1);
	assert_string_equal(f->last_log, "peer 1");
	until(f, &f->ready, 1);
}

/* Out of descriptors when a role should be started again: it is tried until there are some. */
static void test_no_descriptors(void **state)
{
	struct fixture *f = *state;
	struct rlimit old;
	struct rlimit none;

	start(f, NULL);
	until(f, &f->ready, 1);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = (struct rlimit){ 3, old.rlim_max };
	assert_int_equal(kill(some_child(), SIGKILL), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	until(f, &starts_failed, 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	until(f, &f->ready, 2);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_start_kill_drain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_silence, setup, teardown),
		cmocka_unit_test_setup_teardown(test_all_stood_still, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dies_at_first, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nonsense_costs_its_sender_its_life, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dnssec, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dnssec_of_a_worker, setup, teardown),
		cmocka_unit_test_setup_teardown(test_older_says_ready, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flood, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lost_peer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_descriptors, setup, teardown),
	};

	if (argc == 3 && strcmp(argv[1], "--role") == 0)
		return play(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_state_dir.c - the folders of state-dir: what is made, whose it is, and what is not taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/base/sandbox.h"
#include "proxy/host/state_dir.h"

static char top[] = "/tmp/gate25-state-XXXXXX";
static char said[4][700];
static size_t said_count;

static void on_said(void *arg, const char *message)
{
	assert_ptr_equal(arg, said);
	assert_true(said_count < COUNT(said));
	(void)snprintf(said[said_count++], sizeof(said[0]), "%s", message);
}

/* path NAME: below the test's folder. */
static const char *path(const char *name)
{
	static char buf[2][256];
	static unsigned turn;

	turn = !turn;
	(void)snprintf(buf[turn], sizeof(buf[turn]), "%s/%s", top, name);
	return buf[turn];
}

static void run(const char *command)
{
	assert_int_equal(system(command), 0);
}

static int set_up(void **state)
{
	(void)state;
	(void)strcpy(top + strlen(top) - 6, "XXXXXX");
	said_count = 0;
	return mkdtemp(top) != NULL && chmod(top, 0755) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

static struct conf conf_of(const char *dir)
{
	static char text[256];

	(void)snprintf(text, sizeof(text), "%s", dir);
	return (struct conf){ .state_dir = text, .history_mib = 1, .monitor = true };
}

/* open_at opens state-dir |name|; as root, the roles are users of their own. */
static struct state_dir open_at(const char *name, bool check)
{
	static const struct role_user users[ROLE_COUNT] = { { 25101, 25101 }, { 25102, 25102 }, { 25103, 25103 } };
	struct state_dir dir = STATE_DIR_NONE;
	struct conf conf = conf_of(name[0] == '\0' ? "" : path(name));

	said_count = 0;
	if (check)
		state_dir_check(&conf, geteuid() == 0 ? users : NULL, on_said, said);
	else
		state_dir_open(&dir, &conf, geteuid() == 0 ? users : NULL, on_said, said);
	return dir;
}

static void expect(const char *name, mode_t mode, uid_t uid, gid_t gid)
{
	struct stat st;

	assert_int_equal(lstat(path(name), &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(st.st_mode & 07777, mode);
	assert_int_equal(st.st_uid, geteuid() == 0 ? uid : geteuid());
	assert_int_equal(st.st_gid, geteuid() == 0 ? gid : getegid());
}

static void test_made(void **state)
{
	mode_t old = umask(0077);
	struct state_dir dir;

	(void)state;
	for (int i = 0; i < 2; i++) { /* made, then found */
		(void)open_at("dir/", true);
		assert_int_equal(said_count, 0);
		dir = open_at("dir/", false);
		assert_int_equal(said_count, 0);
		expect("dir", 0755, 0, 0);
		expect("dir/policy", 0700, 25102, 25102);
		expect("dir/report", 0750, 25103, 25101);
		assert_int_equal(dir.fds[ROLE_WORKER], -1);
		assert_true(dir.fds[ROLE_POLICY] >= 0 && dir.fds[ROLE_MONITOR] >= 0);
		assert_true((fcntl(dir.fds[ROLE_POLICY], F_GETFL) & O_PATH) != 0);
		state_dir_close(&dir);
		assert_int_equal(dir.fds[ROLE_POLICY], -1);
	}
	assert_int_equal(umask(old), 0077);
}

static void test_not_wanted(void **state)
{
	struct state_dir dir = open_at("", false);
	struct conf conf = conf_of(path("dir"));

	(void)state;
	assert_int_equal(dir.fds[ROLE_POLICY], -1);
	assert_int_equal(dir.fds[ROLE_MONITOR], -1);
	conf.monitor = false;
	state_dir_open(&dir, &conf, NULL, on_said, said);
	assert_true(dir.fds[ROLE_POLICY] >= 0);
	assert_int_equal(dir.fds[ROLE_MONITOR], -1);
	state_dir_close(&dir);
	conf.monitor = true;
	conf.history_mib = 0;
	state_dir_open(&dir, &conf, NULL, on_said, said);
	assert_int_equal(dir.fds[ROLE_MONITOR], -1);
	state_dir_close(&dir);
	assert_int_equal(access(path("dir/report"), F_OK), -1);
	assert_int_equal(said_count, 0);
}

/* What is wrong before a start, what is left of the two folders, and what is said. */
static const struct {
	const char *before; /* shell, in the folder of the test */
	bool policy;
	bool report;
	bool by_root; /* needs one */
	const char *says;
	const char *missing;
} wrongs[] = {
	{ "mkdir real && ln -s real dir", false, false, false, "/dir is a symbolic link, or no folder", "and gate25" },
	{ "touch dir", false, false, false, "/dir is a symbolic link, or no folder", "and gate25 report" },
	{ "mkdir -m 775 dir", false, false, false, "others can write to", "restart and gate25 report" },
	{ "mkdir -m 757 dir", false, false, false, "others can write to", "restart and gate25 report" },
	{ "mkdir dir && chown 25199 dir", false, false, true, "/dir belongs to user 25199", "and gate25 report" },
	{ "mkdir -p dir real && ln -s ../real dir/policy", false, true, false, "/dir/policy is a symbolic link",
	  "MTA-STS policies are forgotten at each restart" },
	{ "mkdir -p dir real && ln -s ../real dir/report", true, false, false, "/dir/report is a symbolic link",
	  "gate25 report has no history" },
	{ "mkdir -p dir && mkdir -m 770 dir/report && { [ $(id -u) -ne 0 ] || chown 25103 dir/report; }", true, false,
	  false, "others can write to", "gate25 report has no history" },
	{ "mkdir -p dir/policy && chown 25199 dir/policy", false, true, true, "/dir/policy belongs to user 25199 and",
	  "MTA-STS policies are forgotten" },
};

static void test_wrong(void **state)
{
	char command[512];

	for (size_t i = 0; i < COUNT(wrongs); i++) {
		struct state_dir dir;
		if (wrongs[i].by_root && geteuid() != 0)
			continue;
		assert_int_equal(set_up(state), 0);
		(void)snprintf(command, sizeof(command), "cd %s && %s", top, wrongs[i].before);
		run(command);
		dir = open_at("dir", false);
		assert_int_equal(dir.fds[ROLE_POLICY] >= 0, wrongs[i].policy);
		assert_int_equal(dir.fds[ROLE_MONITOR] >= 0, wrongs[i].report);
		assert_int_equal(said_count, 1);
		assert_non_null(strstr(said[0], wrongs[i].says));
		assert_non_null(strstr(said[0], wrongs[i].missing));
		state_dir_close(&dir);
		(void)open_at("dir", true);
		assert_int_equal(said_count, 1);
		assert_non_null(strstr(said[0], wrongs[i].says));
		assert_int_equal(access(path("real/policy"), F_OK), -1);
		assert_int_equal(tear_down(state), 0);
	}
	assert_int_equal(set_up(state), 0);
}

static void test_no_place(void **state)
{
	struct state_dir dir = open_at("no/dir", false);

	(void)state;
	assert_int_equal(dir.fds[ROLE_POLICY], -1);
	assert_int_equal(said_count, 1);
	assert_non_null(strstr(said[0], "cannot make"));
	(void)open_at("no/dir", true);
	assert_int_equal(said_count, 1);
	assert_non_null(strstr(said[0], "is not there and cannot be made"));
}

/* A start that was cut short between making a folder and giving it away is made good by the next. */
static void test_cut_short(void **state)
{
	struct state_dir dir;

	(void)state;
	assert_int_equal(mkdir(path("dir"), 0755), 0);
	assert_int_equal(mkdir(path("dir/policy"), 0700), 0);
	(void)open_at("dir", true);
	assert_int_equal(said_count, 0);
	dir = open_at("dir", false);
	assert_int_equal(said_count, 0);
	assert_true(dir.fds[ROLE_POLICY] >= 0);
	expect("dir/policy", 0700, 25102, 25102);
	state_dir_close(&dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_made, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_not_wanted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_wrong, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_place, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cut_short, set_up, tear_down),
	};

	if (!sandbox_has_folders()) {
		(void)printf("# no Landlock here: gate25 keeps nothing\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}

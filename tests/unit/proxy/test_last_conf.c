/* test_last_conf.c - what the guard goes by when the configuration is broken at boot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/inputs/last_conf.h"

static char folder[] = "/tmp/gate25-last-XXXXXX";
static char file[64];
static char copy[64];

static void write_conf(const char *text)
{
	FILE *out = fopen(file, "w");

	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

static void never(void *arg, const char *name, unsigned line, const char *message)
{
	(void)arg;
	fail_msg("%s:%u: %s", name, line, message);
}

/* keep parses |text| with this folder as state-dir, and keeps it. */
static void keep(const char *text)
{
	char whole[512];
	struct conf conf;

	(void)snprintf(whole, sizeof(whole), "state-dir = \"%s\"\n%s", folder, text);
	assert_true(conf_parse(&conf, file, whole, never, NULL));
	assert_true(last_conf_keep(&conf, file, whole));
	conf_cleanup(&conf);
}

/* write_broken: a file that names the folder still, and is broken after that. */
static void write_broken(void)
{
	char whole[512];

	(void)snprintf(whole, sizeof(whole), "state-dir = \"%s\"\nscope = sideways\n", folder);
	write_conf(whole);
}

static void assert_found(const char *path, bool kept, uint16_t port)
{
	struct conf conf;
	bool is_kept = !kept;

	assert_true(last_conf_find(&conf, path, &is_kept));
	assert_int_equal(is_kept, kept);
	assert_int_equal(conf.listen_port, port);
	assert_true(conf.scope_local);
	conf_cleanup(&conf);
}

static int set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(file, sizeof(file), "%s/gate25.conf", folder);
	(void)snprintf(copy, sizeof(copy), "%s/last-sound.conf", folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)unlink(file);
	(void)unlink(copy);
	return rmdir(folder);
}

static void test_kept(void **state)
{
	struct stat st;

	(void)state;
	keep("listen-port = 2525\n");
	assert_int_equal(stat(copy, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	write_broken();
	assert_found(file, true, 2525);
	keep("listen-port = 2526\n");
	assert_found(file, true, 2526);
}

static void test_of_another_file(void **state)
{
	char other[80];

	(void)state;
	keep("listen-port = 2525\n");
	(void)snprintf(other, sizeof(other), "%s/other.conf", folder);
	assert_int_equal(symlink(file, other), 0);
	write_broken();
	assert_found(other, false, CONF_LISTEN_PORT);
	assert_int_equal(unlink(other), 0);
}

static void test_not_believed(void **state)
{
	(void)state;
	keep("listen-port = 2525\n");
	write_broken();
	assert_int_equal(chmod(copy, 0620), 0);
	assert_found(file, false, CONF_LISTEN_PORT);
	keep("listen-port = 2525\n");
	assert_int_equal(truncate(copy, 10), 0);
	assert_found(file, false, CONF_LISTEN_PORT);
}

static void test_none(void **state)
{
	struct conf conf;

	(void)state;
	(void)unlink(copy);
	write_broken();
	assert_found(file, false, CONF_LISTEN_PORT);
	assert_true(conf_parse(&conf, file, "state-dir = off\n", never, NULL));
	assert_true(last_conf_keep(&conf, file, "state-dir = off\n"));
	conf_cleanup(&conf);
	assert_int_equal(access(copy, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_of_another_file),
		cmocka_unit_test(test_not_believed),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

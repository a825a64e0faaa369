/* test_guarded_file.c - which files are believed, and that one takes the place of another at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/base/guarded_file.h"

static char folder[] = "/tmp/gate25-guarded-XXXXXX";

static const char *in_folder(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL;
}

static int tear_down(void **state)
{
	(void)state;
	return rmdir(folder);
}

/* refused: the file at |path| is, for |why|. */
static void refused(const char *path, size_t max, const char *why)
{
	char err[256] = "";
	size_t len;
	char *text = guarded_file_read(path, max, &len, err, sizeof(err));

	assert_null(text);
	assert_string_equal(err, why);
}

static void test_whose(void **state)
{
	const char *path = in_folder("file");
	char err[256];
	size_t len;
	char *text;

	(void)state;
	refused(path, 10, "cannot be read: No such file or directory");
	assert_int_equal(errno, ENOENT);
	assert_true(guarded_file_write(path,
				       "0123\0"
				       "56789",
				       10, 0644));
	text = guarded_file_read(path, 10, &len, err, sizeof(err));
	assert_non_null(text);
	assert_int_equal(len, 10);
	assert_memory_equal(text,
			    "0123\0"
			    "56789",
			    11);
	free(text);
	refused(path, 9, "is larger than 9 octets");
	assert_int_equal(chmod(path, 0664), 0);
	refused(path, 10, "can be changed by others than its owner: chmod go-w");
	assert_int_equal(chmod(path, 0646), 0);
	refused(path, 10, "can be changed by others than its owner: chmod go-w");
	assert_int_equal(chmod(path, 0644), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 12345, 0), 0);
		refused(path, 10, "is owned by user 12345, who could change it, and not by root: chown it");
	}
	assert_int_equal(unlink(path), 0);
	refused(folder, 10, "is not a regular file");
	assert_int_equal(mkfifo(path, 0600), 0);
	refused(path, 10, "is not a regular file");
	assert_int_equal(unlink(path), 0);
	refused("/dev/null", 10, "is not a regular file");
}

static void test_replace(void **state)
{
	const char *path = in_folder("file");
	struct stat before;
	struct stat after;
	char err[256];
	size_t len;
	char big[200000];
	char *text;

	(void)state;
	memset(big, 'x', sizeof(big));
	assert_true(guarded_file_write(path, "old", 3, 0644));
	assert_int_equal(stat(path, &before), 0);
	assert_true(guarded_file_write(path, big, sizeof(big), 0644));
	assert_int_equal(stat(path, &after), 0);
	assert_true(before.st_ino != after.st_ino); /* never written over */
	assert_int_equal(after.st_mode & 07777, 0644);
	text = guarded_file_read(path, sizeof(big), &len, err, sizeof(err));
	assert_non_null(text);
	assert_int_equal(len, sizeof(big));
	assert_memory_equal(text, big, sizeof(big));
	free(text);
	assert_int_not_equal(access(in_folder("file.new"), F_OK), 0);

	/* What an interrupted run left behind is in nobody's way. */
	path = in_folder("file.new");
	assert_int_equal(symlink("/nowhere/at/all", path), 0);
	assert_true(guarded_file_write(in_folder("file"), "", 0, 0644));
	text = guarded_file_read(in_folder("file"), 10, &len, err, sizeof(err));
	assert_non_null(text);
	assert_int_equal(len, 0);
	free(text);
	assert_int_equal(unlink(in_folder("file")), 0);
	assert_false(guarded_file_write("/nowhere/at/all", "x", 1, 0644));
	assert_int_equal(errno, ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_whose), cmocka_unit_test(test_replace) };

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* test_tlsrpt_socket.c - what gate25 check says of a collector's socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "proxy/host/tlsrpt_socket.h"

static char folder[64] = "/tmp/gate25-tlsrpt-XXXXXX";
static char path[96];

static int make_socket(int kind)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, kind | SOCK_CLOEXEC, 0);

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void end_socket(int fd)
{
	(void)close(fd);
	assert_int_equal(unlink(path), 0);
}

/* assert_says: |want| is a part of what is said; NULL: nothing is. */
static void assert_says(const struct role_user *sender, const char *want)
{
	char out[TLSRPT_SOCKET_TEXT_MAX];
	const char *got = tlsrpt_socket_check(path, sender, out);

	if (want == NULL) {
		assert_null(got);
		return;
	}
	assert_non_null(got);
	if (strstr(got, want) == NULL)
		fail_msg("\"%s\" has no \"%s\"", got, want);
	assert_non_null(strstr(got, path));
}

static void test_who_is_there(void **state)
{
	FILE *file;
	int fd;

	(void)state;
	assert_says(NULL, "No such file or directory (now)");
	file = fopen(path, "we");
	assert_non_null(file);
	(void)fclose(file);
	assert_says(NULL, "is not a socket");
	assert_int_equal(unlink(path), 0);
	fd = make_socket(SOCK_STREAM);
	assert_int_equal(listen(fd, 1), 0);
	assert_says(NULL, "is not a datagram socket");
	end_socket(fd);
	fd = make_socket(SOCK_DGRAM);
	assert_says(NULL, NULL);
	(void)close(fd); /* the collector died: its socket's name stays */
	assert_says(NULL, "nobody listens there");
	assert_int_equal(unlink(path), 0);
}

static void test_rights(void **state)
{
	struct role_user sender = { .uid = geteuid() + 1, .gid = getegid() + 1 };
	struct role_user kin = { .uid = geteuid() + 1, .gid = getegid() };
	struct role_user owner = { .uid = geteuid(), .gid = getegid() };
	int fd = make_socket(SOCK_DGRAM);

	(void)state;
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(chmod(path, 0220), 0);
	assert_says(&owner, NULL);
	assert_says(&kin, NULL);
	assert_says(&sender, "may not write to it");
	assert_int_equal(chmod(path, 0202), 0);
	assert_says(&kin, "may not write to it"); /* the group's rights count for its members */
	assert_says(&sender, NULL);
	assert_int_equal(chmod(folder, 0750), 0);
	assert_says(&sender, "may not pass through /tmp/");
	assert_int_equal(chmod(path, 0220), 0);
	assert_says(&kin, NULL);
	assert_int_equal(chmod(folder, 0700), 0);
	assert_says(&kin, "may not pass through /tmp/");
	assert_says(&owner, NULL);
	end_socket(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_is_there),
		cmocka_unit_test(test_rights),
	};
	int failed;

	if (mkdtemp(folder) == NULL)
		return 1;
	(void)snprintf(path, sizeof(path), "%s/socket", folder);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)rmdir(folder);
	return failed;
}

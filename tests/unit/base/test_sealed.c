/* test_sealed.c - sealed bytes: what was put in comes out, and nobody can change it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "proxy/base/sealed.h"

static void test_there_and_back(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} cases[] = { { "", 0 }, { "a", 1 }, { "a\0b", 3 }, { "line\nline\n", 10 } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int fd = sealed_new("test", cases[i].bytes, cases[i].len);
		size_t len = 99;
		assert_true(fd >= 0);
		assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
		/* Twice: reading leaves no trace in the descriptor that others hold, too. */
		for (int k = 0; k < 2; k++) {
			char *text = sealed_read(fd, &len);
			assert_non_null(text);
			assert_int_equal(len, cases[i].len);
			assert_memory_equal(text, cases[i].bytes, len + 1);
			free(text);
		}
		(void)close(fd);
	}
}

static void test_large(void **state)
{
	size_t len = 3 << 20;
	size_t out_len;
	char *bytes = malloc(len);
	char *text;
	int fd;

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)(i * 31 + (i >> 12));
	fd = sealed_new("test", bytes, len);
	assert_true(fd >= 0);
	text = sealed_read(fd, &out_len);
	assert_non_null(text);
	assert_int_equal(out_len, len);
	assert_memory_equal(text, bytes, len);
	free(text);
	free(bytes);
	(void)close(fd);
}

static void test_nobody_changes_it(void **state)
{
	int fd = sealed_new("test", "abc", 3);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(pwrite(fd, "x", 1, 3), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 1), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 9), -1);
	assert_int_equal(errno, EPERM);
	assert_ptr_equal(mmap(NULL, 3, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, 0), -1);
	assert_int_equal(errno, EPERM);
	(void)close(fd);
}

static void test_only_sealed_bytes_are_read(void **state)
{
	size_t len;
	int pipes[2];
	int open_fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	(void)state;
	assert_true(open_fd >= 0);
	assert_null(sealed_read(open_fd, &len));
	assert_int_equal(errno, EINVAL);
	assert_int_equal(fcntl(open_fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW), 0);
	assert_null(sealed_read(open_fd, &len));
	assert_int_equal(errno, EINVAL);
	(void)close(open_fd);

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_null(sealed_read(pipes[0], &len));
	assert_int_equal(errno, EINVAL);
	(void)close(pipes[0]);
	(void)close(pipes[1]);
	assert_null(sealed_read(-1, &len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_nobody_changes_it),
		cmocka_unit_test(test_only_sealed_bytes_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

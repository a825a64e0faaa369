/* test_sts_store.c - policies on disk: what was put is there again, whatever happened to the process or to the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "policy/sts/sts_store.h"
#include "proxy/base/log.h"
#include "proxy/base/sandbox.h"

#define DOMAINS 16
#define PLENTY  (1u << 20)

static char folder[64];
static char said[8192];

/* --- what is read ------------------------------------------------------------------------------------------------- */

static struct {
	uint64_t fetched_s[DOMAINS]; /* 0: not there */
	char order[DOMAINS * 4];
	unsigned records;
} seen;

static void on_log(enum log_level level, const char *line, size_t len)
{
	size_t used = strlen(said);

	(void)level;
	(void)snprintf(said + used, sizeof(said) - used, "%.*s\n", (int)len, line);
}

static void on_record(void *arg, const char *domain, struct sts_kept *kept)
{
	unsigned i;

	(void)arg;
	assert_int_equal(sscanf(domain, "d%u.example", &i), 1);
	assert_true(i < DOMAINS);
	seen.fetched_s[i] = kept->fetched_s;
	assert_int_equal(kept->mode, STS_MODE_ENFORCE);
	seen.records++;
	sts_kept_cleanup(kept);
}

static struct sts_store *open_as(bool read_only, size_t max)
{
	memset(&seen, 0, sizeof(seen));
	said[0] = '\0';
	return sts_store_open(folder, read_only, max, on_record, NULL);
}

static struct sts_store *open_store(void)
{
	struct sts_store *store = open_as(false, PLENTY);

	assert_non_null(store);
	return store;
}

static struct sts_kept made(unsigned i, uint64_t fetched_s)
{
	char text[256];
	char err[STS_REASON_MAX];
	struct sts_kept kept;
	int len = snprintf(text, sizeof(text), "version: STSv1\nmode: enforce\nmx: mx%u.example\nx: %*u\nmax_age: 9\n",
			   i, (int)(i * 5 + 1), i);

	assert_true(sts_kept_make(&kept, "1", text, (size_t)len, fetched_s, err, sizeof(err)));
	return kept;
}

static bool put(struct sts_store *store, unsigned i, uint64_t fetched_s)
{
	struct sts_kept kept = made(i, fetched_s);
	char domain[32];
	bool ok;

	(void)snprintf(domain, sizeof(domain), "d%u.example", i);
	ok = sts_store_put(store, domain, &kept);
	sts_kept_cleanup(&kept);
	return ok;
}

/* rewrite: with what |fetched_s| has. */
static bool rewrite(struct sts_store *store, const uint64_t fetched_s[DOMAINS])
{
	bool ok = sts_store_begin(store);

	for (unsigned i = 0; i < DOMAINS && ok; i++) {
		struct sts_kept kept = made(i, fetched_s[i]);
		char domain[32];
		(void)snprintf(domain, sizeof(domain), "d%u.example", i);
		if (fetched_s[i] != 0)
			ok = sts_store_add(store, domain, &kept);
		sts_kept_cleanup(&kept);
	}
	return ok && sts_store_end(store);
}

/* --- the file ----------------------------------------------------------------------------------------------------- */

static const char *path_of(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static size_t read_file(char *out, size_t room)
{
	FILE *file = fopen(path_of(STS_STORE_FILE), "re");
	size_t len;

	assert_non_null(file);
	len = fread(out, 1, room, file);
	(void)fclose(file);
	assert_true(len < room);
	return len;
}

static void write_file(const char *bytes, size_t len)
{
	FILE *file = fopen(path_of(STS_STORE_FILE), "we");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static bool is_there(const char *name)
{
	return access(path_of(name), F_OK) == 0;
}

static int make_folder(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/gate25-sts-XXXXXX");
	log_init("test", LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
	log_set_sink(on_log);
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	log_set_sink(NULL);
	(void)chmod(folder, 0700);
	(void)unlink(path_of(STS_STORE_FILE));
	(void)unlink(path_of(STS_STORE_NEW));
	(void)rmdir(path_of(STS_STORE_FILE));
	return rmdir(folder);
}

/* --- tests -------------------------------------------------------------------------------------------------------- */

static void test_again(void **state)
{
	struct sts_store *store = open_store();
	struct stat found;

	(void)state;
	assert_int_equal(seen.records, 0);
	for (unsigned i = 0; i < 4; i++)
		assert_true(put(store, i, 100 + i));
	assert_true(put(store, 2, 500)); /* the last one counts */
	sts_store_close(store);
	assert_int_equal(stat(path_of(STS_STORE_FILE), &found), 0);
	assert_int_equal(found.st_mode & 0777, 0600);
	store = open_store();
	assert_int_equal(seen.records, 5);
	assert_int_equal(seen.fetched_s[0], 100);
	assert_int_equal(seen.fetched_s[2], 500);
	assert_int_equal(seen.fetched_s[3], 103);
	assert_false(sts_store_wants_rewrite(store));
	seen.fetched_s[1] = 0; /* forgotten */
	assert_true(rewrite(store, seen.fetched_s));
	assert_true(put(store, 5, 105)); /* to the new file */
	assert_false(is_there(STS_STORE_NEW));
	assert_int_equal(stat(path_of(STS_STORE_FILE), &found), 0);
	assert_int_equal(found.st_mode & 0777, 0600);
	sts_store_close(store);
	store = open_store();
	assert_int_equal(seen.records, 4);
	assert_int_equal(seen.fetched_s[1], 0);
	assert_int_equal(seen.fetched_s[2], 500);
	assert_int_equal(seen.fetched_s[5], 105);
	sts_store_close(store);
	assert_string_equal(said, "");
}

/* ends: where in |file| the records end, each with its last line end. */
static size_t find_ends(const char *file, size_t len, size_t ends[DOMAINS])
{
	size_t count = 0;

	for (size_t i = 1; i < len; i++) {
		if (file[i] == '\n' && file[i - 1] != '\n')
			ends[count++] = i;
	}
	return count;
}

/* Cut anywhere, what was whole before the cut is there; and what is put afterwards is there too. */
static void test_cut_anywhere(void **state)
{
	static char file[8192];
	size_t ends[DOMAINS];
	struct sts_store *store = open_store();
	size_t len;

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		assert_true(put(store, i, 100 + i));
	sts_store_close(store);
	len = read_file(file, sizeof(file));
	assert_int_equal(find_ends(file, len, ends), 5);
	for (size_t cut = 0; cut <= len; cut++) {
		size_t whole = 0;
		while (whole < 5 && ends[whole] <= cut)
			whole++;
		write_file(file, cut);
		store = open_store();
		assert_int_equal(seen.records, whole);
		/* of the rest something is left but at the border of two */
		assert_int_equal(said[0] != '\0', cut > (whole > 0 ? ends[whole - 1] + 2 : 1) && whole < 5);
		assert_true(put(store, 7, 107));
		sts_store_close(store);
		store = open_store();
		assert_int_equal(seen.records, whole + 1);
		assert_int_equal(seen.fetched_s[7], 107);
		sts_store_close(store);
	}
}

/* Whichever octet is changed, one record is lost at most, and none is another than it was. */
static void test_damage_anywhere(void **state)
{
	static const char changes[] = { 0x00, 0x01, 0x0a, 0x20, 0x80, 0x5c, 'z' };
	static char file[8192];
	struct sts_store *store = open_store();
	size_t len;

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		assert_true(put(store, i, 100 + i));
	sts_store_close(store);
	len = read_file(file, sizeof(file));
	for (size_t at = 0; at < len; at++) {
		for (size_t change = 0; change < sizeof(changes); change++) {
			char good = file[at];
			if (good == changes[change])
				continue;
			file[at] = changes[change];
			write_file(file, len);
			file[at] = good;
			store = open_store();
			assert_true(seen.records >= 3);
			for (unsigned i = 0; i < 4; i++)
				assert_true(seen.fetched_s[i] == 0 || seen.fetched_s[i] == 100 + i);
			assert_int_equal(sts_store_wants_rewrite(store), said[0] != '\0');
			assert_true(said[0] != '\0' || seen.records == 4);
			sts_store_close(store);
		}
	}
}

static void test_said(void **state)
{
	static char file[300000];
	struct sts_store *store = open_store();
	size_t len;

	(void)state;
	assert_true(put(store, 1, 101));
	sts_store_close(store);
	len = read_file(file, sizeof(file));
	memset(file + len, 'x', 250000); /* longer than any record */
	file[len + 250000] = '\n';
	memcpy(file + len + 250001, file, len);
	write_file(file, 2 * len + 250001);
	store = open_store();
	assert_int_equal(seen.records, 2);
	assert_non_null(strstr(said, "sts-store reason=\"of /tmp/gate25-sts-"));
	assert_non_null(strstr(said, "/policies 1 damaged lines are left out, the first at octet"));
	assert_true(rewrite(store, seen.fetched_s));
	sts_store_close(store);
	store = open_store();
	assert_string_equal(said, "");
	assert_int_equal(seen.records, 1);
	sts_store_close(store);
}

/* --- killed ------------------------------------------------------------------------------------------------------- */

struct note {
	unsigned i;
	uint64_t fetched_s;
};

/* The child puts and rewrites without end, and tells of each put that is done. */
static void write_until_killed(int pipe_fd, const uint64_t before[DOMAINS])
{
	struct sts_store *store = sts_store_open(folder, false, PLENTY, on_record, NULL);
	uint64_t fetched_s[DOMAINS];
	uint64_t last_s = 0;

	if (store == NULL)
		_exit(1);
	memcpy(fetched_s, before, sizeof(fetched_s));
	for (unsigned i = 0; i < DOMAINS; i++)
		last_s = before[i] > last_s ? before[i] : last_s;
	for (uint64_t n = 1;; n++) {
		struct note note = { .i = (unsigned)(n % DOMAINS) };
		note.fetched_s = last_s + n;
		if (!put(store, note.i, note.fetched_s) || write(pipe_fd, &note, sizeof(note)) != sizeof(note))
			_exit(1);
		fetched_s[note.i] = note.fetched_s;
		if (n % 7 == 0 && !rewrite(store, fetched_s))
			_exit(1);
	}
}

static void test_killed_anywhere(void **state)
{
	uint64_t known[DOMAINS] = { 0 };

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		const struct timespec wait = { .tv_nsec = (long)(round * 7919 % 300) * 10000 };
		int fds[2];
		struct note note;
		assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			write_until_killed(fds[1], known);
		(void)close(fds[1]);
		/* On a busy machine it might else be killed every time before it has begun. */
		if (round % 2 == 1) {
			assert_int_equal(read(fds[0], &note, sizeof(note)), sizeof(note));
			known[note.i] = note.fetched_s;
		}
		(void)nanosleep(&wait, NULL);
		assert_int_equal(kill(pid, SIGKILL), 0);
		int status;
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status)); /* and not ended by itself */
		while (read(fds[0], &note, sizeof(note)) == sizeof(note))
			known[note.i] = note.fetched_s;
		(void)close(fds[0]);
		struct sts_store *store = open_store();
		for (unsigned i = 0; i < DOMAINS; i++) {
			assert_true(seen.fetched_s[i] >= known[i]); /* one more may have been put than was told */
			known[i] = seen.fetched_s[i];
		}
		assert_false(is_there(STS_STORE_NEW));
		/* The kernel may end the write of a killed process between two pages: that line is none, and told of.
		 */
		if (said[0] != '\0')
			assert_non_null(strstr(said, " damaged lines are left out, the first at octet"));
		sts_store_close(store);
	}
	assert_true(known[1] > 0);
}

/* The same, without luck: the process ends at each of its calls, before it, after it, or in the middle of a write. */
static struct {
	unsigned left; /* calls until the end; 0: none comes */
	enum { BEFORE, HALF, AFTER, ENDS } how;
} end;

ssize_t __real_write(int fd, const void *bytes, size_t len);
int __real_fsync(int fd);
int __real_renameat(int old_dir, const char *old_name, int new_dir, const char *new_name);
int __real_unlinkat(int dir, const char *name, int flags);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);
int __wrap_fsync(int fd);
int __wrap_renameat(int old_dir, const char *old_name, int new_dir, const char *new_name);
int __wrap_unlinkat(int dir, const char *name, int flags);

static bool ends_now(unsigned how)
{
	return end.left == 1 && end.how == how;
}

static void before_call(void)
{
	if (ends_now(BEFORE))
		_exit(9);
}

static void after_call(void)
{
	if (ends_now(AFTER))
		_exit(9);
	end.left -= end.left > 0;
}

ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
	ssize_t n;

	before_call();
	n = __real_write(fd, bytes, ends_now(HALF) ? len / 2 : len);
	if (ends_now(HALF))
		_exit(9);
	after_call();
	return n;
}

int __wrap_fsync(int fd)
{
	before_call();
	int result = __real_fsync(fd);
	after_call();
	return result;
}

int __wrap_renameat(int old_dir, const char *old_name, int new_dir, const char *new_name)
{
	before_call();
	int result = __real_renameat(old_dir, old_name, new_dir, new_name);
	after_call();
	return result;
}

int __wrap_unlinkat(int dir, const char *name, int flags)
{
	before_call();
	int result = __real_unlinkat(dir, name, flags);
	after_call();
	return result;
}

/* some_work: what was put is noted in |known|, which outlives the process. */
static void some_work(volatile uint64_t known[DOMAINS])
{
	struct sts_store *store = open_store();

	for (uint64_t n = 1; n <= 12; n++) {
		uint64_t all[DOMAINS];
		if (!put(store, n % 5, 1000 + n))
			_exit(1);
		known[n % 5] = 1000 + n;
		for (unsigned i = 0; i < DOMAINS; i++)
			all[i] = known[i];
		if (n % 4 == 0 && !rewrite(store, all))
			_exit(1);
	}
	sts_store_close(store);
	_exit(0);
}

static void check_work(const volatile uint64_t known[DOMAINS], bool half)
{
	struct sts_store *store = open_store();

	for (unsigned i = 0; i < DOMAINS; i++)
		assert_true(seen.fetched_s[i] >= known[i]);
	assert_false(is_there(STS_STORE_NEW));
	assert_true(said[0] == '\0' || half);
	assert_true(put(store, 9, 77));
	sts_store_close(store);
	store = open_store();
	assert_int_equal(seen.fetched_s[9], 77);
	sts_store_close(store);
}

static void test_ended_at_each_call(void **state)
{
	uint64_t *known = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_true(known != MAP_FAILED);
	for (unsigned how = BEFORE; how < ENDS; how++) {
		unsigned calls = 0;
		int status = 9 << 8;
		while (WEXITSTATUS(status) == 9) {
			memset(known, 0, DOMAINS * sizeof(*known));
			(void)unlink(path_of(STS_STORE_FILE));
			calls++;
			pid_t pid = fork();
			assert_true(pid >= 0);
			if (pid == 0) {
				end.left = calls;
				end.how = how;
				some_work(known);
			}
			assert_int_equal(waitpid(pid, &status, 0), pid);
			assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 9 || WEXITSTATUS(status) == 0));
			check_work(known, how == HALF);
			if (how == HALF && WEXITSTATUS(status) == 0 && calls < 60)
				status = 9 << 8; /* that call was no write */
		}
		assert_true(calls > 30);
	}
	(void)munmap(known, 4096);
}

/* --- no room, no right -------------------------------------------------------------------------------------------- */

static void test_bounded(void **state)
{
	struct sts_store *store = open_as(false, 6000);
	struct stat found;
	unsigned rewrites = 0;

	(void)state;
	assert_non_null(store);
	memset(&seen, 0, sizeof(seen));
	for (unsigned n = 0; n < 500; n++) {
		if (!put(store, n % 4, 100 + n)) {
			assert_true(sts_store_wants_rewrite(store) && !sts_store_is_failing(store));
			assert_true(rewrite(store, seen.fetched_s));
			assert_true(put(store, n % 4, 100 + n));
			rewrites++;
		}
		seen.fetched_s[n % 4] = 100 + n;
		assert_int_equal(stat(path_of(STS_STORE_FILE), &found), 0);
		assert_true(found.st_size <= 4000);
	}
	assert_true(rewrites > 10);
	sts_store_close(store);
	assert_string_equal(said, "");
}

static void limit_files(rlim_t size)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A disk that is full, in the middle of a record: said once; what was there stays, and when there is room all is put.
 */
static void test_full(void **state)
{
	struct sts_store *store = open_store();

	(void)state;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_true(put(store, 1, 101));
	limit_files(200); /* a record and a half */
	for (unsigned i = 2; i < 6; i++)
		assert_false(put(store, i, 100 + i));
	assert_true(sts_store_is_failing(store) && sts_store_wants_rewrite(store));
	uint64_t all[DOMAINS] = { [1] = 101, [2] = 102, [3] = 103 };
	assert_false(rewrite(store, all));
	assert_false(is_there(STS_STORE_NEW));
	assert_non_null(strstr(said, "MTA-STS policies cannot be kept on disk and are kept in memory: writing failed"));
	assert_null(strstr(strchr(said, '\n') + 1, "\n")); /* one line */
	limit_files(RLIM_INFINITY);
	said[0] = '\0';
	assert_true(rewrite(store, all));
	assert_non_null(strstr(said, "MTA-STS policies are kept on disk again"));
	assert_false(sts_store_is_failing(store) || sts_store_wants_rewrite(store));
	sts_store_close(store);
	store = open_store();
	assert_int_equal(seen.records, 3);
	assert_string_equal(said, "");
	sts_store_close(store);
}

static void test_one_writer(void **state)
{
	struct sts_store *store = open_store();
	struct sts_store *other;

	(void)state;
	assert_true(put(store, 1, 101));
	other = open_store();
	assert_int_equal(seen.records, 1);
	assert_non_null(strstr(said, "another process writes MTA-STS policies to /tmp/gate25-sts-"));
	assert_true(put(other, 2, 102)); /* in memory, as was said */
	assert_false(sts_store_begin(other) || sts_store_wants_rewrite(other));
	sts_store_close(other);
	sts_store_close(store);
	store = open_store();
	assert_int_equal(seen.records, 1);
	sts_store_close(store);
}

static void test_read_only(void **state)
{
	struct sts_store *store;
	struct sts_store *command;

	(void)state;
	assert_null(open_as(true, PLENTY)); /* no file yet */
	assert_false(is_there(STS_STORE_FILE));
	assert_string_equal(said, "");
	store = open_store();
	assert_true(put(store, 1, 101));
	command = open_as(true, PLENTY); /* beside the service */
	assert_non_null(command);
	assert_int_equal(seen.fetched_s[1], 101);
	assert_true(put(command, 2, 102));
	sts_store_close(command);
	assert_true(put(store, 3, 103));
	sts_store_close(store);
	store = open_store();
	assert_int_equal(seen.records, 2);
	sts_store_close(store);
}

static void test_no_folder(void **state)
{
	char here[sizeof(folder)];

	(void)state;
	memcpy(here, folder, sizeof(here));
	(void)snprintf(folder, sizeof(folder), "%.40s/none", here);
	assert_null(open_as(false, PLENTY));
	memcpy(folder, here, sizeof(folder));
	assert_non_null(strstr(said, "cannot be kept on disk and are kept in memory: /tmp/gate25-sts-"));
	assert_non_null(strstr(said, "/none\" error=\"No such file or directory\""));
}

/* Nothing but a file is opened, and no link followed. */
static void test_no_file(void **state)
{
	(void)state;
	assert_int_equal(symlink("/tmp/gate25-sts-elsewhere", path_of(STS_STORE_FILE)), 0);
	assert_null(open_as(false, PLENTY));
	assert_non_null(strstr(said, "kept in memory"));
	assert_int_equal(access("/tmp/gate25-sts-elsewhere", F_OK), -1);
	assert_int_equal(unlink(path_of(STS_STORE_FILE)), 0);
	assert_int_equal(mkfifo(path_of(STS_STORE_FILE), 0600), 0);
	assert_null(open_as(false, PLENTY));
	assert_non_null(strstr(said, "/policies is no file: MTA-STS policies are kept in memory"));
	assert_int_equal(unlink(path_of(STS_STORE_FILE)), 0);
	assert_int_equal(mkdir(path_of(STS_STORE_FILE), 0700), 0);
	assert_null(open_as(false, PLENTY));
}

/* All of it works in the sandbox, once the folder is open. */
static void test_sandbox(void **state)
{
	if (!sandbox_has_folders())
		skip();
	pid_t pid = fork();
	int status;

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		struct sandbox_limits limits = { .write_folder = folder };
		uint64_t all[DOMAINS] = { [1] = 101, [2] = 102 };
		struct sts_store *store = open_store();
		char err[256] = "";
		bool landlock;
		if (!sandbox_enter(SANDBOX_POLICY, &limits, &landlock, err, sizeof(err)))
			_exit(77);
		bool ok = put(store, 1, 101) && rewrite(store, all) && put(store, 3, 103);
		sts_store_sync(store);
		ok = ok && !sts_store_is_failing(store) && rewrite(store, all) && put(store, 4, 104);
		sts_store_close(store);
		_exit(ok ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip(); /* no seccomp here */
	assert_int_equal(WEXITSTATUS(status), 0);
	sts_store_close(open_store());
	assert_int_equal(seen.records, 3);
	assert_int_equal(seen.fetched_s[4], 104);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_again),           TEST(test_cut_anywhere),
		TEST(test_damage_anywhere), TEST(test_said),
		TEST(test_killed_anywhere), TEST(test_ended_at_each_call),
		TEST(test_bounded),         TEST(test_full),
		TEST(test_one_writer),      TEST(test_read_only),
		TEST(test_no_folder),       TEST(test_no_file),
		TEST(test_sandbox),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_sts_disk.c - MTA-STS over restarts: what is remembered holds with DNS and policy host gone, by any clock. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/sts/sts_work.h"
#include "tests/unit/policy/sts_world.h"

#define DAY 86400

static char folder[64];
static struct sts_options kept = { .folder = folder };

static int make_folder(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/gate25-sts-XXXXXX");
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static const char *path(void)
{
	static char path[96];

	(void)snprintf(path, sizeof(path), "%s/" STS_STORE_FILE, folder);
	return path;
}

static int remove_folder(void **state)
{
	(void)state;
	(void)unlink(path());
	return rmdir(folder);
}

static struct sts *restart(struct sts *sts)
{
	sts_free(sts);
	assert_null(world.queries);
	assert_null(world.fetches);
	return open_sts(&kept);
}

static void everything_fails(void)
{
	for (size_t i = 0; i < world.sites_count; i++) {
		world.sites[i].txt_status = DNS_FAILED;
		world.sites[i].policy[0] = '\0';
	}
}

static off_t file_size(void)
{
	struct stat found;

	assert_int_equal(stat(path(), &found), 0);
	return found.st_size;
}

/* tick: time passes, and the loop turns. */
static void tick(struct sts *sts, uint64_t step_s)
{
	world.now_s += step_s;
	(void)find(sts, "-");
	run();
}

static void test_restart(void **state)
{
	struct sts *sts = open_world(&kept);
	char text[1024];

	(void)state;
	set_policy("e.example", "A1", "enforce", 10 * DAY);
	set_policy("t.example", "2", "testing", 10 * DAY);
	set_policy("n.example", "3", "none", 10 * DAY);
	(void)ask(sts, "n.example");
	(void)ask(sts, "t.example");
	(void)ask(sts, "e.example");
	memcpy(text, world.text, sizeof(text));
	world.now_s += DAY / 2;
	everything_fails();
	sts = restart(sts);
	assert_false(find(sts, "e.example")); /* the record is asked for first */
	assert_int_equal(ask(sts, "e.example"), VERDICT_PUBLISHED_ENFORCE);
	assert_string_equal(world.text, text);
	assert_string_equal(world.answer.id, "A1");
	assert_int_equal(world.answer.fetched_s, START_S);
	assert_int_equal(world.answer.expires_s, START_S + 10 * DAY);
	assert_int_equal(world.answer.txt_status, DNS_FAILED);
	assert_int_equal(ask(sts, "t.example"), VERDICT_PUBLISHED_TESTING);
	assert_int_equal(ask(sts, "n.example"), VERDICT_PUBLISHED_NONE);
	assert_true(world.answer.present);
	world.now_s = START_S + 10 * DAY;
	sts = restart(sts);
	assert_int_equal(ask(sts, "e.example"), VERDICT_PUBLISHED_FAILED); /* it has expired */
	close_world(sts);
}

/* What replaced it is what is there, and the refresh that was due while nothing ran is made up for. */
static void test_replaced(void **state)
{
	struct sts *sts = open_world(&kept);

	(void)state;
	set_policy("a.example", "1", "none", 10 * DAY);
	(void)ask(sts, "a.example");
	world.now_s += 400;
	struct site *site = set_policy("a.example", "2", "enforce", 10 * DAY);
	(void)ask(sts, "a.example");
	site->txt_status = DNS_ABSENT_INSECURE;
	world.now_s += 3 * DAY;
	sts = restart(sts);
	run();
	assert_int_equal(site->fetched, 3);
	sts = restart(sts);
	run();
	assert_int_equal(site->fetched, 3); /* it was written down */
	everything_fails();
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	assert_string_equal(world.answer.id, "2");
	assert_int_equal(world.answer.expires_s, START_S + 400 + 13 * DAY);
	close_world(sts);
}

/* A machine that begins in 1970 keeps its policies, and so does one that learns the time later. */
static void test_clock_of_1970(void **state)
{
	struct sts *sts = open_world(&kept);

	(void)state;
	set_policy("a.example", "1", "enforce", 10 * DAY);
	(void)ask(sts, "a.example");
	everything_fails();
	world.now_s = 10;
	sts = restart(sts);
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	tick(sts, 100);
	world.now_s = START_S + DAY / 2;
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	assert_int_equal(world.answer.expires_s, START_S + 10 * DAY);
	sts = restart(sts);
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	close_world(sts);
}

/* What was fetched by a clock in the future holds for max_age from now, over any number of restarts, and is fetched
 * anew at once. */
static void test_clock_of_2099(void **state)
{
	struct sts *sts = open_world(&kept);

	(void)state;
	world.now_s = START_S + (uint64_t)50 * 365 * DAY;
	struct site *site = set_policy("a.example", "1", "enforce", 10 * DAY);
	(void)ask(sts, "a.example");
	assert_int_equal(site->fetched, 1);
	everything_fails();
	world.now_s = START_S;
	for (unsigned day = 0; day < 10; day++) {
		sts = restart(sts);
		tick(sts, 0);
		assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
		assert_int_equal(world.answer.expires_s, START_S + 10 * DAY);
		world.now_s += DAY;
	}
	assert_true(site->fetched > 5);
	sts = restart(sts);
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_FAILED);
	close_world(sts);
}

static void test_fetched_by_the_right_clock(void **state)
{
	struct sts *sts = open_world(&kept);

	(void)state;
	world.now_s = START_S + (uint64_t)50 * 365 * DAY;
	struct site *site = set_policy("a.example", "1", "enforce", 10 * DAY);
	(void)ask(sts, "a.example");
	world.now_s = START_S;
	tick(sts, 0);
	assert_int_equal(site->fetched, 2);
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	assert_int_equal(world.answer.fetched_s, START_S);
	close_world(sts);
}

/* What seemed to have expired by a clock that was ahead is as safe as ever when it has come back. */
static void test_clock_ahead_for_a_while(void **state)
{
	struct sts *sts = open_world(&kept);
	char domain[64];

	(void)state;
	set_policy("a.example", "1", "enforce", 10 * DAY);
	(void)ask(sts, "a.example");
	everything_fails();
	world.now_s += (uint64_t)50 * 365 * DAY;
	tick(sts, 60);
	assert_int_equal(sts_table_find(&sts->table, "a.example")->list, STS_PASSING);
	world.now_s = START_S + DAY / 2;
	tick(sts, 60);
	assert_int_equal(sts_table_find(&sts->table, "a.example")->list, STS_ENFORCED);
	for (unsigned i = 0; i < 2 * STS_PASSING_MAX; i++) {
		(void)snprintf(domain, sizeof(domain), "x%u.made-up.example", i);
		(void)ask(sts, domain);
	}
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	close_world(sts);
}

/* A damaged line is left out and said once; the file is whole again. */
static void test_damaged(void **state)
{
	struct sts *sts = open_world(&kept);

	(void)state;
	set_policy("a.example", "1", "enforce", 10 * DAY);
	set_policy("b.example", "1", "enforce", 10 * DAY);
	(void)ask(sts, "a.example");
	(void)ask(sts, "b.example");
	FILE *file = fopen(path(), "r+e");
	assert_non_null(file);
	assert_int_equal(fseek(file, 40, SEEK_SET), 0);
	assert_int_equal(fputc('?', file), '?');
	assert_int_equal(fclose(file), 0);
	everything_fails();
	sts = restart(sts);
	assert_int_equal(ask(sts, "b.example"), VERDICT_PUBLISHED_ENFORCE);
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_FAILED);
	assert_int_equal(logged("1 damaged lines are left out, the first at octet 1;"), 1);
	sts = restart(sts);
	assert_int_equal(ask(sts, "b.example"), VERDICT_PUBLISHED_ENFORCE);
	assert_int_equal(logged("damaged"), 1);
	close_world(sts);
}

/* The file is bounded, whatever happens, and what is in it is all that is remembered. */
static void test_bounded(void **state)
{
	char domain[32];

	(void)state;
	kept.store_max = 30000;
	struct sts *sts = open_world(&kept);
	world.every_site = true;
	for (unsigned day = 0; day < 100; day++) {
		for (unsigned i = 0; i < 20; i++) {
			(void)snprintf(domain, sizeof(domain), "x%u.example", i);
			(void)ask(sts, domain);
			assert_true(file_size() <= 20000);
		}
		world.now_s += DAY;
	}
	everything_fails();
	world.every_site = false;
	sts = restart(sts);
	assert_int_equal(sts->table.counts[STS_ENFORCED], 20);
	close_world(sts);
	kept.store_max = 0;
}

/* While the disk is full memory does without, and what was missed is written when there is room. */
static void test_full(void **state)
{
	struct rlimit limit;
	struct sts *sts = open_world(&kept);

	(void)state;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = 300;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	set_policy("a.example", "1", "enforce", 10 * DAY);
	set_policy("b.example", "1", "enforce", 10 * DAY);
	set_policy("c.example", "1", "enforce", 10 * DAY);
	(void)ask(sts, "a.example");
	(void)ask(sts, "b.example");
	(void)ask(sts, "c.example");
	tick(sts, 60);
	assert_int_equal(ask(sts, "c.example"), VERDICT_PUBLISHED_ENFORCE);
	assert_int_equal(logged("cannot be kept on disk"), 1);
	limit.rlim_cur = RLIM_INFINITY;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	tick(sts, 60);
	assert_int_equal(logged("are kept on disk again"), 1);
	everything_fails();
	sts = restart(sts);
	assert_int_equal(ask(sts, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	assert_int_equal(ask(sts, "b.example"), VERDICT_PUBLISHED_ENFORCE);
	assert_int_equal(ask(sts, "c.example"), VERDICT_PUBLISHED_ENFORCE);
	close_world(sts);
}

/* A command sees what the service remembers, fetches nothing by itself and writes nothing. */
static void test_command(void **state)
{
	const struct sts_options command = { .folder = folder, .read_only = true };
	struct sts *sts = open_world(&kept);
	struct sts *beside;

	(void)state;
	struct site *site = set_policy("a.example", "1", "enforce", 10 * DAY);
	(void)ask(sts, "a.example");
	world.now_s += 2 * DAY;
	off_t before = file_size();
	beside = open_sts(&command);
	tick(beside, 0);
	assert_int_equal(site->fetched, 1); /* the refresh is the service's */
	everything_fails();
	assert_int_equal(ask(beside, "a.example"), VERDICT_PUBLISHED_ENFORCE);
	set_policy("b.example", "1", "testing", DAY);
	assert_int_equal(ask(beside, "b.example"), VERDICT_PUBLISHED_TESTING);
	assert_int_equal(file_size(), before);
	sts_free(beside);
	close_world(sts);
}

/* As many as there may be, and twice as many: read in a moment, and no more than there is room for. */
static void test_many(void **state)
{
	static const char text[] = "version: STSv1\r\nmode: enforce\r\nmx: mx1.example\r\nmx: *.mail.example\r\n"
				   "max_age: 31557600\r\n";
	static char line[STS_LINE_MAX];
	struct sts_kept record;
	struct timespec from;
	struct timespec to;
	char domain[64];
	char err[256];

	(void)state;
	(void)open_world(NULL);
	FILE *file = fopen(path(), "we");
	assert_non_null(file);
	assert_true(sts_kept_make(&record, "1", text, sizeof(text) - 1, START_S, err, sizeof(err)));
	for (unsigned i = 0; i < 2 * STS_POLICIES_MAX; i++) {
		(void)snprintf(domain, sizeof(domain), "d%u.example", i);
		size_t len = sts_line_put(line, sizeof(line), domain, &record);
		assert_int_equal(fwrite(line, 1, len, file), len);
	}
	assert_int_equal(fclose(file), 0);
	sts_kept_cleanup(&record);
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	struct sts *sts = open_sts(&kept);
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	assert_true(to.tv_sec - from.tv_sec < 10); /* of this process: others may be at work */
	assert_int_equal(sts->table.counts[STS_ENFORCED], STS_POLICIES_MAX);
	assert_int_equal(sts->table.counts[STS_PASSING], STS_PASSING_MAX);
	assert_int_equal(ask(sts, "d0.example"), VERDICT_PUBLISHED_ENFORCE);
	close_world(sts);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_restart),
		TEST(test_replaced),
		TEST(test_clock_of_1970),
		TEST(test_clock_of_2099),
		TEST(test_fetched_by_the_right_clock),
		TEST(test_clock_ahead_for_a_while),
		TEST(test_damaged),
		TEST(test_bounded),
		TEST(test_full),
		TEST(test_command),
		TEST(test_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

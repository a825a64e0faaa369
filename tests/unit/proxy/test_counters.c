/* test_counters.c - the workers' counters: who may write them, what is refused, how they are summed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "proxy/monitor/counters.h"
#include "proxy/monitor/monitor_totals.h"
#include "proxy/session/session_record.h"

static void test_only_the_maker_writes(void **state)
{
	int fd = -1;
	struct counters *mine = counters_create(&fd);
	const struct counters *theirs;

	(void)state;
	assert_non_null(mine);
	assert_ptr_equal(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	assert_int_equal(errno, EPERM);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(ftruncate(fd, 1 << 20), -1);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);

	theirs = counters_map(fd);
	assert_non_null(theirs);
	assert_int_equal(mprotect((void *)theirs, 4096, PROT_READ | PROT_WRITE), -1);
	counters_add(mine, COUNTER_SESSIONS, 3);
	assert_int_equal(counters_get(theirs, COUNTER_SESSIONS), 3);
	counters_add(mine, COUNTER_SESSIONS_ACTIVE, 2);
	counters_sub(mine, COUNTER_SESSIONS_ACTIVE, 1);
	assert_int_equal(counters_get(theirs, COUNTER_SESSIONS_ACTIVE), 1);
	counters_sub(mine, COUNTER_SESSIONS_ACTIVE, 9); /* never below nothing */
	assert_int_equal(counters_get(theirs, COUNTER_SESSIONS_ACTIVE), 0);
	counters_unmap(theirs);
	counters_unmap(mine);
	(void)close(fd);
}

/* A copy of a good page, changed in one octet, of another size or with other seals. */
static int copy_of_page(size_t flip, long grow, int seals)
{
	uint8_t bytes[16384];
	int good = -1;
	struct counters *page = counters_create(&good);
	size_t size = (size_t)lseek(good, 0, SEEK_END);
	int fd = memfd_create("copy", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_non_null(page);
	assert_true(size < sizeof(bytes) - 64);
	assert_int_equal(pread(good, bytes, size, 0), size);
	bytes[flip] ^= 1;
	assert_int_equal(pwrite(fd, bytes, size, 0), size);
	assert_int_equal(ftruncate(fd, (off_t)size + grow), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	counters_unmap(page);
	(void)close(good);
	return fd;
}

static void test_what_is_no_page_is_refused(void **state)
{
	static const struct {
		size_t flip;
		long grow;
		int seals;
		bool good;
	} cases[] = {
		{ 100, 0, F_SEAL_SHRINK, true },                                   /* a value */
		{ 0, 0, F_SEAL_SHRINK, false },                                    /* the magic word */
		{ 8, 0, F_SEAL_SHRINK, false },                                    /* the layout: another version */
		{ 100, 8, F_SEAL_SHRINK, false },                                  /* another size */
		{ 100, -8, F_SEAL_SHRINK, false }, { 100, 0, F_SEAL_GROW, false }, /* could shrink under the reader */
	};
	int pair[2];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int fd = copy_of_page(cases[i].flip, cases[i].grow, cases[i].seals);
		const struct counters *page = counters_map(fd);
		assert_int_equal(page != NULL, cases[i].good);
		if (page == NULL)
			assert_int_equal(errno, EPROTO);
		counters_unmap(page);
		(void)close(fd);
	}
	assert_int_equal(pipe(pair), 0);
	assert_null(counters_map(pair[0]));
	assert_null(counters_map(-1));
	(void)close(pair[0]);
	(void)close(pair[1]);
}

static void test_every_place_has_a_name_of_its_own(void **state)
{
	char seen[COUNTER_COUNT][COUNTER_LABELS_MAX + 64];
	char labels[COUNTER_LABELS_MAX];

	(void)state;
	for (unsigned i = 0; i < COUNTER_COUNT; i++) {
		(void)snprintf(seen[i], sizeof(seen[i]), "%s%s", counter_family_name(counter_family((enum counter)i)),
			       counter_labels((enum counter)i, labels));
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(seen[i], seen[k]);
	}
	assert_string_equal(counter_labels(counter_bind(LEVEL_SECURE, RESULT_CERTIFICATE_EXPIRED), labels),
			    "{level=\"secure\",result=\"certificate-expired\"}");
	assert_string_equal(counter_labels(counter_refusal(RESULT_STARTTLS_NOT_SUPPORTED), labels),
			    "{result=\"starttls-not-supported\"}");
	assert_int_equal(counter_family(counter_reported(RESULT_NONE)), COUNTER_FAMILY_REPORTED);
	assert_int_equal(counter_bind((enum level)99, (enum result_word)99), counter_bind(LEVEL_UNSET, RESULT_NONE));
}

static void test_nothing_is_written_outside(void **state)
{
	int fd = -1;
	struct counters *page = counters_create(&fd);

	(void)state;
	counters_add(NULL, COUNTER_SESSIONS, 1);
	counters_sub(NULL, COUNTER_SESSIONS, 1);
	counters_add(page, COUNTER_COUNT, 1);
	counters_sub(page, COUNTER_COUNT, 1);
	assert_int_equal(counters_get(page, COUNTER_COUNT), 0);
	assert_int_equal(counters_get(NULL, COUNTER_SESSIONS), 0);
	for (unsigned i = 0; i < COUNTER_COUNT; i++)
		assert_int_equal(counters_get(page, (enum counter)i), 0);
	counters_unmap(page);
	(void)close(fd);
}

/* Each policy has its own counter, each result word its own row: none is counted as another. */
static void test_every_policy_and_word(void **state)
{
	char labels[COUNTER_LABELS_MAX];
	char expect[COUNTER_LABELS_MAX];
	int fd = -1;
	struct counters *page = counters_create(&fd);

	(void)state;
	for (unsigned i = 0; i < DEMAND_BASIS_COUNT; i++) {
		struct session_record record = { .kind = SESSION_RECORD_END, .policy = (enum demand_basis)i };
		counters_session(page, &record);
		counters_session(page, &record);
	}
	for (unsigned i = 0; i < DEMAND_BASIS_COUNT; i++) {
		unsigned found = 0;
		(void)snprintf(expect, sizeof(expect), "{policy=\"%s\"}", demand_basis_name((enum demand_basis)i));
		for (unsigned j = 0; j < COUNTER_COUNT; j++) {
			if (counter_family((enum counter)j) != COUNTER_FAMILY_POLICIES ||
			    strcmp(counter_labels((enum counter)j, labels), expect) != 0)
				continue;
			found++;
			assert_int_equal(counters_get(page, (enum counter)j), 2);
		}
		assert_int_equal(found, 1);
	}
	for (unsigned i = 0; i < RESULT_COUNT; i++) {
		struct session_record record = { .kind = SESSION_RECORD_REFUSED, .result = (enum result_word)i };
		counters_session(page, &record);
		record.kind = SESSION_RECORD_REPORTED;
		counters_session(page, &record);
		assert_int_equal(counters_get(page, counter_refusal((enum result_word)i)), 1);
		assert_int_equal(counters_get(page, counter_reported((enum result_word)i)), 1);
		(void)snprintf(expect, sizeof(expect), "{result=\"%s\"}", result_word_name((enum result_word)i));
		assert_string_equal(counter_labels(counter_refusal((enum result_word)i), labels), expect);
		(void)snprintf(expect, sizeof(expect), "{level=\"dane\",result=\"%s\"}",
			       result_word_name((enum result_word)i));
		assert_string_equal(counter_labels(counter_bind(LEVEL_DANE, (enum result_word)i), labels), expect);
	}
	counters_unmap(page);
	(void)close(fd);
}

static void test_session_records(void **state)
{
	struct session_record record = { .kind = SESSION_RECORD_REFUSED, .result = RESULT_VALIDATION_FAILURE };
	int fd = -1;
	struct counters *page = counters_create(&fd);

	(void)state;
	counters_session(page, &record);
	record.kind = SESSION_RECORD_REPORTED;
	counters_session(page, &record);
	record.kind = SESSION_RECORD_CLIENT_ERROR;
	counters_session(page, &record);
	record = (struct session_record){ .kind = SESSION_RECORD_END,
					  .end = SESSION_END_TIMEOUT,
					  .messages = 2,
					  .messages_refused = 3,
					  .rcpts_accepted = 5,
					  .rcpts_refused = 7,
					  .rcpts_refused_server = 4,
					  .greeted = true,
					  .octets = 1234 };
	counters_session(page, &record);
	record.end = (enum session_end)77; /* unknown: the rest still counts */
	counters_session(page, &record);
	record = (struct session_record){ .kind = SESSION_RECORD_END, .end = SESSION_END_REFUSED };
	counters_session(page, &record);
	record.end = SESSION_END_SERVER;
	counters_session(page, &record);
	record.greeted = true;
	counters_session(page, &record);
	assert_int_equal(counters_get(page, COUNTER_GREETING_REFUSED_GATE), 1);
	assert_int_equal(counters_get(page, COUNTER_GREETING_REFUSED_SERVER), 1);
	assert_int_equal(counters_get(page, COUNTER_END_SERVER), 2);
	assert_int_equal(counters_get(page, COUNTER_MESSAGES_REFUSED), 6);
	assert_int_equal(counters_get(page, COUNTER_RCPT_REFUSED_GATE), 6);
	assert_int_equal(counters_get(page, COUNTER_RCPT_REFUSED_SERVER), 8);
	assert_int_equal(counters_get(page, COUNTER_CLIENT_ERRORS), 1);
	assert_int_equal(counters_get(page, counter_refusal(RESULT_VALIDATION_FAILURE)), 1);
	assert_int_equal(counters_get(page, counter_reported(RESULT_VALIDATION_FAILURE)), 1);
	assert_int_equal(counters_get(page, COUNTER_END_TIMEOUT), 1);
	assert_int_equal(counters_get(page, COUNTER_MESSAGES_ACCEPTED), 4);
	assert_int_equal(counters_get(page, COUNTER_RCPT_ACCEPTED), 10);
	assert_int_equal(counters_get(page, COUNTER_OCTETS), 2468);
	counters_unmap(page);
	(void)close(fd);
}

static struct counters *worker(struct monitor_totals *totals, unsigned slot, uint64_t sessions, uint64_t active)
{
	int fd = -1;
	struct counters *page = counters_create(&fd);

	assert_non_null(page);
	counters_add(page, COUNTER_SESSIONS, sessions);
	counters_add(page, COUNTER_SESSIONS_ACTIVE, active);
	assert_true(monitor_totals_take(totals, slot, fd));
	(void)close(fd);
	return page;
}

static void test_the_dead_still_count(void **state)
{
	struct monitor_totals totals = { 0 };
	struct counters *first = worker(&totals, 0, 10, 4);
	struct counters *other = worker(&totals, 1, 5, 1);
	struct counters *second;
	int fd[2];

	(void)state;
	assert_int_equal(monitor_totals_get(&totals, COUNTER_SESSIONS), 15);
	assert_int_equal(monitor_totals_get(&totals, COUNTER_SESSIONS_ACTIVE), 5);
	monitor_totals_gone(&totals, 0);
	counters_add(first, COUNTER_SESSIONS, 1); /* its last word counts, after its channel ended too */
	assert_null(monitor_totals_worker(&totals, 0));
	assert_int_equal(monitor_totals_get(&totals, COUNTER_SESSIONS), 16);
	assert_int_equal(monitor_totals_get(&totals, COUNTER_SESSIONS_ACTIVE), 1);
	second = worker(&totals, 0, 2, 2);
	assert_non_null(monitor_totals_worker(&totals, 0));
	assert_int_equal(monitor_totals_get(&totals, COUNTER_SESSIONS), 18);
	assert_int_equal(monitor_totals_get(&totals, COUNTER_SESSIONS_ACTIVE), 3);

	/* What is no page leaves the slot empty, and loses nothing. */
	assert_int_equal(pipe(fd), 0);
	assert_false(monitor_totals_take(&totals, 1, fd[0]));
	assert_false(monitor_totals_take(&totals, ROLE_SLOTS_MAX, fd[0]));
	assert_int_equal(monitor_totals_get(&totals, COUNTER_SESSIONS), 18);
	assert_int_equal(monitor_totals_get(&totals, COUNTER_SESSIONS_ACTIVE), 2);
	assert_int_equal(monitor_totals_get(&totals, COUNTER_COUNT), 0);
	monitor_totals_cleanup(&totals);
	assert_int_equal(monitor_totals_get(&totals, COUNTER_SESSIONS), 0);
	counters_unmap(first);
	counters_unmap(other);
	counters_unmap(second);
	(void)close(fd[0]);
	(void)close(fd[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_the_maker_writes),
		cmocka_unit_test(test_what_is_no_page_is_refused),
		cmocka_unit_test(test_every_place_has_a_name_of_its_own),
		cmocka_unit_test(test_nothing_is_written_outside),
		cmocka_unit_test(test_session_records),
		cmocka_unit_test(test_every_policy_and_word),
		cmocka_unit_test(test_the_dead_still_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

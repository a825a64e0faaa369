/* counters.c - see counters.h. */
#include "proxy/monitor/counters.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "proxy/session/session_record.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

#define MAGIC 0x6761746532356331ULL /* "gate25c1": the 1 is the version of this header */

struct counters {
	uint64_t magic;
	uint64_t layout; /* of all names, in order */
	_Atomic uint64_t values[COUNTER_COUNT];
};

static const struct family {
	enum counter_type type;
	const char *name;
	const char *help;
} families[COUNTER_FAMILY_COUNT] = {
#define X(id, kind, text, about) [COUNTER_FAMILY_##id] = { COUNTER_TYPE_##kind, text, about },
	COUNTERS_FAMILIES(X)
#undef X
};

static const struct single {
	enum counter_family family;
	const char *label;
	const char *value;
} singles[COUNTER_SINGLE_COUNT] = {
#define X(id, of, key, text) [COUNTER_##id] = { COUNTER_FAMILY_##of, key, text },
	COUNTERS_SINGLE(X)
#undef X
};

/* --- names -------------------------------------------------------------------------------------------------------- */

enum counter_family counter_family(enum counter which)
{
	if (which < COUNTER_SINGLE_COUNT)
		return singles[which].family;
	if (which < COUNTER_REFUSALS)
		return COUNTER_FAMILY_BINDS;
	return which < COUNTER_REPORTED ? COUNTER_FAMILY_REFUSALS : COUNTER_FAMILY_REPORTED;
}

enum counter_type counter_family_type(enum counter_family family)
{
	return families[family].type;
}

const char *counter_family_name(enum counter_family family)
{
	return families[family].name;
}

const char *counter_family_help(enum counter_family family)
{
	return families[family].help;
}

const char *counter_labels(enum counter which, char buf[COUNTER_LABELS_MAX])
{
	unsigned at;

	buf[0] = '\0';
	if (which < COUNTER_SINGLE_COUNT) {
		if (singles[which].label[0] != '\0')
			(void)snprintf(buf, COUNTER_LABELS_MAX, "{%s=\"%s\"}", singles[which].label,
				       singles[which].value);
	} else if (which < COUNTER_REFUSALS) {
		at = (unsigned)which - COUNTER_BINDS;
		(void)snprintf(buf, COUNTER_LABELS_MAX, "{level=\"%s\",result=\"%s\"}",
			       level_name((enum level)(at / RESULT_COUNT)),
			       result_word_name((enum result_word)(at % RESULT_COUNT)));
	} else {
		at = ((unsigned)which - COUNTER_REFUSALS) % RESULT_COUNT;
		(void)snprintf(buf, COUNTER_LABELS_MAX, "{result=\"%s\"}", result_word_name((enum result_word)at));
	}
	return buf;
}

static enum result_word known_result(enum result_word result)
{
	return (unsigned)result < RESULT_COUNT ? result : RESULT_NONE;
}

enum counter counter_bind(enum level level, enum result_word result)
{
	unsigned row = (unsigned)level < LEVEL_COUNT ? (unsigned)level : LEVEL_UNSET;

	return (enum counter)(COUNTER_BINDS + row * RESULT_COUNT + (unsigned)known_result(result));
}

enum counter counter_refusal(enum result_word result)
{
	return (enum counter)(COUNTER_REFUSALS + (unsigned)known_result(result));
}

enum counter counter_reported(enum result_word result)
{
	return (enum counter)(COUNTER_REPORTED + (unsigned)known_result(result));
}

/* --- the memory --------------------------------------------------------------------------------------------------- */

static uint64_t hash_text(uint64_t hash, const char *text)
{
	do {
		hash = (hash ^ (uint8_t)*text) * 0x100000001b3ULL; /* FNV-1a, the NUL included */
	} while (*text++ != '\0');
	return hash;
}

static uint64_t layout(void)
{
	uint64_t hash = 0xcbf29ce484222325ULL;
	char labels[COUNTER_LABELS_MAX];

	for (unsigned i = 0; i < COUNTER_COUNT; i++) {
		hash = hash_text(hash, counter_family_name(counter_family((enum counter)i)));
		hash = hash_text(hash, counter_labels((enum counter)i, labels));
	}
	return hash;
}

/* map returns NULL where there is no mapping. */
static struct counters *map(int fd, int protection)
{
	void *at = mmap(NULL, sizeof(struct counters), protection, MAP_SHARED, fd, 0);

	/* cppcheck-suppress memleak */
	return at == MAP_FAILED ? NULL : at; /* NOLINT(performance-no-int-to-ptr): the macro's cast */
}

struct counters *counters_create(int *out_fd)
{
	struct counters *counters = NULL;
	int fd = memfd_create("gate25-counters", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int saved;

	if (fd < 0)
		return NULL;
	if (ftruncate(fd, sizeof(*counters)) == 0)
		counters = map(fd, PROT_READ | PROT_WRITE);
	if (counters != NULL) {
		counters->magic = MAGIC;
		counters->layout = layout();
		if (fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0) {
			*out_fd = fd;
			return counters;
		}
	}
	saved = errno;
	counters_unmap(counters);
	(void)close(fd);
	errno = saved;
	return NULL;
}

const struct counters *counters_map(int fd)
{
	const struct counters *counters;
	int seals = fcntl(fd, F_GET_SEALS);

	/* Unsealed against shrinking, the memory could be pulled from under its reader: SIGBUS. The size is asked for
	 * with lseek because the sandbox has no fstat that every libc uses. */
	if (seals < 0 || (seals & F_SEAL_SHRINK) == 0 || lseek(fd, 0, SEEK_END) != (off_t)sizeof(*counters)) {
		errno = EPROTO;
		return NULL;
	}
	counters = map(fd, PROT_READ);
	if (counters == NULL)
		return NULL;
	if (counters->magic == MAGIC && counters->layout == layout())
		return counters;
	counters_unmap(counters);
	errno = EPROTO;
	return NULL;
}

void counters_unmap(const struct counters *counters)
{
	if (counters != NULL)
		(void)munmap((void *)counters, sizeof(*counters));
}

/* --- counting ----------------------------------------------------------------------------------------------------- */

/* store writes without a locked instruction: there is one writer. */
static void store(struct counters *counters, enum counter which, uint64_t value)
{
	atomic_store_explicit(&counters->values[which], value, memory_order_relaxed);
}

void counters_add(struct counters *counters, enum counter which, uint64_t n)
{
	if (counters != NULL && (unsigned)which < COUNTER_COUNT)
		store(counters, which, counters_get(counters, which) + n);
}

void counters_sub(struct counters *counters, enum counter which, uint64_t n)
{
	uint64_t value = counters_get(counters, which);

	if (counters != NULL && (unsigned)which < COUNTER_COUNT)
		store(counters, which, value > n ? value - n : 0);
}

uint64_t counters_get(const struct counters *counters, enum counter which)
{
	if (counters == NULL || (unsigned)which >= COUNTER_COUNT)
		return 0;
	return atomic_load_explicit(&counters->values[which], memory_order_relaxed);
}

static const enum counter end_counters[SESSION_END_COUNT] = {
	[SESSION_END_NONE] = COUNTER_COUNT, /* counts nothing */
	[SESSION_END_QUIT] = COUNTER_END_QUIT,
	[SESSION_END_CLIENT_GONE] = COUNTER_END_CLIENT_GONE,
	[SESSION_END_SERVER] = COUNTER_END_SERVER,
	[SESSION_END_REFUSED] = COUNTER_END_REFUSED,
	[SESSION_END_TIMEOUT] = COUNTER_END_TIMEOUT,
	[SESSION_END_SHUTDOWN] = COUNTER_END_SHUTDOWN,
	[SESSION_END_CLIENT_TLS] = COUNTER_END_CLIENT_TLS,
	[SESSION_END_PASSTHROUGH] = COUNTER_END_PASSTHROUGH,
	[SESSION_END_SHED] = COUNTER_END_SHED,
};

static const enum counter policy_counters[DEMAND_BASIS_COUNT] = {
	[DEMAND_OF_NOBODY] = COUNTER_POLICY_NONE,
	[DEMAND_OF_RULE] = COUNTER_POLICY_RULE,
	[DEMAND_OF_DEFAULT] = COUNTER_POLICY_DEFAULT,
	[DEMAND_OF_DANE] = COUNTER_POLICY_DANE,
	[DEMAND_OF_DANE_UNUSABLE] = COUNTER_POLICY_DANE_UNUSABLE,
	[DEMAND_OF_STS] = COUNTER_POLICY_STS,
	[DEMAND_OF_LIST] = COUNTER_POLICY_LIST,
	[DEMAND_OF_FLOOR] = COUNTER_POLICY_FLOOR,
};

/* count_end: whoever ends a session that never had a greeting refused with one. */
static void count_end(struct counters *counters, const struct session_record *record)
{
	if ((unsigned)record->end < SESSION_END_COUNT)
		counters_add(counters, end_counters[record->end], 1);
	if ((unsigned)record->policy < DEMAND_BASIS_COUNT)
		counters_add(counters, policy_counters[record->policy], 1);
	if (!record->greeted && record->end == SESSION_END_REFUSED)
		counters_add(counters, COUNTER_GREETING_REFUSED_GATE, 1);
	if (!record->greeted && record->end == SESSION_END_SERVER)
		counters_add(counters, COUNTER_GREETING_REFUSED_SERVER, 1);
	counters_add(counters, COUNTER_MESSAGES_ACCEPTED, record->messages);
	counters_add(counters, COUNTER_MESSAGES_REFUSED, record->messages_refused);
	counters_add(counters, COUNTER_RCPT_ACCEPTED, record->rcpts_accepted);
	counters_add(counters, COUNTER_RCPT_REFUSED_GATE, record->rcpts_refused - record->rcpts_refused_server);
	counters_add(counters, COUNTER_RCPT_REFUSED_SERVER, record->rcpts_refused_server);
	counters_add(counters, COUNTER_OCTETS, record->octets);
	counters_add(counters, COUNTER_PASSED_UP, record->passed_up);
	counters_add(counters, COUNTER_PASSED_DOWN, record->passed_down);
}

static void count_notice(struct counters *counters, enum session_notice notice)
{
	static const enum counter by_notice[SESSION_NOTICE_COUNT] = {
		[SESSION_NOTICE_NONE] = COUNTER_COUNT,
		[SESSION_NOTICE_CLIENT] = COUNTER_NOTICE_CLIENT,
		[SESSION_NOTICE_CLIENT_PROBABLY] = COUNTER_NOTICE_CLIENT_PROBABLY,
		[SESSION_NOTICE_GATE] = COUNTER_NOTICE_GATE,
		[SESSION_NOTICE_EXCHANGE] = COUNTER_NOTICE_EXCHANGE,
	};

	if ((unsigned)notice < SESSION_NOTICE_COUNT)
		counters_add(counters, by_notice[notice], 1);
}

void counters_session(struct counters *counters, const struct session_record *record)
{
	switch (record->kind) {
	case SESSION_RECORD_REFUSED: counters_add(counters, counter_refusal(record->result), 1); break;
	case SESSION_RECORD_REPORTED: counters_add(counters, counter_reported(record->result), 1); break;
	case SESSION_RECORD_CLIENT_ERROR: counters_add(counters, COUNTER_CLIENT_ERRORS, 1); break;
	case SESSION_RECORD_END: count_end(counters, record); break;
	case SESSION_RECORD_MESSAGE: /* counted at the end */
	case SESSION_RECORD_NOTICED: count_notice(counters, record->notice); break;
	case SESSION_RECORD_SIGN:  /* what signs come to is counted */
	case SESSION_RECORD_NOTED: /* it stopped nothing, and would not have */
	case SESSION_RECORD_COUNT: break;
	}
}

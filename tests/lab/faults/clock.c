/* clock.c - a clock that a test can move, loaded in front of libc (LD_PRELOAD): seconds ahead of the machine's, read
 * from the file that LAB_CLOCK names, a page that all processes share. Mapped before a role's sandbox closes; no call
 * is made afterwards. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

static const volatile int64_t *ahead_s; /* [0] wall clock, [1] monotonic ones */
static int (*real)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("LAB_CLOCK");
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *page = fd >= 0 ? mmap(NULL, 2 * sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;

	real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	if (page != MAP_FAILED)
		ahead_s = page;
}

int clock_gettime(clockid_t id, struct timespec *out)
{
	int result = real(id, out);

	if (result == 0 && ahead_s != NULL)
		out->tv_sec += ahead_s[id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE ? 0 : 1];
	return result;
}

time_t time(time_t *out)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (out != NULL)
		*out = now.tv_sec;
	return now.tv_sec;
}

int gettimeofday(struct timeval *out, void *zone)
{
	struct timespec now;

	(void)zone;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	*out = (struct timeval){ .tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000 };
	return 0;
}

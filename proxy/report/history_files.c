/* history_files.c - see history.h: the files of a folder. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/report/history.h"

#define PREFIX   "history-"
#define DIGITS   10
#define BLOCK    4096         /* what the smallest file takes */
#define FILE_MAX (256U << 20) /* more is none of ours */

void history_file_name(char out[HISTORY_NAME_MAX], uint64_t hour_s)
{
	(void)snprintf(out, HISTORY_NAME_MAX, PREFIX "%0*" PRIu64, DIGITS, hour_s);
}

/* hour_of reads the hour from a file's name. */
static bool hour_of(const char *name, uint64_t *out)
{
	const char *digits = name + sizeof(PREFIX) - 1;

	if (strncmp(name, PREFIX, sizeof(PREFIX) - 1) != 0 || strlen(digits) != DIGITS ||
	    strspn(digits, "0123456789") != DIGITS)
		return false;
	*out = strtoull(digits, NULL, 10);
	return *out % HISTORY_HOUR_S == 0;
}

static int by_hour(const void *a, const void *b)
{
	const struct history_file *x = a;
	const struct history_file *y = b;

	return (x->hour_s > y->hour_s) - (x->hour_s < y->hour_s);
}

struct list {
	struct history_file *items;
	size_t count;
	size_t cap;
};

static bool append(struct list *list, uint64_t hour_s, off_t size)
{
	if (list->count == list->cap) {
		size_t cap = list->cap > 0 ? list->cap * 2 : 64;
		struct history_file *items = reallocarray(list->items, cap, sizeof(*items));
		if (items == NULL)
			return false;
		list->items = items;
		list->cap = cap;
	}
	list->items[list->count++] =
		(struct history_file){ .hour_s = hour_s, .size = ((uint64_t)size + BLOCK - 1) / BLOCK * BLOCK };
	return true;
}

/* walk fills |list|. False with errno. */
static bool walk(DIR *folder, struct list *list)
{
	const struct dirent *entry;

	for (errno = 0; (entry = readdir(folder)) != NULL; errno = 0) {
		struct stat st;
		uint64_t hour_s;
		if (!hour_of(entry->d_name, &hour_s) ||
		    fstatat(dirfd(folder), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
			continue;
		if (!append(list, hour_s, st.st_size)) {
			errno = ENOMEM;
			return false;
		}
	}
	return errno == 0;
}

bool history_files(int dir, struct history_file **out, size_t *out_count)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
	struct list list = { 0 };
	bool ok = folder != NULL && walk(folder, &list);
	int saved = errno;

	if (folder != NULL)
		(void)closedir(folder);
	else if (fd >= 0)
		(void)close(fd);
	errno = saved;
	if (!ok) {
		free(list.items);
		list = (struct list){ 0 };
	}
	if (list.count > 0)
		qsort(list.items, list.count, sizeof(*list.items), by_hour);
	*out = list.items;
	*out_count = list.count;
	return ok;
}

/* read_all reads |fd| whole; NULL with errno. */
static char *read_all(int fd, size_t *out_len)
{
	struct stat st;
	char *text;
	size_t len = 0;
	ssize_t n = -1;

	if (fstat(fd, &st) != 0)
		return NULL;
	if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX) {
		errno = S_ISREG(st.st_mode) ? EFBIG : EINVAL;
		return NULL;
	}
	/* What is written to it meanwhile is for the next reader. */
	text = malloc((size_t)st.st_size + 1);
	while (text != NULL && len < (size_t)st.st_size && (n = read(fd, text + len, (size_t)st.st_size - len)) != 0) {
		if (n < 0 && errno != EINTR) {
			free(text);
			return NULL;
		}
		len += n > 0 ? (size_t)n : 0;
	}
	*out_len = len;
	return text;
}

bool history_file_read(int dir, uint64_t hour_s, history_fn *fn, void *arg, size_t *out_damaged)
{
	char name[HISTORY_NAME_MAX];
	size_t len = 0;
	char *text;
	int fd;
	int saved;

	*out_damaged = 0;
	history_file_name(name, hour_s);
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return false;
	text = read_all(fd, &len);
	saved = errno;
	(void)close(fd);
	errno = saved;
	if (text == NULL)
		return false;
	*out_damaged = history_text_read(text, len, hour_s, fn, arg);
	free(text);
	return true;
}

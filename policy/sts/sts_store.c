/* sts_store.c - see sts_store.h. */
#include "policy/sts/sts_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/base/log.h"
#include "proxy/base/write_all.h"

#define GARBAGE_MIN (256U << 10) /* so much outdated is never too much */

struct sts_store {
	int dir;
	int fd;     /* opened to append */
	int new_fd; /* -1: no rewrite is under way */
	bool read_only;
	bool behind; /* it lacks something, or has what is damaged */
	bool failing;
	bool unsynced;
	size_t max;
	size_t len;
	size_t base; /* its length when it was written anew */
	size_t new_len;
	char line[STS_LINE_MAX];
};

/* fail says it when it begins, and not again before a rewrite has worked. */
static bool fail(struct sts_store *store, const char *what)
{
	if (!store->failing)
		log_errno(LOG_LEVEL_WARNING, "sts-store",
			  "MTA-STS policies cannot be kept on disk and are kept in memory: %s", what);
	store->failing = true;
	store->behind = true;
	return false;
}

static void worked(struct sts_store *store)
{
	if (store->failing)
		log_say(LOG_LEVEL_INFO, "sts-store", "MTA-STS policies are kept on disk again");
	store->failing = false;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

struct reading {
	sts_store_fn *fn;
	void *arg;
	size_t offset; /* of the line */
	size_t damaged;
	size_t first_damaged;
	bool skipping; /* a line that is too long to be one */
	bool quiet;    /* a command reads while the service writes: half a line is no damage */
};

static void take_line(struct reading *r, const char *line, size_t len)
{
	char domain[VERDICT_NAME_MAX];
	struct sts_kept kept;

	if (len > 0 && !r->skipping && sts_line_get(domain, &kept, line, len)) {
		r->fn(r->arg, domain, &kept);
	} else if (len > 0) {
		if (r->damaged++ == 0)
			r->first_damaged = r->offset;
	}
	r->skipping = false;
}

/* take_lines takes the whole lines of |bytes| and returns how much that was. */
static size_t take_lines(struct reading *r, const char *bytes, size_t len)
{
	size_t taken = 0;
	const char *end;

	while ((end = memchr(bytes + taken, '\n', len - taken)) != NULL) {
		size_t line_len = (size_t)(end - bytes) - taken;
		take_line(r, bytes + taken, line_len);
		taken += line_len + 1;
		r->offset += line_len + 1;
	}
	return taken;
}

/* read_all: false where the disk cannot be read. */
static bool read_all(struct sts_store *store, struct reading *r)
{
	size_t have = 0;
	ssize_t n;

	while ((n = read(store->fd, store->line + have, sizeof(store->line) - have)) != 0) {
		size_t taken;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		store->len += (size_t)n;
		have += (size_t)n;
		taken = take_lines(r, store->line, have);
		have -= taken;
		memmove(store->line, store->line + taken, have);
		if (have == sizeof(store->line)) {
			r->skipping = true;
			r->offset += have - 1;
			have = 1; /* what is left is enough to be damaged */
		}
	}
	take_line(r, store->line, have);
	return true;
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

/* open_file: the file, or read only where it cannot be written. */
static bool open_file(struct sts_store *store, const char *folder)
{
	const int flags = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;

	if (!store->read_only) {
		store->fd = openat(store->dir, STS_STORE_FILE, O_RDWR | O_CREAT | O_APPEND | flags, 0600);
		if (store->fd >= 0)
			return true;
		log_errno(LOG_LEVEL_WARNING, "sts-store",
			  "MTA-STS policies cannot be kept on disk and are kept in memory: %s/%s", folder,
			  STS_STORE_FILE);
		store->read_only = true;
	}
	store->fd = openat(store->dir, STS_STORE_FILE, O_RDONLY | flags);
	return store->fd >= 0;
}

/* lock: one process writes. It lasts as long as the process does. */
static void lock(struct sts_store *store, const char *folder)
{
	if (store->read_only || flock(store->dir, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return;
	log_say(LOG_LEVEL_WARNING, "sts-store",
		"another process writes MTA-STS policies to %s: they are read here, and what is new is kept in memory",
		folder);
	store->read_only = true;
}

static bool open_all(struct sts_store *store, const char *folder)
{
	struct stat found;

	store->dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->dir < 0) {
		if (!store->read_only)
			log_errno(LOG_LEVEL_WARNING, "sts-store",
				  "MTA-STS policies cannot be kept on disk and are kept in memory: %s", folder);
		return false;
	}
	lock(store, folder);
	if (!open_file(store, folder))
		return false;
	if (fstat(store->fd, &found) == 0 && S_ISREG(found.st_mode))
		return true;
	log_say(LOG_LEVEL_WARNING, "sts-store", "%s/%s is no file: MTA-STS policies are kept in memory", folder,
		STS_STORE_FILE);
	return false;
}

static void load(struct sts_store *store, const char *folder, struct reading *r)
{
	if (!read_all(store, r)) {
		log_errno(LOG_LEVEL_WARNING, "sts-store",
			  "%s/%s cannot be read to its end: MTA-STS policies are kept in memory", folder,
			  STS_STORE_FILE);
		store->read_only = true; /* what is there may come back */
	}
	if (r->damaged > 0 && !r->quiet)
		log_say(LOG_LEVEL_WARNING, "sts-store",
			"of %s/%s %zu damaged lines are left out, the first at octet %zu; the rest holds", folder,
			STS_STORE_FILE, r->damaged, r->first_damaged);
	store->behind = r->damaged > 0;
	store->base = store->len;
	if (!store->read_only)
		(void)unlinkat(store->dir, STS_STORE_NEW, 0); /* of a rewrite that was cut off */
}

struct sts_store *sts_store_open(const char *folder, bool read_only, size_t max, sts_store_fn *fn, void *arg)
{
	struct reading reading = { .fn = fn, .arg = arg, .quiet = read_only };
	struct sts_store *store = malloc(sizeof(*store));

	if (store == NULL) {
		log_say(LOG_LEVEL_WARNING, "sts-store", "out of memory: MTA-STS policies are kept in memory only");
		return NULL;
	}
	memset(store, 0, offsetof(struct sts_store, line));
	store->dir = store->fd = store->new_fd = -1;
	store->read_only = read_only;
	store->max = max;
	if (!open_all(store, folder)) {
		sts_store_close(store);
		return NULL;
	}
	load(store, folder, &reading);
	return store;
}

void sts_store_close(struct sts_store *store)
{
	if (store == NULL)
		return;
	sts_store_sync(store);
	if (store->fd >= 0)
		(void)close(store->fd);
	if (store->dir >= 0)
		(void)close(store->dir);
	free(store);
}

/* --- adding ------------------------------------------------------------------------------------------------------- */

/* The file has two thirds: a rewrite, of what is remembered, takes the third one for a while. */
static size_t file_max(const struct sts_store *store)
{
	return store->max / 3 * 2;
}

bool sts_store_put(struct sts_store *store, const char *domain, const struct sts_kept *kept)
{
	size_t len = sts_line_put(store->line, sizeof(store->line), domain, kept);

	if (store->read_only || len == 0)
		return true; /* nothing is to be written */
	if (len > file_max(store) || store->len > file_max(store) - len) {
		store->behind = true;
		return false;
	}
	if (!write_all(store->fd, store->line, len)) {
		(void)fail(store, "writing failed");
		/* What was written of it is no record, and the next one begins on a line of its own. */
		(void)!ftruncate(store->fd, (off_t)store->len);
		return false;
	}
	store->len += len;
	store->unsynced = true;
	return true;
}

void sts_store_sync(struct sts_store *store)
{
	if (store->unsynced && fsync(store->fd) != 0)
		(void)fail(store, "fsync failed");
	store->unsynced = false;
}

/* --- writing anew ------------------------------------------------------------------------------------------------- */

bool sts_store_wants_rewrite(const struct sts_store *store)
{
	return !store->read_only && (store->behind || store->len - store->base > store->base + GARBAGE_MIN);
}

bool sts_store_is_failing(const struct sts_store *store)
{
	return store->failing;
}

static bool give_up(struct sts_store *store, const char *what)
{
	(void)fail(store, what);
	(void)close(store->new_fd);
	store->new_fd = -1;
	(void)unlinkat(store->dir, STS_STORE_NEW, 0);
	return false;
}

bool sts_store_begin(struct sts_store *store)
{
	if (store->read_only)
		return false;
	(void)unlinkat(store->dir, STS_STORE_NEW, 0);
	store->new_fd = openat(store->dir, STS_STORE_NEW,
			       O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	store->new_len = 0;
	return store->new_fd >= 0 || fail(store, STS_STORE_NEW " cannot be made");
}

bool sts_store_add(struct sts_store *store, const char *domain, const struct sts_kept *kept)
{
	size_t len = sts_line_put(store->line, sizeof(store->line), domain, kept);

	if (!write_all(store->new_fd, store->line, len))
		return give_up(store, STS_STORE_NEW " cannot be written");
	store->new_len += len;
	return true;
}

/* The name is given only to what is on the disk. */
bool sts_store_end(struct sts_store *store)
{
	if (fsync(store->new_fd) != 0)
		return give_up(store, "fsync failed");
	if (renameat(store->dir, STS_STORE_NEW, store->dir, STS_STORE_FILE) != 0)
		return give_up(store, STS_STORE_NEW " cannot be renamed");
	(void)close(store->fd);
	store->fd = store->new_fd;
	store->new_fd = -1;
	store->len = store->base = store->new_len;
	store->behind = false;
	store->unsynced = false;
	if (fsync(store->dir) != 0)
		return fail(store, "fsync of the folder failed");
	worked(store);
	return true;
}

/* state_dir.c - see state_dir.h. */
#include "proxy/host/state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/base/sandbox.h"

#define PATH_LEN 4096

#define POLICIES "MTA-STS policies are forgotten at each restart"
#define HISTORY  "gate25 report has no history"
#define BOTH     POLICIES " and " HISTORY

/* Who is told of what is wrong with |path|, and what then is missing. */
struct teller {
	state_dir_fn *fn;
	void *arg;
	const char *path;
	const char *missing;
};

static void PRINTF_LIKE(2, 3) tell(const struct teller *teller, const char *format, ...)
{
	char text[512];
	char whole[640];
	va_list args;

	va_start(args, format);
	/* clang 14 loses sight of va_start here. NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	(void)snprintf(whole, sizeof(whole), "%s; %s", text, teller->missing);
	teller->fn(teller->arg, whole);
}

struct owner {
	uid_t uid;
	gid_t gid;
};

/* give hands a folder that is still this process's own to its owner: it was made here a moment ago, or a start was cut
 * short. */
static bool give(int fd, const struct stat *now, const struct owner *owner)
{
	if (now->st_uid == owner->uid || now->st_uid != geteuid())
		return true;
	return fchownat(fd, "", owner->uid, owner->gid, AT_EMPTY_PATH) == 0;
}

static bool is_sound(int fd, const struct owner *owner, const struct teller *teller)
{
	struct stat st;

	if (fstat(fd, &st) != 0) {
		tell(teller, "cannot look at %s: %s", teller->path, strerror(errno));
	} else if (st.st_uid != owner->uid) {
		tell(teller, "%s belongs to user %u and not to user %u: give it to that one, or remove it",
		     teller->path, (unsigned)st.st_uid, (unsigned)owner->uid);
	} else if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		tell(teller, "others can write to %s: take that right away (chmod go-w)", teller->path);
	} else {
		return true;
	}
	return false;
}

/* open_folder opens |name| in the folder |at|, never through a symbolic link. -1 with errno. */
static int open_folder(int at, const char *name)
{
	return openat(at, name, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
}

/* take makes and opens one folder, its owner's alone to write to. -1: it was told why. */
static int take(int at, const char *name, mode_t mode, const struct owner *owner, const struct teller *teller)
{
	mode_t old = umask(S_IWGRP | S_IWOTH);
	bool made = mkdirat(at, name, mode) == 0 || errno == EEXIST;
	struct stat st;
	int fd;

	(void)umask(old);
	if (!made) {
		tell(teller, "cannot make %s: %s (state-dir names another folder)", teller->path, strerror(errno));
		return -1;
	}
	fd = open_folder(at, name);
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		tell(teller, "%s is a symbolic link, or no folder", teller->path);
	else if (fd < 0)
		tell(teller, "cannot open %s: %s", teller->path, strerror(errno));
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) != 0 || !give(fd, &st, owner)) {
		tell(teller, "cannot give %s to user %u: %s", teller->path, (unsigned)owner->uid, strerror(errno));
	} else if (is_sound(fd, owner, teller)) {
		return fd;
	}
	(void)close(fd);
	return -1;
}

/* look is take for one that makes nothing: -1 without a word where there is nothing yet. */
static int look(int at, const char *name, const struct owner *owner, const struct teller *teller)
{
	int fd = open_folder(at, name);
	struct stat st;

	if (fd < 0 && errno != ENOENT)
		tell(teller, "%s is a symbolic link, or no folder, or closed to this user", teller->path);
	if (fd < 0)
		return -1;
	/* One that a gate's start was cut short in is given to its owner at the next. */
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return fd;
	if (is_sound(fd, owner, teller))
		return fd;
	(void)close(fd);
	return -1;
}

struct part {
	enum role role;
	const char *name;
	mode_t mode;
	const char *missing;
};

static const struct part parts[] = {
	{ ROLE_POLICY, "policy", 0700, POLICIES },
	{ ROLE_MONITOR, "report", 0750, HISTORY },
};

static bool wanted(const struct conf *conf, enum role role)
{
	if (conf->state_dir == NULL || conf->state_dir[0] == '\0')
		return false;
	return role != ROLE_MONITOR || (conf->monitor && conf->history_mib > 0);
}

/* owner_of: a role's folder is its user's; whoever may ask the control socket may read the history. */
static struct owner owner_of(enum role role, const struct role_user *users)
{
	struct owner own = { geteuid(), getegid() };

	if (users == NULL)
		return own;
	own.uid = users[role].uid;
	own.gid = users[role == ROLE_MONITOR ? ROLE_WORKER : role].gid;
	return own;
}

static bool can_be_kept(const struct teller *teller)
{
	if (sandbox_has_folders())
		return true;
	tell(teller, "this kernel has no Landlock, without which no process of gate25 may write files");
	return false;
}

/* bare_path is state-dir without a slash at its end, behind which a symbolic link would be followed. */
static const char *bare_path(char out[PATH_LEN], const struct conf *conf)
{
	size_t len;

	(void)snprintf(out, PATH_LEN, "%s", conf->state_dir != NULL ? conf->state_dir : "");
	for (len = strlen(out); len > 1 && out[len - 1] == '/'; len--)
		out[len - 1] = '\0';
	return out;
}

/* go through all folders; |make| what is missing. */
static void go(struct state_dir *out, const struct conf *conf, const struct role_user *users, bool make,
	       struct teller *teller)
{
	const struct owner own = { geteuid(), getegid() };
	char path[PATH_LEN + 16];
	int top;

	teller->missing = wanted(conf, ROLE_MONITOR) ? BOTH : POLICIES;
	if (!wanted(conf, ROLE_POLICY) || !can_be_kept(teller))
		return;
	top = make ? take(AT_FDCWD, teller->path, 0755, &own, teller) : look(AT_FDCWD, teller->path, &own, teller);
	if (top < 0)
		return;
	for (size_t i = 0; i < COUNT(parts); i++) {
		const struct part *part = &parts[i];
		struct owner owner = owner_of(part->role, users);
		if (!wanted(conf, part->role))
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", teller->path, part->name);
		const struct teller inner = { teller->fn, teller->arg, path, part->missing };
		out->fds[part->role] = make ? take(top, part->name, part->mode, &owner, &inner)
					    : look(top, part->name, &owner, &inner);
	}
	(void)close(top);
}

void state_dir_open(struct state_dir *out, const struct conf *conf, const struct role_user *users, state_dir_fn *fn,
		    void *arg)
{
	char path[PATH_LEN];
	struct teller teller = { .fn = fn, .arg = arg, .path = bare_path(path, conf) };

	*out = (struct state_dir)STATE_DIR_NONE;
	go(out, conf, users, true, &teller);
}

void state_dir_close(struct state_dir *dir)
{
	for (size_t i = 0; i < COUNT(dir->fds); i++) {
		if (dir->fds[i] >= 0)
			(void)close(dir->fds[i]);
		dir->fds[i] = -1;
	}
}

/* is_roots: a gate that root runs is judged by root. */
static bool is_roots(const char *path)
{
	struct stat st;

	return geteuid() != 0 && lstat(path, &st) == 0 && st.st_uid == 0;
}

/* warn_of_missing: whether it could be made. */
static void warn_of_missing(const struct teller *teller)
{
	char above[PATH_LEN];
	char *slash;
	struct stat st;

	(void)snprintf(above, sizeof(above), "%s", teller->path);
	slash = strrchr(above, '/');
	if (lstat(teller->path, &st) == 0 || errno != ENOENT || slash == NULL)
		return;
	slash[slash == above] = '\0';
	if (faccessat(AT_FDCWD, above, W_OK | X_OK, AT_EACCESS) != 0)
		tell(teller, "%s is not there and cannot be made: %s (state-dir names another folder)", teller->path,
		     strerror(errno));
}

void state_dir_check(const struct conf *conf, const struct role_user *users, state_dir_fn *fn, void *arg)
{
	char path[PATH_LEN];
	struct teller teller = { .fn = fn, .arg = arg, .path = bare_path(path, conf) };
	struct state_dir dir = STATE_DIR_NONE;

	if (!wanted(conf, ROLE_POLICY) || is_roots(path))
		return;
	teller.missing = wanted(conf, ROLE_MONITOR) ? BOTH : POLICIES;
	warn_of_missing(&teller);
	go(&dir, conf, geteuid() == 0 ? users : NULL, false, &teller);
	state_dir_close(&dir);
}

/* list_input.c - see list_input.h. */
#include "proxy/inputs/list_input.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "proxy/base/guarded_file.h"
#include "proxy/base/log.h"
#include "proxy/base/sealed.h"
#include "proxy/inputs/policy_errand.h"

#define TOMORROW_S 86400 /* clocks differ, but not by so much */

const char *list_input_time(uint64_t at, char out[LIST_TIME_MAX])
{
	const time_t time = (time_t)at;
	struct tm tm;

	if (gmtime_r(&time, &tm) == NULL || strftime(out, LIST_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		(void)snprintf(out, LIST_TIME_MAX, "%" PRIu64, at);
	return out;
}

/* is_open: whether others could put their own files, or links, in the place of those in |folder|. */
static bool is_open(const char *folder)
{
	struct stat st;

	return lstat(folder, &st) == 0 && (!S_ISDIR(st.st_mode) || (st.st_uid != 0 && st.st_uid != geteuid()) ||
					   (st.st_mode & (S_IWGRP | S_IWOTH)) != 0);
}

/* copy_path: false: nothing outlives the process. */
static bool copy_path(char out[PATH_MAX], const struct conf *conf)
{
	return conf->state_dir != NULL && conf->state_dir[0] != '\0' && !is_open(conf->state_dir) &&
	       (size_t)snprintf(out, PATH_MAX, "%s/list.json", conf->state_dir) < PATH_MAX;
}

/* read_numbers: "TIMESTAMP EXPIRES ENTRIES". */
static bool read_numbers(struct list_input *out, const char *said)
{
	uint64_t *const numbers[] = { &out->timestamp, &out->expires, &out->entries };
	const char *at = said;

	for (size_t i = 0; i < COUNT(numbers); i++) {
		char *end;
		errno = 0;
		*numbers[i] = strtoull(at, &end, 10);
		if (*at < '0' || *at > '9' || errno != 0 || *end != (i + 1 < COUNT(numbers) ? ' ' : '\0'))
			return false;
		at = end + 1;
	}
	return true;
}

/* examine asks gate25-policyd, who has the code that will use it. */
static bool examine(struct list_input *out, const struct conf *conf, char why[POLICY_ERRAND_MAX])
{
	char said[POLICY_ERRAND_MAX];

	if (policy_errand_list(conf, out->fd, said) != CLI_OK) {
		(void)snprintf(why, POLICY_ERRAND_MAX, "is refused whole: %.900s", said);
		return false;
	}
	if (read_numbers(out, said))
		return true;
	(void)snprintf(why, POLICY_ERRAND_MAX, "could not be examined: %.900s", said);
	return false;
}

/* read_list: |path| without a question of its age. |out_absent|: there is no such file. */
static bool read_list(struct list_input *out, const char *path, const struct conf *conf, char why[POLICY_ERRAND_MAX],
		      bool *out_absent)
{
	size_t len = 0;
	char *text;

	*out = LIST_INPUT_NONE;
	text = guarded_file_read(path, SEALED_MAX, &len, why, POLICY_ERRAND_MAX);
	*out_absent = text == NULL && errno == ENOENT;
	if (text == NULL)
		return false;
	out->fd = sealed_new("gate25-list", text, len);
	free(text);
	if (out->fd < 0) {
		(void)snprintf(why, POLICY_ERRAND_MAX, "cannot be kept: %s", strerror(errno));
		return false;
	}
	if (examine(out, conf, why))
		return true;
	list_input_cleanup(out);
	return false;
}

static void read_copy(struct list_input *out, const struct conf *conf)
{
	char path[PATH_MAX];
	char why[POLICY_ERRAND_MAX];
	bool absent;

	*out = LIST_INPUT_NONE;
	if (!copy_path(path, conf) || read_list(out, path, conf, why, &absent) || absent)
		return;
	log_say(LOG_LEVEL_WARNING, "list", "the copy of the last accepted list, %s, %s; it is not used", path, why);
}

/* is_older: a list that somebody put back would undo what a later one demands. */
static bool is_older(const struct list_input *list, const struct list_input *accepted, char why[POLICY_ERRAND_MAX])
{
	char old[LIST_TIME_MAX];
	char new[LIST_TIME_MAX];

	if (accepted == NULL || accepted->fd < 0 || list->timestamp >= accepted->timestamp)
		return false;
	(void)snprintf(why, POLICY_ERRAND_MAX, "is of %s and older than the last accepted one, of %s",
		       list_input_time(list->timestamp, old), list_input_time(accepted->timestamp, new));
	return true;
}

bool list_input_load(struct list_input *out, const struct conf *conf, const struct list_input *before,
		     const char *conf_path, conf_error_fn *error, void *arg)
{
	char why[POLICY_ERRAND_MAX];
	char text[PATH_MAX + POLICY_ERRAND_MAX + 200];
	char at[LIST_TIME_MAX];
	struct list_input copy;
	bool absent;
	bool ok;

	*out = LIST_INPUT_NONE;
	if (conf->list_file == NULL)
		return true;
	read_copy(&copy, conf);
	ok = read_list(out, conf->list_file, conf, why, &absent);
	ok = ok && !is_older(out, before, why);
	if (ok && is_older(out, &copy, why)) {
		size_t len = strlen(why);
		(void)snprintf(why + len, sizeof(why) - len,
			       "; to go back on purpose, stop gate25 and remove list.json from state-dir");
		ok = false;
	}
	if (!ok) {
		const bool stand_in = before == NULL && copy.fd >= 0;
		list_input_cleanup(out);
		(void)snprintf(text, sizeof(text), "list-file %s %s%s%s", conf->list_file, why,
			       stand_in ? "; the last accepted one is used, of " : "",
			       stand_in ? list_input_time(copy.timestamp, at) : "");
		error(arg, conf_path, 0, text);
		if (stand_in) {
			*out = copy;
			out->is_copy = true;
			copy.fd = -1;
			ok = true;
		}
	}
	list_input_cleanup(&copy);
	return ok;
}

void list_input_cleanup(struct list_input *list)
{
	if (list->fd >= 0)
		(void)close(list->fd);
	*list = LIST_INPUT_NONE;
}

void list_input_warn(const struct list_input *list, const struct conf *conf, const char *conf_path,
		     conf_error_fn *warning, void *arg)
{
	const uint64_t now = (uint64_t)time(NULL);
	char text[512];
	char at[LIST_TIME_MAX];

	if (list->fd < 0)
		return;
	if (list->expires <= now) {
		(void)snprintf(text, sizeof(text), "the list of list-file expired at %s: %s; get a new one",
			       list_input_time(list->expires, at),
			       conf->list_expired == CONF_EXPIRED_ENFORCE
				       ? "it is enforced all the same (list-expired = enforce)"
				       : "none of its entries is enforced any more");
		warning(arg, conf_path, 0, text);
	}
	if (list->timestamp > now + TOMORROW_S) {
		(void)snprintf(text, sizeof(text),
			       "the list of list-file is of %s, which is still to come: every list before that will be "
			       "refused as older",
			       list_input_time(list->timestamp, at));
		warning(arg, conf_path, 0, text);
	}
}

/* has_same: whether the copy is |text| already. */
static bool has_same(const char *path, const char *text, size_t len)
{
	char why[256];
	size_t old_len;
	char *old = guarded_file_read(path, SEALED_MAX, &old_len, why, sizeof(why));
	bool same = old != NULL && old_len == len && memcmp(old, text, len) == 0;

	free(old);
	return same;
}

void list_input_accept(const struct list_input *list, const struct conf *conf)
{
	char path[PATH_MAX];
	char *text;
	size_t len;

	if (list->fd < 0 || list->is_copy)
		return;
	if (!copy_path(path, conf)) {
		log_say(LOG_LEVEL_WARNING, "list",
			"state-dir is off, or not root's alone to write to: after a restart an older list would not be "
			"noticed");
		return;
	}
	text = sealed_read(list->fd, &len);
	if (text == NULL || (!has_same(path, text, len) && !guarded_file_write(path, text, len, 0644)))
		log_errno(LOG_LEVEL_WARNING, "list",
			  "%s cannot be written: after a restart an older list would not be noticed", path);
	free(text);
}

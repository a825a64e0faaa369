/* upgrade_result.c - see upgrade_result.h. */
#include "proxy/upgrade/upgrade_result.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proxy/base/log.h"
#include "proxy/base/printable.h"
#include "proxy/base/write_all.h"

#define PATH_LEN 4096

static const char *const words[UPGRADE_OUTCOME_COUNT] = { "under-way", "refused", "done" };

static bool write_file(const char *run_dir, const char *text)
{
	char path[PATH_LEN];
	char fresh[PATH_LEN];
	bool ok;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/upgrade", run_dir);
	if ((size_t)snprintf(fresh, sizeof(fresh), "%s/upgrade.new", run_dir) >= sizeof(fresh))
		return false;
	(void)unlink(fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return false;
	ok = write_all(fd, text, strlen(text));
	(void)close(fd);
	return ok && rename(fresh, path) == 0;
}

void upgrade_result_write(const char *run_dir, const struct upgrade_result *result)
{
	char text[UPGRADE_TEXT_MAX + 64];

	(void)snprintf(text, sizeof(text), "%u %s %s\n", (unsigned)result->attempt, words[result->outcome],
		       result->text);
	if (!write_file(run_dir, text))
		log_errno(LOG_LEVEL_WARNING, "upgrade", "its result cannot be written to %s/upgrade", run_dir);
}

void upgrade_result_forget(const char *run_dir)
{
	char path[PATH_LEN];

	(void)snprintf(path, sizeof(path), "%s/upgrade", run_dir);
	(void)unlink(path);
}

static bool parse(struct upgrade_result *out, char *line)
{
	char word[16];
	int at = 0;

	if (sscanf(line, "%u %15s %n", &out->attempt, word, &at) != 2 || at == 0) /* NOLINT(cert-err34-c): one's own */
		return false;
	line[strcspn(line, "\n")] = '\0';
	(void)snprintf(out->text, sizeof(out->text), "%s", line + at);
	printable_text(out->text);
	for (unsigned i = 0; i < UPGRADE_OUTCOME_COUNT; i++) {
		if (strcmp(word, words[i]) == 0) {
			out->outcome = (enum upgrade_outcome)i;
			return true;
		}
	}
	return false;
}

bool upgrade_result_read(const char *run_dir, struct upgrade_result *out)
{
	char path[PATH_LEN];
	char line[UPGRADE_TEXT_MAX + 64] = "";
	FILE *file;
	bool ok;

	*out = (struct upgrade_result){ 0 };
	(void)snprintf(path, sizeof(path), "%s/upgrade", run_dir);
	file = fopen(path, "re");
	if (file == NULL)
		return errno == ENOENT;
	ok = fgets(line, sizeof(line), file) != NULL && parse(out, line);
	(void)fclose(file);
	return ok;
}

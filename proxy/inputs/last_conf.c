/* last_conf.c - see last_conf.h. */
#include "proxy/inputs/last_conf.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/base/guarded_file.h"

#define NAME     "last-sound.conf"
#define TEXT_MAX (1U << 20)

/* The first line says of which file it is a copy. */
static int head_of(char out[PATH_MAX + 64], const char *path)
{
	return snprintf(out, PATH_MAX + 64, "# %s, as gate25 last ran with it\n", path);
}

static bool place(char out[PATH_MAX], const char *state_dir)
{
	return (size_t)snprintf(out, PATH_MAX, "%s/" NAME, state_dir) < PATH_MAX;
}

bool last_conf_keep(const struct conf *conf, const char *path, const char *text)
{
	char file[PATH_MAX];
	char head[PATH_MAX + 64];
	char *whole;
	int len;
	bool ok;

	if (conf->state_dir[0] == '\0')
		return true;
	(void)head_of(head, path);
	if (!place(file, conf->state_dir) || (len = asprintf(&whole, "%s%s", head, text)) < 0)
		return false;
	ok = guarded_file_write(file, whole, (size_t)len, 0600);
	free(whole);
	return ok;
}

static void ignore(void *arg, const char *file, unsigned line, const char *message)
{
	(void)arg;
	(void)file;
	(void)line;
	(void)message;
}

/* What a broken file says all the same. */
struct remains {
	char state_dir[PATH_MAX];
	char user[64];
};

static void take(char *out, size_t size, const char *value, const char *otherwise)
{
	(void)snprintf(out, size, "%s", value != NULL && value[0] != '\0' ? value : otherwise);
}

static void read_remains(struct remains *out, const char *path)
{
	char *text = conf_read(path);
	struct conf conf = { 0 };

	if (text != NULL)
		(void)!conf_parse(&conf, path, text, ignore, NULL);
	take(out->state_dir, sizeof(out->state_dir), conf.state_dir, CONF_STATE_DIR);
	take(out->user, sizeof(out->user), conf.user, "gate25");
	conf_cleanup(&conf);
	free(text);
}

/* kept_text is the copy, for the caller to free; NULL: there is none of this file. */
static char *kept_text(const char *path, const char *state_dir)
{
	char file[PATH_MAX];
	char head[PATH_MAX + 64];
	int head_len = head_of(head, path);
	char *text = NULL;
	char err[256];
	size_t len = 0;

	if (place(file, state_dir))
		text = guarded_file_read(file, TEXT_MAX + sizeof(head), &len, err, sizeof(err));
	if (text == NULL || (strlen(text) == len && strncmp(text, head, (size_t)head_len) == 0))
		return text;
	free(text);
	return NULL;
}

/* take_text parses what is sound by all that is known. */
static bool take_text(struct conf *out, const char *path, const char *text)
{
	if (conf_parse(out, path, text, ignore, NULL))
		return true;
	conf_cleanup(out);
	return false;
}

bool last_conf_find(struct conf *out, const char *path, bool *out_kept)
{
	struct remains remains;
	char bare[96];
	char *text;

	*out = (struct conf){ 0 };
	read_remains(&remains, path);
	text = kept_text(path, remains.state_dir);
	*out_kept = text != NULL && take_text(out, path, text);
	free(text);
	if (*out_kept)
		return true;
	(void)snprintf(bare, sizeof(bare), "user = \"%s\"\n", remains.user);
	return take_text(out, path, bare);
}

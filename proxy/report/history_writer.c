/* history_writer.c - see history_writer.h.
 *
 * The file of the hour holds differences, and adding up all its lines gives the truth at each moment: so nothing has to
 * be done at once, but the exchange for a shorter file that says the same, which is a rename. */
#include "proxy/report/history_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/base/log.h"
#include "proxy/report/history_table.h"

#define NEW_FILE "new"
#define SLACK    (64U << 10) /* of differences, before a file is written anew within its hour */

struct history_writer {
	struct history_writer_options options;
	int dir;
	struct history_table *table;
	uint64_t hour_s; /* of the table; 0: none yet */
	bool loaded;     /* what the hour's file had is in the table */
	int fd;          /* of its file; -1: not open */
	uint64_t size;   /* of whole lines in it */
	uint64_t short_size;
	uint64_t weighed; /* |size| when all files were last weighed */
	bool enforce_told;
	bool marked; /* the file says how |enforce| is: as enforce_told */
	bool in_trouble;
};

/* --- trouble ------------------------------------------------------------------------------------------------------ */

static bool trouble(struct history_writer *writer, const char *what)
{
	if (!writer->in_trouble)
		log_errno(LOG_LEVEL_WARNING, "history", "%s: gate25 report will lack what happens until this is mended",
			  what);
	writer->in_trouble = true;
	return false;
}

static void no_trouble(struct history_writer *writer)
{
	if (writer->in_trouble)
		log_say(LOG_LEVEL_INFO, "history", "the history is written again");
	writer->in_trouble = false;
}

/* --- files -------------------------------------------------------------------------------------------------------- */

/* write_text writes all of |text| or leaves |fd| as it was at |size|. */
static bool write_text(int fd, uint64_t size, const char *text, size_t len)
{
	size_t done = 0;
	ssize_t n = 0;
	int saved;

	while (done < len && (n = write(fd, text + done, len - done)) != 0) {
		if (n < 0 && errno != EINTR)
			break;
		done += n > 0 ? (size_t)n : 0;
	}
	if (done == len)
		return true;
	saved = n == 0 ? ENOSPC : errno;
	(void)!ftruncate(fd, (off_t)size);
	errno = saved;
	return false;
}

/* weigh removes the oldest files until all that are left, the newest aside, fit. */
static void weigh(struct history_writer *writer)
{
	struct history_file *files;
	size_t count;
	uint64_t sum = 0;

	writer->weighed = writer->size;
	if (!history_files(writer->dir, &files, &count))
		return;
	for (size_t i = 0; i < count; i++)
		sum += files[i].size;
	for (size_t i = 0; i < count && sum > writer->options.bytes_max; i++) {
		char name[HISTORY_NAME_MAX];
		if (files[i].hour_s == writer->hour_s)
			continue;
		history_file_name(name, files[i].hour_s);
		if (unlinkat(writer->dir, name, 0) == 0)
			sum -= files[i].size;
	}
	free(files);
}

static void print_mark(FILE *out, const struct history_writer *writer)
{
	const struct history_mark mark = { writer->hour_s, writer->options.enforce };
	char line[HISTORY_LINE_MAX];
	size_t len = history_mark_write(line, &mark);

	(void)fwrite(line, 1, len, out);
}

/* print_rows writes the differences, or the whole numbers. */
static void print_rows(FILE *out, struct history_writer *writer, bool whole)
{
	struct history_entry *entry;
	char line[HISTORY_LINE_MAX];

	for (size_t i = 0; (entry = history_table_at(writer->table, i)) != NULL; i++) {
		struct history_row row = entry->row;
		if (!whole) {
			row.sessions -= entry->told_sessions;
			row.messages -= entry->told_messages;
			row.events -= entry->told_events;
		}
		if (row.sessions + row.messages + row.events > 0) {
			size_t len = history_row_write(line, &row);
			(void)fwrite(line, 1, len, out);
		}
	}
}

/* make_text returns the lines to write for the caller to free; NULL: out of memory. */
static char *make_text(struct history_writer *writer, bool whole, size_t *out_len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, out_len);

	if (out == NULL)
		return NULL;
	if (whole)
		(void)fputs(HISTORY_HEADER, out);
	if (whole || !writer->marked || writer->enforce_told != writer->options.enforce)
		print_mark(out, writer);
	print_rows(out, writer, whole);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static void all_is_told(struct history_writer *writer)
{
	struct history_entry *entry;

	for (size_t i = 0; (entry = history_table_at(writer->table, i)) != NULL; i++) {
		entry->told_sessions = entry->row.sessions;
		entry->told_messages = entry->row.messages;
		entry->told_events = entry->row.events;
	}
	writer->marked = true;
	writer->enforce_told = writer->options.enforce;
}

/* rewrite puts a short file in place of the hour's, or the first one there. */
static bool rewrite(struct history_writer *writer)
{
	char name[HISTORY_NAME_MAX];
	size_t len = 0;
	char *text = make_text(writer, true, &len);
	int fd = -1;

	history_file_name(name, writer->hour_s);
	(void)unlinkat(writer->dir, NEW_FILE, 0);
	if (text != NULL)
		fd = openat(writer->dir, NEW_FILE, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
			    0644);
	if (fd < 0 || !write_text(fd, 0, text, len) || fdatasync(fd) != 0 ||
	    renameat(writer->dir, NEW_FILE, writer->dir, name) != 0) {
		(void)trouble(writer, "the history cannot be written");
		if (fd >= 0) {
			(void)close(fd);
			(void)unlinkat(writer->dir, NEW_FILE, 0);
		}
		free(text);
		return false;
	}
	free(text);
	if (writer->fd >= 0)
		(void)close(writer->fd);
	writer->fd = fd;
	writer->size = writer->short_size = len;
	all_is_told(writer);
	no_trouble(writer);
	weigh(writer);
	return true;
}

static bool append(struct history_writer *writer)
{
	size_t len = 0;
	char *text = make_text(writer, false, &len);
	bool ok = text != NULL && write_text(writer->fd, writer->size, text, len);

	if (ok && len > 0) {
		writer->size += len;
		all_is_told(writer);
		no_trouble(writer);
	} else if (!ok) {
		(void)trouble(writer, "the history cannot be written");
	}
	free(text);
	return ok;
}

/* --- hours -------------------------------------------------------------------------------------------------------- */

static uint64_t hour_now(const struct history_writer *writer)
{
	return writer->options.now_s() / HISTORY_HOUR_S * HISTORY_HOUR_S;
}

static uint64_t room(uint64_t bytes_max)
{
	uint64_t part = bytes_max / HISTORY_HOURS;

	return part > HISTORY_HOUR_MIN ? part : HISTORY_HOUR_MIN;
}

static void on_known(void *arg, const struct history_row *row, const struct history_mark *mark)
{
	struct history_writer *writer = arg;

	(void)mark;
	if (row != NULL)
		history_table_add(writer->table, row, true);
}

static void close_hour(struct history_writer *writer)
{
	if (writer->fd >= 0)
		(void)close(writer->fd);
	writer->fd = -1;
	writer->loaded = false;
	history_table_clear(writer->table);
}

/* open_hour begins with the hour that runs, and goes on with what its file has. One that cannot be read is left alone
 * until it can be, for it would be overwritten. */
static bool open_hour(struct history_writer *writer)
{
	size_t damaged;

	writer->hour_s = hour_now(writer);
	writer->size = writer->short_size = 0;
	writer->marked = false;
	if (!writer->loaded && !history_file_read(writer->dir, writer->hour_s, on_known, writer, &damaged) &&
	    errno != ENOENT)
		return trouble(writer, "the history of this hour cannot be read");
	writer->loaded = true;
	return rewrite(writer);
}

void history_writer_flush(struct history_writer *writer)
{
	history_table_interval(writer->table);
	if (writer->hour_s != hour_now(writer)) {
		/* What cannot be written now is lost: its hour is over. */
		if (writer->fd >= 0 && append(writer) && writer->size > writer->short_size)
			(void)!rewrite(writer);
		close_hour(writer);
	}
	if (writer->fd < 0) {
		(void)!open_hour(writer);
		return;
	}
	if (append(writer) && writer->size > 2 * writer->short_size + SLACK)
		(void)!rewrite(writer);
	else if (writer->size > writer->weighed + SLACK)
		weigh(writer);
}

void history_writer_add(struct history_writer *writer, const struct history_row *row)
{
	struct history_row own = *row;

	own.hour_s = writer->hour_s;
	history_table_add(writer->table, &own, false);
}

void history_writer_reload(struct history_writer *writer, uint64_t bytes_max, bool enforce)
{
	writer->options.bytes_max = bytes_max;
	writer->options.enforce = enforce;
	history_table_resize(writer->table, room(bytes_max));
	weigh(writer);
}

struct history_writer *history_writer_new(const struct history_writer_options *options)
{
	struct history_writer *writer = calloc(1, sizeof(*writer));
	int saved;

	if (writer == NULL)
		return NULL;
	writer->options = *options;
	writer->fd = -1;
	writer->dir = open(options->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	writer->table = history_table_new(room(options->bytes_max));
	if (writer->dir >= 0 && writer->table != NULL) {
		(void)!open_hour(writer);
		return writer;
	}
	saved = errno;
	if (writer->dir >= 0)
		(void)close(writer->dir);
	history_table_free(writer->table);
	free(writer);
	errno = saved;
	return NULL;
}

void history_writer_free(struct history_writer *writer)
{
	if (writer == NULL)
		return;
	history_writer_flush(writer);
	close_hour(writer);
	(void)close(writer->dir);
	history_table_free(writer->table);
	free(writer);
}

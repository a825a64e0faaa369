/* log.c - see log.h. */
#include "proxy/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const level_names[] = { "error", "warning", "info", "debug" };

/* The one process-wide state: who speaks, how much, in which form, to where. */
static struct {
	const char *role;
	enum log_level least;
	enum log_format format;
	log_sink *sink;
} logger = { "gate25", LOG_LEVEL_INFO, LOG_FORMAT_TEXT, NULL };

void log_init(const char *role, enum log_level least, enum log_format format)
{
	logger.role = role;
	logger.least = least;
	logger.format = format;
}

void log_set_sink(log_sink *sink)
{
	logger.sink = sink;
}

const char *log_role(void)
{
	return logger.role;
}

static bool append(struct log_line *line, const char *text, size_t len)
{
	if (line->len + len > sizeof(line->text))
		return false;
	memcpy(line->text + line->len, text, len);
	line->len += len;
	return true;
}

/* A value needs quotes unless it is plain printable text without spaces, quotes, backslashes or '='. */
static bool is_plain(const char *value, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)value[i];
		if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '=')
			return false;
	}
	return len > 0;
}

static bool append_escaped(struct log_line *line, const char *value, size_t len)
{
	char escaped[8];

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)value[i];
		int n;
		if (c == '"' || c == '\\')
			n = snprintf(escaped, sizeof(escaped), "\\%c", c);
		else if (c >= ' ' && c < 0x7f)
			n = snprintf(escaped, sizeof(escaped), "%c", c);
		else
			n = snprintf(escaped, sizeof(escaped), "\\u%04x", c);
		if (!append(line, escaped, (size_t)n))
			return false;
	}
	return true;
}

static bool append_pair(struct log_line *line, const char *key, const char *value, size_t len)
{
	bool json = logger.format == LOG_FORMAT_JSON;
	bool quote = json || !is_plain(value, len);

	if (json)
		return append(line, line->len > 1 ? "," : "", line->len > 1 ? 1 : 0) && append(line, "\"", 1) &&
		       append(line, key, strlen(key)) && append(line, "\":\"", 3) && append_escaped(line, value, len) &&
		       append(line, "\"", 1);
	return append(line, " ", 1) && append(line, key, strlen(key)) && append(line, "=", 1) &&
	       append(line, "\"", quote ? 1 : 0) && append_escaped(line, value, len) &&
	       append(line, "\"", quote ? 1 : 0);
}

/* What stays free for the end of a line that was cut. */
#define END_ROOM (sizeof(",\"cut\":\"yes\"}") - 1)

/* add_value appends the whole pair or nothing: a cut value could be read as another. */
static void add_octets(struct log_line *line, const char *key, const char *value, size_t len)
{
	size_t before = line->len;

	if (!line->open || line->cut)
		return;
	if (!append_pair(line, key, value, len) || line->len > sizeof(line->text) - END_ROOM) {
		line->len = before;
		line->cut = true;
	}
}

static void add_value(struct log_line *line, const char *key, const char *value)
{
	add_octets(line, key, value, strlen(value));
}

void log_open(struct log_line *line, enum log_level level, const char *event)
{
	line->level = level;
	line->len = 0;
	line->cut = false;
	line->open = level <= logger.least;
	if (!line->open)
		return;
	if (logger.format == LOG_FORMAT_TEXT) {
		(void)append(line, event, strlen(event));
		return;
	}
	(void)append(line, "{", 1);
	add_value(line, "severity", level_names[level]); /* "level" and "role" are keys of what happened */
	add_value(line, "process", logger.role);
	add_value(line, "event", event);
}

static void PRINTF_LIKE(3, 0) add_formatted(struct log_line *line, const char *key, const char *format, va_list args)
{
	static const char more[] = "...";
	char value[2048];
	/* clang 14 loses sight of va_start in log_die. NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
	int n = vsnprintf(value, sizeof(value), format, args);

	if (n < 0)
		return;
	if ((size_t)n >= sizeof(value))
		memcpy(value + sizeof(value) - sizeof(more), more, sizeof(more));
	add_value(line, key, value);
}

void log_add(struct log_line *line, const char *key, const char *format, ...)
{
	va_list args;

	if (!line->open)
		return;
	va_start(args, format);
	add_formatted(line, key, format, args);
	va_end(args);
}

void log_add_octets(struct log_line *line, const char *key, const char *value, size_t len)
{
	add_octets(line, key, value, len);
}

#define HEAD_MAX 64

static void write_stderr(enum log_level level, const char *text, size_t len)
{
	char out[HEAD_MAX + LOG_LINE_MAX + 1] = "";
	size_t head;

	if (logger.format == LOG_FORMAT_TEXT)
		(void)snprintf(out, HEAD_MAX, "%.40s: %s%s", logger.role,
			       level <= LOG_LEVEL_WARNING ? level_names[level] : "",
			       level <= LOG_LEVEL_WARNING ? ": " : "");
	head = strlen(out);
	memcpy(out + head, text, len);
	out[head + len] = '\n';
	(void)!write(STDERR_FILENO, out, head + len + 1);
}

void log_close(struct log_line *line)
{
	if (!line->open)
		return;
	if (line->cut)
		(void)append_pair(line, "cut", "yes", 3);
	if (logger.format == LOG_FORMAT_JSON)
		(void)append(line, "}", 1);
	line->open = false;
	(logger.sink != NULL ? logger.sink : write_stderr)(line->level, line->text, line->len);
}

static void PRINTF_LIKE(4, 0)
	say(enum log_level level, const char *event, const char *error, const char *format, va_list args)
{
	struct log_line line;

	log_open(&line, level, event);
	if (line.open)
		add_formatted(&line, "reason", format, args);
	if (error != NULL)
		log_add(&line, "error", "%s", error);
	log_close(&line);
}

void log_say(enum log_level level, const char *event, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(level, event, NULL, format, args);
	va_end(args);
}

void log_errno(enum log_level level, const char *event, const char *format, ...)
{
	char text[128];
	const char *error = strerror_r(errno, text, sizeof(text));
	va_list args;

	va_start(args, format);
	say(level, event, error, format, args);
	va_end(args);
}

void log_die(const char *event, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(LOG_LEVEL_ERROR, event, NULL, format, args);
	va_end(args);
	exit(1);
}

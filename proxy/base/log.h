/* log.h - log lines: "event key=value ...", or one JSON object a line.
 *
 * Every value is escaped here, so peer text cannot end a line, move a terminal's cursor or forge a key. A line is
 * written with one write(2), so lines of several processes never mix.
 *
 *	struct log_line line;
 *	log_open(&line, LOG_LEVEL_INFO, "session-end");
 *	log_add(&line, "session", "%016" PRIx64, id);
 *	log_add(&line, "client", "%s", text);
 *	log_close(&line);
 *
 * Never pass secrets: no AUTH data, no message content. */
#ifndef GATE25_BASE_LOG_H
#define GATE25_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "proxy/base/attrib.h"

enum log_level {
	LOG_LEVEL_ERROR,   /* the operator must act */
	LOG_LEVEL_WARNING, /* something is wrong and gate25 lives with it */
	LOG_LEVEL_INFO,    /* one line per session end, per refusal, per change of state */
	LOG_LEVEL_DEBUG,
};

enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

#define LOG_LINE_MAX 4000 /* under PIPE_BUF; a longer line is cut at a whole value, and ends in cut=yes */

struct log_line {
	enum log_level level;
	size_t len;
	bool open;
	bool cut;
	char text[LOG_LINE_MAX];
};

/* A sink takes a whole line, without a newline. The default writes "gate25 <role>: <line>\n" to standard error. */
typedef void log_sink(enum log_level level, const char *line, size_t len);

/* log_init names the process in its lines. |role| is kept, not copied. */
void log_init(const char *role, enum log_level least, enum log_format format);
void log_set_sink(log_sink *sink);
const char *log_role(void);

void log_open(struct log_line *line, enum log_level level, const char *event);
/* log_add appends key=value. |key| is a literal; the value is whatever the format makes, escaped and quoted as needed;
 * of more than 2,047 octets, the first 2,044 and "...".
 */
void log_add(struct log_line *line, const char *key, const char *format, ...) PRINTF_LIKE(3, 4);
/* log_add_octets: the value is these octets, NULs among them. */
void log_add_octets(struct log_line *line, const char *key, const char *value, size_t len);
void log_close(struct log_line *line);

/* For lines that are a sentence: event and reason="...". log_errno appends errno's text. */
void log_say(enum log_level level, const char *event, const char *format, ...) PRINTF_LIKE(3, 4);
void log_errno(enum log_level level, const char *event, const char *format, ...) PRINTF_LIKE(3, 4);

/* log_die says the sentence at error level and ends the process with status 1. */
NO_RETURN void log_die(const char *event, const char *format, ...) PRINTF_LIKE(2, 3);

#endif

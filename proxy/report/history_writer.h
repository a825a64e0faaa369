/* history_writer.h - the history as the monitor keeps it: counted in memory for the hour that runs, what is new written
 * to that hour's file every HISTORY_FLUSH_S and at the end, the file written anew, short, when the hour is over.
 *
 * What was written outlives a kill at any moment. A disk that is full or a folder that is closed costs what is new, is
 * said once, and is tried again. */
#ifndef GATE25_PROXY_REPORT_HISTORY_WRITER_H
#define GATE25_PROXY_REPORT_HISTORY_WRITER_H

#include "proxy/report/history.h"

#define HISTORY_FLUSH_S  10
#define HISTORY_HOURS    64          /* an hour takes no more than such a part of the whole */
#define HISTORY_HOUR_MIN (32U << 10) /* or so many octets */

struct history_writer;

struct history_writer_options {
	const char *folder;      /* opened by history_writer_new */
	uint64_t bytes_max;      /* of all files together */
	bool enforce;            /* the gate's */
	uint64_t (*now_s)(void); /* seconds since 1970 */
};

/* NULL with errno: the folder cannot be opened, or out of memory. */
struct history_writer *history_writer_new(const struct history_writer_options *options);
void history_writer_free(struct history_writer *writer); /* writes what is new; NULL is fine */

/* history_writer_reload: other values of |options| hold from now on; the folder and the clock stay. */
void history_writer_reload(struct history_writer *writer, uint64_t bytes_max, bool enforce);
/* history_writer_add counts |row|, whose hour is the one that runs, whatever it says. */
void history_writer_add(struct history_writer *writer, const struct history_row *row);
/* history_writer_flush writes what is new; to be called every HISTORY_FLUSH_S. */
void history_writer_flush(struct history_writer *writer);

#endif

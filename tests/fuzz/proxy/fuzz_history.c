/* fuzz_history.c - a file of the history: what is understood of it reads the same when written again. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/report/history.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len);

/* A line that was understood is written as it was read. */
static void write_again(const char *line, size_t len)
{
	char again[HISTORY_LINE_MAX];
	struct history_row row;
	struct history_mark mark;
	size_t again_len = 0;

	switch (history_line_read(line, len, &row, &mark)) {
	case HISTORY_LINE_DAMAGED: return;
	case HISTORY_LINE_ROW: again_len = history_row_write(again, &row); break;
	case HISTORY_LINE_MARK: again_len = history_mark_write(again, &mark); break;
	}
	if (again_len != len + 1 || memcmp(again, line, len) != 0 || again[len] != '\n')
		abort();
}

static void on_read(void *arg, const struct history_row *row, const struct history_mark *mark)
{
	size_t *told = arg;

	if ((row == NULL) == (mark == NULL) || (row != NULL && row->hour_s != 3600) ||
	    (mark != NULL && mark->hour_s != 3600))
		abort();
	(*told)++;
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t in_len)
{
	const char *text = (const char *)in;
	const char *end = text + in_len;
	size_t lines = 0;
	size_t told = 0;
	size_t damaged = history_text_read(text, in_len, 3600, on_read, &told);

	for (const char *at = text; at < end; lines++) {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));
		if (line_end == NULL)
			line_end = end;
		write_again(at, (size_t)(line_end - at));
		at = line_end + 1;
	}
	if (damaged + told > lines + 1)
		abort();
	return 0;
}

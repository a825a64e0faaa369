/* printable.h - text of strangers made fit for a terminal, a log and a reason: printable ASCII, '?' for anything else.
 */
#ifndef GATE25_BASE_PRINTABLE_H
#define GATE25_BASE_PRINTABLE_H

#include <stdbool.h>
#include <stdio.h>

static inline bool is_printable(char c)
{
	return c >= ' ' && c <= '~';
}

static inline char printable(char c)
{
	return is_printable(c) ? c : '?';
}

/* printable_text does it to a string where it stands; printable_print writes it to |out|. */
void printable_text(char *text);
void printable_print(FILE *out, const char *text);

#endif

/* printable.c - see printable.h. */
#include "proxy/base/printable.h"

void printable_text(char *text)
{
	for (; *text != '\0'; text++)
		*text = printable(*text);
}

void printable_print(FILE *out, const char *text)
{
	for (; *text != '\0'; text++)
		(void)fputc(printable(*text), out);
}

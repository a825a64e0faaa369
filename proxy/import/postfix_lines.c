/* postfix_lines.c - the lines of a table as postmap(1) reads them: # comments and empty lines mean nothing, even
 * between the lines of one entry; a line that begins with white space goes on with the one before. */
#include "proxy/import/postfix_internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool is_space(char c)
{
	return isspace((unsigned char)c) != 0;
}

/* line_len without its end; |*out_step| with it. */
static size_t line_len(const char *at, size_t *out_step)
{
	size_t len = strcspn(at, "\n");

	*out_step = len + (at[len] == '\n' ? 1 : 0);
	return len;
}

/* is_void: a comment, or nothing but white space. */
static bool is_void(const char *at, size_t len)
{
	size_t i = 0;

	while (i < len && is_space(at[i]))
		i++;
	return i == len || at[i] == '#';
}

/* collect puts the lines of one entry together, a space for each end of a line. NULL: out of memory; "": the end. */
static char *collect(struct postfix_lines *lines, unsigned *out_line)
{
	char *text = NULL;
	size_t text_len = 0;
	FILE *out = open_memstream(&text, &text_len);
	bool begun = false;
	size_t step;

	if (out == NULL)
		return NULL;
	for (size_t len = line_len(lines->at, &step); step > 0; len = line_len(lines->at, &step)) {
		const bool is_text = !is_void(lines->at, len);
		if (is_text && begun && !is_space(lines->at[0]))
			break;
		if (is_text) {
			if (!begun)
				*out_line = lines->line;
			(void)fprintf(out, "%s%.*s", begun ? " " : "", (int)len, lines->at);
			begun = true;
		}
		lines->at += step;
		lines->line++;
	}
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

/* take_key cuts the key off |text|: white space ends it, or the second of two quotes. Returns what follows; NULL: the
 * second quote is missing. */
static char *take_key(char *text, char **out_key)
{
	const bool quoted = text[0] == '"';
	char *end = quoted ? strchr(text + 1, '"') : text + strcspn(text, " \t\r\v\f");
	char *rest;

	*out_key = text + (quoted ? 1 : 0);
	if (end == NULL)
		return NULL;
	rest = end + (*end != '\0' ? 1 : 0);
	*end = '\0';
	for (char *c = *out_key; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	return rest;
}

static char *trim(char *text)
{
	size_t len;

	while (is_space(*text))
		text++;
	for (len = strlen(text); len > 0 && is_space(text[len - 1]); len--)
		text[len - 1] = '\0';
	return text;
}

enum postfix_read postfix_lines_next(struct postfix_lines *lines, struct postfix_entry *out, const char **out_why)
{
	char *text;
	char *key;
	char *rest = NULL;

	*out = (struct postfix_entry){ 0 };
	text = collect(lines, &out->line);
	if (text == NULL)
		return POSTFIX_READ_NO_MEMORY;
	if (text[0] == '\0') {
		free(text);
		return POSTFIX_READ_END;
	}
	*out_why = NULL;
	if (!is_space(text[0]))
		rest = take_key(text, &key);
	if (is_space(text[0]))
		*out_why = "a line that begins with white space, and nothing before it to go on with";
	else if (rest == NULL)
		*out_why = "the quote before the key is never closed";
	else if (key[0] == '\0' || *trim(rest) == '\0')
		*out_why = "not a key, white space and a policy";
	if (*out_why == NULL) {
		out->key = strdup(key);
		out->value = strdup(trim(rest));
	}
	free(text);
	if (*out_why != NULL)
		return POSTFIX_READ_WRONG;
	return out->key != NULL && out->value != NULL ? POSTFIX_READ_ENTRY : POSTFIX_READ_NO_MEMORY;
}

void postfix_entry_cleanup(struct postfix_entry *entry)
{
	free(entry->key);
	free(entry->value);
	*entry = (struct postfix_entry){ 0 };
}
